//! The shape of the run record. Its field names are the promise; [`super::schema`] publishes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::audit::AuditRow;
use super::data::DataRow;
use crate::reason::Unmeasured;

/// The record of one run of `reproof check`: what was checked, what came out, and what it rests on.
#[derive(JsonSchema, Serialize)]
#[schemars(title = "reproof run record")]
pub(super) struct Record<'a> {
    /// The version of this shape. Fields may be added without a new version; they are never renamed.
    pub(super) schema: u32,
    /// The version of reproof.
    pub(super) reproof: &'a str,
    /// The run's name; names sort by time.
    pub(super) run: &'a str,
    /// Where the run's files lie on the machine that ran it.
    pub(super) folder: String,
    /// When the run began, RFC 3339, UTC.
    pub(super) started: String,
    /// What was checked.
    pub(super) manifest: ManifestRow<'a>,
    /// The rule set. Scores of different rules are not comparable.
    pub(super) rules: &'a str,
    /// The overall score with its coverage and bounds.
    pub(super) score: ScoreRow,
    /// `trusted`, `caution`, `untrusted` or `unverified`.
    pub(super) verdict: &'a str,
    /// Why that verdict.
    pub(super) because: &'a [String],
    /// All that keeps the verdict from `trusted`.
    pub(super) keeps_from_trusted: &'a [String],
    /// The ten checks, always all of them and in this order.
    pub(super) trust: Vec<CheckRow<'a>>,
    /// One row for each claim of the manifest, in its order.
    pub(super) claims: Vec<ClaimRow<'a>>,
    /// What arithmetic says of the claims alone, before anything was run.
    pub(super) audit: AuditRow<'a>,
    /// Each test split held against each training split; empty where there are none.
    pub(super) data: Vec<DataRow<'a>>,
    /// How many runs the steps took whose seeds were run one after another; empty if there are none.
    pub(super) sequential: Vec<SequentialRow<'a>>,
    /// One row for each run of each step.
    pub(super) steps: Vec<StepRow<'a>>,
    /// What identifies the code and the data.
    pub(super) pins: Pins<'a>,
    /// What the code ran in.
    pub(super) environment: EnvironmentRow,
    /// The machine.
    pub(super) machine: MachineRow<'a>,
    /// What all steps together used.
    pub(super) cost: CostRow<'a>,
    /// The stages with their time.
    pub(super) stages: Vec<StageRow<'a>>,
}

/// The manifest.
#[derive(JsonSchema, Serialize)]
pub(super) struct ManifestRow<'a> {
    /// Where it was read from.
    pub(super) file: String,
    /// The digest of its bytes.
    pub(super) sha256: String,
    /// The paper's title.
    pub(super) title: &'a str,
}

/// The overall score, out of ten.
#[derive(JsonSchema, Serialize)]
pub(super) struct ScoreRow {
    /// The weighted mean over the claims that have a score; null if none has.
    pub(super) value: Option<f64>,
    /// How many claims have a score.
    pub(super) covered: usize,
    /// How many claims there are.
    pub(super) claims: usize,
    /// The score if all the others were 0. Gates use this.
    pub(super) low: f64,
    /// The score if all the others were 10.
    pub(super) high: f64,
}

/// A trust check.
#[derive(JsonSchema, Serialize)]
pub(super) struct CheckRow<'a> {
    /// Its name, such as `open-data`.
    pub(super) id: &'a str,
    /// `pass`, `fail`, `unknown` or `waived`.
    pub(super) status: &'a str,
    /// Why, in one line.
    pub(super) reason: &'a str,
    /// What that rests on.
    pub(super) evidence: &'a [String],
    /// What would make it pass; null where it does.
    pub(super) remedy: Option<&'a str>,
}

