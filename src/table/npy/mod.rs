//! NumPy's arrays: one in a file (NPY), or several by name (NPZ).
//!
//! An array of one dimension is a column, one of two dimensions as many columns
//! as it is wide. Items are read from where they lie, a few rows at a time.

mod archive;
mod header;
mod values;

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use self::header::Header;
use super::batch::{Batch, Batches, ROWS, Values, VisitBatch, not_plain};
use super::input::unreadable;
use super::{Column, MOST_COLUMNS, TableFile, shown};
use crate::reason::Unmeasured;

/// The most bytes of an array that are read at a time.
const MOST_AT_ONCE: u64 = 16 << 20;

/// An array, of which nothing but the header is read.
struct Array {
    name: String,
    /// Or why it is not one of plain values.
    header: Result<Header, String>,
    /// Its place in the archive, if it lies in one.
    member: Option<usize>,
}

/// A column, as part of an array.
#[derive(Clone, Copy)]
struct Part {
    array: usize,
    column: u64,
}

/// The columns of a file, and how it came to them.
pub(super) struct Opened {
    pub(super) columns: Vec<String>,
    /// Whether they are those of a single array of two dimensions, called by their positions.
    pub(super) matrix: bool,
    pub(super) rows: Rows,
}

/// The items of the arrays.
pub(super) struct Rows {
    file: Arc<File>,
    arrays: Vec<Array>,
    parts: Vec<Part>,
}

/// Opens a file. A single array of one dimension is the first column that is `wanted`.
///
/// # Errors
///
/// When it cannot be read, or holds no array.
pub(super) fn open(file: &TableFile, wanted: &[&str]) -> Result<Opened, Unmeasured> {
    let mut opened = File::open(&file.path).map_err(|error| unreadable(file, &error))?;
    let length = opened.metadata().map_err(|error| unreadable(file, &error))?.len();
    if length == 0 {
        return Err(file.invalid("it is empty"));
    }
    let mut start = [0; 4];
    let read = opened
        .read(&mut start)
        .map_err(|error| unreadable(file, &error))?;
    opened
        .seek(SeekFrom::Start(0))
        .map_err(|error| unreadable(file, &error))?;
    let arrays = match &start[..read] {
        [b'P', b'K', ..] => archive::arrays(&opened).map_err(|why| file.invalid(why))?,
        [0x1f, 0x8b, ..] => return Err(file.invalid("it is packed with gzip").hint("unpack it")),
        _ => vec![single(&mut opened, length).map_err(|why| refused(file, &why))?],
    };
    Opened::new(file, opened, arrays, wanted)
}

fn refused(file: &TableFile, why: &str) -> Unmeasured {
    let error = file.invalid(why);
    if why.contains("pickle") {
        return error.hint("write numbers or texts: `array.astype(str)` makes texts");
    }
    error
}

/// The array of a file without a name for it.
fn single(file: &mut File, length: u64) -> Result<Array, String> {
    let header = Header::read(file)?;
    fits(&header, length.saturating_sub(header.length))?;
    Ok(Array {
        name: "0".to_owned(),
        header: Ok(header),
        member: None,
    })
}

/// Holds the shape against the bytes behind the header.
fn fits(header: &Header, bytes: u64) -> Result<(), String> {
    if header.bytes() == Some(bytes) {
        return Ok(());
    }
    let (rows, columns, size) = (header.rows, header.columns, header.item.size);
    Err(format!(
        "its header says {rows} × {columns} values of {size} bytes, and {bytes} bytes follow"
    ))
}

impl Opened {
    fn new(file: &TableFile, opened: File, arrays: Vec<Array>, wanted: &[&str]) -> Result<Self, Unmeasured> {
        let lone = if let [lone] = &arrays[..] {
            Some(lone)
        } else {
            None
        };
        let lone_header = lone.and_then(|lone| lone.header.as_ref().ok());
        let matrix = lone_header.is_some_and(|header| header.matrix);
        let matrix = matrix && !lone.is_some_and(|lone| scores(&lone.name));
        let (mut columns, mut parts) = (Vec::new(), Vec::new());
        for (at, array) in arrays.iter().enumerate() {
            let width = array.header.as_ref().map_or(1, |header| header.columns);
            if width > (MOST_COLUMNS - columns.len()) as u64 {
                return Err(file.invalid(format_args!("more than {MOST_COLUMNS} columns")));
            }
            for column in 0..width {
                columns.push(match &array.header {
                    Ok(_) if matrix => column.to_string(),
                    Ok(header) if header.matrix && scores(&array.name) => format!("score_{column}"),
                    Ok(header) if header.matrix => format!("{}_{column}", array.name),
                    Ok(_) | Err(_) if lone.is_some() => called(&array.name, wanted),
                    Ok(_) | Err(_) => array.name.clone(),
                });
                parts.push(Part { array: at, column });
            }
        }
        if columns.is_empty() {
            return Err(file.invalid("it holds no array with a value"));
        }
        let rows = Rows {
            file: Arc::new(opened),
            arrays,
            parts,
        };
        Ok(Self {
            columns,
            matrix,
            rows,
        })
    }
}

