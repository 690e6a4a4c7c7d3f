//! How many runs it takes to see a gap, and how small a gap some runs can see.

use statrs::function::beta::{checked_beta_reg, ln_beta};
use statrs::function::gamma::ln_gamma;

use super::distribution::{normal_cdf, normal_quantile, t_quantile};
use super::finite;
use super::quadrature::{POINTS, chi_points};

/// From how many degrees of freedom on the integral over the scale of a t variable is the faster way.
const MANY: f64 = 5.0;

/// Terms of the series below this no longer matter.
const NOTHING: f64 = 1e-18;

/// The chance that a one-sided t test at level `alpha` sees a gap of `noncentrality` standard errors.
///
/// This is P(T > t(1 − α, df)) for a noncentral t variable T; good to 1e-10.
///
/// `None` unless `df` ≥ 1, 0 < `alpha` < 1 and `noncentrality` is a number.
///
/// Reference: N. L. Johnson, S. Kotz and N. Balakrishnan, *Continuous Univariate
/// Distributions* vol. 2, 1995, chapter 31.
pub fn t_power(noncentrality: f64, df: f64, alpha: f64) -> Option<f64> {
    power_beyond(t_quantile(1.0 - alpha, df)?, noncentrality, df)
}

/// The chance that a noncentral t variable with `df` ≥ 1 degrees of freedom exceeds `critical`; good to 1e-10.
///
/// `None` for impossible arguments.
pub fn power_beyond(critical: f64, noncentrality: f64, df: f64) -> Option<f64> {
    Tail::new(critical, df)?.beyond(noncentrality)
}

/// P(T > `critical`) as a function of the noncentrality.
struct Tail {
    critical: f64,
    df: f64,
    /// Of the integral; the series needs none.
    points: Option<[(f64, f64); POINTS]>,
}

impl Tail {
    fn new(critical: f64, df: f64) -> Option<Self> {
        (df >= 1.0).then(|| Self {
            critical,
            df,
            points: (df > MANY).then(|| chi_points(df)),
        })
    }

    fn beyond(&self, noncentrality: f64) -> Option<f64> {
        if noncentrality.is_nan() {
            return None;
        }
        let tail = match &self.points {
            Some(points) => {
                let beyond = |scale: f64| normal_cdf(noncentrality - self.critical * scale).unwrap_or(0.0);
                points.iter().map(|(scale, weight)| weight * beyond(*scale)).sum()
            }
            None if self.critical < 0.0 => 1.0 - upper_tail(-self.critical, -noncentrality, self.df)?,
            None => upper_tail(self.critical, noncentrality, self.df)?,
        };
        finite(tail.clamp(0.0, 1.0))
    }
}

/// P(T > `t`) for t ≥ 0.
fn upper_tail(t: f64, noncentrality: f64, df: f64) -> Option<f64> {
    // Beyond this the series has too many terms, and nothing is left in the other tail.
    if noncentrality.abs() > 1e3 {
        return Some(if noncentrality > 0.0 { 1.0 } else { 0.0 });
    }
    let below = series(t, noncentrality, df)?;
    Some(normal_cdf(noncentrality)? - 0.5 * below)
}

/// 2·P(0 < T < `t`): a mixture of incomplete beta functions with Poisson weights.
///
/// Summed from its largest term to both sides, so that no weight underflows.
///
/// References: R. V. Lenth, *Algorithm AS 243*, Applied Statistics 38 (1989); D. Benton and K. Krishnamoorthy,
/// Computational Statistics & Data Analysis 43 (2003) for the order of summation.
fn series(t: f64, noncentrality: f64, df: f64) -> Option<f64> {
    let scaled = t / df.sqrt();
    let cosine = 1.0 / scaled.hypot(1.0);
    let (share, rest) = ((scaled * cosine).powi(2).min(1.0), cosine * cosine);
    let mean = 0.5 * noncentrality * noncentrality;
    if share <= 0.0 {
        return Some(0.0);
    }
    let middle = mean.floor();
    let start = Term::at(middle, mean, df, (share, rest), noncentrality)?;
    let mut sum = start.value();
    let (mut up, mut index) = (start, middle);
    while up.matters() {
        index += 1.0;
        up.ascend(index, mean, df, share);
        sum += up.value();
    }
    let (mut down, mut index) = (start, middle);
    while index > 0.0 && down.matters() {
        down.descend(index, mean, df, share);
        index -= 1.0;
        sum += down.value();
    }
    Some(sum)
}

