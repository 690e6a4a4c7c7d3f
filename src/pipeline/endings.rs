//! Why nothing may be read from a step: whose turn it is, and what to try.

use std::fs;
use std::io;
use std::path::Path;

use super::error::room_hint;
use super::prepared::LOG_LIMIT;
use super::steps::cancelled;
use crate::error::{Diagnose as _, Fault, chain};
use crate::execute::{Ending, ExecuteError, Outcome};
use crate::manifest::Step;
use crate::reason::{Reason, Unmeasured};

/// A failure of this machine.
pub(super) fn host_failure(action: &str, error: &io::Error) -> Unmeasured {
    let unmeasured = Unmeasured::new(
        Reason::StepFailed,
        Fault::Host,
        format!("cannot {action}: {error}"),
    );
    match room_hint(error) {
        Some(hint) => unmeasured.hint(hint),
        None => unmeasured,
    }
}

/// A step that could not be started as asked.
pub(super) fn not_started(error: &ExecuteError) -> Unmeasured {
    let reason = match error {
        ExecuteError::CannotConfine { .. } | ExecuteError::NoSuchProgram { .. } => Reason::Environment,
        ExecuteError::NotRunnable { .. } | ExecuteError::Io { .. } => Reason::StepFailed,
    };
    let unmeasured = Unmeasured::new(reason, error.fault(), chain(error));
    match room_hint(error).or_else(|| error.hint()) {
        Some(hint) => unmeasured.hint(hint),
        None => unmeasured,
    }
}

/// Why nothing may be read from a step that ended like this; `None` if it ended well.
pub(super) fn ended_badly(step: &Step, outcome: &Outcome, folder: &Path) -> Option<Unmeasured> {
    let id = &step.id;
    let paper = |reason, detail: String| Some(Unmeasured::new(reason, Fault::Paper, detail));
    match &outcome.ending {
        Ending::Succeeded => None,
        Ending::Failed { code } => {
            let said =
                last_line(&folder.join("stderr.log")).or_else(|| last_line(&folder.join("stdout.log")));
            let said = said.map(|line| format!(": {line}")).unwrap_or_default();
            let asked: Vec<_> = outcome
                .attempts
                .iter()
                .map(|attempt| attempt.what.as_str())
                .collect();
            let failed = Unmeasured::new(
                Reason::StepFailed,
                Fault::Paper,
                format!("step `{id}` ended with code {code}{said}"),
            );
            if asked.is_empty() || step.network {
                return Some(failed);
            }
            let hint = format!(
                "it asked for {} while offline; fetch that as `[[data]]`, or allow `network = true`",
                asked.join(", ")
            );
            Some(failed.hint(hint))
        }
        Ending::Killed { signal } => paper(
            Reason::StepFailed,
            format!("step `{id}` was ended by signal {signal}"),
        ),
        Ending::TimedOut => {
            let limit = humantime::format_duration(step.timeout);
            Some(
                Unmeasured::new(
                    Reason::Timeout,
                    Fault::Paper,
                    format!("step `{id}` ran past its limit of {limit}"),
                )
                .hint("raise the step's `timeout` if the paper says that it takes longer"),
            )
        }
        Ending::OutOfMemory => {
            let limit = bytesize::ByteSize(step.memory);
            Some(
                Unmeasured::new(
                    Reason::OutOfMemory,
                    Fault::Paper,
                    format!("step `{id}` ran past its limit of {limit} of memory"),
                )
                .hint("raise the step's `memory` if the machine has more"),
            )
        }
        Ending::TooMuchOutput => {
            let limit = bytesize::ByteSize(LOG_LIMIT);
            paper(
                Reason::StepFailed,
                format!("step `{id}` wrote more than {limit} to its log"),
            )
        }
        Ending::TooMuchDisk => {
            let limit = bytesize::ByteSize(step.disk);
            Some(
                Unmeasured::new(
                    Reason::StepFailed,
                    Fault::Paper,
                    format!("step `{id}` wrote more than {limit} to disk"),
                )
                .hint("raise the step's `disk` if it needs more"),
            )
        }
        Ending::Cancelled => Some(cancelled()),
        Ending::HostDiskFull => Some(
            Unmeasured::new(
                Reason::StepFailed,
                Fault::Host,
                format!("the disk was full while step `{id}` ran"),
            )
            .hint("make room and check again; finished work is used again"),
        ),
    }
}

/// The last line with something in it, without control characters, at most 200 characters.
fn last_line(log: &Path) -> Option<String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = fs::File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(4096))).ok()?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).ok()?;
    let tail = String::from_utf8_lossy(&tail);
    let line = tail.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(
        line.trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect(),
    )
}
