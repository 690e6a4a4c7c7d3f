//! Numbers, durations, sizes, days.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "TOML has seven types of values and gets no more"
)]

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;
use toml::de::DeValue;

use super::super::problem::{Problem, ProblemKind, Problems, quoted};
use super::super::reader::{FromText, FromToml, Node, Unfit, from_text, read_text, wrong_type};
use super::super::{AsOf, Printed, Tolerance, ValueError};
use super::{Line, bad, set};
use crate::error::Diagnose as _;

from_text!(Lasting, Size, Margin);

/// A duration, such as `30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manifest) struct Lasting(pub(in crate::manifest) Duration);

impl FromText for Lasting {
    const WHAT: &'static str = "a duration such as `\"30m\"`";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
        let hint = "write `30s`, `45m`, `1h 30m` or `2d`";
        let Ok(duration) = humantime::parse_duration(text.trim()) else {
            return Err(bad(format!("{} is not a duration", quoted(text))).hint(hint));
        };
        let impossible = |message: String| Err(Unfit::new(ProblemKind::ImpossibleValue, message).hint(hint));
        if duration.is_zero() {
            return impossible("a duration of zero leaves no time".to_owned());
        }
        if duration > LONGEST {
            return impossible(format!("{} is more than a year", quoted(text)));
        }
        Ok(Self(duration))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "examples", json!(["30s", "45m", "1h 30m"]));
    }
}

/// A number of bytes, such as `8 GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manifest) struct Size(pub(in crate::manifest) u64);

impl FromText for Size {
    const WHAT: &'static str = "a size such as `\"8 GiB\"`";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let hint = "write `512 MiB` or `8 GiB`";
        let Ok(size) = text.trim().parse::<bytesize::ByteSize>() else {
            return Err(bad(format!("{} is not a size", quoted(text))).hint(hint));
        };
        let impossible = |message: String| Err(Unfit::new(ProblemKind::ImpossibleValue, message).hint(hint));
        if size < bytesize::ByteSize::mib(1) {
            return impossible(format!("{} is less than any program needs", quoted(text)));
        }
        if size > bytesize::ByteSize::pib(1) {
            return impossible(format!("{} is more than any machine has", quoted(text)));
        }
        Ok(Self(size.as_u64()))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "examples", json!(["512 MiB", "8 GiB"]));
    }
}

/// One side of a tolerance, as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::manifest) enum Side {
    /// `0.005`
    Native(f64),
    /// `0.5 points`, as the fraction 0.005.
    Points(f64),
    /// `1 %`, as the fraction 0.01.
    Relative(f64),
}

/// A tolerance as written: `1 %`, `0.005`, `0.5 points`, or two of them joined by `or`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::manifest) struct Margin(pub(in crate::manifest) Vec<Side>);

impl Margin {
    /// What a bare number says.
    fn bare(value: f64) -> Self {
        Self(vec![Side::Native(value)])
    }
}

impl FromText for Margin {
    const WHAT: &'static str = "a tolerance";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let sides = text.split(" or ").map(side).collect::<Result<Vec<_>, _>>()?;
        let relative = sides
            .iter()
            .filter(|side| matches!(side, Side::Relative(_)))
            .count();
        if relative > 1 || sides.len() - relative > 1 {
            let unfit = bad(format!("{} says the same thing twice", quoted(text)));
            return Err(
                unfit.hint("a tolerance has at most one relative and one absolute side: `1 % or 0.005`")
            );
        }
        Ok(Self(sides))
    }

    fn describe(schema: &mut Schema) {
        set(
            schema,
            "examples",
            json!(["1 %", "0.005", "0.5 points", "1 % or 0.005"]),
        );
    }
}

impl Margin {
    /// The tolerance around `value`; `None` where points are meant and the value is not printed in per cent.
    pub(in crate::manifest) fn around(&self, value: &Printed) -> Option<Tolerance> {
        let mut tolerance = Tolerance {
            absolute: None,
            relative: None,
        };
        for side in &self.0 {
            match *side {
                Side::Native(absolute) => tolerance.absolute = Some(absolute),
                Side::Relative(relative) => tolerance.relative = Some(relative),
                Side::Points(points) if value.percent => tolerance.absolute = Some(points),
                Side::Points(_) => return None,
            }
        }
        Some(tolerance)
    }
}

