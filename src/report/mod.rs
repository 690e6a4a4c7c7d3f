//! The report's values, and the formats in which it is written.
//!
//! A [`Report`] holds facts and the judgement of them; a [`Renderer`] turns it
//! into text and decides nothing. To add a format: implement [`Renderer`] in a
//! new file of this folder and add one line to [`RENDERERS`].

mod escape;
mod json;
mod markdown;
mod replay;
mod table;
mod words;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

pub use escape::{one_line, visible};
pub use json::{audit_value, previous, schema};
pub use table::table;
pub use words::{bars, sentence_of_set};

use crate::acquire::git::Pinned;
use crate::audit::Audit;
use crate::digest::Digest;
use crate::environment::{Environment, Machine};
use crate::judge::evidence::{Cleaned, Gain, Reported};
use crate::judge::{Judgement, Summary};
use crate::manifest::Manifest;
use crate::measure::dialect::Reading;
use crate::measure::{Measurement, MetricInterval};
use crate::observe::Stage;
use crate::pipeline::StepRun;
use crate::profile::Profile;
use crate::reason::Unmeasured;

/// Everything that is known after a check.
#[derive(Clone, Debug)]
pub struct Report {
    /// The run's name: sorts by time.
    pub run: String,
    /// Where its files lie.
    pub folder: PathBuf,
    /// When it began.
    pub started: Timestamp,
    /// Which reproof.
    pub version: &'static str,
    /// What was checked.
    pub manifest: Manifest,
    /// What ran it.
    pub machine: Machine,
    /// What arithmetic says of the claims alone.
    pub audit: Audit,
    /// The stages with their time.
    pub stages: Vec<StageReport>,
    /// The pinned code, or why there is none.
    pub code: Result<Pinned, Unmeasured>,
    /// Data, checkpoints and the checker's own files, in the order of the manifest.
    pub inputs: Vec<InputReport>,
    /// The environment, or why there is none.
    pub environment: Result<Environment, Unmeasured>,
    /// Every run of every step.
    pub steps: Vec<StepRun>,
    /// How the seeds came to their end that were run one after another.
    pub seeds: Vec<SeedsReport>,
    /// Each test split held against each training split.
    pub data: Vec<DataProfile>,
    /// For each claim of the manifest, in its order, what was measured.
    pub measured: Vec<Result<ClaimMeasured, Unmeasured>>,
    /// What it means.
    pub judgement: Judgement,
    /// What the previous run of the same manifest came to, if there is one.
    pub previous: Option<Summary>,
}

/// A stage and its time.
#[derive(Clone, Debug)]
pub struct StageReport {
    /// Which.
    pub stage: Stage,
    /// Wall-clock time.
    pub took: Duration,
    /// Whether its results were there already, and if not why.
    pub reuse: String,
}

/// Something that the paper needs and that is not code.
#[derive(Clone, Debug)]
pub struct InputReport {
    /// `data`, `checkpoint` or `file`.
    pub kind: &'static str,
    /// Its id, or its path.
    pub name: String,
    /// Where it comes from, as the manifest says.
    pub source: String,
    /// Its licence, if stated.
    pub license: Option<String>,
    /// What arrived, or why nothing did.
    pub result: Result<Arrived, Unmeasured>,
}

/// Something that arrived and is what was meant.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// Whether it was in the cache already.
    pub reused: bool,
}

/// A step whose seeds were run one after another, with a look after each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedsReport {
    /// Its id.
    pub step: String,
    /// At least so many seeds.
    pub min: u32,
    /// At most so many seeds.
    pub max: u32,
    /// So many were run.
    pub runs: u32,
    /// Why no more.
    pub end: SeedsEnd,
}

impl SeedsReport {
    /// How many seeds were not needed.
    pub fn saved(&self) -> u32 {
        match self.end {
            SeedsEnd::Decided => self.max.saturating_sub(self.runs),
            SeedsEnd::Exhausted | SeedsEnd::Stopped(_) | SeedsEnd::Unmeasured(_) | SeedsEnd::NotPrimary => 0,
        }
    }
}

/// Why no more seeds were run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeedsEnd {
    /// Every primary claim that is measured on the step is decided.
    Decided,
    /// All seeds were run, and a primary claim is still open.
    Exhausted,
    /// The budget was spent, or the user stopped it, for this reason.
    Stopped(String),
    /// Nothing can be measured, for this reason: more runs would not help.
    Unmeasured(String),
    /// No primary claim is measured on the step.
    NotPrimary,
}

impl SeedsEnd {
    /// The code that JSON uses.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Exhausted => "exhausted",
            Self::Stopped(_) => "stopped",
            Self::Unmeasured(_) => "unmeasured",
            Self::NotPrimary => "not-primary",
        }
    }
}

/// What the data of a test split looks like, held against that of a training split.
#[derive(Clone, Debug)]
pub struct DataProfile {
    /// The training split, by the id of its data set.
    pub train: String,
    /// The test split.
    pub test: String,
    /// What was found, or why nothing could be.
    pub profile: Result<Profile, Unmeasured>,
}

/// What was measured for a claim: one entry in `runs` for each run of its step that ended well.
#[derive(Clone, Debug)]
pub struct ClaimMeasured {
    /// What each run gave; a run can give several values.
    pub runs: Vec<Measurement>,
    /// What the code says of itself, run by run.
    pub reported: Option<Result<Reported, Unmeasured>>,
    /// Whether runs with the same inputs wrote the same outputs; `None`: not tried.
    pub deterministic: Option<bool>,
    /// How the gain was found, of a comparison: then the values are gains.
    pub gain: Option<Gain>,
    /// The 95 % interval of the first run's value over its examples, where it was recomputed from them.
    pub of_examples: Option<MetricInterval>,
    /// The same without the test examples that are also in the training data.
    pub cleaned: Option<Cleaned>,
    /// What else the metric's name may mean, as means over the runs; empty where it was not asked.
    pub readings: Vec<Reading>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl ClaimMeasured {
    /// All values, run by run.
    pub fn values(&self) -> Vec<f64> {
        self.runs
            .iter()
            .flat_map(|run| run.values.iter().copied())
            .collect()
    }
}

/// A form of the report.
pub trait Renderer: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// The name of its file in the run folder, if it has one.
    fn file(&self) -> Option<&'static str>;

    /// The report as text.
    fn render(&self, report: &Report, look: Look) -> String;
}

/// How a report for a terminal looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether colour may be used; it never carries meaning alone.
    pub color: bool,
    /// Columns.
    pub width: u16,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            color: false,
            width: 100,
        }
    }
}

/// Every format.
pub static RENDERERS: &[&dyn Renderer] = &[&table::Table, &json::Json, &markdown::Markdown];

/// The format called `name`.
pub fn renderer(name: &str) -> Option<&'static dyn Renderer> {
    RENDERERS.iter().copied().find(|renderer| renderer.name() == name)
}

/// Writes every format that has a file into `folder`, and the pinned packages, each whole or not at all.
///
/// # Errors
///
/// Those of the file system.
pub fn write_files(report: &Report, folder: &Path) -> std::io::Result<()> {
    if let Ok(environment) = &report.environment
        && let Some(resolved) = &environment.resolved
    {
        let text = resolved.requirements.as_bytes();
        crate::workspace::write_whole(&folder.join(replay::ENVIRONMENT), text)?;
    }
    for renderer in RENDERERS {
        if let Some(file) = renderer.file() {
            crate::workspace::write_whole(
                &folder.join(file),
                renderer.render(report, Look::default()).as_bytes(),
            )?;
        }
    }
    Ok(())
}
