//! The command line: what each command takes and says, and how it ends.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Bench, Ran, up_to_date};

/// The commands, in the order of the help.
fn commands(bench: &Bench) -> Vec<String> {
    let help = bench.run(&["--help"]).stdout;
    let list = help
        .split("Commands:\n")
        .nth(1)
        .and_then(|rest| rest.split("\n\n").next());
    let lines = list
        .expect("commands")
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    lines
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect()
}

#[test]
fn the_help_of_every_command_is_in_the_documentation() {
    let bench = Bench::new();
    let mut text = "# Command line\n\nGenerated from the program: `UPDATE=1 cargo test --test it cli::`. Exit codes: [exit-codes.md](exit-codes.md).\n".to_owned();
    let mut section = |title: &str, arguments: &[&str]| {
        let ran = bench.run(arguments);
        assert_eq!(ran.code, 0, "{title}");
        let help: Vec<&str> = ran.stdout.lines().map(str::trim_end).collect();
        text.push_str(&format!(
            "\n## `{title}`\n\n```text\n{}\n```\n",
            help.join("\n").trim()
        ));
    };
    section("reproof", &["--help"]);
    for command in commands(&bench) {
        section(&format!("reproof {command}"), &[&command, "--help"]);
    }
    for action in ["list", "verify", "prune"] {
        section(&format!("reproof cache {action}"), &["cache", action, "--help"]);
    }
    up_to_date("docs/cli.md", &text);
}

