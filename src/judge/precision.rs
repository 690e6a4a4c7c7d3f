//! How precisely the difference between measurement and claim is known.

use super::compare::Sample;
use crate::manifest::Printed;
use crate::stats;

use super::compare::usable;

/// The runs that stand behind a printed spread whose count is not given.
const ASSUMED_RUNS: u64 = 10;

/// Which row of the table in judging.md §2 applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Several runs, and the claim has a spread over several.
    Welch,
    /// Several runs.
    Runs,
    /// One run, and the claim has a spread over several: the prediction interval of one more.
    Prediction,
    /// One run of a step that was proven deterministic.
    Deterministic,
    /// One run, and nothing is known of its spread.
    SingleRun,
}

impl Basis {
    /// The words that reports and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            Self::Welch => "welch",
            Self::Runs => "runs",
            Self::Prediction => "prediction",
            Self::Deterministic => "deterministic",
            Self::SingleRun => "single-run",
        }
    }
}

/// The standard error of the difference, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Precision {
    /// Which row applies.
    pub basis: Basis,
    /// Standard error ≥ 0 in the metric's own unit; `None` for a single run.
    pub se: Option<f64>,
    /// Degrees of freedom ≥ 1; `None` where the table has none.
    pub df: Option<f64>,
}

/// The spread that a claim states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ClaimedSpread {
    /// Standard deviation ≥ 0 over the runs.
    pub(super) sd: f64,
    /// How many, at least 2.
    pub(super) runs: u64,
    /// Whether that count is our assumption.
    pub(super) assumed: bool,
}

impl ClaimedSpread {
    /// `None` where no spread is stated, or one over fewer than two runs.
    pub(super) fn of(claimed: &Printed, runs: Option<u32>) -> Option<Self> {
        let sd = claimed.spread.and_then(usable).filter(|sd| *sd >= 0.0)?;
        let count = runs.map_or(ASSUMED_RUNS, u64::from);
        (count >= 2).then_some(Self {
            sd,
            runs: count,
            assumed: runs.is_none(),
        })
    }
}

impl Precision {
    /// The first row of the table that applies.
    pub(super) fn of(sample: &Sample, claimed: Option<ClaimedSpread>, deterministic: bool) -> Self {
        match (sample.sd, claimed) {
            (Some(sd), claimed) => Self::of_runs(sd, sample.runs(), claimed),
            (None, Some(claimed)) => {
                let runs = claimed.runs as f64;
                let se = claimed.sd * (1.0 + 1.0 / runs).sqrt();
                Self {
                    basis: Basis::Prediction,
                    se: Some(se),
                    df: Some(runs - 1.0),
                }
            }
            (None, None) if deterministic => Self {
                basis: Basis::Deterministic,
                se: Some(0.0),
                df: None,
            },
            (None, None) => Self {
                basis: Basis::SingleRun,
                se: None,
                df: None,
            },
        }
    }

    /// What `runs` ≥ 2 runs with this spread would give.
    pub(super) fn of_runs(sd: f64, runs: u64, claimed: Option<ClaimedSpread>) -> Self {
        let both = claimed.and_then(|claimed| stats::welch((sd, runs), (claimed.sd, claimed.runs)));
        if let Some(welch) = both {
            return Self {
                basis: Basis::Welch,
                se: Some(welch.se),
                df: welch.df,
            };
        }
        let count = runs as f64;
        Self {
            basis: Basis::Runs,
            se: Some(sd / count.sqrt()),
            df: Some(count - 1.0),
        }
    }

    /// Half the width of the 1 − 2α interval; `None` for a single run. A spread of 0 is a fact: half of 0 is 0.
    pub(super) fn half_width(&self, alpha: f64) -> Option<f64> {
        let se = self.se?;
        if se <= 0.0 {
            return Some(0.0);
        }
        stats::t_quantile(1.0 - alpha, self.df?).map(|t| t * se)
    }

    /// The chance that the test decides a gap of this size.
    pub(super) fn power(&self, gap: f64, alpha: f64) -> Option<f64> {
        let se = self.se?;
        if se <= 0.0 {
            return Some(if gap > 0.0 { 1.0 } else { 0.0 });
        }
        stats::t_power(gap / se, self.df?, alpha)
    }
}
