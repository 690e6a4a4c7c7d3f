//! Values out of logs, documents and tables: what is taken, and the exact words for what is not.

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::manifest::{Pick, RowPick, TableFormat, Unit};

/// A folder with what one execution left behind.
struct Left {
    folder: TempDir,
    files: StepFiles,
}

impl Left {
    fn stdout(text: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stdout = folder.path().join("stdout");
        fs::write(&stdout, text).unwrap();
        let files = StepFiles {
            stdout,
            ..StepFiles::default()
        };
        Self { folder, files }
    }

    fn output(name: &str, text: impl AsRef<[u8]>) -> Self {
        Self::stdout("").and(name, text)
    }

    fn and(mut self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self
            .folder
            .path()
            .join(format!("out-{}", self.files.outputs.len()));
        fs::write(&path, text).unwrap();
        self.files.outputs.insert(name.to_owned(), Output::Found { path });
        self
    }

    fn measure(&self, extraction: &Extraction, metric: &str) -> Result<Measurement, Unmeasured> {
        let direction = info(metric).map_or(Direction::HigherIsBetter, |info| info.direction);
        super::measure(extraction, metric, direction, &self.files)
    }

    fn matched(&self, pattern: &str, pick: Pick) -> Result<Measurement, Unmeasured> {
        self.measure(&of_stdout(pattern, pick, Unit::Native), "accuracy")
    }

    fn at(&self, pointer: &str) -> Result<Measurement, Unmeasured> {
        let extraction = Extraction::Json {
            file: "results.json".to_owned(),
            pointer: pointer.to_owned(),
            unit: Unit::Native,
        };
        self.measure(&extraction, "accuracy")
    }

    fn cell(&self, column: &str, row: RowPick) -> Result<Measurement, Unmeasured> {
        let extraction = Extraction::Csv {
            file: "log.csv".to_owned(),
            column: column.to_owned(),
            row,
            unit: Unit::Native,
        };
        self.measure(&extraction, "accuracy")
    }
}

fn of_stdout(pattern: &str, pick: Pick, unit: Unit) -> Extraction {
    Extraction::Pattern {
        text: TextSource::Stdout,
        pattern: pattern.to_owned(),
        pick,
        unit,
    }
}

const ACC: &str = r"acc[=:] *(?<value>\S+)";

#[test]
fn which_match_counts_is_said_and_noted() {
    let left = Left::stdout("acc=0.5\nloss=1\nacc=0.9\nacc=0.7\n");
    let values = |pick| left.matched(ACC, pick).unwrap().values;
    assert_eq!(values(Pick::First), [0.5]);
    assert_eq!(values(Pick::Last), [0.7]);
    assert_eq!(values(Pick::Best), [0.9]);
    assert_eq!(values(Pick::All), [0.5, 0.9, 0.7]);
    let last = left.matched(ACC, Pick::Last).unwrap();
    assert_eq!(
        (last.places, last.text.as_str()),
        (vec!["stdout line 4".to_owned()], "acc=0.7")
    );
    insta::assert_snapshot!(last.notes[0], @r"the last of 3 matches of `acc[=:] *(?<value>\S+)` in stdout");
    let best = left.matched(ACC, Pick::Best).unwrap();
    insta::assert_snapshot!(best.notes[0], @"the best of 3 values by the test metric itself: a selection on the test data, which makes the value look better than it is");
    assert_eq!(best.places, ["stdout line 3"]);
}

#[test]
fn the_best_error_is_the_least() {
    let left = Left::stdout("acc=5\nacc=3\nacc=4\n");
    let least = left
        .measure(&of_stdout(ACC, Pick::Best, Unit::Native), "rmse")
        .unwrap();
    assert_eq!(least.values, [3.0]);
}

#[test]
fn several_where_one_is_meant_are_refused_with_their_places() {
    let left = Left::stdout("acc=0.5\nacc=0.9\nacc=0.7 acc=0.8\n");
    let error = left.matched(ACC, Pick::Only).unwrap_err();
    assert_eq!(
        (error.reason, error.fault),
        (Reason::MeasurementInvalid, Fault::Manifest)
    );
    insta::assert_snapshot!(error.detail, @r"4 matches of `acc[=:] *(?<value>\S+)` in stdout where one is meant: stdout line 1, stdout line 2, stdout line 3, …");
    assert_eq!(
        Left::stdout("acc=0.5").matched(ACC, Pick::Only).unwrap().values,
        [0.5]
    );
}

