//! TEDS: how alike two tables in HTML are, as trees.
//!
//! Reference: X. Zhong, E. ShafieiBavani and A. Jimeno Yepes, *Image-based table
//! recognition: data, model, and evaluation*, ECCV 2020, and the script that
//! was published with it.

mod html;
mod references;
mod tree;

use std::collections::HashMap;

use self::html::{Document, Element, Refused};
use self::tree::{Tree, distance};
use super::additive::{Additive, Statistics};
use super::predictions::Predictions;
use super::registry::{About, Input};
use super::text::{Budget, levenshtein, only_reference};
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};

/// The most cells of the table of distances between the nodes of two trees: two tables of 4,095 nodes.
const MOST_CELLS: usize = 1 << 24;

/// A cell of that table takes this many times as long as one of an alignment of texts.
const SLOWER: usize = 64;

/// A node of a table's tree.
#[derive(Debug, PartialEq)]
struct Node {
    tag: String,
    /// Of a `td`.
    cell: Option<Cell>,
}

/// A table's cell.
#[derive(Debug, PartialEq)]
struct Cell {
    colspan: Span,
    rowspan: Span,
    /// Its characters and inner tags, each by number.
    content: Vec<u32>,
}

/// Over how many columns or rows a cell goes.
#[derive(Debug, PartialEq)]
enum Span {
    Of(i64),
    /// What is no whole number equals nothing but the same text.
    Unreadable(String),
}

impl Span {
    fn new(text: Option<&str>) -> Self {
        let text = text.map_or("1", str::trim);
        text.parse()
            .map_or_else(|_| Self::Unreadable(text.to_owned()), Self::Of)
    }
}

/// Numbers for the tags inside cells, behind those of all characters.
#[derive(Debug, Default)]
struct Tags(HashMap<String, u32>);

impl Tags {
    fn code(&mut self, tag: String) -> u32 {
        let next = u32::from(char::MAX) + 1 + u32::try_from(self.0.len()).unwrap_or(u32::MAX >> 1);
        *self.0.entry(tag).or_insert(next)
    }
}

/// A table while it becomes a tree.
struct Growing<'a> {
    document: &'a Document,
    structure: bool,
    tags: &'a mut Tags,
    tree: Tree<Node>,
}

impl Growing<'_> {
    /// Adds an element with all below it; the parser bounds how deep that goes.
    fn add(&mut self, at: usize) {
        let document = self.document;
        let element = &document.elements[at];
        if element.tag == "td" {
            let cell = Cell {
                colspan: Span::new(element.colspan.as_deref()),
                rowspan: Span::new(element.rowspan.as_deref()),
                content: if self.structure {
                    Vec::new()
                } else {
                    self.content(element)
                },
            };
            self.node(element, Some(cell), None);
            return;
        }
        let first = self.tree.nodes.len();
        element.children.iter().for_each(|child| self.add(*child));
        let any = self.tree.nodes.len() > first;
        self.node(element, None, any.then_some(first));
    }

    fn node(&mut self, element: &Element, cell: Option<Cell>, first: Option<usize>) {
        let node = Node {
            tag: element.tag.clone(),
            cell,
        };
        self.tree.push(node, first);
    }

    /// The characters of a cell, with its inner tags between them.
    fn content(&mut self, element: &Element) -> Vec<u32> {
        let mut content = Vec::new();
        self.inner(element, &mut content);
        content
    }

    fn inner(&mut self, element: &Element, content: &mut Vec<u32>) {
        content.extend(element.text.chars().map(u32::from));
        for &child in &element.children {
            let child = &self.document.elements[child];
            content.push(self.tags.code(format!("<{}>", child.tag)));
            self.inner(child, content);
            if child.tag != "unk" {
                content.push(self.tags.code(format!("</{}>", child.tag)));
            }
            if child.tag != "td" {
                content.extend(child.tail.chars().map(u32::from));
            }
        }
    }
}

/// What it costs to keep a node as another one.
fn rename(a: &Node, b: &Node) -> f64 {
    match (&a.cell, &b.cell) {
        (Some(a), Some(b)) if a.colspan == b.colspan && a.rowspan == b.rowspan => {
            let longest = a.content.len().max(b.content.len());
            if longest == 0 {
                return 0.0;
            }
            levenshtein(&a.content, &b.content) as f64 / longest as f64
        }
        (None, None) if a.tag == b.tag => 0.0,
        _ => 1.0,
    }
}

