//! Where everything lies on disk, and how files get there whole.
//!
//! Two places only: the user's cache, shared by any number of processes at
//! once, and `.reproof/` beside the manifest.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::digest::Digest;

/// The cache: everything in it can be fetched or built again.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache in the folder `root`, which is made when it is first written to.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the blob with this digest lies, if it is there.
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join("blobs/sha256").join(&hex[..2]).join(&hex[2..])
    }

    /// Where the archive with this digest is unpacked, if it is.
    pub fn unpacked(&self, digest: &Digest) -> PathBuf {
        self.root.join("unpacked").join(digest.hex())
    }

    /// Bare Git mirrors, one folder a repository.
    pub fn mirrors(&self) -> PathBuf {
        self.root.join("git")
    }

    /// Environments, one folder a content key.
    pub fn environments(&self) -> PathBuf {
        self.root.join("environments")
    }

    /// Programs that reproof gets by itself, such as uv.
    pub fn tools(&self) -> PathBuf {
        self.root.join("tools")
    }

    /// Half-finished work, on the same file system as the rest; made if need be.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn scratch(&self) -> io::Result<PathBuf> {
        let folder = self.root.join("tmp");
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Waits for, and holds, the lock named `name`, until the file that comes back is dropped.
    ///
    /// # Errors
    ///
    /// When the lock file cannot be made or locked.
    pub fn lock(&self, name: &str) -> io::Result<File> {
        let file = self.lock_file(name)?;
        file.lock()?;
        Ok(file)
    }

    /// Holds the lock named `name` as [`Cache::lock`] does, or returns `None` at once if somebody else does.
    ///
    /// # Errors
    ///
    /// When the lock file cannot be made or locked.
    pub fn try_lock(&self, name: &str) -> io::Result<Option<File>> {
        let file = self.lock_file(name)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn lock_file(&self, name: &str) -> io::Result<File> {
        let folder = self.root.join("locks");
        fs::create_dir_all(&folder)?;
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(name))
    }
}

/// The folder `.reproof/` beside a manifest.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace of the manifest at `manifest`.
    pub fn beside(manifest: &Path) -> Self {
        Self {
            root: manifest.parent().unwrap_or(Path::new(".")).join(".reproof"),
        }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All runs, one folder each; their names sort by time.
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }
}

/// Writes `bytes` to `path` so that the file is there whole or not at all, even if the machine stops.
///
/// # Errors
///
/// Those of the file system; what was at `path` before is then still there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    persist(file, path)
}

/// Moves a finished temporary file to `path`, on disk before it is visible, with the permissions of a plain file.
///
/// # Errors
///
/// Those of the file system.
pub fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(0o644))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Removes a folder with all that is in it, or a file, if it is there; folders that their owner has closed are opened first.
///
/// Links are removed, not followed.
///
/// # Errors
///
/// Those of the file system.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    let is_folder = match path.symlink_metadata() {
        Ok(metadata) => metadata.is_dir(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !is_folder {
        return fs::remove_file(path);
    }
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_folders(path);
            fs::remove_dir_all(path)
        }
        other => other,
    }
}

/// Makes `folder` and the folders in it such that their owner can remove what they hold, as far as that is possible.
fn open_folders(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        left.extend(folders.map(|entry| entry.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/record.json");
        write_whole(&path, b"one").expect("written");
        write_whole(&path, b"two").expect("written");
        assert_eq!(fs::read(&path).expect("read"), b"two");
        assert_eq!(
            fs::read_dir(folder.path().join("deep"))
                .expect("a folder")
                .count(),
            1
        );
    }

    #[test]
    fn a_folder_that_its_owner_closed_is_removed_and_links_are_not_followed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let (closed, other) = (folder.path().join("closed"), folder.path().join("other"));
        fs::create_dir_all(closed.join("inner")).expect("made");
        fs::create_dir(&other).expect("made");
        fs::write(other.join("file"), "").expect("written");
        fs::write(closed.join("inner/file"), "").expect("written");
        std::os::unix::fs::symlink(&other, closed.join("link")).expect("linked");
        for path in [closed.join("inner"), closed.clone()] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o000)).expect("closed");
        }
        remove_tree(&closed).expect("removed");
        remove_tree(&closed).expect("nothing to do");
        assert!(!closed.exists() && other.join("file").exists());
    }
}
