//! Pinning code: over https, over ssh, from this machine, from strangers who mean no good.

mod checkout;
mod hostile;
mod https;
mod references;
mod shared;
mod ssh;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use reproof::acquire::git::{Configuration, GitError, PinRequest, Pinned, Settings, TransportError, pin};
use reproof::manifest::CommitId;
use reproof::observe::{Event, Observer, Silent};
use reproof::workspace::Cache;
use tempfile::TempDir;

use crate::common_git::Repo;

/// A folder with a cache, repositories, and settings that know nothing of the user.
struct Bench {
    folder: TempDir,
    cache: Cache,
    settings: Settings,
    submodules: bool,
    next: AtomicU64,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path().join("cache"));
        std::fs::create_dir(folder.path().join("repositories")).expect("made");
        Self {
            folder,
            cache,
            settings: Settings::default(),
            submodules: false,
            next: AtomicU64::new(0),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where repositories are served from.
    fn root(&self) -> PathBuf {
        self.path().join("repositories")
    }

    fn repo(&self, name: &str) -> Repo {
        Repo::new(self.root().join(name))
    }

    fn small(&self, name: &str) -> (Repo, CommitId) {
        Repo::small(self.root().join(name))
    }

    /// Adds a line to the user's git configuration.
    fn configure(&mut self, name: &str, value: &str) {
        self.settings.configuration.set(name, value);
    }

    /// Pins into a fresh folder.
    fn pin(&self, repository: &str, commit: &CommitId) -> Result<(Pinned, PathBuf), GitError> {
        self.pin_watched(repository, commit, &Silent)
    }

    fn pin_watched(
        &self,
        repository: &str,
        commit: &CommitId,
        observer: &dyn Observer,
    ) -> Result<(Pinned, PathBuf), GitError> {
        let into = self
            .path()
            .join(format!("checkout-{}", self.next.fetch_add(1, Ordering::SeqCst)));
        let request = PinRequest {
            repository,
            base: &self.root(),
            commit,
            submodules: self.submodules,
            into: &into,
        };
        let pinned = pin(&request, &self.settings, &self.cache, observer);
        let mut part = into.clone().into_os_string();
        part.push(".part");
        assert!(!Path::new(&part).exists(), "nothing half-made is left");
        assert_eq!(pinned.is_ok(), into.exists(), "whole or not at all");
        pinned.map(|pinned| (pinned, into))
    }

    #[track_caller]
    fn pinned(&self, repository: &str, commit: &CommitId) -> (Pinned, PathBuf) {
        let (pinned, into) = self.pin(repository, commit).expect("pinned");
        pinned.proof.verify(&into).expect("proven");
        (pinned, into)
    }

    #[track_caller]
    fn refused(&self, repository: &str, commit: &CommitId) -> GitError {
        match self.pin(repository, commit) {
            Ok(_) => panic!("it was pinned"),
            Err(error) => error,
        }
    }

    #[track_caller]
    fn transport_error(&self, repository: &str, commit: &CommitId) -> TransportError {
        let error = self.refused(repository, commit);
        let GitError::Transport(error) = error else {
            panic!("not the transport: {error:?}")
        };
        error
    }
}

/// All files, folders and links under `folder`, relative to it.
fn files(folder: &Path) -> BTreeSet<String> {
    let walk = walkdir::WalkDir::new(folder).min_depth(1).into_iter();
    walk.map(|entry| {
        let entry = entry.expect("an entry");
        entry
            .path()
            .strip_prefix(folder)
            .expect("inside")
            .display()
            .to_string()
    })
    .collect()
}

/// Counts what has arrived, and stops when told to.
#[derive(Default)]
struct Watch {
    arrived: AtomicU64,
    stop: AtomicBool,
}

impl Observer for Watch {
    fn event(&self, event: Event<'_>) {
        if let Event::Progress { what, done, .. } = event
            && what.starts_with("fetch")
        {
            self.arrived.store(done, Ordering::SeqCst);
        }
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// An id that no repository here has.
fn absent() -> CommitId {
    CommitId::new("0123456789abcdef0123456789abcdef01234567").expect("an id")
}

/// A configuration read from a file with this text, as the user's is.
fn configuration_file(folder: &Path, text: &str) -> Configuration {
    let path = folder.join("gitconfig");
    std::fs::write(&path, text).expect("written");
    Configuration::read(&[path]).expect("a configuration")
}
