//! Bare mirrors of repositories, in the cache.
//!
//! A mirror is made aside and moved to its place when its first fetch is done.
//! Later fetches add to it: libgit2 moves a pack to its place when it is whole,
//! and branches and tags follow after that, so that a process that is killed
//! leaves a mirror that is good, with some rubbish that the next fetch removes.
//! One process at a time changes a mirror; any number may read it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use git2::{
    AutotagOption, Config, Direction, ErrorCode, FetchOptions, ObjectType, Oid, RemoteCallbacks, Repository,
    RepositoryInitOptions,
};

use super::address::Location;
use super::reference::session;
use super::tree::{Kind, Reading};
use super::{Context, GitError, Source};
use crate::acquire::transport::{ADDRESS, Failed, Session, TransportError, within};
use crate::manifest::CommitId;
use crate::observe::Event;
use crate::workspace::Cache;

/// A mirror that holds what was asked for.
pub(super) struct Mirror {
    pub(super) repository: Repository,
    /// Its folder, for people.
    pub(super) place: String,
    /// Whether the repository itself had to be asked.
    pub(super) fetched: bool,
    /// Whether a branch or tag leads to the commit.
    pub(super) reachable: bool,
}

/// The mirror of `source`, with `commit` in it.
///
/// # Errors
///
/// When the repository cannot be had, or does not have the commit.
pub(super) fn holding(context: Context<'_>, source: &Source, commit: &CommitId) -> Result<Mirror, GitError> {
    let name = source.location.mirror_name();
    let folder = context.cache.mirrors().join(&name);
    let _lock = alone(context, &name)?;
    let work = Work {
        context,
        source,
        commit,
        id: id(commit)?,
    };
    let existing = open(&folder).ok();
    if existing.is_none() && folder.exists() {
        fs::remove_dir_all(&folder).map_err(GitError::disk("remove", &folder))?;
    }
    let (repository, fetched) = match existing {
        Some(repository) if work.has(&repository)? => (repository, false),
        Some(repository) => {
            tidy(&folder);
            work.told(&repository)?;
            (repository, true)
        }
        None => (work.make(&folder)?, true),
    };
    let reachable = match &source.location {
        Location::Local(path) => work.reachable(&open_local(path)?)?,
        Location::Web(_) | Location::Ssh(_) => work.reachable(&repository)?,
    };
    Ok(Mirror {
        repository,
        place: folder.display().to_string(),
        fetched,
        reachable,
    })
}

