//! The statistics alone, on numbers given by hand: the core of `reproof judge`.

use crate::manifest::{Printed, Tolerance};
use crate::measure::MetricInfo;

use super::compare::{self, ClaimJudgement};
use super::evidence::{ClaimEvidence, Measured};

/// What `reproof judge` is given.
#[derive(Clone, Debug)]
pub struct Numbers<'a> {
    /// What is known of the metric: direction, range, floor.
    pub metric: &'a MetricInfo,
    /// The claimed value as printed.
    pub claimed: Printed,
    /// The number of runs behind it.
    pub claimed_runs: Option<u32>,
    /// One a run, in the metric's own unit.
    pub measured: Vec<f64>,
    /// What a model that learnt nothing gets; `None`: what the metric says.
    pub floor: Option<f64>,
    /// How far from the claim still counts.
    pub tolerance: Option<Tolerance>,
    /// Whether the runs were looked at one by one and could be stopped by what they showed.
    pub anytime: bool,
}

/// Judges one claim by numbers given by hand.
///
/// A value outside the metric's range makes the claim `not-run` with
/// `measurement-invalid`; nothing else is examined.
pub fn numbers(given: &Numbers<'_>) -> ClaimJudgement {
    compare::claim(&ClaimEvidence {
        id: "claim".to_owned(),
        primary: true,
        weight: 1.0,
        metric: given.metric.name.clone(),
        direction: given.metric.direction,
        compares: None,
        range: Some(given.metric.range),
        claimed: given.claimed.clone(),
        claimed_runs: given.claimed_runs,
        claimed_examples: None,
        floor: given.floor,
        metric_floor: given.metric.floor,
        tolerance: given.tolerance,
        looked_from: given.anytime.then_some(2),
        impossible: None,
        measured: Ok(Measured {
            values: given.measured.clone(),
            ..Measured::default()
        }),
    })
}
