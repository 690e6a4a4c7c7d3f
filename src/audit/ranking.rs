//! Mean reciprocal rank between the shares of hits.
//!
//! A query whose rank is at most k, but not at most the next smaller j that is claimed, has a reciprocal rank from 1/k to
//! 1/(j + ½): ranks are whole, or halves where ties are averaged (C. Berrendorf et al., *On the Ambiguity of Rank-Based
//! Evaluation of Entity Alignment or Link Prediction Methods*, 2020). MRR is the mean of these, so its bounds are linear in
//! the shares and are kept by averaging over runs. MRR@K counts ranks above K as 0.

use super::claim::Span;
use super::ordering::{Broken, at_most, with_k};
use super::set::Set;
use super::subset::{Answer, Mask, Smallest, smallest};

/// A share of hits: within how many, which claim, and its interval.
type Hits = (u64, (usize, Span));

/// All relations between ranks and hits that the set breaks.
pub(super) fn broken(set: &Set<'_>) -> Vec<Broken> {
    let mut hits = with_k(set, "hits", "", false);
    hits.retain(|(k, _)| *k > 0);
    hits.sort_by_key(|(k, _)| *k);
    let mut ranks = with_k(set, "mrr", "", false);
    ranks.extend(set.of("mrr").into_iter().map(|mrr| (u64::MAX, mrr)));
    let mut broken = Vec::new();
    for (cut, mrr) in &ranks {
        broken.extend(between(&hits, *cut, *mrr));
        for (_, more) in ranks.iter().filter(|(more, _)| more > cut) {
            broken.extend(at_most(mrr, more, || {
                format!("MRR@{cut} cannot be above an MRR of more ranks")
            }));
        }
        for (k, share) in hits.iter().filter(|(k, _)| k > cut) {
            broken.extend(at_most(mrr, share, || {
                format!("MRR@{cut} cannot be above hits@{k}")
            }));
        }
    }
    broken
}

/// The fewest shares of hits within `cut` that contradict the mean.
fn between(hits: &[Hits], cut: u64, (index, mrr): (usize, Span)) -> Option<Broken> {
    let hits: Vec<&Hits> = hits.iter().filter(|(k, _)| *k <= cut).collect();
    let picked = |mask: Mask| {
        let numbered = hits.iter().enumerate();
        numbered
            .filter(move |(bit, _)| mask >> bit & 1 == 1)
            .map(|(_, hits)| **hits)
    };
    let found = smallest(hits.len(), |mask| {
        let bounds = bounds(picked(mask), cut);
        if bounds.loosened().meets(mrr) {
            Answer::Fits(mask)
        } else {
            Answer::Contradicts
        }
    });
    let Smallest::Contradicts(mask) = found else {
        return None;
    };
    let Span { low, high } = bounds(picked(mask), cut);
    let mut members: Vec<usize> = picked(mask).map(|(_, (hits, _))| hits).collect();
    members.push(index);
    Some((
        members,
        format!("with such hits, MRR lies between {low:.4} and {high:.4}"),
    ))
}

/// The least and the largest mean, for shares in the order of their k.
fn bounds(hits: impl Iterator<Item = Hits>, cut: u64) -> Span {
    let (mut least, mut most) = (0.0, 0.0);
    let (mut last, mut missed) = (Span { low: 0.0, high: 0.0 }, 1.0);
    for (k, (_, share)) in hits {
        let (low, high) = (share.low.min(1.0).max(last.low), share.high.clamp(0.0, 1.0));
        least += (low - last.low) / k as f64;
        // The reciprocal rank of those that are missed falls from `missed` to `rest`.
        let rest = if k == cut { 0.0 } else { 1.0 / (k as f64 + 0.5) };
        most += high * (missed - rest);
        (last, missed) = (Span { low, high }, rest);
    }
    Span {
        low: least,
        high: most + missed,
    }
}

#[cfg(test)]
mod tests {
    use super::super::consistent::{Random, printed};
    use super::super::tests::{claim, contradiction};
    use super::super::{AuditClaim, audit};

    fn of_any_size(metric: &str, value: &str) -> AuditClaim {
        AuditClaim {
            examples: None,
            ..claim(metric, value)
        }
    }

    #[test]
    fn several_hits_bound_the_mean_together() {
        let hits = [of_any_size("hits@1", "0.400"), of_any_size("hits@10", "0.900")];
        let with = |mrr| [hits.to_vec(), vec![mrr]].concat();
        assert!(audit(&with(of_any_size("mrr", "0.500"))).possible());
        // At least 0.4 + 0.5/10, at most 0.4 + 0.5/1.5 + 0.1/10.5.
        contradiction(&with(of_any_size("mrr", "0.440")), &["hits@1", "hits@10", "mrr"]);
        contradiction(&with(of_any_size("mrr", "0.760")), &["hits@1", "hits@10", "mrr"]);
        contradiction(&with(of_any_size("mrr", "0.390")), &["hits@1", "mrr"]);
        contradiction(&with(of_any_size("mrr", "0.950")), &["hits@1", "mrr"]);
    }

    #[test]
    fn a_cut_mean_counts_no_later_ranks() {
        contradiction(
            &[of_any_size("hits@5", "0.50"), of_any_size("mrr@5", "0.55")],
            &["hits@5", "mrr@5"],
        );
        contradiction(
            &[of_any_size("mrr@10", "0.50"), of_any_size("mrr", "0.45")],
            &["mrr@10", "mrr"],
        );
        contradiction(
            &[of_any_size("mrr@5", "0.55"), of_any_size("hits@10", "0.50")],
            &["mrr@5", "hits@10"],
        );
        assert!(audit(&[of_any_size("hits@5", "0.50"), of_any_size("mrr@5", "0.50")]).possible());
    }

    #[test]
    fn consistent_ranks_raise_no_alarm() {
        let mut random = Random::new(11);
        for _ in 0..2000 {
            let queries = random.between(1, 60);
            let most = random.between(2, 60);
            let runs: Vec<Vec<f64>> = (0..random.between(1, 3))
                .map(|_| {
                    (0..queries)
                        .map(|_| random.between(2, most) as f64 / 2.0)
                        .collect()
                })
                .collect();
            let decimals = random.between(1, 4) as usize;
            let mut claims = Vec::new();
            let mut add = |metric: String, value: &dyn Fn(f64) -> f64| {
                let of_runs = runs
                    .iter()
                    .map(|ranks| ranks.iter().map(|rank| value(*rank)).sum::<f64>());
                let values: Vec<f64> = of_runs.map(|sum| sum / queries as f64).collect();
                let mut claim = claim(&metric, &printed(&values, decimals, &mut random));
                claim.examples = Some(queries);
                claim.runs = Some(runs.len() as u32);
                claims.push(claim);
            };
            add("mrr".to_owned(), &|rank| 1.0 / rank);
            for k in [1, 3, 10] {
                add(format!("hits@{k}"), &|rank| {
                    f64::from(u8::from(rank <= f64::from(k)))
                });
                add(format!("mrr@{k}"), &|rank| {
                    if rank <= f64::from(k) { 1.0 / rank } else { 0.0 }
                });
            }
            let found = audit(&claims);
            assert!(found.possible(), "{claims:#?}\n{found:#?}");
        }
    }
}
