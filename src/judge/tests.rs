//! Claims and verdicts, case by case.

use super::testing::{claim, error_claim, trusted};
use super::*;
use crate::error::Fault;
use crate::manifest::Tolerance;
use crate::reason::{Reason, Unmeasured};

fn judged(evidence: &ClaimEvidence) -> ClaimJudgement {
    compare::claim(evidence)
}

#[track_caller]
fn comes_out(evidence: &ClaimEvidence, expected: Outcome) -> ClaimJudgement {
    let judged = judged(evidence);
    assert_eq!(judged.outcome, expected, "{judged:#?}");
    judged
}

fn says(judged: &ClaimJudgement, words: &str) -> bool {
    judged.reasons.iter().any(|reason| reason.contains(words))
}

#[test]
fn a_single_run_is_compared_as_a_point_and_marked() {
    let met = comes_out(&claim("0.80", &[0.795]), Outcome::Reproduced);
    assert!(says(&met, "single run"));
    assert_eq!((met.interval, met.se, met.df), (None, None, None));
    comes_out(&claim("0.80", &[0.77]), Outcome::Partial);
    comes_out(&claim("0.80", &[0.40]), Outcome::NotReproduced);
    comes_out(&claim("0.80", &[0.90]), Outcome::Better);
    comes_out(&error_claim("0.375", &[0.376]), Outcome::Reproduced);
    comes_out(&error_claim("0.375", &[0.30]), Outcome::Better);
    comes_out(&error_claim("0.375", &[0.40]), Outcome::Partial);
}

#[test]
fn an_edge_that_f64_cannot_hold_still_belongs_to_the_margin() {
    let tolerance = Some(Tolerance {
        absolute: Some(0.3),
        relative: None,
    });
    let lower = ClaimEvidence {
        tolerance,
        ..error_claim("3.3", &[3.6])
    };
    comes_out(&lower, Outcome::Reproduced);
    let higher = ClaimEvidence {
        tolerance,
        ..claim("3.6", &[3.3])
    };
    comes_out(&higher, Outcome::Reproduced);
}

#[test]
fn seven_of_ten_is_partial_even_if_f64_falls_short_of_it() {
    let edge = ClaimEvidence {
        floor: Some(0.5),
        ..claim("0.9", &[0.78])
    };
    comes_out(&edge, Outcome::Partial);
    let below = ClaimEvidence {
        floor: Some(0.5),
        ..claim("0.9", &[0.779])
    };
    comes_out(&below, Outcome::NotReproduced);
}

#[test]
fn a_spread_of_zero_is_a_fact() {
    let met = comes_out(&claim("0.80", &[0.795; 3]), Outcome::Reproduced);
    assert_eq!((met.se, met.df), (Some(0.0), Some(2.0)));
    let interval = met.interval.expect("an interval");
    assert_eq!(interval.low, interval.high);
    assert!(says(&met, "all 3 runs gave the same value"));
}

#[test]
fn seeds_that_change_nothing_are_named() {
    let mut evidence = claim("0.80", &[0.795; 3]);
    evidence.measured.as_mut().expect("measured").identical_outputs = true;
    assert!(says(
        &judged(&evidence),
        "seeds do not change the result: 3 runs are one observation"
    ));
}

#[test]
fn a_deterministic_step_needs_one_run() {
    let mut evidence = claim("0.80", &[0.795]);
    evidence.measured.as_mut().expect("measured").deterministic = Some(true);
    let met = comes_out(&evidence, Outcome::Reproduced);
    assert_eq!(
        (met.basis, met.se, met.df),
        (Some(precision::Basis::Deterministic), Some(0.0), None)
    );
    assert!(!says(&met, "single run"));
}

#[test]
fn an_inconclusive_claim_says_how_many_runs_would_decide() {
    let open = comes_out(&claim("0.80", &[0.78, 0.80]), Outcome::Inconclusive);
    let more = open.more_runs_needed.expect("a number of runs");
    assert!((5..5000).contains(&more), "{more}");
    assert!(open.smallest_gap.expect("a gap") > 0.0);
    assert!(says(&open, "more runs would decide"));
}