/// Waits for the lock of the mirror `name`, as long as nobody asks to stop: another process may clone for an hour.
fn alone(context: Context<'_>, name: &str) -> Result<fs::File, GitError> {
    loop {
        let tried = context.cache.try_lock(&format!("git-{name}"));
        let tried = tried.map_err(GitError::disk("lock", context.cache.root()))?;
        if let Some(lock) = tried {
            return Ok(lock);
        }
        if context.observer.cancelled() {
            return Err(GitError::Cancelled);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether there is a mirror of `source` that has `commit`; asks nobody.
pub(super) fn has(cache: &Cache, source: &Source, commit: &CommitId) -> bool {
    let repository = open(&cache.mirrors().join(source.location.mirror_name()));
    let id = Oid::from_str(commit.as_str());
    repository.is_ok_and(|repository| id.is_ok_and(|id| repository.find_commit(id).is_ok()))
}

/// Removes the mirror of `source`, which is damaged.
///
/// # Errors
///
/// When it cannot be removed.
pub(super) fn discard(context: Context<'_>, source: &Source) -> Result<(), GitError> {
    let name = source.location.mirror_name();
    let folder = context.cache.mirrors().join(&name);
    let _lock = context
        .cache
        .lock(&format!("git-{name}"))
        .map_err(GitError::disk("lock", &folder))?;
    fs::remove_dir_all(&folder).map_err(GitError::disk("remove", &folder))
}

/// The repository at `path`, or at `path` with `.git` at its end.
///
/// # Errors
///
/// When there is none, or it belongs to somebody else.
pub(super) fn open_local(path: &Path) -> Result<Repository, GitError> {
    let mut with_end = path.as_os_str().to_owned();
    with_end.push(".git");
    let with_end = PathBuf::from(with_end);
    let path = if !path.exists() && with_end.exists() {
        &with_end
    } else {
        path
    };
    Repository::open(path).map_err(|error| {
        let found = path.to_owned();
        if error.code() == ErrorCode::Owner {
            return GitError::NotOwned { path: found };
        }
        if error.code() == ErrorCode::NotFound {
            return GitError::NoRepository { path: found };
        }
        let (place, why) = (found.display().to_string(), error.message().to_owned());
        GitError::Damaged { place, why }
    })
}

/// Opens a mirror so that only its own configuration counts.
fn open(folder: &Path) -> Result<Repository, git2::Error> {
    let repository = Repository::open_bare(folder)?;
    repository.set_config(&Config::open(&folder.join("config"))?)?;
    Ok(repository)
}

fn create(folder: &Path) -> Result<Repository, git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.bare(true).external_template(false);
    drop(Repository::init_opts(folder, &options)?);
    // What is said to be there must be there after a power cut, too.
    Config::open(&folder.join("config"))?.set_bool("core.fsyncObjectFiles", true)?;
    open(folder)
}

/// Removes what a process that was killed left behind. Only called by who holds the mirror's lock.
fn tidy(folder: &Path) {
    for found in walkdir::WalkDir::new(folder).into_iter().flatten() {
        let name = found.file_name().to_string_lossy();
        let half_pack = name.starts_with("pack_git2_") || name.starts_with("tmp_");
        if found.file_type().is_file() && (name.ends_with(".lock") || half_pack) {
            let _ = fs::remove_file(found.path());
        }
    }
}

fn id(commit: &CommitId) -> Result<Oid, GitError> {
    Oid::from_str(commit.as_str()).map_err(GitError::library("read a commit id"))
}

/// What is asked of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// What branches and tags lead to.
    Named,
    /// The commit itself, which not every server hands out.
    Exact,
    /// What any reference leads to, such as those of pull requests.
    Everything,
}

struct Work<'a> {
    context: Context<'a>,
    source: &'a Source,
    commit: &'a CommitId,
    id: Oid,
}

