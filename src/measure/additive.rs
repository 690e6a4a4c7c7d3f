//! Metrics that are a function of sums over the examples.
//!
//! What each example adds is worked out once and kept with the predictions, so
//! that a resample of ten thousand sentences costs ten thousand additions and
//! not ten thousand alignments.

use super::predictions::{Predictions, Rows};
use super::registry::{About, Input, Metric, Parameter};
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};

/// What each example adds: equally many numbers an example.
#[derive(Debug)]
pub(super) struct Statistics {
    width: usize,
    values: Vec<f64>,
}

impl Statistics {
    /// For examples that add `width` numbers each.
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            values: Vec::new(),
        }
    }

    /// What the next example adds; as many numbers as the width.
    pub(super) fn push(&mut self, example: &[f64]) {
        debug_assert_eq!(example.len(), self.width);
        self.values.extend_from_slice(example);
    }

    /// One number an example.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        Self {
            width: 1,
            values: values.collect(),
        }
    }

    fn sum(&self, rows: Rows<'_>, len: usize) -> Sums {
        let mut sums = vec![0.0; self.width];
        let mut examples = 0;
        for row in rows.iter(len) {
            let example = self.values.iter().skip(row * self.width);
            sums.iter_mut()
                .zip(example)
                .for_each(|(sum, value)| *sum += value);
            examples += 1;
        }
        Sums { sums, examples }
    }
}

/// The sums over some examples.
#[derive(Debug)]
pub(super) struct Sums {
    /// As many as the statistics are wide.
    pub(super) sums: Vec<f64>,
    examples: usize,
}

impl Sums {
    /// The mean over the examples of the first number.
    pub(super) fn mean(&self) -> f64 {
        self.sums[0] / self.examples as f64
    }
}

/// What the examples of some predictions add to a metric.
pub(super) type Examples = fn(&Predictions, &Parameter, &About) -> Result<Statistics, Unmeasured>;

/// A metric of sums.
#[derive(Debug)]
pub(super) struct Additive {
    pub(super) about: About,
    pub(super) input: Input,
    pub(super) examples: Examples,
    /// The metric; `None` where it is undefined.
    pub(super) value: fn(&Sums) -> Option<f64>,
    /// See [`Metric::chosen`].
    pub(super) chosen: fn(&Predictions) -> Option<String>,
}

impl Metric for Additive {
    fn about(&self) -> &About {
        &self.about
    }

    fn input(&self) -> Input {
        self.input
    }

    fn chosen(&self, predictions: &Predictions) -> Option<String> {
        (self.chosen)(predictions)
    }

    fn compute(
        &self,
        predictions: &Predictions,
        rows: Rows<'_>,
        parameter: &Parameter,
    ) -> Result<f64, Unmeasured> {
        let name = self.about.name;
        let statistics = predictions.once(&format!("{name} {parameter:?}"), || {
            (self.examples)(predictions, parameter, &self.about)
        })?;
        let sums = statistics.sum(rows, predictions.len());
        if sums.examples == 0 {
            return Err(invalid(Fault::Paper, format!("`{name}` of no examples")));
        }
        let value = (self.value)(&sums).filter(|value| value.is_finite());
        value.ok_or_else(|| undefined(name))
    }
}

/// There is no such number.
pub(super) fn undefined(name: &str) -> Unmeasured {
    let detail = format!("`{name}` of these predictions is undefined or not a finite number");
    invalid(Fault::Paper, detail)
}
