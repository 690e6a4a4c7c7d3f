//! What every executor has to do: each ending, each limit, and no process left behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use reproof::execute::{Ending, ExecuteError, Executor as _, Tier, Wanted};

use super::bench::{Bench, alive, eventually, mark, python};

#[test]
fn a_program_succeeds() {
    let mut bench = Bench::new();
    let ran = bench.shell("echo $GREETING; echo aside >&2; echo result > /w/out/result; exit 0");
    assert_eq!(ran.outcome.ending, Ending::Succeeded, "{}", ran.stderr);
    assert_eq!((&*ran.stdout, &*ran.stderr), ("hello\n", "aside\n"));
    assert_eq!(ran.outcome.enforced.tier, Tier::Full);
    assert_eq!(ran.outcome.attempts, []);
    assert_eq!(
        fs::read_to_string(bench.path("out/result")).expect("written"),
        "result\n"
    );
    let output = bench.observer.output.lock().expect("output");
    assert_eq!(output.len(), "hello\naside\n".len());
}

#[test]
fn a_program_fails_with_its_code() {
    let ran = Bench::new().shell("echo last words; exit 7");
    assert_eq!(ran.outcome.ending, Ending::Failed { code: 7 });
    assert_eq!(ran.stdout, "last words\n");
}

#[test]
fn a_program_is_killed_by_a_signal() {
    let ran = Bench::new().shell("kill -SEGV $$");
    assert_eq!(ran.outcome.ending, Ending::Killed { signal: 11 });
}

#[test]
fn a_program_that_is_not_there_is_the_manifests_mistake() {
    let error = Bench::new()
        .try_run(&["no-such-program", "x"])
        .expect_err("not there");
    assert!(
        matches!(&error, ExecuteError::NoSuchProgram { program } if program == "no-such-program"),
        "{error:?}"
    );
}

#[test]
fn a_file_without_permission_to_run_is_the_manifests_mistake() {
    let mut bench = Bench::new();
    fs::write(bench.path("data/run.sh"), "echo mine\n").expect("written");
    let error = bench.try_run(&["/w/data/run.sh"]).expect_err("no program");
    assert!(
        matches!(&error, ExecuteError::NotRunnable { program, .. } if program == "/w/data/run.sh"),
        "{error:?}"
    );
}

#[test]
fn programs_are_found_in_the_jobs_own_folders_first() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut bench = Bench::new();
    let tool = bench.path("data/ls");
    fs::write(&tool, "#!/bin/sh\necho mine\n").expect("written");
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).expect("changed");
    bench.job.path.push("/w/data".into());
    assert_eq!(bench.run(&["ls"]).stdout, "mine\n");
}

#[test]
fn a_program_that_takes_too_long_is_ended() {
    let mut bench = Bench::new();
    bench.job.limits.wall = Duration::from_millis(400);
    let ran = bench.shell("trap 'echo asked; exit 0' TERM; echo begun; sleep 1000 & wait");
    assert_eq!(ran.outcome.ending, Ending::TimedOut);
    assert_eq!(ran.stdout, "begun\nasked\n");
}

#[test]
fn ignoring_the_request_to_end_does_not_help() {
    let mut bench = Bench::new();
    bench.job.limits.wall = Duration::from_millis(400);
    let ran = bench.shell("trap '' TERM HUP INT; while :; do sleep 0.01; done");
    assert_eq!(ran.outcome.ending, Ending::TimedOut);
}

#[test]
fn cancelling_ends_it() {
    let mut bench = Bench::new();
    *bench.observer.stop_after.lock().expect("unlocked") = Some(b"begun".to_vec());
    let ran = bench.shell("echo begun; exec sleep 1000");
    assert_eq!(ran.outcome.ending, Ending::Cancelled);
    assert!(bench.observer.stop.load(Ordering::Relaxed));
}

const HOG: &str = include_str!("../../../fixtures/hostile/eat_memory.py");

#[test]
fn one_process_that_eats_memory_is_ended() {
    let mut bench = Bench::new();
    bench.job.limits.memory = 200 << 20;
    let ran = bench.python(HOG, &["1", "600"]);
    assert_eq!(
        ran.outcome.ending,
        Ending::OutOfMemory,
        "{} {}",
        ran.stdout,
        ran.stderr
    );
    let ran = bench.python(HOG, &["1", "50"]);
    assert_eq!(ran.outcome.ending, Ending::Succeeded, "{}", ran.stderr);
}

