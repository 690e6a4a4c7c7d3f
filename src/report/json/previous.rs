//! What an earlier run of the same manifest came to, read back from its record.
//!
//! A record may be older than this version, cut short or changed by hand: only
//! what a comparison needs is read, and a record that cannot be read is passed over.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::FILE;
use crate::judge::policy::ClaimSummary;
use crate::judge::{CheckId, Outcome, Summary};
use crate::manifest::Manifest;
use crate::reason::Reason;

/// No record is larger.
const MAX_BYTES: u64 = 64 << 20;

/// Earlier runs that are looked at.
const MAX_RUNS: usize = 1000;

#[derive(Deserialize)]
struct Record {
    manifest: ManifestRow,
    rules: String,
    #[serde(default)]
    trust: Vec<CheckRow>,
    #[serde(default)]
    claims: Vec<ClaimRow>,
}

#[derive(Deserialize)]
struct ManifestRow {
    file: PathBuf,
}

#[derive(Deserialize)]
struct CheckRow {
    id: String,
    status: String,
}

#[derive(Deserialize)]
struct ClaimRow {
    id: String,
    outcome: String,
    measured: Option<MeasuredRow>,
    reason: Option<ReasonRow>,
}

#[derive(Deserialize)]
struct MeasuredRow {
    #[serde(default)]
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct ReasonRow {
    code: String,
}

/// The newest run in `runs` of `manifest` that is older than the run called `this`, was not stopped, and has a
/// record that can be read.
///
/// Runs belong together by the name of the manifest's file: its folder may have been moved, and its text is meant to
/// be edited.
pub fn previous(runs: &Path, this: &str, manifest: &Manifest) -> Option<Summary> {
    let mut names: Vec<String> = fs::read_dir(runs)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.as_str() < this)
        .collect();
    names.sort_unstable_by(|a, b| b.cmp(a));
    let records = names.iter().take(MAX_RUNS);
    let mut records = records.filter_map(|name| read(&runs.join(name).join(FILE)));
    let found = records.find(|record| {
        record.manifest.file.file_name() == manifest.file.file_name() && !was_stopped(record)
    })?;
    Some(summary(found))
}

/// Whether the user stopped it: then it says less than the run before.
fn was_stopped(record: &Record) -> bool {
    let mut reasons = record.claims.iter().filter_map(|claim| claim.reason.as_ref());
    reasons.any(|reason| reason.code == Reason::Cancelled.code())
}

fn read(path: &Path) -> Option<Record> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    let read = file.take(MAX_BYTES + 1).read_to_string(&mut text).ok()?;
    if read as u64 > MAX_BYTES {
        return None;
    }
    serde_json::from_str(&text).ok()
}

fn summary(record: Record) -> Summary {
    let failed = record.trust.iter().filter(|check| check.status == "fail");
    Summary {
        rules: record.rules,
        failed: failed.filter_map(|check| CheckId::of(&check.id)).collect(),
        claims: record.claims.into_iter().filter_map(claim).collect(),
    }
}

/// `None` for an outcome that this version does not know.
fn claim(row: ClaimRow) -> Option<ClaimSummary> {
    let reason = row.reason.and_then(|reason| {
        let known = Reason::ALL.into_iter();
        known.into_iter().find(|known| known.code() == reason.code)
    });
    let outcomes = [
        Outcome::Reproduced,
        Outcome::Better,
        Outcome::Partial,
        Outcome::NotReproduced,
        Outcome::Inconclusive,
        Outcome::Impossible,
        Outcome::NotRun(reason.unwrap_or(Reason::MeasurementMissing)),
    ];
    let outcome = outcomes
        .into_iter()
        .find(|outcome| outcome.code() == row.outcome)?;
    let values = row.measured.map(|measured| measured.values).unwrap_or_default();
    Some(ClaimSummary {
        id: row.id,
        outcome,
        values: values.into_iter().filter(|value| value.is_finite()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary_of(text: &str) -> Option<Summary> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        fs::write(&path, text).expect("written");
        read(&path).map(summary)
    }

    #[test]
    fn a_record_of_another_version_is_read_as_far_as_it_is_understood() {
        let text = r#"{ "schema": 99, "later": {}, "manifest": { "file": "/a/p.toml" }, "rules": "reproof-1",
            "trust": [ { "id": "safety", "status": "fail" }, { "id": "taste", "status": "fail" } ],
            "claims": [
                { "id": "a", "outcome": "reproduced", "measured": { "values": [0.5] } },
                { "id": "b", "outcome": "splendid" },
                { "id": "c", "outcome": "not-run", "reason": { "code": "timeout" } } ] }"#;
        let found = summary_of(text).expect("a summary");
        assert_eq!(found.failed, [CheckId::Safety]);
        let claims: Vec<_> = found
            .claims
            .iter()
            .map(|claim| (claim.id.as_str(), claim.outcome))
            .collect();
        assert_eq!(
            claims,
            [
                ("a", Outcome::Reproduced),
                ("c", Outcome::NotRun(Reason::Timeout))
            ]
        );
    }

    #[test]
    fn what_is_no_record_is_passed_over() {
        assert_eq!(summary_of("{"), None);
        assert_eq!(summary_of("[]"), None);
        assert_eq!(summary_of("{}"), None);
    }
}
