//! Words, as Python's `str` and `re` see them.

use std::collections::HashMap;

/// Whether `str.isspace` holds, which `str.split`, `str.strip` and `\s` go by.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// What `str.split` makes of a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// A number for each different word, in the order in which they are met.
#[derive(Debug, Default)]
pub(super) struct Codes<'a>(HashMap<&'a str, u32>);

impl<'a> Codes<'a> {
    /// The numbers of some words.
    pub(super) fn of(&mut self, words: impl Iterator<Item = &'a str>) -> Vec<u32> {
        words
            .map(|word| {
                let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
                *self.0.entry(word).or_insert(next)
            })
            .collect()
    }
}

/// The code points of a text as numbers.
pub(super) fn characters(text: &str) -> Vec<u32> {
    text.chars().map(u32::from).collect()
}
