//! How true and predicted numbers go together.

use super::{OfNumbers, Pairs, at_least_two, constant, of_numbers};
use crate::error::Fault;
use crate::measure::registry::About;
use crate::measure::sum::sum;
use crate::reason::{Unmeasured, invalid};

/// Refuses weights, which the references of these metrics do not know.
fn unweighted(pairs: &Pairs, about: &About) -> Result<(), Unmeasured> {
    if pairs.weights.is_empty() {
        return Ok(());
    }
    let detail = format!("`{}` is not defined with weights", about.name);
    Err(invalid(Fault::Paper, detail).hint("leave the column `weight` out of the predictions"))
}

/// Refuses one example, weights, and a side of equal numbers.
fn two_that_vary(pairs: &Pairs, about: &About) -> Result<(), Unmeasured> {
    at_least_two(pairs, about)?;
    unweighted(pairs, about)?;
    if constant(&pairs.truth) || constant(&pairs.predicted) {
        let side = if constant(&pairs.truth) {
            "labels"
        } else {
            "predictions"
        };
        return Err(invalid(
            Fault::Paper,
            format!("`{}` is undefined: all {side} are equal", about.name),
        ));
    }
    Ok(())
}

/// The linear correlation of two columns of the same length, neither of them constant.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (standardised(a), standardised(b));
    sum(a.iter().zip(&b).map(|(a, b)| a * b)).clamp(-1.0, 1.0)
}

/// The deviations from the mean, scaled to a length of 1.
fn standardised(values: &[f64]) -> Vec<f64> {
    let mean = sum(values.iter().copied()) / values.len() as f64;
    let deviations: Vec<f64> = values.iter().map(|value| value - mean).collect();
    // Scaled first, so that no square overflows or vanishes.
    let largest = deviations
        .iter()
        .fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let length = largest * sum(deviations.iter().map(|value| (value / largest).powi(2))).sqrt();
    deviations.iter().map(|value| value / length).collect()
}

/// The rank of each value from 1, equal values sharing their mean rank.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    // `==` and not `total_cmp`: 0 and −0 are one value.
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = before as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|&at| ranks[at] = rank);
        before += tied.len();
    }
    ranks
}

/// Agrees with `scipy.stats.pearsonr`. Undefined where either side is constant.
pub(in crate::measure) static PEARSON: OfNumbers = of_numbers(
    About::higher("pearson", "linear correlation")
        .aka(&[
            "pearsonr",
            "pearson r",
            "pearson correlation",
            "pcc",
            "plcc",
            "pearson correlation coefficient",
        ])
        .range(-1.0, 1.0)
        .floor(0.0)
        .reference("SciPy 1.17.1 `pearsonr`"),
    |pairs, asked| {
        two_that_vary(pairs, asked.about)?;
        Ok(correlation(&pairs.truth, &pairs.predicted))
    },
);

/// Agrees with `scipy.stats.spearmanr`. Undefined where either side is constant.
pub(in crate::measure) static SPEARMAN: OfNumbers = of_numbers(
    About::higher("spearman", "linear correlation of the ranks")
        .aka(&[
            "spearmanr",
            "spearman rho",
            "ρ",
            "rho",
            "spearman correlation",
            "srcc",
            "srocc",
            "spearmans rank correlation",
        ])
        .range(-1.0, 1.0)
        .floor(0.0)
        .options("ties=mean rank")
        .reference("SciPy 1.17.1 `spearmanr`"),
    |pairs, asked| {
        two_that_vary(pairs, asked.about)?;
        Ok(correlation(&ranks(&pairs.truth), &ranks(&pairs.predicted)))
    },
);

/// Kendall's tau-b: pairs in the same order less those in the opposite one, over pairs that are not tied.
///
/// Takes n·log n time. Agrees with `scipy.stats.kendalltau(variant="b")`.
/// Undefined where either side is constant. Reference: W. Knight, *A computer
/// method for calculating Kendall's tau with ungrouped data*, 1966.
pub(in crate::measure) static KENDALL: OfNumbers = of_numbers(
    About::higher("kendall", "Kendall's tau-b")
        .aka(&["kendalltau", "kendall tau", "tau-b", "kendall tau-b", "τ", "krcc"])
        .range(-1.0, 1.0)
        .floor(0.0)
        .options("variant=b")
        .reference("SciPy 1.17.1 `kendalltau`"),
    |pairs, asked| {
        two_that_vary(pairs, asked.about)?;
        // Adding 0 turns −0 into 0.
        let both = pairs.truth.iter().zip(&pairs.predicted);
        let mut both: Vec<(f64, f64)> = both.map(|(truth, guess)| (truth + 0.0, guess + 0.0)).collect();
        both.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let truth_ties = tied_pairs(both.iter().map(|pair| pair.0));
        let ties = tied_pairs(both.iter().copied());
        let mut guesses: Vec<f64> = both.iter().map(|pair| pair.1).collect();
        let opposite = sort_counting(&mut guesses);
        let guess_ties = tied_pairs(guesses.iter().copied());
        let all = choose_two(both.len());
        let balance = all - truth_ties - guess_ties + ties - 2 * opposite;
        let (truth_apart, guess_apart) = ((all - truth_ties) as f64, (all - guess_ties) as f64);
        // Divided before the root, so that a perfect order is exactly 1.
        Ok((balance as f64 / truth_apart * (truth_apart / guess_apart).sqrt()).clamp(-1.0, 1.0))
    },
);

fn choose_two(n: usize) -> i64 {
    let n = i64::try_from(n).unwrap_or(i64::from(u32::MAX));
    n * (n - 1) / 2
}

