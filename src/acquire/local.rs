//! Files that are here already: `file:`, beside the manifest, and `repo:`, in the pinned checkout.
//!
//! `file:` names what the author of the manifest can read anyway, so links are
//! followed wherever they lead. `repo:` names what strangers committed, so
//! nothing may lead out of the checkout.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use super::store::open_plain;
use super::{AcquireError, Arrived, Part, Request, Source};
use crate::observe::Observer;

/// `file:`
#[derive(Debug)]
pub(super) struct Beside;

impl Source for Beside {
    fn scheme(&self) -> &'static str {
        "file"
    }

    fn fetch(
        &self,
        request: &Request<'_>,
        sink: &mut Part,
        observer: &dyn Observer,
    ) -> Result<Arrived, AcquireError> {
        let path = beside(request)?;
        let file = open(request, &path)?;
        copy(request, file, sink, observer, |error| {
            request.unreadable(path.clone())(error)
        })?;
        Ok(here(request))
    }
}

/// `file:path`, `file:/path` or `file:///path`; no percent-encoding.
fn beside(request: &Request<'_>) -> Result<PathBuf, AcquireError> {
    let path = match request.rest.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(_) => {
            return Err(request.bad_source("`file://` takes no host: write `file:PATH` or `file:///PATH`"));
        }
        None => request.rest,
    };
    if path.is_empty() || path.contains('\0') {
        return Err(request.bad_source("it names no file"));
    }
    Ok(request.context.manifest_dir.join(path))
}

/// `repo:`
#[derive(Debug)]
pub(super) struct Repository;

impl Source for Repository {
    fn scheme(&self) -> &'static str {
        "repo"
    }

    fn fetch(
        &self,
        request: &Request<'_>,
        sink: &mut Part,
        observer: &dyn Observer,
    ) -> Result<Arrived, AcquireError> {
        let path = inside(request)?;
        let file = open(request, &path)?;
        not_a_pointer(request, &file, &path)?;
        copy(request, file, sink, observer, |error| {
            request.unreadable(path.clone())(error)
        })?;
        Ok(here(request))
    }
}

/// The path in the checkout, links resolved.
fn inside(request: &Request<'_>) -> Result<PathBuf, AcquireError> {
    let repository = request.context.repository.as_ref();
    let root = repository.ok_or_else(|| request.bad_source("the manifest names no repository"))?;
    if !is_inner(request.rest) {
        return Err(request.bad_source("a path inside the repository is expected, without `..`"));
    }
    let path = root.join(request.rest);
    let real = |path: &Path| path.canonicalize().map_err(request.unreadable(path.to_owned()));
    let (root, path) = (real(root)?, real(&path)?);
    let inner = path.strip_prefix(&root);
    if inner.is_ok_and(|inner| !inner.starts_with(".git")) {
        Ok(path)
    } else {
        Err(request.bad_source("it leads out of the repository's files"))
    }
}

/// Whether `path` is relative, has no `..` and is not empty.
pub(super) fn is_inner(path: &str) -> bool {
    let mut components = Path::new(path).components().peekable();
    !path.contains('\0')
        && components.peek().is_some()
        && components.all(|component| matches!(component, Component::Normal(_)))
}

fn open(request: &Request<'_>, path: &Path) -> Result<File, AcquireError> {
    let what = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => None,
        Ok(metadata) if metadata.is_dir() => Some("a folder"),
        Ok(_) => Some("a device or a pipe"),
        Err(error) => return Err(request.unreadable(path.to_owned())(error)),
    };
    match what {
        Some(what) => Err(AcquireError::NotAFile {
            input: request.input.name.clone(),
            path: path.to_owned(),
            what,
        }),
        None => open_plain(path).map_err(request.unreadable(path.to_owned())),
    }
}

/// A pointer of Git LFS is a small text file (its specification, "The Pointer").
fn not_a_pointer(request: &Request<'_>, file: &File, path: &Path) -> Result<(), AcquireError> {
    use std::os::unix::fs::FileExt as _;
    let mut start = [0; 1024];
    let read = file
        .read_at(&mut start, 0)
        .map_err(request.unreadable(path.to_owned()))?;
    let text = String::from_utf8_lossy(&start[..read]);
    if !text.starts_with("version https://git-lfs.github.com/spec/") {
        return Ok(());
    }
    let bytes = text
        .lines()
        .find_map(|line| line.strip_prefix("size ")?.trim().parse().ok());
    Err(AcquireError::LfsPointer {
        input: request.input.name.clone(),
        path: request.rest.to_owned(),
        bytes: bytes.unwrap_or(0),
    })
}

fn here(request: &Request<'_>) -> Arrived {
    Arrived {
        location: request.input.source.clone(),
        surplus: None,
    }
}

/// Copies all of `reader`, from the beginning.
pub(super) fn copy(
    request: &Request<'_>,
    mut reader: impl io::Read,
    sink: &mut Part,
    observer: &dyn Observer,
    unreadable: impl Fn(io::Error) -> AcquireError,
) -> Result<(), AcquireError> {
    sink.restart().map_err(|error| request.while_writing(error))?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        if observer.cancelled() {
            return Err(request.cancelled());
        }
        let read = reader.read(&mut buffer).map_err(&unreadable)?;
        if read == 0 {
            return Ok(());
        }
        sink.write_all(&buffer[..read])
            .map_err(|error| request.while_writing(error))?;
    }
}
