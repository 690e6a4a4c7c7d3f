//! Columns that only number the rows, as an index that was written along with the table.
//!
//! With such a column among the features no two rows are equal, whatever the others hold. One whose
//! numbers come up in both files may mean the same thing by them, and is kept.

use std::collections::HashSet;

use super::Roles;
use super::columns::{Column, Type, Values};
use super::leakage::id_like;

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
