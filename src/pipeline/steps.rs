//! Steps × seeds × repeats: what is run, what is used again and why not, what is kept.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::room_hint;
use super::saved;
use super::template::{CODE, OUT, Template};
use crate::acquire::git::Pinned;
use crate::digest::{Digest, Inputs};
use crate::environment::Environment;
use crate::error::{Diagnose as _, Fault, chain};
use crate::execute::tree::{self, Bounds, Snapshot, Sources};
use crate::execute::{
    Attempt, Ending, Enforced, ExecuteError, Executor, Job, Limits, Mount, Network, Outcome, Usage,
};
use crate::manifest::{Action, CheckpointFormat, Manifest, Seeds, Step};
use crate::observe::{Event, Observer};
use crate::reason::{Reason, Unmeasured};
use crate::workspace::remove_tree;

/// Bytes that each of the two logs of a step may have.
const LOG_LIMIT: u64 = 256 << 20;

/// Processes and threads that a step may have at once.
const PROCESS_LIMIT: u64 = 4096;

/// Files of a step's outputs that are kept.
const OUTPUTS_KEPT: usize = 100_000;

/// Changed files of the working copy that are listed.
const CHANGES_LISTED: usize = 200;

/// One run of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The step.
    pub step: String,
    /// The seed, if it has one.
    pub seed: Option<u64>,
    /// Which repetition, from 1.
    pub repeat: u32,
}

impl Execution {
    /// What it is called on disk: `train`, `train.seed-3`, `train.seed-3.repeat-2`.
    pub fn folder_name(&self) -> String {
        let mut name = self.step.clone();
        if let Some(seed) = self.seed {
            name.push_str(&format!(".seed-{seed}"));
        }
        if self.repeat > 1 {
            name.push_str(&format!(".repeat-{}", self.repeat));
        }
        name
    }

    /// What people read: `train, seed 3, again`.
    pub fn title(&self) -> String {
        let mut title = self.step.clone();
        if let Some(seed) = self.seed {
            title.push_str(&format!(", seed {seed}"));
        }
        if self.repeat > 1 {
            title.push_str(&format!(", repeat {}", self.repeat));
        }
        title
    }
}

/// One run of one step, and what came of it.
#[derive(Clone, Debug)]
pub struct StepRun {
    /// Which.
    pub execution: Execution,
    /// The command as it was run, placeholders replaced.
    pub argv: Vec<String>,
    /// Its folder: `stdout.log`, `stderr.log`, `outputs/`.
    pub folder: PathBuf,
    /// `reused from RUN`, or why it was run.
    pub reuse: String,
    /// Whether it was used again.
    pub reused: bool,
    /// What it did, or why nothing may be read from it.
    pub result: Result<Ran, Unmeasured>,
    /// What it used even if it failed.
    pub spent: Usage,
    /// What held it, if it was started.
    pub enforced: Option<Enforced>,
    /// What it tried.
    pub attempts: Vec<Attempt>,
}

/// A run of a step that ended well.
#[derive(Clone, Debug)]
pub struct Ran {
    /// How it ended.
    pub ending: Ending,
    /// What it used.
    pub usage: Usage,
    /// What held it.
    pub enforced: Enforced,
    /// What it tried.
    pub attempts: Vec<Attempt>,
    /// Its declared outputs, in the order of the manifest.
    pub outputs: Vec<DeclaredOutput>,
    /// What it changed in its working copy: `added a`, `modified b`, `deleted c`.
    pub changed: Vec<String>,
    /// The digest of its standard output.
    pub stdout: Digest,
    /// The digest of its standard error.
    pub stderr: Digest,
}

impl Ran {
    /// Every file that the step wrote and that was kept.
    pub fn files(&self) -> impl Iterator<Item = &OutputFile> {
        self.outputs.iter().flat_map(|output| &output.files)
    }
}

/// A declared output, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredOutput {
    /// As declared.
    pub name: String,
    /// What became of it.
    pub state: OutputState,
    /// The file, or the files of the folder.
    pub files: Vec<OutputFile>,
}

/// What became of a declared output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputState {
    /// This run wrote it.
    Written,
    /// It came with the repository, and this run did not write it.
    Stale,
    /// It is not there.
    Missing,
    /// It is there and is not to be looked at, for this reason.
    Refused(String),
}

/// A file that a step wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Relative to the step's folder `outputs/`.
    pub path: String,
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
}

