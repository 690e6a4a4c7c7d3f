//! Metrics of scores: how well they order the classes, and how good they are as probabilities.
//!
//! Here are those of one positive class, and the losses; those that look at
//! each class in turn, and calibration, have files of their own.

mod calibration;
mod each;
mod top_k;

use rayon::slice::ParallelSliceMut as _;

pub(super) use self::calibration::{ECE, ECE_AT};
pub(super) use self::each::{
    AP_MACRO, AP_MICRO, AP_WEIGHTED, AUC_MICRO, OVO_MACRO, OVO_WEIGHTED, OVR_MACRO, OVR_WEIGHTED,
};
pub(super) use self::top_k::{TOP_K_ACCURACY, TOP_K_ERROR};
use super::classification::{finite, no_examples, positive, prior, unweighted};
use super::counted::{Counted, Ranking};
use super::interval::Method;
use super::predictions::{Classes, Predictions, Rows, Scores};
use super::registry::{About, Input, Metric, Parameter};
use super::sides::Sides;
use super::sum::Sum;
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};
use crate::stats::{Interval, delong};

/// How far the probabilities of one example may be from summing to 1.
///
/// They are rounded when they are written. Anything further off is not a
/// distribution, and the log loss of it means nothing.
const SLACK: f64 = 0.01;

type Formula = fn(&Predictions, Rows<'_>, &About) -> Result<f64, Unmeasured>;

/// A metric from ranks and how often each row counts.
type ByRank = fn(&Ranking, &[u32]) -> Option<f64>;

/// A metric of scores.
#[derive(Debug)]
pub(super) struct OfScores {
    about: About,
    formula: Formula,
    /// The same from ranks, where the order of the scores is all that counts.
    by_rank: Option<ByRank>,
    floor: fn(&Predictions, &About) -> Option<f64>,
}

impl Metric for OfScores {
    fn about(&self) -> &About {
        &self.about
    }

    fn input(&self) -> Input {
        Input::Scores
    }

    fn binary(&self) -> bool {
        true
    }

    fn compute(&self, predictions: &Predictions, rows: Rows<'_>, _: &Parameter) -> Result<f64, Unmeasured> {
        finite(&self.about, (self.formula)(predictions, rows, &self.about)?)
    }

    fn counted<'a>(&self, predictions: &'a Predictions, _: &Parameter) -> Option<Counted<'a>> {
        let by_rank = self.by_rank?;
        let ranking = Ranking::of(predictions)?;
        Some(Box::new(move |counts| by_rank(&ranking, counts)))
    }

    fn closed_interval(
        &self,
        predictions: &Predictions,
        _: &Parameter,
        level: f64,
    ) -> Option<(Method, Interval)> {
        if !std::ptr::eq(self, &ROC_AUC) {
            return None;
        }
        let of = |wanted: bool, ranked: &[(u32, f64, bool)]| {
            let of_class = ranked.iter().filter(|(_, _, positive)| *positive == wanted);
            of_class.map(|(_, score, _)| *score).collect::<Vec<_>>()
        };
        let ranked = ranked(predictions)?;
        let auc = delong(&of(true, &ranked), &of(false, &ranked))?;
        Some((Method::DeLong, auc.interval(level)?))
    }

    fn floor(&self, predictions: &Predictions) -> Option<f64> {
        (self.floor)(predictions, &self.about)
    }
}

/// Each row, its score of the positive class, and whether it is positive, from the highest score to the lowest.
pub(super) fn ranked(predictions: &Predictions) -> Option<Vec<(u32, f64, bool)>> {
    let scored = scored(predictions, Rows::All, &ROC_AUC.about).ok()?;
    let one = |(row, example): (u32, &Scored)| (row, example.score, example.positive > 0.0);
    let mut ranked: Vec<_> = (0..).zip(&scored).map(one).collect();
    ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    Some(ranked)
}

/// One example of a two-class problem.
#[derive(Clone, Copy, Debug)]
struct Scored {
    score: f64,
    /// Its weight if it is positive, else 0.
    positive: f64,
    /// Its weight if it is negative, else 0.
    negative: f64,
}

/// The scores of the positive class, and whether an example is positive.
fn of_positive<'a>(
    predictions: &'a Predictions,
    about: &About,
) -> Result<(Column<'a>, impl Fn(usize) -> bool + use<'a>), Unmeasured> {
    let positive = positive(about, predictions)?;
    let classes = predictions.classes()?;
    let class = classes.find(&positive);
    let column = Column::of(predictions.scores()?, class, &positive)?;
    Ok((column, move |row| Some(classes.truth[row]) == class))
}

