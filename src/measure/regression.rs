//! Metrics of predicted numbers.

use super::classification::finite;
use super::predictions::{Predictions, Rows};
use super::registry::{About, Input, Metric, Parameter};
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
            return Err(invalid(Fault::Paper, "there are no examples with a weight"));
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

/// The sum, with the rounding errors carried along (Neumaier 1974): ten million terms cost no digits.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = total + value;
        lost += if total.abs() >= value.abs() {
            (total - next) + value
        } else {
            (value - next) + total
        };
        total = next;
    }
    if lost.is_finite() { total + lost } else { total }
}

/// A metric of predicted numbers.
#[derive(Debug)]
pub(super) struct OfNumbers {
    about: About,
    formula: fn(&Pairs, &About) -> Result<f64, Unmeasured>,
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

    fn compute(&self, predictions: &Predictions, rows: Rows<'_>, _: &Parameter) -> Result<f64, Unmeasured> {
        let pairs = Pairs::of(predictions, rows)?;
        finite(&self.about, (self.formula)(&pairs, &self.about)?)
    }

    fn floor(&self, predictions: &Predictions) -> Option<f64> {
        let Some(constant) = self.constant else {
            return self.about.floor;
        };
        let mut pairs = Pairs::of(predictions, Rows::All).ok()?;
        let constant = constant(&pairs);
        pairs.predicted.fill(constant);
        (self.formula)(&pairs, &self.about).ok()
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

const fn of_numbers(about: About, formula: fn(&Pairs, &About) -> Result<f64, Unmeasured>) -> OfNumbers {
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
    |pairs, about| {
        at_least_two(pairs, about)?;
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

fn unweighted(pairs: &Pairs, about: &About) -> Result<(), Unmeasured> {
    at_least_two(pairs, about)?;
    if !pairs.weights.is_empty() {
        let detail = format!("`{}` is not defined with weights", about.name);
        return Err(invalid(Fault::Paper, detail).hint("leave the column `weight` out of the predictions"));
    }
    if constant(&pairs.truth) || constant(&pairs.predicted) {
        let side = if constant(&pairs.truth) {
            "labels"
        } else {
            "predictions"
        };
        return Err(invalid(
            Fault::Paper,
            format!("`{}` is undefined: all {side} are equal", about.name),
        ));
    }
    Ok(())
}

/// The linear correlation of two columns of the same length, neither of them constant.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (standardised(a), standardised(b));
    sum(a.iter().zip(&b).map(|(a, b)| a * b)).clamp(-1.0, 1.0)
}

/// The deviations from the mean, scaled to a length of 1.
fn standardised(values: &[f64]) -> Vec<f64> {
    let mean = sum(values.iter().copied()) / values.len() as f64;
    let deviations: Vec<f64> = values.iter().map(|value| value - mean).collect();
    // Scaled first, so that no square overflows or vanishes.
    let largest = deviations
        .iter()
        .fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let length = largest * sum(deviations.iter().map(|value| (value / largest).powi(2))).sqrt();
    deviations.iter().map(|value| value / length).collect()
}

/// The rank of each value from 1, equal values sharing their mean rank.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    // `==` and not `total_cmp`: 0 and −0 are one value.
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = before as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|&at| ranks[at] = rank);
        before += tied.len();
    }
    ranks
}

/// Agrees with `scipy.stats.pearsonr`. Undefined where either side is constant.
pub(super) static PEARSON: OfNumbers = of_numbers(
    About::higher("pearson", "linear correlation")
        .aka(&[
            "pearsonr",
            "pearson r",
            "pearson correlation",
            "pcc",
            "plcc",
            "pearson correlation coefficient",
        ])
        .range(-1.0, 1.0)
        .floor(0.0)
        .reference("SciPy 1.17.1 `pearsonr`"),
    |pairs, about| {
        unweighted(pairs, about)?;
        Ok(correlation(&pairs.truth, &pairs.predicted))
    },
);

/// Agrees with `scipy.stats.spearmanr`. Undefined where either side is constant.
pub(super) static SPEARMAN: OfNumbers = of_numbers(
    About::higher("spearman", "linear correlation of the ranks")
        .aka(&[
            "spearmanr",
            "spearman rho",
            "ρ",
            "rho",
            "spearman correlation",
            "srcc",
            "srocc",
            "spearmans rank correlation",
        ])
        .range(-1.0, 1.0)
        .floor(0.0)
        .options("ties=mean rank")
        .reference("SciPy 1.17.1 `spearmanr`"),
    |pairs, about| {
        unweighted(pairs, about)?;
        Ok(correlation(&ranks(&pairs.truth), &ranks(&pairs.predicted)))
    },
);
