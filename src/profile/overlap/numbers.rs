//! Rows whose numbers differ by no more than noise.
//!
//! Every number is measured in units of its column's spread. Random mixtures of all
//! of them are cut into cells, several grids of them, so that a pair at the edge of
//! a cell in one grid lies inside one in another; whoever shares a cell is compared
//! number by number.
//!
//! Reference: M. Datar, N. Immorlica, P. Indyk and V. Mirrokni, *Locality-sensitive
//! hashing scheme based on p-stable distributions*, 2004.

use rayon::prelude::*;

use super::canon::{mix, next_random};
use super::near::{Hit, Query, judge};
use super::plan::{MIXTURES, Plan};
use super::scan::Split;
use super::{Found, Options};

/// Grids.
const GRIDS: usize = 4;

/// Mixtures that make up a cell.
const AXES: usize = 6;

/// The width of a cell, in tolerances.
const WIDTH: f32 = 20.0;

/// Rows of a cell that are looked at.
const CROWD: usize = 64;

/// Mixtures of many columns differ by up to this many tolerances.
const MIXED: f32 = 3.0;

/// Finds test rows with a train row that is near.
pub(super) fn search(
    train: &Split,
    test: &Split,
    plan: &Plan,
    firsts: &[u32],
    queries: &[Query],
    options: &Options,
) -> Found {
    let tolerance = options.tolerance as f32 * if plan.numbers > MIXTURES { MIXED } else { 1.0 };
    let search = Search {
        train,
        test,
        tolerance,
    };
    let mut open = queries.to_vec();
    let mut hits = Vec::new();
    for grid in 0..=GRIDS {
        // The first pass looks at numbers that are equal once rounded.
        let grid = grid
            .checked_sub(1)
            .map(|at| Grid::new(at as u64, train.near.width, tolerance));
        let found = search.pass(grid.as_ref(), firsts, &open);
        open = open
            .iter()
            .zip(&found)
            .filter(|(_, hit)| hit.is_none())
            .map(|(query, _)| *query)
            .collect();
        hits.extend(found.into_iter().flatten());
    }
    let chance = search.chance(queries) * firsts.len() as f64;
    judge(&hits, queries, chance.min(1.0), (train, test), options.examples)
}

/// A way to cut space into cells.
struct Grid {
    /// Signs of all numbers in each mixture, as bits.
    signs: [u64; AXES],
    offsets: [f32; AXES],
    scale: f32,
}

impl Grid {
    fn new(at: u64, width: usize, tolerance: f32) -> Self {
        let mut state = at;
        let mut random = || next_random(&mut state);
        Self {
            signs: std::array::from_fn(|_| random()),
            offsets: std::array::from_fn(|_| (random() >> 40) as f32 / (1u64 << 24) as f32),
            scale: 1.0 / (tolerance.max(f32::MIN_POSITIVE) * WIDTH * (width as f32).sqrt()),
        }
    }

    /// The cell of a row, and of what is not a number in it.
    fn cell(&self, numbers: &[f32], rest: u64) -> u64 {
        let axes = self.signs.iter().zip(&self.offsets);
        axes.fold(rest, |key, (signs, offset)| {
            let signed = numbers.iter().enumerate();
            let sum: f32 = signed
                .map(|(at, x)| if signs >> at & 1 == 1 { *x } else { -x })
                .sum();
            mix(key.rotate_left(9) ^ (sum * self.scale + offset).floor() as i64 as u64)
        })
    }
}

/// Rows by the key of their cell.
struct Cells {
    sorted: Vec<(u64, u32)>,
    /// Where keys with each beginning start: a search that looks nowhere else is far faster.
    starts: Vec<u32>,
    shift: u32,
}

