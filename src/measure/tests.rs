//! The metrics against the libraries that define them, and against their definitions.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;

use proptest::prelude::*;
use serde::Deserialize;

mod files;
mod structured;

use super::*;
use crate::reason::{Reason, Unmeasured};

#[derive(Deserialize)]
struct Reference {
    metric: String,
    made_by: String,
    cases: Vec<Case>,
}

/// What goes into a metric, and what its reference makes of it; nothing where it refuses.
#[derive(Deserialize)]
struct Case {
    case: String,
    /// The full name, where the file is of a family such as `hits@K`.
    metric: Option<String>,
    truth: Option<Vec<String>>,
    predicted: Option<Vec<String>>,
    scores: Option<Vec<f64>>,
    classes: Option<Vec<String>>,
    class_scores: Option<Vec<f64>>,
    numbers: Option<Vec<f64>>,
    predicted_numbers: Option<Vec<f64>>,
    train: Option<Vec<f64>>,
    truth_sets: Option<Vec<Vec<String>>>,
    predicted_sets: Option<Vec<Vec<String>>>,
    /// Labels of sets that may not occur.
    labels: Option<Vec<String>>,
    points: Option<Vec<Vec<f64>>>,
    weights: Option<Vec<f64>>,
    positive: Option<String>,
    expected: Option<f64>,
    #[serde(flatten)]
    structured: structured::Case,
}

