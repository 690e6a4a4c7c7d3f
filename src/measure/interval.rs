//! How far a metric may lie from its value on all examples that could have been drawn.
//!
//! The interval knows the examples and nothing else: not the seed of the
//! training, nor the choice of the data set. A share of examples has Wilson's
//! interval, the area under the ROC curve DeLong's, and everything else the
//! bias-corrected and accelerated bootstrap. Where examples are drawn in
//! clusters or strata, only the bootstrap can be told so, and it is.

use super::counted::counted;
use super::predictions::{Grouping, Predictions};
use super::registry::{Input, Named};
use crate::stats::{Bootstrap, BootstrapError, Design, Interval, Resampling, wilson};

/// How the examples are resampled. Fixed, so that the same files give the same interval.
pub(super) const RESAMPLING: Resampling = Resampling {
    resamples: 2000,
    seed: 1,
};

/// The interval of a metric over its examples.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricInterval {
    /// Its ends, in the metric's own unit.
    pub interval: Interval,
    /// How much of what could have been drawn it covers, such as 0.95.
    pub level: f64,
    /// Where it comes from.
    pub method: Method,
}

/// Where an interval comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Wilson's interval of a share.
    Wilson {
        /// The examples that are counted.
        successes: u64,
        /// The examples that could have been.
        trials: u64,
    },
    /// The normal interval with DeLong's variance.
    DeLong,
    /// The bias-corrected and accelerated bootstrap.
    Bootstrap {
        /// How many times the examples were drawn.
        resamples: u32,
        /// How they depend on each other; `None`: not at all.
        grouping: Option<Grouping>,
    },
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Wilson { .. } => f.write_str("Wilson"),
            Self::DeLong => f.write_str("DeLong"),
            Self::Bootstrap { resamples, grouping } => {
                write!(f, "BCa bootstrap, {resamples} resamples")?;
                match grouping {
                    None => Ok(()),
                    Some(Grouping::Strata) => f.write_str(" within strata"),
                    Some(Grouping::Clusters) => f.write_str(" of clusters"),
                }
            }
        }
    }
}

/// The interval of `metric` at `level` over the examples of `predictions`.
///
/// # Errors
///
/// Where the examples say nothing of the spread: fewer than two, or all alike,
/// or the metric is not defined on some resamples, as metrics of points never are.
///
/// References: E. B. Wilson, *Probable Inference, the Law of Succession, and
/// Statistical Inference*, 1927; [`delong`](crate::stats::delong); [`Bootstrap`].
pub fn interval(
    metric: &Named,
    predictions: &Predictions,
    level: f64,
) -> Result<MetricInterval, BootstrapError> {
    let grouping = predictions.groups().map(|(grouping, _)| grouping);
    let closed = (grouping.is_none() && predictions.weights().is_none())
        .then(|| metric.closed_interval(predictions, level))
        .flatten();
    if let Some((method, interval)) = closed {
        return Ok(MetricInterval {
            interval,
            level,
            method,
        });
    }
    can_be_resampled(metric)?;
    let design = match predictions.groups() {
        None => Design::rows(predictions.len()),
        Some((grouping, of_row)) => by_groups(grouping, of_row),
    };
    let bootstrap = Bootstrap::counted(&design, counted(metric, predictions), RESAMPLING)?;
    bootstrapped(&bootstrap, level, grouping)
}

/// Refuses metrics of points: a point that is drawn twice is its own nearest neighbour, and computing
/// all distances thousands of times takes hours.
fn can_be_resampled(metric: &Named) -> Result<(), BootstrapError> {
    if metric.input() == Input::Points {
        return Err(BootstrapError::Undefined);
    }
    Ok(())
}

/// Wilson's interval of a share.
pub(super) fn wilsons(successes: u64, trials: u64, level: f64) -> Option<(Method, Interval)> {
    let interval = wilson(successes, trials, level)?;
    Some((Method::Wilson { successes, trials }, interval))
}

/// The same over the examples at `rows` alone, each of which stands there once; always by the bootstrap.
///
/// # Errors
///
/// As [`interval`].
pub fn interval_of(
    metric: &Named,
    predictions: &Predictions,
    rows: &[usize],
    level: f64,
) -> Result<MetricInterval, BootstrapError> {
    can_be_resampled(metric)?;
    let grouping = predictions.groups().map(|(grouping, _)| grouping);
    let design = match predictions.groups() {
        None => Design::rows(rows.len()),
        Some((grouping, of_row)) => {
            let of_row: Vec<u32> = rows.iter().map(|row| of_row[*row]).collect();
            by_groups(grouping, &of_row)
        }
    };
    let of_all = counted(metric, predictions);
    let statistic = |counts: &[u32]| {
        let mut all = vec![0; predictions.len()];
        rows.iter()
            .zip(counts)
            .for_each(|(row, count)| all[*row] = *count);
        of_all(&all)
    };
    let bootstrap = Bootstrap::counted(&design, statistic, RESAMPLING)?;
    bootstrapped(&bootstrap, level, grouping)
}

fn by_groups(grouping: Grouping, of_row: &[u32]) -> Design {
    match grouping {
        Grouping::Strata => Design::strata(of_row),
        Grouping::Clusters => Design::clusters(of_row),
    }
}