/// The similarity of two documents; 0 where one of them has no table.
fn similarity(truth: &str, predicted: &str, structure: bool, budget: &mut Budget) -> Result<f64, Unmeasured> {
    let parse = |text, fault| Document::parse(text).map_err(|refused| too_large(refused, fault));
    let truth = parse(truth, Fault::Manifest)?;
    let predicted = parse(predicted, Fault::Paper)?;
    let (Some(own), Some(theirs)) = (truth.table(), predicted.table()) else {
        return Ok(0.0);
    };
    let nodes = truth.below(own).max(predicted.below(theirs));
    if nodes == 0 {
        return Err(invalid(
            Fault::Manifest,
            "`teds` is undefined: both tables are empty",
        ));
    }
    let mut tags = Tags::default();
    let mut grown = |document, table| {
        let mut growing = Growing {
            document,
            structure,
            tags: &mut tags,
            tree: Tree::new(),
        };
        growing.add(table);
        growing.tree
    };
    let (own, theirs) = (grown(&truth, own), grown(&predicted, theirs));
    afford(&own, &theirs, budget)?;
    Ok(1.0 - distance(&own, &theirs, rename) / nodes as f64)
}

/// Takes the work of two trees off the budget.
fn afford(a: &Tree<Node>, b: &Tree<Node>, budget: &mut Budget) -> Result<(), Unmeasured> {
    if (a.nodes.len() + 1).saturating_mul(b.nodes.len() + 1) > MOST_CELLS {
        let detail = format!(
            "tables of {} and {} nodes are too large to be compared",
            a.nodes.len(),
            b.nodes.len()
        );
        return Err(invalid(Fault::Paper, detail).hint("two tables of 4,095 nodes each are the most"));
    }
    let content = |tree: &Tree<Node>| -> usize {
        tree.nodes
            .iter()
            .filter_map(|node| Some(node.cell.as_ref()?.content.len()))
            .sum()
    };
    budget.spend(content(a), content(b))?;
    budget.spend(a.work().saturating_mul(SLOWER), b.work())
}

fn too_large(refused: Refused, fault: Fault) -> Unmeasured {
    let detail = match refused {
        Refused::TooDeep => "a document nests more than 256 elements in each other",
        Refused::TooMany => "a document has more than 131,072 elements",
    };
    invalid(fault, detail)
}

/// The similarity of each document, with the place of one that is refused.
fn similarities(predictions: &Predictions, about: &About, structure: bool) -> Result<Statistics, Unmeasured> {
    let mut budget = Budget::new();
    let mut statistics = Statistics::new(1);
    let texts = predictions.texts()?;
    for (at, text) in texts.iter().enumerate() {
        let reference = only_reference(text, at, about)?;
        let value = similarity(reference, &text.prediction, structure, &mut budget);
        let value = value.map_err(|error| Unmeasured {
            detail: format!("table {}: {}", at + 1, error.detail),
            ..error
        })?;
        statistics.push(&[value]);
    }
    Ok(statistics)
}

const fn teds(about: About, examples: super::additive::Examples) -> Additive {
    Additive {
        about,
        input: Input::Texts,
        examples,
        value: |sums| Some(sums.mean()),
        chosen: |_| None,
    }
}

const REFERENCE: &str = "PubTabNet script of 2020 with apted 1.0.3 and lxml 6.1.3";

/// The mean over the documents of 1 − the edit distance of the tables over the size of the larger one.
///
/// Two unlike tables can take more edits than the larger one has nodes: the
/// value can then be below 0, down to −1.
pub(super) static TEDS: Additive = teds(
    About::higher("teds", "tree-edit-distance similarity of HTML tables")
        .range(-1.0, 1.0)
        .options("cost=levenshtein|nodes=all")
        .reference(REFERENCE),
    |predictions, _, about| similarities(predictions, about, false),
);

/// The same without the contents of cells.
pub(super) static TEDS_STRUCTURE: Additive = teds(
    About::higher(
        "teds:structure",
        "tree-edit-distance similarity of HTML tables without their contents",
    )
    .aka(&["teds-s", "teds-struct", "s-teds"])
    .range(-1.0, 1.0)
    .options("cost=0|nodes=all")
    .reference(REFERENCE),
    |predictions, _, about| similarities(predictions, about, true),
);
