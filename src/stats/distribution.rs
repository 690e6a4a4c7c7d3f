//! The normal, the t and the F distribution.
//!
//! `statrs` has the special functions. Its own quantile of t (0.19.1) is off by 3e-6
//! at p = 0.95 with 1e6 degrees of freedom and does not return with 1e9, so quantiles
//! are solved for here, and many degrees of freedom go through Hill's transformation.

use statrs::function::beta::{checked_beta_reg, ln_beta};
use statrs::function::erf::{erf, erfc, erfc_inv};

use super::finite;

/// From how many degrees of freedom on Hill's transformation is the more accurate one.
const MANY: f64 = 400.0;

/// Up to this upper tail quantiles are solved for in the tail, beyond it in the middle, where the tail has no digits left.
const TAIL: f64 = 0.25;

/// The probability that a standard normal variable is at most `z`; `None` for NaN.
pub fn normal_cdf(z: f64) -> Option<f64> {
    (!z.is_nan()).then(|| 0.5 * erfc(-z * std::f64::consts::FRAC_1_SQRT_2))
}

/// The `p` quantile of the standard normal distribution; `None` unless 0 < `p` < 1.
pub fn normal_quantile(p: f64) -> Option<f64> {
    let tail = lesser_tail(p)?;
    let start = std::f64::consts::SQRT_2 * erfc_inv(2.0 * tail);
    signed(p, positive_quantile(p, tail, start, &Normal)?)
}

/// The probability that a t variable with `df` degrees of freedom is at most `t`.
///
/// `df` > 0, infinity being the normal distribution; `None` otherwise and for NaN.
pub fn t_cdf(t: f64, df: f64) -> Option<f64> {
    let student = Student::new(df)?;
    if t.is_nan() {
        return None;
    }
    let upper = student.upper(t.abs());
    finite(if t > 0.0 { 1.0 - upper } else { upper })
}

/// The `p` quantile of the t distribution with `df` degrees of freedom.
///
/// `df` > 0, infinity being the normal distribution. `None` unless 0 < `p` < 1 and
/// where the quantile is beyond what `f64` can hold.
///
/// # Examples
///
/// ```
/// use reproof::stats::t_quantile;
///
/// let t = t_quantile(0.95, 2.0).expect("possible arguments");
/// assert!((t - 0.9 / 0.095_f64.sqrt()).abs() < 1e-12); // closed form of two degrees of freedom
/// assert_eq!(t_quantile(1.0, 2.0), None);
/// ```
pub fn t_quantile(p: f64, df: f64) -> Option<f64> {
    let student = Student::new(df)?;
    let tail = lesser_tail(p)?;
    let start = student.near_quantile(normal_quantile(p)?.abs(), tail);
    signed(p, positive_quantile(p, tail, start, &student)?)
}

/// The two-sided p value of the F test that two normal samples have the same variance.
///
/// `None` unless both samples have at least two values and both spreads are finite
/// and greater than 0. Assumes normal noise, and is known to be sensitive to that.
///
/// Reference: G. W. Snedecor and W. G. Cochran, *Statistical Methods*, 8th edition, 1989, section 6.12.
pub fn variance_ratio_p((sd_a, n_a): (f64, u64), (sd_b, n_b): (f64, u64)) -> Option<f64> {
    let possible = |sd: f64, n: u64| sd.is_finite() && sd > 0.0 && n >= 2;
    if !possible(sd_a, n_a) || !possible(sd_b, n_b) {
        return None;
    }
    let (df_a, df_b) = (n_a as f64 - 1.0, n_b as f64 - 1.0);
    let ratio = (sd_a / sd_b).powi(2) * (df_a / df_b);
    let (share, rest) = if ratio.is_finite() {
        (1.0 / (1.0 + ratio), ratio / (1.0 + ratio))
    } else {
        (0.0, 1.0)
    };
    let upper = checked_beta_reg(df_b / 2.0, df_a / 2.0, share).ok()?;
    let lower = checked_beta_reg(df_a / 2.0, df_b / 2.0, rest).ok()?;
    finite((2.0 * upper.min(lower)).clamp(0.0, 1.0))
}

