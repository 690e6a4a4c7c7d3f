//! The scores of a confusion matrix of two classes: their values, and their bounds over a region of matrices.
//!
//! With the other cells fixed, every score but kappa grows with the true positives and the true negatives and falls
//! with the errors, so its bounds lie in two corners of a region. MCC does so because it is
//! √(PPV·TPR·TNR·NPV) − √((1−PPV)(1−TPR)(1−TNR)(1−NPV)). Kappa grows with both true cells; in each of the errors it falls
//! and may rise again, so its largest value lies in one of four corners.
//!
//! Definitions: M. Sokolova and G. Lapalme, Information Processing & Management 45 (2009); D. Powers, Journal of Machine
//! Learning Technologies 2 (2011); scikit-learn for the averages.

use super::claim::Span;

/// Counts of a confusion matrix, or bounds of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    pub(super) tp: f64,
    pub(super) fn_: f64,
    pub(super) fp: f64,
    pub(super) tn: f64,
    /// Both errors together: known better than the sum of their bounds.
    pub(super) wrong: f64,
}

impl Cells {
    /// The same with the other class as the positive one.
    fn swapped(self) -> Self {
        Self {
            tp: self.tn,
            fn_: self.fp,
            fp: self.fn_,
            tn: self.tp,
            wrong: self.wrong,
        }
    }
}

/// All matrices of `examples` whose cells lie between those of the two corners.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    /// The most that is right, the least that is wrong.
    pub(super) best: Cells,
    /// The least that is right, the most that is wrong.
    pub(super) worst: Cells,
    /// The least and the largest number of positives.
    pub(super) positives: (f64, f64),
    pub(super) examples: f64,
}

/// A rate of one class: tp / (tp + `missed`·fn + `false_alarms`·fp).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    missed: f64,
    false_alarms: f64,
}

const PRECISION: Rate = Rate {
    missed: 0.0,
    false_alarms: 1.0,
};
const RECALL: Rate = Rate {
    missed: 1.0,
    false_alarms: 0.0,
};
const JACCARD: Rate = Rate {
    missed: 1.0,
    false_alarms: 1.0,
};
const F1: Rate = Rate {
    missed: 0.5,
    false_alarms: 0.5,
};

/// Of which class a rate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Positive,
    Negative,
}

/// A score of a confusion matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Score {
    Accuracy,
    /// Of one class.
    Of(Class, Rate),
    /// The mean of both classes.
    Macro(Rate),
    /// The mean of both classes, weighted by their examples.
    Weighted(Rate),
    Mcc,
    Kappa,
}

/// The score that the metric called `metric` is a function of, and what `span` says of that score.
///
/// What grows with another score is replaced by it: Jaccard by F1, informedness by balanced accuracy. Two such claims
/// would otherwise only be told apart matrix by matrix.
pub(super) fn score(metric: &str, span: Span) -> Option<(Score, Span)> {
    let (base, average) = metric.split_once(':').unwrap_or((metric, ""));
    let of_base = match base {
        "precision" => Some(PRECISION),
        "recall" => Some(RECALL),
        "f1" => Some(F1),
        "jaccard" => Some(JACCARD),
        _ => f_beta(base),
    };
    let half = |span: Span| span.map(|x| (x + 1.0) / 2.0);
    Some(match (metric, of_base, average) {
        ("jaccard:micro", ..) => (Score::Accuracy, span.map(doubled)),
        ("accuracy" | "recall:weighted", ..) | (_, Some(_), "micro") => (Score::Accuracy, span),
        ("error_rate", ..) => (Score::Accuracy, span.complement()),
        ("specificity", ..) => (Score::Of(Class::Negative, RECALL), span),
        ("npv", ..) => (Score::Of(Class::Negative, PRECISION), span),
        ("balanced_accuracy", ..) => (Score::Macro(RECALL), span),
        ("informedness", ..) => (Score::Macro(RECALL), half(span)),
        ("markedness", ..) => (Score::Macro(PRECISION), half(span)),
        ("matthews_corrcoef", ..) => (Score::Mcc, span),
        // With two classes, all weights are alike.
        ("cohen_kappa" | "cohen_kappa:linear" | "cohen_kappa:quadratic", ..) => (Score::Kappa, span),
        ("jaccard", ..) => (Score::Of(Class::Positive, F1), span.map(doubled)),
        (_, Some(rate), "") => (Score::Of(Class::Positive, rate), span),
        (_, Some(rate), "macro") => (Score::Macro(rate), span),
        (_, Some(rate), "weighted") => (Score::Weighted(rate), span),
        _ => return None,
    })
}

