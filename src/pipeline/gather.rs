//! The first stages: code, data and environment, each there or with its reason.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::endings::host_failure;
use super::error::room_hint;
use super::execution::{Inventory, Present, StepRun};
use super::folder::RunFolder;
use super::steps::cancelled;
use super::{Reused, Settings, beside};
use crate::acquire::git::{self, Finding, GitError, PinRequest, Pinned};
use crate::acquire::{self, AcquireError, Context, Input, Obtained};
use crate::digest::{Digest, Inputs};
use crate::environment::{self, Environment, EnvironmentError, ResolvedEnvironment, Wanted};
use crate::error::{Diagnose, Fault, chain};
use crate::manifest::lock::{Lock, LockedEnvironment};
use crate::manifest::{CommitId, Data, Manifest, Revision};
use crate::observe::{Event, Observer};
use crate::reason::{Reason, Unmeasured};
use crate::report::{Arrived, InputReport};

/// Everything that was obtained.
#[derive(Clone)]
pub(super) struct Acquired {
    /// The code, or why there is none.
    pub(super) code: Result<Code, Unmeasured>,
    pub(super) data: Inventory,
    pub(super) checkpoints: Inventory,
    /// The checker's own files, by the path that the manifest gives.
    pub(super) files: Inventory,
    /// All of them, for the report.
    pub(super) reports: Vec<InputReport>,
}

/// The pinned code.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) pinned: Pinned,
    /// Where it is checked out; never written to.
    pub(super) checkout: PathBuf,
}

impl Reused for Acquired {
    fn reuse(&self) -> String {
        let code = match &self.code {
            Ok(code) if code.pinned.fetched => "the code was fetched: the cache did not have the commit",
            Ok(_) => "the code was in the cache",
            Err(_) => "no code",
        };
        let arrived = self
            .reports
            .iter()
            .filter_map(|input| Some((input, input.result.as_ref().ok()?)));
        let fetched: Vec<_> = arrived
            .filter(|(_, arrived)| !arrived.reused)
            .map(|(input, _)| format!("`{}`", input.name))
            .collect();
        if fetched.is_empty() {
            return format!("{code}; all files were there already");
        }
        format!("{code}; fetched: {}", fetched.join(", "))
    }
}

/// Pins the code into the folder `run`, and obtains everything else.
pub(super) fn acquire(
    manifest: &Manifest,
    lock: Option<&Lock>,
    run: &RunFolder,
    settings: Settings<'_>,
    observer: &dyn Observer,
) -> Acquired {
    let mut acquired = Acquired {
        code: pin(manifest, lock, &run.code(), settings, observer),
        data: Inventory::new(),
        checkpoints: Inventory::new(),
        files: Inventory::new(),
        reports: Vec::new(),
    };
    let context = context(
        manifest,
        acquired.code.as_ref().ok().map(|code| code.checkout.clone()),
        settings,
    );
    for data in manifest.data.iter().filter(|data| data.made_by().is_none()) {
        let result = obtain(
            &Input::from(data),
            data.source.as_str(),
            &acquired.code,
            &context,
            observer,
        );
        acquired.note("data", &data.id, &data.source, data.license.as_deref(), &result);
        acquired.data.insert(
            data.id.clone(),
            result.and_then(|obtained| present(data, obtained)),
        );
    }
    for checkpoint in &manifest.checkpoints {
        let result = obtain(
            &Input::from(checkpoint),
            checkpoint.source.as_str(),
            &acquired.code,
            &context,
            observer,
        );
        acquired.note("checkpoint", &checkpoint.id, &checkpoint.source, None, &result);
        let found = result.map(|obtained| Present {
            path: obtained.path,
            digest: obtained.digest,
        });
        acquired.checkpoints.insert(checkpoint.id.clone(), found);
    }
    acquired.take_files(manifest, &run.path.join("files"));
    acquired
}

impl Acquired {
    fn note(
        &mut self,
        kind: &'static str,
        name: &str,
        source: &str,
        license: Option<&str>,
        result: &Result<Obtained, Unmeasured>,
    ) {
        let arrived = |obtained: &Obtained| Arrived {
            digest: obtained.digest,
            bytes: obtained.bytes,
            reused: obtained.reused,
        };
        self.reports.push(InputReport {
            kind,
            name: name.to_owned(),
            source: source.to_owned(),
            license: license.map(str::to_owned),
            result: result.as_ref().map(arrived).map_err(Clone::clone),
        });
    }

