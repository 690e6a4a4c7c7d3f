//! Which columns are compared, and how each is read: decided on a sample of the train split.

use std::collections::{BTreeMap, HashSet};

use super::canon::{Canon, next_random};
use super::text::{self, Shingling};
use super::{Compared, Options, Roles};
use crate::reason::Unmeasured;
use crate::table::{Column, Row, Table, TableFile, shown};

/// Rows of the sample; fewer where there are many columns.
const SAMPLE: usize = 4096;

/// Cells of the sample.
const SAMPLE_CELLS: usize = 1 << 21;

/// Numbers are compared one by one up to this many columns, and as that many mixtures beyond.
pub(super) const MIXTURES: usize = 16;

/// What is compared, and how.
pub(super) struct Plan {
    pub(super) features: Vec<Feature>,
    /// How many features are numbers.
    pub(super) numbers: usize,
    /// How texts are cut, if there are any.
    pub(super) text: Option<Shingling>,
    /// Whether rows fall into two halves that can be looked at apart.
    pub(super) halves: bool,
    pub(super) compared: Compared,
}

/// A column that both splits have.
pub(super) struct Feature {
    pub(super) name: String,
    pub(super) half: Half,
    pub(super) kind: Kind,
}

/// To which half of the row a column belongs when coincidence is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Left,
    Right,
    /// Its words take turns.
    Both,
}

/// How a column is compared when rows are merely near.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Cell by cell.
    Exact,
    /// As a number, in units of the column's spread.
    Number { place: usize, centre: f64, spread: f64 },
    /// As a set of shingles.
    Text,
}

impl Plan {
    /// Looks at `train`, and at the columns of `test`.
    ///
    /// # Errors
    ///
    /// Those of reading; also when no column is left to compare.
    pub(super) fn of(
        train: &TableFile,
        test: Option<&TableFile>,
        roles: &Roles,
        options: &Options,
    ) -> Result<Self, Unmeasured> {
        let table = Table::open(train, &roles.wanted(true))?;
        let names = names_of(&table)?;
        let others = match test {
            Some(test) => names_of(&Table::open(test, &roles.wanted(true))?)?,
            None => names.clone(),
        };
        let compared = Compared::of(&names, &others, roles);
        if compared.columns.is_empty() {
            return Err(nothing_in_common(train, test, &compared));
        }
        let columns: Vec<Column> = compared
            .columns
            .iter()
            .map(|name| table.column(name))
            .collect::<Result<_, _>>()?;
        let sample = Sample::take(table, &columns, &compared.columns)?;
        Ok(Self::from_sample(compared, &sample, options))
    }

    fn from_sample(compared: Compared, sample: &Sample, options: &Options) -> Self {
        let halves = sample.halves();
        let mut numbers = 0;
        let features: Vec<Feature> = (compared.columns.iter().zip(&sample.columns).zip(&halves))
            .map(|((name, column), half)| Feature {
                name: name.clone(),
                half: *half,
                kind: if options.near {
                    column.kind(&mut numbers)
                } else {
                    Kind::Exact
                },
            })
            .collect();
        let texts = sample.columns.iter().zip(&features);
        let texts = texts.filter(|(_, feature)| feature.kind == Kind::Text);
        let text = text::shingling(texts.flat_map(|(column, _)| column.shapes.iter().copied()));
        Self {
            numbers,
            text,
            halves: features.len() > 1 || halves.contains(&Half::Both),
            features,
            compared,
        }
    }
}

/// The names of the columns; their numbers in a file without a header.
///
/// # Errors
///
/// When two columns have the same name.
pub(super) fn names_of(table: &Table) -> Result<Vec<String>, Unmeasured> {
    if table.headless() {
        let numbers = (0..).map(|at: usize| at.to_string());
        return Ok(numbers
            .take_while(|name| matches!(table.find(name), Ok(Some(_))))
            .collect());
    }
    let names = table.names();
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => {
            let what = format_args!("there are two columns `{}`", shown(twice));
            Err(table.file().invalid(what))
        }
        None => Ok(names.to_vec()),
    }
}

fn nothing_in_common(train: &TableFile, test: Option<&TableFile>, compared: &Compared) -> Unmeasured {
    let list = |names: &[String]| {
        let few: Vec<_> = names
            .iter()
            .take(4)
            .map(|name| format!("`{}`", shown(name)))
            .collect();
        if few.is_empty() {
            "none".to_owned()
        } else {
            few.join(", ")
        }
    };
    match test {
        Some(test) => test
            .invalid(format_args!(
                "it has no feature column in common with `{}`",
                shown(&train.name)
            ))
            .hint(format!(
                "only in the train split: {}; only in the test split: {}",
                list(&compared.only_train),
                list(&compared.only_test)
            )),
        None => train.invalid("it has no feature columns"),
    }
}

impl Compared {
    fn of(train: &[String], test: &[String], roles: &Roles) -> Self {
        let there: HashSet<&String> = test.iter().collect();
        let here: HashSet<&String> = train.iter().collect();
        let feature = |name: &&String| !roles.sets_apart(name);
        Self {
            columns: train
                .iter()
                .filter(feature)
                .filter(|name| there.contains(name))
                .cloned()
                .collect(),
            only_train: train
                .iter()
                .filter(feature)
                .filter(|name| !there.contains(name))
                .cloned()
                .collect(),
            only_test: test
                .iter()
                .filter(feature)
                .filter(|name| !here.contains(name))
                .cloned()
                .collect(),
        }
    }
}

