//! Every metric by name: what is known of it, and whether it is computed here.
//!
//! The metrics that are computed describe themselves ([`METRICS`]); those that
//! are only known by name stand in `planned`. Names, suggestions and
//! docs/metrics.md read these two lists; there is no third.

use super::counted::Counted;
use super::interval::{Method, wilsons};
use super::planned::PLANNED;
use super::predictions::{Predictions, Rows};
use super::{Direction, MetricInfo, classification, clusters, points, regression, scores};
use super::{boxes, ranking, survival, tags, teds, text};
use crate::reason::Unmeasured;
use crate::stats::Interval;

/// The version of the definitions, part of every signature.
const VERSION: &str = "reproof-1";

/// What is known of a metric, or of a family of metrics with a parameter.
#[derive(Debug)]
pub struct About {
    /// The canonical name. A parameter is one capital letter: `hits@K` (a whole number from 1),
    /// `fbeta@B` (a positive number), `pinball@Q` (between 0 and 1).
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Other names. Case, spaces and punctuation do not matter in any of them.
    pub aliases: &'static [&'static str],
    /// Which way it improves.
    pub direction: Direction,
    /// The least and the greatest value.
    pub range: (f64, f64),
    /// What a model that learnt nothing gets, where that does not depend on the data.
    pub floor: Option<f64>,
    /// The choices that the name leaves open, as in `zero_division=0`; part of the signature.
    pub options: &'static str,
    /// The library whose values are the reference.
    pub reference: &'static str,
    /// Whether it is the share of the examples that have something, so that Wilson's interval is its own.
    pub share: bool,
}

impl About {
    /// A metric between 0 and 1 of which more is better.
    pub(super) const fn higher(name: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            summary,
            aliases: &[],
            direction: Direction::HigherIsBetter,
            range: (0.0, 1.0),
            floor: None,
            options: "",
            reference: "",
            share: false,
        }
    }

    /// An error from 0 upwards of which less is better.
    pub(super) const fn lower(name: &'static str, summary: &'static str) -> Self {
        Self {
            direction: Direction::LowerIsBetter,
            range: (0.0, f64::INFINITY),
            ..Self::higher(name, summary)
        }
    }

    pub(super) const fn aka(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(super) const fn share(mut self) -> Self {
        self.share = true;
        self
    }

    pub(super) const fn range(mut self, least: f64, greatest: f64) -> Self {
        self.range = (least, greatest);
        self
    }

    pub(super) const fn floor(mut self, floor: f64) -> Self {
        self.floor = Some(floor);
        self
    }

    pub(super) const fn options(mut self, options: &'static str) -> Self {
        self.options = options;
        self
    }

    pub(super) const fn reference(mut self, reference: &'static str) -> Self {
        self.reference = reference;
        self
    }

    /// `f1:macro|zero_division=0|v=reproof-1`, with `more` options in between.
    fn signature(&self, name: &str, more: &[String]) -> String {
        let mut parts = vec![name.to_owned()];
        parts.extend((!self.options.is_empty()).then(|| self.options.to_owned()));
        parts.extend_from_slice(more);
        parts.push(format!("v={VERSION}"));
        parts.join("|")
    }
}

/// What a metric is computed from, besides the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A predicted class for each example.
    Classes,
    /// A score for each example, or one for each of its classes.
    Scores,
    /// A predicted number for each example.
    Numbers,
    /// A predicted set of labels for each example.
    LabelSets,
    /// A cluster for each example, whose name has nothing to do with that of the label.
    Clusters,
    /// A cluster for each example, and its features.
    Points,
    /// A ranked list for each query.
    Lists,
    /// A predicted text for each example, and one or more true ones.
    Texts,
    /// A tag for each token of a sentence.
    Tags,
    /// Boxes in images.
    Boxes,
    /// A predicted survival time for each patient, and the observed or censored one.
    Survival,
    /// The log likelihood of each text.
    Likelihoods,
}

/// What stands behind the family in a metric's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Parameter {
    /// Nothing.
    #[default]
    None,
    /// `@K`: a whole number from 1.
    Count(usize),
    /// `@B`, `@Q`, `@T`: a positive number, or one between 0 and 1.
    Number(f64),
    /// `:class=…`: the class that counts as the positive one, among any number of classes.
    Class(String),
}

