//! Whether a judgement is good enough for what the reader asks of it.
//!
//! The answer becomes the exit code: the policy holds, it does not, or that could
//! not be decided, which is nobody's verdict.

use crate::error::Fault;
use crate::reason::Reason;
use crate::stats;

use super::Judgement;
use super::compare::{ALPHA, ClaimJudgement, EDGE, Outcome, sign};
use super::trust::{CheckId, Status};
use super::verdict::Verdict;

/// A named set of conditions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// The verdict is `trusted`.
    Adopt,
    /// The verdict is `trusted` or `caution`.
    #[default]
    Review,
    /// No claim is worse than in the previous run, and no check newly fails.
    Nightly,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Adopt, Self::Review, Self::Nightly];

    /// The name that `--require` takes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Review => "review",
            Self::Nightly => "nightly",
        }
    }

    /// The policy of this name.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.code() == code)
    }
}

/// Whether a policy holds, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It does: exit code 0.
    Holds(Vec<String>),
    /// It does not, and that is the paper's affair: exit code 1.
    Fails(Vec<String>),
    /// It could not be decided: exit code 3.
    Undecided(Vec<String>),
}

impl Decision {
    /// The exit code of judging.md §5.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Holds(_) => 0,
            Self::Fails(_) => 1,
            Self::Undecided(_) => 3,
        }
    }

    /// Why: one line each.
    pub fn reasons(&self) -> &[String] {
        match self {
            Self::Holds(reasons) | Self::Fails(reasons) | Self::Undecided(reasons) => reasons,
        }
    }
}

/// What a later run has to know of this one.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The rule set.
    pub rules: String,
    /// The claims.
    pub claims: Vec<ClaimSummary>,
    /// The checks that failed.
    pub failed: Vec<CheckId>,
}

/// What a later run has to know of a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimSummary {
    /// Its id.
    pub id: String,
    /// How it came out.
    pub outcome: Outcome,
    /// The measured values; empty if there are none.
    pub values: Vec<f64>,
}

impl Summary {
    /// The summary of `judgement`.
    pub fn of(judgement: &Judgement) -> Self {
        let claims = judgement.claims.iter().map(|claim| ClaimSummary {
            id: claim.id.clone(),
            outcome: claim.outcome,
            values: claim
                .measured
                .as_ref()
                .map(|sample| sample.values.clone())
                .unwrap_or_default(),
        });
        let failed = judgement
            .checks
            .iter()
            .filter(|check| check.status == Status::Fail);
        Self {
            rules: judgement.rules.to_owned(),
            claims: claims.collect(),
            failed: failed.map(|check| check.id).collect(),
        }
    }
}

/// Decides whether `policy` holds. Only `nightly` looks at the `previous` run.
pub fn decide(judgement: &Judgement, policy: Policy, previous: Option<&Summary>) -> Decision {
    match policy {
        Policy::Adopt => by_verdict(judgement, &[Verdict::Trusted]),
        Policy::Review => by_verdict(judgement, &[Verdict::Trusted, Verdict::Caution]),
        Policy::Nightly => nightly(judgement, previous),
    }
}

fn by_verdict(judgement: &Judgement, accepted: &[Verdict]) -> Decision {
    let ruling = &judgement.ruling;
    let mut reasons = vec![format!("the verdict is {}", ruling.verdict)];
    reasons.extend(ruling.because.iter().cloned());
    if accepted.contains(&ruling.verdict) {
        return Decision::Holds(reasons);
    }
    let open = match ruling.verdict {
        Verdict::Unverified => true,
        // what was checked is good, and the rest could not be run
        Verdict::Caution => judgement.checks.iter().all(|check| check.status != Status::Fail),
        Verdict::Trusted | Verdict::Untrusted => false,
    };
    let nobodys = judgement.primary().any(nobodys_fault);
    let empty = judgement.claims.is_empty();
    if open && (nobodys || empty) {
        Decision::Undecided(reasons)
    } else {
        Decision::Fails(reasons)
    }
}

/// Whether a claim is undecided for a reason that says nothing about the paper.
fn nobodys_fault(claim: &ClaimJudgement) -> bool {
    match claim.outcome {
        Outcome::Inconclusive => true,
        Outcome::NotRun(reason) => {
            let fault = claim.unmeasured.as_ref().map_or(Fault::Reproof, |why| why.fault);
            nobodys_reason(reason) || fault != Fault::Paper
        }
        Outcome::Reproduced
        | Outcome::Better
        | Outcome::Partial
        | Outcome::NotReproduced
        | Outcome::Impossible => false,
    }
}

