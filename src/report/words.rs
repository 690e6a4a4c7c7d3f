//! Numbers and times, as they are read.

use std::time::Duration;

use bytesize::ByteSize;

use crate::judge::{ClaimJudgement, Overall};
use crate::manifest::{Claim, Printed};
use crate::measure::Direction;

/// A time to two significant units: `0.4 s`, `12 s`, `3 m 20 s`, `2 h 5 m`.
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
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
        Some(first) if !text.starts_with('`') => first.to_uppercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_units() {
        let of = |milliseconds| duration(Duration::from_millis(milliseconds));
        assert_eq!(
            [of(420), of(12_300), of(200_000), of(7_500_000)],
            ["0.4 s", "12 s", "3 m 20 s", "2 h 5 m"]
        );
    }
}
