//! Claims that one claim is better than another, through the real binary.

use serde_json::{Value, json};

use crate::common::{Bench, Ran};

#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number: {value}"))
}

/// The claim's outcome, what was paired, what was tested, and how many examples tell the two apart.
#[track_caller]
fn came_out(
    ran: &Ran,
    id: &str,
    outcome: &str,
    pairing: &str,
    test: &str,
    counts: Option<(u64, u64)>,
) -> Value {
    let claim = ran.claim(id);
    assert_eq!(claim["outcome"], outcome, "{claim:#}\n{}", ran.stderr);
    let comparison = &claim["comparison"];
    assert_eq!(comparison["pairing"], pairing, "{claim:#}");
    assert_eq!(comparison["test"], test, "{claim:#}");
    let (ours, theirs) = counts.unzip();
    assert_eq!(comparison["only_better_right"], json!(ours), "{claim:#}");
    assert_eq!(comparison["only_worse_right"], json!(theirs), "{claim:#}");
    claim
}

#[test]
fn two_models_on_the_same_examples_and_on_the_same_seeds() {
    let bench = Bench::on("compares");
    let ran = bench.check();
    let mcnemar = "exact-mcnemar";

    let clear = came_out(
        &ran,
        "beats-baseline",
        "reproduced",
        "paired-examples",
        mcnemar,
        Some((30, 10)),
    );
    assert!(
        (number(&clear["comparison"]["gain"]) - 0.1).abs() < 1e-12,
        "{clear:#}"
    );
    // The chance of 30 or more heads in 40 tosses.
    assert!(
        (number(&clear["p_value"]) - 0.001_110_716_6).abs() < 1e-9,
        "{clear:#}"
    );
    assert!(number(&clear["interval"][0]) > 0.0);
    assert_eq!(clear["score"], 10.0);
    assert_eq!(
        (&clear["comparison"]["resamples"], &clear["comparison"]["seed"]),
        (&json!(2000), &json!(1))
    );

    let close = came_out(
        &ran,
        "beats-rival",
        "inconclusive",
        "paired-examples",
        mcnemar,
        Some((7, 5)),
    );
    assert!(number(&close["interval"][0]) < 0.0 && number(&close["interval"][1]) > 0.0);
    let wrong = came_out(
        &ran,
        "baseline-beats-ours",
        "not-reproduced",
        "paired-examples",
        mcnemar,
        Some((10, 30)),
    );
    assert_eq!(wrong["score"], 0.0);

    let seeds = came_out(
        &ran,
        "lower-error",
        "reproduced",
        "paired-seeds",
        "paired-t",
        None,
    );
    assert!(
        (number(&seeds["measured"]["mean"]) - 0.475).abs() < 1e-9,
        "{seeds:#}"
    );
    assert_eq!((&seeds["df"], &seeds["runs"]), (&json!(3.0), &json!(4)));
    // The errors themselves vary twenty times as much as their difference.
    assert!(number(&seeds["se"]) < 0.01, "{seeds:#}");
    assert_eq!(ran.claim("ours-error")["comparison"], Value::Null);

    insta::assert_snapshot!("comparisons", parts(&bench, &ran));
}

/// What the report says of the comparisons.
fn parts(bench: &Bench, ran: &Ran) -> String {
    let folder = ran.json()["folder"].as_str().expect("a folder").to_owned();
    let report = bench.read(&format!("{folder}/report.md"));
    let parts = report
        .split("\n\n**")
        .filter(|part| part.contains("he gain is over"));
    let parts = parts.map(|part| part.split("\n\n</details>").next().unwrap_or(part));
    let parts: Vec<String> = parts.map(|part| format!("**{part}")).collect();
    assert_eq!(parts.len(), 4, "{report}");
    parts.join("\n\n")
}

#[test]
fn a_comparison_of_what_was_not_measured_says_which() {
    let bench = Bench::on("compares");
    let manifest = bench.read("paper/paper.toml").replace(
        "predictions = \"rival.csv\"",
        "predictions = \"rival.csv\", columns = { prediction = \"guess\" }",
    );
    bench.write("paper/paper.toml", &manifest);
    let ran = bench.check();
    let claim = ran.claim("beats-rival");
    assert_eq!(claim["outcome"], "not-run", "{claim:#}");
    assert!(
        claim["reason"]["detail"]
            .as_str()
            .expect("a detail")
            .starts_with("`rival` was not measured: "),
        "{claim:#}"
    );
    assert_eq!(ran.claim("beats-baseline")["outcome"], "reproduced");
}

#[test]
fn seeds_are_run_one_after_another_until_the_comparison_is_decided() {
    let bench = Bench::on("compares");
    let manifest = bench.read("paper/paper.toml");
    let manifest = manifest
        .replace("primary = true\n", "")
        .replace("seeds = [1, 2, 3, 4]", "seeds = { min = 2, max = 30 }")
        .replace("tolerance = 0.02\n", "tolerance = 0.02\nprimary = true\n");
    bench.write("paper/paper.toml", &manifest);
    let ran = bench.check();
    let claim = ran.claim("lower-error");
    assert_eq!(claim["outcome"], "reproduced", "{claim:#}\n{}", ran.stderr);
    let runs = claim["runs"].as_u64().expect("a count");
    assert!((4..30).contains(&runs), "{claim:#}");
    assert_eq!(
        claim["p_value"],
        Value::Null,
        "it holds at one look only: {claim:#}"
    );
    let steps = ran.json()["steps"].as_array().expect("steps").clone();
    let of_train = steps.iter().filter(|step| step["step"] == "train");
    assert_eq!(of_train.count() as u64, runs);
}
