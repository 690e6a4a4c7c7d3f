//! What the rows of a profile's files share: within each, and between both.

use serde::Serialize;
use serde_json::json;

use super::finding::{Finding, Severity, percent};
use super::overlap::{self, Duplicates, Group, Matches, Options, Overlap, RowSet, TimeOrder};
use super::{Roles, Unit};
use crate::observe::Observer;
use crate::reason::{Reason, Unmeasured};
use crate::table::{TableFile, shown};

/// More test rows than this share in the training data fail the check of the data.
pub const LEAK_LIMIT: f64 = 0.001;

/// More copies than this share within a split fail the check of the data.
pub const COPIES_LIMIT: f64 = 0.05;

/// So many examples of each kind are kept.
pub(super) const EXAMPLES: usize = 5;

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Spot {
    /// In this line of a table.
    Line(u64),
    /// In this file, if it is a picture.
    Name(String),
}

/// Equal rows within one file.
#[derive(Clone, Debug, Serialize)]
pub struct DuplicateRows {
    /// Rows of the file.
    pub rows: u64,
    /// Groups of two or more rows with equal features.
    pub groups: u64,
    /// Rows beyond the first of each group.
    pub extra: u64,
    /// Their share of all rows.
    pub share: f64,
    /// How many of the extra rows chance does not explain.
    pub copies: u64,
    /// The size of the largest group.
    pub largest: u64,
    /// Rows of groups that do not agree on their label; null without labels.
    pub contradicting: Option<u64>,
    /// Where the largest groups stand.
    pub examples: Vec<Vec<Spot>>,
}

/// The files' equal rows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DuplicateFiles {
    /// Of the first file; null where it could not be told.
    pub train: Option<DuplicateRows>,
    /// Of the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<DuplicateRows>,
}

/// A test row and the train row that it matches.
#[derive(Clone, Debug, Serialize)]
pub struct Example {
    /// `exact`, `near`, `id`, `group` or `time`.
    pub kind: &'static str,
    /// The train row.
    pub train: Spot,
    /// The test row.
    pub test: Spot,
}

/// How many test rows are also in the training data, by kind.
#[derive(Clone, Debug, Serialize)]
pub struct SharedRows {
    /// Rows of the train split.
    pub train_rows: u64,
    /// Rows of the test split.
    pub test_rows: u64,
    /// Test rows whose features are all equal to those of a train row.
    pub exact: u64,
    /// Those of them that rows of few possible values may share by chance.
    pub exact_by_chance: u64,
    /// Test rows that differ from a train row by rounding, noise or a few words; pictures in another size, format or brightness.
    pub near: u64,
    /// Others that are as near to a train row as train rows are to each other.
    pub near_by_chance: u64,
    /// Equal rows of which no train row has the same label; null without labels.
    pub contradicting: Option<u64>,
    /// Test rows whose id is in both splits; null without an id.
    pub id: Option<u64>,
    /// Test rows whose group is in both splits; null without a group.
    pub group: Option<u64>,
    /// Test rows that are earlier than the latest train row; null without a time.
    pub early: Option<u64>,
    /// Test rows that the train split gives away: equal beyond chance, near, or of the same id.
    pub leaked: u64,
    /// Their share of the test rows.
    pub leaked_share: f64,
    /// A few of each kind.
    pub examples: Vec<Example>,
    /// What could not be compared, and why.
    pub notes: Vec<String>,
    /// Which test rows leaked, as numbers from 0; of pictures, in the order of their paths.
    #[serde(skip)]
    pub rows: RowSet,
    /// The paths of all test pictures, in order; none of tables.
    #[serde(skip)]
    pub pictures: Vec<String>,
}

