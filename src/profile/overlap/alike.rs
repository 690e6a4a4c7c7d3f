//! Texts of the test split that resemble one of the train split.
//!
//! Bands of MinHash values say who may resemble whom; the texts themselves, read
//! again, say who does.

use std::collections::HashMap;

use rayon::prelude::*;

use super::canon::Key;
use super::near::{Hit, Query, judge};
use super::plan::{Kind, Plan, cell};
use super::scan::Split;
use super::text::{BANDS, Cutter, MOST_SHINGLES, jaccard, to_set};
use super::{Found, Options, Roles};
use crate::reason::Unmeasured;
use crate::table::{Column, Table};

/// Rows of a band that are looked at.
const CROWD: usize = 32;

/// Train rows that a query is compared with: those that share most bands with it.
const CANDIDATES: usize = 4;

/// Shingles that are held at a time: 256 MB.
const MOST_HELD: usize = 32 << 20;

/// Both files are read so many times at most.
const MOST_READINGS: usize = 32;

/// Two texts of so many shingles do not resemble each other by chance.
const CERTAIN: usize = 40;

/// What a search for texts found.
pub(super) struct Alike {
    pub(super) found: Found,
    /// Candidates that were not compared because there were too many.
    pub(super) left: usize,
}

/// Finds test rows whose text resembles that of a train row.
///
/// # Errors
///
/// Those of reading the files again.
pub(super) fn search(
    splits: (&Split, &Split),
    plan: &Plan,
    roles: &Roles,
    firsts: &[u32],
    queries: &[Query],
    options: &Options,
    key: &Key,
) -> Result<Alike, Unmeasured> {
    let (train, test) = splits;
    let candidates = candidates(train, test, firsts, queries);
    let (mut hits, mut rest, mut readings) = (Vec::new(), candidates.as_slice(), 0);
    while !rest.is_empty() && readings < MOST_READINGS {
        let (now, later) = rest.split_at(held(rest, train, test));
        hits.extend(verify(now, splits, plan, roles, options, key)?);
        (rest, readings) = (later, readings + 1);
    }
    Ok(Alike {
        found: judge(&hits, queries, 0.0, splits, options.examples),
        left: rest.len(),
    })
}

fn split_of<'a>(query: Query, train: &'a Split, test: &'a Split) -> &'a Split {
    if query.control { train } else { test }
}

/// Who may resemble whom, in the order of the train rows.
fn candidates(train: &Split, test: &Split, firsts: &[u32], queries: &[Query]) -> Vec<(u32, Query)> {
    let has_text = |split: &Split, row: u32| split.near.shingles[row as usize] > 0;
    let bands: Vec<Vec<(u32, u32)>> = (0..BANDS)
        .into_par_iter()
        .map(|band| {
            let rows = firsts.iter().filter(|row| has_text(train, **row));
            let mut keys: Vec<_> = rows
                .map(|row| (train.near.bands[*row as usize * BANDS + band], *row))
                .collect();
            keys.sort_unstable();
            keys
        })
        .collect();
    let asked = queries
        .par_iter()
        .filter(|query| has_text(split_of(**query, train, test), query.row));
    let found = asked.flat_map_iter(|query| {
        let split = split_of(*query, train, test);
        let keys = &split.near.bands[query.row as usize * BANDS..][..BANDS];
        let mut rows: Vec<u32> = keys
            .iter()
            .zip(&bands)
            .flat_map(|(key, band)| rows_of(*key, band))
            .collect();
        if query.control {
            rows.retain(|row| train.whole[*row as usize] != train.whole[query.row as usize]);
        }
        most_frequent(rows).into_iter().map(|row| (row, *query))
    });
    let mut found: Vec<(u32, Query)> = found.collect();
    found.par_sort_unstable_by_key(|(row, query)| (*row, query.control, query.row));
    found
}

fn rows_of(key: u32, band: &[(u32, u32)]) -> impl Iterator<Item = u32> + '_ {
    let from = band.partition_point(|(found, _)| *found < key);
    band[from..]
        .iter()
        .take_while(move |(found, _)| *found == key)
        .take(CROWD)
        .map(|(_, row)| *row)
}

