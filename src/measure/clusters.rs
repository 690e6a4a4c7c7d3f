//! Metrics of clusters against the true groups; the names of the two sides have nothing to do with each other.

use std::collections::HashMap;

use super::classification::{finite, no_examples, predicted, unweighted};
use super::predictions::{Predictions, Rows};
use super::registry::{About, Input, Metric, Parameter};
use super::sum::sum;
use crate::reason::Unmeasured;

/// How many examples each group, each cluster, and each pair of them holds; the empty ones left out.
#[derive(Debug)]
struct Contingency {
    groups: Vec<u64>,
    clusters: Vec<u64>,
    /// Group, cluster, examples; sorted, so that sums are the same every time.
    cells: Vec<(u32, u32, u64)>,
    total: u64,
}

impl Contingency {
    fn of(predictions: &Predictions, rows: Rows<'_>) -> Result<Self, Unmeasured> {
        let classes = predictions.classes()?;
        let predicted = predicted(classes)?;
        let mut cells: HashMap<(u32, u32), u64> = HashMap::new();
        for row in rows.iter(predictions.len()) {
            *cells.entry((classes.truth[row], predicted[row])).or_default() += 1;
        }
        if cells.is_empty() {
            return Err(no_examples());
        }
        let (mut groups, mut clusters) = (vec![0; classes.names.len()], vec![0; classes.names.len()]);
        for ((group, cluster), count) in &cells {
            groups[*group as usize] += count;
            clusters[*cluster as usize] += count;
        }
        let mut cells: Vec<_> = cells
            .into_iter()
            .map(|((group, cluster), n)| (group, cluster, n))
            .collect();
        cells.sort_unstable();
        let total = groups.iter().sum();
        Ok(Self {
            groups,
            clusters,
            cells,
            total,
        })
    }

    /// The information that either side gives on the other, in nats.
    ///
    /// Terms below the spacing of `f64` at 1 are taken as 0, as in the reference.
    fn mutual_information(&self) -> f64 {
        if occupied(&self.groups) == 1 || occupied(&self.clusters) == 1 {
            return 0.0;
        }
        let total = self.total as f64;
        let term = |&(group, cluster, count): &(u32, u32, u64)| {
            let (group, cluster) = (
                self.groups[group as usize] as f64,
                self.clusters[cluster as usize] as f64,
            );
            let count = count as f64;
            let logs = (count.ln() - total.ln()) + (2.0 * total.ln() - group.ln() - cluster.ln());
            let term = count / total * logs;
            if term.abs() < f64::EPSILON { 0.0 } else { term }
        };
        sum(self.cells.iter().map(term)).max(0.0)
    }

    /// Mutual information over the entropy of the groups; 1 where there is one group.
    fn homogeneity(&self) -> f64 {
        share(self.mutual_information(), entropy(&self.groups, self.total))
    }

    /// Mutual information over the entropy of the clusters; 1 where there is one cluster.
    fn completeness(&self) -> f64 {
        share(self.mutual_information(), entropy(&self.clusters, self.total))
    }
}

fn occupied(counts: &[u64]) -> usize {
    counts.iter().filter(|count| **count > 0).count()
}

/// The entropy of a partition, in nats.
fn entropy(counts: &[u64], total: u64) -> f64 {
    if occupied(counts) == 1 {
        return 0.0;
    }
    let counts = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| *count as f64);
    let total = total as f64;
    sum(counts.map(|count| -count / total * (count.ln() - total.ln())))
}

fn share(information: f64, entropy: f64) -> f64 {
    if entropy == 0.0 {
        1.0
    } else {
        (information / entropy).min(1.0)
    }
}

/// A metric of clusters.
#[derive(Debug)]
pub(super) struct OfClusters {
    about: About,
    formula: fn(&Contingency) -> f64,
}

impl Metric for OfClusters {
    fn about(&self) -> &About {
        &self.about
    }

    fn input(&self) -> Input {
        Input::Clusters
    }

    fn compute(&self, predictions: &Predictions, rows: Rows<'_>, _: &Parameter) -> Result<f64, Unmeasured> {
        unweighted(&self.about, predictions)?;
        finite(&self.about, (self.formula)(&Contingency::of(predictions, rows)?))
    }
}

const fn of_clusters(about: About, formula: fn(&Contingency) -> f64) -> OfClusters {
    OfClusters { about, formula }
}

/// Pairs of examples on whose togetherness both sides agree, beyond chance; 1 where they agree on all.
///
/// Agrees with `sklearn.metrics.adjusted_rand_score`. Reference: L. Hubert and
/// P. Arabie, *Comparing partitions*, 1985.
pub(super) static ADJUSTED_RAND: OfClusters = of_clusters(
    About::higher(
        "adjusted_rand",
        "pairs put together or apart alike, beyond chance",
    )
    .aka(&["ari", "adjusted rand index", "adjusted_rand_score"])
    .range(-0.5, 1.0)
    .floor(0.0)
    .reference("scikit-learn 1.9.1 `adjusted_rand_score`"),
    |contingency| {
        // Whole numbers throughout: pairs of 2³⁰ examples are below 2⁶⁰, and their products below 2¹²⁰.
        let squares = |counts: &[u64]| -> i128 { counts.iter().map(|n| i128::from(*n).pow(2)).sum() };
        let total = i128::from(contingency.total);
        let joint: i128 = contingency
            .cells
            .iter()
            .map(|cell| i128::from(cell.2).pow(2))
            .sum();
        let (groups, clusters) = (squares(&contingency.groups), squares(&contingency.clusters));
        let (together, apart) = (joint - total, total * total - groups - clusters + joint);
        let (split, merged) = (groups - joint, clusters - joint);
        if split == 0 && merged == 0 {
            return 1.0;
        }
        let agreement = together * apart - split * merged;
        let most = (together + split) * (split + apart) + (together + merged) * (merged + apart);
        2.0 * agreement as f64 / most as f64
    },
);

