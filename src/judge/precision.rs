//! How precisely the difference between measurement and claim is known.

use super::compare::{ALPHA, POWER, Sample, usable};
use crate::manifest::Printed;
use crate::stats::{self, ByDegrees};

/// t(1 − α, df).
static QUANTILE: ByDegrees = ByDegrees::new(|df| stats::t_quantile(1.0 - ALPHA, df));

/// The smallest gap that is seen with the usual chance, in standard errors.
static GAP: ByDegrees = ByDegrees::new(|df| stats::smallest_gap(1.0, df, ALPHA, POWER));

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
    /// A gain for each of several seeds that both claims were run with.
    PairedSeeds,
    /// A gain on the same examples, resampled over them.
    PairedExamples,
    /// Several runs of each of two claims, which are not paired.
    TwoSamples,
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
            Self::PairedSeeds => "paired-seeds",
            Self::PairedExamples => "paired-examples",
            Self::TwoSamples => "welch-two-samples",
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
    /// The part of the measured mean, where runs may be looked at one by one.
    own: Option<Part>,
    /// The part of the claimed mean, which is what it is.
    theirs: Option<Part>,
}

/// A mean of several runs: one of the two parts of a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    /// Standard deviation of one run, ≥ 0.
    sd: f64,
    /// Degrees of freedom of that, ≥ 1.
    df: f64,
    /// How many runs the mean is over, ≥ 1.
    runs: f64,
}

impl Part {
    fn of(sd: f64, runs: u64) -> Self {
        let runs = runs as f64;
        Self {
            sd,
            df: runs - 1.0,
            runs,
        }
    }

    fn se(&self) -> f64 {
        self.sd / self.runs.sqrt()
    }

    /// Half the interval of a number of runs that was fixed beforehand.
    fn fixed(&self) -> Option<f64> {
        let se = self.se();
        if se <= 0.0 {
            return Some(0.0);
        }
        QUANTILE.at(self.df).map(|t| t * se)
    }

    /// Half the interval that may be looked at after every run.
    fn anytime(&self) -> Option<f64> {
        stats::anytime_half_width(self.se(), self.df, self.runs, ALPHA)
    }
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
                let theirs = Part::of(claimed.sd, claimed.runs);
                Self {
                    basis: Basis::Prediction,
                    se: Some(claimed.sd * (1.0 + 1.0 / theirs.runs).sqrt()),
                    df: Some(theirs.df),
                    own: Some(Part { runs: 1.0, ..theirs }),
                    theirs: Some(theirs),
                }
            }
            (None, None) if deterministic => Self::without_spread(Basis::Deterministic, Some(0.0)),
            (None, None) => Self::without_spread(Basis::SingleRun, None),
        }
    }

    /// A standard error that was found elsewhere.
    pub(super) fn given(basis: Basis, se: Option<f64>, df: Option<f64>) -> Self {
        Self {
            df,
            ..Self::without_spread(basis, se)
        }
    }

    /// The same, which something else than the runs themselves stands behind.
    pub(super) fn resting_on(self, basis: Basis) -> Self {
        Self { basis, ..self }
    }

    fn without_spread(basis: Basis, se: Option<f64>) -> Self {
        Self {
            basis,
            se,
            df: None,
            own: None,
            theirs: None,
        }
    }

    /// What `runs` ≥ 2 runs with this spread would give.
    pub(super) fn of_runs(sd: f64, runs: u64, claimed: Option<ClaimedSpread>) -> Self {
        let own = Part::of(sd, runs);
        let both = claimed.and_then(|claimed| {
            let welch = stats::welch((sd, runs), (claimed.sd, claimed.runs))?;
            Some((welch, Part::of(claimed.sd, claimed.runs)))
        });
        match both {
            Some((welch, theirs)) => Self {
                basis: Basis::Welch,
                se: Some(welch.se),
                df: welch.df,
                own: Some(own),
                theirs: Some(theirs),
            },
            None => Self {
                basis: Basis::Runs,
                se: Some(own.se()),
                df: Some(own.df),
                own: Some(own),
                theirs: None,
            },
        }
    }

    /// Half the width of the 1 − 2α interval; `None` for a single run. A spread of 0 is a fact: half of 0 is 0.
    pub(super) fn half_width(&self) -> Option<f64> {
        let se = self.se?;
        if se <= 0.0 {
            return Some(0.0);
        }
        QUANTILE.at(self.df?).map(|t| t * se)
    }

    /// The same where the runs may be looked at one by one; `None` while it has no ends.
    ///
    /// The claimed mean does not grow with the looks, so its own part has the fixed width. The two are put
    /// together as by G. Zou and A. Donner, *Construction of confidence limits about effect measures: a general
    /// approach*, Statistics in Medicine 27 (2008): the root of the sum of their squares.
    pub(super) fn anytime_half_width(&self) -> Option<f64> {
        let Some(own) = self.own else {
            return self.half_width();
        };
        let theirs = self.theirs.map_or(Some(0.0), |part| part.fixed())?;
        Some(own.anytime()?.hypot(theirs))
    }

    /// The chance that the test decides a gap of this size.
    pub(super) fn power(&self, gap: f64) -> Option<f64> {
        let se = self.se?;
        if se <= 0.0 {
            return Some(if gap > 0.0 { 1.0 } else { 0.0 });
        }
        let df = self.df?;
        stats::power_beyond(QUANTILE.at(df)?, gap / se, df)
    }

    /// The smallest gap that is seen with the chance [`POWER`].
    pub(super) fn smallest_gap(&self) -> Option<f64> {
        let se = self.se?;
        if se <= 0.0 {
            return Some(0.0);
        }
        Some(GAP.at(self.df?)? * se)
    }

    /// The same where the runs may be looked at one by one; `None` while the interval has no ends.
    ///
    /// Normal noise around the gap is allowed for beside the interval: close to the truth, and never exact.
    pub(super) fn anytime_smallest_gap(&self, power: f64) -> Option<f64> {
        Some(self.anytime_half_width()? + stats::normal_quantile(power)? * self.se?)
    }
}
