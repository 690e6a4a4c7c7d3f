//! Rows that are nearly equal: what both kinds share.
//!
//! Near is not the same as leaked. Train rows are looked up in their own split in
//! the same way: if these have near ones there too, then that is how this table is,
//! and says nothing of copies.

use super::exact::share;
use super::scan::Split;
use super::{Found, Matches};

/// Train rows that are looked up in their own split.
pub(super) const CONTROL: usize = 1 << 14;

/// So many times as many rows as coincidence explains must be near before they count as leaked.
const BEYOND: f64 = 10.0;

/// Who looks for near rows in the train split.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query {
    pub(super) row: u32,
    /// Whether it is a train row, and so a control.
    pub(super) control: bool,
}

/// A train row that is near a query.
pub(super) struct Hit {
    pub(super) query: Query,
    pub(super) train: u32,
    /// Whether the two have so much in common that it cannot be a coincidence.
    pub(super) certain: bool,
}

/// Test rows that have no equal row, and a sample of the train rows.
pub(super) fn queries(test: &Split, equal: &super::RowSet, firsts: &[u32]) -> Vec<Query> {
    let step = firsts.len().div_ceil(CONTROL).max(1);
    let control = firsts.iter().step_by(step).map(|row| Query {
        row: *row,
        control: true,
    });
    let rows = (0..test.rows()).filter(|row| !equal.contains(*row));
    let asked = rows.map(|row| Query {
        row: row as u32,
        control: false,
    });
    control.chain(asked).collect()
}

/// Whether so many are more than coincidence explains.
pub(super) fn is_beyond(expected: f64, found: usize) -> bool {
    expected * BEYOND <= found as f64
}

/// Sorts hits into leaked and common ones.
///
/// `independent` is how many hits a test row has by chance if all columns are independent.
pub(super) fn judge(
    hits: &[Hit],
    queries: &[Query],
    independent: f64,
    splits: (&Split, &Split),
    examples: usize,
) -> Found {
    let (train, test) = splits;
    let controls = queries.iter().filter(|query| query.control).count() as u64;
    let twins = hits.iter().filter(|hit| hit.query.control).count() as u64;
    let expected = share(twins, controls).max(independent) * test.rows() as f64;
    let found = hits.iter().filter(|hit| !hit.query.control);
    let beyond = is_beyond(expected, found.clone().filter(|hit| !hit.certain).count());
    let (leaked, common): (Vec<&Hit>, Vec<&Hit>) = found.partition(|hit| hit.certain || beyond);
    let build = |hits: &mut dyn Iterator<Item = &&Hit>| {
        let pairs = hits.map(|hit| (hit.train, hit.query.row)).collect();
        Matches::of(pairs, train, test, examples)
    };
    Found {
        all: build(&mut leaked.iter().chain(&common)),
        leaked: build(&mut leaked.iter()),
        common: build(&mut common.iter()),
        expected,
    }
}
