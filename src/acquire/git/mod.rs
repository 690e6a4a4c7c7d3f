//! The paper's code, exactly at the commit that the manifest pins.
//!
//! A bare mirror of each repository is kept in the cache; the tree of the
//! commit is written out of it file by file, and then proven by computing its
//! identifier again from the files alone. Nothing of the repository runs on the
//! way: no hooks, no filters, no line-ending conversion, no LFS; its own
//! configuration is not read; symbolic links are written and never followed.

pub(crate) mod address;
mod checkout;
pub(crate) mod configuration;
mod error;
mod finding;
mod lfs;
pub mod licence;
mod mirror;
mod reference;
mod submodules;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

pub use address::AddressError;
pub use configuration::{Configuration, ConfigurationError};
pub use error::GitError;
pub use finding::Finding;
pub use licence::Licences;
pub use reference::{ReferenceKind, Resolved, check_reference, resolve};

pub use super::transport::TransportError;

use self::address::{Location, redacted};
use super::http::{Network, SILENCE};
use super::swhid::{self, Swhid};
use crate::digest::Digest;
use crate::manifest::CommitId;
use crate::observe::{Event, Observer};
use crate::workspace::Cache;

/// How repositories are reached, and how much of them is accepted.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How this machine reaches the network. `http.proxy` and `http.sslCAInfo` of the configuration win over it.
    pub network: Network,
    /// The user's git configuration.
    pub configuration: Configuration,
    /// The command line to use in place of `ssh`, as in `GIT_SSH_COMMAND`. It wins over `core.sshCommand`.
    pub ssh: Option<String>,
    /// What is accepted.
    pub limits: Limits,
}

/// How much is accepted from strangers.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one transfer.
    pub transfer: u64,
    /// Bytes of one checkout, with its submodules.
    pub checkout: u64,
    /// Bytes of one file, which is in memory as a whole while it is written.
    pub file: u64,
    /// Files, folders and links of one tree.
    pub entries: usize,
    /// Submodules in all.
    pub submodules: usize,
    /// How long nothing may come; not zero.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const GIB: u64 = 1 << 30;
        Self {
            transfer: 32 * GIB,
            checkout: 64 * GIB,
            file: 4 * GIB,
            entries: 1_000_000,
            submodules: 64,
            silence: SILENCE,
        }
    }
}

/// What is to be pinned, and where to.
#[derive(Clone, Copy, Debug)]
pub struct PinRequest<'a> {
    /// The repository, as the manifest gives it.
    pub repository: &'a str,
    /// What a path is relative to: the folder of the manifest.
    pub base: &'a Path,
    /// The commit.
    pub commit: &'a CommitId,
    /// Whether submodules are wanted, at any depth.
    pub submodules: bool,
    /// The folder that the checkout becomes; it must not exist, its parent must.
    pub into: &'a Path,
}

/// The address of a repository, without a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// As the manifest, or the parent of a submodule, gives it.
    pub written: String,
    /// As `url.<base>.insteadOf` in the user's git configuration rewrote it, if it did.
    pub used: Option<String>,
}

/// The code of a paper, checked out.
#[derive(Clone, Debug)]
pub struct Pinned {
    /// Where it came from.
    pub address: Address,
    /// The commit.
    pub commit: CommitId,
    /// When it was committed.
    pub committed: Timestamp,
    /// When it was written.
    pub authored: Timestamp,
    /// The commit's identifier.
    pub revision: Swhid,
    /// The identifier of its tree.
    pub directory: Swhid,
    /// Number of files and links, submodules included.
    pub files: u64,
    /// Bytes of the files, submodules included.
    pub bytes: u64,
    /// Under which licence it comes.
    pub licences: Licences,
    /// The submodules that were fetched, parents before children.
    pub submodules: Vec<Submodule>,
    /// What a reader should know.
    pub findings: Vec<Finding>,
    /// Whether a repository had to be asked, or the cache had everything.
    pub fetched: bool,
    /// What proves that a folder holds this and nothing else.
    pub proof: Proof,
}

/// A submodule that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submodule {
    /// Its folder, relative to the top.
    pub path: PathBuf,
    /// Where it came from.
    pub address: Address,
    /// Its commit, which its parent names.
    pub commit: CommitId,
    /// The identifier of its tree.
    pub directory: Swhid,
}

/// What proves that a folder holds the pinned files and nothing else.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    parts: Vec<Part>,
}

/// One repository's share of a checkout.
#[derive(Clone, Debug)]
struct Part {
    /// Relative to the top.
    folder: PathBuf,
    expected: Swhid,
    /// Relative to the folder.
    submodules: BTreeMap<PathBuf, CommitId>,
    /// Those of them in whose folder nothing may lie.
    absent: Vec<PathBuf>,
}

