//! `reproof lock`: what every name in a manifest means today.

use std::fmt;

use super::error::room_hint;
use super::gather::{context, diagnosed, no_environment};
use super::{Settings, beside};
use crate::acquire::git::{self, Finding, PinRequest, ReferenceKind};
use crate::acquire::{self, Context, Input};
use crate::digest::Digest;
use crate::environment::{self, ResolvedEnvironment, Wanted};
use crate::error::{Diagnose, Fault};
use crate::manifest::lock::{self, Lock, LockedCode, LockedEnvironment, LockedFile, LockedInput};
use crate::manifest::{CommitId, Manifest, OwnFile, Revision};
use crate::observe::{Event, Observer};
use crate::reason::{Reason, Unmeasured};

/// What was resolved.
#[derive(Debug)]
pub struct Locked {
    /// The lock, not yet written.
    pub lock: Lock,
    /// What a reader should know of the code.
    pub findings: Vec<Finding>,
}

/// Why a manifest could not be locked.
#[derive(Debug)]
pub struct LockError(pub Unmeasured);

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl std::error::Error for LockError {}

impl From<Unmeasured> for LockError {
    fn from(why: Unmeasured) -> Self {
        Self(why)
    }
}

impl Diagnose for LockError {
    fn fault(&self) -> Fault {
        self.0.fault
    }

    fn hint(&self) -> Option<String> {
        self.0.hint.clone()
    }
}

/// Resolves every pin of `manifest`, fetching what has to be fetched for that.
///
/// # Errors
///
/// The first thing that cannot be resolved, with whose turn it is.
pub fn lock(
    manifest: &Manifest,
    settings: Settings<'_>,
    observer: &dyn Observer,
) -> Result<Locked, LockError> {
    let _held = super::hold(settings.cache).map_err(|error| no_room(&error))?;
    let (reference, commit) = commit(manifest, settings, observer)?;
    let scratch = settings
        .cache
        .scratch()
        .and_then(tempfile::tempdir_in)
        .map_err(|error| no_room(&error))?;
    let checkout = scratch.path().join("code");
    let request = PinRequest {
        repository: &manifest.code.repository,
        base: &beside(manifest),
        commit: &commit,
        submodules: manifest.code.submodules,
        into: &checkout,
    };
    let pinned = git::pin(&request, settings.git, settings.cache, observer)
        .map_err(|error| diagnosed(Reason::CodeUnavailable, &error))?;
    let mut context = context(manifest, Some(checkout.clone()), settings);
    context.allow_unpinned = true;
    let wanted = Wanted {
        spec: &manifest.environment,
        tree: &checkout,
        committed: Some(pinned.committed),
        locked: None,
        allow_builds: true,
    };
    let environment = environment::resolve(&wanted, &settings.workshop(observer))
        .map_err(|error| no_environment(&error))?;
    // What a step makes is there only when the step has run: its digest stands in the manifest itself.
    let fetched = manifest.data.iter().filter(|data| data.made_by().is_none());
    let lock = Lock {
        manifest: manifest.digest,
        code: LockedCode {
            repository: manifest.code.repository.clone(),
            reference,
            commit,
        },
        data: inputs(fetched.map(Input::from), &context, observer)?,
        checkpoints: inputs(manifest.checkpoints.iter().map(Input::from), &context, observer)?,
        files: manifest.files.iter().map(file).collect::<Result<_, _>>()?,
        environment: environment.map(locked_environment),
    };
    Ok(Locked {
        lock,
        findings: pinned.findings,
    })
}

fn commit(
    manifest: &Manifest,
    settings: Settings<'_>,
    observer: &dyn Observer,
) -> Result<(String, CommitId), Unmeasured> {
    let name = match &manifest.code.revision {
        Revision::Commit(commit) => return Ok((commit.to_string(), commit.clone())),
        Revision::Name(name) => name,
    };
    let resolved = git::resolve(
        &manifest.code.repository,
        &beside(manifest),
        name,
        settings.git,
        observer,
    )
    .map_err(|error| diagnosed(Reason::CodeUnavailable, &error))?;
    let kind = match resolved.kind {
        ReferenceKind::Branch => "branch",
        ReferenceKind::Tag | ReferenceKind::AnnotatedTag => "tag",
    };
    observer.event(Event::Note(&format!(
        "{kind} `{name}` is commit {}",
        resolved.commit
    )));
    Ok((name.clone(), resolved.commit))
}

fn inputs(
    wanted: impl Iterator<Item = Input>,
    context: &Context,
    observer: &dyn Observer,
) -> Result<std::collections::BTreeMap<String, LockedInput>, Unmeasured> {
    let one = |input: Input| {
        let obtained =
            acquire::obtain(&input, context, observer).map_err(|error| diagnosed(error.reason(), &error))?;
        let locked = LockedInput {
            source: input.source,
            sha256: obtained.digest,
            bytes: obtained.bytes,
        };
        Ok((input.name, locked))
    };
    wanted.map(one).collect()
}

fn file(file: &OwnFile) -> Result<(String, LockedFile), Unmeasured> {
    let name = file.path.display().to_string();
    let (sha256, bytes) = Digest::of_file(&file.absolute).map_err(|error| {
        let detail = format!("cannot read the checker's own file `{name}`: {error}");
        Unmeasured::new(Reason::StepFailed, Fault::Manifest, detail)
    })?;
    Ok((name, LockedFile { sha256, bytes }))
}

/// Whether the checker's own files are those that were locked.
///
/// A file that is not in the lock, or not there, is not this function's affair.
///
/// # Errors
///
/// [`lock::LockError::Contradicts`], with every file that was changed since.
pub fn own_files_as_locked(manifest: &Manifest, locked: &Lock) -> Result<(), lock::LockError> {
    let differs = |own: &OwnFile| {
        let name = own.path.display().to_string();
        let known = locked.files.get(&name)?;
        let (_, now) = file(own).ok()?;
        (now != *known).then(|| lock::Contradiction {
            what: format!("the checker's own file `{name}`"),
            manifest: now.sha256.to_string(),
            lock: known.sha256.to_string(),
        })
    };
    let differences: Vec<_> = manifest.files.iter().filter_map(differs).collect();
    if differences.is_empty() {
        return Ok(());
    }
    Err(lock::LockError::Contradicts(differences))
}

fn locked_environment(resolved: ResolvedEnvironment) -> LockedEnvironment {
    LockedEnvironment {
        python: resolved.python,
        as_of: resolved.as_of,
        uv: resolved.uv,
        packages: resolved.packages.into_iter().collect(),
        notes: resolved.notes,
        inputs: resolved.inputs.0,
        requirements: resolved.requirements,
    }
}

fn no_room(error: &std::io::Error) -> Unmeasured {
    let detail = format!("cannot write to the cache: {error}");
    let failed = Unmeasured::new(Reason::CodeUnavailable, Fault::Host, detail);
    match room_hint(error) {
        Some(hint) => failed.hint(hint),
        None => failed,
    }
}
