//! Columns of one file while they are read.

use std::collections::HashMap;

use super::classes::Interner;
use crate::reason::{Unmeasured, invalid};
use crate::table::{Batch, Column, Place, Row, Side, Table, TableFile, shown};

pub(super) use crate::table::Texts;

/// More rows than this are refused.
const MOST_ROWS: usize = 1 << 30;

/// More scores than this are refused.
const MOST_SCORES: usize = 1 << 28;

/// How many examples a message gives.
pub(super) const EXAMPLES: usize = 3;

/// Which columns of a file are read, and as what.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) ids: Option<Column>,
    pub(super) classes: Option<Column>,
    pub(super) numbers: Option<Column>,
    pub(super) weights: Option<Column>,
    pub(super) groups: Option<Column>,
    /// One, or one a class.
    pub(super) scores: Vec<Column>,
}

/// The columns of a file, as far as they are planned; each as long as there are rows.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) rows: usize,
    pub(super) lines: RowLines,
    /// What `lines` counts.
    pub(super) place: Place,
    pub(super) ids: Texts,
    /// The ids instead, where the file has them as whole numbers.
    pub(super) whole_ids: Vec<i64>,
    pub(super) classes: Vec<u32>,
    pub(super) numbers: Vec<f64>,
    pub(super) weights: Vec<f64>,
    /// Numbered from 0 in the order in which they are met.
    pub(super) groups: Vec<u32>,
    /// Rows × scores.
    pub(super) scores: Vec<f64>,
}

impl Columns {
    /// Reads what is planned of `table`; classes get their numbers from `names`.
    ///
    /// # Errors
    ///
    /// When a cell is missing or not what it should be, or there are no rows.
    pub(super) fn read(table: Table, plan: &Plan, names: &mut Interner) -> Result<Self, Unmeasured> {
        let file = table.file().clone();
        let mut reading = Reading::new(&file, table.place(), names);
        let wanted: Vec<Column> = [plan.ids, plan.classes, plan.numbers, plan.weights, plan.groups]
            .into_iter()
            .flatten()
            .chain(plan.scores.iter().copied())
            .collect();
        if table.is_typed() {
            table.batches(&wanted, |batch| {
                reading.take_batch(batch, plan)?;
                Ok(true)
            })?;
        } else {
            table.each(&wanted, |line, row| {
                reading.take(line, row, plan)?;
                Ok(true)
            })?;
        }
        reading.finish()
    }

    /// Where a row stands: `line 4`.
    pub(super) fn at(&self, row: usize) -> String {
        format!("{} {}", self.place, self.lines.of(row))
    }

    /// Where two rows stand: `lines 2 and 4`.
    pub(super) fn both(&self, first: usize, second: usize) -> String {
        format!(
            "{}s {} and {}",
            self.place,
            self.lines.of(first),
            self.lines.of(second)
        )
    }
}

pub(super) struct Reading<'a> {
    pub(super) file: &'a TableFile,
    pub(super) names: &'a mut Interner,
    /// Classes below this occur in the labels.
    labelled: u32,
    pub(super) columns: Columns,
    group_codes: HashMap<String, u32>,
    troubles: Vec<Trouble>,
}

impl<'a> Reading<'a> {
    fn new(file: &'a TableFile, place: Place, names: &'a mut Interner) -> Self {
        Self {
            file,
            labelled: u32::try_from(names.len()).unwrap_or(u32::MAX),
            names,
            columns: Columns {
                place,
                ..Columns::default()
            },
            group_codes: HashMap::new(),
            troubles: Vec::new(),
        }
    }

