//! Metrics of texts.
//!
//! Each text is taken apart once ([`super::additive`]); corpus metrics are sums
//! over the texts. The rules of the references are those of Python: what is a
//! space, a letter or lower case is decided as it decides.

mod alignment;
mod bleu;
mod chrf;
mod edit;
mod ngrams;
mod perplexity;
mod rouge;
mod squad;
mod tokens;

pub(super) use self::alignment::{Budget, levenshtein};
pub(super) use self::bleu::BLEU;
pub(super) use self::chrf::CHRF;
pub(super) use self::edit::{CER, WER};
pub(super) use self::perplexity::PERPLEXITY;
pub(super) use self::rouge::{ROUGE1, ROUGE2, ROUGEL};
pub(super) use self::squad::{EXACT_MATCH, TOKEN_F1};

use super::additive::{Additive, Statistics};
use super::predictions::{Predictions, TextPair};
use super::registry::{About, Input, Parameter};
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};

/// A metric that is the mean over the texts of the best value over the references.
const fn mean_of_best(
    about: About,
    examples: fn(&Predictions, &Parameter, &About) -> Result<Statistics, Unmeasured>,
) -> Additive {
    Additive {
        about,
        input: Input::Texts,
        examples,
        value: |sums| Some(sums.mean()),
        chosen: references,
    }
}

/// For each text, the best of `score` over its references.
fn best(
    predictions: &Predictions,
    mut score: impl FnMut(&str, &str) -> Result<f64, Unmeasured>,
) -> Result<Statistics, Unmeasured> {
    let mut statistics = Statistics::new(1);
    for TextPair {
        references,
        prediction,
    } in predictions.texts()?
    {
        let mut most = 0.0_f64;
        for reference in references {
            most = most.max(score(reference, prediction)?);
        }
        statistics.push(&[most]);
    }
    Ok(statistics)
}

/// `nrefs:1`, as sacreBLEU puts it; `nrefs:var` where texts differ in it.
fn references(predictions: &Predictions) -> Option<String> {
    let mut counts = predictions.texts().ok()?.iter().map(|text| text.references.len());
    let first = counts.next()?;
    Some(if counts.all(|count| count == first) {
        format!("nrefs:{first}")
    } else {
        "nrefs:var".to_owned()
    })
}

/// The one reference of a text.
///
/// # Errors
///
/// When there are several, between which the metric cannot choose.
pub(super) fn only_reference<'a>(
    text: &'a TextPair,
    at: usize,
    about: &About,
) -> Result<&'a str, Unmeasured> {
    match text.references.as_slice() {
        [reference] => Ok(reference),
        several => {
            let detail = format!(
                "`{}` takes one reference a text, and text {} has {}",
                about.name,
                at + 1,
                several.len()
            );
            Err(invalid(Fault::Manifest, detail))
        }
    }
}

#[cfg(test)]
mod tests;