#[test]
fn nothing_found_says_how_much_was_searched() {
    let error = Left::stdout("one\ntwo\n").matched(ACC, Pick::Last).unwrap_err();
    assert_eq!(
        (error.reason, error.fault),
        (Reason::MeasurementMissing, Fault::Manifest)
    );
    insta::assert_snapshot!(error.detail, @r"nothing in stdout matches `acc[=:] *(?<value>\S+)` (2 lines searched)");
    insta::assert_snapshot!(error.hint.unwrap(), @"either the pattern is not what the code prints, or the code did not get as far as printing it: look into stdout");
    assert!(Left::stdout("").matched(ACC, Pick::Last).is_err());
}

#[test]
fn numbers_are_read_as_people_print_them() {
    let value = |text: &str| {
        Left::stdout(format!("acc={text}\n"))
            .matched(ACC, Pick::Only)
            .map(|m| m.values[0])
    };
    assert_eq!(value("82.1%"), Ok(0.821));
    assert_eq!(value("1.2e-3"), Ok(0.0012));
    assert_eq!(value("+.5"), Ok(0.5));
    assert_eq!(value("1."), Ok(1.0));
    assert_eq!(value("1.0000001"), Ok(1.0000001)); // what f32 makes of 1
    let behind = Left::stdout("accuracy 82.1 % of all\n").matched(r"accuracy (?<value>[0-9.]+)", Pick::Only);
    assert_eq!(behind.unwrap().values, [0.821]);
    let said = of_stdout(r"accuracy (?<value>[0-9.]+)", Pick::Only, Unit::Percent);
    assert_eq!(
        Left::stdout("accuracy 82.1\n")
            .measure(&said, "accuracy")
            .unwrap()
            .values,
        [0.821]
    );
    assert_eq!(
        Left::stdout("accuracy 82.1%\n")
            .measure(&said, "accuracy")
            .unwrap()
            .values,
        [0.821]
    );
}

#[track_caller]
fn refused(text: &str, fault: Fault) -> (String, String) {
    let error = Left::stdout(format!("first\nacc={text}\n"))
        .matched(ACC, Pick::Last)
        .unwrap_err();
    assert_eq!(
        (error.reason, error.fault),
        (Reason::MeasurementInvalid, fault),
        "{error}"
    );
    (error.detail, error.hint.unwrap())
}

#[test]
fn what_is_no_number_is_refused_with_its_place() {
    insta::assert_snapshot!(refused("nan", Fault::Paper).0, @"stdout line 2: `nan` is not a finite number");
    insta::assert_snapshot!(refused("-inf", Fault::Paper).0, @"stdout line 2: `-inf` is not a finite number");
    insta::assert_snapshot!(refused("1e999", Fault::Paper).0, @"stdout line 2: `1e999` is not a finite number");
    insta::assert_snapshot!(refused("82,1", Fault::Manifest).0, @"stdout line 2: `82,1` has a comma, which may divide decimals or thousands");
    insta::assert_snapshot!(refused("tensor(0.5)", Fault::Manifest).0, @"stdout line 2: `tensor(0.5)` is not a number");
    for text in [
        "0x1", "1_0", "--1", "1e", ".", "e5", "infinity", "NaN", "½", "1.2.3",
    ] {
        assert!(refused_any(text), "{text}");
    }
}

fn refused_any(text: &str) -> bool {
    Left::stdout(format!("acc={text}\n"))
        .matched(ACC, Pick::Last)
        .is_err()
}

#[test]
fn a_value_that_the_metric_cannot_be_is_refused() {
    let (detail, hint) = refused("82.1", Fault::Manifest);
    insta::assert_snapshot!(detail, @"stdout line 2: 82.1 cannot be a value of `accuracy`, which lies between 0 and 1");
    assert!(hint.contains("unit = \"percent\""));
    insta::assert_snapshot!(refused("-3", Fault::Paper).0, @"stdout line 2: -3 cannot be a value of `accuracy`, which lies between 0 and 1");
    refused("182%", Fault::Paper);
    // A metric that nobody knows has no range.
    let unknown = Left::stdout("acc=82.1\n")
        .measure(&of_stdout(ACC, Pick::Only, Unit::Native), "elo")
        .unwrap();
    assert_eq!(unknown.values, [82.1]);
}

