//! Examples that are neither a class nor a number: lists, texts, tags, boxes, survival times.
//!
//! Each kind has a file with its values and the reading of them. A unit, of
//! which [`Predictions::len`] counts how many there are and which resampling
//! draws, is a query, a text, a sentence, an image or a patient: however many
//! rows it takes in the files.
//!
//! To add a kind: write its file, and add it to [`Structured`] and to [`read`].

mod boxes;
mod fields;
mod groups;
mod lists;
mod survival;
mod tags;
mod texts;

pub use self::boxes::{Area, Boxes, Detection, Image, Object};
pub use self::lists::{Lists, RankedList};
pub use self::survival::{Likelihood, Survival};
pub use self::tags::{EntityCounts, Tags};
pub use self::texts::TextPair;

use super::Predictions;
use super::memo::Memo;
use super::read::Request;
use crate::error::Fault;
use crate::measure::registry::Input;
use crate::reason::{Unmeasured, invalid};
use crate::table::Table;

/// The examples of one kind.
#[derive(Clone, Debug)]
pub(super) enum Structured {
    Lists(Lists),
    Texts(Vec<TextPair>),
    Tags(Tags),
    Boxes(Boxes),
    Survival(Survival),
    Likelihoods(Vec<Likelihood>),
}

impl Predictions {
    fn from_structured(len: usize, structured: Structured) -> Self {
        Self {
            len,
            structured: Some(structured),
            memo: Memo::default(),
            ..Self::default()
        }
    }
}

/// The predictions for metrics of structured examples; `None` for all other metrics.
///
/// # Errors
///
/// When the metrics need different kinds of files, and whatever is wrong with these.
pub(super) fn read(request: &Request<'_>) -> Result<Option<Predictions>, Unmeasured> {
    let Some(input) = request
        .metrics
        .iter()
        .map(|metric| metric.input())
        .find(|input| structured(*input))
    else {
        return Ok(None);
    };
    if let Some(other) = request.metrics.iter().find(|metric| metric.input() != input) {
        let first = request.metrics.iter().find(|metric| metric.input() == input);
        let detail = format!(
            "`{}` and `{}` are computed from different kinds of predictions",
            first.map_or("", |metric| metric.name()),
            other.name()
        );
        return Err(invalid(Fault::Manifest, detail).hint("ask for them one after the other"));
    }
    let mut notes = Vec::new();
    let mut predictions = match input {
        Input::Lists => lists::read(request, &mut notes),
        Input::Texts => texts::read(request, &mut notes),
        Input::Tags => tags::read(request, &mut notes),
        Input::Boxes => boxes::read(request, &mut notes),
        Input::Survival => survival::read(request, &mut notes),
        Input::Likelihoods => survival::read_likelihoods(request, &mut notes),
        Input::Classes
        | Input::Scores
        | Input::Numbers
        | Input::LabelSets
        | Input::Clusters
        | Input::Points => return Ok(None),
    }?;
    predictions.notes = notes;
    Ok(Some(predictions))
}

fn structured(input: Input) -> bool {
    match input {
        Input::Lists | Input::Texts | Input::Tags | Input::Boxes | Input::Survival | Input::Likelihoods => {
            true
        }
        Input::Classes
        | Input::Scores
        | Input::Numbers
        | Input::LabelSets
        | Input::Clusters
        | Input::Points => false,
    }
}

/// Opens the predictions, in which the column that is called `wanted` by default is to be found.
fn open_predictions(request: &Request<'_>, wanted: &str) -> Result<Table, Unmeasured> {
    let table = Table::open(request.predictions, &[request.name(wanted)])?;
    if request.optional(&table, "weight")?.is_some() {
        let metric = request.metrics.first().map_or("", |metric| metric.name());
        let detail = format!("it has a column of weights, and `{metric}` has no weighted form");
        return Err(request.predictions.invalid(detail).hint("leave the column out"));
    }
    Ok(table)
}
