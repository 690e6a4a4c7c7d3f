//! Ranked lists, one a query.

use std::collections::{HashMap, HashSet};

use super::super::Predictions;
use super::super::join::comparable;
use super::super::read::Request;
use super::fields::{Field, Fields, Labels};
use super::groups::{Groups, one_each};
use super::{Structured, open_predictions};
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};
use crate::table::{Table, shown};

/// What became of the relevant items of one query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RankedList {
    /// The relevant items that were found: their ranks from 1, ascending, and their relevance.
    pub hits: Vec<(f64, f64)>,
    /// The relevance of all relevant items, found or not, highest first; none is 0.
    pub relevances: Vec<f64>,
}

/// The lists of all queries.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// One a query.
    pub queries: Vec<RankedList>,
    /// Whether the lists themselves are known, and not only the rank of one true item.
    pub whole: bool,
}

impl Predictions {
    /// Ranked lists; a unit is a query.
    ///
    /// # Errors
    ///
    /// When a rank or a relevance is not finite, a rank is below 1, or they are not in order.
    pub fn from_lists(lists: Lists) -> Result<Self, Unmeasured> {
        let sound = |list: &RankedList| {
            let ranks = list
                .hits
                .iter()
                .all(|(rank, gain)| *rank >= 1.0 && rank.is_finite() && *gain > 0.0);
            let gains = list.relevances.iter().all(|gain| *gain > 0.0 && gain.is_finite());
            let ascending = list.hits.is_sorted_by(|a, b| a.0 < b.0);
            ranks && gains && ascending && list.relevances.is_sorted_by(|a, b| a >= b)
        };
        if let Some(query) = lists.queries.iter().position(|list| !sound(list)) {
            let detail = format!("the ranks or relevances of query {} are unsound", query + 1);
            return Err(invalid(Fault::Paper, detail));
        }
        Ok(Self::from_structured(
            lists.queries.len(),
            Structured::Lists(lists),
        ))
    }

    /// The ranked lists.
    ///
    /// # Errors
    ///
    /// When something else was read.
    pub fn lists(&self) -> Result<&Lists, Unmeasured> {
        match &self.structured {
            Some(Structured::Lists(lists)) => Ok(lists),
            _ => Err(invalid(Fault::Reproof, "the predictions were not read as lists")),
        }
    }
}

pub(super) fn read(request: &Request<'_>, notes: &mut Vec<String>) -> Result<Predictions, Unmeasured> {
    let item = request.columns.contains_key("item");
    let table = open_predictions(request, if item { "item" } else { "id" })?;
    let lists = match request.optional(&table, "item")? {
        Some(_) => read_items(request, table)?,
        None => read_ranks(request, table, notes)?,
    };
    Predictions::from_lists(lists)
}

fn is_rank(rank: f64) -> bool {
    rank >= 1.0
}

fn is_whole_rank(rank: f64) -> bool {
    is_rank(rank) && rank.fract() == 0.0
}

fn is_grade(grade: f64) -> bool {
    grade >= 0.0 && grade.fract() == 0.0 && grade <= 1e6
}

/// One row a query: the rank of its true item.
fn read_ranks(request: &Request<'_>, table: Table, notes: &mut Vec<String>) -> Result<Lists, Unmeasured> {
    let Some(rank) = request.optional(&table, "rank")? else {
        return Err(request
            .predictions
            .invalid("there is no column `item`, and no column `rank`")
            .hint("write a row for each `item` of a query with its `rank` or `score`, or one row a query with the `rank` of its true item"));
    };
    let mut fields = vec![Field::number("rank", rank).fits(is_rank, "below 1")];
    fields.extend(request.optional(&table, "id")?.map(|id| Field::name("id", id)));
    let predictions = Fields::read(table, &fields)?;
    let labels = Labels::open(request)?;
    let mut fields = vec![Field::name("label", labels.target)];
    if predictions.keys.ids.len() > 0 && request.truth.id_column.is_some() {
        fields.push(labels.unit("query")?);
    }
    let labels = labels.read(&fields)?;
    let rows = one_each(request, &labels, &predictions, notes)?;
    notes.push("the ranks are the code's own: the lists behind them are not in the predictions".to_owned());
    let one = |row: usize| RankedList {
        hits: predictions
            .number("rank", row)
            .map(|rank| (rank, 1.0))
            .into_iter()
            .collect(),
        relevances: vec![1.0],
    };
    Ok(Lists {
        queries: rows.into_iter().map(one).collect(),
        whole: false,
    })
}

/// One row an item of a query.
fn read_items(request: &Request<'_>, table: Table) -> Result<Lists, Unmeasured> {
    let id = Field::name("id", table.column(request.name("id"))?);
    let item = Field::name("item", table.column(request.name("item"))?);
    let order = match request.optional(&table, "rank")? {
        Some(rank) => Field::number("rank", rank).fits(is_whole_rank, "no whole number from 1"),
        None => Field::number("score", table.column(request.name("score"))?),
    };
    let predictions = Fields::read(table, &[id, item, order])?;
    let labels = Labels::open(request)?;
    let mut fields = vec![labels.unit("query")?, Field::name("item", labels.target)];
    let grade = labels.further("relevance")?;
    fields.extend(
        grade.map(|grade| Field::number("relevance", grade).fits(is_grade, "no whole number from 0")),
    );
    let labels = labels.read(&fields)?;
    let groups = Groups::new("query", &labels, &predictions)?;
    let items = Items::new(request, &labels, &predictions)?;
    Ok(Lists {
        queries: items.lists(&groups)?,
        whole: true,
    })
}

