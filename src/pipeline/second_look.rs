//! What is asked of the predictions after the value: its interval, what is left without leaked rows, and other readings.

use std::collections::BTreeMap;

use super::execution::StepRun;
use super::gather::Acquired;
use super::measured::{counted_runs, files_of};
use crate::judge::evidence::Cleaned;
use crate::manifest::{Claim, Extraction, Manifest, Reading as Declared};
use crate::measure::dialect::Reading;
use crate::measure::{self, Estimate, MetricInterval, RunPredictions, StepFiles};
use crate::reason::Unmeasured;
use crate::report::ClaimMeasured;
use crate::stats::{self, Interval};

/// How much of what could have been drawn an interval covers.
const LEVEL: f64 = 0.95;

/// Of more examples than this there is no interval: resampling them takes minutes, to find next to no spread.
const MOST_EXAMPLES: usize = 2_000_000;

/// A claim and what each of its runs left.
struct Look<'a> {
    claim: &'a Claim,
    declared: &'a Declared,
    files: Vec<StepFiles>,
}

/// The test examples that are also in the training data, by the data set that they are labels of, as row numbers from 0.
pub(super) type Leaked = BTreeMap<String, Vec<u64>>;

/// Adds to each claim that has a value of its own what its predictions say beyond it.
pub(super) fn add(
    manifest: &Manifest,
    acquired: &Acquired,
    steps: &[StepRun],
    leaked: &Leaked,
    measured: &mut [Result<ClaimMeasured, Unmeasured>],
) {
    for (claim, found) in manifest.claims.iter().zip(measured) {
        let (Some(declared), Ok(found)) = (claim.reading(), found) else {
            continue;
        };
        let runs = counted_runs(declared, steps);
        let look = Look {
            claim,
            declared,
            files: runs.iter().map(|run| files_of(run, manifest, acquired)).collect(),
        };
        look.add(leaked, found);
    }
}

/// The level of an interval over the examples; `None` where there are too many to resample.
fn level(predictions: &RunPredictions) -> Option<f64> {
    (predictions.examples() <= MOST_EXAMPLES).then_some(LEVEL)
}

/// `95 % interval over the 178 examples: 0.9176 to 0.9795 (Wilson)`.
fn note(of: &MetricInterval, examples: usize) -> String {
    let Interval { low, high } = of.interval;
    let percent = 100.0 * of.level;
    format!(
        "{percent} % interval over the {examples} examples: {low:.4} to {high:.4} ({})",
        of.method
    )
}

impl Look<'_> {
    fn add(&self, leaked: &Leaked, found: &mut ClaimMeasured) {
        let recomputed = |files| RunPredictions::read(&self.declared.measure, &self.claim.metric, files);
        let rows = self
            .truth()
            .and_then(|truth| leaked.get(truth))
            .filter(|rows| !rows.is_empty());
        if let Some(first) = self.files.first().and_then(recomputed) {
            found.of_examples = level(&first).and_then(|level| first.interval(level));
            let note = found.of_examples.as_ref().map(|of| note(of, first.examples()));
            found.notes.extend(note);
            found.cleaned = rows
                .filter(|_| first.one_row_each())
                .and_then(|rows| self.cleaned(first, rows));
        }
        if self.differs(found) {
            found.readings = self.readings();
        }
    }

    fn truth(&self) -> Option<&str> {
        match &self.declared.measure {
            Extraction::Predictions { truth, .. } => Some(truth),
            Extraction::Pattern { .. } | Extraction::Json { .. } | Extraction::Csv { .. } => None,
        }
    }

    /// The values without the examples at `leaked`; `None` where these are none of the examples.
    fn cleaned(&self, first: RunPredictions, leaked: &[u64]) -> Option<Cleaned> {
        let mut clean = vec![true; first.examples()];
        for row in leaked {
            *clean.get_mut(usize::try_from(*row).ok()?)? = false;
        }
        let kept: Vec<usize> = (0..clean.len()).filter(|row| clean[*row]).collect();
        let estimate = first.of(&kept, level(&first));
        drop(first);
        let others = self.files.iter().skip(1).map(|files| {
            let other = RunPredictions::read(&self.declared.measure, &self.claim.metric, files);
            other.map(|other| other.value_of(&kept)).transpose()
        });
        let others: Result<Vec<Option<f64>>, Unmeasured> = others.collect();
        let interval = estimate
            .as_ref()
            .ok()
            .and_then(|estimate| estimate.interval.as_ref());
        Some(Cleaned {
            left_out: leaked.len() as u64,
            left: kept.len() as u64,
            interval: interval.map(|interval| interval.interval),
            values: estimate.and_then(|Estimate { value, .. }| {
                Ok([value].into_iter().chain(others?.into_iter().flatten()).collect())
            }),
        })
    }

    /// Whether the measured number is not the printed one, or not what the code reports.
    fn differs(&self, found: &ClaimMeasured) -> bool {
        let Some(mean) = stats::mean(&found.values()) else {
            return false;
        };
        let claimed = &self.claim.value;
        let off = |number: f64, half_unit: f64| (number - mean).abs() > half_unit + 1e-6 * mean.abs();
        let reported = found
            .reported
            .as_ref()
            .and_then(|reported| reported.as_ref().ok());
        let misreported = reported.is_some_and(|reported| {
            stats::mean(&reported.values).is_some_and(|number| off(number, reported.half_unit))
        });
        misreported || off(claimed.value, 0.5 * claimed.unit)
    }

    /// The readings that every run has, as means over the runs.
    fn readings(&self) -> Vec<Reading> {
        let of_run = |files| {
            measure::readings(
                &self.declared.measure,
                &self.claim.metric,
                self.claim.direction,
                files,
            )
        };
        let mut runs = self.files.iter().map(of_run);
        let mut all = runs.next().unwrap_or_default();
        let mut count = 1.0;
        for run in runs {
            let values: BTreeMap<&str, f64> = run
                .iter()
                .map(|reading| (reading.words.as_str(), reading.value))
                .collect();
            all.retain_mut(|reading| {
                let other = values.get(reading.words.as_str());
                reading.value += other.unwrap_or(&0.0);
                other.is_some()
            });
            count += 1.0;
        }
        all.iter_mut().for_each(|reading| reading.value /= count);
        all
    }
}
