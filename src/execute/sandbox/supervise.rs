//! The process that starts the job, reaps everything below it, and ends everything with it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Resource, Signal, WaitOptions, WaitStatus, kill_process, pidfd_open};

use super::super::processes::descendants;
use super::super::raw;
use super::super::wire::{Order, Spec, Word};
use super::{Built, Doing as _, Link, Never, filter};

/// How often orphans are reaped.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// Kinds of attempts reported at most; one that tries a million things is known by the first hundred.
const MOST_ATTEMPTS: usize = 100;

/// Files and sockets that one process of the job has open at most.
const OPEN_FILES: u64 = 16 * 1024;

/// What "everything below" means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    /// All of the pid namespace.
    Namespace,
    /// All descendants, orphans among them adopted.
    Descendants,
}

impl Tree {
    fn signal(self, signal: Signal) {
        match self {
            // Fails only where nobody is left.
            Self::Namespace => drop(raw::signal_everyone(signal)),
            Self::Descendants => {
                for pid in descendants(rustix::process::getpid()) {
                    let _gone = kill_process(pid, signal);
                }
            }
        }
    }

    /// Ends and reaps everything.
    fn end(self) {
        loop {
            if self == Self::Descendants {
                // What is stopped does not fork while the others are being found.
                self.signal(Signal::STOP);
            }
            self.signal(Signal::KILL);
            loop {
                match rustix::process::wait(WaitOptions::NOHANG) {
                    Err(rustix::io::Errno::CHILD) => return,
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => break,
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Starts the job and sees it through; never returns but for a failure to start.
pub(super) fn run(
    spec: &Spec,
    link: &Link,
    orders: &UnixStream,
    listener: Option<&OwnedFd>,
    measures: BTreeMap<String, String>,
    tree: Tree,
) -> Built<Never> {
    let main = start(spec, link)?;
    link.say(&Word::Started { measures });
    let mut attempts = Attempts {
        link,
        seen: BTreeSet::new(),
    };
    let status = follow(main, orders, listener, &mut attempts, tree).doing("follow the job")?;
    tree.end();
    let (cpu, largest) = raw::usage_of_children();
    let signal = status.terminating_signal();
    link.say(&Word::Ended {
        code: status.exit_status(),
        signal,
        cpu,
        largest,
    });
    exit(0)
}

/// Starts the job's program.
fn start(spec: &Spec, link: &Link) -> Built<Pid> {
    let name = spec.argv.first().map_or(OsStr::new(""), OsString::as_os_str);
    let search = spec
        .env
        .iter()
        .find(|(name, _)| name == "PATH")
        .map(|(_, value)| value.as_os_str());
    let Some(program) = find(name, search.unwrap_or_default(), Path::new(&spec.directory)) else {
        link.say(&Word::NoProgram);
        exit(1)
    };
    let mut command = Command::new(&program);
    command
        .args(spec.argv.iter().skip(1))
        .env_clear()
        .envs(spec.env.iter().map(|(name, value)| (name, value)));
    command.current_dir(&spec.directory).stdin(Stdio::null());
    raw::session_and_limits(&mut command, limits(spec));
    match command.spawn() {
        // It is reaped with everything else, by `follow`.
        Ok(child) => Ok(Pid::from_child(&child)),
        Err(error) => {
            link.say(&Word::NotStarted {
                errno: error.raw_os_error().unwrap_or(0),
            });
            exit(1)
        }
    }
}

fn limits(spec: &Spec) -> Vec<(Resource, u64)> {
    let most_files = rustix::process::getrlimit(Resource::Nofile)
        .maximum
        .unwrap_or(OPEN_FILES)
        .min(OPEN_FILES);
    vec![
        (Resource::Core, 0),
        (Resource::Fsize, spec.limits.file_size),
        (Resource::Nofile, most_files),
        (Resource::Nproc, spec.limits.processes),
    ]
}

/// The file that `name` means, looked up as a shell would.
fn find(name: &OsStr, search: &OsStr, directory: &Path) -> Option<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        let path = directory.join(name);
        return path.exists().then_some(path);
    }
    let runs = |path: &PathBuf| {
        path.metadata()
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    let folders = search
        .as_bytes()
        .split(|&byte| byte == b':')
        .filter(|folder| !folder.is_empty());
    folders
        .map(|folder| directory.join(OsStr::from_bytes(folder)).join(name))
        .find(runs)
}

/// Waits for the end of `main`; answers orders and questions meanwhile, and reaps orphans.
fn follow(
    main: Pid,
    orders: &UnixStream,
    listener: Option<&OwnedFd>,
    attempts: &mut Attempts<'_>,
    tree: Tree,
) -> io::Result<WaitStatus> {
    let ended = pidfd_open(main, PidfdFlags::empty()).ok();
    loop {
        let mut fds = vec![PollFd::new(orders, PollFlags::IN)];
        fds.extend(ended.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
        fds.extend(listener.map(|fd| PollFd::new(fd, PollFlags::IN)));
        if let Err(error) = poll(&mut fds, Some(&TICK))
            && error != rustix::io::Errno::INTR
        {
            return Err(error.into());
        }
        let asked = listener.is_some() && fds.last().is_some_and(|fd| fd.revents().contains(PollFlags::IN));
        let ordered = fds.first().is_some_and(|fd| !fd.revents().is_empty());
        if let (true, Some(listener)) = (asked, listener)
            && let Some(call) = raw::refuse_next(listener.as_fd())
        {
            attempts.tell(false, filter::name(call));
        }
        if ordered {
            obey(orders, tree);
        }
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            if pid == main {
                return Ok(status);
            }
        }
    }
}

/// Does what the parent says; ends everything when it is gone.
fn obey(mut orders: &UnixStream, tree: Tree) {
    let mut text = [0; 1024];
    let read = orders.read(&mut text).unwrap_or(0);
    if read == 0 {
        tree.end();
        exit(1);
    }
    for line in text[..read].split(|&byte| byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Order::Terminate) => tree.signal(Signal::TERM),
            Ok(Order::Kill) => tree.signal(Signal::KILL),
            Err(_) => {}
        }
    }
}

/// Tells the parent each attempt once.
#[derive(Debug)]
pub(super) struct Attempts<'a> {
    pub(super) link: &'a Link,
    pub(super) seen: BTreeSet<String>,
}

impl Attempts<'_> {
    pub(super) fn tell(&mut self, network: bool, what: String) {
        if self.seen.len() < MOST_ATTEMPTS && self.seen.insert(what.clone()) {
            self.link.say(&Word::Tried { network, what });
        }
    }
}
