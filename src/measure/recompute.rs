//! Several metrics of the same predictions and labels, by themselves: no paper, no claim.
//!
//! The files are read once for all metrics. Where they lack what one of them
//! needs, the others are computed all the same.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::dialect::{Explanation, nearest, readings};
use super::interval::{MetricInterval, interval};
use super::predictions::{Predictions, Request, Rows, Truth, indicators, plain, read};
use super::registry::{Input, Named, metric};
use crate::reason::Unmeasured;
use crate::stats::BootstrapError;
use crate::table::{Table, TableFile};

/// How many labels are looked at to tell classes from numbers.
const LOOKED_AT: usize = 10_000;

/// More different whole numbers than this among the labels that are looked at are numbers, not classes.
const MOST_CLASSES: usize = 50;

/// What a metric is on these predictions and labels.
#[derive(Clone, Debug)]
pub struct Recomputed {
    /// The metric.
    pub metric: Named,
    /// Its value, or why there is none.
    pub value: Result<f64, Unmeasured>,
    /// What exactly was computed; `None` without a value.
    pub signature: Option<String>,
    /// What a model that learnt nothing gets on these labels, where that is known.
    pub floor: Option<f64>,
    /// Its interval over the examples, or why there is none; `None` where it was not asked for.
    pub interval: Option<Result<MetricInterval, BootstrapError>>,
    /// Which readings of its name give the claimed number; `None` where none was given, or none does.
    pub explanation: Option<Explanation>,
}

/// What is asked of each metric beyond its value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beyond {
    /// The level of its interval over the examples, such as 0.95.
    pub level: Option<f64>,
    /// A number that is said to be the metric, and half a unit of its last place.
    pub claimed: Option<(f64, f64)>,
}

/// Metrics of the same predictions and labels.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The number of examples; `None` where nothing could be read.
    pub examples: Option<usize>,
    /// The metrics, in the order in which they were asked for.
    pub metrics: Vec<Recomputed>,
    /// What a reader should know about how predictions and labels came together.
    pub notes: Vec<String>,
}

/// Reads predictions and labels once and computes all metrics of `request`, on all processors.
///
/// # Errors
///
/// When the files allow none of the metrics, all for the same reason.
pub fn recompute(request: &Request<'_>, beyond: Beyond) -> Result<Outcome, Unmeasured> {
    if let Ok(predictions) = read(request) {
        return Ok(computed(request, &predictions, beyond));
    }
    // One metric may ask for what the file does not have: each kind is read on its own.
    let mut outcome = Outcome {
        examples: None,
        metrics: Vec::new(),
        notes: Vec::new(),
    };
    let mut notes = Notes::default();
    for named in request.metrics {
        let metrics = std::slice::from_ref(named);
        let alone = read(&Request { metrics, ..*request });
        match alone {
            Ok(predictions) => {
                let mut one = computed(&Request { metrics, ..*request }, &predictions, beyond);
                outcome.examples = outcome.examples.max(one.examples);
                outcome.metrics.append(&mut one.metrics);
                notes.add(named.name(), one.notes);
            }
            Err(why) => outcome.metrics.push(Recomputed {
                metric: named.clone(),
                value: Err(why),
                signature: None,
                floor: None,
                interval: None,
                explanation: None,
            }),
        }
    }
    outcome.notes = notes.listed();
    match (
        outcome.examples,
        outcome.metrics.first().map(|first| &first.value),
    ) {
        (None, Some(Err(first))) if outcome.metrics.iter().all(|one| one.value.as_ref() == Err(first)) => {
            Err(first.clone())
        }
        _ => Ok(outcome),
    }
}

/// Notes of several readings of the same files.
#[derive(Debug, Default)]
struct Notes<'a> {
    readings: usize,
    /// Each note with the metrics in whose reading it was taken.
    of: Vec<(String, Vec<&'a str>)>,
}

