//! `reproof metrics`: what it says of files, and how it ends.

use serde_json::{Value, json};

use crate::common::{Bench, Ran};

const TRUTH: &str = "id,y,w\na,yes,1\nb,no,1\nc,yes,2\nd,no,1\n";
const PREDICTIONS: &str = "id,prediction,score,weight\nd,no,0.2,1\nc,yes,0.9,2\nb,yes,0.6,1\na,yes,0.7,1\n";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("t.csv", TRUTH);
    bench.write("p.csv", PREDICTIONS);
    bench
}

/// The program on the two files of the bench.
fn metrics(bench: &Bench, more: &[&str]) -> Ran {
    let base = [
        "metrics",
        "--truth",
        "t.csv",
        "--predictions",
        "p.csv",
        "--target",
        "y",
    ];
    bench.run(&[&base, more].concat())
}

fn fixture(name: &str) -> String {
    format!("{}/fixtures/tables/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn programs_get_the_values_under_the_names_they_asked_for() {
    let ran = metrics(
        &bench(),
        &[
            "--metric", "accuracy", "--metric", "Macro-F1", "--metric", "auc", "--format", "json",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout, @r#"
    {
      "errors": {},
      "examples": 4,
      "floors": {
        "Macro-F1": null,
        "accuracy": 0.6,
        "auc": 0.5
      },
      "metrics": {
        "Macro-F1": 0.7619047619047619,
        "accuracy": 0.8,
        "auc": 1.0
      },
      "notes": [
        "weighted by the column `weight` of the predictions"
      ],
      "signatures": {
        "Macro-F1": "f1:macro|zero_division=0|weights=column|v=reproof-1",
        "accuracy": "accuracy|weights=column|v=reproof-1",
        "auc": "roc_auc|positive=yes|weights=column|v=reproof-1"
      }
    }
    "#);
}

#[test]
fn people_get_a_table() {
    let ran = metrics(&bench(), &["--metric", "accuracy", "--metric", "r2"]);
    assert_eq!(ran.code, 2, "the labels are no numbers");
    insta::assert_snapshot!(ran.stdout, @r"
    metric    value     floor     signature
    ──────────────────────────────────────────────────────────────────
    accuracy  0.800000  0.600000  accuracy|weights=column|v=reproof-1
    r2        –         –         –

    r2: `t.csv`: the label is not a finite number in 4 of 4 rows (`yes` in line 2, `no` in line 3, `yes` in line 4, …)

    4 examples
    note: weighted by the column `weight` of the predictions
    ");
}

#[test]
fn without_a_metric_those_that_suit_the_files_are_computed() {
    let names = |ran: Ran| -> Vec<String> {
        assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
        let metrics = ran.json()["metrics"].clone();
        metrics.as_object().expect("metrics").keys().cloned().collect()
    };
    let json = ["--format", "json"];
    assert_eq!(
        names(metrics(&bench(), &json)),
        [
            "accuracy",
            "average_precision",
            "balanced_accuracy",
            "brier",
            "f1",
            "f1:macro",
            "log_loss",
            "matthews_corrcoef",
            "precision",
            "recall",
            "roc_auc"
        ]
    );
    let several = bench();
    several.write("t.csv", "y\na\nb\nc\n");
    several.write("p.csv", "score_a,score_b,score_c\n1,0,0\n0,1,0\n0,0,1\n");
    assert_eq!(names(metrics(&several, &json)), ["brier", "log_loss"]);
    let numbers = bench();
    numbers.write("t.csv", "y\n1.5\n2\n3\n");
    numbers.write("p.csv", "prediction\n1\n2\n3\n");
    assert_eq!(names(metrics(&numbers, &json)), ["mae", "r2", "rmse"]);
}

#[test]
fn rows_are_joined_where_both_files_have_an_id_and_else_counted() {
    let value = |ran: Ran| {
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.json()["metrics"]["accuracy"].clone()
    };
    let accuracy = ["--metric", "accuracy", "--format", "json"];
    assert_eq!(
        value(metrics(&bench(), &accuracy)),
        json!(0.8),
        "weighted, joined"
    );
    let renamed = bench();
    renamed.write("t.csv", &TRUTH.replace("id,", "key,"));
    let with = [&accuracy[..], &["--id", "id", "--truth-id", "key"]].concat();
    assert_eq!(value(metrics(&renamed, &with)), json!(0.8));
    let without = bench();
    without.write("t.csv", "y\nno\nyes\nyes\nyes\n");
    without.write("p.csv", "id2,prediction\n1,no\n2,no\n3,yes\n4,yes\n");
    assert_eq!(value(metrics(&without, &accuracy)), json!(0.75));
    let missing = metrics(&without, &[&accuracy[..], &["--id", "id"]].concat());
    assert_eq!(missing.code, 2);
    assert!(
        missing.stderr.contains("there is no column `id`"),
        "{}",
        missing.stderr
    );
}

#[test]
fn what_does_not_fit_is_refused_with_counts_and_never_left_out() {
    let bench = bench();
    bench.write("p.csv", "id,prediction\na,yes\nb,no\nx,no\n");
    let ran = metrics(&bench, &["--metric", "accuracy"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stdout, "");
    insta::assert_snapshot!(ran.stderr, @r"
    error: `p.csv`: 1 id that no label has: `x` (line 4); 2 of 4 labels without a prediction: `c` (line 4 of `t.csv`), `d` (line 5 of `t.csv`)

    hint: every label needs exactly one prediction; the labels are to be those of the measured split alone
    ");
}

#[test]
fn wrong_usage_says_what_was_meant() {
    let wrong = |more: &[&str]| {
        let ran = metrics(&bench(), more);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{more:?}");
        ran.stderr
    };
    insta::assert_snapshot!(wrong(&["--metric", "acuracy"]), @r"error: --metric: unknown metric `acuracy`; did you mean `accuracy`?");
    insta::assert_snapshot!(wrong(&["--column", "yhat"]), @r"error: --column: `yhat` is not STANDARD=NAME, such as `prediction=yhat`");
    insta::assert_snapshot!(wrong(&["--metric", "accuracy", "--column", "predicton=p"]), @r"
    error: `columns` renames `predicton`, which is no standard column

    hint: did you mean `prediction`? the standard columns are `id`, `prediction`, `score`, `group`, `stratum`, `weight`, `rank`, `item`, `relevance`, `event`, `log_prob`, `nll`, `tokens`, `x_min`, `y_min`, `x_max`, `y_max`, `iscrowd`, `score_<class>`
    ");
    let ran = bench().run(&["metrics", "--truth", "t.csv", "--predictions", "p.csv"]);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.stderr, @r"error: --target: say which column of the labels is the label");
}

#[test]
fn parquet_and_arrays_are_read_as_well() {
    let bench = bench();
    let rows: String = (0..60).map(|row| format!("{row},class {}\n", row % 3)).collect();
    bench.write("t.csv", &format!("id,y\n{rows}"));
    let json = |arguments: &[&str]| -> Value {
        let ran = bench.run(&[&["metrics", "--format", "json"], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.json()
    };
    let parquet = json(&[
        "--truth",
        "t.csv",
        "--target",
        "y",
        "--predictions",
        &fixture("zstd.parquet"),
        "--column",
        "prediction=class",
        "--metric",
        "accuracy",
    ]);
    assert_eq!(parquet["metrics"]["accuracy"], 1.0);
    assert_eq!(parquet["examples"], 60);
    let bytes = fixture("u1.npy");
    let arrays = json(&["--truth", &bytes, "--predictions", &bytes, "--metric", "acc"]);
    assert_eq!(arrays["metrics"]["acc"], 1.0);
}

/// Two hundred examples of two classes with scores, in twenty groups of ten that are all alike.
fn grouped() -> Bench {
    let bench = Bench::new();
    let (mut truth, mut predictions) = ("id,y\n".to_owned(), "id,prediction,score,patient\n".to_owned());
    for row in 0..200 {
        let (patient, right) = (row / 10, row / 10 % 4 != 0);
        let label = row % 3 == 0;
        let guess = label == right;
        let score = 0.2 + 0.5 * f64::from(u8::from(guess)) + 0.001 * f64::from(row % 7);
        truth += &format!("{row},{}\n", u8::from(label));
        predictions += &format!("{row},{},{score:.4},p{patient}\n", u8::from(guess));
    }
    bench.write("t.csv", &truth);
    bench.write("p.csv", &predictions);
    bench
}

#[test]
fn an_interval_says_how_it_was_made() {
    let width = |more: &[&str], metric: &str, method: &str| {
        let asked = ["--metric", metric, "--interval", "--format", "json"];
        let found = metrics(&grouped(), &[&asked, more].concat()).json()["intervals"][metric].clone();
        assert_eq!(found["method"], method, "{found:#}");
        found["high"].as_f64().expect("an end") - found["low"].as_f64().expect("an end")
    };
    let alone = width(&[], "accuracy", "Wilson");
    // 150 of 200: SciPy's and statsmodels' Wilson interval is 0.6857 to 0.8050.
    assert!((alone - 0.1193).abs() < 1e-3, "{alone}");
    let patients = ["--clusters", "patient"];
    let clustered = width(&patients, "accuracy", "BCa bootstrap, 2000 resamples of clusters");
    assert!(clustered > 2.5 * alone, "{clustered} and {alone}");
    width(&[], "roc_auc", "DeLong");
    width(&[], "f1:macro", "BCa bootstrap, 2000 resamples");
    let strata = ["--strata", "patient"];
    let without = ["--metric", "accuracy", "--interval", "--format", "json"];
    let stratified = metrics(&grouped(), &[&without[..], &strata].concat()).json();
    let reason = &stratified["intervals"]["accuracy"]["reason"];
    assert_eq!(reason, "every resample gives the same value", "{stratified:#}");
    let level = metrics(&grouped(), &["--interval", "--level", "95"]);
    assert_eq!(level.code, 2);
    assert!(level.stderr.contains("--level"), "{}", level.stderr);
}

#[test]
fn a_claimed_number_is_told_by_the_reading_that_gives_it() {
    let asked = |claimed: &str| {
        let asked = ["--metric", "f1:macro", "--claimed", claimed, "--format", "json"];
        metrics(&grouped(), &asked).json()["claimed"]["f1:macro"].clone()
    };
    let values = metrics(
        &grouped(),
        &[
            "--metric",
            "f1:macro",
            "--metric",
            "f1:weighted",
            "--format",
            "json",
        ],
    )
    .json();
    let value = |name: &str| values["metrics"][name].as_f64().expect("a value");
    let stated = asked(&format!("{:.4}", value("f1:macro")));
    assert_eq!(
        (&stated["as_stated"], &stated["readings"]),
        (&json!(true), &json!(["macro F1"]))
    );
    let weighted = asked(&format!("{:.4}", value("f1:weighted")));
    assert_eq!(
        (&weighted["as_stated"], &weighted["readings"]),
        (&json!(false), &json!(["weighted F1"]))
    );
    assert_eq!(asked("0.0123")["readings"], json!([]));
    let text = metrics(
        &grouped(),
        &[
            "--metric",
            "f1:macro",
            "--claimed",
            &format!("{:.4}", value("f1:weighted")),
        ],
    );
    assert!(
        text.stdout
            .contains("is weighted F1; `f1:macro`, as stated, is 0.7"),
        "{}",
        text.stdout
    );
}

#[test]
fn columns_of_labels_need_no_target_and_suit_metrics_of_sets() {
    let bench = Bench::new();
    bench.write("t.csv", "id,label_cat,label_dog\na,1,1\nb,0,0\n");
    bench.write("p.csv", "id,label_cat,label_dog\nb,0,1\na,1,1\n");
    let base = [
        "metrics",
        "--truth",
        "t.csv",
        "--predictions",
        "p.csv",
        "--format",
        "json",
    ];
    let ran = bench.run(&base);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let values = ran.json()["metrics"].clone();
    assert_eq!(values["accuracy"], 0.5);
    assert_eq!(values["hamming_loss"], 0.25);
    // Metrics of one class an example still need it, and say what they lack.
    let mixed = bench.run(&[&base[..], &["--metric", "accuracy", "--metric", "roc_auc"]].concat());
    assert_eq!(mixed.code, 1);
    assert_eq!(
        mixed.json()["metrics"],
        json!({ "accuracy": 0.5, "roc_auc": null })
    );
    let why = mixed.json()["errors"]["roc_auc"]["detail"].clone();
    assert!(
        why.as_str().is_some_and(|why| why.contains("no column `score`")),
        "{why}"
    );
}

#[test]
fn metrics_of_different_kinds_are_each_computed_or_refused() {
    let more = [
        "--metric",
        "accuracy",
        "--metric",
        "f1:samples",
        "--metric",
        "mrr",
        "--format",
        "json",
    ];
    let bench = bench();
    bench.write("p.csv", "id,prediction\na,yes\nb,no\nc,no\nd,no\n");
    let ran = metrics(&bench, &more);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let answer = ran.json();
    assert_eq!(
        answer["metrics"],
        json!({ "accuracy": 0.75, "f1:samples": 0.75, "mrr": null })
    );
    let why = "`p.csv`: there is no column `item`, and no column `rank`";
    assert_eq!(answer["errors"]["mrr"]["detail"], why);
    let note =
        "`f1:samples`: each cell is read as a set of labels, with `|` or `;` between them or as a JSON array";
    assert_eq!(answer["notes"], json!([note]));
}

#[test]
fn a_missing_training_series_refuses_scaled_errors_alone() {
    let bench = Bench::new();
    bench.write("t.csv", "y\n4\n6.5\n");
    bench.write("p.csv", "prediction\n5\n8\n");
    let ran = metrics(
        &bench,
        &["--metric", "mae", "--metric", "mase", "--format", "json"],
    );
    assert_eq!(
        (ran.code, &ran.json()["metrics"]),
        (2, &json!({ "mae": 1.25, "mase": null }))
    );
    bench.write("s.csv", "y\n1\n2\n5\n");
    let given = metrics(&bench, &["--train", "s.csv", "--format", "json"]);
    assert_eq!(given.json()["metrics"]["mase"], 0.625);
}

#[test]
fn the_examples_of_the_documentation_can_be_pasted_and_print_what_they_say() {
    let text = include_str!("../../docs/metrics.md");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_reproof"));
    let found = format!(
        "PATH='{}':\"$PATH\"\n",
        program.parent().expect("a folder").display()
    );
    let mut seen = 0;
    for example in text.split("```sh\n").skip(1) {
        let (typed, rest) = example
            .split_once("```\n```text\n")
            .expect("an example and what it prints");
        let (printed, _) = rest.split_once("```").expect("an end");
        let bench = Bench::new();
        let mut shell = std::process::Command::new("sh");
        shell.args(["-e", "-c", &format!("{found}{typed}")]);
        shell.current_dir(bench.path("."));
        let ran = shell.output().expect("a shell");
        let errors = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(String::from_utf8_lossy(&ran.stdout), printed, "{typed}{errors}");
        seen += 1;
    }
    assert!(seen >= 15, "{seen} examples");
}

#[test]
fn kinds_with_columns_of_their_own_are_known_by_them() {
    let names = |truth: &str, predictions: &str| -> Vec<String> {
        let bench = Bench::new();
        bench.write("t.csv", truth);
        bench.write("p.csv", predictions);
        let ran = metrics(&bench, &["--format", "json", "--id", "id"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let answer = ran.json()["metrics"].clone();
        answer.as_object().expect("metrics").keys().cloned().collect()
    };
    assert_eq!(
        names("id,y\nq,d\n", "id,item,score\nq,d,1\n"),
        ["map", "mrr", "ndcg"]
    );
    assert_eq!(
        names("id,y\nq,d\n", "id,rank\nq,1\n"),
        ["hits@1", "hits@10", "mrr"]
    );
    assert_eq!(names("id,y\nq,d\n", "id,nll\nq,1\n"), ["perplexity"]);
    let boxes = [
        "id,y,x_min,y_min,x_max,y_max\nq,d,1,1,2,2\n",
        "id,prediction,score,x_min,y_min,x_max,y_max\nq,d,1,1,1,2,2\n",
    ];
    assert_eq!(names(boxes[0], boxes[1]), ["map:coco", "map:coco@0.5"]);
    // Beside a prediction such a column is one that does not matter.
    let plain = names(
        "id,y\na,1.5\nb,2\n",
        "id,prediction,rank,item\na,1,2,x\nb,1,1,y\n",
    );
    assert_eq!(plain, ["mae", "r2", "rmse"]);
}
