//! What holds for all evidence, however hostile.

use proptest::collection::vec;
use proptest::num::f64::ANY;
use proptest::option;
use proptest::prelude::*;

use super::testing::{claim, trusted};
use super::*;
use crate::error::Fault;
use crate::manifest::{Adoption, Comparison, Prices, Printed, Tolerance};
use crate::measure::Direction;
use crate::reason::{Reason, Unmeasured};
use crate::stats;

/// Numbers of every kind: sensible ones, tiny, huge, NaN, infinite.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![4 => 0.0..1.0_f64, 1 => -10.0..100.0_f64, 1 => ANY, 1 => special()]
}

fn special() -> impl Strategy<Value = f64> {
    let specials = vec![
        0.0,
        -0.0,
        1.0,
        0.5,
        1e150,
        -1e150,
        1e308,
        1e-308,
        5e-324,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    proptest::sample::select(specials)
}

fn printed() -> impl Strategy<Value = Printed> {
    (number(), option::of(number()), number(), any::<bool>()).prop_map(|(value, spread, unit, percent)| {
        Printed {
            text: value.to_string(),
            value,
            spread,
            unit,
            percent,
        }
    })
}

fn measured() -> impl Strategy<Value = Measured> {
    let flags = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        option::of(any::<bool>()),
    );
    let reported = option::of((vec(number(), 0..4), number()));
    let permuted = option::of((number(), number()));
    (
        vec(number(), 0..5),
        vec(0..3_u64, 0..5),
        flags,
        option::of(number()),
        reported,
        permuted,
    )
        .prop_map(
            |(values, seeds, (identical, released, recomputed, deterministic), floor, reported, permuted)| {
                Measured {
                    values,
                    seeds,
                    deterministic,
                    identical_outputs: identical,
                    from_checkpoint_as_released: released,
                    recomputed,
                    floor_from_labels: floor,
                    reported: reported.map(|(values, half_unit)| evidence::Reported { values, half_unit }),
                    permuted: permuted.map(|(value, sd)| evidence::Control {
                        value,
                        sd,
                        permutations: 9,
                    }),
                    ..Measured::default()
                }
            },
        )
}

fn unmeasured() -> Unmeasured {
    Unmeasured::new(Reason::StepFailed, Fault::Paper, "made up")
}

fn group() -> impl Strategy<Value = stats::Group> {
    (number(), number(), 0..6_u64).prop_map(|(mean, sd, n)| stats::Group { mean, sd, n })
}

/// Half right, whatever the numbers: the bootstrap itself is tested in [`stats`].
fn resampled() -> Option<stats::Bootstrap> {
    let share = |rows: &[usize]| Some(rows.iter().filter(|row| **row % 3 == 0).count() as f64 / 9.0);
    let how = stats::Resampling {
        resamples: 50,
        seed: 1,
    };
    stats::Bootstrap::new(9, share, how).ok()
}

fn gain() -> impl Strategy<Value = evidence::Gain> {
    let examples = resampled().map_or(evidence::Pairing::Single, evidence::Pairing::Examples);
    let pairing = prop_oneof![
        Just(evidence::Pairing::Seeds),
        Just(examples),
        Just(evidence::Pairing::Single),
        (group(), group()).prop_map(|(better, worse)| evidence::Pairing::Runs(better, worse)),
    ];
    let discordant = (any::<u32>(), any::<u32>()).prop_map(|(first, second)| stats::Discordant {
        first: u64::from(first),
        second: u64::from(second),
    });
    (pairing, option::of(discordant)).prop_map(|(pairing, discordant)| evidence::Gain { pairing, discordant })
}

prop_compose! {
    /// A comparison with any gain, of claims that may be there or not.
    fn any_comparison()(claim in any_claim().boxed(), printed in any::<bool>(), gain in option::of(gain().boxed()), other in 0..4_u32) -> ClaimEvidence {
        let mut claim = claim;
        if let Ok(measured) = &mut claim.measured {
            measured.gain = gain;
        }
        ClaimEvidence {
            direction: Direction::HigherIsBetter,
            compares: Some(Comparison { better: "claim-0".to_owned(), worse: format!("claim-{other}"), printed }),
            ..claim
        }
    }
}