/// From Jaccard to F1; grows from −1 on, and below it there is nothing to map.
fn doubled(jaccard: f64) -> f64 {
    2.0 * jaccard / (1.0 + jaccard.max(-0.5))
}

/// The rate of `fbeta@2`.
fn f_beta(base: &str) -> Option<Rate> {
    let beta: f64 = base.strip_prefix("fbeta@")?.parse().ok()?;
    let square = beta * beta;
    (square.is_finite() && square > 0.0).then(|| Rate {
        missed: square / (1.0 + square),
        false_alarms: 1.0 / (1.0 + square),
    })
}

impl Rate {
    /// What the denominator has besides the true positives.
    fn others(self, cells: Cells) -> f64 {
        if self.missed == self.false_alarms {
            return self.missed * cells.wrong;
        }
        self.missed * cells.fn_ + self.false_alarms * cells.fp
    }

    /// `None` for 0/0.
    fn value(self, cells: Cells) -> Option<f64> {
        let all = cells.tp + self.others(cells);
        (all > 0.0).then(|| cells.tp / all)
    }
}

/// A mean of two rates of which either may be 0/0, in all ways that libraries have of it: 0, 1, or left out.
fn means(first: Option<f64>, second: Option<f64>, weight: f64, left_out: bool) -> Vec<f64> {
    let mut found = Vec::new();
    for one in first.map_or(vec![0.0, 1.0], |one| vec![one]) {
        for other in second.map_or(vec![0.0, 1.0], |other| vec![other]) {
            found.push(weight * one + (1.0 - weight) * other);
        }
    }
    if left_out && first.is_none() != second.is_none() {
        found.extend(first.or(second));
    }
    found
}

impl Score {
    /// Whether the mean over runs on the same test set is the score of the summed counts.
    pub(super) fn is_linear(self) -> bool {
        match self {
            Self::Accuracy => true,
            Self::Of(_, rate) | Self::Macro(rate) => rate == RECALL,
            Self::Weighted(_) | Self::Mcc | Self::Kappa => false,
        }
    }

    /// All values that the score of this matrix may be reported as: several where it is 0/0.
    pub(super) fn readings(self, cells: Cells) -> Vec<f64> {
        let examples = cells.tp + cells.fn_ + cells.fp + cells.tn;
        let undefined = vec![0.0, 1.0];
        match self {
            Self::Accuracy => vec![(cells.tp + cells.tn) / examples],
            Self::Of(class, rate) => {
                let value = rate.value(class.view(cells));
                value.map_or(undefined, |value| vec![value])
            }
            Self::Macro(rate) => means(rate.value(cells), rate.value(cells.swapped()), 0.5, true),
            Self::Weighted(rate) => {
                let weight = (cells.tp + cells.fn_) / examples;
                means(rate.value(cells), rate.value(cells.swapped()), weight, false)
            }
            Self::Mcc => match mcc(cells) {
                Some(value) => vec![value],
                None if cells.wrong == 0.0 => undefined,
                None => vec![0.0],
            },
            Self::Kappa => kappa(cells).map_or(undefined, |value| vec![value]),
        }
    }

