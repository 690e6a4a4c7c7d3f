//! The gain of one claim over another, from what was measured for both.
//!
//! What varies in both alike is taken out by pairing: first by seeds, then by test
//! examples; else the runs stand for themselves. The gain is positive where the
//! claim that is said to be better is better.

use std::collections::BTreeMap;

use super::execution::StepRun;
use crate::judge::evidence::{Gain, Pairing};
use crate::manifest::{Claim, Reading};
use crate::measure::{self, Direction, Measurement, PairedExamples, StepFiles};
use crate::reason::Unmeasured;
use crate::report::ClaimMeasured;
use crate::stats::{self, Group};

/// Gains that differ by a smaller share of the largest are the same.
const ROUNDING: f64 = 1e-9;

/// One of the two claims.
pub(super) struct Side<'a> {
    pub(super) id: &'a str,
    pub(super) reading: &'a Reading,
    pub(super) measured: Result<ClaimMeasured, Unmeasured>,
    /// The runs that its values are of, in their order.
    pub(super) runs: Vec<&'a StepRun>,
}

/// The gains of `better` over `worse`, and how they were found.
pub(super) fn of(
    claim: &Claim,
    better: &Side<'_>,
    worse: &Side<'_>,
    files: &impl Fn(&StepRun) -> StepFiles,
) -> Result<ClaimMeasured, Unmeasured> {
    let (ours, theirs) = (better.values()?, worse.values()?);
    let direction = claim.direction;
    let pairs = pairs(better, worse);
    let by_seed: Vec<(u64, f64)> = pairs
        .iter()
        .map(|(seed, ours, theirs)| (*seed, gain(ours.value, theirs.value, direction)))
        .collect();
    let of_seed = pairs.first().map(|(_, ours, theirs)| (ours.run, theirs.run));
    let single = better.runs.first().copied().zip(worse.runs.first().copied());
    let examples = of_seed.or(single).and_then(|(ours, theirs)| {
        let ours = (&better.reading.measure, &files(ours));
        let theirs = (&worse.reading.measure, &files(theirs));
        measure::paired(ours, theirs, &claim.metric, direction)
    });
    // Seeds that change nothing are one observation.
    if differ(&by_seed) {
        let most = ours.len().max(theirs.len());
        return Ok(paired_seeds(better, worse, &by_seed, examples, most));
    }
    let one_each = ours.len() == 1 && theirs.len() == 1;
    if let Some(examples) = examples.filter(|_| one_each || !by_seed.is_empty()) {
        let at = by_seed.first().map(|(_, gain)| *gain);
        let gain = at.unwrap_or_else(|| gain(ours[0], theirs[0], direction));
        return Ok(paired_examples(better, worse, gain, &examples));
    }
    Ok(unpaired(better, worse, &ours, &theirs, direction))
}

/// Whether the seeds give different gains, by more than rounding.
fn differ(gains: &[(u64, f64)]) -> bool {
    let largest = gains
        .iter()
        .fold(0.0, |most: f64, (_, gain)| most.max(gain.abs()));
    let Some((_, first)) = gains.first() else {
        return false;
    };
    gains
        .iter()
        .any(|(_, gain)| (gain - first).abs() > ROUNDING * largest)
}

/// Positive where `ours` is better.
fn gain(ours: f64, theirs: f64, direction: Direction) -> f64 {
    match direction {
        Direction::HigherIsBetter => ours - theirs,
        Direction::LowerIsBetter => theirs - ours,
    }
}

/// The value of one seed.
#[derive(Clone, Copy)]
struct Seeded<'a> {
    run: &'a StepRun,
    value: f64,
}

impl<'a> Side<'a> {
    /// Its values, at least one; or why there are none.
    fn values(&self) -> Result<Vec<f64>, Unmeasured> {
        let measured = self.measured.as_ref().map_err(|why| Unmeasured {
            detail: format!("`{}` was not measured: {}", self.id, why.detail),
            ..why.clone()
        })?;
        Ok(measured.values())
    }