prop_compose! {
    fn any_claim()(
        (weight, primary, higher) in (number(), any::<bool>(), any::<bool>()),
        claimed in printed(),
        claimed_runs in option::of(any::<u32>()),
        floors in (option::of(number()), option::of(number())),
        tolerance in option::of((option::of(number()), option::of(number()))),
        range in option::of((number(), number())),
        impossible in option::of(Just("made up".to_owned())),
        looked_from in option::of(0..4_u64),
        measured in option::weighted(0.8, measured()),
    ) -> ClaimEvidence {
        ClaimEvidence {
            weight,
            primary,
            direction: if higher { Direction::HigherIsBetter } else { Direction::LowerIsBetter },
            range,
            claimed,
            claimed_runs,
            floor: floors.0,
            metric_floor: floors.1,
            tolerance: tolerance.map(|(absolute, relative)| Tolerance { absolute, relative }),
            impossible,
            looked_from,
            measured: measured.ok_or_else(unmeasured),
            ..claim("0.5", &[])
        }
    }
}

prop_compose! {
    fn any_evidence()(
        claims in vec(prop_oneof![3 => any_claim().boxed(), 1 => any_comparison().boxed()], 0..5),
        prices in option::of((number(), number())),
        adoption in option::of((number(), option::of(number()), option::of(number()))),
        gpu_seconds in option::of(number()),
        gpus in 0..3_u32,
    ) -> Evidence {
        let mut evidence = trusted();
        evidence.claims = claims;
        for (index, claim) in evidence.claims.iter_mut().enumerate() {
            claim.id = format!("claim-{index}");
        }
        evidence.prices = prices.map(|(gpu_hour, cpu_hour)| Prices { gpu_hour, cpu_hour, currency: "USD".to_owned() });
        evidence.adoption = adoption.map(|(value, gpu_hours, limit_per_point)| Adoption {
            claim: "claim-0".to_owned(),
            value,
            gpu_hours,
            limit_per_point,
        });
        let usage = crate::execute::Usage { gpu_seconds, ..Default::default() };
        evidence.usage = vec![evidence::StepUsage { step: "train".to_owned(), usage, gpus }];
        evidence
    }
}

/// Every number of a claim's judgement.
fn numbers_of(claim: &ClaimJudgement) -> Vec<f64> {
    let mut all = vec![claim.weight];
    all.extend(
        [
            claim.ratio,
            claim.score,
            claim.difference,
            claim.se,
            claim.df,
            claim.smallest_gap,
            claim.p_value,
            claim.p_adjusted,
        ]
        .into_iter()
        .flatten(),
    );
    if let Some(luck) = claim.implied_luck {
        all.push(luck.runs);
        all.extend(
            luck.limits
                .into_iter()
                .flat_map(|(low, high)| std::iter::once(low).chain(high)),
        );
    }
    for look in &claim.looks {
        all.push(look.difference);
        all.extend(
            look.interval
                .iter()
                .flat_map(|interval| [interval.low, interval.high]),
        );
    }
    all.extend(claim.floor.map(|floor| floor.value));
    all.extend(
        claim
            .interval
            .iter()
            .flat_map(|interval| [interval.low, interval.high]),
    );
    if let Some(margin) = &claim.margin {
        all.push(margin.value);
        all.extend(margin.parts.iter().map(|part| part.value));
    }
    all.extend(claim.comparison.as_ref().map(|compared| compared.gain));
    if let Some(sample) = &claim.measured {
        all.push(sample.mean);
        all.extend(sample.sd);
        all.extend(&sample.values);
    }
    all
}

/// Every number of a judgement.
fn all_numbers(judgement: &Judgement) -> Vec<f64> {
    let mut all: Vec<f64> = judgement.claims.iter().flat_map(numbers_of).collect();
    let (score, cost) = (&judgement.score, &judgement.cost);
    all.extend([score.low, score.high, cost.cpu_hours, cost.gpu_hours]);
    all.extend(score.value.into_iter().chain(cost.amount));
    all.extend(score.weights.iter().map(|(_, weight)| *weight));
    if let Some(answer) = &judgement.adoption {
        all.extend(answer.gain.into_iter().chain(answer.per_point));
    }
    all
}

/// Statuses and score, whatever the order of the claims.
fn gist(judgement: &Judgement) -> (Verdict, Vec<Status>, Option<f64>, f64, f64) {
    let score = &judgement.score;
    let statuses = judgement.checks.iter().map(|check| check.status);
    // which of several unknowns is named first follows the order of the claims
    let statuses = statuses.map(|status| match status {
        Status::Unknown(_) => Status::Unknown(trust::Unknown::NotRun),
        Status::Pass | Status::Fail | Status::Waived => status,
    });
    (
        judgement.ruling.verdict,
        statuses.collect(),
        score.value,
        score.low,
        score.high,
    )
}