/// Equal rows within each file, and what `test` shares with `train`; nothing where that cannot be told.
///
/// The columns `numbers`, which only number the rows, are not compared.
pub(super) fn shared(
    train: &TableFile,
    test: Option<&TableFile>,
    roles: &Roles,
    numbers: &[String],
    observer: &dyn Observer,
) -> Result<(DuplicateFiles, Option<SharedRows>), Unmeasured> {
    let notes = numbers.iter().map(|name| numbered(name)).collect::<Vec<_>>();
    let mut roles = roles.clone();
    roles.ignore.extend_from_slice(numbers);
    let roles = &roles;
    let options = Options {
        examples: EXAMPLES,
        ..Options::default()
    };
    let Some(test) = test else {
        let found = unless_cancelled(overlap::duplicates(train, roles, &options, observer))?;
        let train = found.as_ref().map(DuplicateRows::from);
        return Ok((DuplicateFiles { train, test: None }, None));
    };
    let found = overlap::overlap_and_duplicates(train, test, roles, &options, observer);
    let Some((overlap, [train, test])) = unless_cancelled(found)? else {
        return Ok((DuplicateFiles::default(), None));
    };
    let duplicates = DuplicateFiles {
        train: Some(DuplicateRows::from(&train)),
        test: Some(DuplicateRows::from(&test)),
    };
    let mut found = SharedRows::from(&overlap);
    found.notes.extend(notes);
    Ok((duplicates, Some(found)))
}

fn numbered(column: &str) -> String {
    match shown(column) {
        name if name.is_empty() => "a column without a name only numbers the rows".to_owned(),
        name => format!("`{name}` only numbers the rows"),
    }
}

/// Files that can be profiled and not compared, such as those without a common column, have no answer here.
fn unless_cancelled<T>(found: Result<T, Unmeasured>) -> Result<Option<T>, Unmeasured> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(why) if why.reason == Reason::Cancelled => Err(why),
        Err(_) => Ok(None),
    }
}

impl From<&Duplicates> for DuplicateRows {
    fn from(found: &Duplicates) -> Self {
        let lines = |group: &Group| group.rows.iter().map(|place| Spot::Line(place.line)).collect();
        Self {
            rows: found.rows,
            groups: found.groups,
            extra: found.extra.len(),
            share: found.share,
            copies: found.copies,
            largest: found.largest,
            contradicting: found.contradicting.as_ref().map(RowSet::len),
            examples: found.examples.iter().map(lines).collect(),
        }
    }
}

impl From<&Overlap> for SharedRows {
    fn from(found: &Overlap) -> Self {
        let rows = found.leaked();
        let leaked = rows.len();
        let mut common = RowSet::default();
        let near = [&found.numbers, &found.text].into_iter().flatten();
        near.for_each(|found| common.extend(&found.common.rows));
        Self {
            train_rows: found.train_rows,
            test_rows: found.test_rows,
            exact: found.exact.all.rows.len(),
            exact_by_chance: found.exact.common.rows.len(),
            near: found.near().len(),
            near_by_chance: common.iter().filter(|row| !rows.contains(*row)).count() as u64,
            contradicting: found.contradicting.as_ref().map(|matches| matches.rows.len()),
            id: found.id.as_ref().map(|matches| matches.rows.len()),
            group: found.group.as_ref().map(|shared| shared.rows.rows.len()),
            early: found.time.as_ref().map(|time| time.early.rows.len()),
            leaked,
            leaked_share: leaked as f64 / found.test_rows.max(1) as f64,
            examples: examples(found),
            notes: found.notes.clone(),
            rows,
            pictures: Vec::new(),
        }
    }
}

fn examples(found: &Overlap) -> Vec<Example> {
    let near = [&found.numbers, &found.text].into_iter().flatten();
    let time = |time: &'_ TimeOrder| time.early.clone();
    let early = found.time.as_ref().map(time);
    let kinds = [("exact", Some(&found.exact.leaked))]
        .into_iter()
        .chain(near.map(|found| ("near", Some(&found.leaked))))
        .chain([
            ("id", found.id.as_ref()),
            ("group", found.group.as_ref().map(|shared| &shared.rows)),
            ("time", early.as_ref()),
        ]);
    let of = |(kind, matches): (&'static str, Option<&Matches>)| {
        let pairs = matches.map_or(&[][..], |matches| &matches.examples);
        let example = |pair: &overlap::Pair| Example {
            kind,
            train: Spot::Line(pair.train.line),
            test: Spot::Line(pair.test.line),
        };
        pairs.iter().map(example).collect::<Vec<_>>()
    };
    kinds.flat_map(of).collect()
}

impl SharedRows {
    /// Whether more is shared than the limit.
    pub fn leaks(&self) -> bool {
        self.leaked > 0 && self.leaked_share >= LEAK_LIMIT
    }

