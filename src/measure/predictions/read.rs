//! The predictions file and our own labels, read and joined.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use super::classes::{Form, Interner, listed, repeated};
use super::columns::{Columns, Plan};
use super::join::{Keyed, by_id, by_position};
use super::{Classes, Grouping, Numbers, Predictions, Scores, points, sets, structured, train};
use crate::error::Fault;
use crate::manifest::Data;
use crate::measure::registry::{Input, Named};
use crate::reason::{Unmeasured, invalid};
use crate::table::{Column, Side, Table, TableFile, nearest, shown};

/// How many entries of a folder are looked at.
const MOST_ENTRIES: usize = 10_000;

/// Labels that are ours: pinned data.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The file.
    pub file: TableFile,
    /// The column of the label.
    pub target: Option<String>,
    /// The column that names an example.
    pub id_column: Option<String>,
    /// The column that names what examples belong to: only these groups are drawn independently.
    pub group_column: Option<String>,
}

impl Truth {
    /// The file itself, or the only one of an unpacked archive.
    ///
    /// # Errors
    ///
    /// When there is none, or more than one.
    pub fn table(&self) -> Result<TableFile, Unmeasured> {
        unpacked(&self.file).map(Cow::into_owned)
    }

    /// The labels of a data set whose file lies at `path`.
    pub fn new(data: &Data, path: impl Into<PathBuf>) -> Self {
        let file = TableFile {
            path: path.into(),
            name: data.id.clone(),
            ending: data.source.clone(),
            format: data.format,
            side: Side::Pinned,
        };
        Self {
            file,
            target: data.target.clone(),
            id_column: data.id_column.clone(),
            group_column: data.group_column.clone(),
        }
    }
}

/// What is read, and what for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The predictions.
    pub predictions: &'a TableFile,
    /// The labels.
    pub truth: &'a Truth,
    /// The column of the label, if not the one that the labels name.
    pub target: Option<&'a str>,
    /// From standard names of columns to those in the predictions.
    pub columns: &'a BTreeMap<String, String>,
    /// The positive class, where it is not the obvious one.
    pub positive: Option<&'a str>,
    /// The training series with a column of the same name as the label's, for metrics that scale by it.
    pub train: Option<&'a TableFile>,
    /// What will be computed: this decides what is read.
    pub metrics: &'a [Named],
}

impl Request<'_> {
    pub(super) fn needs(&self, input: Input) -> bool {
        self.metrics.iter().any(|metric| metric.input() == input)
    }

    pub(super) fn needs_only(&self, input: Input) -> bool {
        self.metrics.iter().all(|metric| metric.input() == input)
    }

    /// Whether a metric divides by the error of the naive forecast on the training series.
    pub(super) fn needs_train(&self) -> bool {
        let scaled = |metric: &Named| ["mase", "mase@K"].contains(&metric.about().name);
        self.metrics.iter().any(scaled)
    }

    /// Whether a class, or a cluster, is read for each example.
    fn needs_classes(&self) -> bool {
        [Input::Classes, Input::Clusters, Input::Points]
            .iter()
            .any(|input| self.needs(*input))
    }

    /// The column of the label.
    pub(super) fn target(&self) -> Option<&str> {
        // A single array needs no name.
        let unnamed = self.truth.file.is_array().then_some("label");
        self.target.or(self.truth.target.as_deref()).or(unnamed)
    }

    pub(super) fn no_target(&self) -> Unmeasured {
        let what = "which of its columns is the label is not said";
        let error = self.truth.file.invalid(what);
        error.hint("add `target = \"…\"` to the data set or to `measure`; on the command line, `--target`")
    }

    /// What the predictions call the column that is called `standard` by default.
    pub(super) fn name<'n>(&'n self, standard: &'n str) -> &'n str {
        self.columns.get(standard).map_or(standard, String::as_str)
    }

    /// The column of the groups, where one is named, and how they are meant.
    fn grouping(&self) -> Option<(Grouping, &str)> {
        let named = |standard, grouping| Some((grouping, self.columns.get(standard)?.as_str()));
        named("group", Grouping::Clusters).or_else(|| named("stratum", Grouping::Strata))
    }

    fn groups(&self, table: &Table) -> Result<Option<Column>, Unmeasured> {
        self.grouping().map(|(_, name)| table.column(name)).transpose()
    }

    /// The column, if it is there; it must be where the manifest names it.
    pub(super) fn optional(&self, table: &Table, standard: &str) -> Result<Option<Column>, Unmeasured> {
        match self.columns.get(standard) {
            Some(name) => table.column(name).map(Some),
            None => table.find(standard),
        }
    }
}

