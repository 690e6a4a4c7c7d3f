//! The manifest: what a paper claims, and where everything that is needed to check it lies.
//!
//! A [`Manifest`] is valid by construction: every reference resolves, every
//! pattern compiles, every number is finite and possible. The TOML's shape with
//! its spans lives in `raw`; every problem of a manifest is found at once in
//! `validate`.

mod decimal;
pub mod lock;
mod placeholder;
mod problem;
mod raw;
mod reader;
mod scalar;
mod schema;
mod validate;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

pub use placeholder::{BadPlaceholder, Piece, pieces};
pub use problem::{Problem, ProblemKind, Problems};
pub use reader::nearest;
pub use schema::{json_schema, reference};
pub use validate::{LARGEST, ManifestError};
pub use value::{Printed, Tolerance, ValueError};

use crate::digest::Digest;
use crate::measure::Direction;

/// The time that a step has when it does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// The memory that a step has when it does not say, in bytes.
pub const DEFAULT_MEMORY: u64 = 4 << 30;

/// Limit of what a step writes to disk that does not say one, in bytes.
pub const DEFAULT_DISK: u64 = 20 << 30;

/// Examples at a time in a native run that does not say.
pub const DEFAULT_BATCH: u32 = 256;

/// The output of a step that evaluates a checkpoint natively.
pub const MODEL_OUTPUT: &str = "predictions.csv";

/// The trust checks, in the order of judging.md.
pub const TRUST_CHECKS: [&str; 10] = [
    "results",
    "open-data",
    "retrained",
    "explainable",
    "code",
    "environment",
    "stability",
    "metric",
    "data-hygiene",
    "safety",
];

/// A validated manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Where it was read from, absolute.
    pub file: PathBuf,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The paper.
    pub paper: Paper,
    /// Its code.
    pub code: Code,
    /// What the code runs in.
    pub environment: EnvironmentSpec,
    /// Data sets, in the order of the file.
    pub data: Vec<Data>,
    /// What the checker brings himself.
    pub files: Vec<OwnFile>,
    /// Released models.
    pub checkpoints: Vec<Checkpoint>,
    /// What is run, in order.
    pub steps: Vec<Step>,
    /// What is judged.
    pub claims: Vec<Claim>,
    /// Trust checks that somebody answers for.
    pub waivers: Vec<Waiver>,
    /// Prices, where given.
    pub cost: Option<Prices>,
    /// What the reader uses today, where given.
    pub adoption: Option<Adoption>,
    /// What may be spent.
    pub budget: Budget,
    /// Advice: what is valid and probably not meant.
    pub warnings: Problems,
    /// Where in the text the pins stand, or would.
    pins: Pins,
}

/// Where in a manifest's text the pins stand, or would: in the order of its data sets and checkpoints.
#[derive(Clone, Debug, Default)]
struct Pins {
    commit: Range<usize>,
    data: Vec<Range<usize>>,
    checkpoints: Vec<Range<usize>>,
}

/// `[paper]`
#[derive(Clone, Debug, Default)]
pub struct Paper {
    /// Title.
    pub title: String,
    /// Authors, in order.
    pub authors: Vec<String>,
    /// Year of publication.
    pub year: Option<i32>,
    /// arXiv identifier, such as `1710.10903`.
    pub arxiv: Option<String>,
    /// DOI without a resolver's address.
    pub doi: Option<String>,
    /// Where else it can be read.
    pub url: Option<String>,
}

/// `[code]`
#[derive(Clone, Debug)]
pub struct Code {
    /// As written: `https://…`, `ssh://…`, `git@host:path`, `file://…` or a path relative to the manifest.
    pub repository: String,
    /// Which revision.
    pub revision: Revision,
    /// Where commands run, relative to the top of the repository.
    pub subdirectory: PathBuf,
    /// Whether submodules are needed.
    pub submodules: bool,
}

/// Which revision of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revision {
    /// A full commit id.
    Commit(CommitId),
    /// A branch or tag: `reproof lock` turns it into a commit.
    Name(String),
}

/// A full SHA-1 commit id, in lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitId(String);

impl CommitId {
    /// `None` unless `text` is 40 hexadecimal digits.
    pub fn new(text: &str) -> Option<Self> {
        let full = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        full.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The 40 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `[environment]`
#[derive(Clone, Debug)]
pub struct EnvironmentSpec {
    /// Who builds it.
    pub kind: EnvironmentKind,
    /// The wanted Python as `X`, `X.Y` or `X.Y.Z`; `None`: any.
    pub python: Option<String>,
    /// Requirement files of the repository, relative to its top.
    pub requirements: Vec<String>,
    /// Requirements that the author of the manifest adds.
    pub packages: Vec<String>,
    /// Until when package releases count.
    pub as_of: AsOf,
}

/// Who builds the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvironmentKind {
    /// uv, isolated and pinned.
    Uv,
    /// The machine's own Python and programs.
    System,
    /// Nothing but what the operating system has.
    None,
}

/// Until when package releases count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// The pinned commit's date.
    Commit,
    /// A day, inclusive.
    Date(jiff::civil::Date),
    /// No limit.
    Today,
}

