//! The best of several runs: how many of them a high value speaks for.

use super::distribution::normal_cdf;
use super::finite;
use super::quadrature::{chi_points, normal_points};

/// How many runs it takes for an even chance that the best of them is `z` standard deviations above their mean.
///
/// Solves Φ(z)ᵏ = ½ for normal runs: k = ln ½ / ln Φ(z), less than 1 where z < 0. `None` for NaN and
/// where k is infinite.
///
/// # Examples
///
/// ```
/// use reproof::stats::best_of;
///
/// assert!((best_of(0.0).expect("a number") - 1.0).abs() < 1e-12);
/// assert!(best_of(2.0).expect("a number") > 30.0);
/// ```
pub fn best_of(z: f64) -> Option<f64> {
    let above = normal_cdf(-z)?; // 1 − Φ(z), which keeps its digits
    finite(-std::f64::consts::LN_2 / (-above).ln_1p())
}

/// For which k the best of k runs may be `t` sample standard deviations above the sample mean of `runs` others.
///
/// The k from 1 to `most` that a two-sided test at level 2·`alpha` does not exclude, runs being normal, k taken
/// as a real number; the second end is `None` where `most` is not excluded. With M the best of k new runs, the
/// test rests on the exact distribution
///
/// > P((M − m)/s ≤ t) = E[Φ(Z/√n + t·S)ᵏ]
///
/// with Z standard normal and S² = χ²/(n − 1) over n − 1, so the limits hold at their level for every k and for
/// any number of runs. `None` unless `runs` ≥ 2, `t` is a number and 0 < `alpha` < ½.
///
/// This is the prediction limit for the largest of k future values read backwards: G. J. Hahn and W. Q. Meeker,
/// *Statistical Intervals*, 1991, section 4.8.
pub fn best_of_limits(t: f64, runs: u64, alpha: f64, most: f64) -> Option<(f64, Option<f64>)> {
    if t.is_nan() || runs < 2 || !(alpha > 0.0 && alpha < 0.5) {
        return None;
    }
    let best = Best::new(t, runs);
    let low = best.count_with(1.0 - alpha, most)?;
    let high = best.count_with(alpha, most);
    Some((low, high))
}

/// The distribution of the best of k runs at one place: (ln Φ, weight) for each point of the integral.
struct Best {
    points: Vec<(f64, f64)>,
}

impl Best {
    fn new(t: f64, runs: u64) -> Self {
        let count = runs as f64;
        let scales = chi_points(count - 1.0);
        let means = normal_points(1.0 / count.sqrt()).into_iter();
        let points = means.flat_map(|(mean, weight)| {
            let weighted = scales.into_iter();
            let weighted = weighted.map(move |(scale, of_scale)| (scale, weight * of_scale));
            // What weighs less does not change the first six digits.
            let seen = weighted.filter(|(_, weight)| *weight > 1e-9);
            seen.filter_map(move |(scale, weight)| {
                let above = normal_cdf(-(mean + t * scale))?;
                Some(((-above).ln_1p(), weight))
            })
        });
        Self {
            points: points.collect(),
        }
    }

    /// The chance that the best of `count` runs lies below.
    fn chance(&self, count: f64) -> f64 {
        let terms = self.points.iter();
        let seen = terms.filter(|(log, _)| count * log > -40.0);
        seen.map(|(log, weight)| weight * (count * log).exp()).sum()
    }

    /// The k from 1 to `most` with this chance: 1 where it is smaller for all, `None` where it is larger.
    fn count_with(&self, chance: f64, most: f64) -> Option<f64> {
        if self.chance(1.0) <= chance {
            return Some(1.0);
        }
        if self.chance(most) > chance {
            return None;
        }
        // ln(−ln P) is a straight line in ln k where the distribution is known, and nearly one elsewhere.
        let excess = |at: f64| (-self.chance(at.exp()).ln()).ln() - (-chance.ln()).ln();
        let (mut low, mut high) = ((0.0, excess(0.0)), (most.ln(), excess(most.ln())));
        for _ in 0..60 {
            let secant = (low.0 * high.1 - high.0 * low.1) / (high.1 - low.1);
            let inside = secant > low.0 && secant < high.0;
            let at = if inside { secant } else { 0.5 * (low.0 + high.0) };
            let value = excess(at);
            if value.abs() < 1e-7 {
                return Some(at.exp());
            }
            // Illinois: the end that stays counts half, so that it moves soon.
            if value < 0.0 {
                (low, high.1) = ((at, value), 0.5 * high.1);
            } else {
                (high, low.1) = ((at, value), 0.5 * low.1);
            }
        }
        Some((0.5 * (low.0 + high.0)).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_at_the_mean_is_no_luck_and_one_far_above_it_is() {
        assert_eq!(best_of(f64::NAN), None);
        assert_eq!(best_of(60.0), None);
        assert!(best_of(-1.0).expect("a number") < 1.0);
        let (low, high) = best_of_limits(0.0, 10, 0.05, 1e6).expect("limits");
        assert!(low == 1.0 && high.expect("an end") < 10.0);
        let (low, _) = best_of_limits(4.0, 30, 0.05, 1e6).expect("limits");
        assert!(low > 10.0, "{low}");
    }

    #[test]
    fn with_many_runs_the_limits_are_those_of_a_known_distribution() {
        let below = normal_cdf(2.0).expect("a number");
        let (low, high) = best_of_limits(2.0, 1_000_000, 0.05, 1e6).expect("limits");
        let expected = |chance: f64| chance.ln() / below.ln();
        assert!((low / expected(0.95) - 1.0).abs() < 0.02, "{low}");
        assert!((high.expect("an end") / expected(0.05) - 1.0).abs() < 0.02);
    }

    #[test]
    fn impossible_arguments_have_no_answer() {
        assert_eq!(best_of_limits(f64::NAN, 5, 0.05, 1e6), None);
        assert_eq!(best_of_limits(1.0, 1, 0.05, 1e6), None);
        assert_eq!(best_of_limits(1.0, 5, 0.5, 1e6), None);
        assert_eq!(best_of_limits(-9.0, 5, 0.05, 1e6), Some((1.0, Some(1.0))));
    }
}
