//! One reading of a split: a few numbers for each row.

use super::canon::{Canon, Key, mix, rounded};
use super::plan::{Half, Kind, MIXTURES, Plan, cell};
use super::rows::LineNumbers;
use super::text::{self, Cutter, MinHash};
use super::time::{Moments, Times};
use super::{Options, Roles};
use crate::error::Fault;
use crate::observe::{Event, Observer};
use crate::reason::{Reason, Unmeasured};
use crate::table::{Column, Row, Table, TableFile, shown};

/// A split of more rows is refused: its hashes alone would take 10 GB.
const MOST_ROWS: u64 = 200_000_000;

/// Near rows are not looked for in splits of more rows.
const MOST_NEAR: u64 = 20_000_000;

/// What stands for a missing label, id or group.
pub(super) const MISSING: u64 = 0;

/// What is kept of a split, row by row.
pub(super) struct Split {
    pub(super) file: TableFile,
    pub(super) lines: LineNumbers,
    /// The features of a row, and those of its two halves.
    pub(super) whole: Vec<u128>,
    pub(super) left: Vec<u64>,
    pub(super) right: Vec<u64>,
    /// Empty where there is no such column.
    pub(super) label: Vec<u64>,
    pub(super) id: Ids,
    pub(super) group: Vec<u64>,
    pub(super) time: Option<Times>,
    /// Empty where near rows are not looked for.
    pub(super) near: Near,
}

/// What shows that rows are near each other.
#[derive(Default)]
pub(super) struct Near {
    /// The numbers of each row, in units of their spread, `width` a row.
    pub(super) numbers: Vec<f32>,
    pub(super) width: usize,
    /// All cells that are not numbers.
    pub(super) rest: Vec<u64>,
    /// The row with its numbers rounded.
    pub(super) rounded: Vec<u64>,
    /// Keys of bands, [`text::BANDS`] a row.
    pub(super) bands: Vec<u32>,
    /// How many shingles a row has.
    pub(super) shingles: Vec<u32>,
}

/// Identifiers of rows.
#[derive(Default)]
pub(super) struct Ids {
    pub(super) hashes: Vec<u64>,
    /// What every id is more than its row, if they only count the rows.
    pub(super) offset: Option<i64>,
}

impl Ids {
    fn push(&mut self, cell: &str, key: &Key) {
        let row = self.hashes.len() as i64;
        let offset = match Canon::of(cell) {
            Canon::Whole(whole) => whole.checked_sub(row),
            Canon::Missing | Canon::Number(_) | Canon::Text(_) => None,
        };
        self.offset = if row == 0 || self.offset == offset {
            offset
        } else {
            None
        };
        self.hashes.push(hash_of(cell, key));
    }
}

fn hash_of(cell: &str, key: &Key) -> u64 {
    let canon = Canon::of(cell);
    if canon == Canon::Missing {
        return MISSING;
    }
    let mut bytes = Vec::with_capacity(32);
    canon.encode(&mut bytes);
    key.short(&bytes).max(MISSING + 1)
}

impl Split {
    pub(super) fn rows(&self) -> u64 {
        self.whole.len() as u64
    }

    /// Reads `file` as `plan` says.
    ///
    /// # Errors
    ///
    /// Those of reading, and being asked to stop.
    pub(super) fn read(
        file: &TableFile,
        plan: &Plan,
        roles: &Roles,
        options: &Options,
        key: &Key,
        observer: &dyn Observer,
    ) -> Result<Self, Unmeasured> {
        let table = Table::open(file, &roles.wanted(true))?;
        let features = plan.features.iter().map(|feature| table.column(&feature.name));
        let features: Vec<Column> = features.collect::<Result<_, _>>()?;
        let special = Special::of(&table, roles)?;
        let wanted: Vec<Column> = features.iter().copied().chain(special.columns()).collect();
        let mut split = Self::empty(file, special.time.is_some());
        let mut scratch = Scratch::new(plan, key, options.near);
        let mut watch = Watch::new(file, observer);
        table.each(&wanted, |line, row| {
            watch.row(split.rows())?;
            split.lines.push(split.rows(), line);
            scratch.start();
            for (feature, column) in plan.features.iter().zip(&features) {
                let text = cell(file, row, *column, line, &feature.name)?;
                scratch.add(text, feature.half, feature.kind, plan);
            }
            split.push(&mut scratch, key, options.near);
            special.read(&mut split, file, row, line, key)?;
            Ok(true)
        })?;
        if split.rows() > MOST_NEAR {
            split.near = Near::default();
        }
        split.near.width = scratch.width;
        Ok(split)
    }

