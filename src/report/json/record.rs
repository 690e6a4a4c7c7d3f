//! From a report to its record.

use super::SCHEMA;
use super::audit::AuditRow;
use super::data::DataRow;
use super::rows::*;
use crate::environment::Environment;
use crate::judge::cleaned::CleanedJudgement;
use crate::judge::comparison::{Compared, Test};
use crate::judge::dialect::Dialect;
use crate::judge::precision::Basis;
use crate::judge::{Check, ClaimJudgement, Look, Outcome};
use crate::manifest::{Claim, EnvironmentKind};
use crate::measure::MetricInterval;
use crate::pipeline::{DeclaredOutput, OutputFile, OutputState, StepRun};
use crate::reason::Unmeasured;
use crate::report::words::seeds_line;
use crate::report::{ClaimMeasured, InputReport, Report, SeedsReport, StageReport};

/// The record of `report`.
pub(super) fn record(report: &Report) -> Record<'_> {
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
        audit: AuditRow::of(&report.audit),
        data: report.data.iter().map(DataRow::of).collect(),
        sequential: report.seeds.iter().map(sequential).collect(),
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

fn stage(stage: &StageReport) -> StageRow<'_> {
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
        implied_luck: judged.implied_luck.map(|luck| luck.runs),
        implied_luck_interval: judged.implied_luck.and_then(|luck| luck.limits),
        looks: judged.looks.iter().map(look).collect(),
        comparison: judged
            .comparison
            .as_ref()
            .map(|compared| comparison(compared, judged)),
        examples_interval: measured
            .and_then(|measured| measured.of_examples.as_ref())
            .map(examples_interval),
        leak_corrected: judged.cleaned.as_ref().map(leak_corrected),
        dialects: judged.dialects.iter().map(dialect).collect(),
        p_value: judged.p_value,
        p_adjusted: judged.p_adjusted,
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

fn examples_interval(found: &MetricInterval) -> ExamplesIntervalRow {
    ExamplesIntervalRow {
        low: found.interval.low,
        high: found.interval.high,
        level: found.level,
        method: found.method.to_string(),
    }
}

fn dialect(dialect: &Dialect) -> DialectRow<'_> {
    let readings = dialect.explanation.readings.iter();
    DialectRow {
        of: dialect.whose.code(),
        number: dialect.number,
        as_stated: dialect.as_stated,
        readings: readings.map(|reading| reading.words.as_str()).collect(),
        truncated: dialect.explanation.truncated,
    }
}

fn leak_corrected(cleaned: &CleanedJudgement) -> LeakCorrectedRow {
    LeakCorrectedRow {
        outcome: cleaned.outcome.code(),
        value: cleaned.value,
        interval: cleaned.interval.map(|interval| [interval.low, interval.high]),
        left_out: cleaned.left_out,
        left: cleaned.left,
    }
}

fn comparison<'a>(compared: &'a Compared, judged: &ClaimJudgement) -> ComparisonRow<'a> {
    ComparisonRow {
        better: &compared.claims.better,
        worse: &compared.claims.worse,
        gain: compared.gain,
        printed: compared.claims.printed,
        pairing: judged.basis.map(Basis::code),
        only_better_right: compared.discordant.map(|counts| counts.first),
        only_worse_right: compared.discordant.map(|counts| counts.second),
        test: compared.test.map(Test::code),
        resamples: compared.resampling.map(|resampling| resampling.resamples),
        seed: compared.resampling.map(|resampling| resampling.seed),
    }
}

fn sequential(seeds: &SeedsReport) -> SequentialRow<'_> {
    SequentialRow {
        step: &seeds.step,
        min: seeds.min,
        max: seeds.max,
        runs: seeds.runs,
        saved: seeds.saved(),
        end: seeds.end.code(),
        reason: seeds_line(seeds),
    }
}

/// One look at the runs.
fn look(look: &Look) -> LookRow {
    LookRow {
        runs: look.runs,
        difference: look.difference,
        interval: look.interval.map(|interval| [interval.low, interval.high]),
        outcome: look.outcome.code(),
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
fn kind(kind: EnvironmentKind) -> &'static str {
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
        gpu_method: cost.gpu_method.code(),
        price: cost.amount,
        currency: cost.currency.as_deref(),
        adoption: report
            .judgement
            .adoption
            .as_ref()
            .map(|answer| answer.sentence.as_str()),
    }
}
