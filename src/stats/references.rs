//! Agreement with the reference values in `fixtures/stats`.

use serde_json::Value;

use super::*;

/// The cases of a file, which must say who made them.
pub(super) fn cases(name: &str) -> Vec<Value> {
    let path = format!("{}/fixtures/stats/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("reference values");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let made_by = file["made_by"].as_str().unwrap_or_default();
    assert!(!made_by.is_empty(), "{path} does not say who computed its values");
    let cases = file["cases"].as_array().expect("cases").clone();
    assert!(!cases.is_empty(), "{path} is empty");
    cases
}

pub(super) fn number(case: &Value, key: &str) -> f64 {
    case[key]
        .as_f64()
        .unwrap_or_else(|| panic!("no number `{key}` in {case}"))
}

pub(super) fn numbers(case: &Value, key: &str) -> Vec<f64> {
    let values = case[key].as_array();
    let values = values.unwrap_or_else(|| panic!("no numbers `{key}` in {case}"));
    values.iter().filter_map(Value::as_f64).collect()
}

fn sample(case: &Value, sd: &str, runs: &str) -> (f64, u64) {
    (number(case, sd), case[runs].as_u64().expect("a count"))
}

#[track_caller]
pub(super) fn agree(case: &Value, found: Option<f64>, key: &str, relative: f64) {
    let (found, expected) = (found.expect("a value"), number(case, key));
    let slack = relative * expected.abs();
    assert!(
        (found - expected).abs() <= slack,
        "{case}: {found}, not {expected}"
    );
}

#[test]
fn quantiles_and_probabilities_of_t() {
    for case in cases("t") {
        agree(
            &case,
            t_quantile(number(&case, "p"), number(&case, "df")),
            "quantile",
            1e-9,
        );
        agree(&case, t_cdf(number(&case, "t"), number(&case, "df")), "cdf", 1e-9);
    }
}

#[test]
fn quantiles_and_probabilities_of_the_normal_distribution() {
    for case in cases("normal") {
        agree(&case, normal_quantile(number(&case, "p")), "quantile", 1e-9);
        agree(&case, normal_cdf(number(&case, "z")), "cdf", 1e-9);
    }
}

#[test]
fn means_and_spreads() {
    for case in cases("describe") {
        let values: Vec<f64> = case["values"]
            .as_array()
            .expect("values")
            .iter()
            .filter_map(Value::as_f64)
            .collect();
        agree(&case, mean(&values), "mean", 1e-9);
        agree(&case, sample_sd(&values), "sd", 1e-9);
    }
}

#[test]
fn standard_errors_and_degrees_of_freedom_of_a_difference() {
    for case in cases("welch") {
        let found = welch(sample(&case, "sd_a", "n_a"), sample(&case, "sd_b", "n_b")).expect("a difference");
        agree(&case, Some(found.se), "se", 1e-9);
        agree(&case, found.df, "df", 1e-9);
    }
}

#[test]
fn p_values_of_a_ratio_of_variances() {
    for case in cases("variance-ratio") {
        let found = variance_ratio_p(sample(&case, "sd_a", "n_a"), sample(&case, "sd_b", "n_b"));
        agree(&case, found, "p", 1e-9);
    }
}

#[test]
fn anytime_quantiles() {
    for case in cases("anytime") {
        let runs = number(&case, "runs");
        let found = anytime_quantile(number(&case, "alpha"), runs - 1.0, runs);
        if case["quantile"].is_null() {
            assert_eq!(found, None, "{case}");
        } else {
            agree(&case, found, "quantile", 1e-9);
        }
    }
}

/// The limits are where the chance reaches a level, so each reference chance is a level whose limit is known.
#[test]
fn limits_of_the_best_of_several_runs() {
    for case in cases("best-of") {
        let (best, runs) = sample(&case, "best", "runs");
        let chance = number(&case, "chance");
        if !(0.01..0.49).contains(&chance) && !(0.51..0.99).contains(&chance) {
            continue;
        }
        let alpha = chance.min(1.0 - chance);
        let (low, high) = best_of_limits(number(&case, "t"), runs, alpha, 1e6).expect("limits");
        let found = if chance < 0.5 { high.expect("an end") } else { low };
        assert!((found / best - 1.0).abs() < 1e-3, "{case}: {found}");
    }
}

#[test]
fn powers() {
    for case in cases("power") {
        let found = t_power(
            number(&case, "noncentrality"),
            number(&case, "df"),
            number(&case, "alpha"),
        );
        agree(&case, found, "power", 1e-9);
    }
}
