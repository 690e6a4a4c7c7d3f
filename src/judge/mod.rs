//! From evidence to an outcome for each claim, a score, ten checks and a verdict.
//!
//! Pure and total: no disk, no clock, no random numbers, no `Result`. What could
//! not be measured is a value with a reason; what cannot be computed is `None`
//! with a sentence that says why. No number in a [`Judgement`] is NaN or infinite,
//! whatever the evidence holds.
//!
//! The rules and their sources are in docs/judging.md, whose examples are run as
//! tests.

pub mod cleaned;
pub mod compare;
pub mod comparison;
pub mod cost;
pub mod dialect;
pub mod evidence;
pub mod looks;
pub mod luck;
mod many;
pub mod margin;
mod numbers;
pub mod policy;
pub mod precision;
pub mod score;
pub mod trust;
pub mod verdict;
mod words;

#[cfg(test)]
mod documented;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod references;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_comparisons;

pub use compare::{ClaimJudgement, Outcome, Sample};
pub use evidence::{ClaimEvidence, Evidence, Measured};
pub use looks::Look;
pub use luck::Luck;
pub use numbers::{Numbers, numbers};
pub use policy::{Decision, Policy, Summary, decide};
pub use score::Overall;
pub use trust::{Check, CheckId, Status};
pub use verdict::{Ruling, Verdict};

/// The rule set that every score carries; two scores of different rules are never compared silently.
pub const RULES: &str = "reproof-1";

/// All that was made of the evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The rule set.
    pub rules: &'static str,
    /// One for each claim of the evidence, in its order.
    pub claims: Vec<ClaimJudgement>,
    /// The overall score, with coverage and bounds.
    pub score: Overall,
    /// The ten checks, in the order of judging.md.
    pub checks: Vec<Check>,
    /// The verdict with its grounds.
    pub ruling: Ruling,
    /// What was used and what that costs.
    pub cost: cost::Cost,
    /// Whether it is worth its price; `None` where the manifest does not ask.
    pub adoption: Option<cost::AdoptionAnswer>,
}

impl Judgement {
    /// The claims that the verdict rests on: the primary ones, or all if there is none.
    pub fn primary(&self) -> impl Iterator<Item = &ClaimJudgement> {
        primary(&self.claims)
    }

    /// How many of the ten checks pass.
    pub fn passed(&self) -> usize {
        self.checks
            .iter()
            .filter(|check| check.status == Status::Pass)
            .count()
    }
}

/// Judges all claims and the study as a whole.
pub fn judge(evidence: &Evidence) -> Judgement {
    let mut claims: Vec<_> = evidence.claims.iter().map(compare::claim).collect();
    many::adjust(&mut claims);
    let weighted: Vec<_> = claims
        .iter()
        .map(|claim| (claim.id.clone(), claim.weight, claim.score))
        .collect();
    let checks = trust::checks(evidence, &claims);
    let cost = cost::Cost::of(&evidence.usage, evidence.prices.as_ref());
    let adoption = adoption(evidence, &claims, &cost);
    let ruling = verdict::rule(&primary(&claims).collect::<Vec<_>>(), &checks);
    Judgement {
        rules: RULES,
        score: score::overall(&weighted),
        claims,
        checks,
        ruling,
        cost,
        adoption,
    }
}

/// The primary claims, or all if there is none.
fn primary(claims: &[ClaimJudgement]) -> impl Iterator<Item = &ClaimJudgement> {
    let any = claims.iter().any(|claim| claim.primary);
    claims.iter().filter(move |claim| claim.primary || !any)
}

/// The adopter's question, where the manifest asks it of a claim that exists.
fn adoption(
    evidence: &Evidence,
    claims: &[ClaimJudgement],
    cost: &cost::Cost,
) -> Option<cost::AdoptionAnswer> {
    let asked = evidence.adoption.as_ref()?;
    let mut pairs = evidence.claims.iter().zip(claims);
    let (claim, judged) = pairs.find(|(claim, _)| claim.id == asked.claim && claim.compares.is_none())?;
    Some(cost::adoption(
        asked,
        claim,
        judged,
        cost,
        evidence.prices.as_ref(),
    ))
}
