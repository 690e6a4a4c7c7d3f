//! The run record: what other programs rely on. Fields are added, never renamed.
//!
//! Only these structs derive `Serialize` for readers; the stages' own types do not.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{ClaimMeasured, InputReport, Look, Renderer, Report};
use crate::environment::Environment;
use crate::judge::{Check, ClaimJudgement, Outcome};
use crate::manifest::{Claim, EnvironmentKind};
use crate::pipeline::{DeclaredOutput, OutputFile, OutputState, StepRun};
use crate::reason::Unmeasured;

/// The version of this document's shape.
const SCHEMA: u32 = 1;

/// One JSON document: the run record.
#[derive(Debug)]
pub(super) struct Json;

impl Renderer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn file(&self) -> Option<&'static str> {
        Some("record.json")
    }

    fn render(&self, report: &Report, _: Look) -> String {
        let mut text = serde_json::to_string_pretty(&record(report)).unwrap_or_default();
        text.push('\n');
        text
    }
}

#[derive(Serialize)]
struct Record<'a> {
    schema: u32,
    reproof: &'a str,
    run: &'a str,
    folder: String,
    started: String,
    manifest: ManifestRow<'a>,
    rules: &'a str,
    score: ScoreRow,
    verdict: &'a str,
    because: &'a [String],
    keeps_from_trusted: &'a [String],
    trust: Vec<CheckRow<'a>>,
    claims: Vec<ClaimRow<'a>>,
    steps: Vec<StepRow<'a>>,
    pins: Pins<'a>,
    environment: EnvironmentRow,
    machine: MachineRow<'a>,
    cost: CostRow<'a>,
    stages: Vec<StageRow<'a>>,
}

#[derive(Serialize)]
struct ManifestRow<'a> {
    file: String,
    sha256: String,
    title: &'a str,
}

#[derive(Serialize)]
struct ScoreRow {
    value: Option<f64>,
    covered: usize,
    claims: usize,
    low: f64,
    high: f64,
}

#[derive(Serialize)]
struct CheckRow<'a> {
    id: &'a str,
    status: &'a str,
    reason: &'a str,
    evidence: &'a [String],
    remedy: Option<&'a str>,
}

#[derive(Serialize)]
struct ClaimRow<'a> {
    id: &'a str,
    statement: &'a str,
    #[serde(rename = "where")]
    location: Option<&'a str>,
    metric: &'a str,
    signature: Option<&'a str>,
    primary: bool,
    weight: f64,
    outcome: &'a str,
    exact: bool,
    score: Option<f64>,
    ratio: Option<f64>,
    claimed: ClaimedRow<'a>,
    measured: Option<MeasuredRow>,
    difference: Option<f64>,
    interval: Option<[f64; 2]>,
    margin: Option<f64>,
    margin_parts: BTreeMap<&'a str, f64>,
    se: Option<f64>,
    df: Option<f64>,
    runs: u64,
    more_runs_needed: Option<u64>,
    smallest_gap: Option<f64>,
    implied_luck: Option<f64>,
    floor: Option<FloorRow<'a>>,
    reported: Option<Vec<f64>>,
    examples: Option<u64>,
    places: Vec<&'a str>,
    reason: Option<ReasonRow<'a>>,
    reasons: &'a [String],
}

#[derive(Serialize)]
struct ClaimedRow<'a> {
    text: &'a str,
    value: f64,
    spread: Option<f64>,
    runs: Option<u32>,
}

#[derive(Serialize)]
struct MeasuredRow {
    mean: f64,
    sd: Option<f64>,
    values: Vec<f64>,
}

#[derive(Serialize)]
struct FloorRow<'a> {
    value: f64,
    source: &'a str,
}

#[derive(Serialize)]
struct ReasonRow<'a> {
    code: &'a str,
    fault: &'a str,
    detail: &'a str,
    hint: Option<&'a str>,
}