impl Work<'_> {
    fn address(&self) -> String {
        self.source.location.to_string()
    }

    /// Whether `repository` has the commit; the id of something else is an error.
    fn has(&self, repository: &Repository) -> Result<bool, GitError> {
        match repository.find_object(self.id, None) {
            Ok(object) if object.kind() == Some(ObjectType::Commit) => Ok(true),
            Ok(object) => Err(GitError::NotACommit {
                address: self.address(),
                commit: self.commit.clone(),
                kind: object.kind().map_or("thing", |kind| kind.str()).to_owned(),
            }),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(false),
            Err(error) => Err(GitError::Damaged {
                place: repository.path().display().to_string(),
                why: error.message().to_owned(),
            }),
        }
    }

    /// Makes the mirror aside, fetches, and moves it to `folder`.
    fn make(&self, folder: &Path) -> Result<Repository, GitError> {
        let scratch = self
            .context
            .cache
            .scratch()
            .map_err(GitError::disk("make", folder))?;
        let aside = tempfile::Builder::new().prefix("git-").tempdir_in(&scratch);
        let aside = aside.map_err(GitError::disk("make", &scratch))?;
        let half = aside.path().join("mirror");
        self.told(&create(&half).map_err(GitError::library("make a mirror"))?)?;
        let mirrors = self.context.cache.mirrors();
        fs::create_dir_all(&mirrors).map_err(GitError::disk("make", &mirrors))?;
        fs::rename(&half, folder).map_err(GitError::disk("make", folder))?;
        open(folder).map_err(GitError::library("open a mirror"))
    }

    /// Fetches, and tells the observer.
    fn told(&self, repository: &Repository) -> Result<(), GitError> {
        let what = self.what();
        self.context.observer.event(Event::Began(&what));
        let fetched = match &self.source.location {
            Location::Local(path) => self.copy(path, repository),
            Location::Web(_) | Location::Ssh(_) => self.fetch(repository),
        };
        let how = fetched
            .as_ref()
            .map_or_else(ToString::to_string, |()| "done".to_owned());
        self.context.observer.event(Event::Ended {
            what: &what,
            how: &how,
        });
        fetched
    }

    fn what(&self) -> String {
        format!("fetch {}", self.address())
    }

    fn missing(&self) -> GitError {
        GitError::CommitMissing {
            address: self.address(),
            commit: self.commit.clone(),
        }
    }

    fn fetch(&self, repository: &Repository) -> Result<(), GitError> {
        let others = self.transfer(repository, Wanted::Named)?;
        if self.has(repository)? {
            return Ok(());
        }
        match self.transfer(repository, Wanted::Exact) {
            // The server does not hand out commits by their ids, or does not have this one.
            Ok(_) | Err(GitError::Fetch { .. }) => {}
            Err(error) => return Err(error),
        }
        if !self.has(repository)? && others {
            self.transfer(repository, Wanted::Everything)?;
        }
        if self.has(repository)? {
            Ok(())
        } else {
            Err(self.missing())
        }
    }

    /// One fetch; says whether there are references other than branches and tags.
    fn transfer(&self, repository: &Repository, wanted: Wanted) -> Result<bool, GitError> {
        let address = self.address();
        let session = Arc::new(session(self.context.settings, self.source));
        let transfer = within(&session, self.context.observer, || {
            let mut remote = repository.remote_anonymous(ADDRESS)?;
            let mut connection = remote.connect_auth(Direction::Fetch, None, None)?;
            let listed = connection.list()?;
            let heads: BTreeMap<String, Oid> = listed
                .iter()
                .map(|head| (head.name().to_owned(), head.oid()))
                .collect();
            let named = |name: &String| is_branch_or_tag(name);
            let others = heads.keys().any(|name| name.starts_with("refs/") && !named(name));
            if !heads.is_empty() {
                let mut options = self.options(&session);
                connection
                    .remote()
                    .download(&self.refspecs(wanted), Some(&mut options))?;
            }
            if wanted == Wanted::Named {
                follow(repository, &heads)?;
            }
            Ok(others)
        });
        transfer.map_err(|failed| fetch_failure(&address, failed))
    }

    fn refspecs(&self, wanted: Wanted) -> Vec<String> {
        match wanted {
            Wanted::Named => ["heads", "tags"]
                .map(|kind| format!("+refs/{kind}/*:refs/{kind}/*"))
                .into(),
            Wanted::Exact => vec![self.commit.to_string()],
            Wanted::Everything => vec!["+refs/*:refs/*".to_owned()],
        }
    }

    fn options<'a>(&'a self, session: &'a Arc<Session>) -> FetchOptions<'a> {
        let what = self.what();
        let limit = self.context.settings.limits.transfer;
        let mut callbacks = RemoteCallbacks::new();
        callbacks.transfer_progress(move |progress| {
            let (done, total) = (
                progress.received_objects() as u64,
                progress.total_objects() as u64,
            );
            self.context.observer.event(Event::Progress {
                what: &what,
                done,
                total: Some(total),
            });
            if progress.received_bytes() as u64 > limit {
                let (address, limit) = (session.address.clone(), bytesize::ByteSize(limit));
                session.fail(TransportError::TooLarge { address, limit });
                return false;
            }
            !self.context.observer.cancelled()
        });
        let mut options = FetchOptions::new();
        options
            .remote_callbacks(callbacks)
            .download_tags(AutotagOption::None)
            .update_fetchhead(false);
        options
    }

    /// Takes the commit, and nothing of its history, out of the repository at `path`.
    ///
    /// A local repository is there to be asked again, so there is no need for a second copy of all of it.
    fn copy(&self, path: &Path, mirror: &Repository) -> Result<(), GitError> {
        let origin = open_local(path)?;
        if !self.has(&origin)? {
            return Err(self.missing());
        }
        let place = path.display().to_string();
        let reading = Reading {
            repository: &origin,
            place: &place,
            commit: self.commit,
            limits: &self.context.settings.limits,
            observer: self.context.observer,
        };
        let damaged = |error: git2::Error| reading.damaged(&error);
        let tree = origin.find_commit(self.id).map_err(damaged)?.tree_id();
        let listing = reading.list(tree)?;
        let have = mirror.odb().map_err(damaged)?;
        let mut objects = vec![self.id, tree];
        let inside = listing
            .entries
            .iter()
            .filter(|entry| entry.kind != Kind::Submodule);
        objects.extend(inside.map(|entry| entry.id));
        objects.retain(|id| !have.exists(*id));
        if objects.is_empty() {
            return Ok(());
        }
        let mut builder = origin.packbuilder().map_err(damaged)?;
        for object in objects {
            builder.insert_object(object, None).map_err(damaged)?;
        }
        let mut writer = have.packwriter().map_err(damaged)?;
        let mut failure = None;
        let packed = builder.foreach(|bytes| {
            failure = writer.write_all(bytes).err();
            failure.is_none() && !self.context.observer.cancelled()
        });
        if self.context.observer.cancelled() {
            return Err(GitError::Cancelled);
        }
        if let Some(cause) = failure {
            return Err(GitError::disk("write", mirror.path())(cause));
        }
        packed.map_err(damaged)?;
        writer
            .commit()
            .map(drop)
            .map_err(GitError::library("write a pack"))
    }

    /// Whether a branch or tag of `repository` leads to the commit.
    fn reachable(&self, repository: &Repository) -> Result<bool, GitError> {
        let damaged = |error: git2::Error| GitError::Damaged {
            place: repository.path().display().to_string(),
            why: error.message().to_owned(),
        };
        let mut walk = repository.revwalk().map_err(damaged)?;
        for reference in repository.references().map_err(damaged)?.flatten() {
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            // A tag of something else than a commit leads nowhere.
            if let Ok(tip) = reference.peel_to_commit()
                && is_branch_or_tag(&name)
            {
                walk.push(tip.id()).map_err(damaged)?;
            }
        }
        for found in walk {
            if self.context.observer.cancelled() {
                return Err(GitError::Cancelled);
            }
            match found {
                Ok(found) if found == self.id => return Ok(true),
                Ok(_) => {}
                // A shallow clone on this machine ends somewhere.
                Err(_) => return Ok(false),
            }
        }
        Ok(false)
    }
}

