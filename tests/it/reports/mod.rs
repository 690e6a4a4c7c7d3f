//! What a reader gets: tables, Markdown, JSON, and the commands to do it by hand.

mod sample;
mod schema;
mod shown;

use std::fs;
use std::process::Command;

use reproof::report::{Look, RENDERERS, Report, renderer};
use serde_json::Value;

use crate::common::{Bench, commit_all, copy};

fn rendered(name: &str, report: &Report, width: u16) -> String {
    let look = Look {
        color: false,
        width,
    };
    renderer(name).expect("a format").render(report, look)
}

#[test]
fn every_format_has_a_name_of_its_own_and_shows_the_sample() {
    let report = sample::report();
    let mut names: Vec<_> = RENDERERS.iter().map(|renderer| renderer.name()).collect();
    for name in &names {
        assert!(rendered(name, &report, 100).contains("reproduced"), "{name}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RENDERERS.len());
}

#[test]
fn the_table_tells_the_outcomes_apart_without_colour() {
    insta::assert_snapshot!(rendered("text", &sample::report(), 120), @"");
}

#[test]
fn a_narrow_terminal_gets_the_same_facts() {
    let text = rendered("text", &sample::report(), 60);
    let claims = text.split("\n\ntrust check").next().expect("claims");
    insta::assert_snapshot!(claims, @"");
}

#[test]
fn nothing_but_a_path_is_wider_than_the_terminal() {
    let report = sample::report();
    for width in [60, 72, 80, 100, 120, 160, 200] {
        let text = rendered("text", &report, width);
        let wide: Vec<_> = text
            .lines()
            .filter(|line| line.chars().count() > usize::from(width) && !line.starts_with("report "))
            .collect();
        assert_eq!(wide, Vec::<&str>::new(), "at {width}");
        assert!(text.lines().all(|line| line.trim_end() == line), "at {width}");
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    let report = sample::report();
    let look = |color| Look { color, width: 100 };
    let table = renderer("text").expect("a format");
    let escapes = regex::Regex::new("\x1b\\[[0-9;]*m").expect("a pattern");
    let colored = table.render(&report, look(true));
    assert_ne!(colored, table.render(&report, look(false)));
    let stripped: Vec<String> = escapes
        .replace_all(&colored, "")
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    assert_eq!(stripped.join("\n").trim(), table.render(&report, look(false)).trim());
}

#[test]
fn the_report_lets_a_new_engineer_start() {
    let text = rendered("markdown", &sample::report(), 100);
    let start = text.split("## Claims").next().expect("a start");
    insta::assert_snapshot!(start, @"");
}

#[test]
fn the_rest_of_the_report_says_what_it_rests_on() {
    let text = rendered("markdown", &sample::report(), 100);
    let rest = &text[text.find("## Claims").expect("claims")..];
    insta::assert_snapshot!(rest, @"");
}

/// A report of the demo, checked once, and the bench that it lies on.
fn demo() -> (Bench, Value) {
    let bench = Bench::new();
    let record = bench.run(&["demo", "demo", "--format", "json"]).json();
    (bench, record)
}

#[test]
fn the_commands_of_the_report_give_the_same_outputs_without_reproof() {
    let (bench, record) = demo();
    let folder = record["folder"].as_str().expect("a folder");
    let report = fs::read_to_string(format!("{folder}/report.md")).expect("a report");
    let script = report.split("```sh\n").nth(1).and_then(|rest| rest.split("\n```").next());
    let script = format!("{}\necho \"$WORK\"\n", script.expect("commands"));

    // Somewhere else, with nothing but what comes with the manifest.
    copy(&bench.path("demo/1992-wine"), &bench.path("elsewhere/1992-wine"));
    let output = Command::new("sh")
        .args(["-e", "-c", &script])
        .current_dir(bench.path("elsewhere"))
        .env("TMPDIR", bench.path("home"))
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let work = said.lines().last().expect("the folder");
    for step in record["steps"].as_array().expect("steps") {
        for file in step["outputs"].as_array().expect("outputs") {
            let (name, step) = (file["name"].as_str().expect("a name"), step["step"].as_str().expect("a step"));
            let path = format!("{work}/out/{step}/{name}");
            let (digest, _) = reproof::digest::Digest::of_file(path.as_ref()).expect(&path);
            assert_eq!(file["files"][0]["sha256"], digest.hex(), "{path}");
        }
    }
    schema::assert_valid(&record);
}

#[test]
fn a_second_run_says_what_it_used_again() {
    let bench = Bench::on("reproduces");
    bench.check();
    let ran = bench.run(&["check", "paper/paper.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("4 of 4 step runs reused from earlier runs"), "{}", ran.stdout);
}

#[test]
fn nightly_compares_with_the_run_before() {
    let bench = Bench::on("reproduces");
    let nightly = |bench: &Bench| bench.run(&["check", "--quiet", "--require", "nightly", "paper/paper.toml"]);
    let first = nightly(&bench);
    assert_eq!((first.code, first.stderr.as_str()), (0, ""));
    let same = nightly(&bench);
    assert_eq!((same.code, same.stderr.as_str()), (0, ""), "silent when nothing changed");

    // The same claims, but the code gets worse.
    let repository = bench.path("paper/repository");
    bench.write(
        "paper/repository/odd.py",
        "rows = ''.join(f'{name},0\\n' for name in 'abcdefghij')\nopen('predictions.csv', 'w').write('id,prediction\\n' + rows)\nprint('accuracy=0.500')\n",
    );
    let commit = regex::Regex::new("commit = \"[0-9a-f]{40}\"").expect("a pattern");
    let new = format!("commit = \"{}\"", commit_all(&repository));
    let manifest = bench.read("paper/paper.toml");
    bench.write("paper/paper.toml", &commit.replace(&manifest, new.as_str()));
    let worse = nightly(&bench);
    assert_eq!(worse.code, 1, "{}{}", worse.stdout, worse.stderr);
    assert!(
        worse.stderr.contains("`odd` was reproduced and is not-reproduced"),
        "{}",
        worse.stderr
    );
}