/// A distribution that is symmetric around 0, for arguments that are not negative.
trait Symmetric {
    /// P(X > x).
    fn upper(&self, x: f64) -> f64;
    /// P(−x < X < x).
    fn central(&self, x: f64) -> f64;
    /// The density at x; need not be exact, it only guides the search.
    fn density(&self, x: f64) -> f64;
}

struct Normal;

impl Symmetric for Normal {
    fn upper(&self, x: f64) -> f64 {
        0.5 * erfc(x * std::f64::consts::FRAC_1_SQRT_2)
    }

    fn central(&self, x: f64) -> f64 {
        erf(x * std::f64::consts::FRAC_1_SQRT_2)
    }

    fn density(&self, x: f64) -> f64 {
        (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
    }
}

/// The t distribution.
struct Student {
    df: f64,
}

impl Student {
    fn new(df: f64) -> Option<Self> {
        (df > 0.0).then_some(Self { df })
    }

    /// The normal deviate with the same tail as `t`.
    ///
    /// Reference: G. W. Hill, *Algorithm 395: Student's t-distribution*, CACM 13 (1970).
    fn as_normal(&self, t: f64) -> f64 {
        if self.df.is_infinite() {
            return t;
        }
        let a = self.df - 0.5;
        let b = 48.0 * a * a;
        let u = (a * (t / self.df.sqrt()).powi(2).ln_1p()).sqrt();
        let square = u * u;
        let third = ((4.0 * square + 33.0) * square + 240.0) * square + 855.0;
        u * (1.0 + (square + 3.0) / b - third / (10.0 * b * (b + 0.8 * square * square + 100.0)))
    }

    /// About where the upper tail of the normal deviate `z` is that of t: a start for the search, which decides.
    ///
    /// Reference: M. Abramowitz and I. Stegun, *Handbook of Mathematical Functions*, 1964, 26.7.5.
    fn near_quantile(&self, z: f64, tail: f64) -> f64 {
        if self.df < 2.0 {
            return (std::f64::consts::PI * tail).tan().recip();
        }
        let square = z * z;
        let first = (square + 1.0) / 4.0;
        let second = ((5.0 * square + 16.0) * square + 3.0) / 96.0;
        let third = (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0;
        z * (1.0 + (first + (second + third / self.df) / self.df) / self.df)
    }

    /// (ν/(ν + t²), t²/(ν + t²)), without overflow.
    fn shares(&self, t: f64) -> (f64, f64) {
        let scaled = t / self.df.sqrt();
        let cosine = 1.0 / scaled.hypot(1.0);
        let sine = if scaled.is_finite() { scaled * cosine } else { 1.0 };
        (cosine * cosine, (sine * sine).min(1.0))
    }
}

impl Symmetric for Student {
    fn upper(&self, x: f64) -> f64 {
        if self.df > MANY {
            return Normal.upper(self.as_normal(x));
        }
        if x < 1.0 {
            return 0.5 - 0.5 * self.central(x);
        }
        let (share, _) = self.shares(x);
        0.5 * checked_beta_reg(self.df / 2.0, 0.5, share).unwrap_or(f64::NAN)
    }

    fn central(&self, x: f64) -> f64 {
        if self.df > MANY {
            return Normal.central(self.as_normal(x));
        }
        let (_, share) = self.shares(x);
        checked_beta_reg(0.5, self.df / 2.0, share).unwrap_or(f64::NAN)
    }