#[test]
fn one_bad_run_among_several_is_not_left_out() {
    let left = Left::stdout("acc=0.5\nacc=nan\n");
    assert!(
        left.matched(ACC, Pick::All)
            .unwrap_err()
            .detail
            .contains("stdout line 2")
    );
    assert!(left.matched(ACC, Pick::Best).is_err());
    assert_eq!(left.matched(ACC, Pick::First).unwrap().values, [0.5]);
}

#[test]
fn terminals_tricks_do_not_hide_a_number() {
    let text = b"\x1b[2K\r  1%|x| acc=0.1\r 50%|x| acc=0.2\r100%|x| acc=0.3\n\x1b[1;32macc\x1b[0m=\x1b]8;;http://x\x07\x1b[31m0.4\x1b[m\x1b]8;;\x1b\\ \xff\xfe\x08\n";
    let all = Left::stdout(text).matched(ACC, Pick::All).unwrap();
    assert_eq!(all.values, [0.1, 0.2, 0.3, 0.4]);
    assert_eq!(
        all.places,
        ["stdout line 1", "stdout line 1", "stdout line 1", "stdout line 2"]
    );
    assert!(!all.text.contains('\x1b'));
    let windows = Left::stdout("a\r\nacc=0.5\r\n")
        .matched(r"^acc=(?<value>[0-9.]+)$", Pick::Only)
        .unwrap();
    assert_eq!(windows.places, ["stdout line 2"]);
}

#[test]
fn a_log_of_any_size_is_read_in_bounded_memory() {
    let mut text = vec![b'x'; 3 << 20];
    text.extend_from_slice(b" acc=0.9\nacc=0.5\n");
    let found = Left::stdout(text).matched(ACC, Pick::Only).unwrap();
    assert_eq!(
        (found.values, found.places),
        (vec![0.5], vec!["stdout line 2".to_owned()])
    );
    insta::assert_snapshot!(found.notes[0], @"stdout line 1 is longer than 64 KiB: only its start was searched");
    let many = Left::stdout("acc=0.5\n".repeat(100_001))
        .matched(ACC, Pick::All)
        .unwrap_err();
    assert!(many.detail.starts_with("more than 100000 matches"));
}

#[test]
fn patterns_that_cannot_be_used_say_why() {
    let left = Left::stdout("acc=1\n");
    let group = left.matched("acc=(.*)", Pick::Only).unwrap_err();
    insta::assert_snapshot!(group.detail, @"the pattern `acc=(.*)` has no group `value`");
    for pattern in [
        "(?<value>",
        r"(?<value>\w{1000}){1000}",
        r"(?<value>a)(?<value>b)",
    ] {
        let error = left.matched(pattern, Pick::Only).unwrap_err();
        assert_eq!(error.fault, Fault::Manifest);
        assert!(error.detail.contains("is not usable"), "{error}");
    }
    // A group that takes no part in the match is no value.
    assert_eq!(
        left.matched("acc|(?<value>x)", Pick::Only).unwrap_err().reason,
        Reason::MeasurementMissing
    );
}

#[test]
fn stale_missing_and_undeclared_outputs_are_told_apart() {
    let mut left = Left::output("a.json", "{}");
    left.files
        .outputs
        .insert("results.json".to_owned(), Output::Stale);
    let stale = left.at("/acc").unwrap_err();
    assert_eq!(
        (stale.reason, stale.fault),
        (Reason::MeasurementMissing, Fault::Paper)
    );
    insta::assert_snapshot!(stale.detail, @"`results.json` came with the repository and this run did not write it");
    left.files
        .outputs
        .insert("results.json".to_owned(), Output::Missing);
    let missing = left.at("/acc").unwrap_err();
    assert_eq!(
        (missing.reason, missing.fault),
        (Reason::MeasurementMissing, Fault::Paper)
    );
    insta::assert_snapshot!(missing.detail, @"the step ended well and did not write `results.json`");
    left.files.outputs.remove("results.json");
    left.files
        .outputs
        .insert("result.json".to_owned(), Output::Missing);
    let undeclared = left.at("/acc").unwrap_err();
    assert_eq!(undeclared.fault, Fault::Manifest);
    insta::assert_snapshot!(undeclared.hint.unwrap(), @"did you mean `result.json`?");
}

