//! Runs of tokens and how often they occur.

use std::collections::HashMap;

/// The longest run that is counted.
const LONGEST: usize = 6;

/// Stands behind the tokens of a short run; no token has this number.
const NOTHING: u32 = u32::MAX;

type Run = [u32; LONGEST];

/// How often each run of tokens occurs.
#[derive(Debug, Default)]
pub(super) struct Ngrams {
    counts: HashMap<Run, u64>,
}

impl Ngrams {
    /// The runs of `length` tokens, at most six.
    pub(super) fn new(tokens: &[u32], length: usize) -> Self {
        let mut counts = HashMap::new();
        for window in tokens.windows(length.clamp(1, LONGEST)) {
            let mut run = [NOTHING; LONGEST];
            run[..window.len()].copy_from_slice(window);
            *counts.entry(run).or_insert(0) += 1;
        }
        Self { counts }
    }

    /// Each run as often as in the side where it occurs more often.
    pub(super) fn widen(&mut self, other: &Self) {
        for (run, &count) in &other.counts {
            let known = self.counts.entry(*run).or_insert(0);
            *known = count.max(*known);
        }
    }

    /// How many runs there are.
    pub(super) fn total(&self) -> f64 {
        self.counts.values().sum::<u64>() as f64
    }

    /// How many runs both sides have.
    pub(super) fn shared(&self, other: &Self) -> f64 {
        let both = self.counts.iter().map(|(run, count)| {
            let theirs = other.counts.get(run).copied().unwrap_or(0);
            theirs.min(*count)
        });
        both.sum::<u64>() as f64
    }
}
