//! What the names in a manifest meant on the day it was locked.
//!
//! `reproof lock` resolves a branch into a commit, downloads into digests, and
//! requirements into pinned packages, and writes them into a [`Lock`] beside the
//! manifest. A lock fills in what a manifest leaves out and never overrules it:
//! where both say something, they must say the same.

mod file;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{CommitId, Manifest, Revision};
use crate::digest::Digest;
use crate::error::{Diagnose, Fault};
use crate::workspace::write_whole;

/// The largest lock that is read, in bytes. Hashes of many packages are long.
const LARGEST: u64 = 16 << 20;

/// What the names in a manifest meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The digest of the manifest that was locked.
    pub manifest: Digest,
    /// The code.
    pub code: LockedCode,
    /// Data sets by id.
    pub data: BTreeMap<String, LockedInput>,
    /// Checkpoints by id.
    pub checkpoints: BTreeMap<String, LockedInput>,
    /// The checker's own files by their path as written, relative to the manifest.
    pub files: BTreeMap<String, LockedFile>,
    /// The resolved environment; `None` where nothing had to be resolved.
    pub environment: Option<LockedEnvironment>,
}

/// The commit that a name meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedCode {
    /// The repository, as the manifest names it.
    pub repository: String,
    /// The branch, tag or commit id, as the manifest names it.
    pub reference: String,
    /// The commit.
    pub commit: CommitId,
}

/// The bytes that a source held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedInput {
    /// The source, as the manifest names it.
    pub source: String,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// How many bytes.
    pub bytes: u64,
}

/// The bytes of a file of the checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockedFile {
    /// Their digest.
    pub sha256: Digest,
    /// How many.
    pub bytes: u64,
}

/// A resolved environment. Names no package registry: which one is used is a setting of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedEnvironment {
    /// The full version of the Python that it was resolved for.
    pub python: String,
    /// The instant before which releases counted; `None`: no limit.
    pub as_of: Option<jiff::Timestamp>,
    /// The version of the uv that resolved it.
    pub uv: String,
    /// Versions of all packages by name.
    pub packages: BTreeMap<String, String>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// What it was resolved from, by name. Other inputs mean that it is out of date.
    pub inputs: BTreeMap<String, String>,
    /// Lines `name==version` with hashes, as pip and uv read them.
    pub requirements: String,
}

/// Why a lock cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// The file cannot be read.
    #[error("the lock `{}` cannot be read", file.display())]
    Unreadable {
        /// The path.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("the lock `{}` cannot be written", file.display())]
    Unwritable {
        /// The path.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("`{}` is not a lock: {reason}", file.display())]
    Invalid {
        /// The path.
        file: PathBuf,
        /// What is wrong, on one line.
        reason: String,
    },
    /// The requirements say where packages come from.
    #[error("the resolved requirements name a package registry: `{line}`")]
    NamesRegistry {
        /// The line.
        line: String,
    },
    /// The manifest and the lock differ.
    #[error("{}", listed(.0))]
    Contradicts(Vec<Contradiction>),
}

/// Something of which the manifest says one thing and the lock another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// What: "the commit", "the digest of `cora`".
    pub what: String,
    /// What the manifest says.
    pub manifest: String,
    /// What the lock says.
    pub lock: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, manifest, lock } = self;
        write!(
            f,
            "the manifest and its lock differ in {what}\n  manifest {manifest}\n      lock {lock}"
        )
    }
}