proptest! {
    #[test]
    fn no_number_is_nan_or_infinite_and_nothing_panics(evidence in any_evidence(), other in any_evidence()) {
        let judgement = judge(&evidence);
        for number in all_numbers(&judgement) {
            prop_assert!(number.is_finite(), "{judgement:#?}");
        }
        let score = &judgement.score;
        prop_assert!(score.low <= score.high && (0.0..=10.0).contains(&score.low) && score.high <= 10.0);
        prop_assert!(score.value.is_none_or(|value| value >= score.low - 1e-9 && value <= score.high + 1e-9));
        prop_assert_eq!(judgement.checks.len(), 10);
        let previous = Summary::of(&judge(&other));
        for policy in Policy::ALL {
            for previous in [None, Some(&previous)] {
                prop_assert!(!decide(&judgement, policy, previous).reasons().is_empty());
            }
        }
    }

    #[test]
    fn judging_twice_says_the_same(evidence in any_evidence()) {
        let first = judge(&evidence);
        prop_assert_eq!(&first, &judge(&evidence));
        prop_assert_ne!(decide(&first, Policy::Nightly, Some(&Summary::of(&first))).exit_code(), 1);
    }

    #[test]
    fn a_claim_without_a_measurement_never_raises_the_lower_bound(evidence in any_evidence(), mut extra in any_claim()) {
        let before = judge(&evidence).score;
        extra.measured = Err(unmeasured());
        let mut more = evidence;
        more.claims.push(extra);
        let after = judge(&more).score;
        prop_assert!(after.low <= before.low);
        prop_assert!(after.high >= before.high - 1e-9);
    }

    #[test]
    fn a_better_measurement_never_lowers_a_score(claim in any_claim(), values in (number(), number())) {
        let score = |value: f64| {
            let measured = Ok(Measured { values: vec![value], ..Measured::default() });
            compare::claim(&ClaimEvidence { measured, range: None, ..claim.clone() }).score
        };
        let (low, high) = if values.0 <= values.1 { values } else { (values.1, values.0) };
        let (worse, better) = match claim.direction {
            Direction::HigherIsBetter => (low, high),
            Direction::LowerIsBetter => (high, low),
        };
        if let (Some(worse), Some(better)) = (score(worse), score(better)) {
            prop_assert!(better >= worse, "{worse} and then {better}");
        }
    }

    #[test]
    fn a_greater_gain_never_scores_less(claim in any_comparison(), gains in (number(), number())) {
        let score = |value: f64| {
            let measured = claim.measured.clone().unwrap_or_default();
            let measured = Ok(Measured { values: vec![value], ..measured });
            compare::claim(&ClaimEvidence { measured, range: None, ..claim.clone() }).score
        };
        let (low, high) = if gains.0 <= gains.1 { gains } else { (gains.1, gains.0) };
        if let (Some(worse), Some(better)) = (score(low), score(high)) {
            prop_assert!(better >= worse, "{worse} and then {better}");
        }
    }

    #[test]
    fn the_order_of_the_claims_never_matters(evidence in any_evidence(), turn in 0..5_usize) {
        let before = gist(&judge(&evidence));
        let mut turned = evidence;
        turned.claims.reverse();
        let turn = turn.min(turned.claims.len());
        turned.claims.rotate_left(turn);
        prop_assert_eq!(before, gist(&judge(&turned)));
    }

    #[test]
    fn the_outcome_follows_from_the_interval_and_the_margin(claim in any_claim()) {
        let judged = compare::claim(&claim);
        if let (Some(interval), Some(margin), Some(difference)) = (judged.interval, &judged.margin, judged.difference) {
            prop_assert!(interval.low <= difference && difference <= interval.high);
            let slack = 1e-6 * (claim.claimed.value.abs() + difference.abs() + margin.value);
            match judged.as_measured {
                Outcome::Reproduced | Outcome::Better => prop_assert!(interval.low >= -margin.value - slack),
                Outcome::Partial | Outcome::NotReproduced => prop_assert!(interval.high <= -margin.value + slack),
                Outcome::Inconclusive => prop_assert!(interval.low <= interval.high),
                Outcome::Impossible | Outcome::NotRun(_) => prop_assert!(false, "{judged:#?}"),
            }
        }
    }
}
