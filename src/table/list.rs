//! Cells that hold several texts: the arrays of JSON Lines.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use super::json::Scalar;

/// Stands before each text of a list, in a cell that holds one: the record separator of ASCII.
const MARK: char = '\u{1e}';

/// A cell with a list of nothing: the unit separator.
const EMPTY: &str = "\u{1f}";

/// The texts of a cell, if it holds a list.
pub(crate) fn items(cell: &str) -> Option<impl Iterator<Item = &str>> {
    let texts = match cell {
        EMPTY => None,
        _ => Some(cell.strip_prefix(MARK)?),
    };
    Some(texts.into_iter().flat_map(|texts| texts.split(MARK)))
}

/// A plain value as text, or an array of these as a list; `None` for `null`.
pub(super) struct Cell(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

fn plain<E>(value: &impl ToString) -> Result<Cell, E> {
    Ok(Cell(Some(value.to_string())))
}

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text, or an array of these")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Cell, E> {
        plain(&value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell, E> {
        plain(&value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell, E> {
        plain(&value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell, E> {
        Ok(Cell(Some(format!("{value:?}"))))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cell, E> {
        plain(&value)
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Cell, A::Error> {
        let mut list: Option<String> = None;
        while let Some(Scalar(text)) = array.next_element()? {
            let list = list.get_or_insert_default();
            list.push(MARK);
            list.extend(text.chars().map(|c| if c == MARK { ' ' } else { c }));
        }
        Ok(Cell(Some(list.unwrap_or_else(|| EMPTY.to_owned()))))
    }
}