/// The score of the positive class and the truth of each example.
fn scored(predictions: &Predictions, rows: Rows<'_>, about: &About) -> Result<Vec<Scored>, Unmeasured> {
    let (column, hit) = of_positive(predictions, about)?;
    let example = |row: usize| {
        let (weight, hit) = (predictions.weight(row), hit(row));
        Scored {
            score: column.at(row),
            positive: if hit { weight } else { 0.0 },
            negative: if hit { 0.0 } else { weight },
        }
    };
    Ok(rows.iter(predictions.len()).map(example).collect())
}

/// The same without weights.
fn sides(predictions: &Predictions, rows: Rows<'_>, about: &About) -> Result<Sides, Unmeasured> {
    let (column, hit) = of_positive(predictions, about)?;
    let mut sides = Sides::default();
    for row in rows.iter(predictions.len()) {
        sides.add(column.at(row), hit(row));
    }
    Ok(sides)
}

/// One column of the scores.
struct Column<'a> {
    values: &'a [f64],
    width: usize,
    at: usize,
}

impl<'a> Column<'a> {
    fn of(scores: &'a Scores, class: Option<u32>, name: &str) -> Result<Self, Unmeasured> {
        let (values, width, at) = match scores {
            Scores::Positive(values) => (values, 1, Some(0)),
            Scores::PerClass { classes, values } => (
                values,
                classes.len(),
                classes.iter().position(|of| Some(*of) == class),
            ),
        };
        let at = at.ok_or_else(|| no_scores_of(name))?;
        Ok(Self { values, width, at })
    }

    fn at(&self, row: usize) -> f64 {
        self.values[row * self.width + self.at]
    }
}

fn no_scores_of(class: &str) -> Unmeasured {
    invalid(
        Fault::Paper,
        format!("the class `{class}` has no column `score_{class}`"),
    )
    .hint("every class of the labels needs its column of scores; `columns` renames")
}

/// The weights of positives and negatives at each distinct score, from the highest to the lowest.
fn by_score(mut examples: Vec<Scored>) -> Vec<Scored> {
    examples.par_sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
    // `==` and not `total_cmp`: 0 and −0 are one score.
    examples.dedup_by(|next, group| {
        let tied = next.score == group.score;
        if tied {
            group.positive += next.positive;
            group.negative += next.negative;
        }
        tied
    });
    examples
}

/// The weights of all positives and of all negatives.
fn totals(groups: &[Scored]) -> (f64, f64) {
    let positives = groups.iter().map(|group| group.positive).sum();
    let negatives = groups.iter().map(|group| group.negative).sum();
    (positives, negatives)
}

fn registered(_: &Predictions, about: &About) -> Option<f64> {
    about.floor
}

/// The area under the ROC curve; `None` of one class.
fn area(examples: Vec<Scored>) -> Option<f64> {
    let groups = by_score(examples);
    let (positives, negatives) = totals(&groups);
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let mut above = 0.0;
    let mut pairs = 0.0;
    for group in &groups {
        pairs += group.negative * (above + group.positive / 2.0);
        above += group.positive;
    }
    Some(pairs / positives / negatives)
}

fn one_class(about: &About) -> Unmeasured {
    let detail = format!("`{}` is undefined: the labels hold one class", about.name);
    invalid(Fault::Manifest, detail)
}

/// The chance that a positive example scores above a negative one, a tie counting half.
///
/// Agrees with `sklearn.metrics.roc_auc_score` of two classes. Undefined where
/// the labels hold one class.
pub(super) static ROC_AUC: OfScores = OfScores {
    about: About::higher(
        "roc_auc",
        "chance that a positive scores above a negative, ties half",
    )
    .aka(&[
        "auc",
        "auroc",
        "roc_auc_score",
        "roc",
        "area under the roc curve",
        "auc-roc",
        "roc_auc:binary",
    ])
    .floor(0.5)
    .reference("scikit-learn 1.9.1 `roc_auc_score`"),
    formula: |predictions, rows, about| {
        if predictions.weights().is_none() {
            return sides(predictions, rows, about)?
                .area()
                .ok_or_else(|| one_class(about));
        }
        area(scored(predictions, rows, about)?).ok_or_else(|| one_class(about))
    },
    by_rank: Some(Ranking::roc_auc),
    floor: registered,
};

