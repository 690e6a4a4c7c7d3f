//! Reading and joining: what is accepted, and the exact words for what is not.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::manifest::{Data, Role, TableFormat};
use crate::measure::{Named, Side, TableFile, metric};
use crate::reason::Reason;

/// A folder with labels and predictions in it.
struct Desk {
    folder: TempDir,
    truth: Truth,
    predictions: TableFile,
    columns: BTreeMap<String, String>,
    positive: Option<&'static str>,
    train: Option<TableFile>,
}

impl Desk {
    fn new(labels: &str, predictions: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let truth = Truth {
            file: TableFile {
                path: put("blob", labels),
                name: "labels".to_owned(),
                ending: "labels".to_owned(),
                format: Some(TableFormat::Csv),
                side: Side::Pinned,
            },
            target: Some("y".to_owned()),
            id_column: None,
            group_column: None,
        };
        let predictions = TableFile::written(put("p", predictions), "p.csv");
        Self {
            folder,
            truth,
            predictions,
            columns: BTreeMap::new(),
            positive: None,
            train: None,
        }
    }

    fn put(&self, name: &str, text: &str) -> TableFile {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        TableFile {
            side: Side::Pinned,
            ..TableFile::written(path, name)
        }
    }

    fn ids(mut self, column: &str) -> Self {
        self.truth.id_column = Some(column.to_owned());
        self
    }

    fn target(mut self, column: &str) -> Self {
        self.truth.target = Some(column.to_owned());
        self
    }

    fn renamed(mut self, standard: &str, name: &str) -> Self {
        self.columns.insert(standard.to_owned(), name.to_owned());
        self
    }

    fn called(mut self, name: &str) -> Self {
        self.predictions = TableFile::written(&self.predictions.path, name);
        self
    }

    fn read(&self, name: &str) -> Result<Predictions, Unmeasured> {
        let metrics: &[Named] = &[metric(name).unwrap()];
        read(&Request {
            predictions: &self.predictions,
            truth: &self.truth,
            target: None,
            columns: &self.columns,
            positive: self.positive,
            train: self.train.as_ref(),
            metrics,
        })
    }

    fn value(&self, name: &str) -> Result<f64, Unmeasured> {
        metric(name).unwrap().compute(&self.read(name)?, Rows::All)
    }

    #[track_caller]
    fn refused(&self, name: &str, fault: Fault) -> String {
        let error = self.value(name).unwrap_err();
        assert_eq!(
            (error.reason, error.fault),
            (Reason::MeasurementInvalid, fault),
            "{error}"
        );
        error.detail
    }
}

#[test]
fn without_ids_rows_are_in_the_order_of_the_labels() {
    let desk = Desk::new("y\na\nb\nb\na\n", "prediction\na\nb\na\na\n");
    assert_eq!(desk.value("accuracy"), Ok(0.75));
    assert!(desk.read("accuracy").unwrap().notes().is_empty());
    let short = Desk::new("y\na\nb\nb\n", "prediction\na\nb\n");
    insta::assert_snapshot!(short.refused("accuracy", Fault::Paper), @"`p.csv`: it has 2 rows, and `labels` has 3 labels");
}

#[test]
fn with_ids_the_order_does_not_matter() {
    let desk = Desk::new(
        "k,y\n7,1\n8,2\n9,4\n",
        "prediction,id,weight\n4,9,1\n1.5,7,0\n2,8.0,1\n",
    )
    .ids("k");
    assert_eq!(desk.value("mae"), Ok(0.0));
    assert_eq!(desk.read("mae").unwrap().weights(), Some(&[0.0, 1.0, 1.0][..]));
    let scores = Desk::new(
        "k,y\na,0\nb,1\nc,2\n",
        "id,score_0,score_1,score_2\nc,0,0,1\na,1,0,0\nb,0,1,0\n",
    )
    .ids("k");
    assert!(scores.value("log_loss").unwrap() < 1e-9);
}

#[test]
fn ids_that_only_look_like_numbers_stay_apart() {
    let desk = Desk::new("k,y\n7,a\n007,b\n", "id,prediction\n007,b\n7,a\n").ids("k");
    assert_eq!(desk.value("accuracy"), Ok(1.0));
}

