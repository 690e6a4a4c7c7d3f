//! CSV and its relatives.

use std::io::BufRead;

use super::input::{Allowance, Rationed, open as open_file, unreadable};
use super::{Row, TableFile, Visit, position};
use crate::reason::{Unmeasured, invalid};

/// What may separate the cells of a file that is called CSV.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

type Reader = csv::Reader<Rationed<Box<dyn BufRead>>>;

/// The rows of a file, after its header.
pub(super) struct Rows {
    reader: Reader,
    allowance: Allowance,
    /// The first line, where it is a row already.
    first: Option<csv::ByteRecord>,
    width: usize,
}

/// Opens a file; returns its columns, whether it has no header, and its rows.
pub(super) fn open(
    file: &TableFile,
    tabs: bool,
    wanted: &[&str],
) -> Result<(Vec<String>, bool, Rows), Unmeasured> {
    let separators: &[u8] = if tabs { b"\t" } else { &SEPARATORS };
    let mut widest: Option<Opened> = None;
    for &separator in separators {
        let opened = Opened::new(file, separator)?;
        let named = |name: &&str| opened.columns.iter().any(|column| column == name);
        if !wanted.is_empty() && wanted.iter().all(named) {
            return Ok(opened.with_or_without_header(wanted));
        }
        if widest
            .as_ref()
            .is_none_or(|widest| widest.columns.len() < opened.columns.len())
        {
            widest = Some(opened);
        }
    }
    let opened = widest.ok_or_else(|| invalid(file.side.fault(), "it has no columns"))?;
    Ok(opened.with_or_without_header(wanted))
}

/// A file read up to the end of its first line.
struct Opened {
    columns: Vec<String>,
    first: csv::ByteRecord,
    reader: Reader,
    allowance: Allowance,
}

impl Opened {
    fn new(file: &TableFile, separator: u8) -> Result<Self, Unmeasured> {
        let (input, allowance) = Rationed::new(open_file(file)?);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(input);
        let mut first = csv::ByteRecord::new();
        let any = reader
            .read_byte_record(&mut first)
            .map_err(|error| broken(file, &error, 1))?;
        if !any {
            return Err(file.invalid("it is empty"));
        }
        let columns = first
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).trim().to_owned())
            .collect();
        Ok(Self {
            columns,
            first,
            reader,
            allowance,
        })
    }

    fn with_or_without_header(self, wanted: &[&str]) -> (Vec<String>, bool, Rows) {
        let headless = !reads_like_a_header(&self.columns, wanted);
        let rows = Rows {
            reader: self.reader,
            allowance: self.allowance,
            width: self.columns.len(),
            first: headless.then_some(self.first),
        };
        (self.columns, headless, rows)
    }
}

/// Whether the first line names the columns.
///
/// It does not when all the columns that are asked for are numbers, and these
/// are not names in it: a header whose names are numbers counts them up (`id,0,1,2`),
/// and holds no other number, while a row of `0,1,0,5.3` does.
fn reads_like_a_header(columns: &[String], wanted: &[&str]) -> bool {
    if wanted.is_empty() || wanted.iter().any(|name| position(name).is_none()) {
        return true;
    }
    let named = wanted
        .iter()
        .all(|name| columns.iter().any(|column| column == name));
    let numbers: Vec<f64> = columns.iter().filter_map(|column| column.parse().ok()).collect();
    let counts_up = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1.0);
    let whole = columns
        .iter()
        .all(|column| position(column).is_some() == column.parse::<f64>().is_ok());
    // A single number is as likely a value as a name, unless it names the place where it stands.
    let placed = numbers.len() > 1
        || wanted.iter().all(|name| {
            position(name).is_some_and(|at| columns.get(at).is_some_and(|column| column == name))
        });
    named && counts_up && whole && placed
}

impl Rows {
    pub(super) fn each(mut self, file: &TableFile, visit: Visit<'_>) -> Result<(), Unmeasured> {
        if let Some(first) = self.first.take()
            && !visit(1, &Row::Delimited(&first))?
        {
            return Ok(());
        }
        let mut record = csv::ByteRecord::new();
        loop {
            self.allowance.renew();
            let line = self.reader.position().line();
            let any = self.reader.read_byte_record(&mut record);
            if !any.map_err(|error| broken(file, &error, line))? {
                return Ok(());
            }
            let line = record.position().map_or(line, csv::Position::line);
            if record.len() != self.width {
                return Err(ragged(file, line, record.len(), self.width));
            }
            if !visit(line, &Row::Delimited(&record))? {
                return Ok(());
            }
        }
    }
}

fn ragged(file: &TableFile, line: u64, found: usize, expected: usize) -> Unmeasured {
    let what = format!("line {line} has {found} cells, and the first line has {expected}");
    file.invalid(what)
        .hint("the file may be cut off, or a text with the separator in it lacks its quotes")
}

fn broken(file: &TableFile, error: &csv::Error, line: u64) -> Unmeasured {
    let csv::ErrorKind::Io(cause) = error.kind() else {
        return file.invalid(format_args!("line {line}: {error}"));
    };
    let error = unreadable(file, cause);
    let detail = format!("{} (from line {line})", error.detail);
    Unmeasured { detail, ..error }
}
