//! The folder that an archive is unpacked into, and everything that it refuses.
//!
//! Every place is claimed once. Files are made before links, so nothing is ever
//! written through a link of the archive; links are made last, and looked at
//! once all are there, because two harmless ones can lead outside together.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, FileTimes, Permissions};
use std::io::{self, Read, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Limits, UnpackError, shown};
use crate::observe::Observer;

/// The time of every file, so that the same archive always gives the same tree: the first that a zip can hold, 1980-01-01.
const TIME: Duration = Duration::from_secs(315_532_800);

/// A folder that fills.
pub(super) struct Tree<'a> {
    root: PathBuf,
    limits: &'a Limits,
    archive: u64,
    observer: &'a dyn Observer,
    places: HashMap<PathBuf, Kind>,
    links: Vec<(PathBuf, PathBuf)>,
    bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
    Link,
}

impl<'a> Tree<'a> {
    /// A new folder at `root` for the content of an archive of `archive` bytes.
    pub(super) fn new(
        root: PathBuf,
        limits: &'a Limits,
        archive: u64,
        observer: &'a dyn Observer,
    ) -> Result<Self, UnpackError> {
        let tree = Self {
            root,
            limits,
            archive,
            observer,
            places: HashMap::new(),
            links: Vec::new(),
            bytes: 0,
        };
        tree.make_folder(Path::new(""))?;
        Ok(tree)
    }

    pub(super) fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// A folder; it may be there already.
    pub(super) fn folder(&mut self, name: &[u8]) -> Result<(), UnpackError> {
        let path = self.path(name)?;
        self.folders(&path)
    }