impl Case {
    fn predictions(&self, metric: &Named) -> Result<Predictions, Unmeasured> {
        let mut predictions = match (&self.truth, &self.numbers, &self.truth_sets) {
            (Some(truth), _, _) => Predictions::from_classes(truth, self.predicted.as_deref())?,
            (None, Some(numbers), _) => {
                Predictions::from_numbers(numbers.clone(), self.predicted_numbers.clone().unwrap())?
            }
            (None, None, Some(truth)) => {
                let labels = self.labels.clone().unwrap_or_default();
                Predictions::from_label_sets(truth, self.predicted_sets.as_ref().unwrap(), &labels)?
            }
            (None, None, None) => return self.structured.predictions(metric),
        };
        if let Some(points) = &self.points {
            predictions = predictions.with_points(points[0].len(), points.concat())?;
        }
        if let Some(train) = &self.train {
            predictions = predictions.with_train(train.clone())?;
        }
        if let Some(scores) = &self.scores {
            predictions = predictions.with_scores(scores.clone())?;
        }
        if let (Some(classes), Some(scores)) = (&self.classes, &self.class_scores) {
            predictions = predictions.with_class_scores(classes, scores.clone())?;
        }
        if let Some(weights) = &self.weights {
            predictions = predictions.with_weights(weights.clone())?;
        }
        if let Some(positive) = &self.positive {
            predictions = predictions.with_positive(positive.clone());
        }
        Ok(predictions)
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

#[test]
fn every_metric_has_reference_values_and_agrees_with_them() {
    for metric in METRICS {
        let name = metric.about().name;
        let path = format!(
            "{}/fixtures/metrics/{}.json",
            env!("CARGO_MANIFEST_DIR"),
            name.replace([':', '@'], "-")
        );
        let text = fs::read_to_string(&path)
            .unwrap_or_else(|_| panic!("metric `{name}` has no reference values: write {path}"));
        let reference: Reference = serde_json::from_str(&text).expect("a reference file");
        assert_eq!(reference.metric, name);
        assert!(
            !reference.made_by.is_empty(),
            "{path} does not say who computed its values"
        );
        assert!(
            reference.cases.iter().any(|case| case.expected.is_some()),
            "{path} has no values"
        );
        for case in reference.cases {
            let named = super::metric(case.metric.as_deref().unwrap_or(name)).expect("a metric");
            assert_eq!(named.about().name, name);
            let value = case
                .predictions(&named)
                .and_then(|given| named.compute(&given, Rows::All));
            match (value, case.expected) {
                (Ok(value), Some(expected)) => {
                    assert!(
                        near(value, expected),
                        "{name}, {}: {value}, not {expected}",
                        case.case
                    );
                }
                (Err(error), None) => assert_eq!(error.reason, Reason::MeasurementInvalid),
                (value, expected) => panic!("{name}, {}: {value:?}, not {expected:?}", case.case),
            }
        }
    }
}

#[test]
fn a_reference_names_the_library_and_version_that_the_registry_names() {
    for metric in METRICS {
        let About { name, reference, .. } = metric.about();
        let path = format!(
            "{}/fixtures/metrics/{}.json",
            env!("CARGO_MANIFEST_DIR"),
            name.replace([':', '@'], "-")
        );
        let text = fs::read_to_string(&path).unwrap();
        let made: Reference = serde_json::from_str(&text).unwrap();
        let library = made.made_by.split(',').next().unwrap();
        assert!(
            reference.starts_with(library),
            "{name}: {reference}, made by {library}"
        );
    }
}

/// A parameter as it would be given: `hits@10` for `hits@K`.
fn with_parameter(name: &str) -> String {
    let name = name.replace("@K", "@10").replace("@B", "@2");
    name.replace("@Q", "@0.3").replace("@T", "@0.3")
}

#[test]
fn names_and_aliases_lead_to_one_metric_each() {
    let mut met: BTreeMap<String, String> = BTreeMap::new();
    let computed = METRICS.iter().map(|metric| metric.about());
    for about in computed.chain(planned::PLANNED) {
        for name in std::iter::once(&about.name).chain(about.aliases) {
            let asked = with_parameter(name);
            let found = info(&asked).unwrap_or_else(|| panic!("`{asked}` is unknown"));
            let base = |name: &str| name.split('@').next().unwrap().to_owned();
            assert_eq!(base(&found.name), base(about.name), "`{asked}`");
            let other = met.insert(asked.to_lowercase(), about.name.to_owned());
            assert_eq!(other, None, "`{asked}` is two metrics");
        }
    }
    let names = names();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
}

#[track_caller]
fn is(alias: &str, name: &str) {
    assert_eq!(
        info(alias).map(|info| info.name).as_deref(),
        Some(name),
        "`{alias}`"
    );
}

#[test]
fn common_ways_to_write_a_name_are_understood() {
    is("auc", "roc_auc");
    is("AUROC", "roc_auc");
    is("ROC-AUC", "roc_auc");
    is("acc", "accuracy");
    is("Top-1 accuracy", "accuracy");
    is("top1 acc", "accuracy");
    is("acc@1", "accuracy");
    is("top-5 accuracy", "top_k_accuracy@5");
    is("acc@5", "top_k_accuracy@5");
    is("top-5 error", "top_k_error@5");
    is("top-1 error", "error_rate");
    is("f1-macro", "f1:macro");
    is("macro-f1", "f1:macro");
    is("Macro F1", "f1:macro");
    is("micro-f1", "f1:micro");
    is("f1_score", "f1");
    is("pearsonr", "pearson");
    is("MSE", "mse");
    is("R²", "r2");
    is("MCC", "matthews_corrcoef");
    is("Hits@10", "hits@10");
    is("hits at 3", "hits@3");
    is("NDCG@5", "ndcg@5");
    is("ndcg", "ndcg");
    is("P@5", "precision@5");
    is("recall@20", "recall@20");
    is("f0.5", "fbeta@0.5");
    is("fbeta@2:macro", "fbeta@2:macro");
    is("roc_auc:ovr-macro", "roc_auc:ovr-macro");
    is("mAP@0.5", "map:coco@0.5");
    is("AP50", "map:coco@0.5");
    is("map@10", "map@10");
    is("mIoU", "jaccard:macro");
    is("IoU", "jaccard");
    is("Dice", "f1");
    is("QWK", "cohen_kappa:quadratic");
    is("pinball@0.9", "pinball@0.9");
    is("f1:class=Cat", "f1:class=Cat");
}

#[test]
fn what_is_no_metric_is_not_known() {
    let unknown = [
        "",
        " ",
        "@",
        "acuracy",
        "hits@",
        "hits@0",
        "hits@-1",
        "hits@1.5",
        "hits@K",
        "hits@01",
        "hits",
        "accuracy@x",
        "fbeta@0",
        "fbeta@x",
        "pinball@1",
        "top-0 accuracy",
        "top-5",
        "mae:class=x",
        "f1:class=",
        "hits@9999999999",
        "f1:macro@3",
    ];
    for name in unknown {
        assert_eq!(info(name), None, "`{name}`");
    }
}

#[test]
fn directions_ranges_and_floors_make_sense() {
    for name in names() {
        let asked = name
            .replace("@K", "@3")
            .replace("@B", "@2")
            .replace("@Q", "@0.3")
            .replace("@T", "@0.3");
        let info = info(&asked).unwrap_or_else(|| panic!("`{asked}`"));
        assert!(info.range.0 < info.range.1, "{name}");
        if let Some(floor) = info.floor {
            assert!((info.range.0..info.range.1).contains(&floor), "{name}");
        }
    }
    assert_eq!(info("rmse").unwrap().direction, Direction::LowerIsBetter);
    assert_eq!(info("auc").unwrap().floor, Some(0.5));
    assert_eq!(info("accuracy").unwrap().floor, None);
    assert!(info("accuracy").unwrap().computed && !info("crps").unwrap().computed);
    assert!(metric("macro-f1").is_some() && metric("crps").is_none());
}

#[test]
fn docs_metrics_lists_the_registry() {
    const BEGIN: &str = "<!-- the table below is generated: UPDATE=1 cargo test docs_metrics -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    let text = fs::read_to_string(path).expect("docs/metrics.md");
    let (head, table) = text.split_once(BEGIN).expect("the mark before the table");
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is told so whether to write the file"
    )]
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, format!("{head}{BEGIN}{}", markdown())).expect("docs/metrics.md");
        return;
    }
    assert!(
        table == markdown(),
        "docs/metrics.md is stale: run this test with UPDATE=1"
    );
}

