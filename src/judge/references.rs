//! Agreement with claims that were judged with SciPy, in `fixtures/stats/claims.json`.

use serde_json::Value;

use super::compare::{self, ClaimJudgement};
use super::evidence::ClaimEvidence;
use super::testing::{claim, error_claim};
use crate::manifest::Tolerance;

fn cases() -> Vec<Value> {
    let path = format!("{}/fixtures/stats/claims.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("reference values");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    assert!(
        file["made_by"]
            .as_str()
            .is_some_and(|name| name.contains("scipy"))
    );
    file["cases"].as_array().expect("cases").clone()
}

fn evidence(case: &Value) -> ClaimEvidence {
    let values: Vec<f64> = case["measured"]
        .as_array()
        .expect("values")
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    let claimed = case["claimed"].as_str().expect("a printed number");
    let of = if case["higher"] == true {
        claim
    } else {
        error_claim
    };
    let mut evidence = of(claimed, &values);
    evidence.claimed_runs = case["claimed_runs"]
        .as_u64()
        .and_then(|runs| u32::try_from(runs).ok());
    evidence.floor = case["floor"].as_f64();
    evidence.tolerance = Some(Tolerance {
        absolute: case["absolute"].as_f64(),
        relative: case["relative"].as_f64(),
    });
    let measured = evidence.measured.as_mut().expect("measured");
    measured.deterministic = (case["deterministic"] == true).then_some(true);
    measured.from_checkpoint_as_released = case["as_released"] == true;
    evidence
}

/// Both missing, or both there and as close as asked, relative to `scale` or the expected value.
#[track_caller]
fn near(case: &Value, key: &str, found: Option<f64>, expected: &Value, relative: f64, scale: f64) {
    let close = match (found, expected.as_f64()) {
        (None, None) => true,
        (Some(found), Some(expected)) => (found - expected).abs() <= relative * expected.abs().max(scale),
        _ => false,
    };
    assert!(close, "{key}: {found:?}, not {expected} in {case}");
}

fn agree(case: &Value, found: &ClaimJudgement) {
    let expected = &case["expected"];
    assert_eq!(found.outcome.code(), expected["outcome"], "{case}");
    assert_eq!(found.exact, expected["exact"] == true, "{case}");
    assert_eq!(found.runs, expected["runs"].as_u64().expect("runs"));
    assert_eq!(
        found.basis.map(super::precision::Basis::code),
        expected["basis"].as_str(),
        "{case}"
    );
    let close = |key: &str, found| near(case, key, found, &expected[key], 1e-9, 0.0);
    close("ratio", found.ratio);
    close("score", found.score);
    close("margin", found.margin.as_ref().map(|margin| margin.value));
    close("se", found.se);
    close("df", found.df);
    let claimed = found.measured.as_ref().map_or(1.0, |sample| sample.mean.abs());
    let ends = &expected["interval"];
    near(
        case,
        "difference",
        found.difference,
        &expected["difference"],
        1e-9,
        claimed,
    ); // a difference of near numbers
    near(
        case,
        "low",
        found.interval.map(|interval| interval.low),
        &ends[0],
        1e-9,
        claimed,
    );
    near(
        case,
        "high",
        found.interval.map(|interval| interval.high),
        &ends[1],
        1e-9,
        claimed,
    );
    near(
        case,
        "smallest_gap",
        found.smallest_gap,
        &expected["smallest_gap"],
        1e-9,
        0.0,
    );
    near(
        case,
        "implied_luck",
        found.implied_luck.map(|luck| luck.runs),
        &expected["implied_luck"],
        1e-6,
        0.0,
    );
    let more = found.more_runs_needed.map(|more| more as f64);
    near(
        case,
        "more_runs_needed",
        more,
        &expected["more_runs_needed"],
        0.0,
        0.0,
    );
}

#[test]
fn whole_claims_come_out_as_scipy_says() {
    let cases = cases();
    assert!(cases.len() >= 100);
    for case in &cases {
        agree(case, &compare::claim(&evidence(case)));
    }
}

#[test]
fn the_cases_cover_every_row_of_the_table_and_every_outcome() {
    let cases = cases();
    let has = |key: &str, value: &str| cases.iter().any(|case| case["expected"][key] == value);
    for basis in ["welch", "runs", "prediction", "deterministic", "single-run"] {
        assert!(has("basis", basis), "{basis}");
    }
    for outcome in [
        "reproduced",
        "better",
        "partial",
        "not-reproduced",
        "inconclusive",
    ] {
        assert!(has("outcome", outcome), "{outcome}");
    }
}
