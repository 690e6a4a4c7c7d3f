//! Word and character error rates, as jiwer computes them by default.

use super::alignment::{Budget, levenshtein};
use super::only_reference;
use super::tokens::{Codes, characters, is_space};
use crate::measure::additive::{Additive, Statistics, Sums};
use crate::measure::predictions::Predictions;
use crate::measure::registry::{About, Input};
use crate::reason::Unmeasured;

/// For each text, its errors and the length of its reference, in the units that `split` makes.
fn errors(
    predictions: &Predictions,
    about: &About,
    split: fn(&str, &str) -> (Vec<u32>, Vec<u32>),
) -> Result<Statistics, Unmeasured> {
    let mut budget = Budget::new();
    let mut statistics = Statistics::new(2);
    for (at, text) in predictions.texts()?.iter().enumerate() {
        let (reference, prediction) = split(only_reference(text, at, about)?, &text.prediction);
        budget.spend(reference.len(), prediction.len())?;
        let distance = levenshtein(&reference, &prediction);
        statistics.push(&[distance as f64, reference.len() as f64]);
    }
    Ok(statistics)
}

/// Errors over the length of the references; of no length, the count of errors.
fn rate(sums: &Sums) -> Option<f64> {
    let [errors, length] = sums.sums[..] else {
        return None;
    };
    Some(if length == 0.0 { errors } else { errors / length })
}

fn words(reference: &str, prediction: &str) -> (Vec<u32>, Vec<u32>) {
    let (reference, prediction) = (spaced(reference), spaced(prediction));
    let mut codes = Codes::default();
    let mut split = |text| codes.of(str::split(text, ' ').filter(|word| !word.is_empty()));
    (split(&reference), split(&prediction))
}

/// One space for each run of two and more, none at the ends: a lone tab stays part of a word.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.trim_matches(is_space).chars() {
        if is_space(c) {
            run.push(c);
            continue;
        }
        let several = run.chars().nth(1).is_some();
        spaced.push_str(if several { " " } else { &run });
        run.clear();
        spaced.push(c);
    }
    spaced
}

fn letters(reference: &str, prediction: &str) -> (Vec<u32>, Vec<u32>) {
    let split = |text: &str| characters(text.trim_matches(is_space));
    (split(reference), split(prediction))
}

/// The word edits of all texts over the words of all references.
pub(in crate::measure) static WER: Additive = Additive {
    about: About::lower("wer", "word errors of all texts over the words of all references")
        .aka(&["word error rate"])
        .options("norm=spaces|over=corpus")
        .reference("jiwer 4.0.0 `wer`"),
    input: Input::Texts,
    examples: |predictions, _, about| errors(predictions, about, words),
    value: rate,
    chosen: |_| None,
};

/// The character edits of all texts over the characters of all references, spaces included.
pub(in crate::measure) static CER: Additive = Additive {
    about: About::lower(
        "cer",
        "character errors of all texts over the characters of all references",
    )
    .aka(&["character error rate"])
    .options("norm=strip|over=corpus")
    .reference("jiwer 4.0.0 `cer`"),
    input: Input::Texts,
    examples: |predictions, _, about| errors(predictions, about, letters),
    value: rate,
    chosen: |_| None,
};