fn classes(truth: &str, predicted: &str) -> Predictions {
    let split = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    Predictions::from_classes(&split(truth), Some(&split(predicted))).unwrap()
}

fn compute(name: &str, predictions: &Predictions) -> Result<f64, Unmeasured> {
    metric(name).expect("a metric").compute(predictions, Rows::All)
}

#[test]
fn a_signature_names_every_choice() {
    let two = classes("0 1 1", "0 1 0");
    let of = |name: &str, predictions: &Predictions| metric(name).unwrap().signature(predictions);
    assert_eq!(of("macro-f1", &two), "f1:macro|zero_division=0|v=reproof-1");
    assert_eq!(of("f1", &two), "f1|zero_division=0|positive=1|v=reproof-1");
    let weighted = two.with_weights(vec![1.0, 2.0, 1.0]).unwrap();
    assert_eq!(of("accuracy", &weighted), "accuracy|weights=column|v=reproof-1");
    let all: HashSet<_> = METRICS
        .iter()
        .map(|metric| {
            let name = with_parameter(metric.about().name);
            super::metric(&name).unwrap().signature(&weighted)
        })
        .collect();
    assert_eq!(all.len(), METRICS.len());
}

#[test]
fn floors_follow_from_the_labels() {
    let three = classes("a a a b c", "a b c a b");
    let floor_from_labels = |name: &str, predictions: &Predictions| metric(name)?.floor(predictions);
    assert_eq!(floor_from_labels("accuracy", &three), Some(0.6));
    assert_eq!(floor_from_labels("balanced_accuracy", &three), Some(1.0 / 3.0));
    assert_eq!(floor_from_labels("f1:macro", &three), None);
    assert_eq!(floor_from_labels("mcc", &three), Some(0.0));
    let scored = classes("0 1 1 1", "0 0 0 0").with_scores(vec![0.5; 4]).unwrap();
    assert_eq!(floor_from_labels("roc_auc", &scored), Some(0.5));
    assert_eq!(floor_from_labels("average_precision", &scored), Some(0.75));
    assert_eq!(floor_from_labels("brier", &scored), Some(0.1875));
    let entropy = -(0.25 * 0.25_f64.ln() + 0.75 * 0.75_f64.ln());
    assert!(near(floor_from_labels("log_loss", &scored).unwrap(), entropy));
    let numbers = Predictions::from_numbers(vec![0.0, 0.0, 4.0], vec![1.0, 2.0, 3.0]).unwrap();
    assert!(near(floor_from_labels("mae", &numbers).unwrap(), 4.0 / 3.0)); // the median, 0
    assert!(near(floor_from_labels("mse", &numbers).unwrap(), 32.0 / 9.0)); // the mean, 4/3
    assert!(near(
        floor_from_labels("rmse", &numbers).unwrap(),
        (32.0_f64 / 9.0).sqrt()
    ));
    assert_eq!(floor_from_labels("r2", &numbers), Some(0.0));
    assert_eq!(floor_from_labels("nothing", &numbers), None);
}

