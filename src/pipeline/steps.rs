//! Steps × seeds × repeats, in order: what is run, what is used again, what cannot be run and why.

use std::path::Path;
use std::time::{Duration, Instant};

use super::execution::{Execution, Inventory, Ran, StepRun, executions, first_executions, of_seed};
use super::prepared::Prepared;
use super::reuse::find_reusable;
use super::sequential::{self, Looked};
use crate::acquire::git::Pinned;
use crate::environment::Environment;
use crate::error::Fault;
use crate::execute::{Executor, Usage};
use crate::manifest::{Action, CheckpointFormat, Manifest, Step};
use crate::observe::{Event, Observer};
use crate::reason::{Reason, Unmeasured};
use crate::report::SeedsReport;

/// Everything that steps stand on.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) code: &'a Pinned,
    /// The checkout, never written to.
    pub(super) pristine: &'a Path,
    pub(super) data: &'a Inventory,
    pub(super) checkpoints: &'a Inventory,
    pub(super) files: &'a Inventory,
    pub(super) environment: &'a Environment,
    pub(super) executor: &'a dyn Executor,
    /// GPUs of this machine.
    pub(super) gpus: u32,
    pub(super) fresh: bool,
    /// All runs, for what can be used again.
    pub(super) runs: &'a Path,
    /// This run.
    pub(super) run: &'a Path,
    pub(super) observer: &'a dyn Observer,
}

/// All runs of all steps, and how the seeds came to their end that were run one after another.
#[derive(Debug, Default)]
pub(super) struct AllRuns {
    pub(super) runs: Vec<StepRun>,
    pub(super) seeds: Vec<SeedsReport>,
}

/// Runs everything, in order; one entry for each run of each step, whatever came of it.
///
/// Where seeds are run one after another, `look` is asked after each of them whose claims are still open.
pub(super) fn run_all(ground: Ground<'_>, look: impl Fn(&[StepRun]) -> Looked) -> AllRuns {
    let started = Instant::now();
    let mut done: Vec<StepRun> = Vec::new();
    for step in &ground.manifest.steps {
        for execution in first_executions(ground.manifest, step) {
            let run = run_one(ground, step, execution, &done, started.elapsed());
            done.push(run);
        }
    }
    let (looked, stopped) = run_further(ground, started, &mut done, look);
    let seeds = sequential::report(ground.manifest, &done, &looked, stopped.as_deref());
    in_order(ground.manifest, &mut done);
    AllRuns { runs: done, seeds }
}

/// One more seed for the steps whose claims are open, again and again; returns the last look, and why the runs
/// were stopped before their greatest number although claims are open.
fn run_further(
    ground: Ground<'_>,
    started: Instant,
    done: &mut Vec<StepRun>,
    look: impl Fn(&[StepRun]) -> Looked,
) -> (Looked, Option<String>) {
    loop {
        let looked = look(done);
        for line in &looked.lines {
            ground.observer.event(Event::Note(line));
        }
        let more = sequential::to_extend(ground.manifest, &looked.open, done);
        if more.is_empty() {
            return (looked, None);
        }
        let round = more
            .iter()
            .flat_map(|(step, seed)| of_seed(step, Some(*seed)).map(move |execution| (*step, execution)));
        for (step, execution) in round {
            let run = run_one(ground, step, execution, done, started.elapsed());
            let ended = stops(&run);
            // A run that was not even started is no row of the report: nobody asked for it by name.
            if ended.is_none() || run.enforced.is_some() {
                done.push(run);
            }
            if let Some(why) = ended {
                return (look(done), Some(why));
            }
        }
    }
}

/// Why no further seed is run after this run, if none is: the budget is spent, or the user stopped it.
fn stops(run: &StepRun) -> Option<String> {
    let why = run.result.as_ref().err()?;
    matches!(why.reason, Reason::OverBudget | Reason::Cancelled).then(|| why.detail.clone())
}

/// In the order of the manifest, seed by seed.
fn in_order(manifest: &Manifest, done: &mut [StepRun]) {
    let place = |id: &str| manifest.steps.iter().position(|step| step.id == id);
    done.sort_by_cached_key(|run| place(&run.execution.step));
}

