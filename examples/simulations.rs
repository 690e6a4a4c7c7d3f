//! How often reproof's statistics err, by simulation: the tables of docs/judging.md.
//!
//! `cargo run --release --example simulations` prints them; a number behind it sets how many studies are drawn
//! (20,000 by default). The random numbers are fixed, so the tables are too.

#![expect(clippy::print_stdout, reason = "a program whose result is what it prints")]

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};
use rayon::prelude::*;
use reproof::stats::{anytime_quantile, best_of_limits, t_quantile};

/// The error that each side is allowed.
const ALPHA: f64 = 0.05;

/// The most runs of a study.
const MOST: usize = 50;

fn main() {
    let studies = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let studies = studies.unwrap_or(20_000);
    stopping(studies);
    saved(studies);
    luck(studies.min(5_000));
}

/// Random numbers of one study.
struct Draw(ChaCha8Rng);

impl Draw {
    fn of(table: u8, study: u64) -> Self {
        let mut numbers = ChaCha8Rng::from_seed([table; 32]);
        numbers.set_stream(study);
        Self(numbers)
    }

    /// In 0..1, never 0.
    fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// The method of Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Mean 0 and standard deviation 1 for every kind of noise.
    fn noise(&mut self, noise: Noise) -> f64 {
        match noise {
            Noise::Normal => self.normal(),
            Noise::Gamma => {
                let sum: f64 = (0..4).map(|_| -self.uniform().ln()).sum();
                (sum - 4.0) / 2.0
            }
            Noise::SkewedUp => -self.uniform().ln() - 1.0,
            Noise::SkewedDown => 1.0 + self.uniform().ln(),
            Noise::Accuracy(examples) => {
                let right = (0..examples).filter(|_| self.uniform() < SHARE).count() as f64;
                let n = f64::from(examples);
                (right - n * SHARE) / (n * SHARE * (1.0 - SHARE)).sqrt()
            }
        }
    }
}

/// The share of right answers behind the simulated accuracies.
const SHARE: f64 = 0.83;

/// How runs vary.
#[derive(Clone, Copy)]
enum Noise {
    Normal,
    Gamma,
    SkewedUp,
    SkewedDown,
    Accuracy(u32),
}

impl Noise {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Normal, "normal"),
        (Self::Accuracy(1000), "accuracy of 1,000 examples"),
        (Self::Accuracy(100), "accuracy of 100 examples"),
        (Self::Gamma, "mildly skewed to good values (gamma, shape 4)"),
        (Self::SkewedUp, "strongly skewed to good values (exponential)"),
        (Self::SkewedDown, "strongly skewed to bad values (exponential)"),
    ];
}

/// When looking stops, and what is said: the rule of one side after each number of runs.
struct Rule {
    /// Half the width of the interval in standard errors, by number of runs; infinite where there is none.
    quantiles: Vec<f64>,
    /// The part of the interval that belongs to the claimed mean.
    theirs: f64,
}

impl Rule {
    fn anytime(theirs: f64) -> Self {
        Self::with(theirs, |runs| anytime_quantile(ALPHA, runs - 1.0, runs))
    }

    /// What happens if the interval of a fixed number of runs is looked at after every run.
    fn peeking() -> Self {
        Self::with(0.0, |runs| t_quantile(1.0 - ALPHA, runs - 1.0))
    }

    fn with(theirs: f64, quantile: impl Fn(f64) -> Option<f64>) -> Self {
        let quantiles = (0..=MOST).map(|runs| quantile(runs as f64).unwrap_or(f64::INFINITY));
        Self {
            quantiles: quantiles.collect(),
            theirs,
        }
    }

    /// Draws run after run around a true distance from the edge of the margin, and stops when decided: whether the
    /// mean lies above the edge, and after how many runs.
    fn study(&self, draw: &mut Draw, noise: Noise, distance: f64, offset: f64) -> (Option<bool>, usize) {
        let (mut mean, mut squares) = (0.0, 0.0);
        for runs in 1..=MOST {
            let value = distance + draw.noise(noise);
            let before = value - mean;
            mean += before / runs as f64;
            squares += before * (value - mean);
            if runs < 2 {
                continue;
            }
            let se = (squares / (runs as f64 - 1.0) / runs as f64).sqrt();
            // Equal values decide nothing before the fourth run.
            let own = if se == 0.0 && runs < 4 {
                f64::INFINITY
            } else if se == 0.0 {
                0.0
            } else {
                self.quantiles[runs] * se
            };
            let half = own.hypot(self.theirs);
            let seen = mean - offset;
            if seen - half >= 0.0 {
                return (Some(true), runs);
            }
            if seen + half < 0.0 {
                return (Some(false), runs);
            }
        }
        (None, MOST)
    }
}

