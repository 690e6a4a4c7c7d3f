//! Metrics that are known by name and not computed yet.
//!
//! They have a direction and a range, so claims about them can be judged from
//! what the paper's own code prints.

use super::registry::About;

const SKLEARN: &str = "scikit-learn";

const fn higher(name: &'static str, summary: &'static str) -> About {
    About::higher(name, summary).reference(SKLEARN)
}

const fn lower(name: &'static str, summary: &'static str) -> About {
    About::lower(name, summary).reference(SKLEARN)
}

/// In the order of docs/metrics.md.
pub(super) static PLANNED: &[About] = &[
    // Numbers.
    lower("crps", "continuous ranked probability score").reference("properscoring"),
    // Lists.
    higher("mrr", "mean reciprocal rank")
        .aka(&["mean reciprocal rank"])
        .reference("ranx"),
    higher("mrr@K", "mean reciprocal rank within the first K").reference("ranx"),
    lower("mean_rank", "mean rank of the true item")
        .aka(&["mr"])
        .range(1.0, f64::INFINITY)
        .reference("ranx"),
    higher("hits@K", "share of queries with a true item within the first K")
        .aka(&["hit@K", "hit rate@K", "hr@K", "h@K"])
        .reference("ranx"),
    higher("precision@K", "share of the first K that is relevant")
        .aka(&["p@K", "prec@K"])
        .reference("ranx"),
    higher("recall@K", "share of the relevant that is within the first K")
        .aka(&["r@K"])
        .reference("ranx"),
    higher("ndcg", "normalised discounted cumulative gain").aka(&["normalized discounted cumulative gain"]),
    higher("ndcg@K", "normalised discounted cumulative gain of the first K"),
    higher("map", "mean average precision of ranked lists")
        .aka(&["mean average precision"])
        .reference("ranx"),
    higher("map@K", "mean average precision of the first K").reference("ranx"),
    // Text.
    higher("exact_match", "share of answers equal after SQuAD normalisation")
        .aka(&["em", "exact"])
        .reference("SQuAD v1.1"),
    higher("token_f1", "mean token F1 after SQuAD normalisation")
        .aka(&["squad_f1", "qa f1"])
        .reference("SQuAD v1.1"),
    higher("bleu", "corpus BLEU, 0 to 100")
        .aka(&["sacrebleu", "bleu-4"])
        .range(0.0, 100.0)
        .reference("sacreBLEU"),
    higher("chrf", "character n-gram F-score, 0 to 100")
        .range(0.0, 100.0)
        .reference("sacreBLEU"),
    higher("rouge1", "ROUGE-1 F")
        .aka(&["rouge-1"])
        .reference("rouge-score"),
    higher("rouge2", "ROUGE-2 F")
        .aka(&["rouge-2"])
        .reference("rouge-score"),
    higher("rougel", "ROUGE-L F")
        .aka(&["rouge-l"])
        .reference("rouge-score"),
    lower("wer", "word error rate")
        .aka(&["word error rate"])
        .reference("jiwer"),
    lower("cer", "character error rate")
        .aka(&["character error rate"])
        .reference("jiwer"),
    lower(
        "perplexity",
        "exponential of the mean negative log likelihood of a token",
    )
    .aka(&["ppl"])
    .range(1.0, f64::INFINITY)
    .reference("definition"),
    higher("entity_f1", "micro F1 over entities of BIO tags")
        .aka(&["ner f1", "seqeval f1", "span f1"])
        .reference("seqeval"),
    higher("entity_f1:macro", "macro F1 over entities of BIO tags").reference("seqeval"),
    higher("entity_f1:weighted", "weighted F1 over entities of BIO tags").reference("seqeval"),
    // Images and boxes.
    higher("map:coco", "mean average precision of boxes, IoU 0.50 to 0.95")
        .aka(&["box ap", "coco ap"])
        .reference("pycocotools"),
    higher("map:coco@T", "mean average precision of boxes at one IoU")
        .aka(&["map@T", "ap@T"])
        .reference("pycocotools"),
    // Survival, structure.
    higher(
        "concordance_index",
        "share of comparable pairs in the right order",
    )
    .aka(&["c-index", "cindex", "concordance", "harrell c"])
    .floor(0.5)
    .reference("lifelines"),
    higher("teds", "tree-edit-distance similarity of tables").reference("PubTabNet"),
];
