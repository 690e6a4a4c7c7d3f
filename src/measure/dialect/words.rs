//! How a reading is called.

/// What people call the families; any other is called by its name.
const FAMILIES: [(&str, &str); 22] = [
    ("f1", "F1"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("jaccard", "Jaccard index"),
    ("accuracy", "accuracy"),
    ("error_rate", "error rate"),
    ("balanced_accuracy", "balanced accuracy"),
    ("matthews_corrcoef", "MCC"),
    ("cohen_kappa", "Cohen's kappa"),
    ("roc_auc", "ROC AUC"),
    ("average_precision", "average precision"),
    ("log_loss", "log loss"),
    ("brier", "Brier score"),
    ("mae", "MAE"),
    ("mse", "MSE"),
    ("rmse", "RMSE"),
    ("r2", "R²"),
    ("mape", "MAPE"),
    ("smape", "sMAPE"),
    ("pearson", "Pearson's r"),
    ("spearman", "Spearman's ρ"),
    ("kendall", "Kendall's τ"),
];

/// `weighted F1` for `f1:weighted`.
pub(super) fn words(name: &str) -> String {
    let (base, average) = name.split_once(':').unwrap_or((name, ""));
    let (family, parameter) = base.split_once('@').unwrap_or((base, ""));
    let known = FAMILIES.iter().find(|(known, _)| *known == family);
    let family = known.map_or(family, |(_, words)| words);
    let family = match parameter {
        "" => family.to_owned(),
        parameter => format!("{family}@{parameter}"),
    };
    match average.split_once('=') {
        Some(("class", class)) => of_class(&family, class),
        _ if average.is_empty() => family,
        _ => format!("{average} {family}"),
    }
}

/// ``F1 of class `cat` ``.
pub(super) fn of_class(family: &str, class: &str) -> String {
    format!("{family} of class `{}`", crate::table::shown(class))
}