    fn empty(file: &TableFile, time: bool) -> Self {
        Self {
            file: file.clone(),
            lines: LineNumbers::default(),
            whole: Vec::new(),
            left: Vec::new(),
            right: Vec::new(),
            label: Vec::new(),
            id: Ids::default(),
            group: Vec::new(),
            time: time.then(Times::default),
            near: Near::default(),
        }
    }

    fn push(&mut self, scratch: &mut Scratch<'_>, key: &Key, near: bool) {
        let (left, right) = (key.wide(&scratch.left), key.wide(&scratch.right));
        self.whole.push(left.wrapping_add(right.rotate_left(64)));
        self.left.push(left as u64);
        self.right.push(right as u64);
        if near && self.rows() <= MOST_NEAR {
            scratch.near(&mut self.near, key);
        }
    }
}

/// Columns that are not features.
struct Special<'a> {
    label: Option<(&'a str, Column)>,
    id: Option<(&'a str, Column)>,
    group: Option<(&'a str, Column)>,
    time: Option<(&'a str, Column)>,
}

impl<'a> Special<'a> {
    fn of(table: &Table, roles: &'a Roles) -> Result<Self, Unmeasured> {
        let find = |name: &'a Option<String>| match name {
            Some(name) => Ok(table.find(name)?.map(|column| (name.as_str(), column))),
            None => Ok(None),
        };
        Ok(Self {
            label: find(&roles.target)?,
            id: find(&roles.id)?,
            group: find(&roles.group)?,
            time: find(&roles.time)?,
        })
    }

    fn columns(&self) -> impl Iterator<Item = Column> {
        let all = [self.label, self.id, self.group, self.time];
        all.into_iter().flatten().map(|(_, column)| column)
    }

    fn read(
        &self,
        split: &mut Split,
        file: &TableFile,
        row: &Row<'_>,
        line: u64,
        key: &Key,
    ) -> Result<(), Unmeasured> {
        let text = |(name, column): (&str, Column)| cell(file, row, column, line, name);
        if let Some(column) = self.label {
            split.label.push(hash_of(text(column)?, key));
        }
        if let Some(column) = self.id {
            split.id.push(text(column)?, key);
        }
        if let Some(column) = self.group {
            split.group.push(hash_of(text(column)?, key));
        }
        if let (Some(column), Some(times)) = (self.time, &mut split.time) {
            times.push(Moments::of(text(column)?));
        }
        Ok(())
    }
}

/// What is gathered of one row.
struct Scratch<'a> {
    left: Vec<u8>,
    right: Vec<u8>,
    rest: Vec<u8>,
    rounded: Vec<u8>,
    numbers: Vec<f32>,
    width: usize,
    mixed: bool,
    shingles: Vec<u64>,
    cutter: Cutter,
    hash: MinHash,
    seed: u64,
    /// Whether near rows are looked for.
    near: bool,
    plan: &'a Plan,
}

impl<'a> Scratch<'a> {
    fn new(plan: &'a Plan, key: &Key, near: bool) -> Self {
        let width = plan.numbers.min(MIXTURES);
        let seed = key.short(b"text");
        Self {
            left: Vec::new(),
            right: Vec::new(),
            rest: Vec::new(),
            rounded: Vec::new(),
            numbers: vec![0.0; width],
            width,
            mixed: plan.numbers > MIXTURES,
            shingles: Vec::new(),
            cutter: Cutter::default(),
            hash: MinHash::new(seed),
            seed,
            near,
            plan,
        }
    }

    fn start(&mut self) {
        [&mut self.left, &mut self.right, &mut self.rest, &mut self.rounded]
            .into_iter()
            .for_each(Vec::clear);
        self.numbers.fill(0.0);
        self.shingles.clear();
    }

    fn add(&mut self, text: &str, half: Half, kind: Kind, plan: &Plan) {
        let canon = Canon::of(text);
        match half {
            Half::Left => canon.encode(&mut self.left),
            Half::Right => canon.encode(&mut self.right),
            Half::Both => self.deal(text),
        }
        match (kind, canon.value()) {
            (
                Kind::Number {
                    place,
                    centre,
                    spread,
                },
                Some(value),
            ) => {
                self.rest.push(4);
                self.number(place, (value - centre) / spread);
                let (digits, power) = rounded(value);
                self.rounded.push(4);
                self.rounded.extend_from_slice(&digits.to_le_bytes());
                self.rounded.extend_from_slice(&power.to_le_bytes());
            }
            (Kind::Text, _) => {
                canon.encode(&mut self.rest);
                if let Some(how) = plan.text {
                    let seed = self.seed;
                    self.cutter.cut(text, how, seed, &mut self.shingles);
                }
            }
            (Kind::Number { .. } | Kind::Exact, _) if self.near => canon.encode(&mut self.rest),
            (Kind::Number { .. } | Kind::Exact, _) => {}
        }
    }

    /// Deals the words of a text out to the two halves.
    fn deal(&mut self, text: &str) {
        for (at, word) in text.split_whitespace().enumerate() {
            let half = if at % 2 == 0 {
                &mut self.left
            } else {
                &mut self.right
            };
            Canon::Text(word).encode(half);
        }
        self.left.push(5);
        self.right.push(5);
    }

    fn number(&mut self, place: usize, value: f64) {
        if !self.mixed {
            self.numbers[place] = value as f32;
            return;
        }
        let signs = mix(place as u64 + 1);
        let value = (value / (self.plan.numbers as f64).sqrt()) as f32;
        for (at, number) in self.numbers.iter_mut().enumerate() {
            *number += if signs >> at & 1 == 1 { value } else { -value };
        }
    }

    fn near(&mut self, near: &mut Near, key: &Key) {
        if self.width > 0 {
            near.numbers.extend_from_slice(&self.numbers);
            near.rest.push(key.short(&self.rest));
            self.rounded.extend_from_slice(&self.rest);
            near.rounded.push(key.short(&self.rounded));
        }
        if self.plan.text.is_some() {
            text::to_set(&mut self.shingles);
            near.shingles
                .push(self.shingles.len().try_into().unwrap_or(u32::MAX));
            self.hash.bands(&self.shingles, &mut near.bands);
        }
    }
}

/// Tells how far the reading is, and ends it when asked to.
struct Watch<'a> {
    what: String,
    observer: &'a dyn Observer,
}

impl<'a> Watch<'a> {
    fn new(file: &TableFile, observer: &'a dyn Observer) -> Self {
        Self {
            what: format!("compare rows of {}", shown(&file.name)),
            observer,
        }
    }

    fn row(&mut self, done: u64) -> Result<(), Unmeasured> {
        if done >= MOST_ROWS {
            let what = format!("{}: more than {MOST_ROWS} rows", self.what);
            return Err(Unmeasured::new(Reason::MeasurementInvalid, Fault::Host, what));
        }
        if done.is_multiple_of(1 << 14) {
            if self.observer.cancelled() {
                return Err(Unmeasured::new(Reason::Cancelled, Fault::Host, self.what.clone()));
            }
            let what = &self.what;
            self.observer.event(Event::Progress {
                what,
                done,
                total: None,
            });
        }
        Ok(())
    }
}