    fn density(&self, x: f64) -> f64 {
        if self.df > MANY {
            return Normal.density(x);
        }
        let kernel = -0.5 * (self.df + 1.0) * (x / self.df.sqrt()).powi(2).ln_1p();
        (kernel - 0.5 * self.df.ln() - ln_beta(0.5, 0.5 * self.df)).exp()
    }
}

/// min(p, 1 − p), for 0 < p < 1.
fn lesser_tail(p: f64) -> Option<f64> {
    (p > 0.0 && p < 1.0).then(|| p.min(1.0 - p))
}

fn signed(p: f64, quantile: f64) -> Option<f64> {
    finite(if p < 0.5 { -quantile } else { quantile })
}

/// The x ≥ 0 with upper tail `tail`, on a logarithmic scale, where tails are nearly straight.
fn positive_quantile(p: f64, tail: f64, start: f64, shape: &impl Symmetric) -> Option<f64> {
    let middle = (2.0 * p - 1.0).abs();
    if middle <= 0.0 {
        return Some(0.0);
    }
    let start = start.max(f64::MIN_POSITIVE).ln();
    let root = if tail < TAIL {
        falling_root(start, |x| {
            let upper = shape.upper(x);
            (upper.ln() - tail.ln(), -x * shape.density(x) / upper)
        })
    } else {
        falling_root(start, |x| {
            let central = shape.central(x);
            (middle.ln() - central.ln(), -2.0 * x * shape.density(x) / central)
        })
    };
    finite(root)
}

/// The root of a falling function of ln x, which returns its value and its slope: Newton's steps, kept inside a shrinking bracket.
fn falling_root(start: f64, function: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut low, mut high) = (-740.0, 709.0);
    let mut at = start;
    for _ in 0..200 {
        let (value, slope) = function(at.exp());
        if value > 0.0 {
            low = at;
        } else {
            high = at; // a tail that underflowed to 0 lies beyond the root
        }
        let newton = at - value / slope;
        let inside = newton > low && newton < high;
        let next = if inside { newton } else { 0.5 * (low + high) };
        let step = (next - at).abs();
        at = next;
        // What such a step leaves is far smaller still, even where the slope is not exact.
        if step < 4.0 * f64::EPSILON || (inside && step < 1e-12) {
            break;
        }
    }
    at.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_arguments_have_no_answer() {
        for p in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
            assert_eq!(t_quantile(p, 3.0), None);
            assert_eq!(normal_quantile(p), None);
        }
        for df in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(t_quantile(0.95, df), None);
            assert_eq!(t_cdf(1.0, df), None);
        }
        assert_eq!(t_cdf(f64::NAN, 3.0), None);
        assert_eq!(normal_cdf(f64::NAN), None);
        assert_eq!(variance_ratio_p((0.0, 3), (1.0, 3)), None);
        assert_eq!(variance_ratio_p((1.0, 1), (1.0, 3)), None);
    }

    #[test]
    fn infinitely_many_degrees_of_freedom_are_the_normal_distribution() {
        let (t, z) = (t_quantile(0.95, f64::INFINITY), normal_quantile(0.95));
        let (t, z) = (t.expect("a number"), z.expect("a number"));
        assert!((t - z).abs() < 1e-12);
        assert_eq!(t_cdf(f64::INFINITY, 3.0), Some(1.0));
    }

    #[test]
    fn the_median_is_zero_and_the_sides_mirror_each_other() {
        assert_eq!(t_quantile(0.5, 7.0), Some(0.0));
        let (low, high) = (t_quantile(0.125, 7.0), t_quantile(0.875, 7.0));
        assert_eq!(low.map(|t| -t), high);
    }

    #[test]
    fn quantile_and_probability_undo_each_other_where_the_two_methods_meet() {
        for df in [1.0, 1.7, 399.9, 400.1, 1e9] {
            for p in [1e-9, 0.2499, 0.2501, 0.49, 0.7499, 0.7501, 0.999] {
                let t = t_quantile(p, df).expect("a quantile");
                let back = t_cdf(t, df).expect("a probability");
                assert!((back / p - 1.0).abs() < 1e-9, "{p} at {df}: {back}");
            }
        }
    }
}
