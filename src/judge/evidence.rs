//! What is known when everything has been run: plain values, nothing to be looked up.
//!
//! An unknown is an `Option`, never a guess: a check that lacks its facts says so.

use std::time::Duration;

use jiff::civil::Date;

use crate::execute::{Tier, Usage};
use crate::manifest::{Adoption, Comparison, Prices, Printed, Tolerance, Waiver};
use crate::measure::Direction;
use crate::measure::dialect::Reading;
use crate::reason::Unmeasured;
use crate::stats::{Bootstrap, Discordant, Group, Interval};

/// All that a judgement rests on.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The day of the judgement; waivers expire by it.
    pub today: Date,
    /// One for each declared claim, in the order of the manifest.
    pub claims: Vec<ClaimEvidence>,
    /// One for each data set.
    pub data: Vec<DataFacts>,
    /// What became of the training.
    pub training: Training,
    /// Why the model decides as it does; `None`: not examined.
    pub explanation: Option<Explanation>,
    /// The pinned code.
    pub code: CodeFacts,
    /// What the code ran in.
    pub environment: EnvironmentFacts,
    /// Overlap, leakage and duplicates; `None`: not examined.
    pub hygiene: Option<Hygiene>,
    /// Sandbox and checkpoints.
    pub safety: SafetyFacts,
    /// Checks that somebody answers for.
    pub waivers: Vec<Waiver>,
    /// What each step used.
    pub usage: Vec<StepUsage>,
    /// Prices, where given.
    pub prices: Option<Prices>,
    /// What the reader uses today, where given.
    pub adoption: Option<Adoption>,
}

impl Evidence {
    /// Nothing known yet, on this day.
    pub fn new(today: Date) -> Self {
        Self {
            today,
            claims: Vec::new(),
            data: Vec::new(),
            training: Training::NotExamined,
            explanation: None,
            code: CodeFacts::default(),
            environment: EnvironmentFacts::NotExamined,
            hygiene: None,
            safety: SafetyFacts::default(),
            waivers: Vec::new(),
            usage: Vec::new(),
            prices: None,
            adoption: None,
        }
    }

    /// The claims that the verdict rests on: the primary ones, or all if there is none.
    pub fn primary(&self) -> impl Iterator<Item = &ClaimEvidence> {
        let any = self.claims.iter().any(|claim| claim.primary);
        self.claims.iter().filter(move |claim| claim.primary || !any)
    }
}

/// One claim, and what was measured for it.
#[derive(Clone, Debug)]
pub struct ClaimEvidence {
    /// Its id in the manifest.
    pub id: String,
    /// Whether the verdict rests on it.
    pub primary: bool,
    /// Its weight in the score, ≥ 0; anything else counts as 0 and is said.
    pub weight: f64,
    /// The metric's canonical name.
    pub metric: String,
    /// Which way the measured value improves: that of the metric, and higher for the gain of a comparison.
    pub direction: Direction,
    /// The two claims that it compares, where it is about a gain.
    pub compares: Option<Comparison>,
    /// The least and the greatest value of the metric, where it has such; a measured value outside is no measurement.
    pub range: Option<(f64, f64)>,
    /// The value as printed.
    pub claimed: Printed,
    /// The number of runs behind the claimed value.
    pub claimed_runs: Option<u32>,
    /// The number of test examples that the paper names.
    pub claimed_examples: Option<u64>,
    /// The floor that the manifest gives.
    pub floor: Option<f64>,
    /// The floor that belongs to the metric whatever the data, such as 0.5 for ROC AUC.
    pub metric_floor: Option<f64>,
    /// The manifest's tolerance.
    pub tolerance: Option<Tolerance>,
    /// After how many runs they were first looked at, where the looking could stop them; `None`: their number was
    /// fixed beforehand.
    pub looked_from: Option<u64>,
    /// Why the claim cannot be true, where the audit found that.
    pub impossible: Option<String>,
    /// What was measured, or why nothing was.
    pub measured: Result<Measured, Unmeasured>,
}

