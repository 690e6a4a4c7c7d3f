//! Disks that are full or closed: the machine's affair, never the paper's, and nothing is corrupt after it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use reproof::digest::Digest;
use serde_json::Value;

use crate::common::{Bench, Ran};
use crate::common_faults::{Going, Paper, entries, tidy, wait_for, without_proxies};
use crate::common_git::noise;
use crate::fetch::server::{Server, serve};
use crate::servers::{is_not_run, is_reproduced, with_data};

/// A bench whose paper and cache lie on a small disk of their own, in a mount namespace of their own.
struct Small {
    bench: Bench,
    unshare: Vec<&'static str>,
}

impl Small {
    /// `None`, said on stderr, where this machine lets nobody make a mount namespace.
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    fn new() -> Option<Self> {
        let ways = [vec!["-m"], vec!["-U", "-r", "-m"]];
        let works = |way: &Vec<&str>| {
            let script = "mount -t tmpfs -o size=1m tmpfs /mnt";
            let tried = Command::new("unshare")
                .args(way)
                .args(["sh", "-c", script])
                .output();
            tried.is_ok_and(|output| output.status.success())
        };
        let Some(unshare) = ways.into_iter().find(works) else {
            eprintln!("skipped: this machine makes no small disks (unshare -m, mount -t tmpfs)");
            return None;
        };
        let bench = Bench::on("sound");
        fs::create_dir(bench.path("small")).expect("made");
        Some(Self { bench, unshare })
    }

    /// Adds a step and a claim: the step runs this Python.
    fn step(&self, id: &str, python: &str) {
        let path = self.bench.path("paper/paper.toml");
        let mut text = fs::read_to_string(&path).expect("a manifest");
        text.push_str(&format!(
            r#"
[[steps]]
id = "{id}"
phase = "evaluate"
run = ["python", "-c", '''{python}''']

[[claims]]
id = "{id}"
statement = "it is 91.3 % accurate"
where = "Table 1"
metric = "accuracy"
value = "91.3 %"
step = "{id}"
measure = {{ stdout = 'accuracy=(?<value>[0-9.]+)', pick = "last" }}
"#
        ));
        fs::write(path, text).expect("written");
    }

    /// Runs a shell script on the disk: `check NAME` writes NAME.json, NAME.err and NAME.code into the bench, `tight`
    /// leaves 8 MB, `room` leaves 64 MB, `close` makes it read-only, `open` undoes that; what the disk holds in the
    /// end is copied to `after`.
    #[track_caller]
    fn run(&self, script: &str) {
        let script = format!(
            r#"
            set -e
            mount -t tmpfs -o size=64m tmpfs "$BENCH/small"
            cp -r "$BENCH/paper" "$BENCH/small/paper"
            cd "$BENCH/small"
            close() {{ mount -o remount,bind,ro "$BENCH/small"; }}
            open() {{ mount -o remount,bind,rw "$BENCH/small"; }}
            tight() {{ head -c 56m /dev/zero > "$BENCH/small/filler"; }}
            room() {{ rm "$BENCH/small/filler"; }}
            check() {{
                name=$1; shift
                code=0
                "$REPROOF" check --format json "$@" paper/paper.toml > "$BENCH/$name.json" 2> "$BENCH/$name.err" || code=$?
                echo $code > "$BENCH/$name.code"
            }}
            {script}
            cp -a "$BENCH/small" "$BENCH/after"
            "#
        );
        let mut command = Command::new("unshare");
        command.args(&self.unshare).args(["sh", "-c", &script]);
        without_proxies(&mut command);
        command
            .env("HOME", self.bench.path("home"))
            .env("XDG_CACHE_HOME", self.bench.path("small/cache"))
            .env("BENCH", self.bench.path(""))
            .env("REPROOF", env!("CARGO_BIN_EXE_reproof"));
        let ran = Going::start(command).end();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.bench.path(name)).expect("a file of the script")
    }

    fn ran(&self, name: &str) -> Ran {
        Ran {
            code: self.text(&format!("{name}.code")).trim().parse().expect("a code"),
            stdout: self.text(&format!("{name}.json")),
            stderr: self.text(&format!("{name}.err")),
        }
    }

    /// Nothing half-finished is left on the disk, and every blob is what its name says.
    #[track_caller]
    fn is_tidy(&self) {
        tidy(&self.bench.path("after/paper/.reproof/runs"));
        let cache = reproof::workspace::Cache::new(self.bench.path("after/cache/reproof"));
        let verified = reproof::acquire::store::Store::new(&cache)
            .verify()
            .expect("verified");
        assert!(verified.iter().all(|(_, sound)| *sound), "{verified:?}");
        for left in ["tmp", "partial"] {
            assert_eq!(entries(&cache.root().join(left)), Vec::<PathBuf>::new());
        }
    }
}