/// One term of the series: two weights, two incomplete beta functions I(a, df/2), and their steps to a + 1.
#[derive(Clone, Copy)]
struct Term {
    weights: [f64; 2],
    betas: [f64; 2],
    steps: [f64; 2],
}

/// What is added to the index to give the first parameter of each incomplete beta function.
const OFFSETS: [f64; 2] = [0.5, 1.0];

impl Term {
    fn at(index: f64, mean: f64, df: f64, (share, rest): (f64, f64), noncentrality: f64) -> Option<Self> {
        let log = if index > 0.0 { index * mean.ln() } else { 0.0 } - mean;
        let half = 0.5 * df;
        let mut betas = [0.0; 2];
        for (beta, offset) in betas.iter_mut().zip(OFFSETS) {
            *beta = checked_beta_reg(index + offset, half, share).ok()?;
        }
        Some(Self {
            weights: [
                (log - ln_gamma(index + 1.0)).exp(),
                noncentrality * std::f64::consts::FRAC_1_SQRT_2 * (log - ln_gamma(index + 1.5)).exp(),
            ],
            betas,
            steps: OFFSETS.map(|offset| {
                let a = index + offset;
                (a * share.ln() + half * rest.ln() - a.ln() - ln_beta(a, half)).exp()
            }),
        })
    }

    fn value(&self) -> f64 {
        self.weights[0] * self.betas[0] + self.weights[1] * self.betas[1]
    }

    fn matters(&self) -> bool {
        let size = |at: usize| (self.weights[at] * self.betas[at]).abs();
        size(0) + size(1) > NOTHING
    }

    /// From index − 1 to `index`.
    fn ascend(&mut self, index: f64, mean: f64, df: f64, share: f64) {
        self.weights[0] *= mean / index;
        self.weights[1] *= mean / (index + 0.5);
        for (at, offset) in OFFSETS.into_iter().enumerate() {
            let a = index - 1.0 + offset;
            self.betas[at] = (self.betas[at] - self.steps[at]).max(0.0);
            self.steps[at] *= share * (a + 0.5 * df) / (a + 1.0);
        }
    }

    /// From `index` to index − 1.
    fn descend(&mut self, index: f64, mean: f64, df: f64, share: f64) {
        self.weights[0] *= index / mean;
        self.weights[1] *= (index + 0.5) / mean;
        for (at, offset) in OFFSETS.into_iter().enumerate() {
            let a = index - 1.0 + offset;
            self.steps[at] *= (a + 1.0) / (share * (a + 0.5 * df));
            self.betas[at] += self.steps[at];
        }
    }
}

