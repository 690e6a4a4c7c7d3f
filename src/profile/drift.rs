//! How the columns of two splits differ.

use std::collections::HashMap;

use serde::Serialize;

use super::columns::{Column, Type, Values};
use super::power::edges;
use crate::stats::{benjamini_hochberg, chi_squared_homogeneity, kolmogorov_smirnov};

/// Numbers are cut at the deciles of the training split.
const BINS: usize = 10;

/// So many of the most frequent categories have a bin of their own.
const CATEGORIES: usize = 50;

/// A column in both splits.
#[derive(Clone, Debug, Serialize)]
pub struct Drift {
    /// The column.
    pub column: String,
    /// The population stability index: Σ (a − b) · ln(a/b) over bins, missing values being one.
    pub psi: f64,
    /// `none` below 0.1, `moderate` below 0.25, and `large` from there on.
    pub band: &'static str,
    /// `ks` for numbers, `chi2` for categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<&'static str>,
    /// Its statistic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistic: Option<f64>,
    /// Its p value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// The p value after Benjamini–Hochberg over the columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_adjusted: Option<f64>,
    /// Share of rows of the test split whose category the training split does not have; of categories alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen: Option<f64>,
}

/// The columns that both splits have, in the order of the first. Texts that are nearly all different are left out.
pub(super) fn drift(train: &[Column], test: &[Column]) -> Vec<Drift> {
    let by_name: HashMap<&str, &Column> = test
        .iter()
        .map(|column| (column.profile.name.as_str(), column))
        .collect();
    let pairs = train.iter().filter_map(|column| {
        let other = by_name.get(column.profile.name.as_str())?;
        of(column, other)
    });
    let mut found: Vec<Drift> = pairs.collect();
    let tested: Vec<f64> = found.iter().filter_map(|drift| drift.p).collect();
    let mut adjusted = benjamini_hochberg(&tested).unwrap_or_default().into_iter();
    for drift in found.iter_mut().filter(|drift| drift.p.is_some()) {
        drift.p_adjusted = adjusted.next();
    }
    found
}

fn of(train: &Column, test: &Column) -> Option<Drift> {
    let texts = [train, test].map(|column| column.profile.kind == Type::Text);
    if texts.contains(&true) || train.values.len() == 0 || test.values.len() == 0 {
        return None;
    }
    let mut drift = match (&train.values, &test.values) {
        (Values::Numbers(a), Values::Numbers(b)) => numbers(a, b),
        (a, b) => categories(&a.keys(), &b.keys()),
    };
    drift.column.clone_from(&train.profile.name);
    Some(drift)
}

fn numbers(train: &[Option<f64>], test: &[Option<f64>]) -> Drift {
    let sorted = |values: &[Option<f64>]| {
        let mut values: Vec<f64> = values.iter().copied().flatten().collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(train), sorted(test));
    let edges = edges(a.clone(), BINS);
    let counts = |values: &[f64], missing: usize| {
        let mut counts = vec![0_u64; edges.len() + 2];
        for value in values {
            counts[edges.partition_point(|edge| edge < value)] += 1;
        }
        counts[edges.len() + 1] = missing as u64;
        counts
    };
    let psi = stability(
        &counts(&a, train.len() - a.len()),
        &counts(&b, test.len() - b.len()),
    );
    let test = kolmogorov_smirnov(&a, &b);
    drifted(psi, "ks", test.map(|test| (test.statistic, test.p)), None)
}

