//! Reading of sets of labels, of clusters, and of the features behind them.

use super::*;

#[test]
fn cells_hold_sets_with_either_mark_between() {
    let desk = Desk::new("y\na|b\nc\n\"\"\n", "prediction\nb; a\nc;a|a\n\"\"\n");
    assert_eq!(desk.value("accuracy"), Ok(2.0 / 3.0));
    assert_eq!(desk.value("hamming_loss"), Ok(1.0 / 9.0));
    let read = desk.read("f1:macro").unwrap();
    let sets = read.label_sets().unwrap();
    assert_eq!(sets.names, ["a", "b", "c"]);
    assert_eq!(
        (sets.truth.of(0), sets.predicted.of(1)),
        (&[0, 1][..], &[0, 2][..])
    );
    assert_eq!(
        read.notes(),
        ["each cell is read as a set of labels, with `|` or `;` between them or as a JSON array"]
    );
}

#[test]
fn labels_that_are_no_lists_are_classes_unless_a_metric_of_sets_is_asked_for() {
    let desk = Desk::new("y\na\nb\n", "prediction\na\na|b\n");
    assert!(desk.read("accuracy").unwrap().label_sets().is_err());
    assert_eq!(desk.value("f1:samples"), Ok((1.0 + 2.0 / 3.0) / 2.0));
    // An interval is no JSON array.
    let intervals = Desk::new("y\n\"[0, 10)\"\n", "prediction\n\"[0, 10)\"\n");
    assert!(intervals.read("accuracy").unwrap().label_sets().is_err());
}

#[test]
fn json_arrays_hold_any_text() {
    let truth = "y\n\"[\"\"a|b\"\", 1]\"\n[]\n\"[\"\"a|b\"\"]\"\n";
    let predictions = r#"{"prediction": [1, "a|b", "a|b"]}
{"prediction": []}
{"prediction": ["c"]}
"#;
    let desk = Desk::new(truth, predictions).called("p.jsonl");
    assert_eq!(desk.value("accuracy"), Ok(2.0 / 3.0));
    let read = desk.read("accuracy").unwrap();
    assert_eq!(read.label_sets().unwrap().names, ["1", "a|b", "c"]);
    assert_eq!(
        read.notes()[1],
        "predicted labels that never occur in the labels: `c`"
    );
}

#[test]
fn columns_of_zeros_and_ones_count_every_label() {
    let truth = "k,label_a,label_b,label_c\n1,1,0,0\n2,1,1,0\n";
    let predictions = "id,weight,label_c,label_b,label_a\n2,3,0,0,1\n1,1,0,0.0,true\n";
    let desk = Desk::new(truth, predictions).ids("k");
    assert_eq!(desk.value("accuracy"), Ok(0.25));
    assert_eq!(desk.value("hamming_loss"), Ok(3.0 / (4.0 * 3.0)));
    assert_eq!(desk.value("recall:macro"), Ok(1.0 / 3.0)); // `c` never occurs, and counts 0
    assert_eq!(desk.read("accuracy").unwrap().weights(), Some(&[1.0, 3.0][..]));
}

#[test]
fn columns_that_only_one_file_has_are_refused() {
    let desk = Desk::new("label_a,label_b\n1,0\n", "label_a\n1\n");
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Paper), @r"`p.csv`: the labels have a column `label_b`, and the predictions have none");
    let desk = Desk::new("label_a\n1\n", "label_a,label_b\n1,0\n");
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Manifest), @r"`labels`: there is no column `label_b`");
}

#[test]
fn cells_that_are_no_labels_are_counted_and_shown() {
    let desk = Desk::new("y\na|b\na\nb\n", "prediction\nnan|a\nnan\na\n");
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Paper), @r"`p.csv`: 2 cells are no labels: `nan` in line 2, `nan` in line 3");
    let desk = Desk::new("label_a\n1\n0\n", "label_a\n0.7\n2\n");
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Paper), @r"`p.csv`: 2 cells are no labels: `0.7` for `a` in line 2, `2` for `a` in line 3");
}

#[test]
fn sets_are_joined_by_the_same_rules_as_classes() {
    let desk = Desk::new("k,y\n1,a|b\n2,a\n", "id,prediction\n2,a\n1,a|b\n").ids("k");
    assert_eq!(desk.value("f1:samples"), Ok(1.0));
    let desk = Desk::new("k,y\n1,a|b\n2,a\n", "id,prediction\n2,a\n3,a|b\n").ids("k");
    insta::assert_snapshot!(desk.refused("f1:samples", Fault::Paper), @r"`p.csv`: 1 id that no label has: `3` (line 3); 1 of 2 labels without a prediction: `1` (line 2 of `labels`)");
    let desk = Desk::new("y\na|b\n", "prediction\na\nb\n");
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Paper), @r"`p.csv`: it has 2 rows, and `labels` has 1 labels");
    let desk = Desk::new("y\na|b\n", "prediction\nx|y\n");
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Paper), @r"no predicted class is one of the labels': `x`, `y` against `a`, `b`");
}

