//! A column: its type, what is missing, and how its values are distributed.

mod accumulate;
mod distinct;
mod missing;
mod moments;
mod numbers;

use std::collections::HashMap;

use serde::Serialize;

pub(super) use self::accumulate::{Accumulator, Scratch, Texts};
pub use self::missing::{Disguised, Missing};
pub(super) use self::numbers::quantile;
pub use self::numbers::{Numbers, Outliers, Quantile};
use super::cell::Cell;

/// A column is of a type if at least this share of its values is.
const MOSTLY: f64 = 0.95;

/// Words in few forms are categories: at most so many forms …
const CATEGORIES: u64 = 50;

/// … or at most so many, if each comes twenty times on average.
const MANY_CATEGORIES: u64 = 1000;

/// A code is no longer than this.
const LONGEST_CODE: u64 = 64;

/// So many of the most frequent values are listed.
const TOP: usize = 5;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// Two values that stand for yes and no.
    Boolean,
    /// Few values, which come again and again.
    Category,
    /// Many different texts.
    Text,
    /// Days or times.
    DateTime,
    /// One value alone.
    Constant,
    /// No value at all.
    Empty,
}

impl Type {
    /// The word that reports and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Category => "category",
            Self::Text => "text",
            Self::DateTime => "date-time",
            Self::Constant => "constant",
            Self::Empty => "empty",
        }
    }
}

/// What is known of a column. Shares are from 0 to 1.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Rows of the file.
    pub rows: u64,
    /// Cells without a value.
    pub missing: Missing,
    /// How many different values.
    pub unique: Unique,
    /// The most frequent values, counted exactly.
    pub top: Vec<Frequent>,
    /// Its numbers, if it is of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<Numbers>,
    /// Lengths of its texts, if it is of texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<Length>,
    /// The earliest and the latest time, if it is of times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<[String; 2]>,
    /// The kinds of value in it, if it is not all of one kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mixed: Vec<Mixed>,
    /// `rising` or `falling`, if its values are in strict order down the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<&'static str>,
    /// Cells that are not UTF-8.
    pub not_utf8: u64,
    /// Cells that a spreadsheet would run as a formula.
    pub formulas: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// Whether its texts are short and nearly all of one word, as codes are.
    #[serde(skip)]
    pub(super) words_alone: bool,
}

impl ColumnProfile {
    /// How many cells hold a value.
    pub fn present(&self) -> u64 {
        self.rows.saturating_sub(self.missing.count)
    }
}

/// How many different values.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Unique {
    /// The number.
    pub count: u64,
    /// Whether it is exact.
    pub exact: bool,
    /// Otherwise the relative standard error of the estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<f64>,
}

/// A value and how often it comes.
#[derive(Clone, Debug, Serialize)]
pub struct Frequent {
    /// As it was first written; at most 80 bytes.
    pub value: String,
    /// How often.
    pub count: u64,
    /// Of all cells with a value.
    pub share: f64,
}

/// Lengths in characters.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Length {
    /// The shortest.
    pub min: u64,
    /// The longest.
    pub max: u64,
    /// On average.
    pub mean: f64,
}

/// Values of one kind in a column of several.
#[derive(Clone, Debug, Serialize)]
pub struct Mixed {
    /// `number`, `date-time` or `text`.
    pub kind: &'static str,
    /// How many.
    pub count: u64,
    /// The first.
    pub example: String,
}

/// A column with the cells of the sample.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) profile: ColumnProfile,
    pub(super) values: Values,
    /// How values are written that came often enough to be counted.
    pub(super) labels: HashMap<u64, String>,
}

/// The cells of the sample, in the order of the file; what is missing is `None`.
#[derive(Debug)]
pub(super) enum Values {
    /// Numbers, and times as seconds.
    Numbers(Vec<Option<f64>>),
    /// Keys of categories: equal values have equal keys, in every file.
    Categories(Vec<Option<u64>>),
}

impl Values {
    /// How many rows.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Categories(keys) => keys.len(),
        }
    }

    /// The key of each value, numbers being their own categories.
    pub(super) fn keys(&self) -> Vec<Option<u64>> {
        match self {
            Self::Numbers(values) => values
                .iter()
                .map(|value| value.map(|value| Cell::Number(value).key()))
                .collect(),
            Self::Categories(keys) => keys.clone(),
        }
    }
}

