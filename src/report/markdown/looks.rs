//! How many runs it took: what each look at them showed, and why there were no more.

use super::{folded, pairs, table};
use crate::judge::{ClaimJudgement, Look};
use crate::manifest::Claim;
use crate::report::Report;
use crate::report::escape::{code, prose};
use crate::report::words::{beside, seeds_line, sentence};

/// The section; empty where the number of runs was fixed beforehand.
pub(super) fn looks(report: &Report) -> String {
    if report.seeds.is_empty() {
        return String::new();
    }
    let mut text = "## How many runs it took\n\n".to_owned();
    for seeds in &report.seeds {
        let line = prose(&sentence(&seeds_line(seeds)));
        text.push_str(&format!("- {}: {line}\n", code(&seeds.step)));
    }
    let paths: Vec<String> = pairs(report)
        .filter(|(_, judged)| !judged.looks.is_empty())
        .map(|(claim, judged)| path(claim, judged))
        .collect();
    if !paths.is_empty() {
        text.push_str(&folded("What each look showed", &paths.join("\n")));
    }
    text
}

fn path(claim: &Claim, judged: &ClaimJudgement) -> String {
    let rows = judged.looks.iter().map(|look| row(claim, look));
    format!(
        "{}\n\n{}",
        code(&claim.id),
        table(
            &[
                "runs",
                "measured less claimed",
                "interval at all looks",
                "outcome"
            ],
            &["---:", "---:", "---:", "---"],
            rows
        )
    )
}

fn row(claim: &Claim, look: &Look) -> Vec<String> {
    let interval = look.interval.map_or("no ends yet".to_owned(), |interval| {
        format!(
            "{} to {}",
            beside(&claim.value, interval.low, 1),
            beside(&claim.value, interval.high, 1)
        )
    });
    vec![
        look.runs.to_string(),
        beside(&claim.value, look.difference, 1),
        interval,
        look.outcome.code().to_owned(),
    ]
}
