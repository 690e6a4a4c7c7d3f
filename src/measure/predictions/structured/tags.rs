//! Tags, one a token, and the entities that they mark.

use std::collections::HashMap;

use super::super::Predictions;
use super::super::read::Request;
use super::fields::{Field, Fields, Labels};
use super::groups::{Groups, one_each};
use super::{Structured, open_predictions};
use crate::error::Fault;
use crate::measure::tags::entities;
use crate::reason::{Unmeasured, invalid};
use crate::table::{Table, items, shown};

/// How many entities of one type a sentence has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityCounts {
    /// Index into [`Tags::types`].
    pub kind: u32,
    /// Predicted with the right borders and type.
    pub both: u32,
    /// Predicted.
    pub predicted: u32,
    /// True.
    pub truth: u32,
}

/// The entities of all sentences.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    /// The types of entities, in the order in which they were met.
    pub types: Vec<String>,
    /// For each sentence, a count for each type that occurs in it.
    pub sentences: Vec<Vec<EntityCounts>>,
}

impl Predictions {
    /// The tags of sentences, true and predicted ones; a unit is a sentence.
    ///
    /// # Errors
    ///
    /// When a sentence has another number of tags on the other side, or a tag is none.
    pub fn from_tags<T: AsRef<str>>(sentences: &[(Vec<T>, Vec<T>)]) -> Result<Self, Unmeasured> {
        let mut counting = Counting::default();
        for (at, (truth, predicted)) in sentences.iter().enumerate() {
            if truth.len() != predicted.len() {
                let detail = format!(
                    "sentence {} has {} predicted tags for {}",
                    at + 1,
                    predicted.len(),
                    truth.len()
                );
                return Err(invalid(Fault::Paper, detail));
            }
            if let Some(other) = truth.iter().chain(predicted).find(|tag| !is_tag(tag.as_ref())) {
                let detail = format!("`{}` is no tag", shown(other.as_ref()));
                return Err(invalid(Fault::Paper, detail));
            }
            let texts = |tags: &[T]| tags.iter().map(|tag| tag.as_ref().to_owned()).collect::<Vec<_>>();
            counting.add(&texts(truth), &texts(predicted));
        }
        Ok(counting.finish())
    }

    /// The entities.
    ///
    /// # Errors
    ///
    /// When something else was read.
    pub fn tags(&self) -> Result<&Tags, Unmeasured> {
        match &self.structured {
            Some(Structured::Tags(tags)) => Ok(tags),
            _ => Err(invalid(Fault::Reproof, "the predictions were not read as tags")),
        }
    }
}

/// `O`, or `B`, `I`, `E` or `S` with or without a type behind a hyphen.
fn is_tag(tag: &str) -> bool {
    let (prefix, kind) = tag
        .split_once('-')
        .map_or((tag, None), |(prefix, kind)| (prefix, Some(kind)));
    match prefix {
        "O" => kind.is_none(),
        "B" | "I" | "E" | "S" => kind.is_none_or(|kind| !kind.is_empty()),
        _ => false,
    }
}

/// Entities while they are counted.
#[derive(Default)]
struct Counting {
    tags: Tags,
    codes: HashMap<String, u32>,
}

impl Counting {
    fn add<T: AsRef<str>>(&mut self, truth: &[T], predicted: &[T]) {
        let (truth, predicted) = (entities(truth), entities(predicted));
        let mut counts: HashMap<u32, EntityCounts> = HashMap::new();
        for entity in &truth {
            self.count(&mut counts, entity.kind).truth += 1;
        }
        let known: std::collections::HashSet<_> = truth.iter().collect();
        for entity in &predicted {
            let count = self.count(&mut counts, entity.kind);
            count.predicted += 1;
            count.both += u32::from(known.contains(entity));
        }
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_by_key(|count| count.kind);
        self.tags.sentences.push(counts);
    }

    fn count<'c>(&mut self, counts: &'c mut HashMap<u32, EntityCounts>, kind: &str) -> &'c mut EntityCounts {
        let kind = self.codes.get(kind).copied().unwrap_or_else(|| {
            let code = u32::try_from(self.tags.types.len()).unwrap_or(u32::MAX);
            self.tags.types.push(kind.to_owned());
            self.codes.insert(kind.to_owned(), code);
            code
        });
        counts.entry(kind).or_insert(EntityCounts {
            kind,
            both: 0,
            predicted: 0,
            truth: 0,
        })
    }

    fn finish(self) -> Predictions {
        Predictions::from_structured(self.tags.sentences.len(), Structured::Tags(self.tags))
    }
}

pub(super) fn read(request: &Request<'_>, notes: &mut Vec<String>) -> Result<Predictions, Unmeasured> {
    let table = open_predictions(request, "prediction")?;
    let by_token = request.optional(&table, "id")?.is_none() && request.optional(&table, "group")?.is_some();
    if by_token {
        read_tokens(request, table)
    } else {
        read_sentences(request, table, notes)
    }
}