impl Column {
    /// What a column came to; `complete`: the sample holds all rows.
    pub(super) fn finished(name: String, rows: u64, seen: &Accumulator, complete: bool) -> Self {
        let sentinels = missing::sentinels(seen);
        let absent = Missing::of(seen, &sentinels, rows);
        let kind = kind(seen, &sentinels, rows - absent.count);
        let values = values(&seen.sample, kind, seen, &sentinels);
        let unique = unique(seen, &values, sentinels.len() as u64, complete);
        let number = match (&values, kind) {
            (Values::Numbers(values), Type::Integer | Type::Number | Type::Constant) => {
                Some(Numbers::of(seen, &sentinels, values, complete))
            }
            _ => None,
        };
        let profile = ColumnProfile {
            name,
            kind,
            rows,
            unique,
            top: top(seen, &sentinels, rows - absent.count),
            number,
            length: length(seen, kind),
            time: time(seen, kind),
            mixed: mixed(seen),
            order: order(seen, rows - absent.count),
            not_utf8: seen.kinds.not_utf8,
            formulas: seen.formulas.count,
            formula: seen.formulas.first.clone(),
            words_alone: seen.lengths.longest <= LONGEST_CODE && seen.lengths.spaced * 20 <= seen.kinds.texts,
            missing: absent,
        };
        let labels = seen.distinct.values().map(|(key, seen)| (key, seen.text.clone()));
        Self {
            profile,
            values,
            labels: labels.collect(),
        }
    }
}

fn kind(seen: &Accumulator, sentinels: &[usize], present: u64) -> Type {
    let (distinct, _) = seen.distinct.count();
    let distinct = distinct.saturating_sub(sentinels.len() as u64);
    let mostly = |count: u64| count as f64 >= MOSTLY * present as f64;
    let hidden: u64 = sentinels.iter().map(|which| seen.sentinels[*which]).sum();
    let yes_no = distinct == 2 && seen.distinct.complete();
    if present == 0 {
        return Type::Empty;
    }
    if distinct == 1 && seen.distinct.complete() {
        return Type::Constant;
    }
    if mostly(seen.kinds.numbers - hidden) {
        let bits = seen.numbers.ends() == Some((0.0, 1.0));
        return match seen.kinds.whole == seen.kinds.numbers {
            true if yes_no && bits => Type::Boolean,
            true => Type::Integer,
            false => Type::Number,
        };
    }
    if mostly(seen.kinds.dates) {
        return Type::DateTime;
    }
    let few = distinct <= CATEGORIES || (distinct <= MANY_CATEGORIES && distinct * 20 <= present);
    match few && distinct * 2 <= present {
        true if yes_no && says_yes_and_no(seen) => Type::Boolean,
        true => Type::Category,
        false => Type::Text,
    }
}

fn says_yes_and_no(seen: &Accumulator) -> bool {
    const PAIRS: [[&str; 2]; 4] = [["false", "true"], ["no", "yes"], ["f", "t"], ["n", "y"]];
    let mut words: Vec<String> = seen
        .distinct
        .values()
        .map(|(_, seen)| seen.text.to_lowercase())
        .collect();
    words.sort();
    PAIRS.iter().any(|pair| words == *pair)
}