impl<'a> Notes<'a> {
    fn add(&mut self, metric: &'a str, notes: Vec<String>) {
        self.readings += 1;
        for note in notes {
            match self.of.iter_mut().find(|(known, _)| *known == note) {
                Some((_, metrics)) => metrics.push(metric),
                None => self.of.push((note, vec![metric])),
            }
        }
    }

    /// One line a note, behind the metrics that it concerns where it does not concern all.
    fn listed(self) -> Vec<String> {
        let line = |(note, metrics): (String, Vec<&str>)| {
            if metrics.len() == self.readings {
                return note;
            }
            let metrics: Vec<_> = metrics.iter().map(|metric| format!("`{metric}`")).collect();
            format!("{}: {note}", metrics.join(", "))
        };
        self.of.into_iter().map(line).collect()
    }
}

fn computed(request: &Request<'_>, predictions: &Predictions, beyond: Beyond) -> Outcome {
    let rich = beyond.claimed.and_then(|_| richly(request));
    let one = |metric: &Named| {
        let value = metric.compute(predictions, Rows::All);
        let explain = |(number, half_unit)| {
            let readings = readings(metric, rich.as_ref().unwrap_or(predictions));
            nearest(&readings, number, half_unit)
        };
        Recomputed {
            metric: metric.clone(),
            signature: value.is_ok().then(|| metric.signature(predictions)),
            floor: metric.floor(predictions),
            interval: beyond
                .level
                .filter(|_| value.is_ok())
                .map(|level| interval(metric, predictions, level)),
            explanation: beyond.claimed.and_then(explain),
            value,
        }
    };
    Outcome {
        examples: Some(predictions.len()),
        metrics: request.metrics.par_iter().map(one).collect(),
        notes: predictions.notes().to_vec(),
    }
}

/// The predictions with their classes and their scores, where they have both: what readings are made of.
pub(super) fn richly(request: &Request<'_>) -> Option<Predictions> {
    let more = [metric("accuracy"), metric("roc_auc")];
    let metrics: Vec<Named> = request
        .metrics
        .iter()
        .cloned()
        .chain(more.into_iter().flatten())
        .collect();
    let metrics = metrics.as_slice();
    read(&Request { metrics, ..*request }).ok()
}

/// The metrics that suit sets of labels.
const OF_SETS: [&str; 5] = ["accuracy", "hamming_loss", "f1:micro", "f1:macro", "f1:samples"];

/// What boxes have, of which `prediction` is the class.
const BOX: &str = "y_max";

/// Columns that predictions of one kind have, in place of `prediction`, with the metrics that suit it.
const OF_COLUMNS: [(&str, &[&str]); 5] = [
    (BOX, &["map:coco", "map:coco@0.5"]),
    ("item", &["mrr", "map", "ndcg"]),
    ("rank", &["mrr", "hits@1", "hits@10"]),
    ("nll", &["perplexity"]),
    ("log_prob", &["perplexity"]),
];

/// Whether the labels must say which of their columns is the label.
///
/// Not where they are a single array, where the predictions have columns `label_<class>` in its stead, or where every
/// metric does without.
pub fn target_needed(request: &Request<'_>) -> bool {
    let without = |metric: &Named| metric.input() == Input::Points;
    let all_without = !request.metrics.is_empty() && request.metrics.iter().all(without);
    // A file that cannot be read says so when it is read.
    !(request.truth.file.is_array() || all_without || indicators(request).unwrap_or(true))
}

