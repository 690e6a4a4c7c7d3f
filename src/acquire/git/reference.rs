//! Branches and tags: what a name stands for now.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use git2::{Direction, Oid, Remote};

use super::address::Location;
use super::mirror::open_local;
use super::{Finding, GitError, Settings, Source};
use crate::acquire::transport::{ADDRESS, Session, within};
use crate::manifest::CommitId;
use crate::observe::{Event, Observer};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A branch, which moves.
    Branch,
    /// A tag that is only a name.
    Tag,
    /// A tag with an author and a message.
    AnnotatedTag,
}

/// A branch or tag, and its commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The commit.
    pub commit: CommitId,
    /// The full name, such as `refs/tags/v1.0`.
    pub reference: String,
    /// What it is.
    pub kind: ReferenceKind,
}

/// The commit that the branch or tag `name` of `repository` stands for now.
///
/// `name` is the name of a branch or tag, a full name that begins with
/// `refs/`, or `HEAD` for the default branch. A path is relative to `base`.
/// Whether a tag is of a commit at all is seen only when it is pinned.
///
/// # Errors
///
/// When the repository cannot be had, has no such name, or has it twice.
pub fn resolve(
    repository: &str,
    base: &Path,
    name: &str,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<Resolved, GitError> {
    let source = Source::new(repository, base, &settings.configuration)?;
    let references = advertised(&source, settings, observer)?;
    let address = source.location.to_string();
    find(&references, name, &address)
}

/// What happened to the branch or tag `name` since it was at `locked`; `None` if nothing did.
///
/// # Errors
///
/// When the repository cannot be had.
pub fn check_reference(
    repository: &str,
    base: &Path,
    name: &str,
    locked: &CommitId,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<Option<Finding>, GitError> {
    let (name_owned, locked) = (name.to_owned(), locked.clone());
    match resolve(repository, base, name, settings, observer) {
        Ok(found) if found.commit == locked => Ok(None),
        Ok(found) => Ok(Some(Finding::ReferenceMoved {
            name: name_owned,
            tag: found.kind != ReferenceKind::Branch,
            locked,
            now: found.commit,
        })),
        Err(GitError::ReferenceMissing { .. }) => Ok(Some(Finding::ReferenceGone {
            name: name_owned,
            locked,
        })),
        Err(error) => Err(error),
    }
}

/// The settings of one connection to `source`.
pub(super) fn session(settings: &Settings, source: &Source) -> Session {
    Session::new(
        source.location.clone(),
        settings.network.clone(),
        settings.configuration.clone(),
        settings.ssh.clone(),
        settings.limits.silence,
    )
}

/// Full names, and `NAME^{}` for what an annotated tag is of.
fn advertised(
    source: &Source,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<BTreeMap<String, Oid>, GitError> {
    if let Location::Local(path) = &source.location {
        return local(path);
    }
    let address = source.location.to_string();
    let what = format!("ask {address}");
    observer.event(Event::Began(&what));
    let session = Arc::new(session(settings, source));
    let listed = within(&session, observer, || {
        let mut remote = Remote::create_detached(ADDRESS)?;
        let connection = remote.connect_auth(Direction::Fetch, None, None)?;
        let heads = connection
            .list()?
            .iter()
            .map(|head| (head.name().to_owned(), head.oid()));
        Ok(heads.collect::<BTreeMap<_, _>>())
    });
    let listed = listed.map_err(|failed| GitError::fetch(&address, failed));
    let how = listed
        .as_ref()
        .map_or_else(ToString::to_string, |found| format!("{} names", found.len()));
    observer.event(Event::Ended {
        what: &what,
        how: &how,
    });
    listed
}

fn local(path: &Path) -> Result<BTreeMap<String, Oid>, GitError> {
    let repository = open_local(path)?;
    let mut found = BTreeMap::new();
    let references = repository
        .references()
        .map_err(GitError::library("list references"))?;
    for reference in references.flatten() {
        let Ok(name) = reference.name().map(str::to_owned) else {
            continue;
        };
        let Ok(direct) = reference.resolve() else { continue };
        let Some(id) = direct.target() else { continue };
        if let Ok(commit) = direct.peel_to_commit()
            && commit.id() != id
        {
            found.insert(format!("{name}^{{}}"), commit.id());
        }
        found.insert(name, id);
    }
    if let Some(id) = repository.head().ok().and_then(|head| head.target()) {
        found.insert("HEAD".to_owned(), id);
    }
    Ok(found)
}

fn find(references: &BTreeMap<String, Oid>, name: &str, address: &str) -> Result<Resolved, GitError> {
    let candidates = if name == "HEAD" || name.starts_with("refs/") {
        vec![name.to_owned()]
    } else {
        vec![format!("refs/tags/{name}"), format!("refs/heads/{name}")]
    };
    let mut found = candidates
        .into_iter()
        .filter(|candidate| references.contains_key(candidate));
    let (address, name) = (address.to_owned(), name.to_owned());
    match (found.next(), found.next()) {
        (None, _) => Err(GitError::ReferenceMissing { address, name }),
        (Some(_), Some(_)) => Err(GitError::ReferenceAmbiguous { address, name }),
        (Some(reference), None) => {
            let peeled = references.get(&format!("{reference}^{{}}"));
            let id = peeled.unwrap_or(&references[&reference]).to_string();
            let kind = match peeled {
                Some(_) => ReferenceKind::AnnotatedTag,
                None if reference.starts_with("refs/tags/") => ReferenceKind::Tag,
                None => ReferenceKind::Branch,
            };
            let commit = CommitId::new(&id).ok_or(GitError::Library {
                action: "read a commit id",
                why: format!("`{id}` is none"),
            })?;
            Ok(Resolved {
                commit,
                reference,
                kind,
            })
        }
    }
}
