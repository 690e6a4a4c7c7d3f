//! Numbers, times and other people's text, as they are read.

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

/// Other people's text on one line, without control characters or marks that reorder text.
pub(super) fn one_line(text: &str) -> String {
    let visible = text.chars().map(|c| match c {
        '\n' | '\t' | '\r' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    });
    visible
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Other people's text inside Markdown: nothing in it makes markup, links or HTML.
pub(super) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            // An address on its own becomes a link; a mention or a bare domain notifies or misleads.
            '@' => escaped.push_str("&#64;"),
            c => escaped.push(c),
        }
    }
    escaped.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// Other people's text as inline code: a longer fence than any run of backticks in it.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let text = text.replace('|', "\\|");
    if longest > 0 || text.is_empty() {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// Other people's lines as a fenced block.
pub(super) fn block(language: &str, text: &str) -> String {
    let clean: Vec<String> = text
        .lines()
        .map(|line| {
            line.chars()
                .map(|c| {
                    if c.is_control() && c != '\t' {
                        '\u{fffd}'
                    } else {
                        c
                    }
                })
                .collect()
        })
        .collect();
    let clean = clean.join("\n");
    let longest = clean.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{clean}\n{fence}\n")
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

    #[test]
    fn other_peoples_text_makes_no_markup() {
        assert_eq!(
            markdown("<script>alert(1)</script>"),
            "&lt;script&gt;alert(1)&lt;/script&gt;"
        );
        assert_eq!(
            markdown("[x](javascript:1) **b**\n# h"),
            "\\[x\\](javascript:1) \\*\\*b\\*\\* \\# h"
        );
        assert_eq!(
            markdown("see https://evil.example @you"),
            "see https&#58;//evil.example &#64;you"
        );
        assert_eq!(code("a`b``c"), "``` a`b``c ```");
        assert_eq!(block("", "```\nend"), "````\n```\nend\n````\n");
        assert_eq!(one_line("a\u{1b}[2J\u{202e}b\r\nc"), "a\u{fffd}[2J\u{fffd}b c");
    }
}
