//! Whether one claim is better than another.
//!
//! What is judged is the gain, D, positive where the better claim is better. With
//! a printed gain the rules are those of every claim. Without one the question is
//! whether there is a gain at all: the whole interval of D has to lie above 0, or
//! above the tolerance that the manifest grants.

use crate::manifest::{Comparison, Printed};
use crate::measure::Direction;
use crate::stats::{self, Alternative, Discordant, Group, Interval, Resampling, TTest};

use super::compare::{ALPHA, ClaimJudgement, MOST_RUNS, Outcome, POWER, Sample, Standing, same_digits};
use super::evidence::{ClaimEvidence, Gain, Measured, Pairing};
use super::looks::Design;
use super::margin::Margin;
use super::precision::{Basis, Precision};
use super::score::{self, FULL, Floor, FloorSource};
use super::words::{count, short};

/// What a comparison rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The two claims, and whether the paper prints the gain.
    pub claims: Comparison,
    /// The mean gain, in the metric's own unit; positive where the better claim is better.
    pub gain: f64,
    /// On how many examples only one of the two is right; `None` unless that can be counted.
    pub discordant: Option<Discordant>,
    /// Which test the p value is of; `None` without one.
    pub test: Option<Test>,
    /// How the gain was resampled, where it was.
    pub resampling: Option<Resampling>,
}

/// A one-sided test that the gain is not above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Of the gains of paired seeds.
    PairedT,
    /// Of the examples on which only one of the two is right.
    McNemar,
    /// Of the resampled gain: the error of the one-sided BCa interval that ends at 0.
    Bootstrap,
    /// Of runs that are not paired.
    Welch,
}

impl Test {
    /// The word that reports and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            Self::PairedT => "paired-t",
            Self::McNemar => "exact-mcnemar",
            Self::Bootstrap => "bca-bootstrap",
            Self::Welch => "welch",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::PairedT => "paired t test",
            Self::McNemar => "exact McNemar test",
            Self::Bootstrap => "paired bootstrap",
            Self::Welch => "Welch's test",
        }
    }
}

/// Fills in everything that rests on the measured gain.
pub(super) fn compare(
    judged: &mut ClaimJudgement,
    evidence: &ClaimEvidence,
    claims: &Comparison,
    measured: &Measured,
    sample: Sample,
) {
    let gain = measured.gain.as_ref();
    let (precision, interval) = precision(evidence, gain, &sample);
    let margin = margin(evidence, claims);
    let standing = Standing::of_gain(evidence, sample.mean, precision, interval, margin);
    rate(judged, evidence, claims, sample.mean);
    judged.as_measured = if claims.printed {
        standing.outcome(judged.score)
    } else {
        superior(&standing)
    };
    judged.outcome = judged.as_measured;
    judged.exact = claims.printed && same_digits(sample.mean, evidence);
    (judged.basis, judged.se, judged.df) = (Some(precision.basis), precision.se, precision.df);
    (judged.runs, judged.difference) = (sample.runs(), Some(standing.difference));
    judged.interval = standing.interval;
    judged.smallest_gap = standing.design.smallest_gap(&precision);
    let tested = gain.filter(|_| evidence.looked_from.is_none());
    let tested = tested.and_then(|gain| test(gain, &sample));
    judged.p_value = tested.map(|(_, p)| p);
    let compared = compared(claims, gain, sample.mean, tested.map(|(test, _)| test));
    judged
        .reasons
        .extend(rests_on(&compared, precision.basis, judged));
    judged.comparison = Some(compared);
    if judged.outcome == Outcome::Inconclusive {
        ask_for_more(judged, &standing, &sample);
    }
    judged.reasons.extend(measured.notes.iter().cloned());
    judged.margin = Some(standing.margin).filter(|_| has_margin(evidence));
    judged.measured = Some(sample);
}

