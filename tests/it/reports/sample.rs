//! One report with every outcome, made of literals.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::date;
use reproof::acquire::git::{Address, Finding, Licences, Pinned, Proof};
use reproof::acquire::swhid::{Kind, Swhid};
use reproof::digest::{Digest, Inputs};
use reproof::environment::{
    Environment, Interpreter, Machine, Origin, PythonVersion, ResolvedEnvironment, Wish,
};
use reproof::error::Fault;
use reproof::execute::{Attempt, AttemptKind, Ending, Enforced, Tier, Usage};
use reproof::judge::evidence::{CodeFacts, EnvironmentFacts, License, SafetyFacts, StepUsage, Training};
use reproof::judge::{self, ClaimEvidence, Evidence, Measured};
use reproof::manifest::{CommitId, EnvironmentKind, Manifest};
use reproof::measure::Measurement;
use reproof::observe::Stage;
use reproof::pipeline::{DeclaredOutput, OutputFile, OutputState, Ran, StepRun, executions};
use reproof::reason::{Reason, Unmeasured};
use reproof::report::{Arrived, ClaimMeasured, InputReport, Report, StageReport};

const MANIFEST: &str = include_str!("sample.toml");

/// What was measured for each claim of the manifest, in its order.
const MEASURED: &[&[f64]] = &[
    &[0.828, 0.830, 0.835],
    &[0.910, 0.912, 0.914],
    &[0.780, 0.781, 0.782],
    &[0.300, 0.302, 0.304],
    &[0.800, 0.840, 0.850],
    &[0.830],
    &[],
];

/// A report with every outcome.
pub(super) fn report() -> Report {
    from(MANIFEST)
}

/// The report of a manifest like the sample's.
pub(super) fn from(manifest: &str) -> Report {
    let manifest = Manifest::parse(manifest, Path::new("/papers/sample.toml"));
    let manifest = manifest.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let measured: Vec<Result<ClaimMeasured, Unmeasured>> =
        MEASURED.iter().map(|values| found(values)).collect();
    let evidence = evidence(&manifest, &measured);
    Report {
        run: "20260131T120000000Z-sample".to_owned(),
        folder: PathBuf::from("/papers/.reproof/runs/20260131T120000000Z-sample"),
        started: "2026-01-31T12:00:00Z".parse().expect("a time"),
        version: "0.0.0",
        machine: machine(),
        audit: reproof::pipeline::audit(&manifest),
        stages: stages(),
        code: Ok(pinned(&manifest)),
        inputs: inputs(&manifest),
        environment: Ok(environment()),
        steps: steps(&manifest),
        data: Vec::new(),
        seeds: Vec::new(),
        measured,
        judgement: judge::judge(&evidence),
        previous: None,
        manifest,
    }
}

fn out_of_memory() -> Unmeasured {
    Unmeasured::new(
        Reason::OutOfMemory,
        Fault::Paper,
        "step `large` ran past its limit of 8.0 GiB of memory",
    )
    .hint("raise the step's `memory` if the machine has more")
}

fn found(values: &[f64]) -> Result<ClaimMeasured, Unmeasured> {
    if values.is_empty() {
        return Err(out_of_memory());
    }
    let runs = values.iter().zip(1..).map(|(value, seed)| Measurement {
        values: vec![*value],
        examples: Some(1000),
        floor: Some(0.302),
        signature: Some("accuracy|v=reproof-1".to_owned()),
        places: vec![format!("predictions.csv of seed {seed}")],
        half_unit: 0.0,
        notes: Vec::new(),
        text: String::new(),
    });
    Ok(ClaimMeasured {
        runs: runs.collect(),
        reported: None,
        deterministic: None,
        gain: None,
        of_examples: None,
        cleaned: None,
        readings: Vec::new(),
        notes: Vec::new(),
    })
}

