//! Ten checks of whether a result can be relied on.
//!
//! A check collects findings, each with its own status; the worst of them is
//! the check's. What is not known is `unknown`, never a pass, and "could not be
//! run" never a failure.

mod checks;
mod results;

pub(super) use self::results::disagreement;

use std::fmt;

use jiff::civil::Date;

use super::compare::ClaimJudgement;
use super::evidence::Evidence;
use crate::manifest::Waiver;

/// One of the ten checks (judging.md §5), in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CheckId {
    /// The primary claims are reproduced, or better.
    Results,
    /// Every data set came from an open place, matched its hash and has a known licence.
    OpenData,
    /// The training was run again from scratch.
    Retrained,
    /// The model can be read, or its drivers are known and stable.
    Explainable,
    /// The pinned commit is reachable, licensed, complete and unmodified.
    Code,
    /// Every dependency is pinned by hash, as of the paper's date.
    Environment,
    /// Repeated runs agree, seeds are recorded and distinct, the spread is compatible with the claimed one.
    Stability,
    /// The reported number is the one that we recompute, and controls fall to the floor.
    Metric,
    /// No overlap, leakage or duplicates beyond the stated limits.
    DataHygiene,
    /// No code-running checkpoint was needed and nothing tried to get out.
    Safety,
}

impl CheckId {
    /// Every check, in the order of judging.md.
    pub const ALL: [Self; 10] = [
        Self::Results,
        Self::OpenData,
        Self::Retrained,
        Self::Explainable,
        Self::Code,
        Self::Environment,
        Self::Stability,
        Self::Metric,
        Self::DataHygiene,
        Self::Safety,
    ];

    /// The name that manifests, reports and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            Self::Results => "results",
            Self::OpenData => "open-data",
            Self::Retrained => "retrained",
            Self::Explainable => "explainable",
            Self::Code => "code",
            Self::Environment => "environment",
            Self::Stability => "stability",
            Self::Metric => "metric",
            Self::DataHygiene => "data-hygiene",
            Self::Safety => "safety",
        }
    }

    /// What a pass means, as a fragment.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Results => "the primary claims are reproduced, or better",
            Self::OpenData => "every data set is open, is the pinned one, and has a known licence",
            Self::Retrained => "the training was run again from scratch",
            Self::Explainable => "the model can be read, or its drivers are known and stable",
            Self::Code => "the pinned code is reachable, licensed, complete and unmodified",
            Self::Environment => "every dependency is pinned by hash, as of the paper's date",
            Self::Stability => "runs agree, seeds are distinct, the spread is as claimed",
            Self::Metric => {
                "the number is recomputed, agrees with the reported one, and controls fall to the floor"
            }
            Self::DataHygiene => "no overlap, leakage or duplicates beyond the limits",
            Self::Safety => "nothing that can run code was loaded, and nothing tried to get out",
        }
    }

    /// The check of this name.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.code() == code)
    }

    /// Whether the verdict `trusted` needs this check to pass.
    pub fn required(self) -> bool {
        match self {
            Self::Results | Self::OpenData | Self::Retrained | Self::Code | Self::Metric | Self::Safety => {
                true
            }
            Self::Explainable | Self::Environment | Self::Stability | Self::DataHygiene => false,
        }
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It cannot be said, for this reason.
    Unknown(Unknown),
    /// It does not hold, or cannot be said, and somebody answers for that.
    Waived,
}

impl Status {
    /// The word that reports and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown(_) => "unknown",
            Self::Waived => "waived",
        }
    }
}

/// Why a check cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unknown {
    /// Nobody has looked yet.
    NotExamined,
    /// What it rests on was not run or could not be had.
    NotRun,
    /// What it rests on was run and does not decide it.
    Inconclusive,
    /// There is one run only.
    SingleRun,
    /// The manifest, the paper or the code does not say.
    NotStated,
    /// Nothing held the programs, so nothing would have been seen.
    Unconfined,
}

impl Unknown {
    /// The code that reports and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotExamined => "not-examined",
            Self::NotRun => "not-run",
            Self::Inconclusive => "inconclusive",
            Self::SingleRun => "single-run",
            Self::NotStated => "not-stated",
            Self::Unconfined => "unconfined",
        }
    }
}

/// One check with its evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Which.
    pub id: CheckId,
    /// How it came out.
    pub status: Status,
    /// Why, in one line.
    pub reason: String,
    /// What that rests on: one line each.
    pub evidence: Vec<String>,
    /// What would turn it into a pass; `None` of a pass.
    pub remedy: Option<String>,
    /// Whether this failure alone makes the verdict `untrusted`.
    pub grave: bool,
}

/// One fact seen by a check.
#[derive(Clone, Debug)]
struct Finding {
    status: Status,
    text: String,
    remedy: Option<String>,
    grave: bool,
}

fn pass(text: impl Into<String>) -> Finding {
    Finding {
        status: Status::Pass,
        text: text.into(),
        remedy: None,
        grave: false,
    }
}