/// A claim, judged. Numbers are in the metric's own unit: 0.83, not 83 %.
#[derive(JsonSchema, Serialize)]
pub(super) struct ClaimRow<'a> {
    /// Its id in the manifest.
    pub(super) id: &'a str,
    /// The claim in words.
    pub(super) statement: &'a str,
    /// Its place in the paper.
    #[serde(rename = "where")]
    pub(super) location: Option<&'a str>,
    /// The metric's canonical name.
    pub(super) metric: &'a str,
    /// What exactly was computed; null where the code's own word was taken.
    pub(super) signature: Option<&'a str>,
    /// Whether the verdict rests on it.
    pub(super) primary: bool,
    /// Its weight in the score.
    pub(super) weight: f64,
    /// `reproduced`, `better`, `partial`, `not-reproduced`, `inconclusive`, `impossible` or `not-run`.
    pub(super) outcome: &'a str,
    /// Whether the measured mean has the claim's printed digits.
    pub(super) exact: bool,
    /// From 0 to 10; null without a measurement.
    pub(super) score: Option<f64>,
    /// The share of the claim: measured/claimed, or claimed/measured where lower is better.
    pub(super) ratio: Option<f64>,
    /// What the paper says.
    pub(super) claimed: ClaimedRow<'a>,
    /// What was measured; null where nothing was.
    pub(super) measured: Option<MeasuredRow>,
    /// Measured mean less claim, negative where worse.
    pub(super) difference: Option<f64>,
    /// The 90 % interval of the difference; null for a single run.
    pub(super) interval: Option<[f64; 2]>,
    /// How far below the claim still counts as the claim.
    pub(super) margin: Option<f64>,
    /// What the margin is the largest of.
    pub(super) margin_parts: BTreeMap<&'a str, f64>,
    /// The standard error of the difference.
    pub(super) se: Option<f64>,
    /// Its degrees of freedom.
    pub(super) df: Option<f64>,
    /// How many runs were measured.
    pub(super) runs: u64,
    /// How many more runs would decide an inconclusive claim.
    pub(super) more_runs_needed: Option<u64>,
    /// The smallest gap beyond the margin that as many runs see.
    pub(super) smallest_gap: Option<f64>,
    /// The claim is the best of about so many runs.
    pub(super) implied_luck: Option<f64>,
    /// The 90 % limits of that, null where the claim is met; the second is null above a million.
    pub(super) implied_luck_interval: Option<(f64, Option<f64>)>,
    /// What each look at the runs showed, where looking could stop them; empty where their number was fixed.
    pub(super) looks: Vec<LookRow>,
    /// What a comparison rests on; null of every other claim.
    pub(super) comparison: Option<ComparisonRow<'a>>,
    /// The 95 % interval of the first run's value over its examples; null where it was not recomputed from them.
    pub(super) examples_interval: Option<ExamplesIntervalRow>,
    /// The same without the test examples that are also in the training data; null where none are known.
    pub(super) leak_corrected: Option<LeakCorrectedRow>,
    /// Other readings of the metric's name that give the claimed or the reported number, where the metric as stated
    /// does not.
    pub(super) dialects: Vec<DialectRow<'a>>,
    /// The one-sided p value of "as good as claimed, within the margin", of a comparison that of "not better"; null
    /// without a spread.
    pub(super) p_value: Option<f64>,
    /// The same, adjusted after Benjamini and Hochberg over the claims of the paper, comparisons among themselves.
    pub(super) p_adjusted: Option<f64>,
    /// What a model that learnt nothing gets; null: unknown, and the score is the ratio.
    pub(super) floor: Option<FloorRow<'a>>,
    /// What the code says of itself, run by run.
    pub(super) reported: Option<Vec<f64>>,
    /// The number of test examples, where they were counted.
    pub(super) examples: Option<u64>,
    /// Where the values stand, such as `stdout line 214`.
    pub(super) places: Vec<&'a str>,
    /// Why it was not run; null for every other outcome.
    pub(super) reason: Option<ReasonRow<'a>>,
    /// What a reader should know.
    pub(super) reasons: &'a [String],
}

/// How far a value may lie from that of all examples that could have been drawn.
#[derive(JsonSchema, Serialize)]
pub(super) struct ExamplesIntervalRow {
    /// The lower end.
    pub(super) low: f64,
    /// The upper end.
    pub(super) high: f64,
    /// How much of what could have been drawn it covers.
    pub(super) level: f64,
    /// `Wilson`, `DeLong`, or the bootstrap in words.
    pub(super) method: String,
}

