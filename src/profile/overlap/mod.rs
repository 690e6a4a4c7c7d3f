//! Does the test split hold what the model was trained on?
//!
//! Rows that are equal, rows and texts that nearly are, pictures that look the same,
//! ids and groups on both sides, test rows from the training's time. Each kind gives
//! the test rows that it finds, so that claims can be computed again without them.
//!
//! A match is not yet a leak: rows of few possible values are equal by chance.
//! [`Found::leaked`] are those for which chance is no explanation; the rules are in
//! docs/overlap.md. Columns are matched by their names, whatever their order.
//!
//! A split is read row by row, and of each row a few numbers are kept: 32 bytes and
//! what the roles need; up to 164 more where near rows are looked for.

mod alike;
mod canon;
mod chance;
mod entities;
mod exact;
mod images;
mod near;
mod numbers;
mod plan;
mod rows;
mod scan;
#[cfg(test)]
mod tests;
mod text;
mod time;

use self::canon::Key;
pub use self::images::{
    Alike as AlikeImages, ImageOverlap, PictureFiles, Pictures, overlap_images, pictures,
};
use self::plan::Plan;
pub use self::rows::{Place, RowSet};
use self::scan::Split;
pub use super::Roles;
use crate::observe::Observer;
use crate::reason::Unmeasured;
use crate::table::{TableFile, shown};

/// How to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How many examples are kept of each kind.
    pub examples: usize,
    /// Whether rows that are merely near are looked for.
    pub near: bool,
    /// The least resemblance (Jaccard index of shingles) of two texts that count as near.
    pub jaccard: f64,
    /// The largest difference of two numbers that count as near, in units of the column's spread.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            examples: 5,
            near: true,
            jaccard: 0.8,
            tolerance: 0.01,
        }
    }
}

/// Feature columns, by whether both splits have them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// In both, in the order of the train split: what is compared.
    pub columns: Vec<String>,
    /// In the train split alone.
    pub only_train: Vec<String>,
    /// In the test split alone.
    pub only_test: Vec<String>,
}

/// A train row and a test row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The train row; the first, if there are several.
    pub train: Place,
    /// The test row.
    pub test: Place,
}

/// Test rows, and what they match.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matches {
    /// The test rows.
    pub rows: RowSet,
    /// Their share of all test rows, from 0 to 1.
    pub share: f64,
    /// The first few.
    pub examples: Vec<Pair>,
}

/// Test rows with a match in the train split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// All of them: those that leaked, and those that are common.
    pub all: Matches,
    /// Those for which chance is no explanation.
    pub leaked: Matches,
    /// Those that chance may explain.
    pub common: Matches,
    /// How many test rows are expected to match if both splits are drawn from one source,
    /// to judge from how often train rows match each other.
    pub expected: f64,
}

/// Groups that have rows in both splits.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    /// How many of the test split's groups.
    pub groups: u64,
    /// How many groups the test split has.
    pub of: u64,
    /// The test rows of these groups.
    pub rows: Matches,
}

/// Test rows from before the end of the train split.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeOrder {
    /// First and last time of the train split, as ISO 8601 where they are dates.
    pub train: (String, String),
    /// First and last time of the test split.
    pub test: (String, String),
    /// Test rows that are earlier than the latest train row.
    pub early: Matches,
    /// Those of them that are earlier than the whole train split.
    pub before: RowSet,
    /// The share of train and of test rows without a time that can be read.
    pub unreadable: (f64, f64),
}

/// What two splits have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// Rows of the train split.
    pub train_rows: u64,
    /// Rows of the test split.
    pub test_rows: u64,
    /// What was compared.
    pub compared: Compared,
    /// Rows whose features are equal.
    pub exact: Found,
    /// Those of them whose label none of the equal train rows has; `None` without labels.
    pub contradicting: Option<Matches>,
    /// Rows that differ by rounding or noise; `None` if that was not looked for.
    pub numbers: Option<Found>,
    /// Rows whose text resembles one of the train split; `None` without texts.
    pub text: Option<Found>,
    /// Rows whose id is in both splits.
    pub id: Option<Matches>,
    /// Rows whose group is in both splits.
    pub group: Option<Shared>,
    /// Rows out of order in time.
    pub time: Option<TimeOrder>,
    /// What could not be compared, and why.
    pub notes: Vec<String>,
}

