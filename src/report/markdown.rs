//! The report that can be attached: its first section lets a new engineer start at once.

use std::fmt::Write as _;

use super::words::{
    beside, block, bytes, code, count, duration, markdown, measured_interval, score, sentence, share,
};
use super::{InputReport, Look, Renderer, Report};
use crate::environment::Environment;
use crate::judge::{ClaimJudgement, Outcome, Status};
use crate::manifest::{Claim, EnvironmentKind};
use crate::pipeline::StepRun;

/// Markdown for GitHub, model cards and documentation.
#[derive(Debug)]
pub(super) struct Markdown;

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
            start_here(report),
            claims(report),
            claims_in_detail(report),
            trust(report),
            steps(report),
            environment(report),
            cost(report),
            provenance(report),
        ];
        sections.join("\n")
    }
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
    if !about.is_empty() {
        let _ = writeln!(text, "{}\n", about.join(" · "));
    }
    let _ = writeln!(text, "| | |\n| --- | --- |");
    let _ = writeln!(text, "| **Verdict** | **{}** |", judgement.ruling.verdict.code());
    let _ = writeln!(text, "| **Score** | {} |", score(&judgement.score));
    let _ = writeln!(text, "| **Trust** | {} of 10 checks pass |", judgement.passed());
    if let Some(answer) = &judgement.adoption {
        let _ = writeln!(text, "| **Worth adopting?** | {} |", markdown(&answer.sentence));
    }
    bullets(&mut text, "Because", &judgement.ruling.because);
    bullets(
        &mut text,
        "What keeps it from `trusted`",
        &judgement.ruling.keeps_from_trusted,
    );
    text
}

fn bullets(text: &mut String, title: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}:\n");
    for item in items {
        let _ = writeln!(text, "- {}", markdown(&sentence(item)));
    }
}

fn start_here(report: &Report) -> String {
    let mut text = "## Start here\n\nTo run this yourself, without reproof:\n\n".to_owned();
    text.push_str(&block("sh", &commands(report)));
    text.push_str("\nOr with reproof, from the manifest beside this run:\n\n");
    let manifest = report
        .manifest
        .file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    text.push_str(&block("sh", &format!("reproof check {}", shell(&manifest))));
    text.push_str(&inputs(&report.inputs));
    text.push_str("\nExpected numbers: the column *measured* below, on a machine like the one at the end of this report.\n");
    text
}

/// What a person types, in order: the code, the environment, the steps.
fn commands(report: &Report) -> String {
    let mut lines = Vec::new();
    let repository = &report.manifest.code.repository;
    match &report.code {
        Ok(pinned) => {
            lines.push(format!("git clone {} code && cd code", shell(repository)));
            lines.push(format!("git checkout {}", pinned.commit));
        }
        Err(why) => lines.push(format!(
            "# the code could not be obtained: {}",
            one(&why.to_string())
        )),
    }
    match &report.environment {
        Ok(built) => lines.extend(environment_commands(built)),
        Err(why) => lines.push(format!(
            "# the environment could not be built: {}",
            one(&why.to_string())
        )),
    }
    let subdirectory = report.manifest.code.subdirectory.display().to_string();
    if !matches!(subdirectory.as_str(), "" | ".") {
        lines.push(format!("cd {}", shell(&subdirectory)));
    }
    for run in report.steps.iter().filter(|run| run.execution.repeat == 1) {
        lines.push(step_command(run));
    }
    lines.join("\n")
}

fn environment_commands(built: &Environment) -> Vec<String> {
    let Some(python) = &built.python else {
        return Vec::new();
    };
    let version = &python.full_version;
    match built.kind {
        EnvironmentKind::None => Vec::new(),
        EnvironmentKind::System => vec![format!("# with Python {version} as `python`")],
        EnvironmentKind::Uv => vec![
            "# environment.txt: the packages with their hashes, beside this report".to_owned(),
            format!("uv venv --python {version} .venv && . .venv/bin/activate"),
            "uv pip install --require-hashes --no-deps -r environment.txt".to_owned(),
        ],
    }
}

fn step_command(run: &StepRun) -> String {
    let words: Vec<String> = run.argv.iter().map(|word| shell(word)).collect();
    if words.is_empty() {
        return format!("# step {} was not run", one(&run.execution.title()));
    }
    format!("{}    # {}", words.join(" "), one(&run.execution.title()))
}