fn evidence(manifest: &Manifest, measured: &[Result<ClaimMeasured, Unmeasured>]) -> Evidence {
    let mut evidence = Evidence::new(date(2026, 1, 31));
    let claims = manifest.claims.iter().zip(measured);
    evidence.claims = claims
        .map(|(claim, measured)| ClaimEvidence {
            id: claim.id.clone(),
            primary: claim.primary,
            weight: claim.weight,
            metric: claim.metric.clone(),
            direction: claim.direction,
            compares: None,
            range: Some((0.0, 1.0)),
            claimed: claim.value.clone(),
            claimed_runs: claim.runs,
            claimed_examples: claim.examples,
            floor: claim.floor,
            metric_floor: None,
            tolerance: claim.tolerance,
            looked_from: None,
            impossible: (claim.id == "impossible")
                .then(|| "of 7 examples, 83.0 % is no whole number".to_owned()),
            measured: measured.clone().map(|found| Measured {
                values: found.values(),
                seeds: (1..).take(found.runs.len()).collect(),
                recomputed: true,
                examples: Some(1000),
                ..Measured::default()
            }),
        })
        .collect();
    evidence.training = Training::FromScratch {
        steps: vec!["train".to_owned()],
    };
    evidence.code = CodeFacts {
        reachable: Some(true),
        license: License::Named("MIT".to_owned()),
        missing_submodules: Some(Vec::new()),
        lfs_pointers: Some(Vec::new()),
        modified: Some(Vec::new()),
        problem: None,
    };
    evidence.environment = EnvironmentFacts::Locked {
        packages: 2,
        unhashed: Vec::new(),
        as_of: Some(date(2018, 2, 4)),
        of_the_papers_time: true,
        refused: Vec::new(),
    };
    evidence.safety = SafetyFacts {
        tier: Some(Tier::Full),
        network: vec!["datasets.example.org".to_owned()],
        ..SafetyFacts::default()
    };
    evidence.usage = vec![StepUsage {
        step: "train".to_owned(),
        usage: usage(),
        gpus: 0,
    }];
    evidence.prices.clone_from(&manifest.cost);
    evidence.adoption.clone_from(&manifest.adoption);
    evidence
}

fn usage() -> Usage {
    Usage {
        wall: Duration::from_secs(200),
        cpu: Duration::from_secs(360),
        peak_memory: 3 << 30,
        gpu_seconds: None,
    }
}

fn machine() -> Machine {
    Machine {
        os: "Debian GNU/Linux 12 (bookworm)".to_owned(),
        kernel: "6.1.0".to_owned(),
        architecture: "x86_64".to_owned(),
        cpu: "A Processor".to_owned(),
        cores: 4,
        memory: 16 << 30,
        gpus: Vec::new(),
    }
}

fn stages() -> Vec<StageReport> {
    let stage = |stage, milliseconds, reuse: &str| StageReport {
        stage,
        took: Duration::from_millis(milliseconds),
        reuse: reuse.to_owned(),
    };
    vec![
        stage(Stage::Acquire, 1200, "the code was in the cache; fetched: `test`"),
        stage(
            Stage::Environment,
            40_000,
            "the environment was built: none of its kind was in the cache",
        ),
        stage(
            Stage::Execute,
            620_000,
            "1 of 7 step runs reused; train: `step.run` changed",
        ),
        stage(Stage::Judge, 1, "always judged anew"),
    ]
}

fn pinned(manifest: &Manifest) -> Pinned {
    Pinned {
        address: Address {
            written: manifest.code.repository.clone(),
            used: None,
        },
        commit: CommitId::new(&"1".repeat(40)).expect("a commit"),
        committed: "2018-02-04T12:00:00Z".parse().expect("a time"),
        authored: "2018-02-04T12:00:00Z".parse().expect("a time"),
        revision: Swhid::new(Kind::Revision, [0x11; 20]),
        directory: Swhid::new(Kind::Directory, [0x22; 20]),
        files: 12,
        bytes: 3456,
        licences: Licences::default(),
        submodules: Vec::new(),
        findings: vec![Finding::NoLicence],
        proof: Proof::default(),
        fetched: false,
    }
}

fn inputs(manifest: &Manifest) -> Vec<InputReport> {
    let arrived = |byte: u8| Arrived {
        digest: Digest::new([byte; 32]),
        bytes: 12_345,
        reused: false,
    };
    let data = manifest.data.iter().map(|data| InputReport {
        kind: "data",
        name: data.id.clone(),
        source: data.source.clone(),
        license: data.license.clone(),
        result: Ok(arrived(0xaa)),
    });
    let checkpoints = manifest.checkpoints.iter().map(|checkpoint| InputReport {
        kind: "checkpoint",
        name: checkpoint.id.clone(),
        source: checkpoint.source.clone(),
        license: None,
        result: Err(Unmeasured::new(
            Reason::DataUnavailable,
            Fault::Host,
            "no route to host",
        )),
    });
    let files = manifest.files.iter().map(|file| InputReport {
        kind: "file",
        name: file.path.display().to_string(),
        source: "the checker".to_owned(),
        license: None,
        result: Ok(arrived(0xcc)),
    });
    data.chain(checkpoints).chain(files).collect()
}

