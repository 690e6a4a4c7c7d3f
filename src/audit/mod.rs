//! Claims against themselves and against each other, before anything is run.
//!
//! Only arithmetic is used: whether a value can come of so many examples, and whether values that share a test set can
//! come of one confusion matrix. An alarm is a proof: for whatever is not said, the reading that spares the claim
//! is taken, and what cannot be decided is called so. Each rule names its source.
//!
//! Pure and total: plain values in, plain values out; no manifest, no disk, no clock. The search counts its work and
//! gives up at a fixed amount, so that the same claims have the same answer on every machine.

mod algebra;
mod claim;
mod granularity;
mod multiclass;
mod ordering;
mod ranking;
mod relations;
mod score;
mod search;
mod set;
mod spread;
mod subset;
mod words;

use std::collections::BTreeMap;

use crate::manifest::Printed;

pub use search::Matrix;

/// A claim, as far as arithmetic can judge it.
#[derive(Clone, Debug)]
pub struct AuditClaim {
    /// Unique among the claims.
    pub id: String,
    /// The metric's canonical name ([`crate::measure::info`]).
    pub metric: String,
    /// The value as printed.
    pub value: Printed,
    /// The number of runs whose mean the value is; `None`: not said.
    pub runs: Option<u32>,
    /// The number of test examples of each run; `None`: not said.
    pub examples: Option<u64>,
    /// What else is said of the test set.
    pub facts: Facts,
    /// Claims of the same group are about the same predictions, as far as anybody said.
    pub group: String,
    /// Whether it is said which model this is: then claims of one group contradict each other where they differ.
    pub one_model: bool,
}

/// What is said of a test set besides its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Examples of the positive class.
    pub positives: Option<u64>,
    /// The number of classes.
    pub classes: Option<u32>,
    /// Examples of each class; empty: not said.
    pub supports: BTreeMap<String, u64>,
}

/// What arithmetic says of all claims.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audit {
    /// For each claim, in the order in which they were given.
    pub claims: Vec<ClaimAudit>,
    /// For each set of at least two claims about the same predictions, in the order of their first claims. Where some
    /// contradict each other, the others follow as a set of their own.
    pub sets: Vec<SetAudit>,
}

/// What arithmetic says of one claim.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimAudit {
    /// The claim.
    pub id: String,
    /// Whether it can be true; what cannot be decided can.
    pub possible: bool,
    /// A count or a matrix that it comes of, such as `171/178 = 96.07 → 96.1`.
    pub witness: Option<String>,
    /// Why it is impossible, or why nothing can be decided.
    pub reason: Option<String>,
}

/// What arithmetic says of the claims about the same predictions together.
#[derive(Clone, Debug, PartialEq)]
pub struct SetAudit {
    /// Their ids.
    pub claims: Vec<String>,
    /// What was found.
    pub finding: Finding,
}

/// What is found of a set.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Nothing contradicts; the counts that all the claims come of, where they were searched for.
    Fits(Option<Witness>),
    /// These claims cannot all be true, and no fewer contradict each other.
    Contradicts {
        /// Their ids.
        claims: Vec<String>,
        /// Why.
        why: String,
    },
    /// It cannot be decided.
    Undecided {
        /// Why, and what is missing.
        why: String,
    },
}

/// A confusion matrix that claims come of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The counts, summed over the runs.
    pub matrix: Matrix,
    /// How many runs they are summed over.
    pub runs: u64,
}

impl Audit {
    /// Whether every claim can be true.
    pub fn possible(&self) -> bool {
        self.claims.iter().all(|claim| claim.possible)
    }

    /// Why the claim called `id` is impossible; `None` where it is possible.
    pub fn impossible(&self, id: &str) -> Option<&str> {
        let found = self
            .claims
            .iter()
            .find(|claim| claim.id == id && !claim.possible)?;
        Some(found.reason.as_deref().unwrap_or("it contradicts itself"))
    }
}

/// Judges claims by arithmetic alone.
///
/// # Examples
///
/// ```
/// use reproof::audit::{AuditClaim, Facts, audit};
/// use reproof::manifest::Printed;
///
/// let claim = |text: &str| AuditClaim {
///     id: "a".to_owned(),
///     metric: "accuracy".to_owned(),
///     value: Printed::parse(text).expect("a number"),
///     runs: None,
///     examples: Some(178),
///     facts: Facts::default(),
///     group: String::new(),
///     one_model: false,
/// };
/// let found = audit(&[claim("96.1 %")]);
/// assert_eq!(found.claims[0].witness.as_deref(), Some("171/178 = 96.07 → 96.1"));
/// assert!(!audit(&[claim("96.3 %")]).possible());
/// ```
pub fn audit(claims: &[AuditClaim]) -> Audit {
    let mut found = Audit::default();
    let sets = set::group(claims);
    let mut rows: Vec<Option<ClaimAudit>> = claims.iter().map(|_| None).collect();
    for set in &sets {
        for (index, audited) in set.each_alone() {
            if let Some(row) = rows.get_mut(index) {
                *row = Some(audited);
            }
        }
    }
    found.claims = rows.into_iter().flatten().collect();
    for set in sets {
        settle(set, &mut found);
    }
    found
}

/// What the claims of a set say together; where some contradict each other, also what the others do.
fn settle(mut set: set::Set<'_>, found: &mut Audit) {
    while !set.members.is_empty() {
        let audited = set.together();
        set.explain(&audited.finding, &mut found.claims);
        let before = set.members.len();
        if let Finding::Contradicts { claims, why } = &audited.finding {
            mark(&mut found.claims, claims, why);
            set.members.retain(|(_, claim)| !claims.contains(&claim.id));
        }
        if before > 1 {
            found.sets.push(audited);
        }
        if set.members.len() == before {
            return;
        }
    }
}

/// Every claim of a contradiction is impossible, together with the others that it names.
fn mark(rows: &mut [ClaimAudit], contradiction: &[String], why: &str) {
    let members = rows.iter_mut().filter(|row| contradiction.contains(&row.id));
    for row in members.filter(|row| row.possible) {
        let others: Vec<&String> = contradiction.iter().filter(|id| **id != row.id).collect();
        row.possible = false;
        row.reason = Some(if others.is_empty() {
            why.to_owned()
        } else {
            format!("contradicts {}: {why}", words::ids(&others))
        });
    }
}

#[cfg(test)]
mod consistent;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod tests;
