//! Rules on claims as papers print them, and the search against plain enumeration.

use proptest::prelude::*;

use super::*;

pub(super) fn claim(metric: &str, value: &str) -> AuditClaim {
    AuditClaim {
        id: metric.to_owned(),
        metric: metric.to_owned(),
        value: Printed::parse(value).expect("a number"),
        runs: None,
        examples: Some(178),
        facts: Facts::default(),
        group: String::new(),
        one_model: true,
    }
}

#[track_caller]
pub(super) fn contradiction(claims: &[AuditClaim], expected: &[&str]) {
    let found = audit(claims);
    let Some(Finding::Contradicts { claims, .. }) = found.sets.first().map(|set| &set.finding) else {
        panic!("{found:#?}");
    };
    assert_eq!(claims, expected);
    let marked = found.claims.iter().filter(|row| !row.possible);
    assert!(marked.count() >= expected.len());
}

#[test]
fn a_share_is_a_whole_number_of_examples() {
    let found = audit(&[claim("accuracy", "96.3 %")]);
    assert_eq!(
        found.impossible("accuracy"),
        Some("no multiple of 1/178 rounds to 96.3; the nearest are 171/178 = 96.07 and 172/178 = 96.63")
    );
    let cut = audit(&[claim("accuracy", "96.0 %")]);
    let why = cut.impossible("accuracy").expect("impossible");
    assert!(why.ends_with("truncated, it would be 171/178 = 96.07"), "{why}");
    let mean = AuditClaim {
        runs: Some(2),
        ..claim("accuracy", "96.3 %")
    };
    assert_eq!(
        audit(&[mean]).claims[0].witness.as_deref(),
        Some("343/356 = 96.35 → 96.3")
    );
}

#[test]
fn a_spread_without_runs_decides_nothing() {
    assert!(audit(&[claim("accuracy", "96.3 ± 0.1 %")]).possible());
}

#[test]
fn scores_of_one_matrix_have_a_witness_and_others_a_smallest_contradiction() {
    let of_71 = |metric, value| {
        let mut claim = claim(metric, value);
        claim.facts.positives = Some(71);
        claim
    };
    let fit = [
        of_71("recall", "0.9577"),
        of_71("specificity", "0.9626"),
        of_71("f1", "0.9510"),
    ];
    let found = audit(&fit);
    let Finding::Fits(Some(witness)) = &found.sets[0].finding else {
        panic!("{found:#?}")
    };
    assert_eq!(witness.to_string(), "tp 68 fn 3 / fp 4 tn 103");
    let [recall, specificity, _] = fit;
    contradiction(
        &[recall, specificity, of_71("f1", "0.94")],
        &["recall", "specificity", "f1"],
    );
}

#[test]
fn what_is_left_of_a_contradicting_set_is_audited_too() {
    let claims = [
        claim("accuracy", "0.9134"),
        claim("precision", "0.812"),
        claim("recall", "0.734"),
        claim("f1", "0.790"),
    ];
    let found = super::audit(&claims);
    let impossible = found.claims.iter().filter(|claim| !claim.possible);
    assert_eq!(
        impossible.map(|claim| claim.id.as_str()).collect::<Vec<_>>(),
        ["accuracy", "precision", "f1"]
    );
    assert_eq!(found.sets.len(), 2, "{found:#?}");
}

#[test]
fn orders_are_kept() {
    contradiction(&[claim("rmse", "0.30"), claim("mae", "0.41")], &["mae", "rmse"]);
    contradiction(
        &[claim("hits@1", "0.500"), claim("mrr", "0.400")],
        &["hits@1", "mrr"],
    );
    assert!(audit(&[claim("rmse", "0.40"), claim("mae", "0.40")]).possible());
}

