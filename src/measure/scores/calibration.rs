//! How far confidence and accuracy are apart.

use std::collections::BTreeMap;

use super::{columns_of, distribution, no_examples, no_scores_of};
use crate::measure::classification::{finite, positive, unweighted};
use crate::measure::predictions::{Predictions, Rows, Scores};
use crate::measure::registry::{About, Input, Metric, Parameter};
use crate::measure::sum::{Sum, sum};
use crate::reason::Unmeasured;

/// The mean distance between confidence and accuracy, over bins of equal width.
///
/// With scores of several classes, confidence is the highest probability, and
/// accuracy whether its class (of equal ones the first) is the true one. With
/// one score, confidence is the probability of the positive class, and accuracy
/// whether it is true. A bin holds its lower edge; a confidence of exactly 1 has
/// a bin of its own.
///
/// Agrees with torchmetrics' `multiclass_calibration_error` and
/// `binary_calibration_error` with `norm="l1"`, in `f64`. Reference: C. Guo and
/// others, *On Calibration of Modern Neural Networks*, 2017.
#[derive(Debug)]
pub(in crate::measure) struct CalibrationError(About);

const DEFAULT_BINS: usize = 15;

const fn about(name: &'static str, summary: &'static str) -> About {
    About::lower(name, summary)
        .range(0.0, 1.0)
        .reference("torchmetrics 1.9.0 `calibration_error`")
}

pub(in crate::measure) static ECE: CalibrationError = CalibrationError(
    about("ece", "expected calibration error, 15 equal-width bins")
        .aka(&["expected calibration error"])
        .options("bins=15|norm=l1"),
);

pub(in crate::measure) static ECE_AT: CalibrationError = CalibrationError(
    about("ece@K", "expected calibration error, K equal-width bins")
        .aka(&["expected calibration error@K"])
        .options("norm=l1"),
);

impl Metric for CalibrationError {
    fn about(&self) -> &About {
        &self.0
    }

    fn input(&self) -> Input {
        Input::Scores
    }

    fn binary(&self) -> bool {
        true
    }

    fn compute(
        &self,
        predictions: &Predictions,
        rows: Rows<'_>,
        parameter: &Parameter,
    ) -> Result<f64, Unmeasured> {
        unweighted(&self.0, predictions)?;
        let bins = match parameter {
            Parameter::Count(bins) => *bins,
            Parameter::None | Parameter::Number(_) | Parameter::Class(_) => DEFAULT_BINS,
        };
        let mut gaps: BTreeMap<u64, Sum> = BTreeMap::new();
        let mut examples = 0_u64;
        each(predictions, rows, &self.0, |confidence, right| {
            let gap = gaps.entry(bin(confidence, bins as f64)).or_default();
            gap.add(f64::from(right) - confidence);
            examples += 1;
        })?;
        if examples == 0 {
            return Err(no_examples());
        }
        let gaps = gaps.values().map(|gap| gap.value().abs());
        finite(&self.0, sum(gaps) / examples as f64)
    }
}

/// The number of the bin, in which `confidence` is at or above the lower edge.
fn bin(confidence: f64, bins: f64) -> u64 {
    let guess = (confidence * bins).floor();
    // The product is rounded, and the edges are those that one would print: 0.2 begins the fourth of 15.
    let place = if (guess + 1.0) / bins <= confidence {
        guess + 1.0
    } else if guess / bins > confidence {
        guess - 1.0
    } else {
        guess
    };
    place as u64
}

/// Calls `visit` with the confidence in each example, and whether it is right.
fn each(
    predictions: &Predictions,
    rows: Rows<'_>,
    about: &About,
    mut visit: impl FnMut(f64, bool),
) -> Result<(), Unmeasured> {
    let classes = predictions.classes()?;
    match predictions.scores()? {
        Scores::Positive(values) => {
            let class = classes.find(&positive(about, predictions)?);
            for row in rows.iter(predictions.len()) {
                distribution(&values[row..=row], row, about)?;
                visit(values[row], Some(classes.truth[row]) == class);
            }
        }
        Scores::PerClass {
            classes: scored,
            values,
        } => {
            let (columns, places) = (columns_of(classes, scored), classes.places(scored));
            for row in rows.iter(predictions.len()) {
                let values = &values[row * scored.len()..][..scored.len()];
                distribution(values, row, about)?;
                let class = classes.truth[row] as usize;
                let own = columns[class].ok_or_else(|| no_scores_of(&classes.names[class]))?;
                let best = (0..values.len()).reduce(|best, at| {
                    let earlier = values[at] == values[best] && places[at] < places[best];
                    if values[at] > values[best] || earlier {
                        at
                    } else {
                        best
                    }
                });
                visit(best.map_or(0.0, |best| values[best]), best == Some(own));
            }
        }
    }
    Ok(())
}
