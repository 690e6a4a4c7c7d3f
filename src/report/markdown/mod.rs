//! The report that can be attached: its first section lets a new engineer start at once.
//!
//! It is read on GitHub, in model cards and in a terminal. Nothing that others
//! wrote becomes markup (`escape.rs`); what not every reader needs is folded.

mod audit;
mod data;
mod looks;
mod start;

use std::fmt::Write as _;

use crate::environment::Environment;
use crate::judge::{ClaimJudgement, Status};
use crate::manifest::{Claim, EnvironmentKind};
use crate::pipeline::StepRun;
use crate::report::escape::{block, code, markdown, one_line, prose};
use crate::report::words::{
    FLOOR_UNKNOWN, beside, bytes, chance, claim_score, cost, count, duration, interval, lost, measured,
    outcome, score, sentence, share,
};
use crate::report::{Look, Renderer, Report, replay};

/// Places of one claim that are listed.
const PLACES: usize = 5;

/// Changed files of one step that are listed.
const CHANGES: usize = 10;

/// Markdown for GitHub, model cards and documentation.
#[derive(Debug)]
pub(in crate::report) struct Markdown;

impl Renderer for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn file(&self) -> Option<&'static str> {
        Some("report.md")
    }

    fn render(&self, report: &Report, _: Look) -> String {
        let sections = [
            heading(report),
            start::start_here(report),
            claims(report),
            audit::section(&report.audit),
            looks::looks(report),
            data::section(report),
            trust(report),
            stages(report),
            environment(report),
            provenance(report),
        ];
        let sections: Vec<String> = sections
            .into_iter()
            .filter(|section| !section.is_empty())
            .collect();
        sections.join("\n")
    }
}

/// A part that opens when it is asked for.
fn folded(summary: &str, inside: &str) -> String {
    format!(
        "\n<details><summary>{summary}</summary>\n\n{}\n\n</details>\n",
        inside.trim_end()
    )
}

fn table(header: &[&str], rules: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n| {} |\n", header.join(" | "), rules.join(" | "));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

fn dash() -> String {
    "–".to_owned()
}

fn heading(report: &Report) -> String {
    let judgement = &report.judgement;
    let paper = &report.manifest.paper;
    let mut text = format!("# Reproduction report: {}\n\n", markdown(&paper.title));
    let mut about: Vec<String> = Vec::new();
    if !paper.authors.is_empty() {
        about.push(markdown(&paper.authors.join(", ")));
    }
    about.extend(paper.year.map(|year| year.to_string()));
    about.extend(paper.doi.iter().map(|doi| format!("doi {}", code(doi))));
    about.extend(paper.arxiv.iter().map(|id| format!("arXiv {}", code(id))));
    about.extend(paper.url.iter().map(|url| code(url)));
    if !about.is_empty() {
        let _ = writeln!(text, "{}\n", about.join(" · "));
    }
    let _ = writeln!(text, "| | |\n| --- | --- |");
    let mut row = |name: &str, value: &str| {
        let name = if name.is_empty() {
            String::new()
        } else {
            format!("**{name}**")
        };
        let _ = writeln!(text, "| {name} | {value} |");
    };
    row("Verdict", &format!("**{}**", judgement.ruling.verdict.code()));
    row("Score", &score(&judgement.score));
    lost(report).iter().for_each(|lost| row("", &prose(lost)));
    row("Trust", &format!("{} of 10 checks pass", judgement.passed()));
    row("Cost", &cost(report));
    if let Some(answer) = &judgement.adoption {
        row("Worth adopting?", &prose(&answer.sentence));
    }
    let ruling = &judgement.ruling;
    let because = ruling.because.iter();
    let because = because.filter(|why| !ruling.keeps_from_trusted.contains(why));
    text.push_str(&bullets("Because", because));
    text.push_str(&bullets(
        "What keeps it from `trusted`",
        ruling.keeps_from_trusted.iter(),
    ));
    text
}

fn bullets<'a>(title: &str, items: impl Iterator<Item = &'a String>) -> String {
    let items: String = items.map(|item| format!("- {}\n", prose(item))).collect();
    if items.is_empty() {
        items
    } else {
        format!("\n{title}:\n\n{items}")
    }
}

fn pairs(report: &Report) -> impl Iterator<Item = (&Claim, &ClaimJudgement)> {
    report.manifest.claims.iter().zip(&report.judgement.claims)
}

fn claims(report: &Report) -> String {
    let mut text = "## Claims\n\n".to_owned();
    let rows = pairs(report).map(|(claim, judged)| claim_row(claim, judged));
    let header = [
        "claim",
        "where",
        "metric",
        "claimed",
        "measured",
        "90 % interval",
        "of the claim",
        "outcome",
        "score",
    ];
    let rules = ["---", "---", "---", "---:", "---:", "---:", "---:", "---", "---:"];
    text.push_str(&table(&header, &rules, rows));
    if pairs(report).any(|(_, judged)| judged.score.is_some() && judged.floor.is_none()) {
        let _ = writeln!(text, "\n\\* {FLOOR_UNKNOWN}");
    }
    text.push_str(&folded("Each claim in detail", &details(report)));
    text
}