/// Reads predictions and labels, and puts them beside each other.
///
/// Rows are joined by id where both sides have ids, and else taken in the
/// order of the labels, of which there must be as many. Cells are taken
/// without the space around them.
///
/// # Errors
///
/// `measurement-invalid` with file and line, counts and examples: whatever is
/// not exactly one usable prediction for each label.
pub fn read(request: &Request<'_>) -> Result<Predictions, Unmeasured> {
    known_columns(request.columns)?;
    if sets::wanted(request)? {
        return sets::read(request);
    }
    if let Some(predictions) = structured::read(request)? {
        return Ok(predictions);
    }
    let (table, found) = Found::open(request)?;
    let mut names = Interner::default();
    let (labels, headless) = read_labels(request, found.plan.ids.is_some(), &mut names)?;
    let labelled = names.len();
    let mut predictions = Columns::read(table, &found.plan, &mut names)?;
    let mut notes = Vec::new();
    found.note(&mut notes);
    notes.extend(headless.then(|| {
        format!(
            "`{}` is read as a file without a header",
            shown(&request.truth.file.name)
        )
    }));
    join(
        request,
        &labels,
        &mut predictions,
        found.plan.ids.is_some(),
        &mut notes,
    )?;
    // Clusters have names of their own.
    if request.needs(Input::Classes) {
        disjoint(&names, labelled, &predictions.classes)?;
        unseen(&names, labelled, &predictions.classes, &mut notes);
    }
    let predictions = assemble(request, labels, predictions, names, &found, notes)?;
    train::attached(request, points::attached(request, predictions)?)
}

/// What of the predictions is read.
struct Found {
    plan: Plan,
    /// The classes behind the columns of scores; empty when one column scores the positive class.
    scored: Vec<String>,
    /// Whether these are counted, for want of names.
    matrix: bool,
}

impl Found {
    fn open(request: &Request<'_>) -> Result<(Table, Self), Unmeasured> {
        let wants_prediction = request.needs_classes() || request.needs(Input::Numbers);
        let prediction = request.name("prediction");
        let score = request.name("score");
        let wanted: &[&str] = if wants_prediction { &[prediction] } else { &[score] };
        let table = Table::open(request.predictions, wanted)?;
        let mut plan = Plan {
            ids: request.optional(&table, "id")?,
            weights: request.optional(&table, "weight")?,
            groups: request.groups(&table)?,
            ..Plan::default()
        };
        if wants_prediction {
            let column = Some(table.column(prediction)?);
            plan.classes = column.filter(|_| request.needs_classes());
            plan.numbers = column.filter(|_| request.needs(Input::Numbers));
        }
        let mut found = Self {
            plan,
            scored: Vec::new(),
            matrix: false,
        };
        if request.needs(Input::Scores) {
            found.scores(request, &table)?;
        }
        Ok((table, found))
    }

    /// The column `score`, or else every column `score_<class>`.
    fn scores(&mut self, request: &Request<'_>, table: &Table) -> Result<(), Unmeasured> {
        if let Some(column) = request.optional(table, "score")? {
            self.plan.scores = vec![column];
            return Ok(());
        }
        let renamed = request
            .columns
            .iter()
            .filter_map(|(standard, name)| Some((standard.strip_prefix("score_")?, name)));
        let plain = table
            .names()
            .iter()
            .filter_map(|name| Some((name.strip_prefix("score_")?, name)));
        let plain = plain.filter(|(_, name)| !request.columns.values().any(|renamed| renamed == *name));
        for (class, name) in renamed.chain(plain) {
            self.scored.push(class.trim().to_owned());
            self.plan.scores.push(table.column(name)?);
        }
        if self.scored.is_empty() && table.matrix() {
            self.by_position(table)?;
        }
        if self.scored.is_empty() {
            return Err(request
                .predictions
                .invalid("there is no column `score`, and none of the form `score_<class>`")
                .hint(
                    "write the score of the positive class as `score`, or of each class as `score_<class>`; \
                 `columns = { score = \"…\" }` renames",
                ));
        }
        Ok(())
    }
}

impl Found {
    /// The columns of a single array: column 0 holds the scores of the class `0`.
    fn by_position(&mut self, table: &Table) -> Result<(), Unmeasured> {
        for name in table.names() {
            self.scored.push(name.clone());
            self.plan.scores.push(table.column(name)?);
        }
        self.matrix = true;
        Ok(())
    }

    fn note(&self, notes: &mut Vec<String>) {
        let last = self.scored.len().saturating_sub(1);
        notes.extend(
            self.matrix.then(|| {
                format!("the columns of the array are taken as the scores of the classes 0 to {last}")
            }),
        );
    }
}

/// The standard names that `columns` may rename.
pub(crate) const STANDARD: [&str; 18] = [
    "id",
    "prediction",
    "score",
    "group",
    "stratum",
    "weight",
    "rank",
    "item",
    "relevance",
    "event",
    "log_prob",
    "nll",
    "tokens",
    "x_min",
    "y_min",
    "x_max",
    "y_max",
    "iscrowd",
];

