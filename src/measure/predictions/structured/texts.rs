//! Texts, and what they should have been.

use super::super::Predictions;
use super::super::read::Request;
use super::fields::{Field, Fields, Labels};
use super::groups::one_each;
use super::{Structured, open_predictions};
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};
use crate::table::items;

/// A predicted text and the true ones. Any of them may be empty; there is at least one true one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPair {
    /// What it should have been: any of these.
    pub references: Vec<String>,
    /// What was predicted.
    pub prediction: String,
}

impl Predictions {
    /// Texts; a unit is one predicted text.
    ///
    /// # Errors
    ///
    /// When a text has no reference.
    pub fn from_texts(texts: Vec<TextPair>) -> Result<Self, Unmeasured> {
        if let Some(at) = texts.iter().position(|text| text.references.is_empty()) {
            let detail = format!("text {} has no reference", at + 1);
            return Err(invalid(Fault::Manifest, detail));
        }
        Ok(Self::from_structured(texts.len(), Structured::Texts(texts)))
    }

    /// The texts.
    ///
    /// # Errors
    ///
    /// When something else was read.
    pub fn texts(&self) -> Result<&[TextPair], Unmeasured> {
        match &self.structured {
            Some(Structured::Texts(texts)) => Ok(texts),
            _ => Err(invalid(Fault::Reproof, "the predictions were not read as texts")),
        }
    }
}

pub(super) fn read(request: &Request<'_>, notes: &mut Vec<String>) -> Result<Predictions, Unmeasured> {
    let table = open_predictions(request, "prediction")?;
    let mut fields = vec![Field::name("prediction", table.column(request.name("prediction"))?).or_blank()];
    fields.extend(request.optional(&table, "id")?.map(|id| Field::name("id", id)));
    let predictions = Fields::read(table, &fields)?;
    let labels = Labels::open(request)?;
    let mut fields = vec![Field::name("reference", labels.target).or_blank()];
    if predictions.keys.ids.len() > 0 && request.truth.id_column.is_some() {
        fields.push(labels.unit("text")?);
    }
    let labels = labels.read(&fields)?;
    let rows = one_each(request, &labels, &predictions, notes)?;
    let pair = |(label, row): (usize, usize)| {
        let prediction = predictions.text("prediction", row);
        if items(prediction).is_some() {
            let detail = format!("line {}: the prediction is a list", predictions.line(row));
            return Err(predictions.file.invalid(detail));
        }
        let reference = labels.text("reference", label);
        let references = match items(reference) {
            Some(several) => several.map(str::to_owned).collect(),
            None => vec![reference.to_owned()],
        };
        Ok(TextPair {
            references,
            prediction: prediction.to_owned(),
        })
    };
    let texts: Result<Vec<_>, _> = rows.into_iter().enumerate().map(pair).collect();
    Predictions::from_texts(texts?)
}
