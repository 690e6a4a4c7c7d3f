//! `reproof audit` and the audit of `check`, through the real binary.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{self, Bench, Ran};

/// A paper on 178 examples, 71 of them positive, with these claims: `(metric, value, further keys)`.
fn paper(claims: &[(&str, &str, &str)]) -> Bench {
    let mut text = r#"schema = 1
paper = { title = "Audited", year = 2023 }
code = { repository = "https://example.org/audited", commit = "5af87e7fce2b90ae1cbd621cd58059036a3c7436" }

[[steps]]
id = "test"
phase = "evaluate"
run = ["./test"]
timeout = "1m"
"#
    .to_owned();
    for (index, (metric, value, keys)) in claims.iter().enumerate() {
        text.push_str(&format!(
            "\n[[claims]]\nid = \"c{}\"\nstatement = \"so\"\nmetric = \"{metric}\"\nvalue = \"{value}\"\n\
             examples = 178\npositives = 71\nprimary = true\nstep = \"test\"\n{keys}\n\
             measure = {{ json = \"out.json\", pointer = \"/{index}\" }}\n",
            index + 1
        ));
    }
    let text = text.replace(
        "timeout = \"1m\"\n",
        "timeout = \"1m\"\noutputs = [\"out.json\"]\n",
    );
    let bench = Bench::new();
    bench.write("paper.toml", &text);
    bench
}

