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
    fn no_test_or_interval_is_nan(
        (a, b, c, d) in (ANY, ANY, ANY, ANY),
        (few, many) in (0..100_u64, 0..100_000_u64),
        level in 0.0..1.0_f64,
        values in vec(ANY, 0..12),
    ) {
        for test in [TTest::new(a, b, c, d), paired_test(&values, &values)].into_iter().flatten() {
            let p = test.p(Alternative::TwoSided);
            prop_assert!(p.is_none_or(|p| (0.0..=1.0).contains(&p)), "{p:?}");
        }
        let tost = tost(a, b, c, (-d.abs(), d.abs()));
        prop_assert!(tost.is_none_or(|tost| (0.0..=1.0).contains(&tost.p())));
        for interval in [wilson(few, many, level), clopper_pearson(few, many, level)].into_iter().flatten() {
            let share = few as f64 / many as f64;
            prop_assert!(0.0 <= interval.low && interval.low <= share && share <= interval.high && interval.high <= 1.0);
        }
        let counts = Discordant { first: few, second: many };
        for p in [counts.p_two_sided(), counts.p_first_not_better()] {
            prop_assert!((0.0..=1.0).contains(&p));
        }
    }

    #[test]
    fn adjusted_p_values_keep_their_order_and_are_no_smaller(values in vec(0.0..=1.0_f64, 0..20)) {
        let adjusted = benjamini_hochberg(&values).expect("p values");
        for (i, p) in values.iter().enumerate() {
            prop_assert!(adjusted[i] >= *p && adjusted[i] <= 1.0);
            for (j, q) in values.iter().enumerate() {
                prop_assert!(p > q || adjusted[i] <= adjusted[j]);
            }
        }
    }

    #[test]
    fn a_bootstrap_is_a_number_or_a_reason(values in vec(prop_oneof![4 => -1.0..1.0_f64, 1 => ANY], 0..9), seed in any::<u64>(), at in ANY) {
        let statistic = |rows: &[usize]| mean(&rows.iter().map(|&row| values[row]).collect::<Vec<_>>());
        if let Ok(bootstrap) = Bootstrap::new(values.len(), statistic, Resampling { resamples: 50, seed }) {
            let interval = bootstrap.interval(0.9).expect("an interval");
            prop_assert!(interval.low.is_finite() && interval.high.is_finite() && interval.low <= interval.high, "{bootstrap:?}");
            prop_assert!(bootstrap.p_not_above(at).is_none_or(|p| (0.0..=1.0).contains(&p)));
            prop_assert!(finite_or_none(bootstrap.se()));
        }
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