#[test]
fn ids_that_do_not_fit_are_counted_and_shown() {
    let labels = "k,y\na,1\nb,1\nc,0\nd,0\ne,0\nf,1\n";
    let desk = Desk::new(labels, "id,prediction\na,1\nx,0\na,0\nb,1\nz,1\n").ids("k");
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Paper), @"`p.csv`: 1 repeated id: `a` (lines 2 and 4); 2 ids that no label has: `x` (line 3), `z` (line 6); 4 of 6 labels without a prediction: `c` (line 4 of `labels`), `d` (line 5 of `labels`), `e` (line 6 of `labels`), …");
}

#[test]
fn labels_with_repeated_ids_are_the_manifests_fault() {
    let desk = Desk::new("k,y\na,1\na,0\n", "id,prediction\na,1\na,1\n").ids("k");
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Manifest), @"`labels`: 1 repeated id: `a` (lines 2 and 3)");
}

#[test]
fn ids_without_an_id_column_are_row_numbers() {
    let desk = Desk::new("y\na\nb\nc\n", "id,prediction\n2,c\n0,a\n1,b\n");
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    assert!(desk.read("accuracy").unwrap().notes()[0].contains("row numbers from 0"));
    let from_one = Desk::new("y\na\nb\nc\n", "id,prediction\n3,c\n1,a\n2,b\n");
    insta::assert_snapshot!(from_one.refused("accuracy", Fault::Paper), @"`p.csv`: 1 id that no label has: `3` (line 2); 1 of 3 labels without a prediction: `0` (line 2 of `labels`)");
}

#[test]
fn labels_with_ids_and_predictions_without_are_noted() {
    let desk = Desk::new("k,y\na,1\nb,0\n", "prediction\n1\n0\n").ids("k");
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    assert!(desk.read("accuracy").unwrap().notes()[0].contains("have no ids"));
}

#[test]
fn whole_numbers_are_one_class_however_they_are_written() {
    let desk = Desk::new("y\n0\n1\n1\n10\n", "prediction\n0.0\n01\n1e0\n10.0\n");
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    assert_eq!(
        desk.read("accuracy").unwrap().classes().unwrap().names,
        ["0", "1", "10"]
    );
    // One class that is no number, and texts are texts.
    let texts = Desk::new("y\n0\n1\nx\n", "prediction\n0\n1.0\nx\n");
    assert_eq!(texts.value("accuracy"), Ok(2.0 / 3.0));
}

#[test]
fn truth_values_are_one_class_however_they_are_written_and_called_as_the_labels_call_them() {
    let ways = [
        ["False", "True"],
        ["false", "true"],
        ["FALSE", "TRUE"],
        ["0", "1"],
        ["0.0", "1.0"],
    ];
    for ([no, yes], [other_no, other_yes]) in ways
        .iter()
        .flat_map(|own| ways.iter().map(move |other| (own, other)))
    {
        let predicted = format!(
            "prediction,score_{other_yes},score_{other_no}\n{other_no},0.25,0.75\n{other_yes},1,0\n{other_yes},1,0\n"
        );
        let desk = Desk::new(&format!("y\n{no}\n{yes}\n{no}\n"), &predicted);
        assert_eq!(desk.value("accuracy"), Ok(2.0 / 3.0), "{yes} and {other_yes}");
        assert_eq!(desk.value("precision"), Ok(0.5), "{yes} and {other_yes}");
        assert_eq!(desk.value("roc_auc"), Ok(0.75), "{yes} and {other_yes}");
        let read = desk.read("accuracy").unwrap();
        let plain = yes.trim_end_matches(".0");
        assert_eq!(read.positive().unwrap().as_deref(), Some(plain));
        assert_eq!(
            read.with_positive(*other_no).positive().unwrap().as_deref(),
            Some(no.trim_end_matches(".0"))
        );
    }
    // A third class, and `1` and `True` are as different as any two texts.
    let three = Desk::new("y\n0\n1\n2\n", "prediction\n0\nTrue\n2\n");
    assert_eq!(three.value("accuracy"), Ok(2.0 / 3.0));
}

