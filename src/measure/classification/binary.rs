//! Metrics that look at the negative class too.

use super::{Count, OfClasses, Tally, ZERO, of_classes, precision, recall};
use crate::measure::registry::About;

/// Everything but the positive class, taken as one class.
fn rest(tally: &Tally) -> Count {
    let others = || {
        let all = tally.counts.iter().enumerate();
        all.filter(|(class, _)| Some(*class) != tally.positive)
            .map(|(_, count)| count)
    };
    let truth: f64 = others().map(|count| count.truth).sum();
    let predicted = others().map(|count| count.predicted).sum();
    let positive = tally.positive_count();
    let false_alarms = (positive.predicted - positive.both).max(0.0);
    Count {
        truth,
        predicted,
        both: (truth - false_alarms).clamp(0.0, truth.min(predicted)),
        seen: true,
    }
}

/// The recall of the negative class: of everything that is not the positive one.
///
/// Agrees with `sklearn.metrics.recall_score(pos_label=<the negative class>)`.
pub(in crate::measure) static SPECIFICITY: OfClasses = OfClasses {
    binary: true,
    ..of_classes(
        About::higher("specificity", "recall of the negative class")
            .aka(&["true negative rate", "tnr"])
            .options(ZERO)
            .reference("scikit-learn 1.9.1 `recall_score` of the negative class"),
        |tally| Ok(recall(&rest(tally))),
    )
};

/// The precision of the negative class.
///
/// Agrees with `sklearn.metrics.precision_score(pos_label=<the negative class>)`.
pub(in crate::measure) static NPV: OfClasses = OfClasses {
    binary: true,
    ..of_classes(
        About::higher("npv", "precision of the negative class")
            .aka(&["negative predictive value"])
            .options(ZERO)
            .reference("scikit-learn 1.9.1 `precision_score` of the negative class"),
        |tally| Ok(precision(&rest(tally))),
    )
};

/// Recall + specificity − 1.
///
/// Reference: D. Powers, *Evaluation: from precision, recall and F-measure to
/// ROC, informedness, markedness and correlation*, 2011.
pub(in crate::measure) static INFORMEDNESS: OfClasses = OfClasses {
    binary: true,
    ..of_classes(
        About::higher("informedness", "recall + specificity − 1")
            .aka(&["youden j", "youdens j", "bookmaker informedness"])
            .range(-1.0, 1.0)
            .floor(0.0)
            .options(ZERO)
            .reference("scikit-learn 1.9.1 `recall_score` of both classes"),
        |tally| Ok(recall(&tally.positive_count()) + recall(&rest(tally)) - 1.0),
    )
};

/// Precision + NPV − 1.
///
/// Reference: as [`INFORMEDNESS`].
pub(in crate::measure) static MARKEDNESS: OfClasses = OfClasses {
    binary: true,
    ..of_classes(
        About::higher("markedness", "precision + NPV − 1")
            .range(-1.0, 1.0)
            .floor(0.0)
            .options(ZERO)
            .reference("scikit-learn 1.9.1 `precision_score` of both classes"),
        |tally| Ok(precision(&tally.positive_count()) + precision(&rest(tally)) - 1.0),
    )
};
