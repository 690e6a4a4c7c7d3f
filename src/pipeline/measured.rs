//! From what the steps left to a measurement for each claim.
//!
//! What is handed to [`crate::measure`] is an extraction, a metric and files:
//! measuring is blind to what the paper claims.

use super::execution::{OutputState, StepRun};
use super::gains::{self, Side};
use super::gather::Acquired;
use crate::error::Fault;
use crate::judge::evidence::Reported;
use crate::manifest::{Claim, Extraction, Manifest, Reading, Subject};
use crate::measure::{self, Measurement, Output, StepFiles, Truth};
use crate::reason::{Reason, Unmeasured};
use crate::report::ClaimMeasured;

/// One entry for each claim, in the order of the manifest.
pub(super) fn all(
    manifest: &Manifest,
    acquired: &Acquired,
    steps: &[StepRun],
) -> Vec<Result<ClaimMeasured, Unmeasured>> {
    let one = |claim| one(manifest, claim, acquired, steps);
    manifest.claims.iter().map(one).collect()
}

/// What the runs so far give for one claim.
pub(super) fn one(
    manifest: &Manifest,
    claim: &Claim,
    acquired: &Acquired,
    steps: &[StepRun],
) -> Result<ClaimMeasured, Unmeasured> {
    let value = |claim, reading| value(manifest, claim, reading, acquired, steps);
    let side = |id: &str| {
        let claim = manifest.claims.iter().find(|claim| claim.id == id)?;
        let reading = claim.reading()?;
        Some(Side {
            id: &claim.id,
            reading,
            measured: value(claim, reading),
            runs: counted_runs(reading, steps),
        })
    };
    match &claim.subject {
        Subject::Measured(reading) => value(claim, reading),
        Subject::Compared(claims) => match (side(&claims.better), side(&claims.worse)) {
            (Some(better), Some(worse)) => {
                gains::of(claim, &better, &worse, &|run| files_of(run, manifest, acquired))
            }
            _ => Err(nothing_to_compare(claim)),
        },
    }
}

/// For the compiler: the manifest is valid, so that what it compares is there.
fn nothing_to_compare(claim: &Claim) -> Unmeasured {
    let detail = format!("nothing measures `{}`", claim.id);
    Unmeasured::new(Reason::MeasurementMissing, Fault::Reproof, detail)
}

/// The runs whose values count: the first of each seed, where they ended well.
pub(super) fn counted_runs<'a>(reading: &Reading, steps: &'a [StepRun]) -> Vec<&'a StepRun> {
    let of_step = steps.iter().filter(|run| run.execution.step == reading.step);
    of_step
        .filter(|run| run.execution.repeat == 1 && run.result.is_ok())
        .collect()
}

/// The value of a claim that has one of its own, run by run.
fn value(
    manifest: &Manifest,
    claim: &Claim,
    reading: &Reading,
    acquired: &Acquired,
    steps: &[StepRun],
) -> Result<ClaimMeasured, Unmeasured> {
    if let Some(why) = missing_labels(reading, acquired) {
        return Err(why);
    }
    let of_step: Vec<&StepRun> = steps
        .iter()
        .filter(|run| run.execution.step == reading.step)
        .collect();
    let first: Vec<&StepRun> = of_step
        .iter()
        .copied()
        .filter(|run| run.execution.repeat == 1)
        .collect();
    let ended_well = counted_runs(reading, steps);
    if ended_well.is_empty() {
        return Err(why_none(reading, &first));
    }
    let files = |run: &StepRun| files_of(run, manifest, acquired);
    let mut runs = Vec::new();
    for run in &ended_well {
        let seed = run
            .execution
            .seed
            .map(|seed| format!(" (seed {seed})"))
            .unwrap_or_default();
        let measured = extract(&reading.measure, claim, &files(run)).map_err(|mut why| {
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
            reading.step
        ));
    }
    let reported = reading.reported.as_ref().map(|extraction| {
        let values = ended_well
            .iter()
            .map(|run| extract(extraction, claim, &files(run)));
        values.collect::<Result<Vec<_>, Unmeasured>>().map(said)
    });
    Ok(ClaimMeasured {
        runs,
        reported,
        deterministic: deterministic(&of_step),
        gain: None,
        of_examples: None,
        cleaned: None,
        readings: Vec::new(),
        notes,
    })
}

/// Why the labels are not there that the claim is measured with.
fn missing_labels(reading: &Reading, acquired: &Acquired) -> Option<Unmeasured> {
    let Extraction::Predictions { truth, .. } = &reading.measure else {
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

fn why_none(reading: &Reading, runs: &[&StepRun]) -> Unmeasured {
    let why = runs.iter().find_map(|run| run.result.as_ref().err().cloned());
    why.unwrap_or_else(|| {
        let detail = format!("step `{}` has no run", reading.step);
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
pub(super) fn files_of(run: &StepRun, manifest: &Manifest, acquired: &Acquired) -> StepFiles {
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
