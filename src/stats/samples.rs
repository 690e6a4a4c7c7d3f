//! Whether two samples come from one distribution: Kolmogorov–Smirnov for numbers, χ² for categories.

use statrs::function::gamma::checked_gamma_ur;

use super::finite;

/// Up to this many pairs of values the p value of the Kolmogorov–Smirnov test is exact.
const EXACT_PAIRS: u64 = 4_000_000;

/// The outcome of a two-sample Kolmogorov–Smirnov test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KolmogorovSmirnov {
    /// The largest distance between the two empirical distribution functions, 0 to 1.
    pub statistic: f64,
    /// The two-sided p value.
    pub p: f64,
    /// Whether the p value is exact: it is up to 4 million pairs of values, and asymptotic beyond.
    pub exact: bool,
}

/// Tests whether two samples, each **sorted** upwards, come from one continuous distribution.
///
/// `None` if one of them is empty or holds NaN. With ties the p value is an upper
/// bound. The exact p value counts the paths of a lattice; the asymptotic one is
/// the Kolmogorov distribution at √(mn/(m+n))·D. Agrees with
/// `scipy.stats.ks_2samp(method="exact")` and `scipy.special.kolmogorov`.
///
/// Reference: J. L. Hodges, *The significance probability of the Smirnov two-sample
/// test*, Arkiv för Matematik 3 (1958).
///
/// # Examples
///
/// ```
/// use reproof::stats::kolmogorov_smirnov;
///
/// let test = kolmogorov_smirnov(&[1.0, 2.0], &[3.0, 4.0]).expect("two samples");
/// assert_eq!(test.statistic, 1.0);
/// assert!((test.p - 1.0 / 3.0).abs() < 1e-15); // two of the six orders are as far apart
/// ```
pub fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> Option<KolmogorovSmirnov> {
    if a.is_empty() || b.is_empty() || a.iter().chain(b).any(|value| value.is_nan()) {
        return None;
    }
    let (m, n) = (a.len() as u64, b.len() as u64);
    let widest = widest_gap(a, b);
    let statistic = widest as f64 / (m as f64 * n as f64);
    let exact = m.saturating_mul(n) <= EXACT_PAIRS;
    let p = if exact {
        at_least(widest, m, n)
    } else {
        let effective = m as f64 * n as f64 / (m as f64 + n as f64);
        kolmogorov_upper(effective.sqrt() * statistic)
    };
    Some(KolmogorovSmirnov {
        statistic,
        p: p.clamp(0.0, 1.0),
        exact,
    })
}

/// The largest |n·i − m·j| over the merged order, i values of `a` and j of `b` being at most as large.
fn widest_gap(a: &[f64], b: &[f64]) -> u128 {
    let (m, n) = (a.len() as i128, b.len() as i128);
    let (mut i, mut j, mut widest) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        while i < a.len() && a[i] <= at {
            i += 1;
        }
        while j < b.len() && b[j] <= at {
            j += 1;
        }
        widest = widest.max((n * i as i128 - m * j as i128).unsigned_abs());
    }
    widest
}

/// The chance that m·n·D is at least `widest`, all orders of the values being equally likely.
fn at_least(widest: u128, m: u64, n: u64) -> f64 {
    let outside = |i: u64, j: u64| {
        let gap = i128::from(i) * i128::from(n) - i128::from(j) * i128::from(m);
        gap.unsigned_abs() >= widest
    };
    // The share of paths to (i, j) that stay inside, row by row.
    let mut inside: Vec<f64> = Vec::with_capacity(n as usize + 1);
    for j in 0..=n {
        let before = inside.last().copied().unwrap_or(1.0);
        inside.push(if outside(0, j) { 0.0 } else { before });
    }
    for i in 1..=m {
        let mut left = 0.0;
        for j in 0..=n {
            let (up, total) = (inside[j as usize], (i + j) as f64);
            let share = up * (i as f64 / total) + left * (j as f64 / total);
            left = if outside(i, j) { 0.0 } else { share };
            inside[j as usize] = left;
        }
    }
    1.0 - inside.last().copied().unwrap_or(0.0)
}

/// P(K > x) of the Kolmogorov distribution; 1 for x ≤ 0.
///
/// Agrees with `scipy.special.kolmogorov`.
fn kolmogorov_upper(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x < 0.82 {
        // The theta function in its other form: few terms where x is small.
        let scale = std::f64::consts::PI * std::f64::consts::PI / (8.0 * x * x);
        let terms = (0..6).map(|k| (-scale * f64::from(2 * k + 1).powi(2)).exp());
        return 1.0 - (2.0 * std::f64::consts::PI).sqrt() / x * terms.sum::<f64>();
    }
    let sign = |k: i32| if k % 2 == 1 { 1.0 } else { -1.0 };
    let terms = (1..=8).map(|k: i32| sign(k) * (-2.0 * f64::from(k * k) * x * x).exp());
    2.0 * terms.sum::<f64>()
}

