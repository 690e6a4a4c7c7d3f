//! The binomial distribution, and what follows from it for counts.

use statrs::function::gamma::ln_gamma;

use super::{Interval, finite, normal_quantile};

/// A count of successes out of `n`, with the chance `p` of each.
#[derive(Clone, Copy)]
struct Binomial {
    n: u64,
    p: f64,
}

impl Binomial {
    /// P(X = k).
    ///
    /// By deviances, so that no digit is lost where `n` is large.
    /// Reference: C. Loader, *Fast and Accurate Computation of Binomial Probabilities*, 2000.
    fn mass(self, k: u64) -> f64 {
        let (n, p, q) = (self.n as f64, self.p, 1.0 - self.p);
        let (hits, misses) = (k as f64, (self.n - k) as f64);
        if k == 0 {
            return (n * (-p).ln_1p()).exp();
        }
        if k == self.n {
            return (n * p.ln()).exp();
        }
        let exponent = stirling_error(n)
            - stirling_error(hits)
            - stirling_error(misses)
            - deviance(hits, n * p)
            - deviance(misses, n * q);
        let scale = (n / (2.0 * std::f64::consts::PI * hits * misses)).sqrt();
        scale * exponent.exp()
    }

    /// P(X ≤ k), for 0 < p < 1.
    fn at_most(self, k: u64) -> f64 {
        if k >= self.n {
            return 1.0;
        }
        if k as f64 > self.n as f64 * self.p {
            return 1.0 - self.rising(k + 1);
        }
        let odds = (1.0 - self.p) / self.p;
        let ratio = |i: u64| odds * i as f64 / (self.n - i + 1) as f64;
        sum(self.mass(k), (1..=k).rev().map(ratio))
    }

    /// P(X ≥ k), for 0 < p < 1.
    fn at_least(self, k: u64) -> f64 {
        if k == 0 {
            return 1.0;
        }
        if (k as f64) < self.n as f64 * self.p {
            return 1.0 - self.at_most(k - 1);
        }
        self.rising(k)
    }

    /// P(X ≥ k), summed from `k` upwards.
    fn rising(self, k: u64) -> f64 {
        let odds = self.p / (1.0 - self.p);
        let ratio = |i: u64| odds * (self.n - i) as f64 / (i + 1) as f64;
        sum(self.mass(k), (k..self.n).map(ratio))
    }
}

/// The sum of terms of which each is the one before times a ratio, until they no longer count.
fn sum(first: f64, ratios: impl Iterator<Item = f64>) -> f64 {
    let (mut term, mut total) = (first, first);
    for ratio in ratios {
        term *= ratio;
        total += term;
        if ratio < 1.0 && term <= total * 1e-18 {
            break;
        }
    }
    total.min(1.0)
}

/// ln n! less Stirling's approximation of it.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        let half_ln_two_pi = 0.5 * (2.0 * std::f64::consts::PI).ln();
        return ln_gamma(n + 1.0) - (n + 0.5) * n.ln() + n - half_ln_two_pi;
    }
    let square = n * n;
    let inner = 1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square;
    (1.0 / 12.0 - (1.0 / 360.0 - inner / square) / square) / n
}

/// x·ln(x/m) + m − x, also where x and m are close.
fn deviance(x: f64, m: f64) -> f64 {
    let gap = x - m;
    if gap.abs() > 0.1 * (x + m) {
        return x * (x / m).ln() - gap;
    }
    let v = gap / (x + m);
    let (mut total, mut power) = (gap * v, 2.0 * x * v);
    for odd in (3..1000).step_by(2) {
        power *= v * v;
        let next = total + power / f64::from(odd);
        if next == total {
            break;
        }
        total = next;
    }
    total
}

/// The confidence interval of a proportion by inverting the score test.
///
/// `None` where there are more successes than trials, no trial, or `level` is not
/// between 0 and 1. Agrees with `statsmodels.stats.proportion.proportion_confint(method="wilson")`.
///
/// Reference: E. B. Wilson, *Probable inference, the law of succession, and
/// statistical inference*, Journal of the American Statistical Association 22 (1927).
///
/// # Examples
///
/// ```
/// use reproof::stats::wilson;
///
/// let interval = wilson(8, 10, 0.95).expect("possible counts");
/// assert!((interval.low - 0.4902).abs() < 1e-4 && (interval.high - 0.9433).abs() < 1e-4);
/// assert_eq!(wilson(11, 10, 0.95), None);
/// ```
pub fn wilson(successes: u64, trials: u64, level: f64) -> Option<Interval> {
    if successes > trials || trials == 0 {
        return None;
    }
    let z = normal_quantile(upper_tail(level)?)?;
    let (k, n) = (successes as f64, trials as f64);
    let (share, square) = (k / n, z * z);
    let whole = 1.0 + square / n;
    let centre = (share + square / (2.0 * n)) / whole;
    let half = z / whole * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    Some(Interval {
        low: if successes == 0 {
            0.0
        } else {
            finite(centre - half)?.max(0.0)
        },
        high: if successes == trials {
            1.0
        } else {
            finite(centre + half)?.min(1.0)
        },
    })
}

