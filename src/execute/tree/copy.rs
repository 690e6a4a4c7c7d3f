//! Making a step's private folders.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Component, Path};

use rustix::fs::{
    CWD, Mode, OFlags, ResolveFlags, Timespec, Timestamps, futimens, ioctl_ficlone, mkdirat, openat, openat2,
};
use rustix::io::Errno;
use walkdir::WalkDir;

/// Copies the tree `pristine` to the folder `to`, which must not exist.
///
/// Files keep their permission bits and times, and share their blocks with the
/// original where the file system can do that; hard links become files of their
/// own, so that writing to the copy never reaches the original. Symbolic links
/// are copied as they are. Git's own folders and files (`.git`) are left out, as
/// is whatever is neither file, folder nor link.
///
/// # Errors
///
/// Those of the file system; what was copied until then stays.
pub fn private_copy(pristine: &Path, to: &Path) -> io::Result<()> {
    let walk = WalkDir::new(pristine)
        .into_iter()
        .filter_entry(|entry| entry.file_name() != ".git");
    for entry in walk {
        let entry = entry?;
        let inside = entry.path().strip_prefix(pristine).map_err(io::Error::other)?;
        let target = if inside == Path::new("") {
            to.to_owned()
        } else {
            to.join(inside)
        };
        let kind = entry.file_type();
        if kind.is_dir() {
            fs::create_dir(&target)?;
            // Always ours to write to; a folder that its owner may not enter helps nobody.
            let mode = entry.metadata()?.mode() & 0o777 | 0o700;
            fs::set_permissions(&target, fs::Permissions::from_mode(mode))?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, &target)?;
        } else if kind.is_file() {
            copy_file(entry.path(), &File::create_new(&target)?)?;
        }
    }
    Ok(())
}

/// Puts the file or folder `from` at `at`, relative to the folder `working`, as a copy of its own.
///
/// Folders on the way are made. Nothing that is already there is replaced, and
/// no link on the way is followed, since the working folder is the paper's.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] when `at` is not a plain relative path,
/// [`io::ErrorKind::AlreadyExists`] when something is there, and those of the file system.
pub fn place(from: &Path, working: &Path, at: &Path) -> io::Result<()> {
    let parts: Vec<_> = at.components().collect();
    let Some((Component::Normal(name), way)) = parts.split_last() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut here = openat(
        CWD,
        working,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    for part in way {
        let Component::Normal(part) = part else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        here = folder_in(&here, Path::new(part))?;
    }
    place_in(from, &here, Path::new(name))
}

fn place_in(from: &Path, folder: &OwnedFd, name: &Path) -> io::Result<()> {
    if fs::metadata(from)?.is_dir() {
        mkdirat(folder, name, Mode::from_raw_mode(0o755))?;
        let inner = folder_in(folder, name)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            place_in(&entry.path(), &inner, Path::new(&entry.file_name()))?;
        }
        return Ok(());
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(folder, name, flags, Mode::from_raw_mode(0o644))?;
    copy_file(from, &File::from(file))
}

/// The folder `name` in `here`, made if it is not there, and not through a link.
fn folder_in(here: &OwnedFd, name: &Path) -> io::Result<OwnedFd> {
    match mkdirat(here, name, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    Ok(openat2(here, name, flags, Mode::empty(), resolve)?)
}

fn copy_file(from: &Path, to: &File) -> io::Result<()> {
    let source = File::open(from)?;
    if ioctl_ficlone(to, &source).is_err() {
        io::copy(&mut &source, &mut &*to)?;
    }
    let data = source.metadata()?;
    to.set_permissions(fs::Permissions::from_mode(data.mode() & 0o777 | 0o600))?;
    let time = |seconds, nanoseconds| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds,
    };
    let times = Timestamps {
        last_access: time(data.atime(), data.atime_nsec()),
        last_modification: time(data.mtime(), data.mtime_nsec()),
    };
    Ok(futimens(to, &times)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_like_the_original_and_apart_from_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("src/.git")).expect("made");
        fs::write(from.join("src/run.sh"), "#!/bin/sh\n").expect("written");
        fs::set_permissions(from.join("src/run.sh"), fs::Permissions::from_mode(0o755)).expect("changed");
        std::os::unix::fs::symlink("/etc/passwd", from.join("link")).expect("linked");
        private_copy(&from, &to).expect("copied");
        let (old, new) = (from.join("src/run.sh"), to.join("src/run.sh"));
        let data = |path: &Path| {
            let data = fs::metadata(path).expect("there");
            (data.mode(), data.mtime(), data.mtime_nsec())
        };
        assert_eq!(data(&old), data(&new));
        assert_eq!(
            fs::read_link(to.join("link")).expect("a link"),
            Path::new("/etc/passwd")
        );
        assert!(!to.join("src/.git").exists());
        fs::write(&new, "changed").expect("written");
        assert_eq!(fs::read_to_string(&old).expect("read"), "#!/bin/sh\n");
    }

    #[test]
    fn data_is_placed_without_following_links_or_replacing_anything() {
        let folder = tempfile::tempdir().expect("a folder");
        let (data, work, other) = (
            folder.path().join("data"),
            folder.path().join("work"),
            folder.path().join("other"),
        );
        for path in [&data, &work, &other] {
            fs::create_dir(path).expect("made");
        }
        fs::write(data.join("x.csv"), "1\n").expect("written");
        std::os::unix::fs::symlink(&other, work.join("elsewhere")).expect("linked");
        place(&data.join("x.csv"), &work, Path::new("deep/er/x.csv")).expect("placed");
        place(&data, &work, Path::new("all")).expect("placed");
        assert!(work.join("deep/er/x.csv").is_file() && work.join("all/x.csv").is_file());
        for bad in [
            "elsewhere/x.csv",
            "elsewhere",
            "../x.csv",
            "/x.csv",
            "",
            "deep/er/x.csv",
        ] {
            assert!(
                place(&data.join("x.csv"), &work, Path::new(bad)).is_err(),
                "{bad}"
            );
        }
        assert_eq!(fs::read_dir(&other).expect("a folder").count(), 0);
    }
}
