//! Precision, recall, F-beta and Jaccard index, in every averaging.
//!
//! One formula each over a [`Count`]; the averagings and the rule for a
//! division by zero are apart from it, so that [`averaged()`] evaluates any
//! reading of a name.

use super::{Count, Floor, Tally, ZERO, asked, finite, index, majority, registered, sets};
use crate::error::Fault;
use crate::measure::interval::{Method, wilsons};
use crate::measure::predictions::{Predictions, Rows};
use crate::measure::registry::{About, Input, Metric, Parameter};
use crate::reason::{Unmeasured, invalid};
use crate::stats::Interval;

/// What is computed of a class, of all classes together, or of an example's labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Of {
    /// Right predictions over all predictions.
    Precision,
    /// Right predictions over all true ones.
    Recall,
    /// The harmonic mean of both, recall counting β² times as much; F1 with β = 1.
    FBeta(f64),
    /// Right predictions over what is true or predicted: intersection over union.
    Jaccard,
}

/// What it is computed over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Average<'a> {
    /// One class, by name; 0 of everything where it does not occur.
    Class(&'a str),
    /// All classes together.
    Micro,
    /// The mean over the classes that occur in the labels or the predictions; with sets, over all labels.
    Macro,
    /// The mean over the classes that occur in the labels.
    MacroOfLabels,
    /// The mean over the classes, weighted by how often each is true.
    Weighted,
    /// The mean over the examples; of sets of labels alone.
    Samples,
}

/// What a quotient is whose denominator is 0: the `zero_division` of scikit-learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZeroDivision {
    /// 0: the rule of every signature here.
    #[default]
    Zero,
    /// 1.
    One,
    /// Left out of the average, as `zero_division=nan` does.
    LeftOut,
}

impl ZeroDivision {
    fn quotient(self, numerator: f64, denominator: f64) -> Option<f64> {
        match self {
            _ if denominator != 0.0 => Some(numerator / denominator),
            Self::Zero => Some(0.0),
            Self::One => Some(1.0),
            Self::LeftOut => None,
        }
    }
}

impl Of {
    pub(super) fn value(self, count: &Count, zero: ZeroDivision) -> Option<f64> {
        let Count {
            truth,
            predicted,
            both,
            ..
        } = *count;
        let (numerator, denominator) = match self {
            Self::Precision => (both, predicted),
            Self::Recall => (both, truth),
            Self::FBeta(beta) => ((1.0 + beta * beta) * both, beta * beta * truth + predicted),
            Self::Jaccard => (both, truth + (predicted - both)),
        };
        zero.quotient(numerator, denominator)
    }
}

/// The mean of the values that are there, by weight; plain where no value has a weight. `None` of no values.
pub(super) fn mean<I>(values: impl Fn() -> I) -> Option<f64>
where
    I: Iterator<Item = (Option<f64>, f64)>,
{
    let known = || values().filter_map(|(value, weight)| Some((value?, weight)));
    let weights: f64 = known().map(|(_, weight)| weight).sum();
    if weights > 0.0 {
        return Some(known().map(|(value, weight)| value * weight).sum::<f64>() / weights);
    }
    let count = known().count();
    (count > 0).then(|| known().map(|(value, _)| value).sum::<f64>() / count as f64)
}

impl Tally {
    /// `None` where everything was left out.
    fn average(&self, of: Of, average: Averaging, zero: ZeroDivision) -> Option<f64> {
        let value = |count: &Count| of.value(count, zero);
        match average {
            Averaging::Binary => value(&self.positive_count()),
            Averaging::Micro => value(&self.pooled()),
            Averaging::Macro => mean(|| self.seen().map(|count| (value(count), 1.0))),
            Averaging::MacroOfLabels => {
                let labelled = || self.seen().filter(|count| count.truth > 0.0);
                mean(|| labelled().map(|count| (value(count), 1.0)))
            }
            Averaging::Weighted => mean(|| self.seen().map(|count| (value(count), count.truth))),
        }
    }
}

/// The averagings that follow from a [`Tally`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Averaging {
    Binary,
    Micro,
    Macro,
    MacroOfLabels,
    Weighted,
}