/// The standard error of the gain, and its 1 − 2α interval.
fn precision(
    evidence: &ClaimEvidence,
    gain: Option<&Gain>,
    sample: &Sample,
) -> (Precision, Option<Interval>) {
    let around = |precision: Precision| {
        let half = Design::of(evidence).half_width(&precision);
        let interval = half.and_then(|half| Interval::around(sample.mean, half));
        (precision, interval)
    };
    match (gain.map(|gain| &gain.pairing), sample.sd) {
        (Some(Pairing::Seeds), Some(sd)) => around(of_paired_seeds(sd, sample.runs())),
        (Some(Pairing::Examples(bootstrap)), _) => (
            Precision::given(Basis::PairedExamples, bootstrap.se(), None),
            bootstrap.interval(1.0 - 2.0 * ALPHA),
        ),
        // Runs that looking could stop and that are not paired: no interval holds at all looks.
        (Some(Pairing::Runs(better, worse)), _) if evidence.looked_from.is_some() => {
            (of_two_samples(*better, *worse), None)
        }
        (Some(Pairing::Runs(better, worse)), _) => around(of_two_samples(*better, *worse)),
        (Some(Pairing::Seeds | Pairing::Single) | None, _) => {
            (Precision::given(Basis::SingleRun, None, None), None)
        }
    }
}

fn of_paired_seeds(sd: f64, seeds: u64) -> Precision {
    Precision::of_runs(sd, seeds, None).resting_on(Basis::PairedSeeds)
}

fn of_two_samples(better: Group, worse: Group) -> Precision {
    match stats::welch((better.sd, better.n), (worse.sd, worse.n)) {
        Some(welch) => Precision::given(Basis::TwoSamples, Some(welch.se), welch.df),
        None => Precision::given(Basis::SingleRun, None, None),
    }
}

/// Whether anything is granted: "better" alone has no margin.
pub(super) fn has_margin(evidence: &ClaimEvidence) -> bool {
    let unprinted = evidence.compares.as_ref().is_some_and(|claims| !claims.printed);
    !unprinted || evidence.tolerance.is_some()
}

/// δ: as ever for a printed gain; nothing but the manifest's tolerance for "better".
fn margin(evidence: &ClaimEvidence, claims: &Comparison) -> Margin {
    let unit = if claims.printed {
        evidence.claimed.unit
    } else {
        0.0
    };
    let claimed = Printed {
        unit,
        spread: None,
        ..evidence.claimed.clone()
    };
    Margin::of(&claimed, evidence.tolerance, false)
}

/// Ratio and score: the share of the printed gain, or all for any gain where none is printed.
fn rate(judged: &mut ClaimJudgement, evidence: &ClaimEvidence, claims: &Comparison, gain: f64) {
    judged.floor = Some(Floor {
        value: 0.0,
        source: FloorSource::NoGain,
    });
    if !claims.printed {
        judged.score = Some(if gain > 0.0 { FULL } else { 0.0 });
        return;
    }
    let c = evidence.claimed.value;
    judged.ratio = score::ratio(gain, c, Direction::HigherIsBetter).ok();
    match score::score(gain, c, Some(0.0), Direction::HigherIsBetter) {
        Ok(score) => judged.score = Some(score),
        Err(error) => judged.reasons.push(format!("no score: {error}")),
    }
}

/// Whether there is a gain at all.
fn superior(standing: &Standing) -> Outcome {
    if standing.interval.is_none() && standing.precision.se.is_some() {
        return Outcome::Inconclusive;
    }
    let Interval { low, high } = standing.interval.unwrap_or(Interval {
        low: standing.difference,
        high: standing.difference,
    });
    let edge = standing.slack - standing.margin.value;
    if low > edge {
        Outcome::Reproduced
    } else if high <= edge {
        Outcome::NotReproduced
    } else {
        Outcome::Inconclusive
    }
}

