//! A small real example: four classifiers of 1992 on the wine data.
//!
//! Everything is embedded, so that it works on a bare machine: the manifest, the
//! data, and the paper's code, which is written out as a Git repository. Names and
//! dates of its one commit are fixed, so its id is always [`COMMIT`] and the
//! manifest can pin it like any other paper's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use git2::{IndexEntry, IndexTime, Repository, RepositoryInitOptions, Signature, Time};
use thiserror::Error;

use crate::error::{Diagnose, Fault};
use crate::workspace::write_whole;

/// The id of the one commit of the example's repository.
pub const COMMIT: &str = "99980964c11b103fdbcd8f8fb30d3d00d121b859";

/// The name of the manifest, and with it of the folder beside it.
const MANIFEST: &str = "1992-wine.toml";
const REPOSITORY: &str = "1992-wine/repository";
const DATA: &str = "1992-wine/wine.csv";

const MANIFEST_TEXT: &str = include_str!("../manifests/1992-wine.toml");
const DATA_TEXT: &str = include_str!("../fixtures/papers/wine/data/wine.csv");

/// The files of the repository, by name.
const CODE: &[(&str, &str)] = &[
    (
        "LICENSE",
        include_str!("../fixtures/papers/wine/repository/LICENSE"),
    ),
    (
        "README.md",
        include_str!("../fixtures/papers/wine/repository/README.md"),
    ),
    (
        "classifiers.py",
        include_str!("../fixtures/papers/wine/repository/classifiers.py"),
    ),
    (
        "gaussian.py",
        include_str!("../fixtures/papers/wine/repository/gaussian.py"),
    ),
    (
        "leave_one_out.py",
        include_str!("../fixtures/papers/wine/repository/leave_one_out.py"),
    ),
];

/// 2024-01-01T00:00:00Z, in seconds since 1970.
const DATE: i64 = 1_704_067_200;

/// Why the example could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The folder holds something else.
    #[error("folder `{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// The folder holds an example of which this part was changed.
    #[error("`{}` is there already and is not what the demo would write", .0.display())]
    Changed(PathBuf),
    /// The file system refused.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// What was being written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The repository could not be made.
    #[error("the example's repository cannot be made in `{}`", path.display())]
    Repository {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: git2::Error,
    },
}

impl Diagnose for DemoError {
    fn fault(&self) -> Fault {
        match self {
            Self::NotEmpty(_) | Self::Changed(_) | Self::Write { .. } | Self::Repository { .. } => {
                Fault::Host
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotEmpty(_) => Some("name a folder that does not exist yet".to_owned()),
            Self::Changed(path) => Some(format!(
                "remove `{}` to have it written again, or name another folder",
                path.display()
            )),
            Self::Write { .. } | Self::Repository { .. } => None,
        }
    }
}

/// Writes the example into `folder` and returns the path of its manifest.
///
/// The folder is made if need be. What an earlier call wrote is left as it is, and
/// what is missing of it is added, so that calling again is harmless.
///
/// # Errors
///
/// When the folder holds anything but this example, when a part of the example was
/// changed, or when the file system refuses. Nothing that was there is overwritten.
pub fn write(folder: &Path) -> Result<PathBuf, DemoError> {
    let manifest = folder.join(MANIFEST);
    if !manifest.exists() && !is_empty(folder)? {
        return Err(DemoError::NotEmpty(folder.to_owned()));
    }
    // The manifest comes first: it marks the folder as ours if we are interrupted.
    write_text(&manifest, MANIFEST_TEXT)?;
    write_text(&folder.join(DATA), DATA_TEXT)?;
    write_repository(&folder.join(REPOSITORY))?;
    Ok(manifest)
}

/// Whether there is nothing in `folder`, or no such folder.
fn is_empty(folder: &Path) -> Result<bool, DemoError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(refused(folder, error)),
    }
}

/// Writes `text` to `path`, unless just that is there.
fn write_text(path: &Path, text: &str) -> Result<(), DemoError> {
    match fs::read(path) {
        Ok(found) if found == text.as_bytes() => Ok(()),
        Ok(_) => Err(DemoError::Changed(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write_whole(path, text.as_bytes()).map_err(|error| refused(path, error))
        }
        Err(error) => Err(refused(path, error)),
    }
}

/// Makes the repository at `path`, whole or not at all, unless it is there.
fn write_repository(path: &Path) -> Result<(), DemoError> {
    if path.exists() {
        let whole = Repository::open(path).is_ok_and(|found| found.revparse_single(COMMIT).is_ok());
        return if whole {
            Ok(())
        } else {
            Err(DemoError::Changed(path.to_owned()))
        };
    }
    let parent = path.parent().unwrap_or(Path::new("."));
    let scratch = tempfile::tempdir_in(parent).map_err(|error| refused(parent, error))?;
    let draft = scratch.path().join("repository");
    commit(&draft).map_err(|source| DemoError::Repository {
        path: path.to_owned(),
        source,
    })?;
    for (name, text) in CODE {
        let file = draft.join(name);
        fs::write(&file, text).map_err(|error| refused(&file, error))?;
    }
    fs::rename(&draft, path).map_err(|error| refused(path, error))
}

/// Makes a repository in `folder` whose one commit holds [`CODE`].
fn commit(folder: &Path) -> Result<(), git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.initial_head("main").external_template(false);
    let repository = Repository::init_opts(folder, &options)?;
    let mut index = repository.index()?;
    for (name, text) in CODE {
        index.add_frombuffer(&entry(name), text.as_bytes())?;
    }
    index.write()?;
    let tree = repository.find_tree(index.write_tree()?)?;
    let author = Signature::new("reproof", "demo@reproof.example", &Time::new(DATE, 0))?;
    let message = "Compare four classifiers on the wine data\n";
    repository.commit(Some("HEAD"), &author, &author, message, &tree, &[])?;
    Ok(())
}

/// An entry of the index for a plain file; libgit2 fills in its id and size.
fn entry(name: &str) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: git2::Oid::ZERO_SHA1,
        flags: 0,
        flags_extended: 0,
        path: name.as_bytes().to_vec(),
    }
}

fn refused(path: &Path, source: io::Error) -> DemoError {
    DemoError::Write {
        path: path.to_owned(),
        source,
    }
}