/// An input that is there: a blob or an unpacked folder of the cache.
#[derive(Clone, Debug)]
pub struct Present {
    /// Where.
    pub path: PathBuf,
    /// The digest of the file, or of the archive that was unpacked.
    pub digest: Digest,
}

/// An input by its id, or why it is not there.
pub type Inventory = BTreeMap<String, Result<Present, Unmeasured>>;

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

/// Runs everything, in order; one entry for each run of each step, whatever came of it.
pub(super) fn run_all(ground: Ground<'_>) -> Vec<StepRun> {
    let started = Instant::now();
    let mut done: Vec<StepRun> = Vec::new();
    for step in &ground.manifest.steps {
        for execution in executions(ground.manifest, step) {
            let run = run_one(ground, step, execution, &done, started.elapsed());
            done.push(run);
        }
    }
    done
}

/// Every run of every step, none of them run, for this reason.
pub(super) fn none_of(manifest: &Manifest, run: &Path, why: &Unmeasured) -> Vec<StepRun> {
    let all = manifest.steps.iter().flat_map(|step| executions(manifest, step));
    all.map(|execution| not_run(run, execution, why.clone()))
        .collect()
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

/// The runs of a step: its seeds times its repeats.
pub fn executions(manifest: &Manifest, step: &Step) -> Vec<Execution> {
    let seeds: Vec<Option<u64>> = match manifest.seeds_of(step) {
        Seeds::Unseeded => vec![None],
        Seeds::Listed(seeds) => seeds.iter().copied().map(Some).collect(),
        Seeds::Sequential { max, .. } => (1..=u64::from(*max)).map(Some).collect(),
    };
    let runs = seeds
        .iter()
        .flat_map(|seed| (1..=step.repeats).map(move |repeat| (*seed, repeat)));
    runs.map(|(seed, repeat)| Execution {
        step: step.id.clone(),
        seed,
        repeat,
    })
    .collect()
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
            prepared.run(ground, step, &mut run);
            ending_line(&run)
        }
    };
    ground.observer.event(Event::Ended {
        what: &title,
        how: &how,
    });
    run
}

fn take_over(run: &mut StepRun, ran: Ran) {
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
        let limit = humantime::format_duration(limit);
        let why = format!(
            "the budget of {limit} was spent before step `{}` could start",
            step.id
        );
        return Err(Unmeasured::new(Reason::OverBudget, Fault::Host, why).hint("raise `[budget] wall`"));
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
fn needed_runs<'a>(
    step: &'a Step,
    execution: &'a Execution,
    done: &'a [StepRun],
) -> impl Iterator<Item = &'a StepRun> {
    done.iter().filter(move |run| {
        let same_seed = run.execution.seed.is_none() || run.execution.seed == execution.seed;
        step.needs.contains(&run.execution.step) && same_seed && run.execution.repeat == 1
    })
}

/// A run of a step, ready to start.
struct Prepared {
    argv: Vec<OsString>,
    env: BTreeMap<String, OsString>,
    mounts: Vec<Mount>,
    /// Outputs of earlier steps: from where, and where in the working copy.
    carried: Vec<(PathBuf, PathBuf)>,
    places: Vec<(PathBuf, PathBuf)>,
    inputs: Inputs,
    template: Template,
}

impl Prepared {
    fn new(ground: Ground<'_>, step: &Step, run: &StepRun, done: &[StepRun]) -> Self {
        let template = Template::new(run.execution.seed);
        let mut prepared = Self {
            argv: Vec::new(),
            env: environment_variables(step, run.execution.seed),
            mounts: Vec::new(),
            carried: Vec::new(),
            places: Vec::new(),
            inputs: Inputs::default(),
            template,
        };
        prepared.describe(ground, step, &run.execution);
        prepared.show_inputs(ground, step);
        prepared.carry(step, &run.execution, done);
        if let Action::Run(words) = &step.action {
            prepared.argv = words.iter().map(|word| prepared.template.fill(word)).collect();
        }
        prepared
    }

    fn describe(&mut self, ground: Ground<'_>, step: &Step, execution: &Execution) {
        let inputs = &mut self.inputs;
        inputs.add("code", &ground.code.directory);
        inputs.add("code.subdirectory", ground.manifest.code.subdirectory.display());
        inputs.add("environment", ground.environment.key);
        inputs.add("step.run", format!("{:?}", step.action));
        inputs.add("step.outputs", format!("{:?}", step.outputs));
        inputs.add("step.network", step.network);
        inputs.add("step.gpus", step.gpus);
        inputs.add("confinement", ground.executor.confinement());
        for (name, value) in &self.env {
            inputs.add(format!("env.{name}"), value.to_string_lossy());
        }
        inputs.add(
            "seed",
            execution
                .seed
                .map_or_else(|| "none".to_owned(), |seed| seed.to_string()),
        );
        inputs.add("repeat", execution.repeat);
    }