fn claim_row(claim: &Claim, judged: &ClaimJudgement) -> Vec<String> {
    vec![
        code(&claim.id),
        claim.location.as_deref().map_or_else(dash, markdown),
        code(&claim.metric),
        markdown(&claim.value.text),
        measured(claim, judged).unwrap_or_else(dash),
        interval(claim, judged).unwrap_or_else(dash),
        judged.ratio.map_or_else(dash, share),
        outcome(judged),
        claim_score(judged).map_or_else(dash, |score| score.replace('*', "\\*")),
    ]
}

fn details(report: &Report) -> String {
    let rows = pairs(report).zip(&report.measured);
    let parts = rows.map(|((claim, judged), found)| {
        let mut text = format!(
            "**{}**{}: {}\n\n",
            code(&claim.id),
            if judged.primary { "" } else { " (not primary)" },
            prose(&sentence(&claim.statement))
        );
        let mut line = |line: String| {
            let _ = writeln!(text, "- {line}");
        };
        if let Some(why) = &judged.unmeasured {
            line(format!(
                "Not measured, {}: {} (whose turn it is: {})",
                why.reason,
                prose(&why.detail),
                why.fault
            ));
            why.hint
                .iter()
                .for_each(|hint| line(format!("To try: {}", prose(hint))));
        }
        if let Some(margin) = &judged.margin {
            line(format!("Margin: {}", markdown(&margin.to_string())));
        }
        if let Some(floor) = &judged.floor {
            let value = beside(&claim.value, floor.value, 1);
            line(format!("Floor: {value}, from {}", floor.source.name()));
        }
        if let Some(chance) = chance(&report.judgement.claims, judged) {
            line(format!(
                "p value, in brackets after Benjamini–Hochberg: {}",
                markdown(&chance)
            ));
        }
        if judged.unmeasured.is_none() {
            let reasons = judged.reasons.iter().filter(|reason| *reason != FLOOR_UNKNOWN);
            reasons.for_each(|reason| line(prose(&sentence(reason))));
        }
        if let Ok(found) = found {
            let signature = found.runs.iter().find_map(|run| run.signature.as_ref());
            signature
                .iter()
                .for_each(|signature| line(format!("Metric: {}", code(signature))));
            let places = found.runs.iter().flat_map(|run| &run.places);
            let all = places.clone().count();
            let shown: Vec<String> = places.take(PLACES).map(|place| markdown(place)).collect();
            if !shown.is_empty() {
                let more = if all > PLACES { ", …" } else { "" };
                line(format!("Read from: {}{more}", shown.join(", ")));
            }
        }
        text
    });
    parts.collect::<Vec<_>>().join("\n")
}

fn trust(report: &Report) -> String {
    let checks = &report.judgement.checks;
    let rows = checks.iter().map(|check| {
        let status = match check.status {
            Status::Unknown(why) => format!("unknown ({})", why.code()),
            Status::Pass | Status::Fail | Status::Waived => check.status.code().to_owned(),
        };
        vec![
            check.id.code().to_owned(),
            status,
            prose(&check.reason),
            check.remedy.as_deref().map_or_else(dash, prose),
        ]
    });
    let header = ["check", "status", "why", "what would make it pass"];
    let mut text = "## Trust\n\n".to_owned();
    text.push_str(&table(&header, &["---", "---", "---", "---"], rows));
    let evidence = checks.iter().flat_map(|check| {
        let lines = check.evidence.iter();
        lines.map(|line| format!("- {}: {}\n", check.id.code(), prose(line)))
    });
    let evidence: String = evidence.collect();
    if !evidence.is_empty() {
        text.push_str(&folded("What that rests on", &evidence));
    }
    text
}

fn stages(report: &Report) -> String {
    let rows = report.stages.iter().map(|stage| {
        vec![
            stage.stage.name().to_owned(),
            duration(stage.took),
            prose(&stage.reuse),
        ]
    });
    let mut text = "## Stages\n\n".to_owned();
    text.push_str(&table(
        &["stage", "time", "reused"],
        &["---", "---:", "---"],
        rows,
    ));
    let findings = findings(report);
    if !findings.is_empty() {
        let _ = write!(text, "\nFindings:\n\n{findings}");
    }
    let ended_well = report.steps.iter().filter(|run| run.result.is_ok()).count();
    let all = report.steps.len();
    let ended_well = if ended_well == all {
        "all ended well".to_owned()
    } else {
        format!("{ended_well} ended well")
    };
    let summary = format!("{}, {ended_well}", count(all, "step run"));
    text.push_str(&folded(&summary, &steps(report)));
    text
}

fn steps(report: &Report) -> String {
    let rows = report.steps.iter().map(|run| {
        let ending = match &run.result {
            Ok(_) => "succeeded".to_owned(),
            Err(why) => format!("**{}**", why.reason),
        };
        let tier = run.enforced.as_ref().map_or("–", |enforced| enforced.tier.name());
        vec![
            markdown(&run.execution.title()),
            ending,
            duration(run.spent.wall),
            duration(run.spent.cpu),
            bytes(run.spent.peak_memory),
            tier.to_owned(),
            prose(&run.reuse),
        ]
    });
    let header = [
        "step",
        "ending",
        "wall",
        "CPU",
        "peak memory",
        "sandbox",
        "reused",
    ];
    table(
        &header,
        &["---", "---", "---:", "---:", "---:", "---", "---"],
        rows,
    )
}

