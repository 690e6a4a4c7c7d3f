//! One claim against one measurement.
//!
//! The question is narrow: does the interval around the measured difference lie
//! where the claim, less its margin, says it should? "Cannot tell" is one of the
//! answers and has its own outcome; it is never folded into a failure, and a wide
//! interval never counts as a success.

use crate::error::Fault;
use crate::measure::Direction;
use crate::reason::{Reason, Unmeasured};
use crate::stats::{self, Interval};

use super::cleaned::{self, CleanedJudgement};
use super::comparison::{self, Compared};
use super::dialect::{self, Dialect};
use super::evidence::{ClaimEvidence, Measured};
use super::looks::{self, Design, Look};
use super::luck::{self, Luck};
use super::many;
use super::margin::{Margin, half_unit};
use super::precision::{Basis, ClaimedSpread, Precision};
use super::score::{self, FULL, Floor, PARTIAL};
use super::words::{count, gap_of, short};

/// The error that each of the two one-sided tests is allowed.
pub const ALPHA: f64 = 0.05;

/// The chance with which the runs that are asked for, and the gaps that are named, are seen.
pub const POWER: f64 = 0.8;

/// How far past an edge a number still counts as on it, relative to the largest number involved.
///
/// Claims are decimal and `f64` is not: `3.3 + 0.3` is below `3.6`.
pub const EDGE: f64 = 1e-9;

/// Beyond this a number is no measurement: its square would not be a number any more.
const LARGEST: f64 = 1e150;

/// z(0.95) + z(0.8): a gap of so many standard errors is seen by a z test.
const Z_SUM: f64 = 2.486;

/// More runs than this are never asked for.
pub(super) const MOST_RUNS: u64 = 100_000;

/// How a claim came out (judging.md §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// As good as claimed, within the margin.
    Reproduced,
    /// Better than claimed by more than the margin.
    Better,
    /// Worse than claimed by more than the margin, and still at least 7 of 10.
    Partial,
    /// Worse than claimed by more than the margin.
    NotReproduced,
    /// The interval straddles the edge of the margin.
    Inconclusive,
    /// The claim contradicts itself or its test-set size.
    Impossible,
    /// There is no measurement, for this reason.
    NotRun(Reason),
}

impl Outcome {
    /// The code that reports and JSON use, in kebab case; the reason of `not-run` is told apart.
    pub fn code(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::Better => "better",
            Self::Partial => "partial",
            Self::NotReproduced => "not-reproduced",
            Self::Inconclusive => "inconclusive",
            Self::Impossible => "impossible",
            Self::NotRun(_) => "not-run",
        }
    }

    /// Whether the claim holds.
    pub fn holds(self) -> bool {
        matches!(self, Self::Reproduced | Self::Better)
    }
}

/// The measured values of one claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// One a run, finite, at least one.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation with n − 1; `None` of a single run.
    pub sd: Option<f64>,
}

impl Sample {
    /// How many runs.
    pub fn runs(&self) -> u64 {
        self.values.len() as u64
    }

    /// The values, unless there are none or one of them is not a usable number.
    pub(super) fn of(values: &[f64], range: Option<(f64, f64)>) -> Result<Self, Unmeasured> {
        if let Some(bad) = values.iter().find(|value| usable(**value).is_none()) {
            return Err(invalid(
                Fault::Paper,
                format!("the measured value {} is not a usable number", short(*bad)),
            ));
        }
        if let Some((bad, range)) = outside(values, range) {
            let bad = short(bad);
            let detail = format!("the measured value {bad} lies outside the metric's range {range}");
            return Err(invalid(Fault::Paper, detail).hint("if the values are per cent, say so"));
        }
        let mean = stats::mean(values);
        let mean = mean.ok_or_else(|| {
            Unmeasured::new(Reason::MeasurementMissing, Fault::Paper, "no value was measured")
        })?;
        Ok(Self {
            values: values.to_vec(),
            mean,
            sd: stats::sample_sd(values),
        })
    }
}

