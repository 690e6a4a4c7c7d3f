//! How far below the claim still counts as the claim.

use std::fmt;

use super::compare::usable;
use super::words::short;
use crate::manifest::{Printed, Tolerance};

/// The share of the claim that is always granted, unless the manifest says otherwise.
const GRANTED: f64 = 0.01;

/// The margin δ of a claim, with what it was taken from.
///
/// Displays as the largest of its parts: `0.0083 = max(half-unit 0.0005, 1 % of the claim 0.0083, claimed spread 0.007)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Margin {
    /// δ ≥ 0, in the metric's own unit: the largest of the parts.
    pub value: f64,
    /// What it was taken from; never empty.
    pub parts: Vec<MarginPart>,
}

/// One candidate for the margin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarginPart {
    /// Where it comes from.
    pub source: MarginSource,
    /// How large it is, ≥ 0, in the metric's own unit.
    pub value: f64,
}

/// Where a margin comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarginSource {
    /// Half a unit of the last printed place.
    HalfUnit,
    /// 1 % of the claimed value.
    OnePercent,
    /// The claimed spread.
    ClaimedSpread,
    /// The manifest's absolute tolerance.
    AbsoluteTolerance,
    /// The manifest's tolerance relative to the claimed value.
    RelativeTolerance,
}

impl MarginSource {
    /// The words that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::HalfUnit => "half-unit",
            Self::OnePercent => "1 % of the claim",
            Self::ClaimedSpread => "claimed spread",
            Self::AbsoluteTolerance => "absolute tolerance",
            Self::RelativeTolerance => "relative tolerance",
        }
    }
}

impl fmt::Display for Margin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.parts.iter().map(MarginPart::to_string).collect();
        match parts.as_slice() {
            [only] => write!(f, "{} = {only}", short(self.value)),
            several => write!(f, "{} = max({})", short(self.value), several.join(", ")),
        }
    }
}

impl fmt::Display for MarginPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.source.name(), short(self.value))
    }
}

impl Margin {
    /// The margin of a claim: the manifest's tolerance, else by the defaults of judging.md §2.
    ///
    /// `as_released`: a released checkpoint on the paper's own split must give the same digits.
    pub(super) fn of(claimed: &Printed, tolerance: Option<Tolerance>, as_released: bool) -> Self {
        let own = tolerance
            .map(|tolerance| own_parts(claimed, tolerance))
            .unwrap_or_default();
        let parts = if own.is_empty() {
            default_parts(claimed, as_released)
        } else {
            own
        };
        let value = parts.iter().map(|part| part.value).fold(0.0, f64::max);
        Self { value, parts }
    }
}

fn part(source: MarginSource, value: f64) -> Option<MarginPart> {
    usable(value)
        .filter(|value| *value >= 0.0)
        .map(|value| MarginPart { source, value })
}

fn own_parts(claimed: &Printed, tolerance: Tolerance) -> Vec<MarginPart> {
    let absolute = tolerance
        .absolute
        .and_then(|value| part(MarginSource::AbsoluteTolerance, value));
    let relative = tolerance
        .relative
        .and_then(|share| part(MarginSource::RelativeTolerance, share * claimed.value.abs()));
    absolute.into_iter().chain(relative).collect()
}

fn default_parts(claimed: &Printed, as_released: bool) -> Vec<MarginPart> {
    let half = part(MarginSource::HalfUnit, half_unit(claimed));
    let half = half.unwrap_or(MarginPart {
        source: MarginSource::HalfUnit,
        value: 0.0,
    });
    if as_released {
        return vec![half];
    }
    let percent = part(MarginSource::OnePercent, GRANTED * claimed.value.abs());
    let spread = claimed
        .spread
        .and_then(|spread| part(MarginSource::ClaimedSpread, spread));
    [Some(half), percent, spread].into_iter().flatten().collect()
}

/// Half a unit of the last printed place; 0 if the claim does not say.
pub(super) fn half_unit(claimed: &Printed) -> f64 {
    usable(claimed.unit)
        .filter(|unit| *unit > 0.0)
        .map_or(0.0, |unit| 0.5 * unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::printed;

    fn tolerance(absolute: Option<f64>, relative: Option<f64>) -> Option<Tolerance> {
        Some(Tolerance { absolute, relative })
    }

    #[test]
    fn the_default_is_the_largest_of_three_and_says_so() {
        let margin = Margin::of(&printed("83.0 ± 0.7 %"), None, false);
        assert_eq!(
            margin.to_string(),
            "0.0083 = max(half-unit 0.0005, 1 % of the claim 0.0083, claimed spread 0.007)"
        );
        let coarse = Margin::of(&printed("0.1"), None, false);
        assert_eq!(coarse.value, 0.05);
        let noisy = Margin::of(&printed("0.5 ± 0.1"), None, false);
        assert_eq!(noisy.value, 0.1);
    }

    #[test]
    fn a_released_checkpoint_has_to_give_the_same_digits() {
        let margin = Margin::of(&printed("83.0 ± 0.7 %"), None, true);
        assert_eq!(margin.to_string(), "0.0005 = half-unit 0.0005");
    }

    #[test]
    fn a_tolerance_replaces_everything_and_the_larger_of_two_counts() {
        let claim = printed("0.8");
        assert_eq!(
            Margin::of(&claim, tolerance(Some(0.001), None), false).value,
            0.001
        );
        assert_eq!(
            Margin::of(&claim, tolerance(Some(0.001), Some(0.1)), true).value,
            0.8 * 0.1
        );
        assert_eq!(Margin::of(&claim, tolerance(Some(0.0), None), false).value, 0.0);
    }

    #[test]
    fn a_tolerance_that_is_no_number_is_none() {
        let claim = printed("0.8");
        let default = Margin::of(&claim, None, false);
        assert_eq!(
            Margin::of(&claim, tolerance(Some(f64::NAN), Some(-1.0)), false),
            default
        );
        assert_eq!(Margin::of(&claim, tolerance(None, None), false), default);
    }
}
