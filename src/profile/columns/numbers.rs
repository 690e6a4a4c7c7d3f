//! Numbers: moments of all of them, quantiles of the sample.

use serde::Serialize;

use super::accumulate::{Accumulator, SENTINELS};
use super::moments::Moments;

/// The quantiles that are given.
const LEVELS: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/// Bars of the histogram.
const BARS: usize = 16;

/// The chance that an estimated quantile is further off than is said.
const RISK: f64 = 0.001;

/// The distribution of a column of numbers. Infinite ones are counted and otherwise left out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Numbers {
    /// The smallest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// The sample standard deviation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sd: Option<f64>,
    /// m₃/m₂^1.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skewness: Option<f64>,
    /// m₄/m₂² − 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kurtosis: Option<f64>,
    /// Share of zeros.
    pub zero_share: f64,
    /// Negative numbers.
    pub negative: u64,
    /// Infinite ones.
    pub infinite: u64,
    /// Quantiles, by linear interpolation.
    pub quantiles: Vec<Quantile>,
    /// If the quantiles come from a sample: how far off their levels are at most, in 99.9 of 100 cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantile_error: Option<f64>,
    /// Values far from the middle half.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outliers: Option<Outliers>,
    /// Counts in 16 bars of equal width from the 1 % to the 99 % quantile; what lies beyond is in the outer bars.
    pub histogram: Vec<u64>,
}

/// A quantile.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Quantile {
    /// Its level, between 0 and 1.
    pub level: f64,
    /// Its value.
    pub value: f64,
}

/// Values beyond fences around the middle half.
///
/// Reference: J. W. Tukey, *Exploratory Data Analysis*, 1977.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outliers {
    /// More than 1.5 times the interquartile range away from the quartiles.
    pub mild: u64,
    /// More than 3 times.
    pub extreme: u64,
    /// Whether all values were looked at; otherwise the counts are those of the sample, scaled up.
    pub exact: bool,
}

impl Numbers {
    pub(super) fn of(
        seen: &Accumulator,
        sentinels: &[usize],
        sample: &[Option<f64>],
        complete: bool,
    ) -> Self {
        let (mut moments, mut range, mut negative) = (seen.moments, seen.numbers, seen.kinds.negative);
        // Numbers that might have stood for nothing and do not.
        for (which, value) in SENTINELS.iter().enumerate() {
            let count = seen.sentinels[which];
            if count > 0 && !sentinels.contains(&which) {
                moments = moments.and(Moments::repeated(*value, count));
                range.add(*value);
                negative += if *value < 0.0 { count } else { 0 };
            }
        }
        let mut values: Vec<f64> = sample.iter().copied().flatten().collect();
        let quantiles = quantiles(&mut values);
        let ends = range.ends();
        let count = moments.count();
        Self {
            min: ends.map(|(low, _)| low),
            max: ends.map(|(_, high)| high),
            mean: moments.mean(),
            sd: moments.sd(),
            skewness: moments.skewness(),
            kurtosis: moments.kurtosis(),
            zero_share: seen.kinds.zeros as f64 / count.max(1) as f64,
            negative,
            infinite: seen.kinds.infinite,
            quantile_error: (!complete && !values.is_empty()).then(|| band(values.len())),
            outliers: outliers(&values, &quantiles, count, complete),
            histogram: histogram(&values, &quantiles),
            quantiles,
        }
    }
}

/// How far the empirical distribution of `n` values strays at most, at the risk of [`RISK`].
///
/// Reference: P. Massart, *The tight constant in the Dvoretzky–Kiefer–Wolfowitz inequality*, 1990.
fn band(n: usize) -> f64 {
    ((2.0 / RISK).ln() / (2.0 * n as f64)).sqrt()
}

/// The `level` quantile of sorted values, by linear interpolation between the two nearest.
pub(crate) fn quantile(sorted: &[f64], level: f64) -> Option<f64> {
    let (below, part) = place(sorted.len(), level)?;
    between(sorted[below], sorted[(below + 1).min(sorted.len() - 1)], part)
}