impl Tolerance {
    /// Reads a tolerance around `value`: `1 %` of it, `0.005`, `0.5 points`, `1 % or 0.005`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn parse(text: &str, value: &Printed) -> Result<Self, String> {
        let margin = Margin::from_text(text).map_err(|unfit| unfit.message)?;
        margin.around(value).ok_or_else(|| POINTS_OF_NOTHING.to_owned())
    }
}

/// Why a tolerance in points is refused.
pub(in crate::manifest) const POINTS_OF_NOTHING: &str =
    "points are of a value that is printed in per cent, and this one is not";

fn side(text: &str) -> Result<Side, Unfit> {
    let text = text.trim();
    let points = ["points", "point"]
        .iter()
        .find_map(|unit| text.strip_suffix(unit));
    let unreadable = |error: ValueError| {
        let unfit = Unfit::new(ProblemKind::BadNumber, error.to_string());
        unfit.hint("a tolerance looks like `1 %` (of the claim), `0.005`, `0.5 points` or `1 % or 0.005`")
    };
    let number = match points {
        Some(points) => Printed::parse(&format!("{points} %")),
        None => Printed::parse(text),
    };
    let number = number.map_err(unreadable)?;
    if number.value < 0.0 || number.spread.is_some() {
        let message = format!("{} cannot be a tolerance", quoted(text));
        return Err(Unfit::new(ProblemKind::ImpossibleValue, message).label("expected zero or more"));
    }
    Ok(match (points, number.percent) {
        (Some(_), _) => Side::Points(number.value),
        (None, true) => Side::Relative(number.value),
        (None, false) => Side::Native(number.value),
    })
}

/// A tolerance in quotes, or a bare number.
#[derive(Clone, Debug)]
pub(in crate::manifest) struct Slack(pub(in crate::manifest) Margin);

impl FromToml for Slack {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        if let DeValue::String(_) = node.get_ref() {
            return read_text(node, problems).map(Self);
        }
        let number = Number::from_toml(node, problems)?.0;
        if number.value < 0.0 {
            let message = format!("{} cannot be a tolerance", quoted(&number.text));
            let problem = Problem::new(ProblemKind::ImpossibleValue, &node.span(), message);
            problems.push(problem.label("expected zero or more"));
            return None;
        }
        Some(Self(Margin::bare(number.value)))
    }
}

/// A printed number in quotes, or a bare one whose decimals are those of its text.
#[derive(Clone, Debug)]
pub(in crate::manifest) struct Number(pub(in crate::manifest) Printed);

impl FromToml for Number {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let text: &str = match node.get_ref() {
            DeValue::String(text) => text,
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            _ => return wrong_type(node, "a printed number such as `\"83.0 %\"` or `0.83`", problems),
        };
        match Printed::parse(text) {
            Ok(printed) => Some(Self(printed)),
            Err(error) => {
                let problem = Problem::new(ProblemKind::BadNumber, &node.span(), error.to_string());
                problems.push(
                    problem
                        .label("expected a printed number")
                        .maybe_hint(error.hint()),
                );
                None
            }
        }
    }
}

/// A finite amount, zero or more.
#[derive(Clone, Copy, Debug)]
pub(in crate::manifest) struct Amount(pub(in crate::manifest) f64);

impl FromToml for Amount {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let text = match node.get_ref() {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            _ => return wrong_type(node, "a number", problems),
        };
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() && value >= 0.0 => Some(Self(value)),
            _ => {
                let message = format!("{} cannot be an amount", quoted(text));
                let problem = Problem::new(ProblemKind::ImpossibleValue, &node.span(), message);
                problems.push(problem.label("expected a finite number, zero or more"));
                None
            }
        }
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manifest) struct Whole<const MIN: u64, const MAX: u64>(pub(in crate::manifest) u64);

