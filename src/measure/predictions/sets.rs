//! Sets of labels: several classes an example, or none.
//!
//! A cell holds them with `|` or `;` between, or as a JSON array; or each label
//! has a column `label_<class>` of 0 and 1 in both files.

use super::classes::{self, Interner, listed, place};
use super::columns::{Columns, EXAMPLES, Plan};
use super::read::{Request, disjoint, join, unpacked};
use super::{Predictions, same_length};
use crate::error::Fault;
use crate::measure::registry::Input;
use crate::reason::{Unmeasured, invalid};
use crate::table::{Column, Place, Row, Table, TableFile, items, shown};

/// How many labels are looked at to see whether they are sets.
const LOOKED_AT: usize = 1000;

/// More labels than this in all sets of a file are refused.
const MOST_LABELS: usize = 1 << 28;

/// What the names of the columns of 0 and 1 begin with.
const INDICATOR: &str = "label_";

/// Sets, one behind the other; each sorted, without repeats.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bags {
    ends: Vec<usize>,
    labels: Vec<u32>,
}

impl Bags {
    /// The labels of an example, as indices into [`LabelSets::names`].
    pub fn of(&self, row: usize) -> &[u32] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.labels[start..self.ends[row]]
    }

    /// The number of sets.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn end(&mut self) {
        self.ends.push(self.labels.len());
    }

    /// The sets at `rows`, sorted.
    fn sorted(&self, rows: impl Iterator<Item = usize>) -> Self {
        let mut sorted = Self::default();
        for row in rows {
            let mut set = self.of(row).to_vec();
            set.sort_unstable();
            set.dedup();
            sorted.labels.append(&mut set);
            sorted.end();
        }
        sorted
    }
}

/// True and predicted sets of labels.
#[derive(Clone, Debug, Default)]
pub struct LabelSets {
    /// The labels of both sides, sorted as classes are; with columns of 0 and 1, all that have one.
    pub names: Vec<String>,
    /// For each example, its labels.
    pub truth: Bags,
    /// For each example, the predicted ones.
    pub predicted: Bags,
}

impl LabelSets {
    /// The index of a label by name, in whichever form its number is written.
    pub fn find(&self, name: &str) -> Option<u32> {
        u32::try_from(place(&self.names, name)?).ok()
    }

    /// Sorts the names and the sets, those of the predictions taken in the order `rows`; the form in which names were merged.
    fn new(
        names: Interner,
        truth: Bags,
        predicted: Bags,
        rows: impl Iterator<Item = usize>,
    ) -> (Self, Option<classes::Form>) {
        let (classes, merged) = names.finish(truth.labels, Some(predicted.labels), &[]);
        let labels = |ends, labels| Bags { ends, labels };
        let truth = labels(truth.ends, classes.truth);
        let predicted = labels(predicted.ends, classes.predicted.unwrap_or_default());
        let sets = Self {
            names: classes.names,
            truth: truth.sorted(0..truth.len()),
            predicted: predicted.sorted(rows),
        };
        (sets, merged)
    }
}

impl Predictions {
    /// True sets of labels and, for each, the predicted one; `labels` counts labels that may never occur.
    ///
    /// # Errors
    ///
    /// When there are not as many predictions as labels.
    pub fn from_label_sets<T: AsRef<str>>(
        truth: &[Vec<T>],
        predicted: &[Vec<T>],
        labels: &[T],
    ) -> Result<Self, Unmeasured> {
        same_length(truth.len(), predicted.len())?;
        let mut names = Interner::default();
        for label in labels {
            names.code(label.as_ref())?;
        }
        let mut bags = |sets: &[Vec<T>]| {
            let mut bags = Bags::default();
            for set in sets {
                let codes = set.iter().map(|label| names.code(label.as_ref()));
                bags.labels.extend(codes.collect::<Result<Vec<_>, _>>()?);
                bags.end();
            }
            Ok(bags)
        };
        let (truth, predicted) = (bags(truth)?, bags(predicted)?);
        let rows = 0..predicted.len();
        let (sets, _) = LabelSets::new(names, truth, predicted, rows);
        Ok(Self {
            len: sets.truth.len(),
            sets: Some(sets),
            ..Self::default()
        })
    }

    /// The sets of labels.
    ///
    /// # Errors
    ///
    /// When something else was read.
    pub fn label_sets(&self) -> Result<&LabelSets, Unmeasured> {
        let missing = || {
            invalid(
                Fault::Manifest,
                "each example has one class here, and this is a metric of sets of labels",
            )
        };
        self.sets.as_ref().ok_or_else(missing)
    }
}