/// A number computed from predictions and labels: a metric, or a family of them with a parameter.
pub trait Metric: Sync + std::fmt::Debug {
    /// What is known of it.
    fn about(&self) -> &About;

    /// What it is computed from.
    fn input(&self) -> Input;

    /// Whether it tells a positive class from a negative one.
    fn binary(&self) -> bool {
        false
    }

    /// What these predictions decide of its signature, such as the number of references.
    fn chosen(&self, predictions: &Predictions) -> Option<String> {
        let _ = predictions;
        None
    }

    /// Computes the metric over the examples at `rows`, which may repeat.
    ///
    /// Repeats are what makes resampling possible without a second code path.
    ///
    /// # Errors
    ///
    /// When the predictions lack what it is computed from, or where the
    /// reference gives no finite number, such as ROC AUC of a single class.
    fn compute(
        &self,
        predictions: &Predictions,
        rows: Rows<'_>,
        parameter: &Parameter,
    ) -> Result<f64, Unmeasured>;

    /// The metric as a function of how often each row counts, where that is faster than [`Metric::compute`].
    ///
    /// It is only asked for examples without weights.
    fn counted<'a>(&self, predictions: &'a Predictions, parameter: &Parameter) -> Option<Counted<'a>> {
        let _ = (predictions, parameter);
        None
    }

    /// The interval at `level` over independent examples without weights, where a formula gives it.
    fn closed_interval(
        &self,
        predictions: &Predictions,
        parameter: &Parameter,
        level: f64,
    ) -> Option<(Method, Interval)> {
        let _ = (predictions, parameter, level);
        None
    }

    /// What a model that learnt nothing gets on these labels, where that is known.
    ///
    /// It knows the labels of the test set alone, since those of the training
    /// set are not at hand; the true floor lies close by when both splits are alike.
    fn floor(&self, predictions: &Predictions) -> Option<f64> {
        let _ = predictions;
        self.about().floor
    }
}

/// Every metric that is computed, in the order of docs/metrics.md.
pub static METRICS: &[&dyn Metric] = &[
    &classification::ACCURACY,
    &classification::ERROR_RATE,
    &classification::BALANCED_ACCURACY,
    &classification::F1,
    &classification::F1_MACRO,
    &classification::F1_MICRO,
    &classification::F1_WEIGHTED,
    &classification::F1_SAMPLES,
    &classification::PRECISION,
    &classification::PRECISION_MACRO,
    &classification::PRECISION_MICRO,
    &classification::PRECISION_WEIGHTED,
    &classification::PRECISION_SAMPLES,
    &classification::RECALL,
    &classification::RECALL_MACRO,
    &classification::RECALL_MICRO,
    &classification::RECALL_WEIGHTED,
    &classification::RECALL_SAMPLES,
    &classification::FBETA,
    &classification::FBETA_MACRO,
    &classification::FBETA_MICRO,
    &classification::FBETA_WEIGHTED,
    &classification::FBETA_SAMPLES,
    &classification::JACCARD,
    &classification::JACCARD_MACRO,
    &classification::JACCARD_MICRO,
    &classification::JACCARD_WEIGHTED,
    &classification::JACCARD_SAMPLES,
    &classification::HAMMING_LOSS,
    &classification::SPECIFICITY,
    &classification::NPV,
    &classification::INFORMEDNESS,
    &classification::MARKEDNESS,
    &classification::MATTHEWS_CORRCOEF,
    &classification::COHEN_KAPPA,
    &classification::KAPPA_LINEAR,
    &classification::KAPPA_QUADRATIC,
    &scores::ROC_AUC,
    &scores::OVR_MACRO,
    &scores::OVR_WEIGHTED,
    &scores::AUC_MICRO,
    &scores::OVO_MACRO,
    &scores::OVO_WEIGHTED,
    &scores::AVERAGE_PRECISION,
    &scores::AP_MACRO,
    &scores::AP_MICRO,
    &scores::AP_WEIGHTED,
    &scores::KS,
    &scores::GINI,
    &scores::TOP_K_ACCURACY,
    &scores::TOP_K_ERROR,
    &scores::LOG_LOSS,
    &scores::BRIER,
    &scores::ECE,
    &scores::ECE_AT,
    &regression::MAE,
    &regression::MSE,
    &regression::RMSE,
    &regression::RMSLE,
    &regression::MAPE,
    &regression::SMAPE,
    &regression::MASE,
    &regression::MASE_AT,
    &regression::R2,
    &regression::MEDIAN_ABSOLUTE_ERROR,
    &regression::EXPLAINED_VARIANCE,
    &regression::PEARSON,
    &regression::SPEARMAN,
    &regression::KENDALL,
    &regression::CCC,
    &regression::PINBALL,
    &regression::PINBALL_AT,
    &clusters::ADJUSTED_RAND,
    &clusters::NORMALIZED_MUTUAL_INFO,
    &clusters::V_MEASURE,
    &clusters::HOMOGENEITY,
    &clusters::COMPLETENESS,
    &points::SILHOUETTE,
    &ranking::MRR,
    &ranking::MRR_AT,
    &ranking::MEAN_RANK,
    &ranking::HITS_AT,
    &ranking::PRECISION_AT,
    &ranking::RECALL_AT,
    &ranking::NDCG,
    &ranking::NDCG_AT,
    &ranking::NDCG_EXP,
    &ranking::NDCG_EXP_AT,
    &ranking::MAP,
    &ranking::MAP_AT,
    &text::EXACT_MATCH,
    &text::TOKEN_F1,
    &text::BLEU,
    &text::CHRF,
    &text::ROUGE1,
    &text::ROUGE2,
    &text::ROUGEL,
    &text::WER,
    &text::CER,
    &text::PERPLEXITY,
    &tags::ENTITY_F1,
    &tags::ENTITY_F1_MACRO,
    &tags::ENTITY_F1_WEIGHTED,
    &tags::ENTITY_PRECISION,
    &tags::ENTITY_PRECISION_MACRO,
    &tags::ENTITY_PRECISION_WEIGHTED,
    &tags::ENTITY_RECALL,
    &tags::ENTITY_RECALL_MACRO,
    &tags::ENTITY_RECALL_WEIGHTED,
    &boxes::MAP_COCO,
    &boxes::MAP_COCO_AT,
    &survival::CONCORDANCE_INDEX,
    &teds::TEDS,
    &teds::TEDS_STRUCTURE,
];