fn categories(train: &[Option<u64>], test: &[Option<u64>]) -> Drift {
    let mut counts: HashMap<u64, u64> = HashMap::new();
    train
        .iter()
        .flatten()
        .for_each(|key| *counts.entry(*key).or_default() += 1);
    let mut order: Vec<(u64, u64)> = counts.into_iter().map(|(key, count)| (count, key)).collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    let place: HashMap<u64, usize> = order
        .iter()
        .enumerate()
        .map(|(at, (_, key))| (*key, at.min(CATEGORIES)))
        .collect();
    // Behind the frequent ones: all others, and what is missing.
    let of = |keys: &[Option<u64>]| {
        let mut counts = vec![0_u64; CATEGORIES + 2];
        for key in keys {
            let at = key.map_or(CATEGORIES + 1, |key| {
                place.get(&key).copied().unwrap_or(CATEGORIES)
            });
            counts[at] += 1;
        }
        counts
    };
    let (a, b) = (of(train), of(test));
    let present = test.iter().flatten().count();
    let unseen = test
        .iter()
        .flatten()
        .filter(|key| !place.contains_key(key))
        .count();
    let found = chi_squared_homogeneity(&a[..=CATEGORIES], &b[..=CATEGORIES]);
    let share = (present > 0).then(|| unseen as f64 / present as f64);
    drifted(
        stability(&a, &b),
        "chi2",
        found.map(|test| (test.statistic, test.p)),
        share,
    )
}

fn drifted(psi: f64, name: &'static str, found: Option<(f64, f64)>, unseen: Option<f64>) -> Drift {
    Drift {
        column: String::new(),
        psi,
        band: match psi {
            psi if psi < 0.1 => "none",
            psi if psi < 0.25 => "moderate",
            _ => "large",
        },
        test: found.map(|_| name),
        statistic: found.map(|(statistic, _)| statistic),
        p: found.map(|(_, p)| p),
        p_adjusted: None,
        unseen,
    }
}

/// The population stability index of counts in the same bins; an empty bin counts as half a row.
///
/// Reference: N. Siddiqi, *Credit Risk Scorecards*, 2006; the bands are his.
fn stability(a: &[u64], b: &[u64]) -> f64 {
    let (all_a, all_b) = (a.iter().sum::<u64>() as f64, b.iter().sum::<u64>() as f64);
    let share = |count: u64, all: f64| f64::max(count as f64, 0.5) / all;
    let bins = a.iter().zip(b).filter(|(a, b)| **a + **b > 0);
    bins.map(|(a, b)| {
        let (a, b) = (share(*a, all_a), share(*b, all_b));
        (a - b) * (a / b).ln()
    })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_known_by_hand() {
        let by_hand = (0.5 - 0.25) * 2.0_f64.ln() + (0.5 - 0.75) * (0.5_f64 / 0.75).ln();
        assert!((stability(&[50, 50], &[25, 75]) - by_hand).abs() < 1e-15);
        assert_eq!(stability(&[50, 50], &[100, 100]), 0.0);
        assert!(stability(&[50, 50], &[0, 100]).is_finite());
    }

    #[test]
    fn equal_splits_do_not_drift_and_shifted_ones_do() {
        let values = |shift: f64| {
            (0..500)
                .map(|i| Some(f64::from(i * 7 % 100) + shift))
                .collect::<Vec<_>>()
        };
        let same = numbers(&values(0.0), &values(0.0));
        assert_eq!((same.psi, same.band, same.p), (0.0, "none", Some(1.0)));
        let moved = numbers(&values(0.0), &values(40.0));
        assert_eq!(moved.band, "large");
        assert!(moved.p.is_some_and(|p| p < 1e-9));
    }

    #[test]
    fn what_is_missing_more_often_is_drift_too() {
        let full: Vec<_> = (0..200).map(|i| Some(f64::from(i % 50))).collect();
        let half: Vec<_> = (0..200)
            .map(|i| (i % 2 == 0).then(|| f64::from(i % 50)))
            .collect();
        assert_eq!(numbers(&full, &half).band, "large");
    }

    #[test]
    fn new_categories_are_counted() {
        let train: Vec<_> = (0..100).map(|i| Some(i % 4)).collect();
        let test: Vec<_> = (0..100).map(|i| Some(if i < 25 { 99 } else { i % 4 })).collect();
        let found = categories(&train, &test);
        assert_eq!((found.test, found.unseen), (Some("chi2"), Some(0.25)));
        assert!(found.p.is_some_and(|p| p < 1e-3));
    }
}
