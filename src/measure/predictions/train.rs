//! The series that a model was fitted to, by whose naive forecast scaled errors are divided.

use super::Predictions;
use super::classes::Interner;
use super::columns::{Columns, Plan};
use super::read::{Request, unpacked};
use crate::reason::Unmeasured;
use crate::table::{Table, shown};

/// `predictions` with the training series, where a metric needs it and it is given.
///
/// It is the column of the training file that is called as the label is, in the order of its rows.
///
/// # Errors
///
/// When there is no such column, or a cell is not a finite number.
pub(super) fn attached(request: &Request<'_>, predictions: Predictions) -> Result<Predictions, Unmeasured> {
    let Some(file) = request.train.filter(|_| request.needs_train()) else {
        return Ok(predictions);
    };
    let target = request.target().ok_or_else(|| request.no_target())?;
    let file = unpacked(file)?;
    let table = Table::open(&file, &[target])?;
    let plan = Plan {
        numbers: Some(table.column(target)?),
        ..Plan::default()
    };
    let numbers = Columns::read(table, &plan, &mut Interner::default())?.numbers;
    let note = format!(
        "the training series is `{}`: {} numbers in the order of its rows",
        shown(&file.name),
        numbers.len()
    );
    let mut predictions = predictions.with_train(numbers)?;
    predictions.notes.push(note);
    Ok(predictions)
}