/// A metric by its full name, parameter included: what `hits@10` or `f1:class=cat` stands for.
#[derive(Clone, Debug)]
pub struct Named {
    info: MetricInfo,
    metric: &'static dyn Metric,
    parameter: Parameter,
}

impl Named {
    /// What is known of it without computing it.
    pub fn info(&self) -> &MetricInfo {
        &self.info
    }

    /// Its canonical name.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// What is known of its family.
    pub fn about(&self) -> &'static About {
        self.metric.about()
    }

    /// What stands behind the family in its name.
    pub fn parameter(&self) -> &Parameter {
        &self.parameter
    }

    /// What it is computed from.
    pub fn input(&self) -> Input {
        self.metric.input()
    }

    /// The value over the examples at `rows`, which may repeat.
    ///
    /// # Errors
    ///
    /// See [`Metric::compute`].
    pub fn compute(&self, predictions: &Predictions, rows: Rows<'_>) -> Result<f64, Unmeasured> {
        self.metric.compute(predictions, rows, &self.parameter)
    }

    pub(super) fn counted<'a>(&self, predictions: &'a Predictions) -> Option<Counted<'a>> {
        self.metric.counted(predictions, &self.parameter)
    }

    pub(super) fn closed_interval(
        &self,
        predictions: &Predictions,
        level: f64,
    ) -> Option<(Method, Interval)> {
        if self.about().share {
            let value = self.compute(predictions, Rows::All).ok()?;
            let trials = predictions.len() as u64;
            return wilsons((value * trials as f64).round() as u64, trials, level);
        }
        self.metric.closed_interval(predictions, &self.parameter, level)
    }

    /// What it is on `predictions`, down to the choices that its name leaves open.
    ///
    /// Two values are comparable only when their signatures are equal.
    pub fn signature(&self, predictions: &Predictions) -> String {
        let chosen = matches!(self.parameter, Parameter::Class(_));
        let positive = (self.metric.binary() && !chosen)
            .then(|| predictions.positive().ok().flatten())
            .flatten();
        let weights = predictions.weights().map(|_| "weights=column".to_owned());
        let sets = predictions.label_sets().is_ok().then(|| "labels=sets".to_owned());
        let more: Vec<_> = positive
            .map(|class| format!("positive={class}"))
            .into_iter()
            .chain(sets)
            .chain(weights)
            .collect();
        let name = match self.metric.chosen(predictions) {
            Some(chosen) => format!("{}|{chosen}", self.name()),
            None => self.name().to_owned(),
        };
        self.metric.about().signature(&name, &more)
    }

    /// What a model that learnt nothing gets on these labels, where that is known.
    ///
    /// See [`Metric::floor`]; docs/metrics.md lists the rules.
    pub fn floor(&self, predictions: &Predictions) -> Option<f64> {
        let known = match self.parameter {
            Parameter::Class(_) => None,
            Parameter::None | Parameter::Count(_) | Parameter::Number(_) => self.metric.floor(predictions),
        };
        known.filter(|floor| floor.is_finite())
    }
}