    fn take(&mut self, line: u64, row: &Row<'_>, plan: &Plan) -> Result<(), Unmeasured> {
        if self.columns.rows == MOST_ROWS || self.columns.scores.len() > MOST_SCORES {
            return Err(self.file.invalid(format_args!(
                "{} {line}: there is more than can be read",
                self.columns.place
            )));
        }
        self.columns.lines.push(self.columns.rows, line);
        self.columns.rows += 1;
        if let Some(column) = plan.ids {
            let id = self.text(line, row, column, "id")?;
            self.columns.ids.push(id);
        }
        if let Some(column) = plan.classes {
            self.class(line, row, column)?;
        }
        if let Some(column) = plan.numbers {
            let value = self.number(line, row, column, self.what())?;
            self.columns.numbers.push(value);
        }
        if let Some(column) = plan.weights {
            let value = self.number(line, row, column, "weight")?;
            if value < 0.0 {
                self.trouble("weight", "negative", line, &value.to_string());
            }
            self.columns.weights.push(value);
        }
        if let Some(column) = plan.groups {
            let group = self.text(line, row, column, "group")?;
            self.group(group);
        }
        for &column in &plan.scores {
            let value = self.number(line, row, column, "score")?;
            self.columns.scores.push(value);
        }
        Ok(())
    }

    fn take_batch(&mut self, batch: &Batch, plan: &Plan) -> Result<(), Unmeasured> {
        let more = batch.rows.saturating_mul(plan.scores.len());
        if self.columns.rows + batch.rows > MOST_ROWS || self.columns.scores.len() + more > MOST_SCORES {
            return Err(self.file.invalid(format_args!(
                "row {}: there is more than can be read",
                batch.first
            )));
        }
        self.columns.lines.push(self.columns.rows, batch.first);
        self.columns.rows += batch.rows;
        let values = |column: Option<Column>| column.and_then(|column| batch.values(column));
        if let Some(ids) = values(plan.ids) {
            self.ids(batch.first, ids);
        }
        if let Some(classes) = values(plan.classes) {
            self.classes(batch.first, classes)?;
        }
        if let Some(numbers) = values(plan.numbers) {
            let numbers = self.numbers(batch.first, numbers, self.what());
            self.columns.numbers.extend(numbers);
        }
        if let Some(weights) = values(plan.weights) {
            let weights = self.numbers(batch.first, weights, "weight");
            for (row, weight) in (batch.first..).zip(&weights).filter(|(_, weight)| **weight < 0.0) {
                self.trouble("weight", "negative", row, &weight.to_string());
            }
            self.columns.weights.extend(weights);
        }
        if let Some(groups) = values(plan.groups) {
            let mut text = String::new();
            for row in 0..batch.rows {
                if !groups.write(row, &mut text) {
                    self.trouble("group", "empty", batch.first + row as u64, "");
                }
                self.group(&text);
            }
        }
        self.scores(batch, &plan.scores);
        Ok(())
    }

    fn group(&mut self, name: &str) {
        let next = u32::try_from(self.group_codes.len()).unwrap_or(u32::MAX);
        let code = match self.group_codes.get(name) {
            Some(code) => *code,
            None => *self.group_codes.entry(name.to_owned()).or_insert(next),
        };
        self.columns.groups.push(code);
    }

