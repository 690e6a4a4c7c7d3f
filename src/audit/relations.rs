//! Relations between scores of one confusion matrix that need no counts.
//!
//! For one run, F1 and F-beta are the weighted harmonic mean of precision and recall, and Jaccard is F1/(2 − F1): C. van
//! Rijsbergen, *Information Retrieval*, 1979, chapter 7. The harmonic mean is concave and F1/(2 − F1) convex, so by Jensen's
//! inequality one side of each is left for means over runs and over classes. Balanced accuracy and informedness are
//! linear in recall and specificity and are kept by averaging.
//!
//! Rates that are 0/0 are reported as 0, as 1 or not at all: where that may be so, each reading counts.

use super::claim::{Runs, Span};
use super::ordering::Broken;
use super::set::Set;

/// A claim: its place and its interval.
type Claim = (usize, Span);

/// All relations that the set breaks.
pub(super) fn broken(set: &Set<'_>) -> Vec<Broken> {
    let mut found = Vec::new();
    for (index, (_, claim)) in set.members.iter().enumerate() {
        let score = (index, Span::printed(&claim.value));
        let (base, of) = match claim.metric.split_once(':') {
            Some((base, of)) => (base, format!(":{of}")),
            None => (claim.metric.as_str(), String::new()),
        };
        // Averages over classes are means, as those over runs are.
        let exact = set.runs == Runs::Known(1) && !matches!(of.as_str(), ":macro" | ":weighted");
        let claims = |metric: &str| set.of(&format!("{metric}{of}"));
        if let Some(beta) = beta(base) {
            for precision in claims("precision") {
                let recalls = claims("recall").into_iter();
                found.extend(recalls.filter_map(|recall| harmonic(beta, score, precision, recall, exact)));
            }
        }
        if base == "jaccard" {
            found.extend(
                claims("f1")
                    .into_iter()
                    .filter_map(|f1| jaccard(score, f1, exact)),
            );
        }
    }
    found.extend(of_both_classes(set));
    found
}

fn beta(base: &str) -> Option<f64> {
    let beta: f64 = match base {
        "f1" => 1.0,
        _ => base.strip_prefix("fbeta@")?.parse().ok()?,
    };
    (beta > 0.0 && beta.is_finite()).then_some(beta)
}

fn harmonic(
    beta: f64,
    (index, score): Claim,
    precision: Claim,
    recall: Claim,
    exact: bool,
) -> Option<Broken> {
    let square = beta * beta;
    let mean = |precision: f64, recall: f64| {
        let (precision, recall) = (precision.clamp(0.0, 1.0), recall.clamp(0.0, 1.0));
        let below = square * precision + recall;
        if below > 0.0 {
            (1.0 + square) * precision * recall / below
        } else {
            0.0
        }
    };
    let (p, r) = (precision.1, recall.1);
    let bounds = Span {
        low: if exact { mean(p.low, r.low) } else { 0.0 },
        high: mean(p.high, r.high),
    };
    let undefined = [score, p, r].iter().all(|span| at_edge(*span));
    let why = if exact {
        "F is the harmonic mean of precision and recall"
    } else {
        "the mean of F cannot be above the harmonic mean of mean precision and mean recall"
    };
    (!undefined && !bounds.loosened().meets(score))
        .then(|| (vec![precision.0, recall.0, index], why.to_owned()))
}

fn jaccard((index, score): Claim, (other, f1): Claim, exact: bool) -> Option<Broken> {
    let of_f1 = |f1: f64| f1.clamp(0.0, 1.0) / (2.0 - f1.clamp(0.0, 1.0));
    let bounds = Span {
        low: of_f1(f1.low),
        high: if exact { of_f1(f1.high) } else { f1.high },
    };
    let undefined = at_edge(score) && at_edge(f1);
    let why = if exact {
        "Jaccard is F1/(2 − F1)"
    } else {
        "the mean of Jaccard lies between F1/(2 − F1) and F1"
    };
    (!undefined && !bounds.loosened().meets(score)).then(|| (vec![other, index], why.to_owned()))
}

/// Balanced accuracy and informedness of recall and specificity, and of each other; markedness of one run.
fn of_both_classes(set: &Set<'_>) -> Vec<Broken> {
    let half = |span: Span| span.map(|x| (x + 1.0) / 2.0);
    let scaled = |metric| {
        set.of(metric)
            .into_iter()
            .map(move |(index, span)| (index, half(span)))
    };
    let (balanced, informedness) = (
        set.of("balanced_accuracy"),
        scaled("informedness").collect::<Vec<_>>(),
    );
    let mut found = Vec::new();
    for (index, one) in &balanced {
        let differing = informedness
            .iter()
            .filter(|(_, other)| !one.loosened().meets(*other));
        let why = "informedness is 2·balanced accuracy − 1";
        found.extend(differing.map(|(other, _)| (vec![*index, *other], why.to_owned())));
    }
    let pair = [set.of("recall"), set.of("specificity")];
    let why = "balanced accuracy is the mean of recall and specificity";
    found.extend(means(&balanced, &pair, why));
    let why = "informedness is recall + specificity − 1";
    found.extend(means(&informedness, &pair, why));
    // Over runs, precision may be 0/0 in some of them.
    if set.runs == Runs::Known(1) {
        let pair = [set.of("precision"), set.of("npv")];
        let why = "markedness is precision + NPV − 1";
        found.extend(means(&scaled("markedness").collect::<Vec<_>>(), &pair, why));
    }
    found
}

