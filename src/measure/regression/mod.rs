//! Metrics of predicted numbers.
//!
//! Here are the plain errors and the variance explained; relative and scaled
//! errors, and how the two columns go together, have files of their own.

mod association;
mod relative;

pub(super) use self::association::{CCC, KENDALL, PEARSON, SPEARMAN};
pub(super) use self::relative::{MAPE, MASE, MASE_AT, PINBALL, PINBALL_AT, RMSLE, SMAPE};
use super::classification::{finite, no_examples};
use super::predictions::{Predictions, Rows};
use super::registry::{About, Input, Metric, Parameter};
use super::sum::sum;
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};

/// The examples that count: true number, predicted number, weight.
#[derive(Debug, Default)]
struct Pairs {
    truth: Vec<f64>,
    predicted: Vec<f64>,
    /// Empty when all are 1.
    weights: Vec<f64>,
}

impl Pairs {
    fn of(predictions: &Predictions, rows: Rows<'_>) -> Result<Self, Unmeasured> {
        let numbers = predictions.numbers()?;
        let take = |column: &[f64]| rows.iter(predictions.len()).map(|row| column[row]).collect();
        let pairs = Self {
            truth: take(&numbers.truth),
            predicted: take(&numbers.predicted),
            weights: predictions.weights().map(take).unwrap_or_default(),
        };
        let counted = pairs.weights.is_empty() || pairs.weights.iter().any(|weight| *weight > 0.0);
        if pairs.truth.is_empty() || !counted {
            return Err(no_examples());
        }
        Ok(pairs)
    }

    /// The weighted mean of `of` a true and a predicted number.
    fn mean(&self, of: impl Fn(f64, f64) -> f64) -> f64 {
        let values = self
            .truth
            .iter()
            .zip(&self.predicted)
            .map(|(&truth, &guess)| of(truth, guess));
        if self.weights.is_empty() {
            return sum(values) / self.truth.len() as f64;
        }
        let weighted = values.zip(&self.weights).map(|(value, weight)| value * weight);
        sum(weighted) / sum(self.weights.iter().copied())
    }
}

/// What a formula may look at besides the pairs.
struct Asked<'a> {
    about: &'a About,
    parameter: &'a Parameter,
    /// The training series, where it was given.
    train: Option<&'a [f64]>,
}

