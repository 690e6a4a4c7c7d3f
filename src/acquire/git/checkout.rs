//! Writing a tree into an empty folder.
//!
//! Every folder and file is made new and must not exist before, so that no
//! link that the tree brings can lead a later write elsewhere.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use git2::{Odb, Oid};

use super::tree::{Entry, Kind, Listing, Reading};
use super::{Finding, GitError, lfs};
use crate::acquire::swhid::{self, Swhid};
use crate::observe::Event;

/// The longest target of a link, in bytes.
const LONGEST_TARGET: usize = 4096;

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Files and links.
    pub(super) files: u64,
    /// Bytes of files.
    pub(super) bytes: u64,
    /// With paths relative to the folder.
    pub(super) findings: Vec<Finding>,
}

/// Writes what `listing` holds into the empty folder `into`.
///
/// `before` bytes were already written for the same checkout.
///
/// # Errors
///
/// When an object is not there or too large, or the disk fails.
pub(super) fn write(
    reading: &Reading<'_>,
    listing: &Listing,
    into: &Path,
    before: u64,
) -> Result<Written, GitError> {
    let odb = reading
        .repository
        .odb()
        .map_err(|error| reading.damaged(&error))?;
    let mut writer = Writer {
        reading,
        odb: &odb,
        into,
        before,
        written: Written::default(),
    };
    let what = format!("check out {}", reading.commit);
    let total = Some(listing.entries.len() as u64);
    for (done, entry) in (0..).zip(&listing.entries) {
        if reading.observer.cancelled() {
            return Err(GitError::Cancelled);
        }
        if done % 256 == 0 {
            reading.observer.event(Event::Progress {
                what: &what,
                done,
                total,
            });
        }
        writer.entry(entry)?;
    }
    Ok(writer.written)
}

struct Writer<'a> {
    reading: &'a Reading<'a>,
    odb: &'a Odb<'a>,
    into: &'a Path,
    before: u64,
    written: Written,
}

impl<'a> Writer<'a> {
    fn entry(&mut self, entry: &Entry) -> Result<(), GitError> {
        let path = self.into.join(&entry.path);
        match entry.kind {
            Kind::Folder | Kind::Submodule => fs::create_dir(&path).map_err(GitError::disk("make", &path)),
            Kind::File { executable } => {
                let bytes = self.content(entry.id)?;
                self.note_pointer(entry, bytes.data());
                let mode = if executable { 0o755 } else { 0o644 };
                write_file(&path, bytes.data(), mode).map_err(GitError::disk("write", &path))
            }
            Kind::Link => {
                let bytes = self.content(entry.id)?;
                let target = bytes.data();
                if target.is_empty() || target.len() > LONGEST_TARGET || target.contains(&0) {
                    return Err(self.bad_link(entry));
                }
                let target = Path::new(OsStr::from_bytes(target));
                self.note_way_out(entry, target);
                symlink(target, &path).map_err(GitError::disk("make", &path))
            }
        }
    }

    /// The bytes of a blob, counted; its size is looked at before it is read.
    fn content(&mut self, id: Oid) -> Result<git2::OdbObject<'a>, GitError> {
        let odb = self.odb;
        let limits = self.reading.limits;
        let (size, _) = self
            .odb
            .read_header(id)
            .map_err(|error| self.reading.damaged(&error))?;
        let size = size as u64;
        self.written.files += 1;
        self.written.bytes += size;
        let readable = |bytes| bytesize::ByteSize(bytes).to_string();
        if size > limits.file {
            return Err(self.reading.too_large("a file", readable(limits.file)));
        }
        if self.before + self.written.bytes > limits.checkout {
            return Err(self.reading.too_large("the size", readable(limits.checkout)));
        }
        odb.read(id).map_err(|error| self.reading.damaged(&error))
    }

    fn note_pointer(&mut self, entry: &Entry, bytes: &[u8]) {
        if let Some(size) = lfs::pointed_size(bytes) {
            self.written.findings.push(Finding::LfsPointer {
                path: entry.path.clone(),
                size,
            });
        }
    }

    fn note_way_out(&mut self, entry: &Entry, target: &Path) {
        if leads_out(&entry.path, target) {
            let (path, target) = (entry.path.clone(), target.to_owned());
            self.written.findings.push(Finding::LinkLeadsOut { path, target });
        }
    }

    fn bad_link(&self, entry: &Entry) -> GitError {
        GitError::UnsafeEntry {
            commit: self.reading.commit.clone(),
            path: entry.path.to_string_lossy().escape_debug().to_string(),
            why: "is a link with an impossible target",
        }
    }
}