impl Proof {
    /// Computes the identifiers of `folder` again from its files.
    ///
    /// # Errors
    ///
    /// [`GitError::Modified`] when it holds anything else than what was pinned, and failures of the disk.
    pub fn verify(&self, folder: &Path) -> Result<(), GitError> {
        for part in &self.parts {
            let path = folder.join(&part.folder);
            let found = swhid::directory_with(&path, &part.submodules);
            let found = found.map_err(GitError::disk("read", &path))?;
            let modified = |found: String| GitError::Modified {
                path: path.clone(),
                expected: part.expected.to_string(),
                found,
            };
            if found != part.expected {
                return Err(modified(found.to_string()));
            }
            for absent in &part.absent {
                let left = fs::read_dir(path.join(absent)).map(Iterator::count).unwrap_or(0);
                if left > 0 {
                    return Err(modified(format!("files in the submodule `{}`", absent.display())));
                }
            }
        }
        Ok(())
    }
}

/// A repository, with the user's rewriting applied.
#[derive(Clone, Debug)]
struct Source {
    /// What relative addresses of submodules are relative to; it may hold a login.
    parent: String,
    /// Whether it lies on this machine by its own address, not by the user's rewriting.
    local: bool,
    address: Address,
    location: Location,
}

impl Source {
    fn new(written: &str, base: &Path, configuration: &Configuration) -> Result<Self, GitError> {
        let used = configuration.rewritten(written);
        let location = Location::parse(used.as_deref().unwrap_or(written), base)?;
        let address = Address {
            written: redacted(written),
            used: used.as_deref().map(redacted),
        };
        let parent = match Location::parse(written, base) {
            // Without `.` in it, which would count as a folder.
            Ok(Location::Local(path)) => Some(path.components().collect::<PathBuf>()),
            Ok(Location::Web(_) | Location::Ssh(_)) | Err(_) => None,
        };
        let local = parent.is_some();
        let parent = parent.map_or_else(|| written.to_owned(), |path| path.display().to_string());
        Ok(Self {
            parent,
            local,
            address,
            location,
        })
    }
}

/// What every part of the work needs.
#[derive(Clone, Copy)]
struct Context<'a> {
    settings: &'a Settings,
    cache: &'a Cache,
    observer: &'a dyn Observer,
}

/// Checks out a commit, with nothing of the repository running.
///
/// The network is asked only when the cache does not have the commit. The
/// folder `request.into` is there whole or not at all; half of a checkout that
/// was killed lies beside it, with `.part` at its end, until the next one.
///
/// # Errors
///
/// When the address makes no sense, the repository cannot be had or does not
/// have the commit, the tree holds what must not be written, or the disk fails.
/// A submodule that is gone is a finding, not an error; one that only cannot be
/// reached now is an error.
pub fn pin(
    request: &PinRequest<'_>,
    settings: &Settings,
    cache: &Cache,
    observer: &dyn Observer,
) -> Result<Pinned, GitError> {
    let context = Context {
        settings,
        cache,
        observer,
    };
    let source = Source::new(request.repository, request.base, &settings.configuration)?;
    let key = Digest::of(request.into.as_os_str().as_encoded_bytes());
    let _lock = cache
        .lock(&format!("checkout-{}", key.short()))
        .map_err(GitError::disk("lock", cache.root()))?;
    if request.into.symlink_metadata().is_ok() {
        return Err(GitError::Exists {
            path: request.into.to_owned(),
        });
    }
    let part = Unfinished::beside(request.into)?;
    let what = format!("check out {}", request.commit);
    observer.event(Event::Began(&what));
    let pinned = submodules::checkout_all(context, request, &source, &part.path);
    let how = match &pinned {
        Ok(pinned) => format!("{} files, {}", pinned.files, bytesize::ByteSize(pinned.bytes)),
        Err(error) => error.to_string(),
    };
    observer.event(Event::Ended {
        what: &what,
        how: &how,
    });
    let pinned = pinned?;
    fs::rename(&part.path, request.into).map_err(GitError::disk("make", request.into))?;
    Ok(pinned)
}

/// Whether the cache has `commit` of `repository` already. Asks nobody.
pub fn is_cached(
    repository: &str,
    base: &Path,
    commit: &CommitId,
    settings: &Settings,
    cache: &Cache,
) -> bool {
    let source = Source::new(repository, base, &settings.configuration);
    source.is_ok_and(|source| mirror::has(cache, &source, commit))
}

/// A checkout that is not finished. Dropping it removes what is there.
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    fn beside(into: &Path) -> Result<Self, GitError> {
        let mut name = into.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        if path.symlink_metadata().is_ok() {
            fs::remove_dir_all(&path).map_err(GitError::disk("remove", &path))?;
        }
        fs::create_dir(&path).map_err(GitError::disk("make", &path))?;
        Ok(Self { path })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Renamed away when all went well.
        let _ = fs::remove_dir_all(&self.path);
    }
}