#[test]
fn a_pointer_finds_a_number_or_an_array_of_them() {
    let text = r#"{"test": {"acc": 0.91, "text": "92.5 %", "runs": [0.9, "0.8", 1], "a/b": {"~": 0.5}, "": 0.25}, "list": [{"acc": 0.7}]}"#;
    let left = Left::output("results.json", text);
    assert_eq!(left.at("/test/acc").unwrap().values, [0.91]);
    assert_eq!(left.at("/test/acc").unwrap().places, ["results.json /test/acc"]);
    assert_eq!(left.at("/test/text").unwrap().values, [0.925]);
    let runs = left.at("/test/runs").unwrap();
    assert_eq!(runs.values, [0.9, 0.8, 1.0]);
    assert_eq!(
        (runs.places[2].as_str(), runs.text.as_str()),
        ("results.json /test/runs/2", "0.9\n0.8\n1")
    );
    assert_eq!(left.at("/test/a~1b/~0").unwrap().values, [0.5]);
    assert_eq!(left.at("/test/").unwrap().values, [0.25]);
    assert_eq!(left.at("/list/0/acc").unwrap().values, [0.7]);
    assert_eq!(Left::output("results.json", "0.5").at("").unwrap().values, [0.5]);
    assert_eq!(
        Left::output("results.json", "\u{feff}[0.5]\n")
            .at("/0")
            .unwrap()
            .values,
        [0.5]
    );
}

