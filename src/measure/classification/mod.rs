//! Metrics of predicted classes, one an example or a set of them.
//!
//! Most follow from how often each class was true, predicted, and both; no
//! matrix of all pairs of classes is needed. Classes are those that occur in
//! the labels or in the predictions; with sets of labels, all that were read.
//! Where scikit-learn asks for a `zero_division`, it is 0, and
//! [`averaged()`] takes the others.

mod agreement;
mod averaged;
mod binary;
mod sets;

pub(super) use self::agreement::{COHEN_KAPPA, KAPPA_LINEAR, KAPPA_QUADRATIC, MATTHEWS_CORRCOEF};
pub use self::averaged::{Average, Of, ZeroDivision, averaged};
pub(super) use self::averaged::{
    F1, F1_MACRO, F1_MICRO, F1_SAMPLES, F1_WEIGHTED, FBETA, FBETA_MACRO, FBETA_MICRO, FBETA_SAMPLES,
    FBETA_WEIGHTED, JACCARD, JACCARD_MACRO, JACCARD_MICRO, JACCARD_SAMPLES, JACCARD_WEIGHTED, PRECISION,
    PRECISION_MACRO, PRECISION_MICRO, PRECISION_SAMPLES, PRECISION_WEIGHTED, RECALL, RECALL_MACRO,
    RECALL_MICRO, RECALL_SAMPLES, RECALL_WEIGHTED,
};
pub(super) use self::binary::{INFORMEDNESS, MARKEDNESS, NPV, SPECIFICITY};
pub(super) use self::sets::HAMMING_LOSS;
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
    /// All examples.
    total: f64,
    /// The examples of which both sides say exactly the same.
    exact: f64,
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
        if let Ok(labels) = predictions.label_sets() {
            return sets::tally(labels, predictions, rows);
        }
        let classes = predictions.classes()?;
        let predicted = predicted(classes)?;
        let mut tally = Self::empty(classes.names.len());
        for (row, times) in rows.counted(predictions.len()) {
            let (truth, guess) = (classes.truth[row] as usize, predicted[row] as usize);
            tally.add(truth, guess, f64::from(times) * predictions.weight(row));
        }
        tally.counted()
    }

    fn empty(classes: usize) -> Self {
        Self {
            counts: vec![Count::default(); classes],
            positive: None,
            total: 0.0,
            exact: 0.0,
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
            self.exact += weight;
        }
    }

    fn counted(self) -> Result<Self, Unmeasured> {
        if self.total > 0.0 {
            Ok(self)
        } else {
            Err(no_examples())
        }
    }

    /// The classes that occur.
    fn seen(&self) -> impl Iterator<Item = &Count> {
        self.counts.iter().filter(|count| count.seen)
    }

    /// All classes together.
    fn pooled(&self) -> Count {
        self.counts.iter().fold(Count::default(), |all, count| Count {
            truth: all.truth + count.truth,
            predicted: all.predicted + count.predicted,
            both: all.both + count.both,
            seen: true,
        })
    }

    fn positive_count(&self) -> Count {
        self.positive.map_or(Count::default(), |class| self.counts[class])
    }
}

pub(super) fn predicted(classes: &Classes) -> Result<&[u32], Unmeasured> {
    let missing = || invalid(Fault::Reproof, "no predicted classes were read");
    classes.predicted.as_deref().ok_or_else(missing)
}

pub(super) fn no_examples() -> Unmeasured {
    invalid(Fault::Paper, "there are no examples with a weight")
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

/// What a metric is without having learnt anything, as far as the labels tell.
type Floor = fn(&About, &Predictions) -> Option<f64>;

fn registered(about: &About, _: &Predictions) -> Option<f64> {
    about.floor
}

/// The share of the most frequent class: what always naming it gets.
fn majority(_: &About, predictions: &Predictions) -> Option<f64> {
    prior(predictions)?.into_iter().reduce(f64::max)
}

/// One over the number of classes.
fn chance(_: &About, predictions: &Predictions) -> Option<f64> {
    let classes = prior(predictions)?.iter().filter(|share| **share > 0.0).count();
    (classes > 0).then(|| 1.0 / classes as f64)
}

/// A metric of predicted classes that follows from the [`Tally`].
#[derive(Debug)]
pub(super) struct OfClasses {
    about: About,
    formula: fn(&Tally) -> Result<f64, Unmeasured>,
    floor: Floor,
    binary: bool,
    /// Whether it is defined on sets of labels too.
    sets: bool,
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
        if !self.sets {
            one_class_each(&self.about, predictions)?;
        }
        let positive = asked(&self.about, self.binary, predictions, parameter)?;
        let mut tally = Tally::of(predictions, rows)?;
        tally.positive = positive.and_then(|name| index(predictions, &name));
        finite(&self.about, (self.formula)(&tally)?)
    }

    fn floor(&self, predictions: &Predictions) -> Option<f64> {
        (self.floor)(&self.about, predictions)
    }
}

