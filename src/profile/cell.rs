//! One cell: what its text stands for.
//!
//! This is the innermost loop of the profile, so numbers are parsed by hand
//! where that is exact, and everything else by the standard library.

use std::hash::Hasher as _;

/// What stands for "not known" in place of a value, whatever the case of its letters.
pub(super) const TOKENS: [&str; 14] = [
    "NA", "N/A", "n.a.", "#N/A", "#NA", "null", "None", "nan", "nil", "missing", "?", "-", "--", ".",
];

/// The longest of [`TOKENS`].
const LONGEST_TOKEN: usize = 7;

/// Powers of ten that are exact.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// What the text of a cell stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// Nothing but space.
    Empty,
    /// One of [`TOKENS`], by its place there.
    Token(u8),
    /// A number; may be infinite, never NaN.
    Number(f64),
    /// A day, or a time on it: seconds since 1970, as if in UTC.
    Date(f64),
    /// Anything else, by its hash.
    Text(u64),
}

impl Cell {
    /// What `bytes` stand for.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let bytes = bytes.trim_ascii();
        let Some(first) = bytes.first() else {
            return Self::Empty;
        };
        if first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.') {
            if let Some(number) = plain(bytes) {
                return Self::Number(number);
            }
            if let Some(seconds) = date(bytes) {
                return Self::Date(seconds);
            }
        }
        word(bytes)
    }

    /// A hash that equal values share; 0 and −0 are equal, as are 1 and 1.0.
    pub(super) fn key(self) -> u64 {
        match self {
            Self::Empty => 1,
            Self::Token(which) => mixed(2 + u64::from(which)),
            Self::Number(value) => mixed((value + 0.0).to_bits()),
            Self::Date(seconds) => mixed(!seconds.to_bits()),
            Self::Text(hash) => hash,
        }
    }
}

/// A number in digits alone, with a sign and a point, where one operation gives it exactly.
///
/// Reference: W. D. Clinger, *How to Read Floating Point Numbers Accurately*, 1990.
pub(super) fn plain(bytes: &[u8]) -> Option<f64> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    if digits.len() > 18 || digits.is_empty() {
        return None;
    }
    let (mut mantissa, mut point) = (0_u64, None);
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() && digits.len() > 1 => point = Some(at),
            _ => return None,
        }
    }
    if mantissa >= 1 << 53 {
        return None;
    }
    let decimals = point.map_or(0, |at| digits.len() - at - 1);
    let value = mantissa as f64 / POWERS[decimals];
    Some(if negative { -value } else { value })
}

/// A word: a number that is written otherwise, a token, or text.
fn word(bytes: &[u8]) -> Cell {
    if bytes.len() <= LONGEST_TOKEN
        && let Some(token) = TOKENS
            .iter()
            .position(|token| token.as_bytes().eq_ignore_ascii_case(bytes))
    {
        return Cell::Token(token as u8);
    }
    // What `parse` takes starts with one of these, and is not long.
    let starts = matches!(bytes[0], b'0'..=b'9' | b'-' | b'+' | b'.' | b'i' | b'I');
    if starts
        && bytes.len() < 400
        && let Some(value) = std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.parse::<f64>().ok())
        && !value.is_nan()
    {
        return Cell::Number(value);
    }
    Cell::Text(hash(bytes))
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Spreads the bits of `value`: the finaliser of SplitMix64.
pub(super) fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// `2024-05-01`, `2024/05/01` or `01.05.2024`, with or without a time behind it, in seconds since 1970.
///
/// `01/05/2024` is not among them: it is two different days in two countries.
fn date(bytes: &[u8]) -> Option<f64> {
    let (day, rest) = bytes.split_at_checked(10)?;
    let (year, month, day) = match (day[4], day[7], day[2], day[5]) {
        (a @ (b'-' | b'/'), b, _, _) if a == b => (&day[..4], &day[5..7], &day[8..]),
        (_, _, b'.', b'.') => (&day[6..], &day[3..5], &day[..2]),
        _ => return None,
    };
    let (year, month, day) = (whole(year)?, whole(month)?, whole(day)?);
    let real = (1..=12).contains(&month) && (1..=31).contains(&day);
    if !real {
        return None;
    }
    let seconds = days(year, month, day) * 86_400;
    Some((seconds + time(rest)?) as f64)
}

