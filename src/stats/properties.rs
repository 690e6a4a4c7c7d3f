//! Every function answers every argument, with a finite number or not at all.

use proptest::collection::vec;
use proptest::num::f64::ANY;
use proptest::prelude::*;

use super::*;

fn finite_or_none(value: Option<f64>) -> bool {
    value.is_none_or(f64::is_finite)
}

proptest! {
    #[test]
    fn no_answer_is_nan(values in vec(ANY, 0..6), (a, b, c) in (ANY, ANY, ANY), (n, m) in any::<(u64, u64)>()) {
        for found in [mean(&values), sample_sd(&values), normal_cdf(a), normal_quantile(a), t_cdf(a, b), t_quantile(a, b)] {
            prop_assert!(finite_or_none(found));
        }
        for found in [variance_ratio_p((a, n), (b, m)), t_power(a, b, c), smallest_gap(a, b, c, 0.8)] {
            prop_assert!(finite_or_none(found));
        }
        let welch = welch((a, n), (b, m));
        prop_assert!(welch.is_none_or(|welch| welch.se.is_finite() && welch.df.is_none_or(|df| df >= 0.99)));
    }

    #[test]
    fn quantiles_rise_with_the_probability(df in 0.6..1e7_f64, p in 1e-6..0.999_f64, step in 1e-6..1e-3_f64) {
        let (low, high) = (t_quantile(p, df), t_quantile(p + step * (1.0 - p), df));
        prop_assert!(low.expect("a quantile") < high.expect("a quantile"));
    }

    #[test]
    fn a_quantile_is_undone_by_the_probability(df in 0.6..1e7_f64, p in 1e-6..0.999_f64) {
        let back = t_cdf(t_quantile(p, df).expect("a quantile"), df).expect("a probability");
        prop_assert!((back / p - 1.0).abs() < 1e-9, "{back}");
    }

    #[test]
    fn more_runs_see_more(gap in 0.01..3.0_f64, runs in 2..500_u32) {
        let power = |runs: f64| t_power(gap * runs.sqrt(), runs - 1.0, 0.05).expect("a power");
        let runs = f64::from(runs);
        prop_assert!(power(runs + 1.0) >= power(runs) - 1e-6);
    }
}
