//! Metrics of clusters against the points themselves.

use rayon::prelude::*;

use super::classification::{finite, predicted, unweighted};
use super::predictions::{Points, Predictions, Rows, bounded};
use super::registry::{About, Input, Metric, Parameter};
use super::sum::sum;
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};

/// How much nearer each point lies to its own cluster than to the next, averaged.
///
/// Of the predicted clusters; the labels do not matter. Distances are
/// Euclidean, on the features as they stand. A point alone in its cluster
/// counts 0. Undefined unless there are at least two clusters and fewer than
/// points. Time grows with the square of the examples, memory with the clusters.
///
/// Agrees with `sklearn.metrics.silhouette_score(metric="euclidean")`.
/// Reference: P. Rousseeuw, *Silhouettes*, 1987.
#[derive(Debug)]
pub(super) struct Silhouette(About);

pub(super) static SILHOUETTE: Silhouette = Silhouette(
    About::higher(
        "silhouette",
        "mean silhouette coefficient of the predicted clusters",
    )
    .aka(&["silhouette_score", "silhouette coefficient"])
    .range(-1.0, 1.0)
    .options("distance=euclidean")
    .reference("scikit-learn 1.9.1 `silhouette_score`"),
);

impl Metric for Silhouette {
    fn about(&self) -> &About {
        &self.0
    }

    fn input(&self) -> Input {
        Input::Points
    }

    fn compute(&self, predictions: &Predictions, rows: Rows<'_>, _: &Parameter) -> Result<f64, Unmeasured> {
        unweighted(&self.0, predictions)?;
        let points = predictions.points()?;
        let rows: Vec<usize> = rows.iter(predictions.len()).collect();
        bounded(rows.len())?;
        let clusters = Clusters::of(predicted(predictions.classes()?)?, &rows);
        if clusters.sizes.len() < 2 || clusters.sizes.len() >= rows.len() {
            let detail = format!(
                "`silhouette` needs between 2 clusters and one less than there are examples, and there are {} of {}",
                clusters.sizes.len(),
                rows.len()
            );
            return Err(invalid(Fault::Paper, detail));
        }
        let coefficient = |at: usize| clusters.coefficient(points, &rows, at);
        let coefficients: Vec<f64> = (0..rows.len()).into_par_iter().map(coefficient).collect();
        finite(&self.0, sum(coefficients) / rows.len() as f64)
    }
}

/// The clusters of some rows.
struct Clusters {
    /// For each row, its cluster.
    of: Vec<usize>,
    /// For each cluster, its rows; none is empty.
    sizes: Vec<usize>,
}

impl Clusters {
    fn of(predicted: &[u32], rows: &[usize]) -> Self {
        let mut known = std::collections::HashMap::new();
        let mut sizes = Vec::new();
        let of = rows.iter().map(|&row| {
            let cluster = *known.entry(predicted[row]).or_insert_with(|| {
                sizes.push(0);
                sizes.len() - 1
            });
            sizes[cluster] += 1;
            cluster
        });
        let of = of.collect();
        Self { of, sizes }
    }

    /// (b − a) / max(a, b): a the mean distance to the rest of its cluster, b that to the nearest other cluster.
    fn coefficient(&self, points: &Points, rows: &[usize], at: usize) -> f64 {
        let own = self.of[at];
        if self.sizes[own] == 1 {
            return 0.0;
        }
        let point = points.of(rows[at]);
        let mut sums = vec![0.0; self.sizes.len()];
        for (&row, &cluster) in rows.iter().zip(&self.of) {
            sums[cluster] += distance(point, points.of(row));
        }
        let within = sums[own] / (self.sizes[own] - 1) as f64;
        let others = (0..sums.len()).filter(|cluster| *cluster != own);
        let next = others
            .map(|cluster| sums[cluster] / self.sizes[cluster] as f64)
            .fold(f64::INFINITY, f64::min);
        let widest = within.max(next);
        // All of them in one place.
        if widest == 0.0 {
            0.0
        } else {
            (next - within) / widest
        }
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}
