//! Every reading of the averaged metrics against scikit-learn, and metrics of sets against their definitions.

use std::collections::BTreeSet;
use std::fs;

use proptest::prelude::*;
use serde::Deserialize;

use super::super::{METRICS, metric};
use super::*;

#[derive(Deserialize)]
struct Readings {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    case: String,
    truth: Option<Vec<String>>,
    predicted: Option<Vec<String>>,
    truth_sets: Option<Vec<Vec<String>>>,
    predicted_sets: Option<Vec<Vec<String>>>,
    labels: Option<Vec<String>>,
    weights: Option<Vec<f64>>,
    readings: Vec<Reading>,
}

#[derive(Deserialize)]
struct Reading {
    average: String,
    zero: String,
    values: Vec<Option<f64>>,
}

impl Case {
    fn predictions(&self) -> Predictions {
        let given = match (&self.truth, &self.truth_sets) {
            (Some(truth), _) => Predictions::from_classes(truth, self.predicted.as_deref()),
            (None, Some(truth)) => Predictions::from_label_sets(
                truth,
                self.predicted_sets.as_ref().unwrap(),
                self.labels.as_ref().unwrap(),
            ),
            (None, None) => panic!("case `{}` holds nothing", self.case),
        };
        match &self.weights {
            Some(weights) => given.unwrap().with_weights(weights.clone()).unwrap(),
            None => given.unwrap(),
        }
    }
}

fn average(name: &str) -> Average<'_> {
    match name {
        "micro" => Average::Micro,
        "macro" => Average::Macro,
        "macro-of-labels" => Average::MacroOfLabels,
        "weighted" => Average::Weighted,
        "samples" => Average::Samples,
        _ => Average::Class(name.strip_prefix("class:").unwrap()),
    }
}

fn rule(name: &str) -> ZeroDivision {
    match name {
        "zero" => ZeroDivision::Zero,
        "one" => ZeroDivision::One,
        "left-out" => ZeroDivision::LeftOut,
        _ => panic!("`{name}`"),
    }
}

#[test]
fn every_reading_is_that_of_scikit_learn() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/metrics/readings/averaged.json"
    );
    let readings: Readings = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut compared = 0;
    for case in &readings.cases {
        let given = case.predictions();
        for reading in &case.readings {
            let of = [Of::Precision, Of::Recall, Of::FBeta(2.0), Of::Jaccard];
            for (of, expected) in of.into_iter().zip(&reading.values) {
                let found = averaged(
                    &given,
                    Rows::All,
                    of,
                    average(&reading.average),
                    rule(&reading.zero),
                );
                let name = format!("{}, {of:?}, {}, {}", case.case, reading.average, reading.zero);
                match (found, expected) {
                    (Ok(found), Some(expected)) => assert!((found - expected).abs() < 1e-9, "{name}"),
                    (found, expected) => assert!(found.is_err() && expected.is_none(), "{name}: {found:?}"),
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

fn owned<'a>(sets: &[&[&'a str]]) -> Vec<Vec<&'a str>> {
    sets.iter().map(|set| set.to_vec()).collect()
}

fn sets(truth: &[&[&str]], predicted: &[&[&str]]) -> Predictions {
    Predictions::from_label_sets(&owned(truth), &owned(predicted), &[]).unwrap()
}

fn compute(name: &str, given: &Predictions) -> Result<f64, Unmeasured> {
    metric(name).unwrap().compute(given, Rows::All)
}

#[test]
fn sets_are_compared_whatever_the_order_of_their_labels() {
    let given = sets(&[&["b", "a"], &["c"], &[]], &[&["a", "b", "b"], &["c", "a"], &[]]);
    assert_eq!(compute("accuracy", &given), Ok(2.0 / 3.0));
    assert_eq!(compute("hamming_loss", &given), Ok(1.0 / 9.0));
    assert_eq!(compute("precision:samples", &given), Ok((1.0 + 0.5) / 3.0));
    assert_eq!(compute("f1:class=a", &given), Ok(2.0 / 3.0));
}

#[test]
fn a_metric_of_one_class_an_example_refuses_sets_and_says_what_there_is() {
    let given = sets(&[&["a", "b"]], &[&["a"]]);
    for name in [
        "matthews_corrcoef",
        "balanced_accuracy",
        "cohen_kappa:linear",
        "specificity",
    ] {
        let error = compute(name, &given).unwrap_err();
        assert_eq!(
            error.detail,
            format!("`{name}` is a metric of one class an example, and these are sets of labels")
        );
    }
    let error = compute("f1", &given).unwrap_err();
    assert_eq!(
        error.detail,
        "`f1` is a metric of two classes, and these are sets of labels"
    );
    assert_eq!(
        error.hint.as_deref(),
        Some("name the averaging, as in `f1:macro`")
    );
    let one_each = Predictions::from_classes(&["a"], Some(&["a"])).unwrap();
    assert!(compute("f1:samples", &one_each).is_err());
}

