//! The examples of docs/judging.md, and that it names every code.

use std::collections::BTreeSet;

use super::compare::{self, ClaimJudgement};
use super::evidence::{ClaimEvidence, Gain, Pairing};
use super::testing::{claim, error_claim};
use super::words::short;
use super::{CheckId, Policy, Verdict, score};
use crate::manifest::{Comparison, Tolerance};
use crate::stats::{Bootstrap, Discordant, Resampling};

fn page() -> String {
    let path = format!("{}/docs/judging.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("the page")
}

/// What is given and what is expected, of every block with this name.
fn examples(name: &str) -> Vec<(String, String)> {
    let page = page();
    let opening = format!("```{name}\n");
    let blocks = page
        .split(&opening)
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let halves = blocks.map(|block| block.split_once("---\n").expect("a line of dashes"));
    halves
        .map(|(given, expected)| (given.to_owned(), expected.to_owned()))
        .collect()
}

/// `key    value` on each line.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(key, value)| (key, value.trim()))
        .collect()
}

fn evidence(given: &[(&str, &str)]) -> ClaimEvidence {
    let of = |key: &str| {
        given
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| *value)
    };
    let number = |key: &str| of(key).map(|text| text.parse::<f64>().expect("a number"));
    let known: BTreeSet<_> = [
        "claimed",
        "lower",
        "measured",
        "runs",
        "floor",
        "tolerance",
        "looked",
        "compare",
        "only",
    ]
    .into();
    assert!(given.iter().all(|(key, _)| known.contains(key)), "{given:?}");
    let values: Vec<f64> = of("measured")
        .expect("values")
        .split(' ')
        .map(|text| text.parse().expect("a number"))
        .collect();
    if let Some(pairing) = of("compare") {
        return compared(pairing, of("claimed"), number("tolerance"), &values, of("only"));
    }
    let make = if of("lower").is_some() { error_claim } else { claim };
    ClaimEvidence {
        claimed_runs: of("runs").map(|text| text.parse().expect("a count")),
        floor: number("floor"),
        looked_from: of("looked").map(|_| 2),
        tolerance: Some(Tolerance {
            absolute: number("tolerance"),
            relative: None,
        }),
        ..make(of("claimed").expect("a claim"), &values)
    }
}

/// A comparison: `only` counts the examples that only the better claim gets right, only the other one, and all.
fn compared(
    pairing: &str,
    claimed: Option<&str>,
    tolerance: Option<f64>,
    gains: &[f64],
    only: Option<&str>,
) -> ClaimEvidence {
    let mut evidence = claim(claimed.unwrap_or("0"), gains);
    evidence.tolerance = tolerance.map(|absolute| Tolerance {
        absolute: Some(absolute),
        relative: None,
    });
    evidence.compares = Some(Comparison {
        better: "ours".to_owned(),
        worse: "baseline".to_owned(),
        printed: claimed.is_some(),
    });
    let counts = only.map(|only| {
        let counts: Vec<u64> = only
            .split(' ')
            .map(|text| text.parse().expect("a count"))
            .collect();
        let [first, second, all] = counts[..] else {
            panic!("three counts")
        };
        (Discordant { first, second }, all)
    });
    let pairing = match (pairing, counts) {
        ("seeds", None) => Pairing::Seeds,
        ("examples", Some((counts, all))) => Pairing::Examples(resampled(counts, all)),
        _ => panic!("seeds, or examples with their counts"),
    };
    let measured = evidence.measured.as_mut().expect("measured");
    measured.gain = Some(Gain {
        pairing,
        discordant: counts.map(|(counts, _)| counts),
    });
    evidence
}

/// The accuracy gained, resampled as [`crate::measure::paired`] does.
fn resampled(counts: Discordant, all: u64) -> Bootstrap {
    let gain = |row: u64| match row {
        row if row < counts.first => 1.0,
        row if row < counts.first + counts.second => -1.0,
        _ => 0.0,
    };
    let gains: Vec<f64> = (0..all).map(gain).collect();
    let mean = |rows: &[usize]| Some(rows.iter().map(|&row| gains[row]).sum::<f64>() / rows.len() as f64);
    let how = Resampling {
        resamples: 2000,
        seed: 1,
    };
    Bootstrap::new(gains.len(), mean, how).expect("an answer")
}

fn shown(judged: &ClaimJudgement, key: &str) -> Option<String> {
    match key {
        "outcome" => Some(judged.outcome.code().to_owned()),
        "exact" => Some(judged.exact.to_string()),
        "ratio" => judged.ratio.map(short),
        "score" => judged.score.map(short),
        "difference" => judged.difference.map(short),
        "se" => judged.se.map(short),
        "df" => judged.df.map(short),
        "interval" => judged
            .interval
            .map(|interval| format!("{} to {}", short(interval.low), short(interval.high))),
        "margin" => judged.margin.as_ref().map(ToString::to_string),
        "more" => judged.more_runs_needed.map(|more| more.to_string()),
        "p" => judged.p_value.map(short),
        "gap" => judged.smallest_gap.map(short),
        "luck" => judged.implied_luck.map(|luck| short(luck.runs)),
        "luck-limits" => judged
            .implied_luck
            .and_then(|luck| luck.limits)
            .map(|(low, high)| format!("{} to {}", short(low), high.map_or("-".to_owned(), short))),
        _ => panic!("nothing is called `{key}`"),
    }
}

#[test]
fn every_example_of_a_claim_comes_out_as_written() {
    let examples = examples("judge");
    assert!(examples.len() >= 6);
    for (given, expected) in &examples {
        let judged = compare::claim(&evidence(&pairs(given)));
        for (key, value) in pairs(expected) {
            if key == "says" {
                assert!(
                    judged.reasons.iter().any(|reason| reason == value),
                    "{value} in {:#?}",
                    judged.reasons
                );
                continue;
            }
            assert_eq!(
                shown(&judged, key).as_deref().unwrap_or("-"),
                value,
                "`{key}` of\n{given}"
            );
        }
    }
}

#[test]
fn the_example_of_a_score_comes_out_as_written() {
    for (given, expected) in examples("score") {
        let claims: Vec<_> = given.lines().map(weighted).collect();
        assert_eq!(score::overall(&claims).to_string(), expected.trim());
    }
}

/// `weight 1  score 10`, or `weight 1  not run`.
fn weighted(line: &str) -> (String, f64, Option<f64>) {
    let words: Vec<_> = line.split_whitespace().collect();
    let number = |index: usize| words.get(index).and_then(|word| word.parse::<f64>().ok());
    (line.to_owned(), number(1).expect("a weight"), number(3))
}

#[test]
fn the_page_names_every_code() {
    let page = page();
    let mut codes: Vec<_> = CheckId::ALL.into_iter().map(CheckId::code).collect();
    codes.extend(Policy::ALL.into_iter().map(Policy::code));
    codes.extend(
        [
            Verdict::Trusted,
            Verdict::Caution,
            Verdict::Untrusted,
            Verdict::Unverified,
        ]
        .map(Verdict::code),
    );
    codes.extend([
        "reproduced",
        "better",
        "partial",
        "not-reproduced",
        "inconclusive",
        "impossible",
        "not-run",
        super::RULES,
    ]);
    for code in codes {
        assert!(
            page.contains(&format!("`{code}`")),
            "docs/judging.md does not name `{code}`"
        );
    }
}