/// A number that the metric as stated is not, and what it is.
#[derive(JsonSchema, Serialize)]
pub(super) struct DialectRow<'a> {
    /// Whose number it is: `claimed` or `reported`.
    pub(super) of: &'static str,
    /// The number.
    pub(super) number: f64,
    /// What the metric as stated is.
    pub(super) as_stated: f64,
    /// The readings that give the number, all that depart equally little from the name as stated.
    pub(super) readings: Vec<&'a str>,
    /// Whether its last digit was cut off and not rounded.
    pub(super) truncated: bool,
}

/// A claim without the test examples that are also in the training data.
#[derive(JsonSchema, Serialize)]
pub(super) struct LeakCorrectedRow {
    /// How it comes out then; `not-run` where too little is left.
    pub(super) outcome: &'static str,
    /// The mean over the runs; null where too little is left.
    pub(super) value: Option<f64>,
    /// Its 95 % interval over the examples of the first run that are left.
    pub(super) interval: Option<[f64; 2]>,
    /// How many test examples were left out.
    pub(super) left_out: u64,
    /// How many are left.
    pub(super) left: u64,
}

/// The gain of one claim over another.
#[derive(JsonSchema, Serialize)]
pub(super) struct ComparisonRow<'a> {
    /// The claim that is said to be better.
    pub(super) better: &'a str,
    /// The claim that it is compared with.
    pub(super) worse: &'a str,
    /// The measured gain, positive where the better claim is better.
    pub(super) gain: f64,
    /// Whether the paper says by how much.
    pub(super) printed: bool,
    /// `paired-seeds`, `paired-examples`, `welch-two-samples` or `single-run`.
    pub(super) pairing: Option<&'static str>,
    /// On how many examples only the better one is right; null where that cannot be counted.
    pub(super) only_better_right: Option<u64>,
    /// On how many examples only the other one is right.
    pub(super) only_worse_right: Option<u64>,
    /// What the p value is of: `paired-t`, `exact-mcnemar`, `bca-bootstrap` or `welch`.
    pub(super) test: Option<&'static str>,
    /// How often the examples were resampled.
    pub(super) resamples: Option<u32>,
    /// The seed of the resampling.
    pub(super) seed: Option<u64>,
}

/// A step whose seeds were run one after another, with a look after each.
#[derive(JsonSchema, Serialize)]
pub(super) struct SequentialRow<'a> {
    /// The step's id.
    pub(super) step: &'a str,
    /// At least so many seeds.
    pub(super) min: u32,
    /// At most so many seeds.
    pub(super) max: u32,
    /// So many were run.
    pub(super) runs: u32,
    /// So many were not needed.
    pub(super) saved: u32,
    /// `decided`, `exhausted`, `stopped`, `unmeasured` or `not-primary`.
    pub(super) end: &'static str,
    /// The same in words.
    pub(super) reason: String,
}

/// One look at the runs, with an interval that may be looked at after every run.
#[derive(JsonSchema, Serialize)]
pub(super) struct LookRow {
    /// How many runs were there.
    pub(super) runs: u64,
    /// The difference of their mean.
    pub(super) difference: f64,
    /// Its anytime-valid interval; null while it has no ends.
    pub(super) interval: Option<[f64; 2]>,
    /// The outcome, if the runs had ended there.
    pub(super) outcome: &'static str,
}

/// The claimed value.
#[derive(JsonSchema, Serialize)]
pub(super) struct ClaimedRow<'a> {
    /// As printed.
    pub(super) text: &'a str,
    /// As a number.
    pub(super) value: f64,
    /// The claimed spread.
    pub(super) spread: Option<f64>,
    /// The number of runs behind it.
    pub(super) runs: Option<u32>,
}

/// The measured values.
#[derive(JsonSchema, Serialize)]
pub(super) struct MeasuredRow {
    /// Their mean.
    pub(super) mean: f64,
    /// Their standard deviation with n − 1; null of a single run.
    pub(super) sd: Option<f64>,
    /// One a run.
    pub(super) values: Vec<f64>,
}