fn known_columns(columns: &BTreeMap<String, String>) -> Result<(), Unmeasured> {
    let unknown = |name: &&String| !STANDARD.contains(&name.as_str()) && !name.starts_with("score_");
    let Some(name) = columns.keys().find(unknown) else {
        return Ok(());
    };
    let known: Vec<String> = STANDARD.iter().map(|name| (*name).to_owned()).collect();
    let near = nearest(name, &known).map_or(String::new(), |near| format!("did you mean `{near}`? "));
    let error = invalid(
        Fault::Manifest,
        format!("`columns` renames `{}`, which is no standard column", shown(name)),
    );
    Err(error.hint(format!(
        "{near}the standard columns are {}, `score_<class>`",
        listed_all(&known)
    )))
}

fn listed_all(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The labels, and whether their file has no header.
fn read_labels(
    request: &Request<'_>,
    with_ids: bool,
    names: &mut Interner,
) -> Result<(Columns, bool), Unmeasured> {
    let truth = request.truth;
    let target = request.target();
    if target.is_none() && !request.needs_only(Input::Points) {
        return Err(request.no_target());
    }
    let id_column = truth.id_column.as_deref().filter(|_| with_ids);
    let wanted: Vec<&str> = [target, id_column].into_iter().flatten().collect();
    let file = unpacked(&truth.file)?;
    let table = Table::open(&file, &wanted)?;
    let label = target.map(|target| table.column(target)).transpose()?;
    let plan = Plan {
        ids: id_column.map(|name| table.column(name)).transpose()?,
        classes: label.filter(|_| request.needs_classes() || request.needs(Input::Scores)),
        numbers: label.filter(|_| request.needs(Input::Numbers)),
        groups: truth
            .group_column
            .as_deref()
            .map(|name| table.column(name))
            .transpose()?,
        ..Plan::default()
    };
    let headless = table.headless();
    Ok((Columns::read(table, &plan, names)?, headless))
}

/// The file itself, or the only one in the folder of an unpacked archive.
pub(super) fn unpacked(file: &TableFile) -> Result<Cow<'_, TableFile>, Unmeasured> {
    if !file.path.is_dir() {
        return Ok(Cow::Borrowed(file));
    }
    let entries = walkdir::WalkDir::new(&file.path).sort_by_file_name().into_iter();
    let files = entries
        .take(MOST_ENTRIES)
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file());
    let paths: Vec<PathBuf> = files.map(walkdir::DirEntry::into_path).collect();
    let [path] = paths.as_slice() else {
        let inside = paths
            .iter()
            .take(3)
            .filter_map(|path| path.strip_prefix(&file.path).ok());
        let inside: Vec<_> = inside
            .map(|path| format!("`{}`", shown(&path.to_string_lossy())))
            .collect();
        let detail = format!(
            "it is a folder with {} files and not a table: {}",
            paths.len(),
            inside.join(", ")
        );
        return Err(file
            .invalid(detail)
            .hint("give the labels as a data set of their own, of one file"));
    };
    let ending = path.to_string_lossy().into_owned();
    Ok(Cow::Owned(TableFile {
        path: path.clone(),
        ending,
        ..file.clone()
    }))
}

/// Puts the predictions into the order of the labels.
pub(super) fn join(
    request: &Request<'_>,
    labels: &Columns,
    predictions: &mut Columns,
    with_ids: bool,
    notes: &mut Vec<String>,
) -> Result<(), Unmeasured> {
    let own = Keyed {
        file: &request.truth.file,
        columns: labels,
    };
    let theirs = Keyed {
        file: request.predictions,
        columns: predictions,
    };
    if !with_ids {
        by_position(&own, &theirs)?;
        let unused = request.truth.id_column.as_ref();
        notes
            .extend(unused.map(|_| {
                "the predictions have no ids: rows are taken in the order of the labels".to_owned()
            }));
        return Ok(());
    }
    let numbered = request.truth.id_column.is_none();
    notes.extend(
        numbered
            .then(|| "the labels have no ids: those of the predictions are row numbers from 0".to_owned()),
    );
    let order = by_id(&own, &theirs, numbered)?;
    predictions.reorder(&order);
    Ok(())
}

impl Columns {
    /// Moves each row to the place that `order` gives it.
    fn reorder(&mut self, order: &[u32]) {
        if order.iter().zip(0..).all(|(place, row)| *place == row) {
            return;
        }
        self.classes = moved(&self.classes, order);
        self.numbers = moved(&self.numbers, order);
        self.weights = moved(&self.weights, order);
        self.groups = moved(&self.groups, order);
        self.scores = moved(&self.scores, order);
    }
}

