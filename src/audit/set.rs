//! Claims that are about the same predictions, and what is known of their test set.

use super::claim::{Runs, Span};
use super::granularity::{self, Granularity};
use super::{AuditClaim, ClaimAudit, Facts, Finding, SetAudit, algebra, ordering, spread};

/// Metrics that only two classes have.
const OF_TWO_CLASSES: [&str; 8] = [
    "precision",
    "recall",
    "specificity",
    "npv",
    "f1",
    "jaccard",
    "informedness",
    "markedness",
];

/// The metric is no share of a number of examples.
const NO_RULE: &str = "no rule about this metric alone";

/// Claims of one group, with as many examples and runs.
#[derive(Debug)]
pub(super) struct Set<'a> {
    /// With their places among all claims.
    pub(super) members: Vec<(usize, &'a AuditClaim)>,
    pub(super) examples: Option<u64>,
    pub(super) runs: Runs,
    /// What the claims together say; nothing where they disagree.
    pub(super) facts: Facts,
}

/// The sets, in the order of their first claims.
pub(super) fn group(claims: &[AuditClaim]) -> Vec<Set<'_>> {
    let mut sets: Vec<Set<'_>> = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        let runs = Runs::of(claim.runs, &claim.value);
        let same = |set: &&mut Set<'_>| {
            let first = set.members.first();
            first.is_some_and(|(_, first)| first.group == claim.group)
                && (set.examples, set.runs) == (claim.examples, runs)
        };
        match sets.iter_mut().find(same) {
            Some(set) => set.members.push((index, claim)),
            None => sets.push(Set {
                members: vec![(index, claim)],
                examples: claim.examples,
                runs,
                facts: Facts::default(),
            }),
        }
    }
    sets.iter_mut().for_each(|set| set.facts = set.agreed());
    sets
}