#[test]
fn metrics_that_need_different_readings_are_not_read_together() {
    let desk = Desk::new("y\na\nb\n", "prediction\na\nb\n");
    let metrics = ["f1:samples", "accuracy"].map(|name| metric(name).unwrap());
    let request = |metrics| Request {
        predictions: &desk.predictions,
        truth: &desk.truth,
        target: None,
        columns: &desk.columns,
        positive: None,
        train: None,
        metrics,
    };
    let error = read(&request(&metrics)).unwrap_err();
    assert_eq!(
        error.detail,
        "metrics of sets of labels and others cannot be computed from one reading of the files"
    );
    let outcome = crate::measure::recompute::recompute(&request(&metrics), Default::default()).unwrap();
    assert!(outcome.metrics.iter().all(|one| one.value == Ok(1.0)));
    let lists = Desk::new("y\na|b\nb\n", "prediction\na|b\nb\n");
    let request = Request {
        truth: &lists.truth,
        predictions: &lists.predictions,
        ..request(&metrics)
    };
    assert!(read(&request).is_ok());
}

#[test]
fn clusters_have_names_of_their_own() {
    let desk = Desk::new("y\na\na\nb\n", "prediction\n0\n0\n1\n");
    assert_eq!(desk.value("adjusted_rand"), Ok(1.0));
    assert!((desk.value("v_measure").unwrap() - 1.0).abs() < 1e-12);
    assert!(desk.read("ari").unwrap().notes().is_empty());
    assert!(desk.value("accuracy").is_err());
}

#[test]
fn features_are_the_other_columns_of_the_labels_or_those_of_the_predictions() {
    let in_truth = Desk::new(
        "k,y,f,g\n1,a,0,0\n2,a,0,1\n3,b,5,5\n4,b,5,6\n",
        "id,prediction\n4,1\n3,1\n2,0\n1,0\n",
    )
    .ids("k");
    let expected = in_truth.value("silhouette").unwrap();
    assert!(expected > 0.8);
    assert_eq!(in_truth.read("silhouette").unwrap().points().unwrap().width, 2);
    let written = Desk::new(
        "k,y,name\n1,a,w\n2,a,x\n3,b,y\n4,b,z\n",
        "id,prediction,x_1,x_2\n4,1,5,6\n3,1,5,5\n2,0,0,1\n1,0,0,0\n",
    );
    assert_eq!(written.ids("k").value("silhouette"), Ok(expected));
}

#[test]
fn features_that_are_missing_or_no_numbers_are_refused() {
    let desk = Desk::new("y\na\nb\n", "prediction\n0\n1\n");
    insta::assert_snapshot!(desk.refused("silhouette", Fault::Manifest), @r"`labels`: it has no columns of features, and the predictions have none of the form `x_<name>`");
    let desk = Desk::new("y,f\na,1\nb,x\n", "prediction\n0\n1\n");
    insta::assert_snapshot!(desk.refused("silhouette", Fault::Manifest), @r"`labels`: line 3: the feature `f` is not a finite number: `x`");
    let desk = Desk::new("y\na\nb\n", "prediction,x_a\n0,1\n1,inf\n");
    insta::assert_snapshot!(desk.refused("silhouette", Fault::Paper), @r"`p.csv`: line 3: the feature `x_a` is not a finite number: `inf`");
}

#[test]
fn more_points_than_all_pairs_can_be_computed_of_are_refused() {
    let rows = 50_001;
    let labels = format!("y,f\n{}", "a,1\n".repeat(rows));
    let predictions = format!("prediction\n{}", "0\n".repeat(rows));
    let desk = Desk::new(&labels, &predictions);
    insta::assert_snapshot!(desk.refused("silhouette", Fault::Manifest), @r"the distances between 50001 examples are not computed: 50000 is the most");
}

proptest! {
    #[test]
    fn any_text_is_read_as_sets_or_refused(labels in "([a-c;|\\[\\]\", 0-9]{0,9}\n){1,6}", predicted in "([a-c;|\\[\\]\", 0-9]{0,9}\n){1,6}") {
        let desk = Desk::new(&format!("y\n{labels}"), &format!("prediction\n{predicted}"));
        for name in ["f1:samples", "hamming_loss", "f1:macro"] {
            if let Ok(value) = desk.value(name) {
                prop_assert!((0.0..=1.0).contains(&value));
            }
        }
    }
}
