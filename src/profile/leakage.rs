//! Features that give the label away.

use std::collections::HashMap;

use serde::Serialize;

use super::columns::{Column, ColumnProfile, Type};
use super::power::{Power, correlation};
use super::target::Target;

/// A feature that ranks the label so well gives it away.
const RANKS: f64 = 0.99;

/// A feature that takes away so much of the error gives the label away.
const PREDICTS: f64 = 0.95;

/// Pearson's r² from which on a number is the label in other units.
const SAME: f64 = 1.0 - 1e-9;

/// Among so many columns one such by chance is as likely as this.
const CHANCE: f64 = 0.01;

/// With fewer rows nothing is said.
const FEWEST: usize = 20;

/// A column is like an id if so many of its values are different, and there are at least [`FEWEST`] of them.
const UNIQUE: f64 = 0.99;

/// Where the number of different values is an estimate.
const UNIQUE_ESTIMATED: f64 = 0.95;

/// An id that ranks the label so well is related to it.
const ID_RANKS: f64 = 0.6;

/// An id that is related so closely to a label that is a number.
const ID_CORRELATES: f64 = 0.3;

/// Labels are sorted if they change so rarely, of what a shuffled file would show.
const SORTED: f64 = 0.1;

/// A feature that gives the label away.
#[derive(Clone, Debug, Serialize)]
pub struct Leak {
    /// The column.
    pub column: String,
    /// `target-copy`: the label under another name or in another code; `target-leak`: nearly that; `id-leak`: an
    /// id, or the like of one, that is related to it.
    pub code: &'static str,
    /// What it can do.
    #[serde(flatten)]
    pub power: FeaturePower,
}

/// How well a feature alone gives the label.
#[derive(Clone, Debug, Serialize)]
pub struct FeaturePower {
    /// ROC AUC, at least 0.5; of several classes the mean of one against the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// |Spearman's correlation| with a label that is a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spearman: Option<f64>,
    /// The square of Pearson's correlation with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r2: Option<f64>,
    /// The share of the error of a constant prediction that the feature takes away, on rows it was not fitted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictive_power: Option<f64>,
}

impl From<Power> for FeaturePower {
    fn from(power: Power) -> Self {
        Self {
            auc: power.auc,
            spearman: power.spearman,
            r2: power.r2,
            predictive_power: power.predictive,
        }
    }
}

/// What `feature` gives away of the label; `columns` are tried in all. `is_id`: it is an id, as was said.
pub(super) fn leak(
    feature: &Column,
    target: &Target,
    power: &Power,
    columns: usize,
    is_id: bool,
) -> Option<&'static str> {
    let likely = power.p * columns as f64 > CHANCE;
    if pairs(feature, target) < FEWEST || likely {
        return None;
    }
    let id = is_id || id_like(&feature.profile);
    let over = |value: Option<f64>, limit: f64| value.is_some_and(|value| value >= limit);
    if copies(feature, target, power) {
        Some("target-copy")
    } else if over(power.auc, RANKS) || over(power.spearman, RANKS) || over(power.predictive, PREDICTS) {
        Some(if id { "id-leak" } else { "target-leak" })
    } else if id && (over(power.auc, ID_RANKS) || over(power.spearman, ID_CORRELATES)) {
        Some("id-leak")
    } else {
        None
    }
}

/// Rows with both a value and a label.
fn pairs(feature: &Column, target: &Target) -> usize {
    let known: Vec<bool> = match target {
        Target::Classes { codes, .. } => codes.iter().map(Option::is_some).collect(),
        Target::Number(label) => label.iter().map(Option::is_some).collect(),
    };
    let keys = feature.values.keys();
    keys.iter()
        .zip(known)
        .filter(|(key, known)| key.is_some() && *known)
        .count()
}

/// Whether the feature is the label under another name: each value stands for one class and each class for one value;
/// or, of a number, whether it is a straight line of it.
fn copies(feature: &Column, target: &Target, power: &Power) -> bool {
    let codes = match target {
        Target::Number(_) => return power.r2.is_some_and(|r2| r2 >= SAME),
        Target::Classes { codes, .. } => codes,
    };
    let (mut to_class, mut to_value) = (HashMap::new(), HashMap::new());
    let keys = feature.values.keys();
    let mut both = keys
        .iter()
        .zip(codes)
        .filter_map(|(key, code)| Some(((*key)?, (*code)?)));
    let one_to_one = both.all(|(key, code)| {
        *to_class.entry(key).or_insert(code) == code && *to_value.entry(code).or_insert(key) == key
    });
    one_to_one && to_class.len() > 1
}

/// Whether the values look like ids: nearly all different, and whole numbers without wide gaps or in strict
/// order, or single words.
pub(super) fn id_like(profile: &ColumnProfile) -> bool {
    let present = profile.present();
    let share = if profile.unique.exact {
        UNIQUE
    } else {
        UNIQUE_ESTIMATED
    };
    let different = profile.unique.count as f64 >= share * present as f64;
    if present < FEWEST as u64 || !different {
        return false;
    }
    match profile.kind {
        Type::Integer => {
            let range = profile
                .number
                .as_ref()
                .and_then(|number| Some(number.max? - number.min?));
            let dense = range.is_some_and(|range| range < 10.0 * present as f64);
            dense || profile.order.is_some()
        }
        Type::Text => profile.words_alone,
        Type::Number | Type::Boolean | Type::Category | Type::DateTime | Type::Constant | Type::Empty => {
            false
        }
    }
}

/// How the label follows the order of the file: the share of changes from row to row that a shuffled file would
/// show, if it is so low that the rows were sorted.
pub(super) fn sorted(target: &Target) -> Option<f64> {
    match target {
        Target::Classes { codes, names } => {
            let known: Vec<usize> = codes.iter().copied().flatten().collect();
            let changes = known.windows(2).filter(|pair| pair[0] != pair[1]).count() as f64;
            let mut counts = vec![0.0; names.len()];
            known.iter().for_each(|code| counts[*code] += 1.0);
            let n = known.len() as f64;
            let alike: f64 = counts.iter().map(|count: &f64| (count / n).powi(2)).sum();
            let expected = (n - 1.0) * (1.0 - alike);
            let share = changes / expected;
            (known.len() >= FEWEST && expected > 10.0 && share <= SORTED).then_some(share)
        }
        Target::Number(label) => {
            let known: Vec<f64> = label.iter().copied().flatten().collect();
            let order: Vec<f64> = (0..known.len()).map(|row| row as f64).collect();
            let r = correlation(&known, &order)?.abs();
            (known.len() >= FEWEST && r >= 0.9).then_some(1.0 - r)
        }
    }
}
