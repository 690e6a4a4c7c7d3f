//! Numbers in sentences.

use crate::manifest::Printed;

/// `value` with four significant digits, without trailing zeros.
pub(super) fn short(value: f64) -> String {
    significant(value, 4)
}

/// A gap in the unit in which `claimed` is printed: `1.4 points` where that is per cent.
pub(super) fn gap_of(gap: f64, claimed: &Printed) -> String {
    if !claimed.percent {
        return significant(gap, 2);
    }
    let points = significant(gap * 100.0, 2);
    format!("{points} point{}", if points == "1" { "" } else { "s" })
}

/// Two different numbers with so many digits that they look different: at least six, as few as will do.
pub(super) fn apart(one: f64, other: f64) -> (String, String) {
    let with = |digits| (significant(one, digits), significant(other, digits));
    let digits = [6, 9, 12].into_iter().find(|digits| {
        let (one, other) = with(*digits);
        one != other
    });
    with(digits.unwrap_or(17))
}

/// `value` with so many significant digits, without trailing zeros.
fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 {
            "0".to_owned()
        } else {
            value.to_string()
        };
    }
    let magnitude = value.abs().log10().floor();
    if !(-6.0..9.0).contains(&magnitude) {
        return format!("{value:.*e}", digits - 1);
    }
    // in −6..9, so that the casts are exact
    let decimals = (digits as f64 - 1.0 - magnitude).max(0.0) as usize;
    trimmed(&format!("{value:.decimals$}"))
}

/// Without trailing zeros behind the point.
fn trimmed(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

/// `value` rounded to `decimals`, with commas between thousands.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text.as_str()), |digits| ("−", digits));
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

/// `1 run`, `2 runs`.
pub(super) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// The names in backticks, at most five of them.
pub(super) fn names<T: AsRef<str>>(names: &[T]) -> String {
    let shown: Vec<_> = names
        .iter()
        .take(5)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    let rest = names.len().saturating_sub(shown.len());
    let more = if rest == 0 {
        String::new()
    } else {
        format!(" and {rest} more")
    };
    shown.join(", ") + &more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_what_matters() {
        assert_eq!(short(0.0083), "0.0083");
        assert_eq!(short(-0.123_456), "-0.1235");
        assert_eq!(short(0.0), "0");
        assert_eq!(short(123_456.7), "123457");
        assert_eq!(short(1.0), "1");
        assert_eq!(short(1e-9), "1.000e-9");
        assert_eq!(short(1e300), "1.000e300");
        assert_eq!(
            apart(0.994_382_022_471_910_1, 0.95),
            ("0.994382".to_owned(), "0.95".to_owned())
        );
        assert_eq!(
            apart(0.994_382_022_4, 0.994_382_1),
            ("0.994382022".to_owned(), "0.9943821".to_owned())
        );
        assert_eq!(grouped(20_160.0, 0), "20,160");
        assert_eq!(grouped(-1_234_567.891, 2), "−1,234,567.89");
        assert_eq!(grouped(12.0, 0), "12");
    }

    #[test]
    fn lists_end() {
        assert_eq!(names(&["a", "b"]), "`a`, `b`");
        assert_eq!(names(&["a"; 7]), "`a`, `a`, `a`, `a`, `a` and 2 more");
        assert_eq!(count(1, "run"), "1 run");
    }
}