/// Evaluates one reading of precision, recall, F-beta or Jaccard over the examples at `rows`.
///
/// Of classes and of sets of labels alike; [`Average::Samples`] is of sets alone.
/// Agrees with scikit-learn's functions of these names with the corresponding
/// `average` and `zero_division`, except that their `jaccard_score` does not leave out.
///
/// # Errors
///
/// When the classes were not read, no example has a weight, or nothing is left to average.
///
/// # Examples
///
/// ```
/// use reproof::measure::{Average, Of, Predictions, Rows, ZeroDivision, averaged};
///
/// // `c` is predicted and never true, so that its recall divides by 0.
/// let given = Predictions::from_classes(&["a", "b", "b"], Some(&["a", "b", "c"]))?;
/// let recall = |average, zero| averaged(&given, Rows::All, Of::Recall, average, zero);
/// assert_eq!(recall(Average::Class("b"), ZeroDivision::Zero)?, 0.5);
/// assert_eq!(recall(Average::Macro, ZeroDivision::Zero)?, 0.5);
/// assert_eq!(recall(Average::Macro, ZeroDivision::LeftOut)?, 0.75);
/// # Ok::<(), reproof::reason::Unmeasured>(())
/// ```
pub fn averaged(
    predictions: &Predictions,
    rows: Rows<'_>,
    of: Of,
    average: Average<'_>,
    zero: ZeroDivision,
) -> Result<f64, Unmeasured> {
    let tallied = |averaging: Averaging, positive: Option<usize>| {
        let mut tally = Tally::of(predictions, rows)?;
        tally.positive = positive;
        Ok(tally.average(of, averaging, zero))
    };
    let value = match average {
        Average::Class(name) => tallied(Averaging::Binary, index(predictions, name)),
        Average::Micro => tallied(Averaging::Micro, None),
        Average::Macro => tallied(Averaging::Macro, None),
        Average::MacroOfLabels => tallied(Averaging::MacroOfLabels, None),
        Average::Weighted => tallied(Averaging::Weighted, None),
        Average::Samples => sets::samples(predictions, rows, of, zero),
    };
    value?.ok_or_else(|| invalid(Fault::Paper, "every class is left out of the average"))
}

/// One of the four in one averaging.
#[derive(Debug)]
pub(in crate::measure) struct Averaged {
    about: About,
    of: Kind,
    /// `None` for the positive class of two.
    average: Option<Average<'static>>,
    floor: Floor,
}

/// [`Of`] with β still open.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Of(Of),
    FBeta,
}

impl Kind {
    /// β is 1 where the name has none.
    fn with(self, parameter: &Parameter) -> Of {
        match (self, parameter) {
            (Self::Of(of), _) => of,
            (Self::FBeta, Parameter::Number(beta)) => Of::FBeta(*beta),
            (Self::FBeta, Parameter::None | Parameter::Count(_) | Parameter::Class(_)) => Of::FBeta(1.0),
        }
    }
}

impl Metric for Averaged {
    fn about(&self) -> &About {
        &self.about
    }

    fn input(&self) -> Input {
        match self.average {
            Some(Average::Samples) => Input::LabelSets,
            _ => Input::Classes,
        }
    }

    fn binary(&self) -> bool {
        self.average.is_none()
    }

    fn compute(
        &self,
        predictions: &Predictions,
        rows: Rows<'_>,
        parameter: &Parameter,
    ) -> Result<f64, Unmeasured> {
        let positive = asked(&self.about, self.binary(), predictions, parameter)?;
        let class = positive.as_deref().map(Average::Class);
        let average = class.or(self.average).unwrap_or(Average::Micro);
        let value = averaged(
            predictions,
            rows,
            self.of.with(parameter),
            average,
            ZeroDivision::Zero,
        )?;
        finite(&self.about, value)
    }

    /// Precision and recall are shares of the predicted, and of the true positives.
    fn closed_interval(
        &self,
        predictions: &Predictions,
        parameter: &Parameter,
        level: f64,
    ) -> Option<(Method, Interval)> {
        let of = self.of.with(parameter);
        let positive = asked(&self.about, self.binary(), predictions, parameter).ok()?;
        let mut tally = Tally::of(predictions, Rows::All).ok()?;
        tally.positive = positive.and_then(|name| index(predictions, &name));
        let count = match self.average {
            None => tally.positive_count(),
            Some(Average::Micro) => tally.pooled(),
            Some(_) => return None,
        };
        let trials = match of {
            Of::Precision => count.predicted,
            Of::Recall => count.truth,
            Of::FBeta(_) | Of::Jaccard => return None,
        };
        wilsons(count.both.round() as u64, trials.round() as u64, level)
    }

