//! From what the steps left to a measurement for each claim.
//!
//! What is handed to [`crate::measure`] is an extraction, a metric and files:
//! measuring is blind to what the paper claims.

use std::path::Path;

use super::gather::Acquired;
use super::steps::StepRun;
use crate::error::Fault;
use crate::manifest::{Claim, Extraction, Manifest};
use crate::measure::{self, Found, Measurement, StepFiles};
use crate::reason::{Reason, Unmeasured};
use crate::report::ClaimMeasured;

/// One entry for each claim, in the order of the manifest.
pub(super) fn all(
    manifest: &Manifest,
    acquired: &Acquired,
    steps: &[StepRun],
) -> Vec<Result<ClaimMeasured, Unmeasured>> {
    manifest.claims.iter().map(|claim| one(manifest, claim, acquired, steps)).collect()
}

fn one(manifest: &Manifest, claim: &Claim, acquired: &Acquired, steps: &[StepRun]) -> Result<ClaimMeasured, Unmeasured> {
    let of_step: Vec<&StepRun> = steps.iter().filter(|run| run.execution.step == claim.step).collect();
    let first: Vec<&StepRun> = of_step.iter().copied().filter(|run| run.execution.repeat == 1).collect();
    let ended_well: Vec<&StepRun> = first.iter().copied().filter(|run| run.result.is_ok()).collect();
    if ended_well.is_empty() {
        return Err(why_none(claim, &first));
    }
    let files = |run: &StepRun| StepFilesOf { run: run.clone(), manifest, acquired };
    let mut runs = Vec::new();
    for run in &ended_well {
        let seed = run.execution.seed.map(|seed| format!(" (seed {seed})")).unwrap_or_default();
        let measured = extract(&claim.measure, claim, &files(run)).map_err(|mut why| {
            why.detail.push_str(&seed);
            why
        })?;
        runs.push(measured);
    }
    let mut notes: Vec<String> = Vec::new();
    if ended_well.len() < first.len() {
        let (failed, all) = (first.len() - ended_well.len(), first.len());
        notes.push(format!("{failed} of {all} runs of step `{}` did not end well and are not counted", claim.step));
    }
    let reported = claim.reported.as_ref().map(|extraction| {
        let values = ended_well.iter().map(|run| Ok(extract(extraction, claim, &files(run))?.values));
        values.collect::<Result<Vec<_>, Unmeasured>>().map(|values| values.concat())
    });
    Ok(ClaimMeasured { runs, reported, deterministic: deterministic(&of_step), notes })
}

fn extract(extraction: &Extraction, claim: &Claim, files: &StepFilesOf<'_>) -> Result<Measurement, Unmeasured> {
    measure::measure(extraction, &claim.metric, claim.direction, files)
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
        let first = runs.iter().find(|run| run.execution.repeat == 1 && run.execution.seed == again.execution.seed)?;
        let (Ok(first), Ok(again)) = (&first.result, &again.result) else { return None };
        let same = first.outputs == again.outputs && first.stdout == again.stdout;
        answer = Some(answer.unwrap_or(true) && same);
    }
    answer
}

/// The files of one run of a step.
struct StepFilesOf<'a> {
    run: StepRun,
    manifest: &'a Manifest,
    acquired: &'a Acquired,
}
