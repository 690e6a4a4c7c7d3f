//! Rows and columns of a file: as text, one row at a time, or in runs of typed values where the file has types.
//!
//! The file is hostile: a quote that never closes, a line of a gigabyte and a
//! hundred thousand columns end in a message, with bounded memory.

mod batch;
mod delimited;
mod document;
mod guarded;
mod input;
mod json;
mod lines;
mod list;
mod npy;
mod parquet;
mod texts;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use self::batch::Batches;
pub(crate) use self::batch::{Batch, Cells, Values};
pub(crate) use self::input::{checked, open, unreadable};
pub(crate) use self::json::PythonJson;
pub(crate) use self::lines::{Breaks, Lines};
pub(crate) use self::list::items;
pub(crate) use self::texts::Texts;
use crate::error::Fault;
use crate::manifest::TableFormat;
use crate::reason::{Unmeasured, invalid};

/// More columns than this are refused.
const MOST_COLUMNS: usize = 1 << 16;

/// Whose file it is, and so whose turn it is when something is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A step wrote it.
    Written,
    /// It is pinned data.
    Pinned,
}

impl Side {
    pub(crate) fn fault(self) -> Fault {
        match self {
            Self::Written => Fault::Paper,
            Self::Pinned => Fault::Manifest,
        }
    }
}

/// A file that holds a table.
#[derive(Clone, Debug)]
pub struct TableFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is called in messages.
    pub name: String,
    /// A name or an address whose ending tells its format.
    pub ending: String,
    /// Its format, if that is declared.
    pub format: Option<TableFormat>,
    /// Whose it is.
    pub side: Side,
}

impl TableFile {
    /// A file that a step wrote; its name tells its format.
    pub fn written(path: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            path: path.into(),
            ending: name.clone(),
            name,
            format: None,
            side: Side::Written,
        }
    }

    /// Whether it is an array, or an archive of arrays, of NumPy.
    pub fn is_array(&self) -> bool {
        let kind = self.format.map(Kind::Table);
        kind.or_else(|| by_ending(&self.ending).ok()) == Some(Kind::Table(TableFormat::Npy))
    }

    pub(crate) fn invalid(&self, detail: impl std::fmt::Display) -> Unmeasured {
        invalid(self.side.fault(), format!("`{}`: {detail}", shown(&self.name)))
    }

    fn kind(&self) -> Result<Kind, Unmeasured> {
        let kind = self.format.map(Kind::Table);
        kind.map_or_else(|| by_ending(&self.ending), Ok).map_err(|what| {
            self.invalid(format_args!("{what} is not supported yet"))
                .hint("write it as CSV, TSV, JSON Lines, Parquet or NPY")
        })
    }
}

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Table(TableFormat),
    /// One JSON document.
    Document,
}

/// The format of a file of this name; anything unknown is taken as CSV.
fn by_ending(name: &str) -> Result<Kind, &'static str> {
    let name = name.split(['?', '#']).next().unwrap_or(name);
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let ending = Path::new(name)
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase());
    Ok(Kind::Table(match ending.as_deref().unwrap_or_default() {
        "tsv" | "tab" => TableFormat::Tsv,
        "jsonl" | "ndjson" => TableFormat::Jsonl,
        "parquet" | "pq" => TableFormat::Parquet,
        "npy" | "npz" => TableFormat::Npy,
        "json" => return Ok(Kind::Document),
        "xlsx" | "xls" => return Err("a spreadsheet"),
        "pkl" | "pickle" | "pt" | "pth" => return Err("a pickle"),
        _ => TableFormat::Csv,
    }))
}

/// A column by name, or by position in a file without a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Column(pub(super) usize);

/// An open table.
pub(crate) struct Table {
    file: TableFile,
    columns: Vec<String>,
    headless: bool,
    matrix: bool,
    body: Body,
}

enum Body {
    Delimited(delimited::Rows),
    Json(json::Rows),
    Typed(Box<dyn Batches>),
}

/// The cells of one row.
pub(crate) enum Row<'a> {
    Delimited(&'a csv::ByteRecord),
    Texts(&'a [Option<String>]),
}

/// What messages count to say where something stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// The lines of a text, the header among them.
    #[default]
    Line,
    /// The rows of a file that has no lines, from 1.
    Row,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line => "line",
            Self::Row => "row",
        })
    }
}

