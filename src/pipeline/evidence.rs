//! From what the stages left to what the judge looks at: facts, nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::execution::{StepRun, executions};
use super::gather::Acquired;
use super::sequential;
use crate::acquire::git::{Finding, Pinned};
use crate::audit::Audit;
use crate::environment::Environment;
use crate::error::Fault;
use crate::execute::{AttemptKind, Usage};
use crate::judge::evidence::{
    CodeFacts, DataFacts, EnvironmentFacts, License, SafetyFacts, StepUsage, Training,
};
use crate::judge::{ClaimEvidence, Evidence, Measured};
use crate::manifest::{
    Action, AsOf, CheckpointFormat, Claim, Data, EnvironmentKind, Extraction, Manifest, Phase, Subject,
};
use crate::measure::{self, Direction, MetricInfo};
use crate::reason::Unmeasured;
use crate::report::ClaimMeasured;

/// Everything that the judge may know.
pub(super) fn of(
    manifest: &Manifest,
    audit: &Audit,
    acquired: &Acquired,
    environment: &Result<Environment, Unmeasured>,
    steps: &[StepRun],
    measured: &[Result<ClaimMeasured, Unmeasured>],
    now: Timestamp,
) -> Evidence {
    let mut evidence = Evidence::new(now.to_zoned(TimeZone::UTC).date());
    let claims = manifest.claims.iter().zip(measured);
    evidence.claims = claims
        .map(|(claim, measured)| ClaimEvidence {
            impossible: audit.impossible(&claim.id).map(str::to_owned),
            ..claim_evidence(manifest, claim, measured, steps)
        })
        .collect();
    evidence.data = manifest
        .data
        .iter()
        .map(|data| data_facts(data, acquired))
        .collect();
    evidence.training = training(manifest, steps);
    evidence.code = match &acquired.code {
        Ok(code) => code_facts(&code.pinned),
        Err(why) => CodeFacts {
            reachable: (why.fault == Fault::Paper).then_some(false),
            problem: Some(why.detail.clone()),
            ..CodeFacts::default()
        },
    };
    evidence.environment = environment_facts(manifest, environment);
    evidence.safety = safety(manifest, steps);
    evidence.waivers.clone_from(&manifest.waivers);
    evidence.usage = usage(manifest, steps);
    evidence.prices.clone_from(&manifest.cost);
    evidence.adoption.clone_from(&manifest.adoption);
    evidence
}

pub(super) fn claim_evidence(
    manifest: &Manifest,
    claim: &Claim,
    measured: &Result<ClaimMeasured, Unmeasured>,
    steps: &[StepRun],
) -> ClaimEvidence {
    let info = measure::info(&claim.metric);
    let compares = match &claim.subject {
        Subject::Measured(_) => None,
        Subject::Compared(claims) => Some(claims.clone()),
    };
    let of_gain = compares.is_some();
    ClaimEvidence {
        id: claim.id.clone(),
        primary: claim.primary,
        weight: claim.weight,
        metric: claim.metric.clone(),
        direction: if of_gain {
            Direction::HigherIsBetter
        } else {
            claim.direction
        },
        compares,
        range: info.as_ref().map(|info| range(info, of_gain)),
        claimed: claim.value.clone(),
        claimed_runs: claim.runs,
        claimed_examples: claim.examples,
        floor: claim.floor,
        metric_floor: info.and_then(|info| info.floor).filter(|_| !of_gain),
        tolerance: claim.tolerance,
        looked_from: sequential::looked_from(manifest, claim),
        impossible: None,
        measured: measured
            .as_ref()
            .map(|found| measurement(manifest, claim, found, steps))
            .map_err(Clone::clone),
    }
}

/// The range of the metric, or of the gain of one of its values over another.
fn range(info: &MetricInfo, of_gain: bool) -> (f64, f64) {
    if !of_gain {
        return info.range;
    }
    let width = info.range.1 - info.range.0;
    (-width, width)
}

