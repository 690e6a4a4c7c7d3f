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

/// A file with these bytes.
fn made(name: &str, bytes: &[u8]) -> (tempfile::TempDir, TableFile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let file = TableFile::written(path, name);
    (folder, file)
}

/// Reads all columns of a file one by one; a column that cannot be read is no reason to stop.
fn read_all(file: &TableFile) {
    let Ok(table) = Table::open(file, &[]) else { return };
    for name in table.names().to_vec() {
        let Ok(table) = Table::open(file, &[]) else { return };
        if let Ok(column) = table.column(&name) {
            let _ = table.each(&[column], |_, row| {
                let _ = row.cell(column);
                Ok(true)
            });
        }
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused() {
    for name in ["zstd.parquet", "columns.npy", "deflated.npz"] {
        let bytes = fs::read(fixture(name)).unwrap();
        for length in 0..bytes.len() {
            let (_folder, file) = made(name, &bytes[..length]);
            let error = Table::open(&file, &[]).err();
            let error = error.unwrap_or_else(|| panic!("{length} of {} bytes of {name}", bytes.len()));
            assert!(
                error.detail.starts_with('`') && error.detail.len() < 300,
                "{error}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn files_with_bytes_changed_end_in_values_or_a_message(
        name in prop::sample::select(vec![
            "zstd.parquet", "none.parquet", "snappy.parquet", "pages-2.parquet", "encodings.parquet", "types.parquet",
            "int96.parquet", "nested.parquet", "columns.npy", "unicode.npy", "stored.npz", "deflated.npz",
        ]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        at_the_end in any::<bool>(),
    ) {
        let mut bytes = fs::read(fixture(name)).unwrap();
        // What a file says of itself stands at its end, or at the start of an array.
        let start = if at_the_end && name.ends_with("parquet") { bytes.len() * 2 / 3 } else { 0 };
        for (place, byte) in changes {
            let place = start + place.index(bytes.len() - start);
            bytes[place] = byte;
        }
        let (_folder, file) = made(name, &bytes);
        read_all(&file);
    }
}

/// A file of Parquet that is nothing but this footer.
fn with_footer(footer: &[u8]) -> Vec<u8> {
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    [b"PAR1", footer, &length, b"PAR1"].concat()
}

#[test]
fn footers_that_claim_more_than_there_is_are_refused() {
    let said = |bytes: &[u8]| {
        let (_folder, file) = made("p.parquet", bytes);
        Table::open(&file, &[]).err().expect("a refusal").detail
    };
    // Two thousand million elements of a schema.
    let many = [
        &[0x15, 0x02, 0x19, 0xfc][..],
        &[0xff, 0xff, 0xff, 0xff, 0x07],
        &[0; 16],
    ]
    .concat();
    insta::assert_snapshot!(said(&with_footer(&many)), @r"`p.parquet`: its footer cannot be read: it is not a table of contents");
    // Groups within groups, each called `a`, with one child.
    let nested = [0x48, 0x01, b'a', 0x15, 0x02, 0x00].repeat(100_000);
    let deep = [&[0x15, 0x02, 0x19, 0xfc][..], &[0xa0, 0x8d, 0x06], &nested, &[0]].concat();
    insta::assert_snapshot!(said(&with_footer(&deep)), @r"`p.parquet`: its footer cannot be read: it is not a table of contents");
    let beyond = [&b"PAR1...."[..], &1_000_u32.to_le_bytes(), b"PAR1"].concat();
    insta::assert_snapshot!(said(&beyond), @r"`p.parquet`: its footer claims 1000 bytes, and the file has 16");
    insta::assert_snapshot!(said(b"PARE............PARE"), @r"`p.parquet`: it is encrypted Parquet: it does not begin with `PAR1`");
    insta::assert_snapshot!(said(b"y\n1\n2\n"), @r"`p.parquet`: it is no Parquet: it does not begin with `PAR1`");
    insta::assert_snapshot!(said(b""), @r"`p.parquet`: it is empty");
}

/// An array with this header.
fn array(header: &str, items: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), items].concat()
}

#[test]
fn headers_of_arrays_that_lie_are_refused() {
    let said = |descr: &str, shape: &str| {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        let (_folder, file) = made("p.npy", &array(&header, &[0; 16]));
        Table::open(&file, &[]).err().expect("a refusal").detail
    };
    insta::assert_snapshot!(said("<f8", "(3,)"), @r"`p.npy`: its header says 3 × 1 values of 8 bytes, and 16 bytes follow");
    insta::assert_snapshot!(said("<f8", "(4294967296, 4294967296)"), @r"`p.npy`: its shape overflows");
    insta::assert_snapshot!(said("<f8", "(0, 18446744073709551615)"), @r"`p.npy`: a row of it takes 18446744073709551615 bytes, which is too much");
    insta::assert_snapshot!(said("<f8", "(99999999999999999999,)"), @r"`p.npy`: its shape is not of whole numbers");
    insta::assert_snapshot!(said("<f8", "(-1,)"), @r"`p.npy`: its shape is not of whole numbers");
    insta::assert_snapshot!(said("<U0", "(4294967296,)"), @r"`p.npy`: its values are of a type that is not read (`<U0`)");
    insta::assert_snapshot!(said("<f16", "(1,)"), @r"`p.npy`: its values are of a type that is not read (`<f16`)");
    insta::assert_snapshot!(said("é", "(1,)"), @r"`p.npy`: its values are of a type that is not read (`é`)");
    let (_folder, file) = made("p.npy", &array("{'descr': ", &[]));
    insta::assert_snapshot!(Table::open(&file, &[]).err().unwrap().detail, @r"`p.npy`: its header does not say of what type its values are");
}

#[test]
fn arrays_without_plain_values_are_refused() {
    let said = |name: &str| Table::open(&file(name), &[]).err().expect("a refusal");
    insta::assert_snapshot!(said("objects.npy").detail, @r"`objects.npy`: its values are Python objects: that is a pickle, which can run code when it is read");
    assert!(said("objects.npy").hint.unwrap().contains("astype(str)"));
    insta::assert_snapshot!(said("complex.npy").detail, @r"`complex.npy`: its values are complex numbers (`<c16`)");
    insta::assert_snapshot!(said("records.npy").detail, @r"`records.npy`: it is an array of records, not of plain values");
    insta::assert_snapshot!(said("cube.npy").detail, @r"`cube.npy`: it has 3 dimensions, not 1 or 2");
    insta::assert_snapshot!(said("scalar.npy").detail, @r"`scalar.npy`: it has 0 dimensions, not 1 or 2");
    let uneven = cells(&file("uneven.npz"), &["prediction", "score"]).unwrap_err();
    insta::assert_snapshot!(uneven.detail, @r"`uneven.npz`: the arrays differ in length: `prediction` has 2 rows and `score` 1");
    insta::assert_snapshot!(refused(&file("bomb.npz"), "prediction"), @r"`bomb.npz`: the array `prediction`: its header says 2 × 1 values of 8 bytes, and 8388608 bytes follow");
}

#[test]
fn a_line_of_a_gibibyte_is_not_read_into_memory() {
    let (_folder, file) = made("p.csv", b"y,x\n1,");
    let text = fs::OpenOptions::new().write(true).open(&file.path).unwrap();
    text.set_len(1 << 30).unwrap();
    insta::assert_snapshot!(refused(&file, "y"), @r"`p.csv`: a row is longer than 16 MiB; a quote may never close (from line 2)");
    let (_folder, open) = made("p.csv", &[&b"y,x\n1,\""[..], &b"a\n".repeat(9 << 20)].concat());
    insta::assert_snapshot!(refused(&open, "y"), @r"`p.csv`: a row is longer than 16 MiB; a quote may never close (from line 2)");
}