#[test]
fn a_metric_with_two_values_is_of_several_models() {
    let two = |value: &str, one_model| {
        let mut claims = [
            claim("f1", "0.50"),
            claim("f1", value),
            claim("precision", "0.50"),
        ];
        for (number, claim) in claims.iter_mut().enumerate() {
            claim.one_model = one_model;
            claim.id = format!("{number}");
        }
        claims
    };
    let several = audit(&two("0.90", false));
    assert!(several.possible());
    assert!(matches!(several.sets[0].finding, Finding::Undecided { .. }));
    // The same number, or one with more digits, is no reason to think of another model.
    for value in ["0.50", "0.497"] {
        let one = audit(&two(value, false));
        assert!(matches!(one.sets[0].finding, Finding::Fits(Some(_))), "{one:#?}");
    }
    contradiction(&two("0.90", true), &["0", "1"]);
}

#[test]
fn a_claim_alone_has_a_witness() {
    let mut f1 = claim("f1", "0.9510");
    f1.facts.positives = Some(71);
    let found = audit(&[f1.clone()]);
    assert_eq!(
        found.claims[0].witness.as_deref(),
        Some("tp 68 fn 3 / fp 4 tn 103")
    );
    assert!(found.sets.is_empty());
    f1.value = Printed::parse("0.9512").expect("a number");
    let found = audit(&[f1]);
    assert_eq!(
        found.impossible("f1"),
        Some("no confusion matrix of 178 examples, 71 of them positive has f1 0.9512")
    );
}

#[test]
fn what_is_missing_is_named() {
    let reason = |claim: AuditClaim| audit(&[claim]).claims[0].reason.clone().expect("a reason");
    let unsized_ = AuditClaim {
        examples: None,
        ..claim("f1", "0.95")
    };
    assert_eq!(reason(unsized_), "nothing to decide: `examples` is not given");
    assert_eq!(
        reason(claim("recall", "0.95")),
        "nothing to decide: `positives` is not given"
    );
}

pub(super) const METRICS: [&str; 14] = [
    "accuracy",
    "precision",
    "recall",
    "specificity",
    "npv",
    "f1",
    "fbeta@2",
    "balanced_accuracy",
    "matthews_corrcoef",
    "cohen_kappa",
    "jaccard",
    "markedness",
    "informedness",
    "f1:weighted",
];

/// Written anew from the textbook, not through the code under test; `None` for 0/0.
pub(super) fn textbook(metric: &str, [tp, fn_, fp, tn]: [f64; 4]) -> Option<f64> {
    let n = tp + fn_ + fp + tn;
    let (ppv, npv) = (tp / (tp + fp), tn / (tn + fn_));
    let (tpr, tnr) = (tp / (tp + fn_), tn / (tn + fp));
    let f1 = |tp: f64| 2.0 * tp / (2.0 * tp + fp + fn_);
    let chance = ((tp + fp) * (tp + fn_) + (tn + fn_) * (tn + fp)) / (n * n);
    let value = match metric {
        "accuracy" => (tp + tn) / n,
        "precision" => ppv,
        "recall" => tpr,
        "specificity" => tnr,
        "npv" => npv,
        "f1" => f1(tp),
        "fbeta@2" => 5.0 * tp / (5.0 * tp + 4.0 * fn_ + fp),
        "balanced_accuracy" => (tpr + tnr) / 2.0,
        "matthews_corrcoef" => {
            (tp * tn - fp * fn_) / ((tp + fp) * (tp + fn_) * (tn + fp) * (tn + fn_)).sqrt()
        }
        "cohen_kappa" => ((tp + tn) / n - chance) / (1.0 - chance),
        "jaccard" => tp / (tp + fp + fn_),
        "markedness" => ppv + npv - 1.0,
        "informedness" => tpr + tnr - 1.0,
        "f1:weighted" => ((tp + fn_) * f1(tp) + (fp + tn) * f1(tn)) / n,
        _ => panic!("{metric}"),
    };
    value.is_finite().then_some(value)
}

