//! The value of a claim, read from what one execution of a step left behind.
//!
//! Only what this run wrote counts: a file that came with the repository is
//! stale. A value is taken with its place, so that a reader can look at it.
//! Nothing is guessed: text that is not plainly one number, several matches
//! where one is meant, and values that the metric cannot take are refused.

mod cell;
mod number;
mod of_run;
mod paired;
mod pattern;
mod pick;
mod pointer;
mod readings;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use self::of_run::{Estimate, RunPredictions};
pub use self::paired::{PairedExamples, paired};
pub use self::readings::readings;

use self::pick::Candidate;
use super::predictions::{self, Predictions, Request, Rows, Truth};
use super::{Direction, MetricInfo, Named, info, metric};
use crate::error::Fault;
use crate::manifest::{Extraction, TextSource};
use crate::reason::{Reason, Unmeasured, invalid};
use crate::table::{Side, TableFile, nearest, shown};

/// What one execution of a step left behind, and the labels that it may be measured with.
#[derive(Clone, Debug, Default)]
pub struct StepFiles {
    /// Its standard output.
    pub stdout: PathBuf,
    /// Its standard error.
    pub stderr: PathBuf,
    /// Its declared outputs by name.
    pub outputs: BTreeMap<String, Output>,
    /// The labels by the id of their data set.
    pub truths: BTreeMap<String, Truth>,
}

/// What became of a declared output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// This run wrote it.
    Found {
        /// Where it lies.
        path: PathBuf,
    },
    /// It came with the repository, and this run did not write it.
    Stale,
    /// It is not there.
    Missing,
    /// It is there and is not to be looked at.
    Refused {
        /// Why.
        why: String,
    },
}

/// A value, or several, of which each is a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// In the metric's own unit; finite, at least one.
    pub values: Vec<f64>,
    /// The number of test examples, where they were counted.
    pub examples: Option<u64>,
    /// What a model that learnt nothing gets on these labels, where that is known.
    pub floor: Option<f64>,
    /// What exactly was computed; `None` when the code's own word was taken.
    pub signature: Option<String>,
    /// Where each value stands: `stdout line 214`, `results.json /test/acc`.
    pub places: Vec<String>,
    /// Half a unit of the last place that the coarsest value is printed to; 0 for what we computed ourselves.
    pub half_unit: f64,
    /// What a reader should know of how the values were found.
    pub notes: Vec<String>,
    /// The text behind the values, as it stands there; at most the first 20, one a line.
    pub text: String,
}

/// What a value is checked against. Nothing of the claim: measuring is blind.
#[derive(Clone, Copy, Debug)]
struct Aim<'a> {
    metric: Option<&'a MetricInfo>,
    direction: Direction,
}

/// Reads the value that `extraction` describes out of `files`.
///
/// `name` is the metric's name: for its range, and to compute it from
/// predictions. A metric that is not in the registry has no range.
///
/// # Errors
///
/// `measurement-missing` where the step did not write what is asked for, and
/// `measurement-invalid` where what it wrote is not a usable value; always
/// with the place. The fault is the paper's where the code wrote something
/// unusable, and the manifest's where a pattern, a pointer or a column fits nothing.
pub fn measure(
    extraction: &Extraction,
    name: &str,
    direction: Direction,
    files: &StepFiles,
) -> Result<Measurement, Unmeasured> {
    let info = info(name);
    let aim = Aim {
        metric: info.as_ref(),
        direction,
    };
    match extraction {
        Extraction::Pattern {
            text,
            pattern,
            pick,
            unit,
        } => {
            let file = files.text(text)?;
            aim.measurement(pattern::find(&file, pattern, *pick)?, *pick, *unit)
        }
        Extraction::Json { file, pointer, unit } => {
            let candidates = pointer::find(&files.output(file)?, pointer)?;
            aim.measurement(candidates.into(), crate::manifest::Pick::All, *unit)
        }
        Extraction::Csv {
            file,
            column,
            row,
            unit,
        } => {
            let (matches, pick) = cell::find(&files.output(file)?, column, row)?;
            aim.measurement(matches, pick, *unit)
        }
        Extraction::Predictions {
            file,
            truth,
            target,
            columns,
            positive,
        } => PredictionsOf {
            file,
            truth,
            target: target.as_deref(),
            columns,
            positive: positive.as_deref(),
        }
        .measure(name, files),
    }
}

impl StepFiles {
    fn text(&self, source: &TextSource) -> Result<TableFile, Unmeasured> {
        match source {
            TextSource::Stdout => Ok(TableFile::written(&self.stdout, "stdout")),
            TextSource::Stderr => Ok(TableFile::written(&self.stderr, "stderr")),
            TextSource::File(name) => self.output(name),
        }
    }

    fn output(&self, name: &str) -> Result<TableFile, Unmeasured> {
        let missing = |fault, detail: String| Err(Unmeasured::new(Reason::MeasurementMissing, fault, detail));
        match self.outputs.get(name) {
            Some(Output::Found { path }) => Ok(TableFile::written(path, name)),
            Some(Output::Stale) => {
                let detail = format!(
                    "`{}` came with the repository and this run did not write it",
                    shown(name)
                );
                missing(Fault::Paper, detail).map_err(|error| {
                    error.hint("numbers from an earlier run say nothing about this one; measure a file that the step writes")
                })
            }
            Some(Output::Missing) => {
                let detail = format!("the step ended well and did not write `{}`", shown(name));
                missing(Fault::Paper, detail).map_err(|error| {
                    error.hint("check the name against what the code writes, and where it writes it")
                })
            }
            Some(Output::Refused { why }) => Err(invalid(
                Fault::Paper,
                format!("`{}` is not looked at: {}", shown(name), shown(why)),
            )),
            None => {
                let names: Vec<String> = self.outputs.keys().cloned().collect();
                let near = nearest(name, &names).map(|near| format!("did you mean `{near}`?"));
                let hint = near.unwrap_or_else(|| "add it to the step's `outputs`".to_owned());
                missing(
                    Fault::Manifest,
                    format!("`{}` is not one of the step's outputs", shown(name)),
                )
                .map_err(|error| error.hint(hint))
            }
        }
    }
}