fn listed(contradictions: &[Contradiction]) -> String {
    let lines: Vec<_> = contradictions.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl Diagnose for LockError {
    fn fault(&self) -> Fault {
        match self {
            Self::Unreadable { .. } | Self::Unwritable { .. } => Fault::Host,
            Self::Invalid { .. } | Self::Contradicts(_) => Fault::Manifest,
            Self::NamesRegistry { .. } => Fault::Reproof,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Invalid { .. } => Some("run `reproof lock` to write it anew".to_owned()),
            Self::Contradicts(_) => Some(
                "if the manifest was changed on purpose, run `reproof lock` to write the lock anew; \
                 if not, the lock holds what was checked before"
                    .to_owned(),
            ),
            Self::Unreadable { .. } | Self::Unwritable { .. } | Self::NamesRegistry { .. } => None,
        }
    }
}

impl Lock {
    /// Where the lock of the manifest at `manifest` lies: `paper.lock` beside `paper.toml`.
    pub fn path_for(manifest: &Path) -> PathBuf {
        manifest.with_extension("lock")
    }

    /// Reads the lock at `path`; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Option<Self>, LockError> {
        let unreadable = |source| LockError::Unreadable {
            file: path.to_owned(),
            source,
        };
        let invalid = |reason: String| LockError::Invalid {
            file: path.to_owned(),
            reason,
        };
        let metadata = match path.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(unreadable)?,
        };
        if !metadata.is_file() {
            return Err(invalid("it is not a file".to_owned()));
        }
        let mut bytes = Vec::new();
        let reader = File::open(path).map_err(unreadable)?;
        reader
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() as u64 > LARGEST {
            return Err(invalid(format!("it is larger than {} MiB", LARGEST >> 20)));
        }
        let text = String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8".to_owned()))?;
        Self::parse(&text).map(Some).map_err(invalid)
    }

    /// Reads the text of a lock.
    ///
    /// # Errors
    ///
    /// What is wrong, on one line.
    pub fn parse(text: &str) -> Result<Self, String> {
        file::parse(text)
    }

    /// The text of the lock: the same for the same content.
    pub fn render(&self) -> String {
        file::render(self)
    }

    /// Writes it to `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or when the requirements name a package registry.
    pub fn write(&self, path: &Path) -> Result<(), LockError> {
        let requirements = self
            .environment
            .as_ref()
            .map(|environment| &environment.requirements);
        if let Some(line) = requirements.and_then(|requirements| registry_option(requirements)) {
            return Err(LockError::NamesRegistry {
                line: line.to_owned(),
            });
        }
        write_whole(path, self.render().as_bytes()).map_err(|source| LockError::Unwritable {
            file: path.to_owned(),
            source,
        })
    }
}

/// The first line that says where packages come from.
fn registry_option(requirements: &str) -> Option<&str> {
    let options = [
        "-i",
        "--index",
        "--extra-index",
        "-f",
        "--find-links",
        "--trusted-host",
    ];
    let mut lines = requirements.lines().map(str::trim);
    lines.find(|line| options.iter().any(|option| line.starts_with(option)))
}

impl Manifest {
    /// Fills in the commit and the digests that the manifest leaves out.
    ///
    /// An entry of the lock for something that the manifest does not have any more is passed over; something that
    /// the lock does not have stays unpinned.
    ///
    /// # Errors
    ///
    /// With everything in which the two differ: a commit or digest that both name, or what a pin was made from.
    pub fn with_lock(mut self, lock: &Lock) -> Result<Self, LockError> {
        let mut differences = Vec::new();
        differences.extend(fill_commit(&mut self, &lock.code));
        for data in &mut self.data {
            let locked = lock.data.get(&data.id);
            differences
                .extend(locked.and_then(|locked| fill(&data.id, &data.source, &mut data.sha256, locked)));
        }
        for checkpoint in &mut self.checkpoints {
            let locked = lock.checkpoints.get(&checkpoint.id);
            let sha256 = &mut checkpoint.sha256;
            differences
                .extend(locked.and_then(|locked| fill(&checkpoint.id, &checkpoint.source, sha256, locked)));
        }
        if differences.is_empty() {
            return Ok(self);
        }
        Err(LockError::Contradicts(differences))
    }
}

fn differ(what: String, manifest: impl fmt::Display, lock: impl fmt::Display) -> Option<Contradiction> {
    Some(Contradiction {
        what,
        manifest: manifest.to_string(),
        lock: lock.to_string(),
    })
}

fn fill_commit(manifest: &mut Manifest, locked: &LockedCode) -> Option<Contradiction> {
    let code = &mut manifest.code;
    let name = match &code.revision {
        Revision::Commit(commit) if *commit == locked.commit => return None,
        Revision::Commit(commit) => return differ("the commit".to_owned(), commit, &locked.commit),
        Revision::Name(name) => name,
    };
    if code.repository != locked.repository {
        return differ(
            "the repository of the pinned commit".to_owned(),
            &code.repository,
            &locked.repository,
        );
    }
    if *name != locked.reference {
        return differ(
            "the name of the pinned commit".to_owned(),
            name,
            &locked.reference,
        );
    }
    code.revision = Revision::Commit(locked.commit.clone());
    None
}

fn fill(id: &str, source: &str, sha256: &mut Option<Digest>, locked: &LockedInput) -> Option<Contradiction> {
    match sha256 {
        Some(digest) if *digest == locked.sha256 => None,
        Some(digest) => differ(format!("the digest of `{id}`"), digest, locked.sha256),
        None if source != locked.source => differ(format!("the source of `{id}`"), source, &locked.source),
        None => {
            *sha256 = Some(locked.sha256);
            None
        }
    }
}

#[cfg(test)]
mod tests;
