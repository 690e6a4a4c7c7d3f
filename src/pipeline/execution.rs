//! One run of one step: what it is called, and what came of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::execute::{Attempt, Ending, Enforced, Usage};
use crate::manifest::{Manifest, Seeds, Step};
use crate::reason::Unmeasured;

/// One run of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The step.
    pub step: String,
    /// The seed, if it has one.
    pub seed: Option<u64>,
    /// Which repetition, from 1.
    pub repeat: u32,
}

impl Execution {
    /// What it is called on disk: `train`, `train.seed-3`, `train.seed-3.repeat-2`.
    pub fn folder_name(&self) -> String {
        let mut name = self.step.clone();
        if let Some(seed) = self.seed {
            name.push_str(&format!(".seed-{seed}"));
        }
        if self.repeat > 1 {
            name.push_str(&format!(".repeat-{}", self.repeat));
        }
        name
    }

    /// What people read: `train, seed 3, again`.
    pub fn title(&self) -> String {
        let mut title = self.step.clone();
        if let Some(seed) = self.seed {
            title.push_str(&format!(", seed {seed}"));
        }
        if self.repeat > 1 {
            title.push_str(&format!(", repeat {}", self.repeat));
        }
        title
    }
}

/// One run of one step, and what came of it.
#[derive(Clone, Debug)]
pub struct StepRun {
    /// Which.
    pub execution: Execution,
    /// The command as it was run, placeholders replaced.
    pub argv: Vec<String>,
    /// Its folder: `stdout.log`, `stderr.log`, `outputs/`.
    pub folder: PathBuf,
    /// `reused from RUN`, or why it was run.
    pub reuse: String,
    /// Whether it was used again.
    pub reused: bool,
    /// What it did, or why nothing may be read from it.
    pub result: Result<Ran, Unmeasured>,
    /// What it used even if it failed.
    pub spent: Usage,
    /// What held it, if it was started.
    pub enforced: Option<Enforced>,
    /// What it tried.
    pub attempts: Vec<Attempt>,
}

/// A run of a step that ended well.
#[derive(Clone, Debug)]
pub struct Ran {
    /// How it ended.
    pub ending: Ending,
    /// What it used.
    pub usage: Usage,
    /// What held it.
    pub enforced: Enforced,
    /// What it tried.
    pub attempts: Vec<Attempt>,
    /// Its declared outputs, in the order of the manifest.
    pub outputs: Vec<DeclaredOutput>,
    /// What it changed in its working copy: `added a`, `modified b`, `deleted c`.
    pub changed: Vec<String>,
    /// The digest of its standard output.
    pub stdout: Digest,
    /// The digest of its standard error.
    pub stderr: Digest,
}

impl Ran {
    /// Every file that the step wrote and that was kept.
    pub fn files(&self) -> impl Iterator<Item = &OutputFile> {
        self.outputs.iter().flat_map(|output| &output.files)
    }
}

/// A declared output, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredOutput {
    /// As declared.
    pub name: String,
    /// What became of it.
    pub state: OutputState,
    /// The file, or the files of the folder.
    pub files: Vec<OutputFile>,
}

/// What became of a declared output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputState {
    /// This run wrote it.
    Written,
    /// It came with the repository, and this run did not write it.
    Stale,
    /// It is not there.
    Missing,
    /// It is there and is not to be looked at, for this reason.
    Refused(String),
}

/// A file that a step wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Relative to the step's folder `outputs/`.
    pub path: String,
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
}

/// An input that is there: a blob or an unpacked folder of the cache.
#[derive(Clone, Debug)]
pub struct Present {
    /// Where.
    pub path: PathBuf,
    /// The digest of the file, or of the archive that was unpacked.
    pub digest: Digest,
}

/// An input by its id, or why it is not there.
pub type Inventory = BTreeMap<String, Result<Present, Unmeasured>>;

/// All runs that a step may have: its seeds times its repeats.
pub fn executions(manifest: &Manifest, step: &Step) -> Vec<Execution> {
    of_seeds(manifest, step, |_, max| max)
}

/// The runs of a step that are needed whatever they show: as many seeds as it has at least.
pub(super) fn first_executions(manifest: &Manifest, step: &Step) -> Vec<Execution> {
    of_seeds(manifest, step, |min, _| min)
}

fn of_seeds(manifest: &Manifest, step: &Step, so_many: fn(u32, u32) -> u32) -> Vec<Execution> {
    let seeds: Vec<Option<u64>> = match manifest.seeds_of(step) {
        Seeds::Unseeded => vec![None],
        Seeds::Listed(seeds) => seeds.iter().copied().map(Some).collect(),
        Seeds::Sequential { min, max } => (1..=u64::from(so_many(*min, *max))).map(Some).collect(),
    };
    seeds.into_iter().flat_map(|seed| of_seed(step, seed)).collect()
}

/// The repeats of one seed.
pub(super) fn of_seed(step: &Step, seed: Option<u64>) -> impl Iterator<Item = Execution> {
    (1..=step.repeats).map(move |repeat| Execution {
        step: step.id.clone(),
        seed,
        repeat,
    })
}
