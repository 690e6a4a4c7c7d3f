//! What a step changed in its private copy of the code.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// How a file stood when a step began: any writing to it or replacing it changes one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(data: &fs::Metadata) -> Self {
        Self {
            inode: data.ino(),
            length: data.len(),
            modified: (data.mtime(), data.mtime_nsec()),
        }
    }
}

/// Every file and link of a folder at one moment.
///
/// Changes are told by inode, length and time, not by content: a file that was
/// written anew with the very same bytes is a changed one. A program that sets
/// a file's time back can hide a change of it.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    files: BTreeMap<PathBuf, Stamp>,
}

/// What is different from a snapshot; paths relative to the folder, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New files.
    pub added: Vec<PathBuf>,
    /// Files that were written to or replaced.
    pub modified: Vec<PathBuf>,
    /// Files that are gone.
    pub deleted: Vec<PathBuf>,
    /// How many more there are than are listed.
    pub more: usize,
}

impl Snapshot {
    /// Looks at every file below `folder`, without following links.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn take(folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in WalkDir::new(folder) {
            let entry = entry?;
            if !entry.file_type().is_dir() {
                let path = entry.path().strip_prefix(folder).map_err(io::Error::other)?;
                files.insert(path.to_owned(), Stamp::of(&entry.metadata()?));
            }
        }
        Ok(Self { files })
    }

    /// Whether the file at `path`, relative to the folder, was there and is still as it was.
    pub fn is_unchanged(&self, path: &Path, now: &fs::Metadata) -> bool {
        self.files.get(path) == Some(&Stamp::of(now))
    }

    /// Compares with `folder` as it is now, listing at most `most` paths in all.
    ///
    /// Folders that cannot be read count as empty.
    pub fn changes(&self, folder: &Path, most: usize) -> Changes {
        let mut changes = Changes::default();
        let mut seen = 0;
        let mut list = |list: &mut Vec<PathBuf>, path: &Path| {
            seen += 1;
            if seen <= most {
                list.push(path.to_owned());
            } else {
                changes.more += 1;
            }
        };
        let mut gone: BTreeMap<&Path, ()> = self.files.keys().map(|path| (path.as_path(), ())).collect();
        for entry in WalkDir::new(folder).sort_by_file_name().into_iter().flatten() {
            let Ok(path) = entry.path().strip_prefix(folder) else {
                continue;
            };
            let Ok(now) = entry.metadata() else { continue };
            if now.is_dir() {
                continue;
            }
            gone.remove(path);
            match self.files.get(path) {
                None => list(&mut changes.added, path),
                Some(before) if *before != Stamp::of(&now) => list(&mut changes.modified, path),
                Some(_) => {}
            }
        }
        for path in gone.keys() {
            list(&mut changes.deleted, path);
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_modified_and_deleted_files_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["kept", "same-bytes", "other-bytes", "gone"] {
            fs::write(at(name), name).expect("written");
        }
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        for name in ["kept", "same-bytes", "other-bytes"] {
            fs::File::options()
                .write(true)
                .open(at(name))
                .expect("open")
                .set_modified(old)
                .expect("set");
        }
        let before = Snapshot::take(folder.path()).expect("looked at");
        assert_eq!(before.changes(folder.path(), 10), Changes::default());
        fs::write(at("same-bytes"), "same-bytes").expect("written");
        fs::write(at("other-bytes"), "changed").expect("written");
        fs::write(at("new"), "new").expect("written");
        fs::remove_file(at("gone")).expect("removed");
        let changes = before.changes(folder.path(), 10);
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(changes.added, paths(&["new"]));
        assert_eq!(changes.modified, paths(&["other-bytes", "same-bytes"]));
        assert_eq!(changes.deleted, paths(&["gone"]));
        let few = before.changes(folder.path(), 1);
        assert_eq!(
            (few.added.len() + few.modified.len() + few.deleted.len(), few.more),
            (1, 3)
        );
    }
}
