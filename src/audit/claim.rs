//! A printed number as the interval that it stands for.

use crate::manifest::Printed;

/// How far past an edge a number still counts as on it, relative to the largest number involved: claims are decimal,
/// and `f64` is not.
pub(super) const EDGE: f64 = 1e-9;

/// An interval; its ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Span {
    /// All numbers that are printed as `value`, with a slack; a tie may be rounded either way.
    pub(super) fn of(value: f64, unit: f64) -> Self {
        let reach = unit / 2.0 + EDGE * value.abs().max(unit);
        Self {
            low: value - reach,
            high: value + reach,
        }
    }

    /// What `printed` stands for, in the metric's own unit.
    pub(super) fn printed(printed: &Printed) -> Self {
        Self::of(printed.value, printed.unit)
    }

    pub(super) fn has(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }

    /// The image under a function that grows.
    pub(super) fn map(self, grows: impl Fn(f64) -> f64) -> Self {
        Self {
            low: grows(self.low),
            high: grows(self.high),
        }
    }

    /// `1 − x`.
    pub(super) fn complement(self) -> Self {
        Self {
            low: 1.0 - self.high,
            high: 1.0 - self.low,
        }
    }

    /// Widened by the slack, for a bound that was computed.
    pub(super) fn loosened(self) -> Self {
        let slack = EDGE * self.low.abs().max(self.high.abs());
        Self {
            low: self.low - slack,
            high: self.high + slack,
        }
    }
}

/// How many values were averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// So many: at least one.
    Known(u64),
    /// A spread is printed, and nothing says over how many.
    Unknown,
}

impl Runs {
    /// No spread and no number of runs: one run.
    pub(super) fn of(runs: Option<u32>, printed: &Printed) -> Self {
        match (runs, printed.spread) {
            (Some(runs), _) => Self::Known(u64::from(runs.max(1))),
            (None, None) => Self::Known(1),
            (None, Some(_)) => Self::Unknown,
        }
    }
}
