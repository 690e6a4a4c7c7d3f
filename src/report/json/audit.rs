//! What arithmetic says of the claims alone: the same rows for `reproof audit` and the run record.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::audit::{Audit, ClaimAudit, Finding, SetAudit};

/// What `reproof audit --format json` prints of one manifest.
pub fn audit_value(audit: &Audit) -> Value {
    serde_json::to_value(AuditRow::of(audit)).unwrap_or_default()
}

/// The claims by arithmetic alone.
#[derive(JsonSchema, Serialize)]
pub(in crate::report) struct AuditRow<'a> {
    /// One row for each claim of the manifest, in its order.
    claims: Vec<ClaimAuditRow<'a>>,
    /// One row for each set of claims about the same predictions.
    sets: Vec<SetAuditRow<'a>>,
}

/// One claim by itself, and whether it stands against others.
#[derive(JsonSchema, Serialize)]
struct ClaimAuditRow<'a> {
    /// The claim.
    id: &'a str,
    /// Whether it can be true; what cannot be decided can.
    possible: bool,
    /// A count that it comes of, such as `171/178 = 96.07 → 96.1`.
    witness: Option<&'a str>,
    /// Why it is impossible, or why nothing can be decided.
    reason: Option<&'a str>,
}

/// Claims about the same predictions.
#[derive(JsonSchema, Serialize)]
struct SetAuditRow<'a> {
    /// Their ids.
    claims: &'a [String],
    /// Whether they can all be true; null if that cannot be decided.
    possible: Option<bool>,
    /// A confusion matrix that all of them come of, such as `tp 68 fn 3 / fp 4 tn 103`.
    witness: Option<String>,
    /// The fewest claims that contradict each other; empty if none do.
    contradiction: &'a [String],
    /// Why they contradict each other, or why it cannot be decided.
    reason: Option<&'a str>,
}

impl<'a> AuditRow<'a> {
    pub(in crate::report) fn of(audit: &'a Audit) -> Self {
        Self {
            claims: audit.claims.iter().map(claim).collect(),
            sets: audit.sets.iter().map(set).collect(),
        }
    }
}

fn claim(claim: &ClaimAudit) -> ClaimAuditRow<'_> {
    ClaimAuditRow {
        id: &claim.id,
        possible: claim.possible,
        witness: claim.witness.as_deref(),
        reason: claim.reason.as_deref(),
    }
}

fn set(set: &SetAudit) -> SetAuditRow<'_> {
    let (possible, witness, contradiction, reason) = match &set.finding {
        Finding::Fits(witness) => (
            Some(true),
            witness.map(|witness| witness.to_string()),
            &[][..],
            None,
        ),
        Finding::Contradicts { claims, why } => (Some(false), None, claims.as_slice(), Some(why.as_str())),
        Finding::Undecided { why } => (None, None, &[][..], Some(why.as_str())),
    };
    SetAuditRow {
        claims: &set.claims,
        possible,
        witness,
        contradiction,
        reason,
    }
}
