//! What every executor has to do: each ending, each limit, and no process left behind.

use std::fs;
use std::time::Duration;

use reproof::execute::{Ending, ExecuteError, Tier, Wanted};

use super::bench::{Bench, alive, eventually, mark};

#[test]
fn a_program_succeeds() {
    let mut bench = Bench::new();
    let ran = bench.shell("echo $GREETING; echo aside >&2; echo result > /w/out/result; exit 0");
    assert_eq!(ran.outcome.ending, Ending::Succeeded, "{}", ran.stderr);
    assert_eq!((&*ran.stdout, &*ran.stderr), ("hello\n", "aside\n"));
    assert_eq!(ran.outcome.enforced.tier, Tier::Full);
    assert_eq!(
        fs::read_to_string(bench.path("out/result")).expect("written"),
        "result\n"
    );
    let output = bench.observer.output.lock().expect("output");
    assert!(output.starts_with(b"hello\n") || output.starts_with(b"aside\n"));
    eprintln!("{:#?}", ran.outcome);
}
