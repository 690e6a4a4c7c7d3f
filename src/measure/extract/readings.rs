//! What else a claim may be read as, from what the same step left behind.

use super::{Extraction, PredictionsOf, StepFiles, measure};
use crate::manifest::{Pick, RowPick};
use crate::measure::dialect::{Reading, readings as of_predictions};
use crate::measure::recompute::richly;
use crate::measure::{Direction, Named, Rows, metric};

/// Pairs of another output and other labels beyond this are not tried.
const MOST_PAIRS: usize = 12;

/// Every other reading of what `extraction` measures, blind to the number that is to be explained.
///
/// Of predictions: the readings of the metric's name, and the metric on other
/// outputs and labels of the same step. Of a log: the other values in it, such
/// as the best epoch in place of the last. Empty where nothing can be read.
pub fn readings(
    extraction: &Extraction,
    name: &str,
    direction: Direction,
    files: &StepFiles,
) -> Vec<Reading> {
    match PredictionsOf::new(extraction) {
        Some(own) => metric(name).map_or(Vec::new(), |metric| of_one(&own, &metric, files)),
        None => of_log(extraction, name, direction, files),
    }
}

fn of_one(own: &PredictionsOf<'_>, metric: &Named, files: &StepFiles) -> Vec<Reading> {
    let rich = own.with_request(std::slice::from_ref(metric), files, |request| Ok(richly(request)));
    let given = rich.ok().flatten().map_or_else(|| own.read(metric, files), Ok);
    let Ok(given) = given else {
        return Vec::new();
    };
    let mut readings = of_predictions(metric, &given);
    readings.extend(of_others(own, metric, files));
    readings
}

/// The metric as stated, on other outputs of the step and other labels.
fn of_others(own: &PredictionsOf<'_>, metric: &Named, files: &StepFiles) -> Vec<Reading> {
    let pairs = files.outputs.keys().flat_map(|file| {
        files
            .truths
            .keys()
            .map(move |truth| (file.as_str(), truth.as_str()))
    });
    let others = pairs
        .filter(|pair| *pair != (own.file, own.truth))
        .take(MOST_PAIRS);
    let read = |(file, truth): (&str, &str)| {
        let other = PredictionsOf { file, truth, ..*own };
        let given = other.read(metric, files).ok()?;
        Some(Reading {
            words: format!(
                "the metric of `{}` against `{}`",
                crate::table::shown(file),
                crate::table::shown(truth)
            ),
            departure: 2,
            value: metric.compute(&given, Rows::All).ok()?,
        })
    };
    others.filter_map(read).collect()
}

/// The other values that the log holds, and what may be made of all of them.
fn of_log(extraction: &Extraction, name: &str, direction: Direction, files: &StepFiles) -> Vec<Reading> {
    let Some(all) = picking(extraction, Pick::All) else {
        return Vec::new();
    };
    let Ok(found) = measure(&all, name, direction, files) else {
        return Vec::new();
    };
    let values = &found.values;
    let better = |a: f64, b: f64| match direction {
        Direction::HigherIsBetter => a.max(b),
        Direction::LowerIsBetter => a.min(b),
    };
    let count = values.len();
    let candidates = [
        ("the last", values.last().copied(), 1),
        ("the best", values.iter().copied().reduce(better), 1),
        ("the first", values.first().copied(), 1),
        ("the mean", crate::stats::mean(values), 1),
    ];
    let reading = |(which, value, departure): (&str, Option<f64>, u32)| {
        Some(Reading {
            words: format!("{which} of {count} values in the log"),
            departure,
            value: value?,
        })
    };
    if count < 2 {
        Vec::new()
    } else {
        candidates.into_iter().filter_map(reading).collect()
    }
}

/// The same extraction with another choice among its matches; `None` where there is nothing to choose from.
fn picking(extraction: &Extraction, which: Pick) -> Option<Extraction> {
    let mut other = extraction.clone();
    match &mut other {
        Extraction::Pattern { pick, .. }
        | Extraction::Csv {
            row: RowPick::Pick(pick),
            ..
        } => *pick = which,
        Extraction::Csv { .. } | Extraction::Json { .. } | Extraction::Predictions { .. } => return None,
    }
    Some(other)
}
