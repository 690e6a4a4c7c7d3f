//! Running a small program of the machine itself, such as an interpreter that is asked for its version.
//!
//! Only for programs that the machine's user chose; what a paper brings runs
//! through an executor.

use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How much of each stream is kept.
const KEPT: u64 = 256 * 1024;

/// How a program ended.
#[derive(Debug)]
pub(super) struct Ran {
    /// Whether it ended by itself with code 0.
    pub(super) ok: bool,
    /// The beginning of its standard output.
    pub(super) stdout: String,
    /// The beginning of its standard error.
    pub(super) stderr: String,
}

impl Ran {
    /// The last line of its standard error that says something.
    pub(super) fn last_words(&self) -> String {
        let line = self.stderr.lines().rev().find(|line| !line.trim().is_empty());
        line.unwrap_or("it said nothing").trim().to_owned()
    }
}

/// Runs `command` to its end, or ends its process group after `limit` or when `cancelled` says so.
///
/// # Errors
///
/// When it cannot be started, and `TimedOut` or `Interrupted` when it was ended.
pub(super) fn run(
    command: &mut Command,
    limit: Duration,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> io::Result<Ran> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let stdout = scope.spawn(move || stdout.map(drain).unwrap_or_default());
        let stderr = scope.spawn(move || stderr.map(drain).unwrap_or_default());
        let status = wait(&mut child, limit, cancelled);
        let stdout = stdout.join().unwrap_or_default();
        let stderr = stderr.join().unwrap_or_default();
        Ok(Ran {
            ok: status?.success(),
            stdout,
            stderr,
        })
    })
}

fn wait(child: &mut Child, limit: Duration, cancelled: &(dyn Fn() -> bool + Sync)) -> io::Result<ExitStatus> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let why = if start.elapsed() > limit {
            io::ErrorKind::TimedOut
        } else if cancelled() {
            io::ErrorKind::Interrupted
        } else {
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
            continue;
        };
        end(child);
        return Err(why.into());
    }
}

fn end(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended in between; there is nothing left to do then.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}

/// All that comes is read, so that the program never blocks; only the beginning is kept.
fn drain(mut stream: impl Read) -> String {
    let mut kept = Vec::new();
    let _ = (&mut stream).take(KEPT).read_to_end(&mut kept);
    let _ = io::copy(&mut stream, &mut io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_streams_and_the_code_come_back() {
        let ran = run(
            &mut shell("echo out; echo err >&2; exit 3"),
            Duration::from_secs(60),
            &|| false,
        )
        .expect("ran");
        assert!(!ran.ok);
        assert_eq!((ran.stdout.as_str(), ran.last_words().as_str()), ("out\n", "err"));
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_its_children() {
        let error = run(
            &mut shell("sleep 600 & sleep 600"),
            Duration::from_millis(50),
            &|| false,
        )
        .expect_err("too long");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let error = run(&mut shell("sleep 600"), Duration::from_secs(60), &|| true).expect_err("cancelled");
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}