/// The confidence interval of a proportion by inverting the two one-sided exact tests: it never covers too little.
///
/// `None` where there are more successes than trials, no trial, or `level` is not
/// between 0 and 1. Agrees with `statsmodels.stats.proportion.proportion_confint(method="beta")`.
///
/// Reference: C. J. Clopper and E. S. Pearson, *The use of confidence or fiducial
/// limits illustrated in the case of the binomial*, Biometrika 26 (1934).
pub fn clopper_pearson(successes: u64, trials: u64, level: f64) -> Option<Interval> {
    if successes > trials || trials == 0 {
        return None;
    }
    let tail = 1.0 - upper_tail(level)?;
    let of = |p: f64| Binomial { n: trials, p };
    let low = rising_root(|p| of(p).at_least(successes) - tail);
    let high = rising_root(|p| tail - of(p).at_most(successes));
    Some(Interval {
        low: if successes == 0 { 0.0 } else { low },
        high: if successes == trials { 1.0 } else { high },
    })
}

/// (1 + level)/2, for a level between 0 and 1.
fn upper_tail(level: f64) -> Option<f64> {
    (level > 0.0 && level < 1.0).then_some(0.5 + 0.5 * level)
}

/// The root between 0 and 1 of a rising function, to the last digits.
fn rising_root(function: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    while high - low > f64::EPSILON * low.max(f64::MIN_POSITIVE) {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if function(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The examples on which exactly one of two models is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discordant {
    /// Only the first is right.
    pub first: u64,
    /// Only the second is right.
    pub second: u64,
}

impl Discordant {
    /// The two-sided p value of the exact McNemar test that both are right equally often; 1 where they never differ.
    ///
    /// Agrees with `statsmodels.stats.contingency_tables.mcnemar(exact=True)`.
    ///
    /// Reference: Q. McNemar, *Note on the sampling error of the difference between
    /// correlated proportions or percentages*, Psychometrika 12 (1947).
    pub fn p_two_sided(&self) -> f64 {
        let fewer = self.first.min(self.second);
        self.coin()
            .map_or(1.0, |coin| (2.0 * coin.at_most(fewer)).min(1.0))
    }

    /// The one-sided p value: of "the first is not right more often than the second".
    ///
    /// # Examples
    ///
    /// ```
    /// use reproof::stats::Discordant;
    ///
    /// let counts = Discordant { first: 5, second: 0 };
    /// assert!((counts.p_first_not_better() - 1.0 / 32.0).abs() < 1e-15);
    /// ```
    pub fn p_first_not_better(&self) -> f64 {
        self.coin().map_or(1.0, |coin| coin.at_least(self.first))
    }

    fn coin(&self) -> Option<Binomial> {
        let n = self.first.checked_add(self.second)?;
        (n > 0).then_some(Binomial { n, p: 0.5 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up() {
        for (n, p) in [(1, 0.5), (7, 0.1), (60, 0.9), (100_000, 0.37)] {
            let of = Binomial { n, p };
            let step = (n / 7).max(1) as usize;
            for k in (1..=n).step_by(step) {
                let total = of.at_most(k - 1) + of.at_least(k);
                assert!((total - 1.0).abs() < 1e-12, "{k} of {n} at {p}: {total}");
            }
        }
    }

    #[test]
    fn no_success_and_nothing_but_success_reach_the_end() {
        for interval in [wilson, clopper_pearson] {
            assert_eq!(interval(0, 10, 0.95).map(|ends| ends.low), Some(0.0));
            assert_eq!(interval(10, 10, 0.95).map(|ends| ends.high), Some(1.0));
            assert_eq!(interval(1, 0, 0.95), None);
            assert_eq!(interval(1, 2, 1.0), None);
            assert_eq!(interval(1, 2, f64::NAN), None);
        }
    }

    #[test]
    fn an_exact_interval_of_one_in_one_has_a_closed_form() {
        let interval = clopper_pearson(1, 1, 0.9).expect("an interval");
        assert!((interval.low - 0.05).abs() < 1e-15);
    }

    #[test]
    fn models_that_never_differ_are_equally_good() {
        let none = Discordant { first: 0, second: 0 };
        assert_eq!((none.p_two_sided(), none.p_first_not_better()), (1.0, 1.0));
        let even = Discordant { first: 3, second: 3 };
        assert_eq!(even.p_two_sided(), 1.0);
        assert!(even.p_first_not_better() > 0.5);
        let beyond = Discordant {
            first: u64::MAX,
            second: 1,
        };
        assert_eq!(beyond.p_two_sided(), 1.0);
    }
}
