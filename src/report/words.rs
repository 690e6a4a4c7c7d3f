//! Numbers and times, as they are read.

use std::collections::BTreeSet;
use std::time::Duration;

use bytesize::ByteSize;

use unicode_width::UnicodeWidthStr as _;

use super::escape::one_line;
use super::{Report, SeedsEnd, SeedsReport};
use crate::audit::{Finding, SetAudit};
use crate::judge::{ClaimJudgement, Outcome, Overall};
use crate::manifest::{Claim, Printed};
use crate::measure::Direction;

/// A time to two significant units: `0.4 s`, `12 s`, `3 m 20 s`, `2 h 5 m`.
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time < Duration::from_millis(50) => "under 0.1 s".to_owned(),
        0..=9 => format!("{:.1} s", time.as_secs_f64()),
        10..=59 => format!("{seconds} s"),
        60..=3599 => format!("{} m {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A number of bytes: `12.3 MiB`.
pub(super) fn bytes(count: u64) -> String {
    ByteSize(count).to_string()
}

/// A ratio as a share: `98.8 %`.
pub(super) fn share(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

/// `value` in the unit of a printed claim, with `extra` more decimals: `82.81 %` beside `83.0 %`.
pub(super) fn beside(claim: &Printed, value: f64, extra: usize) -> String {
    let scale = if claim.percent { 100.0 } else { 1.0 };
    let places = (-(claim.unit * scale).log10()).round();
    let decimals = if places.is_finite() && places > 0.0 {
        (places as usize).min(12)
    } else {
        0
    };
    let number = format!("{:.*}", decimals + extra, value * scale);
    if claim.percent {
        format!("{number} %")
    } else {
        number
    }
}

/// The interval of the measured value that belongs to the interval of the difference.
pub(super) fn measured_interval(claim: &Claim, judged: &ClaimJudgement) -> Option<(f64, f64)> {
    let interval = judged.interval?;
    Some(match judged.direction {
        Direction::HigherIsBetter => (
            claim.value.value + interval.low,
            claim.value.value + interval.high,
        ),
        Direction::LowerIsBetter => (
            claim.value.value - interval.high,
            claim.value.value - interval.low,
        ),
    })
}

/// `7.2 / 10 on 5 of 8 claims (4.5–8.3 if the other three were 0 or 10)`.
pub(super) fn score(score: &Overall) -> String {
    let covered = format!("on {} of {}", score.covered, count(score.claims, "claim"));
    let missing = score.claims - score.covered;
    let others = match missing {
        1 => "the other one".to_owned(),
        _ => format!("the other {missing}"),
    };
    match score.value {
        None => format!("no score: nothing measured {covered}"),
        Some(value) if missing == 0 => format!("{value:.1} / 10 {covered}"),
        Some(value) => format!(
            "{value:.1} / 10 {covered} ({:.1}–{:.1} if {others} were 0 or 10)",
            score.low, score.high
        ),
    }
}

/// Which claims the score no longer rests on although they were measured in the previous run; `None` if there are none.
pub(super) fn lost(report: &Report) -> Option<String> {
    let measured = |outcome: Outcome| !matches!(outcome, Outcome::NotRun(_));
    let before = report.previous.iter().flat_map(|previous| &previous.claims);
    let before: BTreeSet<&str> = before
        .filter(|claim| measured(claim.outcome))
        .map(|claim| claim.id.as_str())
        .collect();
    let now = report.judgement.claims.iter();
    let lost: Vec<String> = now
        .filter(|claim| !measured(claim.outcome) && before.contains(claim.id.as_str()))
        .map(|claim| format!("`{}`", claim.id))
        .collect();
    (!lost.is_empty()).then(|| {
        format!(
            "measured in the previous run and not in this one: {}; the two scores are of different claims",
            lost.join(", ")
        )
    })
}

/// `1 claim`, `2 claims`.
pub(super) fn count(number: usize, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}

/// `text` with its first letter in upper case, for the start of a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// `text` in lines of at most `width` columns, the first after `first` and the others after as many spaces.
///
/// Words are not broken: a path or a digest stays whole, even where it is too long.
pub(super) fn wrapped(first: &str, text: &str, width: u16) -> String {
    let (width, indent) = (usize::from(width), first.width());
    let mut lines = vec![first.to_owned()];
    let mut used = indent;
    for word in text.split_whitespace() {
        let begun = used > indent;
        if begun && used + 1 + word.width() > width {
            lines.push(" ".repeat(indent));
            used = indent;
        } else if begun {
            lines.last_mut().into_iter().for_each(|line| line.push(' '));
            used += 1;
        }
        lines.last_mut().into_iter().for_each(|line| line.push_str(word));
        used += word.width();
    }
    lines.join("\n")
}

/// The measured value beside the claim: one more decimal than the claim has.
pub(super) fn measured(claim: &Claim, judged: &ClaimJudgement) -> Option<String> {
    let sample = judged.measured.as_ref()?;
    Some(beside(&claim.value, sample.mean, 1))
}

/// The interval of the measured value, or why there is none; `None` without a measurement.
pub(super) fn interval(claim: &Claim, judged: &ClaimJudgement) -> Option<String> {
    judged.measured.as_ref()?;
    Some(match measured_interval(claim, judged) {
        None if judged.se.is_some() => "no ends yet".to_owned(),
        None => "single run".to_owned(),
        Some((low, high)) if low < high => format!(
            "{} to {}",
            beside(&claim.value, low, 1),
            beside(&claim.value, high, 1)
        ),
        Some(_) => "deterministic".to_owned(),
    })
}

/// Why a step had so many seeds: `decided after 5 of at most 20 runs, 15 saved`.
pub(super) fn seeds_line(seeds: &SeedsReport) -> String {
    let (runs, max) = (count(seeds.runs as usize, "run"), seeds.max);
    match &seeds.end {
        SeedsEnd::Decided => format!("decided after {runs} of at most {max}, {} saved", seeds.saved()),
        SeedsEnd::Exhausted => format!("still undecided after all {max} runs"),
        SeedsEnd::Stopped(why) => format!("undecided after {runs} of at most {max}: {why}"),
        SeedsEnd::Unmeasured(why) => {
            format!("ended after {runs} of at most {max}, since more would not help: {why}")
        }
        SeedsEnd::NotPrimary => {
            format!("ended after {runs} of at most {max}: no primary claim is measured on it")
        }
    }
}

/// The p value of a claim and the adjusted one, where several of its kind were tested: `0.034 (0.17 among 5)`.
pub(super) fn chance(claims: &[ClaimJudgement], judged: &ClaimJudgement) -> Option<String> {
    let is_comparison = judged.comparison.is_some();
    let family = claims
        .iter()
        .filter(|claim| claim.p_value.is_some() && claim.comparison.is_some() == is_comparison)
        .count();
    let (p, adjusted) = judged.p_value.zip(judged.p_adjusted).filter(|_| family > 1)?;
    Some(format!("{} ({} among {family})", p_value(p), p_value(adjusted)))
}

/// With two digits that count, or as smaller than a thousandth.
fn p_value(p: f64) -> String {
    if p < 0.001 {
        return "<0.001".to_owned();
    }
    format!("{p:.*}", if p < 0.1 { 3 } else { 2 })
}

/// The score of a claim, with a star where its floor is not known.
pub(super) fn claim_score(judged: &ClaimJudgement) -> Option<String> {
    let star = if judged.floor.is_none() { "*" } else { "" };
    Some(format!("{:.1}{star}", judged.score?))
}

/// What the star says.
pub(super) const FLOOR_UNKNOWN: &str = "floor unknown: the score is the share of the claim";

/// The outcome in words, with the reason of one that was not run.
pub(super) fn outcome(judged: &ClaimJudgement) -> String {
    let code = judged.outcome.code();
    if let Outcome::NotRun(reason) = judged.outcome {
        return format!("{code}: {reason}");
    }
    if judged.exact {
        format!("{code}, same digits")
    } else {
        code.to_owned()
    }
}

/// What was spent: `6.4 s of steps, 2.1 s of CPU, 12.2 MiB peak memory`.
pub(super) fn cost(report: &Report) -> String {
    let cost = &report.judgement.cost;
    let mut text = format!(
        "{} of steps, {} of CPU, {} peak memory",
        duration(cost.wall),
        duration(hours(cost.cpu_hours)),
        bytes(cost.peak_memory)
    );
    if cost.gpu_hours > 0.0 {
        text.push_str(&format!(
            ", {} of GPU ({})",
            duration(hours(cost.gpu_hours)),
            cost.gpu_method.code()
        ));
    }
    if let (Some(amount), Some(currency)) = (cost.amount, &cost.currency) {
        text.push_str(&format!(", {amount:.2} {}", one_line(currency)));
    }
    let reused = report.steps.iter().filter(|run| run.reused).count();
    if reused > 0 {
        let all = count(report.steps.len(), "step run");
        text.push_str(&format!("; {reused} of {all} reused from earlier runs"));
    }
    text
}

fn hours(hours: f64) -> Duration {
    Duration::try_from_secs_f64(hours * 3600.0).unwrap_or_default()
}

/// What is said of one set of claims; others' text in it is not escaped.
///
/// `None` for a set in which nothing was found.
pub fn sentence_of_set(set: &SetAudit) -> Option<String> {
    let all = named(&set.claims);
    Some(match &set.finding {
        Finding::Fits(Some(witness)) => format!("{all} come of one confusion matrix: {witness}"),
        Finding::Fits(None) => return None,
        Finding::Contradicts { claims, why } => match claims.as_slice() {
            [only] => format!("`{only}` cannot be true: {why}"),
            several => format!("{} cannot all be true: {why}", named(several)),
        },
        Finding::Undecided { why } => format!("{all} are not held against each other: {why}"),
    })
}

/// `` `a`, `b` and `c` ``
fn named(ids: &[String]) -> String {
    let quoted: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// A bar for every two counts, on the scale of the highest.
pub fn bars(counts: &[u64]) -> String {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let counts: Vec<u64> = counts.chunks(2).map(|pair| pair.iter().sum()).collect();
    let highest = counts.iter().max().copied().unwrap_or(0).max(1);
    // What is there at all shows.
    counts
        .iter()
        .map(|count| BARS[(count * 8).div_ceil(highest) as usize])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_units() {
        let of = |milliseconds| duration(Duration::from_millis(milliseconds));
        assert_eq!(
            [of(3), of(420), of(12_300), of(200_000), of(7_500_000)],
            ["under 0.1 s", "0.4 s", "12 s", "3 m 20 s", "2 h 5 m"]
        );
    }

    #[test]
    fn long_text_is_wrapped_between_words() {
        assert_eq!(
            wrapped("  - ", "one two three 0123456789abcdef 漢字 漢字", 14),
            "  - one two\n    three\n    0123456789abcdef\n    漢字 漢字"
        );
    }

    #[test]
    fn bars_show_what_is_there() {
        assert_eq!(bars(&[0, 0, 0, 1, 250, 250, 1000]), " ▁▄█");
        assert_eq!(bars(&[]), "");
    }
}
