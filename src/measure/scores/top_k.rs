//! Whether the true class is among those with the best scores.

use super::{columns_of, mean, no_scores_of};
use crate::measure::classification::{finite, positive};
use crate::measure::predictions::{Predictions, Rows, Scores};
use crate::measure::registry::{About, Input, Metric, Parameter};
use crate::reason::Unmeasured;

/// The share of examples whose true class is among the K best scored, or not.
///
/// Of equal scores the class that stands later in the order of the classes
/// counts as the better one, as scikit-learn has it. Agrees with
/// `sklearn.metrics.top_k_accuracy_score(labels=<the scored classes>)`; of two
/// classes and one score everything is among the best two.
#[derive(Debug)]
pub(in crate::measure) struct TopK {
    about: About,
    /// What of the share of hits is the value.
    value: fn(f64) -> f64,
}

pub(in crate::measure) static TOP_K_ACCURACY: TopK = TopK {
    about: About::higher(
        "top_k_accuracy@K",
        "share of examples whose true class is among the K best scored",
    )
    .aka(&["accuracy@K", "acc@K", "topk@K", "top_k_accuracy_score@K"])
    .options("ties=last class")
    .share()
    .reference("scikit-learn 1.9.1 `top_k_accuracy_score`"),
    value: |hits| hits,
};

pub(in crate::measure) static TOP_K_ERROR: TopK = TopK {
    about: About::lower(
        "top_k_error@K",
        "share of examples whose true class is not among the K best scored",
    )
    .range(0.0, 1.0)
    .options("ties=last class")
    .share()
    .reference("scikit-learn 1.9.1 `top_k_accuracy_score`, 1 − it"),
    value: |hits| 1.0 - hits,
};

impl Metric for TopK {
    fn about(&self) -> &About {
        &self.about
    }

    fn input(&self) -> Input {
        Input::Scores
    }

    fn compute(
        &self,
        predictions: &Predictions,
        rows: Rows<'_>,
        parameter: &Parameter,
    ) -> Result<f64, Unmeasured> {
        let k = match parameter {
            Parameter::Count(k) => *k,
            Parameter::None | Parameter::Number(_) | Parameter::Class(_) => 2,
        };
        let classes = predictions.classes()?;
        let hits = match predictions.scores()? {
            Scores::Positive(_) => {
                positive(&self.about, predictions)?;
                mean(predictions, rows, |_| Ok(1.0))
            }
            Scores::PerClass {
                classes: scored,
                values,
            } => {
                let columns = columns_of(classes, scored);
                let places = classes.places(scored);
                mean(predictions, rows, |row| {
                    let class = classes.truth[row] as usize;
                    let own = columns[class].ok_or_else(|| no_scores_of(&classes.names[class]))?;
                    let values = &values[row * scored.len()..][..scored.len()];
                    let better = |at: &usize| {
                        values[*at] > values[own] || values[*at] == values[own] && places[*at] > places[own]
                    };
                    Ok(f64::from((0..values.len()).filter(better).count() < k))
                })
            }
        };
        finite(&self.about, (self.value)(hits?))
    }
}
