//! The report for a terminal.

use std::time::Duration;

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table as Grid, TableStyle,
};

use super::words::{beside, bytes, count, duration, measured_interval, one_line, score, share};
use super::{Look, Renderer, Report};
use crate::judge::{Check, ClaimJudgement, Outcome, Status, Verdict};
use crate::manifest::Claim;

/// One line below the header, none between rows.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Tables for a terminal; colour never carries meaning alone.
#[derive(Debug)]
pub(super) struct Table;

impl Renderer for Table {
    fn name(&self) -> &'static str {
        "text"
    }

    fn file(&self) -> Option<&'static str> {
        None
    }

    fn render(&self, report: &Report, look: Look) -> String {
        let mut parts = vec![heading(report), claims(report, look).to_string()];
        parts.extend(why(report));
        parts.push(checks(report, look).to_string());
        parts.push(conclusion(report, look));
        parts.join("\n")
    }
}

fn grid(look: Look) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(look.width);
    if look.color {
        grid.enforce_styling();
    } else {
        grid.force_no_tty();
    }
    grid
}

fn heading(report: &Report) -> String {
    let paper = &report.manifest.paper;
    let year = paper.year.map(|year| format!(" ({year})")).unwrap_or_default();
    format!("\n{}{year}\n", one_line(&paper.title))
}

