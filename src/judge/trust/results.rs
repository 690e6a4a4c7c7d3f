//! The checks that rest on what was measured for the primary claims.

use std::collections::BTreeSet;

use super::super::compare::{ALPHA, ClaimJudgement, EDGE, Outcome, Sample};
use super::super::comparison;
use super::super::dialect::Whose;
use super::super::evidence::{Control, Measured, Reported};
use super::super::precision::ClaimedSpread;
use super::super::words::{apart, count, short};
use super::{Finding, Primary, Unknown, fail, grave, pass, unknown};
use crate::stats;

/// How many standard deviations of the permutations a control may lie off the floor.
const CONTROL_WIDTH: f64 = 4.0;

/// For each primary claim, or one unknown if there is none.
fn each(primary: &[Primary<'_>], check: impl Fn(&Primary<'_>) -> Vec<Finding>) -> Vec<Finding> {
    if primary.is_empty() {
        return vec![unknown(
            Unknown::NotStated,
            "the manifest has no claim",
            "state what the paper claims",
        )];
    }
    primary.iter().flat_map(check).collect()
}

/// For each measured primary claim; the others are `unknown`, with their reason.
fn each_measured(
    primary: &[Primary<'_>],
    check: impl Fn(&str, &Primary<'_>, &Measured, &Sample) -> Vec<Finding>,
) -> Vec<Finding> {
    each(primary, |claim| {
        match (&claim.evidence.measured, &claim.judged.measured) {
            (Ok(measured), Some(sample)) => check(&claim.judged.id, claim, measured, sample),
            _ => vec![not_run(claim.judged)],
        }
    })
}

fn not_run(judged: &ClaimJudgement) -> Finding {
    let why = judged.unmeasured.as_ref();
    let text = why.map_or_else(|| "it was not measured".to_owned(), ToString::to_string);
    let hint = why.and_then(|why| why.hint.clone());
    let remedy = hint.unwrap_or_else(|| format!("let the step of `{}` end well", judged.id));
    unknown(
        Unknown::NotRun,
        format!("`{}` has no measurement: {text}", judged.id),
        remedy,
    )
}

/// Check 1.
pub(super) fn results(primary: &[Primary<'_>]) -> Vec<Finding> {
    each(primary, |claim| {
        let judged = claim.judged;
        let text = format!("`{}` is {}", judged.id, judged.outcome.code());
        vec![match judged.outcome {
            Outcome::Reproduced | Outcome::Better => pass(text),
            Outcome::Partial | Outcome::NotReproduced => {
                fail(text, format!("find why `{}` falls short of the paper", judged.id))
            }
            Outcome::Impossible => fail(text, "ask the authors to correct the claim"),
            Outcome::Inconclusive => unknown(Unknown::Inconclusive, text, more_runs(judged)),
            Outcome::NotRun(_) => not_run(judged),
        }]
    })
}

fn more_runs(judged: &ClaimJudgement) -> String {
    if judged.comparison.is_some() {
        return comparison::remedy(judged);
    }
    match judged.more_runs_needed {
        Some(more) => format!("run about {} more", count(more, "seed")),
        None => "more runs of ours would not decide: ask the authors for more of theirs".to_owned(),
    }
}

/// Check 7.
pub(super) fn stability(primary: &[Primary<'_>]) -> Vec<Finding> {
    each_measured(primary, |id, claim, measured, sample| {
        let repeats = repeats(id, measured);
        let spread = match sample.sd {
            None if measured.deterministic == Some(true) => vec![],
            None => vec![unknown(
                Unknown::SingleRun,
                format!("`{id}` has a single run"),
                "run several seeds",
            )],
            Some(sd) => vec![
                seeds(id, measured, sample),
                spread(id, claim, measured, sd, sample.runs()),
            ],
        };
        repeats.into_iter().chain(spread).collect()
    })
}

fn repeats(id: &str, measured: &Measured) -> Option<Finding> {
    measured.deterministic.map(|same| {
        if same {
            pass(format!("`{id}`: the same seed gives the same outputs"))
        } else {
            // no failure by itself: the spread over the runs contains it
            pass(format!("`{id}`: the same seed does not give the same outputs"))
        }
    })
}

fn seeds(id: &str, measured: &Measured, sample: &Sample) -> Finding {
    let distinct: BTreeSet<_> = measured.seeds.iter().collect();
    let runs = sample.values.len();
    if measured.seeds.len() < runs {
        let text = format!("`{id}`: the seeds of its {runs} runs are not recorded");
        return unknown(
            Unknown::NotStated,
            text,
            "give the step `seeds` and hand `{seed}` to the program",
        );
    }
    if distinct.len() < measured.seeds.len() {
        return fail(
            format!("`{id}`: some of its {runs} runs share a seed"),
            "use distinct seeds",
        );
    }
    pass(format!("`{id}`: {runs} distinct seeds"))
}

/// Whether the spread over the runs is compatible with the claimed one, or with the margin where none is claimed.
fn spread(id: &str, claim: &Primary<'_>, measured: &Measured, sd: f64, runs: u64) -> Finding {
    let claimed = ClaimedSpread::of(&claim.evidence.claimed, claim.evidence.claimed_runs);
    match claimed {
        Some(claimed) if claimed.sd > 0.0 && sd > 0.0 => against_claimed(id, (sd, runs), claimed),
        Some(claimed) if claimed.sd > 0.0 => unchanged(id, measured),
        _ => against_margin(id, claim.judged, sd),
    }
}

fn against_claimed(id: &str, (sd, runs): (f64, u64), claimed: ClaimedSpread) -> Finding {
    let both = format!(
        "`{id}`: spread {} against the claimed {}",
        short(sd),
        short(claimed.sd)
    );
    match stats::variance_ratio_p((sd, runs), (claimed.sd, claimed.runs)) {
        Some(p) if p >= ALPHA => pass(format!("{both}, compatible (p = {})", short(p))),
        Some(p) => fail(
            format!("{both}, not compatible (p = {})", short(p)),
            "find out what the claimed spread is over: seeds, folds or examples",
        ),
        None => unknown(Unknown::Inconclusive, both, "run more seeds"),
    }
}

/// The paper says that runs differ, and here they do not.
fn unchanged(id: &str, measured: &Measured) -> Finding {
    let why = if measured.identical_outputs {
        "the seed is not used"
    } else {
        "all runs gave the same value"
    };
    unknown(
        Unknown::Inconclusive,
        format!("`{id}`: {why}, although the paper states a spread"),
        "hand `{seed}` to the program in a way that it uses",
    )
}

fn against_margin(id: &str, judged: &ClaimJudgement, sd: f64) -> Finding {
    let margin = judged.margin.as_ref().map_or(0.0, |margin| margin.value);
    let text = format!(
        "`{id}`: spread {} against a margin of {}",
        short(sd),
        short(margin)
    );
    if sd <= margin * (1.0 + EDGE) {
        pass(text)
    } else {
        fail(
            format!("{text}: runs differ by more than the claim allows"),
            "ask the authors for the spread of their runs",
        )
    }
}

/// Check 8.
pub(super) fn metric(primary: &[Primary<'_>]) -> Vec<Finding> {
    each_measured(primary, |id, claim, measured, sample| {
        if !measured.recomputed {
            let text = format!("`{id}` is the code's own word");
            let remedy = "let the step write its predictions and measure from them";
            return vec![unknown(Unknown::NotExamined, text, remedy)];
        }
        vec![
            reported(id, claim.judged, measured, sample),
            control(id, claim.judged, measured.permuted.as_ref()),
        ]
    })
}

fn reported(id: &str, judged: &ClaimJudgement, measured: &Measured, sample: &Sample) -> Finding {
    let Some(reported) = &measured.reported else {
        return pass(format!(
            "`{id}` is recomputed from predictions and our own labels"
        ));
    };
    let Some((says, is)) = disagreement(reported, sample) else {
        return pass(format!("`{id}`: the code reports what we recompute"));
    };
    let differs = format!("`{id}`: the code reports {says}, from its predictions follows {is}");
    let mut dialects = judged.dialects.iter();
    match dialects.find(|dialect| dialect.whose == Whose::Reported) {
        Some(dialect) => fail(
            format!("{differs}; explained by {}", dialect.explanation.words()),
            "name the metric as the code computes it",
        ),
        None => grave(differs, "find out how the code computes its number"),
    }
}

/// The first reported value that is not the recomputed one, both in words.
pub(in crate::judge) fn disagreement(reported: &Reported, sample: &Sample) -> Option<(String, String)> {
    if reported.values.len() != sample.values.len() {
        let [says, is] =
            [reported.values.len(), sample.values.len()].map(|values| count(values as u64, "value"));
        return Some((says, is));
    }
    let half = if reported.half_unit.is_finite() {
        reported.half_unit.max(0.0)
    } else {
        0.0
    };
    let differs = |(says, is): &(&f64, &f64)| {
        let slack = half + EDGE.sqrt() * 0.1 * is.abs(); // 3e-6: single precision is not a lie
        let off = (*says - *is).abs();
        off.is_nan() || off > slack
    };
    let (says, is) = reported.values.iter().zip(&sample.values).find(differs)?;
    Some(apart(*says, *is))
}

fn control(id: &str, judged: &ClaimJudgement, control: Option<&Control>) -> Finding {
    let (Some(control), Some(floor)) = (control, judged.floor) else {
        let what = if control.is_none() {
            "controls with permuted labels were not run"
        } else {
            "its floor is not known"
        };
        return unknown(
            Unknown::NotExamined,
            format!("`{id}`: {what}"),
            "run the controls with permuted labels",
        );
    };
    let text = format!(
        "`{id}`: with permuted labels {}, floor {}",
        short(control.value),
        short(floor.value)
    );
    // a mean over permutations may lie on the worse side of the floor, never clearly on the better one
    let above = super::super::compare::sign(judged.direction) * (control.value - floor.value);
    if above <= CONTROL_WIDTH * control.sd.abs() + EDGE {
        pass(text)
    } else {
        grave(
            format!("{text}: better than nothing without any labels"),
            "find out where the labels leak in",
        )
    }
}