/// A floor.
#[derive(JsonSchema, Serialize)]
pub(super) struct FloorRow<'a> {
    /// What a model that learnt nothing gets.
    pub(super) value: f64,
    /// Who says so.
    pub(super) source: &'a str,
}

/// Why something is missing.
#[derive(JsonSchema, Serialize)]
pub(super) struct ReasonRow<'a> {
    /// The reason code, such as `step-failed`.
    pub(super) code: &'a str,
    /// Whose turn it is: `manifest`, `paper`, `host` or `reproof`.
    pub(super) fault: &'a str,
    /// What happened and where.
    pub(super) detail: &'a str,
    /// What to try.
    pub(super) hint: Option<&'a str>,
}

impl<'a> From<&'a Unmeasured> for ReasonRow<'a> {
    fn from(why: &'a Unmeasured) -> Self {
        Self {
            code: why.reason.code(),
            fault: why.fault.code(),
            detail: &why.detail,
            hint: why.hint.as_deref(),
        }
    }
}

/// One run of one step.
#[derive(JsonSchema, Serialize)]
pub(super) struct StepRow<'a> {
    /// The step's id.
    pub(super) step: &'a str,
    /// Its seed.
    pub(super) seed: Option<u64>,
    /// Which repetition, from 1.
    pub(super) repeat: u32,
    /// `succeeded`, `failed` or `not-run`.
    pub(super) ending: &'static str,
    /// Why nothing may be read from it; null if it succeeded.
    pub(super) reason: Option<ReasonRow<'a>>,
    /// Whether an earlier run's results were used.
    pub(super) reused: bool,
    /// From which run, or why not.
    pub(super) reuse: &'a str,
    /// The command as it was run inside the sandbox; empty if it was not.
    pub(super) run: &'a [String],
    /// Wall-clock time.
    pub(super) wall_seconds: f64,
    /// Processor time, user and system.
    pub(super) cpu_seconds: f64,
    /// The most memory at once.
    pub(super) peak_memory_bytes: u64,
    /// GPU time, where it could be measured.
    pub(super) gpu_seconds: Option<f64>,
    /// `full`, `landlock` or `none`; null if it was not started.
    pub(super) confinement: Option<&'static str>,
    /// Each measure of confinement with how it was enforced.
    pub(super) enforced: BTreeMap<&'a str, &'a str>,
    /// What it tried and could not do.
    pub(super) attempts: Vec<AttemptRow<'a>>,
    /// Its declared outputs.
    pub(super) outputs: Vec<OutputRow<'a>>,
    /// What it changed in its working copy.
    pub(super) changed: &'a [String],
}

/// Something that a step tried.
#[derive(JsonSchema, Serialize)]
pub(super) struct AttemptRow<'a> {
    /// `network` or `escape`.
    pub(super) kind: &'a str,
    /// A host, a path, a system call.
    pub(super) what: &'a str,
}

/// A declared output.
#[derive(JsonSchema, Serialize)]
pub(super) struct OutputRow<'a> {
    /// As declared.
    pub(super) name: &'a str,
    /// `written`, `stale`, `missing` or `refused`.
    pub(super) state: &'static str,
    /// Why it was refused.
    pub(super) detail: Option<&'a str>,
    /// The file, or the files of the folder.
    pub(super) files: Vec<FileRow<'a>>,
}

/// A file that a step wrote.
#[derive(JsonSchema, Serialize)]
pub(super) struct FileRow<'a> {
    /// Relative to the step's folder `outputs/`.
    pub(super) path: &'a str,
    /// Its digest.
    pub(super) sha256: String,
    /// Its length.
    pub(super) bytes: u64,
}

/// What identifies the code and the data.
#[derive(JsonSchema, Serialize)]
pub(super) struct Pins<'a> {
    /// The code.
    pub(super) code: CodeRow<'a>,
    /// Data, checkpoints and the checker's own files.
    pub(super) inputs: Vec<InputRow<'a>>,
}

