//! `reproof metrics`: metrics of predictions and labels that are at hand, without a manifest.

use std::collections::BTreeMap;
use std::path::Path;

use reproof::manifest::Printed;
use reproof::measure::dialect::Explanation;
use reproof::measure::predictions::Request;
use reproof::measure::recompute::{
    Beyond, Outcome, Recomputed, recompute, shared_id, suitable, target_needed,
};
use reproof::measure::{self, MetricInterval, Named, Side, TableFile, Truth};
use reproof::observe::{Event, Observer as _};
use reproof::reason::Unmeasured;
use reproof::report::{Look, one_line, table};
use reproof::stats::BootstrapError;
use serde_json::{Map, Value, json};

use super::exit::Exit;
use super::terminal::Terminal;
use super::{Format, MetricsArguments};

/// Recomputes metrics from files.
pub(super) fn metrics(wanted: &MetricsArguments, format: Format, terminal: &Terminal) -> Exit {
    match Call::of(wanted) {
        Ok(call) => call.answer(format, terminal),
        Err(Wrong::Usage(text)) => {
            terminal.message("error", "31", &text);
            Exit::Usage
        }
        Err(Wrong::File(error)) => failed(&error, terminal),
    }
}

/// Why nothing can be computed.
enum Wrong {
    Usage(String),
    File(Unmeasured),
}

fn failed(error: &Unmeasured, terminal: &Terminal) -> Exit {
    terminal.message("error", "31", &error.detail);
    if let Some(hint) = &error.hint {
        terminal.line("");
        terminal.message("hint", "36", hint);
    }
    Exit::of_fault(error.fault)
}

/// What is asked, with the metrics under the names by which they are asked for.
struct Call<'a> {
    wanted: &'a MetricsArguments,
    predictions: TableFile,
    truth: Truth,
    train: Option<TableFile>,
    columns: BTreeMap<String, String>,
    asked: Vec<(String, Named)>,
    /// The number that is said to be the metric, and half a unit of its last place.
    claimed: Option<(f64, f64)>,
}

impl<'a> Call<'a> {
    fn of(wanted: &'a MetricsArguments) -> Result<Self, Wrong> {
        let predictions = file(&wanted.predictions, Side::Written);
        let truth = file(&wanted.truth, Side::Pinned);
        if wanted.interval && !(wanted.level > 0.0 && wanted.level < 1.0) {
            return Err(Wrong::Usage(
                "--level: it lies between 0 and 1, as 0.95 does".to_owned(),
            ));
        }
        let claimed = wanted.claimed.as_deref().map(Printed::parse).transpose();
        let claimed = claimed.map_err(|error| Wrong::Usage(format!("--claimed: {error}")))?;
        let mut columns = wanted.columns().map_err(Wrong::Usage)?;
        let named = wanted.id.as_deref().or(columns.get("id").map(String::as_str));
        let named = named.or(wanted.truth_id.as_deref().map(|_| "id"));
        let id = shared_id(&predictions, &truth, named).map_err(Wrong::File)?;
        let of_truth = wanted.truth_id.clone().or_else(|| id.clone());
        columns.extend(id.map(|id| ("id".to_owned(), id)));
        let asked = wanted.metric.iter().map(|name| Ok((name.clone(), known(name)?)));
        let asked = asked.collect::<Result<_, String>>().map_err(Wrong::Usage)?;
        let mut call = Self {
            wanted,
            predictions,
            truth: Truth {
                file: truth,
                target: wanted.target.clone(),
                id_column: of_truth,
                group_column: None,
            },
            train: wanted.train.as_deref().map(|path| file(path, Side::Pinned)),
            columns,
            asked,
            claimed: claimed.map(|claimed| (claimed.value, 0.5 * claimed.unit)),
        };
        if wanted.target.is_none() && target_needed(&call.request(&call.metrics())) {
            return Err(Wrong::Usage(
                "--target: say which column of the labels is the label".to_owned(),
            ));
        }
        if call.asked.is_empty() {
            let suitable = suitable(&call.request(&[])).map_err(Wrong::File)?;
            let named = suitable
                .into_iter()
                .map(|metric| (metric.name().to_owned(), metric));
            call.asked = named.collect();
        }
        Ok(call)
    }

