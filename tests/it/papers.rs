//! Whole papers through the real binary: each fixture is named for what it does.

use serde_json::Value;

use crate::common::{Bench, Ran};

/// The odd claim could not be measured for this reason, by this party; the sound claim is still judged.
#[track_caller]
fn cannot_measure(name: &str, reason: &str, fault: &str, says: &str) -> Ran {
    let ran = Bench::on(name).check();
    let odd = ran.claim("odd");
    assert_eq!(odd["outcome"], "not-run", "{odd:#}\n{}", ran.stderr);
    assert_eq!(odd["reason"]["code"], reason, "{odd:#}");
    assert_eq!(odd["reason"]["fault"], fault, "{odd:#}");
    let detail = odd["reason"]["detail"].as_str().expect("a detail");
    assert!(detail.contains(says), "{detail:?} does not say {says:?}");
    assert_eq!(
        odd["measured"],
        Value::Null,
        "no number from what did not end well: {odd:#}"
    );
    sound_is_judged(&ran);
    ran
}

#[track_caller]
fn sound_is_judged(ran: &Ran) {
    let sound = ran.claim("sound");
    assert_eq!(sound["outcome"], "reproduced", "{sound:#}\n{}", ran.stderr);
    assert_eq!(sound["exact"], true);
}

#[test]
fn everything_as_claimed() {
    let ran = Bench::on("reproduces").check();
    sound_is_judged(&ran);
    let odd = ran.claim("odd");
    assert_eq!(odd["outcome"], "reproduced", "{odd:#}");
    assert_eq!(odd["measured"]["mean"], 0.9);
    let record = ran.json();
    assert_eq!(record["score"]["covered"], 2);
    assert_eq!(record["verdict"], "caution", "{:#}", record["trust"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn half_as_good_as_claimed_is_the_papers_fault() {
    let ran = Bench::on("falls-short").check();
    let odd = ran.claim("odd");
    assert_eq!(odd["outcome"], "not-reproduced", "{odd:#}");
    assert_eq!(odd["measured"]["mean"], 0.5);
    assert_eq!(ran.json()["verdict"], "untrusted");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
}

#[test]
fn no_number_is_read_from_a_step_that_failed() {
    cannot_measure("step-fails", "step-failed", "paper", "CUDA error: out of tea");
}

#[test]
fn a_step_that_failed_keeps_none_beside_it_from_running() {
    let bench = Bench::on("step-fails");
    let text = std::fs::read_to_string(bench.path("paper/paper.toml")).expect("a manifest");
    let parts: Vec<&str> = text.split_inclusive("[[steps]]").collect();
    let [head, sound, rest] = parts[..] else {
        panic!("two steps: {text}")
    };
    let (odd, claims) = rest.split_at(rest.find("[[claims]]").expect("claims"));
    let output = "outputs = [\"predictions.csv\"]\n";
    let turned = format!(
        "{head}{}\n{output}\n[[steps]]{}\n{claims}",
        odd.trim_end(),
        sound.trim_end_matches("[[steps]]")
    );
    bench.write("paper/paper.toml", &turned);
    let ran = bench.check();
    assert_eq!(
        ran.claim("odd")["reason"]["code"],
        "step-failed",
        "{}",
        ran.stderr
    );
    sound_is_judged(&ran);
}

#[test]
fn a_step_that_ignores_the_request_to_end_is_ended() {
    cannot_measure("times-out", "timeout", "paper", "2s");
}

#[test]
fn a_step_that_eats_memory_is_ended() {
    cannot_measure("out-of-memory", "out-of-memory", "paper", "256.0 MiB");
}

#[test]
fn a_step_that_prints_without_end_is_ended() {
    cannot_measure("floods-log", "step-failed", "paper", "log");
}

#[test]
fn a_step_that_fills_the_disk_is_ended() {
    cannot_measure("fills-disk", "step-failed", "paper", "disk");
}

#[test]
fn a_fork_bomb_stays_inside() {
    cannot_measure("forks-without-end", "step-failed", "paper", "children");
}

#[test]
fn an_attempt_to_reach_the_network_is_a_finding_and_no_crime() {
    let ran = cannot_measure("reaches-network", "step-failed", "paper", "code 1");
    let record = ran.json();
    let safety = record["trust"]
        .as_array()
        .expect("checks")
        .iter()
        .find(|check| check["id"] == "safety");
    assert_eq!(safety.expect("safety")["status"], "pass", "{record:#}");
    assert!(
        record.to_string().contains("datasets.example.org"),
        "the host is named: {record:#}"
    );
}

#[test]
fn writing_outside_and_reading_the_home_and_secrets_fail() {
    let bench = Bench::on("writes-outside");
    bench.write("home/.ssh/id_ed25519", "secret");
    let mut command = bench.command(&["check", "--format", "json", "paper/paper.toml"]);
    let output = command
        .env("REPROOF_TEST_SECRET", "hunter2")
        .output()
        .expect("starts");
    let record: Value = serde_json::from_slice(&output.stdout).expect("a record");
    let folder = record["folder"].as_str().expect("a folder");
    let log = std::fs::read_to_string(format!("{folder}/steps/odd/stdout.log")).expect("a log");
    assert!(log.contains("accuracy=0.900"), "{log}");
    assert!(!log.contains("wrote"), "{log}");
    assert!(!log.contains("hunter2") && !log.contains(".ssh"), "{log}");
    for path in [
        "/etc/reproof-was-here",
        "/usr/reproof-was-here",
        "/reproof-was-here",
    ] {
        assert!(!std::path::Path::new(path).exists(), "{path}");
    }
}

#[test]
fn a_daemon_ends_with_its_step() {
    let ran = Bench::on("leaves-a-daemon").check();
    assert_eq!(ran.claim("odd")["outcome"], "reproduced", "{}", ran.stderr);
    sound_is_judged(&ran);
}

#[test]
fn a_metric_that_is_not_a_number_is_no_measurement() {
    cannot_measure("metric-is-nan", "measurement-invalid", "paper", "stdout");
}

#[test]
fn a_value_outside_the_metrics_range_is_no_measurement() {
    cannot_measure("metric-in-percent", "measurement-invalid", "manifest", "90");
}

#[test]
fn a_result_that_came_with_the_repository_is_stale() {
    cannot_measure(
        "stale-result",
        "measurement-missing",
        "paper",
        "came with the repository",
    );
}

#[test]
fn a_result_that_nobody_wrote_is_missing() {
    cannot_measure("no-result", "measurement-missing", "paper", "results.json");
}

#[test]
fn an_empty_predictions_file_is_no_measurement() {
    cannot_measure("predictions-empty", "measurement-invalid", "paper", "empty");
}

#[test]
fn predictions_must_be_for_the_examples_that_there_are() {
    cannot_measure("predictions-unknown-ids", "measurement-invalid", "paper", "`z`");
    cannot_measure("predictions-duplicate-ids", "measurement-invalid", "paper", "`a`");
    cannot_measure("predictions-missing-ids", "measurement-invalid", "paper", "`j`");
}

#[test]
fn data_that_is_not_what_is_pinned_is_never_used() {
    let ran = cannot_measure("digest-changed", "data-unavailable", "paper", "1d1d1d1d");
    assert!(
        ran.json()["steps"]
            .as_array()
            .expect("steps")
            .iter()
            .all(|step| step["step"] != "odd" || step["ending"] == "not-run")
    );
}

#[test]
fn a_commit_that_is_gone_stops_everything_and_is_named() {
    let ran = Bench::on("commit-gone").check();
    for id in ["sound", "odd"] {
        let claim = ran.claim(id);
        assert_eq!(claim["outcome"], "not-run", "{claim:#}");
        assert_eq!(claim["reason"]["code"], "code-unavailable");
        assert_eq!(claim["reason"]["fault"], "paper");
    }
    assert_eq!(ran.json()["verdict"], "unverified");
    assert_eq!(
        ran.json()["score"]["value"],
        Value::Null,
        "no score without a measurement"
    );
}

#[test]
fn code_that_prints_another_number_than_its_predictions_give_fails_the_metric_check() {
    let ran = Bench::on("lies-about-its-metric").check();
    assert_eq!(
        ran.claim("odd")["measured"]["mean"],
        0.9,
        "what we recompute counts"
    );
    let record = ran.json();
    let metric = record["trust"]
        .as_array()
        .expect("checks")
        .iter()
        .find(|check| check["id"] == "metric");
    assert_eq!(metric.expect("metric")["status"], "fail", "{record:#}");
}

#[test]
fn seeds_are_runs() {
    let ran = Bench::on("seeded").check();
    let odd = ran.claim("odd");
    assert_eq!(odd["measured"]["values"].as_array().expect("values").len(), 3);
    assert_eq!(odd["df"], 2.0, "{odd:#}");
}

#[test]
fn seeds_are_run_one_after_another_until_the_primary_claims_are_decided() {
    let bench = Bench::on("seed-by-seed");
    let ran = bench.check();
    let record = ran.json();
    let rows: Vec<String> = record["sequential"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|row| format!("{} {} {}", row["step"], row["end"], row["reason"]))
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r#"
    "evaluate" "decided" "decided after 4 runs of at most 12, 8 saved"
    "noisy" "exhausted" "still undecided after all 5 runs"
    "broken" "unmeasured" "ended after 2 runs of at most 9, since more would not help: step `broken` ended with code 1: no such layer"
    "constant" "decided" "decided after 2 runs of at most 9, 7 saved"
    "#);
    let runs = |step: &str| {
        let steps = record["steps"].as_array().expect("steps").iter();
        steps.filter(|row| row["step"] == step).count() as u64
    };
    for (claim, step) in [("holds", "evaluate"), ("misses", "evaluate"), ("noisy", "noisy")] {
        let claim = ran.claim(claim);
        assert_eq!(claim["runs"], runs(step), "{claim:#}");
        let looks = claim["looks"].as_array().expect("looks");
        assert_eq!(
            looks.len() as u64,
            runs(step) - 1,
            "the first look is after two runs"
        );
        assert_eq!(looks.last().expect("a look")["outcome"], claim["outcome"]);
    }
    assert_eq!(runs("train"), runs("evaluate"));
    assert_eq!(ran.claim("holds")["outcome"], "reproduced");
    assert_eq!(ran.claim("constant")["outcome"], "reproduced");
    assert_eq!(ran.claim("noisy")["outcome"], "inconclusive");
    assert_eq!(ran.claim("broken")["reason"]["code"], "step-failed");

    let again = bench.check().json();
    assert_eq!(
        again["sequential"], record["sequential"],
        "what is used again is looked at again"
    );
    let steps = again["steps"].as_array().expect("steps").iter();
    let failed = |row: &&serde_json::Value| row["step"] == "broken";
    assert!(
        steps.filter(|row| !failed(row)).all(|row| row["reused"] == true),
        "{again:#}"
    );
}

#[test]
fn a_spent_budget_ends_the_seeds_and_leaves_what_was_measured() {
    let bench = Bench::on("seed-by-seed");
    let path = bench.path("paper/paper.toml");
    let text = std::fs::read_to_string(&path).expect("read");
    let slow = text.replace("\"noisy.py\", \"{seed}\"]", "\"noisy.py\", \"{seed}\", \"slow\"]");
    std::fs::write(&path, slow + "\n[budget]\nwall = \"25s\"\n").expect("written");
    let ran = bench.check();
    let row = ran.json()["sequential"]
        .as_array()
        .expect("steps")
        .iter()
        .find(|row| row["step"] == "noisy")
        .cloned();
    let row = row.expect("a row");
    assert_eq!(row["end"], "stopped", "{row:#}");
    let noisy = ran.claim("noisy");
    assert!(
        noisy["runs"].as_u64().is_some_and(|runs| (2..5).contains(&runs)),
        "{noisy:#}"
    );
}

#[test]
fn a_score_never_moves_silently_because_a_claim_is_no_longer_measured() {
    let bench = Bench::on("seeded");
    bench.check();
    let path = bench.path("paper/paper.toml");
    let text = std::fs::read_to_string(&path).expect("read");
    std::fs::write(
        &path,
        text.replace("accuracy=(?<value>[^ ]+)", "f1=(?<value>[^ ]+)"),
    )
    .expect("written");
    let manifest = path.display().to_string();
    let ran = bench.run(&["check", &manifest]);
    let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected =
        "measured in the previous run and not in this one: `odd`; the two scores are of different claims";
    assert!(said.contains(expected), "{}", ran.stdout);
    assert!(said.contains("on 1 of 2 claims"), "{}", ran.stdout);
}

#[test]
fn outputs_flow_from_step_to_step_seed_by_seed() {
    let ran = Bench::on("trains-and-evaluates").check();
    let odd = ran.claim("odd");
    assert_eq!(
        odd["measured"]["values"],
        serde_json::json!([0.899, 0.9, 0.901]),
        "{odd:#}\n{}",
        ran.stderr
    );
}

#[test]
fn a_second_check_uses_what_the_first_one_finished() {
    let bench = Bench::on("trains-and-evaluates");
    bench.check();
    let again = bench.check().json();
    let steps = again["steps"].as_array().expect("steps");
    assert!(steps.iter().all(|step| step["reused"] == true), "{again:#}");

    let path = bench.path("paper/paper.toml");
    let text = std::fs::read_to_string(&path)
        .expect("read")
        .replace("\"train.py\", \"{seed}\"", "\"train.py\", \"{seed}\", \"x\"");
    std::fs::write(&path, text).expect("written");
    let changed = bench.check().json();
    let of = |name: &str| {
        let steps = changed["steps"].as_array().expect("steps");
        steps
            .iter()
            .find(|step| step["step"] == name)
            .expect("a step")
            .clone()
    };
    assert_eq!(of("sound")["reused"], true);
    assert_eq!(of("train")["reused"], false);
    assert!(
        of("train")["reuse"]
            .as_str()
            .expect("why")
            .contains("step.run changed"),
        "{:#}",
        of("train")
    );
    assert_eq!(of("odd")["reused"], true, "the same weights came out");

    let fresh = bench.with("--fresh").check().json();
    assert!(
        fresh["steps"]
            .as_array()
            .expect("steps")
            .iter()
            .all(|step| step["reused"] == false)
    );
}

#[test]
fn a_step_that_outlasts_the_budget_is_ended_and_nobodys_fault() {
    let bench = Bench::on("times-out");
    let manifest = bench
        .read("paper/paper.toml")
        .replace("timeout = \"2s\"", "timeout = \"1m\"");
    bench.write(
        "paper/paper.toml",
        &format!("{manifest}\n[budget]\nwall = \"8s\"\n"),
    );
    let ran = bench.check();
    let odd = ran.claim("odd");
    assert_eq!(odd["reason"]["code"], "over-budget", "{odd:#}\n{}", ran.stderr);
    assert_eq!(odd["reason"]["fault"], "host");
    sound_is_judged(&ran);
}

#[test]
fn locking_again_says_that_a_tag_moved() {
    let bench = Bench::on("reproduces");
    let path = bench.path("paper/repository");
    let git = |arguments: &[&str]| {
        let status = std::process::Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
            .args(arguments)
            .current_dir(&path)
            .status();
        assert!(status.expect("git starts").success());
    };
    git(&["tag", "v1"]);
    let manifest = bench.read("paper/paper.toml");
    let commit = manifest
        .lines()
        .find(|line| line.starts_with("commit"))
        .expect("a commit")
        .to_owned();
    bench.write("paper/paper.toml", &manifest.replace(&commit, "commit = \"v1\""));
    assert!(!bench.run(&["lock", "paper/paper.toml"]).stderr.contains("moved"));
    git(&["commit", "-q", "--allow-empty", "-m", "Move on"]);
    git(&["tag", "-f", "v1"]);
    let again = bench.run(&["lock", "paper/paper.toml"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stderr.contains("`v1` moved from"), "{}", again.stderr);
}

/// The trust check called `id`.
fn check<'a>(record: &'a Value, id: &str) -> &'a Value {
    let checks = record["trust"].as_array().expect("checks");
    checks.iter().find(|check| check["id"] == id).expect("the check")
}

#[test]
fn claims_are_judged_once_more_without_the_test_rows_that_were_trained_on() {
    let ran = Bench::on("leaks-test-data").check();
    let odd = ran.claim("odd");
    assert_eq!(odd["outcome"], "reproduced", "as claimed, on all rows: {odd:#}");
    let corrected = &odd["leak_corrected"];
    assert_eq!(corrected["left_out"], 80, "{odd:#}");
    assert_eq!(corrected["left"], 120);
    assert_eq!(corrected["outcome"], "not-reproduced");
    let value = corrected["value"].as_f64().expect("a value");
    assert!((value - 55.0 / 120.0).abs() < 1e-12, "{value}");
    let ends = corrected["interval"].as_array().expect("an interval");
    assert!(ends[0].as_f64() < Some(value) && Some(value) < ends[1].as_f64());
    let reasons = odd["reasons"].to_string();
    assert!(reasons.contains("0.675 → 0.4583"), "{reasons}");
    let record = ran.json();
    let hygiene = check(&record, "data-hygiene");
    assert_eq!(hygiene["status"], "fail", "{hygiene:#}");
    assert_eq!(record["verdict"], "untrusted", "{record:#}");
    assert_eq!(record["data"][0]["overlap"]["leaked"], 80);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
}

#[test]
fn another_average_than_the_one_that_is_named_is_told_by_its_value() {
    let ran = Bench::on("prints-another-average").check();
    let odd = ran.claim("odd");
    assert_eq!(odd["outcome"], "partial", "{odd:#}");
    let dialects = odd["dialects"].as_array().expect("readings");
    let of = |whose: &str| {
        dialects
            .iter()
            .find(|dialect| dialect["of"] == whose)
            .expect("a reading")
    };
    assert_eq!(of("reported")["readings"], serde_json::json!(["weighted F1"]));
    assert_eq!(of("claimed")["readings"], serde_json::json!(["weighted F1"]));
    let record = ran.json();
    let metric = check(&record, "metric");
    assert_eq!(metric["status"], "fail");
    let reason = metric["reason"].as_str().expect("a reason");
    assert!(reason.contains("explained by weighted F1"), "{reason}");
    assert_eq!(
        record["verdict"], "caution",
        "another reading is no lie: {record:#}"
    );
}
