//! Other predictions that the same file holds: of another threshold, or of the other class.

use super::super::predictions::{Predictions, Scores};
use super::super::registry::{Input, Named};

/// The predictions, read in one way.
pub(super) struct View {
    /// What is appended to the metric's words; nothing for the predictions as they stand.
    pub(super) words: String,
    /// How far it departs from them.
    pub(super) departure: u32,
    /// `None` for the predictions as they stand.
    pub(super) predictions: Option<Predictions>,
}

/// The predictions as they stand, and what else they can be read as.
pub(super) fn views(stated: &Named, given: &Predictions) -> Vec<View> {
    let mut views = vec![View {
        words: String::new(),
        departure: 0,
        predictions: None,
    }];
    let input = stated.input();
    views.extend(
        (input == Input::Classes)
            .then(|| of_classes(given))
            .flatten()
            .unwrap_or_default(),
    );
    views.extend(
        (input == Input::Scores)
            .then(|| of_scores(given))
            .flatten()
            .unwrap_or_default(),
    );
    views
}

/// Classes from the scores, where these predict others than the column does.
fn of_classes(given: &Predictions) -> Option<Vec<View>> {
    let stands = given.classes().ok()?.predicted.as_ref()?;
    let found = match given.scores().ok()? {
        Scores::PerClass { classes, values } => {
            let width = classes.len().max(1);
            let best = values.chunks_exact(width).map(|row| classes[argmax(row)]);
            vec![(
                " of the classes with the highest score".to_owned(),
                1,
                best.collect(),
            )]
        }
        Scores::Positive(values) => by_threshold(given, values)?,
    };
    let views = found.into_iter().filter(|(_, _, predicted)| predicted != stands);
    Some(
        views
            .map(|(words, departure, predicted)| View {
                words,
                departure,
                predictions: given.predicting(predicted),
            })
            .collect(),
    )
}

/// The first of the largest, as NumPy's `argmax` takes it.
fn argmax(row: &[f64]) -> usize {
    let mut best = 0;
    for (at, score) in row.iter().enumerate() {
        if *score > row[best] {
            best = at;
        }
    }
    best
}

/// Two classes from one score: at the usual threshold, at the share of positives, and where F1 and accuracy are best.
fn by_threshold(given: &Predictions, scores: &[f64]) -> Option<Vec<(String, u32, Vec<u32>)>> {
    let classes = given.classes().ok()?;
    let positive = classes.find(&given.positive().ok()??)?;
    let negative = (0..).take(classes.names.len()).find(|class| *class != positive)?;
    let side = |above: bool| if above { positive } else { negative };
    let from = |threshold: f64| {
        scores
            .iter()
            .map(|score| side(*score >= threshold))
            .collect::<Vec<_>>()
    };
    let above = |threshold: f64| {
        scores
            .iter()
            .map(|score| side(*score > threshold))
            .collect::<Vec<_>>()
    };
    let hits: Vec<bool> = classes.truth.iter().map(|class| *class == positive).collect();
    let [for_f1, for_accuracy] = best_thresholds(scores, &hits)?;
    let on_test = |what: &str, threshold: f64| {
        let words = format!(" at the threshold {threshold} that gives the best {what} on the test data");
        (words, 2, from(threshold))
    };
    Some(vec![
        (" of the scores from 0.5".to_owned(), 1, from(0.5)),
        (" of the scores above 0.5".to_owned(), 1, above(0.5)),
        (" of the scores from 0".to_owned(), 2, from(0.0)),
        on_test("F1", for_f1),
        on_test("accuracy", for_accuracy),
    ])
}

/// The thresholds with the best F1 and the best accuracy: the highest of those that are equally good.
fn best_thresholds(scores: &[f64], hits: &[bool]) -> Option<[f64; 2]> {
    let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(hits.iter().copied()).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let positives = hits.iter().filter(|hit| **hit).count() as f64;
    let (mut best, mut found) = ([f64::NEG_INFINITY; 2], [order.first()?.0; 2]);
    let (mut right, mut taken) = (0.0, 0.0);
    for (at, (score, hit)) in order.iter().enumerate() {
        right += f64::from(*hit);
        taken += 1.0;
        let ends = order.get(at + 1).is_none_or(|next| next.0 != *score);
        let quality = [2.0 * right / (taken + positives), 2.0 * right - taken];
        for which in 0..2 {
            if ends && quality[which] > best[which] {
                (best[which], found[which]) = (quality[which], *score);
            }
        }
    }
    Some(found)
}

/// The other class as the positive one, and the predicted classes in place of the scores.
fn of_scores(given: &Predictions) -> Option<Vec<View>> {
    let classes = given.classes().ok()?;
    let positive = given.positive().ok()??;
    let other = classes.names[..classes.present]
        .iter()
        .find(|name| **name != positive)?;
    let mut views = vec![View {
        words: format!(" with `{}` as the positive class", crate::table::shown(other)),
        departure: 1,
        predictions: Some(given.clone().with_positive(other.clone())),
    }];
    let code = classes.find(&positive)?;
    let hard = classes.predicted.as_ref().map(|predicted| {
        let hard = predicted.iter().map(|class| f64::from(*class == code));
        given.clone().with_scores(hard.collect()).ok()
    });
    views.extend(hard.flatten().map(|predictions| View {
        words: " of the predicted classes in place of the scores".to_owned(),
        departure: 1,
        predictions: Some(predictions),
    }));
    Some(views)
}