#[test]
fn judge_gives_the_numbers_that_others_rely_on() {
    let ran = Bench::new().run(&[
        "judge",
        "--metric",
        "accuracy",
        "--claimed",
        "83.0 ± 0.7 %",
        "--claimed-runs",
        "100",
        "--measured",
        "0.821,0.829,0.834",
        "--floor",
        "0.3",
        "--tolerance",
        "1 %",
        "--format",
        "json",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let judged = ran.json();
    let names = [
        "outcome",
        "exact",
        "ratio",
        "score",
        "difference",
        "interval",
        "margin",
        "df",
        "se",
        "runs",
        "more_runs_needed",
        "implied_luck",
        "reasons",
    ];
    for name in names {
        assert!(judged.get(name).is_some(), "no `{name}` in {judged:#}");
    }
    assert_eq!(judged["outcome"], "inconclusive");
    assert_eq!(judged["runs"], 3);
    assert!(judged["interval"].as_array().is_some_and(|ends| ends.len() == 2));
}

#[test]
fn judge_tells_people_what_it_comes_to() {
    let ran = Bench::new().run(&[
        "judge",
        "--metric",
        "accuracy",
        "--claimed",
        "83.0 ± 0.7 %",
        "--claimed-runs",
        "100",
        "--measured",
        "0.821,0.829,0.834",
    ]);
    insta::assert_snapshot!(ran.stdout, @r"
    inconclusive
      score        10.0 / 10
      ratio        99.8 % of the claim
      difference   -0.002000
      interval     -0.012759 to +0.008759 (90 %)
      margin       0.0083 = max(half-unit 0.0005, 1 % of the claim 0.0083, claimed spread 0.007)
      se           0.003850
      df           2.14
      more runs    6 would decide
      - floor unknown: the score is the share of the claim
      - about 6 more runs would decide with a chance of 80 %
      - 3 runs can only see a gap of 1.5 points beyond the margin, this one is 0.63 points
    ");
}

#[test]
fn runs_that_were_looked_at_one_by_one_have_a_wider_interval_and_a_path() {
    let judge = |more: &[&str]| {
        let base = [
            "judge",
            "--metric",
            "accuracy",
            "--claimed",
            "80.0 %",
            "--format",
            "json",
        ];
        let measured = ["--measured", "79.5%,0.797,0.796,79.4 %,0.795"];
        let ran = Bench::new().run(&[&base, &measured[..], more].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.json()
    };
    let (fixed, anytime) = (judge(&[]), judge(&["--anytime"]));
    let width = |judged: &serde_json::Value| {
        let end = |at: usize| judged["interval"][at].as_f64().expect("an end");
        end(1) - end(0)
    };
    // The quantiles of five runs: 2.1318 of t, 5.0877 of the mixture.
    assert!(
        (width(&anytime) / width(&fixed) - 5.0877 / 2.1318).abs() < 1e-3,
        "{anytime:#}"
    );
    assert_eq!(fixed["looks"], serde_json::json!([]));
    let outcomes: Vec<_> = anytime["looks"]
        .as_array()
        .expect("looks")
        .iter()
        .map(|look| {
            (
                look["runs"].as_u64(),
                look["interval"].is_null(),
                look["outcome"].as_str(),
            )
        })
        .collect();
    let open = Some("inconclusive");
    assert_eq!(
        outcomes,
        [
            (Some(2), true, open),
            (Some(3), true, open),
            (Some(4), false, open),
            (Some(5), false, Some("reproduced"))
        ]
    );
}

#[test]
fn many_cases_are_answered_line_by_line_in_their_order() {
    let bench = Bench::new();
    let mut lines: Vec<String> = (0..10_000)
        .map(|at| {
            let value = 0.7 + f64::from(at) * 1e-5;
            format!(r#"{{"id":{at},"metric":"accuracy","claimed":"80.0 %","measured":[{value},0.8]}}"#)
        })
        .collect();
    lines[17] = r#"{"id":"x","metric":"acuracy","claimed":0.80,"measured":[0.8]}"#.to_owned();
    lines[18] = "not JSON".to_owned();
    lines[19] =
        r#"{"metric":"rmse","claimed":3.30,"claimed_runs":3,"measured":[3.6],"tolerance":"0.3","floor":9}"#
            .to_owned();
    bench.write("cases.jsonl", &format!("\u{feff}{}\r\n", lines.join("\n")));
    let file = bench.path("cases.jsonl").display().to_string();
    let ran = bench.run(&["judge", "--cases", &file]);
    assert_eq!(ran.code, 2, "two cases could not be judged");
    assert!(
        ran.stderr.contains("2 cases could not be judged"),
        "{}",
        ran.stderr
    );
    let answers: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(answers.len(), lines.len());
    for (at, answer) in answers
        .iter()
        .enumerate()
        .filter(|(at, _)| !(17..20).contains(at))
    {
        assert_eq!(answer["id"], at);
    }
    assert_eq!(
        answers[17],
        serde_json::json!({"line": 18, "error": "unknown metric `acuracy`; did you mean `accuracy`?"})
    );
    assert_eq!(answers[18]["line"], 19);
    assert_eq!(
        (&answers[19]["outcome"], &answers[19]["margin"]),
        (&"reproduced".into(), &0.3.into())
    );

    let one = [
        "judge",
        "--metric",
        "accuracy",
        "--claimed",
        "80.0 %",
        "--measured",
        "0.7,0.8",
        "--format",
        "json",
    ];
    let mut alone = bench.run(&one).json();
    alone["id"] = 0.into();
    assert_eq!(answers[0], alone, "the same numbers give the same answer");
}

#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let ran = Bench::new().run(arguments);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    ran.stderr
}

#[test]
fn wrong_usage_says_what_was_expected() {
    let judge = [
        "judge",
        "--claimed",
        "0.9",
        "--measured",
        "0.9",
        "--metric",
        "acuracy",
    ];
    insta::assert_snapshot!(refused(&judge), @r"
    error: unknown metric `acuracy`; did you mean `accuracy`?

    hint: a metric that reproof does not know needs `--direction higher` or `--direction lower`
    ");
    let judge = [
        "judge",
        "--claimed",
        "0.9",
        "--measured",
        "nan",
        "--metric",
        "accuracy",
    ];
    insta::assert_snapshot!(refused(&judge), @"error: --measured: NaN is not a measurement");
    let judge = [
        "judge",
        "--claimed",
        "83.0",
        "--measured",
        "0.83",
        "--metric",
        "accuracy",
    ];
    insta::assert_snapshot!(refused(&judge), @r"
    error: --claimed: 83 lies outside the range of `accuracy`, 0 to 1

    hint: write `%` behind a value that is printed in per cent
    ");
    let judge = [
        "judge",
        "--claimed",
        "good",
        "--measured",
        "0.9",
        "--metric",
        "accuracy",
    ];
    insta::assert_snapshot!(refused(&judge), @"error: --claimed: `good` is not a number");
    insta::assert_snapshot!(refused(&["chek"]), @r"
    error: unrecognized subcommand 'chek'

      tip: some similar subcommands exist: 'schema', 'check'

    Usage: reproof [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_manifest_that_is_not_there_is_the_users_mistake() {
    let bench = Bench::new();
    let ran = bench.run(&["check", "absent.toml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    let said = ran
        .stderr
        .replace(&bench.path("").display().to_string(), "[bench]/");
    insta::assert_snapshot!(said, @r"
    error: there is no manifest `[bench]/absent.toml`

    hint: `reproof demo` writes an example
    ");
}

/// Every file below `folder`, with its length.
fn files(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let metadata = entry.metadata().expect("metadata");
            found.insert(entry.path(), metadata.len());
            if metadata.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn a_plan_says_what_would_be_done_and_writes_nothing() {
    let bench = Bench::on("trains-and-evaluates");
    let before = files(&bench.path("paper"));
    let ran = bench.run(&["plan", "paper/paper.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(files(&bench.path("paper")), before);
    let found = files(&bench.path("cache"));
    assert!(found.keys().all(|path| !path.is_file()), "{found:?}");

    let mut settings = insta::Settings::clone_current();
    settings.add_filter("[0-9a-f]{40}", "[commit]");
    settings.add_filter(r"Python 3\.\d+\.\d+", "Python [version]");
    settings.bind(|| {
        insta::assert_snapshot!(ran.stdout, @r"
    Outputs of one step are inputs of the next, seed by seed

    claim  metric    claimed  will be
    ─────────────────────────────────────────────────────────────────────────────
    sound  accuracy  91.3 %   read from what the code prints, after step `sound`
    odd    accuracy  90.0 %   read from what the code prints, after step `odd`

    audit   no claim is impossible

    needs        state          what
    ───────────────────────────────────────────────────────────────────────────────────
    code         to be fetched  repository at [commit]
    environment  –              the machine's own Python and packages; Python [version]

    step   runs  each at most  will take  command
    ─────────────────────────────────────────────────────────────
    sound  2     1m, 1.0 GiB   not known  python sound.py
    train  3     1h, 4.0 GiB   not known  python train.py {seed}
    odd    3     1h, 4.0 GiB   not known  python odd.py

    time    not known before every step has run once, at most 6h 2m

    nothing is missing
    ");
    });

    let planned = bench
        .run(&["plan", "--format", "json", "paper/paper.toml"])
        .json();
    assert_eq!(planned["code"]["cached"], false);
    assert_eq!(planned["spending"]["forecast_seconds"], Value::Null);
    bench.check();
    let planned = bench
        .run(&["plan", "--format", "json", "paper/paper.toml"])
        .json();
    assert_eq!(planned["code"]["cached"], true);
    assert!(
        planned["spending"]["forecast_seconds"]
            .as_f64()
            .is_some_and(|seconds| seconds > 0.0)
    );
    let environment = planned["environment"].as_str().expect("words");
    let record = bench.check().json();
    let python = record["environment"]["python"].as_str().expect("a version");
    assert!(
        environment.contains(python),
        "planned {environment}, used {python}"
    );
}

#[test]
fn a_plan_names_what_is_missing() {
    let bench = Bench::on("reproduces");
    let manifest = bench.read("paper/paper.toml");
    let manifest = manifest
        .replace("license = \"CC0-1.0\"\n", "")
        .replace("memory = \"1 GiB\"", "memory = \"1 GiB\"\ngpus = 64");
    let sha256 = manifest
        .lines()
        .find(|line| line.starts_with("sha256"))
        .expect("a digest");
    bench.write("paper/paper.toml", &manifest.replace(sha256, ""));
    let ran = bench.run(&["plan", "paper/paper.toml"]);
    let missing = ran.stdout.split("missing:\n").nth(1).expect(&ran.stdout);
    let missing = regex::Regex::new("has \\d+")
        .expect("a pattern")
        .replace_all(missing, "has [some]");
    insta::assert_snapshot!(missing, @r"
    - step `sound` needs 64 GPU(s); this machine has [some]
    - `labels` has no `sha256`: run `reproof lock`
    - `labels` names no licence: the check `open-data` cannot pass
    ");
}

#[test]
fn doctor_says_what_is_there_and_how_to_get_the_rest() {
    let bench = Bench::new();
    let ran = bench.run(&["doctor", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let facts = ran.json()["facts"].as_array().expect("facts").clone();
    let names: Vec<&str> = facts.iter().filter_map(|fact| fact["name"].as_str()).collect();
    for name in [
        "sandbox (full)",
        "uv",
        "python",
        "gpu",
        "slurm",
        "onnx-runtime",
        "libtorch",
        "disk",
    ] {
        assert!(names.contains(&name), "no `{name}` among {names:?}");
    }
    let text = bench.run(&["doctor"]).stdout;
    for fact in facts {
        let (name, status) = (
            fact["name"].as_str().expect("a name"),
            fact["status"].as_str().expect("a status"),
        );
        assert!(["ok", "limited", "missing"].contains(&status), "{fact:#}");
        assert!(!fact["detail"].as_str().expect("a detail").is_empty(), "{fact:#}");
        assert!(text.contains(name) && text.contains(status), "{text}");
        if let Some(fix) = fact["fix"].as_str() {
            assert!(text.contains(fix), "the fix of `{name}` is whole in\n{text}");
        }
    }
}

/// The demo is checked once; everything about how its result is said is looked at here.
#[test]
fn results_go_to_stdout_and_the_rest_to_stderr() {
    let bench = Bench::on("falls-short");
    let ran: Ran = bench.run(&["check", "paper/paper.toml"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("verdict  untrusted"), "{}", ran.stdout);
    assert!(
        !ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'),
        "no colour into a file"
    );
    assert!(
        ran.stderr.contains("\npinning the code, fetching the data\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("  step odd: succeeded in"), "{}", ran.stderr);
    assert!(
        ran.stderr
            .ends_with("policy: `review` does not hold: the verdict is untrusted\n"),
        "{}",
        ran.stderr
    );

    let quiet = bench.run(&["check", "--quiet", "paper/paper.toml"]);
    assert_eq!(
        quiet.stderr,
        "policy: `review` does not hold: the verdict is untrusted\n"
    );

    let verbose = bench.run(&["check", "--verbose", "--fresh", "paper/paper.toml"]);
    assert!(verbose.stderr.contains(" | accuracy="), "{}", verbose.stderr);

    let colored = bench.run(&["check", "--color", "always", "paper/paper.toml"]);
    assert!(colored.stdout.contains("\x1b["), "{}", colored.stdout);

    let two = bench.run(&[
        "check",
        "--format",
        "json",
        "paper/paper.toml",
        "paper/paper.toml",
    ]);
    let records = two.json();
    assert_eq!(records.as_array().map(Vec::len), Some(2));
    assert_ne!(records[0]["run"], records[1]["run"]);
}

#[test]
fn both_schemas_are_printed() {
    let bench = Bench::new();
    let manifest = bench.run(&["schema"]);
    assert_eq!(manifest.json()["title"], "reproof manifest");
    let record = bench.run(&["schema", "record"]);
    assert_eq!(record.json()["title"], "reproof run record");
}
