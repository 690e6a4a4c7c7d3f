//! The result of `reproof judge` as JSON: fields are added, never renamed.

use reproof::judge::{ClaimJudgement, Look};
use serde::Serialize;
use serde_json::{Value, json};

/// One judged claim. Numbers are in the metric's own unit: 0.83, not 83 %.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    outcome: &'static str,
    exact: bool,
    ratio: Option<f64>,
    score: Option<f64>,
    difference: Option<f64>,
    interval: Option<[f64; 2]>,
    margin: Option<f64>,
    df: Option<f64>,
    se: Option<f64>,
    runs: u64,
    more_runs_needed: Option<u64>,
    smallest_gap: Option<f64>,
    implied_luck: Option<f64>,
    implied_luck_interval: Option<(f64, Option<f64>)>,
    looks: Vec<LookRow>,
    reason: Option<Value>,
    reasons: &'a [String],
}

#[derive(Serialize)]
struct LookRow {
    runs: u64,
    difference: f64,
    interval: Option<[f64; 2]>,
    outcome: &'static str,
}

impl<'a> Row<'a> {
    pub(super) fn of(judged: &'a ClaimJudgement) -> Self {
        Self {
            outcome: judged.outcome.code(),
            exact: judged.exact,
            ratio: judged.ratio,
            score: judged.score,
            difference: judged.difference,
            interval: judged.interval.map(|interval| [interval.low, interval.high]),
            margin: judged.margin.as_ref().map(|margin| margin.value),
            df: judged.df,
            se: judged.se,
            runs: judged.runs,
            more_runs_needed: judged.more_runs_needed,
            smallest_gap: judged.smallest_gap,
            implied_luck: judged.implied_luck.map(|luck| luck.runs),
            implied_luck_interval: judged.implied_luck.and_then(|luck| luck.limits),
            looks: judged.looks.iter().map(look).collect(),
            reason: judged
                .unmeasured
                .as_ref()
                .map(|why| json!({ "code": why.reason.code(), "detail": why.detail })),
            reasons: &judged.reasons,
        }
    }

    pub(super) fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn look(look: &Look) -> LookRow {
    LookRow {
        runs: look.runs,
        difference: look.difference,
        interval: look.interval.map(|interval| [interval.low, interval.high]),
        outcome: look.outcome.code(),
    }
}