#[test]
fn scaled_errors_take_the_training_series_of_its_own_file() {
    let mut desk = Desk::new("y\n4\n6\n", "prediction\n5\n8\n");
    assert!(
        desk.value("mase")
            .unwrap_err()
            .detail
            .contains("needs the numbers of the training series")
    );
    desk.train = Some(desk.put("train.csv", "t,y\n1,1\n2,2\n3,5\n"));
    assert_eq!(desk.value("mase"), Ok(1.5 / 2.0));
    assert_eq!(desk.value("mase@2"), Ok(1.5 / 4.0));
    assert_eq!(
        desk.read("mase").unwrap().notes(),
        ["the training series is `train.csv`: 3 numbers in the order of its rows"]
    );
    assert!(desk.read("mae").unwrap().train().is_none());
    desk.train = Some(desk.put("gap.csv", "y\n1\n\"\"\n"));
    insta::assert_snapshot!(desk.refused("mase", Fault::Manifest), @"`gap.csv`: the label is empty in 1 of 2 rows (line 3)");
    desk.train = Some(desk.put("other.csv", "z\n1\n"));
    insta::assert_snapshot!(desk.refused("mase", Fault::Manifest), @"`other.csv`: there is no column `y`");
}

#[test]
fn a_predicted_class_that_never_occurs_is_noted() {
    let desk = Desk::new("y\na\nb\na\n", "prediction\na\nc\nc\n");
    assert_eq!(desk.value("accuracy"), Ok(1.0 / 3.0));
    assert_eq!(
        desk.read("accuracy").unwrap().notes(),
        ["predicted classes that never occur in the labels: `c` (2 rows)"]
    );
}

#[test]
fn sides_that_share_no_class_do_not_speak_of_the_same() {
    let desk = Desk::new("y\n0\n1\n", "prediction\nno\nyes\n");
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Paper), @"no predicted class is one of the labels': `no`, `yes` against `0`, `1`");
    // With numbers this happens honestly.
    assert_eq!(
        Desk::new("y\n1\n1\n", "prediction\n0\n0\n").value("accuracy"),
        Ok(0.0)
    );
}

#[test]
fn cells_that_are_no_predictions_are_counted_and_shown() {
    let desk = Desk::new("y\n1\n2\n3\n4\n5\n", "prediction\nnan\n\"\"\ninf\n1e999\nx\n");
    insta::assert_snapshot!(desk.refused("mae", Fault::Paper), @"`p.csv`: the prediction is not a finite number in 4 of 5 rows (`nan` in line 2, `inf` in line 4, `1e999` in line 5, …); the prediction is empty in 1 of 5 rows (line 3)");
    let classes = Desk::new("y\na\nb\n", "prediction\nNaN\nb\n");
    insta::assert_snapshot!(classes.refused("accuracy", Fault::Paper), @"`p.csv`: the prediction is no class in 1 of 2 rows (`NaN` in line 2)");
    let labels = Desk::new("y,z\n1,2\n,3\n", "prediction\n1\n2\n");
    insta::assert_snapshot!(labels.refused("mae", Fault::Manifest), @"`labels`: the label is empty in 1 of 2 rows (line 3)");
}

#[test]
fn empty_files_say_so() {
    let nothing = Desk::new("y\n1\n", "");
    insta::assert_snapshot!(nothing.refused("mae", Fault::Paper), @"`p.csv`: it is empty");
    let header = Desk::new("y\n1\n", "prediction\n");
    insta::assert_snapshot!(header.refused("mae", Fault::Paper), @"`p.csv`: it has a header and no rows");
    let labels = Desk::new("y\n", "prediction\n1\n");
    insta::assert_snapshot!(labels.refused("mae", Fault::Manifest), @"`labels`: it has a header and no rows");
    let json = Desk::new("y\n1\n", "\n\n").called("p.jsonl");
    insta::assert_snapshot!(json.refused("mae", Fault::Paper), @"`p.jsonl`: it is empty");
}

#[test]
fn a_column_that_is_not_there_has_a_neighbour() {
    let desk = Desk::new("y\n1\n", "id,predictions,time\n0,1,2\n");
    let error = desk.value("mae").unwrap_err();
    assert_eq!(error.fault, Fault::Manifest);
    insta::assert_snapshot!(error.detail, @"`p.csv`: there is no column `prediction`");
    insta::assert_snapshot!(error.hint.unwrap(), @"did you mean `predictions`? its columns are `id`, `predictions`, `time`");
    assert_eq!(desk.renamed("prediction", "predictions").value("mae"), Ok(0.0));
    let target = Desk::new("Y\n1\n", "prediction\n1\n");
    insta::assert_snapshot!(target.refused("mae", Fault::Manifest), @"`labels`: there is no column `y`");
    let twice = Desk::new("y\n1\n", "prediction,prediction\n1,2\n");
    insta::assert_snapshot!(twice.refused("mae", Fault::Paper), @"`p.csv`: there are two columns `prediction`");
    let unknown = Desk::new("y\n1\n", "prediction\n1\n").renamed("predictoin", "p");
    assert!(
        unknown
            .value("mae")
            .unwrap_err()
            .hint
            .unwrap()
            .starts_with("did you mean `prediction`?")
    );
    let declared = Desk::new("y\n1\n", "prediction\n1\n").renamed("weight", "w");
    insta::assert_snapshot!(declared.refused("mae", Fault::Manifest), @"`p.csv`: there is no column `w`");
}

