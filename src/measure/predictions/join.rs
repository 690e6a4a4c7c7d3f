//! Which label belongs to which prediction.
//!
//! Every label has exactly one prediction and every prediction its label, or
//! there is no measurement: a smaller denominator is another metric.

use super::columns::{Columns, EXAMPLES};
use super::ids::Ids;
use super::index::Index;
use crate::error::Fault;
use crate::measure::predictions::classes::whole_number;
use crate::reason::{Unmeasured, invalid};
use crate::table::{TableFile, Texts, shown};

/// One side of the join.
pub(super) struct Keyed<'a> {
    pub(super) file: &'a TableFile,
    pub(super) columns: &'a Columns,
}

/// Rows in the order of the labels, one for each.
///
/// # Errors
///
/// When there are more or fewer.
pub(super) fn by_position(labels: &Keyed<'_>, predictions: &Keyed<'_>) -> Result<(), Unmeasured> {
    let (rows, wanted) = (predictions.columns.rows, labels.columns.rows);
    if rows == wanted {
        return Ok(());
    }
    let detail = format!(
        "it has {rows} rows, and `{}` has {wanted} labels",
        shown(&labels.file.name)
    );
    let hint = "without an `id` column there is one row for each label, in their order; \
                the labels are to be those of the measured split alone";
    Err(predictions.file.invalid(detail).hint(hint))
}

/// For each prediction, the row of its label.
///
/// `numbered` says that the labels have no ids of their own, so that ids are row numbers from 0.
///
/// # Errors
///
/// When ids are missing, unknown or there more than once.
pub(super) fn by_id(
    labels: &Keyed<'_>,
    predictions: &Keyed<'_>,
    numbered: bool,
) -> Result<Vec<u32>, Unmeasured> {
    let own = if numbered {
        Ids::counted(labels.columns.rows)
    } else {
        Ids::of(labels.columns)
    };
    let (own, theirs) = Ids::alike(own, Ids::of(predictions.columns));
    let rows = index(labels, &own)?;
    let mut matching = Matching::new(labels.columns.rows);
    for row in 0..theirs.len() {
        matching.add(row, own.find(&rows, &theirs, row));
    }
    let detail = matching.troubles(labels, predictions, &own, &theirs);
    if detail.is_empty() {
        return Ok(matching.order);
    }
    let hint = if numbered {
        "the labels have no `id-column`, so ids are taken as row numbers from 0; name the column, or leave out the ids"
    } else {
        "every label needs exactly one prediction; the labels are to be those of the measured split alone"
    };
    Err(predictions.file.invalid(detail.join("; ")).hint(hint))
}

/// Both sides in one form: whole numbers where all ids are such and stay distinct, so that `7.0` is `7`.
pub(super) fn comparable(labels: &Texts, predictions: &Texts) -> (Texts, Texts) {
    let plain = |texts: &Texts| {
        let mut plain = Texts::default();
        for id in texts.iter() {
            plain.push(&whole_number(id)?);
        }
        Some(plain)
    };
    let distinct = |texts: &Texts| texts.iter().collect::<std::collections::HashSet<_>>().len();
    match (plain(labels), plain(predictions)) {
        (Some(own), Some(theirs)) if distinct(&own) == distinct(labels) => (own, theirs),
        _ => (labels.clone(), predictions.clone()),
    }
}

/// The row of each id of the labels.
fn index(labels: &Keyed<'_>, ids: &Ids<'_>) -> Result<Index, Unmeasured> {
    let mut rows = Index::with_room(ids.len());
    let mut twice = Vec::new();
    let mut count = 0_u64;
    for row in (0..).take(ids.len()) {
        let Some(first) = ids.add_to(&mut rows, row) else {
            continue;
        };
        count += 1;
        example(&mut twice, || {
            format!(
                "`{}` ({})",
                ids.shown(row as usize),
                labels.columns.both(first as usize, row as usize)
            )
        });
    }
    if count == 0 {
        return Ok(rows);
    }
    let detail = format!(
        "`{}`: {}",
        shown(&labels.file.name),
        sentence(count, "repeated id", "repeated ids", &twice)
    );
    Err(invalid(Fault::Manifest, detail).hint("`id-column` must name each example once"))
}

/// Labels and predictions as far as they found each other.
struct Matching {
    /// For each prediction, the row of its label.
    order: Vec<u32>,
    /// For each label, the row of its prediction.
    found: Vec<Option<u32>>,
    unknown: Vec<usize>,
    twice: Vec<(u32, usize)>,
    unknown_count: u64,
    twice_count: u64,
}

impl Matching {
    fn new(labels: usize) -> Self {
        Self {
            order: Vec::with_capacity(labels),
            found: vec![None; labels],
            unknown: Vec::new(),
            twice: Vec::new(),
            unknown_count: 0,
            twice_count: 0,
        }
    }

    fn add(&mut self, row: usize, label: Option<u32>) {
        let Some(label) = label else {
            self.unknown_count += 1;
            example(&mut self.unknown, || row);
            return;
        };
        match self.found[label as usize] {
            None => self.found[label as usize] = u32::try_from(row).ok(),
            Some(first) => {
                self.twice_count += 1;
                example(&mut self.twice, || (first, row));
            }
        }
        self.order.push(label);
    }

    fn troubles(
        &self,
        labels: &Keyed<'_>,
        predictions: &Keyed<'_>,
        own: &Ids<'_>,
        theirs: &Ids<'_>,
    ) -> Vec<String> {
        let twice: Vec<_> = self
            .twice
            .iter()
            .map(|&(first, row)| {
                let places = predictions.columns.both(first as usize, row);
                format!("`{}` ({places})", theirs.shown(row))
            })
            .collect();
        let unknown: Vec<_> = self
            .unknown
            .iter()
            .map(|&row| format!("`{}` ({})", theirs.shown(row), predictions.columns.at(row)))
            .collect();
        let missing = || {
            self.found
                .iter()
                .enumerate()
                .filter(|(_, found)| found.is_none())
                .map(|(row, _)| row)
        };
        let label = |row: usize| {
            format!(
                "`{}` ({} of `{}`)",
                own.shown(row),
                labels.columns.at(row),
                shown(&labels.file.name)
            )
        };
        let missing_examples: Vec<_> = missing().take(EXAMPLES).map(label).collect();
        let all = self.found.len();
        [
            sentence(self.twice_count, "repeated id", "repeated ids", &twice),
            sentence(
                self.unknown_count,
                "id that no label has",
                "ids that no label has",
                &unknown,
            ),
            sentence(
                missing().count() as u64,
                &format!("of {all} labels without a prediction"),
                &format!("of {all} labels without a prediction"),
                &missing_examples,
            ),
        ]
        .into_iter()
        .filter(|sentence| !sentence.is_empty())
        .collect()
    }
}

fn example<T>(examples: &mut Vec<T>, new: impl FnOnce() -> T) {
    if examples.len() < EXAMPLES {
        examples.push(new());
    }
}

/// `2 repeated ids: …`; nothing for none.
fn sentence(count: u64, one: &str, many: &str, examples: &[String]) -> String {
    let more = if count > examples.len() as u64 {
        ", …"
    } else {
        ""
    };
    match count {
        0 => String::new(),
        1 => format!("1 {one}: {}", examples.join(", ")),
        _ => format!("{count} {many}: {}{more}", examples.join(", ")),
    }
}
