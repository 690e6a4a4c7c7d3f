//! Ratio, score, and the overall score with its bounds.

use std::fmt;

use crate::measure::Direction;

use super::compare::{EDGE, sign, usable};

/// The most that a claim can score.
pub const FULL: f64 = 10.0;

/// From this score on a claim that is missed is met in part.
pub const PARTIAL: f64 = 7.0;

/// The largest weight; more counts as this.
const HEAVIEST: f64 = 1e12;

/// What a model that learnt nothing gets, and who says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor {
    /// In the metric's own unit.
    pub value: f64,
    /// Who says so.
    pub source: FloorSource,
}

/// Who says what a model that learnt nothing gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloorSource {
    /// The manifest.
    Manifest,
    /// The metric, whatever the data.
    Metric,
    /// Our copy of the labels.
    Labels,
    /// A comparison: no gain is a gain of 0.
    NoGain,
}

impl FloorSource {
    /// The words that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Manifest => "the manifest",
            Self::Metric => "the metric",
            Self::Labels => "the labels",
            Self::NoGain => "no gain at all",
        }
    }
}

/// The first floor that is known: the manifest's, the metric's own, that of the labels.
pub(super) fn floor(manifest: Option<f64>, metric: Option<f64>, labels: Option<f64>) -> Option<Floor> {
    let known = [
        (manifest, FloorSource::Manifest),
        (metric, FloorSource::Metric),
        (labels, FloorSource::Labels),
    ];
    known.into_iter().find_map(|(value, source)| {
        let value = value.and_then(usable)?;
        Some(Floor { value, source })
    })
}

/// Why a claim has no score, or no ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// The claimed value is 0 or negative: a share of it means nothing.
    #[error("the claimed value is not greater than 0, so no share of it can be formed")]
    ClaimNotPositive,
    /// The claimed value is what a model that learnt nothing gets, or worse.
    #[error("the claimed value is no better than the floor, so there is nothing to score")]
    ClaimAtFloor,
    /// The measured value is 0 or negative where it is the divisor.
    #[error("the measured value is not greater than 0, so no share of the claim can be formed")]
    MeasuredNotPositive,
    /// A value is not a number, or the two are too far apart for their share to be one.
    #[error("the share of the claim is not a finite number")]
    NotANumber,
}

/// m/c, or c/m where lower is better: 0.988 is "reached 98.8 % of the claimed performance".
///
/// # Errors
///
/// Where a share means nothing; never NaN, never infinite.
pub fn ratio(measured: f64, claimed: f64, direction: Direction) -> Result<f64, ScoreError> {
    let ratio = share_of_claim(measured, claimed, direction)?;
    if direction == Direction::LowerIsBetter && measured <= 0.0 {
        return Err(ScoreError::MeasuredNotPositive);
    }
    if ratio.is_finite() {
        Ok(ratio)
    } else {
        Err(ScoreError::NotANumber)
    }
}

/// The score of one claim, from 0 to 10: the share of the way from the floor to the claim.
///
/// Without a floor, the ratio. A better measurement never scores less.
///
/// # Errors
///
/// Where the claim itself leaves nothing to score, whatever was measured.
///
/// # Examples
///
/// ```
/// use reproof::judge::score::score;
/// use reproof::measure::Direction::HigherIsBetter;
///
/// assert_eq!(score(0.5, 0.7, Some(0.5), HigherIsBetter), Ok(0.0)); // a coin flip is not 7.1
/// assert_eq!(score(0.72, 0.7, Some(0.5), HigherIsBetter), Ok(10.0));
/// ```
pub fn score(
    measured: f64,
    claimed: f64,
    floor: Option<f64>,
    direction: Direction,
) -> Result<f64, ScoreError> {
    let share = match floor {
        Some(floor) => share_of_way(measured, claimed, floor, direction)?,
        None => share_of_claim(measured, claimed, direction)?,
    };
    if share.is_nan() {
        Err(ScoreError::NotANumber)
    } else {
        Ok(FULL * share.clamp(0.0, 1.0))
    }
}

/// May be infinite, never NaN: a measured error of 0 is better than any share can say.
fn share_of_claim(measured: f64, claimed: f64, direction: Direction) -> Result<f64, ScoreError> {
    if claimed.is_nan() || claimed <= 0.0 {
        return Err(ScoreError::ClaimNotPositive);
    }
    Ok(match direction {
        Direction::HigherIsBetter => measured / claimed,
        Direction::LowerIsBetter if measured <= 0.0 => 1.0,
        Direction::LowerIsBetter => claimed / measured,
    })
}

fn share_of_way(measured: f64, claimed: f64, floor: f64, direction: Direction) -> Result<f64, ScoreError> {
    let sign = sign(direction);
    let whole = sign * (claimed - floor);
    let slack = EDGE * claimed.abs().max(floor.abs());
    if whole.is_nan() || whole <= slack {
        return Err(ScoreError::ClaimAtFloor);
    }
    Ok(sign * (measured - floor) / whole)
}