#[test]
fn scores_come_in_one_column_or_one_a_class() {
    let one = Desk::new("y\n0\n1\n1\n", "score\n0.1\n0.8\n0.4\n");
    assert_eq!(one.value("roc_auc"), Ok(1.0));
    let two = Desk::new("y\n0\n1\n1\n", "score_0,score_1\n0.9,0.1\n0.2,0.8\n0.6,0.4\n");
    assert_eq!(two.value("roc_auc"), Ok(1.0));
    assert!((one.value("brier").unwrap() - two.value("brier").unwrap()).abs() < 1e-12);
    let none = Desk::new("y\n0\n1\n", "prediction\n0\n1\n");
    insta::assert_snapshot!(none.refused("roc_auc", Fault::Paper), @"`p.csv`: there is no column `score`, and none of the form `score_<class>`");
    let twice = Desk::new("y\n0\n1\n", "score_1,score_1.0\n0,1\n1,0\n");
    insta::assert_snapshot!(twice.refused("log_loss", Fault::Paper), @"`p.csv`: the class `1` has two columns of scores");
    let renamed = Desk::new("y\na\nb\n", "pa,pb\n1,0\n0,1\n")
        .renamed("score_a", "pa")
        .renamed("score_b", "pb");
    assert!(renamed.value("log_loss").unwrap() < 1e-9);
}

#[test]
fn weights_count_and_are_checked() {
    let desk = Desk::new("y\na\nb\n", "prediction,weight\na,3\na,1\n");
    assert_eq!(desk.value("accuracy"), Ok(0.75));
    assert!(desk.read("accuracy").unwrap().notes()[0].contains("weighted"));
    let negative = Desk::new("y\na\nb\n", "prediction,weight\na,-3\na,1\n");
    insta::assert_snapshot!(negative.refused("accuracy", Fault::Paper), @"`p.csv`: the weight is negative in 1 of 2 rows (`-3` in line 2)");
    let none = Desk::new("y\na\nb\n", "prediction,weight\na,0\na,0\n");
    none.refused("accuracy", Fault::Paper);
    Desk::new("y\n1\n2\n", "prediction,weight\n1,1\n2,1\n").refused("pearson", Fault::Paper);
}

#[test]
fn a_file_without_a_header_is_read_by_position() {
    // The UCI wine data: the label first, then numbers.
    let wine = Desk::new(
        "1,14.23,1.71\n2,12.37,.94\n3,12.86,1.35\n",
        "prediction\n1\n2\n2\n",
    )
    .target("0");
    assert_eq!(wine.value("accuracy"), Ok(2.0 / 3.0));
    assert!(wine.read("accuracy").unwrap().notes()[0].contains("without a header"));
    // Cora: an id, many zeros and ones, the label last; tab-separated.
    let cora = Desk::new(
        "31336\t0\t1\t0\tNN\n10611\t0\t0\t0\tRL\n",
        "id,prediction\n10611,RL\n31336,NN\n",
    )
    .target("4")
    .ids("0");
    assert_eq!(cora.value("accuracy"), Ok(1.0));
    let beyond = Desk::new("1,2.5\n2,3.5\n", "prediction\n1\n2\n").target("7");
    assert!(
        beyond
            .refused("accuracy", Fault::Manifest)
            .contains("there is no column `7`")
    );
}

#[test]
fn names_that_are_numbers_are_still_names() {
    let desk = Desk::new("id,0,1\na,5,1\nb,5,2\n", "prediction\n1\n2\n").target("1");
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    let counted = Desk::new("0,1,2\n5,1,9\n5,2,9\n", "prediction\n1\n2\n").target("1");
    assert_eq!(counted.value("accuracy"), Ok(1.0));
}

