//! One way to add up numbers, for every metric.

/// The sum of `values`; see [`Sum`].
pub(super) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut total = Sum::default();
    values.into_iter().for_each(|value| total.add(value));
    total.value()
}

/// A sum that carries its rounding errors along: ten million terms cost no digits.
///
/// Not finite only where the exact sum, or one on the way to it, is beyond the largest number.
///
/// Reference: A. Neumaier, *Rundungsfehleranalyse einiger Verfahren zur
/// Summation endlicher Summen*, 1974.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    pub(super) fn add(&mut self, value: f64) {
        let next = self.total + value;
        self.lost += if self.total.abs() >= value.abs() {
            (self.total - next) + value
        } else {
            (value - next) + self.total
        };
        self.total = next;
    }

    pub(super) fn value(self) -> f64 {
        if self.lost.is_finite() {
            self.total + self.lost
        } else {
            self.total
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn ten_million_terms_cost_no_digits() {
        let tenths = std::iter::repeat_n(0.1, 10_000_000);
        assert!((sum(tenths.clone()) - 1e6).abs() < 1e-9);
        assert!((tenths.sum::<f64>() - 1e6).abs() > 1e-5); // what adding them up plainly gives
    }

    #[test]
    fn large_terms_that_cancel_leave_the_small_one() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum([]), 0.0);
    }
}