/// The smallest number of runs from `start` up to `limit` at which `decides` holds; `None` if it never does.
///
/// `decides` must not turn false again as the runs grow. The search begins at `guess`: a good one saves most of
/// it, a bad one changes nothing else.
///
/// # Examples
///
/// ```
/// use reproof::stats::runs_needed;
///
/// assert_eq!(runs_needed(2, 1000, 7.0, |runs| runs * runs >= 50), Some(8));
/// assert_eq!(runs_needed(2, 1000, 7.0, |_| false), None);
/// ```
pub fn runs_needed(start: u64, limit: u64, guess: f64, decides: impl Fn(u64) -> bool) -> Option<u64> {
    let guess = (guess.max(0.0) as u64).clamp(start, limit.max(start));
    // `decides` is false below `low` and true at `high`.
    let (mut low, mut high, mut step) = (start, guess, 1_u64);
    if decides(guess) {
        while high > low {
            let lower = high.saturating_sub(step).max(low);
            if !decides(lower) {
                low = lower + 1;
                break;
            }
            (high, step) = (lower, step.saturating_mul(2));
        }
    } else {
        loop {
            if high >= limit {
                return None;
            }
            low = high + 1;
            (high, step) = (high.saturating_add(step).min(limit), step.saturating_mul(2));
            if decides(high) {
                break;
            }
        }
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
    finite(noncentrality_with(critical, df, power)? * se)
}

/// The noncentrality with which T exceeds `critical` with chance `power`: the secant method, kept inside a bracket.
fn noncentrality_with(critical: f64, df: f64, power: f64) -> Option<f64> {
    let target = normal_quantile(power)?;
    // On this scale the function is nearly straight.
    let tail = Tail::new(critical, df)?;
    let excess = |at: f64| Some(normal_quantile(tail.beyond(at)?).map_or(9.0, |z| z - target));
    let spread = (1.0 + critical * critical / (2.0 * df)).sqrt();
    let (mut low, mut high) = (0.0, critical.abs() + spread * target.abs() + 1.0);
    while excess(high)? < 0.0 {
        low = high;
        high *= 2.0;
        finite(high)?;
    }
    let mut before = (high, excess(high)?);
    let mut at = (critical + spread * target).clamp(low, high);
    for _ in 0..60 {
        let value = excess(at)?;
        if value < 0.0 {
            low = at;
        } else {
            high = at;
        }
        let secant = at - value * (at - before.0) / (value - before.1);
        let next = if secant > low && secant < high {
            secant
        } else {
            0.5 * (low + high)
        };
        before = (at, value);
        if (next - at).abs() <= 1e-9 * (1.0 + at.abs()) {
            return Some(next);
        }
        at = next;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_gap_is_seen_as_often_as_the_level_says() {
        for df in [1.0, 1.5, 2.0, 4.9, 5.1, 9.9, 1000.0, 3000.0, 1e9] {
            let power = t_power(0.0, df, 0.05).expect("a power");
            assert!((power - 0.05).abs() < 1e-10, "{df}: {power}");
        }
    }

    #[test]
    fn a_level_above_one_half_and_a_gap_on_the_other_side_have_their_power_too() {
        for df in [3.0, 30.0] {
            let (there, back) = (t_power(1.3, df, 0.05), t_power(-1.3, df, 0.95));
            let sum = there.expect("a power") + back.expect("a power");
            assert!((sum - 1.0).abs() < 1e-10, "{df}: {sum}");
        }
        assert_eq!(t_power(1e9, 2.0, 0.05), Some(1.0));
        assert_eq!(t_power(-1e9, 2.0, 0.05), Some(0.0));
    }

    #[test]
    fn the_smallest_gap_is_the_one_with_the_wanted_power() {
        for df in [1.0, 1.2, 4.0, 50.0, 1e6] {
            for power in [0.02, 0.5, 0.8, 0.999] {
                let gap = smallest_gap(2.0, df, 0.01, power).expect("a gap");
                let found = t_power(gap / 2.0, df, 0.01).expect("a power");
                assert!((found - power).abs() < 1e-9, "{df}: {found}, not {power}");
            }
        }
        assert_eq!(smallest_gap(0.0, 3.0, 0.05, 0.8), Some(0.0));
        assert_eq!(smallest_gap(f64::NAN, 3.0, 0.05, 0.8), None);
    }

    #[test]
    fn runs_are_counted_from_the_start_and_up_to_the_limit_whatever_the_guess() {
        for guess in [f64::NAN, -1.0, 0.0, 3.0, 7.0, 99.0, 1e30] {
            assert_eq!(runs_needed(3, 100, guess, |_| true), Some(3));
            assert_eq!(runs_needed(3, 100, guess, |runs| runs >= 4), Some(4));
            assert_eq!(runs_needed(3, 100, guess, |runs| runs >= 57), Some(57));
            assert_eq!(runs_needed(3, 100, guess, |runs| runs >= 100), Some(100));
            assert_eq!(runs_needed(3, 100, guess, |runs| runs > 100), None);
            assert_eq!(runs_needed(u64::MAX - 1, u64::MAX, guess, |_| false), None);
        }
    }
}
