//! Running helper programs of our own: a package client, uv, ssh.
//!
//! These are trusted to be what they say, but not to end: each has a time
//! limit, its output is bounded, its environment is exactly what is given, its
//! standard input is empty, and it ends with us, its children included. What a
//! paper brings is never run here: that is the business of [`crate::execute`].

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::error::{Diagnose, Fault};
use crate::execute::raw;
use crate::observe::Observer;

/// How often cancellation and the end of a silent program are looked for.
const TICK: Duration = Duration::from_millis(50);

/// How long a program has between the request to end and its end.
const GRACE: Duration = Duration::from_secs(1);

/// A helper program and how to run it.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program's absolute path.
    pub program: PathBuf,
    /// Its arguments, without its own name.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: BTreeMap<OsString, OsString>,
    /// The folder in which it starts.
    pub dir: PathBuf,
    /// When it is ended.
    pub timeout: Duration,
    /// Bytes kept of each of its two outputs: the first half and the last half.
    pub max_output: usize,
}

/// What a helper program did.
#[derive(Clone, Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to its standard output, as far as kept.
    pub stdout: Vec<u8>,
    /// What it wrote to its standard error, as far as kept.
    pub stderr: Vec<u8>,
    /// Whether something in the middle of an output was dropped.
    pub truncated: bool,
    /// Wall-clock time.
    pub took: Duration,
}

impl Output {
    /// The last `lines` lines of its standard error, or of its standard output where the former is empty.
    pub fn last_lines(&self, lines: usize) -> String {
        let bytes = if self.stderr.is_empty() {
            &self.stdout
        } else {
            &self.stderr
        };
        let text = String::from_utf8_lossy(bytes);
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

/// Why a helper program has no output. One that ends with an error has: see [`Output::status`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// It could not be started.
    #[error("cannot start `{}`", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// It ran past its time.
    #[error("`{}` did not end within {} s", program.display(), timeout.as_secs_f64())]
    TimedOut {
        /// The program.
        program: PathBuf,
        /// Its time.
        timeout: Duration,
        /// Its last lines.
        last: String,
    },
    /// The user asked to stop.
    #[error("`{}` was stopped on request", program.display())]
    Cancelled {
        /// The program.
        program: PathBuf,
    },
    /// Its output could not be read, or its end not waited for.
    #[error("cannot follow `{}`", program.display())]
    Follow {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl Diagnose for ProcessError {
    fn fault(&self) -> Fault {
        Fault::Host
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TimedOut { last, .. } if !last.is_empty() => Some(format!("its last lines were:\n{last}")),
            Self::Start { .. } | Self::TimedOut { .. } | Self::Cancelled { .. } | Self::Follow { .. } => None,
        }
    }
}

/// Runs `command` to its end and returns what it wrote, whatever its exit code.
///
/// It and its children are ended when the time is over, when `observer` asks
/// to stop, and when this process dies; children that it leaves behind in its
/// process group are ended too.
///
/// # Errors
///
/// When it could not be started, followed or waited for, ran past its time, or was cancelled.
pub fn run(command: &Command, observer: &dyn Observer) -> Result<Output, ProcessError> {
    let started = Instant::now();
    let mut child = spawn(command, Stdio::null(), Stdio::piped(), Stdio::piped())?;
    let mut stdout = Capture::new(child.0.stdout.take(), command.max_output);
    let mut stderr = Capture::new(child.0.stderr.take(), command.max_output);
    let follow = |cause| ProcessError::Follow {
        program: command.program.clone(),
        cause,
    };
    let status = loop {
        wait_for_bytes(&[stdout.source(), stderr.source()]).map_err(follow)?;
        let ended = child.has_ended().map_err(follow)?;
        stdout.drain().and(stderr.drain()).map_err(follow)?;
        if ended {
            break child.finish().map_err(follow)?;
        }
        if observer.cancelled() {
            return Err(ProcessError::Cancelled {
                program: command.program.clone(),
            });
        }
        if started.elapsed() >= command.timeout {
            return Err(timed_out(command, stdout, stderr, child));
        }
    };
    let truncated = stdout.dropped || stderr.dropped;
    let (stdout, stderr) = (stdout.bytes(), stderr.bytes());
    Ok(Output {
        status,
        stdout,
        stderr,
        truncated,
        took: started.elapsed(),
    })
}

/// A helper program that is talked to while it runs; dropping it ends it and its process group.
///
/// It ends with the *thread* that started it, too.
#[derive(Debug)]
pub struct Conversation {
    /// What it reads.
    pub stdin: Option<ChildStdin>,
    /// What it says.
    pub stdout: Option<ChildStdout>,
    child: Group,
}

impl Conversation {
    /// Closes its input and output and waits for its end, for at most `patience`.
    ///
    /// # Errors
    ///
    /// Those of waiting, and [`io::ErrorKind::TimedOut`]; it is ended then.
    pub fn finish(mut self, patience: Duration) -> io::Result<ExitStatus> {
        drop((self.stdin.take(), self.stdout.take()));
        let deadline = Instant::now() + patience;
        loop {
            if self.child.has_ended()? {
                return self.child.finish();
            }
            if Instant::now() >= deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(TICK / 5);
        }
    }
}

/// Starts `command` with its input and output as pipes, such as an ssh that carries Git; its standard error goes to `errors`.
///
/// `timeout` and `max_output` are the caller's business here.
///
/// # Errors
///
/// When it could not be started.
pub fn converse(command: &Command, errors: Stdio) -> Result<Conversation, ProcessError> {
    let mut child = spawn(command, Stdio::piped(), Stdio::piped(), errors)?;
    Ok(Conversation {
        stdin: child.0.stdin.take(),
        stdout: child.0.stdout.take(),
        child,
    })
}

/// A child that leads its process group, which ends when this is dropped; and whether it was reaped already.
#[derive(Debug)]
struct Group(Child, bool);

impl Group {
    /// Whether the child has ended. It is not reaped by this, so that nobody else can get its number yet.
    fn has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let Some(pid) = self.pid() else { return Ok(true) };
        Ok(waitid(WaitId::Pid(pid), options)?.is_some())
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.0.id()).ok().and_then(Pid::from_raw)
    }