    fn request<'r>(&'r self, metrics: &'r [Named]) -> Request<'r> {
        Request {
            predictions: &self.predictions,
            truth: &self.truth,
            target: None,
            columns: &self.columns,
            positive: self.wanted.positive.as_deref(),
            train: self.train.as_ref(),
            metrics,
        }
    }

    fn metrics(&self) -> Vec<Named> {
        self.asked.iter().map(|(_, metric)| metric.clone()).collect()
    }

    fn answer(&self, format: Format, terminal: &Terminal) -> Exit {
        let metrics = self.metrics();
        // There is nothing to clean up: the first signal ends the program.
        terminal.stop_at_once();
        let what = "reading predictions and labels";
        terminal.event(Event::Began(what));
        let beyond = Beyond {
            level: self.wanted.interval.then_some(self.wanted.level),
            claimed: self.claimed,
        };
        let outcome = recompute(&self.request(&metrics), beyond);
        terminal.clear(what);
        match outcome {
            Ok(outcome) => {
                terminal.result(&match format {
                    Format::Text => self.text(&outcome, terminal.look()),
                    Format::Json => format!("{:#}\n", self.json(&outcome)),
                });
                let faults = outcome.metrics.iter().filter_map(|one| one.value.as_ref().err());
                faults.fold(Exit::Success, |exit, why| exit.worst(Exit::of_fault(why.fault)))
            }
            Err(error) => failed(&error, terminal),
        }
    }

    /// The metrics, by the names by which they were asked for.
    fn named<'o>(&self, outcome: &'o Outcome) -> impl Iterator<Item = (&str, &'o Recomputed)> {
        let names = self.asked.iter().map(|(name, _)| name.as_str());
        names.zip(&outcome.metrics)
    }

    fn json(&self, outcome: &Outcome) -> Value {
        let by_name = |of: &dyn Fn(&Recomputed) -> Option<Value>| -> Value {
            let entries = self.named(outcome);
            let entries = entries.filter_map(|(name, one)| Some((name.to_owned(), of(one)?)));
            Value::Object(entries.collect::<Map<_, _>>())
        };
        let mut answer = json!({
            "metrics": by_name(&|one| Some(one.value.as_ref().ok().copied().into())),
            "examples": outcome.examples,
            "signatures": by_name(&|one| one.signature.clone().map(Value::from)),
            "floors": by_name(&|one| Some(one.floor.into())),
            "errors": by_name(&|one| one.value.as_ref().err().map(error)),
            "notes": outcome.notes,
        });
        if self.wanted.interval {
            answer["intervals"] = by_name(&|one| one.interval.as_ref().map(interval));
        }
        if let Some((number, _)) = self.claimed {
            answer["claimed"] = by_name(&|one| Some(explained(number, one)));
        }
        answer
    }

    /// A row a metric, then what is to be said of them.
    fn text(&self, outcome: &Outcome, look: Look) -> String {
        let rows: Vec<Vec<String>> = self.named(outcome).map(|(name, one)| row(name, one)).collect();
        let mut parts = vec![table(&["metric", "value", "floor", "signature"], &rows, 3, look)];
        parts.extend(self.intervals(outcome, look));
        let claimed = self
            .named(outcome)
            .filter_map(|(name, one)| Some(sentence(self.claimed?.0, name, one)));
        parts.extend(claimed);
        let failed = self.named(outcome).filter_map(|(name, one)| {
            let why = one.value.as_ref().err()?;
            let hint = why
                .hint
                .as_ref()
                .map(|hint| format!("\n  hint: {}", one_line(hint)));
            let detail = one_line(&why.detail);
            Some(format!(
                "{}: {detail}{}",
                one_line(name),
                hint.unwrap_or_default()
            ))
        });
        parts.extend(failed);
        let mut last: Vec<String> = Vec::new();
        last.extend(outcome.examples.map(|examples| match examples {
            1 => "1 example".to_owned(),
            _ => format!("{examples} examples"),
        }));
        last.extend(
            outcome
                .notes
                .iter()
                .map(|note| format!("note: {}", one_line(note))),
        );
        parts.push(last.join("\n"));
        format!("{}\n", parts.join("\n\n").trim_end())
    }
}

