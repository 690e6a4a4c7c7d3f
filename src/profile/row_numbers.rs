//! Columns that only number the rows, as an index that was written along with the table.
//!
//! With such a column among the features no two rows are equal, whatever the others hold. One whose
//! numbers come up in both files may mean the same thing by them, and is kept.

use std::collections::HashSet;

use super::Roles;
use super::columns::{Column, Type, Values};
use super::leakage::id_like;
use crate::table::{Column as CellColumn, Table, TableFile};

/// So many rows are looked at for a guess.
const LOOKED_AT: i64 = 100;

/// The features of `train` that only number its rows, and those of `test` where there is one.
///
/// Empty where there is no other feature to compare.
pub(super) fn row_numbers(train: &[Column], test: Option<&[Column]>, roles: &Roles) -> Vec<String> {
    let other = |name: &str| test?.iter().find(|column| column.profile.name == name);
    let features = train.iter().filter(|column| {
        let name = column.profile.name.as_str();
        !roles.sets_apart(name) && (test.is_none() || other(name).is_some())
    });
    let (numbers, others): (Vec<&Column>, Vec<&Column>) = features.partition(|column| {
        let twin = other(&column.profile.name);
        numbered(column) && twin.is_none_or(|twin| both_count(column, twin) || nothing_shared(column, twin))
    });
    if others.is_empty() {
        return Vec::new();
    }
    let names = numbers.into_iter().map(|column| column.profile.name.clone());
    names.collect()
}

/// The features that count the first rows of `file`: what [`row_numbers`] will most likely say.
pub(super) fn guess(file: &TableFile, roles: &Roles) -> Vec<String> {
    let Ok(table) = Table::open(file, &roles.wanted(true)) else {
        return Vec::new();
    };
    let names = table.names().to_vec();
    let columns: Vec<CellColumn> = (0..names.len()).map(CellColumn).collect();
    let (mut steps, mut rows) = (vec![None; names.len()], 0);
    let read = table.each(&columns, |_, row| {
        for (step, column) in steps.iter_mut().zip(&columns) {
            let number = row
                .cell(*column)
                .ok()
                .flatten()
                .and_then(|cell| cell.parse::<i64>().ok());
            let start = number.and_then(|number| number.checked_sub(rows));
            *step = if rows == 0 || *step == start { start } else { None };
        }
        rows += 1;
        Ok(rows < LOOKED_AT)
    });
    let counts = names
        .into_iter()
        .zip(steps)
        .filter(|(name, step)| step.is_some() && !roles.sets_apart(name));
    let counts: Vec<String> = counts.map(|(name, _)| name).collect();
    if read.is_ok() { counts } else { Vec::new() }
}

/// Whether each row has a whole number of its own.
fn numbered(column: &Column) -> bool {
    let (profile, unique) = (&column.profile, &column.profile.unique);
    let each = !unique.exact || unique.count == profile.rows;
    profile.kind == Type::Integer && profile.missing.count == 0 && each && id_like(profile)
}

/// Whether both count their rows from the same number on.
fn both_count(train: &Column, test: &Column) -> bool {
    let start = |column: &Column| {
        let number = column.profile.number.as_ref()?;
        let (min, max) = (number.min?, number.max?);
        (max - min + 1.0 == column.profile.rows as f64).then_some(min)
    };
    start(train).is_some() && start(train) == start(test)
}

fn nothing_shared(train: &Column, test: &Column) -> bool {
    let (Values::Numbers(train), Values::Numbers(test)) = (&train.values, &test.values) else {
        return false;
    };
    let known: HashSet<u64> = train.iter().flatten().map(|number| number.to_bits()).collect();
    !test
        .iter()
        .flatten()
        .any(|number| known.contains(&number.to_bits()))
}
