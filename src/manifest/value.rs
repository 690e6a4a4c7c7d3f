//! Numbers as papers print them.
//!
//! A printed number says more than its value: `0.94`, `94 %` and `94.0 %` are
//! the same value at different precision, and how far a measurement may lie from
//! it depends on that. So the decimals are kept, and a measurement is printed with
//! the same ones.
//!
//! Claims are decimal and `f64` is not: everything here is scaled by moving the
//! decimal point in the text, and compared with a slack that is far below any
//! printed digit and far above the error of an `f64`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::decimal::{self, Decimal};
use crate::error::{Diagnose, Fault};

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 100;

/// How much larger than half a unit a difference may be and still count as half a unit.
const SLACK: f64 = 1e-9;

/// A value as a paper prints it: `83.0 ± 0.7 %`, `0.94`, `1.23e-4`.
///
/// `value` and `spread` are fractions where the paper prints per cent.
#[derive(Clone, Debug, PartialEq)]
pub struct Printed {
    /// As written.
    pub text: String,
    /// The value; finite.
    pub value: f64,
    /// The spread behind `±`; finite, not negative.
    pub spread: Option<f64>,
    /// The size of one unit in the last printed place, such as 0.001 for `83.0 %`.
    pub unit: f64,
    /// Whether the paper prints per cent.
    pub percent: bool,
}

/// How far from a claimed value still counts.
///
/// With both given, the larger of the two counts (judging.md §2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// In the metric's own unit.
    pub absolute: Option<f64>,
    /// Relative to the claimed value.
    pub relative: Option<f64>,
}

/// Why a text is not a printed number.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueError {
    /// There is nothing to read.
    #[error("there is no number")]
    Empty,
    /// Longer than any printed number.
    #[error("a text of {0} bytes is not a printed number")]
    TooLong(usize),
    /// `83,0` or `1,234.5`.
    #[error("`{text}` has a comma")]
    Comma {
        /// What was written.
        text: String,
        /// What may have been meant.
        meant: String,
    },
    /// `12 345`, `12'345` or `12_345`.
    #[error("`{text}` has a thousands separator")]
    Thousands {
        /// What was written.
        text: String,
        /// What was meant.
        meant: String,
    },
    /// `1.2 points`.
    #[error("`{0}` is in points, which may be per cent or the metric's own unit")]
    Points(String),
    /// Infinity, NaN, or too large or too small for a 64-bit float.
    #[error("`{0}` is not a finite number within reach")]
    NotFinite(String),
    /// A spread below zero.
    #[error("the spread `{0}` is negative")]
    NegativeSpread(String),
    /// Anything else.
    #[error("`{0}` is not a number")]
    NotANumber(String),
}

impl Diagnose for ValueError {
    fn fault(&self) -> Fault {
        Fault::Manifest
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Comma { meant, .. } | Self::Thousands { meant, .. } => {
                format!("write {meant}: decimals follow a point, and thousands are not separated")
            }
            Self::Points(_) => "write `1.2 %` for hundredths, or the bare number".to_owned(),
            Self::NegativeSpread(_) => "a spread is the size of a variation: zero or more".to_owned(),
            Self::Empty | Self::TooLong(_) | Self::NotFinite(_) | Self::NotANumber(_) => {
                "printed numbers look like `83.0 ± 0.7 %`, `0.94` or `1.23e-4`".to_owned()
            }
        })
    }
}