/// In per cent of all studies: false `reproduced`, false `not-reproduced`.
fn errors(studies: u64, table: u8, rule: &Rule, noise: Noise, claimed: Option<u32>) -> (f64, f64) {
    let outcomes: Vec<Option<bool>> = (0..studies)
        .into_par_iter()
        .map(|study| {
            let mut draw = Draw::of(table, study);
            let offset = claimed.map_or(0.0, |runs| draw.normal() / f64::from(runs).sqrt());
            rule.study(&mut draw, noise, 0.0, offset).0
        })
        .collect();
    let share = |wanted: bool| {
        let count = outcomes
            .iter()
            .filter(|outcome| **outcome == Some(wanted))
            .count();
        100.0 * count as f64 / studies as f64
    };
    (share(true), share(false))
}

/// Type I errors at the edge of the margin, stopping after every run from 2 to 50.
fn stopping(studies: u64) {
    println!("{studies} studies a row, looks after every run from 2 to {MOST}\n");
    println!(
        "| noise of a run | false `reproduced` | false `not-reproduced` | with the t interval instead |"
    );
    println!("|---|---:|---:|---:|");
    for (noise, name) in Noise::ALL {
        let (good, bad) = errors(studies, 1, &Rule::anytime(0.0), noise, None);
        let (naive_good, naive_bad) = errors(studies, 1, &Rule::peeking(), noise, None);
        println!("| {name} | {good:.1} % | {bad:.1} % | {naive_good:.1} % and {naive_bad:.1} % |");
    }
    for runs in [3, 10, 100] {
        let t = t_quantile(1.0 - ALPHA, f64::from(runs) - 1.0).unwrap_or(f64::INFINITY);
        // The claimed spread is taken as known here: the true one, 1.
        let rule = Rule::anytime(t / f64::from(runs).sqrt());
        let (good, bad) = errors(studies, 2, &rule, Noise::Normal, Some(runs));
        println!("| normal, and the claim is itself a mean of {runs} runs | {good:.1} % | {bad:.1} % | – |");
    }
    println!();
}

/// The smallest fixed number of runs whose t test sees the distance with this chance.
fn fixed(distance: f64, power: f64) -> u64 {
    let decides = |runs: u64| {
        let runs = runs as f64;
        let found = reproof::stats::t_power(distance * runs.sqrt(), runs - 1.0, ALPHA);
        found.is_some_and(|found| found >= power)
    };
    reproof::stats::runs_needed(2, 1_000_000, 10.0, decides).unwrap_or(1_000_000)
}

/// How many runs are needed when looking after each of them.
fn saved(studies: u64) {
    println!(
        "| distance from the edge, in spreads of a run | decided within {MOST} runs | mean runs | median | fixed design with as high a chance | saved of {MOST} |"
    );
    println!("|---:|---:|---:|---:|---:|---:|");
    let rule = Rule::anytime(0.0);
    for distance in [0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0] {
        let mut ends: Vec<(bool, usize)> = (0..studies)
            .into_par_iter()
            .map(|study| {
                let (outcome, runs) = rule.study(&mut Draw::of(3, study), Noise::Normal, distance, 0.0);
                (outcome == Some(true), runs)
            })
            .collect();
        let decided = ends.iter().filter(|(right, _)| *right).count() as f64 / studies as f64;
        let mean = ends.iter().map(|(_, runs)| *runs as f64).sum::<f64>() / studies as f64;
        ends.sort_by_key(|(_, runs)| *runs);
        let median = ends[ends.len() / 2].1;
        let fixed = fixed(distance, decided.min(0.999));
        let share = 100.0 * (1.0 - mean / MOST as f64);
        println!(
            "| {distance} | {:.1} % | {mean:.1} | {median} | {fixed} | {share:.0} % |",
            decided * 100.0
        );
    }
    println!();
}

/// How often the limits of the implied luck hold the true number of runs of which the claim is the best.
fn luck(studies: u64) {
    println!("{studies} studies a cell; 90 % are meant\n");
    println!("| the claim is the best of | 3 runs measured | 5 | 10 | 30 | 10, exponential noise |");
    println!("|---:|---:|---:|---:|---:|---:|");
    for best in [1_u32, 2, 3, 5, 10, 20, 50, 100] {
        let cells = [
            (3, Noise::Normal),
            (5, Noise::Normal),
            (10, Noise::Normal),
            (30, Noise::Normal),
            (10, Noise::SkewedUp),
        ]
        .map(|(runs, noise)| format!("{:.1} %", coverage(studies, best, runs, noise)));
        println!("| {best} | {} |", cells.join(" | "));
    }
}

fn coverage(studies: u64, best: u32, runs: u64, noise: Noise) -> f64 {
    let held = (0..studies)
        .into_par_iter()
        .filter(|study| {
            let mut draw = Draw::of(4, *study);
            let claim = (0..best).map(|_| draw.noise(noise)).fold(f64::MIN, f64::max);
            let values: Vec<f64> = (0..runs).map(|_| draw.noise(noise)).collect();
            let mean = reproof::stats::mean(&values).unwrap_or_default();
            let sd = reproof::stats::sample_sd(&values).unwrap_or(1.0);
            let limits = best_of_limits((claim - mean) / sd, runs, ALPHA, 1e6);
            limits.is_some_and(|(low, high)| {
                let k = f64::from(best);
                low <= k + 1e-6 && high.is_none_or(|high| k <= high + 1e-6)
            })
        })
        .count();
    100.0 * held as f64 / studies as f64
}
