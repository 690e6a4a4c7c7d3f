//! What is known of a column while the file is read.

use super::distinct::Distinct;
use super::moments::Moments;
use crate::profile::cell::{Cell, TOKENS};
use crate::profile::sample::Plan;

/// Numbers that often stand for "not known".
///
/// −1 and 0 are not among them: they are values far more often than not.
pub(super) const SENTINELS: [f64; 11] = [
    -999_999.0, -99_999.0, -9_999.0, -999.0, -99.0, -9.0, 99.0, 999.0, 9_999.0, 99_999.0, 999_999.0,
];

/// Characters with which a spreadsheet begins a formula.
const FORMULA: [u8; 2] = [b'=', b'@'];

/// Of a text, at most so many bytes are kept as an example.
const EXAMPLE: usize = 80;

/// The cells of one column in one batch, row by row.
pub(crate) trait Texts {
    /// How many rows.
    fn count(&self) -> usize;
    /// The cell of a row.
    fn text(&self, row: usize) -> &[u8];
}

/// Running values of one column.
#[derive(Debug)]
pub(crate) struct Accumulator {
    pub(super) kinds: Kinds,
    pub(super) tokens: [u64; TOKENS.len()],
    /// Of finite numbers that are not among [`SENTINELS`].
    pub(super) moments: Moments,
    pub(super) numbers: Range,
    pub(super) sentinels: [u64; SENTINELS.len()],
    pub(super) dates: Range,
    pub(super) lengths: Lengths,
    pub(super) distinct: Distinct,
    pub(super) order: Order,
    pub(super) formulas: Examples,
    /// The first number, date and text.
    pub(super) first: [Option<String>; 3],
    /// The cells of the sample, in the order of the file.
    pub(super) sample: Vec<Cell>,
}

/// How many cells of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kinds {
    pub(super) empty: u64,
    pub(super) tokens: u64,
    pub(super) numbers: u64,
    pub(super) whole: u64,
    pub(super) zeros: u64,
    pub(super) negative: u64,
    pub(super) infinite: u64,
    pub(super) dates: u64,
    pub(super) texts: u64,
    pub(super) not_utf8: u64,
}

/// The lowest and the highest value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Range {
    const NOTHING: Self = Self {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };

    pub(super) fn add(&mut self, value: f64) {
        self.low = self.low.min(value);
        self.high = self.high.max(value);
    }

    /// Both ends, if there was a value.
    pub(super) fn ends(self) -> Option<(f64, f64)> {
        (self.low <= self.high).then_some((self.low, self.high))
    }
}

/// Lengths of texts in characters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lengths {
    pub(super) shortest: Option<u64>,
    pub(super) longest: u64,
    pub(super) total: u64,
    /// Texts with a space inside.
    pub(super) spaced: u64,
}

/// Whether the numbers only rise, or only fall, down the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    last: f64,
    pub(super) rises: bool,
    pub(super) falls: bool,
}

/// How often something came, and what it looked like first.
#[derive(Clone, Debug, Default)]
pub(super) struct Examples {
    pub(super) count: u64,
    pub(super) first: Option<String>,
}

impl Examples {
    fn add(&mut self, bytes: &[u8]) {
        self.count += 1;
        self.first.get_or_insert_with(|| example(bytes));
    }
}

/// The start of a cell as text.
fn example(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(EXAMPLE)];
    let mut text = String::from_utf8_lossy(cut).trim().to_owned();
    if bytes.len() > EXAMPLE {
        text.push('…');
    }
    text
}

impl Accumulator {
    /// For one of `columns` columns: what each may keep is less where there are many.
    pub(crate) fn new(columns: usize) -> Self {
        let columns = columns.max(1);
        let exact = (2_000_000 / columns).clamp(16, 1024);
        let registers = (1 << 26) / columns;
        Self {
            kinds: Kinds::default(),
            tokens: [0; TOKENS.len()],
            moments: Moments::default(),
            numbers: Range::NOTHING,
            sentinels: [0; SENTINELS.len()],
            dates: Range::NOTHING,
            lengths: Lengths::default(),
            distinct: Distinct::new(exact, registers.ilog2().clamp(8, 14)),
            order: Order {
                last: f64::NAN,
                rises: true,
                falls: true,
            },
            formulas: Examples::default(),
            first: Default::default(),
            sample: Vec::new(),
        }
    }