/// Fetching, environment, machine and budget decide nothing about a paper, whoever has to act.
fn nobodys_reason(reason: Reason) -> bool {
    match reason {
        Reason::DataUnavailable
        | Reason::CodeUnavailable
        | Reason::Environment
        | Reason::OverBudget
        | Reason::NeedsGpu
        | Reason::Cancelled => true,
        Reason::StepFailed
        | Reason::Timeout
        | Reason::OutOfMemory
        | Reason::MeasurementMissing
        | Reason::MeasurementInvalid
        | Reason::UnsafeCheckpoint => false,
    }
}

/// How a claim stands against the previous run.
enum Change {
    Same,
    Worse(String),
    Unknown(String),
}

fn nightly(judgement: &Judgement, previous: Option<&Summary>) -> Decision {
    let Some(previous) = previous else {
        return Decision::Holds(vec!["there is no previous run to compare with".to_owned()]);
    };
    if previous.rules != judgement.rules {
        let text = format!(
            "the previous run was judged by the rules {}, this one by {}",
            previous.rules, judgement.rules
        );
        return Decision::Undecided(vec![text]);
    }
    let (mut worse, mut open, mut notes) = (newly_failing(judgement, previous), Vec::new(), Vec::new());
    for claim in &judgement.claims {
        match previous
            .claims
            .iter()
            .find(|before| before.id == claim.id)
            .map(|before| change(before, claim))
        {
            Some(Change::Worse(why)) => worse.push(why),
            Some(Change::Unknown(why)) => open.push(why),
            Some(Change::Same) => {}
            None => notes.push(format!("`{}` is new", claim.id)),
        }
    }
    let dropped = previous
        .claims
        .iter()
        .filter(|before| judgement.claims.iter().all(|claim| claim.id != before.id));
    notes.extend(
        dropped.map(|before| format!("`{}` was in the previous run and is not in this one", before.id)),
    );
    if !worse.is_empty() {
        Decision::Fails(worse)
    } else if !open.is_empty() {
        Decision::Undecided(open)
    } else {
        notes.push("no claim is worse than in the previous run and no check newly fails".to_owned());
        Decision::Holds(notes)
    }
}

fn newly_failing(judgement: &Judgement, previous: &Summary) -> Vec<String> {
    let failed = judgement
        .checks
        .iter()
        .filter(|check| check.status == Status::Fail);
    let new = failed.filter(|check| !previous.failed.contains(&check.id));
    new.map(|check| format!("{} newly fails: {}", check.id, check.reason))
        .collect()
}

fn change(before: &ClaimSummary, now: &ClaimJudgement) -> Change {
    let codes = format!(
        "`{}` was {} and is {}",
        now.id,
        before.outcome.code(),
        now.outcome.code()
    );
    let Some(sample) = &now.measured else {
        return match (before.values.is_empty(), nobodys_fault(now)) {
            (true, _) => Change::Same,
            (false, true) => Change::Unknown(codes),
            (false, false) => Change::Worse(codes),
        };
    };
    match test(&before.values, &sample.values, sign(now.direction)) {
        Some(Test { worse: true, gap }) => Change::Worse(format!("`{}` is worse by {gap}", now.id)),
        None if rank(now.outcome) < rank(before.outcome) => Change::Worse(codes),
        Some(Test { worse: false, .. }) | None => Change::Same,
    }
}

/// The one-sided comparison of two sets of runs.
struct Test {
    worse: bool,
    gap: String,
}

/// Welch's test at level α; without any spread, the plain difference. `None` where a spread is not known.
fn test(before: &[f64], now: &[f64], sign: f64) -> Option<Test> {
    let (was, is) = (stats::mean(before)?, stats::mean(now)?);
    let gap = sign * (was - is);
    let edge = EDGE * was.abs().max(is.abs());
    let (sd_was, sd_is) = (stats::sample_sd(before)?, stats::sample_sd(now)?);
    let welch = stats::welch((sd_was, before.len() as u64), (sd_is, now.len() as u64))?;
    let worse = match welch.df {
        Some(df) => gap > stats::t_quantile(1.0 - ALPHA, df)? * welch.se + edge,
        None => gap > edge,
    };
    Some(Test {
        worse,
        gap: super::words::short(gap),
    })
}

/// Larger is better; what was not run is neither, and is told apart before.
fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Better | Outcome::Reproduced => 4,
        Outcome::Inconclusive => 3,
        Outcome::Partial => 2,
        Outcome::NotReproduced => 1,
        Outcome::Impossible | Outcome::NotRun(_) => 0,
    }
}
