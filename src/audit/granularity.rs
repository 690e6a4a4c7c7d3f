//! Whether a share of n examples can be the printed value: it must be k/n for a whole k.
//!
//! Reference: N. Brown and J. Heathers, *The GRIM Test*, Social Psychological and Personality Science 8 (2017).

use super::claim::{EDGE, Runs, Span};
use super::words::digits;
use crate::manifest::Printed;

/// What granularity says of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Granularity {
    /// It is a multiple of 1/n, within rounding; the witness.
    Possible(String),
    /// It is not; the nearest that are.
    Impossible(String),
}

/// Larger counts are not exact in an `f64`; no printed value sees them.
pub(super) const LARGEST: u64 = 1 << 50;

/// Whether `printed` can be the mean over `runs` of shares of `of` examples each; `None` where the number is too large
/// or the runs are not known.
pub(super) fn check(printed: &Printed, of: u64, runs: Runs) -> Option<Granularity> {
    let Runs::Known(runs) = runs else { return None };
    let all = of.checked_mul(runs).filter(|all| (1..=LARGEST).contains(all))?;
    let span = Span::printed(printed);
    Some(match count(span, all, printed.value) {
        Some(count) => Granularity::Possible(witness(printed, count, all)),
        None => Granularity::Impossible(nearest(printed, all)),
    })
}

/// The whole number in `span` times `all` that is nearest to `value` times `all`, if there is one.
fn count(span: Span, all: u64, value: f64) -> Option<u64> {
    let size = all as f64;
    let (low, high) = (
        (span.low * size).ceil().max(0.0),
        (span.high * size).floor().min(size),
    );
    (low <= high).then(|| (value * size).round().clamp(low, high) as u64)
}

/// `171/178 = 96.07 → 96.1`
fn witness(printed: &Printed, count: u64, all: u64) -> String {
    format!(
        "{} → {}",
        share(printed, count, all),
        digits(printed, printed.value, 0)
    )
}

/// `171/178 = 96.07`
fn share(printed: &Printed, count: u64, all: u64) -> String {
    let value = count as f64 / all as f64;
    format!("{count}/{all} = {}", digits(printed, value, 1))
}

/// The two shares around an impossible value, and the one that it would be if it were cut off.
fn nearest(printed: &Printed, all: u64) -> String {
    let below = (printed.value * all as f64).floor().clamp(0.0, all as f64) as u64;
    let mut text = format!(
        "no multiple of 1/{all} rounds to {}",
        digits(printed, printed.value, 0)
    );
    text.push_str(&format!("; the nearest are {}", share(printed, below, all)));
    if below < all {
        text.push_str(&format!(" and {}", share(printed, below + 1, all)));
    }
    if let Some(cut) = truncated(printed, all) {
        text.push_str(&format!("; truncated, it would be {}", share(printed, cut, all)));
    }
    text
}

/// The count whose share has the printed digits if the others are cut off.
fn truncated(printed: &Printed, all: u64) -> Option<u64> {
    let size = all as f64;
    let first = (printed.value * size * (1.0 - EDGE)).ceil().max(0.0);
    (first < (printed.value + printed.unit) * size && first <= size).then_some(first as u64)
}
