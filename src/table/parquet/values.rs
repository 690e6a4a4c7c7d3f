//! Columns of polars as values of ours.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use polars::prelude::{DataType, Series, TimeUnit};

use crate::table::batch::{Cells, Values};
use crate::table::texts::Texts;

/// The values of a column.
///
/// # Errors
///
/// When it is of a type that has no plain values.
pub(super) fn of(series: &Series) -> Result<Values, String> {
    let kind = series.dtype();
    if kind.is_temporal() {
        return moments(series);
    }
    let why = |error: polars::prelude::PolarsError| error.to_string();
    if *kind == DataType::UInt64 {
        // Whole numbers of ours have a sign.
        let values = series.u64().map_err(why)?;
        if values.iter().flatten().any(|value| i64::try_from(value).is_err()) {
            return Ok(texts(
                values.iter().map(|value| value.map(|value| value.to_string())),
            ));
        }
    }
    if kind.is_integer() {
        let cast = series.cast(&DataType::Int64).map_err(why)?;
        let values = cast.i64().map_err(why)?;
        return Ok(whole(series, values.iter()));
    }
    if kind.is_float() {
        let cast = series.cast(&DataType::Float64).map_err(why)?;
        let values = cast.f64().map_err(why)?;
        let missing = missing(series);
        let cells = Cells::Number(values.iter().map(Option::unwrap_or_default).collect());
        return Ok(Values { cells, missing });
    }
    if kind.is_bool() {
        let values = series.bool().map_err(why)?;
        return Ok(texts(values.iter().map(|value| value.map(word))));
    }
    if kind.is_binary() {
        // What older programs wrote as text is not marked as such.
        let values = series.binary().map_err(why)?.iter();
        let decoded = values.map(|value| value.map(std::str::from_utf8).transpose());
        let decoded: Result<Vec<_>, _> = decoded.collect();
        return Ok(texts(decoded.map_err(|_| "bytes that are no text")?.into_iter()));
    }
    let cast = series.cast(&DataType::String).map_err(why)?;
    Ok(texts(cast.str().map_err(why)?.iter()))
}

/// A truth value, as JSON writes it.
fn word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn missing(series: &Series) -> Vec<u32> {
    if series.null_count() == 0 {
        return Vec::new();
    }
    let nulls = series.is_null();
    let rows = (0..).zip(nulls.iter());
    rows.filter(|(_, null)| *null == Some(true))
        .map(|(row, _)| row)
        .collect()
}

fn whole(series: &Series, values: impl Iterator<Item = Option<i64>>) -> Values {
    Values {
        cells: Cells::Whole(values.map(Option::unwrap_or_default).collect()),
        missing: missing(series),
    }
}

fn texts<T: AsRef<str>>(values: impl Iterator<Item = Option<T>>) -> Values {
    let mut texts = Texts::default();
    let mut missing = Vec::new();
    for (row, value) in (0..).zip(values) {
        match value {
            Some(value) => texts.push(value.as_ref()),
            None => {
                texts.push("");
                missing.push(row);
            }
        }
    }
    Values {
        cells: Cells::Text(texts),
        missing,
    }
}

/// Dates and times as pandas writes them; lengths of time as the number of their units.
fn moments(series: &Series) -> Result<Values, String> {
    let kind = series.dtype().clone();
    let physical = series.to_physical_repr();
    let cast = physical.cast(&DataType::Int64);
    let cast = cast.map_err(|error| error.to_string())?;
    let values = cast.i64().map_err(|error| error.to_string())?;
    if kind.is_duration() {
        return Ok(whole(series, values.iter()));
    }
    let print = |value: i64| printed(&kind, value).unwrap_or_else(|| value.to_string());
    Ok(texts(values.iter().map(|value| value.map(print))))
}

/// `None` outside the years −9999 to 9999.
fn printed(kind: &DataType, value: i64) -> Option<String> {
    if kind.is_date() {
        let days = SignedDuration::from_secs(value.checked_mul(86_400)?);
        let date = Date::constant(1970, 1, 1).checked_add(days).ok()?;
        return Some(date.to_string());
    }
    if let DataType::Datetime(unit, zone) = kind {
        let nanoseconds = match unit {
            TimeUnit::Nanoseconds => 1,
            TimeUnit::Microseconds => 1_000,
            TimeUnit::Milliseconds => 1_000_000,
        };
        let time = Timestamp::from_nanosecond(i128::from(value) * nanoseconds).ok()?;
        let time = jiff::tz::Offset::UTC.to_datetime(time);
        let zone = if zone.is_some() { "+00:00" } else { "" };
        return Some(format!("{}{zone}", time.strftime("%Y-%m-%d %H:%M:%S%.f")));
    }
    let midnight = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    let time = midnight.checked_add(SignedDuration::from_nanos(value)).ok()?;
    Some(time.time().to_string())
}
