//! Entities that tags mark, and metrics of them.
//!
//! An entity counts as found when its borders and its type are right. The rules
//! are those of conlleval, which seqeval follows by default: an `I-` that
//! follows nothing of its type begins an entity as a `B-` does.

use super::additive::undefined;
use super::predictions::{EntityCounts, Predictions, Rows};
use super::registry::{About, Input, Metric, Parameter};
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};

/// An entity in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entity<'a> {
    /// Its type; `_` where the tag has none.
    pub(super) kind: &'a str,
    first: usize,
    last: usize,
}

/// The entities that a sentence's tags mark.
pub(super) fn entities<T: AsRef<str>>(tags: &[T]) -> Vec<Entity<'_>> {
    let mut found = Vec::new();
    let mut before = ('O', "_");
    let mut begin = 0;
    let tags = tags.iter().map(|tag| parts(tag.as_ref()));
    for (at, tag) in tags.chain(std::iter::once(('O', "_"))).enumerate() {
        if ends(before, tag) {
            found.push(Entity {
                kind: before.1,
                first: begin,
                last: at.saturating_sub(1),
            });
        }
        if begins(before, tag) {
            begin = at;
        }
        before = tag;
    }
    found
}

/// The letter of a tag, and its type.
fn parts(tag: &str) -> (char, &str) {
    let mut chars = tag.chars();
    let letter = chars.next().unwrap_or('O');
    let rest = chars.as_str();
    let kind = rest.split_once('-').map_or(rest, |(_, kind)| kind);
    (letter, if kind.is_empty() { "_" } else { kind })
}

/// Whether an entity ends between two tags.
fn ends(before: (char, &str), after: (char, &str)) -> bool {
    match (before.0, after.0) {
        ('E' | 'S', _) | ('B' | 'I', 'B' | 'S' | 'O') => true,
        ('O', _) => false,
        _ => before.1 != after.1,
    }
}

/// Whether an entity begins at the second of two tags.
fn begins(before: (char, &str), after: (char, &str)) -> bool {
    match (before.0, after.0) {
        (_, 'B' | 'S') | ('E' | 'S' | 'O', 'E' | 'I') => true,
        (_, 'O') => false,
        _ => before.1 != after.1,
    }
}

/// The entities of one type.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    both: f64,
    predicted: f64,
    truth: f64,
}

impl Totals {
    fn add(&mut self, counts: &EntityCounts) {
        self.both += f64::from(counts.both);
        self.predicted += f64::from(counts.predicted);
        self.truth += f64::from(counts.truth);
    }

    fn precision(&self) -> f64 {
        share(self.both, self.predicted)
    }

    fn recall(&self) -> f64 {
        share(self.both, self.truth)
    }

    fn f1(&self) -> f64 {
        share(2.0 * self.both, self.predicted + self.truth)
    }
}

/// `part / whole`; 0 of nothing.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// How the types come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Average {
    Micro,
    Macro,
    Weighted,
}

/// A metric of entities.
#[derive(Debug)]
pub(super) struct OfTags {
    about: About,
    of: fn(&Totals) -> f64,
    average: Average,
}

impl Metric for OfTags {
    fn about(&self) -> &About {
        &self.about
    }

    fn input(&self) -> Input {
        Input::Tags
    }

    fn compute(&self, predictions: &Predictions, rows: Rows<'_>, _: &Parameter) -> Result<f64, Unmeasured> {
        let tags = predictions.tags()?;
        let mut types = vec![Totals::default(); tags.types.len()];
        let (mut all, mut sentences) = (Totals::default(), 0_usize);
        for row in rows.iter(predictions.len()) {
            sentences += 1;
            for counts in &tags.sentences[row] {
                types[counts.kind as usize].add(counts);
                all.add(counts);
            }
        }
        if sentences == 0 {
            let detail = format!("`{}` of no sentences", self.about.name);
            return Err(invalid(Fault::Paper, detail));
        }
        types.retain(|totals| totals.predicted + totals.truth > 0.0);
        match self.average {
            Average::Micro => Ok((self.of)(&all)),
            Average::Macro if types.is_empty() => Err(undefined(self.about.name)),
            Average::Macro => Ok(types.iter().map(self.of).sum::<f64>() / types.len() as f64),
            Average::Weighted => {
                let weighted = types.iter().map(|totals| (self.of)(totals) * totals.truth);
                Ok(share(weighted.sum(), all.truth))
            }
        }
    }
}

const OPTIONS: &str = "scheme=conlleval|zero_division=0";

const fn entity(about: About, of: fn(&Totals) -> f64, average: Average) -> OfTags {
    OfTags {
        about: about.options(OPTIONS),
        of,
        average,
    }
}

const F1: &str = "seqeval 1.2.2 `f1_score`";
const PRECISION: &str = "seqeval 1.2.2 `precision_score`";
const RECALL: &str = "seqeval 1.2.2 `recall_score`";

/// The harmonic mean of precision and recall over all entities.
pub(super) static ENTITY_F1: OfTags = entity(
    About::higher("entity_f1", "micro F1 over entities of BIO tags")
        .aka(&["ner f1", "seqeval f1", "span f1"])
        .reference(F1),
    Totals::f1,
    Average::Micro,
);

/// The F1 of each type, averaged; undefined without any entity.
pub(super) static ENTITY_F1_MACRO: OfTags = entity(
    About::higher(
        "entity_f1:macro",
        "F1 over entities of BIO tags, averaged over their types",
    )
    .reference(F1),
    Totals::f1,
    Average::Macro,
);

/// The F1 of each type, weighted by its true entities.
pub(super) static ENTITY_F1_WEIGHTED: OfTags = entity(
    About::higher(
        "entity_f1:weighted",
        "F1 over entities of BIO tags, weighted by support",
    )
    .reference(F1),
    Totals::f1,
    Average::Weighted,
);

/// The share of the predicted entities that is true.
pub(super) static ENTITY_PRECISION: OfTags = entity(
    About::higher("entity_precision", "share of the predicted entities that is true").reference(PRECISION),
    Totals::precision,
    Average::Micro,
);

/// The precision of each type, averaged; undefined without any entity.
pub(super) static ENTITY_PRECISION_MACRO: OfTags = entity(
    About::higher(
        "entity_precision:macro",
        "entity precision averaged over the types",
    )
    .reference(PRECISION),
    Totals::precision,
    Average::Macro,
);

/// The precision of each type, weighted by its true entities.
pub(super) static ENTITY_PRECISION_WEIGHTED: OfTags = entity(
    About::higher(
        "entity_precision:weighted",
        "entity precision weighted by support",
    )
    .reference(PRECISION),
    Totals::precision,
    Average::Weighted,
);

/// The share of the true entities that is predicted.
pub(super) static ENTITY_RECALL: OfTags = entity(
    About::higher("entity_recall", "share of the true entities that is predicted").reference(RECALL),
    Totals::recall,
    Average::Micro,
);

/// The recall of each type, averaged; undefined without any entity.
pub(super) static ENTITY_RECALL_MACRO: OfTags = entity(
    About::higher("entity_recall:macro", "entity recall averaged over the types").reference(RECALL),
    Totals::recall,
    Average::Macro,
);

/// The recall of each type, weighted by its true entities.
pub(super) static ENTITY_RECALL_WEIGHTED: OfTags = entity(
    About::higher("entity_recall:weighted", "entity recall weighted by support").reference(RECALL),
    Totals::recall,
    Average::Weighted,
);