/// Seconds of `T12:30`, ` 12:30:59`, `…59.25Z` or nothing; fractions and zones are passed over.
fn time(rest: &[u8]) -> Option<i64> {
    let (between, clock) = match rest {
        [] => return Some(0),
        [first, clock @ ..] => (first, clock),
    };
    let apart = matches!(between, b'T' | b't' | b' ') && clock.len() >= 5 && clock[2] == b':';
    if !apart {
        return None;
    }
    let (hour, minute) = (whole(&clock[..2])?, whole(&clock[3..5])?);
    let second = match clock.get(5) {
        Some(b':') => whole(clock.get(6..8)?)?,
        _ => 0,
    };
    let real = hour < 24 && minute < 60 && second <= 60;
    real.then_some(hour * 3600 + minute * 60 + second)
}

fn whole(digits: &[u8]) -> Option<i64> {
    let step = |sum: i64, byte: &u8| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'));
    digits.iter().try_fold(0, step)
}

/// Days since 1970 in the Gregorian calendar.
///
/// Reference: H. Hinnant, *chrono-compatible low-level date algorithms*, `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, shifted) = (year.div_euclid(400), (month + 9) % 12);
    let (of_era, of_year) = (year.rem_euclid(400), (153 * shifted + 2) / 5 + day - 1);
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> f64 {
        let Cell::Number(value) = Cell::parse(text.as_bytes()) else {
            panic!("{text} is no number");
        };
        value
    }

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        let texts = [
            "0",
            "-0",
            "7",
            "+7",
            "007",
            "-12.50",
            ".5",
            "5.",
            "0.1",
            "3.141592653589793",
            "1e5",
            "-1E-7",
            "123456789012345678",
            "9007199254740993",
            "0.000000000000000001",
            "1e400",
            "-inf",
            "Infinity",
        ];
        for text in texts {
            assert_eq!(
                number(text).to_bits(),
                text.parse::<f64>().expect("a number").to_bits(),
                "{text}"
            );
        }
    }

    #[test]
    fn words_that_stand_for_nothing_are_known_in_any_case() {
        for text in ["NA", "n/a", "NULL", "none", "NaN", "?", "-", "."] {
            assert!(matches!(Cell::parse(text.as_bytes()), Cell::Token(_)), "{text}");
        }
        assert_eq!(Cell::parse(b"  "), Cell::Empty);
    }

    #[test]
    fn what_is_no_number_is_text() {
        for text in [
            "1,5",
            "0x1F",
            "1.2.3",
            "+",
            "12a",
            "=cmd()",
            "2024-13-01",
            "01/05/2024",
            "-.",
            "e5",
            "\u{e9}",
        ] {
            assert!(matches!(Cell::parse(text.as_bytes()), Cell::Text(_)), "{text}");
        }
        assert!(matches!(Cell::parse(b"\xff\xfe"), Cell::Text(_)));
    }

    #[test]
    fn days_and_times_are_seconds_since_1970() {
        for (text, seconds) in [
            ("1970-01-01", 0.0),
            ("2024/02/29", 1_709_164_800.0),
            ("01.03.2024", 1_709_251_200.0),
            ("2024-03-01T12:30", 1_709_296_200.0),
            ("2024-03-01 12:30:59.5Z", 1_709_296_259.0),
            ("1969-12-31", -86_400.0),
        ] {
            assert_eq!(Cell::parse(text.as_bytes()), Cell::Date(seconds), "{text}");
        }
    }

    #[test]
    fn equal_values_share_a_key_and_others_do_not() {
        let key = |text: &str| Cell::parse(text.as_bytes()).key();
        assert_eq!(key("1"), key("1.0"));
        assert_eq!(key("0"), key("-0"));
        assert_ne!(key("1"), key("2"));
        assert_ne!(key("a"), key("b"));
    }
}
