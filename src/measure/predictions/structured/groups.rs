//! Which rows of both files belong to one unit.

use std::collections::HashMap;

use super::super::join::{Keyed, by_id, by_position, comparable};
use super::super::read::Request;
use super::fields::Fields;
use crate::reason::Unmeasured;
use crate::table::shown;

/// The prediction of each label, where each unit takes one row in both files.
///
/// # Errors
///
/// Unless each label has exactly one prediction and each prediction its label.
pub(super) fn one_each(
    request: &Request<'_>,
    labels: &Fields,
    predictions: &Fields,
    notes: &mut Vec<String>,
) -> Result<Vec<usize>, Unmeasured> {
    let own = Keyed {
        file: &request.truth.file,
        columns: &labels.keys,
    };
    let theirs = Keyed {
        file: request.predictions,
        columns: &predictions.keys,
    };
    let named = request.truth.id_column.is_some();
    if predictions.keys.ids.len() == 0 {
        by_position(&own, &theirs)?;
        let unused = "the predictions have no ids: rows are taken in the order of the labels";
        notes.extend(named.then(|| unused.to_owned()));
        return Ok((0..labels.keys.rows).collect());
    }
    let numbered = "the labels have no ids: those of the predictions are row numbers from 0";
    notes.extend((!named).then(|| numbered.to_owned()));
    let mut rows = vec![0; labels.keys.rows];
    for (row, label) in by_id(&own, &theirs, !named)?.into_iter().enumerate() {
        rows[label as usize] = row;
    }
    Ok(rows)
}

/// The units of both files, in the order in which the labels name them.
pub(super) struct Groups {
    /// For each unit, the first row of its labels.
    pub(super) first: Vec<usize>,
    /// For each row of the labels, its unit.
    pub(super) labels: Vec<usize>,
    /// For each row of the predictions, its unit.
    pub(super) predictions: Vec<usize>,
}

impl Groups {
    /// Groups rows by their ids; `what` is a unit.
    ///
    /// # Errors
    ///
    /// When a prediction belongs to a unit that the labels do not have.
    pub(super) fn new(what: &str, labels: &Fields, predictions: &Fields) -> Result<Self, Unmeasured> {
        let (own, theirs) = comparable(&labels.keys.ids, &predictions.keys.ids);
        let mut units: HashMap<&str, usize> = HashMap::new();
        let mut groups = Self {
            first: Vec::new(),
            labels: Vec::with_capacity(own.len()),
            predictions: Vec::with_capacity(theirs.len()),
        };
        for (row, id) in own.iter().enumerate() {
            let unit = *units.entry(id).or_insert(groups.first.len());
            if unit == groups.first.len() {
                groups.first.push(row);
            }
            groups.labels.push(unit);
        }
        let mut unknown = Vec::new();
        for (row, id) in theirs.iter().enumerate() {
            match units.get(id) {
                Some(&unit) => groups.predictions.push(unit),
                None => unknown.push(row),
            }
        }
        if unknown.is_empty() {
            return Ok(groups);
        }
        Err(strangers(what, predictions, &unknown))
    }

    /// The units in the order of their ids: as numbers where all are whole numbers, else as texts.
    pub(super) fn by_id(&self, labels: &Fields) -> Vec<usize> {
        let id = |unit: usize| labels.text("id", self.first[unit]);
        let number = |unit: usize| id(unit).parse::<i64>().ok();
        let mut units: Vec<usize> = (0..self.first.len()).collect();
        if units.iter().all(|unit| number(*unit).is_some()) {
            units.sort_by_key(|unit| number(*unit));
        } else {
            units.sort_by(|a, b| id(*a).cmp(id(*b)));
        }
        units
    }

    /// The rows of each unit, in the order of the file.
    pub(super) fn rows(&self, units: &[usize]) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); self.first.len()];
        units
            .iter()
            .enumerate()
            .for_each(|(row, &unit)| rows[unit].push(row));
        rows
    }
}

fn strangers(what: &str, predictions: &Fields, rows: &[usize]) -> Unmeasured {
    let example = |row: &usize| {
        format!(
            "`{}` (line {})",
            shown(predictions.text("id", *row)),
            predictions.line(*row)
        )
    };
    let few: Vec<_> = rows.iter().take(4).map(example).collect();
    let detail = format!(
        "{} of {} rows are of no {what} of the labels: {}",
        rows.len(),
        predictions.keys.rows,
        Fields::examples(&few)
    );
    predictions.file.invalid(detail).hint(format!(
        "the labels are to name every {what} of the measured split, also one that has nothing to be found"
    ))
}
