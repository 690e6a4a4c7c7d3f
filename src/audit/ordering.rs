//! Relations that hold between metrics whatever the predictions are.
//!
//! AUC: an ROC curve that rises through (1 − specificity, recall), which need not be concave, is at least 0 before that
//! point and at least recall behind it, and at most recall before and 1 behind it (the curve: T. Fawcett, *An introduction
//! to ROC analysis*, Pattern Recognition Letters 27, 2006). The products are not kept by averaging over runs; recall +
//! specificity − 1 and recall + specificity, which are further out, are. MSE = RMSE² holds for one run, and ≥ for more. All
//! other relations are kept by averaging.

use super::claim::{Runs, Span};
use super::set::Set;
use super::{multiclass, ranking, relations};

/// Places in the set, and what they contradict.
pub(super) type Broken = (Vec<usize>, String);

/// The relation that fewest claims break.
pub(super) fn smallest(set: &Set<'_>) -> Option<Broken> {
    let mut broken = chains(set);
    broken.extend(two_values(set));
    broken.extend(errors(set));
    broken.extend(of_area(set));
    broken.extend(ranking::broken(set));
    broken.extend(relations::broken(set));
    broken.extend(multiclass::broken(set));
    broken.into_iter().min_by_key(|(claims, _)| claims.len())
}

/// One metric of one model has one value.
fn two_values(set: &Set<'_>) -> Vec<Broken> {
    let claims = || {
        set.members
            .iter()
            .enumerate()
            .filter(|(_, (_, claim))| claim.one_model)
    };
    let mut broken = Vec::new();
    for (index, (_, one)) in claims() {
        let span = Span::printed(&one.value);
        let others = claims().filter(|(place, (_, other))| *place > index && other.metric == one.metric);
        let differing = others.filter(|(_, (_, other))| !span.meets(Span::printed(&other.value)));
        broken.extend(
            differing.map(|(other, _)| (vec![index, other], format!("two values of `{}`", one.metric))),
        );
    }
    broken
}

/// `low` is never above `high`.
pub(super) fn at_most(low: &(usize, Span), high: &(usize, Span), why: impl Fn() -> String) -> Option<Broken> {
    (low.1.low > high.1.high).then(|| (vec![low.0, high.0], why()))
}

/// Claims about `BASE@K`, with their K, as they are or as one minus them.
pub(super) fn with_k(set: &Set<'_>, base: &str, one: &str, complement: bool) -> Vec<(u64, (usize, Span))> {
    let claims = set.members.iter().enumerate();
    let found = claims.filter_map(|(index, (_, claim))| {
        let k = if claim.metric == one {
            1
        } else {
            claim.metric.strip_prefix(base)?.strip_prefix('@')?.parse().ok()?
        };
        let span = Span::printed(&claim.value);
        Some((k, (index, if complement { span.complement() } else { span })))
    });
    found.collect()
}

/// hits@1 ≤ hits@3, top-1 ≤ top-5.
fn chains(set: &Set<'_>) -> Vec<Broken> {
    let hits = with_k(set, "hits", "", false);
    let mut top = with_k(set, "top_k_accuracy", "accuracy", false);
    top.extend(with_k(set, "top_k_error", "error_rate", true));
    let mut broken = Vec::new();
    for (name, chain) in [("hits", &hits), ("top-k accuracy", &top)] {
        for (k, low) in chain {
            for (more, high) in chain.iter().filter(|(more, _)| more > k) {
                broken.extend(at_most(low, high, || {
                    format!("{name} at {k} cannot be above {name} at {more}")
                }));
            }
        }
    }
    broken
}

/// RMSE ≥ MAE, MSE = RMSE², R² ≤ explained variance, error rate = 1 − accuracy.
fn errors(set: &Set<'_>) -> Vec<Broken> {
    let pairs = [
        ("mae", "rmse", "MAE cannot be above RMSE"),
        (
            "r2",
            "explained_variance",
            "R² cannot be above the explained variance",
        ),
        ("exact_match", "token_f1", "exact match cannot be above token F1"),
    ];
    let mut broken = Vec::new();
    for (low, high, why) in pairs {
        for low in set.of(low) {
            broken.extend(
                set.of(high)
                    .iter()
                    .filter_map(|high| at_most(&low, high, || why.to_owned())),
            );
        }
    }
    for (index, rmse) in set.of("rmse") {
        let square = rmse.map(|x| x.max(0.0) * x.max(0.0));
        for (other, mse) in set.of("mse") {
            let above = set.runs == Runs::Known(1) && mse.low > square.high;
            if mse.high < square.low || above {
                broken.push((vec![index, other], "MSE is the square of RMSE".to_owned()));
            }
        }
    }
    for accuracy in set.of("accuracy") {
        for error in set
            .of("error_rate")
            .into_iter()
            .filter(|error| !accuracy.1.meets(error.1.complement()))
        {
            let why = "the error rate is 1 − accuracy".to_owned();
            broken.push((vec![accuracy.0, error.0], why));
        }
    }
    broken
}

/// Gini = 2·AUC − 1, and AUC from one point of the ROC curve.
fn of_area(set: &Set<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (index, area) in set.of("roc_auc") {
        for (other, gini) in set.of("gini") {
            if !gini.meets(area.map(|x| 2.0 * x - 1.0)) {
                broken.push((vec![index, other], "Gini is 2·AUC − 1".to_owned()));
            }
        }
        for (first, recall) in set.of("recall") {
            for (second, specificity) in set.of("specificity") {
                let (bounds, why) = area_of(set.runs, recall, specificity);
                if !bounds.loosened().meets(area) {
                    broken.push((vec![index, first, second], why.to_owned()));
                }
            }
        }
    }
    broken
}

/// What one point of the ROC curve leaves for the area, and how that is said.
fn area_of(runs: Runs, recall: Span, specificity: Span) -> (Span, &'static str) {
    let unit = |x: f64| x.clamp(0.0, 1.0);
    if runs == Runs::Known(1) {
        let bounds = Span {
            low: unit(recall.low) * unit(specificity.low),
            high: 1.0 - unit(1.0 - recall.high) * unit(1.0 - specificity.high),
        };
        let why = "AUC lies between recall · specificity and 1 − (1 − recall)(1 − specificity)";
        return (bounds, why);
    }
    let bounds = Span {
        low: recall.low + specificity.low - 1.0,
        high: recall.high + specificity.high,
    };
    let why = "over runs, AUC lies between recall + specificity − 1 and recall + specificity";
    (bounds, why)
}
