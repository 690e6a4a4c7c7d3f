//! `reproof doctor`: what this machine can do, and the exact fix for what is missing.

use std::fmt::Write as _;

use reproof::environment::doctor::{Finding, facts};
use reproof::execute::{Refusal, probe};
use serde_json::json;

use super::Format;
use super::exit::Exit;
use super::settings::Settings;
use super::terminal::{Terminal, clean};

/// Looks, and says what was found. Nothing is fetched and nothing is changed.
pub(super) fn doctor(format: Format, settings: &Settings, terminal: &Terminal) -> Exit {
    let mut rows = sandbox(settings);
    let found = facts(&settings.host, &settings.cache, &settings.network);
    rows.extend(found.into_iter().map(Row::from));
    terminal.result(&match format {
        Format::Json => format!(
            "{:#}\n",
            json!({ "facts": rows.iter().map(Row::json).collect::<Vec<_>>() })
        ),
        Format::Text => text(&rows),
    });
    Exit::Success
}

struct Row {
    name: String,
    status: &'static str,
    detail: String,
    fix: Option<String>,
}

impl Row {
    fn json(&self) -> serde_json::Value {
        json!({ "name": self.name, "status": self.status, "detail": self.detail, "fix": self.fix })
    }
}

impl From<Finding> for Row {
    fn from(finding: Finding) -> Self {
        Self {
            name: finding.name.to_owned(),
            status: finding.status.code(),
            detail: finding.detail,
            fix: finding.fix,
        }
    }
}

/// Both kinds of sandbox, tried for real.
fn sandbox(settings: &Settings) -> Vec<Row> {
    let facts = probe(&settings.program, &settings.cache.root().join("tmp"));
    let row = |name: &str, result: Result<_, Refusal>| match result {
        Ok(measures) => {
            let measures: std::collections::BTreeMap<String, String> = measures;
            let measures: Vec<String> = measures
                .iter()
                .map(|(name, how)| format!("{name}: {how}"))
                .collect();
            Row {
                name: name.to_owned(),
                status: "ok",
                detail: measures.join("; "),
                fix: None,
            }
        }
        Err(refusal) => Row {
            name: name.to_owned(),
            status: "missing",
            detail: refusal.cause,
            fix: Some(refusal.fix),
        },
    };
    vec![
        row("sandbox (full)", facts.full),
        row("sandbox (landlock)", facts.landlock),
    ]
}

fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let _ = writeln!(text, "{:<8} {}: {}", row.status, row.name, clean(&row.detail));
        if let Some(fix) = &row.fix {
            let _ = writeln!(text, "         fix: {}", clean(fix));
        }
    }
    text
}