/// Whether `request` is to be read as sets of labels.
///
/// It is where a metric of sets is asked for; and, for metrics of classes, where the predictions have columns
/// `label_<class>` and no `prediction`, or one of the first labels is a list.
///
/// # Errors
///
/// When metrics of sets and others are asked for together, and what the files hold does not suit both.
pub(super) fn wanted(request: &Request<'_>) -> Result<bool, Unmeasured> {
    let (sets, classes) = (request.needs(Input::LabelSets), request.needs(Input::Classes));
    if !sets && !classes {
        return Ok(false);
    }
    let plainly = || plain(request);
    let wanted = sets || plainly();
    let suits =
        |input| matches!(input, Input::LabelSets) || (input == Input::Classes && (!sets || plainly()));
    if !wanted || request.metrics.iter().all(|metric| suits(metric.input())) {
        return Ok(wanted);
    }
    let detail = "metrics of sets of labels and others cannot be computed from one reading of the files";
    Err(invalid(Fault::Manifest, detail).hint("ask for them one by one"))
}

/// Whether the files hold sets of labels, whatever is asked for.
pub(in crate::measure) fn plain(request: &Request<'_>) -> bool {
    indicators(request).unwrap_or(false) || lists(request).unwrap_or(false)
}

/// Whether the predictions have columns `label_<class>` and no `prediction`.
///
/// # Errors
///
/// When they cannot be read.
pub(in crate::measure) fn indicators(request: &Request<'_>) -> Result<bool, Unmeasured> {
    let table = Table::open(request.predictions, &[request.name("prediction")])?;
    let one_cell = table.find(request.name("prediction"))?.is_some();
    Ok(!one_cell && table.names().iter().any(|name| name.starts_with(INDICATOR)))
}

fn lists(request: &Request<'_>) -> Result<bool, Unmeasured> {
    let Some(target) = request.target() else {
        return Ok(false);
    };
    let file = unpacked(&request.truth.file)?;
    let table = Table::open(&file, &[target])?;
    let column = table.column(target)?;
    let (mut met, mut left) = (false, LOOKED_AT);
    table.each(&[column], |_, row| {
        let cell = row.cell(column).ok().flatten().unwrap_or_default();
        met = cell.contains(['|', ';']) || array(cell).is_some();
        left -= 1;
        Ok(!met && left > 0)
    })?;
    Ok(met)
}

/// The members of a list, or of the text of a JSON array of texts and numbers.
fn array(cell: &str) -> Option<Vec<String>> {
    if let Some(items) = items(cell) {
        return Some(items.map(str::to_owned).collect());
    }
    if !cell.starts_with('[') {
        return None;
    }
    let text = |value| match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(flag) => Some(flag.to_string()),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    };
    let values: Vec<serde_json::Value> = serde_json::from_str(cell).ok()?;
    values.into_iter().map(text).collect()
}

/// Reads both files and joins them.
///
/// # Errors
///
/// As [`super::read()`].
pub(super) fn read(request: &Request<'_>) -> Result<Predictions, Unmeasured> {
    let (form, theirs) = Form::of(request)?;
    let truth = unpacked(&request.truth.file)?;
    let mut names = Interner::default();
    let (table, columns) = form.labels(request, &truth)?;
    let own = read_sets(table, &columns, &mut names)?;
    let labelled = names.len();
    let (table, columns) = theirs;
    let theirs = read_sets(table, &columns, &mut names)?;
    let (mut notes, keys) = (Vec::new(), Keys::read(request, &truth)?);
    let (rows, weights) = keys.joined(request, &mut notes)?;
    if matches!(form, Form::Lists) {
        disjoint(&names, labelled, &theirs.labels)?;
    }
    notes.push(form.note().to_owned());
    notes.extend(unseen(&names, labelled));
    let (sets, merged) = LabelSets::new(names, own, theirs, rows.iter().map(|row| *row as usize));
    notes.extend(merged.map(|form| format!("labels are compared as {}", form.what())));
    notes.extend(
        weights
            .as_ref()
            .map(|_| "weighted by the column `weight` of the predictions".to_owned()),
    );
    Ok(Predictions {
        len: sets.truth.len(),
        sets: Some(sets),
        weights,
        notes,
        ..Predictions::default()
    })
}

