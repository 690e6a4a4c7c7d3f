//! Killed anywhere, stopped anywhere, run twice at once: nothing is lost, nothing is corrupt, nothing is left.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::Ran;
use crate::common_faults::{Going, Paper, entries, results, tidy, wait_for};

#[track_caller]
fn steps(ran: &Ran) -> Vec<(String, Option<u64>, bool)> {
    let record = ran.json();
    let steps = record["steps"].as_array().expect("steps").iter();
    let row = |step: &Value| {
        let name = step["step"].as_str().expect("a name").to_owned();
        (name, step["seed"].as_u64(), step["reused"] == true)
    };
    steps.map(row).collect()
}

/// Kills a check at each of these gates in turn, each time after continuing from where the last one died.
fn killed_at(paper: &Paper, gates: &[&str], group: bool) {
    for gate in gates {
        paper.gates.close(gate);
        let going = paper.start();
        wait_for(gate, || paper.gates.reached(gate));
        if *gate == "fetch" {
            wait_for("the first bytes", || paper.has_part_of_a_download());
        }
        going.kill(group);
        paper.gates.open(gate);
        check_nothing_is_torn(paper);
    }
}

/// Kills a check as soon as a run holds this: at some moment of measuring, judging or writing.
fn killed_after(paper: &Paper, file: &str) {
    let mut going = paper.start();
    wait_for(file, || paper.any_run_has(file) || going.has_ended());
    if going.has_ended() {
        going.end();
    } else {
        going.kill(false);
    }
    check_nothing_is_torn(paper);
}