/// One claim, judged. Every number is finite; all are in the metric's own unit.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimJudgement {
    /// The claim's id.
    pub id: String,
    /// Whether the verdict rests on it.
    pub primary: bool,
    /// Its weight as it is used.
    pub weight: f64,
    /// Which way the metric improves.
    pub direction: Direction,
    /// How it came out.
    pub outcome: Outcome,
    /// How the measurement compares, whatever the audit says; differs from `outcome` for an impossible claim only.
    pub as_measured: Outcome,
    /// Why there is no measurement.
    pub unmeasured: Option<Unmeasured>,
    /// Whether the measured mean has the same digits as the printed claim.
    pub exact: bool,
    /// What was measured.
    pub measured: Option<Sample>,
    /// m/c, or c/m where lower is better; `None` where a share means nothing, see `reasons`.
    pub ratio: Option<f64>,
    /// From 0 to 10; `None` without a measurement, or where there is nothing to score, see `reasons`.
    pub score: Option<f64>,
    /// What a model that learnt nothing gets; `None`: unknown, and the score is the ratio.
    pub floor: Option<Floor>,
    /// d: measured mean less claim, negative where worse.
    pub difference: Option<f64>,
    /// The 1 − 2α interval of d; `None` for a single run.
    pub interval: Option<Interval>,
    /// δ; `None` only where the claim itself is not a number, and of "better" where nothing is granted.
    pub margin: Option<Margin>,
    /// Which row of the table the standard error comes from.
    pub basis: Option<Basis>,
    /// Standard error of d.
    pub se: Option<f64>,
    /// Its degrees of freedom.
    pub df: Option<f64>,
    /// How many runs were measured.
    pub runs: u64,
    /// How many more runs would decide an inconclusive claim with a chance of 80 %, if mean and spread stay.
    pub more_runs_needed: Option<u64>,
    /// The smallest gap beyond the margin that as many runs see with a chance of 80 %.
    pub smallest_gap: Option<f64>,
    /// The claim is the best of about so many runs, by the measured spread.
    pub implied_luck: Option<Luck>,
    /// How many runs were measured when they were first looked at, where looking could stop them.
    pub looked_from: Option<u64>,
    /// What each look at the runs showed, where looking could stop them; the last is the outcome.
    pub looks: Vec<Look>,
    /// What a comparison rests on; `None` of every other claim.
    pub comparison: Option<Compared>,
    /// Other readings of the metric's name that give the claimed or the reported number.
    pub dialects: Vec<Dialect>,
    /// How it comes out without the test examples that are also in the training data; `None` where none is known.
    pub cleaned: Option<CleanedJudgement>,
    /// The one-sided p value of "as good as claimed, within the margin", or of "not better" for a comparison;
    /// `None` without a standard error above 0.
    pub p_value: Option<f64>,
    /// The same, adjusted after Benjamini and Hochberg over all claims of the study that have one of its kind.
    pub p_adjusted: Option<f64>,
    /// What a reader should know, in short lower-case sentences.
    pub reasons: Vec<String>,
}

/// Judges one claim.
pub fn claim(evidence: &ClaimEvidence) -> ClaimJudgement {
    let mut judged = blank(evidence);
    match usable_evidence(evidence) {
        Ok((measured, sample)) => match &evidence.compares {
            Some(claims) => comparison::compare(&mut judged, evidence, claims, measured, sample),
            None => compare(&mut judged, evidence, measured, sample),
        },
        Err(unmeasured) => {
            judged.reasons.push(unmeasured.to_string());
            judged.outcome = Outcome::NotRun(unmeasured.reason);
            judged.as_measured = judged.outcome;
            judged.unmeasured = Some(unmeasured);
        }
    }
    if let Some(found) = cleaned::judge(evidence) {
        judged.reasons.push(found.sentence.clone());
        judged.cleaned = Some(found);
    }
    if let Some(why) = &evidence.impossible {
        judged.outcome = Outcome::Impossible;
        judged
            .reasons
            .insert(0, format!("the claim is impossible: {why}"));
    }
    judged
}

/// A number that can be computed with: finite, and its square too.
pub(super) fn usable(value: f64) -> Option<f64> {
    (value.is_finite() && value.abs() <= LARGEST).then_some(value)
}

