//! From what the steps left to a measurement for each claim.
//!
//! What is handed to [`crate::measure`] is an extraction, a metric and files:
//! measuring is blind to what the paper claims.

use super::execution::{OutputState, StepRun};
use super::gather::Acquired;
use crate::error::Fault;
use crate::judge::evidence::Reported;
use crate::manifest::{Claim, Extraction, Manifest};
use crate::measure::{self, Measurement, Output, StepFiles, Truth};
use crate::reason::{Reason, Unmeasured};
use crate::report::ClaimMeasured;

/// One entry for each claim, in the order of the manifest.
pub(super) fn all(
    manifest: &Manifest,
    acquired: &Acquired,
    steps: &[StepRun],
) -> Vec<Result<ClaimMeasured, Unmeasured>> {
    manifest
        .claims
        .iter()
        .map(|claim| one(manifest, claim, acquired, steps))
        .collect()
}

/// What the runs so far give for one claim.
pub(super) fn one(
    manifest: &Manifest,
    claim: &Claim,
    acquired: &Acquired,
    steps: &[StepRun],
) -> Result<ClaimMeasured, Unmeasured> {
    if let Some(why) = missing_labels(claim, acquired) {
        return Err(why);
    }
    let of_step: Vec<&StepRun> = steps
        .iter()
        .filter(|run| run.execution.step == claim.step)
        .collect();
    let first: Vec<&StepRun> = of_step
        .iter()
        .copied()
        .filter(|run| run.execution.repeat == 1)
        .collect();
    let ended_well: Vec<&StepRun> = first.iter().copied().filter(|run| run.result.is_ok()).collect();
    if ended_well.is_empty() {
        return Err(why_none(claim, &first));
    }
    let files = |run: &StepRun| files_of(run, manifest, acquired);
    let mut runs = Vec::new();
    for run in &ended_well {
        let seed = run
            .execution
            .seed
            .map(|seed| format!(" (seed {seed})"))
            .unwrap_or_default();
        let measured = extract(&claim.measure, claim, &files(run)).map_err(|mut why| {
            why.detail.push_str(&seed);
            why
        })?;
        runs.push(measured);
    }
    let mut notes: Vec<String> = Vec::new();
    if ended_well.len() < first.len() {
        let (failed, all) = (first.len() - ended_well.len(), first.len());
        notes.push(format!(
            "{failed} of {all} runs of step `{}` did not end well and are not counted",
            claim.step
        ));
    }
    let reported = claim.reported.as_ref().map(|extraction| {
        let values = ended_well
            .iter()
            .map(|run| extract(extraction, claim, &files(run)));
        values.collect::<Result<Vec<_>, Unmeasured>>().map(said)
    });
    Ok(ClaimMeasured {
        runs,
        reported,
        deterministic: deterministic(&of_step),
        notes,
    })
}

/// Why the labels are not there that the claim is measured with.
fn missing_labels(claim: &Claim, acquired: &Acquired) -> Option<Unmeasured> {
    let Extraction::Predictions { truth, .. } = &claim.measure else {
        return None;
    };
    acquired.data.get(truth)?.as_ref().err().cloned()
}

fn extract(extraction: &Extraction, claim: &Claim, files: &StepFiles) -> Result<Measurement, Unmeasured> {
    measure::measure(extraction, &claim.metric, claim.direction, files)
}

/// What the code says of itself, run by run.
fn said(runs: Vec<Measurement>) -> Reported {
    Reported {
        half_unit: runs.iter().map(|run| run.half_unit).fold(0.0, f64::max),
        values: runs.into_iter().flat_map(|run| run.values).collect(),
    }
}

fn why_none(claim: &Claim, runs: &[&StepRun]) -> Unmeasured {
    let why = runs.iter().find_map(|run| run.result.as_ref().err().cloned());
    why.unwrap_or_else(|| {
        let detail = format!("step `{}` has no run", claim.step);
        Unmeasured::new(Reason::StepFailed, Fault::Reproof, detail)
    })
}

/// Whether every seed that was run more than once left the same bytes each time; `None` if none was.
fn deterministic(runs: &[&StepRun]) -> Option<bool> {
    let mut answer = None;
    for again in runs.iter().filter(|run| run.execution.repeat > 1) {
        let first = runs
            .iter()
            .find(|run| run.execution.repeat == 1 && run.execution.seed == again.execution.seed)?;
        let (Ok(first), Ok(again)) = (&first.result, &again.result) else {
            return None;
        };
        let same = first.outputs == again.outputs && first.stdout == again.stdout;
        answer = Some(answer.unwrap_or(true) && same);
    }
    answer
}

/// What one run of a step left, and the labels that it may be measured with.
fn files_of(run: &StepRun, manifest: &Manifest, acquired: &Acquired) -> StepFiles {
    let mut files = StepFiles {
        stdout: run.folder.join("stdout.log"),
        stderr: run.folder.join("stderr.log"),
        ..StepFiles::default()
    };
    let outputs = run.result.iter().flat_map(|ran| &ran.outputs);
    for output in outputs {
        for file in &output.files {
            let path = run.folder.join("outputs").join(&file.path);
            files.outputs.insert(file.path.clone(), Output::Found { path });
        }
        let state = match &output.state {
            OutputState::Written => continue,
            OutputState::Stale => Output::Stale,
            OutputState::Missing => Output::Missing,
            OutputState::Refused(why) => Output::Refused { why: why.clone() },
        };
        files.outputs.insert(output.name.clone(), state);
    }
    for data in &manifest.data {
        if let Some(Ok(present)) = acquired.data.get(&data.id) {
            files
                .truths
                .insert(data.id.clone(), Truth::new(data, &present.path));
        }
    }
    files
}
