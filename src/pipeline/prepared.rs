//! A run of a step, ready to start: its folders, its command, and everything that it depends on by name.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::endings::{ended_badly, host_failure, not_started};
use super::execution::{DeclaredOutput, Execution, Inventory, OutputFile, OutputState, Ran, StepRun};
use super::saved;
use super::steps::{Ground, needed_runs, over_budget, take_over};
use super::template::{self, CODE, OUT};
use crate::digest::{Digest, Inputs};
use crate::execute::tree::{self, Bounds, Snapshot, Sources};
use crate::execute::{Ending, Job, Limits, Mount, Network};
use crate::manifest::{Action, Step};
use crate::reason::Unmeasured;
use crate::workspace::remove_tree;

/// Bytes that each of the two logs of a step may have.
pub(super) const LOG_LIMIT: u64 = 256 << 20;

/// Processes and threads that a step may have at once: at least this many, and as many for each core.
const PROCESSES: (u64, u64) = (1024, 64);

/// Files of a step's outputs that are kept.
const OUTPUTS_KEPT: usize = 100_000;

/// Changed files of the working copy that are listed.
const CHANGES_LISTED: usize = 200;

/// A run of a step, ready to start.
pub(super) struct Prepared {
    pub(super) argv: Vec<OsString>,
    env: BTreeMap<String, OsString>,
    mounts: Vec<Mount>,
    /// Outputs of earlier steps: from where, and where in the working copy.
    carried: Vec<(PathBuf, PathBuf)>,
    places: Vec<(PathBuf, PathBuf)>,
    pub(super) inputs: Inputs,
    /// What is left of the budget's time, if there is one.
    left: Option<Duration>,
}

impl Prepared {
    pub(super) fn new(ground: Ground<'_>, step: &Step, run: &StepRun, done: &[StepRun]) -> Self {
        let mut prepared = Self {
            argv: Vec::new(),
            env: environment_variables(step, run.execution.seed),
            mounts: Vec::new(),
            carried: Vec::new(),
            places: Vec::new(),
            inputs: Inputs::default(),
            left: None,
        };
        prepared.describe(ground, step, &run.execution);
        prepared.show_inputs(ground, step);
        prepared.carry(step, &run.execution, done);
        if let Action::Run(words) = &step.action {
            prepared.argv = words
                .iter()
                .map(|word| template::fill(word, run.execution.seed))
                .collect();
        }
        prepared
    }

    fn describe(&mut self, ground: Ground<'_>, step: &Step, execution: &Execution) {
        let inputs = &mut self.inputs;
        inputs.add("code", ground.code.directory);
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
        self.show("data", template::data, data, ground.data);
        let checkpoints = step
            .checkpoints
            .iter()
            .filter_map(|id| ground.manifest.checkpoint(id));
        self.show(
            "checkpoint",
            template::checkpoint,
            checkpoints.map(|found| (&found.id, &found.place)),
            ground.checkpoints,
        );
        for (path, file) in ground.files {
            if let Ok(present) = file {
                self.inputs
                    .add(format!("file[{path}].sha256"), present.digest.hex());
                let inside = template::file(path);
                self.mount(&present.path, &inside);
            }
        }
    }

    fn show<'m>(
        &mut self,
        kind: &str,
        seen: fn(&str) -> PathBuf,
        wanted: impl Iterator<Item = (&'m String, &'m Option<PathBuf>)>,
        inventory: &Inventory,
    ) {
        for (id, place) in wanted {
            let Some(Ok(present)) = inventory.get(id) else {
                continue;
            };
            self.inputs
                .add(format!("{kind}[{id}].sha256"), present.digest.hex());
            let inside = seen(id);
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

    /// With what is left of the budget.
    pub(super) fn within(mut self, left: Option<Duration>) -> Self {
        self.left = left;
        self
    }

    /// Runs it, and keeps what it left.
    pub(super) fn run(self, ground: Ground<'_>, step: &Step, run: &mut StepRun) {
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
        let _ = remove_tree(&folder.join("tree"));
        let _ = remove_tree(&folder.join("out"));
        if let Err(error) = saved::write(&folder, &inputs, &ending, run.result.as_ref().ok()) {
            run.result = Err(host_failure("keep what the step did", &error));
        }
    }

    fn start(self, ground: Ground<'_>, step: &Step, run: &mut StepRun) -> Result<Ran, Unmeasured> {
        let (work, out) = (run.folder.join("tree"), run.folder.join("out"));
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
        if let (Ending::TimedOut, Some(limit)) = (&outcome.ending, ground.manifest.budget.wall)
            && self.left.is_some_and(|left| left < step.timeout)
        {
            return Err(over_budget(limit, &format!("while step `{}` ran", step.id)));
        }
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
                wall: self.left.map_or(step.timeout, |left| left.min(step.timeout)),
                memory: step.memory,
                processes: PROCESSES.0.max(PROCESSES.1 * cores() as u64),
                log: LOG_LIMIT,
                disk: step.disk,
            },
            stdout: run.folder.join("stdout.log"),
            stderr: run.folder.join("stderr.log"),
            gpus: step.gpus,
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Helps towards the same result twice, which every step gets unless it says otherwise.
///
/// A step that sets `OMP_NUM_THREADS` means all its libraries.
pub(crate) fn fixed_variables(step: Option<&Step>, cores: usize) -> [(&'static str, String); 7] {
    let own = step.and_then(|step| step.env.get("OMP_NUM_THREADS").cloned());
    let threads = own.unwrap_or_else(|| cores.max(1).to_string());
    [
        ("PYTHONHASHSEED", "0".to_owned()),
        ("PYTHONUNBUFFERED", "1".to_owned()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ("CUBLAS_WORKSPACE_CONFIG", ":4096:8".to_owned()),
        ("OMP_NUM_THREADS", threads.clone()),
        ("OPENBLAS_NUM_THREADS", threads.clone()),
        ("MKL_NUM_THREADS", threads),
    ]
}

/// What every step gets: [`fixed_variables`], and where things are.
fn environment_variables(step: &Step, seed: Option<u64>) -> BTreeMap<String, OsString> {
    let fixed = fixed_variables(Some(step), cores()).into_iter();
    let mut env: BTreeMap<String, OsString> = fixed
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    if let Some(seed) = seed {
        env.insert("REPROOF_SEED".to_owned(), seed.to_string().into());
    }
    env.insert("REPROOF_OUT".to_owned(), OUT.into());
    let own = step.env.iter();
    env.extend(own.map(|(name, value)| (name.clone(), template::fill(value, seed))));
    env
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
            fs::remove_dir_all(&target)?;
        } else {
            fs::remove_file(&target)?;
        }
    }
    tree::place(from, working, place)
}
