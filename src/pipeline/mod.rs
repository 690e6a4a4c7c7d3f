//! The order of the stages: the only place that names them all.
//!
//! There is always a report. A stage that stops leaves its reason where its
//! result would be; what depends on it is not run, everything else is.

mod endings;
mod evidence;
mod execution;
mod gather;
mod lock;
mod measured;
mod plan;
mod prepared;
mod reuse;
mod saved;
mod steps;
mod template;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;

pub use execution::{
    DeclaredOutput, Execution, Inventory, OutputFile, OutputState, Present, Ran, StepRun, executions,
};
pub use lock::{LockError, Locked, lock};
pub use plan::{Plan, PlannedClaim, PlannedInput, PlannedStep, Spending, plan};
pub(crate) use prepared::fixed_variables;

use crate::acquire::http::Network;
use crate::acquire::store::Store;
use crate::acquire::{PackageClient, git};
use crate::environment::{Host, Machine, Workshop};
use crate::execute::Executor;
use crate::judge;
use crate::manifest::Manifest;
use crate::manifest::lock::Lock;
use crate::observe::{Event, Observer, Stage};
use crate::reason::Unmeasured;
use crate::report::{Report, StageReport};
use crate::workspace::{Cache, Workspace};

/// What a check stands on besides its manifest.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// The cache.
    pub cache: &'a Cache,
    /// How the network is reached.
    pub network: &'a Network,
    /// How repositories are reached.
    pub git: &'a git::Settings,
    /// Where this machine keeps interpreters and tools.
    pub host: &'a Host,
    /// What downloads packages.
    pub packages: &'a PackageClient,
    /// What runs steps.
    pub executor: &'a dyn Executor,
    /// Whether earlier runs may not be used.
    pub fresh: bool,
    /// The time at which the check began.
    pub now: Timestamp,
}

impl std::fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("cache", self.cache)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl<'a> Settings<'a> {
    fn workshop(self, observer: &'a dyn Observer) -> Workshop<'a> {
        Workshop {
            host: self.host,
            cache: self.cache,
            network: self.network,
            executor: self.executor,
            observer,
        }
    }
}

/// Checks a paper and reports on it, in memory and in the run's folder.
///
/// # Errors
///
/// Only when the run's folder cannot be written: then there is nowhere to report to.
pub fn check(
    manifest: Manifest,
    lock: Option<&Lock>,
    settings: Settings<'_>,
    observer: &dyn Observer,
) -> io::Result<Report> {
    // Nobody prunes the cache meanwhile.
    let _held = Store::new(settings.cache).hold()?;
    let workspace = Workspace::beside(&manifest.file);
    let (run, folder) = new_run(&workspace, &manifest, settings.now)?;
    let mut stages = Stages {
        observer,
        reports: Vec::new(),
    };

    let acquired = stages.time(Stage::Acquire, || {
        gather::acquire(&manifest, &folder, settings, observer)
    });
    let environment = stages.time(Stage::Environment, || {
        gather::environment(&manifest, &acquired, lock, settings, observer)
    });
    let machine = Machine::look();
    let steps = stages.time(Stage::Execute, || match (&acquired.code, &environment) {
        (Ok(code), Ok(environment)) => steps::run_all(steps::Ground {
            manifest: &manifest,
            code: &code.pinned,
            pristine: &code.checkout,
            data: &acquired.data,
            checkpoints: &acquired.checkpoints,
            files: &acquired.files,
            environment,
            executor: settings.executor,
            gpus: u32::try_from(machine.gpus.len()).unwrap_or(u32::MAX),
            fresh: settings.fresh,
            runs: &workspace.runs(),
            run: &folder,
            observer,
        }),
        (Err(why), _) | (_, Err(why)) => steps::none_of(&manifest, &folder, why),
    });
    let measured = stages.time(Stage::Measure, || measured::all(&manifest, &acquired, &steps));
    let evidence = evidence::of(
        &manifest,
        &acquired,
        &environment,
        &steps,
        &measured,
        settings.now,
    );
    let judgement = stages.time(Stage::Judge, || judge::judge(&evidence));
    let previous = crate::report::previous(&workspace.runs(), &run, &manifest);
    let report = Report {
        run,
        folder: folder.clone(),
        started: settings.now,
        version: env!("CARGO_PKG_VERSION"),
        manifest,
        machine,
        stages: stages.reports,
        inputs: acquired.reports,
        code: acquired.code.map(|code| code.pinned),
        environment,
        steps,
        measured,
        judgement,
        previous,
    };
    crate::report::write_files(&report, &folder)?;
    Ok(report)
}

/// A folder of its own for this run; its name sorts by time.
fn new_run(workspace: &Workspace, manifest: &Manifest, now: Timestamp) -> io::Result<(String, PathBuf)> {
    let stamp = now.strftime("%Y%m%dT%H%M%S%3fZ");
    let name = manifest
        .file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let runs = workspace.runs();
    std::fs::create_dir_all(&runs)?;
    for attempt in 0..1000 {
        let suffix = if attempt == 0 {
            String::new()
        } else {
            format!("-{attempt}")
        };
        let run = format!("{stamp}-{name}{suffix}");
        match std::fs::create_dir(runs.join(&run)) {
            Ok(()) => return Ok((run.clone(), runs.join(run))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("a thousand runs began in the same millisecond"))
}

/// Stages as they pass.
struct Stages<'a> {
    observer: &'a dyn Observer,
    reports: Vec<StageReport>,
}

impl Stages<'_> {
    fn time<T: Reused>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        self.observer.event(Event::StageStarted(stage));
        let started = Instant::now();
        let result = work();
        let (took, reuse) = (started.elapsed(), result.reuse());
        self.observer.event(Event::StageFinished {
            stage,
            took,
            reuse: &reuse,
        });
        self.reports.push(StageReport { stage, took, reuse });
        result
    }
}

/// A stage's result that knows whether it was there already, and if not why.
trait Reused {
    fn reuse(&self) -> String;
}

impl Reused for judge::Judgement {
    fn reuse(&self) -> String {
        "always judged anew".to_owned()
    }
}

impl Reused for Vec<Result<crate::report::ClaimMeasured, Unmeasured>> {
    fn reuse(&self) -> String {
        "always measured anew, from what the steps left".to_owned()
    }
}

impl Reused for Vec<StepRun> {
    fn reuse(&self) -> String {
        let reused = self.iter().filter(|run| run.reused).count();
        let mut text = format!("{reused} of {} step runs reused", self.len());
        let mut reasons: BTreeMap<&str, &str> = BTreeMap::new();
        for run in self.iter().filter(|run| !run.reused && run.enforced.is_some()) {
            reasons.entry(&run.execution.step).or_insert(&run.reuse);
        }
        for (step, why) in reasons {
            text.push_str(&format!("; {step}: {why}"));
        }
        text
    }
}

/// Where a manifest's files lie.
fn beside(manifest: &Manifest) -> PathBuf {
    manifest.file.parent().unwrap_or(Path::new("/")).to_owned()
}