#[test]
fn the_signature_says_that_labels_are_sets() {
    let given = sets(&[&["a"]], &[&["a"]]);
    let signature = metric("f1:macro").unwrap().signature(&given);
    assert_eq!(signature, "f1:macro|zero_division=0|labels=sets|v=reproof-1");
}

#[test]
fn the_order_of_the_classes_of_a_weighted_kappa_is_that_of_their_numbers() {
    // As text 10 stands between 1 and 2, and the last example would be off by one.
    let given = Predictions::from_classes(&["1", "2", "10", "1"], Some(&["1", "2", "10", "10"])).unwrap();
    // Off by 2 in one of 4, and by 1 on average by chance.
    assert_eq!(compute("cohen_kappa:linear", &given), Ok(0.5));
}

type Drawn = Vec<(BTreeSet<u8>, BTreeSet<u8>, u8)>;

fn any_sets() -> impl Strategy<Value = Drawn> {
    let set = || prop::collection::btree_set(0..5_u8, 0..4);
    prop::collection::vec((set(), set(), 0..4_u8), 1..25)
}

fn from_drawn(drawn: &Drawn) -> Predictions {
    let texts = |set: &BTreeSet<u8>| set.iter().map(u8::to_string).collect::<Vec<_>>();
    let truth: Vec<_> = drawn.iter().map(|row| texts(&row.0)).collect();
    let predicted: Vec<_> = drawn.iter().map(|row| texts(&row.1)).collect();
    let labels: Vec<_> = (0..5_u8).map(|label| label.to_string()).collect();
    Predictions::from_label_sets(&truth, &predicted, &labels).unwrap()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9
}

proptest! {
    #[test]
    fn metrics_of_sets_are_what_their_definitions_say(drawn in any_sets()) {
        let given = from_drawn(&drawn);
        let n = drawn.len() as f64;
        let mean = |of: &dyn Fn(&BTreeSet<u8>, &BTreeSet<u8>) -> f64| drawn.iter().map(|row| of(&row.0, &row.1)).sum::<f64>() / n;
        let ratio = |a: usize, b: usize| if b == 0 { 0.0 } else { a as f64 / b as f64 };
        prop_assert!(near(compute("accuracy", &given).unwrap(), mean(&|t, p| f64::from(t == p))));
        prop_assert!(near(compute("hamming_loss", &given).unwrap(), mean(&|t, p| t.symmetric_difference(p).count() as f64 / 5.0)));
        prop_assert!(near(
            compute("jaccard:samples", &given).unwrap(),
            mean(&|t, p| ratio(t.intersection(p).count(), t.union(p).count())),
        ));
        prop_assert!(near(compute("recall:samples", &given).unwrap(), mean(&|t, p| ratio(t.intersection(p).count(), t.len()))));
        let f1 = |label: u8| {
            let count = |of: &dyn Fn(bool, bool) -> bool| {
                drawn.iter().filter(|row| of(row.0.contains(&label), row.1.contains(&label))).count()
            };
            ratio(2 * count(&|t, p| t && p), count(&|t, _| t) + count(&|_, p| p))
        };
        prop_assert!(near(compute("f1:macro", &given).unwrap(), (0..5).map(f1).sum::<f64>() / 5.0));
    }

    #[test]
    fn rows_of_sets_that_repeat_count_as_often_and_so_do_weights(drawn in any_sets()) {
        let rows: Vec<usize> = (0..drawn.len()).flat_map(|row| std::iter::repeat_n(row, usize::from(drawn[row].2))).collect();
        prop_assume!(!rows.is_empty());
        let given = from_drawn(&drawn);
        let repeated = from_drawn(&rows.iter().map(|row| drawn[*row].clone()).collect());
        let weighted = given.clone().with_weights(drawn.iter().map(|row| f64::from(row.2)).collect()).unwrap();
        for metric in METRICS {
            let sets = metric.input() == Input::LabelSets || metric.input() == Input::Classes && !metric.binary();
            let value = |given, rows| metric.compute(given, rows, &Parameter::None);
            let Some(expected) = sets.then(|| value(&repeated, Rows::All).ok()).flatten() else { continue };
            prop_assert!(near(value(&given, Rows::At(&rows)).unwrap(), expected), "{:?}", metric);
            prop_assert!(near(value(&weighted, Rows::All).unwrap(), expected), "{:?}", metric);
            let (least, greatest) = metric.about().range;
            prop_assert!((least..=greatest).contains(&expected), "{:?}", metric);
        }
    }
}