/// Rows drawn at random from the whole file, column by column.
struct Sample {
    columns: Vec<Drawn>,
}

/// The cells of one column.
#[derive(Default)]
struct Drawn {
    numbers: Vec<f64>,
    shapes: Vec<text::Shape>,
    missing: usize,
    /// How often each value was drawn, by its hash.
    values: BTreeMap<u64, u32>,
}

impl Sample {
    /// Reads `table` once; every row is drawn with the same probability (Vitter's algorithm R).
    fn take(table: Table, columns: &[Column], names: &[String]) -> Result<Self, Unmeasured> {
        let most = SAMPLE.min(SAMPLE_CELLS / columns.len().max(1)).max(16);
        let mut drawn: Vec<Vec<Cell>> = Vec::new();
        let (mut seen, mut state) = (0u64, 0);
        let file = table.file().clone();
        table.each(columns, |line, row| {
            let place = if drawn.len() < most {
                drawn.len()
            } else {
                (next_random(&mut state) % (seen + 1)) as usize
            };
            seen += 1;
            if place < most {
                let cells = columns.iter().zip(names);
                let cells = cells.map(|(column, name)| Ok(Cell::of(cell(&file, row, *column, line, name)?)));
                let cells = cells.collect::<Result<_, Unmeasured>>()?;
                match drawn.get_mut(place) {
                    Some(old) => *old = cells,
                    None => drawn.push(cells),
                }
            }
            Ok(true)
        })?;
        if seen == 0 {
            return Err(file.invalid("it has no rows"));
        }
        let mut found: Vec<Drawn> = columns.iter().map(|_| Drawn::default()).collect();
        for row in drawn {
            for (cell, column) in row.into_iter().zip(&mut found) {
                column.add(cell);
            }
        }
        Ok(Self { columns: found })
    }

    /// Deals the columns out to two halves so that each gets its share of those that tell rows apart.
    fn halves(&self) -> Vec<Half> {
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(self.columns[at].values.len()));
        let mut halves = vec![Half::Left; self.columns.len()];
        let turn = [Half::Left, Half::Right, Half::Right, Half::Left];
        let mut turns = turn.iter().cycle();
        for at in order {
            halves[at] = if self.columns[at].is_text() {
                Half::Both
            } else {
                turns.next().copied().unwrap_or(Half::Left)
            };
        }
        halves
    }
}

/// The text of a cell; empty if it is not there.
///
/// # Errors
///
/// When it is not UTF-8.
pub(super) fn cell<'a>(
    file: &TableFile,
    row: &'a Row<'_>,
    column: Column,
    line: u64,
    name: &str,
) -> Result<&'a str, Unmeasured> {
    let cell = row.cell(column).map_err(|_| {
        file.invalid(format_args!("line {line}: `{}` is not UTF-8", shown(name)))
            .hint("write the file in UTF-8")
    })?;
    Ok(cell.unwrap_or_default())
}

/// One cell of the sample, without its text.
#[derive(Clone, Copy)]
enum Cell {
    Missing,
    Number(f64),
    Text(u64, text::Shape),
}

impl Cell {
    fn of(cell: &str) -> Self {
        match Canon::of(cell) {
            Canon::Missing => Self::Missing,
            Canon::Whole(whole) => Self::Number(whole as f64),
            Canon::Number(number) => Self::Number(number),
            Canon::Text(text) => Self::Text(text::fingerprint(text), text::Shape::of(text)),
        }
    }
}

impl Drawn {
    fn add(&mut self, cell: Cell) {
        let value = match cell {
            Cell::Missing => {
                self.missing += 1;
                return;
            }
            Cell::Number(number) => {
                self.numbers.push(number);
                number.to_bits()
            }
            Cell::Text(value, shape) => {
                self.shapes.push(shape);
                value
            }
        };
        *self.values.entry(value).or_default() += 1;
    }

    fn is_text(&self) -> bool {
        self.shapes.len() > self.numbers.len() && text::Shape::reads_like_text(&self.shapes)
    }

    fn kind(&self, numbers: &mut usize) -> Kind {
        if self.is_text() {
            return Kind::Text;
        }
        let all = self.numbers.len() + self.shapes.len();
        if self.numbers.is_empty() || self.numbers.len() * 20 < all * 19 {
            return Kind::Exact;
        }
        let Some((centre, spread)) = spread(&self.numbers) else {
            return Kind::Exact;
        };
        let place = *numbers;
        *numbers += 1;
        Kind::Number {
            place,
            centre,
            spread,
        }
    }
}

/// Median, and interquartile range in units of a normal distribution's standard deviation.
///
/// Where half of the values are equal, the mean absolute deviation takes its place.
fn spread(values: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    let centre = at(0.5);
    let quartiles = (at(0.75) - at(0.25)) / 1.349;
    let spread = if quartiles > 0.0 {
        quartiles
    } else {
        sorted.iter().map(|value| (value - centre).abs()).sum::<f64>() / sorted.len() as f64
    };
    (spread > 0.0 && spread.is_finite()).then_some((centre, spread))
}