fn one(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `word` as a shell would have to be told it.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn inputs(inputs: &[InputReport]) -> String {
    if inputs.is_empty() {
        return String::new();
    }
    let mut text = "\nWhat the code needs, and what the checker brought:\n\n| what | name | from | licence | sha256 | size |\n| --- | --- | --- | --- | --- | --- |\n".to_owned();
    for input in inputs {
        let license = input.license.as_deref().map_or_else(|| "–".to_owned(), markdown);
        let (digest, size) = match &input.result {
            Ok(arrived) => (code(&arrived.digest.hex()), bytes(arrived.bytes)),
            Err(why) => (
                format!("**{}**: {}", why.reason, markdown(&why.detail)),
                "–".to_owned(),
            ),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {license} | {digest} | {size} |",
            input.kind,
            code(&input.name),
            code(&input.source)
        );
    }
    text
}

fn claims(report: &Report) -> String {
    let mut text = "## Claims\n\n| claim | where | metric | claimed | measured | 90 % interval | of the claim | outcome | score |\n| --- | --- | --- | ---: | ---: | ---: | ---: | --- | ---: |\n".to_owned();
    for (claim, judged) in report.manifest.claims.iter().zip(&report.judgement.claims) {
        let _ = writeln!(text, "{}", claim_row(claim, judged));
    }
    text
}

fn claim_row(claim: &Claim, judged: &ClaimJudgement) -> String {
    let dash = || "–".to_owned();
    let interval = match measured_interval(claim, judged) {
        Some((low, high)) if low < high => format!(
            "{} to {}",
            beside(&claim.value, low, 1),
            beside(&claim.value, high, 1)
        ),
        Some(_) => "deterministic".to_owned(),
        None if judged.measured.is_some() => "single run".to_owned(),
        None => dash(),
    };
    let outcome = if let Outcome::NotRun(reason) = judged.outcome {
        format!("not-run ({reason})")
    } else if judged.exact {
        format!("{}, same digits", judged.outcome.code())
    } else {
        judged.outcome.code().to_owned()
    };
    let cells = [
        code(&claim.id),
        claim.location.as_deref().map_or_else(dash, markdown),
        code(&claim.metric),
        markdown(&claim.value.text),
        judged
            .measured
            .as_ref()
            .map_or_else(dash, |sample| beside(&claim.value, sample.mean, 1)),
        interval,
        judged.ratio.map_or_else(dash, share),
        outcome,
        judged.score.map_or_else(dash, |score| format!("{score:.1}")),
    ];
    format!("| {} |", cells.join(" | "))
}

fn claims_in_detail(report: &Report) -> String {
    let mut text = "## Claims in detail\n".to_owned();
    let rows = report
        .manifest
        .claims
        .iter()
        .zip(&report.judgement.claims)
        .zip(&report.measured);
    for ((claim, judged), measured) in rows {
        let _ = writeln!(
            text,
            "\n### {}\n\n{}\n",
            code(&claim.id),
            markdown(&claim.statement)
        );
        if let Some(why) = &judged.unmeasured {
            let _ = writeln!(
                text,
                "- Not measured, {}: {} (whose turn it is: {})",
                why.reason,
                markdown(&why.detail),
                why.fault
            );
            if let Some(hint) = &why.hint {
                let _ = writeln!(text, "- To try: {}", markdown(hint));
            }
        }
        if let Some(sample) = &judged.measured {
            let values: Vec<String> = sample
                .values
                .iter()
                .map(|value| beside(&claim.value, *value, 2))
                .collect();
            let _ = writeln!(text, "- Values, one a run: {}", values.join(", "));
        }
        if let Some(margin) = &judged.margin {
            let _ = writeln!(text, "- Margin: {}", markdown(&margin.to_string()));
        }
        if let Some(floor) = &judged.floor {
            let _ = writeln!(
                text,
                "- Floor: {} ({})",
                beside(&claim.value, floor.value, 1),
                floor.source.name()
            );
        }
        for reason in &judged.reasons {
            let _ = writeln!(text, "- {}", markdown(&sentence(reason)));
        }
        if let Ok(measured) = measured {
            let signature = measured.runs.iter().find_map(|run| run.signature.as_ref());
            if let Some(signature) = signature {
                let _ = writeln!(text, "- Metric: {}", code(signature));
            }
            for place in measured.runs.iter().flat_map(|run| &run.places).take(20) {
                let _ = writeln!(text, "- Read from {}", markdown(place));
            }
        }
    }
    text
}

fn trust(report: &Report) -> String {
    let mut text =
        "## Trust\n\n| check | status | why | what would make it pass |\n| --- | --- | --- | --- |\n"
            .to_owned();
    for check in &report.judgement.checks {
        let status = match check.status {
            Status::Unknown(why) => format!("unknown ({})", why.code()),
            Status::Pass | Status::Fail | Status::Waived => check.status.code().to_owned(),
        };
        let remedy = check
            .remedy
            .as_deref()
            .map_or_else(|| "–".to_owned(), |remedy| markdown(&sentence(remedy)));
        let _ = writeln!(
            text,
            "| {} | {status} | {} | {remedy} |",
            check.id.code(),
            markdown(&sentence(&check.reason))
        );
    }
    let with_evidence: Vec<_> = report
        .judgement
        .checks
        .iter()
        .filter(|check| !check.evidence.is_empty())
        .collect();
    if !with_evidence.is_empty() {
        text.push_str("\nEvidence:\n\n");
    }
    for check in with_evidence {
        for evidence in &check.evidence {
            let _ = writeln!(text, "- {}: {}", check.id.code(), markdown(evidence));
        }
    }
    text
}

fn steps(report: &Report) -> String {
    let mut text = "## Steps\n\n| step | ending | wall | CPU | peak memory | confinement | reused |\n| --- | --- | ---: | ---: | ---: | --- | --- |\n".to_owned();
    for run in &report.steps {
        let ending = match &run.result {
            Ok(_) => "succeeded".to_owned(),
            Err(why) => format!("**{}**: {}", why.reason, markdown(&why.detail)),
        };
        let tier = run.enforced.as_ref().map_or("–", |enforced| enforced.tier.name());
        let reuse = markdown(&run.reuse);
        let _ = writeln!(
            text,
            "| {} | {ending} | {} | {} | {} | {tier} | {reuse} |",
            markdown(&run.execution.title()),
            duration(run.spent.wall),
            duration(run.spent.cpu),
            bytes(run.spent.peak_memory),
        );
    }
    text.push_str(&findings(report));
    text
}

fn findings(report: &Report) -> String {
    let mut text = String::new();
    for run in &report.steps {
        for attempt in &run.attempts {
            let _ = writeln!(
                text,
                "- {} tried ({}): {}",
                markdown(&run.execution.title()),
                attempt.kind.name(),
                markdown(&attempt.what)
            );
        }
        let Ok(ran) = &run.result else { continue };
        if !ran.changed.is_empty() && run.execution.repeat == 1 {
            let shown: Vec<String> = ran
                .changed
                .iter()
                .take(20)
                .map(|change| markdown(change))
                .collect();
            let _ = writeln!(
                text,
                "- {} changed its working copy: {}",
                markdown(&run.execution.title()),
                shown.join(", ")
            );
        }
    }
    if text.is_empty() {
        text
    } else {
        format!("\nFindings:\n\n{text}")
    }
}

fn environment(report: &Report) -> String {
    let mut text = "## Environment\n\n".to_owned();
    match &report.environment {
        Ok(built) => {
            let _ = writeln!(text, "- Kind: {}", super::json::kind(built.kind));
            if let Some(python) = &built.python {
                let _ = writeln!(text, "- Python: {}", python.full_version);
            }
            if let Some(as_of) = built.as_of {
                let _ = writeln!(text, "- Packages as of: {as_of}");
            }
            for note in &built.notes {
                let _ = writeln!(text, "- {}", markdown(&sentence(note)));
            }
            if !built.packages.is_empty() {
                let packages: Vec<String> = built
                    .packages
                    .iter()
                    .map(|(name, version)| format!("{name}=={version}"))
                    .collect();
                let _ = writeln!(
                    text,
                    "\n<details><summary>{}</summary>\n\n{}\n</details>",
                    count(packages.len(), "package"),
                    block("", &packages.join("\n"))
                );
            }
        }
        Err(why) => {
            let _ = writeln!(text, "**{}**: {}", why.reason, markdown(&why.detail));
        }
    }
    let machine = &report.machine;
    let _ = writeln!(
        text,
        "- Machine: {}, {}, {}, {}, {}",
        markdown(&machine.os),
        markdown(&machine.kernel),
        markdown(&machine.cpu),
        count(machine.cores, "core"),
        bytes(machine.memory)
    );
    text
}

fn cost(report: &Report) -> String {
    let cost = &report.judgement.cost;
    let mut text = "## Cost\n\n".to_owned();
    let _ = writeln!(
        text,
        "{} of steps, {:.3} CPU hours, {:.3} GPU hours ({}), {} peak memory.",
        duration(cost.wall),
        cost.cpu_hours,
        cost.gpu_hours,
        cost.gpu_method.code(),
        bytes(cost.peak_memory)
    );
    if let (Some(amount), Some(currency)) = (cost.amount, &cost.currency) {
        let _ = writeln!(
            text,
            "At the manifest's prices: {amount:.2} {}.",
            markdown(currency)
        );
    }
    let _ = writeln!(text, "\n| stage | time | reused |\n| --- | ---: | --- |");
    for stage in &report.stages {
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            stage.stage.name(),
            duration(stage.took),
            markdown(&stage.reuse)
        );
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
    if let Ok(pinned) = &report.code {
        let _ = writeln!(
            text,
            "- Code {} at {}, committed {}",
            code(&report.manifest.code.repository),
            code(pinned.commit.as_str()),
            pinned.committed
        );
        let _ = writeln!(
            text,
            "- Software Heritage: {}, {}",
            code(&pinned.revision.to_string()),
            code(&pinned.directory.to_string())
        );
        for finding in &pinned.findings {
            let _ = writeln!(text, "- {}", markdown(&sentence(&finding.to_string())));
        }
    }
    text
}