fn write_file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(bytes)?;
    // The process's mask may have taken bits away; one of them says whether the file is executable.
    rustix::fs::fchmod(&file, rustix::fs::Mode::from_raw_mode(mode))?;
    Ok(())
}

/// Whether the text of a link at `path` leads out of the top folder. Links in between are not followed.
fn leads_out(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return true,
            },
            Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

/// The identifier that the files of `listing` have, computed from its entries alone.
///
/// That is the tree's own id, unless the tree was written in a way that git no longer writes.
pub(super) fn expected(listing: &Listing) -> io::Result<Swhid> {
    let own = |id: Oid| <[u8; 20]>::try_from(id.as_bytes()).map_err(io::Error::other);
    if !listing.odd_modes {
        return Ok(Swhid::new(swhid::Kind::Directory, own(listing.id)?));
    }
    let mut folders: BTreeMap<PathBuf, Vec<swhid::Entry>> = BTreeMap::new();
    // What is in a folder comes after it, so backwards every folder is complete when it is met.
    for entry in listing.entries.iter().rev() {
        let (mode, hash) = match entry.kind {
            Kind::Folder => (
                "40000",
                swhid::tree(folders.remove(&entry.path).unwrap_or_default())?,
            ),
            Kind::File { executable: false } => ("100644", own(entry.id)?),
            Kind::File { executable: true } => ("100755", own(entry.id)?),
            Kind::Link => ("120000", own(entry.id)?),
            Kind::Submodule => ("160000", own(entry.id)?),
        };
        let name = entry.path.file_name().unwrap_or_default().as_bytes().to_vec();
        let parent = entry.path.parent().unwrap_or(Path::new("")).to_owned();
        folders
            .entry(parent)
            .or_default()
            .push(swhid::Entry { name, mode, hash });
    }
    let top = swhid::tree(folders.remove(Path::new("")).unwrap_or_default())?;
    Ok(Swhid::new(swhid::Kind::Directory, top))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_out_are_told_from_those_that_stay() {
        let out = |path: &str, target: &str| leads_out(Path::new(path), Path::new(target));
        assert!(out("a", "/etc/passwd"));
        assert!(out("a", ".."));
        assert!(out("a/b", "../../c"));
        assert!(out("a/b", "c/../../../d"));
        assert!(!out("a/b", "../c"));
        assert!(!out("a/b", "./c/../d"));
        assert!(!out("a", "b"));
    }

    #[test]
    fn a_tree_without_odd_modes_is_rebuilt_to_the_same_identifier() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("a/b")).expect("made");
        write_file(&folder.path().join("a/b/c"), b"x", 0o755).expect("written");
        write_file(&folder.path().join("a.b"), b"y", 0o644).expect("written");
        let blob = |bytes: &[u8]| Oid::hash_object(git2::ObjectType::Blob, bytes).expect("an id");
        let entry = |path: &str, kind, id| Entry {
            path: path.into(),
            kind,
            id,
        };
        let listing = Listing {
            id: Oid::ZERO_SHA1,
            odd_modes: true,
            entries: vec![
                entry("a", Kind::Folder, Oid::ZERO_SHA1),
                entry("a.b", Kind::File { executable: false }, blob(b"y")),
                entry("a/b", Kind::Folder, Oid::ZERO_SHA1),
                entry("a/b/c", Kind::File { executable: true }, blob(b"x")),
            ],
        };
        let found = swhid::directory(folder.path()).expect("an identifier");
        assert_eq!(expected(&listing).expect("an identifier"), found);
    }
}