#[test]
fn no_number_of_runs_beats_the_claims_own_spread() {
    let tolerance = Some(Tolerance {
        absolute: Some(0.001),
        relative: None,
    });
    let open = ClaimEvidence {
        tolerance,
        ..claim("0.80 ± 0.05", &[0.79])
    };
    let open = comes_out(&open, Outcome::Inconclusive);
    assert_eq!(open.more_runs_needed, None);
    assert!(says(&open, "no number of runs would decide"));
    assert!(says(&open, "10 are assumed"));
}

#[test]
fn a_spread_over_one_run_is_none() {
    let evidence = ClaimEvidence {
        claimed_runs: Some(1),
        ..claim("0.80 ± 0.05", &[0.79])
    };
    let met = judged(&evidence);
    assert_eq!(met.basis, Some(precision::Basis::SingleRun));
    assert!(says(&met, "fewer than two runs"));
}

#[test]
fn digits_decide_whether_it_is_exact() {
    assert!(judged(&claim("83.0 %", &[0.83049])).exact);
    assert!(judged(&claim("83.0 %", &[0.8305])).exact); // a tie may round either way
    assert!(!judged(&claim("83.0 %", &[0.83051])).exact);
    assert!(judged(&claim("0.94", &[0.9449])).exact);
    assert!(!judged(&claim("0.940", &[0.9449])).exact);
}

#[test]
fn what_is_no_number_is_no_measurement() {
    for values in [&[f64::NAN][..], &[0.8, f64::INFINITY], &[1e200]] {
        let judged = comes_out(
            &claim("0.80", values),
            Outcome::NotRun(Reason::MeasurementInvalid),
        );
        assert_eq!(judged.score, None);
    }
    comes_out(&claim("0.80", &[]), Outcome::NotRun(Reason::MeasurementMissing));
    let outside = ClaimEvidence {
        range: Some((0.0, 1.0)),
        ..claim("83 %", &[83.0])
    };
    comes_out(&outside, Outcome::NotRun(Reason::MeasurementInvalid));
}

#[test]
fn an_impossible_claim_still_shows_what_was_measured() {
    let evidence = ClaimEvidence {
        impossible: Some("no k of 178".to_owned()),
        ..claim("0.80", &[0.80])
    };
    let judged = comes_out(&evidence, Outcome::Impossible);
    assert_eq!(
        (judged.as_measured, judged.score),
        (Outcome::Reproduced, Some(10.0))
    );
}

#[test]
fn luck_is_one_run_where_none_was_needed() {
    let luck = |values: &[f64]| judged(&claim("0.80", values)).implied_luck.map(|luck| luck.runs);
    assert_eq!(luck(&[0.80, 0.82]), Some(1.0));
    assert_eq!(luck(&[0.79]), None);
    assert_eq!(luck(&[0.79, 0.79]), None);
    assert_eq!(luck(&[0.79, 0.790_000_1]), None); // nobody is that lucky
    let two = luck(&[0.78, 0.80]).expect("a number of runs"); // the claim is √½ spreads above the mean
    assert!((two - 2.528_737).abs() < 1e-6, "{two}"); // ln ½ / ln Φ(√½)
}

#[test]
fn a_better_value_comes_with_a_suspect() {
    let mut evidence = ClaimEvidence {
        claimed_examples: Some(1000),
        ..claim("0.80", &[0.90])
    };
    assert!(says(&judged(&evidence), "suspect: another split or a leak"));
    evidence.measured.as_mut().expect("measured").examples = Some(500);
    assert!(says(&judged(&evidence), "500 examples instead of 1000"));
    evidence.measured.as_mut().expect("measured").examples = None;
    evidence.measured.as_mut().expect("measured").recomputed = false;
    assert!(says(&judged(&evidence), "another metric"));
}

#[test]
fn everything_in_order_is_trusted() {
    let judgement = judge(&trusted());
    assert_eq!(
        judgement.ruling.verdict,
        Verdict::Trusted,
        "{:#?}",
        judgement.ruling
    );
    assert_eq!(judgement.passed(), 10);
    assert_eq!(decide(&judgement, Policy::Adopt, None).exit_code(), 0);
}

fn with(change: impl FnOnce(&mut Evidence)) -> Judgement {
    let mut evidence = trusted();
    change(&mut evidence);
    judge(&evidence)
}

fn not_run(reason: Reason, fault: Fault) -> Judgement {
    with(|evidence| evidence.claims[0].measured = Err(Unmeasured::new(reason, fault, "made up")))
}