fn unseen(names: &Interner, labelled: usize) -> Option<String> {
    let codes = (0..).take(names.len()).skip(labelled);
    let unseen: Vec<String> = codes.map(|code| names.name(code).to_owned()).collect();
    (!unseen.is_empty()).then(|| {
        format!(
            "predicted labels that never occur in the labels: {}",
            listed(&unseen)
        )
    })
}

/// How the sets are written.
enum Form {
    /// A cell holds a list.
    Lists,
    /// These columns hold 0 or 1.
    Indicators(Vec<String>),
}

/// Where in a table the sets stand.
enum Cells {
    Lists(Column),
    /// The labels with their columns.
    Indicators(Vec<(String, Column)>),
}

impl Form {
    /// The form of the predictions, and where they stand.
    fn of(request: &Request<'_>) -> Result<(Self, (Table, Cells)), Unmeasured> {
        let prediction = request.name("prediction");
        let table = Table::open(request.predictions, &[prediction])?;
        let indicator = |name: &&String| name.starts_with(INDICATOR);
        let columns: Vec<String> = table.names().iter().filter(indicator).cloned().collect();
        if columns.is_empty() || table.find(prediction)?.is_some() {
            let place = Cells::Lists(table.column(prediction)?);
            return Ok((Self::Lists, (table, place)));
        }
        let place = indicator_place(&table, &columns)?;
        Ok((Self::Indicators(columns), (table, place)))
    }

    /// The labels in the same form.
    fn labels(&self, request: &Request<'_>, file: &TableFile) -> Result<(Table, Cells), Unmeasured> {
        match self {
            Self::Lists => {
                let target = request.target().ok_or_else(|| request.no_target())?;
                let table = Table::open(file, &[target])?;
                let place = Cells::Lists(table.column(target)?);
                Ok((table, place))
            }
            Self::Indicators(columns) => {
                let wanted: Vec<&str> = columns.iter().map(String::as_str).collect();
                let table = Table::open(file, &wanted)?;
                let place = indicator_place(&table, columns)?;
                let more = |name: &&String| name.starts_with(INDICATOR) && !columns.contains(name);
                match table.names().iter().find(more) {
                    None => Ok((table, place)),
                    Some(name) => Err(request
                        .predictions
                        .invalid(format_args!(
                            "the labels have a column `{}`, and the predictions have none",
                            shown(name)
                        ))
                        .hint("both files need one and the same columns `label_<class>`")),
                }
            }
        }
    }

    fn note(&self) -> &'static str {
        match self {
            Self::Lists => {
                "each cell is read as a set of labels, with `|` or `;` between them or as a JSON array"
            }
            Self::Indicators(_) => "the columns `label_<class>` are read as sets of labels",
        }
    }
}

fn indicator_place(table: &Table, columns: &[String]) -> Result<Cells, Unmeasured> {
    let place = |name: &String| Ok((name[INDICATOR.len()..].trim().to_owned(), table.column(name)?));
    columns
        .iter()
        .map(place)
        .collect::<Result<_, _>>()
        .map(Cells::Indicators)
}

/// The sets of a file; their labels get numbers from `names`.
fn read_sets(table: Table, place: &Cells, names: &mut Interner) -> Result<Bags, Unmeasured> {
    let (file, at) = (table.file().clone(), table.place());
    let mut reading = Reading {
        at,
        bags: Bags::default(),
        names,
        trouble: Vec::new(),
        troubles: 0,
    };
    let wanted: Vec<Column> = match place {
        Cells::Lists(column) => vec![*column],
        Cells::Indicators(columns) => columns.iter().map(|(_, column)| *column).collect(),
    };
    let codes = reading.codes(place)?;
    table.each(&wanted, |line, row| {
        match place {
            Cells::Lists(column) => reading.list(line, row, *column),
            Cells::Indicators(columns) => reading.indicators(line, row, columns, &codes),
        }
        .map_err(|error| Unmeasured {
            detail: format!("`{}`: {at} {line}: {}", shown(&file.name), error.detail),
            ..error
        })?;
        Ok(true)
    })?;
    reading.finish(&file)
}

struct Reading<'a> {
    /// What rows are counted by.
    at: Place,
    bags: Bags,
    names: &'a mut Interner,
    /// The first few cells that cannot be used.
    trouble: Vec<String>,
    troubles: u64,
}

