//! Rows that are equal: between two splits, and inside one.

use std::ops::Range;

use rayon::prelude::*;

use super::chance::{Chance, Pattern, limit};
use super::rows::RowSet;
use super::scan::{MISSING, Split};
use super::{Duplicates, Found, Group, Matches, Pair};

/// The rows of a split, equal ones beside each other.
pub(super) struct Index {
    rows: Vec<(u128, u32)>,
}

impl Index {
    pub(super) fn of(split: &Split) -> Self {
        let numbered = split.whole.par_iter().zip(0u32..split.rows() as u32);
        let mut rows: Vec<(u128, u32)> = numbered.map(|(hash, row)| (*hash, row)).collect();
        rows.par_sort_unstable();
        Self { rows }
    }

    fn groups(&self) -> impl Iterator<Item = &[(u128, u32)]> {
        self.rows.chunk_by(|a, b| a.0 == b.0)
    }

    /// One row of each pattern, the first.
    pub(super) fn firsts(&self) -> impl Iterator<Item = u32> {
        self.groups()
            .filter_map(|group| group.first().map(|(_, row)| *row))
    }

    fn patterns(&self, split: &Split) -> Vec<Pattern> {
        self.groups().map(|group| pattern(group, split)).collect()
    }
}

/// Rows of both splits that have one pattern.
struct Met {
    pattern: Pattern,
    train: Range<usize>,
    test: Range<usize>,
    chance: f64,
}

/// Walks along both sorted lists.
fn meet(train: &Index, test: &Index, split: &Split) -> Vec<Met> {
    let (mut at, mut met) = (0, Vec::new());
    let mut from = 0;
    for group in test.groups() {
        let hash = group[0].0;
        while train.rows.get(at).is_some_and(|(found, _)| *found < hash) {
            at += 1;
        }
        let end = at
            + train.rows[at..]
                .iter()
                .take_while(|(found, _)| *found == hash)
                .count();
        if end > at {
            let row = train.rows[at].1 as usize;
            met.push(Met {
                pattern: Pattern {
                    left: split.left[row],
                    right: split.right[row],
                    times: end - at,
                },
                train: at..end,
                test: from..from + group.len(),
                chance: 1.0,
            });
        }
        from += group.len();
        at = end;
    }
    met
}

/// Rows of the test split that are also in the train split, those among them whose label is another, and the train split's index.
pub(super) fn exact(
    train: &Split,
    test: &Split,
    halves: bool,
    examples: usize,
) -> (Found, Option<Matches>, Index) {
    let (here, there) = rayon::join(|| Index::of(train), || Index::of(test));
    let mut met = meet(&here, &there, train);
    let counts = met.iter().map(|met| (met.pattern.times, met.test.len()));
    let chance = Chance::of(&here.patterns(train), halves).met(counts, test.rows());
    met.par_iter_mut()
        .for_each(|met| met.chance = chance.of_match(&met.pattern));
    let limit = limit(
        met.iter().map(|met| (met.chance, met.test.len())).collect(),
        test.rows(),
    );
    let (rare, common): (Vec<Met>, Vec<Met>) = met
        .into_iter()
        .partition(|met| limit.is_some_and(|limit| met.chance <= limit));
    let pairs = |met: &Met| {
        let first = here.rows[met.train.start].1;
        let rows = there.rows[met.test.clone()].iter();
        rows.map(|(_, row)| (first, *row)).collect::<Vec<_>>()
    };
    let build = |pairs: Vec<(u32, u32)>| Matches::of(pairs, train, test, examples);
    let labels = !train.label.is_empty() && !test.label.is_empty();
    let contradicting = labels.then(|| {
        let all = rare.par_iter().chain(&common);
        build(
            all.flat_map_iter(|met| contradicting(met, &here, &there, train, test))
                .collect(),
        )
    });
    let found = Found {
        all: build(rare.iter().chain(&common).flat_map(pairs).collect()),
        leaked: build(rare.iter().flat_map(pairs).collect()),
        common: build(common.iter().flat_map(pairs).collect()),
        expected: chance.expected() * test.rows() as f64,
    };
    (found, contradicting, here)
}

