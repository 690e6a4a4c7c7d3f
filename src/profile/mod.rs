//! What the data looks like, before anything is believed that was measured on it.
//!
//! Each file is read once. Counts, moments and extremes are of all rows; what
//! needs whole columns (quantiles, bins, ranks) is of a random sample that is all
//! rows as long as there are at most 100,000 of them (fewer where there are more
//! than 80 columns), and says so where it is not.
//!
//! Nothing here decides what a claim is worth. Every rule and threshold is in
//! docs/profile.md.

mod cell;
mod columns;
mod drift;
mod finding;
mod information;
mod leakage;
pub mod overlap;
mod pictures;
mod power;
mod read;
#[cfg(test)]
mod references;
mod row_numbers;
mod sample;
mod shared;
mod target;

use std::collections::BTreeMap;
use std::thread;

use rayon::prelude::*;
use serde::Serialize;

use self::columns::Column;
pub use self::columns::{
    ColumnProfile, Disguised, Frequent, Length, Missing, Mixed, Numbers, Outliers, Quantile, Type, Unique,
};
pub use self::drift::Drift;
pub use self::finding::{Finding, Severity};
pub use self::information::{Bin, Information};
pub use self::leakage::{FeaturePower, Leak};
pub use self::overlap::PictureFiles;
pub use self::pictures::profile_pictures;
use self::power::Power;
pub use self::shared::{COPIES_LIMIT, DuplicateFiles, DuplicateRows, Example, LEAK_LIMIT, SharedRows, Spot};
use self::target::Target;
pub use self::target::{Class, TargetProfile};
use crate::observe::{Event, Observer};
use crate::reason::Unmeasured;
use crate::table::{TableFile, shown};

/// What the columns are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// The label.
    pub target: Option<String>,
    /// Names the row.
    pub id: Option<String>,
    /// Names what rows have in common, such as a patient.
    pub group: Option<String>,
    /// When the row came to be.
    pub time: Option<String>,
    /// Not looked at.
    pub ignore: Vec<String>,
}

impl Roles {
    /// The columns that have to be there. The label need not be in a test split.
    fn wanted(&self, with_target: bool) -> Vec<&str> {
        let target = self.target.as_ref().filter(|_| with_target);
        let all = [target, self.id.as_ref(), self.group.as_ref(), self.time.as_ref()];
        all.into_iter().flatten().map(String::as_str).collect()
    }

    fn is_feature(&self, name: &str) -> bool {
        let roles = [&self.target, &self.group, &self.time];
        !roles.iter().any(|role| role.as_deref() == Some(name)) && !self.ignored(name)
    }

    /// Whether the column is something else than a feature.
    fn sets_apart(&self, name: &str) -> bool {
        self.wanted(true).contains(&name) || self.ignored(name)
    }

    fn ignored(&self, name: &str) -> bool {
        self.ignore.iter().any(|ignored| ignored == name)
    }
}

/// What a file is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Rows of a table.
    Row,
    /// Pictures of a folder or archive.
    Picture,
}

impl Unit {
    /// The word that JSON uses.
    pub fn code(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Picture => "picture",
        }
    }

    /// The word for several of them.
    pub fn several(self) -> &'static str {
        match self {
            Self::Row => "rows",
            Self::Picture => "pictures",
        }
    }
}

/// A file that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct FileSummary {
    /// `train` or `test`.
    pub split: &'static str,
    /// Its name.
    pub name: String,
    /// Rows; or pictures that could be read.
    pub rows: u64,
    /// Columns; none of pictures.
    pub columns: usize,
    /// How many rows quantiles, bins and ranks are of, if not of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<u64>,
}

/// What the data looks like.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    /// What is counted wherever rows are.
    pub unit: Unit,
    /// The files.
    pub files: Vec<FileSummary>,
    /// What to look at, worst first.
    pub findings: Vec<Finding>,
    /// The columns of the first file.
    pub columns: Vec<ColumnProfile>,
    /// The columns of the second one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub test_columns: Vec<ColumnProfile>,
    /// The label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetProfile>,
    /// If the rows are sorted by the label: the share of changes from row to row that a shuffled file would show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_sorted: Option<f64>,
    /// Features that give the label away.
    pub leakage: Vec<Leak>,
    /// How well each feature alone gives the label.
    pub predictive_power: BTreeMap<String, FeaturePower>,
    /// Of each feature, for a binary label.
    pub information_value: BTreeMap<String, f64>,
    /// The bins behind it.
    pub information: BTreeMap<String, Information>,
    /// How the columns differ between the files.
    pub drift: Vec<Drift>,
    /// Equal rows within each file.
    pub duplicates: DuplicateFiles,
    /// What the second file shares with the first; null for a single file, and for files that have no column in common.
    pub overlap: Option<SharedRows>,
}

/// One file after reading.
struct Split {
    summary: FileSummary,
    columns: Vec<Column>,
}

