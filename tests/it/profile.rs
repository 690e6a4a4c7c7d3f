//! `reproof profile`: what it finds in planted data, in real data, and in files that are not well meant.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::common::{Bench, Ran, read};

/// A number that looks random.
pub(crate) fn mixed(seed: u64) -> u64 {
    let value = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33
}

/// Rows in which `x` is related to the label, `noise` is not, the others are planted.
fn planted(rows: std::ops::Range<u64>, shift: u64) -> String {
    let mut text = "row,x,noise,leaked,copy,same,gaps,age,moved,y\n".to_owned();
    for row in rows {
        let random = |salt: u64| mixed(row * 16 + salt) % 1000;
        let label = u64::from(random(1) < 400);
        let x = random(2) + 300 * label;
        let leaked = if label == 1 { 5000 + random(3) } else { random(3) };
        let copy = if label == 1 { "ill" } else { "well" };
        let gaps = if random(4) < 100 {
            "N/A".to_owned()
        } else {
            random(5).to_string()
        };
        let age = if random(6) < 50 {
            "-999".to_owned()
        } else {
            (20 + random(7) % 60).to_string()
        };
        let moved = random(8) + shift;
        text.push_str(&format!(
            "{row},{x},{},{leaked},{copy},7,{gaps},{age},{moved},{label}\n",
            random(9)
        ));
    }
    text
}

pub(crate) fn profiled(bench: &Bench, arguments: &[&str]) -> Ran {
    let ran = bench.run(&[&["profile"], arguments].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran
}

/// The codes of the findings about a column.
fn codes<'a>(found: &'a Value, column: &str) -> Vec<&'a str> {
    let findings = found["findings"].as_array().expect("findings");
    let of_column = findings.iter().filter(|finding| finding["column"] == column);
    of_column.filter_map(|finding| finding["code"].as_str()).collect()
}

#[track_caller]
fn column<'a>(found: &'a Value, name: &str) -> &'a Value {
    let columns = found["columns"].as_array().expect("columns");
    columns
        .iter()
        .find(|column| column["name"] == name)
        .expect("the column")
}

#[test]
fn what_is_planted_is_found_and_what_is_not_is_left_alone() {
    let bench = Bench::new();
    bench.write("train.csv", &planted(0..300, 0));
    bench.write("test.csv", &planted(300..500, 400));
    let arguments = [
        "--train",
        "train.csv",
        "--test",
        "test.csv",
        "--target",
        "y",
        "--format",
        "json",
    ];
    let found = profiled(&bench, &arguments).json();

    assert_eq!(codes(&found, "leaked"), ["target-leak"]);
    assert_eq!(codes(&found, "copy"), ["target-copy"]);
    assert_eq!(codes(&found, "same"), ["constant"]);
    assert_eq!(codes(&found, "gaps"), ["disguised-missing"]);
    assert_eq!(codes(&found, "age"), ["disguised-missing"]);
    assert_eq!(codes(&found, "moved"), ["drift"]);
    assert_eq!(codes(&found, "row"), ["id-like"]);
    for honest in ["noise", "y"] {
        assert_eq!(codes(&found, honest), Vec::<&str>::new(), "{honest}");
    }

    let leaks = found["leakage"].as_array().expect("leakage");
    let leaks: Vec<_> = leaks
        .iter()
        .map(|leak| (leak["column"].as_str(), leak["auc"].as_f64()))
        .collect();
    assert_eq!(leaks, [(Some("leaked"), Some(1.0)), (Some("copy"), Some(1.0))]);
    let value = |column: &str| found["information_value"][column].as_f64().expect("a value");
    assert!(value("leaked") > 5.0 && value("x") > 0.1 && value("x") < value("leaked"));
    assert_eq!(value("same"), 0.0);
    assert!(found["information_value"].get("y").is_none());

    let age = column(&found, "age");
    assert_eq!(age["missing"]["disguised"][0]["value"], "-999");
    assert!(
        age["number"]["min"].as_f64().is_some_and(|min| min >= 20.0),
        "{age:#}"
    );
    assert_eq!(age["type"], "integer");
    assert_eq!(found["target"]["task"], "binary");
    assert_eq!(found["target"]["positive"], "1");
}

#[test]
fn the_text_says_first_what_to_look_at() {
    let bench = Bench::new();
    bench.write("train.csv", &planted(0..300, 0));
    bench.write("test.csv", &planted(300..500, 400));
    let text = profiled(
        &bench,
        &["--train", "train.csv", "--test", "test.csv", "--target", "y"],
    )
    .stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("train  train.csv: 300 rows, 10 columns"),
        "{text}"
    );
    let place = |word: &str| text.find(word).unwrap_or_else(|| panic!("no `{word}` in {text}"));
    assert!(place("target-leak") < place("disguised-missing"));
    assert!(place("disguised-missing") < place("shape"));
}