/// +1 where higher is better, else −1.
pub(super) fn sign(direction: Direction) -> f64 {
    match direction {
        Direction::HigherIsBetter => 1.0,
        Direction::LowerIsBetter => -1.0,
    }
}

fn invalid(fault: Fault, detail: String) -> Unmeasured {
    Unmeasured::new(Reason::MeasurementInvalid, fault, detail)
}

/// The first value outside `range`, and the range in words.
fn outside(values: &[f64], range: Option<(f64, f64)>) -> Option<(f64, String)> {
    let (low, high) = range?;
    let slack = EDGE
        * [low, high]
            .into_iter()
            .filter(|end| end.is_finite())
            .fold(1.0, |a, end| end.abs().max(a));
    let bad = values
        .iter()
        .find(|value| **value < low - slack || **value > high + slack)?;
    Some((*bad, format!("{low} to {high}")))
}

fn usable_evidence(evidence: &ClaimEvidence) -> Result<(&Measured, Sample), Unmeasured> {
    if usable(evidence.claimed.value).is_none() {
        return Err(invalid(
            Fault::Manifest,
            "the claimed value is not a usable number".to_owned(),
        ));
    }
    let measured = evidence.measured.as_ref().map_err(Clone::clone)?;
    Ok((measured, Sample::of(&measured.values, evidence.range)?))
}

/// What is known without a measurement.
fn blank(evidence: &ClaimEvidence) -> ClaimJudgement {
    let weight = score::weight(evidence.weight);
    let odd = weight != evidence.weight;
    let reasons = odd.then(|| format!("the weight {} counts as {weight}", evidence.weight));
    ClaimJudgement {
        id: evidence.id.clone(),
        primary: evidence.primary,
        weight,
        direction: evidence.direction,
        outcome: Outcome::NotRun(Reason::MeasurementMissing),
        as_measured: Outcome::NotRun(Reason::MeasurementMissing),
        unmeasured: None,
        exact: false,
        measured: None,
        ratio: None,
        score: None,
        floor: score::floor(evidence.floor, evidence.metric_floor, None),
        difference: None,
        interval: None,
        margin: usable(evidence.claimed.value)
            .filter(|_| comparison::has_margin(evidence))
            .map(|_| Margin::of(&evidence.claimed, evidence.tolerance, false)),
        basis: None,
        se: None,
        df: None,
        runs: 0,
        more_runs_needed: None,
        smallest_gap: None,
        implied_luck: None,
        looked_from: evidence.looked_from,
        looks: Vec::new(),
        comparison: None,
        cleaned: None,
        dialects: Vec::new(),
        p_value: None,
        p_adjusted: None,
        reasons: reasons.into_iter().collect(),
    }
}

/// Fills in everything that rests on the measurement.
fn compare(judged: &mut ClaimJudgement, evidence: &ClaimEvidence, measured: &Measured, sample: Sample) {
    let standing = Standing::of(evidence, measured, &sample);
    rate(judged, evidence, measured, sample.mean);
    judged.as_measured = standing.outcome(judged.score);
    judged.outcome = judged.as_measured;
    judged.exact = same_digits(sample.mean, evidence);
    judged.smallest_gap = standing.design.smallest_gap(&standing.precision);
    judged.implied_luck = luck::of(&sample, standing.difference, judged.outcome.holds());
    let precision = standing.precision;
    (judged.basis, judged.se, judged.df) = (Some(precision.basis), precision.se, precision.df);
    (judged.runs, judged.difference) = (sample.runs(), Some(standing.difference));
    judged.interval = standing.interval;
    judged.reasons.extend(spread_notes(
        evidence,
        measured,
        &sample,
        precision.basis,
        standing.claimed,
    ));
    if judged.outcome == Outcome::Inconclusive {
        ask_for_runs(judged, evidence, &standing, &sample);
    }
    judged.reasons.extend(luck::note(judged));
    if judged.outcome == Outcome::Better {
        judged.reasons.push(suspect(evidence, measured));
    }
    judged.looks = looks::of(evidence, measured);
    judged.dialects = dialect::of(evidence, measured, &sample, judged.as_measured);
    let dialects = judged.dialects.iter().map(|dialect| dialect.sentence.clone());
    judged.reasons.extend(dialects);
    judged.reasons.extend(measured.notes.iter().cloned());
    (judged.margin, judged.measured) = (Some(standing.margin), Some(sample));
    judged.p_value = many::falls_short(judged);
}

