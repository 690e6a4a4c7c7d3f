//! Software Heritage identifiers, computed from files alone.
//!
//! The identifier of a folder equals the id of the Git tree with the same
//! content. So computing it from a checkout, without asking Git, proves that
//! the checkout is what the commit says, byte for byte.
//!
//! Reference: ISO/IEC 18670:2025, *SoftWare Hash IDentifier (SWHID)*, version 1.2.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sha1::{Digest as _, Sha1};

use crate::digest::hex;
use crate::manifest::CommitId;

/// How deep folders are followed.
const DEEPEST: usize = 256;

/// What an identifier is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The bytes of a file.
    Content,
    /// A folder with all that is in it.
    Directory,
    /// A commit.
    Revision,
}

/// A Software Heritage identifier. Displays as `swh:1:dir:` and 40 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Swhid {
    kind: Kind,
    hash: [u8; 20],
}

impl Swhid {
    /// The identifier with this hash.
    pub fn new(kind: Kind, hash: [u8; 20]) -> Self {
        Self { kind, hash }
    }

    /// What it is of.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The 40 hexadecimal digits, which are the id of the Git object.
    pub fn hex(&self) -> String {
        hex(&self.hash)
    }
}

impl fmt::Display for Swhid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Content => "cnt",
            Kind::Directory => "dir",
            Kind::Revision => "rev",
        };
        write!(f, "swh:1:{kind}:{}", self.hex())
    }
}

impl fmt::Debug for Swhid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The identifier of the folder at `path`.
///
/// A symbolic link counts with its target's text and is not followed; a file
/// is executable if its owner may execute it; nothing else of the permissions
/// counts, nor times or owners. Empty folders count, though Git has none.
///
/// # Errors
///
/// Those of reading; and when there is something else than files, folders and
/// links, when a file changes while it is read, or when folders are nested
/// more than 256 deep.
pub fn directory(path: &Path) -> io::Result<Swhid> {
    directory_with(path, &BTreeMap::new())
}

/// The identifier of the folder at `path`, in which `submodules` stand for a commit each.
///
/// What lies at the path of a submodule, relative to `path`, is not looked at.
///
/// # Errors
///
/// As [`directory`].
pub fn directory_with(path: &Path, submodules: &BTreeMap<PathBuf, CommitId>) -> io::Result<Swhid> {
    let hash = Walk { submodules }.folder(path, Path::new(""), 0)?;
    Ok(Swhid::new(Kind::Directory, hash))
}

/// The identifier of the bytes of the file at `path`.
///
/// # Errors
///
/// Those of reading; and when the file changes while it is read.
pub fn content(path: &Path) -> io::Result<Swhid> {
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    let size = file.metadata()?.len();
    Ok(Swhid::new(Kind::Content, object("blob", size, file)?))
}

struct Walk<'a> {
    submodules: &'a BTreeMap<PathBuf, CommitId>,
}

/// One line of a Git tree.
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    /// In octal digits, without a leading zero.
    pub(crate) mode: &'static str,
    pub(crate) hash: [u8; 20],
}

impl Entry {
    /// Git sorts folders as if their names ended with `/`.
    fn sorting_key(&self) -> Vec<u8> {
        let mut key = self.name.clone();
        if self.mode == "40000" {
            key.push(b'/');
        }
        key
    }
}

impl Walk<'_> {
    fn folder(&self, path: &Path, relative: &Path, depth: usize) -> io::Result<[u8; 20]> {
        if depth > DEEPEST {
            return Err(io::Error::other(format!(
                "`{}` is nested too deep",
                relative.display()
            )));
        }
        let mut entries = self.submodules_in(relative)?;
        for found in fs::read_dir(path)? {
            let name = found?.file_name();
            let below = relative.join(&name);
            if self.submodules.contains_key(&below) {
                continue;
            }
            entries.push(self.entry(&path.join(&name), &below, name, depth)?);
        }
        tree(entries)
    }

    fn submodules_in(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let inside = self
            .submodules
            .iter()
            .filter(|(path, _)| path.parent() == Some(folder));
        inside
            .map(|(path, commit)| {
                let name = path.file_name().unwrap_or_default().as_bytes().to_vec();
                let hash =
                    from_hex(commit.as_str()).ok_or_else(|| io::Error::other("a commit id of odd length"))?;
                Ok(Entry {
                    name,
                    mode: "160000",
                    hash,
                })
            })
            .collect()
    }

    fn entry(&self, path: &Path, relative: &Path, name: OsString, depth: usize) -> io::Result<Entry> {
        let metadata = fs::symlink_metadata(path)?;
        let kind = metadata.file_type();
        let (mode, hash) = if kind.is_dir() {
            ("40000", self.folder(path, relative, depth + 1)?)
        } else if kind.is_symlink() {
            let target = fs::read_link(path)?.into_os_string().into_vec();
            ("120000", object("blob", target.len() as u64, target.as_slice())?)
        } else if kind.is_file() {
            (file_mode(&metadata), content(path)?.hash)
        } else {
            return Err(io::Error::other(format!(
                "`{}` is no file, folder or link",
                relative.display()
            )));
        };
        Ok(Entry {
            name: name.into_vec(),
            mode,
            hash,
        })
    }
}

