//! Columns of one file, read as texts and numbers.

use std::collections::BTreeMap;

use super::super::columns::{Columns, EXAMPLES, Trouble};
use super::super::read::{Request, unpacked};
use crate::reason::Unmeasured;
use crate::table::{Column, Row, Table, TableFile, Texts};

/// More rows than this are refused.
const MOST_ROWS: usize = 1 << 28;

/// More bytes of text than this are refused, in one file.
const MOST_TEXT: usize = 1 << 30;

/// How a column is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// What it is called here and in messages.
    name: &'static str,
    column: Column,
    kind: Kind,
    /// Whether a cell may hold nothing.
    blank: bool,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    /// A finite number that fits, and what one is that does not.
    Number(fn(f64) -> bool, &'static str),
    /// Yes or no: 1 or 0, or true or false.
    Flag,
}

impl Field {
    /// A name, which is never empty.
    pub(super) fn name(name: &'static str, column: Column) -> Self {
        Self {
            name,
            column,
            kind: Kind::Text,
            blank: false,
        }
    }

    /// A finite number.
    pub(super) fn number(name: &'static str, column: Column) -> Self {
        Self {
            kind: Kind::Number(|_| true, ""),
            ..Self::name(name, column)
        }
    }

    /// 0 or 1, false or true.
    pub(super) fn flag(name: &'static str, column: Column) -> Self {
        Self {
            kind: Kind::Flag,
            ..Self::name(name, column)
        }
    }

    /// A finite number for which `fits` holds; `otherwise` says what one is for which it does not.
    pub(super) fn fits(mut self, fits: fn(f64) -> bool, otherwise: &'static str) -> Self {
        self.kind = Kind::Number(fits, otherwise);
        self
    }

    /// A cell may hold nothing.
    pub(super) fn or_blank(mut self) -> Self {
        self.blank = true;
        self
    }
}

/// Some columns of a file.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) file: TableFile,
    /// The number of rows, their lines, and the texts of the column `id`.
    pub(super) keys: Columns,
    texts: BTreeMap<&'static str, Texts>,
    /// NaN stands for a blank.
    numbers: BTreeMap<&'static str, Vec<f64>>,
}

impl Fields {
    /// The text in a row; nothing where the column is not read.
    pub(super) fn text(&self, name: &str, row: usize) -> &str {
        let texts = if name == "id" {
            Some(&self.keys.ids)
        } else {
            self.texts.get(name)
        };
        texts
            .filter(|texts| row < texts.len())
            .map_or("", |texts| texts.get(row))
    }

    /// All texts of a column; none where the column is not read.
    pub(super) fn texts(&self, name: &str) -> &Texts {
        static NONE: Texts = Texts::new();
        self.texts.get(name).unwrap_or(&NONE)
    }

    /// The number in a row, if there is one.
    pub(super) fn number(&self, name: &str, row: usize) -> Option<f64> {
        let number = *self.numbers.get(name)?.get(row)?;
        (!number.is_nan()).then_some(number)
    }

    /// The line of a row.
    pub(super) fn line(&self, row: usize) -> u64 {
        self.keys.lines.of(row)
    }

    /// Up to three of `all`, as a message shows them, with dots for any more.
    pub(super) fn examples(all: &[String]) -> String {
        let more = if all.len() > EXAMPLES { ", …" } else { "" };
        let first: Vec<_> = all.iter().take(EXAMPLES).map(String::as_str).collect();
        format!("{}{more}", first.join(", "))
    }

    /// Reads `fields` of a table.
    ///
    /// # Errors
    ///
    /// When a cell is not what it should be, or there are no rows.
    pub(super) fn read(table: Table, fields: &[Field]) -> Result<Self, Unmeasured> {
        let mut reading = Reading::new(table.file().clone());
        let wanted: Vec<Column> = fields.iter().map(|field| field.column).collect();
        table.each(&wanted, |line, row| {
            reading.take(line, row, fields)?;
            Ok(true)
        })?;
        reading.finish()
    }
}

struct Reading {
    read: Fields,
    bytes: usize,
    troubles: Vec<Trouble>,
}

impl Reading {
    fn new(file: TableFile) -> Self {
        let read = Fields {
            file,
            keys: Columns::default(),
            texts: BTreeMap::new(),
            numbers: BTreeMap::new(),
        };
        Self {
            read,
            bytes: 0,
            troubles: Vec::new(),
        }
    }

