//! Metrics of predicted classes.
//!
//! All of them follow from how often each class was true, predicted, and both;
//! no matrix of all pairs of classes is needed. Classes are those that occur in
//! the labels or in the predictions. Where scikit-learn asks for a
//! `zero_division`, it is 0.

use super::predictions::{Classes, Predictions, Rows, listed};
use super::registry::{About, Input, Metric, Parameter};
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};
use crate::table::shown;

/// How often each class was true, predicted, and both, in weights.
#[derive(Debug)]
struct Tally {
    /// By class.
    counts: Vec<Count>,
    /// The positive class, if it occurs.
    positive: Option<usize>,
    /// All of them.
    total: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    truth: f64,
    predicted: f64,
    both: f64,
    /// Whether it occurs at all: a weight of 0 still makes it a class.
    seen: bool,
}

impl Tally {
    fn of(predictions: &Predictions, rows: Rows<'_>) -> Result<Self, Unmeasured> {
        let classes = predictions.classes()?;
        let predicted = classes.predicted.as_deref();
        let predicted = predicted.ok_or_else(|| invalid(Fault::Reproof, "no predicted classes were read"))?;
        let mut tally = Self {
            counts: vec![Count::default(); classes.names.len()],
            positive: None,
            total: 0.0,
        };
        for row in rows.iter(predictions.len()) {
            let (truth, guess) = (classes.truth[row] as usize, predicted[row] as usize);
            tally.add(truth, guess, predictions.weight(row));
        }
        if tally.total > 0.0 {
            Ok(tally)
        } else {
            Err(invalid(Fault::Paper, "there are no examples with a weight"))
        }
    }

    fn add(&mut self, truth: usize, predicted: usize, weight: f64) {
        self.total += weight;
        self.counts[truth].truth += weight;
        self.counts[truth].seen = true;
        self.counts[predicted].predicted += weight;
        self.counts[predicted].seen = true;
        if truth == predicted {
            self.counts[truth].both += weight;
        }
    }

    /// The classes that occur.
    fn seen(&self) -> impl Iterator<Item = &Count> {
        self.counts.iter().filter(|count| count.seen)
    }

    /// All classes together.
    fn pooled(&self) -> Count {
        let both = self.counts.iter().map(|count| count.both).sum();
        Count {
            truth: self.total,
            predicted: self.total,
            both,
            seen: true,
        }
    }

    /// The mean of `value` over the classes, each counting as `weight` says.
    fn mean(&self, value: fn(&Count) -> f64, weight: fn(&Count) -> f64) -> f64 {
        let weights: f64 = self.seen().map(weight).sum();
        let values: f64 = self.seen().map(|count| value(count) * weight(count)).sum();
        quotient(values, weights)
    }
}

/// 0 where it is undefined: the `zero_division` of scikit-learn.
fn quotient(numerator: f64, denominator: f64) -> f64 {
    if denominator == 0.0 {
        0.0
    } else {
        numerator / denominator
    }
}

fn precision(count: &Count) -> f64 {
    quotient(count.both, count.predicted)
}

fn recall(count: &Count) -> f64 {
    quotient(count.both, count.truth)
}

fn f1(count: &Count) -> f64 {
    quotient(2.0 * count.both, count.truth + count.predicted)
}

/// What is known of `of` without labels, from the labels alone.
#[derive(Clone, Copy, Debug)]
enum Floor {
    Registered,
    /// The share of the most frequent class: what always naming it gets.
    Majority,
    /// One over the number of classes.
    Chance,
}

/// A metric of predicted classes.
#[derive(Debug)]
pub(super) struct OfClasses {
    about: About,
    formula: fn(&Tally) -> Result<f64, Unmeasured>,
    floor: Floor,
    binary: bool,
}

impl Metric for OfClasses {
    fn about(&self) -> &About {
        &self.about
    }

    fn input(&self) -> Input {
        Input::Classes
    }

    fn binary(&self) -> bool {
        self.binary
    }