/// What a reader should know of the steps, the same finding of several runs once.
fn findings(report: &Report) -> String {
    let mut found: Vec<(&str, String, Vec<String>)> = Vec::new();
    for run in &report.steps {
        for text in findings_of(run) {
            let (step, title) = (run.execution.step.as_str(), run.execution.title());
            let known = found
                .iter_mut()
                .find(|(of, said, _)| *of == step && *said == text);
            match known {
                Some((_, _, titles)) => titles.push(title),
                None => found.push((step, text, vec![title])),
            }
        }
    }
    let lines = found
        .into_iter()
        .map(|(step, text, titles)| match titles.as_slice() {
            [only] => format!("- {}: {text}\n", code(only)),
            several => format!("- {}, {} runs: {text}\n", code(step), several.len()),
        });
    lines.collect()
}

/// How one run of a step failed, what it tried, what it changed.
fn findings_of(run: &StepRun) -> Vec<String> {
    let mut found = Vec::new();
    if let Err(why) = &run.result {
        found.push(format!("**{}**: {}", why.reason, prose(&why.detail)));
    }
    let attempts = run.attempts.iter();
    found.extend(
        attempts.map(|attempt| format!("tried ({}): {}", attempt.kind.name(), markdown(&attempt.what))),
    );
    if let Ok(ran) = &run.result
        && !ran.changed.is_empty()
    {
        let shown = ran.changed.iter().take(CHANGES).map(|change| markdown(change));
        let more = if ran.changed.len() > CHANGES { ", …" } else { "" };
        let shown = shown.collect::<Vec<_>>().join(", ");
        found.push(format!("changed its working copy: {shown}{more}"));
    }
    found
}

fn environment(report: &Report) -> String {
    let mut text = "## Environment\n\n".to_owned();
    match &report.environment {
        Ok(built) => text.push_str(&built_environment(built)),
        Err(why) => {
            let _ = writeln!(text, "**{}**: {}", why.reason, prose(&why.detail));
        }
    }
    text
}

fn built_environment(built: &Environment) -> String {
    let python = built.python.as_ref();
    let python = python.map(|python| format!("Python {}", one_line(&python.full_version)));
    let mut text = match (built.kind, python) {
        (EnvironmentKind::None, _) | (_, None) => "- Nothing but what the operating system has\n".to_owned(),
        (EnvironmentKind::System, Some(python)) => {
            format!(
                "- The machine's own {}, with the packages that it had\n",
                markdown(&python)
            )
        }
        (EnvironmentKind::Uv, Some(python)) => format!(
            "- {}, isolated, built by uv from {} beside this report\n",
            markdown(&python),
            code(replay::ENVIRONMENT)
        ),
    };
    if let Some(as_of) = built.as_of {
        let _ = writeln!(text, "- Packages as of {as_of}");
    }
    for note in &built.notes {
        let _ = writeln!(text, "- {}", prose(&sentence(note)));
    }
    for wish in &built.wishes {
        let _ = writeln!(text, "- {}", prose(&wish.to_string()));
    }
    if !built.built_from_source.is_empty() {
        let names: Vec<String> = built.built_from_source.iter().map(|name| code(name)).collect();
        let _ = writeln!(text, "- Built from source, confined: {}", names.join(", "));
    }
    if !built.packages.is_empty() {
        let packages = built.packages.iter();
        let packages: Vec<String> = packages
            .map(|(name, version)| format!("{name}=={version}"))
            .collect();
        text.push_str(&folded(
            &count(packages.len(), "package"),
            &block("", &packages.join("\n")),
        ));
    }
    text
}

fn provenance(report: &Report) -> String {
    let mut text = "## Provenance\n\n".to_owned();
    let _ = writeln!(
        text,
        "- Run {} of {}, reproof {}, rules {}",
        code(&report.run),
        report.started,
        report.version,
        report.judgement.rules
    );
    let _ = writeln!(text, "- Manifest sha256 {}", code(&report.manifest.digest.hex()));
    let repository = code(&report.manifest.code.repository);
    match &report.code {
        Ok(pinned) => {
            let _ = writeln!(
                text,
                "- Code {repository} at {}, committed {}",
                code(pinned.commit.as_str()),
                pinned.committed
            );
            let _ = writeln!(
                text,
                "- Software Heritage {}, {}",
                code(&pinned.revision.to_string()),
                code(&pinned.directory.to_string())
            );
            for finding in &pinned.findings {
                let _ = writeln!(text, "- {}", prose(&sentence(&finding.to_string())));
            }
        }
        Err(why) => {
            let _ = writeln!(
                text,
                "- Code {repository}: **{}**: {}",
                why.reason,
                prose(&why.detail)
            );
        }
    }
    let _ = writeln!(text, "- Machine: kernel {}", code(&report.machine.kernel));
    text
}
