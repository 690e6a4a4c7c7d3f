//! The content-addressed store: files by their SHA-256, shared by any number of processes at once.
//!
//! A blob appears by one rename of a finished, synced, read-only file, so it is
//! there whole or not at all, whoever is killed when. It is verified again when
//! it is used: a *stamp* beside the store remembers the length, inode,
//! modification and change time under which it was last hashed, and while all
//! of them are the same the bytes are taken to be the same. The change time
//! cannot be set back by ordinary means, so whoever writes to a blob, chmods it
//! or hard-links it causes it to be hashed again; only decay of the disk itself
//! goes unseen, and [`Store::verify`] finds that. A blob that is not what its
//! name says is removed, and fetched again by whoever needs it.
//!
//! Nothing is removed while a run holds the store ([`Store::hold`]).

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::NamedTempFile;

pub use super::inventory::{Kept, KeptKind, Prune, PruneError};
use crate::digest::{Digest, HashingWriter};
use crate::workspace::Cache;

/// The blobs of a [`Cache`].
#[derive(Clone, Copy, Debug)]
pub struct Store<'a> {
    cache: &'a Cache,
}

/// A file of the store, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Where it lies; read-only.
    pub path: PathBuf,
    /// What it hashes to.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
}

/// What looking for a blob found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It is there and verified.
    Found(Blob),
    /// It is not there.
    Absent,
    /// It was there, was not what its name says, and has been removed.
    Removed {
        /// What it hashed to.
        found: Digest,
    },
}

impl<'a> Store<'a> {
    /// The store in `cache`.
    pub fn new(cache: &'a Cache) -> Self {
        Self { cache }
    }

    pub(super) fn root(&self) -> &'a Path {
        self.cache.root()
    }

    /// Keeps others from removing anything until the file that comes back is dropped.
    ///
    /// # Errors
    ///
    /// When the lock cannot be made.
    pub fn hold(&self) -> io::Result<File> {
        let file = self.lock_file("store")?;
        file.lock_shared()?;
        Ok(file)
    }

    /// Looks for the blob with `digest` and verifies it.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn get(&self, digest: &Digest) -> io::Result<Lookup> {
        let path = self.cache.blob(digest);
        let file = match open_plain(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Lookup::Absent),
            Err(error) => return Err(error),
        };
        let found = self.verified(&file, digest)?;
        if found != *digest {
            // Unless another process has put a sound one in its place meanwhile.
            if fs::metadata(&path).is_ok_and(|now| file.metadata().is_ok_and(|it| it.ino() == now.ino())) {
                self.forget(&path, digest)?;
            }
            return Ok(Lookup::Removed { found });
        }
        let bytes = file.metadata()?.len();
        Ok(Lookup::Found(Blob {
            path,
            digest: *digest,
            bytes,
        }))
    }

    /// The digest of `file`: by its stamp if that holds, else by hashing.
    fn verified(&self, file: &File, digest: &Digest) -> io::Result<Digest> {
        let stamp = Stamp::of(file)?;
        let path = self.stamp(digest);
        if fs::read_to_string(&path).is_ok_and(|known| known == stamp) {
            // Its time says when the blob was used last; a failure costs nothing but that.
            let _ = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
            return Ok(*digest);
        }
        let (found, _) = Digest::of_reader(file)?;
        if found == *digest && Stamp::of(file)? == stamp {
            self.put_stamp(digest, &stamp)?;
        }
        Ok(found)
    }

    /// Takes over a finished file of the same file system under the name `digest`, which the caller has computed.
    ///
    /// # Errors
    ///
    /// Those of the file system; the file is then still where it was.
    pub fn adopt(&self, file: &File, from: &Path, digest: &Digest) -> io::Result<Blob> {
        let path = self.cache.blob(digest);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        file.set_permissions(Permissions::from_mode(0o444))?;
        file.sync_all()?;
        fs::rename(from, &path)?;
        File::open(folder)?.sync_all()?;
        self.put_stamp(digest, &Stamp::of(file)?)?;
        let bytes = file.metadata()?.len();
        Ok(Blob {
            path,
            digest: *digest,
            bytes,
        })
    }

    /// Puts all that `reader` has left into the store.
    ///
    /// # Errors
    ///
    /// Those of `reader` and of the file system.
    pub fn put(&self, mut reader: impl Read) -> io::Result<Blob> {
        let scratch = NamedTempFile::new_in(self.cache.scratch()?)?;
        let mut writer = HashingWriter::new(scratch);
        io::copy(&mut reader, &mut writer)?;
        writer.flush()?;
        let (digest, _, scratch) = writer.finish();
        let (file, path) = scratch.into_parts();
        let blob = self.adopt(&file, &path, &digest)?;
        let _ = path.keep();
        Ok(blob)
    }

    pub(super) fn forget(&self, path: &Path, digest: &Digest) -> io::Result<()> {
        absent_is_fine(fs::remove_file(self.stamp(digest)))?;
        absent_is_fine(fs::remove_file(path))
    }

    pub(super) fn stamp(&self, digest: &Digest) -> PathBuf {
        self.cache.root().join("stamps").join(digest.hex())
    }

    pub(super) fn put_stamp(&self, digest: &Digest, stamp: &str) -> io::Result<()> {
        let path = self.stamp(digest);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // Not synced: a stamp that is lost or torn costs one hashing and proves nothing.
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(stamp.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// The file behind the lock `name`, not locked yet.
    pub(super) fn lock_file(&self, name: &str) -> io::Result<File> {
        let folder = self.cache.root().join("locks");
        fs::create_dir_all(&folder)?;
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(name))
    }
}

