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
