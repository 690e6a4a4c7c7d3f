//! Prints how long the audit of six scores of 10,000 examples takes: `cargo run --release --example audit_speed`.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::time::Instant;

use reproof::audit::{AuditClaim, Facts, Finding, audit};
use reproof::manifest::{Printed, ValueError};

const EXAMPLES: u64 = 10_000;

/// Scores of tp 3104 fn 396 / fp 713 tn 5787.
const SCORES: [(&str, &str); 6] = [
    ("accuracy", "0.8891"),
    ("precision", "0.8132"),
    ("recall", "0.8869"),
    ("f1", "0.8484"),
    ("matthews_corrcoef", "0.7630"),
    ("cohen_kappa", "0.7613"),
];

/// Scores that only the search over matrices tells apart: no two are linear in each other.
const HARD: [(&str, &str); 6] = [
    ("markedness", "0.7492"),
    ("f1:macro", "0.8805"),
    ("f1:weighted", "0.8901"),
    ("fbeta@2", "0.8711"),
    ("matthews_corrcoef", "0.7630"),
    ("cohen_kappa", "0.7613"),
];

fn claims(
    scores: &[(&str, &str)],
    positives: Option<u64>,
    wrong: Option<(usize, &str)>,
) -> Result<Vec<AuditClaim>, ValueError> {
    let numbered = scores.iter().enumerate();
    numbered
        .map(|(place, (metric, value))| {
            let other = wrong.filter(|(changed, _)| *changed == place);
            Ok(AuditClaim {
                id: (*metric).to_owned(),
                metric: (*metric).to_owned(),
                value: Printed::parse(other.map_or(*value, |(_, other)| other))?,
                runs: None,
                examples: Some(EXAMPLES),
                facts: Facts {
                    positives,
                    classes: Some(2),
                    ..Facts::default()
                },
                group: String::new(),
                one_model: true,
            })
        })
        .collect()
}

fn said(finding: Option<&Finding>) -> String {
    match finding {
        Some(Finding::Fits(Some(witness))) => witness.to_string(),
        Some(Finding::Contradicts { claims, .. }) => format!("contradictory: {}", claims.join(", ")),
        other => format!("{other:?}"),
    }
}

fn main() -> Result<(), ValueError> {
    let cases = [
        (
            "usual scores",
            &SCORES,
            [None, Some((4, "0.7640")), Some((0, "0.8893"))],
        ),
        (
            "hard scores",
            &HARD,
            [None, Some((4, "0.7632")), Some((5, "0.7615"))],
        ),
    ];
    for (name, scores, changes) in cases {
        for positives in [Some(3500), None] {
            for wrong in changes {
                let claims = claims(scores, positives, wrong)?;
                let start = Instant::now();
                let found = audit(&claims);
                let taken = start.elapsed();
                let known = if positives.is_some() { "known" } else { "unknown" };
                let finding = said(found.sets.first().map(|set| &set.finding));
                println!("{taken:>12.3?}  {name}, positives {known}: {finding}");
            }
        }
    }
    Ok(())
}
