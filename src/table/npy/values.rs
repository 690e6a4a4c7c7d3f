//! The items of arrays as values of ours.

use super::header::{Item, Kind};
use crate::table::batch::{Cells, Values};
use crate::table::texts::Texts;

/// The values of `items`.
///
/// # Errors
///
/// When a text is not one.
pub(super) fn of<'a>(item: Item, items: impl Iterator<Item = &'a [u8]> + Clone) -> Result<Values, String> {
    let cells = match item.kind {
        Kind::Float => Cells::Number(
            items
                .map(|bytes| float(unsigned(bytes, item.big), item.size))
                .collect(),
        ),
        Kind::Signed => Cells::Whole(items.map(|bytes| signed(bytes, item.big)).collect()),
        Kind::Unsigned => naturals(items.map(|bytes| unsigned(bytes, item.big))),
        Kind::Truth => {
            let word = |bytes: &[u8]| if bytes == [0] { "false" } else { "true" };
            Cells::Text(items.map(word).collect())
        }
        Kind::Unicode => Cells::Text(texts(items, |bytes| unicode(bytes, item.big))?),
        Kind::Bytes => Cells::Text(texts(items, |bytes| {
            String::from_utf8(bytes.to_vec()).ok().map(without_padding)
        })?),
    };
    Ok(Values {
        cells,
        missing: Vec::new(),
    })
}

fn unsigned(bytes: &[u8], big: bool) -> u64 {
    let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    match (bytes.try_into(), big) {
        (Ok(bytes), false) => u64::from_le_bytes(bytes),
        (_, false) => bytes.iter().rev().fold(0, join),
        (_, true) => bytes.iter().fold(0, join),
    }
}

fn signed(bytes: &[u8], big: bool) -> i64 {
    let unused = 64 - 8 * u32::try_from(bytes.len()).unwrap_or(8);
    // Shifting up and down again copies the sign into the unused bits.
    (unsigned(bytes, big) << unused) as i64 >> unused
}

/// Whole numbers, as texts if one of them is beyond those with a sign.
fn naturals(values: impl Iterator<Item = u64> + Clone) -> Cells {
    let whole: Result<Vec<i64>, _> = values.clone().map(i64::try_from).collect();
    whole.map_or_else(
        |_| {
            let mut texts = Texts::default();
            values.for_each(|value| texts.print(value));
            Cells::Text(texts)
        },
        Cells::Whole,
    )
}

fn float(bits: u64, size: usize) -> f64 {
    match size {
        8 => f64::from_bits(bits),
        4 => f64::from(f32::from_bits(bits as u32)),
        _ => half(bits as u16),
    }
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    let exponent = i32::from(bits >> 10 & 0x1f);
    let size = match exponent {
        0 => fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2_f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

fn texts<'a>(
    items: impl Iterator<Item = &'a [u8]>,
    text: impl Fn(&[u8]) -> Option<String>,
) -> Result<Texts, String> {
    let mut texts = Texts::default();
    for (row, bytes) in items.enumerate() {
        let text = text(bytes).ok_or_else(|| format!("value {} is no text", row + 1))?;
        texts.push(&text);
    }
    Ok(texts)
}

fn unicode(bytes: &[u8], big: bool) -> Option<String> {
    let points = bytes.chunks(4).map(|point| unsigned(point, big));
    let chars = points.map(|point| char::from_u32(u32::try_from(point).ok()?));
    chars.collect::<Option<String>>().map(without_padding)
}

/// Short texts are filled up with zeros.
fn without_padding(mut text: String) -> String {
    text.truncate(text.trim_end_matches('\0').len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_ieee_754() {
        let known = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 2_f64.powi(-24)),
        ];
        for (bits, value) in known {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan() && half(0xfc00) == f64::NEG_INFINITY);
    }

    #[test]
    fn whole_numbers_keep_their_sign_in_either_order() {
        assert_eq!(signed(&[0xff], false), -1);
        assert_eq!(signed(&[0xd4, 0xfe], false), -300);
        assert_eq!(signed(&[0xfe, 0xd4], true), -300);
        assert_eq!(signed(&[0; 8], true), 0);
    }
}
