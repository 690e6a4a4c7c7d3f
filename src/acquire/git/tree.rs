//! What a commit's tree holds, read with suspicion.
//!
//! A tree comes from strangers. Before anything is written, every name is
//! looked at, and the whole must be of a bearable size: a few small objects can
//! describe a tree with more files than any disk has room for.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, Repository};

use super::{GitError, Limits};
use crate::manifest::CommitId;
use crate::observe::Observer;

/// How deep trees may be nested.
const DEEPEST: usize = 128;

/// One file, link, folder or submodule.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Relative to the top.
    pub(super) path: PathBuf,
    pub(super) id: Oid,
    pub(super) kind: Kind,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File { executable: bool },
    Link,
    Submodule,
}

/// All that a tree holds; a folder comes before what is in it.
#[derive(Debug)]
pub(super) struct Listing {
    /// The tree.
    pub(super) id: Oid,
    pub(super) entries: Vec<Entry>,
    /// Whether there are modes that git no longer writes, so that the tree cannot be rebuilt from files.
    pub(super) odd_modes: bool,
}

/// Where a tree is read from, and for which commit.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) repository: &'a Repository,
    /// Where it lies, for people.
    pub(super) place: &'a str,
    pub(super) commit: &'a CommitId,
    pub(super) limits: &'a Limits,
    pub(super) observer: &'a dyn Observer,
}

impl Reading<'_> {
    /// Lists the tree `id`.
    ///
    /// # Errors
    ///
    /// When it is unsafe, too large, or not whole.
    pub(super) fn list(&self, id: Oid) -> Result<Listing, GitError> {
        let mut listing = Listing {
            id,
            entries: Vec::new(),
            odd_modes: false,
        };
        let mut waiting = vec![(PathBuf::new(), id, 0)];
        while let Some((folder, id, depth)) = waiting.pop() {
            if self.observer.cancelled() {
                return Err(GitError::Cancelled);
            }
            if depth > DEEPEST {
                return Err(self.too_large("the nesting of folders", DEEPEST.to_string()));
            }
            let first = listing.entries.len();
            self.list_folder(&folder, id, &mut listing)?;
            if listing.entries.len() > self.limits.entries {
                return Err(self.too_large("the number of files", self.limits.entries.to_string()));
            }
            let folders = listing.entries[first..]
                .iter()
                .filter(|entry| entry.kind == Kind::Folder);
            waiting.extend(folders.map(|entry| (entry.path.clone(), entry.id, depth + 1)));
        }
        Ok(listing)
    }

    fn list_folder(&self, folder: &Path, id: Oid, listing: &mut Listing) -> Result<(), GitError> {
        let tree = self
            .repository
            .find_tree(id)
            .map_err(|error| self.damaged(&error))?;
        let mut names = std::collections::HashSet::with_capacity(tree.len());
        for entry in &tree {
            let name = entry.name_bytes();
            let path = folder.join(OsString::from_vec(name.to_vec()));
            if let Some(why) = objection(name) {
                return Err(self.refused(&path, why));
            }
            if !names.insert(name.to_vec()) {
                return Err(self.refused(&path, "is there twice"));
            }
            let mode = entry.filemode_raw();
            let kind =
                kind(mode, entry.kind()).ok_or_else(|| self.refused(&path, "has an impossible mode"))?;
            listing.odd_modes |= !matches!(mode, 0o40000 | 0o100_644 | 0o100_755 | 0o120_000 | 0o160_000);
            listing.entries.push(Entry {
                path,
                id: entry.id(),
                kind,
            });
        }
        Ok(())
    }

    fn refused(&self, path: &Path, why: &'static str) -> GitError {
        let path = path.to_string_lossy().escape_debug().to_string();
        GitError::UnsafeEntry {
            commit: self.commit.clone(),
            path,
            why,
        }
    }

    pub(super) fn too_large(&self, what: &'static str, limit: String) -> GitError {
        GitError::TooLarge {
            commit: self.commit.clone(),
            what,
            limit,
        }
    }

    pub(super) fn damaged(&self, error: &git2::Error) -> GitError {
        GitError::Damaged {
            place: self.place.to_owned(),
            why: error.message().to_owned(),
        }
    }
}

fn kind(mode: i32, object: Option<ObjectType>) -> Option<Kind> {
    match mode & 0o170_000 {
        0o040_000 => Some(Kind::Folder),
        0o100_000 => Some(Kind::File {
            executable: mode & 0o100 != 0,
        }),
        0o120_000 => Some(Kind::Link),
        0o160_000 => Some(Kind::Submodule),
        _ => None,
    }
    // libgit2 derives the kind of object from the mode; both must agree.
    .filter(|kind| {
        let expected = match kind {
            Kind::Folder => ObjectType::Tree,
            Kind::File { .. } | Kind::Link => ObjectType::Blob,
            Kind::Submodule => ObjectType::Commit,
        };
        object == Some(expected)
    })
}

/// Why no file may have this name.
///
/// `.git` is refused in every spelling that some file system takes for it, as git does: such a
/// checkout may be copied elsewhere.
fn objection(name: &[u8]) -> Option<&'static str> {
    match name {
        b"" => return Some("has an empty name"),
        b"." | b".." => return Some("leads out of its folder"),
        _ => {}
    }
    if name.contains(&b'/') || name.contains(&0) {
        return Some("has an impossible character in its name");
    }
    if name.len() > 255 {
        return Some("has too long a name");
    }
    let text = String::from_utf8_lossy(name);
    // macOS ignores these characters.
    let visible = text.chars().filter(|character| {
        !matches!(character, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
    });
    let visible: String = visible.flat_map(char::to_lowercase).collect();
    // Windows ignores dots and spaces at the end, and what follows a colon.
    let stem = visible
        .split(':')
        .next()
        .unwrap_or_default()
        .trim_end_matches(['.', ' ']);
    (stem == ".git" || stem == "git~1").then_some("would be taken for a repository's own folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_or_become_a_repository_are_refused() {
        for name in [
            ".",
            "..",
            "",
            ".git",
            ".GIT",
            ".gIt",
            ".git.",
            ".git ",
            "git~1",
            ".g\u{200c}it",
            ".git::$INDEX_ALLOCATION",
            "a/b",
            "a\0b",
        ] {
            assert!(objection(name.as_bytes()).is_some(), "{name:?}");
        }
        for name in [
            ".gitignore",
            ".github",
            ".gitmodules",
            "git",
            "a b",
            "é",
            "...",
            "git~10",
            "a\\b",
            "a:b",
        ] {
            assert_eq!(objection(name.as_bytes()), None, "{name:?}");
        }
        assert_eq!(objection(b"\xff\xfe"), None);
    }
}