impl Cells {
    fn of(mut cells: Vec<(u64, u32)>) -> Self {
        cells.par_sort_unstable();
        let bits = cells.len().max(2).ilog2();
        let shift = u64::BITS - bits;
        let mut starts = vec![0; (1 << bits) + 1];
        cells
            .iter()
            .for_each(|(key, _)| starts[(key >> shift) as usize + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Self {
            sorted: cells,
            starts,
            shift,
        }
    }

    /// The rows of a cell.
    fn rows(&self, key: u64) -> impl Iterator<Item = u32> + '_ {
        let at = (key >> self.shift) as usize;
        let begun = &self.sorted[self.starts[at] as usize..self.starts[at + 1] as usize];
        let from = begun.partition_point(|(found, _)| *found < key);
        let same = begun[from..].iter().take_while(move |(found, _)| *found == key);
        same.map(|(_, row)| *row)
    }
}

struct Search<'a> {
    train: &'a Split,
    test: &'a Split,
    tolerance: f32,
}

impl Search<'_> {
    fn split(&self, query: Query) -> &Split {
        if query.control { self.train } else { self.test }
    }

    fn pass(&self, grid: Option<&Grid>, firsts: &[u32], open: &[Query]) -> Vec<Option<Hit>> {
        let key = |split: &Split, row: u32| match grid {
            Some(grid) => grid.cell(numbers(split, row), split.near.rest[row as usize]),
            None => split.near.rounded[row as usize],
        };
        let cells = Cells::of(
            firsts
                .par_iter()
                .map(|row| (key(self.train, *row), *row))
                .collect(),
        );
        let find = |query: &Query| {
            let near = |row: u32| grid.is_none() || self.near(*query, row);
            let mut rows = cells.rows(key(self.split(*query), query.row)).take(CROWD);
            let train = rows.find(|row| self.differs(*query, *row) && near(*row))?;
            Some(Hit {
                query: *query,
                train,
                certain: false,
            })
        };
        open.par_iter().map(find).collect()
    }

    /// Whether they are not just two equal rows.
    fn differs(&self, query: Query, row: u32) -> bool {
        self.split(query).whole[query.row as usize] != self.train.whole[row as usize]
    }

    fn near(&self, query: Query, row: u32) -> bool {
        let split = self.split(query);
        let pairs = numbers(split, query.row).iter().zip(numbers(self.train, row));
        split.near.rest[query.row as usize] == self.train.near.rest[row as usize]
            && pairs.into_iter().all(|(a, b)| (a - b).abs() <= self.tolerance)
    }

    /// How likely two rows are near by chance if all columns are independent, from the control rows.
    fn chance(&self, queries: &[Query]) -> f64 {
        let rows: Vec<u32> = queries
            .iter()
            .filter(|query| query.control)
            .map(|query| query.row)
            .collect();
        let mut rest: Vec<u64> = rows
            .iter()
            .map(|row| self.train.near.rest[*row as usize])
            .collect();
        rest.sort_unstable();
        let same = rest
            .chunk_by(|a, b| a == b)
            .map(|same| pairs(same.len()))
            .sum::<f64>();
        let columns = (0..self.train.near.width).into_par_iter().map(|at| {
            let mut values: Vec<f32> = rows.iter().map(|row| numbers(self.train, *row)[at]).collect();
            values.sort_by(f32::total_cmp);
            self.close(&values)
        });
        columns
            .chain([same])
            .map(|met| ((met + 1.0) / (pairs(rows.len()) + 1.0)).min(1.0))
            .product()
    }

    /// Pairs of sorted `values` that are within the tolerance.
    fn close(&self, values: &[f32]) -> f64 {
        let mut from = 0;
        let close = values.iter().enumerate().map(|(at, value)| {
            while value - values[from] > self.tolerance {
                from += 1;
            }
            (at - from) as f64
        });
        close.sum()
    }
}

fn pairs(count: usize) -> f64 {
    count as f64 * (count as f64 - 1.0).max(0.0) / 2.0
}

fn numbers(split: &Split, row: u32) -> &[f32] {
    let width = split.near.width;
    &split.near.numbers[row as usize * width..][..width]
}