fn fail(text: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding {
        status: Status::Fail,
        text: text.into(),
        remedy: Some(remedy.into()),
        grave: false,
    }
}

fn grave(text: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding {
        grave: true,
        ..fail(text, remedy)
    }
}

fn unknown(why: Unknown, text: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding {
        status: Status::Unknown(why),
        ..fail(text, remedy)
    }
}

/// A claim that the verdict rests on, with what was made of it.
#[derive(Clone, Copy)]
struct Primary<'a> {
    evidence: &'a super::evidence::ClaimEvidence,
    judged: &'a ClaimJudgement,
}

/// The ten checks. `claims` are those of `evidence`, in the same order.
pub(super) fn checks(evidence: &Evidence, claims: &[ClaimJudgement]) -> Vec<Check> {
    let any = evidence.claims.iter().any(|claim| claim.primary);
    let pairs = evidence.claims.iter().zip(claims);
    let primary: Vec<_> = pairs
        .filter(|(claim, _)| claim.primary || !any)
        .map(|(evidence, judged)| Primary { evidence, judged })
        .collect();
    let measured = measured_by(evidence, claims, &primary);
    let check = |id| {
        let of_measured = matches!(id, CheckId::Stability | CheckId::Metric);
        let rests_on = if of_measured { &measured } else { &primary };
        let check = fold(id, &findings(id, evidence, rests_on));
        waive(check, &evidence.waivers, evidence.today)
    };
    CheckId::ALL.into_iter().map(check).collect()
}

/// The claims that the primary ones are measured by: a comparison rests on the two that it compares.
fn measured_by<'a>(
    evidence: &'a Evidence,
    claims: &'a [ClaimJudgement],
    primary: &[Primary<'a>],
) -> Vec<Primary<'a>> {
    let pair = |id: &str| {
        let mut pairs = evidence.claims.iter().zip(claims);
        pairs.find(|(claim, _)| claim.id == id && claim.compares.is_none())
    };
    let mut found: Vec<Primary<'a>> = Vec::new();
    for claim in primary {
        let ids = match &claim.evidence.compares {
            Some(compared) => vec![&compared.better, &compared.worse],
            None => {
                found.push(*claim);
                continue;
            }
        };
        for (evidence, judged) in ids.into_iter().filter_map(|id| pair(id)) {
            if !primary
                .iter()
                .chain(&found)
                .any(|known| std::ptr::eq(known.evidence, evidence))
            {
                found.push(Primary { evidence, judged });
            }
        }
    }
    found
}

fn findings(id: CheckId, evidence: &Evidence, primary: &[Primary<'_>]) -> Vec<Finding> {
    match id {
        CheckId::Results => results::results(primary),
        CheckId::OpenData => checks::open_data(&evidence.data),
        CheckId::Retrained => checks::retrained(&evidence.training, primary),
        CheckId::Explainable => checks::explainable(evidence.explanation.as_ref()),
        CheckId::Code => checks::code(&evidence.code),
        CheckId::Environment => checks::environment(&evidence.environment),
        CheckId::Stability => results::stability(primary),
        CheckId::Metric => results::metric(primary),
        CheckId::DataHygiene => checks::hygiene(evidence.hygiene.as_ref(), primary),
        CheckId::Safety => checks::safety(&evidence.safety),
    }
}

/// The worst finding decides: a failure before an unknown before a pass.
fn fold(id: CheckId, findings: &[Finding]) -> Check {
    let failed = findings.iter().any(|finding| finding.status == Status::Fail);
    let worst = findings.iter().find(|finding| match finding.status {
        Status::Fail => true,
        Status::Unknown(_) => !failed,
        Status::Pass | Status::Waived => false,
    });
    Check {
        id,
        status: worst.map_or(Status::Pass, |finding| finding.status),
        reason: worst.map_or_else(|| id.meaning().to_owned(), |finding| finding.text.clone()),
        evidence: findings.iter().map(|finding| finding.text.clone()).collect(),
        remedy: worst.and_then(|finding| finding.remedy.clone()),
        grave: failed && findings.iter().any(|finding| finding.grave),
    }
}

/// A waiver of a check that does not pass, as long as it has not expired; a pass needs none.
fn waive(mut check: Check, waivers: &[Waiver], today: Date) -> Check {
    if check.status == Status::Pass {
        return check;
    }
    for waiver in waivers.iter().filter(|waiver| waiver.check == check.id.code()) {
        let Waiver {
            author,
            reason,
            expires,
            ..
        } = waiver;
        if *expires >= today {
            check.status = Status::Waived;
            check.grave = false;
            check.reason = format!("waived by {author} until {expires}: {reason}");
            return check;
        }
        check
            .evidence
            .push(format!("a waiver by {author} expired on {expires}"));
    }
    check
}

#[cfg(test)]
mod tests;