impl<const MIN: u64, const MAX: u64> FromToml for Whole<MIN, MAX> {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let DeValue::Integer(integer) = node.get_ref() else {
            return wrong_type(node, "a whole number", problems);
        };
        let value = u64::from_str_radix(integer.as_str(), integer.radix());
        if let Some(value) = value.ok().filter(|value| (MIN..=MAX).contains(value)) {
            return Some(Self(value));
        }
        let message = format!("{} is not possible here", quoted(integer.as_str()));
        let problem = Problem::new(ProblemKind::ImpossibleValue, &node.span(), message);
        problems.push(problem.label(if MIN == MAX {
            format!("expected {MIN}")
        } else if MAX >= u64::from(u32::MAX) {
            format!("expected {MIN} or more")
        } else {
            format!("expected {MIN} to {MAX}")
        }));
        None
    }
}

impl<const MIN: u64, const MAX: u64> Whole<MIN, MAX> {
    /// As a `u32`; the type's bounds see to it that nothing is lost.
    pub(in crate::manifest) fn small(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

/// A value that stands for its text: a string, a whole number, a float or a boolean.
#[derive(Clone, Debug)]
pub(in crate::manifest) struct Word(pub(in crate::manifest) String);

impl FromToml for Word {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        match node.get_ref() {
            DeValue::String(_) => read_text::<Line>(node, problems).map(|line| Self(line.0)),
            DeValue::Integer(integer) if integer.radix() == 10 => Some(Self(integer.as_str().to_owned())),
            DeValue::Float(float) => Some(Self(float.as_str().to_owned())),
            DeValue::Boolean(value) => Some(Self(value.to_string())),
            _ => wrong_type(node, "a string or number", problems),
        }
    }
}

/// A day, as a TOML date or as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manifest) struct Day(pub(in crate::manifest) jiff::civil::Date);

impl FromToml for Day {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let text = match node.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(datetime) => datetime.to_string(),
            _ => return wrong_type(node, "a day such as `\"2023-03-01\"`", problems),
        };
        let day = day(&text);
        if day.is_none() {
            problems.push(not_a_day(&text).at(&node.span()));
        }
        day.map(Self)
    }
}

fn day(text: &str) -> Option<jiff::civil::Date> {
    // The parser takes times as well; a day is ten characters.
    text.parse().ok().filter(|_| text.len() == 10)
}

fn not_a_day(text: &str) -> Unfit {
    bad(format!("{} is not a day", quoted(text))).hint("write year, month and day: `2023-03-01`")
}

impl FromToml for AsOf {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        match node.get_ref() {
            DeValue::String(text) if text == "commit" => Some(Self::Commit),
            DeValue::String(text) if text == "today" => Some(Self::Today),
            DeValue::String(text) if day(text).is_none() => {
                let message = format!("{} is neither `commit`, `today` nor a day", quoted(text));
                let problem = Problem::new(ProblemKind::BadText, &node.span(), message);
                problems.push(problem.hint("write `commit`, `today` or a day such as `2023-03-01`"));
                None
            }
            _ => Day::from_toml(node, problems).map(|day| Self::Date(day.0)),
        }
    }
}

/// Writes the schema of a type that is not read from a string alone.
macro_rules! schemas {
    ($($name:ty => $schema:tt;)*) => {$(
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

schemas! {
    Slack => { "type": ["string", "number"], "minimum": 0, "examples": ["1 %", "0.005", "0.5 points", "1 % or 0.005"] };
    Number => { "type": ["string", "number"], "examples": ["83.0 ± 0.7 %", "0.94", "1.23e-4"] };
    Amount => { "type": "number", "minimum": 0 };
    Word => { "type": ["string", "number", "boolean"] };
    Day => { "type": "string", "format": "date", "examples": ["2023-03-01"] };
    AsOf => { "type": "string", "pattern": "^(commit|today|[0-9]{4}-[0-9]{2}-[0-9]{2})$", "examples": ["commit", "today", "2023-03-01"] };
}

impl<const MIN: u64, const MAX: u64> JsonSchema for Whole<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Whole{MIN}to{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({ "type": "integer", "minimum": MIN });
        if MAX < u64::from(u32::MAX) {
            set(&mut schema, "maximum", json!(MAX));
        }
        schema
    }
}
