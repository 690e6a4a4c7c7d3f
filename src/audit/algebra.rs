//! Whether all scores of a set fit one confusion matrix of two classes.

use super::claim::{Runs, Span};
use super::score::{Score, score};
use super::search::{Found, LARGEST, Matrix, Wanted, fits, search};
use super::set::Set;
use super::subset::{Answer, Mask, Smallest, smallest};
use super::words::joined;
use super::{AuditClaim, Finding, Witness};

/// Blocks that are looked at for one set before the search is given up.
const PATIENCE: u64 = 20_000_000;

/// A claim that is a score of the confusion matrix.
#[derive(Clone, Copy, Debug)]
struct Member {
    /// Its place in the set.
    index: usize,
    score: Score,
    span: Span,
}

/// What the confusion matrix says of the set.
pub(super) fn finding(set: &Set<'_>) -> Finding {
    let undecided = |why: &str| Finding::Undecided { why: why.to_owned() };
    let Runs::Known(runs) = set.runs else {
        return undecided("a spread needs `runs`, the number of values behind it");
    };
    if !set.is_binary() {
        return undecided("not known to have two classes: `classes`, `positives` or `supports` says so");
    }
    let Some(examples) = set.examples else {
        return undecided("`examples` is not given");
    };
    if runs > 1 && set.facts.positives.is_none() {
        return undecided("means over runs need `positives`");
    }
    let members = members(set, runs);
    let all = examples
        .checked_mul(runs)
        .filter(|all| (1..=LARGEST).contains(all));
    let (Some(all), false) = (all, members.is_empty()) else {
        return undecided("no scores of a confusion matrix of countable size");
    };
    let positives = set
        .facts
        .positives
        .map(|positives| positives.saturating_mul(runs));
    decided(set, &members, all, positives, runs)
}

fn members(set: &Set<'_>, runs: u64) -> Vec<Member> {
    let claims = set.members.iter().enumerate();
    let scores = claims.filter_map(|(index, (_, claim))| {
        let (score, span) = score(&claim.metric, Span::printed(&claim.value))?;
        Some(Member { index, score, span })
    });
    scores.filter(|member| is_kept(member.score, runs)).collect()
}

/// Whether the mean over runs is the score of some matrix.
fn is_kept(score: Score, runs: u64) -> bool {
    runs == 1 || score.is_linear()
}

/// Whether a claim is about the confusion matrix, if there are two classes.
pub(super) fn is_score(claim: &AuditClaim, runs: Runs) -> bool {
    let found = score(&claim.metric, Span::printed(&claim.value));
    found.is_some_and(|(score, _)| match runs {
        Runs::Known(runs) => is_kept(score, runs),
        Runs::Unknown => true,
    })
}

fn decided(set: &Set<'_>, members: &[Member], all: u64, positives: Option<u64>, runs: u64) -> Finding {
    let mut budget = PATIENCE;
    let mut witness: Option<Matrix> = None;
    let found = smallest(members.len(), |mask| {
        let scores: Vec<_> = picked(members, mask)
            .map(|member| (member.score, member.span))
            .collect();
        let wanted = Wanted {
            examples: all,
            positives,
            scores: &scores,
        };
        match search(&wanted, &mut budget) {
            Found::Matrix(matrix) => {
                witness = Some(matrix);
                Answer::Fits(fitted(members, matrix))
            }
            Found::Nothing => Answer::Contradicts,
            Found::GaveUp => Answer::GaveUp,
        }
    });
    match found {
        Smallest::Fits => Finding::Fits(witness.map(|matrix| Witness { matrix, runs })),
        Smallest::GaveUp => Finding::Undecided {
            why: "the search was given up: too many confusion matrices".to_owned(),
        },
        Smallest::Contradicts(mask) => {
            let indices: Vec<usize> = picked(members, mask).map(|member| member.index).collect();
            set.contradiction(&indices, why(set, &indices, all, positives, runs))
        }
    }
}

fn picked(members: &[Member], mask: Mask) -> impl Iterator<Item = &Member> {
    let numbered = members.iter().enumerate();
    numbered
        .filter(move |(bit, _)| mask >> bit & 1 == 1)
        .map(|(_, member)| member)
}

/// All members that come of this matrix.
fn fitted(members: &[Member], matrix: Matrix) -> Mask {
    let numbered = members.iter().enumerate();
    let fitting = numbered.filter(|(_, member)| fits(member.score, member.span, matrix.cells()));
    fitting.fold(0, |mask, (bit, _)| mask | 1 << bit)
}

fn why(set: &Set<'_>, indices: &[usize], all: u64, positives: Option<u64>, runs: u64) -> String {
    let claims = indices.iter().filter_map(|index| set.members.get(*index));
    let said: Vec<String> = claims
        .map(|(_, claim)| format!("{} {}", claim.metric, claim.value))
        .collect();
    let known = positives.map(|positives| format!(", {positives} of them positive"));
    let summed = if runs > 1 {
        format!(" over {runs} runs")
    } else {
        String::new()
    };
    format!(
        "no confusion matrix of {all} examples{summed}{} has {}",
        known.unwrap_or_default(),
        joined(&said)
    )
}
