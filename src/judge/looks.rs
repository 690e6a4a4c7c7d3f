//! Looking at the runs one by one, and stopping when they have decided.
//!
//! An interval for a number of runs that was fixed beforehand errs more often if the number depends on what it
//! shows. So where looking can stop the runs, every look uses an interval that holds at all looks together.

use crate::stats::Interval;

use super::compare::{Outcome, POWER, Sample, Standing};
use super::evidence::{ClaimEvidence, Measured};
use super::precision::Precision;
use super::score;

/// From so many runs on, the interval that may be looked at after every run has ends, unless the claim's spread
/// stands in for that of the runs.
pub const FIRST_WITH_ENDS: u64 = 4;

/// More looks than this are not listed.
const MOST_LOOKS: usize = 1000;

/// What one look at the runs showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// How many runs were there.
    pub runs: u64,
    /// d of their mean.
    pub difference: f64,
    /// The anytime-valid interval of d; `None` while it has no ends.
    pub interval: Option<Interval>,
    /// The outcome, if the runs had ended there.
    pub outcome: Outcome,
}

/// Whether the number of runs was fixed beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Design {
    /// It was.
    Fixed,
    /// The runs may have been stopped because of what they showed.
    Anytime,
}

impl Design {
    pub(super) fn of(evidence: &ClaimEvidence) -> Self {
        if evidence.looked_from.is_some() {
            Self::Anytime
        } else {
            Self::Fixed
        }
    }

    /// Half the width of the interval of d; `None` without a spread, and while it has no ends.
    pub(super) fn half_width(self, precision: &Precision) -> Option<f64> {
        match self {
            Self::Fixed => precision.half_width(),
            Self::Anytime => precision.anytime_half_width(),
        }
    }

    /// The smallest gap beyond the margin that is seen with a chance of 80 %.
    pub(super) fn smallest_gap(self, precision: &Precision) -> Option<f64> {
        match self {
            Self::Fixed => precision.smallest_gap(),
            Self::Anytime => precision.anytime_smallest_gap(POWER),
        }
    }

    /// Whether a gap of this size is seen with the chance `power`.
    pub(super) fn decides(self, precision: &Precision, gap: f64, power: f64) -> bool {
        match self {
            Self::Fixed => precision.power(gap).is_some_and(|found| found >= power),
            Self::Anytime => precision
                .anytime_smallest_gap(power)
                .is_some_and(|seen| seen <= gap),
        }
    }
}

/// Every look that could have stopped the runs; none where their number was fixed, or where there are very many.
pub(super) fn of(evidence: &ClaimEvidence, measured: &Measured) -> Vec<Look> {
    let Some(first) = evidence.looked_from else {
        return Vec::new();
    };
    let (values, first) = (&measured.values, usize::try_from(first).unwrap_or(usize::MAX));
    let first = first.clamp(1, values.len().max(1));
    if values.len() - first > MOST_LOOKS {
        return Vec::new();
    }
    (first..=values.len())
        .filter_map(|runs| look(evidence, measured, &values[..runs]))
        .collect()
}

fn look(evidence: &ClaimEvidence, measured: &Measured, values: &[f64]) -> Option<Look> {
    let sample = Sample::of(values, evidence.range).ok()?;
    let standing = Standing::of(evidence, measured, &sample);
    let floor = score::floor(evidence.floor, evidence.metric_floor, measured.floor_from_labels);
    let floor = floor.map(|floor| floor.value);
    let score = score::score(sample.mean, evidence.claimed.value, floor, evidence.direction);
    Some(Look {
        runs: sample.runs(),
        difference: standing.difference,
        interval: standing.interval,
        outcome: standing.outcome(score.ok()),
    })
}

/// Whether the runs so far have decided the claim, so that no more are needed.
///
/// Runs that all gave the same value without having written the same bytes have decided nothing before the
/// interval of runs that differ could have: two equal accuracies may be chance. Nor has a single run, where others failed.
pub fn decided(judged: &super::ClaimJudgement, measured: Option<&Measured>) -> bool {
    let differ = judged.se.map_or(judged.runs >= 2, |se| se > 0.0);
    let proven = measured.is_some_and(|measured| measured.identical_outputs);
    match judged.as_measured {
        Outcome::Inconclusive | Outcome::NotRun(_) => false,
        Outcome::Reproduced
        | Outcome::Better
        | Outcome::Partial
        | Outcome::NotReproduced
        | Outcome::Impossible => differ || proven || judged.runs >= FIRST_WITH_ENDS,
    }
}

#[cfg(test)]
mod tests {
    use super::super::compare;
    use super::super::testing::claim;
    use super::*;

    fn decides(values: &[f64], identical_outputs: bool) -> bool {
        let mut evidence = claim("0.80", values);
        evidence.looked_from = Some(2);
        let measured = evidence.measured.as_mut().expect("measured");
        measured.identical_outputs = identical_outputs;
        let judged = compare::claim(&evidence);
        decided(&judged, evidence.measured.as_ref().ok())
    }

    #[test]
    fn neither_a_single_run_nor_equal_values_end_the_runs_by_chance() {
        assert!(!decides(&[0.80], false));
        assert!(!decides(&[0.80, 0.80], false));
        assert!(decides(&[0.80, 0.80], true));
        assert!(decides(&[0.80, 0.80, 0.80, 0.80], false));
        assert!(!decides(&[0.80, 0.801, 0.799], false));
        assert!(decides(&[0.80, 0.801, 0.799, 0.80, 0.8005], false));
    }
}
