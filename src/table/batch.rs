//! Runs of rows of files whose columns have types: values without a detour through text.

use std::fmt::Write as _;

use super::texts::Texts;
use super::{Column, Row, TableFile, shown};
use crate::reason::Unmeasured;

/// How many rows are decoded at a time.
pub(super) const ROWS: usize = 1 << 17;

/// Values of one column in consecutive rows.
#[derive(Debug)]
pub(crate) struct Values {
    /// One for each row; anything where there is none.
    pub(crate) cells: Cells,
    /// The rows without a value, counted from the start of the batch, in order.
    pub(crate) missing: Vec<u32>,
}

/// Values of one type.
#[derive(Debug)]
pub(crate) enum Cells {
    /// Whole numbers.
    Whole(Vec<i64>),
    /// Floating-point numbers.
    Number(Vec<f64>),
    /// Anything else, as text.
    Text(Texts),
}

/// Consecutive rows of some columns.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The number of the first row, from 1.
    pub(crate) first: u64,
    /// How many rows there are.
    pub(crate) rows: usize,
    /// The columns that were asked for, each once.
    pub(crate) columns: Vec<(Column, Values)>,
}

/// What is called for each batch; `false` ends the reading.
pub(super) type VisitBatch<'a> = &'a mut dyn FnMut(&Batch) -> Result<bool, Unmeasured>;

/// Rows of a file whose columns have types.
pub(super) trait Batches: Send {
    /// Decodes the columns `wanted`, each named once, and hands them out in the order of the rows.
    fn each(
        self: Box<Self>,
        file: &TableFile,
        wanted: &[Column],
        visit: VisitBatch<'_>,
    ) -> Result<(), Unmeasured>;
}

impl Values {
    /// Whether the row has no value.
    pub(crate) fn lacks(&self, row: usize) -> bool {
        !self.missing.is_empty()
            && u32::try_from(row).is_ok_and(|row| self.missing.binary_search(&row).is_ok())
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        match &self.cells {
            Cells::Whole(values) => values.len(),
            Cells::Number(values) => values.len(),
            Cells::Text(texts) => texts.len(),
        }
    }

    /// Writes the cell of a row as text, a number as Python and Rust print it; `false` if it has no value.
    pub(crate) fn write(&self, row: usize, text: &mut String) -> bool {
        text.clear();
        if self.lacks(row) {
            return false;
        }
        // Writing into a string does not fail.
        let _ = match &self.cells {
            Cells::Whole(values) => write!(text, "{}", values[row]),
            Cells::Number(values) => write!(text, "{:?}", values[row]),
            Cells::Text(texts) => text.write_str(texts.get(row)),
        };
        true
    }
}

impl Batch {
    /// The values of a column that was asked for.
    pub(crate) fn values(&self, column: Column) -> Option<&Values> {
        let found = self.columns.iter().find(|(known, _)| *known == column);
        found.map(|(_, values)| values)
    }
}

/// Hands out typed rows one by one, as text.
pub(super) fn as_rows(
    batches: Box<dyn Batches>,
    file: &TableFile,
    wanted: &[Column],
    width: usize,
    visit: super::Visit<'_>,
) -> Result<(), Unmeasured> {
    let mut cells: Vec<Option<String>> = vec![None; width];
    let mut spare: Vec<String> = vec![String::new(); wanted.len()];
    batches.each(file, wanted, &mut |batch| {
        for row in 0..batch.rows {
            for ((column, values), mut text) in batch.columns.iter().zip(spare.drain(..)) {
                cells[column.0] = values.write(row, &mut text).then_some(text);
            }
            let go_on = visit(batch.first + row as u64, &Row::Texts(&cells))?;
            let used = batch.columns.iter().map(|(column, _)| cells[column.0].take());
            spare.extend(used.map(Option::unwrap_or_default));
            if !go_on {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

/// Why a column that was asked for cannot be read.
pub(super) fn not_plain(file: &TableFile, column: &str, what: &str) -> Unmeasured {
    file.invalid(format_args!(
        "the column `{}` holds {what}, not a plain value a row",
        shown(column)
    ))
}