/// What the metric is reported as, also where it is 0/0: a rate is 0 or 1 then, or left out of its mean.
fn reported(metric: &str, cells: [f64; 4]) -> Vec<f64> {
    if let Some(value) = textbook(metric, cells) {
        return vec![value];
    }
    let rates = |first, second| {
        let first = textbook(first, cells);
        let second = textbook(second, cells);
        let readings = |one: Option<f64>, other: Option<f64>| {
            one.map_or(vec![0.0, 1.0, other.unwrap_or(0.0)], |one| vec![one])
        };
        let pairs = readings(first, second)
            .into_iter()
            .flat_map(move |one| readings(second, first).into_iter().map(move |other| one + other));
        pairs.collect::<Vec<f64>>()
    };
    let [_, fn_, fp, _] = cells;
    match metric {
        "balanced_accuracy" => rates("recall", "specificity")
            .iter()
            .map(|sum| sum / 2.0)
            .collect(),
        "informedness" => rates("recall", "specificity")
            .iter()
            .map(|sum| sum - 1.0)
            .collect(),
        "markedness" => rates("precision", "npv").iter().map(|sum| sum - 1.0).collect(),
        "matthews_corrcoef" if fn_ + fp > 0.0 => vec![0.0],
        // The class that has no rate has no weight, and the other one is all right.
        "f1:weighted" => vec![1.0],
        _ => vec![0.0, 1.0],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn consistent_claims_raise_no_alarm(
        cells in prop::array::uniform4(0_u32..60),
        picked in prop::sample::subsequence(METRICS.to_vec(), 1..=6),
        decimals in 1_usize..=4,
        known in any::<bool>(),
    ) {
        let all: u32 = cells.iter().sum();
        prop_assume!(all > 0);
        let values = picked.iter().filter_map(|metric| Some((*metric, textbook(metric, cells.map(f64::from))?)));
        let claims: Vec<_> = values
            .map(|(metric, value)| {
                let mut claim = claim(metric, &format!("{value:.decimals$}"));
                claim.examples = Some(u64::from(all));
                claim.facts.positives = known.then(|| u64::from(cells[0] + cells[1]));
                claim
            })
            .collect();
        let found = audit(&claims);
        prop_assert!(found.possible(), "{found:#?}");
    }

    #[test]
    fn the_search_agrees_with_enumeration(
        all in 2_u64..=14,
        picked in prop::sample::subsequence(METRICS.to_vec(), 2..=4),
        hundredths in prop::collection::vec(0_u32..=100, 4),
        of_matrix in prop::option::of(prop::array::uniform4(0_u32..4)),
    ) {
        // Values of a matrix or of nothing, so that either answer is common.
        let cells = of_matrix.filter(|cells| cells.iter().sum::<u32>() > 0);
        let all = cells.map_or(all, |cells| u64::from(cells.iter().sum::<u32>()));
        let claims: Vec<_> = picked
            .iter()
            .zip(&hundredths)
            .map(|(metric, drawn)| {
                let drawn = f64::from(*drawn) / 100.0;
                let value = cells.and_then(|cells| textbook(metric, cells.map(f64::from)));
                AuditClaim {
                    examples: Some(all),
                    facts: Facts { classes: Some(2), ..Facts::default() },
                    ..claim(metric, &format!("{:.2}", value.unwrap_or(drawn)))
                }
            })
            .collect();
        let mut fits = false;
        for tp in 0..=all {
            for fn_ in 0..=all - tp {
                for fp in 0..=all - tp - fn_ {
                    let cells = [tp, fn_, fp, all - tp - fn_ - fp].map(|count| count as f64);
                    fits |= claims.iter().all(|claim| {
                        reported(&claim.metric, cells).iter().any(|value| claim.value.rounds_to(*value))
                    });
                }
            }
        }
        let found = audit(&claims);
        prop_assert_eq!(fits, found.possible(), "{:#?}\n{:#?}", claims, found);
    }
}