/// What some runs say of the claim: everything that the outcome follows from but the score.
pub(super) struct Standing {
    claimed: Option<ClaimedSpread>,
    pub(super) design: Design,
    pub(super) precision: Precision,
    pub(super) margin: Margin,
    pub(super) difference: f64,
    pub(super) interval: Option<Interval>,
    /// How much a computed number may be off because its terms are decimal.
    pub(super) slack: f64,
}

impl Standing {
    pub(super) fn of(evidence: &ClaimEvidence, measured: &Measured, sample: &Sample) -> Self {
        let claimed = ClaimedSpread::of(&evidence.claimed, evidence.claimed_runs);
        let design = Design::of(evidence);
        let precision = Precision::of(sample, claimed, measured.deterministic == Some(true));
        let margin = Margin::of(
            &evidence.claimed,
            evidence.tolerance,
            measured.from_checkpoint_as_released,
        );
        let c = evidence.claimed.value;
        let difference = sign(evidence.direction) * (sample.mean - c);
        let half = design.half_width(&precision);
        Self {
            claimed,
            design,
            precision,
            difference,
            interval: half.and_then(|half| Interval::around(difference, half)),
            slack: slack(&[c, sample.mean, margin.value]),
            margin,
        }
    }

    /// What a gain says whose precision was found elsewhere; `interval` is that of the gain itself.
    pub(super) fn of_gain(
        evidence: &ClaimEvidence,
        gain: f64,
        precision: Precision,
        interval: Option<Interval>,
        margin: Margin,
    ) -> Self {
        let c = evidence.claimed.value;
        Self {
            claimed: None,
            design: Design::of(evidence),
            precision,
            difference: gain - c,
            interval: interval.map(|of_gain| Interval {
                low: of_gain.low - c,
                high: of_gain.high - c,
            }),
            slack: slack(&[c, gain, margin.value]),
            margin,
        }
    }

    /// The rules of judging.md §3, in their order. Where nothing is known of the spread the point is compared; an
    /// interval without ends decides nothing.
    pub(super) fn outcome(&self, score: Option<f64>) -> Outcome {
        if self.interval.is_none() && self.precision.se.is_some() {
            return Outcome::Inconclusive;
        }
        let Interval { low, high } = self.interval.unwrap_or(Interval {
            low: self.difference,
            high: self.difference,
        });
        let edge = self.margin.value + self.slack;
        if low > edge {
            Outcome::Better
        } else if low >= -edge {
            Outcome::Reproduced
        } else if high >= -edge {
            Outcome::Inconclusive
        } else if score.is_some_and(|score| score >= PARTIAL - EDGE * FULL) {
            Outcome::Partial
        } else {
            Outcome::NotReproduced
        }
    }

    /// How far the difference lies from the edge that decides.
    fn gap(&self) -> f64 {
        (self.difference + self.margin.value).abs()
    }
}

/// Ratio, floor and score; an error of either becomes a reason.
fn rate(judged: &mut ClaimJudgement, evidence: &ClaimEvidence, measured: &Measured, mean: f64) {
    let (c, direction) = (evidence.claimed.value, evidence.direction);
    judged.floor = score::floor(evidence.floor, evidence.metric_floor, measured.floor_from_labels);
    let floor = judged.floor.map(|floor| floor.value);
    match score::ratio(mean, c, direction) {
        Ok(ratio) => judged.ratio = Some(ratio),
        Err(error) => judged.reasons.push(format!("no ratio: {error}")),
    }
    match score::score(mean, c, floor, direction) {
        Ok(score) => judged.score = Some(score),
        Err(error) => judged.reasons.push(format!("no score: {error}")),
    }
    if floor.is_none() {
        judged
            .reasons
            .push("floor unknown: the score is the share of the claim".to_owned());
    }
}

/// How much a computed number may be off because its terms are decimal.
fn slack(terms: &[f64]) -> f64 {
    EDGE * terms
        .iter()
        .fold(0.0, |largest: f64, term| largest.max(term.abs()))
}