/// How many pairs of equal values there are in a sorted column.
fn tied_pairs<T: PartialEq>(sorted: impl Iterator<Item = T>) -> i64 {
    let (mut pairs, mut equal, mut last) = (0, 0, None);
    for value in sorted {
        let same = last.as_ref() == Some(&value);
        equal = if same { equal + 1 } else { 0 };
        pairs += equal;
        last = Some(value);
    }
    pairs
}

/// Sorts by merging, and counts the pairs that stood in the wrong order.
fn sort_counting(values: &mut [f64]) -> i64 {
    let mut merged = values.to_vec();
    let (mut count, mut width) = (0, 1);
    while width < values.len() {
        for (from, to) in values.chunks(2 * width).zip(merged.chunks_mut(2 * width)) {
            let (left, right) = from.split_at(width.min(from.len()));
            count += merge(left, right, to);
        }
        values.copy_from_slice(&merged);
        width *= 2;
    }
    count
}

/// Merges two sorted runs into `to`, and counts for each of the right one the larger ones left of it.
fn merge(left: &[f64], right: &[f64], to: &mut [f64]) -> i64 {
    let (mut l, mut r, mut count) = (0, 0, 0);
    for place in to {
        let from_left = r == right.len() || (l < left.len() && left[l] <= right[r]);
        *place = if from_left {
            l += 1;
            left[l - 1]
        } else {
            count += left.len() - l;
            r += 1;
            right[r - 1]
        };
    }
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Lin's concordance: the correlation, less the more the two differ in mean and spread.
///
/// Variances and covariance divide by n, as in the paper; libraries that divide
/// by n − 1 (torchmetrics) give a little less where the means differ. Undefined
/// where both sides are one and the same number. Reference: L. Lin, *A
/// concordance correlation coefficient to evaluate reproducibility*, 1989.
pub(in crate::measure) static CCC: OfNumbers = of_numbers(
    About::higher("ccc", "Lin's concordance correlation coefficient")
        .aka(&["concordance correlation coefficient", "lins ccc"])
        .range(-1.0, 1.0)
        .floor(0.0)
        .options("ddof=0")
        .reference("definition of Lin 1989 in NumPy 2.4.6"),
    |pairs, asked| {
        at_least_two(pairs, asked.about)?;
        unweighted(pairs, asked.about)?;
        let mean = |values: &[f64]| sum(values.iter().copied()) / values.len() as f64;
        let (truth, guess) = (mean(&pairs.truth), mean(&pairs.predicted));
        let covariance = pairs.mean(|t, p| (t - truth) * (p - guess));
        let spread = pairs.mean(|t, p| (t - truth).powi(2) + (p - guess).powi(2));
        let apart = spread + (truth - guess).powi(2);
        if apart == 0.0 {
            let detail = format!(
                "`{}` is undefined: all labels and predictions are equal",
                asked.about.name
            );
            return Err(invalid(Fault::Paper, detail));
        }
        Ok((2.0 * covariance / apart).clamp(-1.0, 1.0))
    },
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::{Predictions, Rows, metric};

    fn compute(name: &str, truth: Vec<f64>, predicted: Vec<f64>) -> Option<f64> {
        let given = Predictions::from_numbers(truth, predicted).ok()?;
        metric(name)?.compute(&given, Rows::All).ok()
    }

    #[test]
    fn many_rows_take_no_steps_by_the_square() {
        let truth: Vec<f64> = (0..200_000).map(f64::from).collect();
        let reversed = truth.iter().rev().copied().collect();
        assert_eq!(compute("kendall", truth.clone(), reversed), Some(-1.0));
        assert_eq!(compute("kendall", truth.clone(), truth), Some(1.0));
    }

    #[test]
    fn numbers_near_the_largest_are_refused_or_answered_and_never_nan() {
        let huge = || (vec![1e308, -1e308, 1e307], vec![-1e308, 1e308, 1e307]);
        let tiny = || (vec![1e-308, 5e-324, 2e-308], vec![2e-308, 1e-308, 5e-324]);
        for (truth, predicted) in [huge(), tiny()] {
            for name in [
                "rmsle",
                "mape",
                "smape",
                "kendall",
                "ccc",
                "pinball",
                "pinball@0.9",
            ] {
                let value = compute(name, truth.clone(), predicted.clone());
                assert!(value.is_none_or(f64::is_finite), "{name}: {value:?}");
            }
        }
        let (truth, predicted) = huge();
        assert_eq!(compute("smape", truth, predicted), Some(4.0 / 3.0));
    }

    proptest! {
        #[test]
        fn kendall_is_what_comparing_all_pairs_gives(pairs in prop::collection::vec((-4..4_i8, -4..4_i8), 2..40)) {
            let (truth, predicted): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(t, p)| (f64::from(*t), f64::from(*p))).unzip();
            let (mut balance, mut apart) = (0.0, [0.0, 0.0]);
            for (at, a) in pairs.iter().enumerate() {
                for b in &pairs[..at] {
                    let signs = [(a.0 - b.0).signum(), (a.1 - b.1).signum()].map(f64::from);
                    balance += signs[0] * signs[1];
                    apart[0] += signs[0].abs();
                    apart[1] += signs[1].abs();
                }
            }
            match compute("kendall", truth, predicted) {
                Some(found) => prop_assert!((found - balance / (apart[0] * apart[1]).sqrt()).abs() < 1e-12),
                None => prop_assert!(apart[0] * apart[1] == 0.0),
            }
        }
    }
}
