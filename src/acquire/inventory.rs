//! What the store keeps: listing, verifying, removing. Behind `reproof cache`.

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use walkdir::WalkDir;

use super::store::{Lookup, Store};
use crate::digest::Digest;
use crate::workspace::remove_tree;

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

impl Store<'_> {
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
        all.extend(self.folders(KeptKind::Unpacked, &self.root().join("unpacked"))?);
        all.extend(self.folders(KeptKind::Partial, &self.root().join("partial"))?);
        all.extend(self.folders(KeptKind::Scratch, &self.root().join("tmp"))?);
        all.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        Ok(all)
    }

    fn blobs(&self) -> io::Result<Vec<Kept>> {
        let mut blobs = Vec::new();
        for folder in entries(&self.root().join("blobs/sha256"))? {
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

    /// Removes what processes that were killed left half-finished, unless a run is going on.
    ///
    /// Downloads that can be continued stay. What cannot be removed is left for [`Store::prune`].
    ///
    /// # Errors
    ///
    /// When the lock cannot be made.
    pub fn sweep(&self) -> io::Result<()> {
        let lock = self.lock_file("store")?;
        if lock.try_lock().is_err() {
            return Ok(());
        }
        for path in entries(&self.root().join("tmp")).unwrap_or_default() {
            let _ = remove_tree(&path);
        }
        for path in entries(&self.root().join("stamps")).unwrap_or_default() {
            if file_name(&path).starts_with('.') {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }

    fn remove(&self, kept: &Kept) -> io::Result<()> {
        match kept.kind {
            KeptKind::Blob => match kept.name.parse() {
                Ok(digest) => self.forget(&kept.path, &digest),
                Err(_) => Ok(()),
            },
            KeptKind::Unpacked | KeptKind::Partial | KeptKind::Scratch => remove_tree(&kept.path),
        }
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
    use std::fs::File;

    use super::super::store::Stamp;
    use super::super::store::tests::{cache, overwrite};
    use super::*;

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
    fn half_finished_work_is_swept_unless_a_run_is_going_on() {
        let (_folder, cache) = cache();
        let store = Store::new(&cache);
        let blob = store.put(&b"abc"[..]).expect("stored");
        let scratch = cache.scratch().expect("a folder").join("job-1/tmp");
        fs::create_dir_all(&scratch).expect("made");
        let held = store.hold().expect("held");
        store.sweep().expect("swept");
        assert!(scratch.exists());
        drop(held);
        store.sweep().expect("swept");
        assert!(!scratch.exists() && blob.path.exists());
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