fn claims(report: &Report, look: Look) -> Grid {
    let mut grid = grid(look);
    grid.set_header([
        "claim",
        "claimed",
        "measured",
        "90 % interval",
        "of the claim",
        "outcome",
        "score",
    ]);
    for (claim, judged) in report.manifest.claims.iter().zip(&report.judgement.claims) {
        grid.add_row(claim_row(claim, judged, look));
    }
    for column in [1, 2, 3, 4, 6] {
        if let Some(column) = grid.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    grid
}

fn claim_row(claim: &Claim, judged: &ClaimJudgement, look: Look) -> Vec<Cell> {
    let dash = || "–".to_owned();
    let place = claim
        .location
        .as_ref()
        .map(|place| format!(" ({})", one_line(place)))
        .unwrap_or_default();
    let measured = judged
        .measured
        .as_ref()
        .map_or_else(dash, |sample| beside(&claim.value, sample.mean, 1));
    let interval = measured_interval(claim, judged).map_or_else(
        || {
            if judged.measured.is_some() {
                "single run".to_owned()
            } else {
                dash()
            }
        },
        |(low, high)| {
            if low >= high {
                "deterministic".to_owned()
            } else {
                format!(
                    "{} to {}",
                    beside(&claim.value, low, 1),
                    beside(&claim.value, high, 1)
                )
            }
        },
    );
    let floor_unknown = judged.score.is_some() && judged.floor.is_none();
    vec![
        Cell::new(format!("{}{place}", claim.id)),
        Cell::new(one_line(&claim.value.text)),
        Cell::new(measured),
        Cell::new(interval),
        Cell::new(judged.ratio.map_or_else(dash, share)),
        painted(&outcome(judged), outcome_color(judged.outcome), look),
        Cell::new(judged.score.map_or_else(dash, |score| {
            format!("{score:.1}{}", if floor_unknown { "*" } else { "" })
        })),
    ]
}

fn painted(text: &str, color: Color, look: Look) -> Cell {
    let cell = Cell::new(text);
    if look.color {
        cell.fg(color).add_attribute(Attribute::Bold)
    } else {
        cell
    }
}

fn outcome(judged: &ClaimJudgement) -> String {
    if let Outcome::NotRun(reason) = judged.outcome {
        format!("not-run: {reason}")
    } else if judged.exact {
        format!("{}, same digits", judged.outcome.code())
    } else {
        judged.outcome.code().to_owned()
    }
}

fn outcome_color(outcome: Outcome) -> Color {
    match outcome {
        Outcome::Reproduced | Outcome::Better => Color::Green,
        Outcome::Partial | Outcome::Inconclusive => Color::Yellow,
        Outcome::NotReproduced | Outcome::Impossible => Color::Red,
        Outcome::NotRun(_) => Color::Blue,
    }
}

/// What stands behind each claim that is not simply reproduced.
fn why(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for judged in &report.judgement.claims {
        if let Some(unmeasured) = &judged.unmeasured {
            lines.push(format!(
                "  {}: {} — {}",
                judged.id,
                unmeasured.fault,
                one_line(&unmeasured.detail)
            ));
            lines.extend(
                unmeasured
                    .hint
                    .iter()
                    .map(|hint| format!("    hint: {}", one_line(hint))),
            );
        } else if judged.outcome != Outcome::Reproduced {
            lines.extend(
                judged
                    .reasons
                    .iter()
                    .map(|reason| format!("  {}: {}", judged.id, one_line(reason))),
            );
        }
    }
    if report
        .judgement
        .claims
        .iter()
        .any(|judged| judged.score.is_some() && judged.floor.is_none())
    {
        lines.push("  * floor unknown: the score is the share of the claim".to_owned());
    }
    lines.push(String::new());
    lines
}

fn checks(report: &Report, look: Look) -> Grid {
    let mut grid = grid(look);
    grid.set_header(["trust check", "status", "why"]);
    for check in &report.judgement.checks {
        let (status, color) = status(check);
        grid.add_row(vec![
            Cell::new(check.id.code()),
            painted(status, color, look),
            Cell::new(one_line(&check.reason)),
        ]);
    }
    grid
}

fn status(check: &Check) -> (&'static str, Color) {
    let color = match check.status {
        Status::Pass => Color::Green,
        Status::Fail => Color::Red,
        Status::Unknown(_) => Color::Yellow,
        Status::Waived => Color::Cyan,
    };
    (check.status.code(), color)
}

fn conclusion(report: &Report, look: Look) -> String {
    let judgement = &report.judgement;
    let mut lines = vec![
        String::new(),
        format!("verdict  {}", verdict(judgement.ruling.verdict, look)),
        format!("score    {}", score(&judgement.score)),
        format!("trust    {} of 10 checks pass", judgement.passed()),
        format!("cost     {}", cost(report)),
    ];
    lines.extend(
        judgement
            .adoption
            .iter()
            .map(|answer| format!("adopt?   {}", one_line(&answer.sentence))),
    );
    lines.extend(listed("because", &judgement.ruling.because));
    lines.extend(listed(
        "keeps it from trusted",
        &judgement.ruling.keeps_from_trusted,
    ));
    lines.extend(next_steps(report));
    lines.push(String::new());
    lines.push(format!("report   {}", report.folder.join("report.md").display()));
    lines.join("\n")
}

fn verdict(verdict: Verdict, look: Look) -> String {
    let code = verdict.code();
    if !look.color {
        return code.to_owned();
    }
    let color = match verdict {
        Verdict::Trusted => 32,
        Verdict::Caution | Verdict::Unverified => 33,
        Verdict::Untrusted => 31,
    };
    format!("\x1b[1;{color}m{code}\x1b[0m")
}

fn cost(report: &Report) -> String {
    let cost = &report.judgement.cost;
    let reused = report.steps.iter().filter(|run| run.reused).count();
    let mut text = format!(
        "{} of steps, {} of CPU, {} peak memory",
        duration(cost.wall),
        duration(Duration::from_secs_f64(cost.cpu_hours * 3600.0)),
        bytes(cost.peak_memory)
    );
    if reused > 0 {
        text.push_str(&format!("; {} reused", count(reused, "step run")));
    }
    if let (Some(amount), Some(currency)) = (cost.amount, &cost.currency) {
        text.push_str(&format!("; {amount:.2} {currency}"));
    }
    text
}

fn listed(title: &str, items: &[String]) -> Vec<String> {
    if items.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), format!("{title}:")];
    lines.extend(items.iter().map(|item| format!("  - {}", one_line(item))));
    lines
}

/// What would turn the checks that do not pass into passes.
fn next_steps(report: &Report) -> Vec<String> {
    let remedies = report.judgement.checks.iter().filter_map(|check| {
        let remedy = check.remedy.as_ref()?;
        Some(format!("{}: {}", check.id.code(), one_line(remedy)))
    });
    listed("what to do next", &remedies.collect::<Vec<_>>())
}