impl<'a> From<&'a Unmeasured> for ReasonRow<'a> {
    fn from(why: &'a Unmeasured) -> Self {
        Self {
            code: why.reason.code(),
            fault: why.fault.code(),
            detail: &why.detail,
            hint: why.hint.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct StepRow<'a> {
    step: &'a str,
    seed: Option<u64>,
    repeat: u32,
    ending: &'static str,
    reason: Option<ReasonRow<'a>>,
    reused: bool,
    reuse: &'a str,
    run: &'a [String],
    wall_seconds: f64,
    cpu_seconds: f64,
    peak_memory_bytes: u64,
    gpu_seconds: Option<f64>,
    confinement: Option<&'static str>,
    enforced: BTreeMap<&'a str, &'a str>,
    attempts: Vec<AttemptRow<'a>>,
    outputs: Vec<OutputRow<'a>>,
    changed: &'a [String],
}

#[derive(Serialize)]
struct AttemptRow<'a> {
    kind: &'a str,
    what: &'a str,
}

#[derive(Serialize)]
struct OutputRow<'a> {
    name: &'a str,
    state: &'static str,
    detail: Option<&'a str>,
    files: Vec<FileRow<'a>>,
}

#[derive(Serialize)]
struct FileRow<'a> {
    path: &'a str,
    sha256: String,
    bytes: u64,
}

#[derive(Serialize)]
struct Pins<'a> {
    code: CodeRow<'a>,
    inputs: Vec<InputRow<'a>>,
}

#[derive(Serialize)]
struct CodeRow<'a> {
    repository: &'a str,
    commit: Option<String>,
    committed: Option<String>,
    revision_swhid: Option<String>,
    directory_swhid: Option<String>,
    licences: Vec<&'static str>,
    findings: Vec<String>,
    reason: Option<ReasonRow<'a>>,
}

#[derive(Serialize)]
struct InputRow<'a> {
    kind: &'a str,
    name: &'a str,
    source: &'a str,
    license: Option<&'a str>,
    sha256: Option<String>,
    bytes: Option<u64>,
    reused: Option<bool>,
    reason: Option<ReasonRow<'a>>,
}

#[derive(Serialize)]
struct EnvironmentRow {
    kind: &'static str,
    python: Option<String>,
    as_of: Option<String>,
    pinned_by_hash: Option<bool>,
    packages: Vec<String>,
    reused: Option<bool>,
    notes: Vec<String>,
    reason: Option<String>,
}

#[derive(Serialize)]
struct MachineRow<'a> {
    os: &'a str,
    kernel: &'a str,
    architecture: &'a str,
    cpu: &'a str,
    cores: usize,
    memory_bytes: u64,
    gpus: Vec<&'a str>,
}

#[derive(Serialize)]
struct CostRow<'a> {
    wall_seconds: f64,
    cpu_hours: f64,
    gpu_hours: f64,
    price: Option<f64>,
    currency: Option<&'a str>,
    adoption: Option<&'a str>,
}

#[derive(Serialize)]
struct StageRow<'a> {
    stage: &'a str,
    seconds: f64,
    reuse: &'a str,
}

fn record(report: &Report) -> Record<'_> {
    let judgement = &report.judgement;
    Record {
        schema: SCHEMA,
        reproof: report.version,
        run: &report.run,
        folder: report.folder.display().to_string(),
        started: report.started.to_string(),
        manifest: ManifestRow {
            file: report.manifest.file.display().to_string(),
            sha256: report.manifest.digest.hex(),
            title: &report.manifest.paper.title,
        },
        rules: judgement.rules,
        score: ScoreRow {
            value: judgement.score.value,
            covered: judgement.score.covered,
            claims: judgement.score.claims,
            low: judgement.score.low,
            high: judgement.score.high,
        },
        verdict: judgement.ruling.verdict.code(),
        because: &judgement.ruling.because,
        keeps_from_trusted: &judgement.ruling.keeps_from_trusted,
        trust: judgement.checks.iter().map(check).collect(),
        claims: claims(report),
        steps: report.steps.iter().map(step).collect(),
        pins: Pins {
            code: code(report),
            inputs: report.inputs.iter().map(input).collect(),
        },
        environment: environment(&report.environment),
        machine: machine(report),
        cost: cost(report),
        stages: report.stages.iter().map(stage).collect(),
    }
}

fn stage(stage: &super::StageReport) -> StageRow<'_> {
    StageRow {
        stage: stage.stage.name(),
        seconds: stage.took.as_secs_f64(),
        reuse: &stage.reuse,
    }
}