/// Every run of every step, none of them run, for this reason.
pub(super) fn none_of(manifest: &Manifest, run: &Path, why: &Unmeasured) -> AllRuns {
    let all = manifest.steps.iter().flat_map(|step| executions(manifest, step));
    AllRuns {
        runs: all
            .map(|execution| not_run(run, execution, why.clone()))
            .collect(),
        seeds: Vec::new(),
    }
}

fn not_run(run: &Path, execution: Execution, why: Unmeasured) -> StepRun {
    StepRun {
        argv: Vec::new(),
        folder: run.join("steps").join(execution.folder_name()),
        reuse: "not run".to_owned(),
        reused: false,
        result: Err(why),
        spent: Usage::default(),
        enforced: None,
        attempts: Vec::new(),
        execution,
    }
}

fn run_one(
    ground: Ground<'_>,
    step: &Step,
    execution: Execution,
    done: &[StepRun],
    spent: Duration,
) -> StepRun {
    if let Err(why) = may_run(ground, step, &execution, done, spent) {
        return not_run(ground.run, execution, why);
    }
    let unreached = Unmeasured::new(Reason::StepFailed, Fault::Reproof, "the step was not reached");
    let mut run = not_run(ground.run, execution, unreached);
    let title = format!("step {}", run.execution.title());
    ground.observer.event(Event::Began(&title));
    let prepared = Prepared::new(ground, step, &run, done);
    run.argv = prepared
        .argv
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let how = match find_reusable(ground, &run, &prepared.inputs) {
        Ok((from, ran)) => {
            run.reuse = format!("reused from run {from}");
            run.reused = true;
            take_over(&mut run, ran);
            run.reuse.clone()
        }
        Err(why) => {
            run.reuse = why;
            let left = ground
                .manifest
                .budget
                .wall
                .map(|limit| limit.saturating_sub(spent));
            prepared.within(left).run(ground, step, &mut run);
            ending_line(&run)
        }
    };
    ground.observer.event(Event::Ended {
        what: &title,
        how: &how,
    });
    run
}

/// What an execution that ended well means for its run.
pub(super) fn take_over(run: &mut StepRun, ran: Ran) {
    run.spent = ran.usage;
    run.enforced = Some(ran.enforced.clone());
    run.attempts.clone_from(&ran.attempts);
    run.result = Ok(ran);
}

fn ending_line(run: &StepRun) -> String {
    match &run.result {
        Ok(ran) => format!("succeeded in {:.1} s", ran.usage.wall.as_secs_f64()),
        Err(why) => why.to_string(),
    }
}

/// The budget is spent.
pub(super) fn over_budget(limit: Duration, when: &str) -> Unmeasured {
    let limit = humantime::format_duration(limit);
    let why = format!("the budget of {limit} was spent {when}");
    Unmeasured::new(Reason::OverBudget, Fault::Host, why).hint("raise `[budget] wall`")
}