    fn floor(&self, predictions: &Predictions) -> Option<f64> {
        (self.floor)(&self.about, predictions)
    }
}

const F1_SCORE: Kind = Kind::Of(Of::FBeta(1.0));
const PRECISION_SCORE: Kind = Kind::Of(Of::Precision);
const RECALL_SCORE: Kind = Kind::Of(Of::Recall);
const JACCARD_SCORE: Kind = Kind::Of(Of::Jaccard);

const fn reference(of: Kind) -> &'static str {
    match of {
        Kind::FBeta => "scikit-learn 1.9.1 `fbeta_score`",
        Kind::Of(Of::Precision) => "scikit-learn 1.9.1 `precision_score`",
        Kind::Of(Of::Recall) => "scikit-learn 1.9.1 `recall_score`",
        Kind::Of(Of::FBeta(_)) => "scikit-learn 1.9.1 `f1_score`",
        Kind::Of(Of::Jaccard) => "scikit-learn 1.9.1 `jaccard_score`",
    }
}

const fn of(
    of: Kind,
    average: Option<Average<'static>>,
    name: &'static str,
    summary: &'static str,
    aliases: &'static [&'static str],
) -> Averaged {
    Averaged {
        about: About::higher(name, summary)
            .aka(aliases)
            .options(ZERO)
            .reference(reference(of)),
        of,
        average,
        floor: registered,
    }
}

/// Of classes, the micro average of precision, recall and F-beta is the accuracy, and so is the weighted recall.
const fn as_accuracy(metric: Averaged) -> Averaged {
    Averaged {
        floor: majority,
        ..metric
    }
}

pub(in crate::measure) static F1: Averaged = of(
    F1_SCORE,
    None,
    "f1",
    "harmonic mean of precision and recall of the positive class",
    &[
        "f1 score",
        "f score",
        "f measure",
        "f1:binary",
        "binary f1",
        "dice",
        "dice coefficient",
        "dice score",
        "dsc",
        "sorensen dice",
    ],
);

pub(in crate::measure) static F1_MACRO: Averaged = of(
    F1_SCORE,
    Some(Average::Macro),
    "f1:macro",
    "F1 of each class, averaged",
    &[
        "macro f1",
        "macro averaged f1",
        "f1 score macro",
        "macro f1 score",
        "f1 macro average",
        "mean f1",
        "dice:macro",
        "mean dice",
    ],
);

pub(in crate::measure) static F1_MICRO: Averaged = as_accuracy(of(
    F1_SCORE,
    Some(Average::Micro),
    "f1:micro",
    "F1 over all classes together",
    &[
        "micro f1",
        "micro averaged f1",
        "f1 score micro",
        "micro f1 score",
    ],
));

pub(in crate::measure) static F1_WEIGHTED: Averaged = of(
    F1_SCORE,
    Some(Average::Weighted),
    "f1:weighted",
    "F1 of each class, weighted by support",
    &[
        "weighted f1",
        "weighted averaged f1",
        "f1 score weighted",
        "weighted f1 score",
    ],
);

pub(in crate::measure) static F1_SAMPLES: Averaged = of(
    F1_SCORE,
    Some(Average::Samples),
    "f1:samples",
    "F1 of each example's labels, averaged",
    &["samples f1", "example based f1"],
);

pub(in crate::measure) static PRECISION: Averaged = of(
    PRECISION_SCORE,
    None,
    "precision",
    "share of the predicted positives that are positive",
    &[
        "precision_score",
        "ppv",
        "positive predictive value",
        "precision:binary",
        "binary precision",
    ],
);

pub(in crate::measure) static PRECISION_MACRO: Averaged = of(
    PRECISION_SCORE,
    Some(Average::Macro),
    "precision:macro",
    "precision of each class, averaged",
    &["macro precision", "precision score macro"],
);

pub(in crate::measure) static PRECISION_MICRO: Averaged = as_accuracy(of(
    PRECISION_SCORE,
    Some(Average::Micro),
    "precision:micro",
    "precision over all classes together",
    &["micro precision", "precision score micro"],
));

pub(in crate::measure) static PRECISION_WEIGHTED: Averaged = of(
    PRECISION_SCORE,
    Some(Average::Weighted),
    "precision:weighted",
    "precision of each class, weighted by support",
    &["weighted precision", "precision score weighted"],
);

pub(in crate::measure) static PRECISION_SAMPLES: Averaged = of(
    PRECISION_SCORE,
    Some(Average::Samples),
    "precision:samples",
    "precision of each example's labels, averaged",
    &["samples precision"],
);