/// The place of the value at or below the `level` quantile of `count` sorted values, and how far beyond it that is.
fn place(count: usize, level: f64) -> Option<(usize, f64)> {
    let last = count.checked_sub(1)?;
    let place = level * last as f64;
    let below = (place.floor() as usize).min(last);
    Some((below, place - below as f64))
}

fn between(low: f64, high: f64, part: f64) -> Option<f64> {
    let value = low + (high - low) * part; // equal neighbours give their value to the last bit
    let halves = low * (1.0 - part) + high * part; // where their difference overflows
    [value, halves].into_iter().find(|value| value.is_finite())
}

/// The quantiles at [`LEVELS`]; only partly sorts the values, which is much faster.
fn quantiles(values: &mut [f64]) -> Vec<Quantile> {
    let mut done = 0;
    let mut found = Vec::with_capacity(LEVELS.len());
    for level in LEVELS {
        let Some((below, part)) = place(values.len(), level) else {
            return found;
        };
        // The levels rise: what is before `done` is below all that follows.
        let (_, low, above) = values[done..].select_nth_unstable_by(below - done, f64::total_cmp);
        let low = *low;
        let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
        found.extend(between(low, high, part).map(|value| Quantile { level, value }));
        done = below;
    }
    found
}

/// The value at one of [`LEVELS`].
fn at(quantiles: &[Quantile], level: f64) -> Option<f64> {
    let found = quantiles.iter().find(|quantile| quantile.level == level);
    found.map(|quantile| quantile.value)
}

fn outliers(values: &[f64], quantiles: &[Quantile], count: u64, exact: bool) -> Option<Outliers> {
    let (low, high) = (at(quantiles, 0.25)?, at(quantiles, 0.75)?);
    let beyond = |factor: f64| {
        let reach = factor * (high - low);
        let out = |value: &&f64| **value < low - reach || **value > high + reach;
        let found = values.iter().filter(out).count() as u64;
        if exact {
            return found;
        }
        (found as f64 * count as f64 / values.len() as f64).round() as u64
    };
    Some(Outliers {
        mild: beyond(1.5),
        extreme: beyond(3.0),
        exact,
    })
}

fn histogram(values: &[f64], quantiles: &[Quantile]) -> Vec<u64> {
    let mut bars = vec![0; BARS];
    let (Some(low), Some(high)) = (at(quantiles, 0.01), at(quantiles, 0.99)) else {
        return Vec::new();
    };
    let width = (high / BARS as f64) - (low / BARS as f64);
    if width <= 0.0 {
        return Vec::new();
    }
    for value in values {
        // Saturates at both ends.
        let bar = ((value - low) / width) as usize;
        bars[bar.min(BARS - 1)] += 1;
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(quantile(&sorted, 0.25), Some(1.75)); // numpy.quantile([1, 2, 4, 8], 0.25)
        assert_eq!(quantile(&sorted, 0.5), Some(3.0));
        assert_eq!(quantile(&[0.1; 3], 0.3), Some(0.1));
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[-f64::MAX, f64::MAX], 0.5), Some(0.0));
    }

    #[test]
    fn quantiles_without_sorting_are_those_with_it() {
        for count in [1_usize, 2, 3, 7, 100, 1001] {
            let mut values: Vec<f64> = (0..count).map(|i| ((i * 7919) % 613) as f64 / 3.0).collect();
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let found = quantiles(&mut values);
            assert_eq!(found.len(), LEVELS.len());
            for found in found {
                assert_eq!(Some(found.value), quantile(&sorted, found.level), "{count}");
            }
        }
        assert!(quantiles(&mut []).is_empty());
    }

    #[test]
    fn outliers_are_beyond_the_fences() {
        let mut values: Vec<f64> = (0..100).map(f64::from).collect();
        values.extend([200.0, 1000.0]);
        let quantiles = quantiles(&mut values);
        let found = outliers(&values, &quantiles, 102, true).expect("outliers");
        assert_eq!((found.mild, found.extreme), (2, 1));
        let scaled = outliers(&values, &quantiles, 1020, false).expect("outliers");
        assert_eq!((scaled.mild, scaled.exact), (20, false));
    }

    #[test]
    fn the_band_is_that_of_massart() {
        assert!((band(50_000) - 0.008_718).abs() < 1e-6);
    }
}
