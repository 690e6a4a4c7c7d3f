//! What a claim says of its test set: whether the counts can be true together.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::problem::{Problem, ProblemKind};
use super::super::raw;
use super::super::reader::At;

/// The test examples of each class; empty: not said.
pub(super) fn supports(claim: &raw::Claim) -> BTreeMap<String, u64> {
    let entries = claim.supports.iter().flat_map(|supports| &supports.value.0);
    entries
        .map(|(class, count)| (class.value.clone(), count.value.0))
        .collect()
}

/// Counts of the claim that exclude each other.
pub(super) fn problems(claim: &raw::Claim) -> impl Iterator<Item = Problem> {
    let found = [
        too_many_positives(claim),
        other_sum(claim),
        other_number_of_classes(claim),
        positives_of_no_class(claim),
    ];
    found.into_iter().flatten()
}

fn too_many_positives(claim: &raw::Claim) -> Option<Problem> {
    let (positives, examples) = (claim.positives.as_ref()?, claim.examples.as_ref()?);
    let (some, all) = (positives.value.0, examples.value.0);
    (some > all).then(|| {
        let message = format!("{some} of {all} examples cannot be positive");
        impossible(&positives.span, message).label(format!("expected {all} or less"))
    })
}

fn other_sum(claim: &raw::Claim) -> Option<Problem> {
    let (supports, examples) = (whole(claim)?, claim.examples.as_ref()?);
    let counts = supports.value.0.iter();
    let sum: u128 = counts.map(|(_, count)| u128::from(count.value.0)).sum();
    let all = examples.value.0;
    (sum != u128::from(all)).then(|| {
        let message = format!("the classes have {sum} examples together, not {all}");
        impossible(&supports.span, message).label(format!("expected a sum of {all}, as in `examples`"))
    })
}

fn other_number_of_classes(claim: &raw::Claim) -> Option<Problem> {
    let supports = whole(claim)?;
    let named = supports.value.0.len();
    match &claim.classes {
        Some(classes) if classes.value.0 != named as u64 => {
            let message = format!("`supports` names {named} of {} classes", classes.value.0);
            Some(Problem::new(ProblemKind::Conflict, &supports.span, message).hint("name every class"))
        }
        None if named < 2 => {
            let problem = impossible(&supports.span, "a test set has two classes or more");
            Some(problem.hint("name every class, such as `{ yes = 71, no = 107 }`"))
        }
        Some(_) | None => None,
    }
}

/// Of two classes with known sizes, one has as many examples as there are positives.
fn positives_of_no_class(claim: &raw::Claim) -> Option<Problem> {
    let positives = claim.positives.as_ref()?;
    let supports = whole(claim)?;
    let counts: Vec<u64> = supports.value.0.iter().map(|(_, count)| count.value.0).collect();
    let [one, other] = counts[..] else { return None };
    (![one, other].contains(&positives.value.0)).then(|| {
        let message = format!("no class has {} examples", positives.value.0);
        Problem::new(ProblemKind::Conflict, &positives.span, message)
            .hint(format!("`supports` says {one} and {other}"))
    })
}

/// The stated sizes of the classes, if all could be read.
fn whole(claim: &raw::Claim) -> Option<&At<raw::Table<raw::Examples>>> {
    claim
        .supports
        .as_ref()
        .filter(|supports| supports.value.is_whole())
}

fn impossible(span: &Range<usize>, message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::ImpossibleValue, span, message)
}
