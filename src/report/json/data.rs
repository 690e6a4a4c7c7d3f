//! The data's part of the record.

use schemars::JsonSchema;
use serde::Serialize;

use super::rows::ReasonRow;
use crate::profile::{DuplicateRows, Finding, SharedRows};
use crate::report::DataProfile;

/// A test split held against a training split.
#[derive(JsonSchema, Serialize)]
pub(super) struct DataRow<'a> {
    /// The training split, by the id of its data set.
    train: &'a str,
    /// The test split.
    test: &'a str,
    /// What is counted wherever rows are: `row`, or `picture` where the splits are pictures; null where nothing could be told.
    unit: Option<&'a str>,
    /// What both share; null where it could not be told.
    overlap: Option<OverlapRow>,
    /// Rows of each that repeat others.
    duplicates: Vec<DuplicatesRow<'a>>,
    /// What to look at, worst first.
    findings: Vec<FindingRow<'a>>,
    /// Why nothing could be told; null where it could.
    reason: Option<ReasonRow<'a>>,
}

/// How many test rows are also in the training data.
#[derive(JsonSchema, Serialize)]
struct OverlapRow {
    /// Rows of the training split.
    train_rows: u64,
    /// Rows of the test split.
    test_rows: u64,
    /// Test rows whose features equal those of a training row.
    exact: u64,
    /// Those of them that rows of few possible values may share by chance.
    exact_by_chance: u64,
    /// Test rows that nearly equal a training row.
    near: u64,
    /// Test rows whose id is in both; null without ids.
    id: Option<u64>,
    /// Test rows whose group is in both; null without groups.
    group: Option<u64>,
    /// Test rows that are earlier than the latest training row; null without times.
    early: Option<u64>,
    /// Test rows that the training split gives away.
    leaked: u64,
    /// Their share of the test rows, from 0 to 1.
    leaked_share: f64,
}

/// Rows of one split that repeat others.
#[derive(JsonSchema, Serialize)]
struct DuplicatesRow<'a> {
    /// The split, by the id of its data set.
    split: &'a str,
    /// Its rows.
    rows: u64,
    /// Rows beyond the first of each group of equal ones.
    extra: u64,
    /// Those of them that chance does not explain.
    copies: u64,
}

/// Something to look at.
#[derive(JsonSchema, Serialize)]
struct FindingRow<'a> {
    /// What it is, such as `target-leak`.
    code: &'a str,
    /// `high`, `medium` or `low`.
    severity: &'a str,
    /// The column it is about; null where it is about none.
    column: Option<&'a str>,
    /// One sentence.
    sentence: &'a str,
}

impl<'a> DataRow<'a> {
    pub(super) fn of(data: &'a DataProfile) -> Self {
        let found = data.profile.as_ref().ok();
        let duplicates = found.map(|found| {
            let splits = [
                (&data.train, &found.duplicates.train),
                (&data.test, &found.duplicates.test),
            ];
            let rows = splits
                .into_iter()
                .filter_map(|(id, rows)| Some((id, rows.as_ref()?)));
            rows.map(|(id, rows)| DuplicatesRow::of(id, rows)).collect()
        });
        Self {
            train: &data.train,
            test: &data.test,
            unit: found.map(|found| found.unit.code()),
            overlap: found.and_then(|found| found.overlap.as_ref()).map(OverlapRow::of),
            duplicates: duplicates.unwrap_or_default(),
            findings: found
                .iter()
                .flat_map(|found| &found.findings)
                .map(FindingRow::of)
                .collect(),
            reason: data.profile.as_ref().err().map(ReasonRow::from),
        }
    }
}

impl OverlapRow {
    fn of(shared: &SharedRows) -> Self {
        Self {
            train_rows: shared.train_rows,
            test_rows: shared.test_rows,
            exact: shared.exact,
            exact_by_chance: shared.exact_by_chance,
            near: shared.near,
            id: shared.id,
            group: shared.group,
            early: shared.early,
            leaked: shared.leaked,
            leaked_share: shared.leaked_share,
        }
    }
}

impl<'a> DuplicatesRow<'a> {
    fn of(split: &'a str, rows: &DuplicateRows) -> Self {
        Self {
            split,
            rows: rows.rows,
            extra: rows.extra,
            copies: rows.copies,
        }
    }
}

impl<'a> FindingRow<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            code: finding.code,
            severity: finding.severity.code(),
            column: finding.column.as_deref(),
            sentence: &finding.sentence,
        }
    }
}