#[track_caller]
fn reused(ran: &Ran, step: &str) -> bool {
    let record = ran.json();
    let steps = record["steps"].as_array().expect("steps").iter();
    let of: Vec<&Value> = steps.filter(|row| row["step"] == step).collect();
    of[0]["reused"] == true
}

#[test]
fn full_while_it_fetches() {
    let Some(small) = Small::new() else { return };
    let large = noise(12_000_000, 9);
    let digest = Digest::of(&large);
    let server = Server::new(move |asked, stream| serve(stream, asked, &large));
    with_data(&small.bench, &[("large", server.url("/large"), digest)]);
    small.run("tight; check full; room; check roomy; check again");

    let full = small.ran("full");
    is_reproduced(&full, "sound");
    is_not_run(
        &full,
        "large",
        "data-unavailable",
        "host",
        &["No space left", "make room"],
    );
    let roomy = small.ran("roomy");
    is_reproduced(&roomy, "large");
    is_reproduced(&roomy, "sound");
    assert_eq!(server.asked().len(), 2);
    assert!(reused(&small.ran("again"), "large"));
    small.is_tidy();
}

#[test]
fn full_while_a_step_runs() {
    let Some(small) = Small::new() else { return };
    small.step(
        "writes",
        "import os; open(os.environ[\"REPROOF_OUT\"] + \"/big\", \"wb\").write(bytes(12 << 20)); print(\"accuracy=0.913\")",
    );
    small.step(
        "says",
        "import sys; sys.stdout.write((\"x\" * 1023 + chr(10)) * (12 << 10)); print(\"accuracy=0.913\")",
    );
    small.run("tight; check full; room; check roomy; check again");

    let full = small.ran("full");
    is_reproduced(&full, "sound");
    is_not_run(&full, "writes", "step-failed", "host", &["disk", "make room"]);
    is_not_run(&full, "says", "step-failed", "host", &["make room"]);
    let roomy = small.ran("roomy");
    assert!(reused(&roomy, "sound") && !reused(&roomy, "writes"));
    let again = small.ran("again");
    for claim in ["sound", "writes", "says"] {
        is_reproduced(&roomy, claim);
        assert!(reused(&again, claim), "{claim}");
    }
    small.is_tidy();
}

#[test]
fn full_to_the_brim_from_the_beginning() {
    let Some(small) = Small::new() else { return };
    small.run(
        "check good; dd if=/dev/zero of=filler bs=4k 2> /dev/null || true; check full; rm filler; check again",
    );
    let full = small.ran("full");
    assert_eq!(full.code, 3, "{}", full.stderr);
    if full.stdout.is_empty() {
        assert!(
            full.stderr.contains("No space left") && full.stderr.contains("make room"),
            "{}",
            full.stderr
        );
    } else {
        is_not_run(
            &full,
            "sound",
            "code-unavailable",
            "host",
            &["No space left", "make room"],
        );
        assert!(
            full.stderr.contains("the report could not be written"),
            "{}",
            full.stderr
        );
    }
    let again = small.ran("again");
    is_reproduced(&again, "sound");
    assert!(reused(&again, "sound"));
    small.is_tidy();
}

#[test]
fn a_folder_that_is_closed_is_named_with_what_to_do() {
    let Some(small) = Small::new() else { return };
    small.run(
        "close; check project --cache-dir \"$BENCH/elsewhere\"; \
         open; check good; close; \
         cd \"$BENCH\"; check cache --cache-dir \"$BENCH/small/cache\"",
    );
    let project = small.ran("project");
    assert_eq!((project.code, project.stdout.as_str()), (3, ""));
    for part in [".reproof/runs", "Read-only file system", "copy the manifest"] {
        assert!(project.stderr.contains(part), "{}", project.stderr);
    }
    is_reproduced(&small.ran("good"), "sound");
    let cache = small.ran("cache");
    assert_eq!((cache.code, cache.stdout.as_str()), (3, ""));
    for part in [
        "the cache in",
        "small/cache",
        "Read-only file system",
        "--cache-dir",
    ] {
        assert!(cache.stderr.contains(part), "{}", cache.stderr);
    }
}

#[test]
fn a_cache_that_is_no_folder_is_named() {
    let bench = Bench::on("sound");
    bench.write("cache", "");
    let ran = bench.check();
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("the cache in") && ran.stderr.contains("--cache-dir"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_report_that_cannot_be_written_is_still_printed() {
    let paper = Paper::new();
    paper.gates.close("odd");
    let going = paper.start();
    wait_for("the last step", || paper.gates.reached("odd"));
    // Nothing can take the place of a folder that holds something.
    let record = paper.run_folders()[0].join("record.json");
    fs::create_dir_all(record.join("in-the-way")).expect("made");
    paper.gates.open("odd");
    let ran = going.end();
    is_reproduced(&ran, "odd");
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("the report could not be written"),
        "{}",
        ran.stderr
    );
    fs::remove_dir_all(record).expect("removed");
    let again = paper.check();
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(reused(&again, "odd"));
    paper.is_tidy();
}
