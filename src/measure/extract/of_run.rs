//! Predictions of one run, for what is asked of them after the value.

use super::{PredictionsOf, StepFiles};
use crate::manifest::Extraction;
use crate::measure::interval::{MetricInterval, interval, interval_of};
use crate::measure::{Input, Named, Predictions, Rows, metric};
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

    /// Whether an example is a row of the labels, in their order; of lists, tags and boxes it may be many rows.
    pub fn one_row_each(&self) -> bool {
        match self.metric.input() {
            Input::Classes
            | Input::Scores
            | Input::Numbers
            | Input::LabelSets
            | Input::Clusters
            | Input::Texts
            | Input::Survival => true,
            Input::Points | Input::Lists | Input::Tags | Input::Boxes | Input::Likelihoods => false,
        }
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

    /// The metric over the examples at `rows` alone, with its interval at `level` where one is asked for.
    ///
    /// # Errors
    ///
    /// Where the metric is not defined on these rows.
    pub fn of(&self, rows: &[usize], level: Option<f64>) -> Result<Estimate, Unmeasured> {
        Ok(Estimate {
            value: self.value_of(rows)?,
            interval: level.and_then(|level| interval_of(&self.metric, &self.predictions, rows, level).ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_a_sentence_or_an_image_may_be_many_rows() {
        let of = |name: &str| {
            let metric = metric(name).expect("a metric");
            let predictions = Predictions::default();
            RunPredictions { metric, predictions }.one_row_each()
        };
        for name in ["accuracy", "roc_auc", "mae", "bleu"] {
            assert!(of(name), "{name}");
        }
        for name in ["hits@3", "entity_f1", "map:coco"] {
            assert!(!of(name), "{name}");
        }
    }
}
