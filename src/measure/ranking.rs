//! Metrics of ranked lists, one a query.
//!
//! Every query of the labels counts: one without any prediction, or without any
//! relevant item, counts 0 and is never dropped. Ranks are from 1.

use super::additive::{Additive, Statistics};
use super::predictions::{Predictions, RankedList};
use super::registry::{About, Input, Parameter};
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};

/// What one query adds, given how many places count.
type Query = fn(&RankedList, f64) -> Option<f64>;

/// The value of each query.
fn queries(
    predictions: &Predictions,
    parameter: &Parameter,
    about: &About,
    query: Query,
) -> Result<Statistics, Unmeasured> {
    let depth = match parameter {
        Parameter::Count(count) => *count as f64,
        Parameter::None | Parameter::Number(_) | Parameter::Class(_) => f64::INFINITY,
    };
    let lists = predictions.lists()?;
    let values: Vec<Option<f64>> = lists.queries.iter().map(|list| query(list, depth)).collect();
    let without: Vec<usize> = (0..values.len()).filter(|&at| values[at].is_none()).collect();
    match without.first() {
        None => Ok(Statistics::of(values.into_iter().flatten())),
        Some(first) => {
            let detail = format!(
                "`{}` is undefined: {} of {} queries have no true item in their list, the first of them query {}",
                about.name,
                without.len(),
                values.len(),
                first + 1
            );
            Err(invalid(Fault::Paper, detail)
                .hint("write whole lists, or measure `mrr`, where such a query counts 0"))
        }
    }
}

/// The value of each query whose whole list is known.
fn whole(
    predictions: &Predictions,
    parameter: &Parameter,
    about: &About,
    query: Query,
) -> Result<Statistics, Unmeasured> {
    if !predictions.lists()?.whole {
        let detail = format!(
            "`{}` needs the lists themselves, and the predictions only have the rank of one true item",
            about.name
        );
        return Err(invalid(Fault::Manifest, detail)
            .hint("write a row for each `item` of a query, with its `rank` or `score`"));
    }
    queries(predictions, parameter, about, query)
}

/// The hits within the first places.
fn within(list: &RankedList, depth: f64) -> impl Iterator<Item = (f64, f64)> {
    list.hits
        .iter()
        .copied()
        .take_while(move |(rank, _)| *rank <= depth)
}

fn first(list: &RankedList, depth: f64) -> Option<f64> {
    within(list, depth).next().map(|(rank, _)| rank)
}

fn reciprocal_rank(list: &RankedList, depth: f64) -> Option<f64> {
    Some(first(list, depth).map_or(0.0, |rank| 1.0 / rank))
}

fn average_precision(list: &RankedList, depth: f64) -> Option<f64> {
    let precisions = within(list, depth)
        .zip(1..)
        .map(|((rank, _), hits)| f64::from(hits) / rank);
    Some(share(precisions.sum(), list.relevances.len() as f64))
}

/// `part / whole`; 0 of nothing.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// The discounted gain of the list over that of the best one.
fn ndcg(list: &RankedList, depth: f64, gain: fn(f64) -> f64) -> f64 {
    let discounted = |(rank, relevance): (f64, f64)| gain(relevance) / (rank + 1.0).log2();
    let best = (1..).map(f64::from).zip(list.relevances.iter().copied());
    let best: f64 = best.take_while(|(rank, _)| *rank <= depth).map(discounted).sum();
    share(within(list, depth).map(discounted).sum(), best)
}

fn linear(list: &RankedList, depth: f64) -> Option<f64> {
    Some(ndcg(list, depth, |relevance| relevance))
}

fn exponential(list: &RankedList, depth: f64) -> Option<f64> {
    Some(ndcg(list, depth, |relevance| relevance.exp2() - 1.0))
}

const fn metric(
    about: About,
    examples: fn(&Predictions, &Parameter, &About) -> Result<Statistics, Unmeasured>,
) -> Additive {
    Additive {
        about,
        input: Input::Lists,
        examples,
        value: |sums| Some(sums.mean()),
        chosen: |_| None,
    }
}

const RANX: &str = "ranx 0.3.21 `mrr`";

/// The mean of 1 / the rank of the first relevant item; 0 where there is none.
pub(super) static MRR: Additive = metric(
    About::higher("mrr", "mean of 1 / the rank of the first relevant item")
        .aka(&["mean reciprocal rank"])
        .reference(RANX),
    |predictions, parameter, about| queries(predictions, parameter, about, reciprocal_rank),
);

/// The same, with a relevant item below place K as none.
pub(super) static MRR_AT: Additive = metric(
    About::higher("mrr@K", "mean reciprocal rank within the first K").reference(RANX),
    |predictions, parameter, about| queries(predictions, parameter, about, reciprocal_rank),
);