    /// Ends what is left of the group and reaps the child.
    fn finish(&mut self) -> io::Result<ExitStatus> {
        if let Some(group) = self.pid().filter(|_| !self.1) {
            // Fails only where nobody is left.
            let _empty = kill_process_group(group, Signal::KILL);
        }
        self.1 = true;
        self.0.wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.1 {
            return;
        }
        if let (Ok(false), Some(group)) = (self.has_ended(), self.pid()) {
            let _empty = kill_process_group(group, Signal::TERM);
            let deadline = Instant::now() + GRACE;
            while matches!(self.has_ended(), Ok(false)) && Instant::now() < deadline {
                std::thread::sleep(TICK / 5);
            }
        }
        drop(self.finish());
    }
}

fn spawn(command: &Command, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Result<Group, ProcessError> {
    let mut child = std::process::Command::new(&command.program);
    child
        .args(&command.args)
        .env_clear()
        .envs(&command.env)
        .current_dir(&command.dir);
    child.stdin(stdin).stdout(stdout).stderr(stderr);
    raw::end_with_this_thread(&mut child);
    match child.spawn() {
        Ok(child) => Ok(Group(child, false)),
        Err(cause) => Err(ProcessError::Start {
            program: command.program.clone(),
            cause,
        }),
    }
}

fn timed_out<A: Read, B: Read>(
    command: &Command,
    stdout: Capture<A>,
    stderr: Capture<B>,
    child: Group,
) -> ProcessError {
    let (stdout, stderr, truncated) = (stdout.bytes(), stderr.bytes(), false);
    let output = Output {
        status: ExitStatus::default(),
        stdout,
        stderr,
        truncated,
        took: command.timeout,
    };
    drop(child);
    ProcessError::TimedOut {
        program: command.program.clone(),
        timeout: command.timeout,
        last: output.last_lines(5),
    }
}

/// Waits until one of `sources` has bytes or is closed, at most one tick; sleeps a moment where all are closed.
fn wait_for_bytes(sources: &[Option<std::os::fd::BorrowedFd<'_>>]) -> io::Result<()> {
    let mut fds: Vec<PollFd<'_>> = sources
        .iter()
        .flatten()
        .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
        .collect();
    let patience = if fds.is_empty() { TICK / 10 } else { TICK };
    let patience = Timespec {
        tv_sec: 0,
        tv_nsec: i64::from(patience.subsec_nanos()),
    };
    match poll(&mut fds, Some(&patience)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// One output of a program: its first and its last bytes.
struct Capture<R> {
    source: Option<R>,
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    dropped: bool,
}

impl<R: Read> Capture<R> {
    fn bytes(mut self) -> Vec<u8> {
        self.head.extend(self.tail);
        self.head
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.half.saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        if self.tail.len() > self.half {
            self.dropped = true;
            self.tail.drain(..self.tail.len() - self.half);
        }
    }
}

impl<R: Read + AsFd> Capture<R> {
    fn new(source: Option<R>, max: usize) -> Self {
        Self {
            source,
            half: max.div_ceil(2),
            head: Vec::new(),
            tail: VecDeque::new(),
            dropped: false,
        }
    }

    fn source(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.source.as_ref().map(AsFd::as_fd)
    }

    /// Reads what is there, without waiting for more, nor for ever from one that never stops.
    fn drain(&mut self) -> io::Result<()> {
        let mut buffer = [0; 64 * 1024];
        for _ in 0..16 {
            let Some(source) = &mut self.source else { break };
            if !is_ready(&*source)? {
                break;
            }
            match source.read(&mut buffer) {
                Ok(0) => self.source = None,
                Ok(read) => self.keep(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether a read would find something, or the end, at once.
pub(crate) fn is_ready(source: &impl AsFd) -> io::Result<bool> {
    const AT_ONCE: Timespec = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    Ok(poll(&mut [PollFd::new(source, PollFlags::IN)], Some(&AT_ONCE))? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Event, Silent};

    fn shell(script: &str) -> Command {
        Command {
            program: PathBuf::from("/bin/sh"),
            args: vec!["-c".into(), script.into()],
            env: BTreeMap::new(),
            dir: PathBuf::from("/"),
            timeout: Duration::from_secs(60),
            max_output: 1000,
        }
    }

    #[test]
    fn output_and_exit_code_come_back() {
        let output = run(&shell("echo out; echo err >&2; exit 3"), &Silent).expect("it ran");
        assert_eq!(
            (output.status.code(), &output.stdout[..], &output.stderr[..]),
            (Some(3), &b"out\n"[..], &b"err\n"[..])
        );
        assert!(!output.truncated);
        assert_eq!(output.last_lines(9), "err");
    }

    #[test]
    fn the_environment_is_what_is_given_and_the_input_is_empty() {
        let mut command = shell("cat; env | grep -v -e ^PWD -e ^_ -e ^SHLVL");
        command.env.insert("ONE".into(), "1".into());
        command.env.insert("PATH".into(), "/usr/bin:/bin".into());
        let output = run(&command, &Silent).expect("it ran");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["ONE=1", "PATH=/usr/bin:/bin"]);
    }

    #[test]
    fn long_output_keeps_both_ends() {
        let output = run(
            &shell("printf first; head -c 300000 /dev/zero; printf last"),
            &Silent,
        )
        .expect("it ran");
        assert_eq!((output.stdout.len(), output.truncated), (1000, true));
        assert!(output.stdout.starts_with(b"first") && output.stdout.ends_with(b"last"));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended_with_its_children() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = shell("trap '' TERM; sleep 1000 & echo $! > child; echo working; wait; wait");
        command.dir = folder.path().to_owned();
        command.env.insert("PATH".into(), "/usr/bin:/bin".into());
        command.timeout = Duration::from_millis(500);
        let error = run(&command, &Silent).expect_err("too long");
        assert!(
            matches!(&error, ProcessError::TimedOut { last, .. } if last == "working"),
            "{error:?}"
        );
        let child = std::fs::read_to_string(folder.path().join("child")).expect("a process id");
        assert!(!stays(child.trim()));
    }

    #[test]
    fn a_program_that_leaves_a_child_is_not_waited_for() {
        let output = run(&shell("sleep 1000 & echo $!"), &Silent).expect("it ran");
        let child = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!stays(child.trim()));
    }

    #[test]
    fn a_request_to_stop_is_heard() {
        struct Stop;
        impl Observer for Stop {
            fn event(&self, _: Event<'_>) {}
            fn cancelled(&self) -> bool {
                true
            }
        }
        let error = run(&shell("exec sleep 1000"), &Stop).expect_err("stopped");
        assert!(matches!(error, ProcessError::Cancelled { .. }), "{error:?}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let mut command = shell("");
        command.program = "/nowhere/tool".into();
        let error = run(&command, &Silent).expect_err("not there");
        assert_eq!(error.to_string(), "cannot start `/nowhere/tool`");
    }

    #[test]
    fn a_conversation_goes_both_ways() {
        use std::io::Write as _;
        let mut talk = converse(&shell("exec cat"), Stdio::null()).expect("started");
        talk.stdin
            .take()
            .expect("an input")
            .write_all(b"hello")
            .expect("written");
        let mut answer = String::new();
        talk.stdout
            .as_mut()
            .expect("an output")
            .read_to_string(&mut answer)
            .expect("read");
        assert_eq!(answer, "hello");
        assert!(talk.finish(Duration::from_secs(60)).expect("ended").success());
    }

    /// Whether a process stays, other than just waiting to be reaped; a signal takes a moment to arrive.
    fn stays(pid: &str) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while running(pid) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        running(pid)
    }

    fn running(pid: &str) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
            !stat
                .rsplit(')')
                .next()
                .is_some_and(|rest| rest.trim_start().starts_with('Z'))
        })
    }
}