/// The metrics that suit the files of `request`, by the columns of the predictions and the first labels.
///
/// Classes or numbers, two classes or more, a prediction or scores or both; sets of labels, lists, boxes and
/// likelihoods. Texts, tags and times cannot be told from classes.
///
/// # Errors
///
/// When a file cannot be read, or has none of the columns.
pub fn suitable(request: &Request<'_>) -> Result<Vec<Named>, Unmeasured> {
    if plain(request) {
        return Ok(OF_SETS.iter().filter_map(|name| metric(name)).collect());
    }
    let has = |standard: &str| -> Result<bool, Unmeasured> {
        let name = request.columns.get(standard).map_or(standard, String::as_str);
        let table = Table::open(request.predictions, &[name])?;
        Ok(table.find(name)?.is_some())
    };
    // A lone array has whatever column is asked for.
    for (column, names) in OF_COLUMNS.iter().filter(|_| !request.predictions.is_array()) {
        if has(column)? && (*column == BOX || !has("prediction")?) {
            return Ok(names.iter().filter_map(|name| metric(name)).collect());
        }
    }
    let labels = Labels::of(request.truth, request.target)?;
    let mut names: Vec<&str> = Vec::new();
    if labels == Labels::Numbers && request.train.is_some() {
        names.push("mase");
    }
    if has("prediction")? || labels == Labels::Numbers {
        names.extend(labels.of_predictions());
    }
    let per_class = || -> Result<bool, Unmeasured> {
        let table = Table::open(request.predictions, &["score"])?;
        let scored = |name: &String| name.starts_with("score_");
        Ok(table.matrix() || table.names().iter().chain(request.columns.keys()).any(scored))
    };
    // A lone array is whatever is asked for; as classes it is a prediction.
    let lone = request.predictions.is_array() && !names.is_empty();
    if labels != Labels::Numbers && !lone && (has("score")? || per_class()?) {
        names.extend(labels.of_scores());
    }
    if names.is_empty() {
        names.extend(labels.of_predictions());
    }
    Ok(names.into_iter().filter_map(metric).collect())
}

/// What the labels seem to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Labels {
    Numbers,
    TwoClasses,
    Classes,
}

impl Labels {
    fn of(truth: &Truth, target: Option<&str>) -> Result<Self, Unmeasured> {
        let target = target.or(truth.target.as_deref()).unwrap_or("label");
        let table = Table::open(&truth.file, &[target])?;
        let column = table.column(target)?;
        let mut met = BTreeSet::new();
        let (mut left, mut numbers, mut fractions) = (LOOKED_AT, true, false);
        table.each(&[column], |_, row| {
            let text = row.cell(column).ok().flatten().unwrap_or_default();
            if !met.contains(text) {
                let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
                numbers &= number.is_some();
                fractions |= number.is_some_and(|number| number.fract() != 0.0);
                met.insert(text.to_owned());
            }
            left -= 1;
            Ok(left > 0)
        })?;
        Ok(match met.len() {
            classes if numbers && (fractions || classes > MOST_CLASSES) => Self::Numbers,
            0..=2 => Self::TwoClasses,
            _ => Self::Classes,
        })
    }

    fn of_predictions(self) -> &'static [&'static str] {
        match self {
            Self::Numbers => &["mae", "rmse", "r2"],
            Self::TwoClasses => &[
                "accuracy",
                "balanced_accuracy",
                "f1",
                "precision",
                "recall",
                "f1:macro",
                "matthews_corrcoef",
            ],
            Self::Classes => &[
                "accuracy",
                "balanced_accuracy",
                "f1:macro",
                "f1:weighted",
                "matthews_corrcoef",
            ],
        }
    }

    fn of_scores(self) -> &'static [&'static str] {
        match self {
            Self::Numbers => &[],
            Self::TwoClasses => &["roc_auc", "average_precision", "log_loss", "brier"],
            Self::Classes => &["log_loss", "brier"],
        }
    }
}

/// Where both files have ids: the column `named`, or `id` where neither is named and both have one.
///
/// # Errors
///
/// When a file cannot be read.
pub fn shared_id(
    predictions: &TableFile,
    truth: &TableFile,
    named: Option<&str>,
) -> Result<Option<String>, Unmeasured> {
    if let Some(name) = named {
        return Ok(Some(name.to_owned()));
    }
    for file in [predictions, truth] {
        // A single array would be called by whatever name it is asked for.
        let wanted: &[&str] = if file.is_array() { &[] } else { &["id"] };
        let table = Table::open(file, wanted)?;
        if table.find("id")?.is_none() {
            return Ok(None);
        }
    }
    Ok(Some("id".to_owned()))
}
