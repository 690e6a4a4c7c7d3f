//! What a job's parent and its sandbox say to each other, one JSON value a line.
//!
//! Both ends are the same program; the format is nobody's promise. It goes
//! through a socket that the job itself never gets.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Attempt, AttemptKind, Tier};

/// The longest line that either end accepts, in bytes.
const LONGEST: u64 = 64 << 20;

/// All that the sandbox has to know, the first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Spec {
    pub(super) walls: Walls,
    pub(super) identity: Identity,
    pub(super) argv: Vec<OsString>,
    pub(super) directory: OsString,
    /// Everything, PATH and HOME included.
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) mounts: Vec<Bind>,
    pub(super) net: Net,
    pub(super) limits: Rlimits,
    /// A private folder of the machine with `tmp`, which becomes /tmp, and `root`, an empty one.
    pub(super) scratch: OsString,
    pub(super) gpus: u32,
}

/// Which walls to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Walls {
    Full,
    Landlock,
    None,
}

impl From<Tier> for Walls {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Full => Self::Full,
            Tier::Landlock => Self::Landlock,
            Tier::None => Self::None,
        }
    }
}

/// As whom the job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Identity {
    /// As this user and group of the machine, which are nobody else's. Needs real root.
    Drop(u32),
    /// As the caller, who is another in a user namespace of the job's own.
    Map,
    /// As the caller.
    Keep,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Bind {
    pub(super) host: OsString,
    pub(super) inside: OsString,
    pub(super) writable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Net {
    None,
    /// A proxy behind the Unix socket at this path of the machine.
    Proxy(OsString),
    Host,
    /// Without namespaces: this port of the machine's loopback only.
    Port(u16),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Rlimits {
    pub(super) processes: u64,
    pub(super) file_size: u64,
    pub(super) shared_memory: u64,
}

/// What the sandbox says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Word {
    /// The first process of the job's namespace, seen from outside.
    First(i32),
    /// A wall could not be built, be it for something that only this job brings.
    Refused { doing: String, errno: i32, of_job: bool },
    /// There is no such program.
    NoProgram,
    /// The program is there and does not start.
    NotStarted { errno: i32 },
    /// The program runs, behind these walls.
    Started { measures: BTreeMap<String, String> },
    /// It tried something.
    Tried { network: bool, what: String },
    /// It and all it started have ended.
    Ended {
        code: Option<i32>,
        signal: Option<i32>,
        cpu: Duration,
        largest: u64,
    },
}

impl Word {
    /// The attempt that this word reports, if it does.
    pub(super) fn attempt(&self) -> Option<Attempt> {
        let Self::Tried { network, what } = self else {
            return None;
        };
        let kind = if *network {
            AttemptKind::Network
        } else {
            AttemptKind::Escape
        };
        Some(Attempt {
            kind,
            what: what.clone(),
        })
    }
}

/// What the parent says after the first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Order {
    /// Ask every process to end.
    Terminate,
    /// End every process.
    Kill,
}

/// Writes one line, at once.
pub(super) fn say(mut to: impl Write, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    to.write_all(&line)
}

/// Reads one line; `None` when the other end is gone.
pub(super) fn hear<T: DeserializeOwned>(from: impl BufRead) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    io::Read::take(from, LONGEST).read_until(b'\n', &mut line)?;
    if line.last() != Some(&b'\n') {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}