/// What a file looked like when it was hashed.
pub(super) struct Stamp;

impl Stamp {
    pub(super) fn of(file: &File) -> io::Result<String> {
        let it = file.metadata()?;
        Ok(format!(
            "{} {} {}.{} {}.{}\n",
            it.len(),
            it.ino(),
            it.mtime(),
            it.mtime_nsec(),
            it.ctime(),
            it.ctime_nsec()
        ))
    }
}

/// Opens a file that must be a plain one, and does not wait for a writer if it is a pipe.
pub(super) fn open_plain(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
    let file = File::options()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file"))
    }
}

/// Removes a file, or a folder with all that it holds; links are removed, not followed.
pub(super) fn remove_all(path: &Path) -> io::Result<()> {
    let is_folder = match path.symlink_metadata() {
        Ok(metadata) => metadata.is_dir(),
        Err(error) => return absent_is_fine(Err(error)),
    };
    let removed = if is_folder {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    absent_is_fine(removed)
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path().join("cache"));
        (folder, cache)
    }

    pub(in super::super) fn overwrite(path: &Path, bytes: &[u8]) {
        fs::set_permissions(path, Permissions::from_mode(0o644)).expect("writable");
        fs::write(path, bytes).expect("written");
    }

    #[test]
    fn what_is_put_is_found_and_read_only() {
        let (_folder, cache) = cache();
        let store = Store::new(&cache);
        let blob = store.put(&b"abc"[..]).expect("stored");
        assert_eq!((blob.digest, blob.bytes), (Digest::of("abc"), 3));
        assert_eq!(
            store.get(&blob.digest).expect("a lookup"),
            Lookup::Found(blob.clone())
        );
        assert_eq!(fs::metadata(&blob.path).expect("there").mode() & 0o777, 0o444);
        assert_eq!(store.get(&Digest::of("x")).expect("a lookup"), Lookup::Absent);
        assert_eq!(
            fs::read_dir(cache.scratch().expect("a folder"))
                .expect("a folder")
                .count(),
            0
        );
    }

    #[test]
    fn a_changed_blob_is_noticed_and_removed() {
        let (_folder, cache) = cache();
        let store = Store::new(&cache);
        let blob = store.put(&b"abc"[..]).expect("stored");
        overwrite(&blob.path, b"abd"); // the same length
        let times = fs::FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
        File::options()
            .write(true)
            .open(&blob.path)
            .expect("open")
            .set_times(times)
            .expect("set");
        assert_eq!(
            store.get(&blob.digest).expect("a lookup"),
            Lookup::Removed {
                found: Digest::of("abd")
            }
        );
        assert_eq!(store.get(&blob.digest).expect("a lookup"), Lookup::Absent);
    }

    #[test]
    fn a_lost_or_torn_stamp_costs_only_a_hashing() {
        let (_folder, cache) = cache();
        let store = Store::new(&cache);
        let blob = store.put(&b"abc"[..]).expect("stored");
        let stamp = store.stamp(&blob.digest);
        let whole = fs::read(&stamp).expect("a stamp");
        fs::write(&stamp, &whole[..3]).expect("torn");
        assert!(matches!(
            store.get(&blob.digest).expect("a lookup"),
            Lookup::Found(_)
        ));
        assert_eq!(fs::read(&stamp).expect("a stamp"), whole);
    }
}
