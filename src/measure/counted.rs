//! Metrics from how often each row counts, so that thousands of resamples cost one sort.

use super::predictions::{Predictions, Rows};
use super::registry::Named;
use super::scores::ranked;

/// A metric as a function of how often each row counts; `None` where it is not defined.
pub type Counted<'a> = Box<dyn Fn(&[u32]) -> Option<f64> + Send + Sync + 'a>;

/// `metric` on `predictions`, in the fastest way that there is for it.
pub fn counted<'a>(metric: &'a Named, predictions: &'a Predictions) -> Counted<'a> {
    let fast = (predictions.weights().is_none()).then(|| metric.counted(predictions));
    fast.flatten()
        .unwrap_or_else(|| Box::new(move |counts| metric.compute(predictions, Rows::Times(counts)).ok()))
}

/// The rows from the highest score to the lowest.
pub(super) struct Ranking {
    /// Four times the row, and 2 if it is positive, and 1 if the next row has a lower score.
    rows: Vec<u32>,
}

impl Ranking {
    /// `None` where the metric is not defined on the rows as they are.
    pub(super) fn of(predictions: &Predictions) -> Option<Self> {
        let ranked = ranked(predictions)?;
        let last = ranked.len().checked_sub(1)?;
        let code = |(at, (row, score, positive)): (usize, &(u32, f64, bool))| {
            let ends = at == last || ranked[at + 1].1 != *score;
            row.checked_mul(4)
                .map(|row| row + 2 * u32::from(*positive) + u32::from(ends))
        };
        let rows = ranked.iter().enumerate().map(code).collect::<Option<_>>()?;
        Some(Self { rows })
    }

    /// Calls `visit` with the positives and the negatives at each distinct score, from the highest.
    fn each(&self, counts: &[u32], mut visit: impl FnMut(u64, u64)) {
        let (mut positives, mut negatives) = (0, 0);
        for code in &self.rows {
            let count = u64::from(counts[(code >> 2) as usize]);
            // Without a branch: which class comes next cannot be foretold.
            let positive = u64::from(code >> 1 & 1);
            positives += count * positive;
            negatives += count * (1 - positive);
            if code & 1 == 1 {
                visit(positives, negatives);
                (positives, negatives) = (0, 0);
            }
        }
    }

    /// The chance that a positive scores above a negative, a tie counting half.
    pub(super) fn roc_auc(&self, counts: &[u32]) -> Option<f64> {
        let (mut above, mut below, mut pairs) = (0, 0, 0_u128);
        self.each(counts, |positives, negatives| {
            pairs += u128::from(negatives) * u128::from(2 * above + positives);
            above += positives;
            below += negatives;
        });
        let all = 2.0 * above as f64 * below as f64;
        (all > 0.0).then(|| pairs as f64 / all)
    }

    /// The area under the precision-recall steps.
    pub(super) fn average_precision(&self, counts: &[u32]) -> Option<f64> {
        let (mut hits, mut all, mut area) = (0, 0, 0.0);
        self.each(counts, |positives, negatives| {
            hits += positives;
            all += positives + negatives;
            if positives > 0 {
                area += positives as f64 * (hits as f64 / all as f64);
            }
        });
        (all > 0).then(|| if hits == 0 { 0.0 } else { area / hits as f64 })
    }
}