impl Aim<'_> {
    fn measurement(
        self,
        matches: pick::Matches,
        pick: crate::manifest::Pick,
        unit: crate::manifest::Unit,
    ) -> Result<Measurement, Unmeasured> {
        let value = |candidate: &Candidate| number::value(candidate, unit, self.metric);
        let values = matches
            .candidates
            .iter()
            .map(value)
            .collect::<Result<Vec<_>, _>>()?;
        let mut found: Vec<(f64, Candidate)> = values.into_iter().zip(matches.candidates).collect();
        let mut notes = matches.notes;
        if pick == crate::manifest::Pick::Best {
            notes.extend(self.keep_best(&mut found));
        }
        let text: Vec<_> = found
            .iter()
            .take(20)
            .map(|(_, candidate)| candidate.shown.as_str())
            .collect();
        let half_units = found
            .iter()
            .map(|(_, candidate)| number::half_unit(candidate, unit));
        Ok(Measurement {
            half_unit: half_units.fold(0.0, f64::max),
            text: text.join("\n"),
            values: found.iter().map(|(value, _)| *value).collect(),
            places: found.into_iter().map(|(_, candidate)| candidate.place).collect(),
            examples: None,
            floor: None,
            signature: None,
            notes,
        })
    }

    /// Keeps the best value, and says what that means.
    fn keep_best(self, found: &mut Vec<(f64, Candidate)>) -> Option<String> {
        let count = found.len();
        let better = |a: f64, b: f64| match self.direction {
            Direction::HigherIsBetter => a > b,
            Direction::LowerIsBetter => a < b,
        };
        let best = found
            .drain(..)
            .reduce(|best, next| if better(next.0, best.0) { next } else { best })?;
        found.push(best);
        (count > 1).then(|| {
            format!(
                "the best of {count} values by the test metric itself: a selection on the test data, \
                 which makes the value look better than it is"
            )
        })
    }
}

/// `predictions = …`
#[derive(Clone, Copy)]
struct PredictionsOf<'a> {
    file: &'a str,
    truth: &'a str,
    target: Option<&'a str>,
    columns: &'a BTreeMap<String, String>,
    positive: Option<&'a str>,
}

impl<'a> PredictionsOf<'a> {
    /// `None` where the value is read in another way.
    fn new(extraction: &'a Extraction) -> Option<Self> {
        let Extraction::Predictions {
            file,
            truth,
            target,
            columns,
            positive,
        } = extraction
        else {
            return None;
        };
        Some(Self {
            file,
            truth,
            target: target.as_deref(),
            columns,
            positive: positive.as_deref(),
        })
    }

    fn read(&self, metric: &Named, files: &StepFiles) -> Result<Predictions, Unmeasured> {
        self.with_request(std::slice::from_ref(metric), files, predictions::read)
    }

    fn with_request<T>(
        &self,
        metrics: &[Named],
        files: &StepFiles,
        read: impl FnOnce(&Request<'_>) -> Result<T, Unmeasured>,
    ) -> Result<T, Unmeasured> {
        let truth = files.truths.get(self.truth).ok_or_else(|| {
            let detail = format!("there are no labels `{}`", shown(self.truth));
            invalid(Fault::Manifest, detail).hint("`truth` names a data set of the manifest")
        })?;
        let file = files.output(self.file)?;
        read(&Request {
            predictions: &file,
            truth,
            target: self.target,
            columns: self.columns,
            positive: self.positive,
            train: None,
            metrics,
        })
    }

    fn measure(&self, name: &str, files: &StepFiles) -> Result<Measurement, Unmeasured> {
        let metric = metric(name).ok_or_else(|| not_computed(name))?;
        let predictions = self.read(&metric, files)?;
        let in_file = |error: Unmeasured| Unmeasured {
            detail: format!("`{}`: {}", shown(self.file), error.detail),
            ..error
        };
        let value = metric.compute(&predictions, Rows::All).map_err(in_file)?;
        let examples = predictions.len();
        let text = format!(
            "{value} from {examples} rows of {} against `{}`",
            self.file, self.truth
        );
        Ok(Measurement {
            values: vec![value],
            examples: u64::try_from(examples).ok(),
            floor: metric.floor(&predictions),
            signature: Some(metric.signature(&predictions)),
            places: vec![format!("{} ({examples} rows)", shown(self.file))],
            half_unit: 0.0,
            notes: predictions.notes().to_vec(),
            text: shown(&text).into_owned(),
        })
    }
}

fn not_computed(name: &str) -> Unmeasured {
    let detail = match info(name) {
        Some(info) => format!("`{}` is not computed from predictions yet", info.name),
        None => format!(
            "`{}` is not a metric of the registry, so it cannot be computed from predictions",
            shown(name)
        ),
    };
    invalid(Fault::Manifest, detail).hint("measure it from what the code prints or writes")
}

/// Text that a step wrote, opened with the rules for its side.
fn text_file(file: &TableFile) -> Result<Box<dyn std::io::BufRead>, Unmeasured> {
    debug_assert_eq!(file.side, Side::Written, "only what the step wrote is searched");
    crate::table::checked(file)?;
    crate::table::open(file)
}

#[cfg(test)]
mod tests;