#[test]
fn separators_are_found_and_marks_and_quotes_understood() {
    let desk = Desk::new("\u{feff}x;y\r\n1;\"a;b\"\r\n2;c\r\n", "prediction\na;b\nc\n");
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    let tabs = Desk::new("y\na\nb\n", "n\tprediction\n1\ta\n2\tb\n").called("p.tsv");
    assert_eq!(tabs.value("accuracy"), Ok(1.0));
}

#[test]
fn json_lines_are_a_table_too() {
    let desk = Desk::new(
        "y\n1\n0\n",
        "{\"prediction\": 1, \"more\": {\"x\": [1]}, \"loss\": NaN}\n\n{\"prediction\": \"0\", \"extra\": null}\n",
    )
    .called("p.jsonl");
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    let lacking = Desk::new("y\n1\n0\n", "{\"prediction\": 1}\n{\"p\": 0}\n").called("p.jsonl");
    insta::assert_snapshot!(lacking.refused("accuracy", Fault::Paper), @"`p.jsonl`: the prediction is empty in 1 of 2 rows (line 2)");
    let nan = Desk::new("y\n1\n0\n", "{\"prediction\": NaN}\n{\"prediction\": 0}\n").called("p.jsonl");
    insta::assert_snapshot!(nan.refused("mae", Fault::Paper), @"`p.jsonl`: the prediction is not a finite number in 1 of 2 rows (`NaN` in line 1)");
    let twice = Desk::new(
        "y\n1\n",
        "{\"prediction\": 1}\n{\"prediction\": 0, \"prediction\": 1}\n",
    )
    .called("p.jsonl");
    assert!(twice.refused("mae", Fault::Paper).contains("line 2"));
    let broken = Desk::new("y\n1\n", "{\"prediction\": 1}\n[1]\n").called("p.jsonl");
    assert!(
        broken
            .refused("mae", Fault::Paper)
            .contains("line 2 is not a JSON object")
    );
}

#[test]
fn an_array_of_objects_is_a_table_too() {
    let text = "[\n {\"prediction\": \"a, ]\",\n \"more\": [{\"x\": 1}]},\n{\"prediction\": \"b\"}]\n";
    let desk = Desk::new("y\n\"a, ]\"\nb\n", text).called("p.json");
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    let refused = |text: &str| {
        let desk = Desk::new("y\n1\n0\n", text).called("p.json");
        desk.refused("accuracy", Fault::Paper)
    };
    insta::assert_snapshot!(refused("{\"prediction\": [1, 0]}"), @r"`p.json`: it is one JSON document, and not an array of objects");
    insta::assert_snapshot!(refused("[{\"prediction\": 1}, {\"prediction\": null}]"), @r"`p.json`: the prediction is empty in 1 of 2 rows (row 2)");
    insta::assert_snapshot!(refused("[{\"prediction\": 1}, {\"prediction\": 0}"), @r"`p.json`: its array does not end");
    insta::assert_snapshot!(refused("[{\"prediction\": 1}, {\"prediction\": 0}] []"), @r"`p.json`: something follows the end of its array");
    insta::assert_snapshot!(refused("[1, 0]"), @r"`p.json`: row 1 is not a JSON object with plain values: invalid type: integer `1`, expected an object at line 1 column 1");
    insta::assert_snapshot!(refused("[]"), @r"`p.json`: it is empty");
    insta::assert_snapshot!(refused(" "), @r"`p.json`: it is empty");
}

#[test]
fn compressed_predictions_are_unpacked() {
    let desk = Desk::new("y\na\nb\n", "").called("p.csv.gz");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(b"prediction\na\nb\n").unwrap();
    let packed = gz.finish().unwrap();
    fs::write(&desk.predictions.path, &packed).unwrap();
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    fs::write(&desk.predictions.path, &packed[..packed.len() - 9]).unwrap();
    assert!(desk.value("accuracy").is_err(), "a file that is cut off");
}

#[test]
fn formats_that_are_not_supported_say_so() {
    for name in ["p.xlsx", "p.pkl"] {
        let desk = Desk::new("y\na\n", "x").called(name);
        assert!(
            desk.refused("accuracy", Fault::Paper)
                .contains("is not supported yet"),
            "{name}"
        );
    }
}

/// A folder with predictions from fixtures/tables.
fn fixture(labels: &str, name: &str) -> Desk {
    let mut desk = Desk::new(labels, "");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tables/");
    desk.predictions = TableFile::written(format!("{path}{name}"), name);
    desk
}