#[test]
fn the_positive_class_is_the_obvious_one_or_named() {
    assert_eq!(classes("0 1", "1 1").positive().unwrap().as_deref(), Some("1"));
    assert_eq!(classes("-1 1", "1 1").positive().unwrap().as_deref(), Some("1"));
    assert_eq!(
        classes("0.0 1.0", "1 1").positive().unwrap().as_deref(),
        Some("1")
    );
    assert_eq!(
        classes("True False", "True True").positive().unwrap().as_deref(),
        Some("True")
    );
    assert_eq!(
        classes("No Yes", "No No").positive().unwrap().as_deref(),
        Some("Yes")
    );
    assert_eq!(classes("0 0", "0 0").positive().unwrap().as_deref(), Some("1"));
    assert_eq!(classes("a b c", "a b c").positive().unwrap(), None);
    let cats = classes("cat dog", "cat cat");
    assert!(cats.positive().unwrap_err().detail.contains("`cat`, `dog`"));
    assert_eq!(
        cats.clone().with_positive("cat").positive().unwrap().as_deref(),
        Some("cat")
    );
    assert!(cats.with_positive("cow").positive().is_err());
    assert!(classes("1 2", "1 2").positive().is_err()); // scikit-learn itself is of two minds here
}

#[test]
fn a_metric_of_two_classes_refuses_three() {
    let error = compute("f1", &classes("a b c", "a b c")).unwrap_err();
    assert_eq!(error.detail, "`f1` is a metric of two classes, and 3 occur");
    assert_eq!(
        error.hint.as_deref(),
        Some("name the averaging, as in `f1:macro`")
    );
}

#[test]
fn scores_that_are_no_probabilities_are_refused_where_they_must_be() {
    let logits = classes("0 1", "0 1").with_scores(vec![-2.0, 3.0]).unwrap();
    assert_eq!(compute("roc_auc", &logits), Ok(1.0));
    assert!(
        compute("log_loss", &logits)
            .unwrap_err()
            .detail
            .contains("example 1 is -2")
    );
    let sums = classes("a b c", "a b c")
        .with_class_scores(&["a", "b", "c"], vec![1.0; 9])
        .unwrap();
    assert!(
        compute("log_loss", &sums)
            .unwrap_err()
            .detail
            .contains("sum to 3")
    );
    let lacking = classes("a b c", "a b c")
        .with_class_scores(&["a", "b"], vec![0.5; 6])
        .unwrap();
    assert!(
        compute("brier", &lacking)
            .unwrap_err()
            .detail
            .contains("`score_c`")
    );
}