fn values(evidence: &mut Evidence, values: &[f64]) {
    let measured = evidence.claims[0].measured.as_mut().expect("measured");
    measured.values = values.to_vec();
    measured.reported = None;
    measured.seeds = (1..=values.len() as u64).collect();
}

#[test]
fn a_primary_claim_that_is_missed_is_untrusted() {
    let judgement = with(|evidence| values(evidence, &[0.40, 0.41, 0.42]));
    assert_eq!(judgement.ruling.verdict, Verdict::Untrusted);
    assert_eq!(decide(&judgement, Policy::Review, None).exit_code(), 1);
}

#[test]
fn a_primary_claim_that_is_met_in_part_is_a_caution() {
    let judgement = with(|evidence| values(evidence, &[0.790, 0.791, 0.792]));
    assert_eq!(judgement.claims[0].outcome, Outcome::Partial);
    assert_eq!(judgement.ruling.verdict, Verdict::Caution);
    assert_eq!(decide(&judgement, Policy::Review, None).exit_code(), 0);
    assert_eq!(decide(&judgement, Policy::Adopt, None).exit_code(), 1);
}

#[test]
fn nothing_measured_is_unverified_and_whose_turn_it_is_decides_the_exit_code() {
    for (reason, fault, code) in [
        (Reason::StepFailed, Fault::Paper, 1),
        (Reason::StepFailed, Fault::Host, 3),
        (Reason::DataUnavailable, Fault::Paper, 3),
        (Reason::Environment, Fault::Paper, 3),
        (Reason::OverBudget, Fault::Manifest, 3),
        (Reason::MeasurementInvalid, Fault::Paper, 1),
        (Reason::Timeout, Fault::Manifest, 3),
    ] {
        let judgement = not_run(reason, fault);
        assert_eq!(judgement.ruling.verdict, Verdict::Unverified);
        assert_eq!(
            decide(&judgement, Policy::Review, None).exit_code(),
            code,
            "{reason} by {fault}"
        );
    }
}

#[test]
fn noise_is_nobodys_verdict() {
    let judgement = with(|evidence| values(evidence, &[0.75, 0.85]));
    assert_eq!(judgement.claims[0].outcome, Outcome::Inconclusive);
    assert_eq!(judgement.ruling.verdict, Verdict::Unverified);
    assert_eq!(decide(&judgement, Policy::Review, None).exit_code(), 3);
}

#[test]
fn without_claims_nothing_is_verified() {
    let judgement = with(|evidence| evidence.claims.clear());
    assert_eq!(judgement.ruling.verdict, Verdict::Unverified);
    assert_eq!(decide(&judgement, Policy::Review, None).exit_code(), 3);
}

#[test]
fn without_a_primary_claim_all_are() {
    let judgement = with(|evidence| {
        let missed = ClaimEvidence {
            id: "other".to_owned(),
            ..claim("0.83", &[0.1, 0.11])
        };
        evidence.claims.push(missed);
        evidence.claims.iter_mut().for_each(|claim| claim.primary = false);
    });
    assert_eq!(judgement.ruling.verdict, Verdict::Untrusted);
}

#[test]
fn what_keeps_it_from_trusted_is_listed_in_full() {
    let judgement = with(|evidence| {
        evidence.training = evidence::Training::NoneDeclared;
        evidence.explanation = None; // not needed
        evidence.environment = evidence::EnvironmentFacts::System; // not needed, but a failure
    });
    assert_eq!(judgement.ruling.verdict, Verdict::Caution);
    let kept = judgement.ruling.keeps_from_trusted;
    assert_eq!(kept.len(), 2, "{kept:#?}");
    assert!(kept[0].starts_with("retrained is unknown: "));
    assert!(kept[1].starts_with("environment fails: "));
}