#[test]
fn typed_columns_are_classes_numbers_and_scores() {
    let labels: String = (0..60).map(|row| format!("{row},class {}\n", row % 3)).collect();
    let desk = fixture(&format!("k,y\n{labels}"), "zstd.parquet")
        .ids("k")
        .renamed("prediction", "class");
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    let numbers: String = (0..60).map(|row| format!("{}\n", f64::from(row) / 7.0)).collect();
    let desk = fixture(&format!("y\n{numbers}"), "gzip.parquet").renamed("prediction", "score");
    let desk = desk.renamed("id", "id");
    assert_eq!(desk.value("mae"), Ok(0.0));
    let whole: String = (0..60).map(|row| format!("{row}.0\n")).collect();
    let desk = fixture(&format!("y\n{whole}"), "none.parquet").renamed("prediction", "id");
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    assert_eq!(desk.value("mse"), Ok(0.0));
}

#[test]
fn truth_values_are_one_class_however_they_are_written() {
    let desk = fixture("y\nTrue\nFalse\n", "bool.npy");
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    assert_eq!(desk.value("f1"), Ok(1.0));
    assert_eq!(
        desk.read("accuracy").unwrap().notes(),
        ["classes are compared as truth values"]
    );
}

#[test]
fn arrays_are_the_columns_that_are_asked_for() {
    assert_eq!(fixture("y\n1\n255\n", "u1.npy").value("accuracy"), Ok(1.0));
    assert_eq!(fixture("y\n0.1\n-2\n1e15\n", "f8.npy").value("mae"), Ok(0.0));
    assert_eq!(fixture("y\n1\n0\n", "lone.npz").value("accuracy"), Ok(1.0));
    let named = fixture("k,y\n1,a\n3,b\n", "deflated.npz").ids("k");
    assert_eq!(named.value("accuracy"), Ok(1.0));
    let mut truth = fixture("", "u1.npy").target("anything");
    truth.truth.file = TableFile {
        format: None,
        ending: "repo:u1.npy".to_owned(),
        path: truth.predictions.path.clone(),
        ..truth.truth.file
    };
    assert_eq!(truth.value("accuracy"), Ok(1.0));
}

#[test]
fn the_columns_of_a_lone_array_are_the_scores_of_classes_that_count_up() {
    // Rows 0, ¼, ½ and ¾, 1, 1¼.
    for name in ["rows.npy", "columns.npy"] {
        let desk = fixture("y\n0\n2\n", name);
        let read = desk.read("log_loss").unwrap();
        let Scores::PerClass { classes, values } = read.scores().unwrap() else {
            panic!("{name} has scores per class");
        };
        assert_eq!(read.classes().unwrap().names, ["0", "2", "1"]);
        assert_eq!(classes, &[0, 2, 1]);
        assert_eq!(values, &[0.0, 0.25, 0.5, 0.75, 1.0, 1.25]);
        assert_eq!(
            read.notes(),
            ["the columns of the array are taken as the scores of the classes 0 to 2"]
        );
    }
    let named = fixture("k,y\n1,0\n3,2\n", "stored.npz").ids("k");
    let read = named.read("log_loss").unwrap();
    assert!(matches!(read.scores(), Ok(Scores::PerClass { classes, .. }) if classes.len() == 3));
}

#[test]
fn cells_of_typed_columns_that_are_no_predictions_are_counted_by_their_rows() {
    let labels = "y\n1\n2\n3\n";
    let said = |column: &str, metric: &str| {
        fixture(labels, "types.parquet")
            .renamed("prediction", column)
            .refused(metric, Fault::Paper)
    };
    insta::assert_snapshot!(said("f64", "mae"), @r"`types.parquet`: the prediction is empty in 1 of 3 rows (row 2); the prediction is not a finite number in 1 of 3 rows (`NaN` in row 3)");
    insta::assert_snapshot!(said("f64", "accuracy"), @r"`types.parquet`: the prediction is empty in 1 of 3 rows (row 2); the prediction is no class in 1 of 3 rows (`NaN` in row 3)");
    insta::assert_snapshot!(said("string", "mae"), @r"`types.parquet`: the prediction is empty in 1 of 3 rows (row 2); the prediction is not a finite number in 2 of 3 rows (`a` in row 1, `ääääääääääääääääääää` in row 3)");
    insta::assert_snapshot!(said("i8", "accuracy"), @r"`types.parquet`: the prediction is empty in 1 of 3 rows (row 2)");
    insta::assert_snapshot!(fixture("y\n1\n", "u1.npy").refused("mae", Fault::Paper), @r"`u1.npy`: it has 2 rows, and `labels` has 1 labels");
    let weights = fixture(labels, "types.parquet")
        .renamed("prediction", "nothing")
        .renamed("weight", "i16");
    insta::assert_snapshot!(weights.refused("mae", Fault::Paper), @r"`types.parquet`: the prediction is empty in 3 of 3 rows (row 1, row 2, row 3); the weight is empty in 1 of 3 rows (row 2); the weight is negative in 1 of 3 rows (`-300` in row 3)");
}