/// Agrees with `sklearn.metrics.normalized_mutual_info_score(average_method="arithmetic")`.
pub(super) static NORMALIZED_MUTUAL_INFO: OfClusters = of_clusters(
    About::higher(
        "normalized_mutual_info",
        "mutual information over the mean of both entropies",
    )
    .aka(&[
        "nmi",
        "normalized mutual information",
        "normalized_mutual_info_score",
    ])
    .floor(0.0)
    .options("average=arithmetic")
    .reference("scikit-learn 1.9.1 `normalized_mutual_info_score`"),
    |contingency| {
        let (groups, clusters) = (occupied(&contingency.groups), occupied(&contingency.clusters));
        let information = contingency.mutual_information();
        if groups == 1 && clusters == 1 {
            return 1.0;
        }
        let entropies =
            [&contingency.groups, &contingency.clusters].map(|side| entropy(side, contingency.total));
        (information / (entropies[0] / 2.0 + entropies[1] / 2.0)).min(1.0)
    },
);

/// The harmonic mean of [`HOMOGENEITY`] and [`COMPLETENESS`].
///
/// Agrees with `sklearn.metrics.v_measure_score(beta=1)`. Reference: A.
/// Rosenberg and J. Hirschberg, *V-Measure*, 2007.
pub(super) static V_MEASURE: OfClusters = of_clusters(
    About::higher("v_measure", "harmonic mean of homogeneity and completeness")
        .aka(&["v_measure_score", "v-measure"])
        .floor(0.0)
        .reference("scikit-learn 1.9.1 `v_measure_score`"),
    |contingency| {
        let (homogeneity, completeness) = (contingency.homogeneity(), contingency.completeness());
        if homogeneity + completeness == 0.0 {
            return 0.0;
        }
        2.0 * homogeneity * completeness / (homogeneity + completeness)
    },
);

/// Agrees with `sklearn.metrics.homogeneity_score`.
pub(super) static HOMOGENEITY: OfClusters = of_clusters(
    About::higher("homogeneity", "how far each cluster holds one group alone")
        .aka(&["homogeneity_score"])
        .floor(0.0)
        .reference("scikit-learn 1.9.1 `homogeneity_score`"),
    Contingency::homogeneity,
);

/// Agrees with `sklearn.metrics.completeness_score`. Without a floor: one cluster of everything is complete.
pub(super) static COMPLETENESS: OfClusters = of_clusters(
    About::higher("completeness", "how far each group lies in one cluster")
        .aka(&["completeness_score"])
        .reference("scikit-learn 1.9.1 `completeness_score`"),
    Contingency::completeness,
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::metric;
    use super::*;

    const ALL: [&str; 5] = [
        "adjusted_rand",
        "normalized_mutual_info",
        "v_measure",
        "homogeneity",
        "completeness",
    ];

    fn compute(name: &str, truth: &[String], predicted: &[String]) -> f64 {
        let given = Predictions::from_classes(truth, Some(predicted)).expect("clusters");
        metric(name)
            .expect("a metric")
            .compute(&given, Rows::All)
            .expect("a value")
    }

    fn names(of: &[(u8, u8)], prefix: &str, side: fn(&(u8, u8)) -> u8) -> Vec<String> {
        of.iter().map(|pair| format!("{prefix}{}", side(pair))).collect()
    }

    proptest! {
        #[test]
        fn names_of_clusters_do_not_matter_and_values_lie_in_their_range(pairs in prop::collection::vec((0..5_u8, 0..5_u8), 1..60)) {
            let truth = names(&pairs, "", |pair| pair.0);
            for name in ALL {
                let value = compute(name, &truth, &names(&pairs, "", |pair| pair.1));
                let renamed = compute(name, &truth, &names(&pairs, "z", |pair| 9 - pair.1));
                let (least, greatest) = metric(name).expect("a metric").info().range;
                prop_assert!((value - renamed).abs() < 1e-12, "{}", name);
                prop_assert!((least..=greatest).contains(&value), "{}: {}", name, value);
            }
        }

        #[test]
        fn the_adjusted_rand_index_counts_pairs(pairs in prop::collection::vec((0..4_u8, 0..4_u8), 2..40)) {
            let (mut both, mut groups, mut clusters, mut all) = (0.0, 0.0, 0.0, 0.0);
            for (at, a) in pairs.iter().enumerate() {
                for b in &pairs[..at] {
                    let together = [f64::from(a.0 == b.0), f64::from(a.1 == b.1)];
                    both += together[0] * together[1];
                    groups += together[0];
                    clusters += together[1];
                    all += 1.0;
                }
            }
            let (chance, most): (f64, f64) = (groups * clusters / all, (groups + clusters) / 2.0);
            let expected = if most == chance { 1.0 } else { (both - chance) / (most - chance) };
            let found = compute("adjusted_rand", &names(&pairs, "", |pair| pair.0), &names(&pairs, "", |pair| pair.1));
            prop_assert!((found - expected).abs() < 1e-12, "{} {}", found, expected);
        }
    }
}
