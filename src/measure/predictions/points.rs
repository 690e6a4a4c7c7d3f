//! The features behind clusters: a point for each example.

use super::read::{Request, unpacked};
use super::sets::Keys;
use super::{Predictions, all_finite, same_length};
use crate::error::Fault;
use crate::measure::registry::Input;
use crate::reason::{Unmeasured, invalid};
use crate::table::{Column, Table, TableFile, shown};

/// More examples than this are refused: every distance between two of them is computed.
pub(in crate::measure) const MOST_POINTS: usize = 50_000;

/// More numbers than this are refused.
const MOST_NUMBERS: usize = 1 << 26;

/// What the names of columns of features in the predictions begin with.
const FEATURE: &str = "x_";

/// A point for each example, all coordinates finite.
#[derive(Clone, Debug, Default)]
pub struct Points {
    /// The number of coordinates of each, at least 1.
    pub width: usize,
    /// Examples × coordinates.
    pub values: Vec<f64>,
}

impl Points {
    /// The point of an example.
    pub fn of(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..][..self.width]
    }
}

impl Predictions {
    /// With a point of `width` coordinates for each example, one after the other.
    ///
    /// # Errors
    ///
    /// When they are not as many as the examples, have no coordinates, or one is not finite.
    pub fn with_points(mut self, width: usize, values: Vec<f64>) -> Result<Self, Unmeasured> {
        same_length(self.len * width.max(1), values.len())?;
        if width == 0 {
            return Err(invalid(Fault::Manifest, "points without coordinates"));
        }
        all_finite("coordinate", &values)?;
        self.points = Some(Points { width, values });
        Ok(self)
    }

    /// The points.
    ///
    /// # Errors
    ///
    /// When none were read.
    pub fn points(&self) -> Result<&Points, Unmeasured> {
        let missing = || invalid(Fault::Reproof, "no features were read");
        self.points.as_ref().ok_or_else(missing)
    }
}

/// `predictions` with the features, where a metric needs them.
///
/// They are the columns `x_…` of the predictions, or else all columns of the
/// labels' file but the label and the id.
///
/// # Errors
///
/// When there are none, too many, or a cell is not a finite number.
pub(super) fn attached(request: &Request<'_>, predictions: Predictions) -> Result<Predictions, Unmeasured> {
    if !request.needs(Input::Points) {
        return Ok(predictions);
    }
    bounded(predictions.len())?;
    let truth = unpacked(&request.truth.file)?;
    let table = Table::open(request.predictions, &[request.name("prediction")])?;
    let columns = columns(&table, |name| name.starts_with(FEATURE))?;
    if !columns.is_empty() {
        let values = matrix(table, &columns)?;
        let (rows, _) = Keys::read(request, &truth)?.joined(request, &mut Vec::new())?;
        let width = columns.len();
        let row = |row: &u32| values[*row as usize * width..][..width].iter().copied();
        return predictions.with_points(width, rows.iter().flat_map(row).collect());
    }
    let (target, id) = (request.target(), request.truth.id_column.as_deref());
    let wanted: Vec<&str> = target.into_iter().chain(id).collect();
    let table = Table::open(&truth, &wanted)?;
    let columns = self::columns(&table, |name| Some(name) != target && Some(name) != id)?;
    if columns.is_empty() {
        return Err(no_features(&truth));
    }
    let values = matrix(table, &columns)?;
    predictions.with_points(columns.len(), values)
}

/// Refuses more examples than all pairs can be computed of.
pub(in crate::measure) fn bounded(examples: usize) -> Result<(), Unmeasured> {
    if examples <= MOST_POINTS {
        return Ok(());
    }
    let detail =
        format!("the distances between {examples} examples are not computed: {MOST_POINTS} is the most");
    Err(invalid(Fault::Manifest, detail).hint("measure it on a sample of the examples"))
}

fn no_features(truth: &TableFile) -> Unmeasured {
    truth
        .invalid("it has no columns of features, and the predictions have none of the form `x_<name>`")
        .hint("features are all columns of the labels' file but the label and the id, or columns `x_<name>` of the predictions")
}

/// The columns whose names `keep` accepts.
fn columns(table: &Table, keep: impl Fn(&str) -> bool) -> Result<Vec<Column>, Unmeasured> {
    let kept = table.names().iter().filter(|name| keep(name));
    kept.map(|name| table.column(name)).collect()
}

/// Rows × columns.
fn matrix(table: Table, columns: &[Column]) -> Result<Vec<f64>, Unmeasured> {
    let (file, names, at) = (table.file().clone(), table.names().to_vec(), table.place());
    let mut values = Vec::new();
    table.each(columns, |line, row| {
        if values.len() + columns.len() > MOST_NUMBERS {
            return Err(file.invalid(format_args!("more than {MOST_NUMBERS} numbers in the features")));
        }
        for column in columns {
            let text = row.cell(*column).ok().flatten().unwrap_or_default();
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            let bad = || not_a_number(&file, &format!("{at} {line}"), &names[column.0], text);
            values.push(number.ok_or_else(bad)?);
        }
        Ok(true)
    })?;
    Ok(values)
}

fn not_a_number(file: &TableFile, at: &str, column: &str, text: &str) -> Unmeasured {
    file.invalid(format_args!(
        "{at}: the feature `{}` is not a finite number: `{}`",
        shown(column),
        shown(text)
    ))
    .hint(
        "features are all columns of the labels' file but the label and the id; say which these are, or give the \
         features alone as columns `x_<name>` of the predictions",
    )
}
