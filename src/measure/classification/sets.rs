//! Metrics of sets of labels.

use super::{Count, Tally, averaged::mean, finite, no_examples};
use super::{Of, ZeroDivision};
use crate::measure::predictions::{LabelSets, Predictions, Rows};
use crate::measure::registry::{About, Input, Metric, Parameter};
use crate::reason::Unmeasured;

/// How often each label was true, predicted, and both. Every label that was read counts as a class.
pub(super) fn tally(
    sets: &LabelSets,
    predictions: &Predictions,
    rows: Rows<'_>,
) -> Result<Tally, Unmeasured> {
    let mut tally = Tally::empty(sets.names.len());
    tally.counts.iter_mut().for_each(|count| count.seen = true);
    for row in rows.iter(predictions.len()) {
        let (truth, predicted) = (sets.truth.of(row), sets.predicted.of(row));
        let weight = predictions.weight(row);
        tally.total += weight;
        tally.exact += if truth == predicted { weight } else { 0.0 };
        for &label in truth {
            tally.counts[label as usize].truth += weight;
        }
        for &label in predicted {
            tally.counts[label as usize].predicted += weight;
        }
        for label in common(truth, predicted) {
            tally.counts[label as usize].both += weight;
        }
    }
    tally.counted()
}

/// The labels in both of two sorted sets.
fn common<'a>(a: &'a [u32], b: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    let (shorter, longer) = if a.len() < b.len() { (a, b) } else { (b, a) };
    shorter
        .iter()
        .copied()
        .filter(|label| longer.binary_search(label).is_ok())
}

/// `of` each example's two sets, averaged over the examples; `None` where it is left out of all of them.
pub(super) fn samples(
    predictions: &Predictions,
    rows: Rows<'_>,
    of: Of,
    zero: ZeroDivision,
) -> Result<Option<f64>, Unmeasured> {
    let sets = predictions.label_sets()?;
    let value = |row: usize| {
        let (truth, predicted) = (sets.truth.of(row), sets.predicted.of(row));
        let count = Count {
            truth: truth.len() as f64,
            predicted: predicted.len() as f64,
            both: common(truth, predicted).count() as f64,
            seen: true,
        };
        (of.value(&count, zero), predictions.weight(row))
    };
    weighted_at_all(predictions, rows)?;
    Ok(mean(|| rows.iter(predictions.len()).map(value)))
}

fn weighted_at_all(predictions: &Predictions, rows: Rows<'_>) -> Result<(), Unmeasured> {
    let counts = |row: usize| predictions.weight(row) > 0.0;
    if rows.iter(predictions.len()).any(counts) {
        Ok(())
    } else {
        Err(no_examples())
    }
}

/// The share of labels that are wrong, over all examples and all labels that were read.
///
/// Agrees with `sklearn.metrics.hamming_loss` of indicator matrices.
#[derive(Debug)]
pub(in crate::measure) struct HammingLoss(About);

pub(in crate::measure) static HAMMING_LOSS: HammingLoss = HammingLoss(
    About::lower(
        "hamming_loss",
        "share of the labels of sets that are wrongly there or missing",
    )
    .aka(&["hamming", "hamming distance"])
    .range(0.0, 1.0)
    .reference("scikit-learn 1.9.1 `hamming_loss`"),
);

impl Metric for HammingLoss {
    fn about(&self) -> &About {
        &self.0
    }

    fn input(&self) -> Input {
        Input::LabelSets
    }

    fn compute(&self, predictions: &Predictions, rows: Rows<'_>, _: &Parameter) -> Result<f64, Unmeasured> {
        let sets = predictions.label_sets()?;
        let tally = tally(sets, predictions, rows)?;
        let all = tally.pooled();
        let wrong = (all.truth - all.both) + (all.predicted - all.both);
        finite(&self.0, wrong / (tally.total * sets.names.len().max(1) as f64))
    }
}