/// `values` of equally many a row, each row at the place that `order` gives it.
fn moved<T: Copy + Default>(values: &[T], order: &[u32]) -> Vec<T> {
    let width = values.len() / order.len().max(1);
    let mut moved = vec![T::default(); values.len()];
    for (row, &place) in order.iter().enumerate() {
        let place = place as usize * width;
        moved[place..place + width].copy_from_slice(&values[row * width..][..width]);
    }
    moved
}

/// Refuses predictions of which no class is one of the labels': the two sides do not speak of the same.
///
/// Whole numbers and truth values may: a model can predict nothing but a class that never occurs.
pub(super) fn disjoint(names: &Interner, labelled: usize, predicted: &[u32]) -> Result<(), Unmeasured> {
    let all: Vec<String> = (0..names.len())
        .filter_map(|code| Some(names.name(u32::try_from(code).ok()?).to_owned()))
        .collect();
    let (own, theirs) = all.split_at(labelled);
    let shared = predicted.iter().any(|code| (*code as usize) < labelled);
    if predicted.is_empty() || shared || Form::of(&all.iter()) != Form::Text {
        return Ok(());
    }
    let detail = format!(
        "no predicted class is one of the labels': {} against {}",
        listed(theirs),
        listed(own)
    );
    Err(invalid(Fault::Paper, detail).hint("write classes as the labels do, or check `target` and `columns`"))
}

/// Notes predicted classes that never occur in the labels.
fn unseen(names: &Interner, labelled: usize, predicted: &[u32], notes: &mut Vec<String>) {
    let all: Vec<String> = (0..)
        .take(names.len())
        .map(|code| names.name(code).to_owned())
        .collect();
    let form = match Form::of(&all.iter()) {
        Form::Text => Form::Whole,
        form @ (Form::Whole | Form::Truth) => form,
    };
    let plain = |code: u32| form.plain(names.name(code));
    let labels: std::collections::HashSet<String> = (0..).take(labelled).map(plain).collect();
    let fresh = (0..).take(names.len()).skip(labelled);
    let unseen: Vec<u32> = fresh.filter(|code| !labels.contains(&plain(*code))).collect();
    if unseen.is_empty() {
        return;
    }
    let rows = predicted
        .iter()
        .filter(|code| unseen.binary_search(code).is_ok())
        .count();
    let classes: Vec<String> = unseen.iter().map(|code| names.name(*code).to_owned()).collect();
    notes.push(format!(
        "predicted classes that never occur in the labels: {} ({rows} rows)",
        listed(&classes)
    ));
}

fn assemble(
    request: &Request<'_>,
    labels: Columns,
    predictions: Columns,
    names: Interner,
    found: &Found,
    mut notes: Vec<String>,
) -> Result<Predictions, Unmeasured> {
    let predicted = found.plan.classes.map(|_| predictions.classes);
    let (mut classes, merged) = names.finish(labels.classes, predicted, &found.scored);
    notes.extend(merged.map(|form| format!("classes are compared as {}", form.what())));
    let of_labels = request
        .truth
        .group_column
        .as_ref()
        .map(|_| (Grouping::Clusters, labels.groups));
    let of_predictions = request
        .grouping()
        .map(|(grouping, _)| (grouping, predictions.groups));
    let scores = scores(predictions.scores, &found.scored, &mut classes, request)?;
    notes.extend(
        found
            .plan
            .weights
            .map(|_| "weighted by the column `weight` of the predictions".to_owned()),
    );
    Ok(Predictions {
        len: labels.rows,
        classes: Some(classes).filter(|_| request.needs_classes() || request.needs(Input::Scores)),
        numbers: request.needs(Input::Numbers).then_some(Numbers {
            truth: labels.numbers,
            predicted: predictions.numbers,
        }),
        scores,
        weights: found.plan.weights.map(|_| predictions.weights),
        groups: of_predictions.or(of_labels),
        positive: request.positive.map(str::to_owned),
        notes,
        ..Predictions::default()
    })
}

fn scores(
    values: Vec<f64>,
    scored: &[String],
    classes: &mut Classes,
    request: &Request<'_>,
) -> Result<Option<Scores>, Unmeasured> {
    if !request.needs(Input::Scores) {
        return Ok(None);
    }
    if scored.is_empty() {
        return Ok(Some(Scores::Positive(values)));
    }
    let codes: Vec<u32> = scored.iter().map(|class| classes.code(class)).collect();
    match repeated(&codes) {
        None => Ok(Some(Scores::PerClass {
            classes: codes,
            values,
        })),
        Some(twice) => {
            let name = shown(&classes.names[twice as usize]).into_owned();
            Err(request
                .predictions
                .invalid(format_args!("the class `{name}` has two columns of scores")))
        }
    }
}
