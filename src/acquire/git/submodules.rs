//! A repository and its submodules, one inside the other.
//!
//! A submodule is pinned by its parent's tree; only its address comes from
//! `.gitmodules`, and of that file nothing but paths and addresses is read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use git2::Commit;
use jiff::Timestamp;

use super::address::{redacted, relative_to};
use super::mirror::{self, Mirror};
use super::tree::{Kind, Listing, Reading};
use super::{
    Context, Finding, GitError, Part, PinRequest, Pinned, Proof, Source, Submodule, checkout, licence,
};
use crate::acquire::swhid::{self, Swhid};
use crate::error::{Diagnose as _, Fault, chain};
use crate::manifest::CommitId;

/// How deep submodules may be nested.
const DEEPEST: usize = 8;

/// The longest `.gitmodules` that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Checks out what is requested into the empty folder `into`, and proves it.
pub(super) fn checkout_all(
    context: Context<'_>,
    request: &PinRequest<'_>,
    source: &Source,
    into: &Path,
) -> Result<Pinned, GitError> {
    let address = source.address.clone();
    let mut work = Work {
        context,
        request,
        into,
        done: Done::default(),
    };
    let top = work.repository(source, request.commit, Path::new(""))?;
    let chain = vec![(source.location.to_string(), request.commit.clone())];
    work.submodules(source, &top, &chain)?;
    let Done {
        files,
        bytes,
        submodules,
        mut findings,
        fetched,
        proof,
    } = work.done;
    proof.verify(into)?;
    let licences = licence::find(into).map_err(GitError::disk("read", into))?;
    findings.extend(licences.finding());
    Ok(Pinned {
        address,
        commit: request.commit.clone(),
        committed: top.committed,
        authored: top.authored,
        revision: top.revision,
        directory: top.directory,
        files,
        bytes,
        licences,
        submodules,
        findings,
        fetched,
        proof,
    })
}

/// What has come together so far.
#[derive(Default)]
struct Done {
    files: u64,
    bytes: u64,
    submodules: Vec<Submodule>,
    findings: Vec<Finding>,
    fetched: bool,
    proof: Proof,
}

/// One repository that was checked out.
struct CheckedOut {
    /// Relative to the top.
    folder: PathBuf,
    committed: Timestamp,
    authored: Timestamp,
    revision: Swhid,
    directory: Swhid,
    /// Relative to the folder.
    gitlinks: BTreeMap<PathBuf, CommitId>,
    /// Its place in the proof.
    part: usize,
}

struct Work<'a> {
    context: Context<'a>,
    request: &'a PinRequest<'a>,
    into: &'a Path,
    done: Done,
}