    /// The least and the largest value over a region, every reading of 0/0 included.
    pub(super) fn bounds(self, region: &Region) -> (f64, f64) {
        match self {
            Self::Accuracy => (
                1.0 - region.worst.wrong / region.examples,
                1.0 - region.best.wrong / region.examples,
            ),
            Self::Of(class, rate) => rate.bounds(class, region),
            Self::Macro(rate) => {
                let (one, other) = rate.of_both(region);
                ((one.0 + other.0) / 2.0, (one.1 + other.1) / 2.0)
            }
            Self::Weighted(rate) => weighted(rate, region),
            Self::Mcc => mcc_bounds(region),
            Self::Kappa => kappa_bounds(region),
        }
    }
}

impl Class {
    fn view(self, cells: Cells) -> Cells {
        match self {
            Self::Positive => cells,
            Self::Negative => cells.swapped(),
        }
    }
}

impl Rate {
    fn bounds(self, class: Class, region: &Region) -> (f64, f64) {
        let worst = self.value(class.view(region.worst)).unwrap_or(0.0);
        let best = self.value(class.view(region.best)).unwrap_or(1.0);
        (worst, best)
    }

    fn of_both(self, region: &Region) -> ((f64, f64), (f64, f64)) {
        (
            self.bounds(Class::Positive, region),
            self.bounds(Class::Negative, region),
        )
    }
}

fn weighted(rate: Rate, region: &Region) -> (f64, f64) {
    let (one, other) = rate.of_both(region);
    let (fewest, most) = region.positives;
    let mix = |positives: f64, one: f64, other: f64| {
        let weight = positives / region.examples;
        weight * one + (1.0 - weight) * other
    };
    (
        mix(fewest, one.0, other.0).min(mix(most, one.0, other.0)),
        mix(fewest, one.1, other.1).max(mix(most, one.1, other.1)),
    )
}

/// `None` where a row or a column is empty.
fn mcc(cells: Cells) -> Option<f64> {
    let Cells { tp, fn_, fp, tn, .. } = cells;
    let rows = ((tp + fn_) * (fp + tn)).sqrt() * ((tp + fp) * (fn_ + tn)).sqrt();
    (rows > 0.0).then(|| (tp * tn - fp * fn_) / rows)
}

fn mcc_bounds(region: &Region) -> (f64, f64) {
    let rates = |pick: fn((f64, f64)) -> f64| {
        let (ppv, npv) = PRECISION.of_both(region);
        let (tpr, tnr) = RECALL.of_both(region);
        [ppv, npv, tpr, tnr].map(pick)
    };
    let combined = |rates: [f64; 4]| {
        let right: f64 = rates.iter().product();
        let wrong: f64 = rates.iter().map(|rate| 1.0 - rate).product();
        right.max(0.0).sqrt() - wrong.max(0.0).sqrt()
    };
    (combined(rates(|rate| rate.0)), combined(rates(|rate| rate.1)))
}

/// `None` where one class alone is there and is all that is predicted.
fn kappa(cells: Cells) -> Option<f64> {
    let Cells { tp, fn_, fp, tn, .. } = cells;
    let chance = (tp + fp) * (fp + tn) + (tp + fn_) * (fn_ + tn);
    (chance > 0.0).then(|| 2.0 * (tp * tn - fp * fn_) / chance)
}

fn kappa_bounds(region: &Region) -> (f64, f64) {
    let Region { best, worst, .. } = *region;
    let corners = [
        (best.fn_, best.fp),
        (best.fn_, worst.fp),
        (worst.fn_, best.fp),
        (worst.fn_, worst.fp),
    ];
    let at = |(fn_, fp)| kappa(Cells { fn_, fp, ..best }).unwrap_or(1.0);
    let high = corners.map(at).into_iter().fold(-1.0, f64::max);
    let agreement = worst.tp * worst.tn - worst.fp * worst.fn_;
    let low = if agreement >= 0.0 {
        kappa(worst).unwrap_or(0.0)
    } else {
        let chance =
            (worst.tp + best.fp) * (best.fp + worst.tn) + (worst.tp + best.fn_) * (best.fn_ + worst.tn);
        if chance > 0.0 {
            2.0 * agreement / chance
        } else {
            -1.0
        }
    };
    (low.max(-1.0), high)
}