/// One row a sentence.
fn read_sentences(
    request: &Request<'_>,
    table: Table,
    notes: &mut Vec<String>,
) -> Result<Predictions, Unmeasured> {
    let mut fields = vec![Field::name("tags", table.column(request.name("prediction"))?)];
    fields.extend(request.optional(&table, "id")?.map(|id| Field::name("id", id)));
    let predictions = Fields::read(table, &fields)?;
    let labels = Labels::open(request)?;
    let mut fields = vec![Field::name("tags", labels.target)];
    if predictions.keys.ids.len() > 0 && request.truth.id_column.is_some() {
        fields.push(labels.unit("sentence")?);
    }
    let labels = labels.read(&fields)?;
    let rows = one_each(request, &labels, &predictions, notes)?;
    let mut sentences = Sentences::default();
    for (label, row) in rows.into_iter().enumerate() {
        let own = split(labels.text("tags", label));
        let theirs = split(predictions.text("tags", row));
        for (fields, row, tags) in [(&labels, label, &own), (&predictions, row, &theirs)] {
            tags.iter().try_for_each(|tag| checked(fields, row, tag))?;
        }
        sentences.add(&predictions, row, &own, &theirs);
    }
    sentences.finish(&predictions)
}

/// One row a token, with the sentence in the column `group`.
fn read_tokens(request: &Request<'_>, table: Table) -> Result<Predictions, Unmeasured> {
    let group = Field::name("id", table.column(request.name("group"))?);
    let tag = Field::name("tag", table.column(request.name("prediction"))?);
    let predictions = Fields::read(table, &[group, tag])?;
    let labels = Labels::open(request)?;
    let group = match labels.further("group")? {
        Some(group) => Field::name("id", group),
        None => labels.unit("sentence")?,
    };
    let fields = [group, Field::name("tag", labels.target)];
    let labels = labels.read(&fields)?;
    for fields in [&labels, &predictions] {
        (0..fields.keys.rows).try_for_each(|row| checked(fields, row, fields.text("tag", row)))?;
    }
    let groups = Groups::new("sentence", &labels, &predictions)?;
    let (own, theirs) = (groups.rows(&groups.labels), groups.rows(&groups.predictions));
    let mut sentences = Sentences::default();
    for (own, theirs) in own.iter().zip(&theirs) {
        let tags = |fields: &'_ Fields, rows: &[usize]| -> Vec<String> {
            rows.iter()
                .map(|row| fields.text("tag", *row).to_owned())
                .collect()
        };
        let Some(&row) = theirs.first() else {
            let detail = format!(
                "there are no tags for the sentence `{}` of the labels",
                shown(labels.text("id", own.first().copied().unwrap_or_default()))
            );
            return Err(predictions.file.invalid(detail));
        };
        sentences.add(
            &predictions,
            row,
            &tags(&labels, own),
            &tags(&predictions, theirs),
        );
    }
    sentences.finish(&predictions)
}

/// The tags of a sentence: a list, or separated by spaces.
fn split(cell: &str) -> Vec<&str> {
    match items(cell) {
        Some(list) => list.map(str::trim).collect(),
        None => cell.split_whitespace().collect(),
    }
}

fn checked(fields: &Fields, row: usize, tag: &str) -> Result<(), Unmeasured> {
    if is_tag(tag) {
        return Ok(());
    }
    let detail = format!("line {}: `{}` is no tag", fields.line(row), shown(tag));
    Err(fields
        .file
        .invalid(detail)
        .hint("tags are `O`, and `B-` or `I-` with the type of the entity behind it"))
}

/// Sentences while they are put together.
#[derive(Default)]
struct Sentences {
    counting: Counting,
    /// Those that differ in length, as messages show them.
    uneven: Vec<String>,
    uneven_count: usize,
}

impl Sentences {
    fn add<T: AsRef<str>>(&mut self, predictions: &Fields, row: usize, truth: &[T], predicted: &[T]) {
        if truth.len() == predicted.len() {
            self.counting.add(truth, predicted);
            return;
        }
        self.uneven_count += 1;
        if self.uneven.len() < 4 {
            self.uneven.push(format!(
                "{} tags for {} (line {})",
                predicted.len(),
                truth.len(),
                predictions.line(row)
            ));
        }
    }

    fn finish(self, predictions: &Fields) -> Result<Predictions, Unmeasured> {
        if self.uneven_count == 0 {
            return Ok(self.counting.finish());
        }
        let all = self.uneven_count + self.counting.tags.sentences.len();
        let detail = format!(
            "{} of {all} sentences have another number of tags than the labels: {}",
            self.uneven_count,
            Fields::examples(&self.uneven)
        );
        Err(predictions
            .file
            .invalid(detail)
            .hint("write a tag for every token of the labels, also where the model cut the sentence off"))
    }
}
