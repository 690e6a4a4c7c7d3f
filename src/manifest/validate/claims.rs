//! The claims: whether a number can be what the paper says, and where it is measured.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::super::problem::{Problem, ProblemKind, quoted};
use super::super::reader::{At, Maybe, Section as _, listed, nearest};
use super::super::scalar::{Better, Line, Number, POINTS_OF_NOTHING, RelativePath, Slack};
use super::super::{
    Claim, Extraction, MODEL_OUTPUT, Pick, Printed, Reading, RowPick, Subject, TableFormat, TextSource,
    Tolerance, Unit, raw,
};
use super::parts::{flag, text};
use super::{Checker, entries, lines, test_set};
use crate::measure::{self, Direction, MetricInfo};

/// How large a share of the claim a tolerance may be before it is remarked on.
const WIDE: f64 = 0.25;

/// The columns of a predictions file that can have another name; `score_CLASS` too.
const COLUMNS: [&str; 17] = [
    "id",
    "prediction",
    "score",
    "group",
    "weight",
    "rank",
    "item",
    "relevance",
    "event",
    "log_prob",
    "nll",
    "tokens",
    "x_min",
    "y_min",
    "x_max",
    "y_max",
    "iscrowd",
];

/// What is known of a claim's metric.
struct Metric {
    name: String,
    direction: Direction,
    info: Option<MetricInfo>,
}

impl Checker<'_, '_> {
    pub(super) fn all_claims(&mut self) -> Option<Vec<Claim>> {
        let list = self.raw.claims.as_ref()?;
        if list.is_empty() {
            let problem = Problem::new(ProblemKind::MissingKey, &list.span, "there is no claim");
            self.report(problem.label("needs at least one claim"));
        }
        self.check_weights();
        let claims: Vec<_> = list.iter().map(|claim| self.claim(&claim.value)).collect();
        let mut claims: Vec<_> = claims.into_iter().collect::<Option<_>>()?;
        if !claims.iter().any(|claim: &Claim| claim.primary) {
            self.make_all_primary(&mut claims);
        }
        Some(claims)
    }

    /// A score needs a claim that weighs something.
    fn check_weights(&mut self) {
        let weights = entries(&self.raw.claims).map(|claim| claim.weight.as_ref());
        let zero: Option<Vec<_>> = weights
            .map(|weight| weight.filter(|weight| weight.value.0 == 0.0))
            .collect();
        if let Some(weight) = zero.as_ref().and_then(|weights| weights.first()) {
            let problem = self.impossible(&weight.span, "no claim weighs anything, so there is no score");
            self.report(problem.hint("leave `weight` out: it is 1"));
        }
    }

    fn make_all_primary(&mut self, claims: &mut [Claim]) {
        claims.iter_mut().for_each(|claim| claim.primary = true);
        let first = entries(&self.raw.claims).find_map(|claim| claim.id.as_ref());
        if let (Some(first), true) = (first, claims.len() > 1) {
            let problem = Problem::new(
                ProblemKind::NoPrimary,
                &first.span,
                "no claim is primary, so all are",
            );
            self.report(problem.hint("write `primary = true` in those that the verdict is to rest on"));
        }
    }

