//! Metrics of survival times.

use super::additive::undefined;
use super::predictions::{Predictions, Rows, Survival};
use super::registry::{About, Input, Metric, Parameter};
use crate::reason::Unmeasured;

/// The concordance index.
#[derive(Debug)]
pub(super) struct Concordance {
    about: About,
}

impl Metric for Concordance {
    fn about(&self) -> &About {
        &self.about
    }

    fn input(&self) -> Input {
        Input::Survival
    }

    fn compute(&self, predictions: &Predictions, rows: Rows<'_>, _: &Parameter) -> Result<f64, Unmeasured> {
        let survival = predictions.survival()?;
        let rows: Vec<usize> = rows.iter(predictions.len()).collect();
        concordance(survival, &rows).ok_or_else(|| undefined(self.about.name))
    }
}

/// The share of comparable pairs that the predictions put in the right order, a tie counting half.
///
/// A pair is comparable when the earlier time is an event; at equal times, when
/// exactly one of the two is. `None` without such a pair.
fn concordance(survival: &Survival, rows: &[usize]) -> Option<f64> {
    let mut rows = rows.to_vec();
    // Events before what was censored at the same time: those are known to have lived longer.
    rows.sort_by(|&a, &b| {
        let time = plain(survival.times[a]).total_cmp(&plain(survival.times[b]));
        time.then(survival.observed[b].cmp(&survival.observed[a]))
    });
    let moment = |row: usize| (plain(survival.times[row]), survival.observed[row]);
    let mut earlier = Pool::new(rows.iter().map(|&row| plain(survival.predicted[row])));
    let (mut pairs, mut right, mut tied) = (0_u64, 0_u64, 0_u64);
    for together in rows.chunk_by(|&a, &b| moment(a) == moment(b)) {
        for &row in together {
            let (below, equal) = earlier.rank(plain(survival.predicted[row]));
            pairs += earlier.len;
            right += below;
            tied += equal;
        }
        let events = together.iter().filter(|row| survival.observed[**row]);
        events.for_each(|&row| earlier.insert(plain(survival.predicted[row])));
    }
    (pairs > 0).then(|| (right as f64 + tied as f64 / 2.0) / pairs as f64)
}

/// −0 is 0.
fn plain(number: f64) -> f64 {
    number + 0.0
}

/// Numbers of which one asks how many are below another: a Fenwick tree over all that may come.
struct Pool {
    /// Sorted, each once.
    values: Vec<f64>,
    counts: Vec<u64>,
    len: u64,
}

impl Pool {
    fn new(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        Self {
            counts: vec![0; values.len() + 1],
            values,
            len: 0,
        }
    }

    fn place(&self, value: f64) -> usize {
        self.values.partition_point(|known| *known < value)
    }

    fn insert(&mut self, value: f64) {
        let mut at = self.place(value) + 1;
        while at < self.counts.len() {
            self.counts[at] += 1;
            at += at & at.wrapping_neg();
        }
        self.len += 1;
    }

    /// How many are below `value`, and how many are equal to it.
    fn rank(&self, value: f64) -> (u64, u64) {
        let place = self.place(value);
        let below = self.first(place);
        (below, self.first(place + 1) - below)
    }

    /// How many stand at the first `places`.
    fn first(&self, places: usize) -> u64 {
        let mut at = places.min(self.values.len());
        let mut count = 0;
        while at > 0 {
            count += self.counts[at];
            at &= at - 1;
        }
        count
    }
}

/// The share of comparable pairs in the right order.
///
/// Agrees with `lifelines.utils.concordance_index`: predictions are larger for
/// longer survival, so a hazard goes in with its sign turned.
pub(super) static CONCORDANCE_INDEX: Concordance = Concordance {
    about: About::higher(
        "concordance_index",
        "share of comparable pairs in the right order, ties half",
    )
    .aka(&["c-index", "cindex", "concordance", "harrell c"])
    .options("prediction=larger lives longer")
    .floor(0.5)
    .reference("lifelines 0.30.3 `concordance_index`"),
};