/// The items of both files by number.
struct Items<'a> {
    labels: &'a Fields,
    predictions: &'a Fields,
    relevant: Vec<u32>,
    found: Vec<u32>,
}

impl<'a> Items<'a> {
    fn new(request: &Request<'_>, labels: &'a Fields, predictions: &'a Fields) -> Result<Self, Unmeasured> {
        let (own, theirs) = comparable(labels.texts("item"), predictions.texts("item"));
        let mut codes: HashMap<&str, u32> = HashMap::new();
        let mut code = |item| {
            let next = u32::try_from(codes.len()).unwrap_or(u32::MAX);
            *codes.entry(item).or_insert(next)
        };
        let relevant: Vec<u32> = own.iter().map(&mut code).collect();
        let known = relevant.iter().max().map_or(0, |most| most + 1);
        let found: Vec<u32> = theirs.iter().map(&mut code).collect();
        if !found.iter().any(|item| *item < known) {
            let detail = format!(
                "no item is one of the labels': `{}` against `{}`",
                shown(predictions.text("item", 0)),
                shown(labels.text("item", 0))
            );
            let hint = format!(
                "check `item` and `target`, which is `{}`",
                shown(request.target().ok_or_else(|| request.no_target())?)
            );
            return Err(predictions.file.invalid(detail).hint(hint));
        }
        Ok(Self {
            labels,
            predictions,
            relevant,
            found,
        })
    }

    fn lists(&self, groups: &Groups) -> Result<Vec<RankedList>, Unmeasured> {
        let relevance = self.relevance(groups)?;
        let mut ranked = groups.rows(&groups.predictions);
        ranked
            .iter_mut()
            .for_each(|rows| rows.sort_by(|a, b| self.order(*a, *b)));
        self.repeated_items(&ranked)?;
        self.repeated_ranks(&ranked)?;
        let mut lists = vec![RankedList::default(); groups.first.len()];
        for (list, grades) in lists.iter_mut().zip(&relevance) {
            list.relevances = grades.values().copied().filter(|grade| *grade > 0.0).collect();
            list.relevances.sort_by(|a, b| b.total_cmp(a));
        }
        for ((list, rows), grades) in lists.iter_mut().zip(&ranked).zip(&relevance) {
            for (place, &row) in rows.iter().enumerate() {
                let grade = grades.get(&self.found[row]).copied().unwrap_or(0.0);
                if grade > 0.0 {
                    let rank = self.predictions.number("rank", row);
                    list.hits.push((rank.unwrap_or((place + 1) as f64), grade));
                }
            }
        }
        Ok(lists)
    }

    /// For each query, the relevance of its items.
    fn relevance(&self, groups: &Groups) -> Result<Vec<HashMap<u32, f64>>, Unmeasured> {
        let mut relevance: Vec<HashMap<u32, f64>> = vec![HashMap::new(); groups.first.len()];
        let mut twice = Vec::new();
        for (row, &query) in groups.labels.iter().enumerate() {
            let grade = self.labels.number("relevance", row).unwrap_or(1.0);
            if relevance[query].insert(self.relevant[row], grade).is_some() {
                twice.push(row);
            }
        }
        repeated(self.labels, &twice, "an item that the query has already")?;
        Ok(relevance)
    }

    /// By rank, or by score from the highest; equal scores by the item's name, the last first, as trec_eval does.
    fn order(&self, a: usize, b: usize) -> std::cmp::Ordering {
        let number = |name: &str, row| self.predictions.number(name, row).unwrap_or(0.0);
        let item = |row| self.predictions.text("item", row);
        let rank = number("rank", a).total_cmp(&number("rank", b));
        // Adding 0 turns −0 into 0.
        let score = (number("score", b) + 0.0).total_cmp(&(number("score", a) + 0.0));
        rank.then(score).then_with(|| item(b).cmp(item(a)))
    }

    fn repeated_items(&self, ranked: &[Vec<usize>]) -> Result<(), Unmeasured> {
        let mut twice = Vec::new();
        for rows in ranked {
            let mut met = HashSet::with_capacity(rows.len());
            twice.extend(rows.iter().filter(|row| !met.insert(self.found[**row])));
        }
        twice.sort_unstable();
        repeated(self.predictions, &twice, "an item that the list has already")
    }

    fn repeated_ranks(&self, ranked: &[Vec<usize>]) -> Result<(), Unmeasured> {
        let rank = |row: usize| self.predictions.number("rank", row);
        let same = |pair: &&[usize]| rank(pair[0]).is_some() && rank(pair[0]) == rank(pair[1]);
        let pairs = ranked.iter().flat_map(|rows| rows.windows(2));
        let twice: Vec<usize> = pairs.filter(same).map(|pair| pair[1]).collect();
        repeated(self.predictions, &twice, "a rank that the list has already")
    }
}

/// Refuses rows that name something twice.
fn repeated(fields: &Fields, rows: &[usize], what: &str) -> Result<(), Unmeasured> {
    if rows.is_empty() {
        return Ok(());
    }
    let example = |row: &usize| {
        format!(
            "`{}` of `{}` in line {}",
            shown(fields.text("item", *row)),
            shown(fields.text("id", *row)),
            fields.line(*row)
        )
    };
    let few: Vec<_> = rows.iter().take(4).map(example).collect();
    let detail = format!(
        "{} of {} rows name {what}: {}",
        rows.len(),
        fields.keys.rows,
        Fields::examples(&few)
    );
    Err(fields.file.invalid(detail))
}