/// Whether all that the step needs is there.
fn may_run(
    ground: Ground<'_>,
    step: &Step,
    execution: &Execution,
    done: &[StepRun],
    spent: Duration,
) -> Result<(), Unmeasured> {
    if ground.observer.cancelled() {
        return Err(cancelled());
    }
    if let Some(limit) = ground.manifest.budget.wall
        && spent >= limit
    {
        return Err(over_budget(
            limit,
            &format!("before step `{}` could start", step.id),
        ));
    }
    if let Some(limit) = ground.manifest.budget.gpu_hours
        && step.gpus > 0
        && gpu_hours(ground.manifest, done) >= limit
    {
        let why = format!(
            "the budget of {limit} GPU hours was spent before step `{}` could start",
            step.id
        );
        return Err(Unmeasured::new(Reason::OverBudget, Fault::Host, why).hint("raise `[budget] gpu-hours`"));
    }
    if !is_folder_of(ground.pristine, &ground.manifest.code.subdirectory) {
        let name = ground.manifest.code.subdirectory.display();
        let why = format!(
            "the pinned code has no folder `{name}` to run step `{}` in",
            step.id
        );
        let unmeasured = Unmeasured::new(Reason::CodeUnavailable, Fault::Manifest, why);
        return Err(unmeasured.hint("`[code] subdirectory` is relative to the top of the repository"));
    }
    if step.gpus > ground.gpus {
        let why = format!(
            "step `{}` needs {} GPU(s) and this machine has {}",
            step.id, step.gpus, ground.gpus
        );
        return Err(Unmeasured::new(Reason::NeedsGpu, Fault::Host, why));
    }
    for (ids, inventory) in [(&step.data, ground.data), (&step.checkpoints, ground.checkpoints)] {
        for id in ids {
            if let Some(Err(why)) = inventory.get(id) {
                return Err(why.clone());
            }
        }
    }
    if let Some(Err(why)) = ground.files.values().find(|file| file.is_err()) {
        return Err(why.clone());
    }
    if let Action::Model(model) = &step.action {
        return Err(native_missing(ground.manifest, step, &model.checkpoint));
    }
    for needed in needed_runs(step, execution, done) {
        if step.does_without.contains(&needed.execution.step) {
            continue;
        }
        if let Err(why) = &needed.result {
            let mut why = why.clone();
            why.detail = format!(
                "needs step `{}`, which did not end well: {}",
                needed.execution.title(),
                why.detail
            );
            return Err(why);
        }
    }
    Ok(())
}

/// GPU hours of this check so far: as measured, else the time for which GPUs were held. What was used again cost nothing.
fn gpu_hours(manifest: &Manifest, done: &[StepRun]) -> f64 {
    let seconds = done.iter().filter(|run| !run.reused).map(|run| {
        let gpus = manifest.step(&run.execution.step).map_or(0, |step| step.gpus);
        let held = run.spent.wall.as_secs_f64() * f64::from(gpus);
        run.spent.gpu_seconds.unwrap_or(held)
    });
    seconds.sum::<f64>() / 3600.0
}

/// Whether `inside` is a folder of the tree `top`, through no link: a link may lead out of the tree.
fn is_folder_of(top: &Path, inside: &Path) -> bool {
    let mut here = top.to_owned();
    inside.components().all(|part| {
        here.push(part);
        std::fs::symlink_metadata(&here).is_ok_and(|data| data.is_dir())
    })
}

fn native_missing(manifest: &Manifest, step: &Step, checkpoint: &str) -> Unmeasured {
    let pickle = manifest
        .checkpoint(checkpoint)
        .is_some_and(|found| found.format == CheckpointFormat::Pickle);
    if pickle {
        let why = format!("checkpoint `{checkpoint}` is a pickle, and loading one can run code");
        return Unmeasured::new(Reason::UnsafeCheckpoint, Fault::Paper, why);
    }
    let why = format!(
        "step `{}` evaluates a checkpoint natively, which this version cannot do yet",
        step.id
    );
    Unmeasured::new(Reason::Environment, Fault::Reproof, why).hint("let the step `run` a program instead")
}

pub(super) fn cancelled() -> Unmeasured {
    Unmeasured::new(
        Reason::Cancelled,
        Fault::Host,
        "the check was stopped by its user",
    )
}

/// The earlier runs whose outputs this one sees: of the same seed, or of none; first repeats alone.
pub(super) fn needed_runs<'a>(
    step: &'a Step,
    execution: &'a Execution,
    done: &'a [StepRun],
) -> impl Iterator<Item = &'a StepRun> {
    done.iter().filter(move |run| {
        let same_seed = run.execution.seed.is_none() || run.execution.seed == execution.seed;
        step.needs.contains(&run.execution.step) && same_seed && run.execution.repeat == 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_runs_in_a_folder_of_the_tree_and_through_no_link() {
        let top = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(top.path().join("src/deep")).expect("made");
        std::fs::write(top.path().join("file"), "").expect("written");
        std::os::unix::fs::symlink("/etc", top.path().join("link")).expect("linked");
        let is = |inside: &str| is_folder_of(top.path(), Path::new(inside));
        assert!(is(".") && is("src") && is("src/deep"));
        assert!(!is("other") && !is("file") && !is("link") && !is("src/other"));
    }
}