    fn show_inputs(&mut self, ground: Ground<'_>, step: &Step) {
        let data = step
            .data
            .iter()
            .filter_map(|id| ground.manifest.data(id))
            .map(|data| (&data.id, &data.place));
        self.show("data", data, ground.data);
        let checkpoints = step
            .checkpoints
            .iter()
            .filter_map(|id| ground.manifest.checkpoint(id));
        self.show(
            "checkpoint",
            checkpoints.map(|found| (&found.id, &found.place)),
            ground.checkpoints,
        );
        for (path, file) in ground.files {
            if let Ok(present) = file {
                self.inputs
                    .add(format!("file[{path}].sha256"), present.digest.hex());
                let inside = self.template.show("file", path);
                self.mount(&present.path, &inside);
            }
        }
    }

    fn show<'m>(
        &mut self,
        kind: &str,
        wanted: impl Iterator<Item = (&'m String, &'m Option<PathBuf>)>,
        inventory: &Inventory,
    ) {
        for (id, place) in wanted {
            let Some(Ok(present)) = inventory.get(id) else {
                continue;
            };
            self.inputs
                .add(format!("{kind}[{id}].sha256"), present.digest.hex());
            let inside = self.template.show(kind, id);
            self.mount(&present.path, &inside);
            if let Some(place) = place {
                self.inputs.add(format!("{kind}[{id}].place"), place.display());
                self.places.push((present.path.clone(), place.clone()));
            }
        }
    }

    fn mount(&mut self, host: &Path, inside: &Path) {
        self.mounts.push(Mount {
            host: host.to_owned(),
            inside: inside.to_owned(),
            writable: false,
        });
    }

    fn carry(&mut self, step: &Step, execution: &Execution, done: &[StepRun]) {
        for run in needed_runs(step, execution, done) {
            let Ok(ran) = &run.result else { continue };
            for output in ran.files() {
                self.inputs.add(
                    format!("output[{}/{}].sha256", run.execution.step, output.path),
                    output.digest.hex(),
                );
                self.carried.push((
                    run.folder.join("outputs").join(&output.path),
                    PathBuf::from(&output.path),
                ));
            }
        }
    }

    /// Runs it, and keeps what it left.
    fn run(self, ground: Ground<'_>, step: &Step, run: &mut StepRun) {
        let inputs = self.inputs.clone();
        let folder = run.folder.clone();
        let ending = match self.start(ground, step, run) {
            Ok(ran) => {
                take_over(run, ran);
                "succeeded".to_owned()
            }
            Err(why) => {
                let ending = why.to_string();
                run.result = Err(why);
                ending
            }
        };
        let _ = remove_tree(&folder.join("work"));
        let _ = remove_tree(&folder.join("out"));
        if let Err(error) = saved::write(&folder, &inputs, &ending, run.result.as_ref().ok()) {
            run.result = Err(host_failure("keep what the step did", &error));
        }
    }

    fn start(self, ground: Ground<'_>, step: &Step, run: &mut StepRun) -> Result<Ran, Unmeasured> {
        let (work, out) = (run.folder.join("work"), run.folder.join("out"));
        self.lay_out(ground, &work, &out)
            .map_err(|error| host_failure("lay out the working copy", &error))?;
        let directory = work.join(&ground.manifest.code.subdirectory);
        let before =
            Snapshot::take(&work).map_err(|error| host_failure("look at the working copy", &error))?;
        let before_here =
            Snapshot::take(&directory).map_err(|error| host_failure("look at the working copy", &error))?;
        let job = self.job(ground, step, run, &work, &out);
        let outcome = ground
            .executor
            .run(&job, ground.observer)
            .map_err(|error| not_started(&error))?;
        run.spent = outcome.usage;
        run.enforced = Some(outcome.enforced.clone());
        run.attempts.clone_from(&outcome.attempts);
        if let Some(why) = ended_badly(step, &outcome, &run.folder) {
            return Err(why);
        }
        let sources = Sources {
            out: &out,
            working: &directory,
            before: &before_here,
        };
        let bounds = Bounds {
            file: step.disk,
            total: step.disk,
            files: OUTPUTS_KEPT,
        };
        let collected = tree::collect(sources, &step.outputs, &run.folder.join("outputs"), bounds)
            .map_err(|error| host_failure("keep the outputs", &error))?;
        Ok(Ran {
            ending: outcome.ending,
            usage: outcome.usage,
            enforced: outcome.enforced,
            attempts: outcome.attempts,
            outputs: collected.outputs.into_iter().map(declared).collect(),
            changed: self.changed(&before, &work),
            stdout: log_digest(run, "stdout.log")?,
            stderr: log_digest(run, "stderr.log")?,
        })
    }

    /// What the step changed in its working copy, without what was put there for it.
    fn changed(&self, before: &Snapshot, work: &Path) -> Vec<String> {
        let changes = before.changes(work, CHANGES_LISTED);
        let placed = |path: &PathBuf| self.places.iter().any(|(_, place)| path.starts_with(place));
        let lists = [
            ("added", &changes.added),
            ("modified", &changes.modified),
            ("deleted", &changes.deleted),
        ];
        let mut said: Vec<String> = Vec::new();
        for (word, paths) in lists {
            said.extend(
                paths
                    .iter()
                    .filter(|path| !placed(path))
                    .map(|path| format!("{word} {}", path.display())),
            );
        }
        if changes.more > 0 {
            said.push(format!("and {} more", changes.more));
        }
        said
    }

    fn lay_out(&self, ground: Ground<'_>, work: &Path, out: &Path) -> io::Result<()> {
        // Left by a run that was interrupted.
        for folder in [work, out, &work.with_file_name("outputs")] {
            remove_tree(folder)?;
        }
        fs::create_dir_all(out)?;
        tree::private_copy(ground.pristine, work)?;
        let directory = work.join(&ground.manifest.code.subdirectory);
        for (from, place) in &self.carried {
            put(from, &directory, place)?;
        }
        if !ground.executor.shows_mounts() {
            for (from, place) in &self.places {
                put(from, work, place)?;
            }
        }
        Ok(())
    }

    fn job(&self, ground: Ground<'_>, step: &Step, run: &StepRun, work: &Path, out: &Path) -> Job {
        let code = Path::new(CODE);
        let writable = |host: &Path, inside: &Path| Mount {
            host: host.to_owned(),
            inside: inside.to_owned(),
            writable: true,
        };
        let mut mounts = ground.environment.mounts.clone();
        mounts.push(writable(work, code));
        mounts.push(writable(out, Path::new(OUT)));
        mounts.extend(self.mounts.iter().cloned());
        if ground.executor.shows_mounts() {
            let placed = self.places.iter();
            mounts.extend(placed.map(|(host, place)| Mount {
                host: host.clone(),
                inside: code.join(place),
                writable: false,
            }));
        }
        let mut env = ground.environment.env.clone();
        env.extend(self.env.clone());
        Job {
            name: run.execution.title(),
            argv: self.argv.clone(),
            directory: code.join(&ground.manifest.code.subdirectory),
            mounts,
            env,
            path: ground.environment.path.clone(),
            network: if step.network {
                Network::Host
            } else {
                Network::None
            },
            limits: Limits {
                wall: step.timeout,
                memory: step.memory,
                processes: PROCESS_LIMIT,
                log: LOG_LIMIT,
                disk: step.disk,
            },
            stdout: run.folder.join("stdout.log"),
            stderr: run.folder.join("stderr.log"),
            gpus: step.gpus,
        }
    }
}