fn check(check: &Check) -> CheckRow<'_> {
    CheckRow {
        id: check.id.code(),
        status: check.status.code(),
        reason: &check.reason,
        evidence: &check.evidence,
        remedy: check.remedy.as_deref(),
    }
}

fn claims(report: &Report) -> Vec<ClaimRow<'_>> {
    let rows = report
        .manifest
        .claims
        .iter()
        .zip(&report.judgement.claims)
        .zip(&report.measured);
    rows.map(|((claim, judged), measured)| claim_row(claim, judged, measured.as_ref().ok()))
        .collect()
}

fn claim_row<'a>(
    claim: &'a Claim,
    judged: &'a ClaimJudgement,
    measured: Option<&'a ClaimMeasured>,
) -> ClaimRow<'a> {
    let first = measured.and_then(|measured| measured.runs.first());
    let not_run = matches!(judged.outcome, Outcome::NotRun(_));
    ClaimRow {
        id: &claim.id,
        statement: &claim.statement,
        location: claim.location.as_deref(),
        metric: &claim.metric,
        signature: first.and_then(|run| run.signature.as_deref()),
        primary: claim.primary,
        weight: judged.weight,
        outcome: judged.outcome.code(),
        exact: judged.exact,
        score: judged.score,
        ratio: judged.ratio,
        claimed: ClaimedRow {
            text: &claim.value.text,
            value: claim.value.value,
            spread: claim.value.spread,
            runs: claim.runs,
        },
        measured: judged.measured.as_ref().map(|sample| MeasuredRow {
            mean: sample.mean,
            sd: sample.sd,
            values: sample.values.clone(),
        }),
        difference: judged.difference,
        interval: judged.interval.map(|interval| [interval.low, interval.high]),
        margin: judged.margin.as_ref().map(|margin| margin.value),
        margin_parts: judged
            .margin
            .iter()
            .flat_map(|margin| &margin.parts)
            .map(|part| (part.source.name(), part.value))
            .collect(),
        se: judged.se,
        df: judged.df,
        runs: judged.runs,
        more_runs_needed: judged.more_runs_needed,
        smallest_gap: judged.smallest_gap,
        implied_luck: judged.implied_luck,
        floor: judged.floor.map(|floor| FloorRow {
            value: floor.value,
            source: floor.source.name(),
        }),
        reported: measured
            .and_then(|measured| Some(measured.reported.as_ref()?.as_ref().ok()?.values.clone())),
        examples: first.and_then(|run| run.examples),
        places: measured
            .iter()
            .flat_map(|measured| &measured.runs)
            .flat_map(|run| &run.places)
            .map(String::as_str)
            .collect(),
        reason: if not_run {
            judged.unmeasured.as_ref().map(ReasonRow::from)
        } else {
            None
        },
        reasons: &judged.reasons,
    }
}

fn step(run: &StepRun) -> StepRow<'_> {
    let ran = run.result.as_ref().ok();
    StepRow {
        step: &run.execution.step,
        seed: run.execution.seed,
        repeat: run.execution.repeat,
        ending: match (&run.result, &run.enforced) {
            (Ok(_), _) => "succeeded",
            (Err(_), None) => "not-run",
            (Err(_), Some(_)) => "failed",
        },
        reason: run.result.as_ref().err().map(ReasonRow::from),
        reused: run.reused,
        reuse: &run.reuse,
        run: &run.argv,
        wall_seconds: run.spent.wall.as_secs_f64(),
        cpu_seconds: run.spent.cpu.as_secs_f64(),
        peak_memory_bytes: run.spent.peak_memory,
        gpu_seconds: run.spent.gpu_seconds,
        confinement: run.enforced.as_ref().map(|enforced| enforced.tier.name()),
        enforced: run
            .enforced
            .iter()
            .flat_map(|enforced| &enforced.measures)
            .map(|(name, how)| (name.as_str(), how.as_str()))
            .collect(),
        attempts: run
            .attempts
            .iter()
            .map(|attempt| AttemptRow {
                kind: attempt.kind.name(),
                what: &attempt.what,
            })
            .collect(),
        outputs: ran.iter().flat_map(|ran| &ran.outputs).map(output).collect(),
        changed: ran.map_or(&[], |ran| &ran.changed),
    }
}

