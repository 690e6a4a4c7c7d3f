use std::fs;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use reproof::error::Fault;
use reproof::observe::Silent;

use serde_json::Value;

use super::*;

#[test]
fn numbers_have_the_digits_that_say_something() {
    let all = [0.0, 1.5, -12.345, 1234.5, 0.00001, 1e9, 100.0, 20.0];
    assert_eq!(
        all.map(digits),
        ["0", "1.5", "-12.35", "1234", "1.00e-5", "1.00e9", "100", "20"]
    );
}

/// Cells that some reader of tables has stumbled over.
const CELLS: [&str; 36] = [
    "",
    " ",
    "NA",
    "n/a",
    "nan",
    "NaN",
    "None",
    "inf",
    "-inf",
    "Infinity",
    "1e400",
    "-1e400",
    "1e308",
    "-1e308",
    "1.7976931348623157e308",
    "5e-324",
    "0",
    "-0",
    "1",
    "2",
    "-999",
    "9999",
    "3.7",
    "1,5",
    "a",
    "b",
    "yes",
    "no",
    "true",
    "2024-01-01",
    "01.05.2024 12:00",
    "9999-12-31T23:59:59Z",
    "=1+1",
    "say \"a\"",
    "\u{202e}\u{1b}[31m",
    "one\ntwo words and some more of them, so that it is a text",
];

/// What the columns may be for; the last of each table is the label.
const NAMES: [&str; 6] = ["a", "b", "a", "", "id", "y"];

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(&CELLS[..]).prop_map(str::to_owned),
        1 => any::<f64>().prop_map(|number| number.to_string()),
        1 => any::<i8>().prop_map(|number| number.to_string()),
        1 => ".{0,12}",
    ]
}

/// A column draws from few cells or many, so that all types come up.
fn column(rows: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(cell(), 1..8).prop_flat_map(move |pool| prop::collection::vec(select(pool), rows))
}

fn table() -> impl Strategy<Value = (Vec<&'static str>, Vec<Vec<String>>)> {
    (subsequence(&NAMES[..5], 0..5), 0..60_usize).prop_flat_map(|(mut names, rows)| {
        names.push("y");
        let columns = prop::collection::vec(column(rows), names.len());
        (Just(names), columns)
    })
}

fn written(names: &[&str], columns: &[Vec<String>], rows: std::ops::Range<usize>) -> String {
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let line = |cells: Vec<String>| format!("{}\n", cells.join(","));
    let mut text = line(names.iter().map(|name| quoted(name)).collect());
    for row in rows {
        text.push_str(&line(columns.iter().map(|column| quoted(&column[row])).collect()));
    }
    text
}

/// What need not be there; any other null would be a number that is not finite.
const MAY_BE_NULL: [&str; 6] = ["train", "overlap", "contradicting", "id", "group", "early"];

fn nulls(value: &Value, name: &str, found: &mut Vec<String>) {
    match value {
        Value::Null if !MAY_BE_NULL.contains(&name) => found.push(name.to_owned()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        Value::Array(all) => all.iter().for_each(|value| nulls(value, name, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| nulls(value, name, found)),
    }
}

/// Profiles `train`, with or without a test split; says what is wrong with the answer.
fn wrong(train: &[u8], test: Option<&[u8]>, roles: &Roles) -> Result<bool, TestCaseError> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        TableFile::written(path, name)
    };
    let test = test.map(|bytes| file("test.csv", bytes));
    let found = match profile_files(&file("train.csv", train), test.as_ref(), roles, &Silent) {
        Ok(found) => found,
        Err(why) => {
            prop_assert_ne!(why.fault, Fault::Reproof, "{:?}", why);
            return Ok(false);
        }
    };
    let value: Value = serde_json::from_str(&json(&found)).expect("JSON");
    let mut missing = Vec::new();
    nulls(&value, "", &mut missing);
    prop_assert!(missing.is_empty(), "null: {:?} in {:#}", missing, value);
    for width in [60, 80, 200] {
        let shown = text(&found, Look { color: false, width });
        prop_assert!(
            !shown.contains("NaN ±") && !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
            "{}",
            shown
        );
    }
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_table_has_an_answer_of_finite_numbers(
        (names, columns) in table(), cut in 0.0..1.0_f64, split: bool, target: bool, others in subsequence(vec!["a", "b", "id"], 0..3),
    ) {
        let rows = columns.first().map_or(0, Vec::len);
        let cut = if split { (rows as f64 * cut) as usize } else { rows };
        let train = written(&names, &columns, 0..cut);
        let test = split.then(|| written(&names, &columns, cut..rows));
        let once = |name: &&str| names.iter().filter(|other| *other == name).count() == 1;
        let mut others = others.into_iter().filter(once).map(str::to_owned);
        let roles = Roles {
            target: target.then(|| "y".to_owned()),
            id: others.next(),
            group: others.next(),
            time: others.next(),
            ignore: Vec::new(),
        };
        let answered = wrong(train.as_bytes(), test.as_ref().map(String::as_bytes), &roles)?;
        prop_assert!(answered, "a table was refused: {}", train);
    }

    #[test]
    fn any_bytes_end_in_an_answer_or_a_message(
        train in prop::collection::vec(select(b"a1,;\t\"\n\r\0 .-e\xff\xc3".to_vec()), 0..200),
        test in prop::option::of(prop::collection::vec(select(b"a1,\"\n".to_vec()), 0..100)),
        target: bool,
    ) {
        let roles = Roles {
            target: target.then(|| "a".to_owned()),
            ..Roles::default()
        };
        wrong(&train, test.as_deref(), &roles)?;
    }
}
