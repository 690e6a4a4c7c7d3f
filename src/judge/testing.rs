//! What the tests of this folder share.

use crate::execute::Tier;
use crate::manifest::Printed;
use crate::measure::Direction;

use super::evidence::*;

/// Reads a well-formed printed number; the real reader is the manifest's.
pub(crate) fn printed(text: &str) -> Printed {
    let percent = text.ends_with('%');
    let scale = if percent { 100.0 } else { 1.0 };
    let bare = text.trim_end_matches('%').trim();
    let (value, spread) = bare.split_once('±').map_or((bare, None), |(value, spread)| {
        (value.trim(), Some(spread.trim()))
    });
    let number = |text: &str| text.parse::<f64>().expect("a number") / scale;
    let (mantissa, exponent) = value.split_once('e').unwrap_or((value, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let place =
        exponent.parse::<i32>().expect("an exponent") - i32::try_from(decimals).expect("few decimals");
    Printed {
        text: text.to_owned(),
        value: number(value),
        spread: spread.map(number),
        unit: 10.0_f64.powi(place) / scale,
        percent,
    }
}

/// A primary claim of an accuracy-like metric with these measured values.
pub(crate) fn claim(claimed: &str, values: &[f64]) -> ClaimEvidence {
    ClaimEvidence {
        id: "claim".to_owned(),
        primary: true,
        weight: 1.0,
        metric: "accuracy".to_owned(),
        direction: Direction::HigherIsBetter,
        compares: None,
        range: None,
        claimed: printed(claimed),
        claimed_runs: None,
        claimed_examples: None,
        floor: None,
        metric_floor: None,
        tolerance: None,
        looked_from: None,
        impossible: None,
        measured: Ok(Measured {
            values: values.to_vec(),
            recomputed: true,
            ..Measured::default()
        }),
    }
}

/// The same where lower is better.
pub(crate) fn error_claim(claimed: &str, values: &[f64]) -> ClaimEvidence {
    ClaimEvidence {
        metric: "mae".to_owned(),
        direction: Direction::LowerIsBetter,
        ..claim(claimed, values)
    }
}

/// Evidence of a study in which everything is in order: all ten checks pass.
pub(crate) fn trusted() -> Evidence {
    let mut first = claim("83.0 ± 0.7 %", &[0.828, 0.830, 0.835]);
    first.claimed_runs = Some(100);
    first.metric_floor = Some(0.3);
    let measured = first.measured.as_mut().expect("measured");
    measured.seeds = vec![1, 2, 3];
    measured.reported = Some(Reported {
        values: vec![0.828, 0.830, 0.835],
        half_unit: 0.0005,
    });
    measured.permuted = Some(Control {
        value: 0.301,
        sd: 0.01,
        permutations: 20,
    });
    Evidence {
        claims: vec![first],
        data: vec![DataFacts {
            id: "cora".to_owned(),
            source: "repo:data/cora.csv".to_owned(),
            open: Some(true),
            matched: Some(true),
            license: Some("CC-BY-4.0".to_owned()),
            problem: None,
        }],
        training: Training::FromScratch {
            steps: vec!["train".to_owned()],
        },
        explanation: Some(Explanation {
            interpretable: true,
            ..Explanation::default()
        }),
        code: CodeFacts {
            reachable: Some(true),
            license: License::Named("MIT".to_owned()),
            missing_submodules: Some(vec![]),
            lfs_pointers: Some(vec![]),
            modified: Some(vec![]),
            problem: None,
        },
        environment: EnvironmentFacts::Locked {
            packages: 12,
            unhashed: vec![],
            as_of: Some(jiff::civil::date(2018, 2, 4)),
            of_the_papers_time: true,
            refused: vec![],
        },
        hygiene: Some(Hygiene {
            examined: vec!["0 of 1000 test rows are in the training data".to_owned()],
            ..Hygiene::default()
        }),
        safety: SafetyFacts {
            tier: Some(Tier::Full),
            ..SafetyFacts::default()
        },
        ..Evidence::new(jiff::civil::date(2026, 1, 31))
    }
}