impl Call<'_> {
    /// The intervals, where they were asked for.
    fn intervals(&self, outcome: &Outcome, look: Look) -> Option<String> {
        let row = |(name, one): (&str, &Recomputed)| {
            let [ends, method] = match one.interval.as_ref()? {
                Ok(found) => {
                    let ends = found.interval;
                    [
                        format!("{:.6} to {:.6}", ends.low, ends.high),
                        found.method.to_string(),
                    ]
                }
                Err(why) => ["–".to_owned(), why.to_string()],
            };
            Some(vec![one_line(name), ends, method])
        };
        let rows: Vec<Vec<String>> = self.named(outcome).filter_map(row).collect();
        let title = format!("{} % interval", 100.0 * self.wanted.level);
        (!rows.is_empty()).then(|| table(&["metric", &title, "by"], &rows, 2, look))
    }
}

fn interval(found: &Result<MetricInterval, BootstrapError>) -> Value {
    match found {
        Ok(found) => json!({
            "low": found.interval.low,
            "high": found.interval.high,
            "level": found.level,
            "method": found.method.to_string(),
        }),
        Err(why) => json!({ "reason": why.to_string() }),
    }
}

fn explained(number: f64, one: &Recomputed) -> Value {
    let found = one.explanation.as_ref();
    let words = |found: &Explanation| -> Vec<String> {
        found
            .readings
            .iter()
            .map(|reading| reading.words.clone())
            .collect()
    };
    let readings = found.map(words).unwrap_or_default();
    json!({
        "number": number,
        "as_stated": found.is_some_and(Explanation::as_stated),
        "readings": readings,
        "truncated": found.is_some_and(|found| found.truncated),
    })
}

/// `0.871 is weighted F1; f1:macro, as stated, is 0.802`.
fn sentence(number: f64, name: &str, one: &Recomputed) -> String {
    let name = one_line(name);
    let is = one
        .value
        .as_ref()
        .map_or("not computed".to_owned(), |value| format!("{value:.6}"));
    match &one.explanation {
        Some(found) if found.as_stated() => format!("{number} is `{name}`, as stated"),
        Some(found) => format!(
            "{number} is {}; `{name}`, as stated, is {is}",
            one_line(&found.words())
        ),
        None => format!("no reading of `{name}` that was tried gives {number}; as stated it is {is}"),
    }
}

/// A file of the command line; links are followed, for it is the user who names them.
fn file(path: &Path, side: Side) -> TableFile {
    let name = path.display().to_string();
    TableFile {
        path: path.canonicalize().unwrap_or_else(|_| path.to_owned()),
        ending: name.clone(),
        name,
        format: None,
        side,
    }
}

/// The metric of this name, which may be an alias.
fn known(name: &str) -> Result<Named, String> {
    measure::metric(name).ok_or_else(|| match measure::info(name) {
        Some(info) => format!("--metric: `{}` cannot be recomputed yet", info.name),
        None => {
            let names = measure::names();
            let near = reproof::manifest::nearest(name, &names);
            let near = near.map(|near| format!("; did you mean `{near}`?"));
            format!("--metric: unknown metric `{name}`{}", near.unwrap_or_default())
        }
    })
}

fn error(why: &Unmeasured) -> Value {
    json!({
        "reason": why.reason.code(),
        "fault": why.fault.code(),
        "detail": why.detail,
        "hint": why.hint,
    })
}

fn row(name: &str, one: &Recomputed) -> Vec<String> {
    let number = |value: f64| format!("{value:.6}");
    let dash = || "–".to_owned();
    vec![
        one_line(name),
        one.value.as_ref().map_or_else(|_| dash(), |value| number(*value)),
        one.floor.map_or_else(dash, number),
        one.signature.as_deref().map_or_else(dash, one_line),
    ]
}

impl MetricsArguments {
    /// From standard names of columns to those in the predictions.
    fn columns(&self) -> Result<BTreeMap<String, String>, String> {
        let mut columns = BTreeMap::new();
        for text in &self.column {
            let (standard, name) = text.split_once('=').ok_or_else(|| {
                format!("--column: `{text}` is not STANDARD=NAME, such as `prediction=yhat`")
            })?;
            columns.insert(standard.trim().to_owned(), name.to_owned());
        }
        let named = [
            ("weight", &self.weight),
            ("group", &self.clusters),
            ("stratum", &self.strata),
        ];
        let named = named
            .into_iter()
            .filter_map(|(standard, name)| Some((standard.to_owned(), name.clone()?)));
        columns.extend(named);
        Ok(columns)
    }
}