    fn claim(&mut self, claim: &raw::Claim) -> Option<Claim> {
        if claim.compare.is_some() || claim.is_broken("compare") {
            return self.comparison(claim);
        }
        test_set::problems(claim).for_each(|problem| self.report(problem));
        let metric = self.metric(claim);
        let value = claim.value.as_ref();
        let floor = claim.floor.as_ref();
        if let Some(metric) = &metric {
            self.check_numbers(metric, value, floor);
        }
        let tolerance = match (&claim.tolerance, value) {
            (Some(tolerance), Some(value)) => self.tolerance(tolerance, &value.value.0).map(Some),
            (Some(_), None) => None,
            (None, _) => Some(None),
        };
        let step = self.steps.resolve_line(&claim.step, self.problems);
        let measure = claim
            .measure
            .as_ref()
            .and_then(|measure| self.extraction(measure, claim));
        let reported = match &claim.reported {
            Some(reported) => self.reported(reported, claim).map(Some),
            None => Some(None),
        };
        if let (Some(metric), Some(measure)) = (&metric, claim.measure.as_ref()) {
            self.check_blindness(metric, measure);
        }
        let metric = metric?;
        Some(Claim {
            id: claim.id.as_ref()?.value.0.clone(),
            statement: claim.statement.as_ref()?.value.0.clone(),
            location: text(&claim.r#where),
            metric: metric.name,
            direction: metric.direction,
            value: value?.value.0.clone(),
            runs: claim.runs.as_ref().map(|runs| runs.value.small()),
            examples: claim.examples.as_ref().map(|examples| examples.value.0),
            positives: claim.positives.as_ref().map(|positives| positives.value.0),
            classes: claim.classes.as_ref().map(|classes| classes.value.small()),
            supports: test_set::supports(claim),
            model: text(&claim.model),
            split: text(&claim.split),
            primary: flag(&claim.primary),
            weight: claim.weight.as_ref().map_or(1.0, |weight| weight.value.0),
            tolerance: tolerance?,
            floor: floor.map(|floor| floor.value.0.value),
            subject: Subject::Measured(Box::new(Reading {
                step: step?,
                measure: measure?,
                reported: reported?,
            })),
            drivers: lines(&claim.drivers),
        })
    }

    /// The metric and its direction, from the registry or from the claim.
    fn metric(&mut self, claim: &raw::Claim) -> Option<Metric> {
        let name = claim.metric.as_ref()?;
        let info = measure::info(&name.value.0);
        let said = claim.direction.as_ref().map(|direction| match direction.value {
            Better::Higher => Direction::HigherIsBetter,
            Better::Lower => Direction::LowerIsBetter,
        });
        let direction = match (info.as_ref().map(|info| info.direction), said) {
            (Some(known), Some(said)) if known != said => {
                let span = claim
                    .direction
                    .as_ref()
                    .map_or(&name.span, |direction| &direction.span);
                let message = format!("{} improves the other way", quoted(&name.value.0));
                let problem = Problem::new(ProblemKind::Conflict, span, message);
                self.report(problem.hint("leave `direction` out: reproof knows this metric"));
                return None;
            }
            (Some(direction), _) | (None, Some(direction)) => direction,
            (None, None) => {
                self.report(unknown_metric(name));
                return None;
            }
        };
        Some(Metric {
            name: info
                .as_ref()
                .map_or_else(|| name.value.0.clone(), |info| info.name.clone()),
            direction,
            info,
        })
    }

    /// Reports a value or floor that the metric cannot have, or that leaves nothing to score.
    fn check_numbers(&mut self, metric: &Metric, value: Option<&At<Number>>, floor: Option<&At<Number>>) {
        if let Some(info) = &metric.info {
            let problems: Vec<_> = [value, floor]
                .into_iter()
                .flatten()
                .filter_map(|number| out_of_range(&number.value.0, info, &number.span))
                .collect();
            if !problems.is_empty() {
                problems.into_iter().for_each(|problem| self.report(problem));
                return;
            }
        }
        let Some(value) = value else { return };
        let floor_value = floor
            .map(|floor| floor.value.0.value)
            .or(metric.info.as_ref().and_then(|info| info.floor));
        if let Some(message) = nothing_to_score(value.value.0.value, floor_value, metric.direction) {
            let span = floor.map_or(&value.span, |floor| &floor.span);
            let problem = self.impossible(span, message);
            self.report(
                problem.hint("`floor` is what a model gets that learnt nothing; the claim must be better"),
            );
        }
    }

    pub(super) fn tolerance(&mut self, slack: &At<Slack>, value: &Printed) -> Option<Tolerance> {
        let Some(tolerance) = slack.value.0.around(value) else {
            let problem = Problem::new(ProblemKind::BadNumber, &slack.span, POINTS_OF_NOTHING);
            self.report(problem.hint("write the tolerance in the unit of the value, such as `0.005`"));
            return None;
        };
        self.warn_of_wide_tolerance(tolerance, value, &slack.span);
        Some(tolerance)
    }

    fn warn_of_wide_tolerance(&mut self, tolerance: Tolerance, value: &Printed, span: &Range<usize>) {
        let relative = tolerance.relative.unwrap_or(0.0) * value.value.abs();
        let margin = tolerance.absolute.unwrap_or(0.0).max(relative);
        if margin <= WIDE * value.value.abs() {
            return;
        }
        let (low, high) = (
            value.format(value.value - margin),
            value.format(value.value + margin),
        );
        let message = format!("the tolerance accepts everything from {low} to {high}");
        let problem = Problem::new(ProblemKind::WideTolerance, span, message);
        self.report(problem.hint("write `0.5 points` for half a point, `1 %` for a hundredth of the claim"));
    }

    /// What the code says of itself; recomputing is what it is compared with.
    fn reported(&mut self, reported: &At<raw::Extraction>, claim: &raw::Claim) -> Option<Extraction> {
        if let raw::Extraction::Predictions(_) = &reported.value {
            let message = "predictions are not the code's own word on its metric";
            let problem = Problem::new(ProblemKind::Conflict, &reported.span, message);
            self.report(problem.hint("`reported` reads a number that the code prints or writes"));
            return None;
        }
        self.extraction(reported, claim)
    }

    /// Reports predictions that cannot be scored; remarks on the code's own word where they could be.
    fn check_blindness(&mut self, metric: &Metric, measure: &At<raw::Extraction>) {
        let computed = metric.info.as_ref().is_some_and(|info| info.computed);
        let recomputes = matches!(measure.value, raw::Extraction::Predictions(_));
        if recomputes && !computed {
            let message = format!(
                "reproof cannot recompute {} from predictions",
                quoted(&metric.name)
            );
            let problem = Problem::new(ProblemKind::Conflict, &measure.span, message);
            self.report(
                problem.hint("read what the code says: `{ stdout = '…' }`, `{ json = …, pointer = … }`"),
            );
        } else if computed && !recomputes {
            let message = format!("{} is taken from the code's own word", quoted(&metric.name));
            let problem = Problem::new(ProblemKind::OwnWord, &measure.span, message);
            self.report(problem.hint(
                "`{ predictions = \"…\", truth = \"…\" }` recomputes it from predictions and our own copy of the labels",
            ));
        }
    }

    fn extraction(&mut self, extraction: &At<raw::Extraction>, claim: &raw::Claim) -> Option<Extraction> {
        match &extraction.value {
            raw::Extraction::Predictions(from) => self.predictions(from, claim),
            raw::Extraction::Stdout(from) => {
                pattern(TextSource::Stdout, from.stdout.as_ref()?, &from.pick, &from.unit)
            }
            raw::Extraction::Stderr(from) => {
                pattern(TextSource::Stderr, from.stderr.as_ref()?, &from.pick, &from.unit)
            }
            raw::Extraction::Text(from) => {
                let file = self.output(&from.text, claim);
                pattern(
                    TextSource::File(file?),
                    from.pattern.as_ref()?,
                    &from.pick,
                    &from.unit,
                )
            }
            raw::Extraction::Json(from) => {
                let file = self.output(&from.json, claim);
                Some(Extraction::Json {
                    file: file?,
                    pointer: from.pointer.as_ref()?.value.0.clone(),
                    unit: unit(&from.unit),
                })
            }
            raw::Extraction::Csv(from) => {
                let file = self.output(&from.csv, claim);
                Some(Extraction::Csv {
                    file: file?,
                    column: text(&from.column)?,
                    row: row(&from.row),
                    unit: unit(&from.unit),
                })
            }
        }
    }

    fn predictions(&mut self, from: &raw::FromPredictions, claim: &raw::Claim) -> Option<Extraction> {
        let file = self.output(&from.predictions, claim);
        let truth = self.data.resolve_line(&from.truth, self.problems);
        if from.target.is_none() {
            self.need_target(&from.truth);
        }
        let mut columns = BTreeMap::new();
        for (name, column) in from.columns.iter().flat_map(|table| &table.value.0) {
            if !COLUMNS.contains(&name.as_str()) && name.strip_prefix("score_").is_none_or(str::is_empty) {
                self.report(unknown_column(name));
            }
            columns.insert(name.value.clone(), column.value.0.clone());
        }
        Some(Extraction::Predictions {
            file: file?,
            truth: truth?,
            target: text(&from.target),
            columns,
            positive: from.positive.as_ref().map(|positive| positive.value.0.clone()),
        })
    }

    /// Reports labels of which nobody says in which column they are.
    fn need_target(&mut self, truth: &Maybe<Line>) {
        let Some(truth) = truth else { return };
        let named = |data: &&At<raw::Data>| data.id.as_ref().is_some_and(|id| id.value.0 == truth.value.0);
        let Some(data) = entries(&self.raw.data).find(named) else {
            return;
        };
        let array = data
            .format
            .as_ref()
            .is_some_and(|format| format.value == TableFormat::Npy)
            || data
                .source
                .as_ref()
                .is_some_and(|source| source.value.0.ends_with(".npy"));
        if data.target.is_none() && !data.is_broken("target") && !array {
            let message = format!(
                "nothing says in which column of {} the labels are",
                quoted(&truth.value.0)
            );
            let problem = Problem::new(ProblemKind::MissingKey, &truth.span, message);
            self.report(problem.hint("add `target = \"COLUMN\"` to the data set, or here"));
        }
    }

    /// The output file that a claim is read from, or a report that its step does not keep it.
    fn output(&mut self, file: &Maybe<RelativePath>, claim: &raw::Claim) -> Option<String> {
        let file = file.as_ref()?;
        let Some(step) = self
            .raw_step(&claim.step)
            .filter(|step| !step.is_broken("outputs"))
        else {
            return Some(file.value.0.clone());
        };
        let mut outputs: Vec<&str> = entries(&step.outputs)
            .map(|output| output.value.0.as_str())
            .collect();
        if outputs.is_empty() && step.model.is_some() {
            outputs.push(MODEL_OUTPUT);
        }
        if !outputs
            .iter()
            .any(|output| Path::new(&file.value.0).starts_with(output))
        {
            let message = format!("{} is not among the outputs of its step", quoted(&file.value.0));
            let problem = Problem::new(ProblemKind::DanglingReference, &file.span, message);
            self.report(match nearest(&file.value.0, &outputs) {
                Some(near) => problem.label(format!("did you mean `{near}`?")),
                None if outputs.is_empty() => problem.hint("add it to the step's `outputs`"),
                None => problem.hint(format!(
                    "add it to the step's `outputs`, which are {}",
                    listed(&outputs)
                )),
            });
        }
        Some(file.value.0.clone())
    }

    /// Reports a baseline that its claim's metric cannot have.
    pub(super) fn refuse_impossible_baseline(&mut self, claim: &str, value: &At<Number>) {
        let mut claims = entries(&self.raw.claims);
        let named = claims.find(|entry| entry.id.as_ref().is_some_and(|id| id.value.0 == claim));
        if let Some(problem) = named.and_then(|claim| compared_baseline(&claim.value, &value.span)) {
            self.report(problem);
            return;
        }
        let metric = named.and_then(|claim| claim.metric.as_ref());
        let info = metric.and_then(|metric| measure::info(&metric.value.0));
        if let Some(problem) = info.and_then(|info| out_of_range(&value.value.0, &info, &value.span)) {
            self.report(problem);
        }
    }
}

/// The problem of a baseline for a claim that has no value of its own.
fn compared_baseline(claim: &raw::Claim, span: &Range<usize>) -> Option<Problem> {
    claim.compare.as_ref()?;
    let message = "a comparison has no value that a baseline could be held against";
    let problem = Problem::new(ProblemKind::Conflict, span, message);
    Some(problem.hint("name the claim that is said to be better"))
}

fn unknown_metric(name: &At<Line>) -> Problem {
    let message = format!("unknown metric {}", quoted(&name.value.0));
    let problem = Problem::new(ProblemKind::UnknownMetric, &name.span, message);
    let problem = match nearest(&name.value.0, &measure::names()) {
        Some(near) => problem.label(format!("did you mean `{near}`?")),
        None => problem.label("not in the registry"),
    };
    problem.hint(
        "a metric of the paper's own says which way it improves: `direction = \"higher\"` or `\"lower\"`",
    )
}

/// The problem of a number that the metric cannot have.
pub(super) fn out_of_range(number: &Printed, info: &MetricInfo, span: &Range<usize>) -> Option<Problem> {
    const EDGE: f64 = 1e-9;
    let (low, high) = info.range;
    let within = |value: f64| value >= low - EDGE && value <= high + EDGE;
    if within(number.value) {
        return None;
    }
    let message = format!("{} cannot be {}", quoted(&info.name), quoted(&number.text));
    let label = match (low.is_finite(), high.is_finite()) {
        (true, true) => format!("expected {low} to {high}"),
        (true, false) => format!("expected {low} or more"),
        (false, _) => format!("expected {high} or less"),
    };
    let problem = Problem::new(ProblemKind::ImpossibleValue, span, message).label(label);
    if !number.percent && within(number.value / 100.0) {
        return Some(problem.hint(format!("write `\"{} %\"`", number.text)));
    }
    Some(problem)
}

/// Why a claim of `value` cannot be scored; `None` when it can.
fn nothing_to_score(value: f64, floor: Option<f64>, direction: Direction) -> Option<String> {
    const EDGE: f64 = 1e-12;
    let Some(floor) = floor else {
        return (value == 0.0)
            .then(|| "a share of zero cannot be reached: say what the `floor` is".to_owned());
    };
    let gain = match direction {
        Direction::HigherIsBetter => value - floor,
        Direction::LowerIsBetter => floor - value,
    };
    (gain <= EDGE).then(|| format!("the claim is not better than its floor of {floor}"))
}

fn unknown_column(name: &At<String>) -> Problem {
    let message = format!("unknown column {}", quoted(&name.value));
    let problem = Problem::new(ProblemKind::UnknownKey, &name.span, message);
    match nearest(&name.value, &COLUMNS) {
        Some(near) => problem.label(format!("did you mean `{near}`?")),
        None => problem.hint(format!("columns are {} and `score_CLASS`", listed(&COLUMNS))),
    }
}

fn pattern(
    text: TextSource,
    pattern: &At<super::super::scalar::Pattern>,
    pick: &Maybe<Pick>,
    unit_of: &Maybe<Unit>,
) -> Option<Extraction> {
    Some(Extraction::Pattern {
        text,
        pattern: pattern.value.0.clone(),
        pick: pick.as_ref().map_or(Pick::Only, |pick| pick.value),
        unit: unit(unit_of),
    })
}

fn unit(unit: &Maybe<Unit>) -> Unit {
    unit.as_ref().map_or(Unit::Native, |unit| unit.value)
}

fn row(row: &Maybe<raw::Row>) -> RowPick {
    match row.as_ref().map(|row| &row.value) {
        None => RowPick::Pick(Pick::Only),
        Some(raw::Row::Pick(pick)) => RowPick::Pick(*pick),
        Some(raw::Row::Index(index)) => RowPick::Index(index.0),
        Some(raw::Row::Where(cells)) => {
            let cell = |(name, cell): &(At<String>, At<super::super::scalar::Word>)| {
                (name.value.clone(), cell.value.0.clone())
            };
            RowPick::Where(cells.0.iter().map(cell).collect())
        }
    }
}