#[test]
fn a_pointer_that_finds_nothing_says_where_it_stopped() {
    let left = Left::output("results.json", r#"{"test": {"accuracy": 0.9, "list": [1]}}"#);
    let error = left.at("/test/acc").unwrap_err();
    assert_eq!(
        (error.reason, error.fault),
        (Reason::MeasurementMissing, Fault::Manifest)
    );
    insta::assert_snapshot!(error.detail, @"`results.json`: there is nothing at `/test/acc`: `/test` has no `acc`");
    insta::assert_snapshot!(error.hint.unwrap(), @"did you mean `accuracy`?");
    insta::assert_snapshot!(left.at("/val").unwrap_err().detail, @"`results.json`: there is nothing at `/val`: the top has no `val`");
    insta::assert_snapshot!(left.at("/test/list/01").unwrap_err().detail, @"`results.json`: there is nothing at `/test/list/01`: `/test/list` has no `01`");
    insta::assert_snapshot!(left.at("/test/accuracy/x/y").unwrap_err().detail, @"`results.json`: there is nothing at `/test/accuracy/x/y`: `/test/accuracy` has no `x`");
    insta::assert_snapshot!(left.at("test.acc").unwrap_err().hint.unwrap(), @"write `/test/acc`");
}

#[test]
fn what_stands_at_a_pointer_must_be_numbers() {
    let wrong = |value: &str| {
        let error = Left::output("results.json", format!("{{\"a\": {value}}}"))
            .at("/a")
            .unwrap_err();
        assert_eq!(error.reason, Reason::MeasurementInvalid);
        error.detail
    };
    insta::assert_snapshot!(wrong("true"), @"`results.json`: at `/a` stands true or false and not a number");
    insta::assert_snapshot!(wrong("null"), @"`results.json`: at `/a` stands null and not a number");
    insta::assert_snapshot!(wrong("{\"b\": 1}"), @"`results.json`: at `/a` stands an object and not a number");
    insta::assert_snapshot!(wrong("[]"), @"`results.json`: the array at `/a` is empty");
    insta::assert_snapshot!(wrong("[1, null]"), @"`results.json`: at `/a` stands an array that holds more than numbers and not a number");
    insta::assert_snapshot!(wrong("[[1]]"), @"`results.json`: at `/a` stands an array that holds more than numbers and not a number");
    insta::assert_snapshot!(wrong("\"x\""), @"results.json /a: `x` is not a number");
    insta::assert_snapshot!(wrong("NaN"), @"results.json /a: `NaN` is not a finite number");
    insta::assert_snapshot!(wrong("-Infinity"), @"results.json /a: `-Infinity` is not a finite number");
    assert!(wrong("1e999").contains("not JSON that can be used"));
}

#[test]
fn pythons_nan_elsewhere_does_not_spoil_a_number() {
    let text = r#"{"loss": NaN, "s": "NaN \" NaN", "x": [Infinity, -Infinity, -1e-5], "acc": 0.5}"#;
    assert_eq!(
        Left::output("results.json", text).at("/acc").unwrap().values,
        [0.5]
    );
}

#[test]
fn documents_that_contradict_themselves_or_end_early_are_refused() {
    let detail = |text: &str| Left::output("results.json", text).at("/a").unwrap_err().detail;
    assert!(detail(r#"{"a": 1, "a": 0}"#).contains("the key `a` stands there twice"));
    assert!(detail(r#"{"a": 1"#).contains("not JSON that can be used"));
    assert!(detail(r#"{"a": 1} {"a": 2}"#).contains("not JSON that can be used"));
    assert!(detail("").contains("not JSON that can be used"));
    assert!(detail(&"[".repeat(1 << 20)).contains("not JSON that can be used"));
    // A key twice off the way is none of our business.
    assert!(
        Left::output("results.json", r#"{"b": 1, "b": 0, "a": 1}"#)
            .at("/a")
            .is_ok()
    );
}

#[test]
fn a_cell_is_found_by_column_and_row() {
    let left = Left::output(
        "log.csv",
        "epoch,acc,split\n1,0.5,val\n1,,test\n2,0.6,val\n2,0.7,test\n",
    );
    let pick = |pick| left.cell("acc", RowPick::Pick(pick)).map(|found| found.values);
    assert_eq!(pick(Pick::Last), Ok(vec![0.7]));
    assert_eq!(pick(Pick::First), Ok(vec![0.5]));
    assert_eq!(pick(Pick::Best), Ok(vec![0.7]));
    assert_eq!(pick(Pick::All), Ok(vec![0.5, 0.6, 0.7]));
    assert!(pick(Pick::Only).is_err());
    let last = left.cell("acc", RowPick::Pick(Pick::Last)).unwrap();
    assert_eq!(
        (last.places[0].as_str(), last.text.as_str()),
        ("log.csv line 5, column `acc`", "0.7")
    );
    assert_eq!(
        last.notes,
        [
            "the last of 3 values in the column `acc`",
            "1 rows without a value there were passed over"
        ]
    );
    assert_eq!(left.cell("acc", RowPick::Index(2)).unwrap().values, [0.6]);
    let rows = |cells: &[(&str, &str)]| {
        let cells = cells
            .iter()
            .map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned()));
        left.cell("acc", RowPick::Where(cells.collect()))
    };
    assert_eq!(
        rows(&[("epoch", "2.0"), ("split", "test")]).unwrap().values,
        [0.7]
    );
    insta::assert_snapshot!(rows(&[("epoch", "2")]).unwrap_err().detail, @"2 rows with these cells where one is meant: log.csv line 4, column `acc`, log.csv line 5, column `acc`");
    insta::assert_snapshot!(rows(&[("epoch", "9")]).unwrap_err().detail, @"none of the 4 rows of `log.csv` has epoch = 9");
    insta::assert_snapshot!(rows(&[("epoch", "1"), ("split", "test")]).unwrap_err().detail, @"`log.csv`: line 3: the cell in the column `acc` is empty");
}

#[test]
fn a_cell_that_is_not_there_says_what_is() {
    let left = Left::output("log.csv", "epoch,test_acc\n1,0.5\n");
    let column = left.cell("test_accuracy", RowPick::Index(0)).unwrap_err();
    insta::assert_snapshot!(column.hint.unwrap(), @"did you mean `test_acc`? its columns are `epoch`, `test_acc`");
    insta::assert_snapshot!(left.cell("test_acc", RowPick::Index(7)).unwrap_err().detail, @"`log.csv` has 1 rows, and row 7 (from 0) is asked for");
    let empty = Left::output("log.csv", "acc\n")
        .cell("acc", RowPick::Pick(Pick::Last))
        .unwrap_err();
    assert_eq!(
        (empty.reason, empty.fault),
        (Reason::MeasurementMissing, Fault::Paper)
    );
    let nan = Left::output("log.csv", "x;acc\n1;nan\n")
        .cell("acc", RowPick::Pick(Pick::Last))
        .unwrap_err();
    insta::assert_snapshot!(nan.detail, @"log.csv line 2, column `acc`: `nan` is not a finite number");
}

fn from_predictions(metric_truth: &str) -> Extraction {
    Extraction::Predictions {
        file: "p.csv".to_owned(),
        truth: metric_truth.to_owned(),
        target: Some("y".to_owned()),
        columns: BTreeMap::new(),
        positive: None,
    }
}

#[test]
fn predictions_are_scored_with_our_labels() {
    let mut left = Left::output("p.csv", "prediction\na\nb\nb\nb\n").and("labels", "y\na\nb\na\nb\n");
    let Some(Output::Found { path }) = left.files.outputs.remove("labels") else {
        panic!("labels")
    };
    let truth = Truth {
        file: TableFile {
            path,
            name: "cora".to_owned(),
            ending: "cora".to_owned(),
            format: Some(TableFormat::Csv),
            side: Side::Pinned,
        },
        target: None,
        id_column: None,
        group_column: None,
    };
    left.files.truths.insert("cora".to_owned(), truth);
    let found = left.measure(&from_predictions("cora"), "acc").unwrap();
    assert_eq!(found.values, [0.75]);
    assert_eq!((found.examples, found.floor), (Some(4), Some(0.5)));
    assert_eq!(found.signature.as_deref(), Some("accuracy|v=reproof-1"));
    assert_eq!(found.places, ["p.csv (4 rows)"]);
    insta::assert_snapshot!(found.text, @"0.75 from 4 rows of p.csv against `cora`");
    let planned = left.measure(&from_predictions("cora"), "crps").unwrap_err();
    insta::assert_snapshot!(planned.detail, @"`crps` is not computed from predictions yet");
    assert!(
        left.measure(&from_predictions("cora"), "elo")
            .unwrap_err()
            .detail
            .contains("not a metric of the registry")
    );
    assert!(
        left.measure(&from_predictions("pubmed"), "acc")
            .unwrap_err()
            .detail
            .contains("no labels `pubmed`")
    );
    insta::assert_snapshot!(left.measure(&from_predictions("cora"), "f1").unwrap_err().detail, @"`p.csv`: which of the classes `a`, `b` is the positive one is not said");
}

#[test]
fn hostile_text_is_shown_without_its_controls() {
    let error = Left::stdout("acc=\u{1b}[31m\u{7}x\u{202e}y\n")
        .matched(ACC, Pick::Only)
        .unwrap_err();
    assert!(!error.detail.chars().any(char::is_control), "{error}");
    let long = Left::output(
        "results.json",
        format!("{{\"a\": \"{}\"}}", "\\u0007é".repeat(10_000)),
    );
    let error = long.at("/a").unwrap_err();
    assert!(
        error.detail.len() < 600 && !error.detail.chars().any(char::is_control),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_end_in_values_or_a_message(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let left = Left::stdout(&bytes).and("results.json", &bytes).and("log.csv", &bytes);
        for pick in [Pick::Only, Pick::First, Pick::Last, Pick::Best, Pick::All] {
            let _ = left.matched(r"(?<value>\S*)", pick);
            let _ = left.cell("a", RowPick::Pick(pick));
        }
        let _ = left.at("/a/0");
    }

    #[test]
    fn nearly_right_text_ends_in_finite_values_or_a_message(
        text in "(acc=|a|0|1|9|\\.|e|-|%| |,|nan|inf|NaN|Infinity|\n|\r|\"|\\{|\\}|\\[|\\]|:|\\\\|\u{1b}\\[|\u{1b}\\]|\u{7}){0,30}",
    ) {
        let left = Left::stdout(&text).and("results.json", &text).and("log.csv", &text);
        let all = [left.matched(ACC, Pick::All), left.at("/a"), left.at(""), left.cell("a", RowPick::Pick(Pick::All))];
        for found in all.into_iter().flatten() {
            prop_assert!(!found.values.is_empty() && found.values.len() == found.places.len());
            prop_assert!(found.values.iter().all(|value| (-1e-6..=1.000_001).contains(value)));
        }
    }

    #[test]
    fn numbers_come_back_as_they_were_printed(value in 0.0..1.0_f64) {
        let printed = Left::stdout(format!("acc={value}\n")).matched(ACC, Pick::Only).unwrap();
        prop_assert_eq!(printed.values, vec![value]);
        let json = Left::output("results.json", format!("{{\"acc\": {value:e}}}")).at("/acc").unwrap();
        prop_assert_eq!(json.values, vec![value]);
    }

    #[test]
    fn any_pointer_and_pattern_is_survived(pointer in ".*", pattern in ".*") {
        let left = Left::stdout("acc=1").and("results.json", "{\"a\": [1]}");
        let _ = left.at(&pointer);
        let _ = left.matched(&format!("(?<value>{pattern})"), Pick::Only);
    }
}
