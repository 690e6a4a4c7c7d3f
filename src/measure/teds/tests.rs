//! Markup that means harm, and distances that can be counted by hand.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::measure::metric;
use crate::measure::predictions::{Rows, TextPair};

fn compared(name: &str, truth: &str, predicted: &str) -> Result<f64, Unmeasured> {
    let texts = vec![TextPair {
        references: vec![truth.to_owned()],
        prediction: predicted.to_owned(),
    }];
    metric(name)
        .unwrap()
        .compute(&Predictions::from_texts(texts)?, Rows::All)
}

const TWO: &str = "<table><tr><td>a</td><td>b</td></tr></table>";

#[test]
fn a_table_stands_for_a_page_with_that_table() {
    let page = format!("<!DOCTYPE html><html><head><title>t</title></head><body>\n{TWO}</body></html>");
    assert_eq!(compared("teds", &page, TWO), Ok(1.0));
    // One of two cells is gone, of three nodes.
    assert_eq!(
        compared("teds", TWO, "<table><tr><td>a</td></tr></table>"),
        Ok(1.0 - 1.0 / 3.0)
    );
    assert_eq!(
        compared(
            "teds:structure",
            TWO,
            "<table><tr><td>x</td><td>y</td></tr></table>"
        ),
        Ok(1.0)
    );
    assert_eq!(compared("teds", TWO, "no table at all"), Ok(0.0));
}

#[test]
fn a_span_that_is_no_number_is_another_span() {
    let with = |span: &str| format!("<table><tr><td colspan={span}>a</td></tr></table>");
    assert_eq!(compared("teds", &with("2"), &with("2")), Ok(1.0));
    assert_eq!(compared("teds", &with("2"), &with("x")), Ok(0.5));
    assert_eq!(
        compared("teds", &with("1"), "<table><tr><td>a</td></tr></table>"),
        Ok(1.0)
    );
}

#[test]
fn labels_without_a_table_are_refused() {
    let error = compared("teds", "<p>none</p>", TWO).unwrap_err();
    insta::assert_snapshot!(error.detail, @"none of the labels holds a table");
}

#[test]
fn tables_that_are_too_large_or_too_deep_are_refused_at_once() {
    let start = Instant::now();
    let wide = format!("<table>{}</table>", "<tr><td>x</td></tr>".repeat(50_000));
    insta::assert_snapshot!(compared("teds", TWO, &wide.repeat(2)).unwrap_err().detail, @"table 1: a document has more than 131,072 elements");
    insta::assert_snapshot!(compared("teds", &wide, &wide).unwrap_err().detail, @"table 1: tables of 100001 and 100001 nodes are too large to be compared");
    let deep = "<table>".to_owned() + &"<tr><td>".repeat(10);
    assert!(compared("teds", TWO, &deep).is_ok());
    let deep = format!("<table>{}", "<b>".repeat(100_000));
    insta::assert_snapshot!(compared("teds", TWO, &deep).unwrap_err().detail, @"table 1: a document nests more than 256 elements in each other");
    let cell = format!("<table><tr><td>{}</td></tr></table>", "xy".repeat(1 << 19));
    insta::assert_snapshot!(compared("teds", &cell, &cell.replace('x', "z")).unwrap_err().detail, @"table 1: the texts are too long to be aligned: more than 274877906944 cells in all");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn scripts_one_behind_the_other_are_read_once_each() {
    let start = Instant::now();
    let scripts = format!(
        "<table><tr><td>{}</td></tr></table>",
        "<script>x</script>".repeat(60_000)
    );
    assert!(compared("teds:structure", &scripts, TWO).is_ok());
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn no_markup_is_too_strange(pieces in prop::collection::vec("<[a-z]{1,3} ?[a-z]?=?\"?[0-9]?>|</?(td|tr|table|b|script|p)[ />]|&#?x?[a-z0-9]{0,4};?|[ -~é\u{0}\u{1f}]{0,3}", 0..60)) {
        let text = format!("<table>{}", pieces.concat());
        match compared("teds", &text, TWO) {
            Ok(value) => prop_assert!((-1.0..=1.0).contains(&value), "{}", value),
            Err(error) => prop_assert!(false, "{}", error),
        }
        // A table is the table that it is.
        let same = compared("teds", &text, &text);
        let empty = same.as_ref().is_err_and(|error| error.detail.ends_with("both tables are empty"));
        prop_assert!(empty || same == Ok(1.0), "{:?}", same);
    }
}