fn environment() -> Environment {
    let python = Interpreter {
        executable: PathBuf::from("/usr/bin/python3.8"),
        version: PythonVersion {
            major: 3,
            minor: 8,
            patch: 18,
        },
        full_version: "3.8.18".to_owned(),
        implementation: "CPython".to_owned(),
        prefix: PathBuf::from("/usr"),
        base_prefix: PathBuf::from("/usr"),
        base_executable: PathBuf::from("/usr/bin/python3.8"),
        libraries: Vec::new(),
        search: Vec::new(),
        has_pip: true,
        has_venv: true,
        origin: Origin::System,
    };
    let packages = vec![
        ("numpy".to_owned(), "1.14.0".to_owned()),
        ("scipy".to_owned(), "1.0.0".to_owned()),
    ];
    let wishes = vec![Wish {
        file: "requirements.txt".to_owned(),
        line: 3,
        text: "--extra-index-url https://evil.example".to_owned(),
        done: "not obeyed".to_owned(),
        missing: false,
    }];
    Environment {
        kind: EnvironmentKind::Uv,
        python: Some(python),
        path: Vec::new(),
        mounts: Vec::new(),
        env: BTreeMap::new(),
        packages: packages.clone(),
        pinned_by_hash: true,
        as_of: Some("2018-02-05T00:00:00Z".parse().expect("a time")),
        key: Digest::new([0xee; 32]),
        trace: reproof::environment::Trace::default(),
        reused: false,
        notes: vec!["Python 3.8.18 was chosen (asked for by the manifest)".to_owned()],
        wishes,
        built_from_source: vec!["scipy".to_owned()],
        resolved: Some(ResolvedEnvironment {
            python: "3.8.18".to_owned(),
            as_of: None,
            requirements: "numpy==1.14.0 --hash=sha256:00\n".to_owned(),
            uv: "0.13.0".to_owned(),
            packages,
            wishes: Vec::new(),
            notes: Vec::new(),
            inputs: Inputs::default(),
        }),
    }
}

fn steps(manifest: &Manifest) -> Vec<StepRun> {
    let all = manifest.steps.iter().flat_map(|step| executions(manifest, step));
    let runs = all.map(|execution| {
        let failed = execution.step == "large";
        let enforced = Enforced {
            tier: Tier::Full,
            measures: BTreeMap::from([("memory".to_owned(), "cgroup v2".to_owned())]),
        };
        let attempts = vec![Attempt {
            kind: AttemptKind::Network,
            what: "datasets.example.org:443".to_owned(),
        }];
        let ran = Ran {
            ending: Ending::Succeeded,
            usage: usage(),
            enforced: enforced.clone(),
            attempts: Vec::new(),
            outputs: vec![DeclaredOutput {
                name: "predictions.csv".to_owned(),
                state: OutputState::Written,
                files: vec![OutputFile {
                    path: "predictions.csv".to_owned(),
                    digest: Digest::new([0xdd; 32]),
                    bytes: 4321,
                }],
            }],
            changed: vec!["added cache.bin".to_owned()],
            stdout: Digest::new([1; 32]),
            stderr: Digest::new([2; 32]),
        };
        let reused = execution.seed == Some(2) && execution.step == "test";
        StepRun {
            argv: vec!["python".to_owned()],
            folder: PathBuf::from("/papers/.reproof/runs/x/steps").join(execution.folder_name()),
            reuse: if reused {
                "reused from run 20260130T120000000Z-sample".to_owned()
            } else {
                "`step.run` changed".to_owned()
            },
            reused,
            result: if failed { Err(out_of_memory()) } else { Ok(ran) },
            spent: usage(),
            enforced: Some(enforced),
            attempts: if failed { attempts } else { Vec::new() },
            execution,
        }
    });
    runs.collect()
}