#[test]
fn ids_of_typed_columns_join_with_those_of_texts() {
    let labels = "k,y\n1,a\n3.0,b\n";
    assert_eq!(fixture(labels, "stored.npz").ids("k").value("accuracy"), Ok(1.0));
    let other = fixture("k,y\nx,a\n3,b\n", "stored.npz").ids("k");
    insta::assert_snapshot!(other.refused("accuracy", Fault::Paper), @r"`stored.npz`: 1 id that no label has: `1` (row 2); 1 of 2 labels without a prediction: `x` (line 2 of `labels`)");
    let mut twice = fixture("k,y\nx,a\n3,b\n", "stored.npz")
        .ids("prediction")
        .target("id");
    twice.truth.file = TableFile {
        format: None,
        ending: "snappy.parquet".to_owned(),
        path: twice.predictions.path.with_file_name("snappy.parquet"),
        ..twice.truth.file
    };
    twice.truth.id_column = Some("class".to_owned());
    insta::assert_snapshot!(twice.refused("accuracy", Fault::Manifest), @r"`labels`: 57 repeated ids: `class 0` (rows 1 and 4), `class 1` (rows 2 and 5), `class 2` (rows 3 and 6), …");
}

#[test]
fn empty_tables_say_so() {
    let desk = fixture("y\n1\n", "empty.parquet").renamed("prediction", "class");
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Paper), @r"`empty.parquet`: it has no rows");
}

#[test]
fn hostile_files_end_in_a_message() {
    let quote = Desk::new("y\na\n", &format!("prediction\n\"{}", "x,\n".repeat(7 << 20)));
    assert!(
        quote
            .refused("accuracy", Fault::Paper)
            .contains("a quote may never close")
    );
    let wide = Desk::new("y\na\n", &format!("prediction{}\n", ",c".repeat(100_000)));
    insta::assert_snapshot!(wide.refused("accuracy", Fault::Paper), @"`p.csv`: 100001 columns, more than 65536");
    let keys: String = (0..100_000).map(|key| format!("\"{key}\":0,")).collect();
    let wide = Desk::new("y\na\n", &format!("{{{keys}\"prediction\":0}}\n")).called("p.jsonl");
    insta::assert_snapshot!(wide.refused("accuracy", Fault::Paper), @"`p.jsonl`: 100001 columns, more than 65536");
    let ragged = Desk::new("y\na\nb\n", "id,prediction\n0,a\n1\n");
    insta::assert_snapshot!(ragged.refused("accuracy", Fault::Paper), @"`p.csv`: line 3 has 1 cells, and the first line has 2");
    let utf16 = Desk::new("y\na\n", "");
    fs::write(&utf16.predictions.path, b"\xff\xfep\0r\0").unwrap();
    insta::assert_snapshot!(utf16.refused("accuracy", Fault::Paper), @"`p.csv`: it is in UTF-16");
    let latin = Desk::new("y\na\n", "");
    fs::write(&latin.predictions.path, b"prediction\n\xe4\n").unwrap();
    insta::assert_snapshot!(latin.refused("accuracy", Fault::Paper), @"`p.csv`: line 2: the prediction is not UTF-8");
}

#[test]
fn only_regular_files_of_a_step_are_opened() {
    let desk = Desk::new("y\na\n", "prediction\na\n");
    let link = desk.folder.path().join("link");
    std::os::unix::fs::symlink(&desk.predictions.path, &link).unwrap();
    let mut linked = desk;
    linked.predictions.path = link;
    assert!(
        linked
            .refused("accuracy", Fault::Paper)
            .contains("not a regular file")
    );
    linked.predictions.path = linked.folder.path().to_owned();
    assert!(linked.refused("accuracy", Fault::Paper).contains("a folder"));
    linked.predictions.path = linked.folder.path().join("nothing");
    assert_eq!(
        linked.value("accuracy").unwrap_err().reason,
        Reason::MeasurementMissing
    );
}