fn output(output: &DeclaredOutput) -> OutputRow<'_> {
    let (state, detail) = match &output.state {
        OutputState::Written => ("written", None),
        OutputState::Stale => ("stale", None),
        OutputState::Missing => ("missing", None),
        OutputState::Refused(why) => ("refused", Some(why.as_str())),
    };
    OutputRow {
        name: &output.name,
        state,
        detail,
        files: output.files.iter().map(file_row).collect(),
    }
}

fn file_row(file: &OutputFile) -> FileRow<'_> {
    FileRow {
        path: &file.path,
        sha256: file.digest.hex(),
        bytes: file.bytes,
    }
}

fn code(report: &Report) -> CodeRow<'_> {
    let pinned = report.code.as_ref().ok();
    CodeRow {
        repository: &report.manifest.code.repository,
        commit: pinned.map(|pinned| pinned.commit.to_string()),
        committed: pinned.map(|pinned| pinned.committed.to_string()),
        revision_swhid: pinned.map(|pinned| pinned.revision.to_string()),
        directory_swhid: pinned.map(|pinned| pinned.directory.to_string()),
        licences: pinned
            .map(|pinned| pinned.licences.recognised())
            .unwrap_or_default(),
        findings: pinned
            .iter()
            .flat_map(|pinned| &pinned.findings)
            .map(ToString::to_string)
            .collect(),
        reason: report.code.as_ref().err().map(ReasonRow::from),
    }
}

fn input(input: &InputReport) -> InputRow<'_> {
    let arrived = input.result.as_ref().ok();
    InputRow {
        kind: input.kind,
        name: &input.name,
        source: &input.source,
        license: input.license.as_deref(),
        sha256: arrived.map(|arrived| arrived.digest.hex()),
        bytes: arrived.map(|arrived| arrived.bytes),
        reused: arrived.map(|arrived| arrived.reused),
        reason: input.result.as_ref().err().map(ReasonRow::from),
    }
}

fn environment(environment: &Result<Environment, Unmeasured>) -> EnvironmentRow {
    match environment {
        Ok(built) => EnvironmentRow {
            kind: kind(built.kind),
            python: built.python.as_ref().map(|python| python.full_version.clone()),
            as_of: built.as_of.map(|time| time.to_string()),
            pinned_by_hash: Some(built.pinned_by_hash),
            packages: built
                .packages
                .iter()
                .map(|(name, version)| format!("{name}=={version}"))
                .collect(),
            reused: Some(built.reused),
            notes: built.notes.clone(),
            reason: None,
        },
        Err(why) => EnvironmentRow {
            kind: "unavailable",
            python: None,
            as_of: None,
            pinned_by_hash: None,
            packages: Vec::new(),
            reused: None,
            notes: Vec::new(),
            reason: Some(why.to_string()),
        },
    }
}

/// The word for who built the environment.
pub(super) fn kind(kind: EnvironmentKind) -> &'static str {
    match kind {
        EnvironmentKind::Uv => "uv",
        EnvironmentKind::System => "system",
        EnvironmentKind::None => "none",
    }
}

fn machine(report: &Report) -> MachineRow<'_> {
    let machine = &report.machine;
    MachineRow {
        os: &machine.os,
        kernel: &machine.kernel,
        architecture: &machine.architecture,
        cpu: &machine.cpu,
        cores: machine.cores,
        memory_bytes: machine.memory,
        gpus: machine.gpus.iter().map(|gpu| gpu.model.as_str()).collect(),
    }
}

fn cost(report: &Report) -> CostRow<'_> {
    let cost = &report.judgement.cost;
    CostRow {
        wall_seconds: cost.wall.as_secs_f64(),
        cpu_hours: cost.cpu_hours,
        gpu_hours: cost.gpu_hours,
        price: cost.amount,
        currency: cost.currency.as_deref(),
        adoption: report
            .judgement
            .adoption
            .as_ref()
            .map(|answer| answer.sentence.as_str()),
    }
}
