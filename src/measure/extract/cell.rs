//! A cell of a table.

use std::collections::BTreeMap;

use super::pick::{Candidate, Matches, Picker};
use crate::error::Fault;
use crate::manifest::{Pick, RowPick};
use crate::reason::{Reason, Unmeasured};
use crate::table::{Column, NotUtf8, Row, Table, TableFile, shown};

/// The cells of `column` in the rows that count, and how they were picked.
///
/// Rows without a value there are passed over, as loggers leave a cell empty
/// in rows that are about something else; a row that is asked for by its
/// position or by its cells must have one.
///
/// # Errors
///
/// When there is no such column or row, or several where one is meant.
pub(super) fn find(file: &TableFile, column: &str, row: &RowPick) -> Result<(Matches, Pick), Unmeasured> {
    let conditions = match row {
        RowPick::Where(cells) => cells.iter().collect(),
        RowPick::Pick(_) | RowPick::Index(_) => BTreeMap::new(),
    };
    let mut wanted = vec![column];
    wanted.extend(conditions.keys().map(|name| name.as_str()));
    let table = Table::open(file, &wanted)?;
    let value = table.column(column)?;
    let conditions = conditions
        .iter()
        .map(|(name, cell)| Ok((table.column(name)?, cell.as_str())))
        .collect::<Result<Vec<_>, Unmeasured>>()?;
    let pick = match row {
        RowPick::Pick(pick) => *pick,
        RowPick::Index(_) | RowPick::Where(_) => Pick::Only,
    };
    let mut search = Search {
        file,
        column,
        value,
        row,
        conditions,
        picker: Picker::new(pick),
        rows: 0,
        empty: 0,
    };
    let columns: Vec<Column> = search
        .conditions
        .iter()
        .map(|(column, _)| *column)
        .chain([value])
        .collect();
    table.each(&columns, |line, row| search.take(line, row))?;
    Ok((search.finish()?, pick))
}

struct Search<'a> {
    file: &'a TableFile,
    column: &'a str,
    value: Column,
    row: &'a RowPick,
    conditions: Vec<(Column, &'a str)>,
    picker: Picker,
    rows: u64,
    /// Rows without a value.
    empty: u64,
}

impl Search<'_> {
    /// Takes the next row, and says whether later ones can matter.
    fn take(&mut self, line: u64, row: &Row<'_>) -> Result<bool, Unmeasured> {
        let at = self.rows;
        self.rows += 1;
        let meant = match self.row {
            RowPick::Index(index) => at == *index,
            RowPick::Where(_) => self.equals(line, row)?,
            RowPick::Pick(_) => true,
        };
        if !meant {
            return Ok(true);
        }
        let cell = row
            .cell(self.value)
            .map_err(|NotUtf8| self.not_utf8(line))?
            .unwrap_or_default();
        let (file, column) = (self.file, self.column);
        let place = || format!("{} line {line}, column `{}`", shown(&file.name), shown(column));
        if cell.is_empty() {
            self.empty += 1;
            return match self.row {
                RowPick::Pick(_) => Ok(true),
                RowPick::Index(_) | RowPick::Where(_) => {
                    let detail = format!("line {line}: the cell in the column `{}` is empty", shown(column));
                    Err(file.invalid(detail))
                }
            };
        }
        let more = self.picker.offer(|| Candidate {
            number: cell.chars().take(Candidate::LONGEST).collect(),
            percent: false,
            place: place(),
            shown: shown(cell).into_owned(),
        });
        let last = matches!(self.row, RowPick::Index(_));
        Ok(more && !last)
    }

    /// Whether all conditions hold; numbers are compared as numbers.
    fn equals(&self, line: u64, row: &Row<'_>) -> Result<bool, Unmeasured> {
        for (column, wanted) in &self.conditions {
            let cell = row
                .cell(*column)
                .map_err(|NotUtf8| self.not_utf8(line))?
                .unwrap_or_default();
            let number = |text: &str| text.trim().parse::<f64>().ok();
            let same = cell == wanted.trim() || number(cell).is_some_and(|cell| number(wanted) == Some(cell));
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn not_utf8(&self, line: u64) -> Unmeasured {
        self.file.invalid(format_args!("line {line} is not UTF-8"))
    }

    fn finish(self) -> Result<Matches, Unmeasured> {
        let what = match self.row {
            RowPick::Where(_) => "rows with these cells".to_owned(),
            RowPick::Pick(_) | RowPick::Index(_) => format!("values in the column `{}`", shown(self.column)),
        };
        let nothing = self.nothing();
        let empty = self.empty;
        let mut matches = self.picker.finish(&what)?.ok_or(nothing)?;
        matches
            .notes
            .extend((empty > 0).then(|| format!("{empty} rows without a value there were passed over")));
        Ok(matches)
    }

    fn nothing(&self) -> Unmeasured {
        let name = shown(&self.file.name);
        let detail = match self.row {
            RowPick::Index(index) => format!(
                "`{name}` has {} rows, and row {index} (from 0) is asked for",
                self.rows
            ),
            RowPick::Where(cells) => {
                let cells: Vec<_> = cells
                    .iter()
                    .map(|(column, cell)| format!("{} = {}", shown(column), shown(cell)))
                    .collect();
                format!(
                    "none of the {} rows of `{name}` has {}",
                    self.rows,
                    cells.join(", ")
                )
            }
            RowPick::Pick(_) => format!(
                "`{name}` has no value in the column `{}` ({} rows)",
                shown(self.column),
                self.rows
            ),
        };
        let hint = "either the row is not what the code writes, or the code did not get as far as writing it";
        let fault = if self.rows == 0 {
            Fault::Paper
        } else {
            Fault::Manifest
        };
        Unmeasured::new(Reason::MeasurementMissing, fault, detail).hint(hint)
    }
}
