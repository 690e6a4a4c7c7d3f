//! `reproof doctor`: what this machine can do, and the exact fix for what is missing.

use reproof::environment::doctor::{Finding, facts};
use reproof::execute::{Refusal, probe};
use reproof::report::{Look, one_line, table};
use serde_json::json;

use super::Format;
use super::exit::Exit;
use super::settings::Settings;
use super::terminal::Terminal;

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
        Format::Text => text(&rows, terminal.look(), terminal.is_verbose()),
    });
    Exit::Success
}

/// Something about this machine.
struct Row {
    name: String,
    status: &'static str,
    /// In a few words.
    short: String,
    /// All of it.
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
            short: finding.detail.clone(),
            detail: finding.detail,
            fix: finding.fix,
        }
    }
}

/// Both kinds of sandbox, tried for real.
fn sandbox(settings: &Settings) -> Vec<Row> {
    let facts = probe(&settings.program, &settings.cache.root().join("tmp"));
    let row = |name: &str, short: &str, result: Result<_, Refusal>| match result {
        Ok(measures) => {
            let measures: std::collections::BTreeMap<String, String> = measures;
            let measures = measures.iter().map(|(name, how)| format!("{name}: {how}"));
            Row {
                name: name.to_owned(),
                status: "ok",
                short: short.to_owned(),
                detail: measures.collect::<Vec<_>>().join("; "),
                fix: None,
            }
        }
        Err(refusal) => Row {
            name: name.to_owned(),
            status: "missing",
            short: refusal.cause.clone(),
            detail: refusal.cause,
            fix: Some(refusal.fix),
        },
    };
    vec![
        row(
            "sandbox (full)",
            "namespaces, Landlock and seccomp: steps are confined",
            facts.full,
        ),
        row(
            "sandbox (landlock)",
            "Landlock and seccomp alone would do with `--sandbox landlock`",
            facts.landlock,
        ),
    ]
}

fn text(rows: &[Row], look: Look, verbose: bool) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let detail = if verbose { &row.detail } else { &row.short };
            vec![row.name.clone(), row.status.to_owned(), one_line(detail)]
        })
        .collect();
    let mut text = table(&["what", "status", "found"], &cells, 2, look);
    let fixes = rows.iter().filter_map(|row| Some((row, row.fix.as_ref()?)));
    let fixes: Vec<String> = fixes
        .map(|(row, fix)| format!("  {}: {}", row.name, one_line(fix)))
        .collect();
    if !fixes.is_empty() {
        // Not wrapped: a command is copied whole.
        text.push_str(&format!("\n\nto get what is missing:\n{}", fixes.join("\n")));
    }
    text
}
