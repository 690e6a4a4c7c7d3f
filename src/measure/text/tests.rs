//! The parts that the reference values do not reach one by one, and texts that mean harm.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::alignment::common_subsequence;
use super::*;
use crate::measure::metric;
use crate::measure::predictions::Rows;

fn value(name: &str, pairs: &[(&str, &str)]) -> Result<f64, Unmeasured> {
    let texts = pairs.iter().map(|(reference, prediction)| TextPair {
        references: vec![(*reference).to_owned()],
        prediction: (*prediction).to_owned(),
    });
    let predictions = Predictions::from_texts(texts.collect())?;
    metric(name).unwrap().compute(&predictions, Rows::All)
}

/// The whole table, a cell at a time.
fn table(a: &[u32], b: &[u32], cell: impl Fn(usize, usize, usize, bool) -> usize, edge: usize) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).map(|at| at * edge).collect();
    for (i, x) in a.iter().enumerate() {
        let mut above = row[0];
        row[0] = (i + 1) * edge;
        for (j, y) in b.iter().enumerate() {
            let value = cell(above, row[j + 1], row[j], x == y);
            above = row[j + 1];
            row[j + 1] = value;
        }
    }
    row[b.len()]
}

fn plain_distance(a: &[u32], b: &[u32]) -> usize {
    table(
        a,
        b,
        |diagonal, up, left, same| (diagonal + usize::from(!same)).min(up + 1).min(left + 1),
        1,
    )
}

fn plain_subsequence(a: &[u32], b: &[u32]) -> usize {
    table(
        a,
        b,
        |diagonal, up, left, same| if same { diagonal + 1 } else { up.max(left) },
        0,
    )
}

/// Lengths around the 64 places of a block.
fn symbols() -> impl Strategy<Value = Vec<u32>> {
    (0..4_usize, 1..6_u32).prop_flat_map(|(blocks, symbols)| {
        let most = [5, 64, 70, 200][blocks];
        prop::collection::vec(0..symbols, 0..=most)
    })
}

proptest! {
    #[test]
    fn many_cells_at_a_time_are_the_cells_one_by_one(a in symbols(), b in symbols()) {
        prop_assert_eq!(levenshtein(&a, &b), plain_distance(&a, &b));
        prop_assert_eq!(levenshtein(&b, &a), plain_distance(&a, &b));
        prop_assert_eq!(common_subsequence(&a, &b), plain_subsequence(&a, &b));
    }

    #[test]
    fn no_text_is_too_strange(reference in ".*", prediction in "[a-z<>&;#.,\\-0-9 \n\u{1c}\u{301}é]*") {
        for name in ["exact_match", "token_f1", "bleu", "chrf", "rouge1", "rouge2", "rougel", "wer", "cer", "teds"] {
            let (least, greatest) = metric(name).unwrap().info().range;
            match value(name, &[(&reference, &prediction), ("a", "b")]) {
                Ok(value) => prop_assert!((least..=greatest + 1e-9).contains(&value), "{}: {}", name, value),
                Err(error) => prop_assert_eq!(name, "teds", "{}", error),
            }
        }
    }
}

#[test]
fn a_text_equal_to_its_reference_is_the_best_there_is() {
    let same = [("the quick brown fox jumps", "the quick brown fox jumps")];
    for name in ["exact_match", "token_f1", "rouge1", "rouge2", "rougel"] {
        assert_eq!(value(name, &same), Ok(1.0), "{name}");
    }
    for name in ["bleu", "chrf"] {
        assert!((value(name, &same).unwrap() - 100.0).abs() < 1e-9, "{name}");
    }
    for name in ["wer", "cer"] {
        assert_eq!(value(name, &same), Ok(0.0), "{name}");
    }
}

#[test]
fn texts_of_a_megabyte_take_seconds_or_are_refused() {
    let (a, b) = ("ab ".repeat(1 << 18), "ba ".repeat(1 << 18));
    let start = Instant::now();
    for name in ["exact_match", "token_f1", "bleu", "chrf", "rouge1", "rouge2"] {
        assert!(value(name, &[(&a, &b)]).is_ok(), "{name}");
    }
    assert!(
        start.elapsed() < Duration::from_secs(120),
        "{:?}",
        start.elapsed()
    );
    let start = Instant::now();
    let error = value("cer", &[(&a, &b)]).unwrap_err();
    insta::assert_snapshot!(error.detail, @"the texts are too long to be aligned: more than 274877906944 cells in all");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn several_references_are_refused_where_the_metric_cannot_choose() {
    let several = Predictions::from_texts(vec![TextPair {
        references: vec!["a".to_owned(), "b".to_owned()],
        prediction: "a".to_owned(),
    }])
    .unwrap();
    let of = |name: &str| metric(name).unwrap().compute(&several, Rows::All);
    for name in ["wer", "cer", "teds"] {
        let error = of(name).unwrap_err();
        assert_eq!(
            error.detail,
            format!("`{name}` takes one reference a text, and text 1 has 2")
        );
    }
    assert_eq!(of("exact_match"), Ok(1.0));
    let signature = metric("bleu").unwrap().signature(&several);
    assert_eq!(
        signature,
        "bleu|nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|v=reproof-1"
    );
}