/// What people read; remarks on the manifest are left out.
#[track_caller]
fn read(bench: &Bench, code: i32) -> String {
    let ran = bench.run(&["audit", "--quiet", "paper.toml"]);
    assert_eq!(ran.code, code, "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

#[track_caller]
fn json(bench: &Bench) -> Value {
    bench
        .run(&["audit", "--quiet", "--format", "json", "paper.toml"])
        .json()
}

const TRUE: [(&str, &str, &str); 3] = [
    ("recall", "95.8 %", ""),
    ("specificity", "96.3 %", ""),
    ("f1", "0.951", ""),
];

#[test]
fn claims_that_can_be_true_show_the_counts_that_they_come_of() {
    insta::assert_snapshot!(read(&paper(&TRUE), 0), @r"
    claim  possible  because
    ──────────────────────────────────────────
    c1     yes       68/71 = 95.77 → 95.8
    c2     yes       103/107 = 96.26 → 96.3
    c3     yes       tp 68 fn 3 / fp 4 tn 103

    `c1`, `c2` and `c3` come of one confusion matrix: tp 68 fn 3 / fp 4 tn 103
    ");
}

#[test]
fn a_value_that_no_count_gives_is_shown_with_the_nearest_that_do() {
    insta::assert_snapshot!(read(&paper(&[("accuracy", "96.3 %", "")]), 1), @r"
    claim  possible  because
    ────────────────────────────────────────────────────────────────────────────────────────────────────
    c1     no        no multiple of 1/178 rounds to 96.3; the nearest are 171/178 = 96.07 and 172/178 =
                     96.63
    ");
}

#[test]
fn the_fewest_claims_that_contradict_each_other_are_named() {
    let [recall, specificity, _] = TRUE;
    let claims = [recall, ("mae", "3.1", ""), specificity, ("f1", "0.940", "")];
    insta::assert_snapshot!(read(&paper(&claims), 1), @r"
    claim  possible  because
    ────────────────────────────────────────────────────────────────────────────────────────────────
    c1     no        contradicts `c4`: no confusion matrix of 178 examples, 71 of them positive has
                     recall 95.8 % and f1 0.940
    c2     –         nothing to decide: no rule about this metric alone
    c3     yes       103/107 = 96.26 → 96.3
    c4     no        contradicts `c1`: no confusion matrix of 178 examples, 71 of them positive has
                     recall 95.8 % and f1 0.940

    `c1` and `c4` cannot all be true: no confusion matrix of 178 examples, 71 of them positive has recall 95.8 % and f1 0.940

    `c2` and `c3` come of one confusion matrix: tp 71 fn 0 / fp 4 tn 103
    ");
}

#[test]
fn several_models_in_one_set_are_no_contradiction() {
    let claims = [
        ("recall", "95.8 %", ""),
        ("f1", "0.951", ""),
        ("recall", "80.3 %", ""),
        ("f1", "0.702", ""),
    ];
    insta::assert_snapshot!(read(&paper(&claims), 0), @r"
    claim  possible  because
    ────────────────────────────────────────────────────────────────────────────────────────────────
    c1     yes       68/71 = 95.77 → 95.8
    c2     –         nothing to decide: `recall` has several values: name the `model` of each claim
    c3     yes       57/71 = 80.28 → 80.3
    c4     –         nothing to decide: `recall` has several values: name the `model` of each claim

    `c1`, `c2`, `c3` and `c4` are not held against each other: `recall` has several values: name the `model` of each claim
    ");
}

#[test]
fn models_that_are_named_are_held_against_themselves_alone() {
    let claims = [
        ("recall", "95.8 %", "model = \"LDA\""),
        ("jaccard", "0.895", "model = \"LDA\""),
        ("recall", "80.3 %", "model = \"QDA\""),
        ("jaccard", "0.895", "model = \"QDA\""),
    ];
    let bench = paper(&claims);
    let sets = json(&bench)["sets"].clone();
    assert_eq!(sets[0]["possible"], true, "{sets:#}");
    assert_eq!(sets[1]["possible"], false, "{sets:#}");
    assert_eq!(sets[1]["contradiction"], serde_json::json!(["c3", "c4"]));
    let text = read(&bench, 1);
    assert!(text.contains("`c3` and `c4` cannot all be true"), "{text}");
}

#[test]
fn programs_get_the_same_in_json() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&json(&paper(&TRUE))).expect("JSON"), @r#"
    {
      "claims": [
        {
          "id": "c1",
          "possible": true,
          "reason": null,
          "witness": "68/71 = 95.77 → 95.8"
        },
        {
          "id": "c2",
          "possible": true,
          "reason": null,
          "witness": "103/107 = 96.26 → 96.3"
        },
        {
          "id": "c3",
          "possible": true,
          "reason": null,
          "witness": "tp 68 fn 3 / fp 4 tn 103"
        }
      ],
      "sets": [
        {
          "claims": [
            "c1",
            "c2",
            "c3"
          ],
          "contradiction": [],
          "possible": true,
          "reason": null,
          "witness": "tp 68 fn 3 / fp 4 tn 103"
        }
      ]
    }
    "#);
}

#[test]
fn several_manifests_are_an_array_that_names_them_and_the_worst_code_counts() {
    let bench = paper(&TRUE);
    bench.write("broken.toml", "schema = 1\n");
    let ran = bench.run(&["audit", "--quiet", "--format", "json", "paper.toml", "paper.toml"]);
    assert_eq!(ran.code, 0);
    let names: Vec<Value> = ran
        .json()
        .as_array()
        .expect("an array")
        .iter()
        .map(|one| one["manifest"].clone())
        .collect();
    assert_eq!(names, ["paper.toml", "paper.toml"]);
    let ran = bench.run(&[
        "audit",
        "--quiet",
        "--format",
        "json",
        "broken.toml",
        "paper.toml",
    ]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.json().as_array().map(Vec::len), Some(1));
}

#[test]
fn a_name_from_a_manifest_moves_no_text() {
    let of = |value| ("x\u{202e}y", value, "direction = \"lower\"");
    let text = read(&paper(&[of("3.1"), of("4.2")]), 0);
    assert!(text.contains("`x\u{fffd}y` has several values"), "{text:?}");
}

#[test]
fn a_name_from_the_command_line_moves_no_cursor() {
    let claim = "recall:class=\u{1b}[2J=0.9";
    let ran = quick(&["--examples", "178", "--claim", claim]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("recall:class=\u{fffd}[2J"),
        "{:?}",
        ran.stdout
    );
    let ran = quick(&["--claim", "\u{1b}[2J=0.9"]);
    assert_eq!(ran.code, 2);
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
}

fn quick(arguments: &[&str]) -> Ran {
    let all: Vec<&str> = ["audit"].iter().chain(arguments).copied().collect();
    Bench::new().run(&all)
}

#[test]
fn claims_of_the_command_line_need_no_manifest() {
    let ran = quick(&[
        "--examples",
        "178",
        "--positives",
        "71",
        "--claim",
        "recall=95.8%",
        "--claim",
        "f1=0.7",
    ]);
    insta::assert_snapshot!(ran.stdout, @r"
    claim   possible  because
    ───────────────────────────────────────────
    recall  yes       68/71 = 95.77 → 95.8
    f1      yes       tp 68 fn 3 / fp 43 tn 64

    `recall` and `f1` come of one confusion matrix: tp 68 fn 3 / fp 43 tn 64
    ");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = quick(&[
        "--examples",
        "178",
        "--claim",
        "accuracy=96.3%",
        "--format",
        "json",
    ]);
    assert_eq!(ran.json()["claims"][0]["possible"], false);
    assert_eq!(ran.code, 1);
    let mean = quick(&["--examples", "178", "--runs", "2", "--claim", "accuracy=96.3%"]);
    assert_eq!(mean.code, 0, "{}", mean.stdout);
}

#[test]
fn the_same_metric_twice_on_the_command_line_is_one_model() {
    let ran = quick(&[
        "--examples",
        "178",
        "--claim",
        "accuracy=96.1%",
        "--claim",
        "accuracy=95.5%",
        "--positives=71",
    ]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains("`accuracy` and `accuracy#2` cannot all be true"),
        "{}",
        ran.stdout
    );
}

#[test]
fn arguments_that_make_no_sense_are_the_users_mistake() {
    let refused = |arguments: &[&str], says: &str| {
        let ran = quick(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    };
    refused(&[], "MANIFESTS");
    refused(&["--claim", "accuracy"], "METRIC=VALUE");
    refused(&["--claim", "acuracy=0.9"], "did you mean `accuracy`?");
    refused(&["--claim", "accuracy=96.1"], "write `%`");
    refused(&["--claim", "accuracy=good"], "--claim");
    refused(&["--claim", "accuracy=0.9", "--examples", "0"], "--examples");
    refused(
        &["--claim", "recall=0.9", "--examples", "7", "--positives", "8"],
        "only 7 examples",
    );
    refused(&["--claim", "accuracy=0.9", "paper.toml"], "cannot be used with");
    refused(&["--examples", "7", "paper.toml"], "cannot be used with");
    refused(&["missing.toml"], "missing.toml");
}

#[test]
fn every_paper_that_we_check_is_possible() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).expect("manifests") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path.display().to_string());
        }
    }
    assert!(paths.len() > 3);
    let mut arguments = vec!["--quiet"];
    arguments.extend(paths.iter().map(String::as_str));
    let ran = quick(&arguments);
    assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn every_fixture_paper_is_possible_but_the_one_made_not_to_be() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/papers");
    let mut impossible = Vec::new();
    for entry in fs::read_dir(folder).expect("papers") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        if name == "wine" {
            continue; // a part of `reproof demo`, without a manifest of its own
        }
        let bench = Bench::on(&name);
        // What only a running server or another folder can fill in says nothing about the claims.
        let text = bench.read("paper/paper.toml");
        let text = text.replace("{{server}}", "https://example.org");
        let text = text.replace("{{repository}}", "repository");
        bench.write("paper/paper.toml", &text.replace("{{large}}", &"a".repeat(64)));
        let ran = bench.run(&["audit", "paper/paper.toml"]);
        match ran.code {
            0 => {}
            1 => impossible.push(name),
            code => panic!("{name}: {code}\n{}", ran.stderr),
        }
    }
    assert_eq!(impossible, ["impossible-claim"]);
}