    /// The value of each seed; empty unless each run has a seed and one value.
    fn by_seed(&self) -> BTreeMap<u64, Seeded<'a>> {
        let Ok(measured) = &self.measured else {
            return BTreeMap::new();
        };
        let runs = self.runs.iter().zip(&measured.runs);
        let seeded = runs.map(|(run, found)| {
            let [value] = found.values[..] else { return None };
            Some((run.execution.seed?, Seeded { run, value }))
        });
        seeded.collect::<Option<_>>().unwrap_or_default()
    }
}

/// The seeds that both were run with.
fn pairs<'a>(better: &Side<'a>, worse: &Side<'a>) -> Vec<(u64, Seeded<'a>, Seeded<'a>)> {
    let theirs = worse.by_seed();
    let ours = better.by_seed().into_iter();
    ours.filter_map(|(seed, ours)| Some((seed, ours, *theirs.get(&seed)?)))
        .collect()
}

fn paired_seeds(
    better: &Side<'_>,
    worse: &Side<'_>,
    gains: &[(u64, f64)],
    examples: Option<PairedExamples>,
    most: usize,
) -> ClaimMeasured {
    let mut notes = Vec::new();
    if gains.len() < most {
        notes.push(format!("only {} seeds were run for both claims", gains.len()));
    }
    let gain = Gain {
        pairing: Pairing::Seeds,
        discordant: None,
    };
    if let Some(counts) = examples.as_ref().and_then(PairedExamples::discordant) {
        notes.push(format!(
            "with the first of these seeds only `{}` is right on {} examples and only `{}` on {}: exact McNemar p = {:.2e}, one-sided",
            better.id,
            counts.first,
            worse.id,
            counts.second,
            counts.p_first_not_better()
        ));
    }
    let examples = examples.map(|examples| examples.examples());
    let place = against(better, worse);
    let gains = gains
        .iter()
        .map(|(seed, gain)| (format!("{place} (seed {seed})"), *gain));
    found(gains.collect(), gain, examples, notes)
}

fn paired_examples(
    better: &Side<'_>,
    worse: &Side<'_>,
    value: f64,
    examples: &PairedExamples,
) -> ClaimMeasured {
    let count = examples.examples();
    let (pairing, notes) = match examples.gain() {
        Ok(bootstrap) => (Pairing::Examples(bootstrap), Vec::new()),
        Err(why) => (
            Pairing::Single,
            vec![format!("the gain has no interval over the examples: {why}")],
        ),
    };
    let gain = Gain {
        pairing,
        discordant: examples.discordant(),
    };
    found(vec![(against(better, worse), value)], gain, Some(count), notes)
}

fn unpaired(
    better: &Side<'_>,
    worse: &Side<'_>,
    ours: &[f64],
    theirs: &[f64],
    direction: Direction,
) -> ClaimMeasured {
    let groups = Group::of(ours).zip(Group::of(theirs));
    let pairing = groups.map_or(Pairing::Single, |(ours, theirs)| Pairing::Runs(ours, theirs));
    let means = stats::mean(ours).zip(stats::mean(theirs));
    let gains = means.map(|(ours, theirs)| gain(ours, theirs, direction));
    let gain = Gain {
        pairing,
        discordant: None,
    };
    let gains = gains.map(|gain| (against(better, worse), gain));
    found(gains.into_iter().collect(), gain, None, Vec::new())
}

fn against(better: &Side<'_>, worse: &Side<'_>) -> String {
    format!("`{}` against `{}`", better.id, worse.id)
}

/// The gains as measurements, each with where it comes from.
fn found(
    gains: Vec<(String, f64)>,
    gain: Gain,
    examples: Option<usize>,
    notes: Vec<String>,
) -> ClaimMeasured {
    let runs = gains.into_iter().map(|(place, value)| Measurement {
        values: vec![value],
        examples: examples.and_then(|examples| u64::try_from(examples).ok()),
        floor: None,
        signature: None,
        places: vec![place],
        half_unit: 0.0,
        notes: Vec::new(),
        text: String::new(),
    });
    ClaimMeasured {
        runs: runs.collect(),
        reported: None,
        deterministic: None,
        gain: Some(gain),
        of_examples: None,
        cleaned: None,
        readings: Vec::new(),
        notes,
    }
}
