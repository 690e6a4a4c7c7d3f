//! How well one feature alone gives the label.
//!
//! Two numbers: how it ranks (ROC AUC, or Spearman's correlation for a number),
//! and what a simple predictor makes of it that never sees the rows it is scored on.

use std::collections::HashMap;

use super::cell::mixed;
use super::columns::{Values, quantile};
use super::target::Target;
use crate::stats::normal_cdf;

/// The predictor cuts numbers into at most so many bins.
const BINS: usize = 32;

/// How well a feature alone gives the label.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Power {
    /// ROC AUC, turned so that it is at least 0.5; of several classes the mean of one against the rest.
    pub(super) auc: Option<f64>,
    /// For a label that is a number: |Spearman's correlation|.
    pub(super) spearman: Option<f64>,
    /// For a label that is a number: the square of Pearson's correlation.
    pub(super) r2: Option<f64>,
    /// The share of the error of the constant prediction that the predictor takes away, at least 0.
    pub(super) predictive: Option<f64>,
    /// The chance of a rank or an accuracy that far from chance without any relation.
    pub(super) p: f64,
}

impl Power {
    /// Of `feature` about `target`, row by row.
    pub(super) fn of(feature: &Values, target: &Target) -> Self {
        match target {
            Target::Classes { codes, names } => classes(feature, codes, names.len()),
            Target::Number(label) => number(feature, label),
        }
    }
}

fn classes(feature: &Values, codes: &[Option<usize>], many: usize) -> Power {
    let auc = (many <= 50).then(|| macro_auc(feature, codes, many)).flatten();
    let (predictive, p_accuracy) = majority(feature, codes, many).unzip();
    let p_auc = auc.map_or(1.0, |(_, p)| p);
    Power {
        auc: auc.map(|(auc, _)| auc),
        predictive,
        p: p_auc.min(p_accuracy.unwrap_or(1.0)),
        ..Power::default()
    }
}

/// The mean over classes of the AUC of one against the rest, and the least p value; of two classes, that of one.
fn macro_auc(feature: &Values, codes: &[Option<usize>], many: usize) -> Option<(f64, f64)> {
    let wanted = if many == 2 { 1..2 } else { 0..many };
    let each = wanted.filter_map(|class| {
        let label: Vec<Option<bool>> = codes.iter().map(|code| code.map(|code| code == class)).collect();
        one_auc(feature, &label)
    });
    let (mut sum, mut count, mut least) = (0.0, 0.0, 1.0_f64);
    for (auc, p) in each {
        sum += auc;
        count += 1.0;
        least = least.min(p);
    }
    (count > 0.0).then_some((sum / count, (least * count).min(1.0)))
}

fn one_auc(feature: &Values, label: &[Option<bool>]) -> Option<(f64, f64)> {
    match feature {
        Values::Numbers(values) => {
            let pairs = values.iter().zip(label);
            ranked(
                pairs
                    .filter_map(|(value, label)| Some(((*value)?, (*label)?)))
                    .collect(),
            )
        }
        Values::Categories(keys) => {
            let halves = [0, 1].map(|half| ranked(rates(keys, label, half)));
            let halves: Vec<_> = halves.into_iter().flatten().collect();
            let count = halves.len() as f64;
            let auc = halves.iter().map(|(auc, _)| auc).sum::<f64>() / count;
            let p = halves.iter().map(|(_, p)| *p).fold(1.0, f64::min);
            (count > 0.0).then_some((auc, (p * count).min(1.0)))
        }
    }
}

/// Which half a row is in; not the first and the second, as files are sorted.
fn half_of(row: usize) -> u64 {
    mixed(row as u64) & 1
}

/// The rows of one half with the rate of their category in the other half.
fn rates(keys: &[Option<u64>], label: &[Option<bool>], half: u64) -> Vec<(f64, bool)> {
    let mut seen: HashMap<Option<u64>, (f64, f64)> = HashMap::new();
    let (mut events, mut all) = (0.0, 0.0);
    let rows = || keys.iter().zip(label).enumerate();
    for (_, (key, label)) in rows().filter(|(row, _)| half_of(*row) != half) {
        let Some(label) = label else { continue };
        let (in_key, of_key) = seen.entry(*key).or_default();
        let event = f64::from(u8::from(*label));
        *in_key += event;
        *of_key += 1.0;
        events += event;
        all += 1.0;
    }
    let overall = events / f64::max(all, 1.0);
    let scored = rows().filter(|(row, _)| half_of(*row) == half);
    let scored = scored.filter_map(|(_, (key, label))| {
        let rate = seen.get(key).map_or(overall, |(events, all)| events / all);
        Some((rate, (*label)?))
    });
    scored.collect()
}

