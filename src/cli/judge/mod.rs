//! `reproof judge`: the statistics alone, on numbers given on the command line or in a file.

mod cases;
mod row;

use reproof::judge::{ClaimJudgement, Numbers, numbers};
use reproof::manifest::{Printed, Tolerance};
use reproof::measure::{self, Direction, MetricInfo};

use self::row::Row;
use super::exit::Exit;
use super::terminal::Terminal;
use super::{DirectionChoice, Format, JudgeArguments};

/// Judges one claim, or a file of them.
pub(super) fn judge(wanted: &JudgeArguments, format: Format, terminal: &Terminal) -> Exit {
    if let Some(file) = &wanted.cases {
        return cases::judge(file, terminal);
    }
    match Case::of(wanted).and_then(Case::judged) {
        Ok(judgement) => {
            terminal.result(&match format {
                Format::Json => format!("{:#}\n", Row::of(&judgement).value()),
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

/// One claim with its measurements, as given.
struct Case<'a> {
    metric: &'a str,
    claimed: &'a str,
    claimed_runs: Option<u32>,
    measured: Vec<f64>,
    floor: Option<f64>,
    tolerance: Option<&'a str>,
    direction: Option<DirectionChoice>,
    anytime: bool,
}

impl<'a> Case<'a> {
    fn of(wanted: &'a JudgeArguments) -> Result<Self, Wrong> {
        let measured = wanted.measured.iter().map(|text| measurement(text));
        Ok(Self {
            metric: wanted.metric.as_deref().unwrap_or_default(),
            claimed: wanted.claimed.as_deref().unwrap_or_default(),
            claimed_runs: wanted.claimed_runs,
            measured: measured.collect::<Result<_, _>>()?,
            floor: wanted.floor,
            tolerance: wanted.tolerance.as_deref(),
            direction: wanted.direction,
            anytime: wanted.anytime,
        })
    }

    fn judged(self) -> Result<ClaimJudgement, Wrong> {
        let metric = metric(self.metric, self.direction)?;
        let claimed = Printed::parse(self.claimed).map_err(|error| format!("--claimed: {error}"))?;
        let tolerance = self.tolerance.map(|text| Tolerance::parse(text, &claimed));
        let tolerance = tolerance
            .transpose()
            .map_err(|error| format!("--tolerance: {error}"))?;
        if self.claimed_runs == Some(0) {
            return Err("--claimed-runs: a value has at least one run behind it"
                .to_owned()
                .into());
        }
        let (low, high) = metric.range;
        if !(low..=high).contains(&claimed.value) {
            let (value, name) = (claimed.value, &metric.name);
            return Err(Wrong {
                message: format!("--claimed: {value} lies outside the range of `{name}`, {low} to {high}"),
                hint: Some("write `%` behind a value that is printed in per cent"),
            });
        }
        Ok(numbers(&Numbers {
            metric: &metric,
            claimed,
            claimed_runs: self.claimed_runs,
            measured: self.measured,
            floor: self.floor,
            tolerance,
            anytime: self.anytime,
        }))
    }
}

/// A measured value as a fraction; it may be written in per cent.
fn measurement(text: &str) -> Result<f64, Wrong> {
    let text = text.trim();
    match (text.parse::<f64>(), text.ends_with('%')) {
        (Ok(value), _) if value.is_finite() => Ok(value),
        (Ok(value), _) => Err(format!("--measured: {value} is not a measurement").into()),
        (Err(_), true) => Printed::parse(text)
            .map(|printed| printed.value)
            .map_err(|error| format!("--measured: {error}").into()),
        (Err(_), false) => Err(format!("--measured: `{text}` is not a number").into()),
    }
}

fn metric(name: &str, direction: Option<DirectionChoice>) -> Result<MetricInfo, Wrong> {
    if let Some(info) = measure::info(name) {
        return Ok(info);
    }
    let direction = match direction {
        Some(DirectionChoice::Higher) => Direction::HigherIsBetter,
        Some(DirectionChoice::Lower) => Direction::LowerIsBetter,
        None => {
            let names = measure::names();
            let near = reproof::manifest::nearest(name, &names);
            let near = near
                .map(|name| format!("; did you mean `{name}`?"))
                .unwrap_or_default();
            return Err(Wrong {
                message: format!("unknown metric `{name}`{near}"),
                hint: Some(
                    "a metric that reproof does not know needs `--direction higher` or `--direction lower`",
                ),
            });
        }
    };
    Ok(MetricInfo {
        name: name.to_owned(),
        direction,
        range: (f64::NEG_INFINITY, f64::INFINITY),
        floor: None,
        computed: false,
    })
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
    let kind = judged
        .looked_from
        .map_or("90 %", |_| "90 %, at all looks together");
    row(
        "interval",
        judged
            .interval
            .map(|interval| format!("{:+.6} to {:+.6} ({kind})", interval.low, interval.high)),
    );
    row("margin", judged.margin.as_ref().map(ToString::to_string));
    row("se", judged.se.map(|se| format!("{se:.6}")));
    row("df", judged.df.map(|df| format!("{df:.2}")));
    row(
        "more runs",
        judged.more_runs_needed.map(|runs| format!("{runs} would decide")),
    );
    for look in &judged.looks {
        row(
            &format!("after {}", look.runs),
            Some(look.outcome.code().to_owned()),
        );
    }
    lines.extend(judged.unmeasured.iter().map(|why| format!("  {why}")));
    lines.extend(judged.reasons.iter().map(|reason| format!("  - {reason}")));
    lines.join("\n")
}
