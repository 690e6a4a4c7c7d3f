//! How many runs it takes to see a gap, and how small a gap some runs can see.

use statrs::function::gamma::ln_gamma;

use super::distribution::{normal_cdf, t_quantile};
use super::finite;

/// Panels of the integral; 1e-8 is reached with half of them.
const PANELS: u32 = 200;

/// From how many degrees of freedom on the scale of a t variable is nearly normal.
const MANY: f64 = 2000.0;

/// The chance that a one-sided t test at level `alpha` sees a gap of `noncentrality` standard errors.
///
/// This is P(T > t(1 − α, df)) for a noncentral t variable T, by Simpson's rule over
/// the scale of its denominator; from 2,000 degrees of freedom on by the usual normal
/// approximation. Good to 1e-5, which is finer than any use of a power.
///
/// `None` unless `df` ≥ 1, 0 < `alpha` < 1 and `noncentrality` is a number.
///
/// Reference: N. L. Johnson, S. Kotz and N. Balakrishnan, *Continuous Univariate
/// Distributions* vol. 2, 1995, chapter 31.
pub fn t_power(noncentrality: f64, df: f64, alpha: f64) -> Option<f64> {
    power_beyond(t_quantile(1.0 - alpha, df)?, noncentrality, df)
}

/// The chance that a noncentral t variable exceeds `critical`.
fn power_beyond(critical: f64, noncentrality: f64, df: f64) -> Option<f64> {
    if df.is_nan() || df < 1.0 || noncentrality.is_nan() {
        return None;
    }
    if df > MANY {
        let scale = (1.0 + critical * critical / (2.0 * df)).sqrt();
        return normal_cdf((noncentrality - critical * (1.0 - 0.25 / df)) / scale);
    }
    let (low, high) = ((1.0 - 8.0 / df.sqrt()).max(0.0), 1.0 + 9.0 / df.sqrt());
    let integrand = |root: f64| {
        let scale = root * root;
        let seen = normal_cdf(noncentrality - critical * scale).unwrap_or(0.0);
        seen * chi_density(scale, df) * 2.0 * root
    };
    finite(simpson(low.sqrt(), high.sqrt(), integrand).clamp(0.0, 1.0))
}

/// The density of √(χ²/df) at `scale`.
fn chi_density(scale: f64, df: f64) -> f64 {
    if scale <= 0.0 {
        return if df > 1.0 {
            0.0
        } else {
            (2.0 / std::f64::consts::PI).sqrt()
        };
    }
    let half = 0.5 * df;
    let log = std::f64::consts::LN_2 + half * half.ln() - ln_gamma(half) + (df - 1.0) * scale.ln();
    (log - half * scale * scale).exp()
}

fn simpson(low: f64, high: f64, function: impl Fn(f64) -> f64) -> f64 {
    let width = (high - low) / f64::from(PANELS);
    let inner = (1..PANELS).map(|index| {
        let weight = if index % 2 == 1 { 4.0 } else { 2.0 };
        weight * function(low + width * f64::from(index))
    });
    (function(low) + inner.sum::<f64>() + function(high)) * width / 3.0
}

/// The smallest number of runs from `start` up to `limit` at which `decides` holds; `None` if it never does.
///
/// `decides` must not turn false again as the runs grow.
///
/// # Examples
///
/// ```
/// use reproof::stats::runs_needed;
///
/// assert_eq!(runs_needed(2, 1000, |runs| runs * runs >= 50), Some(8));
/// assert_eq!(runs_needed(2, 1000, |_| false), None);
/// ```
pub fn runs_needed(start: u64, limit: u64, decides: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (start, start);
    while !decides(high) {
        if high >= limit {
            return None;
        }
        low = high + 1;
        high = high.saturating_mul(2).max(low).min(limit);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if decides(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(high)
}

/// The smallest gap that a one-sided t test at level `alpha` with standard error `se` sees with chance `power`.
///
/// In the unit of `se`; 0 where `se` is 0. `None` for impossible arguments.
pub fn smallest_gap(se: f64, df: f64, alpha: f64, power: f64) -> Option<f64> {
    let possible = se >= 0.0 && power > 0.0 && power < 1.0;
    if !possible {
        return None;
    }
    let critical = t_quantile(1.0 - alpha, df)?;
    let mut high = critical.abs() + 1.0;
    while power_beyond(critical, high, df)? < power {
        high *= 2.0;
        finite(high)?;
    }
    let mut low = 0.0;
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if power_beyond(critical, middle, df)? < power {
            low = middle;
        } else {
            high = middle;
        }
    }
    finite(high * se)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_gap_is_seen_as_often_as_the_level_says() {
        for df in [1.0, 2.0, 10.0, 1000.0, 3000.0] {
            let power = t_power(0.0, df, 0.05).expect("a power");
            assert!((power - 0.05).abs() < 1e-5, "{df}: {power}");
        }
    }

    #[test]
    fn the_smallest_gap_is_the_one_with_the_wanted_power() {
        for df in [1.0, 4.0, 50.0] {
            let gap = smallest_gap(2.0, df, 0.05, 0.8).expect("a gap");
            let power = t_power(gap / 2.0, df, 0.05).expect("a power");
            assert!((power - 0.8).abs() < 1e-6, "{df}: {power}");
        }
        assert_eq!(smallest_gap(0.0, 3.0, 0.05, 0.8), Some(0.0));
        assert_eq!(smallest_gap(f64::NAN, 3.0, 0.05, 0.8), None);
    }

    #[test]
    fn runs_are_counted_from_the_start_and_up_to_the_limit() {
        assert_eq!(runs_needed(3, 100, |_| true), Some(3));
        assert_eq!(runs_needed(3, 100, |runs| runs >= 4), Some(4));
        assert_eq!(runs_needed(3, 100, |runs| runs >= 100), Some(100));
        assert_eq!(runs_needed(3, 100, |runs| runs > 100), None);
        assert_eq!(runs_needed(u64::MAX - 1, u64::MAX, |_| false), None);
    }
}
