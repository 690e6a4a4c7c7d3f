//! What lies in folders that a job can write to: how much, whose, and with which dangerous bits.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, Uid, chownat, statvfs};
use walkdir::WalkDir;

/// What a name costs by itself, so that a million empty files are not free.
const EACH: u64 = 4096;

/// Space that the machine's disk should always have left, in bytes.
const FULL: u64 = 1 << 20;

/// What lies on disk in some folders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    /// Bytes that were found.
    pub(super) bytes: u64,
    /// Whether a place could not be looked into: a closed folder, or one too deep for a path.
    pub(super) hidden: bool,
}

/// Looks at everything under `folders`, links not followed, until there is more than `enough`.
///
/// Files that vanish meanwhile count nothing.
pub(super) fn used(folders: &[PathBuf], enough: u64) -> Used {
    let mut used = Used::default();
    for entry in folders.iter().flat_map(WalkDir::new) {
        match entry.and_then(|entry| entry.metadata()) {
            Ok(data) => used.bytes = used.bytes.saturating_add((data.blocks() * 512).max(EACH)),
            Err(error) => {
                let gone = error
                    .io_error()
                    .is_none_or(|error| error.kind() == io::ErrorKind::NotFound);
                used.hidden |= !gone;
            }
        }
        if used.bytes > enough {
            break;
        }
    }
    used
}

/// Bytes left on the disk that holds `folder`; `None` where that cannot be said.
pub(super) fn left(folder: &Path) -> Option<u64> {
    let disk = statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Whether the disk that holds one of `folders` is full.
pub(super) fn is_full(folders: &[PathBuf]) -> bool {
    folders
        .iter()
        .any(|folder| left(folder).is_some_and(|left| left < FULL))
}

/// Folders and files given to a job's user; taken back when dropped.
#[derive(Debug)]
pub(super) struct Handover {
    folders: Vec<PathBuf>,
    given: bool,
}

impl Handover {
    /// Gives everything under `folders` to `user`, or to nobody else where that is `None`.
    ///
    /// A file with several names is not given: one of them may lie outside.
    pub(super) fn give(folders: &[PathBuf], user: Option<u32>) -> io::Result<Self> {
        let handover = Self {
            folders: folders.to_vec(),
            given: user.is_some(),
        };
        if let Some(user) = user {
            for folder in folders {
                own(folder, user, |data| data.is_dir() || data.nlink() == 1)?;
            }
        }
        Ok(handover)
    }

    /// Takes everything back, without its set-user-ID and set-group-ID bits.
    ///
    /// The job has to have ended: otherwise it could swap a file for a link between two steps.
    fn take_back(&self) {
        for folder in &self.folders {
            open_up(folder);
            if self.given {
                drop(own(folder, rustix::process::geteuid().as_raw(), |_| true));
            }
        }
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        self.take_back();
    }
}

fn own(folder: &Path, user: u32, wanted: impl Fn(&fs::Metadata) -> bool) -> io::Result<()> {
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        if wanted(&entry.metadata()?) {
            let (user, group) = (Uid::from_raw(user), Gid::from_raw(user));
            chownat(
                CWD,
                entry.path(),
                Some(user),
                Some(group),
                AtFlags::SYMLINK_NOFOLLOW,
            )?;
        }
    }
    Ok(())
}

/// Disarms everything below `folder`, each folder before it is looked into.
fn open_up(folder: &Path) {
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        let Ok(data) = fs::symlink_metadata(&path) else {
            continue;
        };
        if data.is_file() || data.is_dir() {
            drop(disarm(&path));
        }
        if data.is_dir()
            && let Ok(entries) = fs::read_dir(&path)
        {
            left.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
}

/// Removes the bits that make a program run as its owner, and opens to us what was closed to us.
fn disarm(path: &Path) -> io::Result<()> {
    let data = fs::symlink_metadata(path)?;
    let mode = data.permissions().mode();
    let needed = if data.is_dir() { 0o700 } else { 0o400 };
    let wanted = (mode & 0o1777) | needed;
    if mode & 0o7777 != wanted && !data.file_type().is_symlink() {
        // Through a descriptor that cannot be a link.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty())?;
        let through = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
        rustix::fs::chmod(through, Mode::from_raw_mode(wanted))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dangerous_bits_are_removed_and_links_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = tempfile::NamedTempFile::new().expect("a file");
        let chmod =
            |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
        let mode = |path: &Path| fs::symlink_metadata(path).expect("there").permissions().mode() & 0o7777;
        chmod(outside.path(), 0o640);
        let (program, closed) = (folder.path().join("program"), folder.path().join("closed"));
        fs::write(&program, "").expect("written");
        fs::create_dir_all(closed.join("inner")).expect("made");
        chmod(&closed.join("inner"), 0o000);
        chmod(&program, 0o6755);
        chmod(&closed, 0o000);
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).expect("linked");
        drop(Handover::give(&[folder.path().to_owned()], None).expect("given"));
        assert_eq!(
            (mode(&program), mode(&closed), mode(outside.path())),
            (0o755, 0o700, 0o640)
        );
    }

    #[test]
    fn empty_files_are_not_free() {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 0..10 {
            fs::write(folder.path().join(number.to_string()), "").expect("written");
        }
        let folders = [folder.path().to_owned()];
        assert_eq!(
            used(&folders, u64::MAX),
            Used {
                bytes: 11 * EACH,
                hidden: false
            }
        );
        assert_eq!(
            used(&folders, 3 * EACH).bytes,
            4 * EACH,
            "it stops when it knows enough"
        );
    }
}
