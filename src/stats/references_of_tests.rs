//! Agreement with the reference values of tests and intervals in `fixtures/stats`, made by `tests.py`.

use serde_json::Value;

use super::bootstrap::of_replicates;
use super::references::{agree, cases, number, numbers};
use super::*;

fn test_of(case: &Value) -> TTest {
    let (a, b) = (numbers(case, "a"), numbers(case, "b"));
    let test = match case["test"].as_str() {
        Some("welch") => Group::of(&a)
            .zip(Group::of(&b))
            .and_then(|(a, b)| welch_test(a, b)),
        _ => paired_test(&a, &b),
    };
    test.expect("a test")
}

#[test]
fn t_tests_with_unequal_variances_and_of_pairs() {
    for case in cases("hypothesis") {
        let test = test_of(&case);
        agree(&case, Some(test.t), "t", 1e-9);
        agree(&case, Some(test.df), "df", 1e-9);
        agree(&case, test.p(Alternative::TwoSided), "two_sided", 1e-9);
        agree(&case, test.p(Alternative::Less), "less", 1e-9);
        agree(&case, test.p(Alternative::Greater), "greater", 1e-9);
    }
}

/// The difference of the means, its standard error and degrees of freedom.
fn difference(case: &Value) -> (f64, f64, f64) {
    let (a, b) = (numbers(case, "a"), numbers(case, "b"));
    let gap = mean(&a).zip(mean(&b)).map(|(a, b)| a - b).expect("means");
    let test = test_of(case);
    (gap, gap / test.t, test.df)
}

#[test]
fn two_one_sided_tests() {
    for case in cases("tost") {
        let (gap, se, df) = difference(&case);
        let both = tost(gap, se, df, (number(&case, "low"), number(&case, "high"))).expect("a test");
        agree(&case, Some(both.p_low), "p_low", 1e-9);
        agree(&case, Some(both.p_high), "p_high", 1e-9);
        agree(&case, Some(both.p()), "p", 1e-9);
    }
}

fn whole(case: &Value, key: &str) -> u64 {
    case[key].as_u64().expect("a count")
}

#[track_caller]
fn near(case: &Value, found: f64, key: &str) {
    let expected = number(case, key);
    // an end at 0 comes out as some 1e-19 there
    assert!(
        (found - expected).abs() <= 1e-9 * expected + 1e-15,
        "{case}: {found}"
    );
}

#[test]
fn intervals_of_proportions() {
    for case in cases("proportion") {
        let (k, n, level) = (
            whole(&case, "successes"),
            whole(&case, "trials"),
            number(&case, "level"),
        );
        let (score, exact) = (wilson(k, n, level), clopper_pearson(k, n, level));
        let (score, exact) = (score.expect("an interval"), exact.expect("an interval"));
        near(&case, score.low, "wilson_low");
        near(&case, score.high, "wilson_high");
        near(&case, exact.low, "exact_low");
        near(&case, exact.high, "exact_high");
    }
}

#[test]
fn exact_tests_of_discordant_pairs() {
    for case in cases("mcnemar") {
        let counts = Discordant {
            first: whole(&case, "first"),
            second: whole(&case, "second"),
        };
        agree(&case, Some(counts.p_two_sided()), "two_sided", 1e-9);
        agree(&case, Some(counts.p_first_not_better()), "greater", 1e-9);
    }
}

#[test]
fn false_discovery_rates() {
    for case in cases("false-discovery") {
        let adjusted = benjamini_hochberg(&numbers(&case, "p")).expect("p values");
        for (found, expected) in adjusted.iter().zip(numbers(&case, "adjusted")) {
            assert!(
                (found - expected).abs() <= 1e-9 * expected,
                "{case}: {adjusted:?}"
            );
        }
    }
}

/// The statistic of a case over rows of its values.
fn statistic(case: &Value) -> impl Fn(&[usize]) -> Option<f64> + Sync + use<> {
    let values = numbers(case, "values");
    let name = case["statistic"].as_str().expect("a name").to_owned();
    move |rows| {
        let drawn: Vec<f64> = rows.iter().map(|&row| values[row]).collect();
        match name.as_str() {
            "mean" => mean(&drawn),
            "sd" => sample_sd(&drawn),
            "root_mean_square" => mean(&drawn.iter().map(|x| x * x).collect::<Vec<_>>()).map(f64::sqrt),
            other => panic!("no statistic is called `{other}`"),
        }
    }
}

#[test]
fn the_same_replicates_give_the_same_interval() {
    for case in cases("bootstrap") {
        let rows = numbers(&case, "values").len();
        let bootstrap = of_replicates(rows, statistic(&case), numbers(&case, "replicates"));
        let interval = bootstrap.expect("an answer").interval(number(&case, "level"));
        let interval = interval.expect("an interval");
        agree(&case, Some(interval.low), "low", 1e-9);
        agree(&case, Some(interval.high), "high", 1e-9);
    }
}

#[test]
fn own_replicates_give_nearly_the_same_interval() {
    let usual = Resampling {
        resamples: 20_000,
        seed: 7,
    };
    for case in cases("bootstrap") {
        let rows = numbers(&case, "values").len();
        let bootstrap = Bootstrap::new(rows, statistic(&case), usual).expect("an answer");
        let interval = bootstrap.interval(number(&case, "level")).expect("an interval");
        let se = number(&case, "many_se");
        // Monte Carlo: an end is off by some 2 % of the standard error, the standard error by half a per cent of itself
        let close = |found: f64, key: &str, share: f64| {
            let off = (found - number(&case, key)).abs();
            assert!(off < share * se, "{case}: {found} for `{key}`");
        };
        close(interval.low, "many_low", 0.08);
        close(interval.high, "many_high", 0.08);
        close(bootstrap.se().expect("a spread"), "many_se", 0.03);
    }
}
