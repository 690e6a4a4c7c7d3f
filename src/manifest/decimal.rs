//! Decimal texts, shifted and rounded without passing through binary fractions.

/// A decimal number as text, taken apart far enough to know its last printed place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    /// Sign (`-` or none), digits and point, as `f64::from_str` reads them; without the exponent.
    mantissa: String,
    /// Digits behind the point.
    decimals: i32,
    /// The exponent, where one is written.
    pub(super) exponent: Option<i32>,
    /// As written, without surrounding space.
    pub(super) text: String,
}

impl Decimal {
    /// Reads `[+-−] digits [. digits] [e exponent]`; `None` when the text is anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let unsigned = text.strip_prefix(['-', '−']);
        let sign = if unsigned.is_some() { "-" } else { "" };
        let unsigned = unsigned.or_else(|| text.strip_prefix('+')).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(read_exponent(exponent)?)),
            None => (unsigned, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits_only = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !digits_only(whole) || !digits_only(fraction) {
            return None;
        }
        Some(Self {
            mantissa: format!("{sign}{mantissa}"),
            decimals: i32::try_from(fraction.len()).ok()?,
            exponent,
            text: text.to_owned(),
        })
    }

    /// The value times ten to the power of `shift`, rounded once; infinite or zero when out of reach.
    pub(super) fn shifted(&self, shift: i32) -> f64 {
        let exponent = self.exponent.unwrap_or(0).saturating_add(shift);
        format!("{}e{exponent}", self.mantissa)
            .parse()
            .unwrap_or(f64::NAN)
    }

    /// One unit in the last printed place, times ten to the power of `shift`.
    pub(super) fn unit(&self, shift: i32) -> f64 {
        let exponent = self.exponent.unwrap_or(0).saturating_add(shift);
        format!("1e{}", exponent.saturating_sub(self.decimals))
            .parse()
            .unwrap_or(f64::NAN)
    }

    /// Whether all its digits are 0.
    pub(super) fn is_zero(&self) -> bool {
        !self.mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
    }
}

fn read_exponent(text: &str) -> Option<i32> {
    let unsigned = text.strip_prefix(['-', '−']);
    let digits = unsigned.or_else(|| text.strip_prefix('+')).unwrap_or(text);
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let exponent: i32 = digits.parse().ok()?;
    Some(if unsigned.is_some() { -exponent } else { exponent })
}

/// The finite `value` times ten to the power of `shift`, with `decimals` digits behind the point.
///
/// Rounds the shortest decimal text of `value`, ties away from zero, so that 0.8345 gives 83.5 although the
/// nearest `f64` lies below it. Zero has no sign.
pub(super) fn fixed(value: f64, shift: i32, decimals: u32) -> String {
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let exponent: i64 = exponent.parse().unwrap_or(0);
    // The value is `digits` times ten to the power of `power`, counted in units of the last wanted place.
    let power = exponent - (digits.len() as i64 - 1) + i64::from(shift) + i64::from(decimals);
    let rounded = scale(digits, power);
    let mut printed = point(&rounded, decimals as usize);
    if value < 0.0 && rounded.iter().any(|digit| *digit != b'0') {
        printed.insert(0, '-');
    }
    printed
}

/// `digits` times ten to the power of `power`, as a whole number.
fn scale(mut digits: Vec<u8>, power: i64) -> Vec<u8> {
    if power >= 0 {
        digits.resize(digits.len() + usize::try_from(power).unwrap_or(0), b'0');
        return digits;
    }
    let dropped = usize::try_from(-power).unwrap_or(usize::MAX);
    if dropped > digits.len() {
        return vec![b'0'];
    }
    let kept = digits.len() - dropped;
    let up = digits[kept] >= b'5';
    digits.truncate(kept);
    if up {
        increment(&mut digits);
    }
    digits
}

fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

/// Puts the point before the last `decimals` digits.
fn point(digits: &[u8], decimals: usize) -> String {
    let significant = digits
        .iter()
        .position(|digit| *digit != b'0')
        .unwrap_or(digits.len());
    let text = String::from_utf8_lossy(&digits[significant..]);
    let padded = format!("{text:0>width$}", width = decimals + 1);
    let (whole, fraction) = padded.split_at(padded.len() - decimals);
    if fraction.is_empty() {
        return whole.to_owned();
    }
    format!("{whole}.{fraction}")
}
