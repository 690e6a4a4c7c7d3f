//! Tables in files that other libraries wrote, and in files that nobody should have written.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Expected {
    made_by: String,
    tables: BTreeMap<String, BTreeMap<String, Vec<Option<String>>>>,
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tables")).join(name)
}

fn file(name: &str) -> TableFile {
    TableFile::written(fixture(name), name)
}

/// The cells of all rows of some columns, as text.
fn cells(file: &TableFile, names: &[&str]) -> Result<Vec<Vec<Option<String>>>, Unmeasured> {
    let table = Table::open(file, &[])?;
    let columns = names.iter().map(|name| table.column(name));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let mut found = vec![Vec::new(); names.len()];
    let mut rows = 0;
    table.each(&columns, |number, row| {
        rows += 1;
        assert_eq!(number, rows, "rows are numbered from 1");
        for (column, found) in columns.iter().zip(&mut found) {
            let cell = row.cell(*column).expect("UTF-8");
            found.push(cell.map(str::to_owned));
        }
        Ok(true)
    })?;
    Ok(found)
}

#[test]
fn tables_hold_what_the_library_that_wrote_them_put_there() {
    let expected = fs::read_to_string(fixture("expected.json")).unwrap();
    let expected: Expected = serde_json::from_str(&expected).unwrap();
    assert!(expected.made_by.contains("pyarrow"));
    for (name, columns) in &expected.tables {
        let names: Vec<&str> = columns.keys().map(String::as_str).collect();
        let found = cells(&file(name), &names).unwrap_or_else(|error| panic!("{name}: {error}"));
        for ((column, expected), found) in columns.iter().zip(found) {
            assert_eq!(*expected, found, "`{column}` of {name}");
        }
    }
}

#[track_caller]
fn refused(file: &TableFile, column: &str) -> String {
    cells(file, &[column]).unwrap_err().detail
}

#[test]
fn columns_without_plain_values_are_refused_when_they_are_asked_for() {
    let nested = file("nested.parquet");
    assert_eq!(cells(&nested, &["y"]).unwrap()[0].len(), 2);
    insta::assert_snapshot!(refused(&nested, "list"), @"`nested.parquet`: the column `list` holds lists or groups, not a plain value a row");
    insta::assert_snapshot!(refused(&nested, "group"), @"`nested.parquet`: the column `group` holds lists or groups, not a plain value a row");
    insta::assert_snapshot!(refused(&nested, "bytes"), @"`nested.parquet`: rows 1 to 2 cannot be read: bytes that are no text");
    insta::assert_snapshot!(refused(&nested, "half"), @"`nested.parquet`: the column `half` holds half-precision numbers");
}

#[test]
fn a_table_without_rows_is_one() {
    assert_eq!(
        cells(&file("empty.parquet"), &["id", "class"]),
        Ok(vec![vec![], vec![]])
    );
}