/// What was measured for one claim.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// One a run, in the metric's own unit.
    pub values: Vec<f64>,
    /// The seed of each run, in the order of `values`; empty where runs have none that is recorded.
    pub seeds: Vec<u64>,
    /// Whether repeating a run with the same seed gave the same outputs by hash; `None`: not tried.
    pub deterministic: Option<bool>,
    /// Whether runs with different seeds all wrote the same bytes: the seed is not used.
    pub identical_outputs: bool,
    /// Whether a released checkpoint was evaluated as it is, on the paper's own split.
    pub from_checkpoint_as_released: bool,
    /// Whether we computed the value ourselves, from predictions and our own labels.
    pub recomputed: bool,
    /// The number of test examples behind each value.
    pub examples: Option<u64>,
    /// What a model that learnt nothing gets on these labels: majority class, mean of the training labels, class prior.
    pub floor_from_labels: Option<f64>,
    /// What the code says of itself, where that was read too.
    pub reported: Option<Reported>,
    /// How the gain was found, of a comparison; its values are gains then, positive where the better claim is better.
    pub gain: Option<Gain>,
    /// The same metric with the labels permuted; `None`: not tried.
    pub permuted: Option<Control>,
    /// The same without the test examples that are also in the training data; `None`: there are none, or they are not known.
    pub cleaned: Option<Cleaned>,
    /// What else the metric's name may mean, and what that gives as a mean over the runs; empty where it was not asked.
    pub readings: Vec<Reading>,
    /// What a reader should know about the measurement; short, lower case, no full stop.
    pub notes: Vec<String>,
}

/// A claim measured again without the test examples that are also in the training data.
#[derive(Clone, Debug, PartialEq)]
pub struct Cleaned {
    /// How many examples were left out.
    pub left_out: u64,
    /// How many are left.
    pub left: u64,
    /// One value a run, in the order of the measured ones; or why there is none on what is left.
    pub values: Result<Vec<f64>, Unmeasured>,
    /// The 95 % interval of the first run's value over the examples that are left, where they have one.
    pub interval: Option<Interval>,
}

/// How the gain of one claim over another was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Gain {
    /// What was held against what.
    pub pairing: Pairing,
    /// On how many examples only one of the two is right; `None` unless that can be counted.
    pub discordant: Option<Discordant>,
}

/// What is paired in a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Pairing {
    /// Runs with the same seed; there is a gain for each.
    Seeds,
    /// The examples of one run of each; there is one gain, resampled over them.
    Examples(Bootstrap),
    /// Nothing: several runs of each, the first being those of the better claim, positive where better.
    Runs(Group, Group),
    /// Nothing, and there is a single value of at least one.
    Single,
}

/// What the code says of its own result.
#[derive(Clone, Debug, PartialEq)]
pub struct Reported {
    /// One a run, in the metric's own unit, in the order of the measured values.
    pub values: Vec<f64>,
    /// Half a unit of the last place that it prints; 0 for full precision.
    pub half_unit: f64,
}

/// A control experiment with permuted labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// The metric's mean over the permutations.
    pub value: f64,
    /// Its standard deviation over the permutations.
    pub sd: f64,
    /// How many permutations.
    pub permutations: u32,
}

/// What is known of a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataFacts {
    /// Its id in the manifest.
    pub id: String,
    /// Where it came from, for the report.
    pub source: String,
    /// Whether anyone can get it there; `None`: it was not tried.
    pub open: Option<bool>,
    /// Whether its bytes are those that the manifest pins; `None`: nothing arrived, or nothing is pinned.
    pub matched: Option<bool>,
    /// Its licence, where the manifest or its page names one.
    pub license: Option<String>,
    /// Why it could not be had.
    pub problem: Option<String>,
}