#[test]
fn labels_of_an_archive_are_its_only_file() {
    let mut desk = Desk::new("", "prediction\na\nb\n");
    let folder = desk.folder.path().join("unpacked");
    fs::create_dir_all(folder.join("deep")).unwrap();
    fs::write(folder.join("deep/labels.tsv"), "x\ty\n1\ta\n2\tb\n").unwrap();
    desk.truth.file = TableFile {
        path: folder.clone(),
        name: "uci".to_owned(),
        ending: "https://example.org/uci.zip".to_owned(),
        format: None,
        side: Side::Pinned,
    };
    assert_eq!(desk.value("accuracy"), Ok(1.0));
    fs::write(folder.join("README"), "x").unwrap();
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Manifest), @"`uci`: it is a folder with 2 files and not a table: `README`, `deep/labels.tsv`");
}

#[test]
fn labels_are_read_as_their_data_set_says() {
    let data = |source: &str, format| Data {
        id: "cora".to_owned(),
        source: source.to_owned(),
        sha256: None,
        license: None,
        role: Role::Test,
        format,
        target: Some("y".to_owned()),
        id_column: None,
        group_column: None,
        time_column: None,
        member: None,
        unpack: false,
        place: None,
    };
    let mut desk = Desk::new("y,z\na,1\nb,2\n", "prediction\na\nb\n");
    let blob = desk.truth.file.path.clone();
    for source in [
        "repo:cora.csv",
        "https://example.org/cora.csv?raw=1",
        "repo:cora.content",
    ] {
        desk.truth = Truth::new(&data(source, None), &blob);
        assert_eq!(desk.value("accuracy"), Ok(1.0), "{source}");
    }
    desk.truth = Truth::new(&data("repo:cora.parquet", None), &blob);
    insta::assert_snapshot!(desk.refused("accuracy", Fault::Manifest), @"`cora`: it is no Parquet: it does not begin with `PAR1`");
    desk.truth = Truth::new(&data("repo:cora.parquet", Some(TableFormat::Csv)), &blob);
    assert_eq!(desk.value("accuracy"), Ok(1.0));
}

#[test]
fn whole_numbers_have_one_form() {
    let one = |text: &str| classes::whole_number(text);
    for text in ["1", "1.0", "01", "+1", "1e0", " 1 ", "1."] {
        assert_eq!(one(text).as_deref(), Some("1"), "`{text}`");
    }
    assert_eq!(one("-0.0").as_deref(), Some("0"));
    assert_eq!(one("9007199254740993").as_deref(), Some("9007199254740993"));
    for text in ["", "1.5", "nan", "inf", "x", "1e300", "0x1", "1_000", "1,0"] {
        assert_eq!(one(text), None, "`{text}`");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_bytes_end_in_a_value_or_a_message(bytes in prop::collection::vec(any::<u8>(), 0..200), json in any::<bool>()) {
        let desk = Desk::new("y\n1\n0\n", "").called(if json { "p.jsonl" } else { "p.csv" });
        fs::write(&desk.predictions.path, &bytes).unwrap();
        let _ = desk.value("accuracy");
        let _ = desk.value("log_loss");
    }

    #[test]
    fn nearly_right_files_end_in_a_value_or_a_message(
        text in "(prediction|id|score|score_1|weight|,|;|\n|\"|\\{|\\}|:|0|1|2|\\.|-|NaN|e| ){0,40}",
        json in any::<bool>(),
    ) {
        let desk = Desk::new("k,y\n0,1\n1,0\n", &text).ids("k").called(if json { "p.jsonl" } else { "p.csv" });
        for name in ["accuracy", "mae", "roc_auc", "brier"] {
            if let Ok(value) = desk.value(name) {
                prop_assert!(value.is_finite());
            }
        }
    }

    #[test]
    fn shuffled_rows_with_ids_give_the_same(order in Just((0..20_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let labels: String = (0..20).map(|row| format!("n{row},{}\n", row % 3)).collect();
        let rows: String = order.iter().map(|row| format!("n{row},{}\n", row % 4)).collect();
        let desk = Desk::new(&format!("k,y\n{labels}"), &format!("id,prediction\n{rows}")).ids("k");
        let right = (0..20).filter(|row| row % 3 == row % 4).count();
        prop_assert_eq!(desk.value("accuracy"), Ok(right as f64 / 20.0));
    }
}

mod sets;
