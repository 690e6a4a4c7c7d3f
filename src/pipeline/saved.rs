//! What a finished run of a step leaves on disk, so that a later check can use it again.
//!
//! The file is written last, whole or not at all: a step that was interrupted
//! has none, and is run again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::execution::{DeclaredOutput, OutputFile, OutputState, Ran};
use crate::digest::{Digest, Inputs};
use crate::execute::{Attempt, AttemptKind, Ending, Enforced, Tier, Usage};
use crate::workspace::write_whole;

/// The name of the file in a step's folder.
const FILE: &str = "step.json";

/// Nobody needs more, and the file may have been tampered with.
const MAX_BYTES: u64 = 64 << 20;

/// A finished run of a step.
#[derive(Debug)]
pub(super) struct Saved {
    /// What it depended on.
    pub(super) inputs: Inputs,
    /// What it did; `None` unless it succeeded.
    pub(super) ran: Option<Ran>,
    /// How it ended, in words.
    pub(super) ending: String,
}

#[derive(Deserialize, Serialize)]
struct File {
    inputs: BTreeMap<String, String>,
    ending: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ran: Option<RanFile>,
}

#[derive(Deserialize, Serialize)]
struct RanFile {
    wall_seconds: f64,
    cpu_seconds: f64,
    peak_memory: u64,
    gpu_seconds: Option<f64>,
    tier: String,
    measures: BTreeMap<String, String>,
    attempts: Vec<(String, String)>,
    outputs: Vec<OutputRow>,
    changed: Vec<String>,
    stdout: String,
    stderr: String,
}

#[derive(Deserialize, Serialize)]
struct OutputRow {
    name: String,
    state: String,
    files: Vec<FileRow>,
}

#[derive(Deserialize, Serialize)]
struct FileRow {
    path: String,
    sha256: String,
    bytes: u64,
}

/// Writes the record of a run into its folder.
pub(super) fn write(folder: &Path, inputs: &Inputs, ending: &str, ran: Option<&Ran>) -> std::io::Result<()> {
    let file = File {
        inputs: inputs.0.clone(),
        ending: ending.to_owned(),
        ran: ran.map(to_file),
    };
    let mut text = serde_json::to_string_pretty(&file).map_err(std::io::Error::other)?;
    text.push('\n');
    write_whole(&folder.join(FILE), text.as_bytes())
}

/// Reads it back; `None` when there is none or it cannot be read: then the step is run again.
pub(super) fn read(folder: &Path) -> Option<Saved> {
    let path = folder.join(FILE);
    if fs::metadata(&path).ok()?.len() > MAX_BYTES {
        return None;
    }
    let file: File = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let ran = match file.ran {
        Some(ran) => Some(from_file(ran)?),
        None => None,
    };
    Some(Saved {
        inputs: Inputs(file.inputs),
        ran,
        ending: file.ending,
    })
}

fn to_file(ran: &Ran) -> RanFile {
    RanFile {
        wall_seconds: ran.usage.wall.as_secs_f64(),
        cpu_seconds: ran.usage.cpu.as_secs_f64(),
        peak_memory: ran.usage.peak_memory,
        gpu_seconds: ran.usage.gpu_seconds,
        tier: ran.enforced.tier.name().to_owned(),
        measures: ran.enforced.measures.clone(),
        attempts: ran
            .attempts
            .iter()
            .map(|attempt| (attempt.kind.name().to_owned(), attempt.what.clone()))
            .collect(),
        outputs: ran.outputs.iter().map(to_row).collect(),
        changed: ran.changed.clone(),
        stdout: ran.stdout.hex(),
        stderr: ran.stderr.hex(),
    }
}

/// Before the reason for which an output is refused.
const REFUSED: &str = "refused: ";

fn to_row(output: &DeclaredOutput) -> OutputRow {
    let file = |file: &OutputFile| FileRow {
        path: file.path.clone(),
        sha256: file.digest.hex(),
        bytes: file.bytes,
    };
    OutputRow {
        name: output.name.clone(),
        state: match &output.state {
            OutputState::Written => "written".to_owned(),
            OutputState::Stale => "stale".to_owned(),
            OutputState::Missing => "missing".to_owned(),
            OutputState::Refused(why) => format!("{REFUSED}{why}"),
        },
        files: output.files.iter().map(file).collect(),
    }
}

fn from_row(row: OutputRow) -> Option<DeclaredOutput> {
    let file = |file: FileRow| {
        Some(OutputFile {
            digest: file.sha256.parse().ok()?,
            path: file.path,
            bytes: file.bytes,
        })
    };
    let state = match row.state.as_str() {
        "written" => OutputState::Written,
        "stale" => OutputState::Stale,
        "missing" => OutputState::Missing,
        other => OutputState::Refused(other.strip_prefix(REFUSED)?.to_owned()),
    };
    Some(DeclaredOutput {
        name: row.name,
        state,
        files: row.files.into_iter().map(file).collect::<Option<_>>()?,
    })
}

fn from_file(file: RanFile) -> Option<Ran> {
    let attempts = file.attempts.into_iter().map(|(kind, what)| {
        let kind = [AttemptKind::Network, AttemptKind::Escape]
            .into_iter()
            .find(|known| known.name() == kind)?;
        Some(Attempt { kind, what })
    });
    let outputs = file.outputs.into_iter().map(from_row);
    let seconds = |value: f64| Duration::try_from_secs_f64(value).ok();
    Some(Ran {
        ending: Ending::Succeeded,
        usage: Usage {
            wall: seconds(file.wall_seconds)?,
            cpu: seconds(file.cpu_seconds)?,
            peak_memory: file.peak_memory,
            gpu_seconds: file.gpu_seconds.filter(|value| value.is_finite()),
        },
        enforced: Enforced {
            tier: Tier::ALL.into_iter().find(|tier| tier.name() == file.tier)?,
            measures: file.measures,
        },
        attempts: attempts.collect::<Option<_>>()?,
        outputs: outputs.collect::<Option<_>>()?,
        changed: file.changed,
        stdout: file.stdout.parse::<Digest>().ok()?,
        stderr: file.stderr.parse::<Digest>().ok()?,
    })
}