fn most_frequent(mut rows: Vec<u32>) -> Vec<u32> {
    rows.sort_unstable();
    let mut counted: Vec<(usize, u32)> = rows
        .chunk_by(|a, b| a == b)
        .map(|same| (same.len(), same[0]))
        .collect();
    counted.sort_unstable_by_key(|(count, row)| (std::cmp::Reverse(*count), *row));
    counted.into_iter().take(CANDIDATES).map(|(_, row)| row).collect()
}

/// How many of the candidates' texts can be held at a time; at least one pair.
fn held(candidates: &[(u32, Query)], train: &Split, test: &Split) -> usize {
    let size = |split: &Split, row: u32| (split.near.shingles[row as usize] as usize).min(MOST_SHINGLES) + 8;
    let mut sum = 0;
    let fits = candidates.iter().take_while(|(row, query)| {
        sum += size(train, *row) + size(split_of(*query, train, test), query.row);
        sum <= MOST_HELD
    });
    fits.count().max(1)
}

type Texts = HashMap<u32, Vec<u64>>;

fn verify(
    pairs: &[(u32, Query)],
    splits: (&Split, &Split),
    plan: &Plan,
    roles: &Roles,
    options: &Options,
    key: &Key,
) -> Result<Vec<Hit>, Unmeasured> {
    let (train, test) = splits;
    let controls = pairs
        .iter()
        .filter(|(_, query)| query.control)
        .map(|(_, query)| query.row);
    let here: Vec<u32> = pairs.iter().map(|(row, _)| *row).chain(controls).collect();
    let there: Vec<u32> = pairs
        .iter()
        .filter(|(_, query)| !query.control)
        .map(|(_, query)| query.row)
        .collect();
    let (here, there) = rayon::join(
        || read(train, plan, roles, here, key),
        || read(test, plan, roles, there, key),
    );
    let (here, there) = (here?, there?);
    let compared = pairs.par_iter().filter_map(|(row, query)| {
        let a = here.get(row)?;
        let b = if query.control {
            here.get(&query.row)
        } else {
            there.get(&query.row)
        }?;
        (jaccard(a, b) >= options.jaccard).then(|| Hit {
            query: *query,
            train: *row,
            certain: a.len().min(b.len()) >= CERTAIN,
        })
    });
    let mut hits: Vec<Hit> = compared.collect();
    hits.sort_by_key(|hit| (hit.query.control, hit.query.row, hit.train));
    hits.dedup_by_key(|hit| (hit.query.control, hit.query.row));
    Ok(hits)
}

/// The shingles of some rows.
fn read(
    split: &Split,
    plan: &Plan,
    roles: &Roles,
    mut rows: Vec<u32>,
    key: &Key,
) -> Result<Texts, Unmeasured> {
    rows.sort_unstable();
    rows.dedup();
    let (Some(how), false) = (plan.text, rows.is_empty()) else {
        return Ok(Texts::new());
    };
    let table = Table::open(&split.file, &roles.wanted(true))?;
    let texts = plan.features.iter().filter(|feature| feature.kind == Kind::Text);
    let columns: Vec<(Column, &str)> = texts
        .map(|feature| Ok((table.column(&feature.name)?, feature.name.as_str())))
        .collect::<Result<_, Unmeasured>>()?;
    let wanted: Vec<Column> = columns.iter().map(|(column, _)| *column).collect();
    let (seed, mut cutter) = (key.short(b"text"), Cutter::default());
    let (mut next, mut found, mut at) = (rows.into_iter().peekable(), Texts::new(), 0);
    table.each(&wanted, |line, row| {
        if next.next_if_eq(&at).is_some() {
            let mut shingles = Vec::new();
            for (column, name) in &columns {
                cutter.cut(
                    cell(&split.file, row, *column, line, name)?,
                    how,
                    seed,
                    &mut shingles,
                );
            }
            to_set(&mut shingles);
            shingles.shrink_to_fit();
            found.insert(at, shingles);
        }
        at += 1;
        Ok(next.peek().is_some())
    })?;
    Ok(found)
}