/// A pack that breaks off is noticed by libgit2 only.
fn fetch_failure(address: &str, failed: Failed) -> GitError {
    match failed {
        Failed::Git(error) if error.class() == git2::ErrorClass::Indexer => TransportError::Broken {
            host: address.to_owned(),
            why: error.message().to_owned(),
        }
        .into(),
        Failed::Git(_) | Failed::Transport(_) => GitError::fetch(address, failed),
    }
}

fn is_branch_or_tag(name: &str) -> bool {
    let named = name.starts_with("refs/heads/") || name.starts_with("refs/tags/");
    named && !name.ends_with("^{}")
}

/// Lets the mirror's branches and tags follow those of the repository.
///
/// They only serve to tell the server what is here already, and whether a commit has a name: one
/// with an impossible name is left out.
fn follow(repository: &Repository, heads: &BTreeMap<String, Oid>) -> Result<(), git2::Error> {
    for mut reference in repository.references()?.flatten() {
        let known = reference.name().is_ok_and(|name| heads.contains_key(name));
        if !known {
            // First, as `a` may have made room for `a/b`.
            let _ = reference.delete();
        }
    }
    for (name, id) in heads.iter().filter(|(name, _)| is_branch_or_tag(name)) {
        let _ = repository.reference(name, *id, true, "");
    }
    Ok(())
}
