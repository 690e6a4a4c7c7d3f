//! The report for a terminal.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table as Grid,
    TableStyle,
};

use super::escape::one_line;
use super::words::{
    FLOOR_UNKNOWN, chance, claim_score, cost, interval, lost, measured, outcome, score, seeds_line, share,
    wrapped,
};
use super::{Look, Renderer, Report};
use crate::judge::{Check, ClaimJudgement, Outcome, Status, Verdict};
use crate::manifest::Claim;

/// One line below the header, none between rows.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Columns between two cells.
const GAP: u16 = 2;

/// The narrowest column in which words are still read.
const NARROWEST: u16 = 18;

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
        let parts = [
            heading(report, look),
            claims(report, look),
            why(report, look),
            checks(report, look),
            conclusion(report, look),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}\n", parts.join("\n\n"))
    }
}

/// A table whose column `wide` gives way, and whose others never do; `None` where that leaves it too narrow to read.
fn grid(header: &[&str], rows: Vec<Vec<Cell>>, wide: usize, look: Look) -> Option<String> {
    let mut grid = Grid::new();
    grid.load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(look.width)
        .set_header(header)
        .add_rows(rows);
    if look.color {
        grid.enforce_styling();
    } else {
        grid.force_no_tty();
    }
    let widths = grid.column_max_content_widths();
    let fixed = widths.iter().enumerate().filter(|(index, _)| *index != wide);
    let taken: u16 = fixed.map(|(_, width)| width + GAP).sum();
    let wanted = widths.get(wide).copied().unwrap_or(0);
    if look.width < taken + wanted.min(NARROWEST) {
        return None;
    }
    for (index, column) in grid.column_iter_mut().enumerate() {
        // Between two cells comfy-table leaves one column of its own.
        column.set_padding((0, GAP - 1));
        if index != wide {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let text = grid.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    Some(lines.join("\n"))
}

/// Rows of plain text as a table; where that does not fit, each row in lines of its own.
///
/// The cells are shown as they are: others' text goes through [`super::one_line`] first. `wide` is the index of the
/// column that gives way.
pub fn table(header: &[&str], rows: &[Vec<String>], wide: usize, look: Look) -> String {
    let cells = rows.iter().map(|row| row.iter().map(Cell::new).collect());
    grid(header, cells.collect(), wide, look).unwrap_or_else(|| {
        let blocks = rows.iter().map(|row| {
            let (first, others) = row.split_first().map_or(("", row.as_slice()), |(a, b)| (a, b));
            let others: Vec<&str> = others
                .iter()
                .map(String::as_str)
                .filter(|cell| !cell.is_empty())
                .collect();
            format!("{first}\n{}", wrapped("  ", &others.join(", "), look.width))
        });
        blocks.collect::<Vec<_>>().join("\n")
    })
}

fn heading(report: &Report, look: Look) -> String {
    let paper = &report.manifest.paper;
    let year = paper.year.map(|year| format!(" ({year})")).unwrap_or_default();
    format!(
        "\n{}",
        wrapped("", &format!("{}{year}", one_line(&paper.title)), look.width)
    )
}

fn pairs(report: &Report) -> impl Iterator<Item = (&Claim, &ClaimJudgement)> {
    report.manifest.claims.iter().zip(&report.judgement.claims)
}

fn claims(report: &Report, look: Look) -> String {
    let header = [
        "claim",
        "claimed",
        "measured",
        "90 % interval",
        "of the claim",
        "outcome",
        "score",
    ];
    // The place in the paper is the first to go where there is little room.
    let rows = |name: fn(&Claim) -> String| {
        let rows = pairs(report).map(|(claim, judged)| claim_row(name(claim), claim, judged, look));
        rows.collect()
    };
    let table = grid(&header, rows(name), 0, look).or_else(|| grid(&header, rows(id), 0, look));
    let mut text = table.unwrap_or_else(|| {
        let blocks = pairs(report).map(|(claim, judged)| claim_block(claim, judged, look));
        blocks.collect::<Vec<_>>().join("\n")
    });
    let unknown = |judged: &ClaimJudgement| judged.score.is_some() && judged.floor.is_none();
    if report.judgement.claims.iter().any(unknown) {
        text.push_str(&format!("\n{}", wrapped("* ", FLOOR_UNKNOWN, look.width)));
    }
    let chances = chances(report);
    if !chances.is_empty() {
        text.push_str(&format!("\n{}", wrapped("", &chances, look.width)));
    }
    text
}

/// The p values of all claims, where several were tested.
fn chances(report: &Report) -> String {
    let claims = &report.judgement.claims;
    let each = claims.iter().filter_map(|judged| {
        let chance = chance(claims, judged)?;
        Some(format!("{} {chance}", judged.id))
    });
    let each: Vec<_> = each.collect();
    if each.is_empty() {
        return String::new();
    }
    let each = each.join(", ");
    format!("p values, in brackets after Benjamini–Hochberg: {each}")
}

/// The claim's id, and its place in the paper.
fn name(claim: &Claim) -> String {
    match &claim.location {
        Some(place) => format!("{} ({})", claim.id, one_line(place)),
        None => claim.id.clone(),
    }
}

fn id(claim: &Claim) -> String {
    claim.id.clone()
}

fn claim_row(name: String, claim: &Claim, judged: &ClaimJudgement, look: Look) -> Vec<Cell> {
    let dash = || "–".to_owned();
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    vec![
        Cell::new(name),
        right(one_line(&claim.value.text)),
        right(measured(claim, judged).unwrap_or_else(dash)),
        right(interval(claim, judged).unwrap_or_else(dash)),
        right(judged.ratio.map_or_else(dash, share)),
        painted(&outcome(judged), outcome_color(judged.outcome), look),
        right(claim_score(judged).unwrap_or_else(dash)),
    ]
}

/// One claim in lines, where a table does not fit.
fn claim_block(claim: &Claim, judged: &ClaimJudgement, look: Look) -> String {
    let mut facts = vec![outcome(judged)];
    facts.extend(claim_score(judged).map(|score| format!("score {score}")));
    facts.push(format!("claimed {}", one_line(&claim.value.text)));
    facts.extend(measured(claim, judged).map(|value| format!("measured {value}")));
    facts.extend(interval(claim, judged));
    facts.extend(judged.ratio.map(|ratio| format!("{} of the claim", share(ratio))));
    format!(
        "{}\n{}",
        wrapped("", &name(claim), look.width),
        wrapped("  ", &facts.join(", "), look.width)
    )
}

/// `text` in bold and in `color`, where colour may be used.
fn painted(text: &str, color: Color, look: Look) -> Cell {
    let cell = Cell::new(text);
    if look.color {
        cell.fg(color).add_attribute(Attribute::Bold)
    } else {
        cell
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
fn why(report: &Report, look: Look) -> String {
    let mut lines = Vec::new();
    for judged in &report.judgement.claims {
        let first = format!("{}: ", judged.id);
        if let Some(unmeasured) = &judged.unmeasured {
            let detail = format!("{} — {}", one_line(&unmeasured.detail), unmeasured.fault);
            lines.push(wrapped(&first, &detail, look.width));
            let hint = unmeasured.hint.iter();
            lines.extend(hint.map(|hint| wrapped("  hint: ", &one_line(hint), look.width)));
        } else if judged.outcome != Outcome::Reproduced {
            let reasons = judged.reasons.iter().filter(|reason| *reason != FLOOR_UNKNOWN);
            lines.extend(reasons.map(|reason| wrapped(&first, &one_line(reason), look.width)));
        } else if let Some(cleaned) = &judged.cleaned {
            lines.push(wrapped(&first, &one_line(&cleaned.sentence), look.width));
        }
    }
    lines.join("\n")
}

fn checks(report: &Report, look: Look) -> String {
    let checks = &report.judgement.checks;
    let rows = checks.iter().map(|check| {
        let (status, color) = status(check);
        vec![
            Cell::new(check.id.code()),
            painted(status, color, look),
            Cell::new(one_line(&check.reason)),
        ]
    });
    let header = ["trust check", "status", "why"];
    grid(&header, rows.collect(), 2, look).unwrap_or_default()
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
    let ruling = &judgement.ruling;
    let line = |title: &str, text: &str| wrapped(&format!("{title:<9}"), text, look.width);
    let mut lines = vec![
        format!("{:<9}{}", "verdict", verdict(ruling.verdict, look)),
        line("score", &score(&judgement.score)),
        line("trust", &format!("{} of 10 checks pass", judgement.passed())),
        line("cost", &cost(report)),
    ];
    lines.extend(lost(report).map(|lost| line("", &one_line(&lost))));
    let seeds = report.seeds.iter();
    lines.extend(seeds.map(|seeds| {
        line(
            "runs",
            &one_line(&format!("step {}: {}", seeds.step, seeds_line(seeds))),
        )
    }));
    let adoption = judgement.adoption.iter();
    lines.extend(adoption.map(|answer| line("adopt?", &one_line(&answer.sentence))));
    let because = ruling.because.iter();
    let because = because.filter(|why| !ruling.keeps_from_trusted.contains(why));
    lines.extend(listed("because", because.cloned(), look));
    lines.extend(listed(
        "keeps it from trusted",
        ruling.keeps_from_trusted.iter().cloned(),
        look,
    ));
    lines.extend(listed("what to do next", next_steps(report), look));
    lines.push(format!(
        "\nreport   {}",
        report.folder.join("report.md").display()
    ));
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

fn listed(title: &str, items: impl Iterator<Item = String>, look: Look) -> Vec<String> {
    let items: Vec<String> = items
        .map(|item| wrapped("  - ", &one_line(&item), look.width))
        .collect();
    if items.is_empty() {
        return items;
    }
    [vec![format!("\n{title}:")], items].concat()
}

/// What would turn the checks that do not pass into passes.
fn next_steps(report: &Report) -> impl Iterator<Item = String> {
    report.judgement.checks.iter().filter_map(|check| {
        let remedy = check.remedy.as_ref()?;
        Some(format!("{}: {remedy}", check.id.code()))
    })
}