    fn take(&mut self, line: u64, row: &Row<'_>, fields: &[Field]) -> Result<(), Unmeasured> {
        if self.read.keys.rows == MOST_ROWS || self.bytes > MOST_TEXT {
            let detail = format!("line {line}: there is more than can be read");
            return Err(self.read.file.invalid(detail));
        }
        self.read.keys.lines.push(self.read.keys.rows, line);
        self.read.keys.rows += 1;
        for field in fields {
            let cell = row.cell(field.column).map_err(|_| {
                let detail = format!("line {line}: the {} is not UTF-8", field.name);
                self.read.file.invalid(detail)
            })?;
            match field.kind {
                Kind::Text => self.text(field, line, cell),
                Kind::Number(fits, otherwise) => {
                    let number = cell.and_then(|text| text.parse().ok());
                    self.number(field, line, cell, number, fits, otherwise);
                }
                Kind::Flag => {
                    let is_flag = |flag: f64| flag == 0.0 || flag == 1.0;
                    self.number(field, line, cell, cell.and_then(flag), is_flag, "neither 0 nor 1");
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, field: &Field, line: u64, cell: Option<&str>) {
        let text = cell.unwrap_or_default();
        if cell.is_none() {
            self.trouble(field.name, "missing", line, "");
        } else if text.is_empty() && !field.blank {
            self.trouble(field.name, "empty", line, "");
        }
        self.bytes += text.len() + size_of::<usize>();
        let texts = match field.name {
            "id" => &mut self.read.keys.ids,
            name => self.read.texts.entry(name).or_default(),
        };
        texts.push(text);
    }

    fn number(
        &mut self,
        field: &Field,
        line: u64,
        cell: Option<&str>,
        number: Option<f64>,
        fits: fn(f64) -> bool,
        otherwise: &'static str,
    ) {
        let text = cell.unwrap_or_default();
        let number = number.filter(|number| number.is_finite());
        let trouble = match number {
            None if text.is_empty() => (!field.blank).then_some("empty"),
            None => Some("not a finite number"),
            Some(number) => (!fits(number)).then_some(otherwise),
        };
        if let Some(kind) = trouble {
            self.trouble(field.name, kind, line, text);
        }
        let numbers = self.read.numbers.entry(field.name).or_default();
        numbers.push(number.unwrap_or(f64::NAN));
    }

    fn trouble(&mut self, what: &'static str, kind: &'static str, line: u64, text: &str) {
        let same = |trouble: &&mut Trouble| trouble.is(what, kind);
        if let Some(trouble) = self.troubles.iter_mut().find(same) {
            trouble.add(line, text);
            return;
        }
        let mut trouble = Trouble::new(what, kind);
        trouble.add(line, text);
        self.troubles.push(trouble);
    }

    fn finish(self) -> Result<Fields, Unmeasured> {
        let rows = self.read.keys.rows;
        if rows == 0 {
            return Err(self.read.file.invalid("it has a header and no rows"));
        }
        if self.troubles.is_empty() {
            return Ok(self.read);
        }
        let all: Vec<_> = self
            .troubles
            .iter()
            .map(|trouble| trouble.sentence(rows))
            .collect();
        Err(self.read.file.invalid(all.join("; ")))
    }
}

fn flag(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(1.0),
        "false" => Some(0.0),
        number => number.parse().ok(),
    }
}

/// The labels while their columns are chosen.
pub(super) struct Labels<'a> {
    request: &'a Request<'a>,
    pub(super) table: Table,
    /// The column of the label.
    pub(super) target: Column,
}

impl<'a> Labels<'a> {
    /// Opens the file of the labels.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or has no column of the label.
    pub(super) fn open(request: &'a Request<'a>) -> Result<Self, Unmeasured> {
        let truth = request.truth;
        let name = request.target().ok_or_else(|| request.no_target())?;
        let wanted: Vec<&str> = std::iter::once(name).chain(truth.id_column.as_deref()).collect();
        let file = unpacked(&truth.file)?;
        let table = Table::open(&file, &wanted)?;
        let target = table.column(name)?;
        Ok(Self {
            request,
            table,
            target,
        })
    }

    /// The column that names the unit of a row; `what` is such a unit.
    ///
    /// # Errors
    ///
    /// When it is not said, or not there.
    pub(super) fn unit(&self, what: &str) -> Result<Field, Unmeasured> {
        let name = self.request.truth.id_column.as_deref().ok_or_else(|| {
            let detail = format!("which of its columns names the {what} is not said");
            let error = self.request.truth.file.invalid(detail);
            error.hint("add `id-column = \"…\"` to the data set")
        })?;
        Ok(Field::name("id", self.table.column(name)?))
    }

    /// A further column: under the name that `columns` gives it, or else the standard one.
    ///
    /// # Errors
    ///
    /// When it is there twice.
    pub(super) fn further(&self, standard: &str) -> Result<Option<Column>, Unmeasured> {
        match self.request.columns.get(standard) {
            Some(name) => Ok(self.table.find(name)?.or(self.table.find(standard)?)),
            None => self.table.find(standard),
        }
    }

    /// Reads `fields`.
    ///
    /// # Errors
    ///
    /// See [`Fields::read`].
    pub(super) fn read(self, fields: &[Field]) -> Result<Fields, Unmeasured> {
        Fields::read(self.table, fields)
    }
}