    /// Takes in the data that steps made, each only if it is what the manifest pins.
    pub(super) fn take_made(&mut self, manifest: &Manifest, steps: &[StepRun]) {
        for data in &manifest.data {
            let Some((step, path)) = data.made_by() else {
                continue;
            };
            let made = made(data, step, path, steps);
            self.reports.push(InputReport {
                kind: "data",
                name: data.id.clone(),
                source: data.source.clone(),
                license: data.license.clone(),
                result: made
                    .as_ref()
                    .map(|(_, arrived)| arrived.clone())
                    .map_err(Clone::clone),
            });
            self.data
                .insert(data.id.clone(), made.map(|(present, _)| present));
        }
    }

    /// Copies the checker's own files into the run, so that the run holds what it used.
    fn take_files(&mut self, manifest: &Manifest, into: &Path) {
        for file in &manifest.files {
            let name = file.path.display().to_string();
            let target = into.join(&file.path);
            let taken = take(&file.absolute, &target, &name);
            self.reports.push(InputReport {
                kind: "file",
                name: name.clone(),
                source: "the checker".to_owned(),
                license: None,
                result: taken.clone(),
            });
            self.files.insert(
                name,
                taken.map(|arrived| Present {
                    path: target,
                    digest: arrived.digest,
                }),
            );
        }
    }
}

/// Copies `from` to `to`. What cannot be read is the manifest's affair, what cannot be written the machine's.
fn take(from: &Path, to: &Path, name: &str) -> Result<Arrived, Unmeasured> {
    let mut source = fs::File::open(from).map_err(|error| {
        let detail = format!("cannot read the checker's own file `{name}`: {error}");
        Unmeasured::new(Reason::StepFailed, Fault::Manifest, detail)
    })?;
    let mut copy = || {
        fs::create_dir_all(to.parent().unwrap_or(Path::new("/")))?;
        let mut target = fs::File::create_new(to)?;
        io::copy(&mut source, &mut target)?;
        target.set_permissions(source.metadata()?.permissions())?;
        Digest::of_file(to)
    };
    let (digest, bytes) = copy().map_err(|error: io::Error| {
        host_failure(
            &format!("copy the checker's own file `{name}` into the run"),
            &error,
        )
    })?;
    Ok(Arrived {
        digest,
        bytes,
        reused: false,
    })
}

/// The output of `step` at `path`, proven to be what `data` pins.
fn made(data: &Data, step: &str, path: &str, steps: &[StepRun]) -> Result<(Present, Arrived), Unmeasured> {
    let run = steps.iter().find(|run| run.execution.step == step);
    let why = |fault, detail: String| Unmeasured::new(Reason::DataUnavailable, fault, detail);
    let run = run.ok_or_else(|| why(Fault::Reproof, format!("step `{step}` was not reached")))?;
    let ran = run.result.as_ref().map_err(|failed| {
        let detail = format!(
            "data `{}` is made by step `{step}`, which did not end well: {}",
            data.id, failed.detail
        );
        why(failed.fault, detail)
    })?;
    let Some(file) = ran.files().find(|file| file.path == path) else {
        return Err(why(
            Fault::Manifest,
            format!(
                "step `{step}` did not write `{path}`, which is data `{}`",
                data.id
            ),
        ));
    };
    if data.sha256.is_some_and(|expected| expected != file.digest) {
        let expected = data.sha256.map(|digest| digest.to_string()).unwrap_or_default();
        let detail = format!(
            "data `{}`, made by step `{step}`, is not the file that the manifest pins\n  expected {expected}\n     found {}",
            data.id, file.digest
        );
        return Err(why(Fault::Manifest, detail).hint("pin the new digest only if you know why it changed"));
    }
    let present = Present {
        path: run.folder.join("outputs").join(path),
        digest: file.digest,
    };
    Ok((
        present,
        Arrived {
            digest: file.digest,
            bytes: file.bytes,
            reused: run.reused,
        },
    ))
}

/// What steps see of a data set: the file, the folder it was unpacked into, or one member of that.
fn present(data: &Data, obtained: Obtained) -> Result<Present, Unmeasured> {
    let path = obtained.unpacked.unwrap_or(obtained.path);
    let Some(member) = &data.member else {
        return Ok(Present {
            path,
            digest: obtained.digest,
        });
    };
    let path = path.join(member);
    if path.is_file() {
        let digest = Digest::of(format!("{} {}", obtained.digest, member.display()));
        return Ok(Present { path, digest });
    }
    let detail = format!("data `{}` has no member `{}`", data.id, member.display());
    Err(Unmeasured::new(Reason::DataUnavailable, Fault::Manifest, detail))
}