impl Reading<'_> {
    /// The numbers of the labels that have a column.
    fn codes(&mut self, place: &Cells) -> Result<Vec<u32>, Unmeasured> {
        match place {
            Cells::Lists(_) => Ok(Vec::new()),
            Cells::Indicators(columns) => columns.iter().map(|(label, _)| self.names.code(label)).collect(),
        }
    }

    fn list(&mut self, line: u64, row: &Row<'_>, column: Column) -> Result<(), Unmeasured> {
        let cell = row.cell(column).ok().flatten();
        match cell {
            None => self.unusable(line, "no cell, or one that is not UTF-8"),
            Some(cell) => match array(cell) {
                Some(labels) => self.labels(line, labels.iter().map(String::as_str))?,
                None => self.labels(line, cell.split(['|', ';']))?,
            },
        }
        self.end()
    }

    fn labels<'t>(&mut self, line: u64, labels: impl Iterator<Item = &'t str>) -> Result<(), Unmeasured> {
        for label in labels.map(str::trim).filter(|label| !label.is_empty()) {
            if label.eq_ignore_ascii_case("nan") {
                self.unusable(line, label);
            } else {
                let code = self.names.code(label)?;
                self.bags.labels.push(code);
            }
        }
        Ok(())
    }

    fn indicators(
        &mut self,
        line: u64,
        row: &Row<'_>,
        columns: &[(String, Column)],
        codes: &[u32],
    ) -> Result<(), Unmeasured> {
        for ((label, column), code) in columns.iter().zip(codes) {
            let cell = row.cell(*column).ok().flatten().unwrap_or_default();
            match cell {
                "0" | "0.0" | "false" | "False" => {}
                "1" | "1.0" | "true" | "True" => self.bags.labels.push(*code),
                other => self.unusable(line, &format!("{other}` for `{label}")),
            }
        }
        self.end()
    }

    fn end(&mut self) -> Result<(), Unmeasured> {
        self.bags.end();
        if self.bags.labels.len() > MOST_LABELS {
            return Err(invalid(Fault::Paper, "there is more than can be read"));
        }
        Ok(())
    }

    fn unusable(&mut self, line: u64, what: &str) {
        self.troubles += 1;
        if self.trouble.len() < EXAMPLES {
            let at = self.at;
            self.trouble.push(format!("`{}` in {at} {line}", shown(what)));
        }
    }

    fn finish(self, file: &TableFile) -> Result<Bags, Unmeasured> {
        if self.troubles == 0 {
            return Ok(self.bags);
        }
        let more = if self.troubles > self.trouble.len() as u64 {
            ", …"
        } else {
            ""
        };
        let cells = if self.troubles == 1 {
            "cell is"
        } else {
            "cells are"
        };
        Err(file.invalid(format_args!(
            "{} {cells} no labels: {}{more}",
            self.troubles,
            self.trouble.join(", ")
        )))
    }
}

/// What says which rows of the two files belong together, and how much each counts.
pub(super) struct Keys {
    labels: Columns,
    predictions: Columns,
    with_ids: bool,
    weighted: bool,
}

impl Keys {
    /// Reads ids and weights alone.
    pub(super) fn read(request: &Request<'_>, truth: &TableFile) -> Result<Self, Unmeasured> {
        let table = Table::open(request.predictions, &[request.name("prediction")])?;
        let plan = Plan {
            ids: request.optional(&table, "id")?,
            weights: request.optional(&table, "weight")?,
            ..Plan::default()
        };
        let predictions = Columns::read(table, &plan, &mut Interner::default())?;
        let id_column = request.truth.id_column.as_deref().filter(|_| plan.ids.is_some());
        let wanted: Vec<&str> = request.target().into_iter().chain(id_column).collect();
        let table = Table::open(truth, &wanted)?;
        let own = Plan {
            ids: id_column.map(|name| table.column(name)).transpose()?,
            ..Plan::default()
        };
        Ok(Self {
            labels: Columns::read(table, &own, &mut Interner::default())?,
            predictions,
            with_ids: plan.ids.is_some(),
            weighted: plan.weights.is_some(),
        })
    }

    /// For each label, the row of its prediction; and the weights in the order of the labels.
    pub(super) fn joined(
        mut self,
        request: &Request<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(Vec<u32>, Option<Vec<f64>>), Unmeasured> {
        // Carried along as a column, the rows say where each has gone.
        self.predictions.classes = (0..).take(self.predictions.rows).collect();
        join(request, &self.labels, &mut self.predictions, self.with_ids, notes)?;
        let weights = self.weighted.then_some(self.predictions.weights);
        Ok((self.predictions.classes, weights))
    }
}