#[test]
fn nightly_is_silent_until_something_really_changed() {
    let before = Summary::of(&with(|evidence| values(evidence, &[0.828, 0.830, 0.832])));
    let same = with(|evidence| values(evidence, &[0.826, 0.829, 0.833]));
    assert_eq!(decide(&same, Policy::Nightly, Some(&before)).exit_code(), 0);
    assert_eq!(decide(&same, Policy::Nightly, None).exit_code(), 0);
    let worse = with(|evidence| values(evidence, &[0.818, 0.819, 0.820]));
    assert_eq!(decide(&worse, Policy::Nightly, Some(&before)).exit_code(), 1);
    let broken = not_run(Reason::StepFailed, Fault::Paper);
    assert_eq!(decide(&broken, Policy::Nightly, Some(&before)).exit_code(), 1);
    let offline = not_run(Reason::DataUnavailable, Fault::Host);
    assert_eq!(decide(&offline, Policy::Nightly, Some(&before)).exit_code(), 3);
    let closed = with(|evidence| evidence.data[0].open = Some(false));
    assert_eq!(decide(&closed, Policy::Nightly, Some(&before)).exit_code(), 1);
    let other_rules = Summary {
        rules: "reproof-0".to_owned(),
        ..before
    };
    assert_eq!(decide(&same, Policy::Nightly, Some(&other_rules)).exit_code(), 3);
}

#[test]
fn a_deterministic_claim_that_moves_is_worse_at_night() {
    let before = Summary::of(&with(|evidence| values(evidence, &[0.83; 2])));
    let same = with(|evidence| values(evidence, &[0.83; 2]));
    assert_eq!(decide(&same, Policy::Nightly, Some(&before)).exit_code(), 0);
    let moved = with(|evidence| values(evidence, &[0.829; 2]));
    assert_eq!(decide(&moved, Policy::Nightly, Some(&before)).exit_code(), 1);
}

#[test]
fn at_night_an_error_that_falls_is_no_loss() {
    let lower = |values: &[f64]| with(|evidence| evidence.claims = vec![error_claim("0.375", values)]);
    let (high, low) = (lower(&[0.380, 0.381, 0.382]), lower(&[0.370, 0.371, 0.372]));
    assert_eq!(
        decide(&low, Policy::Nightly, Some(&Summary::of(&high))).exit_code(),
        0
    );
    assert_eq!(
        decide(&high, Policy::Nightly, Some(&Summary::of(&low))).exit_code(),
        1
    );
}

#[test]
fn an_impossible_claim_that_is_missed_too_is_no_better_than_one_that_is_missed() {
    let impossible = |found: &[f64]| {
        with(|evidence| {
            values(evidence, found);
            evidence.claims[0].impossible = Some("made up".to_owned());
        })
    };
    assert_eq!(impossible(&[0.40, 0.41, 0.42]).ruling.verdict, Verdict::Untrusted);
    assert_eq!(
        impossible(&[0.828, 0.830, 0.835]).ruling.verdict,
        Verdict::Caution
    );
}

#[test]
fn adopting_waits_where_a_primary_claim_could_not_be_run() {
    let partly = |fault, open| {
        with(|evidence| {
            let why = Unmeasured::new(Reason::StepFailed, fault, "made up");
            evidence.claims.push(ClaimEvidence {
                id: "other".to_owned(),
                measured: Err(why),
                ..claim("0.8", &[])
            });
            evidence.data[0].open = Some(open);
        })
    };
    for (judgement, code) in [
        (partly(Fault::Host, true), 3),
        (partly(Fault::Paper, true), 1),
        (partly(Fault::Host, false), 1),
    ] {
        assert_eq!(judgement.ruling.verdict, Verdict::Caution);
        assert_eq!(decide(&judgement, Policy::Adopt, None).exit_code(), code);
        assert_eq!(decide(&judgement, Policy::Review, None).exit_code(), 0);
    }
}

#[test]
fn numbers_by_hand_are_judged_like_a_claim() {
    let metric = crate::measure::MetricInfo {
        name: "roc_auc".to_owned(),
        direction: crate::measure::Direction::HigherIsBetter,
        range: (0.0, 1.0),
        floor: Some(0.5),
        computed: true,
    };
    let given = |measured: Vec<f64>| Numbers {
        metric: &metric,
        claimed: testing::printed("0.70"),
        claimed_runs: None,
        measured,
        floor: None,
        tolerance: None,
        anytime: false,
    };
    let flip = numbers(&given(vec![0.5, 0.49, 0.51]));
    assert_eq!(
        (flip.outcome, flip.score.map(|score| score < 1e-9)),
        (Outcome::NotReproduced, Some(true))
    );
    let per_cent = numbers(&given(vec![70.0]));
    assert_eq!(per_cent.outcome, Outcome::NotRun(Reason::MeasurementInvalid));
    let why = per_cent.unmeasured.expect("a reason");
    assert!(why.hint.is_some_and(|hint| hint.contains("per cent")));
}
