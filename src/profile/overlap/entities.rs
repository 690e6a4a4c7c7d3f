//! The same example, patient or moment on both sides.

use rayon::prelude::*;

use super::exact::share;
use super::rows::RowSet;
use super::scan::{MISSING, Split};
use super::time::{ordered, written};
use super::{Matches, Shared, TimeOrder};

/// Rows of the two splits that have the same key; `None` if a split has no keys.
fn same(train: &[u64], test: &[u64]) -> Option<Vec<(u32, u32)>> {
    if train.is_empty() || test.is_empty() {
        return None;
    }
    let mut known: Vec<(u64, u32)> = train
        .iter()
        .copied()
        .zip(0..)
        .filter(|(key, _)| *key != MISSING)
        .collect();
    known.par_sort_unstable();
    let asked = test.par_iter().enumerate().filter(|(_, key)| **key != MISSING);
    let found = asked.filter_map(|(row, key)| {
        let at = known.partition_point(|(found, _)| found < key);
        let (_, first) = known.get(at).filter(|(found, _)| found == key)?;
        Some((*first, row as u32))
    });
    Some(found.collect())
}

/// Test rows whose id a train row has too.
///
/// # Errors
///
/// What keeps ids from being compared.
pub(super) fn by_id(train: &Split, test: &Split, examples: usize) -> Result<Matches, &'static str> {
    let counts = train.id.offset.is_some() && train.id.offset == test.id.offset;
    if counts && train.rows().min(test.rows()) > 1 {
        return Err("its ids only count the rows of each split, so that they are not compared");
    }
    let pairs = same(&train.id.hashes, &test.id.hashes).ok_or("only one split has it")?;
    Ok(Matches::of(pairs, train, test, examples))
}

/// Test rows whose group has train rows too.
pub(super) fn by_group(train: &Split, test: &Split, examples: usize) -> Option<Shared> {
    let pairs = same(&train.group, &test.group)?;
    let distinct = |keys: &mut dyn Iterator<Item = u64>| {
        let mut keys: Vec<u64> = keys.filter(|key| *key != MISSING).collect();
        keys.par_sort_unstable();
        keys.dedup();
        keys.len() as u64
    };
    Some(Shared {
        groups: distinct(
            &mut pairs
                .iter()
                .filter_map(|(_, row)| test.group.get(*row as usize).copied()),
        ),
        of: distinct(&mut test.group.iter().copied()),
        rows: Matches::of(pairs, train, test, examples),
    })
}

/// Test rows from before the end of the train split.
///
/// # Errors
///
/// What keeps times from being compared.
pub(super) fn by_time(train: &Split, test: &Split, examples: usize) -> Result<TimeOrder, String> {
    let (Some(here), Some(there)) = (&train.time, &test.time) else {
        return Err("only one split has it".to_owned());
    };
    let times = ordered(here, there)?;
    let (Some((first, last)), Some((from, to))) = (range(times.train), range(times.test)) else {
        return Err("no cell of it can be read as a time".to_owned());
    };
    let latest = times
        .train
        .iter()
        .position(|time| *time == last)
        .unwrap_or_default() as u32;
    let early = times.test.iter().zip(0u32..).filter(|(time, _)| **time < last);
    let early: Vec<(u32, u32)> = early.map(|(_, row)| (latest, row)).collect();
    let write = |time| written(time, times.dates);
    Ok(TimeOrder {
        train: (write(first), write(last)),
        test: (write(from), write(to)),
        early: Matches::of(early, train, test, examples),
        before: before(times.test, first),
        unreadable: (
            share(here.unreadable + here.missing, train.rows()),
            share(there.unreadable + there.missing, test.rows()),
        ),
    })
}

fn before(times: &[f64], first: f64) -> RowSet {
    let rows = times.iter().zip(0u64..).filter(|(time, _)| **time < first);
    rows.map(|(_, row)| row).collect()
}

/// The least and the greatest, of those that are numbers.
fn range(times: &[f64]) -> Option<(f64, f64)> {
    let known = times.iter().copied().filter(|time| !time.is_nan());
    known.fold(None, |range: Option<(f64, f64)>, time| {
        let (low, high) = range.unwrap_or((time, time));
        Some((low.min(time), high.max(time)))
    })
}