    fn compute(
        &self,
        predictions: &Predictions,
        rows: Rows<'_>,
        parameter: &Parameter,
    ) -> Result<f64, Unmeasured> {
        let positive = match parameter {
            Parameter::Class(class) => Some(known_class(predictions, class)?),
            _ if self.binary => Some(positive(&self.about, predictions)?),
            Parameter::None | Parameter::Count(_) | Parameter::Number(_) => None,
        };
        let mut tally = Tally::of(predictions, rows)?;
        tally.positive = positive
            .and_then(|name| predictions.classes().ok()?.find(&name))
            .map(|at| at as usize);
        finite(&self.about, (self.formula)(&tally)?)
    }

    fn floor(&self, predictions: &Predictions) -> Option<f64> {
        match self.floor {
            Floor::Registered => self.about.floor,
            Floor::Majority => prior(predictions)?.into_iter().reduce(f64::max),
            Floor::Chance => {
                let classes = prior(predictions)?.iter().filter(|share| **share > 0.0).count();
                (classes > 0).then(|| 1.0 / classes as f64)
            }
        }
    }
}

/// `value`, or why it is none: predictions and weights near the largest numbers overflow.
pub(super) fn finite(about: &About, value: f64) -> Result<f64, Unmeasured> {
    let overflow = || {
        invalid(
            Fault::Paper,
            format!("`{}` of these predictions is not a finite number", about.name),
        )
    };
    if value.is_finite() {
        Ok(value)
    } else {
        Err(overflow())
    }
}

/// The name of the positive class, or why `about` has no meaning here.
pub(super) fn positive(about: &About, predictions: &Predictions) -> Result<String, Unmeasured> {
    predictions.positive()?.ok_or_else(|| {
        let classes = predictions.classes().map_or(0, |classes| classes.present);
        let detail = format!("`{}` is a metric of two classes, and {classes} occur", about.name);
        invalid(Fault::Manifest, detail).hint(format!("name the averaging, as in `{}:macro`", about.name))
    })
}

/// The class that a metric is asked of, which must occur on one side.
fn known_class(predictions: &Predictions, class: &str) -> Result<String, Unmeasured> {
    let classes = predictions.classes()?;
    match classes.find(class) {
        Some(_) => Ok(class.to_owned()),
        None => {
            let detail = format!(
                "the class `{}` occurs neither in the labels nor in the predictions",
                shown(class)
            );
            Err(invalid(Fault::Manifest, detail).hint(format!("the classes are {}", listed(&classes.names))))
        }
    }
}

/// The share of each class in the labels.
pub(super) fn prior(predictions: &Predictions) -> Option<Vec<f64>> {
    let Classes { names, truth, .. } = predictions.classes().ok()?;
    let mut shares = vec![0.0; names.len()];
    let mut total = 0.0;
    for (row, &class) in truth.iter().enumerate() {
        shares[class as usize] += predictions.weight(row);
        total += predictions.weight(row);
    }
    shares.iter_mut().for_each(|share| *share /= total);
    (total > 0.0).then_some(shares)
}

const fn of_classes(about: About, formula: fn(&Tally) -> Result<f64, Unmeasured>) -> OfClasses {
    OfClasses {
        about,
        formula,
        floor: Floor::Registered,
        binary: false,
    }
}

const ZERO: &str = "zero_division=0";

const fn averaged(name: &'static str, summary: &'static str, reference: &'static str) -> About {
    About::higher(name, summary).options(ZERO).reference(reference)
}

/// The share of examples whose predicted class is the true one.
///
/// Agrees with `sklearn.metrics.accuracy_score(normalize=True)`.
pub(super) static ACCURACY: OfClasses = OfClasses {
    floor: Floor::Majority,
    ..of_classes(
        About::higher(
            "accuracy",
            "share of examples whose predicted class is the true one",
        )
        .aka(&[
            "acc",
            "accuracy_score",
            "classification accuracy",
            "exact match ratio",
        ])
        .reference("scikit-learn 1.9.1 `accuracy_score`"),
        |tally| Ok(recall(&tally.pooled())),
    )
};

