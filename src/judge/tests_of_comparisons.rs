//! How comparisons come out, on evidence made by hand.

use super::evidence::{Gain, Pairing};
use super::testing::{claim, trusted};
use super::*;
use crate::manifest::{Comparison, Tolerance};
use crate::stats::{Bootstrap, Discordant, Group, Resampling};

/// `ours > baseline` with these gains; `printed` is the claimed one.
fn comparison(printed: Option<&str>, gains: &[f64], pairing: Pairing) -> ClaimEvidence {
    let mut evidence = claim(printed.unwrap_or("0"), gains);
    evidence.id = "gain".to_owned();
    evidence.compares = Some(Comparison {
        better: "ours".to_owned(),
        worse: "baseline".to_owned(),
        printed: printed.is_some(),
    });
    let measured = evidence.measured.as_mut().expect("measured");
    measured.gain = Some(Gain {
        pairing,
        discordant: None,
    });
    evidence
}

#[track_caller]
fn check(evidence: &ClaimEvidence, outcome: &str, score: f64) -> ClaimJudgement {
    let judged = compare::claim(evidence);
    assert_eq!(
        (judged.outcome.code(), judged.score),
        (outcome, Some(score)),
        "{judged:#?}"
    );
    judged
}

#[test]
fn better_alone_needs_the_whole_interval_above_nothing() {
    let seeds = |gains: &[f64]| comparison(None, gains, Pairing::Seeds);
    let judged = check(&seeds(&[0.01, 0.02, 0.03]), "reproduced", 10.0);
    // t = 0.02/(0.01/√3) with 2 degrees of freedom
    assert!(
        judged.p_value.is_some_and(|p| (p - 0.037_0).abs() < 1e-4),
        "{judged:#?}"
    );
    assert_eq!((judged.df, judged.margin), (Some(2.0), None));
    let open = check(&seeds(&[-0.01, 0.02, 0.03]), "inconclusive", 10.0);
    assert!(open.more_runs_needed.is_some_and(|more| more > 0), "{open:#?}");
    check(&seeds(&[-0.01, -0.02, -0.03]), "not-reproduced", 0.0);
}

#[test]
fn a_tolerance_lets_better_mean_no_worse_than_that() {
    let tolerance = Some(Tolerance {
        absolute: Some(0.02),
        relative: None,
    });
    let as_good = ClaimEvidence {
        tolerance,
        ..comparison(None, &[-0.001, 0.001, 0.0], Pairing::Seeds)
    };
    check(&as_good, "reproduced", 0.0);
}

#[test]
fn a_printed_gain_is_judged_as_any_value() {
    let seeds = |gains: &[f64]| comparison(Some("0.10"), gains, Pairing::Seeds);
    check(&seeds(&[0.099, 0.100, 0.101]), "reproduced", 10.0);
    check(&seeds(&[0.199, 0.200, 0.201]), "better", 10.0);
    let half = check(&seeds(&[0.049, 0.050, 0.051]), "not-reproduced", 5.0);
    assert_eq!(half.ratio.map(|ratio| (ratio * 1e9).round()), Some(5e8));
}

#[test]
fn runs_that_are_not_paired_are_compared_by_welch() {
    let group = |values: &[f64]| Group::of(values).expect("values");
    let pairing = Pairing::Runs(group(&[0.83, 0.84, 0.85]), group(&[0.80, 0.81, 0.82]));
    let judged = check(&comparison(None, &[0.03], pairing), "reproduced", 10.0);
    assert_eq!(
        judged.basis.map(precision::Basis::code),
        Some("welch-two-samples")
    );
    assert!(judged.df.is_some_and(|df| (df - 4.0).abs() < 1e-9));
    assert!(judged.p_value.is_some_and(|p| p < 0.02));
}

#[test]
fn single_values_are_compared_as_points_and_marked() {
    for (gain, outcome, score) in [
        (0.01, "reproduced", 10.0),
        (0.0, "not-reproduced", 0.0),
        (-0.01, "not-reproduced", 0.0),
    ] {
        let judged = check(&comparison(None, &[gain], Pairing::Single), outcome, score);
        assert_eq!((judged.interval, judged.p_value), (None, None));
        assert!(
            judged.reasons.iter().any(|reason| reason.ends_with("single run")),
            "{judged:#?}"
        );
    }
}