#[test]
fn nan_and_infinity_never_get_in() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(Predictions::from_numbers(vec![bad], vec![1.0]).is_err());
        assert!(Predictions::from_numbers(vec![1.0], vec![bad]).is_err());
        assert!(classes("0 1", "0 1").with_scores(vec![bad, 0.0]).is_err());
        assert!(classes("0 1", "0 1").with_weights(vec![bad, 1.0]).is_err());
    }
    assert!(classes("0 1", "0 1").with_weights(vec![-1.0, 1.0]).is_err());
    assert!(classes("0 1", "0 1").with_weights(vec![0.0, 0.0]).is_err());
    assert!(classes("0 1", "0 1").with_scores(vec![0.5]).is_err());
}

#[test]
fn what_overflows_is_refused() {
    let huge = Predictions::from_numbers(vec![1e300, -1e300], vec![-1e300, 1e300]).unwrap();
    for name in ["mse", "rmse", "r2", "explained_variance"] {
        assert!(compute(name, &huge).is_err(), "{name}");
    }
    assert!(near(compute("pearson", &huge).unwrap(), -1.0));
}

#[test]
fn no_rows_are_refused_by_every_metric() {
    let all = classes("0 1", "0 1").with_scores(vec![0.1, 0.9]).unwrap();
    let numbers = Predictions::from_numbers(vec![1.0, 2.0], vec![1.0, 2.0]).unwrap();
    for metric in METRICS {
        let structured = structured::some(metric.input(), &[0, 1, 2]);
        let given = match &structured {
            Some(given) => given,
            None if metric.input() == Input::Numbers => &numbers,
            None => &all,
        };
        assert!(
            metric.compute(given, Rows::At(&[]), &Parameter::None).is_err(),
            "{metric:?}"
        );
    }
}

/// Labels and predictions of up to four classes.
fn any_classes() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0..4_u8, 0..4_u8), 1..40)
}

fn from_pairs(pairs: &[(u8, u8)]) -> Predictions {
    let (truth, predicted): (Vec<_>, Vec<_>) =
        pairs.iter().map(|(t, p)| (t.to_string(), p.to_string())).unzip();
    Predictions::from_classes(&truth, Some(&predicted)).unwrap()
}

