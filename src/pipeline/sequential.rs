//! Seeds one after another: a look after each, and no more than it takes to decide the primary claims.

use std::collections::BTreeSet;

use super::evidence;
use super::execution::StepRun;
use super::gather::Acquired;
use super::measured;
use crate::judge::{Outcome, compare, looks};
use crate::manifest::{Claim, Manifest, Seeds, Step};
use crate::report::{SeedsEnd, SeedsReport};

/// What one look at the runs showed.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// The steps of whose runs more are wanted.
    pub(super) open: BTreeSet<String>,
    /// One line about each primary claim that is measured on a sequential step.
    pub(super) lines: Vec<String>,
    /// The steps whose runs cannot be measured, with the reason: more of them would not help.
    pub(super) unmeasured: Vec<(String, String)>,
}

/// Looks at the primary claims that rest on steps whose seeds are run one after another.
pub(super) fn look(manifest: &Manifest, acquired: &Acquired, steps: &[StepRun]) -> Looked {
    let mut looked = Looked::default();
    let claims: Vec<&Claim> = sequential_claims(manifest).collect();
    if claims.is_empty() {
        return looked;
    }
    let mut there = acquired.clone();
    there.take_made(manifest, steps);
    for claim in claims {
        let measured = measured::one(manifest, claim, &there, steps);
        let evidence = evidence::claim_evidence(manifest, claim, &measured, steps);
        let judged = compare::claim(&evidence);
        let runs = judged.runs;
        let line = format!(
            "claim {}: {} after {runs} runs",
            claim.id,
            judged.as_measured.code()
        );
        match (judged.as_measured, evidence.measured.as_ref()) {
            (Outcome::NotRun(_), _) => {
                let why = judged.unmeasured.map(|why| why.detail).unwrap_or_default();
                looked.unmeasured.push((claim.step.clone(), why));
            }
            (_, found) if !looks::decided(&judged, found.ok()) => {
                looked.open.insert(claim.step.clone());
            }
            _ => {}
        }
        looked.lines.push(line);
    }
    looked
}

/// The primary claims whose step runs its seeds one after another.
fn sequential_claims(manifest: &Manifest) -> impl Iterator<Item = &Claim> {
    let primary = manifest.claims.iter().filter(|claim| claim.primary);
    primary.filter(|claim| bounds(manifest, &claim.step).is_some())
}

/// The least and the greatest number of runs of a step that is run seed after seed; `None` where their number is
/// fixed.
pub(super) fn bounds(manifest: &Manifest, step: &str) -> Option<(u32, u32)> {
    match manifest.seeds_of(manifest.step(step)?) {
        Seeds::Sequential { min, max } if min < max => Some((*min, *max)),
        Seeds::Sequential { .. } | Seeds::Listed(_) | Seeds::Unseeded => None,
    }
}

/// The steps that get one more seed, in the order of the manifest, so that those in `open` do.
pub(super) fn to_extend<'m>(
    manifest: &'m Manifest,
    open: &BTreeSet<String>,
    done: &[StepRun],
) -> Vec<(&'m Step, u64)> {
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    let mut waiting: Vec<&str> = open.iter().map(String::as_str).collect();
    while let Some(id) = waiting.pop() {
        if let Some(step) = manifest.step(id)
            && bounds(manifest, id).is_some()
            && wanted.insert(&step.id)
        {
            waiting.extend(step.needs.iter().map(String::as_str));
        }
    }
    let steps = manifest
        .steps
        .iter()
        .filter(|step| wanted.contains(step.id.as_str()));
    steps
        .filter_map(|step| {
            let next = u64::from(seeds_run(&step.id, done)) + 1;
            let (_, max) = bounds(manifest, &step.id)?;
            (next <= u64::from(max)).then_some((step, next))
        })
        .collect()
}

/// How many seeds of the step were run, well or not.
fn seeds_run(step: &str, done: &[StepRun]) -> u32 {
    let seeds = done.iter().filter(|run| run.execution.step == step);
    let seeds: BTreeSet<_> = seeds.map(|run| run.execution.seed).collect();
    u32::try_from(seeds.len()).unwrap_or(u32::MAX)
}

/// How the seeds of each step that claims are measured on came to their end.
pub(super) fn report(
    manifest: &Manifest,
    done: &[StepRun],
    last: &Looked,
    stopped: Option<&str>,
) -> Vec<SeedsReport> {
    let read: BTreeSet<&str> = manifest.claims.iter().map(|claim| claim.step.as_str()).collect();
    let steps = manifest
        .steps
        .iter()
        .filter(|step| read.contains(step.id.as_str()));
    steps
        .filter_map(|step| {
            let (min, max) = bounds(manifest, &step.id)?;
            let runs = seeds_run(&step.id, done);
            Some(SeedsReport {
                step: step.id.clone(),
                min,
                max,
                runs,
                end: end(manifest, step, last, stopped, runs >= max),
            })
        })
        .collect()
}

fn end(manifest: &Manifest, step: &Step, last: &Looked, stopped: Option<&str>, all: bool) -> SeedsEnd {
    if last.open.contains(&step.id) {
        return match stopped {
            Some(why) if !all => SeedsEnd::Stopped(why.to_owned()),
            _ => SeedsEnd::Exhausted,
        };
    }
    if let Some((_, why)) = last.unmeasured.iter().find(|(id, _)| *id == step.id) {
        return SeedsEnd::Unmeasured(why.clone());
    }
    let primary = sequential_claims(manifest).any(|claim| claim.step == step.id);
    if primary {
        SeedsEnd::Decided
    } else {
        SeedsEnd::NotPrimary
    }
}