/// Test rows whose label none of the equal train rows has.
fn contradicting(met: &Met, here: &Index, there: &Index, train: &Split, test: &Split) -> Vec<(u32, u32)> {
    let known = here.rows[met.train.clone()].iter();
    let mut known: Vec<u64> = known
        .filter_map(|(_, row)| train.label.get(*row as usize).copied())
        .filter(|label| *label != MISSING)
        .collect();
    known.sort_unstable();
    let first = here.rows[met.train.start].1;
    let rows = there.rows[met.test.clone()].iter();
    let other = rows.filter(|(_, row)| {
        let label = test.label.get(*row as usize).copied().unwrap_or(MISSING);
        label != MISSING && !known.is_empty() && known.binary_search(&label).is_err()
    });
    other.map(|(_, row)| (first, *row)).collect()
}

impl Matches {
    /// Of pairs of a train and a test row.
    pub(super) fn of(mut pairs: Vec<(u32, u32)>, train: &Split, test: &Split, examples: usize) -> Self {
        pairs.par_sort_unstable_by_key(|(_, row)| *row);
        let shown = pairs.iter().take(examples).map(|(a, b)| Pair {
            train: train.lines.place(u64::from(*a)),
            test: test.lines.place(u64::from(*b)),
        });
        let rows: RowSet = pairs.iter().map(|(_, row)| u64::from(*row)).collect();
        Self {
            examples: shown.collect(),
            share: share(rows.len(), test.rows()),
            rows,
        }
    }
}

/// `part` of `all`; 0 of nothing.
pub(super) fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

/// Rows of one split that are equal.
pub(super) fn duplicates(split: &Split, halves: bool, examples: usize) -> Duplicates {
    let index = Index::of(split);
    let mut groups: Vec<&[(u128, u32)]> = index.groups().filter(|group| group.len() > 1).collect();
    let chance = Chance::of(&index.patterns(split), halves);
    let chances: Vec<f64> = groups
        .par_iter()
        .map(|group| chance.of_repeat(&pattern(group, split)))
        .collect();
    let counted = chances
        .iter()
        .zip(&groups)
        .map(|(chance, group)| (*chance, group.len()));
    let limit = limit(counted.collect(), split.rows());
    let rare = chances
        .iter()
        .zip(&groups)
        .filter(|(chance, _)| limit.is_some_and(|limit| **chance <= limit));
    let copies = rare.map(|(_, group)| group.len() as u64 - 1).sum();
    let extra = groups
        .iter()
        .flat_map(|group| &group[1..])
        .map(|(_, row)| u64::from(*row));
    let extra: RowSet = extra.collect();
    let contradicting = groups.iter().filter(|group| disagree(group, split));
    let contradicting: RowSet = contradicting
        .flat_map(|group| group.iter())
        .map(|(_, row)| u64::from(*row))
        .collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0].1));
    Duplicates {
        rows: split.rows(),
        groups: groups.len() as u64,
        share: share(extra.len(), split.rows()),
        extra,
        copies,
        largest: groups.first().map_or(0, |group| group.len() as u64),
        examples: groups
            .iter()
            .take(examples)
            .map(|group| shown(group, split, examples))
            .collect(),
        contradicting: (!split.label.is_empty()).then_some(contradicting),
    }
}

fn pattern(group: &[(u128, u32)], split: &Split) -> Pattern {
    let row = group[0].1 as usize;
    Pattern {
        left: split.left[row],
        right: split.right[row],
        times: group.len(),
    }
}

/// Whether equal rows have different labels.
fn disagree(group: &[(u128, u32)], split: &Split) -> bool {
    let mut labels = group
        .iter()
        .filter_map(|(_, row)| split.label.get(*row as usize))
        .filter(|label| **label != MISSING);
    let first = labels.next();
    labels.any(|label| Some(label) != first)
}

fn shown(group: &[(u128, u32)], split: &Split, examples: usize) -> Group {
    let rows = group.iter().take(examples);
    Group {
        size: group.len() as u64,
        rows: rows.map(|(_, row)| split.lines.place(u64::from(*row))).collect(),
    }
}
