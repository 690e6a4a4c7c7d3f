//! Numbers from what the steps wrote, and from our own copy of the labels.
//!
//! Measuring is blind: nothing in here knows what the paper claims. What a step
//! wrote is hostile input: it is read as a stream, within bounds, and whatever
//! is not plainly a number is refused with its place, never guessed at.
//!
//! To add a metric: write it in the file of its family, add one line to
//! [`METRICS`], write its reference values with `fixtures/metrics/generate.py`,
//! and run the tests once with `UPDATE=1` for its row in docs/metrics.md.

mod additive;
mod boxes;
mod classification;
mod clusters;
mod counted;
pub mod dialect;
pub mod extract;
mod interval;
mod planned;
mod points;
pub mod predictions;
mod ranking;
pub mod recompute;
mod registry;
mod regression;
mod scores;
mod sides;
mod sum;
mod survival;
mod tags;
mod teds;
mod text;

pub use self::classification::{Average, Of, ZeroDivision, averaged};
pub use crate::table::{Side, TableFile};
pub use counted::{Counted, counted};
pub use extract::{
    Estimate, Measurement, Output, PairedExamples, RunPredictions, StepFiles, measure, paired, readings,
};
pub use interval::{Method, MetricInterval, interval, interval_of};
pub use predictions::{Grouping, Predictions, Rows, Truth};
pub use registry::{About, Input, METRICS, Metric, Named, Parameter, info, markdown, metric, names};

/// Which way a metric improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More is better.
    HigherIsBetter,
    /// Less is better.
    LowerIsBetter,
}

/// What is known of a metric without computing it.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricInfo {
    /// The canonical name, with averaging and parameter: `f1:macro`, `hits@10`.
    pub name: String,
    /// Which way it improves.
    pub direction: Direction,
    /// The least and the greatest value it can take.
    pub range: (f64, f64),
    /// What a model that learnt nothing gets, where that does not depend on the data.
    pub floor: Option<f64>,
    /// Whether reproof can recompute it from predictions.
    pub computed: bool,
}

#[cfg(test)]
mod tests;
