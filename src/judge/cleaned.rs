//! The claim once more, without the test examples that are also in the training data.

use super::compare::{self, Outcome};
use super::evidence::{ClaimEvidence, Cleaned, Measured};
use super::words::short;
use crate::stats::{self, Interval};

/// How a claim comes out on the test examples that are not in the training data.
#[derive(Clone, Debug, PartialEq)]
pub struct CleanedJudgement {
    /// How it comes out; `not-run` where too little is left to compute the metric of.
    pub outcome: Outcome,
    /// The mean over the runs.
    pub value: Option<f64>,
    /// The 95 % interval of the first run over the examples that are left.
    pub interval: Option<Interval>,
    /// How many examples were left out.
    pub left_out: u64,
    /// How many are left.
    pub left: u64,
    /// `0.94 → 0.71 (0.68 to 0.74) without 312 of 1000 test examples that are also in the training data: not-reproduced`.
    pub sentence: String,
}

/// Judges the claim on what is clean, by the same rules and the same margin; `None` where nothing was left out.
pub(super) fn judge(evidence: &ClaimEvidence) -> Option<CleanedJudgement> {
    let measured = evidence.measured.as_ref().ok()?;
    let cleaned = measured.cleaned.as_ref()?;
    let again = ClaimEvidence {
        measured: cleaned.values.clone().map(|values| Measured {
            values,
            cleaned: None,
            ..measured.clone()
        }),
        impossible: None,
        ..evidence.clone()
    };
    let judged = compare::claim(&again);
    let value = judged.measured.map(|sample| sample.mean);
    Some(CleanedJudgement {
        outcome: judged.outcome,
        value,
        interval: cleaned.interval,
        left_out: cleaned.left_out,
        left: cleaned.left,
        sentence: sentence(measured, cleaned, value, judged.outcome),
    })
}

fn sentence(measured: &Measured, cleaned: &Cleaned, value: Option<f64>, outcome: Outcome) -> String {
    let before = stats::mean(&measured.values).map_or("?".to_owned(), short);
    let without = format!(
        "without {} of {} test examples that are also in the training data",
        cleaned.left_out,
        cleaned.left_out.saturating_add(cleaned.left)
    );
    let after = match (value, &cleaned.values) {
        (Some(value), _) => short(value),
        (None, Err(why)) => return format!("{without} there is no value: {}", why.detail),
        (None, Ok(_)) => return format!("{without} there is no usable value"),
    };
    let interval = cleaned.interval.map_or(String::new(), |interval| {
        format!(" ({} to {})", short(interval.low), short(interval.high))
    });
    format!("{before} → {after}{interval} {without}: {}", outcome.code())
}
