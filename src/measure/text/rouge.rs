//! ROUGE without stemming, as rouge-score computes it.

use super::alignment::{Budget, common_subsequence};
use super::ngrams::Ngrams;
use super::tokens::Codes;
use super::{best, mean_of_best};
use crate::measure::additive::{Additive, Statistics};
use crate::measure::predictions::Predictions;
use crate::measure::registry::About;
use crate::reason::Unmeasured;

/// The runs of ASCII letters and digits of both texts in lower case; all else separates.
fn tokens(reference: &str, prediction: &str) -> (Vec<u32>, Vec<u32>) {
    let (reference, prediction) = (reference.to_lowercase(), prediction.to_lowercase());
    let mut codes = Codes::default();
    let separates = |c: char| !c.is_ascii_alphanumeric();
    let mut split = |text| codes.of(str::split(text, separates).filter(|token| !token.is_empty()));
    (split(&reference), split(&prediction))
}

/// The harmonic mean of two shares of the same count; 0 where it is 0.
fn f_measure(shared: f64, wanted: f64, given: f64) -> f64 {
    if shared == 0.0 {
        0.0
    } else {
        2.0 * shared / (wanted + given)
    }
}

fn runs(predictions: &Predictions, length: usize) -> Result<Statistics, Unmeasured> {
    best(predictions, |reference, prediction| {
        let (reference, prediction) = tokens(reference, prediction);
        let (wanted, given) = (Ngrams::new(&reference, length), Ngrams::new(&prediction, length));
        Ok(f_measure(wanted.shared(&given), wanted.total(), given.total()))
    })
}

const OPTIONS: &str = "stemmer=no|tok=ascii|references=max";

/// The mean F over shared words.
pub(in crate::measure) static ROUGE1: Additive = mean_of_best(
    About::higher("rouge1", "ROUGE-1 F")
        .aka(&["rouge-1"])
        .options(OPTIONS)
        .reference("rouge-score 0.1.2 `rouge1`"),
    |predictions, _, _| runs(predictions, 1),
);

/// The mean F over shared pairs of words.
pub(in crate::measure) static ROUGE2: Additive = mean_of_best(
    About::higher("rouge2", "ROUGE-2 F")
        .aka(&["rouge-2"])
        .options(OPTIONS)
        .reference("rouge-score 0.1.2 `rouge2`"),
    |predictions, _, _| runs(predictions, 2),
);

/// The mean F over the longest common subsequence of the whole texts.
pub(in crate::measure) static ROUGEL: Additive = mean_of_best(
    About::higher("rougel", "ROUGE-L F")
        .aka(&["rouge-l"])
        .options(OPTIONS)
        .reference("rouge-score 0.1.2 `rougeL`"),
    |predictions, _, _| {
        let mut budget = Budget::new();
        best(predictions, |reference, prediction| {
            let (reference, prediction) = tokens(reference, prediction);
            budget.spend(reference.len(), prediction.len())?;
            let shared = common_subsequence(&reference, &prediction);
            Ok(f_measure(
                shared as f64,
                reference.len() as f64,
                prediction.len() as f64,
            ))
        })
    },
);