/// The mean recall of the classes that occur in the labels.
///
/// Agrees with `sklearn.metrics.balanced_accuracy_score(adjusted=False)`.
pub(super) static BALANCED_ACCURACY: OfClasses = OfClasses {
    floor: Floor::Chance,
    ..of_classes(
        About::higher("balanced_accuracy", "mean recall of the classes of the labels")
            .aka(&[
                "balanced_accuracy_score",
                "bacc",
                "bal acc",
                "mean class accuracy",
                "average class accuracy",
            ])
            .reference("scikit-learn 1.9.1 `balanced_accuracy_score`"),
        |tally| Ok(tally.mean(recall, |count| f64::from(count.truth > 0.0))),
    )
};

fn positive_count(tally: &Tally) -> Count {
    tally
        .positive
        .map_or(Count::default(), |class| tally.counts[class])
}

fn one(_: &Count) -> f64 {
    1.0
}

fn support(count: &Count) -> f64 {
    count.truth
}

const fn binary(metric: OfClasses) -> OfClasses {
    OfClasses {
        binary: true,
        ..metric
    }
}

const fn majority(metric: OfClasses) -> OfClasses {
    OfClasses {
        floor: Floor::Majority,
        ..metric
    }
}

const OF_F1: &str = "scikit-learn 1.9.1 `f1_score`";
const OF_PRECISION: &str = "scikit-learn 1.9.1 `precision_score`";
const OF_RECALL: &str = "scikit-learn 1.9.1 `recall_score`";

pub(super) static F1: OfClasses = binary(of_classes(
    averaged(
        "f1",
        "harmonic mean of precision and recall of the positive class",
        OF_F1,
    )
    .aka(&["f1 score", "f score", "f measure", "f1:binary", "binary f1"]),
    |tally| Ok(f1(&positive_count(tally))),
));

pub(super) static F1_MACRO: OfClasses = of_classes(
    averaged("f1:macro", "F1 of each class, averaged", OF_F1).aka(&[
        "macro f1",
        "macro averaged f1",
        "f1 score macro",
        "macro f1 score",
        "f1 macro average",
        "mean f1",
    ]),
    |tally| Ok(tally.mean(f1, one)),
);

pub(super) static F1_MICRO: OfClasses = majority(of_classes(
    averaged("f1:micro", "F1 over all classes together", OF_F1).aka(&[
        "micro f1",
        "micro averaged f1",
        "f1 score micro",
        "micro f1 score",
    ]),
    |tally| Ok(f1(&tally.pooled())),
));

pub(super) static F1_WEIGHTED: OfClasses = of_classes(
    averaged("f1:weighted", "F1 of each class, weighted by support", OF_F1).aka(&[
        "weighted f1",
        "weighted averaged f1",
        "f1 score weighted",
        "weighted f1 score",
    ]),
    |tally| Ok(tally.mean(f1, support)),
);

pub(super) static PRECISION: OfClasses = binary(of_classes(
    averaged(
        "precision",
        "share of the predicted positives that are positive",
        OF_PRECISION,
    )
    .aka(&[
        "precision_score",
        "ppv",
        "positive predictive value",
        "precision:binary",
        "binary precision",
    ]),
    |tally| Ok(precision(&positive_count(tally))),
));

pub(super) static PRECISION_MACRO: OfClasses = of_classes(
    averaged(
        "precision:macro",
        "precision of each class, averaged",
        OF_PRECISION,
    )
    .aka(&["macro precision", "precision score macro"]),
    |tally| Ok(tally.mean(precision, one)),
);

pub(super) static PRECISION_MICRO: OfClasses = majority(of_classes(
    averaged(
        "precision:micro",
        "precision over all classes together",
        OF_PRECISION,
    )
    .aka(&["micro precision", "precision score micro"]),
    |tally| Ok(precision(&tally.pooled())),
));