/// The pinned code.
#[derive(JsonSchema, Serialize)]
pub(super) struct CodeRow<'a> {
    /// Where it comes from.
    pub(super) repository: &'a str,
    /// The commit; null if it could not be had.
    pub(super) commit: Option<String>,
    /// When it was committed, RFC 3339.
    pub(super) committed: Option<String>,
    /// The Software Heritage identifier of the commit.
    pub(super) revision_swhid: Option<String>,
    /// The Software Heritage identifier of its tree.
    pub(super) directory_swhid: Option<String>,
    /// Recognised licences, SPDX.
    pub(super) licences: Vec<&'static str>,
    /// What a reader should know.
    pub(super) findings: Vec<String>,
    /// Why it could not be had.
    pub(super) reason: Option<ReasonRow<'a>>,
}

/// Something that the paper needs and that is not code.
#[derive(JsonSchema, Serialize)]
pub(super) struct InputRow<'a> {
    /// `data`, `checkpoint` or `file`.
    pub(super) kind: &'a str,
    /// Its id, or its path.
    pub(super) name: &'a str,
    /// Where it comes from.
    pub(super) source: &'a str,
    /// Its licence, if stated.
    pub(super) license: Option<&'a str>,
    /// The digest of what arrived; null if nothing did.
    pub(super) sha256: Option<String>,
    /// Its length.
    pub(super) bytes: Option<u64>,
    /// Whether it was in the cache.
    pub(super) reused: Option<bool>,
    /// Why nothing arrived.
    pub(super) reason: Option<ReasonRow<'a>>,
}

/// What the code ran in.
#[derive(JsonSchema, Serialize)]
pub(super) struct EnvironmentRow {
    /// `uv`, `system`, `none`, or `unavailable` if it could not be built.
    pub(super) kind: &'static str,
    /// The full version of Python.
    pub(super) python: Option<String>,
    /// Until when package releases count, RFC 3339.
    pub(super) as_of: Option<String>,
    /// Whether every package is pinned by hash.
    pub(super) pinned_by_hash: Option<bool>,
    /// `NAME==VERSION`, sorted.
    pub(super) packages: Vec<String>,
    /// Whether it was in the cache.
    pub(super) reused: Option<bool>,
    /// What a reader should know.
    pub(super) notes: Vec<String>,
    /// Why it could not be built.
    pub(super) reason: Option<String>,
}

/// The machine.
#[derive(JsonSchema, Serialize)]
pub(super) struct MachineRow<'a> {
    /// Operating system.
    pub(super) os: &'a str,
    /// Release of the kernel.
    pub(super) kernel: &'a str,
    /// Such as `x86_64`.
    pub(super) architecture: &'a str,
    /// The processor.
    pub(super) cpu: &'a str,
    /// Logical processors.
    pub(super) cores: usize,
    /// Memory.
    pub(super) memory_bytes: u64,
    /// Models of the GPUs.
    pub(super) gpus: Vec<&'a str>,
}

/// What all steps together used, reused ones included.
#[derive(JsonSchema, Serialize)]
pub(super) struct CostRow<'a> {
    /// Wall-clock time of all runs, added up.
    pub(super) wall_seconds: f64,
    /// CPU core hours.
    pub(super) cpu_hours: f64,
    /// GPU hours.
    pub(super) gpu_hours: f64,
    /// How GPU hours were found: `measured`, `held` or `none`.
    pub(super) gpu_method: &'static str,
    /// The price of both, where the manifest gives prices.
    pub(super) price: Option<f64>,
    /// ISO 4217.
    pub(super) currency: Option<&'a str>,
    /// The adopter's question, answered.
    pub(super) adoption: Option<&'a str>,
}

/// A stage.
#[derive(JsonSchema, Serialize)]
pub(super) struct StageRow<'a> {
    /// `acquire`, `environment`, `execute`, `measure` or `judge`.
    pub(super) stage: &'a str,
    /// Wall-clock time.
    pub(super) seconds: f64,
    /// Whether its results were there already, and if not why.
    pub(super) reuse: &'a str,
}
