//! Manifests and locks that are wrong: said at once, all of it, and nothing is run.

use std::fs;
use std::path::Path;

use crate::common::{Bench, Ran};

/// The manifest's author is told this, and nothing was run.
#[track_caller]
fn is_refused(bench: &Bench, ran: &Ran, says: &[&str]) {
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    for part in says {
        assert!(ran.stderr.contains(part), "{:?} is not in\n{}", part, ran.stderr);
    }
    assert!(!bench.path("paper/.reproof").exists(), "nothing was begun");
    assert!(!bench.path("cache").exists(), "nothing was fetched");
}

fn edit(bench: &Bench, from: &str, to: &str) {
    let path = bench.path("paper/paper.toml");
    let text = fs::read_to_string(&path).expect("a manifest");
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).expect("written");
}

#[test]
fn ten_mistakes_are_said_at_once() {
    let bench = Bench::on("reproduces");
    let ten = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifests/ten-mistakes.toml");
    fs::copy(ten, bench.path("paper/paper.toml")).expect("copied");
    let ran = bench.check();
    is_refused(&bench, &ran, &["paper.toml"]);
    assert!(ran.stderr.matches("error").count() >= 10, "{}", ran.stderr);
}

#[test]
fn data_without_a_digest_needs_a_lock_which_makes_it_checkable() {
    let bench = Bench::on("reproduces");
    let text = fs::read_to_string(bench.path("paper/paper.toml")).expect("a manifest");
    let line = text
        .lines()
        .find(|line| line.starts_with("sha256"))
        .expect("a digest")
        .to_owned();
    edit(&bench, &line, "");
    is_refused(&bench, &bench.check(), &["reproof lock", "labels"]);
    let locked = bench.run(&["lock", "paper/paper.toml"]);
    assert_eq!(locked.code, 0, "{}", locked.stderr);
    assert_eq!(bench.check().claim("odd")["outcome"], "reproduced");
}

#[test]
fn a_lock_that_says_something_else_is_not_passed_over() {
    let bench = Bench::on("reproduces");
    assert_eq!(bench.run(&["lock", "paper/paper.toml"]).code, 0);
    fs::remove_dir_all(bench.path("cache")).expect("removed");
    let text = fs::read_to_string(bench.path("paper/paper.toml")).expect("a manifest");
    let digest = text
        .lines()
        .find(|line| line.starts_with("sha256"))
        .expect("a digest")
        .to_owned();
    edit(&bench, &digest, &format!("sha256 = \"{}\"", "1d".repeat(32)));
    let ran = bench.check();
    is_refused(
        &bench,
        &ran,
        &["the digest of `labels`", "1d1d1d1d", "reproof lock"],
    );
    fs::write(bench.path("paper/paper.lock"), "nothing").expect("written");
    is_refused(&bench, &bench.check(), &["is not a lock", "paper.lock"]);
}

#[test]
fn a_script_of_the_checker_that_was_changed_after_the_lock_is_noticed() {
    let bench = Bench::on("reproduces");
    bench.write("paper/harness/evaluate.py", "print('accuracy=0.913')\n");
    edit(
        &bench,
        "[[data]]",
        "[[files]]\npath = \"harness/evaluate.py\"\n\n[[data]]",
    );
    edit(&bench, "\"sound.py\"", "\"{file:harness/evaluate.py}\"");
    assert_eq!(bench.run(&["lock", "paper/paper.toml"]).code, 0);
    let locked = bench.check();
    assert_eq!(
        locked.claim("sound")["outcome"],
        "reproduced",
        "{}",
        locked.stderr
    );
    for folder in ["cache", "paper/.reproof"] {
        fs::remove_dir_all(bench.path(folder)).expect("removed");
    }
    bench.write("paper/harness/evaluate.py", "print('accuracy=0.999')\n");
    let ran = bench.check();
    is_refused(
        &bench,
        &ran,
        &["the checker's own file `harness/evaluate.py`", "reproof lock"],
    );
    assert_eq!(bench.run(&["lock", "paper/paper.toml"]).code, 0);
    assert_eq!(bench.check().claim("sound")["measured"]["mean"], 0.999);
}

#[test]
fn several_manifests_go_on_after_failures_and_the_worst_code_counts() {
    let bench = Bench::on("reproduces");
    let good = fs::read_to_string(bench.path("paper/paper.toml")).expect("a manifest");
    bench.write("paper/bad.toml", "schema = 1\nnonsense = 2\n");
    let gone = good.replace(
        "repository = \"repository\"",
        "repository = \"https://127.0.0.1:1/none\"",
    );
    bench.write("paper/gone.toml", &gone);
    bench.write(
        "paper/worse.toml",
        &good.replace("\"90.0 %\"", "\"99.0 %\"\nfloor = 0.8"),
    );
    let check = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("paper/{name}.toml")).collect();
        let mut arguments = vec!["check", "--offline", "--format", "json"];
        arguments.extend(names.iter().map(String::as_str));
        let ran = bench.run(&arguments);
        let records = ran.json().as_array().expect("an array").len();
        (ran.code, records)
    };
    assert_eq!(
        check(&["gone", "paper"]),
        (3, 2),
        "undecided, and then all went well"
    );
    assert_eq!(
        check(&["worse", "gone", "paper"]),
        (1, 3),
        "what a paper did outranks what could not be decided"
    );
    assert_eq!(
        check(&["bad", "worse", "paper"]),
        (2, 2),
        "the record of one, as an array"
    );
    assert_eq!(check(&["bad", "nowhere"]), (2, 0));
    let text = bench.run(&["check", "--offline", "paper/bad.toml", "paper/paper.toml"]);
    assert!(
        text.stderr.contains("nonsense") && text.stdout.contains("sound"),
        "{}\n{}",
        text.stdout,
        text.stderr
    );
}
