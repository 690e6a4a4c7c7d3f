//! Mean, spread, skewness and kurtosis of numbers that come in batches.

/// Sums of powers of deviations from the mean, of any number of values.
///
/// Reference: P. Pébay, *Formulas for Robust, One-Pass Parallel Computation of
/// Covariances and Arbitrary-Order Statistical Moments*, Sandia report SAND2008-6212.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    count: u64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl Moments {
    /// Of finite `values`: the mean first, then the deviations from it.
    pub(super) fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let (mut second, mut third, mut fourth) = (0.0, 0.0, 0.0);
        for value in values {
            let deviation = value - mean;
            let square = deviation * deviation;
            second += square;
            third += square * deviation;
            fourth += square * square;
        }
        Self {
            count: values.len() as u64,
            mean,
            second,
            third,
            fourth,
        }
    }

    /// Of `count` times the same value.
    pub(super) fn repeated(value: f64, count: u64) -> Self {
        Self {
            count,
            mean: if count == 0 { 0.0 } else { value },
            ..Self::default()
        }
    }

    /// Of the values of both.
    pub(super) fn and(self, other: Self) -> Self {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let (n, delta) = (a + b, other.mean - self.mean);
        let (step, square) = (delta / n, delta * delta);
        let third =
            delta * square * a * b * (a - b) / (n * n) + 3.0 * step * (a * other.second - b * self.second);
        let fourth = square * square * a * b * (a * a - a * b + b * b) / (n * n * n)
            + 6.0 * step * step * (a * a * other.second + b * b * self.second)
            + 4.0 * step * (a * other.third - b * self.third);
        Self {
            count: self.count + other.count,
            mean: self.mean + step * b,
            second: self.second + other.second + square * a * b / n,
            third: self.third + other.third + third,
            fourth: self.fourth + other.fourth + fourth,
        }
    }

    /// How many values there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Their mean.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0)
            .then_some(self.mean)
            .filter(|mean| mean.is_finite())
    }

    /// Their sample standard deviation, with n − 1.
    pub(super) fn sd(&self) -> Option<f64> {
        let degrees = (self.count > 1).then_some(self.count as f64 - 1.0)?;
        Some((self.second / degrees).sqrt()).filter(|sd| sd.is_finite())
    }

    /// g₁ = m₃ / m₂^1.5, as `scipy.stats.skew`; `None` of equal values.
    pub(super) fn skewness(&self) -> Option<f64> {
        let n = self.count as f64;
        let value = n.sqrt() * self.third / self.second.powf(1.5);
        value.is_finite().then_some(value)
    }

    /// g₂ = m₄ / m₂² − 3, as `scipy.stats.kurtosis`; `None` of equal values.
    pub(super) fn kurtosis(&self) -> Option<f64> {
        let value = self.count as f64 * self.fourth / (self.second * self.second) - 3.0;
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_come_to_the_same_as_all_at_once() {
        let values: Vec<f64> = (0..1000).map(|i| ((i * i) % 97) as f64 / 7.0 + 1e6).collect();
        let whole = Moments::of(&values);
        let parts = values
            .chunks(37)
            .map(Moments::of)
            .fold(Moments::default(), Moments::and);
        let close = |a: Option<f64>, b: Option<f64>| {
            let (a, b) = (a.expect("a value"), b.expect("a value"));
            assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} and {b}");
        };
        close(parts.mean(), whole.mean());
        close(parts.sd(), whole.sd());
        close(parts.skewness(), whole.skewness());
        close(parts.kurtosis(), whole.kurtosis());
    }

    #[test]
    fn equal_values_have_no_shape() {
        let equal = Moments::repeated(5.0, 4).and(Moments::of(&[5.0]));
        assert_eq!((equal.mean(), equal.sd()), (Some(5.0), Some(0.0)));
        assert_eq!((equal.skewness(), equal.kurtosis()), (None, None));
        assert_eq!(Moments::default().mean(), None);
        assert_eq!(Moments::of(&[1.0]).sd(), None);
    }

    #[test]
    fn values_that_overflow_have_no_moments() {
        let huge = Moments::of(&[f64::MAX, f64::MAX, -f64::MAX]);
        assert_eq!((huge.mean(), huge.sd(), huge.kurtosis()), (None, None, None));
    }
}
