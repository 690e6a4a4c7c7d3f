//! The order of the stages: the only place that names them all.
//!
//! There is always a report. A stage that stops leaves its reason where its
//! result would be; what depends on it is not run, everything else is.

mod audit;
mod endings;
mod error;
mod evidence;
mod execution;
mod folder;
mod gains;
mod gather;
mod hygiene;
mod lock;
mod measured;
mod pictured;
mod plan;
mod prepared;
mod reuse;
mod saved;
mod second_look;
mod sequential;
mod steps;
mod template;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use folder::RunFolder;
use jiff::Timestamp;

pub use audit::audit;
pub use error::CheckError;
pub use execution::{
    DeclaredOutput, Execution, Inventory, OutputFile, OutputState, Present, Ran, StepRun, executions,
};
pub use lock::{LockError, Locked, lock, own_files_as_locked};
pub use plan::{Plan, PlannedClaim, PlannedInput, PlannedStep, Spending, plan};
pub(crate) use prepared::fixed_variables;

use crate::acquire::http::Network;
use crate::acquire::store::Store;
use crate::acquire::{PackageClient, git};
use crate::audit::Audit;
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

/// A check that has come to its end.
#[derive(Debug)]
pub struct Checked {
    /// What came of it.
    pub report: Report,
    /// Why the report could not be written into the run's folder, if it could not.
    pub unwritten: Option<io::Error>,
}

/// Checks a paper and reports on it, in memory and in the run's folder.
///
/// The folder keeps the report, the checker's own files, and what each step
/// wrote; the checkout is removed at the end. What earlier runs left that were
/// killed is removed at the beginning, but for the steps that had ended.
///
/// # Errors
///
/// Only when the cache or the run's folder cannot be written: then there is nowhere to work.
pub fn check(
    manifest: Manifest,
    lock: Option<&Lock>,
    settings: Settings<'_>,
    observer: &dyn Observer,
) -> Result<Checked, CheckError> {
    let _held = hold(settings.cache).map_err(CheckError::cache(settings.cache))?;
    let workspace = Workspace::beside(&manifest.file);
    let folder =
        RunFolder::make(&workspace, &manifest, settings.now).map_err(CheckError::folder(&workspace))?;
    let report = report(manifest, lock, &workspace, &folder, settings, observer);
    folder.remove_code();
    let unwritten = crate::report::write_files(&report, &folder.path).err();
    folder.finish();
    Ok(Checked { report, unwritten })
}

/// Keeps others from removing anything from the cache, after removing what processes that were killed left in it.
fn hold(cache: &Cache) -> io::Result<std::fs::File> {
    let store = Store::new(cache);
    store.sweep()?;
    let held = store.hold()?;
    // Found out now rather than after an hour.
    drop(tempfile::tempfile_in(cache.scratch()?)?);
    Ok(held)
}

/// All stages, in their order.
fn report(
    manifest: Manifest,
    lock: Option<&Lock>,
    workspace: &Workspace,
    folder: &RunFolder,
    settings: Settings<'_>,
    observer: &dyn Observer,
) -> Report {
    let mut stages = Stages {
        observer,
        reports: Vec::new(),
    };

    let audited = stages.time(Stage::Audit, || audit(&manifest));
    let mut acquired = stages.time(Stage::Acquire, || {
        gather::acquire(&manifest, lock, folder, settings, observer)
    });
    let environment = stages.time(Stage::Environment, || {
        gather::environment(&manifest, &acquired, lock, settings, observer)
    });
    let machine = Machine::look();
    let steps::AllRuns { runs: steps, seeds } =
        stages.time(Stage::Execute, || match (&acquired.code, &environment) {
            (Ok(code), Ok(environment)) => {
                let look = |done: &[StepRun]| sequential::look(&manifest, &acquired, done);
                steps::run_all(
                    steps::Ground {
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
                        run: &folder.path,
                        observer,
                    },
                    look,
                )
            }
            (Err(why), _) | (_, Err(why)) => steps::none_of(&manifest, &folder.path, why),
        });
    acquired.take_made(&manifest, &steps);
    let data = stages.time(Stage::Profile, || {
        hygiene::examine(&manifest, &acquired, observer)
    });
    let measured = stages.time(Stage::Measure, || {
        let mut measured = measured::all(&manifest, &acquired, &steps);
        second_look::add(&manifest, &acquired, &steps, &data.leaked, &mut measured);
        measured
    });
    let mut evidence = evidence::of(
        &manifest,
        &audited,
        &acquired,
        &environment,
        &steps,
        &measured,
        settings.now,
    );
    evidence.hygiene = data.hygiene();
    let judgement = stages.time(Stage::Judge, || judge::judge(&evidence));
    let previous = crate::report::previous(&workspace.runs(), &folder.name, &manifest);
    Report {
        run: folder.name.clone(),
        folder: folder.path.clone(),
        started: settings.now,
        version: env!("CARGO_PKG_VERSION"),
        manifest,
        machine,
        audit: audited,
        stages: stages.reports,
        inputs: acquired.reports,
        code: acquired.code.map(|code| code.pinned),
        environment,
        steps,
        seeds,
        data: data.profiles,
        measured,
        judgement,
        previous,
    }
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

impl Reused for Audit {
    fn reuse(&self) -> String {
        "always audited anew".to_owned()
    }
}

impl Reused for hygiene::Examined {
    fn reuse(&self) -> String {
        match self.profiles.len() {
            0 => "no training and test split that could be compared".to_owned(),
            _ => "always looked at anew".to_owned(),
        }
    }
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

impl Reused for steps::AllRuns {
    fn reuse(&self) -> String {
        let runs = &self.runs;
        let reused = runs.iter().filter(|run| run.reused).count();
        let mut text = format!("{reused} of {} step runs reused", runs.len());
        let mut reasons: BTreeMap<&str, &str> = BTreeMap::new();
        for run in runs.iter().filter(|run| !run.reused && run.enforced.is_some()) {
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