/// The upper tail of the χ² distribution with `df` degrees of freedom; `None` unless `x` ≥ 0 and `df` > 0.
///
/// Agrees with `scipy.stats.chi2.sf`.
pub fn chi_squared_upper(x: f64, df: f64) -> Option<f64> {
    if !(x >= 0.0 && df > 0.0) || df.is_infinite() {
        return None;
    }
    if x <= 0.0 {
        return Some(1.0);
    }
    // Far in the tail the continued fraction meets 0/0; nothing of the value is left there.
    let far = x > 2.0 * df + 1500.0;
    if far {
        return Some(0.0);
    }
    finite(checked_gamma_ur(df / 2.0, x / 2.0).ok()?.clamp(0.0, 1.0))
}

/// The outcome of a χ² test of homogeneity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquared {
    /// Pearson's statistic, without Yates' correction.
    pub statistic: f64,
    /// Degrees of freedom: categories that occur, less one.
    pub df: u64,
    /// The p value.
    pub p: f64,
}

/// Tests whether two samples, given as counts of the same categories, come from one distribution.
///
/// `None` if the lengths differ, a sample is empty, or fewer than two categories
/// occur. Agrees with `scipy.stats.chi2_contingency(correction=False)`. The p value is
/// an approximation that is poor where expected counts are below about 5.
pub fn chi_squared_homogeneity(a: &[u64], b: &[u64]) -> Option<ChiSquared> {
    if a.len() != b.len() {
        return None;
    }
    let (total_a, total_b) = (a.iter().sum::<u64>() as f64, b.iter().sum::<u64>() as f64);
    if total_a <= 0.0 || total_b <= 0.0 {
        return None;
    }
    let both = total_a + total_b;
    let (mut statistic, mut categories) = (0.0, 0_u64);
    for (&count_a, &count_b) in a.iter().zip(b) {
        let together = (count_a + count_b) as f64;
        if together > 0.0 {
            categories += 1;
            let of = |count: u64, total: f64| {
                let expected = together * total / both;
                (count as f64 - expected).powi(2) / expected
            };
            statistic += of(count_a, total_a) + of(count_b, total_b);
        }
    }
    let df = categories.checked_sub(1).filter(|df| *df > 0)?;
    Some(ChiSquared {
        statistic,
        df,
        p: chi_squared_upper(statistic, df as f64)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::references::{agree, cases, number, numbers};
    use super::*;

    #[test]
    fn two_samples_of_numbers_agree_with_scipy() {
        for case in cases("kolmogorov-smirnov") {
            let found = kolmogorov_smirnov(&numbers(&case, "a"), &numbers(&case, "b")).expect("a test");
            assert!(
                (found.statistic - number(&case, "statistic")).abs() < 1e-12,
                "{case}"
            );
            assert!((found.p - number(&case, "p")).abs() < 1e-9, "{case}: {}", found.p);
        }
    }

    #[test]
    fn the_limit_agrees_with_scipy() {
        for case in cases("kolmogorov") {
            let found = kolmogorov_upper(number(&case, "x"));
            assert!((found - number(&case, "p")).abs() < 1e-12, "{case}: {found}");
        }
    }

    #[test]
    fn two_samples_of_categories_agree_with_scipy() {
        for case in cases("chi-squared") {
            let counts = |key| {
                numbers(&case, key)
                    .iter()
                    .map(|count| *count as u64)
                    .collect::<Vec<_>>()
            };
            let found = chi_squared_homogeneity(&counts("a"), &counts("b")).expect("a test");
            agree(&case, Some(found.statistic), "statistic", 1e-9);
            assert!(
                (found.p - number(&case, "p")).abs() < 1e-12,
                "{case}: {}",
                found.p
            );
        }
    }

    #[test]
    fn what_cannot_be_tested_has_no_answer() {
        assert_eq!(kolmogorov_smirnov(&[], &[1.0]), None);
        assert_eq!(kolmogorov_smirnov(&[f64::NAN], &[1.0]), None);
        assert_eq!(chi_squared_homogeneity(&[3], &[4]), None);
        assert_eq!(chi_squared_homogeneity(&[3, 0], &[0, 0]), None);
        assert_eq!(chi_squared_homogeneity(&[3, 1], &[1]), None);
        assert_eq!(chi_squared_upper(f64::NAN, 1.0), None);
        assert_eq!(chi_squared_upper(1e9, 1.0), Some(0.0));
    }
}