fn measurement(manifest: &Manifest, claim: &Claim, found: &ClaimMeasured, steps: &[StepRun]) -> Measured {
    let step = claim.reading().map(|reading| reading.step.as_str());
    let of_step = steps
        .iter()
        .filter(|run| Some(run.execution.step.as_str()) == step);
    let runs: Vec<&StepRun> = of_step
        .filter(|run| run.execution.repeat == 1 && run.result.is_ok())
        .collect();
    let one_value_each = found.runs.iter().all(|run| run.values.len() == 1);
    let seeds: Option<Vec<u64>> = runs.iter().map(|run| run.execution.seed).collect();
    let mut notes = found.notes.clone();
    notes.extend(
        found
            .runs
            .iter()
            .flat_map(|run| run.notes.iter().cloned())
            .collect::<BTreeSet<_>>(),
    );
    let reported = match &found.reported {
        Some(Ok(reported)) => Some(reported.clone()),
        Some(Err(why)) => {
            notes.push(format!(
                "what the code says of itself could not be read: {}",
                why.detail
            ));
            None
        }
        None => None,
    };
    Measured {
        values: found.values(),
        seeds: seeds.filter(|_| one_value_each).unwrap_or_default(),
        deterministic: found.deterministic,
        identical_outputs: identical(&runs),
        from_checkpoint_as_released: step
            .and_then(|step| manifest.step(step))
            .is_some_and(|step| matches!(step.action, Action::Model(_))),
        recomputed: claim
            .reading()
            .is_some_and(|reading| matches!(reading.measure, Extraction::Predictions { .. })),
        examples: found.runs.first().and_then(|run| run.examples),
        floor_from_labels: found.runs.first().and_then(|run| run.floor),
        reported,
        gain: found.gain.clone(),
        permuted: None,
        cleaned: found.cleaned.clone(),
        readings: found.readings.clone(),
        notes,
    }
}

/// Whether runs with different seeds all left the same bytes.
fn identical(runs: &[&StepRun]) -> bool {
    let mut left = runs.iter().filter_map(|run| run.result.as_ref().ok());
    let Some(first) = left.next() else { return false };
    runs.len() > 1 && left.all(|ran| ran.outputs == first.outputs && ran.stdout == first.stdout)
}

fn data_facts(data: &Data, acquired: &Acquired) -> DataFacts {
    let report = acquired
        .reports
        .iter()
        .find(|report| report.kind == "data" && report.name == data.id);
    let arrived = report.is_some_and(|report| report.result.is_ok());
    let problem = report.and_then(|report| report.result.as_ref().err());
    DataFacts {
        id: data.id.clone(),
        source: data.source.clone(),
        open: match (arrived, problem) {
            (true, _) if of_this_machine(&data.source) => None,
            // A file beside the manifest is as open as the manifest is.
            (true, _) => Some(true),
            (false, Some(why)) if why.fault == Fault::Paper => Some(false),
            (false, _) => None,
        },
        matched: match (arrived, problem) {
            (true, _) => data.sha256.map(|_| true),
            (false, Some(why)) if why.detail.contains("is not the file that the manifest pins") => {
                Some(false)
            }
            (false, _) => None,
        },
        license: data.license.clone(),
        problem: problem.map(|why| why.detail.clone()).or_else(|| {
            of_this_machine(&data.source)
                .then(|| "it lies on this machine, outside the manifest's folder".to_owned())
        }),
    }
}

/// Whether nobody else is known to have it: a file, but not one beside the manifest.
fn of_this_machine(source: &str) -> bool {
    source
        .strip_prefix("file:")
        .is_some_and(|path| path.starts_with('/') || Path::new(path).starts_with(".."))
}

fn training(manifest: &Manifest, steps: &[StepRun]) -> Training {
    let declared: Vec<_> = manifest
        .steps
        .iter()
        .filter(|step| step.phase == Phase::Train)
        .collect();
    for step in &declared {
        let runs = steps.iter().filter(|run| run.execution.step == step.id);
        if let Some(why) = runs.filter_map(|run| run.result.as_ref().err()).next() {
            return Training::Unfinished {
                step: step.id.clone(),
                why: why.clone(),
            };
        }
    }
    if !declared.is_empty() {
        return Training::FromScratch {
            steps: declared.into_iter().map(|step| step.id.clone()).collect(),
        };
    }
    if manifest.checkpoints.is_empty() {
        return Training::NoneDeclared;
    }
    Training::CheckpointOnly {
        checkpoints: manifest
            .checkpoints
            .iter()
            .map(|checkpoint| checkpoint.id.clone())
            .collect(),
        native: manifest
            .steps
            .iter()
            .any(|step| matches!(step.action, Action::Model(_))),
    }
}