/// The AUC of a score, at least 0.5, and the p value of the rank-sum test without correction for ties.
fn ranked(mut rows: Vec<(f64, bool)>) -> Option<(f64, f64)> {
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let positives = rows.iter().filter(|row| row.1).count() as f64;
    let negatives = rows.len() as f64 - positives;
    if positives < 1.0 || negatives < 1.0 {
        return None;
    }
    let (mut sum, mut below) = (0.0, 0.0);
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let hits = tied.iter().filter(|row| row.1).count() as f64;
        let misses = tied.len() as f64 - hits;
        sum += hits * (below + misses / 2.0);
        below += misses;
    }
    let auc = sum / (positives * negatives);
    let auc = auc.max(1.0 - auc);
    let se = ((positives + negatives + 1.0) / (12.0 * positives * negatives)).sqrt();
    Some((auc, two_sided((auc - 0.5) / se)))
}

fn two_sided(z: f64) -> f64 {
    normal_cdf(-z.abs()).map_or(1.0, |tail| 2.0 * tail)
}

/// The bin or category of each row; missing is one of its own.
fn groups(feature: &Values, half: u64) -> Vec<Option<u64>> {
    match feature {
        Values::Categories(keys) => keys.clone(),
        Values::Numbers(values) => {
            let fitted = values.iter().enumerate().filter(|(row, _)| half_of(*row) != half);
            let edges = edges(fitted.filter_map(|(_, value)| *value).collect(), BINS);
            let bin = |value: f64| edges.partition_point(|edge| *edge < value) as u64;
            values.iter().map(|value| value.map(bin)).collect()
        }
    }
}

/// The upper edges of bins of about equal counts, all but the last; equal values are never apart.
pub(super) fn edges(mut values: Vec<f64>, bins: usize) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let levels = (1..bins).map(|at| at as f64 / bins as f64);
    let mut edges: Vec<f64> = levels.filter_map(|level| quantile(&values, level)).collect();
    edges.dedup();
    edges
}

/// The predictor of classes says the most frequent class of the bin or category in the other half of the rows.
///
/// Returns (accuracy − baseline)/(1 − baseline), the baseline being the most
/// frequent class of all, and the p value of an accuracy that far above it.
fn majority(feature: &Values, codes: &[Option<usize>], many: usize) -> Option<(f64, f64)> {
    let mut totals = vec![0_u64; many];
    codes.iter().flatten().for_each(|code| totals[*code] += 1);
    let all = totals.iter().sum::<u64>() as f64;
    let baseline = totals.iter().max().copied().unwrap_or(0) as f64 / all;
    if all < 2.0 || baseline >= 1.0 {
        return None;
    }
    let right: usize = [0, 1]
        .map(|half| hits(&groups(feature, half), codes, half))
        .iter()
        .sum();
    let accuracy = right as f64 / all;
    let gain = ((accuracy - baseline) / (1.0 - baseline)).max(0.0);
    let se = (baseline * (1.0 - baseline) / all).sqrt();
    Some((gain, two_sided((accuracy - baseline).max(0.0) / se)))
}

/// How many rows of one half the other half predicts rightly.
fn hits(groups: &[Option<u64>], codes: &[Option<usize>], half: u64) -> usize {
    let mut counts: HashMap<(Option<u64>, usize), u64> = HashMap::new();
    let mut overall: HashMap<usize, u64> = HashMap::new();
    let labelled = || {
        groups
            .iter()
            .zip(codes)
            .enumerate()
            .filter_map(|(row, (group, code))| Some((row, *group, (*code)?)))
    };
    for (_, group, code) in labelled().filter(|(row, ..)| half_of(*row) != half) {
        *counts.entry((group, code)).or_default() += 1;
        *overall.entry(code).or_default() += 1;
    }
    let mut best: HashMap<Option<u64>, (u64, usize)> = HashMap::new();
    for ((group, code), count) in counts {
        let best = best.entry(group).or_insert((count, code));
        // Of equally frequent classes the first, whatever the order of the map.
        if (count, std::cmp::Reverse(code)) > (best.0, std::cmp::Reverse(best.1)) {
            *best = (count, code);
        }
    }
    let usual = overall
        .into_iter()
        .max_by_key(|(code, count)| (*count, std::cmp::Reverse(*code)));
    let usual = usual.map_or(0, |(code, _)| code);
    let predicted = |group: &Option<u64>| best.get(group).map_or(usual, |(_, code)| *code);
    let scored = labelled().filter(|(row, ..)| half_of(*row) == half);
    scored
        .filter(|(_, group, code)| predicted(group) == *code)
        .count()
}

fn number(feature: &Values, label: &[Option<f64>]) -> Power {
    let predictive = medians(feature, label);
    let Values::Numbers(values) = feature else {
        return Power {
            predictive: predictive.map(|(gain, _)| gain),
            p: predictive.map_or(1.0, |(_, p)| p),
            ..Power::default()
        };
    };
    let pairs: Vec<(f64, f64)> = values
        .iter()
        .zip(label)
        .filter_map(|(a, b)| Some(((*a)?, (*b)?)))
        .collect();
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    let rho = correlation(&ranks(&a), &ranks(&b));
    Power {
        spearman: rho.map(f64::abs),
        r2: correlation(&a, &b).map(|r| r * r),
        predictive: predictive.map(|(gain, _)| gain),
        p: rho.map_or(1.0, |rho| two_sided(rho * (a.len() as f64 - 1.0).max(0.0).sqrt())),
        ..Power::default()
    }
}

