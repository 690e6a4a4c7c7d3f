//! What it all comes to, and what would make it better.

use std::fmt;

use super::compare::{ClaimJudgement, Outcome};
use super::trust::{Check, Status};

/// The verdict (judging.md §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The claims hold and everything that matters was checked.
    Trusted,
    /// Neither the best nor the worst can be said.
    Caution,
    /// The claims do not hold, or something is wrong with how they were made.
    Untrusted,
    /// Nothing was measured that decides.
    Unverified,
}

impl Verdict {
    /// The word that reports and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Caution => "caution",
            Self::Untrusted => "untrusted",
            Self::Unverified => "unverified",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A verdict with its grounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// The verdict.
    pub verdict: Verdict,
    /// Why this one: one line each.
    pub because: Vec<String>,
    /// All that keeps it from `trusted`; empty if it is.
    pub keeps_from_trusted: Vec<String>,
}

/// The first rule that applies. `primary` are the claims that the verdict rests on.
pub(super) fn rule(primary: &[&ClaimJudgement], checks: &[Check]) -> Ruling {
    let keeps_from_trusted = obstacles(primary, checks);
    let (untrusted, unverified) = (grounds_for_distrust(primary, checks), grounds_for_doubt(primary));
    let (verdict, because) = if !untrusted.is_empty() {
        (Verdict::Untrusted, untrusted)
    } else if !unverified.is_empty() {
        (Verdict::Unverified, unverified)
    } else if keeps_from_trusted.is_empty() {
        (
            Verdict::Trusted,
            vec!["every primary claim holds and every check that it needs passes".to_owned()],
        )
    } else {
        (Verdict::Caution, keeps_from_trusted.clone())
    };
    Ruling {
        verdict,
        because,
        keeps_from_trusted,
    }
}

fn grounds_for_distrust(primary: &[&ClaimJudgement], checks: &[Check]) -> Vec<String> {
    let failed = checks
        .iter()
        .filter(|check| check.grave && check.status == Status::Fail);
    let failed = failed.map(|check| format!("{}: {}", check.id, check.reason));
    // an impossible claim that is missed as well is no better than one that is missed
    let missed = primary
        .iter()
        .filter(|claim| claim.as_measured == Outcome::NotReproduced);
    let missed = missed.map(|claim| format!("`{}` is not-reproduced", claim.id));
    failed.chain(missed).collect()
}

/// Why nothing is decided; empty if something is.
fn grounds_for_doubt(primary: &[&ClaimJudgement]) -> Vec<String> {
    let decided =
        |claim: &&&ClaimJudgement| claim.measured.is_some() && claim.outcome != Outcome::Inconclusive;
    if primary.iter().find(decided).is_some() {
        return Vec::new();
    }
    if primary.is_empty() {
        return vec!["the manifest has no claim".to_owned()];
    }
    primary.iter().map(|claim| undecided(claim)).collect()
}

fn undecided(claim: &ClaimJudgement) -> String {
    match &claim.unmeasured {
        Some(why) => format!("`{}` has no measurement: {why}", claim.id),
        None => format!("`{}` is inconclusive", claim.id),
    }
}

/// A check's status as the end of a sentence that begins with its name.
fn said(status: Status) -> &'static str {
    match status {
        Status::Pass => "passes",
        Status::Fail => "fails",
        Status::Unknown(_) => "is unknown",
        Status::Waived => "is waived",
    }
}

/// What keeps the verdict from `trusted`: claims that do not hold, required checks that do not pass, any check that fails.
fn obstacles(primary: &[&ClaimJudgement], checks: &[Check]) -> Vec<String> {
    let none = primary.is_empty().then(|| "the manifest has no claim".to_owned());
    let claims = primary.iter().filter(|claim| !claim.outcome.holds());
    let claims = claims.map(|claim| format!("`{}` is {}", claim.id, claim.outcome.code()));
    let short = checks.iter().filter(|check| match check.status {
        Status::Pass => false,
        Status::Fail => true,
        Status::Unknown(_) | Status::Waived => check.id.required(),
    });
    let short = short.map(|check| format!("{} {}: {}", check.id, said(check.status), check.reason));
    none.into_iter().chain(claims).chain(short).collect()
}