/// 2·AUC − 1.
///
/// Agrees with `sklearn.metrics.roc_auc_score`, scaled.
pub(super) static GINI: OfScores = OfScores {
    about: About::higher("gini", "2·AUC − 1")
        .aka(&["gini coefficient", "somers d"])
        .range(-1.0, 1.0)
        .floor(0.0)
        .reference("scikit-learn 1.9.1 `roc_auc_score`, 2·AUC − 1"),
    formula: |predictions, rows, about| {
        let area = area(scored(predictions, rows, about)?).ok_or_else(|| one_class(about))?;
        Ok(2.0 * area - 1.0)
    },
    by_rank: Some(|ranking, counts| Some(2.0 * ranking.roc_auc(counts)? - 1.0)),
    floor: registered,
};

/// The largest distance between the distributions of the scores of both classes.
///
/// Agrees with `scipy.stats.ks_2samp(positives, negatives).statistic`.
pub(super) static KS: OfScores = OfScores {
    about: About::higher("ks", "Kolmogorov–Smirnov distance between the classes' scores")
        .aka(&["ks statistic", "kolmogorov smirnov", "ks_2samp"])
        .floor(0.0)
        .reference("SciPy 1.17.1 `ks_2samp`"),
    formula: |predictions, rows, about| {
        unweighted(about, predictions)?;
        let groups = by_score(scored(predictions, rows, about)?);
        let (positives, negatives) = totals(&groups);
        if positives == 0.0 || negatives == 0.0 {
            return Err(one_class(about));
        }
        let (mut above, mut widest) = ((0.0, 0.0), 0.0_f64);
        for group in &groups {
            above = (above.0 + group.positive, above.1 + group.negative);
            widest = widest.max((above.0 / positives - above.1 / negatives).abs());
        }
        Ok(widest)
    },
    by_rank: None,
    floor: registered,
};

/// The area under the steps of precision over recall; 0 without positives, `None` without examples.
fn precision_area(examples: Vec<Scored>) -> Option<f64> {
    let groups = by_score(examples);
    let (positives, negatives) = totals(&groups);
    let (mut hits, mut all, mut area) = (0.0, 0.0, 0.0);
    for group in groups.iter().filter(|_| positives > 0.0) {
        hits += group.positive;
        all += group.positive + group.negative;
        if group.positive > 0.0 {
            area += group.positive / positives * (hits / all);
        }
    }
    (positives + negatives > 0.0).then_some(area)
}

/// The mean of the precisions at each threshold, weighted by the recall that it adds; no interpolation.
///
/// Agrees with `sklearn.metrics.average_precision_score` of two classes, so it
/// is 0 without any positive example.
pub(super) static AVERAGE_PRECISION: OfScores = OfScores {
    about: About::higher(
        "average_precision",
        "area under the precision-recall steps, not interpolated",
    )
    .aka(&[
        "average_precision_score",
        "ap",
        "auprc",
        "pr_auc",
        "auc-pr",
        "aupr",
    ])
    .reference("scikit-learn 1.9.1 `average_precision_score`"),
    formula: |predictions, rows, about| {
        precision_area(scored(predictions, rows, about)?).ok_or_else(no_examples)
    },
    by_rank: Some(Ranking::average_precision),
    floor: |predictions, about| {
        let class = predictions
            .classes()
            .ok()?
            .find(&positive(about, predictions).ok()?)?;
        prior(predictions)?.get(class as usize).copied()
    },
};

/// The mean of `loss` over the examples, by weight.
fn mean(
    predictions: &Predictions,
    rows: Rows<'_>,
    mut loss: impl FnMut(usize) -> Result<f64, Unmeasured>,
) -> Result<f64, Unmeasured> {
    let (mut losses, mut weights) = (Sum::default(), Sum::default());
    for row in rows.iter(predictions.len()) {
        let weight = predictions.weight(row);
        losses.add(weight * loss(row)?);
        weights.add(weight);
    }
    if weights.value() > 0.0 {
        Ok(losses.value() / weights.value())
    } else {
        Err(no_examples())
    }
}

