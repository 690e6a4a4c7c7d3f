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
    // Classes.
    higher(
        "top_k_accuracy@K",
        "share of examples whose true class is among the K best scored",
    )
    .aka(&["accuracy@K", "acc@K", "topk@K"]),
    lower(
        "error_rate",
        "share of examples whose predicted class is not the true one",
    )
    .aka(&[
        "error",
        "classification error",
        "misclassification rate",
        "zero_one_loss",
    ])
    .range(0.0, 1.0),
    lower(
        "top_k_error@K",
        "share of examples whose true class is not among the K best scored",
    )
    .range(0.0, 1.0),
    higher(
        "precision:samples",
        "precision of each example's labels, averaged",
    ),
    higher("recall:samples", "recall of each example's labels, averaged"),
    higher("f1:samples", "F1 of each example's labels, averaged").aka(&["samples f1"]),
    higher(
        "fbeta@B",
        "weighted harmonic mean of precision and recall of the positive class",
    ),
    higher("fbeta@B:macro", "F-beta of each class, averaged"),
    higher("fbeta@B:micro", "F-beta over all classes together"),
    higher("fbeta@B:weighted", "F-beta of each class, weighted by support"),
    higher("fbeta@B:samples", "F-beta of each example's labels, averaged"),
    higher("jaccard", "intersection over union of the positive class"),
    higher("jaccard:macro", "Jaccard index of each class, averaged").aka(&["macro jaccard"]),
    higher("jaccard:micro", "Jaccard index over all classes together").aka(&["micro jaccard"]),
    higher(
        "jaccard:weighted",
        "Jaccard index of each class, weighted by support",
    ),
    higher(
        "jaccard:samples",
        "Jaccard index of each example's labels, averaged",
    ),
    higher("specificity", "recall of the negative class").aka(&["true negative rate", "tnr"]),
    higher("npv", "precision of the negative class").aka(&["negative predictive value"]),
    higher("informedness", "recall + specificity − 1")
        .aka(&["youden j", "youdens j", "bookmaker informedness"])
        .range(-1.0, 1.0)
        .floor(0.0)
        .reference("definition"),
    higher("markedness", "precision + NPV − 1")
        .range(-1.0, 1.0)
        .floor(0.0)
        .reference("definition"),
    higher("cohen_kappa:linear", "kappa with linear weights")
        .aka(&["linear weighted kappa"])
        .range(-1.0, 1.0)
        .floor(0.0),
    higher("cohen_kappa:quadratic", "kappa with quadratic weights")
        .aka(&["qwk", "quadratic weighted kappa"])
        .range(-1.0, 1.0)
        .floor(0.0),
    // Scores.
    higher(
        "roc_auc:ovr-macro",
        "ROC AUC of each class against the rest, averaged",
    )
    .aka(&["roc_auc:macro", "macro auc", "auc:macro"])
    .floor(0.5),
    higher(
        "roc_auc:ovr-weighted",
        "ROC AUC of each class against the rest, weighted by support",
    )
    .aka(&["roc_auc:weighted"])
    .floor(0.5),
    higher("roc_auc:micro", "ROC AUC over all classes together").aka(&["micro auc", "auc:micro"]),
    higher("roc_auc:ovo-macro", "ROC AUC of each pair of classes, averaged").floor(0.5),
    higher(
        "roc_auc:ovo-weighted",
        "ROC AUC of each pair of classes, weighted by prevalence",
    )
    .floor(0.5),
    higher(
        "average_precision:macro",
        "average precision of each class, averaged",
    ),
    higher("ks", "Kolmogorov–Smirnov distance between the classes' scores")
        .aka(&["ks statistic", "kolmogorov smirnov"])
        .floor(0.0)
        .reference("SciPy"),
    higher("gini", "2·AUC − 1")
        .aka(&["gini coefficient", "somers d"])
        .range(-1.0, 1.0)
        .floor(0.0),
    lower("ece", "expected calibration error, 15 equal-width bins")
        .aka(&["expected calibration error"])
        .range(0.0, 1.0)
        .reference("torchmetrics"),
    // Numbers.
    lower("rmsle", "root mean squared logarithmic error").aka(&["root mean squared log error"]),
    lower("mape", "mean absolute percentage error, as a fraction").aka(&["mean absolute percentage error"]),
    lower(
        "smape",
        "symmetric mean absolute percentage error, as a fraction from 0 to 2",
    )
    .aka(&["symmetric mape"])
    .range(0.0, 2.0)
    .reference("M4 competition"),
    lower(
        "mase",
        "mean absolute error over that of the seasonal naive forecast",
    )
    .aka(&["mean absolute scaled error"])
    .reference("sktime"),
    higher("kendall", "Kendall's tau-b")
        .aka(&["kendalltau", "kendall tau", "tau-b", "kendall tau-b", "τ"])
        .range(-1.0, 1.0)
        .floor(0.0)
        .reference("SciPy"),
    higher("ccc", "Lin's concordance correlation coefficient")
        .aka(&["concordance correlation coefficient", "lins ccc"])
        .range(-1.0, 1.0)
        .floor(0.0)
        .reference("torchmetrics"),
    lower("pinball@Q", "pinball loss at quantile Q").aka(&["quantile loss@Q"]),
    lower("crps", "continuous ranked probability score").reference("properscoring"),
    // Images and boxes.
    higher("iou", "intersection over union")
        .aka(&["intersection over union"])
        .reference("torchmetrics"),
    higher("iou:macro", "intersection over union of each class, averaged")
        .aka(&["miou", "mean iou", "mean intersection over union"])
        .reference("torchmetrics"),
    higher("dice", "Dice coefficient")
        .aka(&["dice coefficient", "dsc"])
        .reference("torchmetrics"),
    // Clusters.
    higher("adjusted_rand", "adjusted Rand index")
        .aka(&["ari", "adjusted rand index", "adjusted_rand_score"])
        .range(-0.5, 1.0)
        .floor(0.0),
    higher(
        "normalized_mutual_info",
        "normalised mutual information, arithmetic mean",
    )
    .aka(&[
        "nmi",
        "normalized mutual information",
        "normalized_mutual_info_score",
    ])
    .floor(0.0),
    higher("v_measure", "harmonic mean of homogeneity and completeness")
        .aka(&["v_measure_score"])
        .floor(0.0),
    higher("silhouette", "mean silhouette coefficient")
        .aka(&["silhouette_score", "silhouette coefficient"])
        .range(-1.0, 1.0),
];
