//! What is missing, and what stands in its place.

use serde::Serialize;

use super::accumulate::{Accumulator, SENTINELS};
use crate::profile::cell::TOKENS;

/// A negative number among others that are not negative needs to come so often.
const OFTEN: u64 = 5;

/// … and in at least this share of the cells.
const OFTEN_SHARE: f64 = 0.001;

/// Cells without a value.
#[derive(Clone, Debug, Serialize)]
pub struct Missing {
    /// All of them.
    pub count: u64,
    /// Of all rows.
    pub share: f64,
    /// Cells with nothing in them.
    pub empty: u64,
    /// Cells in which something stands for nothing, most frequent first.
    pub disguised: Vec<Disguised>,
}

/// A value that stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disguised {
    /// The value: a word in one spelling for all cases of its letters, or a number.
    pub value: String,
    /// How often.
    pub count: u64,
    /// Whether it is a number that stands out, rather than a word.
    pub number: bool,
}

impl Missing {
    pub(super) fn of(seen: &Accumulator, sentinels: &[usize], rows: u64) -> Self {
        let words = TOKENS.iter().zip(&seen.tokens).filter(|(_, count)| **count > 0);
        let words = words.map(|(token, count)| Disguised {
            value: (*token).to_owned(),
            count: *count,
            number: false,
        });
        let numbers = sentinels.iter().map(|which| Disguised {
            value: SENTINELS[*which].to_string(),
            count: seen.sentinels[*which],
            number: true,
        });
        let mut disguised: Vec<_> = words.chain(numbers).collect();
        disguised.sort_by_key(|value| std::cmp::Reverse(value.count));
        let empty = seen.kinds.empty;
        let count = empty + disguised.iter().map(|value| value.count).sum::<u64>();
        Self {
            count,
            share: count as f64 / rows.max(1) as f64,
            empty,
            disguised,
        }
    }
}

/// The places in [`SENTINELS`] of the numbers that stand for nothing in this column.
///
/// A number does if it comes at least twice, and it is further away from all
/// other numbers than these are from each other; or if it is negative and no
/// other number is, and it comes often. With one other value nothing stands out.
pub(super) fn sentinels(seen: &Accumulator) -> Vec<usize> {
    let Some((low, high)) = seen.numbers.ends() else {
        return Vec::new();
    };
    let often = (OFTEN_SHARE * seen.kinds.numbers as f64).max(OFTEN as f64);
    let stands_out = |which: &usize| {
        let (value, count) = (SENTINELS[*which], seen.sentinels[*which]);
        let gap = (low - value).max(value - high);
        let far = count >= 2 && gap >= high - low;
        let alone = value < 0.0 && low >= 0.0 && count as f64 >= often;
        low < high && (far || alone)
    };
    (0..SENTINELS.len()).filter(stands_out).collect()
}