impl Printed {
    /// Reads a number with its optional spread and per cent sign.
    ///
    /// Understood are `±`, `+/-` and `+-` before the spread, a `%` behind either or both (it holds for both),
    /// the minus signs `-` and `−`, a leading `+`, and exponents.
    ///
    /// # Errors
    ///
    /// When the text is anything else. Separated thousands and decimal commas are refused and not guessed at:
    /// `1,234` is one number in London and another in Paris.
    ///
    /// # Examples
    ///
    /// ```
    /// use reproof::manifest::Printed;
    ///
    /// let printed = Printed::parse("83.0 ± 0.7 %")?;
    /// assert_eq!((printed.value, printed.spread), (0.83, Some(0.007)));
    /// assert_eq!(printed.half_unit(), 0.0005);
    /// assert_eq!(printed.format(0.8219), "82.2 %");
    /// # Ok::<(), reproof::manifest::ValueError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(ValueError::Empty);
        }
        if trimmed.len() > LONGEST {
            return Err(ValueError::TooLong(trimmed.len()));
        }
        let (value, spread) = split_spread(trimmed);
        let (value, percent_value) = number(value)?;
        let spread = spread.map(number).transpose()?;
        let percent = percent_value || spread.as_ref().is_some_and(|(_, percent)| *percent);
        let shift = if percent { -2 } else { 0 };
        Ok(Self {
            text: trimmed.to_owned(),
            value: within_reach(&value, shift)?,
            spread: spread
                .map(|(spread, _)| not_negative(&spread, shift))
                .transpose()?,
            unit: finite_unit(&value, shift)?,
            percent,
        })
    }

    /// Half a unit in the last printed place, in the metric's own unit: what rounding alone can hide.
    pub fn half_unit(&self) -> f64 {
        self.unit / 2.0
    }

    /// Prints a measured value with the same decimals and in the same unit; ties go away from zero.
    ///
    /// A claim in scientific notation keeps its exponent: `9.9e-5` beside a claim of `1.23e-4` is `0.99e-4`.
    pub fn format(&self, value: f64) -> String {
        if !value.is_finite() {
            return value.to_string();
        }
        let exponent = self.exponent();
        let shift = if self.percent { 2 } else { 0 } - exponent.unwrap_or(0);
        let mut printed = decimal::fixed(value, shift, self.decimals());
        if let Some(exponent) = exponent {
            printed.push_str(&format!("e{exponent}"));
        }
        if self.percent {
            printed.push_str(" %");
        }
        printed
    }

    /// Whether `value`, rounded to the printed decimals, has the same digits; a tie may be rounded either way.
    pub fn rounds_to(&self, value: f64) -> bool {
        let noise = 4.0 * f64::EPSILON * value.abs().max(self.value.abs());
        // The noise of an `f64` must not swallow the digits of a claim that has as many.
        let slack = noise.min(self.half_unit() * 0.01) + self.half_unit() * SLACK;
        (value - self.value).abs() <= self.half_unit() + slack
    }

    /// How many digits are printed behind the point of the mantissa.
    fn decimals(&self) -> u32 {
        let shift = if self.percent { 2.0 } else { 0.0 };
        let last_place = self.unit.log10() + shift - f64::from(self.exponent().unwrap_or(0));
        // Between 0 and `LONGEST` for whatever `parse` returns.
        (-last_place.round()).clamp(0.0, 400.0) as u32
    }

    /// The exponent, where the value is written with one.
    fn exponent(&self) -> Option<i32> {
        let (value, _) = split_spread(&self.text);
        number(value).ok()?.0.exponent
    }
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Printed {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::parse(text)
    }
}

/// Splits at the first `±`, `+/-` or `+-` that has something before it.
fn split_spread(text: &str) -> (&str, Option<&str>) {
    for separator in ["±", "+/-", "+-", "+−"] {
        if let Some((value, spread)) = text.split_once(separator) {
            return (value, Some(spread));
        }
    }
    (text, None)
}

/// A number and whether a `%` stands behind it.
fn number(text: &str) -> Result<(Decimal, bool), ValueError> {
    let text = text.trim();
    let digits = text.strip_suffix('%').map(str::trim_end);
    match Decimal::parse(digits.unwrap_or(text)) {
        Some(decimal) => Ok((decimal, digits.is_some())),
        None => Err(explain(text)),
    }
}

fn within_reach(decimal: &Decimal, shift: i32) -> Result<f64, ValueError> {
    let value = decimal.shifted(shift);
    // Digits that vanish are not the number that was printed.
    let vanished = value == 0.0 && !decimal.is_zero();
    if value.is_finite() && !vanished {
        return Ok(value);
    }
    Err(ValueError::NotFinite(decimal.text.clone()))
}

fn finite_unit(decimal: &Decimal, shift: i32) -> Result<f64, ValueError> {
    let unit = decimal.unit(shift);
    if unit.is_normal() {
        return Ok(unit);
    }
    Err(ValueError::NotFinite(decimal.text.clone()))
}

fn not_negative(decimal: &Decimal, shift: i32) -> Result<f64, ValueError> {
    let spread = within_reach(decimal, shift)?;
    if spread < 0.0 {
        return Err(ValueError::NegativeSpread(decimal.text.clone()));
    }
    Ok(spread)
}

