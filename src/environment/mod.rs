//! What a paper's code runs in: an isolated Python environment, the machine's own Python, or nothing.
//!
//! [`prepare`] returns an [`Environment`]: folders for `PATH`, mounts and variables
//! that every step gets, and the list of packages for the record. With
//! `kind = "uv"` the requirements are read here ([`requirements`]), resolved as of
//! a date and pinned by hash, installed, and kept by content. Everything that
//! runs on the way to that, uv included, is a [`Job`] of the executor, and reaches
//! package hosts only ([`proxy`]); code of a package runs only where a package has
//! no wheel and [`Wanted::allow_builds`] says so.
//!
//! What is not done here: interpreters are never downloaded, no code of the
//! repository is run, and no line of it decides where packages come from.
//!
//! Not pinned: what builds a package from source (its build requirements are
//! resolved as of the same date, without hashes).

mod bootstrap;
mod choose;
pub mod doctor;
mod error;
mod explain;
mod host;
mod index;
mod install;
mod machine;
mod pins;
pub mod proxy;
mod python;
pub mod requirements;
mod resolve;
mod system;
mod tool;
mod uv;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;

pub use choose::choose;
pub use error::EnvironmentError;
pub use host::Host;
pub use machine::{Gpu, Machine};
pub use python::{Interpreter, Origin, PythonVersion, PythonWanted, find, probe};
pub use requirements::Wish;
pub use system::first_on_path;
pub use uv::Trace;

use crate::acquire::http;
use crate::digest::{Digest, Inputs};
use crate::execute::{Ending, Executor, Job, Limits, Mount, Network};
use crate::manifest::{EnvironmentKind, EnvironmentSpec};
use crate::observe::{Event, Observer};
use crate::workspace::Cache;

/// What the stage works with.
#[derive(Clone, Copy)]
pub struct Workshop<'a> {
    /// Where interpreters and tools are, and how the package client is configured.
    pub host: &'a Host,
    /// Where environments and tools are kept.
    pub cache: &'a Cache,
    /// How the network is reached.
    pub network: &'a http::Network,
    /// What confines the installer.
    pub executor: &'a dyn Executor,
    /// Who watches.
    pub observer: &'a dyn Observer,
}

impl std::fmt::Debug for Workshop<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workshop")
            .field("cache", self.cache)
            .field("executor", &self.executor.name())
            .finish_non_exhaustive()
    }
}

