//! Means, spreads and the standard error of a difference.

use super::finite;

/// A closed interval of real numbers, `low` ≤ `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// `centre` ∓ `half`; `None` unless both ends are finite and `half` is not negative.
    pub fn around(centre: f64, half: f64) -> Option<Self> {
        let (low, high) = (finite(centre - half)?, finite(centre + half)?);
        (low <= high).then_some(Self { low, high })
    }
}

/// The arithmetic mean; `None` of no values or where it is not finite.
///
/// Computed as the first value plus the mean deviation from it, so the mean of
/// equal values is that value to the last bit.
///
/// # Examples
///
/// ```
/// use reproof::stats::mean;
///
/// assert_eq!(mean(&[0.1, 0.1, 0.1]), Some(0.1));
/// assert_eq!(mean(&[]), None);
/// ```
pub fn mean(values: &[f64]) -> Option<f64> {
    let (first, count) = (*values.first()?, values.len() as f64);
    finite(first + values.iter().map(|value| value - first).sum::<f64>() / count)
}

/// The sample standard deviation, with n − 1 in the denominator; `None` of fewer than two values.
///
/// Two passes with the correction of Chan, Golub and LeVeque, *Algorithms for
/// computing the sample variance*, 1983, eq. 1.7; exactly 0 of equal values.
pub fn sample_sd(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let centre = mean(values)?;
    let (mut squares, mut rest) = (0.0, 0.0);
    for value in values {
        let deviation = value - centre;
        squares += deviation * deviation;
        rest += deviation;
    }
    let variance = (squares - rest * rest / count) / (count - 1.0);
    finite(variance.max(0.0).sqrt())
}

/// The standard error of a difference of two means, and its degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    /// Standard error, not negative.
    pub se: f64,
    /// Degrees of freedom, at least 1; `None` where both spreads are 0.
    pub df: Option<f64>,
}

/// The standard error of the difference of two means with unequal variances.
///
/// `None` unless both samples have at least two values and both spreads are
/// finite and not negative.
///
/// Reference: B. L. Welch, *The generalization of Student's problem when several
/// different population variances are involved*, Biometrika 34 (1947); degrees of
/// freedom after F. E. Satterthwaite, Biometrics Bulletin 2 (1946).
pub fn welch((sd_a, n_a): (f64, u64), (sd_b, n_b): (f64, u64)) -> Option<Welch> {
    let possible = |sd: f64, n: u64| sd.is_finite() && sd >= 0.0 && n >= 2;
    if !possible(sd_a, n_a) || !possible(sd_b, n_b) {
        return None;
    }
    let (n_a, n_b) = (n_a as f64, n_b as f64);
    let (part_a, part_b) = (sd_a / n_a.sqrt(), sd_b / n_b.sqrt());
    let se = finite(part_a.hypot(part_b))?;
    Some(Welch {
        se,
        df: satterthwaite((part_a, n_a), (part_b, n_b)),
    })
}

/// Scaled by the larger part, so that no square overflows or vanishes.
fn satterthwaite((part_a, n_a): (f64, f64), (part_b, n_b): (f64, f64)) -> Option<f64> {
    let largest = part_a.max(part_b);
    if largest <= 0.0 {
        return None;
    }
    let (a, b) = ((part_a / largest).powi(2), (part_b / largest).powi(2));
    finite((a + b).powi(2) / (a * a / (n_a - 1.0) + b * b / (n_b - 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_no_spread_at_all() {
        for value in [0.1, 0.83, 1.0 / 3.0, 1e-300, -7e200] {
            assert_eq!(sample_sd(&[value; 7]), Some(0.0));
            assert_eq!(mean(&[value; 7]), Some(value));
        }
    }

    #[test]
    fn a_large_offset_does_not_drown_the_spread() {
        let values = [1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0];
        assert_eq!(sample_sd(&values), Some(1.0));
    }

    #[test]
    fn what_cannot_be_computed_is_none() {
        assert_eq!(sample_sd(&[1.0]), None);
        assert_eq!(mean(&[f64::NAN]), None);
        assert_eq!(mean(&[f64::MAX, -f64::MAX]), None);
        assert_eq!(sample_sd(&[1e200, -1e200]), None);
        assert_eq!(welch((0.1, 1), (0.1, 5)), None);
        assert_eq!(welch((-0.1, 3), (0.1, 5)), None);
        assert_eq!(Interval::around(0.0, f64::NAN), None);
        assert_eq!(Interval::around(0.0, -1.0), None);
    }

    #[test]
    fn two_spreads_of_zero_have_no_degrees_of_freedom() {
        assert_eq!(welch((0.0, 3), (0.0, 5)), Some(Welch { se: 0.0, df: None }));
    }

    #[test]
    fn tiny_spreads_keep_their_degrees_of_freedom() {
        let tiny = welch((3e-200, 3), (4e-200, 5)).and_then(|welch| welch.df);
        let usual = welch((3.0, 3), (4.0, 5)).and_then(|welch| welch.df);
        let (tiny, usual) = (tiny.expect("a number"), usual.expect("a number"));
        assert!((tiny / usual - 1.0).abs() < 1e-12);
    }
}