pub(super) static PRECISION_WEIGHTED: OfClasses = of_classes(
    averaged(
        "precision:weighted",
        "precision of each class, weighted by support",
        OF_PRECISION,
    )
    .aka(&["weighted precision", "precision score weighted"]),
    |tally| Ok(tally.mean(precision, support)),
);

pub(super) static RECALL: OfClasses = binary(of_classes(
    averaged(
        "recall",
        "share of the positives that are predicted positive",
        OF_RECALL,
    )
    .aka(&[
        "recall_score",
        "sensitivity",
        "tpr",
        "true positive rate",
        "recall:binary",
        "binary recall",
    ]),
    |tally| Ok(recall(&positive_count(tally))),
));

pub(super) static RECALL_MACRO: OfClasses = of_classes(
    averaged("recall:macro", "recall of each class, averaged", OF_RECALL).aka(&[
        "macro recall",
        "recall score macro",
        "uar",
        "unweighted average recall",
    ]),
    |tally| Ok(tally.mean(recall, one)),
);

pub(super) static RECALL_MICRO: OfClasses = majority(of_classes(
    averaged("recall:micro", "recall over all classes together", OF_RECALL)
        .aka(&["micro recall", "recall score micro"]),
    |tally| Ok(recall(&tally.pooled())),
));

pub(super) static RECALL_WEIGHTED: OfClasses = majority(of_classes(
    averaged(
        "recall:weighted",
        "recall of each class, weighted by support",
        OF_RECALL,
    )
    .aka(&["weighted recall", "recall score weighted"]),
    |tally| Ok(tally.mean(recall, support)),
));

/// The correlation between true and predicted classes; 0 where either side has only one class.
///
/// Agrees with `sklearn.metrics.matthews_corrcoef`. Reference: J. Gorodkin,
/// *Comparing two K-category assignments by a K-category correlation
/// coefficient*, 2004.
pub(super) static MATTHEWS_CORRCOEF: OfClasses = of_classes(
    About::higher(
        "matthews_corrcoef",
        "correlation between true and predicted classes",
    )
    .aka(&[
        "mcc",
        "matthews correlation coefficient",
        "matthews",
        "phi coefficient",
    ])
    .range(-1.0, 1.0)
    .floor(0.0)
    .reference("scikit-learn 1.9.1 `matthews_corrcoef`"),
    |tally| {
        let sum = |of: fn(&Count) -> f64| tally.counts.iter().map(of).sum::<f64>();
        let square = tally.total * tally.total;
        let joint = sum(|count| count.both) * tally.total - sum(|count| count.truth * count.predicted);
        let predicted = square - sum(|count| count.predicted * count.predicted);
        let truth = square - sum(|count| count.truth * count.truth);
        Ok(quotient(joint, (predicted * truth).max(0.0).sqrt()))
    },
);

/// Agreement beyond what the shares of the classes give by chance.
///
/// Agrees with `sklearn.metrics.cohen_kappa_score(weights=None)`. Undefined
/// when both sides hold the same single class.
pub(super) static COHEN_KAPPA: OfClasses = of_classes(
    About::higher("cohen_kappa", "agreement beyond chance")
        .aka(&["kappa", "cohens kappa", "cohen_kappa_score"])
        .range(-1.0, 1.0)
        .floor(0.0)
        .reference("scikit-learn 1.9.1 `cohen_kappa_score`"),
    |tally| {
        let only = |count: &Count| count.truth == tally.total && count.predicted == tally.total;
        if tally.counts.iter().any(only) {
            let detail =
                "`cohen_kappa` is undefined: the labels and the predictions hold one and the same class";
            return Err(invalid(Fault::Paper, detail));
        }
        let both: f64 = tally.counts.iter().map(|count| count.both).sum();
        let chance: f64 = tally
            .counts
            .iter()
            .map(|count| count.truth * count.predicted)
            .sum();
        Ok(1.0 - (tally.total - both) / (tally.total - chance / tally.total))
    },
);
