//! Survival times, and likelihoods of texts: numbers with more to them.

use super::super::Predictions;
use super::super::read::Request;
use super::fields::{Field, Fields, Labels};
use super::groups::one_each;
use super::{Structured, open_predictions};
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};
use crate::table::Table;

/// Observed or censored times, and predicted scores that grow with the time; all finite, one of each a patient.
#[derive(Clone, Debug, Default)]
pub struct Survival {
    /// When the event happened, or until when it had not.
    pub times: Vec<f64>,
    /// Whether it happened.
    pub observed: Vec<bool>,
    /// What was predicted: larger for longer survival.
    pub predicted: Vec<f64>,
}

/// How likely a model found one text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likelihood {
    /// The negative natural logarithm of its probability; not below 0.
    pub loss: f64,
    /// Its number of tokens, from 1.
    pub tokens: f64,
}

impl Predictions {
    /// Survival times; a unit is a patient.
    ///
    /// # Errors
    ///
    /// When the numbers of times, events and predictions differ, or a number is not finite.
    pub fn from_survival(survival: Survival) -> Result<Self, Unmeasured> {
        let len = survival.times.len();
        if survival.observed.len() != len || survival.predicted.len() != len {
            return Err(invalid(
                Fault::Paper,
                "times, events and predictions are not equally many",
            ));
        }
        if survival
            .times
            .iter()
            .chain(&survival.predicted)
            .any(|number| !number.is_finite())
        {
            return Err(invalid(
                Fault::Paper,
                "a time or a prediction is not a finite number",
            ));
        }
        Ok(Self::from_structured(len, Structured::Survival(survival)))
    }

    /// The survival times.
    ///
    /// # Errors
    ///
    /// When something else was read.
    pub fn survival(&self) -> Result<&Survival, Unmeasured> {
        match &self.structured {
            Some(Structured::Survival(survival)) => Ok(survival),
            _ => Err(invalid(
                Fault::Reproof,
                "the predictions were not read as survival times",
            )),
        }
    }

    /// Likelihoods of texts; a unit is a text.
    ///
    /// # Errors
    ///
    /// When a loss is negative or not finite, or a text has no tokens.
    pub fn from_likelihoods(likelihoods: Vec<Likelihood>) -> Result<Self, Unmeasured> {
        let sound = |of: &Likelihood| of.loss.is_finite() && of.loss >= 0.0 && is_count(of.tokens);
        if let Some(at) = likelihoods.iter().position(|of| !sound(of)) {
            let detail = format!("the likelihood of text {} is unsound", at + 1);
            return Err(invalid(Fault::Paper, detail));
        }
        Ok(Self::from_structured(
            likelihoods.len(),
            Structured::Likelihoods(likelihoods),
        ))
    }

    /// The likelihoods.
    ///
    /// # Errors
    ///
    /// When something else was read.
    pub fn likelihoods(&self) -> Result<&[Likelihood], Unmeasured> {
        match &self.structured {
            Some(Structured::Likelihoods(likelihoods)) => Ok(likelihoods),
            _ => Err(invalid(
                Fault::Reproof,
                "the predictions were not read as likelihoods",
            )),
        }
    }
}

fn is_count(count: f64) -> bool {
    count >= 1.0 && count.fract() == 0.0 && count <= 1e12
}

pub(super) fn read(request: &Request<'_>, notes: &mut Vec<String>) -> Result<Predictions, Unmeasured> {
    let table = open_predictions(request, "prediction")?;
    let prediction = Field::number("prediction", table.column(request.name("prediction"))?);
    let predictions = with_ids(request, table, vec![prediction])?;
    let labels = Labels::open(request)?;
    let mut fields = vec![Field::number("time", labels.target)];
    let event = labels.further("event")?;
    match event {
        Some(event) => fields.push(Field::flag("event", event)),
        None => notes.push("the labels have no column `event`: every time counts as observed".to_owned()),
    }
    let (labels, rows) = joined(request, labels, fields, &predictions, "patient", notes)?;
    let mut survival = Survival::default();
    for (label, row) in rows.into_iter().enumerate() {
        survival.times.extend(labels.number("time", label));
        survival.observed.push(labels.number("event", label) != Some(0.0));
        survival.predicted.extend(predictions.number("prediction", row));
    }
    Predictions::from_survival(survival)
}

pub(super) fn read_likelihoods(
    request: &Request<'_>,
    notes: &mut Vec<String>,
) -> Result<Predictions, Unmeasured> {
    let per_token = request.columns.contains_key("nll");
    let table = open_predictions(request, if per_token { "nll" } else { "log_prob" })?;
    let mut fields = vec![loss(request, &table)?];
    let tokens = request.optional(&table, "tokens")?;
    fields.extend(
        tokens.map(|tokens| Field::number("tokens", tokens).fits(is_count, "no whole number from 1")),
    );
    let predictions = with_ids(request, table, fields)?;
    let labels = Labels::open(request)?;
    let fields = vec![Field::name("label", labels.target).or_blank()];
    let (_, rows) = joined(request, labels, fields, &predictions, "text", notes)?;
    notes.push("the likelihoods are the code's own: only their mean is recomputed".to_owned());
    let likelihood = |row: usize| {
        let tokens = predictions.number("tokens", row).unwrap_or(1.0);
        let mean = predictions.number("nll", row).map(|nll| nll * tokens);
        let whole = predictions.number("log_prob", row).map(|log| -log);
        Likelihood {
            // Adding 0 turns −0 into 0.
            loss: mean.or(whole).unwrap_or_default() + 0.0,
            tokens,
        }
    };
    Predictions::from_likelihoods(rows.into_iter().map(likelihood).collect())
}

/// The column `nll` or `log_prob`.
fn loss(request: &Request<'_>, table: &Table) -> Result<Field, Unmeasured> {
    match (request.optional(table, "nll")?, request.optional(table, "log_prob")?) {
        (Some(nll), None) => Ok(Field::number("nll", nll).fits(|nll| nll >= 0.0, "negative")),
        (None, Some(log)) => Ok(Field::number("log_prob", log).fits(|log| log <= 0.0, "above 0")),
        (Some(_), Some(_)) => Err(request
            .predictions
            .invalid("it has both a column `nll` and a column `log_prob`")
            .hint("leave one of them out")),
        (None, None) => Err(request
            .predictions
            .invalid("there is no column `nll`, and no column `log_prob`")
            .hint("write the mean negative log likelihood of a text's tokens as `nll`, or the natural log of its probability as `log_prob`, and the number of its tokens as `tokens`")),
    }
}

fn with_ids(request: &Request<'_>, table: Table, mut fields: Vec<Field>) -> Result<Fields, Unmeasured> {
    fields.extend(request.optional(&table, "id")?.map(|id| Field::name("id", id)));
    Fields::read(table, &fields)
}

/// The labels, and for each the row of its prediction.
fn joined<'a>(
    request: &'a Request<'a>,
    labels: Labels<'a>,
    mut fields: Vec<Field>,
    predictions: &Fields,
    what: &str,
    notes: &mut Vec<String>,
) -> Result<(Fields, Vec<usize>), Unmeasured> {
    if predictions.keys.ids.len() > 0 && request.truth.id_column.is_some() {
        fields.push(labels.unit(what)?);
    }
    let labels = labels.read(&fields)?;
    let rows = one_each(request, &labels, predictions, notes)?;
    Ok((labels, rows))
}