    pub(super) fn what(&self) -> &'static str {
        match self.file.side {
            Side::Written => "prediction",
            Side::Pinned => "label",
        }
    }

    fn text<'r>(
        &mut self,
        line: u64,
        row: &'r Row<'_>,
        column: Column,
        what: &'static str,
    ) -> Result<&'r str, Unmeasured> {
        let not_text = |_| {
            self.file.invalid(format_args!(
                "{} {line}: the {what} is not UTF-8",
                self.columns.place
            ))
        };
        let text = row.cell(column).map_err(not_text)?.unwrap_or_default();
        if text.is_empty() {
            self.trouble(what, "empty", line, text);
        }
        Ok(text)
    }

    fn class(&mut self, line: u64, row: &Row<'_>, column: Column) -> Result<(), Unmeasured> {
        let what = self.what();
        let text = self.text(line, row, column, what)?;
        let code = self.names.code(text);
        let code = code.map_err(|error| self.at(line, error))?;
        if self.is_no_class(text, code) {
            self.trouble(what, "no class", line, text);
        }
        self.columns.classes.push(code);
        Ok(())
    }

    /// With the file and the line.
    pub(super) fn at(&self, line: u64, error: Unmeasured) -> Unmeasured {
        let (name, place) = (shown(&self.file.name), self.columns.place);
        Unmeasured {
            detail: format!("`{name}`: {place} {line}: {}", error.detail),
            ..error
        }
    }

    /// Whether a text is what a failed computation leaves; labels may be called `inf`.
    pub(super) fn is_no_class(&self, text: &str, code: u32) -> bool {
        let new = self.file.side == Side::Written && code >= self.labelled;
        let is = |not: &&str| text.eq_ignore_ascii_case(not);
        is(&"nan") || (new && ["inf", "-inf"].iter().any(is))
    }

    fn number(
        &mut self,
        line: u64,
        row: &Row<'_>,
        column: Column,
        what: &'static str,
    ) -> Result<f64, Unmeasured> {
        let text = self.text(line, row, column, what)?;
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        if number.is_none() && !text.is_empty() {
            self.trouble(what, "not a finite number", line, text);
        }
        Ok(number.unwrap_or_default())
    }

    pub(super) fn trouble(&mut self, what: &'static str, kind: &'static str, line: u64, text: &str) {
        let same = |trouble: &&mut Trouble| trouble.is(what, kind);
        if let Some(trouble) = self.troubles.iter_mut().find(same) {
            trouble.add(line, text);
            return;
        }
        let mut trouble = Trouble::new(what, kind);
        trouble.place = self.columns.place;
        trouble.add(line, text);
        self.troubles.push(trouble);
    }

    fn finish(self) -> Result<Columns, Unmeasured> {
        if self.columns.rows == 0 {
            return Err(self.file.invalid(match self.columns.place {
                Place::Line => "it has a header and no rows",
                Place::Row => "it has no rows",
            }));
        }
        if !self.troubles.is_empty() {
            let rows = self.columns.rows;
            let all: Vec<_> = self
                .troubles
                .iter()
                .map(|trouble| trouble.sentence(rows))
                .collect();
            return Err(self.file.invalid(all.join("; ")));
        }
        if !self.columns.weights.is_empty() && self.columns.weights.iter().all(|weight| *weight == 0.0) {
            return Err(invalid(self.file.side.fault(), "all weights are 0"));
        }
        Ok(self.columns)
    }
}

/// Cells of one kind that cannot be used.
#[derive(Debug)]
pub(super) struct Trouble {
    what: &'static str,
    kind: &'static str,
    place: Place,
    count: u64,
    examples: Vec<String>,
}

impl Trouble {
    pub(super) fn new(what: &'static str, kind: &'static str) -> Self {
        Self {
            what,
            kind,
            place: Place::Line,
            count: 0,
            examples: Vec::new(),
        }
    }

    /// Whether it is of this kind.
    pub(super) fn is(&self, what: &str, kind: &str) -> bool {
        self.what == what && self.kind == kind
    }

    /// One more of them.
    pub(super) fn add(&mut self, line: u64, text: &str) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            let text = if text.is_empty() {
                String::new()
            } else {
                format!("`{}` in ", shown(text))
            };
            self.examples.push(format!("{text}{} {line}", self.place));
        }
    }

    /// All of them, among so many rows.
    pub(super) fn sentence(&self, rows: usize) -> String {
        let Self {
            what,
            kind,
            count,
            examples,
            ..
        } = self;
        let more = if *count > examples.len() as u64 {
            ", …"
        } else {
            ""
        };
        format!(
            "the {what} is {kind} in {count} of {rows} rows ({}{more})",
            examples.join(", ")
        )
    }
}

/// The line of each row, as a few jumps: nearly every row is one line below the one before.
#[derive(Debug, Default)]
pub(super) struct RowLines(Vec<(usize, u64)>);

impl RowLines {
    pub(super) fn push(&mut self, row: usize, line: u64) {
        let offset = line.wrapping_sub(row as u64);
        if self.0.last().is_none_or(|(_, last)| *last != offset) {
            self.0.push((row, offset));
        }
    }

    /// The line of a row.
    pub(super) fn of(&self, row: usize) -> u64 {
        let jump = self.0.partition_point(|(from, _)| *from <= row);
        let offset = jump.checked_sub(1).map_or(0, |jump| self.0[jump].1);
        offset.wrapping_add(row as u64)
    }
}
