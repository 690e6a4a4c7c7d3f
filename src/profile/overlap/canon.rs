//! Cells in one form, and rows as hashes.
//!
//! The same value may be written in many ways; what is compared is the value.
//! The hash is keyed, with a key drawn anew for each comparison: whoever writes
//! a file cannot make rows that differ look equal.

use std::hash::{BuildHasher, Hasher, RandomState};

use siphasher::sip128::SipHasher13;

use crate::profile::cell::plain;

/// What a missing cell looks like once it went through the usual programs.
const MISSING: [&str; 6] = ["na", "n/a", "nan", "null", "none", "<na>"];

/// Whole numbers below this are exact in `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A cell in one form: `1`, `1.0` and `1e0` are the same, and so are an empty cell and `NaN`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Canon<'a> {
    Missing,
    Whole(i64),
    /// Finite and not whole.
    Number(f64),
    Text(&'a str),
}

impl<'a> Canon<'a> {
    /// The form of a cell; the space around it does not matter.
    pub(super) fn of(cell: &'a str) -> Self {
        let cell = cell.trim();
        match cell.as_bytes() {
            [] => Self::Missing,
            [b'0'..=b'9' | b'+' | b'-' | b'.', ..] => Self::number(cell).unwrap_or(Self::Text(cell)),
            _ => Self::word(cell),
        }
    }

    fn word(cell: &'a str) -> Self {
        let is = |word: &&str| cell.eq_ignore_ascii_case(word);
        if cell.len() <= 4 && MISSING.iter().any(is) {
            return Self::Missing;
        }
        Self::Text(["true", "false"].into_iter().find(is).unwrap_or(cell))
    }

    fn number(cell: &str) -> Option<Self> {
        if let Some(number) = plain(cell.as_bytes()) {
            // Below 2⁵³, so that nothing is lost either way.
            let whole = number as i64;
            let is_whole = whole as f64 == number;
            return Some(if is_whole {
                Self::Whole(whole)
            } else {
                Self::Number(number)
            });
        }
        let unsigned = cell.strip_prefix(['+', '-']).unwrap_or(cell);
        let digits = unsigned.bytes().all(|byte| byte.is_ascii_digit());
        if digits && let Ok(whole) = cell.parse() {
            return Some(Self::Whole(whole));
        }
        // Longer ones are codes: as `f64`, different ones would be equal.
        let number: f64 = cell
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite() && !digits)?;
        let whole = number.fract() == 0.0 && number.abs() < EXACT;
        Some(if whole {
            Self::Whole(number as i64)
        } else {
            Self::Number(number)
        })
    }

    /// The number, if it is one.
    pub(super) fn value(self) -> Option<f64> {
        match self {
            Self::Whole(whole) => Some(whole as f64),
            Self::Number(number) => Some(number),
            Self::Missing | Self::Text(_) => None,
        }
    }

    /// Appends the form so that no two sequences of cells give the same bytes.
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Missing => out.push(0),
            Self::Whole(whole) => {
                out.push(1);
                out.extend_from_slice(&whole.to_le_bytes());
            }
            Self::Number(number) => {
                out.push(2);
                out.extend_from_slice(&number.to_bits().to_le_bytes());
            }
            Self::Text(text) => {
                out.push(3);
                out.extend_from_slice(&(text.len() as u64).to_le_bytes());
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// `number` with three significant digits, as its digits and its power of ten.
pub(super) fn rounded(number: f64) -> (i64, i32) {
    if number == 0.0 {
        return (0, 0);
    }
    let mut power = number.abs().log10().floor() as i32 - 2;
    let mut digits = (number / 10f64.powi(power)).round();
    if digits.abs() >= 1000.0 {
        digits = (digits / 10.0).round();
        power += 1;
    }
    (digits as i64, power)
}

/// A keyed hash.
#[derive(Clone)]
pub(super) struct Key(SipHasher13);

impl Key {
    /// A key that nobody knows.
    pub(super) fn random() -> Self {
        let half = || RandomState::new().build_hasher().finish();
        Self(SipHasher13::new_with_keys(half(), half()))
    }

    /// 128 bits of `bytes`.
    pub(super) fn wide(&self, bytes: &[u8]) -> u128 {
        self.0.hash(bytes).as_u128()
    }

    /// 64 bits of `bytes`.
    pub(super) fn short(&self, bytes: &[u8]) -> u64 {
        self.0.hash(bytes).h1
    }
}

/// The next of a fixed stream of numbers that look random (SplitMix64).
pub(super) fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mix(*state)
}

/// Spreads the bits of `value`.
pub(super) fn mix(value: u64) -> u64 {
    let z = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(cells: &[&str]) {
        for cell in cells {
            assert_eq!(Canon::of(cell), Canon::of(cells[0]), "{cell}");
        }
    }

    #[test]
    fn one_value_has_one_form() {
        same(&["1", " 1.0 ", "1e0", "+1", "01", "1.", "10e-1"]);
        same(&["0", "-0", "0.0", "-0.0", ".0"]);
        same(&["0.1", "1e-1", ".10", "0.1000"]);
        same(&["", " ", "NA", "nan", "NaN", "None", "null", "N/A"]);
        same(&["true", "True", "TRUE"]);
    }

    #[test]
    fn different_values_have_different_forms() {
        let cells = [
            "1",
            "-1",
            "1.5",
            "a",
            "A",
            "",
            "0",
            "true",
            "-",
            "+",
            ".",
            "1e999",
            "-inf",
            "1,5",
            "12345678901234567890",
            "12345678901234567891",
            "9007199254740993",
            "9007199254740992",
        ];
        for (at, a) in cells.iter().enumerate() {
            for b in &cells[at + 1..] {
                assert_ne!(Canon::of(a), Canon::of(b), "{a} and {b}");
            }
        }
    }

    #[test]
    fn rounding_keeps_three_digits() {
        assert_eq!(rounded(1.2345), (123, -2));
        assert_eq!(rounded(-0.000_999_9), (-100, -5));
        assert_eq!(rounded(999.96), rounded(1000.0));
        assert_eq!(rounded(0.0), (0, 0));
        assert_eq!(rounded(f64::MIN_POSITIVE / 4.0), rounded(f64::MIN_POSITIVE / 4.0));
    }

    #[test]
    fn cells_cannot_run_into_each_other() {
        let encoded = |cells: &[&str]| {
            let mut out = Vec::new();
            cells.iter().for_each(|cell| Canon::of(cell).encode(&mut out));
            out
        };
        assert_ne!(encoded(&["ab", "c"]), encoded(&["a", "bc"]));
        assert_ne!(encoded(&["a", ""]), encoded(&["", "a"]));
    }
}