    /// A file with all that `reader` has; `broken` says what an error of `reader` means.
    pub(super) fn file(
        &mut self,
        name: &[u8],
        executable: bool,
        reader: &mut dyn Read,
        broken: impl Fn(io::Error) -> UnpackError,
    ) -> Result<(), UnpackError> {
        let path = self.claim(name, Kind::File)?;
        let mode = if executable { 0o555 } else { 0o444 };
        let mut options = File::options();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.root.join(path))
            .map_err(UnpackError::Disk)?;
        self.copy(name, reader, &mut file, broken)?;
        let time = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + TIME);
        file.set_times(time).map_err(UnpackError::Disk)?;
        file.set_permissions(Permissions::from_mode(mode))
            .map_err(UnpackError::Disk)
    }

    fn copy(
        &mut self,
        name: &[u8],
        reader: &mut dyn Read,
        file: &mut File,
        broken: impl Fn(io::Error) -> UnpackError,
    ) -> Result<(), UnpackError> {
        let mut buffer = vec![0; 128 * 1024];
        loop {
            if self.observer.cancelled() {
                return Err(UnpackError::Cancelled);
            }
            let read = match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(error)),
            };
            self.count(name, read as u64)?;
            file.write_all(&buffer[..read]).map_err(UnpackError::Disk)?;
        }
    }

    fn count(&mut self, name: &[u8], bytes: u64) -> Result<(), UnpackError> {
        let Limits {
            bytes: limit,
            ratio,
            ratio_from,
            ..
        } = *self.limits;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > limit {
            return Err(UnpackError::TooLarge {
                entry: shown(name),
                limit,
            });
        }
        if self.bytes > ratio_from && self.bytes > self.archive.saturating_mul(ratio) {
            return Err(UnpackError::Bomb {
                entry: shown(name),
                limit: ratio,
            });
        }
        Ok(())
    }

    /// A symbolic link, made at the end.
    pub(super) fn link(&mut self, name: &[u8], target: &[u8]) -> Result<(), UnpackError> {
        let path = self.claim(name, Kind::Link)?;
        let bad = |why| {
            Err(UnpackError::BadLink {
                entry: shown(name),
                target: shown(target),
                why,
            })
        };
        let target = Path::new(OsStr::from_bytes(target));
        if target.as_os_str().is_empty() || target.as_os_str().as_bytes().contains(&0) {
            return bad("no link can lead to");
        }
        if target.as_os_str().len() > self.limits.path {
            return bad("is too long");
        }
        if target.is_absolute() || !stays_inside(&path, target) {
            return bad("lies outside of the archive");
        }
        self.links.push((path, target.to_owned()));
        Ok(())
    }

    /// A second name of a file that came before.
    pub(super) fn hard_link(&mut self, name: &[u8], target: &[u8]) -> Result<(), UnpackError> {
        let bad = |why| UnpackError::BadLink {
            entry: shown(name),
            target: shown(target),
            why,
        };
        let original = self
            .path(target)
            .map_err(|_| bad("lies outside of the archive"))?;
        if self.places.get(&original) != Some(&Kind::File) {
            return Err(bad("is no file that came before it in the archive"));
        }
        let path = self.claim(name, Kind::File)?;
        fs::hard_link(self.root.join(original), self.root.join(path)).map_err(UnpackError::Disk)
    }

    /// Makes the links and looks at them; returns those that lead nowhere and were left out.
    pub(super) fn finish(mut self) -> Result<Vec<String>, UnpackError> {
        let links = std::mem::take(&mut self.links);
        for (path, target) in &links {
            symlink(target, self.root.join(path)).map_err(UnpackError::Disk)?;
        }
        let root = self.root.canonicalize().map_err(UnpackError::Disk)?;
        let mut nowhere = Vec::new();
        for (path, target) in &links {
            match self.root.join(path).canonicalize() {
                Ok(real) if real.starts_with(&root) => {}
                Ok(_) => return Err(outside(path, target)),
                Err(_) => nowhere.push(path),
            }
        }
        // Only now: one that leads to another that leads nowhere has been seen to do so.
        for path in &nowhere {
            fs::remove_file(self.root.join(path)).map_err(UnpackError::Disk)?;
        }
        Ok(nowhere
            .iter()
            .map(|path| shown(path.as_os_str().as_bytes()))
            .collect())
    }

    /// Takes the place `name`, making the folders that lead there.
    fn claim(&mut self, name: &[u8], kind: Kind) -> Result<PathBuf, UnpackError> {
        let path = self.path(name)?;
        if self.places.contains_key(&path) || path.as_os_str().is_empty() {
            return Err(UnpackError::Duplicate { entry: shown(name) });
        }
        if let Some(parent) = path.parent() {
            self.folders(parent)?;
        }
        self.place(path.clone(), kind)?;
        Ok(path)
    }

    fn place(&mut self, path: PathBuf, kind: Kind) -> Result<(), UnpackError> {
        if self.places.len() as u64 >= self.limits.entries {
            return Err(UnpackError::TooMany {
                limit: self.limits.entries,
            });
        }
        self.places.insert(path, kind);
        Ok(())
    }

    fn folders(&mut self, path: &Path) -> Result<(), UnpackError> {
        let mut folder = PathBuf::new();
        for component in path {
            folder.push(component);
            match self.places.get(&folder) {
                Some(Kind::Folder) => {}
                Some(Kind::File | Kind::Link) => {
                    return Err(UnpackError::Duplicate {
                        entry: shown(folder.as_os_str().as_bytes()),
                    });
                }
                None => {
                    self.place(folder.clone(), Kind::Folder)?;
                    self.make_folder(&folder)?;
                }
            }
        }
        Ok(())
    }

    fn make_folder(&self, path: &Path) -> Result<(), UnpackError> {
        let path = self.root.join(path);
        DirBuilder::new()
            .mode(0o755)
            .create(&path)
            .map_err(UnpackError::Disk)
    }

    /// The path that a name stands for, `.` and doubled slashes taken out.
    fn path(&self, name: &[u8]) -> Result<PathBuf, UnpackError> {
        let bad = |why| {
            Err(UnpackError::BadPath {
                entry: shown(name),
                why,
            })
        };
        if name.len() > self.limits.path {
            return bad("is too long");
        }
        if name.contains(&0) {
            return bad("holds a zero byte");
        }
        let mut path = PathBuf::new();
        let mut depth = 0;
        for component in Path::new(OsStr::from_bytes(name)).components() {
            match component {
                Component::Normal(part) if part.len() > 255 => return bad("is too long"),
                Component::Normal(part) => {
                    path.push(part);
                    depth += 1;
                }
                Component::CurDir => {}
                Component::ParentDir => return bad("leads upwards with `..`"),
                Component::RootDir | Component::Prefix(_) => return bad("is absolute"),
            }
        }
        if depth > self.limits.depth {
            bad("is too deep")
        } else {
            Ok(path)
        }
    }
}

fn outside(path: &Path, target: &Path) -> UnpackError {
    UnpackError::BadLink {
        entry: shown(path.as_os_str().as_bytes()),
        target: shown(target.as_os_str().as_bytes()),
        why: "lies outside of the archive",
    }
}

/// Whether `target`, read letter by letter from the folder of `path`, never leaves the top.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}