/// Means that are not those of a pair.
fn means(claimed: &[Claim], [firsts, seconds]: &[Vec<Claim>; 2], why: &str) -> Vec<Broken> {
    let mut found = Vec::new();
    for (index, mean) in claimed {
        for (one, first) in firsts {
            for (other, second) in seconds {
                if !is_mean(*mean, *first, *second) {
                    found.push((vec![*one, *other, *index], why.to_owned()));
                }
            }
        }
    }
    found
}

fn is_mean(mean: Span, first: Span, second: Span) -> bool {
    let of = |first: Span, second: Span| Span {
        low: f64::midpoint(first.low, second.low),
        high: f64::midpoint(first.high, second.high),
    };
    let either = |value| Span {
        low: value,
        high: value,
    };
    let readings = |rate: Span, other: Span| {
        let undefined = [either(0.0), either(1.0), other];
        let undefined = if at_edge(rate) {
            undefined.to_vec()
        } else {
            Vec::new()
        };
        undefined.into_iter().chain([rate]).collect::<Vec<_>>()
    };
    let firsts = readings(first, second);
    firsts.iter().any(|first_reading| {
        let seconds = readings(second, first);
        seconds
            .iter()
            .any(|second| of(*first_reading, *second).loosened().meets(mean))
    })
}

/// Whether it may be what 0/0 was reported as.
fn at_edge(span: Span) -> bool {
    span.has(0.0) || span.has(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{claim, contradiction};
    use super::super::{AuditClaim, audit};

    /// Nothing is known of the test set.
    fn claims(values: &[(&str, &str)], runs: u32) -> Vec<AuditClaim> {
        let claims = values.iter().map(|(metric, value)| AuditClaim {
            examples: None,
            runs: Some(runs),
            ..claim(metric, value)
        });
        claims.collect()
    }

    #[track_caller]
    fn fits(values: &[(&str, &str)], runs: u32) {
        let found = audit(&claims(values, runs));
        assert!(found.possible(), "{found:#?}");
    }

    #[track_caller]
    fn contradicts(values: &[(&str, &str)], runs: u32) {
        let names: Vec<&str> = values.iter().map(|(metric, _)| *metric).collect();
        contradiction(&claims(values, runs), &names);
    }

    #[test]
    fn f_is_the_harmonic_mean_of_precision_and_recall() {
        let with = |metric, value| [("precision", "0.80"), ("recall", "0.60"), (metric, value)];
        fits(&with("f1", "0.69"), 1); // 0.6857
        contradicts(&with("f1", "0.72"), 1);
        contradicts(&with("f1", "0.66"), 1);
        fits(&with("f1", "0.66"), 3); // the mean over runs may be below
        contradicts(&with("f1", "0.72"), 3);
        fits(&with("fbeta@2", "0.63"), 1); // 0.6316
        contradicts(&with("fbeta@2", "0.69"), 1);
    }

    #[test]
    fn means_over_classes_keep_one_side() {
        let with = |value| {
            [
                ("precision:macro", "0.80"),
                ("recall:macro", "0.60"),
                ("f1:macro", value),
            ]
        };
        fits(&with("0.55"), 1);
        contradicts(&with("0.72"), 1);
    }

    #[test]
    fn jaccard_is_a_function_of_f1() {
        fits(&[("f1", "0.80"), ("jaccard", "0.67")], 1);
        contradicts(&[("f1", "0.80"), ("jaccard", "0.72")], 1);
        fits(&[("f1", "0.80"), ("jaccard", "0.72")], 5);
        contradicts(&[("f1", "0.80"), ("jaccard", "0.82")], 5);
    }

    #[test]
    fn balanced_accuracy_is_linear_over_runs() {
        let with = |metric, value| [("recall", "0.90"), ("specificity", "0.70"), (metric, value)];
        fits(&with("balanced_accuracy", "0.80"), 5);
        contradicts(&with("balanced_accuracy", "0.82"), 5);
        fits(&with("informedness", "0.60"), 5);
        contradicts(&with("informedness", "0.63"), 5);
        contradicts(&[("balanced_accuracy", "0.80"), ("informedness", "0.63")], 5);
        contradicts(
            &[("precision", "0.90"), ("npv", "0.70"), ("markedness", "0.63")],
            1,
        );
    }

    #[test]
    fn what_is_undefined_is_no_contradiction() {
        fits(
            &[
                ("recall", "0.00"),
                ("specificity", "0.70"),
                ("balanced_accuracy", "0.70"),
            ],
            1,
        );
        fits(&[("precision", "1.00"), ("recall", "0.00"), ("f1", "0.00")], 1);
        fits(&[("f1", "0.00"), ("jaccard", "1.00")], 1);
    }

    #[test]
    fn a_point_of_the_curve_bounds_its_area() {
        let with = |area| [("roc_auc", area), ("recall", "0.90"), ("specificity", "0.80")];
        fits(&with("0.73"), 1); // at least 0.72
        contradicts(&with("0.70"), 1);
        fits(&with("0.98"), 1); // at most 0.98
        contradicts(&with("0.99"), 1);
        fits(&with("0.71"), 3); // over runs, at least 0.70
        contradicts(&with("0.68"), 3);
    }
}