/// The cells of the sample as the type has them: what is of another kind is missing from numbers.
fn values(cells: &[Cell], kind: Type, seen: &Accumulator, sentinels: &[usize]) -> Values {
    let hidden = |value: f64| accumulate::sentinel(value).is_some_and(|which| sentinels.contains(&which));
    let number = |cell: &Cell| match *cell {
        Cell::Number(value) => (value.is_finite() && !hidden(value)).then_some(value),
        Cell::Empty | Cell::Token(_) | Cell::Date(_) | Cell::Text(_) => None,
    };
    let seconds = |cell: &Cell| match *cell {
        Cell::Date(seconds) => Some(seconds),
        Cell::Empty | Cell::Token(_) | Cell::Number(_) | Cell::Text(_) => None,
    };
    let key = |cell: &Cell| match *cell {
        Cell::Empty | Cell::Token(_) => None,
        Cell::Number(value) => (!hidden(value)).then(|| cell.key()),
        Cell::Date(_) | Cell::Text(_) => Some(cell.key()),
    };
    match kind {
        Type::Integer | Type::Number => Values::Numbers(cells.iter().map(number).collect()),
        Type::Constant if seen.kinds.texts + seen.kinds.dates == 0 => {
            Values::Numbers(cells.iter().map(number).collect())
        }
        Type::DateTime => Values::Numbers(cells.iter().map(seconds).collect()),
        Type::Boolean | Type::Category | Type::Text | Type::Constant | Type::Empty => {
            Values::Categories(cells.iter().map(key).collect())
        }
    }
}

fn unique(seen: &Accumulator, values: &Values, sentinels: u64, complete: bool) -> Unique {
    let (count, error) = seen.distinct.count();
    let one_kind = seen.kinds.numbers == 0 || seen.kinds.texts + seen.kinds.dates == 0;
    if complete && error.is_some() && one_kind && seen.kinds.infinite == 0 {
        let mut keys: Vec<u64> = values.keys().into_iter().flatten().collect();
        keys.sort_unstable();
        keys.dedup();
        return Unique {
            count: keys.len() as u64,
            exact: true,
            error: None,
        };
    }
    Unique {
        count: count.saturating_sub(sentinels),
        exact: error.is_none(),
        error,
    }
}

fn top(seen: &Accumulator, sentinels: &[usize], present: u64) -> Vec<Frequent> {
    let hidden: Vec<u64> = sentinels
        .iter()
        .map(|which| Cell::Number(accumulate::SENTINELS[*which]).key())
        .collect();
    let mut values: Vec<_> = seen
        .distinct
        .values()
        .filter(|(key, value)| !hidden.contains(key) && value.count > 1)
        .map(|(_, value)| value)
        .collect();
    values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
    values.truncate(TOP);
    let frequent = |value: &distinct::Seen| Frequent {
        value: value.text.clone(),
        count: value.count,
        share: value.count as f64 / present.max(1) as f64,
    };
    values.into_iter().map(frequent).collect()
}

fn length(seen: &Accumulator, kind: Type) -> Option<Length> {
    let texts = matches!(kind, Type::Category | Type::Text | Type::Boolean | Type::Constant);
    let min = seen.lengths.shortest.filter(|_| texts)?;
    Some(Length {
        min,
        max: seen.lengths.longest,
        mean: seen.lengths.total as f64 / seen.kinds.texts.max(1) as f64,
    })
}

fn time(seen: &Accumulator, kind: Type) -> Option<[String; 2]> {
    let (first, last) = seen.dates.ends().filter(|_| kind == Type::DateTime)?;
    Some([written(first)?, written(last)?])
}

/// Seconds since 1970 as a day, with the time where it is not midnight.
fn written(seconds: f64) -> Option<String> {
    let time = jiff::Timestamp::from_second(seconds as i64).ok()?.to_string();
    let time = time.trim_end_matches('Z');
    Some(time.strip_suffix("T00:00:00").unwrap_or(time).to_owned())
}

fn mixed(seen: &Accumulator) -> Vec<Mixed> {
    let kinds = [
        ("number", seen.kinds.numbers),
        ("date-time", seen.kinds.dates),
        ("text", seen.kinds.texts),
    ];
    let found = kinds
        .into_iter()
        .zip(&seen.first)
        .filter(|((_, count), _)| *count > 0);
    let found: Vec<Mixed> = found
        .map(|((kind, count), example)| Mixed {
            kind,
            count,
            example: example.clone().unwrap_or_default(),
        })
        .collect();
    if found.len() > 1 { found } else { Vec::new() }
}

fn order(seen: &Accumulator, present: u64) -> Option<&'static str> {
    let numbers = seen.kinds.numbers + seen.kinds.dates;
    if present < 10 || numbers != present {
        return None;
    }
    match (seen.order.rises, seen.order.falls) {
        (true, _) => Some("rising"),
        (_, true) => Some("falling"),
        _ => None,
    }
}