/// Profiles `train`, and how `test` differs from it.
///
/// # Errors
///
/// What is wrong with a file, or with a role that names no column; and that the user stopped it.
///
/// # Examples
///
/// ```
/// use reproof::observe::Silent;
/// use reproof::profile::{Roles, Type, profile};
/// use reproof::table::TableFile;
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// let path = folder.path().join("data.csv");
/// std::fs::write(&path, "age,city\n31,Bern\n-999,Bern\n40,Bern\n-999,Bern\n35,Bern\n").expect("written");
/// let file = TableFile::written(path, "data.csv");
/// let found = profile(&file, None, &Roles::default(), &Silent).expect("a profile");
/// assert_eq!(found.columns[0].missing.count, 2); // −999 stands for nothing
/// assert_eq!(found.columns[1].kind, Type::Constant);
/// ```
pub fn profile(
    train: &TableFile,
    test: Option<&TableFile>,
    roles: &Roles,
    observer: &dyn Observer,
) -> Result<Profile, Unmeasured> {
    let guessed = row_numbers::guess(train, roles);
    let share = |numbers: &[String]| shared::shared(train, test, roles, numbers, observer);
    let (looked, guess) = thread::scope(|scope| {
        let guess = scope.spawn(|| share(&guessed));
        let looked = look(train, test, roles, observer);
        let guess = guess
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (looked, guess)
    });
    let (first, second) = looked?;
    let mut profile = Profile::new(Unit::Row, vec![first.summary]);
    if let Some(name) = &roles.target {
        profile.learn(name, &first.columns, roles);
    }
    let others = second.as_ref().map(|second| second.columns.as_slice());
    let numbers = row_numbers::row_numbers(&first.columns, others, roles);
    if let Some(second) = second {
        profile.drift = drift::drift(&first.columns, &second.columns);
        profile.files.push(second.summary);
        profile.test_columns = profiles(second.columns);
    }
    profile.columns = profiles(first.columns);
    let shared = if numbers == guessed {
        guess
    } else {
        share(&numbers)
    };
    (profile.duplicates, profile.overlap) = shared?;
    profile.findings = finding::findings(&profile, roles);
    Ok(profile)
}

fn look(
    train: &TableFile,
    test: Option<&TableFile>,
    roles: &Roles,
    observer: &dyn Observer,
) -> Result<(Split, Option<Split>), Unmeasured> {
    let first = split(train, "train", roles, true, observer)?;
    let second = test.map(|test| split(test, "test", roles, false, observer));
    Ok((first, second.transpose()?))
}

fn profiles(columns: Vec<Column>) -> Vec<ColumnProfile> {
    columns.into_iter().map(|column| column.profile).collect()
}

fn split(
    file: &TableFile,
    role: &'static str,
    roles: &Roles,
    with_target: bool,
    observer: &dyn Observer,
) -> Result<Split, Unmeasured> {
    let what = format!("reading {}", shown(&file.name));
    observer.event(Event::Began(&what));
    let gathered = read::gather(file, &roles.wanted(with_target), observer);
    let how = match &gathered {
        Ok(gathered) => format!("{} rows, {} columns", gathered.rows, gathered.names.len()),
        Err(_) => "failed".to_owned(),
    };
    observer.event(Event::Ended {
        what: &what,
        how: &how,
    });
    let gathered = gathered?;
    let (rows, complete) = (gathered.rows, gathered.sample.complete());
    let summary = FileSummary {
        split: role,
        name: file.name.clone(),
        rows,
        columns: gathered.names.len(),
        sample: (!complete).then_some(gathered.sample.rows().len() as u64),
    };
    let seen = gathered.names.into_par_iter().zip(gathered.columns);
    let columns = seen.map(|(name, seen)| Column::finished(name, rows, &seen, complete));
    let mut columns: Vec<Column> = columns.collect();
    columns.retain(|column| !roles.ignored(&column.profile.name));
    Ok(Split { summary, columns })
}

impl Profile {
    /// Nothing known yet but the files.
    fn new(unit: Unit, files: Vec<FileSummary>) -> Self {
        Self {
            unit,
            files,
            findings: Vec::new(),
            columns: Vec::new(),
            test_columns: Vec::new(),
            target: None,
            label_sorted: None,
            leakage: Vec::new(),
            predictive_power: BTreeMap::new(),
            information_value: BTreeMap::new(),
            information: BTreeMap::new(),
            drift: Vec::new(),
            duplicates: DuplicateFiles::default(),
            overlap: None,
        }
    }

    /// Fills in what is to be known about the label `name` and what the features say of it.
    fn learn(&mut self, name: &str, columns: &[Column], roles: &Roles) {
        let column = columns.iter().find(|column| column.profile.name == name);
        let Some(target) = column.and_then(Target::of) else {
            return;
        };
        self.target = Some(target.profile(name));
        self.label_sorted = leakage::sorted(&target);
        let positive = target.positive();
        let features: Vec<&Column> = columns
            .iter()
            .filter(|column| roles.is_feature(&column.profile.name))
            .collect();
        let learnt: Vec<_> = features
            .par_iter()
            .map(|feature| {
                let power = Power::of(&feature.values, &target);
                let is_id = roles.id.as_ref() == Some(&feature.profile.name);
                let code = leakage::leak(feature, &target, &power, features.len(), is_id);
                let of = |positive| information::information(&feature.values, &feature.labels, positive);
                let information = positive.as_deref().filter(|_| !is_id).and_then(of);
                (feature, power, code, information)
            })
            .collect();
        for (feature, power, code, information) in learnt {
            self.add(&feature.profile.name, power, code, information);
        }
    }

    fn add(&mut self, column: &str, power: Power, code: Option<&'static str>, found: Option<Information>) {
        let power = FeaturePower::from(power);
        self.leakage.extend(code.map(|code| Leak {
            column: column.to_owned(),
            code,
            power: power.clone(),
        }));
        self.predictive_power.insert(column.to_owned(), power);
        if let Some(found) = found {
            self.information_value.insert(column.to_owned(), found.value);
            self.information.insert(column.to_owned(), found);
        }
    }
}
