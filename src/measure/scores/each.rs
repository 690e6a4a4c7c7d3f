//! Metrics of the scores of several classes: each against the rest, or each pair.
//!
//! With one column `score` they are the metric of the positive class, as
//! scikit-learn has it.

use super::{Column, Scored, area, columns_of, distribution, no_scores_of, precision_area, scored};
use crate::error::Fault;
use crate::measure::classification::{finite, no_examples, unweighted};
use crate::measure::predictions::{Classes, Predictions, Rows, Scores};
use crate::measure::registry::{About, Input, Metric, Parameter};
use crate::reason::{Unmeasured, invalid};
use crate::table::shown;

/// How the values of the classes, or pairs of classes, become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Averaging {
    Macro,
    /// By how often the class is true; of a pair, by the examples of both.
    Weighted,
    /// All classes are taken together first.
    Micro,
}

/// What is computed of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    Roc,
    PrecisionRecall,
}

impl Curve {
    fn area(self, examples: Vec<Scored>) -> Option<f64> {
        match self {
            Self::Roc => area(examples),
            Self::PrecisionRecall => precision_area(examples),
        }
    }
}

/// The examples with the scores of some classes.
struct Table<'a> {
    predictions: &'a Predictions,
    rows: Rows<'a>,
    classes: &'a Classes,
    /// The classes that have scores.
    scored: &'a [u32],
    values: &'a [f64],
}

impl<'a> Table<'a> {
    /// `None` where one column scores the positive class.
    fn of(predictions: &'a Predictions, rows: Rows<'a>) -> Result<Option<Self>, Unmeasured> {
        let classes = predictions.classes()?;
        let Scores::PerClass {
            classes: scored,
            values,
        } = predictions.scores()?
        else {
            return Ok(None);
        };
        let columns = columns_of(classes, scored);
        for row in rows.iter(predictions.len()) {
            let class = classes.truth[row] as usize;
            columns[class].ok_or_else(|| no_scores_of(&classes.names[class]))?;
        }
        Ok(Some(Self {
            predictions,
            rows,
            classes,
            scored,
            values,
        }))
    }

    fn rows(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.rows.iter(self.predictions.len())
    }

    /// Refuses what are no probabilities: scores of different classes are comparable only as such.
    fn probabilities(&self, about: &About) -> Result<(), Unmeasured> {
        let width = self.scored.len();
        let mut rows = self.rows();
        rows.try_for_each(|row| distribution(&self.values[row * width..][..width], row, about))
    }

    fn column(&self, at: usize) -> Column<'a> {
        Column {
            values: self.values,
            width: self.scored.len(),
            at,
        }
    }

    /// The examples at `rows` by the column `at`, those of its class against the others.
    fn against(&self, at: usize, rows: impl Iterator<Item = usize>) -> Vec<Scored> {
        let (column, class) = (self.column(at), self.scored[at]);
        let example = |row: usize| {
            let (weight, hit) = (self.predictions.weight(row), self.classes.truth[row] == class);
            Scored {
                score: column.at(row),
                positive: if hit { weight } else { 0.0 },
                negative: if hit { 0.0 } else { weight },
            }
        };
        rows.map(example).collect()
    }

    /// How much each scored class counts in the labels; `None` where it does not occur.
    fn support(&self) -> Vec<Option<f64>> {
        let columns = columns_of(self.classes, self.scored);
        let mut support = vec![None; self.scored.len()];
        for row in self.rows() {
            if let Some(column) = columns[self.classes.truth[row] as usize] {
                *support[column].get_or_insert(0.0) += self.predictions.weight(row);
            }
        }
        support
    }

    fn name(&self, at: usize) -> &str {
        &self.classes.names[self.scored[at] as usize]
    }
}

/// A metric of each class against the rest.
#[derive(Debug)]
pub(in crate::measure) struct OfEach {
    about: About,
    curve: Curve,
    averaging: Averaging,
}

impl OfEach {
    fn value(&self, table: &Table<'_>) -> Result<f64, Unmeasured> {
        if self.curve == Curve::Roc {
            table.probabilities(&self.about)?;
        }
        let support = table.support();
        if support.iter().flatten().sum::<f64>() <= 0.0 {
            return Err(no_examples());
        }
        let absent = support.iter().position(Option::is_none);
        if let (Curve::PrecisionRecall, Some(at)) = (self.curve, absent) {
            return Err(self.undefined(table, at, "does not occur"));
        }
        if self.averaging == Averaging::Micro {
            let all = (0..support.len()).flat_map(|at| table.against(at, table.rows()));
            return self.curve.area(all.collect()).ok_or_else(no_examples);
        }
        let (mut values, mut weights) = (0.0, 0.0);
        for (at, support) in support.iter().enumerate() {
            let weight = match self.averaging {
                Averaging::Weighted => support.unwrap_or(0.0),
                Averaging::Macro | Averaging::Micro => 1.0,
            };
            if weight > 0.0 {
                let area = self.curve.area(table.against(at, table.rows()));
                let only = if *support > Some(0.0) {
                    "is the only one"
                } else {
                    "does not occur"
                };
                values += weight * area.ok_or_else(|| self.undefined(table, at, only))?;
                weights += weight;
            }
        }
        Ok(values / weights)
    }

    fn undefined(&self, table: &Table<'_>, at: usize, what: &str) -> Unmeasured {
        let detail = format!(
            "`{}` is undefined: the class `{}` {what} in the labels",
            self.about.name,
            shown(table.name(at))
        );
        invalid(Fault::Manifest, detail)
    }
}