impl Overlap {
    /// The test rows that the train split gives away: equal, near, or of the same id.
    ///
    /// Rows that merely belong to the same group, or are early, are not among them:
    /// whether that is a leak depends on what the paper claims.
    pub fn leaked(&self) -> RowSet {
        let mut rows = self.exact.leaked.rows.clone();
        let near = [&self.numbers, &self.text].into_iter().flatten();
        near.for_each(|found| rows.extend(&found.leaked.rows));
        self.id.iter().for_each(|id| rows.extend(&id.rows));
        rows
    }

    /// Test rows with a near match that are not equal to a train row, and leaked.
    pub fn near(&self) -> RowSet {
        let near = [&self.numbers, &self.text].into_iter().flatten();
        let mut rows = RowSet::default();
        near.for_each(|found| rows.extend(&found.leaked.rows));
        rows
    }
}

/// Compares two splits.
///
/// Both files are read in parallel; the train split twice, and both once more for
/// every 256 MB of texts that may resemble each other.
///
/// # Errors
///
/// When a file cannot be read, has no rows, or no feature column is in both; when the
/// observer asks to stop.
pub fn overlap(
    train: &TableFile,
    test: &TableFile,
    roles: &Roles,
    options: &Options,
    observer: &dyn Observer,
) -> Result<Overlap, Unmeasured> {
    Ok(overlap_and_duplicates(train, test, roles, options, observer)?.0)
}

/// Compares two splits, and the rows of each among themselves, in the columns that both have.
///
/// # Errors
///
/// As for [`overlap`].
pub fn overlap_and_duplicates(
    train: &TableFile,
    test: &TableFile,
    roles: &Roles,
    options: &Options,
    observer: &dyn Observer,
) -> Result<(Overlap, [Duplicates; 2]), Unmeasured> {
    let plan = Plan::of(train, Some(test), roles, options)?;
    let key = Key::random();
    let read = |file| Split::read(file, &plan, roles, options, &key, observer);
    let (here, there) = rayon::join(|| read(train), || read(test));
    let (here, there) = (here?, there?);
    if there.rows() == 0 {
        return Err(test.invalid("it has no rows"));
    }
    let (exact, contradicting, index) = exact::exact(&here, &there, plan.halves, options.examples);
    let mut found = Overlap {
        train_rows: here.rows(),
        test_rows: there.rows(),
        compared: plan.compared.clone(),
        exact,
        contradicting,
        numbers: None,
        text: None,
        id: None,
        group: None,
        time: None,
        notes: Vec::new(),
    };
    let mut firsts: Vec<u32> = index.firsts().collect();
    drop(index);
    firsts.sort_unstable();
    let splits = Splits {
        train: &here,
        test: &there,
        plan: &plan,
        roles,
        options,
        key: &key,
    };
    splits.entities(&mut found);
    splits.near(&mut found, &firsts)?;
    splits.columns(&mut found);
    let duplicates = [&here, &there].map(|split| exact::duplicates(split, plan.halves, options.examples));
    Ok((found, duplicates))
}

/// All that is needed to compare two splits that were read.
struct Splits<'a> {
    train: &'a Split,
    test: &'a Split,
    plan: &'a Plan,
    roles: &'a Roles,
    options: &'a Options,
    key: &'a Key,
}

