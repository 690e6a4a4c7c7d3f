//! Why the code could not be pinned.

use std::io;
use std::path::PathBuf;

use super::address::AddressError;
use super::configuration::ConfigurationError;
use crate::acquire::transport::{Failed, TransportError};
use crate::error::{Diagnose, Fault};
use crate::manifest::CommitId;

/// Why the code could not be pinned. Addresses in it hold no login.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// The address cannot be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The user's configuration cannot be read.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The other side could not be asked, or did not answer well.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The transfer failed in git's own words.
    #[error("cannot fetch from `{address}`: {why}")]
    Fetch {
        /// The repository.
        address: String,
        /// Why.
        why: String,
    },
    /// There is no repository at the path.
    #[error("there is no git repository at `{}`", path.display())]
    NoRepository {
        /// The path.
        path: PathBuf,
    },
    /// The repository on this machine belongs to somebody else.
    #[error("the repository at `{}` belongs to another user", path.display())]
    NotOwned {
        /// The path.
        path: PathBuf,
    },
    /// The repository does not have the commit.
    #[error("commit {commit} is not in `{address}`")]
    CommitMissing {
        /// The repository.
        address: String,
        /// The commit.
        commit: CommitId,
    },
    /// The id is of something else than a commit.
    #[error("{commit} in `{address}` is a {kind}, not a commit")]
    NotACommit {
        /// The repository.
        address: String,
        /// The id.
        commit: CommitId,
        /// What it is.
        kind: String,
    },
    /// The commit makes no sense.
    #[error("commit {commit} is malformed: {why}")]
    Malformed {
        /// The commit.
        commit: CommitId,
        /// How.
        why: String,
    },
    /// No branch or tag has the name.
    #[error("`{address}` has no branch or tag named `{name}`")]
    ReferenceMissing {
        /// The repository.
        address: String,
        /// The name.
        name: String,
    },
    /// A branch and a tag have the name.
    #[error("`{address}` has a branch and a tag named `{name}`")]
    ReferenceAmbiguous {
        /// The repository.
        address: String,
        /// The name.
        name: String,
    },
    /// The tree holds something that must not be written to a disk.
    #[error("the tree of {commit} holds an entry that is not written: `{path}` {why}")]
    UnsafeEntry {
        /// The commit.
        commit: CommitId,
        /// Its path, escaped.
        path: String,
        /// Why not.
        why: &'static str,
    },
    /// Something is larger than is accepted.
    #[error("{what} of {commit} is more than the limit of {limit}")]
    TooLarge {
        /// The commit.
        commit: CommitId,
        /// What.
        what: &'static str,
        /// The limit, with its unit.
        limit: String,
    },
    /// The repository lacks an object that the commit needs.
    #[error("the repository at `{place}` is damaged: {why}")]
    Damaged {
        /// The repository, or its mirror.
        place: String,
        /// How.
        why: String,
    },
    /// The files are not those of the commit.
    #[error("the files in `{}` are not those of the commit\n  expected {expected}\n     found {found}", path.display())]
    Modified {
        /// The folder.
        path: PathBuf,
        /// What the commit says.
        expected: String,
        /// What lies there.
        found: String,
    },
    /// There is something where the checkout is to be.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The disk does not do what it should.
    #[error("cannot {action} `{}`", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// libgit2 fails at something that cannot fail.
    #[error("git fails to {action}: {why}")]
    Library {
        /// What was tried.
        action: &'static str,
        /// Why not.
        why: String,
    },
    /// The user asked to stop.
    #[error("stopped while the code was pinned")]
    Cancelled,
}

impl GitError {
    /// A failure of the disk.
    pub(super) fn disk(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Disk { action, path, cause }
    }

    /// A failure of libgit2 at `action`.
    pub(super) fn library(action: &'static str) -> impl Fn(git2::Error) -> Self {
        move |error| Self::Library {
            action,
            why: error.message().to_owned(),
        }
    }

    /// A failure while fetching from `address`.
    pub(super) fn fetch(address: &str, failed: Failed) -> Self {
        match failed {
            Failed::Transport(TransportError::Cancelled { .. }) => Self::Cancelled,
            Failed::Transport(failure) => Self::Transport(failure),
            Failed::Git(error) => {
                let why = error
                    .message()
                    .chars()
                    .filter(|character| !character.is_control())
                    .collect();
                Self::Fetch {
                    address: address.to_owned(),
                    why,
                }
            }
        }
    }
}

impl Diagnose for GitError {
    fn fault(&self) -> Fault {
        match self {
            Self::Transport(failure) => failure.fault(),
            Self::Address(_)
            | Self::NoRepository { .. }
            | Self::NotACommit { .. }
            | Self::ReferenceMissing { .. }
            | Self::ReferenceAmbiguous { .. } => Fault::Manifest,
            Self::CommitMissing { .. }
            | Self::Malformed { .. }
            | Self::UnsafeEntry { .. }
            | Self::TooLarge { .. } => Fault::Paper,
            Self::Configuration(_)
            | Self::Fetch { .. }
            | Self::NotOwned { .. }
            | Self::Damaged { .. }
            | Self::Modified { .. }
            | Self::Disk { .. }
            | Self::Cancelled => Fault::Host,
            Self::Exists { .. } | Self::Library { .. } => Fault::Reproof,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Transport(failure) => failure.hint(),
            Self::CommitMissing { commit, .. } => Some(format!(
                "authors rewrite history: look for a fork that still has the commit, or for \
                 https://archive.softwareheritage.org/swh:1:rev:{commit}"
            )),
            Self::NotOwned { path } => Some(format!(
                "if you trust it: `git config --global --add safe.directory {}`",
                path.display()
            )),
            Self::NoRepository { .. } => Some("a path is relative to the manifest".to_owned()),
            Self::NotACommit { kind, .. } if kind == "tag" => {
                Some("write the tag's name as the commit and let `reproof lock` resolve it".to_owned())
            }
            Self::ReferenceMissing { .. } => {
                Some("a shortened commit id is no name; write all 40 digits".to_owned())
            }
            Self::ReferenceAmbiguous { name, .. } => {
                Some(format!("write `refs/tags/{name}` or `refs/heads/{name}`"))
            }
            Self::Fetch { .. } => Some("try again later".to_owned()),
            Self::Damaged { place, .. } => Some(format!("if `{place}` is a folder of the cache, remove it")),
            Self::Modified { .. } => Some("check the code out again, with `--fresh`".to_owned()),
            Self::Address(_)
            | Self::Configuration(_)
            | Self::NotACommit { .. }
            | Self::Malformed { .. }
            | Self::UnsafeEntry { .. }
            | Self::TooLarge { .. }
            | Self::Exists { .. }
            | Self::Disk { .. }
            | Self::Library { .. }
            | Self::Cancelled => None,
        }
    }
}