/// One row of probabilities, proven to be one.
fn distribution(values: &[f64], row: usize, about: &About) -> Result<(), Unmeasured> {
    if let Some(value) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        let detail = format!(
            "a score of example {} is {value:.6}, and `{}` needs probabilities",
            row + 1,
            about.name
        );
        return Err(invalid(Fault::Paper, detail).hint("write probabilities between 0 and 1, not logits"));
    }
    let sum: f64 = values.iter().sum();
    if values.len() > 1 && (sum - 1.0).abs() > SLACK {
        let detail = format!(
            "the scores of example {} sum to {sum:.6}, and `{}` needs probabilities",
            row + 1,
            about.name
        );
        return Err(
            invalid(Fault::Paper, detail).hint("write the probabilities of all classes, after the softmax")
        );
    }
    Ok(())
}

/// For each class of the labels, its column among the scored ones.
fn columns_of(classes: &Classes, scored: &[u32]) -> Vec<Option<usize>> {
    let codes = 0..u32::try_from(classes.names.len()).unwrap_or(u32::MAX);
    let mut columns = vec![None; codes.len()];
    for (column, &class) in scored.iter().enumerate() {
        columns[class as usize] = Some(column);
    }
    columns
}

/// What the probabilities of one example cost, given the true class's column.
type RowLoss = fn(&[f64], usize) -> f64;

/// The mean loss over distributions of two or more classes.
fn mean_loss(
    predictions: &Predictions,
    rows: Rows<'_>,
    about: &About,
    loss: RowLoss,
) -> Result<f64, Unmeasured> {
    let classes = predictions.classes()?;
    match predictions.scores()? {
        Scores::Positive(values) => {
            let class = classes.find(&positive(about, predictions)?);
            mean(predictions, rows, |row| {
                distribution(&values[row..=row], row, about)?;
                let column = usize::from(Some(classes.truth[row]) == class);
                Ok(loss(&[1.0 - values[row], values[row]], column))
            })
        }
        Scores::PerClass {
            classes: scored,
            values,
        } => {
            let columns = columns_of(classes, scored);
            mean(predictions, rows, |row| {
                let values = &values[row * scored.len()..][..scored.len()];
                distribution(values, row, about)?;
                let class = classes.truth[row] as usize;
                let column = columns[class].ok_or_else(|| no_scores_of(&classes.names[class]))?;
                Ok(loss(values, column))
            })
        }
    }
}

/// The mean negative logarithm of the probability of the true class, clipped to the spacing of `f64` at 1.
///
/// Agrees with `sklearn.metrics.log_loss` (natural logarithm).
pub(super) static LOG_LOSS: OfScores = OfScores {
    about: About::lower("log_loss", "mean negative log probability of the true class")
        .aka(&[
            "logloss",
            "cross entropy",
            "cross entropy loss",
            "logistic loss",
            "nll",
            "negative log likelihood",
        ])
        .options("clip=2.2e-16|log=e")
        .reference("scikit-learn 1.9.1 `log_loss`"),
    formula: |predictions, rows, about| {
        let loss = |values: &[f64], truth: usize| -values[truth].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
        mean_loss(predictions, rows, about, loss)
    },
    by_rank: None,
    floor: |predictions, _| {
        let shares = prior(predictions)?;
        Some(
            shares
                .iter()
                .filter(|share| **share > 0.0)
                .map(|share| -share * share.ln())
                .sum(),
        )
    },
};

/// The mean squared distance between the probabilities and the truth, halved for two classes.
///
/// Agrees with `sklearn.metrics.brier_score_loss(scale_by_half="auto")`.
pub(super) static BRIER: OfScores = OfScores {
    about: About::lower(
        "brier",
        "mean squared distance of the probabilities from the truth; halved for two classes",
    )
    .aka(&["brier score", "brier_score_loss", "brier loss"])
    .range(0.0, 2.0)
    .options("scale_by_half=auto")
    .reference("scikit-learn 1.9.1 `brier_score_loss`"),
    formula: |predictions, rows, about| {
        let loss = |values: &[f64], truth: usize| {
            let scale = if values.len() < 3 { 0.5 } else { 1.0 };
            let squares = values
                .iter()
                .enumerate()
                .map(|(class, p)| (f64::from(class == truth) - p).powi(2));
            squares.sum::<f64>() * scale
        };
        mean_loss(predictions, rows, about, loss)
    },
    by_rank: None,
    floor: |predictions, _| {
        let shares = prior(predictions)?;
        let spread = 1.0 - shares.iter().map(|share| share * share).sum::<f64>();
        let classes = shares.iter().filter(|share| **share > 0.0).count();
        Some(if classes < 3 { spread / 2.0 } else { spread })
    },
};