impl Metric for OfEach {
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
        let value = match Table::of(predictions, rows)? {
            Some(table) => self.value(&table)?,
            None => of_the_positive(self.curve, &self.about, predictions, rows)?,
        };
        finite(&self.about, value)
    }
}

fn of_the_positive(
    curve: Curve,
    about: &About,
    predictions: &Predictions,
    rows: Rows<'_>,
) -> Result<f64, Unmeasured> {
    let examples = scored(predictions, rows, about)?;
    curve.area(examples).ok_or_else(|| super::one_class(about))
}

const fn of_each(about: About, curve: Curve, averaging: Averaging) -> OfEach {
    OfEach {
        about,
        curve,
        averaging,
    }
}

const AUC: &str = "scikit-learn 1.9.1 `roc_auc_score`";
const AP: &str = "scikit-learn 1.9.1 `average_precision_score`";

pub(in crate::measure) static OVR_MACRO: OfEach = of_each(
    About::higher(
        "roc_auc:ovr-macro",
        "ROC AUC of each class against the rest, averaged",
    )
    .aka(&[
        "roc_auc:macro",
        "roc_auc:ovr",
        "macro auc",
        "auc:macro",
        "macro auroc",
    ])
    .floor(0.5)
    .reference(AUC),
    Curve::Roc,
    Averaging::Macro,
);

pub(in crate::measure) static OVR_WEIGHTED: OfEach = of_each(
    About::higher(
        "roc_auc:ovr-weighted",
        "ROC AUC of each class against the rest, weighted by support",
    )
    .aka(&["roc_auc:weighted", "weighted auc"])
    .floor(0.5)
    .reference(AUC),
    Curve::Roc,
    Averaging::Weighted,
);

pub(in crate::measure) static AUC_MICRO: OfEach = of_each(
    About::higher("roc_auc:micro", "ROC AUC over all classes together")
        .aka(&["micro auc", "auc:micro", "roc_auc:ovr-micro"])
        .reference(AUC),
    Curve::Roc,
    Averaging::Micro,
);

pub(in crate::measure) static AP_MACRO: OfEach = of_each(
    About::higher(
        "average_precision:macro",
        "average precision of each class, averaged",
    )
    .aka(&["macro average precision", "macro ap", "macro auprc"])
    .reference(AP),
    Curve::PrecisionRecall,
    Averaging::Macro,
);

pub(in crate::measure) static AP_MICRO: OfEach = of_each(
    About::higher(
        "average_precision:micro",
        "average precision over all classes together",
    )
    .aka(&["micro average precision", "micro ap", "micro auprc"])
    .reference(AP),
    Curve::PrecisionRecall,
    Averaging::Micro,
);

pub(in crate::measure) static AP_WEIGHTED: OfEach = of_each(
    About::higher(
        "average_precision:weighted",
        "average precision of each class, weighted by support",
    )
    .aka(&["weighted average precision", "weighted ap"])
    .reference(AP),
    Curve::PrecisionRecall,
    Averaging::Weighted,
);

/// ROC AUC of each pair of classes that occur, both ways round, each on the examples of the two alone.
///
/// Agrees with `sklearn.metrics.roc_auc_score(multi_class="ovo")`. Reference:
/// D. Hand and R. Till, *A simple generalisation of the area under the ROC
/// curve for multiple class classification problems*, 2001.
#[derive(Debug)]
pub(in crate::measure) struct OfPairs {
    about: About,
    averaging: Averaging,
}

pub(in crate::measure) static OVO_MACRO: OfPairs = OfPairs {
    about: About::higher("roc_auc:ovo-macro", "ROC AUC of each pair of classes, averaged")
        .aka(&["roc_auc:ovo", "hand till auc"])
        .floor(0.5)
        .reference(AUC),
    averaging: Averaging::Macro,
};

pub(in crate::measure) static OVO_WEIGHTED: OfPairs = OfPairs {
    about: About::higher(
        "roc_auc:ovo-weighted",
        "ROC AUC of each pair of classes, weighted by prevalence",
    )
    .floor(0.5)
    .reference(AUC),
    averaging: Averaging::Weighted,
};

impl OfPairs {
    fn value(&self, table: &Table<'_>) -> Result<f64, Unmeasured> {
        table.probabilities(&self.about)?;
        let mut by_class = vec![Vec::new(); table.scored.len()];
        let columns = columns_of(table.classes, table.scored);
        for row in table.rows() {
            if let Some(column) = columns[table.classes.truth[row] as usize] {
                by_class[column].push(row);
            }
        }
        let present: Vec<usize> = (0..by_class.len())
            .filter(|at| !by_class[*at].is_empty())
            .collect();
        let (mut values, mut weights) = (0.0, 0.0);
        for (place, &a) in present.iter().enumerate() {
            for &b in &present[place + 1..] {
                let rows = || by_class[a].iter().chain(&by_class[b]).copied();
                let both = [a, b].map(|at| area(table.against(at, rows())).unwrap_or(0.5));
                let weight = match self.averaging {
                    Averaging::Weighted => rows().count() as f64,
                    Averaging::Macro | Averaging::Micro => 1.0,
                };
                values += weight * both.iter().sum::<f64>() / 2.0;
                weights += weight;
            }
        }
        if weights > 0.0 {
            Ok(values / weights)
        } else {
            Err(super::one_class(&self.about))
        }
    }
}

impl Metric for OfPairs {
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
        unweighted(&self.about, predictions)?;
        let value = match Table::of(predictions, rows)? {
            Some(table) => self.value(&table)?,
            None => of_the_positive(Curve::Roc, &self.about, predictions, rows)?,
        };
        finite(&self.about, value)
    }
}