fn pin(
    manifest: &Manifest,
    lock: Option<&Lock>,
    into: &Path,
    settings: Settings<'_>,
    observer: &dyn Observer,
) -> Result<Code, Unmeasured> {
    let commit = match &manifest.code.revision {
        Revision::Commit(commit) => commit,
        Revision::Name(name) => {
            let detail = format!("`{name}` is not a full commit id");
            return Err(Unmeasured::new(Reason::CodeUnavailable, Fault::Manifest, detail)
                .hint("`reproof lock` resolves it"));
        }
    };
    let request = PinRequest {
        repository: &manifest.code.repository,
        base: &beside(manifest),
        commit,
        submodules: manifest.code.submodules,
        into,
    };
    let mut pinned =
        git::pin(&request, settings.git, settings.cache, observer).map_err(|error| no_code(&error))?;
    pinned.findings.extend(moved(manifest, lock, settings, observer));
    Ok(Code {
        pinned,
        checkout: into.to_owned(),
    })
}

/// What happened to the branch or tag that was locked. Not being able to ask is worth a note, nothing more.
fn moved(
    manifest: &Manifest,
    lock: Option<&Lock>,
    settings: Settings<'_>,
    observer: &dyn Observer,
) -> Option<Finding> {
    let locked = &lock?.code;
    let name = &locked.reference;
    if CommitId::new(name).is_some() || settings.network.offline || observer.cancelled() {
        return None;
    }
    let repository = &manifest.code.repository;
    let base = beside(manifest);
    match git::check_reference(repository, &base, name, &locked.commit, settings.git, observer) {
        Ok(finding) => finding,
        Err(error) => {
            let why = chain(&error);
            observer.event(Event::Note(&format!(
                "whether `{name}` moved since it was locked is not known: {why}"
            )));
            None
        }
    }
}

fn no_code(error: &GitError) -> Unmeasured {
    let reason = if matches!(error, GitError::Cancelled) {
        Reason::Cancelled
    } else {
        Reason::CodeUnavailable
    };
    diagnosed(reason, error)
}

/// A typed error as the reason for a missing measurement.
pub(super) fn diagnosed(reason: Reason, error: &dyn Diagnose) -> Unmeasured {
    let mut detail = error.to_string();
    if let Some(cause) = error.source() {
        detail = format!("{detail}: {}", chain(cause));
    }
    let unmeasured = Unmeasured::new(reason, error.fault(), detail);
    match error.source().and_then(room_hint).or_else(|| error.hint()) {
        Some(hint) => unmeasured.hint(hint),
        None => unmeasured,
    }
}

pub(super) fn context(manifest: &Manifest, repository: Option<PathBuf>, settings: Settings<'_>) -> Context {
    let mut context = Context::new(
        settings.cache.clone(),
        settings.network.clone(),
        beside(manifest),
        settings.packages.clone(),
    );
    context.repository = repository;
    context
}

fn obtain(
    input: &Input,
    source: &str,
    code: &Result<Code, Unmeasured>,
    context: &Context,
    observer: &dyn Observer,
) -> Result<Obtained, Unmeasured> {
    if observer.cancelled() {
        return Err(cancelled());
    }
    if let (true, Err(why)) = (source.starts_with("repo:"), code) {
        return Err(why.clone());
    }
    acquire::obtain(input, context, observer).map_err(|error: AcquireError| diagnosed(error.reason(), &error))
}

/// Builds the environment, if there is code to build it for.
pub(super) fn environment(
    manifest: &Manifest,
    acquired: &Acquired,
    lock: Option<&Lock>,
    settings: Settings<'_>,
    observer: &dyn Observer,
) -> Result<Environment, Unmeasured> {
    let code = acquired.code.as_ref().map_err(Clone::clone)?;
    let locked = lock.and_then(|lock| lock.environment.clone()).map(resolved);
    let wanted = Wanted {
        spec: &manifest.environment,
        tree: &code.checkout,
        committed: Some(code.pinned.committed),
        locked: locked.as_ref(),
        allow_builds: true,
    };
    environment::prepare(&wanted, &settings.workshop(observer)).map_err(|error| no_environment(&error))
}

pub(super) fn no_environment(error: &EnvironmentError) -> Unmeasured {
    let reason = if matches!(error, EnvironmentError::Cancelled) {
        Reason::Cancelled
    } else {
        Reason::Environment
    };
    diagnosed(reason, error)
}

/// What a lock holds, as the environment stage knows it.
fn resolved(locked: LockedEnvironment) -> ResolvedEnvironment {
    ResolvedEnvironment {
        python: locked.python,
        as_of: locked.as_of,
        requirements: locked.requirements,
        uv: locked.uv,
        packages: locked.packages.into_iter().collect(),
        wishes: Vec::new(),
        notes: locked.notes,
        inputs: Inputs(locked.inputs),
    }
}

impl Reused for Result<Environment, Unmeasured> {
    fn reuse(&self) -> String {
        match self {
            Ok(environment) if environment.reused => "the environment was there already".to_owned(),
            Ok(_) => "the environment was built: none of its kind was in the cache".to_owned(),
            Err(_) => "no environment".to_owned(),
        }
    }
}
