//! The area under the ROC curve and its variance from the examples.

use super::{Interval, finite, normal_quantile, sample_sd};

/// An area under the ROC curve, and what is known of it from the examples behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Auc {
    /// The area, from 0 to 1.
    pub value: f64,
    /// Its variance over examples drawn again; 0 where the classes are wholly apart.
    pub variance: f64,
}

impl Auc {
    /// The central interval at `level` by the normal distribution, cut off at 0 and 1.
    ///
    /// `None` unless the level lies between 0 and 1, and where the variance is 0: nothing is known of the spread then.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        if !(level > 0.0 && level < 1.0 && self.variance > 0.0) {
            return None;
        }
        let half = normal_quantile(0.5 + 0.5 * level)? * self.variance.sqrt();
        Some(Interval {
            low: (self.value - half).max(0.0),
            high: (self.value + half).min(1.0),
        })
    }
}

/// The area under the ROC curve of the scores of positive and of negative examples, ties counting half.
///
/// The examples are independent and of equal weight. `None` with fewer than two
/// examples of either class, and with scores that are not finite.
///
/// Reference: E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, *Comparing the
/// Areas under Two or More Correlated Receiver Operating Characteristic Curves*,
/// Biometrics 44 (1988); in the time that sorting takes.
///
/// # Examples
///
/// ```
/// use reproof::stats::delong;
///
/// let auc = delong(&[0.9, 0.8, 0.4], &[0.1, 0.4, 0.3, 0.7]).expect("two of each");
/// assert!((auc.value - 10.5 / 12.0).abs() < 1e-12);
/// let interval = auc.interval(0.95).expect("a level");
/// assert!(interval.low < 0.6 && interval.high == 1.0);
/// ```
pub fn delong(positives: &[f64], negatives: &[f64]) -> Option<Auc> {
    let all_finite = positives.iter().chain(negatives).all(|score| score.is_finite());
    if !all_finite || positives.len() < 2 || negatives.len() < 2 {
        return None;
    }
    let above = |scores: &[f64], others: &[f64]| {
        let sorted = sorted(others);
        scores
            .iter()
            .map(|score| share_below(*score, &sorted))
            .collect::<Vec<_>>()
    };
    // How often each positive beats a negative, and each negative loses to a positive.
    let of_positives = above(positives, negatives);
    let of_negatives = above(negatives, positives);
    let value = of_positives.iter().sum::<f64>() / positives.len() as f64;
    let part = |shares: &[f64]| Some(sample_sd(shares)?.powi(2) / shares.len() as f64);
    Some(Auc {
        value,
        variance: finite(part(&of_positives)? + part(&of_negatives)?)?,
    })
}

fn sorted(scores: &[f64]) -> Vec<f64> {
    // Adding 0 turns −0 into 0: they are one score.
    let mut sorted: Vec<f64> = scores.iter().map(|score| score + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The share of `sorted` below `score`, those on it counting half.
fn share_below(score: f64, sorted: &[f64]) -> f64 {
    let below = sorted.partition_point(|other| *other < score);
    let up_to = below + sorted[below..].partition_point(|other| *other <= score);
    (below + up_to) as f64 / (2 * sorted.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::super::references::{agree, cases, numbers};
    use super::*;

    #[test]
    fn the_area_and_its_variance_are_those_of_the_reference() {
        for case in cases("delong") {
            let found = delong(&numbers(&case, "positives"), &numbers(&case, "negatives"));
            agree(&case, found.map(|auc| auc.value), "auc", 1e-12);
            agree(&case, found.map(|auc| auc.variance), "variance", 1e-9);
            let interval = found.and_then(|auc| auc.interval(0.95));
            agree(&case, interval.map(|interval| interval.low), "low", 1e-9);
            agree(&case, interval.map(|interval| interval.high), "high", 1e-9);
        }
    }

    #[test]
    fn what_tells_nothing_of_the_spread_has_no_interval() {
        let apart = delong(&[0.8, 0.9], &[0.1, 0.2]).expect("two of each");
        assert_eq!(
            (apart.value, apart.variance, apart.interval(0.9)),
            (1.0, 0.0, None)
        );
        assert_eq!(delong(&[0.8], &[0.1, 0.2]), None);
        assert_eq!(delong(&[0.8, f64::NAN], &[0.1, 0.2]), None);
        let zeros = delong(&[0.0, 1.0], &[-0.0, -1.0]).expect("two of each");
        assert_eq!(zeros.value, 0.875);
        assert_eq!(zeros.interval(1.0), None);
    }
}
