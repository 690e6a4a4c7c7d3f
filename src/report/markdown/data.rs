//! What the data looks like, for the report that can be attached.

use super::{folded, table};
use crate::profile::{ColumnProfile, Finding, Profile};
use crate::report::escape::{code, prose};
use crate::report::words::bars;
use crate::report::{DataProfile, Report};

/// So many findings of one pair of splits are listed; all are in the record.
const FINDINGS: usize = 12;

/// So many columns are listed.
const COLUMNS: usize = 40;

/// The section; empty where no splits were compared.
pub(super) fn section(report: &Report) -> String {
    if report.data.is_empty() {
        return String::new();
    }
    let pairs: String = report.data.iter().map(pair).collect();
    format!("## Data\n{pairs}")
}

fn pair(data: &DataProfile) -> String {
    let title = format!("\n{} against {}: ", code(&data.test), code(&data.train));
    let found = match &data.profile {
        Ok(found) => found,
        Err(why) => return format!("{title}not examined, {}\n", prose(&why.detail)),
    };
    let shared = found.overlap.as_ref().map_or_else(
        || "no column is in both".to_owned(),
        |shared| prose(&shared.sentence(found.unit)),
    );
    let findings = found.findings.iter().take(FINDINGS).map(finding);
    let findings = table(
        &["what to look at", "matters", "column", "because"],
        &["---", "---", "---", "---"],
        findings,
    );
    let more = found.findings.len().saturating_sub(FINDINGS);
    let more = if more > 0 {
        format!("\n{more} more are in the record.\n")
    } else {
        String::new()
    };
    let findings = if found.findings.is_empty() {
        String::new()
    } else {
        format!("\n{findings}{more}")
    };
    format!("{title}{shared}.\n{findings}{}", columns(found))
}

fn finding(finding: &Finding) -> Vec<String> {
    vec![
        finding.code.to_owned(),
        finding.severity.code().to_owned(),
        finding.column.as_deref().map(code).unwrap_or_default(),
        prose(&finding.sentence),
    ]
}

/// The columns of the training split, with a small picture of each distribution.
fn columns(found: &Profile) -> String {
    if found.columns.is_empty() {
        return String::new();
    }
    let shown = found.columns.iter().take(COLUMNS);
    let rows = shown.map(|column| row(found, column));
    let header = ["column", "type", "missing", "unique", "distribution", "IV", "PSI"];
    let rules = ["---", "---", "---:", "---:", "---", "---:", "---:"];
    let summary = format!("Columns ({})", found.columns.len());
    folded(&summary, &table(&header, &rules, rows))
}

fn row(found: &Profile, column: &ColumnProfile) -> Vec<String> {
    let number = |value: Option<f64>| value.map(|value| format!("{value:.2}")).unwrap_or_default();
    let drift = found.drift.iter().find(|drift| drift.column == column.name);
    let about = if column.unique.exact { "" } else { "~" };
    vec![
        code(&column.name),
        column.kind.code().to_owned(),
        format!("{:.1} %", 100.0 * column.missing.share),
        format!("{about}{}", column.unique.count),
        column
            .number
            .as_ref()
            .map(|number| bars(&number.histogram))
            .unwrap_or_default(),
        number(found.information_value.get(&column.name).copied()),
        number(drift.map(|drift| drift.psi)),
    ]
}