proptest! {
    #[test]
    fn class_metrics_are_what_their_definitions_say(pairs in any_classes()) {
        let given = from_pairs(&pairs);
        let count = |keep: &dyn Fn(u8, u8) -> bool| pairs.iter().filter(|(t, p)| keep(*t, *p)).count() as f64;
        let n = pairs.len() as f64;
        let seen: BTreeSet<u8> = pairs.iter().flat_map(|(t, p)| [*t, *p]).collect();
        let f1 = |class: u8| {
            let both = count(&|t, p| t == class && p == class);
            let either = count(&|t, _| t == class) + count(&|_, p| p == class);
            if either == 0.0 { 0.0 } else { 2.0 * both / either }
        };
        let right = count(&|t, p| t == p) / n;
        prop_assert!(near(compute("accuracy", &given).unwrap(), right));
        prop_assert!(near(compute("f1:micro", &given).unwrap(), right));
        prop_assert!(near(compute("recall:weighted", &given).unwrap(), right));
        let macro_f1 = seen.iter().map(|class| f1(*class)).sum::<f64>() / seen.len() as f64;
        prop_assert!(near(compute("f1:macro", &given).unwrap(), macro_f1));
        let weighted = seen.iter().map(|class| f1(*class) * count(&|t, _| t == *class)).sum::<f64>() / n;
        prop_assert!(near(compute("f1:weighted", &given).unwrap(), weighted));
        let chance: f64 = seen.iter().map(|c| count(&|t, _| t == *c) * count(&|_, p| p == *c)).sum::<f64>() / n / n;
        match compute("cohen_kappa", &given) {
            Ok(kappa) => prop_assert!(near(kappa, (right - chance) / (1.0 - chance))),
            Err(_) => prop_assert_eq!(seen.len(), 1),
        }
    }

    #[test]
    fn rows_that_repeat_count_as_often(pairs in any_classes(), picks in prop::collection::vec(any::<prop::sample::Index>(), 1..40)) {
        let given = from_pairs(&pairs);
        let rows: Vec<usize> = picks.iter().map(|pick| pick.index(pairs.len())).collect();
        let drawn = from_pairs(&rows.iter().map(|row| pairs[*row]).collect::<Vec<_>>());
        for metric in METRICS.iter().filter(|metric| metric.input() == Input::Classes && !metric.binary()) {
            match (metric.compute(&given, Rows::At(&rows), &Parameter::None), metric.compute(&drawn, Rows::All, &Parameter::None)) {
                (Ok(a), Ok(b)) => prop_assert!(near(a, b), "{:?}", metric),
                (a, b) => prop_assert!(a.is_err() && b.is_err(), "{:?}", metric),
            }
        }
    }

    #[test]
    fn a_weight_counts_like_as_many_rows(pairs in any_classes(), seed in prop::collection::vec(1..4_usize, 40)) {
        let weights: Vec<f64> = seed[..pairs.len()].iter().map(|weight| *weight as f64).collect();
        let rows: Vec<usize> = (0..pairs.len()).flat_map(|row| std::iter::repeat_n(row, seed[row])).collect();
        let given = from_pairs(&pairs);
        let weighted = given.clone().with_weights(weights).unwrap();
        for metric in METRICS.iter().filter(|metric| metric.input() == Input::Classes && !metric.binary()) {
            match (metric.compute(&given, Rows::At(&rows), &Parameter::None), metric.compute(&weighted, Rows::All, &Parameter::None)) {
                (Ok(a), Ok(b)) => prop_assert!(near(a, b), "{:?}", metric),
                (a, b) => prop_assert!(a.is_err() && b.is_err(), "{:?}", metric),
            }
        }
    }

    #[test]
    fn roc_auc_is_the_share_of_pairs_in_order(examples in prop::collection::vec((any::<bool>(), 0..6_i8), 1..50)) {
        let truth: Vec<_> = examples.iter().map(|(positive, _)| u8::from(*positive).to_string()).collect();
        let scores: Vec<_> = examples.iter().map(|(_, score)| f64::from(*score)).collect();
        let given = Predictions::from_classes(&truth, None).unwrap().with_scores(scores).unwrap();
        let of = |wanted: bool| examples.iter().filter(move |(positive, _)| *positive == wanted).map(|(_, score)| *score);
        let pairs = of(true).count() * of(false).count();
        let half = |a: i8, b: i8| match a.cmp(&b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
        let above: f64 = of(true).flat_map(|a| of(false).map(move |b| half(a, b))).sum();
        match compute("roc_auc", &given) {
            Ok(auc) => prop_assert!(near(auc, above / pairs as f64)),
            Err(_) => prop_assert_eq!(pairs, 0),
        }
    }

    #[test]
    fn average_precision_is_the_sum_over_thresholds(examples in prop::collection::vec((any::<bool>(), 0..6_i8), 1..50)) {
        let truth: Vec<_> = examples.iter().map(|(positive, _)| u8::from(*positive).to_string()).collect();
        let scores: Vec<_> = examples.iter().map(|(_, score)| f64::from(*score)).collect();
        let given = Predictions::from_classes(&truth, None).unwrap().with_scores(scores).unwrap();
        let positives = examples.iter().filter(|(positive, _)| *positive).count() as f64;
        let (mut area, mut before) = (0.0, 0.0);
        for threshold in (0..6).rev().filter(|_| positives > 0.0) {
            let above: Vec<_> = examples.iter().filter(|(_, score)| *score >= threshold).collect();
            let hits = above.iter().filter(|(positive, _)| *positive).count() as f64;
            if !above.is_empty() {
                area += (hits - before) / positives * (hits / above.len() as f64);
            }
            before = hits;
        }
        prop_assert!(near(compute("average_precision", &given).unwrap(), area));
    }

    #[test]
    fn number_metrics_are_what_their_definitions_say(pairs in prop::collection::vec((-9..9_i32, -9..9_i32), 2..40)) {
        let pairs: Vec<(f64, f64)> = pairs.iter().map(|(t, p)| (f64::from(*t), f64::from(*p))).collect();
        let (truth, predicted): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        let n = pairs.len() as f64;
        let given = Predictions::from_numbers(truth.clone(), predicted.clone()).unwrap();
        let mae = pairs.iter().map(|(t, p)| (t - p).abs()).sum::<f64>() / n;
        prop_assert!(near(compute("mae", &given).unwrap(), mae));
        let mse = pairs.iter().map(|(t, p)| (t - p) * (t - p)).sum::<f64>() / n;
        prop_assert!(near(compute("mse", &given).unwrap(), mse));
        prop_assert!(near(compute("rmse", &given).unwrap(), mse.sqrt()));
        let rank = |values: &[f64], x: f64| {
            let below = values.iter().filter(|v| **v < x).count() as f64;
            let same = values.iter().filter(|v| **v == x).count() as f64;
            below + (same + 1.0) / 2.0
        };
        let ranked = |values: &[f64]| values.iter().map(|x| rank(values, *x)).collect::<Vec<_>>();
        let r = |a: &[f64], b: &[f64]| {
            let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
            let (ma, mb) = (mean(a), mean(b));
            let cov: f64 = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum();
            let var = |v: &[f64], m: f64| v.iter().map(|x| (x - m).powi(2)).sum::<f64>();
            cov / (var(a, ma) * var(b, mb)).sqrt()
        };
        for (name, value) in [("pearson", r(&truth, &predicted)), ("spearman", r(&ranked(&truth), &ranked(&predicted)))] {
            match compute(name, &given) {
                Ok(found) => prop_assert!(near(found, value), "{}: {} not {}", name, found, value),
                Err(_) => prop_assert!(value.is_nan(), "{}", name),
            }
        }
    }

    #[test]
    fn a_metric_lies_in_its_range_whatever_comes(
        numbers in prop::collection::vec((any::<f64>(), any::<f64>(), 0.0..9.0_f64), 1..20),
        names in prop::collection::vec(("[ab01]", "[ab01]", 0.0..=1.0_f64), 1..20),
    ) {
        let given = {
            let (truth, rest): (Vec<_>, Vec<_>) = numbers.iter().map(|(t, p, w)| (*t, (*p, *w))).unzip();
            let (predicted, weights) = rest.into_iter().unzip();
            Predictions::from_numbers(truth, predicted).and_then(|given| given.with_weights(weights))
        };
        let (truth, rest): (Vec<_>, Vec<_>) = names.iter().map(|(t, p, s)| (t.clone(), (p.clone(), *s))).unzip();
        let (predicted, scores): (Vec<_>, Vec<_>) = rest.into_iter().unzip();
        let classes = Predictions::from_classes(&truth, Some(&predicted)).unwrap().with_scores(scores).unwrap();
        for metric in METRICS {
            let given = if metric.input() == Input::Numbers { given.as_ref().ok() } else { Some(&classes) };
            let Some(Ok(value)) = given.map(|given| metric.compute(given, Rows::All, &Parameter::None)) else { continue };
            let (least, greatest) = metric.about().range;
            prop_assert!((least - 1e-9..=greatest + 1e-9).contains(&value), "{:?}: {}", metric, value);
        }
    }

    #[test]
    fn a_name_is_never_too_strange(name in ".*") {
        let _ = info(&name);
    }
}