#[test]
fn six_processes_that_eat_memory_together_are_ended() {
    let mut bench = Bench::new();
    bench.job.limits.memory = 300 << 20;
    let ran = bench.python(HOG, &["6", "150"]);
    assert_eq!(
        ran.outcome.ending,
        Ending::OutOfMemory,
        "{} {}",
        ran.stdout,
        ran.stderr
    );
    bench.job.limits.memory = 1200 << 20;
    let ran = bench.python(HOG, &["6", "100"]);
    assert_eq!(ran.outcome.ending, Ending::Succeeded, "{}", ran.stderr);
    assert!(
        ran.outcome.usage.peak_memory > 300 << 20,
        "all together: {:?}",
        ran.outcome.usage
    );
}

#[test]
fn endless_output_is_cut_and_what_came_first_is_kept() {
    let mut bench = Bench::new();
    bench.job.limits.log = 10_000;
    for stream in ["", ">&2"] {
        let ran = bench.shell(&format!(
            "echo first {stream}; while :; do echo again and again; done {stream}"
        ));
        assert_eq!(ran.outcome.ending, Ending::TooMuchOutput);
        let log = if stream.is_empty() { ran.stdout } else { ran.stderr };
        assert!(log.starts_with("first\nagain"));
        assert_eq!(log.len(), 10_000);
    }
}

const FILL: &str = include_str!("../../../fixtures/hostile/fill.py");

#[test]
fn one_file_that_fills_the_disk_is_stopped() {
    for place in ["/w/out", "/w/code", "/tmp"] {
        let mut bench = Bench::new();
        bench.job.limits.disk = 20 << 20;
        let ran = bench.python(FILL, &[place, "1", "400"]);
        assert_eq!(
            ran.outcome.ending,
            Ending::TooMuchDisk,
            "{place}: {} {}",
            ran.stdout,
            ran.stderr
        );
        assert!(on_disk(bench.folder.path()) < 60 << 20);
    }
}