impl Row<'_> {
    /// The text of a cell without the space around it; `None` if there is no such cell.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8.
    pub(crate) fn cell(&self, column: Column) -> Result<Option<&str>, NotUtf8> {
        let text = match self {
            Self::Delimited(record) => {
                let cell = record.get(column.0).map(std::str::from_utf8).transpose();
                cell.map_err(|_| NotUtf8)?
            }
            Self::Texts(cells) => cells.get(column.0).and_then(Option::as_deref),
        };
        Ok(text.map(str::trim))
    }

    /// The bytes of a cell as they stand, which need not be UTF-8; `None` if there is no such cell.
    pub(crate) fn bytes(&self, column: Column) -> Option<&[u8]> {
        if let Self::Delimited(record) = self {
            return record.get(column.0);
        }
        self.cell(column).ok().flatten().map(str::as_bytes)
    }

    /// Appends the bytes of all `columns` to `text`, and where each cell ends there to `ends`; no cell is an empty one.
    pub(crate) fn append_to(&self, columns: &[Column], text: &mut Vec<u8>, ends: &mut Vec<usize>) {
        let start = text.len();
        if let Self::Delimited(record) = self
            && record.len() == columns.len()
        {
            text.extend_from_slice(record.as_slice());
            let cells = (0..record.len()).filter_map(|at| record.range(at));
            ends.extend(cells.map(|cell| start + cell.end));
            return;
        }
        for column in columns {
            text.extend_from_slice(self.bytes(*column).unwrap_or_default());
            ends.push(text.len());
        }
    }
}

/// A cell that is not UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotUtf8;

impl Table {
    /// Opens a table in which the columns `wanted` are to be found.
    ///
    /// They decide what the header is and what separates the cells, where the file leaves that open.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is empty, or is of a format that is not supported.
    pub(crate) fn open(file: &TableFile, wanted: &[&str]) -> Result<Self, Unmeasured> {
        let kind = file.kind()?;
        checked(file)?;
        let mut matrix = false;
        let (columns, headless, body) = match kind {
            Kind::Table(TableFormat::Jsonl) | Kind::Document => {
                let document = kind == Kind::Document;
                let (columns, rows) = json::Rows::open(file, document)?;
                (columns, false, Body::Json(rows))
            }
            Kind::Table(TableFormat::Parquet) => {
                let (columns, rows) = parquet::open(file)?;
                (columns, false, Body::Typed(Box::new(rows)))
            }
            Kind::Table(TableFormat::Npy) => {
                let opened = npy::open(file, wanted)?;
                matrix = opened.matrix;
                (opened.columns, false, Body::Typed(Box::new(opened.rows)))
            }
            Kind::Table(format @ (TableFormat::Csv | TableFormat::Tsv)) => {
                let (columns, headless, rows) = delimited::open(file, format == TableFormat::Tsv, wanted)?;
                (columns, headless, Body::Delimited(rows))
            }
        };
        if columns.len() > MOST_COLUMNS {
            return Err(file.invalid(format_args!(
                "{} columns, more than {MOST_COLUMNS}",
                columns.len()
            )));
        }
        Ok(Self {
            file: file.clone(),
            columns,
            headless,
            matrix,
            body,
        })
    }

    /// The file.
    pub(crate) fn file(&self) -> &TableFile {
        &self.file
    }

    /// The names of the columns; empty in a file without a header.
    pub(crate) fn names(&self) -> &[String] {
        if self.headless { &[] } else { &self.columns }
    }

    /// Every column, in the order of the file.
    pub(crate) fn columns(&self) -> Vec<Column> {
        (0..self.columns.len()).map(Column).collect()
    }

    /// Whether the first line is a row already.
    pub(crate) fn headless(&self) -> bool {
        self.headless
    }

    /// Whether the file is a single array of two dimensions, whose columns are called by their positions.
    pub(crate) fn matrix(&self) -> bool {
        self.matrix
    }