    /// `312 of 1000 test rows (31.2 %) are also in the training data: 300 equal, 12 near`.
    pub fn sentence(&self, unit: Unit) -> String {
        let equal = self.exact - self.exact_by_chance.min(self.exact);
        let parts = [
            (equal, "equal"),
            (self.near, "nearly equal"),
            (self.id.unwrap_or(0), "of the same id"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
        let how = if parts.is_empty() {
            String::new()
        } else {
            format!(": {}", parts.join(", "))
        };
        format!(
            "{} of {} test {} ({}) are also in the training data{how}",
            self.leaked,
            self.test_rows,
            unit.several(),
            percent(self.leaked_share)
        )
    }
}

impl DuplicateRows {
    /// Whether more rows are copies than the limit.
    pub fn blown_up(&self) -> bool {
        self.copies as f64 > COPIES_LIMIT * self.rows as f64
    }

    /// `120 of 1000 rows repeat others beyond chance; the largest group has 7`.
    pub fn sentence(&self, unit: Unit) -> String {
        format!(
            "{} of {} {} repeat others beyond chance; the largest group has {}",
            self.copies,
            self.rows,
            unit.several(),
            self.largest
        )
    }
}

/// What to look at in what the files share.
pub(super) fn findings(unit: Unit, duplicates: &DuplicateFiles, shared: Option<&SharedRows>) -> Vec<Finding> {
    let mut found = Vec::new();
    let files = [("train", &duplicates.train), ("test", &duplicates.test)];
    for (split, rows) in files
        .into_iter()
        .filter_map(|(split, rows)| Some((split, rows.as_ref()?)))
    {
        found.extend(repeated(unit, split, rows));
    }
    found.extend(shared.map(|shared| between(unit, shared)).unwrap_or_default());
    found
}

fn repeated(unit: Unit, split: &str, rows: &DuplicateRows) -> Vec<Finding> {
    let copies = (rows.copies > 0).then(|| {
        let severity = if rows.blown_up() {
            Severity::Medium
        } else {
            Severity::Low
        };
        Finding::new(
            "duplicates",
            severity,
            format!("{split}: {}", rows.sentence(unit)),
            json!(rows),
        )
    });
    let contradicting = rows.contradicting.filter(|count| *count > 0).map(|count| {
        let sentence = format!("{split}: {count} rows have the features of another row and another label");
        let evidence = json!({ "rows": count });
        Finding::new("contradicting-labels", Severity::Low, sentence, evidence)
    });
    [copies, contradicting].into_iter().flatten().collect()
}

fn between(unit: Unit, shared: &SharedRows) -> Vec<Finding> {
    let leak = (shared.leaked > 0).then(|| {
        let severity = if shared.leaks() {
            Severity::High
        } else {
            Severity::Medium
        };
        Finding::new("overlap", severity, shared.sentence(unit), json!(shared))
    });
    let some = |count: Option<u64>| count.filter(|count| *count > 0);
    let share = |count: u64| percent(count as f64 / shared.test_rows.max(1) as f64);
    let group = some(shared.group).map(|count| {
        let sentence = format!(
            "{} of the test rows belong to a group that is also in the training data",
            share(count)
        );
        Finding::new(
            "group-overlap",
            Severity::High,
            sentence,
            json!({ "rows": count }),
        )
    });
    let early = some(shared.early).map(|count| {
        let sentence = format!(
            "{} of the test rows are earlier than the latest training row",
            share(count)
        );
        Finding::new("time-order", Severity::Medium, sentence, json!({ "rows": count }))
    });
    let chance = common(unit, shared).map(|(count, how)| {
        let sentence = format!("{} of the test {} {how}", share(count), unit.several());
        Finding::new("common-rows", Severity::Low, sentence, json!({ "rows": count }))
    });
    let notes = shared
        .notes
        .iter()
        .map(|note| Finding::new("not-compared", Severity::Low, note.clone(), json!({})));
    [leak, group, early, chance]
        .into_iter()
        .flatten()
        .chain(notes)
        .collect()
}

/// Matches that say little, and why.
fn common(unit: Unit, shared: &SharedRows) -> Option<(u64, &'static str)> {
    let (count, how) = match unit {
        Unit::Row => (
            shared.exact_by_chance,
            "equal training rows, no more than is usual where values repeat as often",
        ),
        Unit::Picture => (
            shared.exact_by_chance + shared.near_by_chance,
            "look like training pictures, but are of one colour, or look no more so than these do among each other",
        ),
    };
    (count > 0).then_some((count, how))
}
