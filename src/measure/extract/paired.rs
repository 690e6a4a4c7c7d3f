//! The gain of one set of predictions over another on the same examples.

use super::{PredictionsOf, Rows, StepFiles, metric};
use crate::manifest::Extraction;
use crate::measure::{Direction, Metric, Predictions};
use crate::stats::{Bootstrap, BootstrapError, Discordant, Resampling};

/// How the examples are resampled. Fixed, so that a check says the same when it is made again.
const RESAMPLING: Resampling = Resampling {
    resamples: 2000,
    seed: 1,
};

/// What the same examples say of two sets of predictions.
#[derive(Clone, Debug)]
pub struct PairedExamples {
    /// The gain of the first over the second, resampled over the examples; positive where the first is better.
    pub gain: Result<Bootstrap, BootstrapError>,
    /// On how many examples only one of the two is right; `None` unless the metric is the plain accuracy.
    pub discordant: Option<Discordant>,
    /// The number of examples.
    pub examples: usize,
}

/// Holds two sets of predictions against the same labels, example by example.
///
/// Predictions are read in the order of the labels, so that rows of both that have
/// the same number are of the same example. `None` where either is not recomputed
/// from predictions, where the labels or the positive class are not the same, and
/// where either cannot be read, which measuring it by itself reports.
pub fn paired(
    (first, of_first): (&Extraction, &StepFiles),
    (second, of_second): (&Extraction, &StepFiles),
    name: &str,
    direction: Direction,
) -> Option<PairedExamples> {
    let (ours, theirs) = (PredictionsOf::new(first)?, PredictionsOf::new(second)?);
    let same = ours.truth == theirs.truth && ours.target == theirs.target && ours.positive == theirs.positive;
    if !same {
        return None;
    }
    let metric = metric(name)?;
    let ours = ours.read(metric, of_first).ok()?;
    let theirs = theirs.read(metric, of_second).ok()?;
    if ours.len() != theirs.len() {
        return None;
    }
    let value = |of: &Predictions, rows: &[usize]| metric.compute(of, Rows::At(rows)).ok();
    let gain = |rows: &[usize]| {
        let (ours, theirs) = (value(&ours, rows)?, value(&theirs, rows)?);
        Some(match direction {
            Direction::HigherIsBetter => ours - theirs,
            Direction::LowerIsBetter => theirs - ours,
        })
    };
    Some(PairedExamples {
        gain: Bootstrap::new(ours.len(), gain, RESAMPLING),
        discordant: discordant(metric, &ours, &theirs),
        examples: ours.len(),
    })
}

/// The examples that tell the two apart; `None` where they weigh differently or are not right or wrong.
fn discordant(metric: &dyn Metric, first: &Predictions, second: &Predictions) -> Option<Discordant> {
    let weighted = first.weights().is_some() || second.weights().is_some();
    if weighted || metric.about().name != "accuracy" {
        return None;
    }
    let is_right = |of: &Predictions, row: usize| Some(metric.compute(of, Rows::At(&[row])).ok()? > 0.5);
    let mut counts = Discordant { first: 0, second: 0 };
    for row in 0..first.len() {
        match (is_right(first, row)?, is_right(second, row)?) {
            (true, false) => counts.first += 1,
            (false, true) => counts.second += 1,
            (true, true) | (false, false) => {}
        }
    }
    Some(counts)
}