/// What every step gets: helps towards the same result twice, and where things are.
fn environment_variables(step: &Step, seed: Option<u64>) -> BTreeMap<String, OsString> {
    let threads = std::thread::available_parallelism()
        .map_or(1, std::num::NonZero::get)
        .to_string();
    let mut env: BTreeMap<String, OsString> = BTreeMap::new();
    for (name, value) in [
        ("PYTHONHASHSEED", "0"),
        ("PYTHONUNBUFFERED", "1"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
        ("OMP_NUM_THREADS", &threads),
        ("OPENBLAS_NUM_THREADS", &threads),
        ("MKL_NUM_THREADS", &threads),
    ] {
        env.insert(name.to_owned(), value.into());
    }
    if let Some(seed) = seed {
        env.insert("REPROOF_SEED".to_owned(), seed.to_string().into());
    }
    env.insert("REPROOF_OUT".to_owned(), OUT.into());
    env.extend(step.env.iter().map(|(name, value)| (name.clone(), value.into())));
    env
}

/// The newest earlier run of the same step with the same inputs, taken into this run; or why there is none.
fn find_reusable(ground: Ground<'_>, run: &StepRun, inputs: &Inputs) -> Result<(String, Ran), String> {
    if ground.fresh {
        return Err("`--fresh` was given".to_owned());
    }
    let mut why = None;
    for earlier in runs_newest_first(ground.runs) {
        let folder = earlier.join("steps").join(run.execution.folder_name());
        let Some(saved) = saved::read(&folder) else {
            continue;
        };
        let changes = inputs.changes(&saved.inputs);
        let not = match saved.ran {
            Some(ran) if changes.is_empty() => match adopt(&folder, &run.folder, &ran, inputs) {
                Ok(()) => return Ok((name_of(&earlier), ran)),
                Err(error) => {
                    // What it got so far must not be taken for the output of the step.
                    let _ = remove_tree(&run.folder);
                    format!("what run {} left cannot be used: {error}", name_of(&earlier))
                }
            },
            Some(_) => changes.join("; "),
            None => format!("ended before: {}", saved.ending),
        };
        // Other manifests of the folder may have a step of the same name; they explain nothing.
        if manifest_of(&earlier) == manifest_of(ground.run) {
            why.get_or_insert(not);
        }
    }
    Err(why.unwrap_or_else(|| "never run before".to_owned()))
}

fn name_of(run: &Path) -> String {
    run.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What comes after the time in a run's name: the manifest's.
fn manifest_of(run: &Path) -> Option<String> {
    let name = name_of(run);
    Some(name.split_once('-')?.1.to_owned())
}

pub(super) fn runs_newest_first(runs: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(runs).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    folders.reverse();
    folders
}

/// Copies what an earlier run left into this run, proving every byte on the way.
fn adopt(from: &Path, to: &Path, ran: &Ran, inputs: &Inputs) -> io::Result<()> {
    if from == to {
        return verify(from, ran);
    }
    remove_tree(to)?;
    fs::create_dir_all(to.join("outputs"))?;
    for log in ["stdout.log", "stderr.log"] {
        fs::copy(from.join(log), to.join(log))?;
    }
    for output in ran.files() {
        tree::place(
            &from.join("outputs").join(&output.path),
            &to.join("outputs"),
            Path::new(&output.path),
        )?;
    }
    verify(to, ran)?;
    saved::write(to, inputs, "succeeded", Some(ran))
}

fn verify(folder: &Path, ran: &Ran) -> io::Result<()> {
    let outputs = ran
        .files()
        .map(|output| (folder.join("outputs").join(&output.path), output.digest));
    let logs = [
        (folder.join("stdout.log"), ran.stdout),
        (folder.join("stderr.log"), ran.stderr),
    ];
    for (path, expected) in outputs.chain(logs) {
        if Digest::of_file(&path)?.0 != expected {
            return Err(io::Error::other(format!(
                "`{}` was changed since",
                path.display()
            )));
        }
    }
    Ok(())
}

fn declared((name, became): (String, tree::Output)) -> DeclaredOutput {
    let (state, kept) = match became {
        tree::Output::Written(kept) => (OutputState::Written, kept),
        tree::Output::Stale => (OutputState::Stale, Vec::new()),
        tree::Output::Missing => (OutputState::Missing, Vec::new()),
        tree::Output::Refused { path, danger } => (
            OutputState::Refused(format!("{}: {path}", danger.code())),
            Vec::new(),
        ),
    };
    let file = |kept: tree::Kept| OutputFile {
        path: kept.path,
        digest: kept.digest,
        bytes: kept.bytes,
    };
    DeclaredOutput {
        name,
        state,
        files: kept.into_iter().map(file).collect(),
    }
}

fn log_digest(run: &StepRun, name: &str) -> Result<Digest, Unmeasured> {
    let digest = Digest::of_file(&run.folder.join(name));
    digest
        .map(|(digest, _)| digest)
        .map_err(|error| host_failure("hash the logs", &error))
}

/// Puts a copy of `from` at `place` in the working copy, in place of what is there.
fn put(from: &Path, working: &Path, place: &Path) -> io::Result<()> {
    let target = working.join(place);
    if target.symlink_metadata().is_ok() {
        // The tree is the paper's: a link on the way may lead anywhere.
        let parent = target.parent().unwrap_or(working).canonicalize()?;
        if !parent.starts_with(working.canonicalize()?) {
            return Err(io::Error::other(format!(
                "`{}` lies behind a link that leads out",
                place.display()
            )));
        }
        if target.symlink_metadata()?.is_dir() {
            fs::remove_dir_all(&target)?
        } else {
            fs::remove_file(&target)?
        }
    }
    tree::place(from, working, place)
}

fn host_failure(action: &str, error: &io::Error) -> Unmeasured {
    let unmeasured = Unmeasured::new(
        Reason::StepFailed,
        Fault::Host,
        format!("cannot {action}: {error}"),
    );
    match room_hint(error) {
        Some(hint) => unmeasured.hint(hint),
        None => unmeasured,
    }
}

fn not_started(error: &ExecuteError) -> Unmeasured {
    let reason = match error {
        ExecuteError::CannotConfine { .. } | ExecuteError::NoSuchProgram { .. } => Reason::Environment,
        ExecuteError::Io { .. } => Reason::StepFailed,
    };
    let unmeasured = Unmeasured::new(reason, error.fault(), chain(error));
    match room_hint(error).or_else(|| error.hint()) {
        Some(hint) => unmeasured.hint(hint),
        None => unmeasured,
    }
}

/// Why nothing may be read from a step that ended like this; `None` if it ended well.
fn ended_badly(step: &Step, outcome: &Outcome, folder: &Path) -> Option<Unmeasured> {
    let id = &step.id;
    let paper = |reason, detail: String| Some(Unmeasured::new(reason, Fault::Paper, detail));
    match &outcome.ending {
        Ending::Succeeded => None,
        Ending::Failed { code } => {
            let said =
                last_line(&folder.join("stderr.log")).or_else(|| last_line(&folder.join("stdout.log")));
            let said = said.map(|line| format!(": {line}")).unwrap_or_default();
            let asked: Vec<_> = outcome
                .attempts
                .iter()
                .map(|attempt| attempt.what.as_str())
                .collect();
            let failed = Unmeasured::new(
                Reason::StepFailed,
                Fault::Paper,
                format!("step `{id}` ended with code {code}{said}"),
            );
            if asked.is_empty() || step.network {
                return Some(failed);
            }
            let hint = format!(
                "it asked for {} while offline; fetch that as `[[data]]`, or allow `network = true`",
                asked.join(", ")
            );
            Some(failed.hint(hint))
        }
        Ending::Killed { signal } => paper(
            Reason::StepFailed,
            format!("step `{id}` was ended by signal {signal}"),
        ),
        Ending::TimedOut => {
            let limit = humantime::format_duration(step.timeout);
            Some(
                Unmeasured::new(
                    Reason::Timeout,
                    Fault::Paper,
                    format!("step `{id}` ran past its limit of {limit}"),
                )
                .hint("raise the step's `timeout` if the paper says that it takes longer"),
            )
        }
        Ending::OutOfMemory => {
            let limit = bytesize::ByteSize(step.memory);
            Some(
                Unmeasured::new(
                    Reason::OutOfMemory,
                    Fault::Paper,
                    format!("step `{id}` ran past its limit of {limit} of memory"),
                )
                .hint("raise the step's `memory` if the machine has more"),
            )
        }
        Ending::TooMuchOutput => {
            let limit = bytesize::ByteSize(LOG_LIMIT);
            paper(
                Reason::StepFailed,
                format!("step `{id}` wrote more than {limit} to its log"),
            )
        }
        Ending::TooMuchDisk => {
            let limit = bytesize::ByteSize(step.disk);
            Some(
                Unmeasured::new(
                    Reason::StepFailed,
                    Fault::Paper,
                    format!("step `{id}` wrote more than {limit} to disk"),
                )
                .hint("raise the step's `disk` if it needs more"),
            )
        }
        Ending::Cancelled => Some(cancelled()),
        Ending::HostDiskFull => Some(
            Unmeasured::new(
                Reason::StepFailed,
                Fault::Host,
                format!("the disk was full while step `{id}` ran"),
            )
            .hint("make room and check again; finished work is used again"),
        ),
    }
}

/// The last line with something in it, without control characters, at most 200 characters.
fn last_line(log: &Path) -> Option<String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = fs::File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(4096))).ok()?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).ok()?;
    let tail = String::from_utf8_lossy(&tail);
    let line = tail.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(
        line.trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect(),
    )
}