#[test]
fn one_file_is_profiled_without_a_label() {
    let bench = Bench::new();
    bench.write(
        "data.csv",
        "n,word,day,flag,none\n1,a,2024-01-01,yes,\n2,b,2024-01-02,no,\n3,a,2024-01-03,yes,\n4,b,2024-01-04,no,\n",
    );
    let found = profiled(&bench, &["data.csv", "--format", "json"]).json();
    let types: Vec<_> = ["n", "word", "day", "flag", "none"]
        .map(|name| column(&found, name)["type"].clone())
        .into();
    assert_eq!(types, ["integer", "category", "date-time", "boolean", "empty"]);
    assert_eq!(
        column(&found, "day")["time"],
        serde_json::json!(["2024-01-01", "2024-01-04"])
    );
    assert_eq!(column(&found, "n")["number"]["mean"], 2.5);
    for name in [
        "columns",
        "leakage",
        "information_value",
        "drift",
        "findings",
        "files",
    ] {
        assert!(found.get(name).is_some(), "no `{name}`");
    }
}

#[test]
fn wine_is_sorted_by_its_label_so_that_the_number_of_the_row_gives_it_away_and_nothing_else_does() {
    let bench = Bench::new();
    bench.write("wine.csv", &read("fixtures/papers/wine/data/wine.csv"));
    let found = profiled(&bench, &["wine.csv", "--target", "cultivar", "--format", "json"]).json();
    assert_eq!(codes(&found, "id"), ["id-leak", "id-like"]);
    assert_eq!(codes(&found, "cultivar"), ["label-sorted"]);
    assert_eq!(found["leakage"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["target"]["task"], "multiclass");
}

#[test]
fn a_feature_is_not_suspected_for_luck_among_many_columns() {
    let bench = Bench::new();
    let mut text: Vec<String> = vec![
        (0..2000)
            .map(|c| format!("c{c}"))
            .chain(["y".to_owned()])
            .collect::<Vec<_>>()
            .join(","),
    ];
    let mut state = 7_u64;
    for row in 0..24 {
        let cells = (0..2000).map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            format!("0.{}", state >> 40)
        });
        let cells: Vec<String> = cells.collect();
        text.push(format!("{},{}", cells.join(","), row % 2));
    }
    bench.write("wide.csv", &text.join("\n"));
    let found = profiled(&bench, &["wide.csv", "--target", "y", "--format", "json"]).json();
    assert_eq!(found["leakage"], serde_json::json!([]));
}

#[test]
fn other_encodings_formulas_and_mixed_types_are_findings() {
    let bench = Bench::new();
    let mut bytes = b"a,b,c\n".to_vec();
    for row in 0..40 {
        bytes.extend_from_slice(format!("{row},").as_bytes());
        bytes.extend_from_slice(if row % 2 == 0 { b"caf\xe9," } else { b"tea," });
        bytes.extend_from_slice(if row == 3 {
            b"=cmd|' /C calc'!A0\x1b[31m\n"
        } else {
            b"12\n"
        });
    }
    std::fs::write(bench.path("odd.csv"), bytes).expect("written");
    let ran = profiled(&bench, &["odd.csv"]);
    for code in ["wrong-encoding", "formula", "mixed-types"] {
        assert!(ran.stdout.contains(code), "no `{code}` in {}", ran.stdout);
    }
    assert!(!ran.stdout.contains('\u{1b}'), "{:?}", ran.stdout);
}