    /// Takes the cells of a batch; `cells` and `numbers` are used as scratch.
    pub(crate) fn take(&mut self, batch: &impl Texts, plan: &Plan, scratch: &mut Scratch) {
        scratch.cells.clear();
        scratch.numbers.clear();
        for row in 0..batch.count() {
            let text = batch.text(row);
            let cell = Cell::parse(text);
            scratch.cells.push(cell);
            match cell {
                Cell::Empty => self.kinds.empty += 1,
                Cell::Token(which) => {
                    self.kinds.tokens += 1;
                    self.tokens[usize::from(which)] += 1;
                }
                Cell::Number(value) => self.number(value, text, scratch),
                Cell::Date(seconds) => self.date(seconds, text),
                Cell::Text(_) => self.text(cell, text),
            }
        }
        self.moments = self.moments.and(Moments::of(&scratch.numbers));
        self.keep(plan, &scratch.cells);
    }

    fn number(&mut self, value: f64, text: &[u8], scratch: &mut Scratch) {
        self.kinds.numbers += 1;
        self.first[0].get_or_insert_with(|| example(text));
        self.distinct.add(Cell::Number(value).key(), || example(text));
        if value.is_infinite() {
            self.kinds.infinite += 1;
            return;
        }
        self.order.add(value);
        if whole(value) {
            self.kinds.whole += 1;
            if let Some(which) = sentinel(value) {
                self.sentinels[which] += 1;
                return;
            }
        }
        self.kinds.zeros += u64::from(value == 0.0);
        self.kinds.negative += u64::from(value < 0.0);
        self.numbers.add(value);
        scratch.numbers.push(value);
    }

    fn date(&mut self, seconds: f64, text: &[u8]) {
        self.kinds.dates += 1;
        self.first[1].get_or_insert_with(|| example(text));
        self.dates.add(seconds);
        self.order.add(seconds);
        self.distinct.add(Cell::Date(seconds).key(), || example(text));
    }

    fn text(&mut self, cell: Cell, text: &[u8]) {
        self.kinds.texts += 1;
        self.first[2].get_or_insert_with(|| example(text));
        let text = text.trim_ascii();
        let length = if text.is_ascii() {
            text.len()
        } else {
            self.kinds.not_utf8 += u64::from(std::str::from_utf8(text).is_err());
            // A character has one byte that does not continue another.
            text.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
        };
        self.lengths.add(length as u64);
        self.lengths.spaced += u64::from(text.contains(&b' '));
        if text.first().is_some_and(|first| FORMULA.contains(first)) {
            self.formulas.add(text);
        }
        self.distinct.add(cell.key(), || example(text));
    }

    fn keep(&mut self, plan: &Plan, cells: &[Cell]) {
        if let Some(stay) = &plan.stay {
            let mut stay = stay.iter();
            self.sample.retain(|_| stay.next().copied().unwrap_or(false));
        }
        self.sample
            .extend(plan.take.iter().filter_map(|row| cells.get(*row)));
    }
}

impl Lengths {
    fn add(&mut self, length: u64) {
        self.shortest = Some(self.shortest.map_or(length, |shortest| shortest.min(length)));
        self.longest = self.longest.max(length);
        self.total += length;
    }
}

impl Order {
    fn add(&mut self, value: f64) {
        let first = self.last.is_nan();
        self.rises &= first || value > self.last;
        self.falls &= first || value < self.last;
        self.last = value;
    }
}

/// Buffers that are used again for the next batch.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    cells: Vec<Cell>,
    numbers: Vec<f64>,
}

/// Whether `value` has no fraction.
fn whole(value: f64) -> bool {
    // From 2^53 on no number has one; `as` saturates there.
    (value as i64) as f64 == value || value.abs() >= 9e15
}

/// The place of a whole number among [`SENTINELS`].
pub(super) fn sentinel(value: f64) -> Option<usize> {
    // Nearly every number ends here; integers, as the remainder of floating-point numbers is slow.
    if (value as i64) % 10 != 9 && (value as i64) % 10 != -9 {
        return None;
    }
    SENTINELS.iter().position(|sentinel| *sentinel == value)
}
