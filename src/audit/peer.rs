//! The answers of the Python package mlscorecheck and of plain enumeration, on the problems in `fixtures/audit`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::tests::claim;
use super::*;

/// A line of the file; the order is the file's.
#[derive(Debug, Deserialize)]
struct Problem {
    positives: u64,
    negatives: u64,
    scores: BTreeMap<String, String>,
    /// The score of which a digit was changed.
    changed: Option<String>,
    /// Whether the peer finds a contradiction.
    peer: bool,
    /// Whether no matrix has these scores.
    enumerated: bool,
}

fn problems() -> Vec<Problem> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/audit/mlscorecheck.jsonl");
    let text = std::fs::read_to_string(path).expect("the peer's answers");
    let mut lines = text.lines();
    let head = lines.next().expect("who made them");
    assert!(head.contains("mlscorecheck 1.0.3"), "{head}");
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn contradicts(problem: &Problem) -> bool {
    let scores = problem.scores.iter();
    let claims: Vec<_> = scores
        .map(|(metric, text)| {
            let mut claim = claim(metric, text);
            claim.examples = Some(problem.positives + problem.negatives);
            claim.facts.positives = Some(problem.positives);
            claim
        })
        .collect();
    !audit(&claims).possible()
}

#[test]
fn answers_are_the_peers_where_it_is_right_and_those_of_enumeration_everywhere() {
    let problems = problems();
    assert!(problems.len() >= 5000);
    let (mut changed, mut by_peer, mut by_both, mut more) = (0_u32, 0_u32, 0_u32, 0_u32);
    for problem in &problems {
        let found = contradicts(problem);
        assert_eq!(found, problem.enumerated, "{problem:?}");
        assert!(
            found || !problem.peer,
            "the peer alone finds a contradiction: {problem:?}"
        );
        if problem.changed.is_none() {
            assert!(!found, "alarm about consistent scores: {problem:?}");
            continue;
        }
        changed += 1;
        by_peer += u32::from(problem.peer);
        by_both += u32::from(problem.peer && found);
        more += u32::from(found && !problem.peer);
    }
    let rate = 100.0 * f64::from(by_both) / f64::from(by_peer);
    println!(
        "{} problems; {changed} with a wrong digit: the peer finds {by_peer}, of these reproof finds {by_both} \
         ({rate:.2} %), and {more} more that enumeration confirms",
        problems.len()
    );
    assert!(by_peer > 2000 && rate >= 95.0, "{rate} % of {by_peer}");
}