type Formula = fn(&Pairs, &Asked<'_>) -> Result<f64, Unmeasured>;

/// A metric of predicted numbers.
#[derive(Debug)]
pub(super) struct OfNumbers {
    about: About,
    formula: Formula,
    /// The constant that a model without any feature predicts, where its error is the floor.
    constant: Option<fn(&Pairs) -> f64>,
}

impl Metric for OfNumbers {
    fn about(&self) -> &About {
        &self.about
    }

    fn input(&self) -> Input {
        Input::Numbers
    }

    fn compute(
        &self,
        predictions: &Predictions,
        rows: Rows<'_>,
        parameter: &Parameter,
    ) -> Result<f64, Unmeasured> {
        let asked = Asked {
            about: &self.about,
            parameter,
            train: predictions.train(),
        };
        finite(
            &self.about,
            (self.formula)(&Pairs::of(predictions, rows)?, &asked)?,
        )
    }

    fn floor(&self, predictions: &Predictions) -> Option<f64> {
        let Some(constant) = self.constant else {
            return self.about.floor;
        };
        let mut pairs = Pairs::of(predictions, Rows::All).ok()?;
        let constant = constant(&pairs);
        pairs.predicted.fill(constant);
        let asked = Asked {
            about: &self.about,
            parameter: &Parameter::None,
            train: None,
        };
        (self.formula)(&pairs, &asked).ok()
    }
}

fn truth_mean(pairs: &Pairs) -> f64 {
    pairs.mean(|truth, _| truth)
}

fn truth_median(pairs: &Pairs) -> f64 {
    median(pairs.truth.clone(), &pairs.weights)
}

/// The median; with weights, the averaged inverse of the weighted distribution.
///
/// Hyndman and Fan's second definition, as in `sklearn.utils.stats`. `values` has at least one element.
fn median(values: Vec<f64>, weights: &[f64]) -> f64 {
    let mut weighted: Vec<(f64, f64)> = if weights.is_empty() {
        values.into_iter().map(|value| (value, 1.0)).collect()
    } else {
        values
            .into_iter()
            .zip(weights.iter().copied())
            .filter(|(_, weight)| *weight > 0.0)
            .collect()
    };
    weighted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let half = weighted.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for (at, &(value, weight)) in weighted.iter().enumerate() {
        below += weight;
        if below >= half {
            let tied = below - half <= f64::EPSILON;
            let next = weighted.get(at + 1).map_or(value, |next| next.0);
            return if tied { (value + next) / 2.0 } else { value };
        }
    }
    weighted.last().map_or(f64::NAN, |last| last.0)
}

const fn of_numbers(about: About, formula: Formula) -> OfNumbers {
    OfNumbers {
        about,
        formula,
        constant: None,
    }
}

/// Agrees with `sklearn.metrics.mean_absolute_error`.
pub(super) static MAE: OfNumbers = OfNumbers {
    constant: Some(truth_median),
    ..of_numbers(
        About::lower("mae", "mean absolute error")
            .aka(&["mean absolute error", "l1 error", "mean_absolute_error"])
            .reference("scikit-learn 1.9.1 `mean_absolute_error`"),
        |pairs, _| Ok(pairs.mean(|truth, guess| (truth - guess).abs())),
    )
};

fn mean_square(pairs: &Pairs) -> f64 {
    pairs.mean(|truth, guess| (truth - guess).powi(2))
}

/// Agrees with `sklearn.metrics.mean_squared_error`.
pub(super) static MSE: OfNumbers = OfNumbers {
    constant: Some(truth_mean),
    ..of_numbers(
        About::lower("mse", "mean squared error")
            .aka(&["mean squared error", "mean square error", "l2 error"])
            .reference("scikit-learn 1.9.1 `mean_squared_error`"),
        |pairs, _| Ok(mean_square(pairs)),
    )
};

/// Agrees with `sklearn.metrics.root_mean_squared_error`.
pub(super) static RMSE: OfNumbers = OfNumbers {
    constant: Some(truth_mean),
    ..of_numbers(
        About::lower("rmse", "square root of the mean squared error")
            .aka(&["root mean squared error", "root mean square error", "rms error"])
            .reference("scikit-learn 1.9.1 `root_mean_squared_error`"),
        |pairs, _| Ok(mean_square(pairs).sqrt()),
    )
};

/// 1 − unexplained/total; 1 if nothing is left unexplained, else 0 if there was nothing to explain.
fn explained(unexplained: f64, total: f64) -> f64 {
    if unexplained == 0.0 {
        1.0
    } else if total == 0.0 {
        0.0
    } else {
        1.0 - unexplained / total
    }
}

/// The weighted variance of the true numbers.
fn truth_variance(pairs: &Pairs) -> f64 {
    // The mean of equal numbers can miss them by a rounding error, and a spread of nothing must be 0.
    if constant(&pairs.truth) {
        return 0.0;
    }
    let mean = truth_mean(pairs);
    pairs.mean(|truth, _| (truth - mean).powi(2))
}

fn constant(values: &[f64]) -> bool {
    values.iter().all(|value| *value == values[0])
}

fn at_least_two(pairs: &Pairs, about: &About) -> Result<(), Unmeasured> {
    if pairs.truth.len() > 1 {
        return Ok(());
    }
    Err(invalid(
        Fault::Paper,
        format!("`{}` is undefined for one example", about.name),
    ))
}

/// The share of the variance that the predictions explain; undefined for one example.
///
/// Agrees with `sklearn.metrics.r2_score(force_finite=True)`.
pub(super) static R2: OfNumbers = of_numbers(
    About::higher("r2", "coefficient of determination")
        .aka(&["r2_score", "R²", "r squared", "coefficient of determination"])
        .range(f64::NEG_INFINITY, 1.0)
        .floor(0.0)
        .options("force_finite=true")
        .reference("scikit-learn 1.9.1 `r2_score`"),
    |pairs, asked| {
        at_least_two(pairs, asked.about)?;
        Ok(explained(mean_square(pairs), truth_variance(pairs)))
    },
);

/// Agrees with `sklearn.metrics.median_absolute_error`.
pub(super) static MEDIAN_ABSOLUTE_ERROR: OfNumbers = OfNumbers {
    constant: Some(truth_median),
    ..of_numbers(
        About::lower("median_absolute_error", "median of the absolute errors")
            .aka(&["medae", "median ae", "mdae"])
            .reference("scikit-learn 1.9.1 `median_absolute_error`"),
        |pairs, _| {
            let errors = pairs
                .truth
                .iter()
                .zip(&pairs.predicted)
                .map(|(truth, guess)| (truth - guess).abs());
            Ok(median(errors.collect(), &pairs.weights))
        },
    )
};

/// As [`R2`], with the mean error forgiven.
///
/// Agrees with `sklearn.metrics.explained_variance_score(force_finite=True)`.
pub(super) static EXPLAINED_VARIANCE: OfNumbers = of_numbers(
    About::higher(
        "explained_variance",
        "share of the variance explained, a constant error forgiven",
    )
    .aka(&["explained_variance_score", "evs"])
    .range(f64::NEG_INFINITY, 1.0)
    .floor(0.0)
    .options("force_finite=true")
    .reference("scikit-learn 1.9.1 `explained_variance_score`"),
    |pairs, _| {
        let bias = pairs.mean(|truth, guess| truth - guess);
        let unexplained = pairs.mean(|truth, guess| (truth - guess - bias).powi(2));
        Ok(explained(unexplained, truth_variance(pairs)))
    },
);
