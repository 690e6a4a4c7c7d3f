//! Text that is plainly a number, within what its metric can be.

use super::pick::Candidate;
use crate::error::Fault;
use crate::manifest::Unit;
use crate::measure::MetricInfo;
use crate::reason::{Unmeasured, invalid};
use crate::table::shown;

/// How far outside its range a metric still counts as on the edge: `f32` prints 1.0000001.
const EDGE: f64 = 1e-6;

/// Why a text is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// NaN or infinite.
    NotFinite,
    /// It has a comma: of the decimals, or of the thousands.
    Comma,
    /// Anything else.
    NotANumber,
}

/// The value of a candidate in the metric's own unit.
///
/// # Errors
///
/// When it is not a finite number, or not one that the metric can be.
pub(super) fn value(
    candidate: &Candidate,
    unit: Unit,
    metric: Option<&MetricInfo>,
) -> Result<f64, Unmeasured> {
    let text = candidate.number.trim();
    let (text, sign) = match text.strip_suffix('%') {
        Some(text) => (text.trim_end(), true),
        None => (text, candidate.percent),
    };
    let percent = sign || unit == Unit::Percent;
    let value = parse(text, percent).map_err(|trouble| refused(candidate, trouble))?;
    within(value, percent, candidate, metric)
}

/// Half a unit of the last place of a candidate that is a number, in the metric's own unit.
pub(super) fn half_unit(candidate: &Candidate, unit: Unit) -> f64 {
    let text = candidate.number.trim().trim_end_matches('%').trim_end();
    let percent = candidate.percent || candidate.number.contains('%') || unit == Unit::Percent;
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let exponent = exponent.parse().unwrap_or(0) - i32::try_from(decimals).unwrap_or(i32::MAX);
    0.5 * 10f64.powi(exponent - if percent { 2 } else { 0 })
}

/// `text` as a number, divided by 100 if it is in per cent.
pub(super) fn parse(text: &str, percent: bool) -> Result<f64, Trouble> {
    let text = text.trim().replace('−', "-");
    if not_finite(&text) {
        return Err(Trouble::NotFinite);
    }
    if text.contains(',') {
        return Err(Trouble::Comma);
    }
    if text.is_empty()
        || !text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
    {
        return Err(Trouble::NotANumber);
    }
    let number = |text: &str| text.parse::<f64>().map_err(|_| Trouble::NotANumber);
    let plain = number(&text)?;
    // In decimal, so that `82.1 %` is the number that `0.821` is.
    let value = match percent {
        false => plain,
        true if text.contains(['e', 'E']) => plain / 100.0,
        true => number(&format!("{text}e-2"))?,
    };
    if value.is_finite() {
        Ok(value)
    } else {
        Err(Trouble::NotFinite)
    }
}

fn not_finite(text: &str) -> bool {
    let text = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    [
        "nan", "inf", "infinity", "1.#inf", "1.#qnan", "1.#ind", "nan(ind)",
    ]
    .contains(&text.as_str())
}

fn refused(candidate: &Candidate, trouble: Trouble) -> Unmeasured {
    let Candidate { number, place, .. } = candidate;
    let number = shown(number.trim());
    match trouble {
        Trouble::NotFinite => {
            let detail = format!("{place}: `{number}` is not a finite number");
            invalid(Fault::Paper, detail).hint("the run may have diverged; its log says since when")
        }
        Trouble::Comma => {
            let detail = format!("{place}: `{number}` has a comma, which may divide decimals or thousands");
            invalid(Fault::Manifest, detail)
                .hint("capture the digits and the decimal point alone, or have the code write a point")
        }
        Trouble::NotANumber => {
            let detail = format!("{place}: `{number}` is not a number");
            let hint =
                "either what is captured is more than the number, or the code wrote something else there";
            invalid(Fault::Manifest, detail).hint(hint)
        }
    }
}

fn within(
    value: f64,
    percent: bool,
    candidate: &Candidate,
    metric: Option<&MetricInfo>,
) -> Result<f64, Unmeasured> {
    let Some(metric) = metric else {
        return Ok(value);
    };
    let (least, greatest) = metric.range;
    let fits = |value: f64| (least - EDGE..=greatest + EDGE).contains(&value);
    if fits(value) {
        return Ok(value);
    }
    let detail = format!(
        "{}: {value} cannot be a value of `{}`, which lies between {least} and {greatest}",
        candidate.place, metric.name
    );
    if !percent && fits(value / 100.0) {
        let hint = "if the number is in per cent, add `unit = \"percent\"` to `measure`; if not, it is another metric";
        return Err(invalid(Fault::Manifest, detail).hint(hint));
    }
    let hint = "either another number was captured, or the code computes another metric";
    Err(invalid(Fault::Paper, detail).hint(hint))
}