/// `[[data]]`
#[derive(Clone, Debug)]
pub struct Data {
    /// Unique among data sets.
    pub id: String,
    /// Where it comes from, with its scheme.
    pub source: String,
    /// What it must hash to; only `reproof lock` accepts none.
    pub sha256: Option<Digest>,
    /// SPDX expression or the words of the data set's page.
    pub license: Option<String>,
    /// What it is for.
    pub role: Role,
    /// How it is read; `None`: by the ending of its name.
    pub format: Option<TableFormat>,
    /// The column of the label.
    pub target: Option<String>,
    /// The column that names an example.
    pub id_column: Option<String>,
    /// The column that names what examples belong to.
    pub group_column: Option<String>,
    /// The column that says when an example is from.
    pub time_column: Option<String>,
    /// Whether it is an archive to be unpacked.
    pub unpack: bool,
    /// The member of the unpacked archive that is meant; `None`: its folder.
    pub member: Option<PathBuf>,
    /// Where the code expects it, relative to the top of its working copy.
    pub place: Option<PathBuf>,
}

/// What a data set is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Training.
    Train,
    /// Choosing.
    Validation,
    /// Measuring.
    Test,
    /// Labels alone.
    Labels,
    /// Anything else.
    Other,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated, with a header.
    Csv,
    /// Tab-separated, with a header.
    Tsv,
    /// Apache Parquet.
    Parquet,
    /// One JSON object a line.
    Jsonl,
    /// A NumPy array.
    Npy,
}

/// `[[files]]`: what the checker brings himself.
#[derive(Clone, Debug)]
pub struct OwnFile {
    /// As written, relative to the manifest.
    pub path: PathBuf,
    /// Where it lies.
    pub absolute: PathBuf,
}

/// `[[checkpoints]]`
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Unique among checkpoints.
    pub id: String,
    /// Where it comes from, with its scheme.
    pub source: String,
    /// What it must hash to; only `reproof lock` accepts none.
    pub sha256: Option<Digest>,
    /// What it is.
    pub format: CheckpointFormat,
    /// Where the code expects it, relative to the top of its working copy.
    pub place: Option<PathBuf>,
}

/// What a checkpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointFormat {
    /// ONNX.
    Onnx,
    /// TorchScript.
    Torchscript,
    /// safetensors.
    Safetensors,
    /// A pickle of any wrapping: loading it can run code.
    Pickle,
}

/// `[[steps]]`
#[derive(Clone, Debug)]
pub struct Step {
    /// Unique among steps.
    pub id: String,
    /// What it is for.
    pub phase: Phase,
    /// What is done.
    pub action: Action,
    /// Data sets that it sees.
    pub data: Vec<String>,
    /// Checkpoints that it sees.
    pub checkpoints: Vec<String>,
    /// Earlier steps whose outputs it sees; by default all.
    pub needs: Vec<String>,
    /// Those of `needs` that it runs without where they did not end well: nobody named them, and they are of its
    /// own phase or a later one, or hand nothing on.
    pub does_without: Vec<String>,
    /// What is kept of what it writes: paths relative to its output folder or its working folder.
    pub outputs: Vec<String>,
    /// Its seeds. A step without seeds that needs a seeded step runs once for each of that step's seeds.
    pub seeds: Seeds,
    /// How often each seed is run; two runs with the same outputs prove the step deterministic.
    pub repeats: u32,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Wall-clock limit.
    pub timeout: Duration,
    /// Memory limit of all its processes together, in bytes.
    pub memory: u64,
    /// Limit of what it writes to disk, in bytes.
    pub disk: u64,
    /// GPUs that it needs.
    pub gpus: u32,
    /// Whether it may use the network.
    pub network: bool,
}

/// What a step is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Converting data, compiling.
    Prepare,
    /// Training from scratch or fine-tuning.
    Train,
    /// Measuring a model.
    Evaluate,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Runs a program. `{seed}`, `{out}`, `{data:ID}`, `{checkpoint:ID}` and `{file:PATH}` are replaced.
    Run(Vec<String>),
    /// Evaluates a checkpoint natively.
    Model(ModelRun),
}

/// `model = { … }`
#[derive(Clone, Debug)]
pub struct ModelRun {
    /// Which checkpoint.
    pub checkpoint: String,
    /// On which data set.
    pub data: String,
    /// `onnx` or `torch`.
    pub runner: String,
    /// `auto`, `cpu` or `cuda:N`.
    pub device: String,
    /// Examples at a time.
    pub batch: u32,
}

