//! Why a check could not even begin.

use std::io;
use std::path::PathBuf;

use crate::error::{Diagnose, Fault};
use crate::workspace::{Cache, Workspace};

/// Why there is nowhere to work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The cache cannot be written.
    #[error("the cache in `{}` cannot be written", path.display())]
    Cache {
        /// Its folder.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// There can be no folder for the run.
    #[error("the runs in `{}` cannot be written", path.display())]
    Folder {
        /// The folder that runs are kept in.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl CheckError {
    pub(super) fn cache(cache: &Cache) -> impl FnOnce(io::Error) -> Self {
        let path = cache.root().to_owned();
        move |cause| Self::Cache { path, cause }
    }

    pub(super) fn folder(workspace: &Workspace) -> impl FnOnce(io::Error) -> Self {
        let path = workspace.runs();
        move |cause| Self::Folder { path, cause }
    }
}

impl Diagnose for CheckError {
    fn fault(&self) -> Fault {
        Fault::Host
    }

    fn hint(&self) -> Option<String> {
        let (Self::Cache { cause, .. } | Self::Folder { cause, .. }) = self;
        if let Some(hint) = room_hint(cause) {
            return Some(hint);
        }
        let hint = match self {
            Self::Cache { .. } => "name a folder that can be written with `--cache-dir`",
            Self::Folder { .. } => {
                "runs are kept beside the manifest: copy the manifest, with the files that it names, to where you may write"
            }
        };
        Some(hint.to_owned())
    }
}

/// What to do if `error`, or what is behind it, is that a disk is full.
pub(super) fn room_hint(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(
            kind,
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        ) {
            return Some("make room on the disk and check again; finished work is used again".to_owned());
        }
        cause = error.source();
    }
    None
}