/// The id of the Git tree with these entries, in any order.
pub(crate) fn tree(mut entries: Vec<Entry>) -> io::Result<[u8; 20]> {
    entries.sort_by_cached_key(Entry::sorting_key);
    let mut lines = Vec::new();
    for entry in entries {
        lines.extend_from_slice(entry.mode.as_bytes());
        lines.push(b' ');
        lines.extend_from_slice(&entry.name);
        lines.push(0);
        lines.extend_from_slice(&entry.hash);
    }
    object("tree", lines.len() as u64, lines.as_slice())
}

fn file_mode(metadata: &Metadata) -> &'static str {
    if metadata.permissions().mode() & 0o100 == 0 {
        "100644"
    } else {
        "100755"
    }
}

/// The id of a Git object: the SHA-1 of its kind, its length and its bytes.
fn object(kind: &str, size: u64, mut bytes: impl Read) -> io::Result<[u8; 20]> {
    let mut hasher = Sha1::new();
    hasher.update(format!("{kind} {size}\0"));
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                total += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if total != size {
        return Err(io::Error::other("the file changed while it was read"));
    }
    Ok(hasher.finalize().into())
}

fn from_hex(text: &str) -> Option<[u8; 20]> {
    let mut hash = [0; 20];
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::os::unix::fs::symlink;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn an_empty_folder_has_gits_empty_tree() {
        let folder = folder();
        let found = directory(folder.path()).expect("an identifier");
        assert_eq!(
            found.to_string(),
            "swh:1:dir:4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        );
    }

    #[test]
    fn a_folder_has_the_id_that_git_gives_its_tree() {
        let folder = folder();
        let path = folder.path();
        // `a.b` sorts before `a/` and after `a-b`, though `a` alone would come first.
        fs::create_dir(path.join("a")).expect("made");
        fs::write(path.join("a/inner"), "x\n").expect("written");
        fs::write(path.join("a.b"), "").expect("written");
        fs::write(path.join("a-b"), "hello\n").expect("written");
        fs::write(path.join("run"), "#!/bin/sh\n").expect("written");
        fs::set_permissions(path.join("run"), fs::Permissions::from_mode(0o755)).expect("set");
        symlink("a/inner", path.join("link")).expect("made");

        let repository = git2::Repository::init(path).expect("a repository");
        let mut index = repository.index().expect("an index");
        index
            .add_all(["*"], git2::IndexAddOption::DEFAULT, None)
            .expect("added");
        let tree = index.write_tree().expect("a tree").to_string();
        fs::remove_dir_all(path.join(".git")).expect("removed");

        assert_eq!(directory(path).expect("an identifier").hex(), tree);
        assert_eq!(
            content(&path.join("a-b")).expect("an identifier").to_string(),
            "swh:1:cnt:ce013625030ba8dba906f756967f9e9ca394464a"
        );
    }

    #[test]
    fn a_submodule_stands_for_its_commit_whatever_lies_there() {
        let folder = folder();
        let commit = CommitId::new(&"ab".repeat(20)).expect("an id");
        let submodules = BTreeMap::from([(PathBuf::from("lib/sub"), commit)]);
        fs::create_dir_all(folder.path().join("lib")).expect("made");
        let absent = directory_with(folder.path(), &submodules).expect("an identifier");
        fs::create_dir_all(folder.path().join("lib/sub/deep")).expect("made");
        assert_eq!(
            directory_with(folder.path(), &submodules).expect("an identifier"),
            absent
        );
        assert_ne!(directory(folder.path()).expect("an identifier"), absent);
    }

    #[test]
    fn what_is_no_file_is_an_error() {
        let folder = folder();
        let socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("a socket");
        assert!(directory(folder.path()).is_err());
        drop(socket);
    }
}