/// Whatever is there under its final name is whole.
#[track_caller]
fn check_nothing_is_torn(paper: &Paper) {
    for run in paper.run_folders() {
        let mut files = vec![run.join("record.json")];
        files.extend(
            entries(&run.join("steps"))
                .iter()
                .map(|step| step.join("step.json")),
        );
        for file in files.iter().filter(|file| file.exists()) {
            let text = fs::read_to_string(file).expect("read");
            serde_json::from_str::<Value>(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }
}

#[track_caller]
fn ends_as_if_nothing_had_happened(paper: &Paper, ran: &Ran) {
    let never_killed = Paper::new().check();
    assert_eq!(
        results(&ran.json()),
        results(&never_killed.json()),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.code, never_killed.code);
    assert!(
        steps(ran).iter().all(|(_, _, reused)| *reused),
        "{:?}",
        steps(ran)
    );
    assert!(steps(&never_killed).iter().all(|(_, _, reused)| !reused));
    paper.is_tidy();
}

#[test]
fn killed_at_every_moment_a_check_goes_on_where_it_was() {
    let paper = Paper::new();
    killed_at(&paper, &["clone", "fetch", "train/1", "train/2", "odd"], false);
    killed_after(&paper, "steps/odd.seed-2/step.json");
    killed_after(&paper, "record.json");
    let ran = paper.check();
    ends_as_if_nothing_had_happened(&paper, &ran);
    // The clone that was killed, the one that was not, and no more.
    assert_eq!(paper.clones(), 2);
    let starts: Vec<_> = paper
        .web
        .asked()
        .iter()
        .filter(|asked| asked.path == "/large.bin")
        .map(crate::fetch::server::Asked::start)
        .collect();
    assert!(
        matches!(starts[..], [None, Some(1..)]),
        "what had arrived is continued: {starts:?}"
    );
    let asked = |path: &str| {
        paper
            .web
            .asked()
            .iter()
            .filter(|asked| asked.path == path)
            .count()
    };
    assert_eq!(
        (asked("/train/1"), asked("/train/2"), asked("/odd")),
        (2, 2, 3),
        "half-finished work is redone, finished work is not"
    );
}

#[test]
fn killed_with_its_whole_group_it_goes_on_as_well() {
    let paper = Paper::new();
    killed_at(&paper, &["clone", "fetch", "train/2"], true);
    let ran = paper.check();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let reused: Vec<bool> = steps(&ran).into_iter().map(|(_, _, reused)| reused).collect();
    assert_eq!(reused, [true, true, false, false, false]);
    paper.is_tidy();
}

#[test]
fn a_check_leaves_another_that_goes_on_alone() {
    let paper = Paper::new();
    paper.gates.close("train/1");
    let first = paper.start();
    wait_for("the first", || paper.gates.reached("train/1"));
    // The same, which waits at the same gate, and one that has nothing to wait for.
    let second = paper.start();
    let text = paper.manifest();
    let train = text.find("[[steps]]\nid = \"train\"").expect("a step");
    let claims = text.find("[[claims]]").expect("claims");
    let odd = text.find("[[claims]]\nid = \"odd\"").expect("a claim");
    let other = format!("{}{}", &text[..train], &text[claims..odd]);
    paper.bench.write("paper/other.toml", &other);
    let third = Going::start(paper.command(&["check", "--format", "json", "paper/other.toml"])).end();
    assert_eq!(third.claim("sound")["outcome"], "reproduced", "{}", third.stderr);
    assert_eq!(
        steps(&third),
        [("sound".to_owned(), None, true)],
        "it uses what a run that goes on has finished"
    );
    paper.gates.open("train/1");
    let (first, second) = (first.end(), second.end());
    assert_eq!(results(&first.json()), results(&second.json()));
    assert_eq!(
        (first.code, second.code),
        (0, 0),
        "{}\n{}",
        first.stderr,
        second.stderr
    );
    assert_ne!(first.json()["run"], second.json()["run"]);
    assert_eq!(paper.clones(), 1, "one fetches, the others wait");
    paper.is_tidy();
}

#[test]
fn two_manifests_of_a_folder_do_not_take_each_others_work() {
    let paper = Paper::new();
    let text = paper.manifest();
    paper.bench.write(
        "paper/other.toml",
        &text.replace("sound.py\"]", "sound.py\", \"x\"]"),
    );
    let both = [
        "check",
        "--format",
        "json",
        "paper/paper.toml",
        "paper/other.toml",
    ];
    Going::start(paper.command(&both)).end();
    let again = Going::start(paper.command(&both)).end();
    let records = again.json();
    for record in records.as_array().expect("two records") {
        let steps = record["steps"].as_array().expect("steps");
        assert!(steps.iter().all(|step| step["reused"] == true), "{steps:#?}");
    }
}

/// Stops a check at this gate with what `stop` sends.
fn stopped(gate: &str, stop: impl Fn(&Going)) -> (Paper, Ran) {
    let paper = Paper::new();
    paper.gates.close(gate);
    let going = paper.start();
    wait_for(gate, || paper.gates.reached(gate));
    let family = going.family();
    stop(&going);
    let ran = going.end();
    wait_for("the end of everything that was started", || {
        family.iter().all(|process| !process.lives())
    });
    paper.gates.open(gate);
    (paper, ran)
}

#[track_caller]
fn is_cancelled(ran: &Ran, claim: &str) {
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    let claim = ran.claim(claim);
    assert_eq!(claim["outcome"], "not-run", "{claim:#}");
    assert_eq!(claim["reason"]["code"], "cancelled", "{claim:#}");
    assert_eq!(claim["reason"]["fault"], "host", "{claim:#}");
}

#[test]
fn interrupted_once_in_a_step_it_ends_in_order() {
    let (paper, ran) = stopped("train/2", |going| going.signal(Signal::INT));
    is_cancelled(&ran, "odd");
    assert_eq!(
        ran.claim("sound")["outcome"],
        "reproduced",
        "what was done is reported"
    );
    let folder = ran.json()["folder"].as_str().expect("a folder").to_owned();
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(format!("{folder}/record.json")).expect("a record"))
            .expect("JSON");
    assert_eq!(kept, ran.json());
    tidy(&paper.runs());
    let again = paper.check();
    assert_eq!(again.code, 0, "{}", again.stderr);
    let reused: Vec<bool> = steps(&again).into_iter().map(|(_, _, reused)| reused).collect();
    assert_eq!(reused, [true, true, false, false, false]);
    paper.is_tidy();
}

#[test]
fn interrupted_by_the_terminal_its_steps_get_no_signal_of_their_own() {
    let (_, ran) = stopped("train/1", |going| going.signal_all(Signal::INT));
    is_cancelled(&ran, "odd");
}

#[test]
fn interrupted_while_it_clones_or_fetches_it_ends_in_order() {
    let (paper, ran) = stopped("clone", |going| going.signal(Signal::INT));
    is_cancelled(&ran, "odd");
    is_cancelled(&ran, "sound");
    paper.is_tidy();
    let (paper, ran) = stopped("fetch", |going| going.signal(Signal::TERM));
    is_cancelled(&ran, "odd");
    assert_eq!(paper.check().code, 0);
    paper.is_tidy();
}

#[test]
fn interrupted_while_another_process_clones_it_does_not_wait_for_that() {
    let paper = Paper::new();
    paper.gates.close("clone");
    let first = paper.start();
    wait_for("a clone", || paper.gates.reached("clone"));
    let second = paper.start();
    wait_for("a second run", || paper.run_folders().len() == 2);
    second.signal(Signal::INT);
    is_cancelled(&second.end(), "odd");
    paper.gates.open("clone");
    assert_eq!(first.end().code, 0);
    paper.is_tidy();
}

/// Whether a signal is to be delivered to the process still.
fn has_pending(going: &Going) -> bool {
    let status = format!("/proc/{}/status", going.pid().as_raw_nonzero());
    let status = fs::read_to_string(status).unwrap_or_default();
    let pending = status.lines().filter_map(|line| line.split_once("Pnd:"));
    pending
        .into_iter()
        .any(|(_, signals)| signals.trim().chars().any(|digit| digit != '0'))
}

#[test]
fn interrupted_twice_it_ends_at_once() {
    let paper = Paper::new();
    // Held by nobody who would ever let go.
    let locks = paper.bench.path("paper/.reproof");
    fs::create_dir_all(&locks).expect("made");
    let lock = fs::File::create(locks.join("lock")).expect("made");
    lock.lock().expect("locked");
    let going = paper.start();
    wait_for("the cache", || paper.bench.path("cache/reproof/tmp").exists());
    going.signal(Signal::INT);
    wait_for("the signal", || !has_pending(&going));
    going.signal(Signal::INT);
    let ran = going.end();
    assert_eq!((ran.code, ran.stdout.as_str()), (130, ""));
    drop(lock);
    assert_eq!(paper.check().code, 0);
    paper.is_tidy();
}

#[test]
fn fresh_redoes_everything_but_fetches_nothing_again() {
    let paper = Paper::new();
    paper.check();
    let asked = (paper.clones(), paper.web.asked().len());
    let fresh =
        Going::start(paper.command(&["check", "--fresh", "--format", "json", "paper/paper.toml"])).end();
    assert!(steps(&fresh).iter().all(|(_, _, reused)| !reused));
    assert_eq!(fresh.json()["steps"][0]["reuse"], "`--fresh` was given");
    // Four runs of steps asked their gates again.
    assert_eq!((paper.clones(), paper.web.asked().len()), (asked.0, asked.1 + 4));
}

#[test]
fn what_somebody_changed_in_an_earlier_run_is_not_used_again() {
    let paper = Paper::new();
    let first = paper.check();
    let folder = first.json()["folder"].as_str().expect("a folder").to_owned();
    fs::write(
        format!("{folder}/steps/odd.seed-1/outputs/predictions.csv"),
        "id,prediction\n",
    )
    .expect("written");
    let again = paper.check();
    assert_eq!(results(&again.json()), results(&first.json()));
    let odd = again.json()["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .find(|step| step["step"] == "odd")
        .expect("a step")
        .clone();
    assert_eq!(odd["reused"], false);
    assert!(
        odd["reuse"].as_str().expect("why").contains("was changed since"),
        "{odd:#}"
    );
}

#[test]
fn offline_with_nothing_in_the_cache_everything_that_is_missing_is_named() {
    let paper = Paper::new();
    let ran =
        Going::start(paper.command(&["check", "--offline", "--format", "json", "paper/paper.toml"])).end();
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let record = ran.json();
    assert_eq!(record["pins"]["code"]["reason"]["code"], "code-unavailable");
    assert_eq!(record["pins"]["code"]["reason"]["fault"], "host");
    for (input, name) in record["pins"]["inputs"]
        .as_array()
        .expect("inputs")
        .iter()
        .zip(["labels", "large"])
    {
        assert_eq!(input["reason"]["code"], "data-unavailable", "{input:#}");
        let detail = input["reason"]["detail"].as_str().expect("a detail");
        assert!(detail.contains(&format!("`{name}`")), "{detail}");
    }
    assert_eq!(
        (paper.clones(), paper.web.asked().len()),
        (0, 0),
        "nobody was asked"
    );
    assert_eq!(paper.check().code, 0);
    let asked = paper.web.asked().len();
    let offline =
        Going::start(paper.command(&["check", "--offline", "--format", "json", "paper/paper.toml"])).end();
    assert_eq!(
        (offline.code, paper.web.asked().len()),
        (0, asked),
        "{}",
        offline.stderr
    );
}
