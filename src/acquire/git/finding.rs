//! What is worth knowing about pinned code, good or bad, without being an error.

use std::fmt;
use std::path::PathBuf;

use crate::manifest::CommitId;

/// Something about the pinned code that a reader should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// There is no licence anywhere.
    NoLicence,
    /// There is a licence file whose text is not one that is recognised.
    LicenceNotRecognised {
        /// The file.
        path: PathBuf,
    },
    /// A submodule is not fetched because the manifest does not ask for it.
    SubmoduleNotFetched {
        /// Its folder.
        path: PathBuf,
        /// Its address, as its parent gives it; empty if there is none.
        address: String,
    },
    /// A submodule cannot be had.
    SubmoduleMissing {
        /// Its folder.
        path: PathBuf,
        /// Its address, as its parent gives it; empty if there is none.
        address: String,
        /// Why not.
        why: String,
    },
    /// A file is only a pointer into Git LFS; its content is not there.
    LfsPointer {
        /// The file.
        path: PathBuf,
        /// The size of the content, in bytes.
        size: u64,
    },
    /// A symbolic link leads out of the repository.
    LinkLeadsOut {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// No branch and no tag leads to the commit: it can vanish any day.
    CommitNotReachable {
        /// The commit.
        commit: CommitId,
    },
    /// The tree holds modes that git no longer writes; they are normalised in the checkout.
    OddModes,
    /// A branch or tag is not where it was when it was locked.
    ReferenceMoved {
        /// Its name.
        name: String,
        /// Whether it is a tag, which should not move.
        tag: bool,
        /// Where it was.
        locked: CommitId,
        /// Where it is.
        now: CommitId,
    },
    /// A branch or tag that was locked is no longer there.
    ReferenceGone {
        /// Its name.
        name: String,
        /// Where it was.
        locked: CommitId,
    },
}

impl Finding {
    /// Its code, in kebab case; unique.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoLicence => "no-licence",
            Self::LicenceNotRecognised { .. } => "licence-not-recognised",
            Self::SubmoduleNotFetched { .. } => "submodule-not-fetched",
            Self::SubmoduleMissing { .. } => "submodule-missing",
            Self::LfsPointer { .. } => "lfs-content-missing",
            Self::LinkLeadsOut { .. } => "link-leads-out",
            Self::CommitNotReachable { .. } => "commit-not-reachable",
            Self::OddModes => "odd-modes",
            Self::ReferenceMoved { .. } => "reference-moved",
            Self::ReferenceGone { .. } => "reference-gone",
        }
    }

    /// Whether something of the code is not there (judging.md §5, check `code`: complete).
    pub fn incomplete(&self) -> bool {
        match self {
            Self::SubmoduleNotFetched { .. } | Self::SubmoduleMissing { .. } | Self::LfsPointer { .. } => {
                true
            }
            Self::NoLicence
            | Self::LicenceNotRecognised { .. }
            | Self::LinkLeadsOut { .. }
            | Self::CommitNotReachable { .. }
            | Self::OddModes
            | Self::ReferenceMoved { .. }
            | Self::ReferenceGone { .. } => false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLicence => f.write_str("the repository has no licence: nobody may use its code"),
            Self::LicenceNotRecognised { path } => {
                write!(
                    f,
                    "the repository has a licence file that is not recognised: `{}`",
                    path.display()
                )
            }
            Self::SubmoduleNotFetched { path, address } => {
                write!(f, "submodule `{}` is not fetched", path.display())?;
                from(f, address)
            }
            Self::SubmoduleMissing { path, address, why } => {
                write!(f, "submodule `{}` cannot be had", path.display())?;
                from(f, address)?;
                write!(f, ": {why}")
            }
            Self::LfsPointer { path, size } => {
                let size = bytesize::ByteSize(*size);
                write!(
                    f,
                    "`{}` is a pointer into Git LFS; its {size} are not there",
                    path.display()
                )
            }
            Self::LinkLeadsOut { path, target } => {
                write!(
                    f,
                    "link `{}` leads out of the repository, to `{}`",
                    path.display(),
                    target.display()
                )
            }
            Self::CommitNotReachable { commit } => {
                write!(
                    f,
                    "no branch and no tag leads to commit {commit}: it can vanish any day"
                )
            }
            Self::OddModes => f.write_str("the tree holds file modes that git no longer writes"),
            Self::ReferenceMoved {
                name,
                tag,
                locked,
                now,
            } => {
                let kind = if *tag { "tag" } else { "branch" };
                write!(f, "{kind} `{name}` moved from {locked} to {now}")
            }
            Self::ReferenceGone { name, locked } => {
                write!(f, "`{name}`, which was at {locked}, is no longer there")
            }
        }
    }
}

fn from(f: &mut fmt::Formatter<'_>, address: &str) -> fmt::Result {
    if address.is_empty() {
        Ok(())
    } else {
        write!(f, " from `{address}`")
    }
}
