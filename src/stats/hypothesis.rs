//! t tests from summary numbers, and two of them as a test of equivalence.

use super::{finite, mean, sample_sd, t_cdf, welch};

/// Which departures from the hypothesis speak against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// Both.
    TwoSided,
    /// The difference is smaller than the hypothesis says.
    Less,
    /// The difference is greater.
    Greater,
}

/// What is known of a sample of runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// The mean, finite.
    pub mean: f64,
    /// The standard deviation with n − 1, finite, not negative.
    pub sd: f64,
    /// How many values, at least 2.
    pub n: u64,
}

impl Group {
    /// `None` of fewer than two values, and where a mean or spread is not finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        Some(Self {
            mean: mean(values)?,
            sd: sample_sd(values)?,
            n: values.len() as u64,
        })
    }
}

/// A t statistic with its degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TTest {
    /// The estimated difference less the supposed one, in standard errors.
    pub t: f64,
    /// Degrees of freedom > 0; infinite for the normal distribution.
    pub df: f64,
}

impl TTest {
    /// The test of `difference` against `supposed`; `None` unless `se` > 0 and `df` > 0.
    ///
    /// Without a spread there is no test: a difference is then a fact.
    pub fn new(difference: f64, supposed: f64, se: f64, df: f64) -> Option<Self> {
        let possible = se > 0.0 && df > 0.0;
        let t = finite((difference - supposed) / se)?;
        possible.then_some(Self { t, df })
    }

    /// The p value, from 0 to 1; `None` only for degrees of freedom that cannot be.
    pub fn p(&self, alternative: Alternative) -> Option<f64> {
        match alternative {
            Alternative::Less => t_cdf(self.t, self.df),
            Alternative::Greater => t_cdf(-self.t, self.df),
            Alternative::TwoSided => Some((2.0 * t_cdf(-self.t.abs(), self.df)?).min(1.0)),
        }
    }
}

/// Welch's test of the difference of two means, `a` less `b`, against 0.
///
/// `None` where either group has fewer than two values, or neither has a spread.
/// Agrees with `scipy.stats.ttest_ind_from_stats(equal_var=False)`.
///
/// # Examples
///
/// ```
/// use reproof::stats::{Alternative, Group, welch_test};
///
/// let ours = Group::of(&[0.83, 0.84, 0.85]).expect("three values");
/// let theirs = Group::of(&[0.80, 0.81, 0.82]).expect("three values");
/// let test = welch_test(ours, theirs).expect("a spread");
/// assert!((test.df - 4.0).abs() < 1e-9);
/// assert!(test.p(Alternative::Greater).is_some_and(|p| p < 0.02));
/// ```
pub fn welch_test(a: Group, b: Group) -> Option<TTest> {
    let welch = welch((a.sd, a.n), (b.sd, b.n))?;
    TTest::new(a.mean - b.mean, 0.0, welch.se, welch.df?)
}

/// The paired t test of `a` less `b`, value by value, against 0.
///
/// `None` where the lengths differ, of fewer than two pairs, and where all
/// differences are the same. Agrees with `scipy.stats.ttest_rel`.
pub fn paired_test(a: &[f64], b: &[f64]) -> Option<TTest> {
    if a.len() != b.len() {
        return None;
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let group = Group::of(&differences)?;
    let n = group.n as f64;
    TTest::new(group.mean, 0.0, group.sd / n.sqrt(), n - 1.0)
}

/// Two one-sided tests that a difference lies between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tost {
    /// The p value of "it is not above the lower bound".
    pub p_low: f64,
    /// The p value of "it is not below the upper bound".
    pub p_high: f64,
}

impl Tost {
    /// The p value of "it is not between the bounds": the larger of the two.
    pub fn p(&self) -> f64 {
        self.p_low.max(self.p_high)
    }
}

/// Tests whether a difference with this standard error lies between `low` and `high`.
///
/// `None` unless `low` ≤ `high`, `se` > 0 and `df` > 0. Agrees with
/// `statsmodels.stats.weightstats.ttost_ind` and `ttost_paired`, given their
/// standard error and degrees of freedom.
///
/// Reference: D. J. Schuirmann, *A comparison of the two one-sided tests procedure
/// and the power approach*, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987).
pub fn tost(difference: f64, se: f64, df: f64, (low, high): (f64, f64)) -> Option<Tost> {
    if low.is_nan() || high.is_nan() || low > high {
        return None;
    }
    Some(Tost {
        p_low: TTest::new(difference, low, se, df)?.p(Alternative::Greater)?,
        p_high: TTest::new(difference, high, se, df)?.p(Alternative::Less)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_spread_there_is_no_test() {
        let same = Group::of(&[0.5, 0.5]).expect("two values");
        assert_eq!(welch_test(same, same), None);
        assert_eq!(paired_test(&[0.5, 0.6], &[0.25, 0.35]), None);
        assert_eq!(TTest::new(1.0, 0.0, 0.0, 3.0), None);
        assert_eq!(TTest::new(1.0, 0.0, 1.0, 0.0), None);
        assert_eq!(TTest::new(f64::NAN, 0.0, 1.0, 3.0), None);
    }

    #[test]
    fn unequal_lengths_and_single_values_have_no_test() {
        assert_eq!(paired_test(&[0.5, 0.6], &[0.5]), None);
        assert_eq!(paired_test(&[0.5], &[0.4]), None);
        assert_eq!(Group::of(&[0.5]), None);
    }

    #[test]
    fn the_sides_add_up_to_one() {
        let test = TTest::new(0.3, 0.1, 0.2, 7.0).expect("a test");
        let p = |alternative| test.p(alternative).expect("a probability");
        assert!((p(Alternative::Less) + p(Alternative::Greater) - 1.0).abs() < 1e-15);
        assert_eq!(p(Alternative::TwoSided), 2.0 * p(Alternative::Greater));
    }

    #[test]
    fn equivalence_needs_both_sides() {
        let inside = tost(0.0, 0.1, 10.0, (-1.0, 1.0)).expect("a test");
        assert!(inside.p() < 1e-5);
        let outside = tost(2.0, 0.1, 10.0, (-1.0, 1.0)).expect("a test");
        assert!(outside.p_low < 1e-5 && outside.p() > 0.99);
        assert_eq!(tost(0.0, 0.1, 10.0, (1.0, -1.0)), None);
    }
}