fn code_facts(pinned: &Pinned) -> CodeFacts {
    let mut submodules = Vec::new();
    let mut pointers = Vec::new();
    for finding in &pinned.findings {
        match finding {
            Finding::SubmoduleNotFetched { path, .. } | Finding::SubmoduleMissing { path, .. } => {
                submodules.push(path.display().to_string());
            }
            Finding::LfsPointer { path, .. } => pointers.push(path.display().to_string()),
            Finding::NoLicence
            | Finding::LicenceNotRecognised { .. }
            | Finding::LinkLeadsOut { .. }
            | Finding::CommitNotReachable { .. }
            | Finding::OddModes
            | Finding::ReferenceMoved { .. }
            | Finding::ReferenceGone { .. } => {}
        }
    }
    CodeFacts {
        reachable: Some(true),
        license: license(pinned),
        missing_submodules: Some(submodules),
        lfs_pointers: Some(pointers),
        // The checkout was proven against its SWHID when it was made.
        modified: Some(Vec::new()),
        problem: None,
    }
}

fn license(pinned: &Pinned) -> License {
    let recognised = pinned.licences.recognised();
    if !recognised.is_empty() {
        return License::Named(recognised.join(" AND "));
    }
    if let Some(file) = pinned.licences.files.first() {
        return License::Named(format!("not recognised: {}", file.path.display()));
    }
    match pinned.licences.declared.first() {
        Some(declared) => License::Named(format!(
            "{} (declared in {})",
            declared.text,
            declared.path.display()
        )),
        None => License::Absent,
    }
}

fn environment_facts(manifest: &Manifest, environment: &Result<Environment, Unmeasured>) -> EnvironmentFacts {
    let built = match environment {
        Ok(built) => built,
        Err(why) => return EnvironmentFacts::Unavailable(why.clone()),
    };
    match built.kind {
        EnvironmentKind::Uv => EnvironmentFacts::Locked {
            packages: built.packages.len() as u64,
            unhashed: if built.pinned_by_hash {
                Vec::new()
            } else {
                built
                    .packages
                    .iter()
                    .map(|(name, version)| format!("{name}=={version}"))
                    .collect()
            },
            as_of: built.as_of.map(|time| time.to_zoned(TimeZone::UTC).date()),
            of_the_papers_time: manifest.environment.as_of != AsOf::Today,
            refused: built
                .wishes
                .iter()
                .filter(|wish| wish.missing)
                .map(ToString::to_string)
                .collect(),
        },
        EnvironmentKind::System => EnvironmentFacts::System,
        EnvironmentKind::None => EnvironmentFacts::None,
    }
}

fn safety(manifest: &Manifest, steps: &[StepRun]) -> SafetyFacts {
    let attempts = |kind: AttemptKind| {
        let all = steps
            .iter()
            .flat_map(|run| run.attempts.iter().map(move |attempt| (run, attempt)));
        let of_kind = all.filter(|(_, attempt)| attempt.kind == kind);
        let said = of_kind.map(|(run, attempt)| match kind {
            AttemptKind::Network => attempt.what.clone(),
            AttemptKind::Escape => format!("step `{}`: {}", run.execution.step, attempt.what),
        });
        said.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    let pickles = manifest
        .checkpoints
        .iter()
        .filter(|checkpoint| checkpoint.format == CheckpointFormat::Pickle);
    SafetyFacts {
        tier: steps
            .iter()
            .filter_map(|run| run.enforced.as_ref())
            .map(|enforced| enforced.tier)
            .min(),
        escapes: attempts(AttemptKind::Escape),
        network: attempts(AttemptKind::Network),
        unsafe_checkpoints: pickles.map(|checkpoint| checkpoint.id.clone()).collect(),
    }
}

fn usage(manifest: &Manifest, steps: &[StepRun]) -> Vec<StepUsage> {
    let of = |id: &str| {
        let runs = steps.iter().filter(|run| run.execution.step == id);
        runs.fold(Usage::default(), |sum, run| Usage {
            wall: sum.wall + run.spent.wall,
            cpu: sum.cpu + run.spent.cpu,
            peak_memory: sum.peak_memory.max(run.spent.peak_memory),
            gpu_seconds: match (sum.gpu_seconds, run.spent.gpu_seconds) {
                (None, None) => None,
                (one, other) => Some(one.unwrap_or(0.0) + other.unwrap_or(0.0)),
            },
        })
    };
    let rows = manifest
        .steps
        .iter()
        .filter(|step| !executions(manifest, step).is_empty());
    rows.map(|step| StepUsage {
        step: step.id.clone(),
        usage: of(&step.id),
        gpus: step.gpus,
    })
    .collect()
}