fn bootstrapped(
    bootstrap: &Bootstrap,
    level: f64,
    grouping: Option<Grouping>,
) -> Result<MetricInterval, BootstrapError> {
    Ok(MetricInterval {
        interval: bootstrap.interval(level).ok_or(BootstrapError::Undefined)?,
        level,
        method: Method::Bootstrap {
            resamples: RESAMPLING.resamples,
            grouping,
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Rows, metric};
    use super::*;

    fn scored(examples: &[(bool, i8)]) -> Predictions {
        let truth: Vec<&str> = examples
            .iter()
            .map(|(hit, _)| if *hit { "1" } else { "0" })
            .collect();
        let scores = examples.iter().map(|(_, score)| f64::from(*score)).collect();
        Predictions::from_classes(&truth, None)
            .and_then(|given| given.with_scores(scores))
            .expect("scores")
    }

    proptest! {
        #[test]
        fn counting_rows_gives_the_same_as_listing_them(
            examples in prop::collection::vec((any::<bool>(), -3..3_i8), 1..40),
            often in prop::collection::vec(0..4_u32, 40),
        ) {
            let given = scored(&examples);
            let counts = &often[..examples.len()];
            let rows: Vec<usize> = (0..examples.len())
                .flat_map(|row| std::iter::repeat_n(row, counts[row] as usize))
                .collect();
            for name in ["roc_auc", "average_precision", "gini"] {
                let metric = metric(name).expect("a metric");
                let listed = metric.compute(&given, Rows::At(&rows)).ok();
                let fast = counted(&metric, &given)(counts);
                match (fast, listed) {
                    (Some(fast), Some(listed)) => prop_assert!((fast - listed).abs() < 1e-12),
                    (fast, listed) => prop_assert_eq!(fast, listed),
                }
            }
        }
    }

    #[test]
    fn the_area_under_the_curve_has_the_interval_of_delong_unless_the_examples_depend_on_each_other() {
        let examples: Vec<(bool, i8)> = (0..60).map(|at| (at % 3 == 0, (at * 7 % 11) as i8)).collect();
        let given = scored(&examples);
        let auc = metric("roc_auc").expect("a metric");
        let alone = interval(&auc, &given, 0.95).expect("an interval");
        assert_eq!(alone.method, Method::DeLong);
        let clusters = (0..60).map(|row| row / 6).collect();
        let clustered = given.with_groups(Grouping::Clusters, clusters).expect("groups");
        let wider = interval(&auc, &clustered, 0.95).expect("an interval");
        assert_eq!(
            wider.method.to_string(),
            "BCa bootstrap, 2000 resamples of clusters"
        );
        let value = auc.compute(&clustered, Rows::All).expect("a value");
        for found in [alone, wider] {
            assert!(
                found.interval.low < value && value < found.interval.high,
                "{found:?}"
            );
        }
    }

    #[test]
    fn shares_have_the_interval_of_wilson() {
        let truth = ["1", "1", "1", "1", "0", "0", "0", "0", "0", "0"];
        let predicted = ["1", "1", "1", "0", "1", "0", "0", "0", "0", "0"];
        let given = Predictions::from_classes(&truth, Some(&predicted)).expect("classes");
        let counts = |name: &str| match interval(&metric(name).expect("a metric"), &given, 0.95)
            .expect("one")
            .method
        {
            Method::Wilson { successes, trials } => Some((successes, trials)),
            Method::DeLong | Method::Bootstrap { .. } => None,
        };
        assert_eq!(counts("accuracy"), Some((8, 10)));
        assert_eq!(counts("error_rate"), Some((2, 10)));
        assert_eq!(counts("recall"), Some((3, 4)));
        assert_eq!(counts("precision:class=0"), Some((5, 6)));
        assert_eq!(counts("f1"), None);
        let weighted = given.with_weights(vec![1.0; 10]).expect("weights");
        let accuracy = interval(&metric("accuracy").expect("a metric"), &weighted, 0.95).expect("one");
        assert!(matches!(accuracy.method, Method::Bootstrap { .. }));
    }

    #[test]
    fn a_metric_of_points_is_not_resampled() {
        let clusters = ["0", "0", "1", "1"];
        let given = Predictions::from_classes(&clusters, Some(&clusters))
            .and_then(|given| given.with_points(1, vec![0.0, 1.0, 5.0, 7.0]))
            .expect("points");
        let found = interval(&metric("silhouette").expect("a metric"), &given, 0.95);
        assert_eq!(found, Err(BootstrapError::Undefined));
    }

    #[test]
    fn a_metric_without_a_formula_is_resampled() {
        let truth: Vec<f64> = (0..200).map(|row| f64::from(row % 17)).collect();
        let predicted = truth
            .iter()
            .zip(0..)
            .map(|(truth, row)| truth + f64::from(row % 5) - 2.0)
            .collect();
        let given = Predictions::from_numbers(truth, predicted).expect("numbers");
        let found = interval(&metric("mae").expect("a metric"), &given, 0.9).expect("an interval");
        // The errors are 0, 1, 1, 2, 2: their standard deviation is 0.75, and 1.645 · 0.75 / √200 = 0.087.
        assert!((found.interval.low - (1.2 - 0.087)).abs() < 0.01, "{found:?}");
        assert!((found.interval.high - (1.2 + 0.087)).abs() < 0.01, "{found:?}");
        let alike = Predictions::from_numbers(vec![1.0; 9], vec![2.0; 9]).expect("numbers");
        let none = interval(&metric("mae").expect("a metric"), &alike, 0.9);
        assert_eq!(none, Err(BootstrapError::NoSpread));
    }
}