/// Pearson's correlation; `None` of fewer than three pairs, or of equal values.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len() as f64;
    if a.len() < 3 || a.len() != b.len() {
        return None;
    }
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    let value = ab / (aa.sqrt() * bb.sqrt());
    value.is_finite().then(|| value.clamp(-1.0, 1.0))
}

/// The rank of each value, equal values sharing the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = below as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|row| ranks[*row] = rank);
        below += tied.len();
    }
    ranks
}

/// The predictor of numbers says the median of the bin or category in the other half of the rows.
///
/// Returns 1 − (its mean absolute error)/(that of the median of all), at least 0, and a
/// p value: that of the sign test of which of the two is closer.
fn medians(feature: &Values, label: &[Option<f64>]) -> Option<(f64, f64)> {
    let (mut errors, mut plain, mut closer, mut apart) = (0.0, 0.0, 0.0, 0.0_f64);
    for half in [0, 1] {
        let groups = groups(feature, half);
        let mut fitted: HashMap<Option<u64>, Vec<f64>> = HashMap::new();
        let mut all = Vec::new();
        let labelled = || {
            groups
                .iter()
                .zip(label)
                .enumerate()
                .filter_map(|(row, (group, label))| Some((row, group, (*label)?)))
        };
        for (_, group, label) in labelled().filter(|(row, ..)| half_of(*row) != half) {
            fitted.entry(*group).or_default().push(label);
            all.push(label);
        }
        let usual = median(all)?;
        let medians: HashMap<_, _> = fitted
            .into_iter()
            .filter_map(|(group, labels)| Some((group, median(labels)?)))
            .collect();
        for (_, group, label) in labelled().filter(|(row, ..)| half_of(*row) == half) {
            let said = medians.get(group).copied().unwrap_or(usual);
            let (error, without) = ((label - said).abs(), (label - usual).abs());
            errors += error;
            plain += without;
            closer += f64::from(u8::from(error < without));
            apart += f64::from(u8::from(error != without));
        }
    }
    let gain = 1.0 - errors / plain;
    let z = (2.0 * closer - apart) / apart.max(1.0).sqrt();
    gain.is_finite().then(|| (gain.max(0.0), two_sided(z.max(0.0))))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    quantile(&values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_auc_of_a_few_rows_is_known_by_hand() {
        let rows = vec![(0.1, false), (0.4, false), (0.35, true), (0.8, true)];
        let (auc, _) = ranked(rows).expect("two classes");
        assert_eq!(auc, 0.75); // sklearn's own example
        let tied = vec![(1.0, false), (1.0, true)];
        assert_eq!(ranked(tied).map(|(auc, _)| auc), Some(0.5));
        assert_eq!(ranked(vec![(1.0, true)]), None);
    }

    #[test]
    fn noise_in_many_categories_predicts_nothing() {
        let keys: Vec<Option<u64>> = (0..400).map(|i| Some(mixed(i))).collect();
        let codes: Vec<Option<usize>> = (0..400).map(|i| Some((mixed(i + 9000) & 1) as usize)).collect();
        let names = vec!["0".to_owned(), "1".to_owned()];
        let power = Power::of(&Values::Categories(keys), &Target::Classes { codes, names });
        // Each category is new to the other half, so nothing is learnt by heart.
        assert_eq!(power.auc, Some(0.5));
        assert!(power.predictive.is_some_and(|gain| gain < 0.1), "{power:?}");
    }

    #[test]
    fn a_category_that_gives_the_class_predicts_all() {
        let codes: Vec<Option<usize>> = (0..300).map(|i| Some(i % 3)).collect();
        let keys = codes
            .iter()
            .map(|code| code.map(|code| 50 + code as u64))
            .collect();
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let power = Power::of(&Values::Categories(keys), &Target::Classes { codes, names });
        assert_eq!((power.auc, power.predictive), (Some(1.0), Some(1.0)));
        assert!(power.p < 1e-9);
    }

    #[test]
    fn a_number_that_follows_the_label_is_found_whatever_the_curve() {
        let label: Vec<Option<f64>> = (0..500).map(|i| Some(f64::from(i))).collect();
        let feature = label
            .iter()
            .map(|label| label.map(|label| label.powi(3)))
            .collect();
        let power = Power::of(&Values::Numbers(feature), &Target::Number(label));
        assert_eq!(power.spearman, Some(1.0));
        assert!(power.predictive.is_some_and(|gain| gain > 0.95), "{power:?}");
        assert!(power.r2.is_some_and(|r2| r2 < 0.9));
    }

    #[test]
    fn equal_values_have_no_correlation_and_ranks_share_ties() {
        assert_eq!(correlation(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(ranks(&[5.0, 1.0, 5.0]), [2.5, 1.0, 2.5]);
    }
}
