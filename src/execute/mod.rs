//! Running one program, confined, and saying how it ended.
//!
//! An [`Executor`] starts a [`Job`] and returns an [`Outcome`]; a program that
//! fails is an outcome, not an error. Logs, limits and the sandbox are the
//! business of every executor, so that none can forget them.

mod cgroup;
mod disk;
mod facts;
mod follow;
mod inside;
mod local;
mod processes;
pub(crate) mod raw;
mod relay;
pub mod sandbox;
pub mod tree;
mod wire;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub use facts::{Refusal, SandboxFacts, probe};
pub use local::{Local, Wanted};

use crate::error::{Diagnose, Fault};
use crate::observe::Observer;

/// One program to run.
#[derive(Clone, Debug)]
pub struct Job {
    /// What it is called in events and messages, such as `train, seed 1`.
    pub name: String,
    /// Program and arguments; the program is looked up in `path`.
    pub argv: Vec<OsString>,
    /// Folder inside the sandbox in which it starts.
    pub directory: PathBuf,
    /// What it sees of the machine besides the system's programs and libraries.
    pub mounts: Vec<Mount>,
    /// Its whole environment, but for what the executor itself sets (HOME, PATH, USER, TMPDIR …).
    pub env: BTreeMap<String, OsString>,
    /// Folders inside the sandbox that come first in its `PATH`.
    pub path: Vec<PathBuf>,
    /// What it may reach.
    pub network: Network,
    /// What it may use.
    pub limits: Limits,
    /// Where its standard output goes.
    pub stdout: PathBuf,
    /// Where its standard error goes.
    pub stderr: PathBuf,
    /// How many GPUs it sees; 0 hides them all.
    pub gpus: u32,
}

/// A file or folder of the machine, shown inside the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// On the machine, absolute.
    pub host: PathBuf,
    /// Inside, absolute.
    pub inside: PathBuf,
    /// Whether it can be changed.
    pub writable: bool,
}

/// What a job may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// Nothing but its own loopback.
    None,
    /// An HTTP proxy behind this Unix socket, found by the usual variables; nothing else.
    Proxy(PathBuf),
    /// All that the machine reaches.
    Host,
}

/// What a job may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time.
    pub wall: Duration,
    /// Resident memory of all its processes together, in bytes.
    pub memory: u64,
    /// Processes and threads at once.
    pub processes: u64,
    /// Bytes in each of the two logs.
    pub log: u64,
    /// Bytes in all writable mounts and its private tmp together, beyond what was there at the start.
    pub disk: u64,
}

/// How a job ended, what it used, and what held it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How.
    pub ending: Ending,
    /// What it used.
    pub usage: Usage,
    /// What was truly enforced.
    pub enforced: Enforced,
    /// What it tried and could not do, as far as that was seen.
    pub attempts: Vec<Attempt>,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With code 0.
    Succeeded,
    /// With another code.
    Failed {
        /// The code.
        code: i32,
    },
    /// By a signal that no limit explains.
    Killed {
        /// The signal's number.
        signal: i32,
    },
    /// It ran past its time.
    TimedOut,
    /// It ran past its memory.
    OutOfMemory,
    /// It wrote more to its logs than it may.
    TooMuchOutput,
    /// It wrote more to disk than it may.
    TooMuchDisk,
    /// The user stopped it.
    Cancelled,
    /// The machine's own disk was full.
    HostDiskFull,
}

/// What a job used, all its processes together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Wall-clock time.
    pub wall: Duration,
    /// Processor time, user and system.
    pub cpu: Duration,
    /// The most memory at once, in bytes.
    pub peak_memory: u64,
    /// GPU seconds, where they could be measured.
    pub gpu_seconds: Option<f64>,
}

/// How far a job was confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Not at all; the user asked for it.
    None,
    /// Landlock and seccomp alone.
    Landlock,
    /// Namespaces, Landlock and seccomp.
    Full,
}

impl Tier {
    /// All of them, weakest first.
    pub const ALL: [Self; 3] = [Self::None, Self::Landlock, Self::Full];

    /// The word that reports and JSON use.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Landlock => "landlock",
            Self::Full => "full",
        }
    }
}

/// What was truly enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforced {
    /// In a word.
    pub tier: Tier,
    /// Each measure by name with how it is enforced, such as `memory` → `cgroup v1`, `network` → `namespace`.
    pub measures: BTreeMap<String, String>,
}

/// Something that a job tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What kind.
    pub kind: AttemptKind,
    /// What exactly: a path, a host, a system call.
    pub what: String,
}

/// What kind of attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptKind {
    /// To reach the network from an offline step: common, and no crime.
    Network,
    /// To get out: a system call that no honest program needs.
    Escape,
}

impl AttemptKind {
    /// The word that reports and JSON use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Escape => "escape",
        }
    }
}

/// Runs jobs.
pub trait Executor: Sync {
    /// Its name in manifests and reports.
    fn name(&self) -> &'static str;

    /// The confinement that was asked for; a run under another one is another run.
    fn confinement(&self) -> &'static str;

    /// Whether a mount is seen where it is asked for, whatever the machine: inside a working copy, say.
    fn shows_mounts(&self) -> bool;

    /// Runs `job` to its end.
    ///
    /// # Errors
    ///
    /// When the job could not be started as asked, never because of how it ended.
    fn run(&self, job: &Job, observer: &dyn Observer) -> Result<Outcome, ExecuteError>;
}

/// Why a job could not be started as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// This machine cannot confine, and nobody said to go on without.
    #[error("this machine cannot confine a program: {cause}")]
    CannotConfine {
        /// Why.
        cause: String,
        /// What would change that.
        fix: String,
    },
    /// The program is not there.
    #[error("no program `{program}` in the step's environment")]
    NoSuchProgram {
        /// As asked for.
        program: String,
    },
    /// The program is there and the machine does not run it: no permission, or no format that it knows.
    #[error("cannot run `{program}` as a program")]
    NotRunnable {
        /// As asked for.
        program: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// Something of the machine failed.
    #[error("cannot {action}")]
    Io {
        /// What was being done, such as "start the sandbox".
        action: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
}

impl Diagnose for ExecuteError {
    fn fault(&self) -> Fault {
        match self {
            Self::CannotConfine { .. } | Self::Io { .. } => Fault::Host,
            Self::NoSuchProgram { .. } | Self::NotRunnable { .. } => Fault::Manifest,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::CannotConfine { fix, .. } => {
                Some(format!("{fix}; or run unconfined with `--no-sandbox`, which is recorded and costs the safety check"))
            }
            Self::NoSuchProgram { .. } => Some("name a program of the environment, such as `python`, or give `[environment]` what installs it".to_owned()),
            Self::NotRunnable { .. } => Some("name its interpreter first, such as `run = [\"sh\", \"run.sh\"]`; an executable file needs its `x` permission".to_owned()),
            Self::Io { .. } => None,
        }
    }
}
