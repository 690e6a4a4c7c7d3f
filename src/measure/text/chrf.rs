//! chrF2, as sacreBLEU computes it by default.
//!
//! Reference: M. Popović, *chrF: character n-gram F-score for automatic MT evaluation*, WMT 2015.

use super::ngrams::Ngrams;
use super::references;
use super::tokens::is_space;
use crate::measure::additive::{Additive, Statistics};
use crate::measure::predictions::TextPair;
use crate::measure::registry::{About, Input};

/// The longest runs of characters.
const ORDER: usize = 6;

/// How much more recall counts than precision, squared.
const FACTOR: f64 = 4.0;

/// For each length of runs: those of the prediction, those of the reference, and those of both.
type Counts = [f64; 3 * ORDER];

fn runs(text: &str) -> Vec<Ngrams> {
    let characters: Vec<u32> = text.chars().filter(|c| !is_space(*c)).map(u32::from).collect();
    (1..=ORDER)
        .map(|length| Ngrams::new(&characters, length))
        .collect()
}

fn counts(prediction: &[Ngrams], reference: &[Ngrams]) -> Counts {
    let mut counts = [0.0; 3 * ORDER];
    for ((prediction, reference), counts) in prediction.iter().zip(reference).zip(counts.chunks_mut(3)) {
        let wanted = reference.total();
        // Runs that are longer than the reference are not held against the prediction.
        counts[0] = if wanted > 0.0 { prediction.total() } else { 0.0 };
        counts[1] = wanted;
        counts[2] = prediction.shared(reference);
    }
    counts
}

/// The counts of the reference that fits best, the first of several.
fn fitting(text: &TextPair) -> Counts {
    let prediction = runs(&text.prediction);
    let mut best = ([0.0; 3 * ORDER], -1.0);
    for reference in &text.references {
        let counts = counts(&prediction, &runs(reference));
        let score = score(&counts);
        if score > best.1 {
            best = (counts, score);
        }
    }
    best.0
}

/// The F-score of the precision and recall averaged over the lengths that both sides have.
fn score(counts: &[f64]) -> f64 {
    let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
    for counts in counts
        .chunks_exact(3)
        .filter(|counts| counts[0] > 0.0 && counts[1] > 0.0)
    {
        precision += counts[2] / counts[0];
        recall += counts[2] / counts[1];
        orders += 1.0;
    }
    if precision + recall == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (precision / orders, recall / orders);
    100.0 * ((1.0 + FACTOR) * precision * recall / (FACTOR * precision + recall))
}

/// The F2-score of runs of one to six characters without spaces, over the whole corpus.
pub(in crate::measure) static CHRF: Additive = Additive {
    about: About::higher("chrf", "character n-gram F2-score of the corpus, 0 to 100")
        .aka(&["chrf2"])
        .range(0.0, 100.0)
        .options("case:mixed|eff:yes|nc:6|nw:0|space:no")
        .reference("sacreBLEU 2.6.0 `corpus_chrf`"),
    input: Input::Texts,
    examples: |predictions, _, _| {
        let mut statistics = Statistics::new(3 * ORDER);
        predictions
            .texts()?
            .iter()
            .for_each(|text| statistics.push(&fitting(text)));
        Ok(statistics)
    },
    value: |sums| Some(score(&sums.sums)),
    chosen: references,
};
