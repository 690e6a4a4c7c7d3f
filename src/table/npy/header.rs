//! The header of an array: what its bytes mean, and how many there are.
//!
//! Reference: NumPy, *NEP 1: A simple file format for NumPy arrays*, with
//! versions 2 and 3.

use std::io::{self, Read};

/// What an array begins with.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// The longest header, in bytes: nothing that is read here needs more.
const LONGEST: usize = 1 << 16;

/// The longest row, in bytes.
const LONGEST_ROW: u64 = 64 << 20;

/// What the header of an array says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) item: Item,
    pub(super) rows: u64,
    /// One, or the second dimension.
    pub(super) columns: u64,
    /// Whether it has two dimensions, and more than one column.
    pub(super) matrix: bool,
    /// Whether a column stands together, and not a row.
    pub(super) by_column: bool,
    /// The bytes before the first item.
    pub(super) length: u64,
}

/// One value of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) kind: Kind,
    /// In bytes, from 1.
    pub(super) size: usize,
    /// Whether the most significant byte comes first.
    pub(super) big: bool,
}

/// The types whose values are plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Truth,
    Signed,
    Unsigned,
    Float,
    /// Code points of four bytes each.
    Unicode,
    Bytes,
}

impl Header {
    /// Reads the header of an array.
    ///
    /// # Errors
    ///
    /// Why it is none, or none of an array of plain values.
    pub(super) fn read(reader: &mut impl Read) -> Result<Self, String> {
        let cut = |error: io::Error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                return "its header is cut off".to_owned();
            }
            error.to_string()
        };
        let mut start = [0; 8];
        reader.read_exact(&mut start).map_err(cut)?;
        if !start.starts_with(MAGIC) {
            return Err("it is no array: it does not begin with `\\x93NUMPY`".to_owned());
        }
        let mut size = [0; 4];
        let width = if start[6] == 1 { 2 } else { 4 };
        reader.read_exact(&mut size[..width]).map_err(cut)?;
        let size = u32::from_le_bytes(size) as usize;
        if !(1..=3).contains(&start[6]) || size > LONGEST {
            return Err(format!(
                "its header is of version {} with {size} bytes, which is not read",
                start[6]
            ));
        }
        let mut text = vec![0; size];
        reader.read_exact(&mut text).map_err(cut)?;
        let text = String::from_utf8_lossy(&text);
        Self::parse(&text, (start.len() + width + size) as u64)
    }

    fn parse(text: &str, length: u64) -> Result<Self, String> {
        let entry = |key| after(text, key).ok_or_else(|| format!("its header has no `{key}`"));
        let item = Item::parse(entry("descr")?)?;
        let by_column = entry("fortran_order")?.starts_with("True");
        let shape = entry("shape")?
            .strip_prefix('(')
            .and_then(|shape| shape.split_once(')'));
        let shape = shape
            .ok_or("its shape is not a tuple")?
            .0
            .split(',')
            .map(str::trim);
        let sizes = shape.filter(|size| !size.is_empty());
        let sizes: Result<Vec<u64>, _> = sizes.map(str::parse::<u64>).collect();
        let sizes = sizes.map_err(|_| "its shape is not of whole numbers")?;
        let (rows, columns) = match sizes[..] {
            [rows] => (rows, 1),
            [rows, columns] => (rows, columns),
            _ => return Err(format!("it has {} dimensions, not 1 or 2", sizes.len())),
        };
        let header = Self {
            item,
            rows,
            columns,
            matrix: sizes.len() == 2 && columns != 1,
            by_column,
            length,
        };
        header.bytes().ok_or("its shape overflows")?;
        let row = columns.saturating_mul(header.item.size as u64);
        if row > LONGEST_ROW {
            return Err(format!("a row of it takes {row} bytes, which is too much"));
        }
        Ok(header)
    }

    /// How many bytes the items take; `None` if that is no number.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.rows
            .checked_mul(self.columns)?
            .checked_mul(self.item.size as u64)
    }
}

/// What stands behind a key of a Python dictionary.
fn after<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let quoted = ['\'', '"'].map(|quote| format!("{quote}{key}{quote}"));
    let found = quoted.iter().find_map(|key| text.split_once(key.as_str()));
    let (_, rest) = found?;
    Some(rest.trim_start().strip_prefix(':')?.trim_start())
}

impl Item {
    /// `'<f8'` and its like.
    fn parse(text: &str) -> Result<Self, String> {
        let quote = match text.chars().next() {
            Some(quote @ ('\'' | '"')) => quote,
            Some('[') => return Err("it is an array of records, not of plain values".to_owned()),
            _ => return Err("its header does not say of what type its values are".to_owned()),
        };
        let name = text[1..].split(quote).next().unwrap_or_default();
        let mut letters = name.chars();
        let (order, kind) = (letters.next(), letters.next());
        let other = |what: &str| format!("its values are {what} (`{}`)", crate::table::shown(name));
        let size = letters.as_str().parse::<usize>();
        let (kind, width) = match (kind, &size) {
            (Some('O'), _) => return Err(pickle()),
            (Some('c'), _) => return Err(other("complex numbers")),
            (Some('M' | 'm'), _) => return Err(other("times, which are not read from arrays")),
            (Some('b'), Ok(1)) => (Kind::Truth, 1),
            (Some('i'), Ok(1 | 2 | 4 | 8)) => (Kind::Signed, 1),
            (Some('u'), Ok(1 | 2 | 4 | 8)) => (Kind::Unsigned, 1),
            (Some('f'), Ok(2 | 4 | 8)) => (Kind::Float, 1),
            (Some('U'), Ok(1..=1_048_576)) => (Kind::Unicode, 4),
            (Some('S'), Ok(1..=4_194_304)) => (Kind::Bytes, 1),
            _ => return Err(other("of a type that is not read")),
        };
        Ok(Self {
            kind,
            size: size.unwrap_or_default() * width,
            big: order == Some('>'),
        })
    }
}

fn pickle() -> String {
    "its values are Python objects: that is a pickle, which can run code when it is read".to_owned()
}