/// The one-sided p value of "not better", and what it was tested with.
///
/// Which test when: T. G. Dietterich, *Approximate Statistical Tests for Comparing Supervised Classification
/// Learning Algorithms*, Neural Computation 10 (1998).
fn test(gain: &Gain, sample: &Sample) -> Option<(Test, f64)> {
    match (&gain.pairing, gain.discordant) {
        (Pairing::Seeds, _) => {
            let n = sample.runs() as f64;
            let test = TTest::new(sample.mean, 0.0, sample.sd? / n.sqrt(), n - 1.0)?;
            Some((Test::PairedT, test.p(Alternative::Greater)?))
        }
        (Pairing::Examples(_) | Pairing::Single, Some(discordant)) => {
            Some((Test::McNemar, discordant.p_first_not_better()))
        }
        (Pairing::Examples(bootstrap), None) => Some((Test::Bootstrap, bootstrap.p_not_above(0.0)?)),
        (Pairing::Runs(better, worse), _) => {
            let test = stats::welch_test(*better, *worse)?;
            Some((Test::Welch, test.p(Alternative::Greater)?))
        }
        (Pairing::Single, None) => None,
    }
}

fn compared(claims: &Comparison, gain: Option<&Gain>, mean: f64, test: Option<Test>) -> Compared {
    let resampling = match gain.map(|gain| &gain.pairing) {
        Some(Pairing::Examples(bootstrap)) => Some(bootstrap.resampling()),
        Some(Pairing::Seeds | Pairing::Runs(..) | Pairing::Single) | None => None,
    };
    Compared {
        claims: claims.clone(),
        gain: mean,
        discordant: gain.and_then(|gain| gain.discordant),
        test,
        resampling,
    }
}

/// What was paired, what was counted, and what the test says.
fn rests_on(compared: &Compared, basis: Basis, judged: &ClaimJudgement) -> Vec<String> {
    let paired = match basis {
        Basis::PairedSeeds => format!("the gain is over {}", count(judged.runs, "paired seed")),
        Basis::PairedExamples => match compared.resampling {
            Some(Resampling { resamples, seed }) => format!(
                "the gain is over the same test examples, resampled {resamples} times in pairs from seed {seed}"
            ),
            None => "the gain is over the same test examples".to_owned(),
        },
        Basis::TwoSamples => "the runs of the two claims are not paired".to_owned(),
        Basis::Welch | Basis::Runs | Basis::Prediction | Basis::Deterministic | Basis::SingleRun => {
            "nothing is known of the spread of the gain: single run".to_owned()
        }
    };
    let (better, worse) = (&compared.claims.better, &compared.claims.worse);
    let counted = compared.discordant.map(|Discordant { first, second }| {
        format!(
            "only `{better}` is right on {}, only `{worse}` on {second}",
            count(first, "example")
        )
    });
    let tested = compared.test.zip(judged.p_value);
    let tested = tested.map(|(test, p)| {
        format!(
            "that `{better}` is no better has p = {} by the one-sided {}",
            short(p),
            test.name()
        )
    });
    [Some(paired), counted, tested].into_iter().flatten().collect()
}

/// What would decide, as far as that can be said.
fn ask_for_more(judged: &mut ClaimJudgement, standing: &Standing, sample: &Sample) {
    let Some(sd) = sample
        .sd
        .filter(|_| standing.precision.basis == Basis::PairedSeeds)
    else {
        judged.reasons.push(remedy(judged));
        return;
    };
    let gap = (standing.difference + standing.margin.value).abs();
    let runs = sample.runs();
    let decides = |runs: u64| standing.design.decides(&of_paired_seeds(sd, runs), gap, POWER);
    // What a z test would need.
    let guess = (sd / gap).powi(2) * 6.2;
    let needed = stats::runs_needed((runs + 1).max(2), MOST_RUNS, guess, decides);
    judged.more_runs_needed = needed.map(|needed| needed - runs);
    judged.reasons.push(remedy(judged));
}

/// What would decide an inconclusive comparison.
pub(super) fn remedy(judged: &ClaimJudgement) -> String {
    match (judged.basis, judged.more_runs_needed) {
        (Some(Basis::PairedSeeds), Some(more)) => {
            format!("run both with about {} more", count(more, "seed"))
        }
        (Some(Basis::PairedSeeds), None) => {
            format!("{} would not decide: the two are too close", count(MOST_RUNS, "seed"))
        }
        (Some(Basis::PairedExamples), _) => {
            "the test set is too small to tell the two apart: compare them on more examples, or over several seeds"
                .to_owned()
        }
        _ => "run both with the same seeds, several of them".to_owned(),
    }
}
