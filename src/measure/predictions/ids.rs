//! What examples are called, as whole numbers where they are such.

use std::borrow::Cow;

use super::classes::whole_value;
use super::columns::Columns;
use super::index::Index;
use crate::table::{Texts, shown};

/// The ids of all rows of a file.
#[derive(Clone, Debug)]
pub(super) enum Ids<'a> {
    Whole(Cow<'a, [i64]>),
    Texts(Cow<'a, Texts>),
}

impl<'a> Ids<'a> {
    /// As they were read.
    pub(super) fn of(columns: &'a Columns) -> Self {
        if columns.whole_ids.is_empty() {
            Self::Texts(Cow::Borrowed(&columns.ids))
        } else {
            Self::Whole(Cow::Borrowed(&columns.whole_ids))
        }
    }

    /// The numbers of so many rows, from 0.
    pub(super) fn counted(rows: usize) -> Self {
        Self::Whole((0..).take(rows).collect())
    }

    /// Both sides in one form: whole numbers where all ids are such and stay distinct, so that `7.0` is `7`.
    pub(super) fn alike(own: Self, theirs: Self) -> (Self, Self) {
        match (own.whole(), theirs.whole()) {
            (Some(whole), Some(others)) if own.stays_distinct(&whole) => {
                (Self::Whole(whole), Self::Whole(others))
            }
            _ => (own.texts(), theirs.texts()),
        }
    }

    fn whole(&self) -> Option<Cow<'a, [i64]>> {
        match self {
            Self::Whole(numbers) => Some(numbers.clone()),
            Self::Texts(texts) => texts
                .iter()
                .map(whole_value)
                .collect::<Option<Vec<_>>>()
                .map(Cow::Owned),
        }
    }

    /// Whether ids that are the same number are the same text: `7` and `007` are not.
    fn stays_distinct(&self, numbers: &[i64]) -> bool {
        let Self::Texts(texts) = self else {
            return true;
        };
        let mut index = Index::with_room(numbers.len());
        (0..).zip(numbers).all(|(row, number)| {
            let first = index.add(row, number, |other| numbers[other as usize] == *number);
            first.is_none_or(|first| texts.get(first as usize) == texts.get(row as usize))
        })
    }

    fn texts(self) -> Self {
        match self {
            Self::Texts(_) => self,
            Self::Whole(numbers) => {
                let mut texts = Texts::default();
                numbers.iter().for_each(|number| texts.print(number));
                Self::Texts(Cow::Owned(texts))
            }
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Whole(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// One of them, fit for a message.
    pub(super) fn shown(&self, row: usize) -> Cow<'_, str> {
        match self {
            Self::Whole(numbers) => Cow::Owned(numbers[row].to_string()),
            Self::Texts(texts) => shown(texts.get(row)),
        }
    }

    /// Adds the id of a row of ours; returns the row that has it already.
    pub(super) fn add_to(&self, index: &mut Index, row: u32) -> Option<u32> {
        match self {
            Self::Whole(numbers) => {
                let id = numbers[row as usize];
                index.add(row, id, |other| numbers[other as usize] == id)
            }
            Self::Texts(texts) => {
                let id = texts.get(row as usize);
                index.add(row, id, |other| texts.get(other as usize) == id)
            }
        }
    }

    /// The row of ours that has the id of a row of theirs, in the same form.
    pub(super) fn find(&self, index: &Index, theirs: &Self, row: usize) -> Option<u32> {
        match (self, theirs) {
            (Self::Whole(own), Self::Whole(theirs)) => {
                let id = theirs[row];
                index.find(id, |other| own[other as usize] == id)
            }
            (Self::Texts(own), Self::Texts(theirs)) => {
                let id = theirs.get(row);
                index.find(id, |other| own.get(other as usize) == id)
            }
            (Self::Whole(_), Self::Texts(_)) | (Self::Texts(_), Self::Whole(_)) => None,
        }
    }
}