/// What became of the training.
#[derive(Clone, Debug, PartialEq)]
pub enum Training {
    /// Nobody looked.
    NotExamined,
    /// The manifest has no step that trains and no checkpoint either.
    NoneDeclared,
    /// These steps trained from scratch and ended well.
    FromScratch {
        /// Their ids.
        steps: Vec<String>,
    },
    /// Only released checkpoints were evaluated.
    CheckpointOnly {
        /// Their ids.
        checkpoints: Vec<String>,
        /// Whether reproof ran them itself, without the paper's code.
        native: bool,
    },
    /// A training step is declared and did not come to a good end.
    Unfinished {
        /// Its id.
        step: String,
        /// Why.
        why: Unmeasured,
    },
}

/// Why the model decides as it does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// Whether it can be read as it is, like a short rule list or a linear model.
    pub interpretable: bool,
    /// Whether its drivers, computed, are the same over the runs; `None`: not computed, or over one run only.
    pub drivers_stable: Option<bool>,
    /// The drivers, the strongest first.
    pub drivers: Vec<String>,
}

/// What is known of a licence.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum License {
    /// Nobody looked.
    #[default]
    NotExamined,
    /// There is none.
    Absent,
    /// This one: an SPDX expression, or the name of the file.
    Named(String),
}

/// What is known of the pinned code.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CodeFacts {
    /// Whether the pinned commit can be had from where the manifest says; `None`: it was not tried, or nobody's network answered.
    pub reachable: Option<bool>,
    /// Its licence.
    pub license: License,
    /// Submodules without content, by path; `None`: not examined.
    pub missing_submodules: Option<Vec<String>>,
    /// Files of which only the LFS pointer is there, by path; `None`: not examined.
    pub lfs_pointers: Option<Vec<String>>,
    /// Files that the checker changed against the commit, by path; `None`: not examined.
    pub modified: Option<Vec<String>>,
    /// Why it could not be had.
    pub problem: Option<String>,
}

/// What the code ran in.
#[derive(Clone, Debug, PartialEq)]
pub enum EnvironmentFacts {
    /// Nobody looked.
    NotExamined,
    /// An isolated environment with a lock.
    Locked {
        /// How many packages.
        packages: u64,
        /// Those of them that are not pinned by hash.
        unhashed: Vec<String>,
        /// Until when releases counted; `None`: no limit.
        as_of: Option<Date>,
        /// Whether that day is the paper's: that of the pinned commit, or one that the manifest gives.
        of_the_papers_time: bool,
        /// Requirements that were refused or not obeyed.
        refused: Vec<String>,
    },
    /// The machine's own Python and packages.
    System,
    /// Nothing but what the operating system has.
    None,
    /// It could not be built.
    Unavailable(Unmeasured),
}

/// Overlap, leakage and duplicates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hygiene {
    /// What was found beyond the stated limits; empty if nothing.
    pub problems: Vec<String>,
    /// What was looked at, with its numbers.
    pub examined: Vec<String>,
}

/// What is known of the safety of what was run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SafetyFacts {
    /// The weakest confinement under which a step ran; `None`: nothing ran.
    pub tier: Option<Tier>,
    /// Attempts to get out of the sandbox, in words.
    pub escapes: Vec<String>,
    /// Hosts that offline steps tried to reach: a finding, not a failure.
    pub network: Vec<String>,
    /// Checkpoints that were needed and can run code, by id.
    pub unsafe_checkpoints: Vec<String>,
}

/// What one step used, all its runs together.
#[derive(Clone, Debug, PartialEq)]
pub struct StepUsage {
    /// Its id.
    pub step: String,
    /// What it used.
    pub usage: Usage,
    /// GPUs that it was given.
    pub gpus: u32,
}

impl StepUsage {
    /// GPU seconds: as measured, else the time for which GPUs were held.
    pub(super) fn gpu_seconds(&self) -> f64 {
        let held = self.usage.wall.as_secs_f64() * f64::from(self.gpus);
        self.usage
            .gpu_seconds
            .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
            .unwrap_or(held)
    }

    /// Wall-clock time.
    pub(super) fn wall(&self) -> Duration {
        self.usage.wall
    }
}
