//! `reproof judge`: the statistics alone, on numbers given on the command line.

use reproof::judge::{ClaimJudgement, Numbers, numbers};
use reproof::manifest::{Printed, Tolerance};
use reproof::measure::{self, Direction, MetricInfo};
use serde_json::json;

use super::exit::Exit;
use super::terminal::Terminal;
use super::{DirectionChoice, Format, JudgeArguments};

/// Judges one claim.
pub(super) fn judge(wanted: &JudgeArguments, format: Format, terminal: &Terminal) -> Exit {
    match judged(wanted) {
        Ok(judgement) => {
            terminal.result(&match format {
                Format::Json => json(&judgement),
                Format::Text => text(&judgement),
            });
            Exit::Success
        }
        Err(wrong) => {
            terminal.message("error", "31", &wrong.message);
            if let Some(hint) = wrong.hint {
                terminal.line("");
                terminal.message("hint", "36", hint);
            }
            Exit::Usage
        }
    }
}

/// An argument that makes no sense.
struct Wrong {
    message: String,
    hint: Option<&'static str>,
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        Self { message, hint: None }
    }
}

fn judged(wanted: &JudgeArguments) -> Result<ClaimJudgement, Wrong> {
    let metric = metric(wanted)?;
    let claimed = Printed::parse(&wanted.claimed).map_err(|error| format!("--claimed: {error}"))?;
    let tolerance = wanted
        .tolerance
        .as_deref()
        .map(|text| Tolerance::parse(text, &claimed));
    let tolerance = tolerance
        .transpose()
        .map_err(|error| format!("--tolerance: {error}"))?;
    if wanted.claimed_runs == Some(0) {
        return Err("--claimed-runs: a value has at least one run behind it"
            .to_owned()
            .into());
    }
    if let Some(bad) = wanted.measured.iter().find(|value| !value.is_finite()) {
        return Err(format!("--measured: {bad} is not a measurement").into());
    }
    Ok(numbers(&Numbers {
        metric: &metric,
        claimed,
        claimed_runs: wanted.claimed_runs,
        measured: wanted.measured.clone(),
        floor: wanted.floor,
        tolerance,
    }))
}

fn metric(wanted: &JudgeArguments) -> Result<MetricInfo, Wrong> {
    if let Some(info) = measure::info(&wanted.metric) {
        return Ok(info);
    }
    let direction = match wanted.direction {
        Some(DirectionChoice::Higher) => Direction::HigherIsBetter,
        Some(DirectionChoice::Lower) => Direction::LowerIsBetter,
        None => {
            let names = measure::names();
            let near = reproof::manifest::nearest(&wanted.metric, &names);
            let near = near
                .map(|name| format!("; did you mean `{name}`?"))
                .unwrap_or_default();
            return Err(Wrong {
                message: format!("unknown metric `{}`{near}", wanted.metric),
                hint: Some(
                    "a metric that reproof does not know needs `--direction higher` or `--direction lower`",
                ),
            });
        }
    };
    Ok(MetricInfo {
        name: wanted.metric.clone(),
        direction,
        range: (f64::NEG_INFINITY, f64::INFINITY),
        floor: None,
        computed: false,
    })
}

fn json(judged: &ClaimJudgement) -> String {
    let value = json!({
        "outcome": judged.outcome.code(),
        "exact": judged.exact,
        "ratio": judged.ratio,
        "score": judged.score,
        "difference": judged.difference,
        "interval": judged.interval.map(|interval| [interval.low, interval.high]),
        "margin": judged.margin.as_ref().map(|margin| margin.value),
        "df": judged.df,
        "se": judged.se,
        "runs": judged.runs,
        "more_runs_needed": judged.more_runs_needed,
        "smallest_gap": judged.smallest_gap,
        "implied_luck": judged.implied_luck,
        "reason": judged.unmeasured.as_ref().map(|why| json!({ "code": why.reason.code(), "detail": why.detail })),
        "reasons": judged.reasons,
    });
    format!("{value:#}\n")
}

fn text(judged: &ClaimJudgement) -> String {
    let mut lines = vec![format!(
        "{}{}",
        judged.outcome.code(),
        if judged.exact { ", same digits" } else { "" }
    )];
    let mut row = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(format!("  {name:<12} {value}"));
        }
    };
    row("score", judged.score.map(|score| format!("{score:.1} / 10")));
    row(
        "ratio",
        judged
            .ratio
            .map(|ratio| format!("{:.1} % of the claim", ratio * 100.0)),
    );
    row(
        "difference",
        judged.difference.map(|difference| format!("{difference:+.6}")),
    );
    row(
        "interval",
        judged
            .interval
            .map(|interval| format!("{:+.6} to {:+.6} (90 %)", interval.low, interval.high)),
    );
    row("margin", judged.margin.as_ref().map(ToString::to_string));
    row("se", judged.se.map(|se| format!("{se:.6}")));
    row("df", judged.df.map(|df| format!("{df:.2}")));
    row(
        "more runs",
        judged.more_runs_needed.map(|runs| format!("{runs} would decide")),
    );
    lines.extend(judged.unmeasured.iter().map(|why| format!("  {why}")));
    lines.extend(judged.reasons.iter().map(|reason| format!("  - {reason}")));
    lines.join("\n")
}
