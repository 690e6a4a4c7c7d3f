//! What a metric's name may mean on the same predictions.

use super::super::classification::{Average, Of, ZeroDivision, averaged};
use super::super::predictions::{Predictions, Rows, Scores};
use super::super::registry::{Input, Named, Parameter, metric};
use super::words::{of_class, words};
use crate::stats;

/// Of more classes than this, none is tried on its own.
const MOST_CLASSES: usize = 30;

/// The usual ranks.
const RANKS: [usize; 8] = [1, 2, 3, 5, 10, 20, 50, 100];

/// A number of predictions.
type Value = Box<dyn Fn(&Predictions, Rows<'_>) -> Option<f64> + Send + Sync>;

/// One thing that a name may mean.
pub(super) struct Form {
    pub(super) words: String,
    /// How far it departs from the name as stated.
    pub(super) departure: u32,
    pub(super) value: Value,
}

impl Form {
    fn new(
        words: impl Into<String>,
        departure: u32,
        value: impl Fn(&Predictions, Rows<'_>) -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            words: words.into(),
            departure,
            value: Box::new(value),
        }
    }

    fn named(named: Named, departure: u32) -> Self {
        Self::new(words(named.name()), departure, move |given, rows| {
            named.compute(given, rows).ok()
        })
    }

    /// The same with a change to its value.
    fn changed(
        named: &Named,
        how: &str,
        departure: u32,
        change: fn(f64, &Predictions) -> Option<f64>,
    ) -> Self {
        let (name, named) = (words(named.name()), named.clone());
        Self::new(format!("{name} {how}"), departure, move |given, rows| {
            change(named.compute(given, rows).ok()?, given)
        })
    }
}

/// Everything that `stated` may mean; itself first.
pub(super) fn forms(stated: &Named, given: &Predictions) -> Vec<Form> {
    let mut forms = vec![Form::named(stated.clone(), 0)];
    if let Some(of) = shape(stated) {
        forms.extend(averagings(of, stated, given));
    }
    forms.extend(siblings(stated));
    forms.extend(ranks(stated));
    forms.extend(ties(stated));
    forms.extend(units(stated));
    forms
}

/// Which of the four it is whose averaging is open; with its place in the name.
fn shape(stated: &Named) -> Option<Of> {
    Some(
        match (stated.about().name.split([':', '@']).next()?, stated.parameter()) {
            ("precision", _) if !stated.name().contains('@') => Of::Precision,
            ("recall", _) if !stated.name().contains('@') => Of::Recall,
            ("f1", _) => Of::FBeta(1.0),
            ("fbeta", Parameter::Number(beta)) => Of::FBeta(*beta),
            ("jaccard", _) => Of::Jaccard,
            _ => return None,
        },
    )
}

/// How one of the four is called.
fn called(of: Of) -> String {
    match of {
        Of::Precision => words("precision"),
        Of::Recall => words("recall"),
        Of::FBeta(1.0) => words("f1"),
        Of::FBeta(beta) => format!("F{beta}"),
        Of::Jaccard => words("jaccard"),
    }
}

/// Each averaging of each of the four under each rule for a division by zero.
fn averagings(stated_of: Of, stated: &Named, given: &Predictions) -> Vec<Form> {
    let mut forms = Vec::new();
    let kinds = [
        Of::FBeta(1.0),
        Of::Precision,
        Of::Recall,
        Of::Jaccard,
        Of::FBeta(2.0),
        Of::FBeta(0.5),
    ];
    let others = kinds.into_iter().filter(|of| *of != stated_of).map(|of| (of, 3));
    let stated_as = stated_average(stated, given);
    for (of, far) in [(stated_of, 0)].into_iter().chain(others) {
        for average in averages(given) {
            let other_average = u32::from(Some(&average) != stated_as.as_ref());
            for (zero, rule, farther) in [
                (ZeroDivision::Zero, "", 0),
                (ZeroDivision::One, " with a division by zero as 1", 1),
                (
                    ZeroDivision::LeftOut,
                    " without the classes that divide by zero",
                    1,
                ),
            ] {
                let departure = far + other_average + farther;
                let as_stated = departure == 0;
                if !as_stated && departure <= super::FARTHEST {
                    forms.push(average.form(of, zero, rule, departure));
                }
            }
        }
        if of == Of::FBeta(1.0) {
            forms.push(of_the_means(far));
        }
    }
    forms
}

/// What the mean is taken over.
#[derive(Clone, Debug, PartialEq)]
enum Over {
    Class(String),
    Micro,
    Macro,
    MacroOfLabels,
    Weighted,
}

impl Over {
    fn form(&self, of: Of, zero: ZeroDivision, rule: &str, departure: u32) -> Form {
        let name = called(of);
        let name = match self {
            Self::Class(class) => of_class(&name, class),
            Self::Micro => format!("micro {name}"),
            Self::Macro => format!("macro {name}"),
            Self::MacroOfLabels => format!("macro {name} over the classes of the labels"),
            Self::Weighted => format!("weighted {name}"),
        };
        let over = self.clone();
        Form::new(format!("{name}{rule}"), departure, move |given, rows| {
            let average = match &over {
                Self::Class(class) => Average::Class(class),
                Self::Micro => Average::Micro,
                Self::Macro => Average::Macro,
                Self::MacroOfLabels => Average::MacroOfLabels,
                Self::Weighted => Average::Weighted,
            };
            averaged(given, rows, of, average, zero).ok()
        })
    }
}

fn averages(given: &Predictions) -> Vec<Over> {
    let mut averages = vec![Over::Macro, Over::Weighted, Over::Micro, Over::MacroOfLabels];
    if let Ok(classes) = given.classes()
        && classes.present <= MOST_CLASSES
    {
        averages.extend(classes.names[..classes.present].iter().cloned().map(Over::Class));
    }
    averages
}

/// The averaging that the name states.
fn stated_average(stated: &Named, given: &Predictions) -> Option<Over> {
    if let Parameter::Class(class) = stated.parameter() {
        return Some(Over::Class(class.clone()));
    }
    match stated.name().rsplit_once(':').map(|(_, average)| average) {
        Some("micro") => Some(Over::Micro),
        Some("macro") => Some(Over::Macro),
        Some("weighted") => Some(Over::Weighted),
        Some(_) => None,
        None => given.positive().ok().flatten().map(Over::Class),
    }
}

/// "Macro F1" as the harmonic mean of macro precision and macro recall.
///
/// Reference: J. Opitz and S. Burst, *Macro F1 and Macro F1*, 2019.
fn of_the_means(far: u32) -> Form {
    Form::new(
        "F1 of macro precision and macro recall",
        far + 1,
        |given, rows| {
            let mean = |of| averaged(given, rows, of, Average::Macro, ZeroDivision::Zero).ok();
            let (precision, recall) = (mean(Of::Precision)?, mean(Of::Recall)?);
            let sum = precision + recall;
            Some(if sum > 0.0 {
                2.0 * precision * recall / sum
            } else {
                0.0
            })
        },
    )
}

/// Metrics that are mistaken for each other, by how far they are apart.
const SIBLINGS: &[(u32, &[&str])] = &[
    (
        3,
        &[
            "accuracy",
            "balanced_accuracy",
            "f1:macro",
            "f1:weighted",
            "f1",
            "matthews_corrcoef",
            "cohen_kappa",
            "cohen_kappa:linear",
            "cohen_kappa:quadratic",
            "precision:macro",
            "recall:macro",
            "precision",
            "recall",
            "specificity",
            "npv",
            "jaccard:macro",
        ],
    ),
    (1, &["cohen_kappa", "cohen_kappa:linear", "cohen_kappa:quadratic"]),
    (
        1,
        &[
            "roc_auc",
            "roc_auc:ovr-macro",
            "roc_auc:ovr-weighted",
            "roc_auc:ovo-macro",
            "roc_auc:ovo-weighted",
            "roc_auc:micro",
        ],
    ),
    (1, &["average_precision", "average_precision:macro"]),
    (2, &["roc_auc", "average_precision", "gini"]),
    (2, &["log_loss", "brier"]),
    (
        2,
        &[
            "mae",
            "mse",
            "rmse",
            "median_absolute_error",
            "mape",
            "smape",
            "rmsle",
        ],
    ),
    (
        2,
        &[
            "r2",
            "explained_variance",
            "pearson",
            "spearman",
            "kendall",
            "ccc",
        ],
    ),
    (2, &["adjusted_rand", "normalized_mutual_info", "v_measure"]),
    (2, &["rouge1", "rouge2", "rougel"]),
    (2, &["exact_match", "token_f1"]),
    (2, &["wer", "cer"]),
    (2, &["bleu", "chrf"]),
    (2, &["entity_f1", "entity_f1:macro", "entity_f1:weighted"]),
    (2, &["mrr", "map", "ndcg"]),
];

fn siblings(stated: &Named) -> Vec<Form> {
    let families = SIBLINGS
        .iter()
        .filter(|(_, names)| names.contains(&stated.name()));
    let others = families.flat_map(|(departure, names)| names.iter().map(|name| (*name, *departure)));
    let others = others.filter(|(name, _)| *name != stated.name());
    others
        .filter_map(|(name, departure)| Some(Form::named(metric(name)?, departure)))
        .collect()
}

/// The same metric at other ranks.
fn ranks(stated: &Named) -> Vec<Form> {
    let Parameter::Count(stated_rank) = stated.parameter() else {
        return Vec::new();
    };
    let at = |rank: usize| {
        stated
            .name()
            .replacen(&format!("@{stated_rank}"), &format!("@{rank}"), 1)
    };
    let others = RANKS.into_iter().filter(|rank| rank != stated_rank);
    others
        .filter_map(|rank| Some(Form::named(metric(&at(rank))?, 1)))
        .collect()
}

/// Top-k accuracy with ties of the true class taken for it or against it.
fn ties(stated: &Named) -> Vec<Form> {
    let (Parameter::Count(k), "top_k_accuracy@K") = (stated.parameter(), stated.about().name) else {
        return Vec::new();
    };
    let form = |for_it: bool, how: &str| {
        let k = *k;
        Form::new(
            format!("top-{k} accuracy with ties {how} the true class"),
            1,
            move |given, rows| top_k(given, rows, k, for_it),
        )
    };
    vec![form(true, "for"), form(false, "against")]
}

fn top_k(given: &Predictions, rows: Rows<'_>, k: usize, for_it: bool) -> Option<f64> {
    let classes = given.classes().ok()?;
    let Scores::PerClass {
        classes: scored,
        values,
    } = given.scores().ok()?
    else {
        return None;
    };
    let (mut hits, mut all) = (0.0, 0.0);
    for row in rows.iter(given.len()) {
        let scores = &values[row * scored.len()..][..scored.len()];
        let own = scores[scored.iter().position(|class| *class == classes.truth[row])?];
        let before = scores
            .iter()
            .filter(|score| if for_it { **score > own } else { **score >= own })
            .count();
        let rank = before + usize::from(for_it);
        hits += given.weight(row) * f64::from(rank <= k);
        all += given.weight(row);
    }
    (all > 0.0).then(|| hits / all)
}

/// The same number in another unit.
fn units(stated: &Named) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut add = |how: &str, departure, change| forms.push(Form::changed(stated, how, departure, change));
    let (least, greatest) = stated.info().range;
    if greatest == 1.0 {
        add("in per cent", 1, |value, _| Some(100.0 * value));
    }
    if (least, greatest) == (0.0, 1.0) {
        add("taken from 1", 2, |value, _| Some(1.0 - value));
    }
    if greatest == 100.0 {
        add("as a fraction", 1, |value, _| Some(value / 100.0));
    }
    match stated.name() {
        "log_loss" => add("to the base 2", 1, |value, _| {
            Some(value / std::f64::consts::LN_2)
        }),
        "brier" => {
            add("summed over both classes", 1, |value, _| Some(2.0 * value));
            add("as the mean over the classes", 1, |value, given| {
                Some(value / given.classes().ok()?.present as f64)
            });
        }
        "pearson" | "spearman" => add("squared", 1, |value, _| Some(value * value)),
        "mae" | "rmse" | "median_absolute_error" => {
            add("over the standard deviation of the labels", 1, |value, given| {
                Some(value / sd(given)?)
            });
            add("over the range of the labels", 1, |value, given| {
                Some(value / range(given)?)
            });
            add("over the mean of the labels", 1, |value, given| {
                Some(value / stats::mean(&given.numbers().ok()?.truth)?)
            });
        }
        "mse" => add("over the variance of the labels", 1, |value, given| {
            Some(value / sd(given)?.powi(2))
        }),
        "mape" | "smape" => add("in per cent", 1, |value, _| Some(100.0 * value)),
        _ => {}
    }
    if stated.input() == Input::Numbers && least == 0.0 && greatest.is_infinite() {
        forms.push(Form::changed(
            stated,
            "summed over the examples",
            2,
            |value, given| Some(value * given.len() as f64),
        ));
    }
    forms
}

/// The standard deviation of the labels, with n in the denominator as NumPy's.
fn sd(given: &Predictions) -> Option<f64> {
    let truth = &given.numbers().ok()?.truth;
    let n = truth.len() as f64;
    let sd = stats::sample_sd(truth)? * ((n - 1.0) / n).sqrt();
    (sd > 0.0).then_some(sd)
}

fn range(given: &Predictions) -> Option<f64> {
    let truth = &given.numbers().ok()?.truth;
    let least = truth.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = truth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (greatest > least).then_some(greatest - least)
}
