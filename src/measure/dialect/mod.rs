//! Which reading of a metric's name gives a number.
//!
//! "F1" may be the macro, the weighted or the positive class's; an accuracy may be
//! of the predicted column or of the scores at a threshold; an error may be of
//! standardised labels. Here every reading that the predictions allow is
//! computed ([`readings`]), blind to the number that is to be explained, and
//! [`nearest`] names those that give it, the ones closest to the name as stated
//! first.

mod forms;
mod views;
mod words;

use rayon::prelude::*;

use self::forms::{Form, forms};
use self::views::{View, views};
use super::predictions::{Predictions, Rows};
use super::registry::Named;

/// More readings than this are not tried; the cheapest come first.
const MOST: usize = 2000;

/// A reading that departs further than this from the name as stated explains nothing.
const FARTHEST: u32 = 5;

/// How far values may lie apart and still be the same number, computed another way.
const SAME: f64 = 1e-9;

/// One way to read a metric's name, and what it gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Such as `weighted F1`, or `macro F1 of the classes with the highest score`.
    pub words: String,
    /// How far it departs from the name as stated, which is 0: the choices that differ, by their weight.
    pub departure: u32,
    /// The value, finite.
    pub value: f64,
}

/// Every reading of `stated` that has a value on `predictions`; the one as stated first, if it has one.
///
/// What can be tried depends on what the predictions hold: thresholds need
/// scores beside the predicted classes, and folds need groups.
pub fn readings(stated: &Named, predictions: &Predictions) -> Vec<Reading> {
    let forms = forms(stated, predictions);
    let views = views(stated, predictions);
    let mut tried: Vec<(&View, &Form, Pooling)> = Vec::new();
    for view in &views {
        for form in &forms {
            let poolings = [Pooling::All, Pooling::MeanOfGroups];
            tried.extend(poolings.map(|pooling| (view, form, pooling)));
        }
    }
    let departure = |(view, form, pooling): &(&View, &Form, Pooling)| {
        view.departure + form.departure + pooling.departure()
    };
    tried.retain(|tried| departure(tried) <= FARTHEST);
    tried.sort_by_key(departure);
    tried.truncate(MOST);
    let read = |tried: &(&View, &Form, Pooling)| {
        let (view, form, pooling) = *tried;
        let given = view.predictions.as_ref().unwrap_or(predictions);
        Some(Reading {
            words: format!("{}{}{}", form.words, view.words, pooling.words()),
            departure: departure(tried),
            value: pooling.value(form, given).filter(|value| value.is_finite())?,
        })
    };
    tried.par_iter().filter_map(read).collect()
}

/// How the examples are put together.
#[derive(Clone, Copy)]
enum Pooling {
    All,
    MeanOfGroups,
}

impl Pooling {
    fn departure(self) -> u32 {
        match self {
            Self::All => 0,
            Self::MeanOfGroups => 1,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::All => "",
            Self::MeanOfGroups => ", averaged over the groups",
        }
    }

    fn value(self, form: &Form, given: &Predictions) -> Option<f64> {
        match self {
            Self::All => (form.value)(given, Rows::All),
            Self::MeanOfGroups => {
                let (_, of_row) = given.groups()?;
                let values: Option<Vec<f64>> = groups(of_row)
                    .iter()
                    .map(|rows| (form.value)(given, Rows::At(rows)))
                    .collect();
                crate::stats::mean(&values?)
            }
        }
    }
}

/// The rows of each group.
fn groups(of_row: &[u32]) -> Vec<Vec<usize>> {
    let mut rows = std::collections::BTreeMap::<u32, Vec<usize>>::new();
    for (row, group) in of_row.iter().enumerate() {
        rows.entry(*group).or_default().push(row);
    }
    rows.into_values().collect()
}

/// The readings that give a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// How the number is read: all that fit equally well; at least one.
    pub readings: Vec<Reading>,
    /// Whether the last digit was cut off and not rounded.
    pub truncated: bool,
}

/// The readings that give `value`, printed to within `half_unit`, and depart least from the name as stated.
///
/// A value that was cut off in place of rounded counts as one more departure.
/// `None` where no reading gives it; all are returned where several fit alike.
pub fn nearest(readings: &[Reading], value: f64, half_unit: f64) -> Option<Explanation> {
    let slack = half_unit.max(0.0) + SAME * value.abs().max(1.0);
    let rounded = least(readings, |reading| (reading.value - value).abs() <= slack);
    let towards_zero = if value < 0.0 { -1.0 } else { 1.0 };
    let cut = |reading: &Reading| {
        let lost = (reading.value - value) * towards_zero;
        half_unit > 0.0 && lost >= 0.0 && lost < 2.0 * half_unit
    };
    let truncated = least(readings, cut);
    let departure = |found: &[Reading]| found.first().map_or(u32::MAX, |reading| reading.departure);
    let cut_off = departure(&truncated).saturating_add(1) < departure(&rounded);
    let readings = if cut_off { truncated } else { rounded };
    (!readings.is_empty()).then_some(Explanation {
        readings,
        truncated: cut_off,
    })
}

/// Those that fit and depart least, the same value under several names once each.
fn least(readings: &[Reading], fits: impl Fn(&Reading) -> bool) -> Vec<Reading> {
    let fitting: Vec<&Reading> = readings.iter().filter(|reading| fits(reading)).collect();
    let least = fitting.iter().map(|reading| reading.departure).min();
    let mut found: Vec<Reading> = Vec::new();
    for reading in fitting
        .into_iter()
        .filter(|reading| Some(reading.departure) == least)
    {
        if found.iter().all(|known| known.words != reading.words) {
            found.push(reading.clone());
        }
    }
    found
}

impl Explanation {
    /// Whether the name as stated gives the number.
    pub fn as_stated(&self) -> bool {
        !self.truncated && self.readings.iter().any(|reading| reading.departure == 0)
    }

    /// `weighted F1`, or several with "or" between them.
    pub fn words(&self) -> String {
        let names: Vec<&str> = self
            .readings
            .iter()
            .take(4)
            .map(|reading| reading.words.as_str())
            .collect();
        let more = self.readings.len() - names.len();
        let more = if more > 0 {
            format!(" or {more} more")
        } else {
            String::new()
        };
        let cut = if self.truncated {
            ", cut off and not rounded"
        } else {
            ""
        };
        format!("{}{more}{cut}", names.join(" or "))
    }
}

#[cfg(test)]
mod tests;
