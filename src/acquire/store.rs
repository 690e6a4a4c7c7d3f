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

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;
use walkdir::WalkDir;

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

/// One thing that the store keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it is.
    pub kind: KeptKind,
    /// The digest of a blob or of the archive of an unpacked folder, else a key.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its length, or the sum of the lengths of what it holds.
    pub bytes: u64,
    /// When it was used last, as far as that is known.
    pub used: SystemTime,
}

/// What the store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeptKind {
    /// A file by its digest.
    Blob,
    /// An archive's content.
    Unpacked,
    /// A download that was not finished.
    Partial,
    /// Half-finished work of a process that ended.
    Scratch,
}

/// What to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prune {
    /// Everything.
    All,
    /// What has not been used for so long.
    UnusedFor(Duration),
}

/// Why nothing was removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PruneError {
    /// A run is going on.
    #[error("the cache is in use by another process")]
    InUse,
    /// The file system.
    #[error("cannot remove from the cache")]
    Io(#[from] io::Error),
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
            self.forget(&path, digest)?;
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

    /// Hashes every blob again, whatever its stamp says, and removes those that are not what their names say.
    ///
    /// Returns each blob with whether it was sound, in the order of their digests.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn verify(&self) -> io::Result<Vec<(Kept, bool)>> {
        let mut verdicts = Vec::new();
        for kept in self.list()? {
            if kept.kind != KeptKind::Blob {
                continue;
            }
            let Ok(digest) = kept.name.parse::<Digest>() else {
                continue;
            };
            let _ = fs::remove_file(self.stamp(&digest));
            let sound = matches!(self.get(&digest)?, Lookup::Found(_));
            verdicts.push((kept, sound));
        }
        Ok(verdicts)
    }

    /// Everything that is kept, by kind and name.
    ///
    /// # Errors
    ///
    /// Those of the file system. What others remove meanwhile is left out.
    pub fn list(&self) -> io::Result<Vec<Kept>> {
        let mut all = self.blobs()?;
        all.extend(self.folders(KeptKind::Unpacked, &self.cache.root().join("unpacked"))?);
        all.extend(self.folders(KeptKind::Partial, &self.cache.root().join("partial"))?);
        all.extend(self.folders(KeptKind::Scratch, &self.cache.root().join("tmp"))?);
        all.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        Ok(all)
    }

    fn blobs(&self) -> io::Result<Vec<Kept>> {
        let mut blobs = Vec::new();
        for folder in entries(&self.cache.root().join("blobs/sha256"))? {
            let start = file_name(&folder);
            for path in entries(&folder)? {
                let name = format!("{start}{}", file_name(&path));
                let (Ok(digest), Ok(metadata)) = (name.parse::<Digest>(), path.symlink_metadata()) else {
                    continue;
                };
                let used = fs::metadata(self.stamp(&digest))
                    .unwrap_or(metadata.clone())
                    .modified()?;
                blobs.push(Kept {
                    kind: KeptKind::Blob,
                    name,
                    path,
                    bytes: metadata.len(),
                    used,
                });
            }
        }
        Ok(blobs)
    }

    fn folders(&self, kind: KeptKind, folder: &Path) -> io::Result<Vec<Kept>> {
        let mut kept = Vec::new();
        for path in entries(folder)? {
            let Ok(metadata) = path.symlink_metadata() else {
                continue;
            };
            let (name, bytes) = (file_name(&path), size(&path));
            kept.push(Kept {
                kind,
                name,
                path,
                bytes,
                used: metadata.modified()?,
            });
        }
        Ok(kept)
    }

    /// Removes what `which` says, and returns it.
    ///
    /// # Errors
    ///
    /// When a run holds the store, or those of the file system.
    pub fn prune(&self, which: Prune) -> Result<Vec<Kept>, PruneError> {
        let lock = self.lock_file("store")?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PruneError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut removed = Vec::new();
        for kept in self.list()? {
            if which.takes(&kept) {
                self.remove(&kept)?;
                removed.push(kept);
            }
        }
        Ok(removed)
    }

    fn remove(&self, kept: &Kept) -> io::Result<()> {
        match kept.kind {
            KeptKind::Blob => match kept.name.parse() {
                Ok(digest) => self.forget(&kept.path, &digest),
                Err(_) => Ok(()),
            },
            KeptKind::Unpacked | KeptKind::Partial | KeptKind::Scratch => remove_all(&kept.path),
        }
    }

    fn forget(&self, path: &Path, digest: &Digest) -> io::Result<()> {
        absent_is_fine(fs::remove_file(self.stamp(digest)))?;
        absent_is_fine(fs::remove_file(path))
    }

    fn stamp(&self, digest: &Digest) -> PathBuf {
        self.cache.root().join("stamps").join(digest.hex())
    }

    fn put_stamp(&self, digest: &Digest, stamp: &str) -> io::Result<()> {
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

impl Prune {
    fn takes(self, kept: &Kept) -> bool {
        match self {
            Self::All => true,
            Self::UnusedFor(age) => kept.used.elapsed().is_ok_and(|elapsed| elapsed >= age),
        }
    }
}

/// What a file looked like when it was hashed.
struct Stamp;

impl Stamp {
    fn of(file: &File) -> io::Result<String> {
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

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn size(path: &Path) -> u64 {
    let files = WalkDir::new(path).into_iter().filter_map(Result::ok);
    files
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path().join("cache"));
        (folder, cache)
    }

    fn overwrite(path: &Path, bytes: &[u8]) {
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

    #[test]
    fn verify_distrusts_stamps() {
        let (_folder, cache) = cache();
        let store = Store::new(&cache);
        let good = store.put(&b"good"[..]).expect("stored");
        let bad = store.put(&b"bad"[..]).expect("stored");
        overwrite(&bad.path, b"bat");
        store
            .put_stamp(
                &bad.digest,
                &Stamp::of(&File::open(&bad.path).expect("open")).expect("a stamp"),
            )
            .expect("put");
        assert!(matches!(
            store.get(&bad.digest).expect("a lookup"),
            Lookup::Found(_)
        )); // a forged stamp is believed
        let sound: Vec<_> = store
            .verify()
            .expect("verified")
            .into_iter()
            .map(|(kept, ok)| (kept.name, ok))
            .collect();
        let mut expected = vec![(good.digest.hex(), true), (bad.digest.hex(), false)];
        expected.sort();
        assert_eq!(sound, expected);
        assert_eq!(store.get(&bad.digest).expect("a lookup"), Lookup::Absent);
    }

    #[test]
    fn pruning_takes_what_is_old_and_waits_for_no_run() {
        let (_folder, cache) = cache();
        let store = Store::new(&cache);
        let blob = store.put(&b"abc"[..]).expect("stored");
        let old = store.put(&b"old"[..]).expect("stored");
        let long_ago = SystemTime::now() - Duration::from_secs(1000);
        File::open(store.stamp(&old.digest))
            .expect("open")
            .set_modified(long_ago)
            .expect("set");
        fs::create_dir_all(cache.unpacked(&blob.digest).join("a")).expect("made");

        let held = store.hold().expect("held");
        assert!(matches!(store.prune(Prune::All), Err(PruneError::InUse)));
        drop(held);
        let names = |kept: Vec<Kept>| kept.into_iter().map(|kept| kept.name).collect::<Vec<_>>();
        assert_eq!(
            names(
                store
                    .prune(Prune::UnusedFor(Duration::from_secs(500)))
                    .expect("pruned")
            ),
            [old.digest.hex()]
        );
        assert_eq!(store.prune(Prune::All).expect("pruned").len(), 2);
        assert!(store.list().expect("a list").is_empty());
    }
}
