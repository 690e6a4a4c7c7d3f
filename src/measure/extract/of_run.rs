//! Predictions of one run, for what is asked of them after the value.

use super::{PredictionsOf, StepFiles};
use crate::manifest::Extraction;
use crate::measure::interval::{MetricInterval, interval, interval_of};
use crate::measure::{Named, Predictions, Rows, metric};
use crate::reason::Unmeasured;

/// A metric and the predictions that it is recomputed from.
#[derive(Debug)]
pub struct RunPredictions {
    metric: Named,
    predictions: Predictions,
}

/// A value and its interval over the examples, where they have one.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its interval.
    pub interval: Option<MetricInterval>,
}

impl RunPredictions {
    /// Reads the predictions again that `extraction` names; `None` where the value is read in another way, or cannot be.
    pub fn read(extraction: &Extraction, name: &str, files: &StepFiles) -> Option<Self> {
        let metric = metric(name)?;
        let predictions = PredictionsOf::new(extraction)?.read(&metric, files).ok()?;
        Some(Self { metric, predictions })
    }

    /// The number of examples; their order is that of the labels.
    pub fn examples(&self) -> usize {
        self.predictions.len()
    }

    /// The interval at `level` over the examples; `None` where they say nothing of the spread.
    pub fn interval(&self, level: f64) -> Option<MetricInterval> {
        interval(&self.metric, &self.predictions, level).ok()
    }

    /// The metric over the examples at `rows` alone.
    ///
    /// # Errors
    ///
    /// Where the metric is not defined on these rows.
    pub fn value_of(&self, rows: &[usize]) -> Result<f64, Unmeasured> {
        self.metric.compute(&self.predictions, Rows::At(rows))
    }

    /// The metric over the examples at `rows` alone, with its interval at `level`.
    ///
    /// # Errors
    ///
    /// Where the metric is not defined on these rows.
    pub fn of(&self, rows: &[usize], level: f64) -> Result<Estimate, Unmeasured> {
        Ok(Estimate {
            value: self.value_of(rows)?,
            interval: interval_of(&self.metric, &self.predictions, rows, level).ok(),
        })
    }
}