/// The metrics of a positive class that can be asked of any class.
const PER_CLASS: [&str; 6] = ["f1", "precision", "recall", "jaccard", "specificity", "npv"];

/// The metric called `name`, which may be an alias, if it is computed here.
pub fn metric(name: &str) -> Option<Named> {
    let found = find(name)?;
    Some(Named {
        metric: found.metric?,
        info: found.info,
        parameter: found.parameter,
    })
}

/// What is known of the metric called `name`, which may be an alias (`auc`, `F1-macro`).
pub fn info(name: &str) -> Option<MetricInfo> {
    Some(find(name)?.info)
}

/// What a name stands for.
struct Found {
    info: MetricInfo,
    metric: Option<&'static dyn Metric>,
    parameter: Parameter,
}

fn find(name: &str) -> Option<Found> {
    if let Some((base, class)) = name.split_once(":class=") {
        return of_one_class(base, class);
    }
    let wanted = Wanted::new(name);
    entries().find_map(|(about, metric)| {
        let text = std::iter::once(about.name)
            .chain(about.aliases.iter().copied())
            .find_map(|known| wanted.fits(known))?;
        Some(Found {
            info: known(about, text, metric.is_some()),
            metric,
            parameter: Template::of(about.name).map_or(Parameter::None, |template| template.parameter(text)),
        })
    })
}

/// All canonical names, for suggestions and docs.
pub fn names() -> Vec<String> {
    entries().map(|(about, _)| about.name.to_owned()).collect()
}

fn entries() -> impl Iterator<Item = (&'static About, Option<&'static dyn Metric>)> {
    let computed = METRICS.iter().map(|metric| (metric.about(), Some(*metric)));
    computed.chain(PLANNED.iter().map(|about| (about, None)))
}

fn known(about: &About, parameter: &str, computed: bool) -> MetricInfo {
    let name = match Template::of(about.name) {
        Some(template) => format!("{}@{parameter}{}", template.base, template.rest),
        None => about.name.to_owned(),
    };
    MetricInfo {
        name,
        direction: about.direction,
        range: about.range,
        floor: about.floor,
        computed,
    }
}

/// `f1:class=cat`: one class of a multi-class metric. The class keeps its case.
fn of_one_class(base: &str, class: &str) -> Option<Found> {
    let (found, class) = (find(base)?, class.trim());
    let per_class = PER_CLASS.contains(&found.info.name.as_str());
    (per_class && !class.is_empty()).then(|| Found {
        info: MetricInfo {
            name: format!("{}:class={class}", found.info.name),
            ..found.info
        },
        parameter: Parameter::Class(class.to_owned()),
        ..found
    })
}

/// A name reduced to what matters: lower-case letters and digits, and the parameter apart.
struct Wanted {
    key: String,
    at: Option<(String, String)>,
}

impl Wanted {
    fn new(name: &str) -> Self {
        let name = name
            .trim()
            .to_lowercase()
            .replace([' ', '_'], "-")
            .replace("-at-", "@");
        let name = spelled_out(&name).unwrap_or(name);
        let at = name
            .split_once('@')
            .map(|(base, rest)| (key(base), rest.to_owned()));
        Self { key: key(&name), at }
    }