impl Splits<'_> {
    fn entities(&self, found: &mut Overlap) {
        let (train, test, examples) = (self.train, self.test, self.options.examples);
        let note = |name: &str, why: &str| format!("`{}`: {why}", shown(name));
        if let Some(name) = &self.roles.id {
            match entities::by_id(train, test, examples) {
                Ok(rows) => found.id = Some(rows),
                Err(why) => found.notes.push(note(name, why)),
            }
        }
        if let Some(name) = &self.roles.group {
            found.group = entities::by_group(train, test, examples);
            if found.group.is_none() {
                found.notes.push(note(name, "only one split has it"));
            }
        }
        if let Some(name) = &self.roles.time {
            match entities::by_time(train, test, examples) {
                Ok(time) => found.time = Some(time),
                Err(why) => found.notes.push(note(name, &why)),
            }
        }
    }

    fn near(&self, found: &mut Overlap, firsts: &[u32]) -> Result<(), Unmeasured> {
        let (train, test) = (self.train, self.test);
        let has = |rows: fn(&Split) -> usize| rows(train) > 0 && rows(test) > 0;
        let numbers = has(|split| split.near.rest.len());
        let texts = has(|split| split.near.shingles.len());
        if self.options.near && !numbers && !texts && (self.plan.numbers > 0 || self.plan.text.is_some()) {
            found
                .notes
                .push("the splits have too many rows to look for near ones".to_owned());
        }
        let queries = near::queries(test, &found.exact.all.rows, firsts);
        if numbers {
            found.numbers = Some(numbers::search(
                train,
                test,
                self.plan,
                firsts,
                &queries,
                self.options,
            ));
        }
        if texts {
            let splits = (train, test);
            let alike = alike::search(
                splits,
                self.plan,
                self.roles,
                firsts,
                &queries,
                self.options,
                self.key,
            )?;
            if alike.left > 0 {
                let left = alike.left;
                found.notes.push(format!(
                    "{left} pairs of texts that may resemble each other were not compared"
                ));
            }
            found.text = Some(alike.found);
        }
        Ok(())
    }

    fn columns(&self, found: &mut Overlap) {
        let sides = [
            (&found.compared.only_train, "train"),
            (&found.compared.only_test, "test"),
        ];
        let notes: Vec<String> = sides
            .into_iter()
            .filter(|(names, _)| !names.is_empty())
            .map(|(names, side)| {
                let few: Vec<_> = names
                    .iter()
                    .take(4)
                    .map(|name| format!("`{}`", shown(name)))
                    .collect();
                let more = if names.len() > few.len() { ", …" } else { "" };
                format!(
                    "not compared, since only the {side} split has them: {}{more} ({})",
                    few.join(", "),
                    names.len()
                )
            })
            .collect();
        found.notes.extend(notes);
    }
}

/// Equal rows of one split.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// How many rows.
    pub size: u64,
    /// The first few.
    pub rows: Vec<Place>,
}

/// Rows of a split that repeat others.
#[derive(Clone, Debug, PartialEq)]
pub struct Duplicates {
    /// Rows of the split.
    pub rows: u64,
    /// Groups of two or more rows with equal features.
    pub groups: u64,
    /// Rows beyond the first of each group.
    pub extra: RowSet,
    /// Their share of all rows, from 0 to 1: how much the split is blown up.
    pub share: f64,
    /// How many of the extra rows chance does not explain.
    pub copies: u64,
    /// The size of the largest group; 0 if there is none.
    pub largest: u64,
    /// The largest groups.
    pub examples: Vec<Group>,
    /// Rows of groups that do not agree on their label; `None` without labels.
    pub contradicting: Option<RowSet>,
}

/// Finds the rows of one split that are equal in all features.
///
/// # Errors
///
/// As for [`overlap`].
pub fn duplicates(
    file: &TableFile,
    roles: &Roles,
    options: &Options,
    observer: &dyn Observer,
) -> Result<Duplicates, Unmeasured> {
    let options = Options {
        near: false,
        ..options.clone()
    };
    let plan = Plan::of(file, None, roles, &options)?;
    let split = Split::read(file, &plan, roles, &options, &Key::random(), observer)?;
    Ok(exact::duplicates(&split, plan.halves, options.examples))
}