#[test]
fn what_cannot_be_read_ends_in_a_message() {
    let bench = Bench::new();
    bench.write("ragged.csv", "a,b\n1,2\n3\n");
    bench.write("empty.csv", "");
    bench.write("wide.csv", &vec!["x"; 100_000].join(","));
    bench.write("good.csv", "a,b\n1,2\n");
    let mut open = std::fs::File::create(bench.path("quote.csv")).expect("a file");
    open.write_all(b"a,b\n1,\"").expect("written");
    open.set_len(1 << 30).expect("a sparse file");
    let mut line = std::fs::File::create(bench.path("line.csv")).expect("a file");
    line.write_all(b"a,b\n").expect("written");
    line.set_len(1 << 30).expect("a sparse file");
    for (arguments, words) in [
        (vec!["ragged.csv"], "line 3 has 1 cells"),
        (vec!["empty.csv"], "it is empty"),
        (vec!["wide.csv"], "100000 columns"),
        (vec!["quote.csv"], "a quote may never close"),
        (vec!["line.csv"], "longer than 16 MiB"),
        (vec!["gone.csv"], "it is not there"),
        (vec!["good.csv", "--target", "c"], "there is no column `c`"),
    ] {
        let ran = bench.run(&[&["profile"], arguments.as_slice()].concat());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_header_alone_has_columns_and_no_rows() {
    let bench = Bench::new();
    bench.write("header.csv", "a,b\n");
    let found = profiled(&bench, &["header.csv", "--target", "b", "--format", "json"]).json();
    assert_eq!(found["files"][0]["rows"], 0);
    assert_eq!(column(&found, "a")["type"], "empty");
}

#[test]
fn columns_of_one_name_and_columns_that_a_split_lacks_are_said() {
    let bench = Bench::new();
    bench.write("train.csv", "a,a,c,y\n1,2,3,0\n4,5,6,1\n");
    bench.write("test.csv", "a,a,d\n1,2,3\n4,5,6\n");
    let found = profiled(
        &bench,
        &[
            "--train",
            "train.csv",
            "--test",
            "test.csv",
            "--target",
            "y",
            "--format",
            "json",
        ],
    )
    .json();
    let codes: Vec<_> = found["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|f| f["code"].clone())
        .collect();
    assert_eq!(
        codes.iter().filter(|code| **code == "columns-differ").count(),
        2,
        "{codes:?}"
    );
    assert!(codes.contains(&"duplicate-columns".into()), "{codes:?}");
}

#[test]
fn each_cell_of_the_table_of_columns_stands_under_its_header() {
    let bench = Bench::new();
    bench.write("train.csv", &planted(0..300, 0));
    bench.write("test.csv", &planted(300..500, 0));
    let arguments = ["--train", "train.csv", "--test", "test.csv", "--target", "y"];
    let text = profiled(&bench, &arguments).stdout;
    let found = profiled(&bench, &[arguments.as_slice(), &["--format", "json"]].concat()).json();
    let line = |start: &str| {
        text.lines()
            .find(|line| line.starts_with(start))
            .expect("the line")
    };
    let header = line("column  ");
    let place = |name: &str| header.split(name).next().expect("the place").chars().count();
    let cell = |column: &str, name: &str| {
        let rest: String = line(column).chars().skip(place(name)).collect();
        rest.split("  ").next().expect("a cell").trim().to_owned()
    };
    let number = |value: &Value, digits: usize| format!("{:.digits$}", value.as_f64().expect("a number"));
    assert_eq!(cell("x ", "type"), "integer");
    assert_eq!(
        cell("x ", "alone"),
        number(&found["predictive_power"]["x"]["auc"], 3)
    );
    assert_eq!(cell("x ", "IV"), number(&found["information_value"]["x"], 2));
    let drifts = found["drift"].as_array().expect("drift");
    let drift = drifts
        .iter()
        .find(|drift| drift["column"] == "x")
        .expect("the drift");
    assert_eq!(cell("x ", "PSI"), number(&drift["psi"], 2));
    let [min, max] = ["min", "max"].map(|end| column(&found, "x")["number"][end].to_string());
    let values = cell("x ", "values");
    assert!(
        values.starts_with(&format!("{} to", min.trim_end_matches(".0")))
            && values.contains(max.trim_end_matches(".0")),
        "{values}"
    );
}

#[test]
fn other_separators_are_found_without_a_column_that_is_asked_for() {
    let bench = Bench::new();
    for separator in [",", ";", "\t"] {
        let cells = [
            ["id", "name", "x"],
            ["1", "\"a, b; c\"", "0.5"],
            ["2", "d", "1.5"],
        ];
        let lines: Vec<String> = cells.iter().map(|row| row.join(separator)).collect();
        bench.write("data.csv", &lines.join("\n"));
        let found = profiled(&bench, &["data.csv", "--format", "json"]).json();
        let names: Vec<_> = found["columns"]
            .as_array()
            .expect("columns")
            .iter()
            .map(|c| &c["name"])
            .collect();
        assert_eq!(names, ["id", "name", "x"], "{separator:?}");
        assert_eq!(column(&found, "x")["number"]["max"], 1.5, "{separator:?}");
    }
}

#[test]
fn rows_are_compared_without_an_index_that_was_written_along() {
    let bench = Bench::new();
    let rows = |name: &str, numbers: &mut dyn Iterator<Item = u64>, seeds: Vec<u64>| {
        let line = |(number, seed): (u64, u64)| {
            let cells = (0..6).map(|cell| mixed(seed * 8 + cell).to_string());
            format!("{number},{}", cells.collect::<Vec<_>>().join(","))
        };
        let lines: Vec<String> = numbers.zip(seeds).map(line).collect();
        bench.write(name, &format!(",a,b,c,d,e,f\n{}\n", lines.join("\n")));
    };
    let leaked = |found: &Value| found["overlap"]["leaked"].as_u64();
    let compared = || {
        let arguments = ["--train", "train.csv", "--test", "test.csv", "--format", "json"];
        profiled(&bench, &arguments).json()
    };
    let test: Vec<u64> = (100..140).chain(0..10).collect();
    rows("train.csv", &mut (0..100), (0..100).collect());
    rows("test.csv", &mut (0..50), test.clone());
    assert_eq!(leaked(&compared()), Some(10), "both start at 0");
    rows(
        "test.csv",
        &mut (0..50).map(|row| 200 + row * 7 % 50),
        test.clone(),
    );
    assert_eq!(leaked(&compared()), Some(10), "shuffled, and all other numbers");
    let notes = compared()["overlap"]["notes"].clone();
    assert_eq!(notes, json!(["a column without a name only numbers the rows"]));
    // Numbers that come up in both files may name the same things.
    rows("test.csv", &mut (60..110), test);
    assert_eq!(leaked(&compared()), Some(0));
    rows("train.csv", &mut (0..100), (0..90).chain(0..10).collect());
    let found = profiled(&bench, &["train.csv", "--format", "json"]).json();
    assert_eq!(found["duplicates"]["train"]["copies"], 10);
}