    /// The parameter (empty without one) if this is `known`, a name or an alias.
    fn fits(&self, known: &str) -> Option<&str> {
        let Some(template) = Template::of(known) else {
            return (self.at.is_none() && self.key == key(known)).then_some("");
        };
        let (base, rest) = self.at.as_ref()?;
        if *base != key(template.base) {
            return None;
        }
        let (parameter, rest) = rest.split_at(rest.find([':', '-']).unwrap_or(rest.len()));
        (key(rest) == key(template.rest) && template.accepts(parameter)).then_some(parameter)
    }
}

/// `top-5-accuracy`, `f0.5` and `ap50` in the form with `@`.
fn spelled_out(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("top") {
        let rest = rest.trim_start_matches('-');
        let (k, of) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let of = of.trim_start_matches('-');
        if is_count(k) && ["accuracy", "acc", "error"].contains(&of) {
            return Some(top(k, of));
        }
    }
    match name {
        "accuracy@1" | "acc@1" | "top-k-accuracy@1" => Some("accuracy".to_owned()),
        "top-k-error@1" => Some("error-rate".to_owned()),
        "fbeta@1" | "fbeta@1.0" => Some("f1".to_owned()),
        "f2" => Some("fbeta@2".to_owned()),
        "f0.5" => Some("fbeta@0.5".to_owned()),
        "ap50" | "map50" => Some("map:coco@0.5".to_owned()),
        "ap75" | "map75" => Some("map:coco@0.75".to_owned()),
        _ => None,
    }
}

fn top(k: &str, of: &str) -> String {
    match (k, of) {
        ("1", "error") => "error-rate".to_owned(),
        ("1", _) => "accuracy".to_owned(),
        (_, "error") => format!("top-k-error@{k}"),
        _ => format!("top-k-accuracy@{k}"),
    }
}

fn key(name: &str) -> String {
    let name = name.replace('²', "2").replace('ρ', "rho").replace('τ', "tau");
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// `hits@K` in its parts.
struct Template<'a> {
    base: &'a str,
    letter: char,
    rest: &'a str,
}

impl<'a> Template<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let (base, rest) = name.split_once('@')?;
        let letter = rest.chars().next()?;
        Some(Self {
            base,
            letter,
            rest: &rest[letter.len_utf8()..],
        })
    }

    /// What an accepted text says.
    fn parameter(&self, text: &str) -> Parameter {
        match self.letter {
            'K' => text.parse().map_or(Parameter::None, Parameter::Count),
            _ => text.parse().map_or(Parameter::None, Parameter::Number),
        }
    }

    fn accepts(&self, parameter: &str) -> bool {
        let number = || plain_decimal(parameter);
        match self.letter {
            'K' => is_count(parameter),
            'B' => number().is_some_and(|beta| beta > 0.0),
            _ => number().is_some_and(|share| share > 0.0 && share < 1.0),
        }
    }
}

/// A whole number from 1, as one would print it.
fn is_count(text: &str) -> bool {
    let digits = !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    digits && !text.starts_with('0')
}

fn plain_decimal(text: &str) -> Option<f64> {
    let plain = text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if plain { text.parse().ok() } else { None }
}

/// The table of docs/metrics.md, in Markdown.
pub fn markdown() -> String {
    let mut text = String::from(
        "| name | what it is | also called | better | range | floor | signature | reference | computed |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (about, metric) in entries() {
        text.push_str(&row(about, metric.is_some()));
    }
    text
}

fn row(about: &About, computed: bool) -> String {
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
    let aliases: Vec<_> = about.aliases.iter().copied().map(code).collect();
    let cells = [
        code(about.name),
        about.summary.to_owned(),
        aliases.join(", "),
        match about.direction {
            Direction::HigherIsBetter => "higher",
            Direction::LowerIsBetter => "lower",
        }
        .to_owned(),
        format!("{} … {}", bound(about.range.0), bound(about.range.1)),
        about.floor.map_or("–".to_owned(), |floor| floor.to_string()),
        if computed {
            code(&about.signature(about.name, &[]))
        } else {
            "–".to_owned()
        },
        about.reference.to_owned(),
        if computed { "yes" } else { "not yet" }.to_owned(),
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn bound(value: f64) -> String {
    if value.is_infinite() {
        if value > 0.0 { "∞" } else { "−∞" }.to_owned()
    } else {
        value.to_string()
    }
}
