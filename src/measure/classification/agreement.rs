//! Correlation and agreement of true and predicted classes.

use super::{Count, OfClasses, Tally, finite, of_classes, one_class_each, predicted, quotient};
use crate::error::Fault;
use crate::measure::predictions::{Predictions, Rows};
use crate::measure::registry::{About, Input, Metric, Parameter};
use crate::measure::sum::sum;
use crate::reason::{Unmeasured, invalid};

/// The correlation between true and predicted classes; 0 where either side has only one class.
///
/// Agrees with `sklearn.metrics.matthews_corrcoef`. Reference: J. Gorodkin,
/// *Comparing two K-category assignments by a K-category correlation
/// coefficient*, 2004.
pub(in crate::measure) static MATTHEWS_CORRCOEF: OfClasses = of_classes(
    About::higher(
        "matthews_corrcoef",
        "correlation between true and predicted classes",
    )
    .aka(&[
        "mcc",
        "matthews correlation coefficient",
        "matthews",
        "phi coefficient",
    ])
    .range(-1.0, 1.0)
    .floor(0.0)
    .reference("scikit-learn 1.9.1 `matthews_corrcoef`"),
    |tally| {
        let sum = |of: fn(&Count) -> f64| tally.counts.iter().map(of).sum::<f64>();
        let square = tally.total * tally.total;
        let joint = sum(|count| count.both) * tally.total - sum(|count| count.truth * count.predicted);
        let predicted = square - sum(|count| count.predicted * count.predicted);
        let truth = square - sum(|count| count.truth * count.truth);
        Ok(quotient(joint, (predicted * truth).max(0.0).sqrt()))
    },
);

/// Refuses labels and predictions that hold one and the same single class.
fn two_classes(tally: &Tally, about: &About) -> Result<(), Unmeasured> {
    let only = |count: &Count| count.truth == tally.total && count.predicted == tally.total;
    if !tally.counts.iter().any(only) {
        return Ok(());
    }
    let detail = format!(
        "`{}` is undefined: the labels and the predictions hold one and the same class",
        about.name
    );
    Err(invalid(Fault::Paper, detail))
}

const fn kappa(name: &'static str, summary: &'static str) -> About {
    About::higher(name, summary)
        .range(-1.0, 1.0)
        .floor(0.0)
        .reference("scikit-learn 1.9.1 `cohen_kappa_score`")
}

/// Agreement beyond what the shares of the classes give by chance.
///
/// Agrees with `sklearn.metrics.cohen_kappa_score(weights=None)`. Undefined
/// when both sides hold the same single class.
pub(in crate::measure) static COHEN_KAPPA: OfClasses = of_classes(
    kappa("cohen_kappa", "agreement beyond chance").aka(&["kappa", "cohens kappa", "cohen_kappa_score"]),
    |tally| {
        two_classes(tally, &COHEN_KAPPA.about)?;
        let both: f64 = tally.counts.iter().map(|count| count.both).sum();
        let chance: f64 = tally
            .counts
            .iter()
            .map(|count| count.truth * count.predicted)
            .sum();
        Ok(1.0 - (tally.total - both) / (tally.total - chance / tally.total))
    },
);

/// Kappa of ordered classes: a confusion counts by how far apart the two are.
///
/// The classes are those that occur, in their order: by number where all are
/// whole numbers, else by text. Agrees with
/// `sklearn.metrics.cohen_kappa_score(labels=None, weights=…)`.
#[derive(Debug)]
pub(in crate::measure) struct WeightedKappa {
    about: About,
    /// What a confusion at this distance counts.
    cost: fn(f64) -> f64,
    /// The mean cost of confusions by chance, from the shares of both sides.
    by_chance: fn(&[Count], f64) -> f64,
}

pub(in crate::measure) static KAPPA_LINEAR: WeightedKappa = WeightedKappa {
    about: kappa("cohen_kappa:linear", "kappa with linear weights")
        .aka(&["linear weighted kappa"])
        .options("order=sorted"),
    cost: |distance| distance,
    by_chance: mean_distance,
};

pub(in crate::measure) static KAPPA_QUADRATIC: WeightedKappa = WeightedKappa {
    about: kappa("cohen_kappa:quadratic", "kappa with quadratic weights")
        .aka(&["qwk", "quadratic weighted kappa", "weighted kappa quadratic"])
        .options("order=sorted"),
    cost: |distance| distance * distance,
    by_chance: mean_square_distance,
};

impl Metric for WeightedKappa {
    fn about(&self) -> &About {
        &self.about
    }

    fn input(&self) -> Input {
        Input::Classes
    }

    fn compute(&self, predictions: &Predictions, rows: Rows<'_>, _: &Parameter) -> Result<f64, Unmeasured> {
        one_class_each(&self.about, predictions)?;
        let tally = Tally::of(predictions, rows)?;
        two_classes(&tally, &self.about)?;
        let (classes, places) = (predictions.classes()?, places(&tally));
        let predicted = predicted(classes)?;
        let costs = rows.iter(predictions.len()).map(|row| {
            let [truth, guess] = [classes.truth[row], predicted[row]].map(|class| places[class as usize]);
            predictions.weight(row) * (self.cost)((truth - guess).abs())
        });
        let seen: Vec<Count> = tally.seen().copied().collect();
        let observed = sum(costs) / tally.total;
        finite(&self.about, 1.0 - observed / (self.by_chance)(&seen, tally.total))
    }
}

/// For each class, its place among those that occur.
fn places(tally: &Tally) -> Vec<f64> {
    let mut next = 0.0;
    let place = |count: &Count| {
        let place = next;
        next += f64::from(count.seen);
        place
    };
    tally.counts.iter().map(place).collect()
}

/// The mean of |i − j| for i and j drawn from the two sides: a sum over the cuts between classes, each
/// crossed by the pairs on both sides of it.
fn mean_distance(counts: &[Count], total: f64) -> f64 {
    let (mut truth, mut predicted) = (0.0, 0.0);
    let crossings = counts.iter().map(|count| {
        truth += count.truth / total;
        predicted += count.predicted / total;
        truth * (1.0 - predicted) + predicted * (1.0 - truth)
    });
    sum(crossings)
}

/// The mean of (i − j)² for i and j drawn from the two sides: both variances, and the means' distance squared.
fn mean_square_distance(counts: &[Count], total: f64) -> f64 {
    let moments = |side: fn(&Count) -> f64| {
        let shares = || {
            (0..)
                .zip(counts)
                .map(|(at, count)| (f64::from(at), side(count) / total))
        };
        let mean = sum(shares().map(|(at, share)| at * share));
        let variance = sum(shares().map(|(at, share)| (at - mean).powi(2) * share));
        (mean, variance)
    };
    let (truth, predicted) = (moments(|count| count.truth), moments(|count| count.predicted));
    truth.1 + predicted.1 + (truth.0 - predicted.0).powi(2)
}