/// The overall score: always with its coverage and its bounds.
///
/// Displays as `7.2 / 10 on 5 of 8 claims (4.5–8.3 if the other 3 were 0 or 10)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Overall {
    /// The weighted mean over the claims that have a score; `None` if none has.
    pub value: Option<f64>,
    /// How many claims have a score.
    pub covered: usize,
    /// How many claims there are.
    pub claims: usize,
    /// The weighted mean if all the others were 0. Gates use this.
    pub low: f64,
    /// The weighted mean if all the others were 10.
    pub high: f64,
    /// The weight of each claim as it was used, by id, in the order of the claims.
    pub weights: Vec<(String, f64)>,
}

impl fmt::Display for Overall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            Some(value) => write!(f, "{value:.1} / 10")?,
            None => f.write_str("no score")?,
        }
        write!(f, " on {} of {} claims", self.covered, self.claims)?;
        let rest = self.claims - self.covered;
        if rest > 0 {
            write!(
                f,
                " ({:.1}–{:.1} if the other {rest} were 0 or 10)",
                self.low, self.high
            )?;
        }
        Ok(())
    }
}

/// The weight that is used: negative and non-finite ones are 0.
pub(super) fn weight(weight: f64) -> f64 {
    if weight.is_finite() {
        weight.clamp(0.0, HEAVIEST)
    } else {
        0.0
    }
}

/// The overall score of claims given as id, weight and score. Their order never matters.
pub(super) fn overall(claims: &[(String, f64, Option<f64>)]) -> Overall {
    let weights: Vec<_> = claims
        .iter()
        .map(|(id, given, _)| (id.clone(), weight(*given)))
        .collect();
    let scored = || {
        claims
            .iter()
            .filter_map(|(_, given, score)| Some((weight(*given), (*score)?)))
    };
    let total = sum(weights.iter().map(|(_, weight)| *weight));
    let known = sum(scored().map(|(weight, _)| weight));
    let points = sum(scored().map(|(weight, score)| weight * score));
    let missing = sum(claims
        .iter()
        .filter(|(_, _, score)| score.is_none())
        .map(|(_, given, _)| weight(*given)));
    let (low, high) = if total > 0.0 {
        (points / total, (points + FULL * missing) / total)
    } else {
        (0.0, FULL)
    };
    Overall {
        value: (known > 0.0).then(|| (points / known).clamp(0.0, FULL)),
        covered: scored().count(),
        claims: claims.len(),
        low: low.clamp(0.0, FULL),
        high: high.clamp(0.0, FULL),
        weights,
    }
}

/// The sum in ascending order, so that it is the same for every order of the terms.
fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut terms: Vec<f64> = terms.collect();
    terms.sort_by(f64::total_cmp);
    terms.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    use Direction::{HigherIsBetter as Higher, LowerIsBetter as Lower};

    #[test]
    fn a_score_counts_from_the_floor() {
        assert_eq!(score(0.5, 0.7, Some(0.5), Higher), Ok(0.0));
        assert_eq!(score(0.4, 0.7, Some(0.5), Higher), Ok(0.0));
        assert_eq!(score(0.9, 0.7, Some(0.5), Higher), Ok(10.0));
        assert_eq!(score(3.0, 1.0, Some(5.0), Lower), Ok(5.0));
        assert_eq!(score(9.0, 1.0, Some(5.0), Lower), Ok(0.0));
        assert_eq!(score(0.5, 1.0, Some(5.0), Lower), Ok(10.0));
    }

    #[test]
    fn without_a_floor_the_ratio_counts() {
        assert_eq!(score(0.4, 0.8, None, Higher), Ok(5.0));
        assert_eq!(score(-0.4, 0.8, None, Higher), Ok(0.0));
        assert_eq!(score(0.8, 0.4, None, Lower), Ok(5.0));
        assert_eq!(score(0.0, 0.4, None, Lower), Ok(10.0)); // no error at all is as good as it gets
        assert_eq!(score(1e-300, 1e100, None, Lower), Ok(10.0));
    }

    #[test]
    fn what_cannot_be_divided_has_a_name() {
        assert_eq!(score(0.5, 0.5, Some(0.5), Higher), Err(ScoreError::ClaimAtFloor));
        assert_eq!(score(0.9, 0.4, Some(0.5), Higher), Err(ScoreError::ClaimAtFloor));
        assert_eq!(score(0.9, 0.0, None, Higher), Err(ScoreError::ClaimNotPositive));
        assert_eq!(ratio(0.0, 0.0, Lower), Err(ScoreError::ClaimNotPositive));
        assert_eq!(ratio(0.0, 0.1, Lower), Err(ScoreError::MeasuredNotPositive));
        assert_eq!(ratio(1e150, 1e-300, Higher), Err(ScoreError::NotANumber));
    }

    #[test]
    fn the_overall_score_comes_with_its_bounds() {
        let claims: Vec<_> = [Some(10.0), Some(4.0), None, None]
            .into_iter()
            .map(|score| ("claim".to_owned(), 1.0, score))
            .collect();
        let overall = overall(&claims);
        assert_eq!(
            overall.to_string(),
            "7.0 / 10 on 2 of 4 claims (3.5–8.5 if the other 2 were 0 or 10)"
        );
    }

    #[test]
    fn no_claim_no_score() {
        assert_eq!(overall(&[]).to_string(), "no score on 0 of 0 claims");
        let weightless = overall(&[("a".to_owned(), f64::NAN, Some(3.0))]);
        assert_eq!(
            (weightless.value, weightless.low, weightless.high),
            (None, 0.0, 10.0)
        );
    }
}