/// The class that counts as the positive one: that of `parameter`, or that of two.
fn asked(
    about: &About,
    binary: bool,
    predictions: &Predictions,
    parameter: &Parameter,
) -> Result<Option<String>, Unmeasured> {
    match parameter {
        Parameter::Class(class) => known_class(predictions, class).map(Some),
        Parameter::None | Parameter::Count(_) | Parameter::Number(_) if binary => {
            positive(about, predictions).map(Some)
        }
        Parameter::None | Parameter::Count(_) | Parameter::Number(_) => Ok(None),
    }
}

/// The names of all classes, whichever way they were read.
fn names(predictions: &Predictions) -> Result<&[String], Unmeasured> {
    match predictions.label_sets() {
        Ok(sets) => Ok(&sets.names),
        Err(_) => Ok(&predictions.classes()?.names),
    }
}

/// The index of a class by name, if it occurs.
fn index(predictions: &Predictions, name: &str) -> Option<usize> {
    let found = match predictions.label_sets() {
        Ok(sets) => sets.find(name),
        Err(_) => predictions.classes().ok()?.find(name),
    };
    found.map(|at| at as usize)
}

/// Refuses sets of labels.
fn one_class_each(about: &About, predictions: &Predictions) -> Result<(), Unmeasured> {
    if predictions.label_sets().is_err() {
        return Ok(());
    }
    let detail = format!(
        "`{}` is a metric of one class an example, and these are sets of labels",
        about.name
    );
    Err(invalid(Fault::Manifest, detail)
        .hint("of sets there are `accuracy`, `hamming_loss`, and precision, recall, F1, F-beta and Jaccard with an averaging"))
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

/// Refuses weights, which the reference of some metrics does not know.
pub(super) fn unweighted(about: &About, predictions: &Predictions) -> Result<(), Unmeasured> {
    if predictions.weights().is_none() {
        return Ok(());
    }
    let detail = format!("`{}` is not defined with weights", about.name);
    Err(invalid(Fault::Paper, detail).hint("leave the column `weight` out of the predictions"))
}

/// The name of the positive class, or why `about` has no meaning here.
pub(super) fn positive(about: &About, predictions: &Predictions) -> Result<String, Unmeasured> {
    let hint = format!("name the averaging, as in `{}:macro`", about.name);
    if predictions.label_sets().is_ok() {
        let detail = format!(
            "`{}` is a metric of two classes, and these are sets of labels",
            about.name
        );
        return Err(invalid(Fault::Manifest, detail).hint(hint));
    }
    predictions.positive()?.ok_or_else(|| {
        let classes = predictions.classes().map_or(0, |classes| classes.present);
        let detail = format!("`{}` is a metric of two classes, and {classes} occur", about.name);
        invalid(Fault::Manifest, detail).hint(hint)
    })
}

/// The class that a metric is asked of, which must occur on one side.
fn known_class(predictions: &Predictions, class: &str) -> Result<String, Unmeasured> {
    if index(predictions, class).is_some() {
        return Ok(class.to_owned());
    }
    let detail = format!(
        "the class `{}` occurs neither in the labels nor in the predictions",
        shown(class)
    );
    let known = listed(names(predictions)?);
    Err(invalid(Fault::Manifest, detail).hint(format!("the classes are {known}")))
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
        floor: registered,
        binary: false,
        sets: false,
    }
}

const ZERO: &str = "zero_division=0";

/// The share of examples whose predicted class, or whole set of labels, is the true one.
///
/// Agrees with `sklearn.metrics.accuracy_score(normalize=True)`, which of sets is the subset accuracy.
pub(super) static ACCURACY: OfClasses = OfClasses {
    floor: majority,
    sets: true,
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
            "subset accuracy",
        ])
        .share()
        .reference("scikit-learn 1.9.1 `accuracy_score`"),
        |tally| Ok(tally.exact / tally.total),
    )
};

/// 1 − accuracy.
///
/// Agrees with `sklearn.metrics.zero_one_loss(normalize=True)`.
pub(super) static ERROR_RATE: OfClasses = OfClasses {
    floor: |about, predictions| Some(1.0 - majority(about, predictions)?),
    sets: true,
    ..of_classes(
        About::lower(
            "error_rate",
            "share of examples whose predicted class is not the true one",
        )
        .aka(&[
            "error",
            "classification error",
            "misclassification rate",
            "zero_one_loss",
        ])
        .range(0.0, 1.0)
        .share()
        .reference("scikit-learn 1.9.1 `zero_one_loss`"),
        |tally| Ok(1.0 - tally.exact / tally.total),
    )
};

/// The mean recall of the classes that occur in the labels.
///
/// Agrees with `sklearn.metrics.balanced_accuracy_score(adjusted=False)`.
pub(super) static BALANCED_ACCURACY: OfClasses = OfClasses {
    floor: chance,
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
        |tally| {
            let labelled: Vec<&Count> = tally.counts.iter().filter(|count| count.truth > 0.0).collect();
            let recalls: f64 = labelled.iter().map(|count| recall(count)).sum();
            Ok(quotient(recalls, labelled.len() as f64))
        },
    )
};

#[cfg(test)]
mod tests;