/// The seeds of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// The step has none.
    Unseeded,
    /// These, in this order, distinct.
    Listed(Vec<u64>),
    /// From `min` up to `max` runs, with seeds 1, 2, …
    Sequential {
        /// At least 2.
        min: u32,
        /// At least `min`.
        max: u32,
    },
}

/// `[[claims]]`
#[derive(Clone, Debug)]
pub struct Claim {
    /// Unique among claims.
    pub id: String,
    /// The claim in words.
    pub statement: String,
    /// Its place in the paper.
    pub location: Option<String>,
    /// The metric's canonical name, with its averaging: `f1:macro`.
    pub metric: String,
    /// Which way the metric improves: from the registry, or from the manifest.
    pub direction: Direction,
    /// The value as printed.
    pub value: Printed,
    /// The number of runs behind the value.
    pub runs: Option<u32>,
    /// The number of test examples.
    pub examples: Option<u64>,
    /// How many of them are of the positive class; at most `examples`.
    pub positives: Option<u64>,
    /// The number of classes; at least 2, and as many as there are `supports`.
    pub classes: Option<u32>,
    /// The number of test examples of each class, which make `examples` together; empty: not said.
    pub supports: BTreeMap<String, u64>,
    /// Whose value it is, in the paper's words.
    pub model: Option<String>,
    /// Which split was measured, in the paper's words.
    pub split: Option<String>,
    /// Whether the verdict rests on it. A manifest without any primary claim makes all of them primary.
    pub primary: bool,
    /// Its weight in the score.
    pub weight: f64,
    /// How far from the value still counts.
    pub tolerance: Option<Tolerance>,
    /// What a model that learnt nothing gets.
    pub floor: Option<f64>,
    /// What is measured for it.
    pub subject: Subject,
    /// The drivers that the paper states.
    pub drivers: Vec<String>,
}

impl Claim {
    /// Where its value is read; `None` of a comparison.
    pub fn reading(&self) -> Option<&Reading> {
        match &self.subject {
            Subject::Measured(reading) => Some(reading),
            Subject::Compared(_) => None,
        }
    }
}

/// What is measured for a claim.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A value of its own.
    Measured(Box<Reading>),
    /// The gain of one other claim over another.
    Compared(Comparison),
}

/// Where a value is read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The step that produces the measurement.
    pub step: String,
    /// Where the measurement is.
    pub measure: Extraction,
    /// Where the code's own word is, to be compared with what is recomputed.
    pub reported: Option<Extraction>,
}

/// `compare = "ours > baseline"`: two other claims that are measured, of the same metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The id of the claim that is said to be better.
    pub better: String,
    /// The id of the claim that it is compared with.
    pub worse: String,
    /// Whether the paper says by how much; otherwise the claimed value is 0, a placeholder.
    pub printed: bool,
}

/// Where a value is read from. Holds nothing of what the paper claims: measuring is blind.
#[derive(Clone, Debug)]
pub enum Extraction {
    /// A regular expression over text; the group `value` is the number.
    Pattern {
        /// Which text.
        text: TextSource,
        /// The expression; compiles, and has a group `value`.
        pattern: String,
        /// Which match.
        pick: Pick,
        /// What the numbers are in.
        unit: Unit,
    },
    /// A place in a JSON document.
    Json {
        /// The output file.
        file: String,
        /// JSON pointer (RFC 6901) to a number, or to an array of numbers, each a run.
        pointer: String,
        /// What the numbers are in.
        unit: Unit,
    },
    /// A cell of a CSV file with a header.
    Csv {
        /// The output file.
        file: String,
        /// The column, by name.
        column: String,
        /// Which row.
        row: RowPick,
        /// What the numbers are in.
        unit: Unit,
    },
    /// Recomputed from predictions and our own copy of the labels.
    Predictions {
        /// The output file.
        file: String,
        /// The data set with the labels.
        truth: String,
        /// The label's column, if not the data set's `target`.
        target: Option<String>,
        /// Names of columns in the file: from the standard name to the file's.
        columns: BTreeMap<String, String>,
        /// The positive class of a binary metric, where it is not the obvious one.
        positive: Option<String>,
    },
}

/// Which text a pattern is applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextSource {
    /// What the step wrote to its standard output.
    Stdout,
    /// What the step wrote to its standard error.
    Stderr,
    /// An output file.
    File(String),
}

/// Which of several matches counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// There must be exactly one.
    Only,
    /// The last.
    Last,
    /// The first.
    First,
    /// The best by the metric's direction: test data used for choosing, and said so.
    Best,
    /// Every match is a run.
    All,
}