impl Workshop<'_> {
    /// A new folder for half-finished work.
    fn scratch(&self) -> Result<TempDir, EnvironmentError> {
        let folder = self
            .cache
            .scratch()
            .map_err(EnvironmentError::io("make", self.cache.root()))?;
        let made = tempfile::Builder::new()
            .prefix("environment-")
            .tempdir_in(&folder);
        made.map_err(EnvironmentError::io("make a folder in", folder))
    }

    /// Waits for a lock of the cache, as long as nobody asks to stop.
    fn lock(&self, name: &str) -> Result<File, EnvironmentError> {
        let mut waiting = false;
        loop {
            let tried = self.cache.try_lock(name);
            let tried = tried.map_err(EnvironmentError::io("lock", self.cache.root()))?;
            if let Some(lock) = tried {
                return Ok(lock);
            }
            if !std::mem::replace(&mut waiting, true) {
                self.note("another process is building an environment: it is waited for");
            }
            if self.observer.cancelled() {
                return Err(EnvironmentError::Cancelled);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn note(&self, text: &str) {
        self.observer.event(Event::Note(text));
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// `[environment]` of the manifest.
    pub spec: &'a EnvironmentSpec,
    /// The pinned tree of the repository.
    pub tree: &'a Path,
    /// When the pinned commit was made.
    pub committed: Option<Timestamp>,
    /// What the lock holds. It is used as long as it was made from the same inputs.
    pub locked: Option<&'a ResolvedEnvironment>,
    /// Whether packages without a wheel may be built, which runs their code, confined.
    pub allow_builds: bool,
}

/// An environment down to the last hash, as a lock holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedEnvironment {
    /// The full version of the Python that it was resolved for, such as `3.8.18`.
    pub python: String,
    /// The instant before which releases counted; `None`: no limit.
    pub as_of: Option<Timestamp>,
    /// Lines `name==version` with hashes, as pip and uv read them.
    pub requirements: String,
    /// The version of the uv that resolved it.
    pub uv: String,
    /// Names and versions of all packages, sorted by name.
    pub packages: Vec<(String, String)>,
    /// Lines of the repository that were not obeyed; a lock need not hold them, they are found again.
    pub wishes: Vec<Wish>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// What it was resolved from. Other inputs mean that it is out of date.
    pub inputs: Inputs,
}

/// What steps run in.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Who built it.
    pub kind: EnvironmentKind,
    /// Its Python.
    pub python: Option<Interpreter>,
    /// Folders that come first in a step's `PATH`, the same inside and outside.
    pub path: Vec<PathBuf>,
    /// What a step must see of the machine, read-only.
    pub mounts: Vec<Mount>,
    /// Variables of every step.
    pub env: BTreeMap<String, OsString>,
    /// Names and versions of all packages, sorted by name.
    pub packages: Vec<(String, String)>,
    /// Whether every package is pinned by hash.
    pub pinned_by_hash: bool,
    /// The instant before which releases counted, where there was one.
    pub as_of: Option<Timestamp>,
    /// What it was made from; steps that ran in another environment are not reused.
    pub key: Digest,
    /// Whether it was there already.
    pub reused: bool,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// Lines of the repository that were not obeyed.
    pub wishes: Vec<Wish>,
    /// Packages that had no usable wheel and were built, confined.
    pub built_from_source: Vec<String>,
    /// What the installer reached and what held it, as far as something had to be resolved or installed.
    pub trace: Trace,
    /// What the lock should hold; `None` unless uv built it.
    pub resolved: Option<ResolvedEnvironment>,
}

/// Builds the environment, or finds it built, and proves that it runs the Python that it should.
///
/// # Errors
///
/// All of [`EnvironmentError`]; each knows whose turn it is and what to try.
pub fn prepare(wanted: &Wanted<'_>, workshop: &Workshop<'_>) -> Result<Environment, EnvironmentError> {
    match wanted.spec.kind {
        EnvironmentKind::Uv => isolated(wanted, workshop),
        EnvironmentKind::System => of_the_machine(wanted, workshop),
        EnvironmentKind::None => Ok(nothing()),
    }
}

/// Resolves the requirements to exact versions and hashes without installing anything.
///
/// `None` unless uv is to build the environment.
///
/// # Errors
///
/// Those of [`prepare`] that can arise before the installation.
pub fn resolve(
    wanted: &Wanted<'_>,
    workshop: &Workshop<'_>,
) -> Result<Option<ResolvedEnvironment>, EnvironmentError> {
    if wanted.spec.kind != EnvironmentKind::Uv {
        return Ok(None);
    }
    resolved(wanted, workshop).map(|(_, resolved, _)| Some(resolved))
}

fn isolated(wanted: &Wanted<'_>, workshop: &Workshop<'_>) -> Result<Environment, EnvironmentError> {
    let (interpreter, resolved, mut trace) = resolved(wanted, workshop)?;
    let installed = install::install(wanted, &resolved, &interpreter, workshop)?;
    trace.join(installed.trace);
    let mut notes = resolved.notes.clone();
    if resolved.python != interpreter.version.to_string() {
        let (wanted, found) = (&resolved.python, interpreter.version);
        notes.push(format!(
            "the lock was made for Python {wanted}, and the environment runs {found}"
        ));
    }
    let folder = installed.folder;
    let home = folder.parent().unwrap_or(&folder);
    let mut mounts = vec![uv::mount(home, false)];
    mounts.extend(
        interpreter
            .folders()
            .iter()
            .map(|folder| uv::mount(folder, false)),
    );
    let mut env = variables();
    env.insert("VIRTUAL_ENV".to_owned(), folder.clone().into());
    let pinned =
        pins::parse(&resolved.requirements).is_ok_and(|pins| pins.iter().all(|pin| !pin.hashes.is_empty()));
    let environment = Environment {
        kind: EnvironmentKind::Uv,
        python: Some(interpreter),
        path: vec![folder.join("bin")],
        mounts,
        env,
        packages: resolved.packages.clone(),
        pinned_by_hash: pinned,
        as_of: resolved.as_of,
        key: installed.key,
        reused: installed.reused,
        notes,
        wishes: resolved.wishes.clone(),
        built_from_source: installed.built_from_source,
        trace,
        resolved: Some(resolved),
    };
    verify(&environment, &folder, workshop)?;
    Ok(environment)
}

/// The interpreter, and the lock or a new resolution.
fn resolved(
    wanted: &Wanted<'_>,
    workshop: &Workshop<'_>,
) -> Result<(Interpreter, ResolvedEnvironment, Trace), EnvironmentError> {
    let mut found = requirements::read(wanted.tree, &wanted.spec.requirements, &wanted.spec.packages)?;
    let as_of = resolve::limit(&wanted.spec.as_of, wanted.committed);
    let inputs = resolve::inputs(wanted, &found, as_of);
    let lock = wanted.locked.filter(|locked| locked.inputs == inputs);
    if let Some(old) = wanted.locked.filter(|_| lock.is_none()) {
        let changes = inputs.changes(&old.inputs).join(", ");
        workshop.note(&format!(
            "the lock is out of date and the requirements are resolved again: {changes}"
        ));
    }
    let interpreter = interpreter(wanted, &mut found, lock, as_of, workshop)?;
    if let Some(lock) = lock {
        let current = ResolvedEnvironment {
            wishes: found.wishes,
            ..lock.clone()
        };
        return Ok((interpreter, current, Trace::default()));
    }
    for wish in &found.wishes {
        workshop.note(&wish.to_string());
    }
    let (resolved, trace) = resolve::resolve(wanted, found, &interpreter, as_of, workshop)?;
    for note in &resolved.notes {
        workshop.note(note);
    }
    Ok((interpreter, resolved, trace))
}

/// The interpreter for a new environment: the lock's version if it is there, else the best that is wanted.
fn interpreter(
    wanted: &Wanted<'_>,
    found: &mut requirements::Requirements,
    lock: Option<&ResolvedEnvironment>,
    as_of: Option<Timestamp>,
    workshop: &Workshop<'_>,
) -> Result<Interpreter, EnvironmentError> {
    let (text, evidence) = match (&wanted.spec.python, lock, &found.python) {
        (Some(text), _, _) => (Some(text.clone()), "asked for by the manifest".to_owned()),
        (None, Some(lock), _) => (Some(minor(&lock.python)), "the lock was made for it".to_owned()),
        (None, None, Some((text, place))) => (Some(minor(text)), format!("asked for by {place}")),
        (None, None, None) => (None, "none is asked for; it suits the date best".to_owned()),
    };
    let range: Option<PythonWanted> = text.as_deref().map(str::parse).transpose()?;
    let candidates = find(workshop.host, range.as_ref());
    let exact = lock.and_then(|lock| lock.python.parse().ok());
    let exact = exact.and_then(|exact| choose(&candidates, Some(&exact), as_of));
    if let Some(chosen) = exact.or_else(|| choose(&candidates, range.as_ref(), as_of)) {
        if chosen.version.minor < 6 {
            return Err(EnvironmentError::PythonTooOld {
                version: chosen.full_version.clone(),
            });
        }
        if text.is_none() || wanted.spec.python.is_none() {
            found
                .hints
                .push(format!("Python {} was chosen ({evidence})", chosen.full_version));
        }
        return Ok(chosen.clone());
    }
    Err(missing(range.as_ref(), evidence, &candidates, workshop))
}

fn missing(
    range: Option<&PythonWanted>,
    evidence: String,
    candidates: &[Interpreter],
    workshop: &Workshop<'_>,
) -> EnvironmentError {
    let old = candidates
        .iter()
        .find(|one| one.version.major < 3 && range.is_some_and(|range| range.matches(one.version)));
    if let Some(old) = old {
        return EnvironmentError::PythonTooOld {
            version: old.full_version.clone(),
        };
    }
    let mut found = find(workshop.host, None);
    found.sort_by_key(|one| one.version);
    found.dedup_by_key(|one| one.version);
    EnvironmentError::PythonMissing {
        wanted: range.map_or_else(|| "3".to_owned(), ToString::to_string),
        evidence,
        found: found.iter().map(|one| one.full_version.clone()).collect(),
    }
}

/// The first two numbers of a version: patch releases replace each other.
fn minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

fn of_the_machine(wanted: &Wanted<'_>, workshop: &Workshop<'_>) -> Result<Environment, EnvironmentError> {
    let range: Option<PythonWanted> = wanted.spec.python.as_deref().map(str::parse).transpose()?;
    let candidates = find(workshop.host, range.as_ref());
    let chosen = first_on_path(&candidates, range.as_ref(), workshop.host);
    let evidence = || "asked for by the manifest".to_owned();
    let interpreter = chosen.ok_or_else(|| missing(range.as_ref(), evidence(), &[], workshop))?;
    let packages = system::packages(&interpreter.search);
    let (path, mut mounts) = system::path(&interpreter, workshop)?;
    mounts.extend(
        interpreter
            .folders()
            .iter()
            .map(|folder| uv::mount(folder, false)),
    );
    let mut notes = Vec::new();
    if !wanted.spec.requirements.is_empty() || !wanted.spec.packages.is_empty() {
        notes.push("`requirements` and `packages` are not installed with `kind = \"system\"`: the code runs with what is there".to_owned());
    }
    let prefix = interpreter.prefix.clone();
    let environment = Environment {
        kind: EnvironmentKind::System,
        path,
        mounts,
        env: variables(),
        pinned_by_hash: false,
        as_of: None,
        key: system::key(&interpreter, &packages),
        reused: true,
        notes,
        wishes: Vec::new(),
        built_from_source: Vec::new(),
        trace: Trace::default(),
        resolved: None,
        packages,
        python: Some(interpreter),
    };
    verify(&environment, &prefix, workshop)?;
    Ok(environment)
}

fn nothing() -> Environment {
    let mut inputs = Inputs::default();
    inputs.add("kind", "none");
    Environment {
        kind: EnvironmentKind::None,
        python: None,
        path: Vec::new(),
        mounts: Vec::new(),
        env: BTreeMap::new(),
        packages: Vec::new(),
        pinned_by_hash: false,
        as_of: None,
        key: inputs.digest(),
        reused: true,
        notes: Vec::new(),
        wishes: Vec::new(),
        built_from_source: Vec::new(),
        trace: Trace::default(),
        resolved: None,
    }
}

/// Packages in the user's home are not part of an environment.
fn variables() -> BTreeMap<String, OsString> {
    BTreeMap::from([("PYTHONNOUSERSITE".to_owned(), OsString::from("1"))])
}

/// Starts `python` the way a step would, and compares what it says it is with what it should be.
///
/// An interpreter whose libraries are not shown at their place finds those of
/// another one, and silently is that other one.
fn verify(environment: &Environment, prefix: &Path, workshop: &Workshop<'_>) -> Result<(), EnvironmentError> {
    const ACTION: &str = "start Python in the environment";
    const QUESTION: &str =
        "import platform, sys; sys.stdout.write(platform.python_version() + ' ' + sys.prefix)";
    let Some(python) = &environment.python else {
        return Ok(());
    };
    let scratch = workshop.scratch()?;
    let (stdout, stderr) = (scratch.path().join("stdout"), scratch.path().join("stderr"));
    let job = Job {
        name: ACTION.to_owned(),
        argv: ["python", "-E", "-s", "-c", QUESTION]
            .map(OsString::from)
            .to_vec(),
        directory: PathBuf::from("/"),
        mounts: environment.mounts.clone(),
        env: environment.env.clone(),
        path: environment.path.clone(),
        network: Network::None,
        limits: Limits {
            wall: Duration::from_secs(120),
            memory: 1 << 30,
            processes: 64,
            log: 1 << 20,
            disk: 1 << 20,
        },
        stdout: stdout.clone(),
        stderr: stderr.clone(),
        gpus: 0,
    };
    let outcome = workshop.executor.run(&job, workshop.observer);
    let outcome = outcome.map_err(|cause| EnvironmentError::Execute {
        action: ACTION,
        cause,
    })?;
    let read = |path: &Path| requirements::brief(&fs::read_to_string(path).unwrap_or_default());
    if outcome.ending == Ending::Cancelled {
        return Err(EnvironmentError::Cancelled);
    }
    if outcome.ending == Ending::HostDiskFull {
        let full = std::io::ErrorKind::StorageFull.into();
        return Err(EnvironmentError::io(
            "start Python with its logs in",
            scratch.path(),
        )(full));
    }
    if outcome.ending != Ending::Succeeded {
        let explanation = format!("{} ({:?})", read(&stderr), outcome.ending);
        return Err(EnvironmentError::Installer {
            action: ACTION,
            explanation,
        });
    }
    let (wanted, found) = (
        format!("{} {}", python.full_version, prefix.display()),
        read(&stdout),
    );
    if requirements::brief(&wanted) == found {
        return Ok(());
    }
    Err(EnvironmentError::WrongPython { wanted, found })
}