impl Work<'_> {
    /// Checks out one repository into the empty folder `folder`, relative to the top.
    fn repository(
        &mut self,
        source: &Source,
        commit: &CommitId,
        folder: &Path,
    ) -> Result<CheckedOut, GitError> {
        let first = self.attempt(source, commit, folder);
        if !self.damaged_mirror(&first) {
            return first;
        }
        // A mirror is only a copy: it is made anew once.
        mirror::discard(self.context, source)?;
        let path = self.into.join(folder);
        fs::remove_dir_all(&path).map_err(GitError::disk("remove", &path))?;
        fs::create_dir(&path).map_err(GitError::disk("make", &path))?;
        let second = self.attempt(source, commit, folder);
        if self.damaged_mirror(&second)
            && let Err(GitError::Damaged { why, .. }) = second
        {
            // What is damaged in a fresh copy was so where it came from.
            return Err(GitError::Malformed {
                commit: commit.clone(),
                why,
            });
        }
        second
    }

    /// Whether our copy is damaged, and not the repository itself.
    fn damaged_mirror(&self, attempt: &Result<CheckedOut, GitError>) -> bool {
        let mirrors = self.context.cache.mirrors();
        matches!(attempt, Err(GitError::Damaged { place, .. }) if Path::new(place).starts_with(mirrors))
    }

    fn attempt(&mut self, source: &Source, commit: &CommitId, folder: &Path) -> Result<CheckedOut, GitError> {
        let mirror = mirror::holding(self.context, source, commit)?;
        let reading = Reading {
            repository: &mirror.repository,
            place: &mirror.place,
            commit,
            limits: &self.context.settings.limits,
            observer: self.context.observer,
        };
        let found = find(&mirror, &reading)?;
        let listing = reading.list(found.tree_id())?;
        let written = checkout::write(&reading, &listing, &self.into.join(folder), self.done.bytes)?;
        self.done.files += written.files;
        self.done.bytes += written.bytes;
        self.done.fetched |= mirror.fetched;
        if !mirror.reachable {
            self.done.findings.push(Finding::CommitNotReachable {
                commit: commit.clone(),
            });
        }
        if listing.odd_modes {
            self.done.findings.push(Finding::OddModes);
        }
        let moved = written.findings.into_iter().map(|finding| below(folder, finding));
        self.done.findings.extend(moved);
        self.proven(&found, &listing, commit, folder)
    }

    fn proven(
        &mut self,
        found: &Commit<'_>,
        listing: &Listing,
        commit: &CommitId,
        folder: &Path,
    ) -> Result<CheckedOut, GitError> {
        let time = |time: git2::Time| {
            Timestamp::from_second(time.seconds()).map_err(|error| GitError::Malformed {
                commit: commit.clone(),
                why: format!("its date is impossible: {error}"),
            })
        };
        let gitlinks = gitlinks(listing);
        let expected = checkout::expected(listing).map_err(GitError::disk("hash", self.into))?;
        let part = self.done.proof.parts.len();
        self.done.proof.parts.push(Part {
            folder: folder.to_owned(),
            expected,
            submodules: gitlinks.clone(),
            absent: gitlinks.keys().cloned().collect(),
        });
        Ok(CheckedOut {
            folder: folder.to_owned(),
            committed: time(found.time())?,
            authored: time(found.author().when())?,
            revision: identifier(swhid::Kind::Revision, found.id())?,
            directory: identifier(swhid::Kind::Directory, listing.id)?,
            gitlinks,
            part,
        })
    }

    /// Checks out the submodules of `parent`, and theirs.
    ///
    /// `above` are the repositories that it lies in, itself included.
    fn submodules(
        &mut self,
        source: &Source,
        parent: &CheckedOut,
        above: &[(String, CommitId)],
    ) -> Result<(), GitError> {
        if parent.gitlinks.is_empty() {
            return Ok(());
        }
        let addresses = self.addresses(&parent.folder)?;
        for (path, commit) in &parent.gitlinks {
            let place = parent.folder.join(path);
            let written = addresses.get(path).cloned().unwrap_or_default();
            let address = redacted(&written);
            if !self.request.submodules {
                self.done
                    .findings
                    .push(Finding::SubmoduleNotFetched { path: place, address });
                continue;
            }
            let inner = match self.submodule_source(source, &written, commit, above) {
                Ok(inner) => inner,
                Err(why) => {
                    self.done.findings.push(Finding::SubmoduleMissing {
                        path: place,
                        address,
                        why,
                    });
                    continue;
                }
            };
            match self.repository(&inner, commit, &place) {
                Ok(found) => {
                    self.done.proof.parts[parent.part]
                        .absent
                        .retain(|absent| absent != path);
                    self.done.submodules.push(Submodule {
                        path: place,
                        address: inner.address.clone(),
                        commit: commit.clone(),
                        directory: found.directory,
                    });
                    let mut above = above.to_vec();
                    above.push((inner.location.to_string(), commit.clone()));
                    self.submodules(&inner, &found, &above)?;
                }
                Err(error) if is_missing(&error) => {
                    let why = chain(&error);
                    self.done.findings.push(Finding::SubmoduleMissing {
                        path: place,
                        address,
                        why,
                    });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Where a submodule comes from, or why it is not fetched.
    fn submodule_source(
        &self,
        parent: &Source,
        written: &str,
        commit: &CommitId,
        above: &[(String, CommitId)],
    ) -> Result<Source, String> {
        if written.is_empty() {
            return Err("`.gitmodules` gives no address for it".to_owned());
        }
        let resolved = relative_to(&parent.parent, written)
            .ok_or_else(|| "its address leads above its parent's".to_owned())?;
        let inner = Source::new(&resolved, self.request.base, &self.context.settings.configuration);
        let inner = inner.map_err(|error| chain(&error))?;
        // As git: a stranger's repository must not pull in what lies on this machine.
        if inner.local && !parent.local {
            return Err("it lies on this machine, and its parent does not".to_owned());
        }
        if above.contains(&(inner.location.to_string(), commit.clone())) {
            return Err("it contains itself".to_owned());
        }
        if above.len() > DEEPEST {
            return Err(format!("submodules are nested more than {DEEPEST} deep"));
        }
        let most = self.context.settings.limits.submodules;
        if self.done.submodules.len() >= most {
            return Err(format!("there are more than {most} submodules"));
        }
        Ok(inner)
    }

    /// The addresses that `.gitmodules` of the repository in `folder` gives, by path.
    fn addresses(&self, folder: &Path) -> Result<BTreeMap<PathBuf, String>, GitError> {
        let path = self.into.join(folder).join(".gitmodules");
        let Ok(metadata) = path.symlink_metadata() else {
            return Ok(BTreeMap::new());
        };
        // A link could lead anywhere.
        if !metadata.is_file() || metadata.len() > LONGEST {
            return Ok(BTreeMap::new());
        }
        let bytes = fs::read(&path).map_err(GitError::disk("read", &path))?;
        Ok(parse(&String::from_utf8_lossy(&bytes)))
    }
}

/// Whether a submodule is gone for good, as far as one can tell.
fn is_missing(error: &GitError) -> bool {
    matches!(error.fault(), Fault::Paper | Fault::Manifest)
        && !matches!(error, GitError::UnsafeEntry { .. } | GitError::TooLarge { .. })
}

fn find<'a>(mirror: &'a Mirror, reading: &Reading<'_>) -> Result<Commit<'a>, GitError> {
    let id = git2::Oid::from_str(reading.commit.as_str()).map_err(GitError::library("read a commit id"))?;
    mirror
        .repository
        .find_commit(id)
        .map_err(|error| reading.damaged(&error))
}

fn identifier(kind: swhid::Kind, id: git2::Oid) -> Result<Swhid, GitError> {
    let hash = <[u8; 20]>::try_from(id.as_bytes()).map_err(|_| GitError::Library {
        action: "read an id",
        why: "it is no SHA-1".to_owned(),
    })?;
    Ok(Swhid::new(kind, hash))
}

fn gitlinks(listing: &Listing) -> BTreeMap<PathBuf, CommitId> {
    let links = listing
        .entries
        .iter()
        .filter(|entry| entry.kind == Kind::Submodule);
    links
        .filter_map(|entry| Some((entry.path.clone(), CommitId::new(&entry.id.to_string())?)))
        .collect()
}

/// The same finding, with its path seen from the top.
fn below(folder: &Path, mut finding: Finding) -> Finding {
    if let Finding::LfsPointer { path, .. } | Finding::LinkLeadsOut { path, .. } = &mut finding {
        *path = folder.join(&*path);
    }
    finding
}

/// Paths and addresses of a `.gitmodules` file; what else is in it does not count.
fn parse(text: &str) -> BTreeMap<PathBuf, String> {
    let mut sections: Vec<(Option<PathBuf>, Option<String>)> = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            inside = header.trim_start().to_ascii_lowercase().starts_with("submodule");
            sections.push((None, None));
        } else if let (true, Some((key, value))) = (inside, line.split_once('='))
            && let Some(section) = sections.last_mut()
        {
            match key.trim().to_ascii_lowercase().as_str() {
                "path" => section.0 = Some(PathBuf::from(unquoted(value).trim_end_matches('/'))),
                "url" => section.1 = Some(unquoted(value)),
                _ => {}
            }
        }
    }
    sections
        .into_iter()
        .filter_map(|(path, url)| Some((path?, url?)))
        .collect()
}

/// A value as git writes it: perhaps in quotes, with backslashes, before a comment.
fn unquoted(value: &str) -> String {
    let mut text = String::new();
    let mut quoted = false;
    let mut characters = value.trim().chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted = !quoted,
            '\\' => text.extend(characters.next()),
            '#' | ';' if !quoted => break,
            other => text.push(other),
        }
    }
    if quoted { text } else { text.trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gitmodules_is_read_for_paths_and_addresses_only() {
        let text = "\
            # comment\n\
            [submodule \"a\"]\n\tpath = libs/a/\n\turl = https://example.org/a # why\n\tupdate = !touch /tmp/x\n\
            [core]\n\tpath = nowhere\n\turl = nothing\n\
            [submodule \"b\"]\n\turl = \"../b;c\"\n\tPath = \"b \\\"q\\\"\"\n\
            [submodule \"no-url\"]\n\tpath = c\n\
            [include]\n\tpath = /etc/passwd\n";
        let found = parse(text);
        let expected = [("b \"q\"", "../b;c"), ("libs/a", "https://example.org/a")];
        let found: Vec<_> = found
            .iter()
            .map(|(path, url)| (path.to_str().expect("text"), url.as_str()))
            .collect();
        assert_eq!(found, expected);
        assert!(parse("[submodule\npath").is_empty());
    }
}