    /// The column called `name`, if it is there.
    ///
    /// # Errors
    ///
    /// When two columns have that name.
    pub(crate) fn find(&self, name: &str) -> Result<Option<Column>, Unmeasured> {
        if self.headless {
            let position = position(name).filter(|at| *at < self.columns.len());
            return Ok(position.map(Column));
        }
        let mut places = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| *column == name);
        match (places.next(), places.next()) {
            (Some(_), Some(_)) => Err(self
                .file
                .invalid(format_args!("there are two columns `{}`", shown(name)))),
            (first, _) => Ok(first.map(|(at, _)| Column(at))),
        }
    }

    /// The column called `name`.
    ///
    /// # Errors
    ///
    /// When it is not there, or twice.
    pub(crate) fn column(&self, name: &str) -> Result<Column, Unmeasured> {
        self.find(name)?.ok_or_else(|| self.no_column(name))
    }

    fn no_column(&self, name: &str) -> Unmeasured {
        let error = self
            .file
            .invalid(format_args!("there is no column `{}`", shown(name)));
        let near = nearest(name, &self.columns);
        let first: Vec<_> = self
            .columns
            .iter()
            .take(8)
            .map(|name| format!("`{}`", shown(name)))
            .collect();
        let more = if self.columns.len() > first.len() {
            ", …"
        } else {
            ""
        };
        let hint = match near {
            _ if self.headless => format!(
                "without a header its columns are 0 to {}",
                self.columns.len().max(1) - 1
            ),
            Some(near) => format!(
                "did you mean `{near}`? its columns are {}{more}",
                first.join(", ")
            ),
            None => format!("its columns are {}{more}", first.join(", ")),
        };
        Unmeasured {
            fault: Fault::Manifest,
            ..error
        }
        .hint(hint)
    }

    /// Calls `visit` with the line (or the number, where the file has no lines) and the cells of each row, until it
    /// breaks off.
    ///
    /// # Errors
    ///
    /// Those of `visit`, and whatever is wrong with the file; both name the line.
    pub(crate) fn each(
        self,
        wanted: &[Column],
        mut visit: impl FnMut(u64, &Row<'_>) -> Result<bool, Unmeasured>,
    ) -> Result<(), Unmeasured> {
        match self.body {
            Body::Delimited(rows) => rows.each(&self.file, &mut visit),
            Body::Json(rows) => rows.each(&self.file, wanted, &mut visit),
            Body::Typed(batches) => {
                let wanted = once_each(wanted);
                batch::as_rows(batches, &self.file, &wanted, self.columns.len(), &mut visit)
            }
        }
    }

    /// Calls `visit` with runs of rows of the columns `wanted`, until it breaks off.
    ///
    /// Only for files whose columns are typed; others have no batches.
    ///
    /// # Errors
    ///
    /// Those of `visit`, and whatever is wrong with the file.
    pub(crate) fn batches(
        self,
        wanted: &[Column],
        mut visit: impl FnMut(&Batch) -> Result<bool, Unmeasured>,
    ) -> Result<(), Unmeasured> {
        match self.body {
            Body::Delimited(_) | Body::Json(_) => Ok(()),
            Body::Typed(batches) => batches.each(&self.file, &once_each(wanted), &mut visit),
        }
    }

    /// What messages about this file count.
    pub(crate) fn place(&self) -> Place {
        match &self.body {
            Body::Delimited(_) => Place::Line,
            Body::Json(rows) => rows.place(),
            Body::Typed(_) => Place::Row,
        }
    }

    /// Whether the columns have types, so that the rows can be had in batches.
    pub(crate) fn is_typed(&self) -> bool {
        matches!(self.body, Body::Typed(_))
    }
}

/// The columns, each named once.
fn once_each(columns: &[Column]) -> Vec<Column> {
    let mut met = HashSet::new();
    let new = columns.iter().filter(|column| met.insert(**column));
    new.copied().collect()
}

/// What is called for each row: its line and its cells; `false` ends the reading.
type Visit<'a> = &'a mut dyn FnMut(u64, &Row<'_>) -> Result<bool, Unmeasured>;

/// `name` as the position of a column, if it is nothing but digits.
fn position(name: &str) -> Option<usize> {
    let digits = !name.is_empty() && name.len() <= 6 && name.bytes().all(|byte| byte.is_ascii_digit());
    if digits { name.parse().ok() } else { None }
}

/// The candidate that is spelled most like `name`, if any is close.
pub(crate) fn nearest<'a>(name: &str, candidates: &'a [String]) -> Option<Cow<'a, str>> {
    let name = name.to_lowercase();
    let close = |candidate: &&String| strsim::jaro_winkler(&name, &candidate.to_lowercase());
    let few = candidates
        .iter()
        .take(1000)
        .filter(|candidate| candidate.len() <= 100);
    let best = few.max_by(|a, b| close(a).total_cmp(&close(b)))?;
    (close(&best) > 0.75).then(|| shown(best))
}

/// `text` as it can stand in a message: short, and without characters that steer a terminal.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    const MOST: usize = 80;
    let clean = text.len() <= MOST && !text.chars().any(steers);
    if clean {
        return Cow::Borrowed(text);
    }
    let mut chars = text.chars();
    let mut short: String = chars
        .by_ref()
        .take(MOST)
        .map(|c| if steers(c) { '�' } else { c })
        .collect();
    if chars.next().is_some() {
        short.push('…');
    }
    Cow::Owned(short)
}

/// Control characters, and those that turn the direction of the text around.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