/// Names what is wrong with a text that is not a number.
fn explain(text: &str) -> ValueError {
    let owned = text.to_owned();
    if text.is_empty() {
        return ValueError::Empty;
    }
    if ["inf", "infinity", "nan"].contains(&text.trim_start_matches(['+', '-', '−']).to_lowercase().as_str())
    {
        return ValueError::NotFinite(owned);
    }
    if let Some(points) = ["points", "point", "pp", "pts"]
        .iter()
        .find_map(|unit| text.strip_suffix(unit))
        && Decimal::parse(points.trim()).is_some()
    {
        return ValueError::Points(owned);
    }
    if text.contains(',') {
        return comma(text).unwrap_or(ValueError::NotANumber(owned));
    }
    let digits = text.strip_suffix('%').unwrap_or(text).trim_end();
    let joined: String = digits.chars().filter(|c| !is_separator(*c)).collect();
    if joined != digits && Decimal::parse(&joined).is_some() {
        return ValueError::Thousands {
            text: owned,
            meant: format!("`{joined}`"),
        };
    }
    ValueError::NotANumber(owned)
}

/// What a text with commas may have meant; `None` when nothing that is a number.
fn comma(text: &str) -> Option<ValueError> {
    let joined = text.replace(',', "");
    let pointed = text.replacen(',', ".", 1);
    let is_number = |text: &str| Decimal::parse(text.trim_end_matches(['%', ' '])).is_some();
    // Three digits behind the only comma: nobody can tell.
    let either = text.split_once(',').is_some_and(|(_, behind)| {
        behind.bytes().take_while(u8::is_ascii_digit).count() == 3 && !behind.contains([',', '.'])
    });
    let meant = match (is_number(&pointed), is_number(&joined)) {
        (true, true) if either => format!("`{joined}` or `{pointed}`"),
        (true, _) => format!("`{pointed}`"),
        (false, true) => format!("`{joined}`"),
        (false, false) => return None,
    };
    Some(ValueError::Comma {
        text: text.to_owned(),
        meant,
    })
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || c == '\'' || c == '’' || c == '_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, value: f64, spread: Option<f64>, unit: f64, percent: bool) {
        let printed = Printed::parse(text).expect(text);
        let expected = Printed {
            text: text.to_owned(),
            value,
            spread,
            unit,
            percent,
        };
        assert_eq!(printed, expected);
    }

    #[test]
    fn printed_numbers_keep_their_value_spread_unit_and_percent_sign() {
        check("83.0 ± 0.7 %", 0.83, Some(0.007), 0.001, true);
        check("83.0 % ± 0.7 %", 0.83, Some(0.007), 0.001, true);
        check("83.0% ± 0.7", 0.83, Some(0.007), 0.001, true);
        check("83.0 +/- 0.7", 83.0, Some(0.7), 0.1, false);
        check("83.0+-0.7", 83.0, Some(0.7), 0.1, false);
        check("0.94", 0.94, None, 0.01, false);
        check("94 %", 0.94, None, 0.01, true);
        check("94.0%", 0.94, None, 0.001, true);
        check("1.23e-4", 1.23e-4, None, 1e-6, false);
        check("1.2E3", 1200.0, None, 100.0, false);
        check("-0.5", -0.5, None, 0.1, false);
        check("−0.5", -0.5, None, 0.1, false); // the minus sign that papers use
        check("+1.2", 1.2, None, 0.1, false);
        check(".5", 0.5, None, 0.1, false);
        check("83", 83.0, None, 1.0, false);
        check("96.1\u{a0}%", 0.961, None, 0.001, true);
        check("0", 0.0, None, 1.0, false);
        check("-1.5 ± 0.2", -1.5, Some(0.2), 0.1, false);
    }

    #[track_caller]
    fn refuse(text: &str, message: &str, hint: &str) {
        let error = Printed::parse(text).expect_err(text);
        assert_eq!(error.to_string(), message);
        let said = error.hint().expect("a hint");
        assert!(said.contains(hint), "{said}");
    }

    #[test]
    fn what_is_not_a_printed_number_says_what_to_write() {
        refuse("83,0", "`83,0` has a comma", "write `83.0`:");
        refuse("83,0 %", "`83,0 %` has a comma", "write `83.0 %`:");
        refuse("1,234", "`1,234` has a comma", "write `1234` or `1.234`:");
        refuse("1,234.5", "`1,234.5` has a comma", "write `1234.5`:");
        refuse("1,234,567", "`1,234,567` has a comma", "write `1234567`:");
        refuse("12 345", "`12 345` has a thousands separator", "write `12345`:");
        refuse(
            "12'345.6",
            "`12'345.6` has a thousands separator",
            "write `12345.6`:",
        );
        refuse(
            "1.2 points",
            "`1.2 points` is in points, which may be per cent or the metric's own unit",
            "write `1.2 %`",
        );
        refuse("nan", "`nan` is not a finite number within reach", "look like");
        refuse("-inf", "`-inf` is not a finite number within reach", "look like");
        refuse(
            "1e999",
            "`1e999` is not a finite number within reach",
            "look like",
        );
        refuse(
            "1e-999",
            "`1e-999` is not a finite number within reach",
            "look like",
        );
        refuse("about 83", "`about 83` is not a number", "look like");
        refuse("83.0 ± -0.7", "the spread `-0.7` is negative", "zero or more");
        refuse("83.0 ±", "there is no number", "look like");
        refuse("± 0.7", "there is no number", "look like");
        refuse(" ", "there is no number", "look like");
        refuse("83 %%", "`83 %%` is not a number", "look like");
        refuse("1.2.3", "`1.2.3` is not a number", "look like");
        refuse("0x10", "`0x10` is not a number", "look like");
        refuse(
            &"9".repeat(101),
            "a text of 101 bytes is not a printed number",
            "look like",
        );
    }

    #[track_caller]
    fn format(claim: &str, value: f64, expected: &str) {
        assert_eq!(Printed::parse(claim).expect(claim).format(value), expected);
    }

    #[test]
    fn a_measurement_is_printed_with_the_claims_decimals() {
        format("83.0 ± 0.7 %", 0.8219, "82.2 %");
        format("83.0 %", 0.8345, "83.5 %"); // a tie that `f64` cannot hold
        format("83.0 %", 0.99999, "100.0 %");
        format("94 %", 0.945, "95 %");
        format("0.94", 0.9449, "0.94");
        format("0.94", -0.9451, "-0.95");
        format("0.94", -0.0001, "0.00");
        format("0.94", 1234.5, "1234.50");
        format("83", 1e20, "100000000000000000000");
        format("1.23e-4", 9.87e-5, "0.99e-4");
        format("1.23e-4 %", 9.87e-7, "0.99e-4 %");
        format("1.2e3", 1250.0, "1.3e3");
        format("0.94", f64::NAN, "NaN");
        format("0.94", f64::NEG_INFINITY, "-inf");
        format("0.123456789012345678", 0.5, "0.500000000000000000");
    }

    #[track_caller]
    fn rounds(claim: &str, value: f64, expected: bool) {
        assert_eq!(Printed::parse(claim).expect(claim).rounds_to(value), expected);
    }

    #[test]
    fn rounding_is_decimal_and_a_tie_may_go_either_way() {
        rounds("83.0 %", 0.83, true);
        rounds("83.0 %", 0.8295, true);
        rounds("83.0 %", 0.8305, true);
        rounds("83.0 %", 0.83051, false);
        rounds("83.0 %", 0.82949, false);
        rounds("0.3", 0.25, true);
        rounds("0.3", 0.1 + 0.2, true);
        rounds("3.6", 3.3 + 0.35, true);
        rounds("96.1 %", 171.0 / 178.0, true);
        rounds("1.23e-4", 1.234_999e-4, true);
        rounds("1.23e-4", 1.236e-4, false);
        rounds("1e-20", 1.6e-20, false);
        rounds("0.94", f64::NAN, false);
        rounds("0.94", f64::INFINITY, false);
    }

    proptest! {
        #[test]
        fn a_printed_number_reads_back_what_it_printed(
            digits in -9_999_999_i64..10_000_000, decimals in 0_u32..7, percent: bool, spread in proptest::option::of(0_u32..1000),
        ) {
            let fixed = |digits: i64| decimal::fixed(digits as f64, -i32::try_from(decimals).expect("small"), decimals);
            let mut text = fixed(digits);
            if let Some(spread) = spread {
                text.push_str(&format!(" ± {}", fixed(spread.into())));
            }
            if percent {
                text.push_str(" %");
            }
            let printed = Printed::parse(&text).expect(&text);
            prop_assert!(printed.rounds_to(printed.value));
            let again = printed.format(printed.value);
            prop_assert_eq!(again.split(' ').next(), text.split(' ').next());
            let reread = Printed::parse(&again).expect(&again);
            prop_assert_eq!((reread.value, reread.unit), (printed.value, printed.unit));
            prop_assert_eq!(Printed::parse(&printed.to_string()).expect("what it prints"), printed);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}|[0-9eE+\\-−.,%± ]{0,20}", value: f64) {
            if let Ok(printed) = Printed::parse(&text) {
                prop_assert!(printed.value.is_finite());
                let _ = (printed.format(value), printed.rounds_to(value));
                prop_assert!(printed.rounds_to(printed.value));
            }
        }
    }
}
