//! Silence on 10,000 sets of claims that are true.

use super::tests::{METRICS, claim, textbook};
use super::*;

/// SplitMix64: G. Steele, D. Lea and C. Flood, *Fast Splittable Pseudorandom Number Generators*, 2014.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    pub(super) fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

/// What is true of some runs on one test set.
struct Truth {
    positives: u64,
    negatives: u64,
    /// tp, fn, fp and tn of each run.
    runs: Vec<[f64; 4]>,
}

impl Truth {
    fn draw(random: &mut Random, most: u64, runs: u64) -> Self {
        let (positives, negatives) = (random.between(1, most), random.between(1, most));
        let mut right = |all: u64| {
            // Half of them no worse than a coin, as reported models are.
            let least = if random.coin() { all / 2 } else { 0 };
            random.between(least, all)
        };
        let run = |_| {
            let (tp, tn) = (right(positives), right(negatives));
            [tp, positives - tp, negatives - tn, tn].map(|count| count as f64)
        };
        Self {
            positives,
            negatives,
            runs: (0..runs).map(run).collect(),
        }
    }

    /// The values of all runs; `None` where one is 0/0.
    fn values(&self, metric: &str) -> Option<Vec<f64>> {
        self.runs.iter().map(|cells| textbook(metric, *cells)).collect()
    }
}

/// `91.2 %` or `0.912`, with or without a spread that may have other decimals and either divisor.
pub(super) fn printed(values: &[f64], decimals: usize, random: &mut Random) -> String {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let percent = random.coin();
    let scale = if percent { 100.0 } else { 1.0 };
    let places = if percent {
        decimals.saturating_sub(2)
    } else {
        decimals
    };
    let sign = if percent { " %" } else { "" };
    if values.len() == 1 || random.coin() {
        return format!("{:.places$}{sign}", mean * scale);
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let spread = (squares / (count - f64::from(u8::from(random.coin())))).sqrt();
    let of_spread = places + usize::from(random.coin());
    format!("{:.places$} ± {:.of_spread$}{sign}", mean * scale, spread * scale)
}

fn claims(truth: &Truth, known: bool, random: &mut Random) -> Vec<AuditClaim> {
    let decimals = random.between(1, 4) as usize;
    let mut claims = Vec::new();
    for metric in METRICS {
        let Some(values) = truth.values(metric).filter(|_| random.between(0, 2) == 0) else {
            continue;
        };
        let mut claim = claim(metric, &printed(&values, decimals, random));
        claim.examples = Some(truth.positives + truth.negatives);
        claim.facts.positives = known.then_some(truth.positives);
        claim.facts.classes = Some(2);
        claim.runs = Some(truth.runs.len() as u32);
        claims.push(claim);
    }
    claims
}

#[test]
fn ten_thousand_consistent_sets_raise_no_alarm() {
    let mut random = Random::new(2024);
    let (mut decided, mut judged) = (0, 0);
    for number in 0..10_000 {
        let known = number % 2 == 0;
        let runs = if number % 4 < 2 { 1 } else { random.between(2, 10) };
        let truth = Truth::draw(&mut random, if known { 1500 } else { 150 }, runs);
        let claims = claims(&truth, known, &mut random);
        let found = audit(&claims);
        assert!(found.possible(), "{claims:#?}\n{found:#?}");
        judged += usize::from(!claims.is_empty());
        let fits = |set: &SetAudit| matches!(set.finding, Finding::Fits(Some(_)));
        decided += usize::from(found.sets.iter().any(fits));
    }
    // Silence must not come of having looked at nothing.
    assert!(
        judged > 9_000 && decided > 5_000,
        "{judged} judged, {decided} decided"
    );
}
