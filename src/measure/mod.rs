//! Numbers from what the steps wrote.

/// Which way a metric improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More is better.
    HigherIsBetter,
    /// Less is better.
    LowerIsBetter,
}

/// What is known of a metric without computing it.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricInfo {
    /// The canonical name, with averaging and parameter: `f1:macro`, `hits@10`.
    pub name: String,
    /// Which way it improves.
    pub direction: Direction,
    /// The least and the greatest value it can take.
    pub range: (f64, f64),
    /// What a model that learnt nothing gets, where that does not depend on the data.
    pub floor: Option<f64>,
    /// Whether reproof can recompute it from predictions.
    pub computed: bool,
}

/// What is known of the metric called `name`, which may be an alias (`auc`, `F1-macro`).
pub fn info(name: &str) -> Option<MetricInfo> {
    let _ = name;
    None
}

/// All canonical names, for suggestions and docs.
pub fn names() -> Vec<String> {
    Vec::new()
}