impl Set<'_> {
    fn agreed(&self) -> Facts {
        let facts = || self.members.iter().map(|(_, claim)| &claim.facts);
        let supports = facts()
            .map(|facts| &facts.supports)
            .filter(|supports| !supports.is_empty());
        Facts {
            positives: one(facts().filter_map(|facts| facts.positives))
                .filter(|positives| self.examples.is_none_or(|examples| *positives <= examples)),
            classes: one(facts().filter_map(|facts| facts.classes)),
            supports: one(supports).cloned().unwrap_or_default(),
        }
    }

    /// Whether there are two classes, as somebody says or as a metric needs.
    pub(super) fn is_binary(&self) -> bool {
        let many = self.facts.classes.is_some_and(|classes| classes != 2) || self.facts.supports.len() > 2;
        let two = |(_, claim): &(usize, &AuditClaim)| {
            let metric = claim.metric.as_str();
            OF_TWO_CLASSES.contains(&metric) || (metric.starts_with("fbeta@") && !metric.contains(':'))
        };
        !many
            && (self.facts.positives.is_some()
                || self.facts.classes == Some(2)
                || self.facts.supports.len() == 2
                || self.members.iter().any(two))
    }

    /// Whether the claims may be about a confusion matrix of two classes.
    fn may_be_matrix(&self) -> bool {
        let many = self.facts.classes.is_some_and(|classes| classes != 2) || self.facts.supports.len() > 2;
        !many
            && self
                .members
                .iter()
                .any(|(_, claim)| algebra::is_score(claim, self.runs))
    }

    /// Adds to the claims what the set says of them: the matrix that they come of, or what is missing.
    pub(super) fn explain(&self, found: &Finding, rows: &mut [ClaimAudit]) {
        for (index, claim) in &self.members {
            let Some(row) = rows
                .get_mut(*index)
                .filter(|row| row.witness.is_none() && row.possible)
            else {
                continue;
            };
            match found {
                Finding::Fits(Some(witness)) if algebra::is_score(claim, self.runs) => {
                    // Some matrix fits nearly every claim that is alone.
                    if self.facts.positives.is_some() || self.members.len() > 1 {
                        row.witness = Some(witness.to_string());
                        row.reason = None;
                    } else {
                        row.reason = Some("nothing to decide: `positives` is not given".to_owned());
                    }
                }
                Finding::Undecided { why } if self.counted(&claim.metric) == Err(NO_RULE) => {
                    row.reason = Some(format!("nothing to decide: {why}"));
                }
                Finding::Fits(_) | Finding::Contradicts { .. } | Finding::Undecided { .. } => {}
            }
        }
    }

    /// Whether every example is known to have one label: then micro averages are the accuracy.
    pub(super) fn one_label(&self) -> bool {
        self.is_binary() || self.facts.classes.is_some() || !self.facts.supports.is_empty()
    }

    /// Each claim by itself.
    pub(super) fn each_alone(&self) -> Vec<(usize, ClaimAudit)> {
        let members = self.members.iter();
        members
            .map(|(index, claim)| (*index, self.alone(claim)))
            .collect()
    }

    fn alone(&self, claim: &AuditClaim) -> ClaimAudit {
        let row = |possible, witness, reason| ClaimAudit {
            id: claim.id.clone(),
            possible,
            witness,
            reason,
        };
        let of = self.counted(&claim.metric);
        let share = of.map(|of| granularity::check(&claim.value, of, self.runs));
        if let Ok(Some(Granularity::Impossible(why))) = share {
            return row(false, None, Some(why));
        }
        if let Some(why) = spread::impossible(&claim.value, of.ok(), &claim.metric, self.runs) {
            return row(false, None, Some(why));
        }
        let undecided = match share {
            Ok(Some(Granularity::Possible(witness))) => return row(true, Some(witness), None),
            Ok(_) if self.runs == Runs::Unknown => "a spread needs `runs`, the number of values behind it",
            Ok(_) => "no examples, or too many",
            Err(why) => why,
        };
        row(true, None, Some(format!("nothing to decide: {undecided}")))
    }

    /// How many examples the metric is a share of, or what is missing.
    fn counted(&self, metric: &str) -> Result<u64, &'static str> {
        let examples = self.examples.ok_or("`examples` is not given");
        let positives = self.facts.positives.ok_or("`positives` is not given");
        match metric {
            "accuracy" | "error_rate" | "exact_match" => examples,
            "recall" => positives,
            "specificity" => Ok(examples? - positives?),
            "recall:weighted" | "f1:micro" | "precision:micro" | "recall:micro" if self.one_label() => {
                examples
            }
            _ if metric.starts_with("top_k_accuracy@") || metric.starts_with("top_k_error@") => examples,
            // A test triple is often two queries, one for either end.
            _ if metric.starts_with("hits@") => Ok(examples?.saturating_mul(2)),
            _ => match metric.strip_prefix("recall:class=") {
                Some(class) => self
                    .facts
                    .supports
                    .get(class)
                    .copied()
                    .ok_or("`supports` is not given"),
                None => Err(NO_RULE),
            },
        }
    }

    /// All claims of the set together.
    pub(super) fn together(&self) -> SetAudit {
        SetAudit {
            claims: self.members.iter().map(|(_, claim)| claim.id.clone()).collect(),
            finding: self.finding(),
        }
    }

    fn finding(&self) -> Finding {
        if let Some(metric) = self.said_twice() {
            return Finding::Undecided {
                why: format!("`{metric}` has several values: name the `model` of each claim"),
            };
        }
        let by_order = ordering::smallest(self);
        match (algebra::finding(self), by_order) {
            (Finding::Contradicts { claims, why }, Some((members, said))) => {
                if members.len() <= claims.len() {
                    self.contradiction(&members, said)
                } else {
                    Finding::Contradicts { claims, why }
                }
            }
            (_, Some((members, why))) => self.contradiction(&members, why),
            // What is no confusion matrix of two classes has only relations, and none is broken.
            (Finding::Undecided { .. }, None) if !self.may_be_matrix() => Finding::Fits(None),
            (found, None) => found,
        }
    }

    /// The claims at these places among the members contradict each other.
    pub(super) fn contradiction(&self, members: &[usize], why: String) -> Finding {
        let ids = members.iter().filter_map(|index| self.members.get(*index));
        Finding::Contradicts {
            claims: ids.map(|(_, claim)| claim.id.clone()).collect(),
            why,
        }
    }

    /// A metric that has two values where nobody says of which model: then there are several.
    fn said_twice(&self) -> Option<&str> {
        let differing = |(place, (_, claim)): &(usize, &(usize, &AuditClaim))| {
            let others = self.members.iter().skip(place + 1);
            let span = Span::printed(&claim.value);
            let mut same = others.filter(|(_, other)| other.metric == claim.metric);
            same.any(|(_, other)| {
                !(span.meets(Span::printed(&other.value)) || claim.one_model && other.one_model)
            })
        };
        let found = self.members.iter().enumerate().find(differing);
        found.map(|(_, (_, claim))| claim.metric.as_str())
    }

    /// The places among the members, and the intervals, of the claims about `metric`.
    pub(super) fn of(&self, metric: &str) -> Vec<(usize, Span)> {
        let members = self.members.iter().enumerate();
        let of_metric = members.filter(|(_, (_, claim))| claim.metric == metric);
        of_metric
            .map(|(index, (_, claim))| (index, Span::printed(&claim.value)))
            .collect()
    }
}

/// The only value, if all are equal.
fn one<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}
