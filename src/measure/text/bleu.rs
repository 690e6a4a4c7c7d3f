//! BLEU, as sacreBLEU computes it by default.
//!
//! Reference: M. Post, *A call for clarity in reporting BLEU scores*, WMT 2018.

use super::ngrams::Ngrams;
use super::references;
use super::tokens::{Codes, is_space, words};
use crate::measure::additive::{Additive, Statistics};
use crate::measure::predictions::TextPair;
use crate::measure::registry::{About, Input};

/// The longest runs of words.
const ORDER: usize = 4;

/// The length of the prediction and of the reference; for each length of runs
/// those of both sides, and those of the prediction.
type Counts = [f64; 2 + 2 * ORDER];

/// The text with spaces between its tokens, as mteval-v13a sets them.
fn tokenised(text: &str) -> String {
    let text = text.trim_end_matches(is_space);
    let text = text
        .replace("<skipped>", "")
        .replace("-\n", "")
        .replace('\n', " ");
    let text = text
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    let spaced = apart(format!(" {text} ").chars());
    let spaced = behind(&spaced, |before, c| !before.is_ascii_digit() && stop(c));
    let spaced = before(&spaced);
    behind(&spaced, |before, c| before.is_ascii_digit() && c == '-')
}

fn stop(c: char) -> bool {
    c == '.' || c == ','
}

/// Symbols, but not `'`, `,`, `-` and `.`, each between spaces.
fn apart(text: impl Iterator<Item = char>) -> String {
    let mut spaced = String::new();
    for c in text {
        let symbol = matches!(c, '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/');
        if symbol {
            spaced.extend([' ', c, ' ']);
        } else {
            spaced.push(c);
        }
    }
    spaced
}

/// Spaces around the second of two characters that `splits`; a pair begins behind the last one.
fn behind(text: &str, splits: fn(char, char) -> bool) -> String {
    let mut spaced = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        spaced.push(c);
        if let Some(next) = chars.next_if(|next| splits(c, *next)) {
            spaced.extend([' ', next, ' ']);
        }
    }
    spaced
}

/// A space before and behind a stop that no digit follows; the character behind it is passed over.
fn before(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.next_if(|next| stop(c) && !next.is_ascii_digit()) {
            Some(next) => spaced.extend([' ', c, ' ', next]),
            None => spaced.push(c),
        }
    }
    spaced
}

fn counts(text: &TextPair) -> Counts {
    let given = tokenised(&text.prediction);
    let wanted: Vec<String> = text
        .references
        .iter()
        .map(|reference| tokenised(reference))
        .collect();
    let mut codes = Codes::default();
    let given = codes.of(words(&given));
    let wanted: Vec<Vec<u32>> = wanted
        .iter()
        .map(|reference| codes.of(words(reference)))
        .collect();
    // The closest length, the shorter of two that are equally close.
    let lengths = wanted.iter().map(Vec::len);
    let closest = lengths.min_by_key(|length| (length.abs_diff(given.len()), *length));
    let mut counts = [0.0; 2 + 2 * ORDER];
    counts[0] = given.len() as f64;
    counts[1] = closest.unwrap_or_default() as f64;
    for length in 1..=ORDER {
        let mut union = Ngrams::default();
        wanted
            .iter()
            .for_each(|reference| union.widen(&Ngrams::new(reference, length)));
        let runs = Ngrams::new(&given, length);
        counts[1 + length] = runs.shared(&union);
        counts[1 + ORDER + length] = runs.total();
    }
    counts
}

/// BLEU of the summed counts, with exponential smoothing of the lengths without a match.
fn score(counts: &[f64]) -> f64 {
    let (given, wanted) = (counts[0], counts[1]);
    let (correct, total) = (&counts[2..2 + ORDER], &counts[2 + ORDER..]);
    if correct.iter().all(|count| *count == 0.0) || total.contains(&0.0) {
        return 0.0;
    }
    let brevity = if given < wanted {
        (1.0 - wanted / given).exp()
    } else {
        1.0
    };
    let mut smoothing = 1.0;
    let logarithms = correct.iter().zip(total).map(|(&correct, &total)| {
        if correct > 0.0 {
            return (100.0 * correct / total).ln();
        }
        smoothing *= 2.0;
        (100.0 / (smoothing * total)).ln()
    });
    brevity * (logarithms.sum::<f64>() / ORDER as f64).exp()
}

/// The geometric mean of the shares of runs of one to four words that a reference has, less where the texts are short.
pub(in crate::measure) static BLEU: Additive = Additive {
    about: About::higher("bleu", "corpus BLEU, 0 to 100")
        .aka(&["sacrebleu", "bleu-4"])
        .range(0.0, 100.0)
        .options("case:mixed|eff:no|tok:13a|smooth:exp")
        .reference("sacreBLEU 2.6.0 `corpus_bleu`"),
    input: Input::Texts,
    examples: |predictions, _, _| {
        let mut statistics = Statistics::new(2 + 2 * ORDER);
        predictions
            .texts()?
            .iter()
            .for_each(|text| statistics.push(&counts(text)));
        Ok(statistics)
    },
    value: |sums| Some(score(&sums.sums)),
    chosen: references,
};