#[test]
fn a_check_says_that_a_claim_is_impossible_and_measures_all_the_same() {
    let bench = Bench::on("impossible-claim");
    let ran = bench.check();
    let odd = ran.claim("odd");
    assert_eq!(odd["outcome"], "impossible", "{odd:#}\n{}", ran.stderr);
    assert_eq!(odd["measured"]["mean"], 0.9, "{odd:#}");
    let sound = ran.claim("sound");
    assert_eq!(sound["outcome"], "reproduced", "{sound:#}");

    let record = ran.json();
    assert_eq!(record["audit"]["claims"][1]["possible"], false);
    assert_eq!(record["stages"][0]["stage"], "audit");
    let folder = record["folder"].as_str().expect("a folder");
    let report = fs::read_to_string(Path::new(folder).join("report.md")).expect("a report");
    let section = report.split("\n## ").find(|part| part.starts_with("Audit"));
    insta::assert_snapshot!(section.expect("a section").trim(), @r"
    Audit of the claims

    By arithmetic alone, before anything was run:

    - `odd` is **impossible**: no multiple of 1/10 rounds to 90.5; the nearest are 9/10 = 90.00 and 10/10 = 100.00
    ");
    let plan = bench.run(&["plan", "paper/paper.toml"]);
    assert!(
        plan.stdout
            .contains("audit   impossible, as `reproof audit` explains: `odd`"),
        "{}",
        plan.stdout
    );
}

#[test]
fn a_report_without_anything_to_say_has_no_section_about_it() {
    let bench = Bench::on("reproduces");
    let ran = bench.check();
    let folder = ran.json()["folder"].as_str().expect("a folder").to_owned();
    let report = fs::read_to_string(Path::new(&folder).join("report.md")).expect("a report");
    assert!(!report.contains("## Audit"), "{report}");
}

/// The words of a command; double quotes keep spaces.
fn words(command: &str) -> Vec<String> {
    let parts = command.split('"').enumerate();
    let words = parts.flat_map(|(index, part)| {
        if index % 2 == 1 {
            vec![part.to_owned()]
        } else {
            part.split_whitespace().map(str::to_owned).collect()
        }
    });
    words.collect()
}

#[test]
fn every_example_of_the_page_comes_out_as_written() {
    let page = common::read("docs/audit.md");
    let blocks = page
        .split("```audit\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let mut shown = 0;
    for block in blocks {
        let (command, expected) = block.split_once('\n').expect("a command");
        let command = command.strip_prefix("$ reproof ").expect("a command");
        let words = words(command);
        let ran = Bench::new().run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(
            ran.stdout.trim_end(),
            expected.trim_end(),
            "{command}\n{}",
            ran.stderr
        );
        shown += 1;
    }
    assert!(shown >= 6, "{shown}");
}