/// Whether an array of this name and two dimensions holds a score for each class.
fn scores(name: &str) -> bool {
    ["score", "scores"].contains(&name)
}

/// What a single array is called: its name, or else what is wanted.
fn called(name: &str, wanted: &[&str]) -> String {
    let wanted = wanted.first().filter(|_| !wanted.contains(&name));
    (*wanted.unwrap_or(&name)).to_owned()
}

/// An array whose items are found.
struct Found<'a> {
    header: &'a Header,
    file: Arc<File>,
    start: u64,
}

impl Rows {
    /// Finds the items of the arrays that are wanted, each once.
    fn find(&self, file: &TableFile, wanted: &[Column]) -> Result<HashMap<usize, Found<'_>>, Unmeasured> {
        let mut found = HashMap::new();
        for column in wanted {
            let at = self.parts[column.0].array;
            let array = &self.arrays[at];
            let named = |why: &str| refused(file, &format!("the array `{}`: {why}", shown(&array.name)));
            let header = array.header.as_ref().map_err(|why| named(why))?;
            if found.contains_key(&at) {
                continue;
            }
            let items = match array.member {
                None => Ok((Arc::clone(&self.file), header.length)),
                Some(member) => archive::items(&self.file, member, header),
            };
            let (opened, start) = items.map_err(|why| named(&why))?;
            let items = Found {
                header,
                file: opened,
                start,
            };
            found.insert(at, items);
        }
        Ok(found)
    }

    /// The number of rows, which all arrays must share.
    fn count(&self, file: &TableFile, wanted: &[Column]) -> Result<u64, Unmeasured> {
        let sized = |column: &Column| {
            let array = &self.arrays[self.parts[column.0].array];
            Some((array.name.as_str(), array.header.as_ref().ok()?.rows))
        };
        let all: Vec<_> = wanted.iter().filter_map(sized).collect();
        let first = all.first().copied().or_else(|| sized(&Column(0)));
        let (name, rows) = first.unwrap_or(("", 0));
        match all.iter().find(|(_, other)| *other != rows) {
            None => Ok(rows),
            Some((other, more)) => Err(file.invalid(format_args!(
                "the arrays differ in length: `{}` has {rows} rows and `{}` {more}",
                shown(name),
                shown(other)
            ))),
        }
    }
}

impl Found<'_> {
    /// The bytes of a row that stand together.
    fn width(&self) -> u64 {
        let columns = if self.header.by_column {
            1
        } else {
            self.header.columns
        };
        columns * self.header.item.size as u64
    }

    /// The items of rows of a column, or of whole rows, which end up in `block`.
    fn read(&self, from: u64, rows: u64, column: u64, block: &mut Vec<u8>) -> std::io::Result<()> {
        let before = if self.header.by_column {
            column * self.header.rows
        } else {
            0
        };
        block.resize(usize::try_from(rows * self.width()).unwrap_or(usize::MAX), 0);
        let start = self.start + (before + from) * self.width();
        self.file.read_exact_at(block, start)
    }

    fn values(&self, column: u64, block: &[u8]) -> Result<Values, String> {
        let size = self.header.item.size;
        let first = if self.header.by_column {
            0
        } else {
            column as usize * size
        };
        let rows = block.chunks_exact(self.width() as usize);
        values::of(self.header.item, rows.map(|row| &row[first..first + size]))
    }
}

impl Batches for Rows {
    fn each(
        self: Box<Self>,
        file: &TableFile,
        wanted: &[Column],
        visit: VisitBatch<'_>,
    ) -> Result<(), Unmeasured> {
        let found = self.find(file, wanted)?;
        let rows = self.count(file, wanted)?;
        let widest = found.values().map(Found::width).max().unwrap_or(1);
        let step = (MOST_AT_ONCE / widest.max(1)).clamp(1, ROWS as u64);
        let mut from = 0;
        while from < rows {
            let count = step.min(rows - from);
            let batch = self.batch(file, wanted, &found, (from, count))?;
            if !visit(&batch)? {
                break;
            }
            from += count;
        }
        Ok(())
    }
}

impl Rows {
    fn batch(
        &self,
        file: &TableFile,
        wanted: &[Column],
        found: &HashMap<usize, Found<'_>>,
        (from, rows): (u64, u64),
    ) -> Result<Batch, Unmeasured> {
        let mut columns = Vec::with_capacity(wanted.len());
        // Columns of one array stand beside each other: its rows are read once.
        let mut block = Vec::new();
        let mut held = None;
        for column in wanted {
            let part = self.parts[column.0];
            let Some(array) = found.get(&part.array) else {
                continue;
            };
            if held != Some(part.array) || array.header.by_column {
                let read = array.read(from, rows, part.column, &mut block);
                read.map_err(|error| unreadable(file, &error))?;
                held = Some(part.array);
            }
            let values = array.values(part.column, &block);
            let name = &self.arrays[part.array].name;
            let values =
                values.map_err(|why| not_plain(file, name, &format!("from row {}: {why}", from + 1)));
            columns.push((*column, values?));
        }
        Ok(Batch {
            first: from + 1,
            rows: rows as usize,
            columns,
        })
    }
}