#[test]
fn mcnemar_comes_before_the_bootstrap() {
    let differences = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0, 0.0, 0.0, 0.0];
    let mean =
        |rows: &[usize]| Some(rows.iter().map(|&row| differences[row]).sum::<f64>() / rows.len() as f64);
    let how = Resampling {
        resamples: 500,
        seed: 1,
    };
    let bootstrap = Bootstrap::new(differences.len(), mean, how).expect("an answer");
    let resampled = comparison(None, &[0.5], Pairing::Examples(bootstrap.clone()));
    let judged = check(&resampled, "reproduced", 10.0);
    assert_eq!(judged.p_value, bootstrap.p_not_above(0.0));
    let mut counted = resampled;
    let gain = counted.measured.as_mut().expect("measured").gain.as_mut();
    gain.expect("a gain").discordant = Some(Discordant { first: 6, second: 1 });
    let judged = check(&counted, "reproduced", 10.0);
    assert!(judged.p_value.is_some_and(|p| (p - 8.0 / 128.0).abs() < 1e-12));
    assert_eq!(
        judged.comparison.and_then(|compared| compared.resampling),
        Some(how)
    );
}

#[test]
fn comparisons_are_a_family_of_their_own() {
    let mut evidence = trusted();
    let narrow = || comparison(None, &[0.01, 0.02, 0.03], Pairing::Seeds);
    let nothing = || comparison(None, &[-0.02, 0.02, 0.0], Pairing::Seeds);
    evidence.claims = vec![claim("0.80", &[0.79, 0.80, 0.81]), narrow()];
    let alone = judge(&evidence).claims;
    assert_eq!(alone[1].outcome.code(), "reproduced");
    assert_eq!(alone[1].p_value, alone[1].p_adjusted);
    let said = |judged: &ClaimJudgement| {
        let of_many = |reason: &String| reason.starts_with("among 4 tested comparisons the gain");
        judged.reasons.iter().any(of_many)
    };
    assert!(!said(&alone[1]), "{alone:#?}");
    evidence.claims.extend((0..3).map(|_| nothing()));
    let many = judge(&evidence).claims;
    assert_eq!(many[0].p_value, many[0].p_adjusted);
    assert!(said(&many[1]), "{:#?}", many[1]);
    assert_eq!(many[1].outcome, alone[1].outcome);
}

#[test]
fn metric_and_stability_look_at_the_two_claims_that_are_compared() {
    let mut evidence = trusted();
    let plain = |id: &str| {
        let mut claim = evidence.claims[0].clone();
        (claim.id, claim.primary) = (id.to_owned(), false);
        claim
    };
    let (ours, baseline) = (plain("ours"), plain("baseline"));
    evidence.claims = vec![
        ours,
        baseline,
        comparison(None, &[0.01, 0.02, 0.03], Pairing::Seeds),
    ];
    let checks = judge(&evidence).checks;
    for id in [CheckId::Stability, CheckId::Metric] {
        let check = checks.iter().find(|check| check.id == id).expect("a check");
        assert_eq!(check.status, Status::Pass, "{check:#?}");
        let names = |id: &str| {
            check
                .evidence
                .iter()
                .any(|line| line.contains(&format!("`{id}`")))
        };
        assert!(names("ours") && names("baseline") && !names("gain"), "{check:#?}");
    }
}

#[test]
fn runs_that_looking_could_stop_get_the_wider_interval_and_no_p_value() {
    let fixed = comparison(None, &[0.01, 0.02, 0.03, 0.02, 0.01], Pairing::Seeds);
    let looked = ClaimEvidence {
        looked_from: Some(2),
        ..fixed.clone()
    };
    let (fixed, looked) = (compare::claim(&fixed), compare::claim(&looked));
    let low = |judged: &ClaimJudgement| judged.interval.map(|interval| interval.low).expect("ends");
    assert!(low(&looked) < low(&fixed), "{looked:#?}");
    assert!(fixed.p_value.is_some() && looked.p_value.is_none());
}