/// The mean rank of the first relevant item; undefined where a list has none.
pub(super) static MEAN_RANK: Additive = metric(
    About::lower("mean_rank", "mean rank of the first true item")
        .aka(&["mr"])
        .range(1.0, f64::INFINITY)
        .reference("definition"),
    |predictions, parameter, about| queries(predictions, parameter, about, first),
);

/// The share of queries with a relevant item within the first K.
pub(super) static HITS_AT: Additive = metric(
    About::higher("hits@K", "share of queries with a true item within the first K")
        .aka(&["hit@K", "hit rate@K", "hr@K", "h@K"])
        .share()
        .reference("ranx 0.3.21 `hit_rate`"),
    |predictions, parameter, about| {
        queries(predictions, parameter, about, |list, depth| {
            Some(f64::from(first(list, depth).is_some()))
        })
    },
);

/// The relevant items within the first K over K, also where the list is shorter.
pub(super) static PRECISION_AT: Additive = metric(
    About::higher("precision@K", "relevant items within the first K, over K")
        .aka(&["p@K", "prec@K"])
        .options("short list=misses")
        .reference("ranx 0.3.21 `precision`"),
    |predictions, parameter, about| {
        whole(predictions, parameter, about, |list, depth| {
            Some(within(list, depth).count() as f64 / depth)
        })
    },
);

/// The share of a query's relevant items that is within the first K; 0 for a query without any.
pub(super) static RECALL_AT: Additive = metric(
    About::higher(
        "recall@K",
        "share of the relevant items that is within the first K",
    )
    .aka(&["r@K"])
    .options("nothing relevant=0")
    .reference("ranx 0.3.21 `recall`"),
    |predictions, parameter, about| {
        whole(predictions, parameter, about, |list, depth| {
            Some(share(
                within(list, depth).count() as f64,
                list.relevances.len() as f64,
            ))
        })
    },
);

const NDCG_OPTIONS: &str = "gain=linear|discount=log2|nothing relevant=0";

/// The discounted cumulative gain over the greatest possible; the gain is the relevance itself.
///
/// Agrees with `sklearn.metrics.ndcg_score` where no two scores are equal: ties
/// are ordered here, and averaged there.
pub(super) static NDCG: Additive = metric(
    About::higher("ndcg", "normalised discounted cumulative gain")
        .aka(&["normalized discounted cumulative gain"])
        .options(NDCG_OPTIONS)
        .reference("scikit-learn 1.9.1 `ndcg_score`"),
    |predictions, parameter, about| whole(predictions, parameter, about, linear),
);

/// The same over the first K of the list, and the first K of the best one.
pub(super) static NDCG_AT: Additive = metric(
    About::higher("ndcg@K", "normalised discounted cumulative gain of the first K")
        .options(NDCG_OPTIONS)
        .reference("scikit-learn 1.9.1 `ndcg_score`"),
    |predictions, parameter, about| whole(predictions, parameter, about, linear),
);

const NDCG_EXP_OPTIONS: &str = "gain=2^relevance-1|discount=log2|nothing relevant=0";

/// nDCG with a gain of 2 to the relevance, minus 1.
pub(super) static NDCG_EXP: Additive = metric(
    About::higher("ndcg:exp", "nDCG with the gain 2^relevance − 1")
        .aka(&["ndcg_burges"])
        .options(NDCG_EXP_OPTIONS)
        .reference("ranx 0.3.21 `ndcg_burges`"),
    |predictions, parameter, about| whole(predictions, parameter, about, exponential),
);

/// The same over the first K.
pub(super) static NDCG_EXP_AT: Additive = metric(
    About::higher("ndcg:exp@K", "nDCG with the gain 2^relevance − 1, of the first K")
        .aka(&["ndcg_burges@K"])
        .options(NDCG_EXP_OPTIONS)
        .reference("ranx 0.3.21 `ndcg_burges`"),
    |predictions, parameter, about| whole(predictions, parameter, about, exponential),
);

const MAP_OPTIONS: &str = "over=all relevant";

/// The mean over the queries of the precision at each relevant item, one that is not found counting 0.
pub(super) static MAP: Additive = metric(
    About::higher("map", "mean average precision of ranked lists")
        .aka(&["mean average precision"])
        .options(MAP_OPTIONS)
        .reference("ranx 0.3.21 `map`"),
    |predictions, parameter, about| whole(predictions, parameter, about, average_precision),
);

/// The same, with a relevant item below place K as not found; still over all relevant items.
pub(super) static MAP_AT: Additive = metric(
    About::higher("map@K", "mean average precision of the first K")
        .options(MAP_OPTIONS)
        .reference("ranx 0.3.21 `map`"),
    |predictions, parameter, about| whole(predictions, parameter, about, average_precision),
);
