//! Answers to questions, as the evaluation script of SQuAD v1.1 compares them.

use std::collections::HashMap;

use super::best;
use super::mean_of_best;
use super::tokens::words;
use crate::measure::additive::Additive;
use crate::measure::registry::About;

/// Lower case, without ASCII punctuation and the articles, with single spaces.
fn normalised(text: &str) -> String {
    let lower = text.to_lowercase();
    let plain: String = lower.chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let bare = without_articles(&plain);
    words(&bare).collect::<Vec<_>>().join(" ")
}

/// A space in place of each `a`, `an` and `the` between word boundaries.
fn without_articles(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (between, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_word(c)).unwrap_or(from.len()));
        kept.push_str(between);
        kept.push_str(if ["a", "an", "the"].contains(&word) {
            " "
        } else {
            word
        });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// Whether a character belongs to a word by Python's `\w`: letters, numbers and `_`, but no marks.
fn is_word(c: char) -> bool {
    // Rust's alphabetic characters include marks, which the regular expression leaves out.
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    let mut buffer = [0; 4];
    c.is_alphanumeric() && LETTER_OR_NUMBER.is_match(c.encode_utf8(&mut buffer))
}

static LETTER_OR_NUMBER: std::sync::LazyLock<regex::Regex> =
    std::sync::LazyLock::new(|| regex::Regex::new(r"^[\p{L}\p{N}]$").expect("a pattern"));

/// The harmonic mean of the shares of each text's words that the other has too.
fn token_f1(reference: &str, prediction: &str) -> f64 {
    let (reference, prediction) = (normalised(reference), normalised(prediction));
    let mut left: HashMap<&str, u64> = HashMap::new();
    let (mut wanted, mut given, mut shared) = (0.0, 0.0, 0.0);
    for word in words(&reference) {
        *left.entry(word).or_insert(0) += 1;
        wanted += 1.0;
    }
    for word in words(&prediction) {
        given += 1.0;
        if let Some(count) = left.get_mut(word).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1.0;
        }
    }
    if shared == 0.0 {
        0.0
    } else {
        2.0 * shared / (wanted + given)
    }
}

/// The share of texts that are equal to a reference after normalisation.
pub(in crate::measure) static EXACT_MATCH: Additive = mean_of_best(
    About::higher("exact_match", "share of answers equal after SQuAD normalisation")
        .aka(&["em", "exact"])
        .options("norm=squad1.1|references=max")
        .share()
        .reference("SQuAD v1.1 `exact_match_score`"),
    |predictions, _, _| {
        best(predictions, |reference, prediction| {
            Ok(f64::from(normalised(reference) == normalised(prediction)))
        })
    },
);

/// The mean F1 of the words of a text and of its best reference; 0 where they share none.
pub(in crate::measure) static TOKEN_F1: Additive = mean_of_best(
    About::higher("token_f1", "mean token F1 after SQuAD normalisation")
        .aka(&["squad_f1", "qa f1"])
        .options("norm=squad1.1|references=max")
        .reference("SQuAD v1.1 `f1_score`"),
    |predictions, _, _| {
        best(predictions, |reference, prediction| {
            Ok(token_f1(reference, prediction))
        })
    },
);
