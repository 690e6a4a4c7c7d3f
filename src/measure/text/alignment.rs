//! Edit distances and common subsequences, 64 cells of the table at a time.
//!
//! References: G. Myers, *A fast bit-vector algorithm for approximate string
//! matching based on dynamic programming*, J. ACM 46(3), 1999, in the form of
//! H. Hyyrö, 2003; and H. Hyyrö, *Bit-parallel LCS-length computation revisited*, 2004.

use std::collections::HashMap;

use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};

/// How many cells of alignment tables may still be filled.
///
/// Two texts of half a million characters each take all of it, which is some
/// seconds of work.
#[derive(Debug)]
pub(in crate::measure) struct Budget(u64);

impl Budget {
    /// 2³⁸ cells.
    const CELLS: u64 = 1 << 38;

    /// A fresh one for all the texts of a metric.
    pub(in crate::measure) fn new() -> Self {
        Self(Self::CELLS)
    }

    /// Takes off one table.
    ///
    /// # Errors
    ///
    /// When too little is left.
    pub(in crate::measure) fn spend(&mut self, rows: usize, columns: usize) -> Result<(), Unmeasured> {
        let cells = (rows as u64).saturating_mul(columns as u64);
        self.0 = self.0.checked_sub(cells).ok_or_else(|| {
            let detail = format!(
                "the texts are too long to be aligned: more than {} cells in all",
                Self::CELLS
            );
            invalid(Fault::Paper, detail).hint("split long documents into sentences")
        })?;
        Ok(())
    }
}

/// Where each symbol occurs in a pattern: the blocks of 64 places, ascending, and a bit for each place.
struct Places {
    of: HashMap<u32, Vec<(usize, u64)>>,
    blocks: usize,
}

impl Places {
    fn new(pattern: &[u32]) -> Self {
        let mut of: HashMap<u32, Vec<(usize, u64)>> = HashMap::new();
        for (place, &symbol) in pattern.iter().enumerate() {
            let (block, bit) = (place / 64, 1 << (place % 64));
            let blocks = of.entry(symbol).or_default();
            match blocks.last_mut() {
                Some((last, bits)) if *last == block => *bits |= bit,
                _ => blocks.push((block, bit)),
            }
        }
        Self {
            of,
            blocks: pattern.len().div_ceil(64),
        }
    }

    /// For each block in order, the places of `symbol`.
    fn blocks(&self, symbol: u32) -> impl Iterator<Item = u64> {
        let mut some = self
            .of
            .get(&symbol)
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .peekable();
        (0..self.blocks).map(move |block| match some.peek() {
            Some((at, bits)) if *at == block => {
                some.next();
                *bits
            }
            _ => 0,
        })
    }
}

/// The fewest insertions, deletions and substitutions that turn `a` into `b`.
pub(in crate::measure) fn levenshtein(a: &[u32], b: &[u32]) -> usize {
    let (a, b) = trimmed(a, b);
    let (pattern, text) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if pattern.is_empty() {
        return text.len();
    }
    if pattern.len() <= 64 {
        return short(pattern, text);
    }
    let places = Places::new(pattern);
    let mut column = vec![Vertical::default(); places.blocks];
    let last = 1_u64 << ((pattern.len() - 1) % 64);
    let mut distance = pattern.len();
    for &symbol in text {
        let mut carry = Step::Up;
        for (at, (block, equal)) in column.iter_mut().zip(places.blocks(symbol)).enumerate() {
            let top = if at + 1 == places.blocks { last } else { 1 << 63 };
            carry = block.advance(equal, carry, top);
        }
        distance = carry.from(distance);
    }
    distance
}

/// The same for a pattern of one block, whose symbols need no hashing.
fn short(pattern: &[u32], text: &[u32]) -> usize {
    let mut places: Vec<(u32, u64)> = Vec::with_capacity(pattern.len());
    for (place, &symbol) in pattern.iter().enumerate() {
        match places.iter_mut().find(|(known, _)| *known == symbol) {
            Some((_, bits)) => *bits |= 1 << place,
            None => places.push((symbol, 1 << place)),
        }
    }
    let mut column = Vertical::default();
    let last = 1 << (pattern.len() - 1);
    let mut distance = pattern.len();
    for symbol in text {
        let equal = places
            .iter()
            .find(|(known, _)| known == symbol)
            .map_or(0, |(_, bits)| *bits);
        distance = column.advance(equal, Step::Up, last).from(distance);
    }
    distance
}

/// Both without what they begin and end with alike.
fn trimmed<'a>(a: &'a [u32], b: &'a [u32]) -> (&'a [u32], &'a [u32]) {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    let same = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    (&a[..a.len() - same], &b[..b.len() - same])
}

/// From one cell to the next of a row.
#[derive(Clone, Copy)]
enum Step {
    Up,
    Level,
    Down,
}

impl Step {
    fn from(self, distance: usize) -> usize {
        match self {
            Self::Up => distance + 1,
            Self::Level => distance,
            Self::Down => distance.saturating_sub(1),
        }
    }
}

/// The differences between the cells of a column, 64 of them.
#[derive(Clone, Copy)]
struct Vertical {
    up: u64,
    down: u64,
}

impl Default for Vertical {
    fn default() -> Self {
        Self {
            up: u64::MAX,
            down: 0,
        }
    }
}

impl Vertical {
    /// Moves on by one column; returns the step in the row of the bit `top`.
    fn advance(&mut self, equal: u64, above: Step, top: u64) -> Step {
        let (rises, falls) = (
            u64::from(matches!(above, Step::Up)),
            u64::from(matches!(above, Step::Down)),
        );
        let vertical = equal | self.down;
        let equal = equal | falls;
        let horizontal = ((equal & self.up).wrapping_add(self.up) ^ self.up) | equal;
        let up = self.down | !(horizontal | self.up);
        let down = self.up & horizontal;
        let step = match (up & top != 0, down & top != 0) {
            (true, _) => Step::Up,
            (_, true) => Step::Down,
            _ => Step::Level,
        };
        let (up, down) = (up << 1 | rises, down << 1 | falls);
        self.up = down | !(vertical | up);
        self.down = up & vertical;
        step
    }
}

/// The length of the longest common subsequence.
pub(super) fn common_subsequence(a: &[u32], b: &[u32]) -> usize {
    let (pattern, text) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let places = Places::new(pattern);
    let mut column = vec![u64::MAX; places.blocks];
    for &symbol in text {
        let mut carry = false;
        for (block, matches) in column.iter_mut().zip(places.blocks(symbol)) {
            let (sum, first) = block.overflowing_add(*block & matches);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first || second;
            *block = sum | (*block & !matches);
        }
    }
    // The bits above the pattern never match and stay 1.
    column.iter().map(|block| block.count_zeros() as usize).sum()
}
