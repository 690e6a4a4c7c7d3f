//! The claims of a manifest, as far as arithmetic can judge them.

use crate::audit::{Audit, AuditClaim, ClaimAudit, Facts};
use crate::manifest::{Claim, Extraction, Manifest, Reading, Subject};

/// Judges the claims of `manifest` alone: nothing is fetched or run.
///
/// Claims are held against each other where they share the step, the split, the model's name, and what they are
/// measured from: the predictions and their labels.
pub fn audit(manifest: &Manifest) -> Audit {
    let claims: Vec<AuditClaim> = manifest.claims.iter().filter_map(audit_claim).collect();
    let found = crate::audit::audit(&claims);
    let mut rows = found.claims.into_iter();
    let row = |claim: &Claim| match claim.subject {
        Subject::Measured(_) => rows.next(),
        Subject::Compared(_) => Some(of_comparison(claim)),
    };
    Audit {
        claims: manifest.claims.iter().filter_map(row).collect(),
        sets: found.sets,
    }
}

/// A comparison has no value of its own that could be held against others.
fn of_comparison(claim: &Claim) -> ClaimAudit {
    ClaimAudit {
        id: claim.id.clone(),
        possible: true,
        witness: None,
        reason: Some("nothing to decide: a comparison".to_owned()),
    }
}

fn audit_claim(claim: &Claim) -> Option<AuditClaim> {
    let reading = claim.reading()?;
    Some(AuditClaim {
        id: claim.id.clone(),
        metric: claim.metric.clone(),
        value: claim.value.clone(),
        runs: claim.runs,
        examples: claim.examples,
        facts: Facts {
            positives: claim.positives,
            classes: claim.classes,
            supports: claim.supports.clone(),
        },
        group: group(claim, reading),
        one_model: claim.model.is_some(),
    })
}

/// What claims about the same predictions have in common. Quoted, so that no two ways to write it run together.
fn group(claim: &Claim, reading: &Reading) -> String {
    let predictions = match &reading.measure {
        Extraction::Predictions {
            file,
            truth,
            target,
            columns,
            positive,
        } => Some((file, truth, target, columns, positive)),
        Extraction::Pattern { .. } | Extraction::Json { .. } | Extraction::Csv { .. } => None,
    };
    format!("{:?}", (&reading.step, &claim.split, &claim.model, predictions))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::audit::Finding;

    const HEAD: &str = r#"
        schema = 1
        paper = { title = "Two scores", year = 2023 }
        code = { repository = "https://example.org/two", commit = "5af87e7fce2b90ae1cbd621cd58059036a3c7436" }
        [[steps]]
        id = "test"
        phase = "evaluate"
        run = ["./test"]
        timeout = "1m"
    "#;

    /// A manifest whose claims are `(id, keys)`.
    fn audited(claims: &[(&str, &str)]) -> Audit {
        let claims = claims.iter().map(|(id, keys)| one(id, keys));
        of_text(&format!("{HEAD}\n{}", claims.collect::<String>()))
    }

    fn one(id: &str, keys: &str) -> String {
        format!(
            "[[claims]]\nid = \"{id}\"\nstatement = \"so\"\nstep = \"test\"\nexamples = 178\n\
             measure = {{ stdout = '{id} (?<value>\\S+)' }}\n{keys}\n"
        )
    }

    fn of_text(text: &str) -> Audit {
        let manifest = Manifest::parse(text, Path::new("/two.toml"));
        audit(&manifest.unwrap_or_else(|problems| panic!("{}", problems.render(false))))
    }

    const RECALL: (&str, &str) = ("recall", "metric = \"recall\"\nvalue = 0.90\n");
    const JACCARD: (&str, &str) = ("jaccard", "metric = \"jaccard\"\nvalue = 0.95\n");

    #[test]
    fn claims_of_one_step_and_split_are_one_set() {
        let found = audited(&[RECALL, JACCARD]);
        assert!(
            matches!(found.sets[0].finding, Finding::Contradicts { .. }),
            "no Jaccard index is above the recall: {found:#?}"
        );
        assert!(found.impossible("recall").is_some() && found.impossible("jaccard").is_some());
    }

    #[test]
    fn claims_of_other_splits_or_models_are_not_held_against_each_other() {
        for key in ["split = \"test\"", "model = \"LDA\""] {
            let other = format!("{}{key}", JACCARD.1);
            let found = audited(&[RECALL, ("jaccard", &other)]);
            assert!(found.sets.is_empty() && found.possible(), "{key}: {found:#?}");
        }
    }

    #[test]
    fn the_same_metric_twice_is_two_models_until_somebody_says_otherwise() {
        let second = ("second", "metric = \"recall\"\nvalue = 0.80\n");
        let found = audited(&[RECALL, second, JACCARD]);
        assert!(found.possible(), "{found:#?}");
        assert!(matches!(found.sets[0].finding, Finding::Undecided { .. }));

        let named = |keys: &str| format!("{keys}model = \"LDA\"\n");
        let found = audited(&[("recall", &named(RECALL.1)), ("second", &named(second.1))]);
        assert!(!found.possible(), "{found:#?}");
    }

    #[test]
    fn a_comparison_has_a_row_and_nothing_to_decide() {
        let text = format!(
            "{HEAD}\n[[claims]]\nid = \"better\"\nstatement = \"so\"\ncompare = \"a > b\"\n{}{}",
            one("a", RECALL.1),
            one("b", JACCARD.1.replace("jaccard", "recall").as_str())
        );
        let found = of_text(&text);
        let ids: Vec<&str> = found.claims.iter().map(|claim| claim.id.as_str()).collect();
        assert_eq!(ids, ["better", "a", "b"]);
        assert_eq!(
            found.claims[0].reason.as_deref(),
            Some("nothing to decide: a comparison")
        );
    }

    #[test]
    fn the_counts_of_a_claim_reach_the_audit() {
        let keys = "metric = \"recall\"\nvalue = 0.96\npositives = 3\n";
        let found = audited(&[("recall", keys)]);
        assert!(found.impossible("recall").is_some(), "{found:#?}");
    }
}