#[test]
fn many_files_that_fill_the_disk_are_stopped() {
    let mut bench = Bench::new();
    bench.job.limits.disk = 20 << 20;
    let ran = bench.python(FILL, &["/w/out", "400", "1"]);
    assert_eq!(
        ran.outcome.ending,
        Ending::TooMuchDisk,
        "{} {}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn deleted_files_that_fill_the_disk_are_stopped() {
    let mut bench = Bench::new();
    bench.job.limits.disk = 20 << 20;
    let ran = bench.python(FILL, &["/w/out", "60", "1", "delete"]);
    assert_eq!(
        ran.outcome.ending,
        Ending::TooMuchDisk,
        "{} {}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn what_was_there_before_does_not_count() {
    let mut bench = Bench::new();
    fs::write(bench.path("code/big"), vec![1; 30 << 20]).expect("written");
    bench.job.limits.disk = 20 << 20;
    let ran = bench.python(FILL, &["/w/out", "5", "1"]);
    assert_eq!(
        ran.outcome.ending,
        Ending::Succeeded,
        "{} {}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn a_fork_bomb_is_bounded() {
    let mut bench = Bench::new();
    bench.job.limits.processes = 50;
    let ran = bench.python(include_str!("../../../fixtures/hostile/fork_bomb.py"), &["3000"]);
    assert_eq!(
        ran.outcome.ending,
        Ending::Failed { code: 42 },
        "{} {}",
        ran.stdout,
        ran.stderr
    );
    let made: u64 = ran.stdout.trim().parse().expect("a number");
    assert!((10..=60).contains(&made), "{made}");
}

#[test]
fn a_daemon_ends_with_the_job() {
    let (mut bench, mark) = (Bench::new(), mark());
    let ran = bench.python(
        include_str!("../../../fixtures/hostile/leave_daemon.py"),
        &[&mark],
    );
    assert_eq!(ran.outcome.ending, Ending::Succeeded, "{}", ran.stderr);
    assert!(ran.stdout.contains("the daemon runs"), "{}", ran.stdout);
    assert!(!alive(&mark));
}

#[test]
fn the_time_of_every_process_is_counted() {
    // Two children that each leave a child, which works on when its parent is gone.
    let burn = "import os, time\n\
        for _ in range(2):\n    if os.fork() == 0:\n        if os.fork() == 0:\n            \
        while time.process_time() < 0.3: pass\n        os._exit(0)\n    os.wait()\n\
        while any(p.isdigit() and int(p) > os.getpid() for p in os.listdir('/proc')): time.sleep(0.02)\n";
    let ran = Bench::new().python(burn, &[]);
    assert_eq!(ran.outcome.ending, Ending::Succeeded, "{}", ran.stderr);
    assert!(
        ran.outcome.usage.cpu >= Duration::from_millis(600),
        "{:?}",
        ran.outcome.usage
    );
}

#[test]
fn without_a_sandbox_the_tree_still_ends_and_the_record_says_none() {
    let (mut bench, mark) = (Bench::new(), mark());
    bench.local.wanted = Wanted::None;
    let ran = bench.python(
        include_str!("../../../fixtures/hostile/leave_daemon.py"),
        &[&mark],
    );
    assert_eq!(ran.outcome.ending, Ending::Succeeded, "{}", ran.stderr);
    assert!(ran.stdout.contains("the daemon runs"), "{}", ran.stdout);
    assert!(!alive(&mark));
    assert_eq!(ran.outcome.enforced.tier, Tier::None);
    assert_eq!(ran.outcome.enforced.measures["network"], "open");
    bench.job.limits.wall = Duration::from_millis(300);
    assert_eq!(
        bench
            .shell("trap '' TERM; while :; do sleep 0.01; done")
            .outcome
            .ending,
        Ending::TimedOut
    );
}

#[test]
fn a_full_disk_of_the_machine_is_not_the_papers_fault() {
    let mut bench = Bench::new();
    bench.job.stdout = "/dev/full".into();
    bench.job.argv = ["/bin/sh", "-c", "while :; do echo more; done"]
        .map(Into::into)
        .to_vec();
    let outcome = bench.local.run(&bench.job, &bench.observer).expect("it ran");
    assert_eq!(outcome.ending, Ending::HostDiskFull);
}

#[test]
fn a_mount_that_is_not_there_is_named() {
    let mut bench = Bench::new();
    fs::remove_dir_all(bench.path("data")).expect("removed");
    for wanted in [Wanted::Full, Wanted::AtLeastLandlock, Wanted::None] {
        bench.local.wanted = wanted;
        let error = bench.try_run(&["/bin/sh"]).expect_err("not there");
        let expected = format!("cannot show `{}` to the job", bench.path("data").display());
        assert_eq!(error.to_string(), expected);
    }
}

/// Not a test by itself: the process that the next one kills.
#[test]
fn helper_that_runs_a_job() {
    let Some(mark) = helper_mark() else { return };
    let mut bench = Bench::new();
    bench.local.wanted = if mark.starts_with("none") {
        Wanted::None
    } else {
        Wanted::Full
    };
    let daemon = include_str!("../../../fixtures/hostile/leave_daemon.py");
    bench.python(daemon, &[&mark, "stay"]);
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test tells a copy of itself what to do"
)]
fn helper_mark() -> Option<String> {
    std::env::var("REPROOF_TEST_HELPER").ok()
}

#[test]
fn killing_reproof_ends_everything() {
    for tier in ["full", "none"] {
        let mark = format!("{tier}{}", mark());
        let folder = tempfile::tempdir().expect("a folder");
        let mut helper = Command::new(std::env::current_exe().expect("this test"))
            .args([
                "execute::conformance::helper_that_runs_a_job",
                "--exact",
                "--nocapture",
            ])
            .env("REPROOF_TEST_HELPER", &mark)
            .env("TMPDIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        assert!(
            eventually(|| carries(&mark).iter().any(|line| line.contains("sleep"))),
            "{tier}: no daemon"
        );
        helper.kill().expect("killed");
        helper.wait().expect("ended");
        assert!(
            eventually(|| carries(&mark).is_empty()),
            "{tier}: something survived"
        );
    }
}

/// The command lines of all Pythons that carry this mark.
fn carries(mark: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).into_owned());
    lines
        .filter(|line| line.contains(mark) && line.starts_with(python()))
        .collect()
}

fn on_disk(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let files = walkdir::WalkDir::new(folder).into_iter().flatten();
    files
        .filter_map(|entry| entry.metadata().ok())
        .map(|data| data.blocks() * 512)
        .sum()
}