/// Whether the mean, rounded to the claim's decimals, has the claim's digits; a tie may round either way.
pub(super) fn same_digits(mean: f64, evidence: &ClaimEvidence) -> bool {
    let c = evidence.claimed.value;
    (mean - c).abs() <= half_unit(&evidence.claimed) + slack(&[mean, c])
}

/// How many more runs would decide, or why no number of them would; and what these can see.
fn ask_for_runs(judged: &mut ClaimJudgement, evidence: &ClaimEvidence, standing: &Standing, sample: &Sample) {
    let (gap, claimed) = (standing.gap(), standing.claimed);
    let Some(sd) = sample.sd.or(claimed.map(|claimed| claimed.sd)) else {
        return;
    };
    let decides = |runs: u64| {
        let precision = Precision::of_runs(sd, runs, claimed);
        standing.design.decides(&precision, gap, POWER)
    };
    let runs = sample.runs();
    // What a z test would need, and a little more.
    let theirs = claimed.map_or(0.0, |claimed| claimed.sd.powi(2) / claimed.runs as f64);
    let room = (gap / Z_SUM).powi(2) - theirs;
    let guess = if room > 0.0 {
        sd * sd / room + 1.4
    } else {
        MOST_RUNS as f64
    };
    let needed = stats::runs_needed((runs + 1).max(2), MOST_RUNS, guess, decides);
    judged.more_runs_needed = needed.map(|needed| needed - runs);
    judged.reasons.push(match judged.more_runs_needed {
        Some(more) => format!("{} would decide with a chance of 80 %", more_runs(more)),
        None if claimed.is_some() => {
            "no number of runs would decide with a chance of 80 %: the claim's own spread is too wide"
                .to_owned()
        }
        None => format!(
            "{} would not decide: the difference lies on the edge of the margin",
            count(MOST_RUNS, "run")
        ),
    });
    judged.reasons.push(match judged.smallest_gap {
        Some(seen) => format!(
            "{} can only see a gap of {} beyond the margin, this one is {}",
            count(runs, "run"),
            gap_of(seen, &evidence.claimed),
            gap_of(gap, &evidence.claimed)
        ),
        None => format!(
            "{} say nothing yet: an interval that may be looked at after every run has ends from {} on",
            count(runs, "run"),
            count(looks::FIRST_WITH_ENDS, "run")
        ),
    });
}

fn more_runs(more: u64) -> String {
    format!("about {more} more run{}", if more == 1 { "" } else { "s" })
}

/// What the spread rests on, where that is not plain.
fn spread_notes(
    evidence: &ClaimEvidence,
    measured: &Measured,
    sample: &Sample,
    basis: Basis,
    claimed: Option<ClaimedSpread>,
) -> Vec<String> {
    let mut notes = Vec::new();
    if basis == Basis::SingleRun {
        notes.push("single run: nothing is known of the spread".to_owned());
    }
    if claimed.is_some_and(|claimed| claimed.assumed) {
        notes.push("the claim does not say how many runs its spread is over: 10 are assumed".to_owned());
    }
    if claimed.is_none() && evidence.claimed.spread.is_some() {
        notes.push("the claimed spread is over fewer than two runs and is not used as one".to_owned());
    }
    if sample.sd.is_some_and(|sd| sd <= 0.0) {
        notes.push(no_spread(measured, sample.runs()));
    }
    notes
}

fn no_spread(measured: &Measured, runs: u64) -> String {
    if measured.identical_outputs {
        format!(
            "seeds do not change the result: {} are one observation",
            count(runs, "run")
        )
    } else {
        format!("all {} gave the same value", count(runs, "run"))
    }
}

/// What most likely stands behind a value that is better than claimed.
fn suspect(evidence: &ClaimEvidence, measured: &Measured) -> String {
    match (evidence.claimed_examples, measured.examples) {
        (Some(claimed), Some(found)) if claimed != found => {
            format!("suspect: another split, {found} examples instead of {claimed}")
        }
        _ if !measured.recomputed => {
            "suspect: another metric, since the number is the code's own word".to_owned()
        }
        _ => "suspect: another split or a leak, since the metric is recomputed".to_owned(),
    }
}