pub(in crate::measure) static RECALL: Averaged = of(
    RECALL_SCORE,
    None,
    "recall",
    "share of the positives that are predicted positive",
    &[
        "recall_score",
        "sensitivity",
        "tpr",
        "true positive rate",
        "recall:binary",
        "binary recall",
    ],
);

pub(in crate::measure) static RECALL_MACRO: Averaged = of(
    RECALL_SCORE,
    Some(Average::Macro),
    "recall:macro",
    "recall of each class, averaged",
    &[
        "macro recall",
        "recall score macro",
        "uar",
        "unweighted average recall",
    ],
);

pub(in crate::measure) static RECALL_MICRO: Averaged = as_accuracy(of(
    RECALL_SCORE,
    Some(Average::Micro),
    "recall:micro",
    "recall over all classes together",
    &["micro recall", "recall score micro"],
));

pub(in crate::measure) static RECALL_WEIGHTED: Averaged = as_accuracy(of(
    RECALL_SCORE,
    Some(Average::Weighted),
    "recall:weighted",
    "recall of each class, weighted by support",
    &["weighted recall", "recall score weighted"],
));

pub(in crate::measure) static RECALL_SAMPLES: Averaged = of(
    RECALL_SCORE,
    Some(Average::Samples),
    "recall:samples",
    "recall of each example's labels, averaged",
    &["samples recall"],
);

pub(in crate::measure) static FBETA: Averaged = of(
    Kind::FBeta,
    None,
    "fbeta@B",
    "weighted harmonic mean of precision and recall of the positive class",
    &["fbeta_score@B", "f@B"],
);

pub(in crate::measure) static FBETA_MACRO: Averaged = of(
    Kind::FBeta,
    Some(Average::Macro),
    "fbeta@B:macro",
    "F-beta of each class, averaged",
    &["f@B:macro"],
);

pub(in crate::measure) static FBETA_MICRO: Averaged = as_accuracy(of(
    Kind::FBeta,
    Some(Average::Micro),
    "fbeta@B:micro",
    "F-beta over all classes together",
    &["f@B:micro"],
));

pub(in crate::measure) static FBETA_WEIGHTED: Averaged = of(
    Kind::FBeta,
    Some(Average::Weighted),
    "fbeta@B:weighted",
    "F-beta of each class, weighted by support",
    &["f@B:weighted"],
);

pub(in crate::measure) static FBETA_SAMPLES: Averaged = of(
    Kind::FBeta,
    Some(Average::Samples),
    "fbeta@B:samples",
    "F-beta of each example's labels, averaged",
    &["f@B:samples"],
);

pub(in crate::measure) static JACCARD: Averaged = of(
    JACCARD_SCORE,
    None,
    "jaccard",
    "intersection over union of the positive class",
    &[
        "jaccard_score",
        "jaccard index",
        "iou",
        "intersection over union",
        "iou score",
        "critical success index",
    ],
);

pub(in crate::measure) static JACCARD_MACRO: Averaged = of(
    JACCARD_SCORE,
    Some(Average::Macro),
    "jaccard:macro",
    "Jaccard index of each class, averaged",
    &[
        "macro jaccard",
        "iou:macro",
        "miou",
        "mean iou",
        "mean intersection over union",
    ],
);

pub(in crate::measure) static JACCARD_MICRO: Averaged = Averaged {
    // Always naming the most frequent class, of share m, is right m and wrong twice 1 − m times.
    floor: |about, predictions| majority(about, predictions).map(|share| share / (2.0 - share)),
    ..of(
        JACCARD_SCORE,
        Some(Average::Micro),
        "jaccard:micro",
        "Jaccard index over all classes together",
        &["micro jaccard", "iou:micro"],
    )
};

pub(in crate::measure) static JACCARD_WEIGHTED: Averaged = of(
    JACCARD_SCORE,
    Some(Average::Weighted),
    "jaccard:weighted",
    "Jaccard index of each class, weighted by support",
    &[
        "weighted jaccard",
        "iou:weighted",
        "frequency weighted iou",
        "fwiou",
    ],
);

pub(in crate::measure) static JACCARD_SAMPLES: Averaged = of(
    JACCARD_SCORE,
    Some(Average::Samples),
    "jaccard:samples",
    "Jaccard index of each example's labels, averaged",
    &["samples jaccard"],
);