/// Which row of a CSV file counts.
#[derive(Clone, Debug, PartialEq)]
pub enum RowPick {
    /// As with matches of a pattern.
    Pick(Pick),
    /// By position, the first being 0.
    Index(u64),
    /// The only row whose cells equal these.
    Where(BTreeMap<String, String>),
}

/// What numbers are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The metric's own unit.
    Native,
    /// Per cent of it: divided by 100. A `%` behind the number does the same.
    Percent,
}

/// `[[waiver]]`: somebody answers for a trust check.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The check's name, such as `open-data`.
    pub check: String,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// The last day it holds.
    pub expires: jiff::civil::Date,
}

/// `[cost]`
#[derive(Clone, Debug)]
pub struct Prices {
    /// Price of a GPU hour.
    pub gpu_hour: f64,
    /// Price of a CPU core hour.
    pub cpu_hour: f64,
    /// ISO 4217 code.
    pub currency: String,
}

/// `[adoption]`
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The claim that is compared.
    pub claim: String,
    /// What the reader's own solution reaches in that metric.
    pub value: f64,
    /// What it costs.
    pub gpu_hours: Option<f64>,
    /// The most that a point is worth.
    pub limit_per_point: Option<f64>,
}

/// `[budget]`
#[derive(Clone, Debug, Default)]
pub struct Budget {
    /// Wall-clock time of all steps together.
    pub wall: Option<Duration>,
    /// GPU hours of all steps together.
    pub gpu_hours: Option<f64>,
}

impl Data {
    /// The step that makes it, and the output that it is, where it comes from `step:STEP/OUTPUT`.
    ///
    /// Such data is there only after that step, and only if it is what its digest says: so it is as much our own
    /// copy as a download.
    pub fn made_by(&self) -> Option<(&str, &str)> {
        self.source.strip_prefix("step:")?.split_once('/')
    }
}

impl Manifest {
    /// Where the values are read that a claim rests on: its own, or those of the two claims that it compares.
    pub fn readings<'m>(&'m self, claim: &'m Claim) -> Vec<&'m Reading> {
        match &claim.subject {
            Subject::Measured(reading) => vec![reading],
            Subject::Compared(compared) => {
                let claims = self.claims.iter();
                let named = claims.filter(|claim| claim.id == compared.better || claim.id == compared.worse);
                named.filter_map(Claim::reading).collect()
            }
        }
    }

    /// The step with this id.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The data set with this id.
    pub fn data(&self, id: &str) -> Option<&Data> {
        self.data.iter().find(|data| data.id == id)
    }

    /// The checkpoint with this id.
    pub fn checkpoint(&self, id: &str) -> Option<&Checkpoint> {
        self.checkpoints.iter().find(|checkpoint| checkpoint.id == id)
    }

    /// The seeds that `step` really runs with: its own, or those of the seeded steps that it needs, which agree.
    pub fn seeds_of<'a>(&'a self, step: &'a Step) -> &'a Seeds {
        let mut waiting = vec![step];
        let mut seen = BTreeSet::new();
        while let Some(step) = waiting.pop() {
            if step.seeds != Seeds::Unseeded {
                return &step.seeds;
            }
            if seen.insert(&step.id) {
                waiting.extend(step.needs.iter().filter_map(|id| self.step(id)));
            }
        }
        &Seeds::Unseeded
    }

    /// What `reproof check` refuses to start without and `reproof lock` finds: full commit ids and digests.
    pub fn unpinned(&self) -> Problems {
        let mut problems = Problems::none(&self.warnings.file, &self.warnings.source);
        if let Revision::Name(name) = &self.code.revision {
            let message = format!("{} may mean another commit tomorrow", problem::quoted(name));
            problems.push(unpinned(&self.pins.commit, message, "expected a full commit id"));
        }
        let data = self.data.iter().map(|data| (&data.id, data.sha256));
        let checkpoints = self
            .checkpoints
            .iter()
            .map(|checkpoint| (&checkpoint.id, checkpoint.sha256));
        let spans = self.pins.data.iter().chain(&self.pins.checkpoints);
        for ((id, _), span) in data
            .chain(checkpoints)
            .zip(spans)
            .filter(|((_, sha256), _)| sha256.is_none())
        {
            let message = format!("`{id}` is not pinned");
            problems.push(unpinned(span, message, "needs a key `sha256`"));
        }
        problems.sort();
        problems
    }
}

fn unpinned(span: &Range<usize>, message: String, label: &str) -> Problem {
    let problem = Problem::new(ProblemKind::Unpinned, span, message);
    problem
        .label(label)
        .hint("run `reproof lock`, which writes the pins into a file beside the manifest")
}

#[cfg(test)]
mod tests;
