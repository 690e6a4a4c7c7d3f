//! Keeping what a step wrote, as far as it is safe to look at.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Dir, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::Snapshot;
use crate::digest::{Digest, HashingWriter};
use crate::workspace::persist;

/// How deep folders are entered.
const DEEPEST: usize = 32;

/// Where a step may have written.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Its output folder, empty when it began.
    pub out: &'a Path,
    /// Its working folder.
    pub working: &'a Path,
    /// Its working folder as it was when it began.
    pub before: &'a Snapshot,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes in one file.
    pub file: u64,
    /// Bytes in all.
    pub total: u64,
    /// Files in all.
    pub files: usize,
}

/// What was kept of a step, output by output.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// Each declared output with what became of it, in the order of declaration.
    pub outputs: Vec<(String, Output)>,
}

/// What became of a declared output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The step wrote it; for a folder, every file of it that the step wrote.
    Written(Vec<Kept>),
    /// It lies there as it came with the code: this step did not write it.
    Stale,
    /// It is not there.
    Missing,
    /// It is there and is not to be looked at.
    Refused {
        /// Which file, relative.
        path: String,
        /// Why.
        danger: Danger,
    },
}

/// One file that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its path relative to the step's folder.
    pub path: String,
    /// Where its copy lies.
    pub copy: PathBuf,
    /// What it holds.
    pub digest: Digest,
    /// How many bytes that is.
    pub bytes: u64,
}

/// Why something that a step left is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    /// A symbolic link, or a path through one: it may lead anywhere.
    Link,
    /// A named pipe, a socket or a device.
    Special,
    /// Longer than is kept, be it by a hole.
    TooLarge,
    /// More files than are kept, or folders deeper than are entered.
    TooMany,
    /// It cannot be read.
    Unreadable,
}

impl Danger {
    /// The word that reports and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            Self::Link => "output-link",
            Self::Special => "output-special",
            Self::TooLarge => "output-too-large",
            Self::TooMany => "output-too-many",
            Self::Unreadable => "output-unreadable",
        }
    }
}

/// Copies each of `outputs`, paths relative to a step's output folder or else to its working folder, into the folder `to`.
///
/// Only regular files are copied, opened beneath the step's folder, each hashed
/// on the way. In the output folder, a link to a file beneath that folder stands
/// for its content, as in a folder of checkpoints with a `latest`; no other link
/// is followed, and in the working folder none, where it could lead to what
/// came with the code. A link inside a declared folder that is not followed is
/// left out. One dangerous output does not keep the others from being kept. The
/// step has to have ended.
///
/// # Errors
///
/// When the copies cannot be written; never because of what the step left.
pub fn collect(sources: Sources<'_>, outputs: &[String], to: &Path, bounds: Bounds) -> io::Result<Collected> {
    let mut collector = Collector {
        sources,
        to,
        bounds,
        total: 0,
        files: 0,
    };
    let mut collected = Collected::default();
    for output in outputs {
        let became = collector.output(output)?;
        collected.outputs.push((output.clone(), became));
    }
    Ok(collected)
}

struct Collector<'a> {
    sources: Sources<'a>,
    to: &'a Path,
    bounds: Bounds,
    total: u64,
    files: usize,
}

/// Why one output came to nothing: the step's doing or ours.
enum Stop {
    Refused(String, Danger),
    Ours(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Ours(error)
    }
}

/// What is being collected: files of the working folder count only if the step wrote them.
struct Found {
    kept: Vec<Kept>,
    stale: usize,
    before: bool,
    /// The step's folder.
    root: OwnedFd,
    /// The first link of a declared folder that was left out.
    left_out: Option<String>,
}

impl Collector<'_> {
    fn output(&mut self, output: &str) -> io::Result<Output> {
        let path = Path::new(output);
        if !path
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        {
            return Ok(Output::Refused {
                path: output.to_owned(),
                danger: Danger::Link,
            });
        }
        for (folder, before) in [(self.sources.out, false), (self.sources.working, true)] {
            let Some(root) = open_folder(folder)? else {
                continue;
            };
            let mut found = Found {
                kept: Vec::new(),
                stale: 0,
                before,
                root,
                left_out: None,
            };
            match self.in_folder(path, &mut found) {
                Ok(()) => {}
                Err(Stop::Refused(path, danger)) => return Ok(Output::Refused { path, danger }),
                Err(Stop::Ours(error)) => return Err(error),
            }
            match found {
                Found { kept, .. } if !kept.is_empty() => return Ok(Output::Written(kept)),
                Found { stale, .. } if stale > 0 => return Ok(Output::Stale),
                Found {
                    left_out: Some(path), ..
                } => {
                    let danger = Danger::Link;
                    return Ok(Output::Refused { path, danger });
                }
                Found { .. } => {}
            }
        }
        Ok(Output::Missing)
    }

    fn in_folder(&mut self, path: &Path, found: &mut Found) -> Result<(), Stop> {
        let root = found.root.try_clone()?;
        self.take(&root, path, path, 0, found)
    }

    /// Takes `name`, which lies in `folder` and is called `path` from the step's folder on.
    fn take(
        &mut self,
        folder: &OwnedFd,
        name: &Path,
        path: &Path,
        depth: usize,
        found: &mut Found,
    ) -> Result<(), Stop> {
        let refuse = |danger| Err(Stop::Refused(path.to_string_lossy().into_owned(), danger));
        let file = match open(folder, name, ResolveFlags::NO_SYMLINKS) {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
            Err(Errno::LOOP | Errno::XDEV) => match linked_file(path, found) {
                Some(file) => file,
                None if depth == 0 => return refuse(Danger::Link),
                None => {
                    let path = || path.to_string_lossy().into_owned();
                    found.left_out.get_or_insert_with(path);
                    return Ok(());
                }
            },
            Err(Errno::NXIO) => return refuse(Danger::Special),
            Err(_) => return refuse(Danger::Unreadable),
        };
        let data = file.metadata()?;
        if data.is_dir() {
            return self.take_folder(&OwnedFd::from(file), path, depth, found);
        }
        if !data.is_file() {
            return refuse(Danger::Special);
        }
        if found.before && self.sources.before.is_unchanged(path, &data) {
            found.stale += 1;
            return Ok(());
        }
        if data.len() > self.bounds.file || self.total.saturating_add(data.len()) > self.bounds.total {
            return refuse(Danger::TooLarge);
        }
        if self.files >= self.bounds.files {
            return refuse(Danger::TooMany);
        }
        let kept = self.keep(file, &data, path)?;
        self.total += kept.bytes;
        self.files += 1;
        found.kept.push(kept);
        Ok(())
    }

    fn take_folder(
        &mut self,
        folder: &OwnedFd,
        path: &Path,
        depth: usize,
        found: &mut Found,
    ) -> Result<(), Stop> {
        let refuse = |danger| Err(Stop::Refused(path.to_string_lossy().into_owned(), danger));
        if depth >= DEEPEST {
            return refuse(Danger::TooMany);
        }
        let Ok(entries) = Dir::read_from(folder) else {
            return refuse(Danger::Unreadable);
        };
        let mut names = Vec::new();
        for entry in entries.flatten() {
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name).to_owned());
            }
            if names.len() > self.bounds.files {
                return refuse(Danger::TooMany);
            }
        }
        names.sort();
        for name in names {
            self.take(folder, Path::new(&name), &path.join(&name), depth + 1, found)?;
        }
        Ok(())
    }

    /// Copies what `file` holds, at most the bytes of `data`, to its place; a program stays one.
    fn keep(&self, file: File, data: &Metadata, path: &Path) -> io::Result<Kept> {
        let copy = self.to.join(path);
        let folder = copy.parent().unwrap_or(self.to);
        std::fs::create_dir_all(folder)?;
        let mut writer = HashingWriter::new(NamedTempFile::new_in(folder)?);
        io::copy(&mut file.take(data.len()), &mut writer)?;
        writer.flush()?;
        let (digest, bytes, file) = writer.finish();
        persist(file, &copy)?;
        if data.mode() & 0o111 != 0 {
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Kept {
            path: path.to_string_lossy().into_owned(),
            copy,
            digest,
            bytes,
        })
    }
}

/// The folder, if it is there.
fn open_folder(folder: &Path) -> io::Result<Option<OwnedFd>> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match openat(CWD, folder, flags, Mode::empty()) {
        Ok(root) => Ok(Some(root)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Opens `name` beneath `folder`, through links as `links` says.
fn open(folder: &OwnedFd, name: &Path, links: ResolveFlags) -> Result<File, Errno> {
    // Non-blocking, since opening a named pipe would wait for ever.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | links;
    openat2(folder, name, flags, Mode::empty(), resolve).map(File::from)
}

/// The file that the link `path` of the output folder leads to, if that lies beneath the output folder, too.
fn linked_file(path: &Path, found: &Found) -> Option<File> {
    if found.before {
        return None;
    }
    let file = open(&found.root, path, ResolveFlags::empty()).ok()?;
    file.metadata().is_ok_and(|data| data.is_file()).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folders {
        all: tempfile::TempDir,
    }

    impl Folders {
        fn new() -> Self {
            let all = tempfile::tempdir().expect("a folder");
            for name in ["out", "working"] {
                fs::create_dir(all.path().join(name)).expect("made");
            }
            Self { all }
        }

        fn at(&self, name: &str) -> PathBuf {
            self.all.path().join(name)
        }

        fn collect(&self, before: &Snapshot, output: &str) -> Output {
            let sources = Sources {
                out: &self.at("out"),
                working: &self.at("working"),
                before,
            };
            let bounds = Bounds {
                file: 1000,
                total: 5000,
                files: 20,
            };
            let mut kept =
                collect(sources, &[output.to_owned()], &self.at("kept"), bounds).expect("collected");
            kept.outputs.pop().expect("one").1
        }
    }

    #[test]
    fn what_the_step_wrote_is_kept_with_its_digest() {
        let folders = Folders::new();
        fs::create_dir(folders.at("out/deep")).expect("made");
        fs::write(folders.at("out/deep/result.csv"), "1\n").expect("written");
        let before = Snapshot::default();
        let Output::Written(kept) = folders.collect(&before, "deep") else {
            panic!("not written")
        };
        assert_eq!(
            (&*kept[0].path, kept[0].bytes, kept[0].digest),
            ("deep/result.csv", 2, Digest::of("1\n"))
        );
        assert_eq!(fs::read_to_string(&kept[0].copy).expect("read"), "1\n");
        assert_eq!(folders.collect(&before, "other"), Output::Missing);
    }

    #[test]
    fn a_program_that_the_step_built_stays_one() {
        let folders = Folders::new();
        for (name, mode) in [("program", 0o4711), ("table.csv", 0o600)] {
            fs::write(folders.at("out").join(name), "").expect("written");
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(folders.at("out").join(name), mode).expect("changed");
        }
        let mode = |name| {
            assert!(matches!(
                folders.collect(&Snapshot::default(), name),
                Output::Written(_)
            ));
            let data = fs::metadata(folders.at("kept").join(name)).expect("kept");
            data.mode() & 0o7777
        };
        assert_eq!((mode("program"), mode("table.csv")), (0o755, 0o644));
    }

    #[test]
    fn a_file_that_came_with_the_code_is_stale_until_it_is_written_anew() {
        let folders = Folders::new();
        let file = folders.at("working/result.csv");
        fs::write(&file, "1\n").expect("written");
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        File::options()
            .write(true)
            .open(&file)
            .expect("open")
            .set_modified(old)
            .expect("set");
        let before = Snapshot::take(&folders.at("working")).expect("looked at");
        assert_eq!(folders.collect(&before, "result.csv"), Output::Stale);
        fs::write(&file, "1\n").expect("written");
        assert!(matches!(
            folders.collect(&before, "result.csv"),
            Output::Written(_)
        ));
        fs::write(folders.at("out/result.csv"), "2\n").expect("written");
        let Output::Written(kept) = folders.collect(&before, "result.csv") else {
            panic!("not written")
        };
        assert_eq!(kept[0].digest, Digest::of("2\n"), "the output folder comes first");
    }

    #[track_caller]
    fn check_refused(folders: &Folders, output: &str, expected: Danger) {
        let became = folders.collect(&Snapshot::default(), output);
        let Output::Refused { danger, .. } = became else {
            panic!("{output}: {became:?}")
        };
        assert_eq!(danger, expected, "{output}");
    }

    #[test]
    fn what_is_dangerous_is_refused_by_name() {
        let folders = Folders::new();
        let secret = folders.at("secret");
        fs::create_dir(&secret).expect("made");
        fs::write(secret.join("key"), "secret").expect("written");
        std::os::unix::fs::symlink(secret.join("key"), folders.at("out/link")).expect("linked");
        std::os::unix::fs::symlink(&secret, folders.at("out/folder")).expect("linked");
        rustix::fs::mkfifoat(CWD, folders.at("out/pipe"), Mode::from_raw_mode(0o600)).expect("made");
        let _socket = std::os::unix::net::UnixListener::bind(folders.at("out/socket")).expect("bound");
        File::create(folders.at("out/hole"))
            .expect("made")
            .set_len(1 << 40)
            .expect("set");
        check_refused(&folders, "link", Danger::Link);
        check_refused(&folders, "folder", Danger::Link);
        check_refused(&folders, "folder/key", Danger::Link);
        check_refused(&folders, "../secret/key", Danger::Link);
        check_refused(&folders, secret.join("key").to_str().expect("text"), Danger::Link);
        check_refused(&folders, "pipe", Danger::Special);
        check_refused(&folders, "socket", Danger::Special);
        check_refused(&folders, "hole", Danger::TooLarge);
        check_refused(&folders, ".", Danger::TooLarge);
        assert!(!folders.at("kept").exists(), "nothing was copied");
    }

    #[test]
    fn a_link_to_what_the_step_wrote_beside_it_stands_for_that() {
        let folders = Folders::new();
        let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, folders.at(at)).expect("linked");
        fs::create_dir(folders.at("out/models")).expect("made");
        fs::write(folders.at("out/models/10.bin"), "ten").expect("written");
        fs::write(folders.at("working/old.bin"), "old").expect("written");
        link("10.bin", "out/models/latest");
        link("models/latest", "out/best");
        link("..", "out/models/up");
        link("../../working/old.bin", "out/models/old");
        link("old.bin", "working/new.bin");
        let Output::Written(kept) = folders.collect(&Snapshot::default(), "models") else {
            panic!("not written")
        };
        let names: Vec<_> = kept.iter().map(|file| (&*file.path, file.bytes)).collect();
        assert_eq!(names, [("models/10.bin", 3), ("models/latest", 3)]);
        assert!(matches!(
            folders.collect(&Snapshot::default(), "best"),
            Output::Written(_)
        ));
        check_refused(&folders, "new.bin", Danger::Link);
        check_refused(&folders, "models/old", Danger::Link);
        check_refused(&folders, "models/up", Danger::Link);
    }

    #[test]
    fn too_many_files_and_too_deep_folders_are_refused() {
        let folders = Folders::new();
        fs::create_dir(folders.at("out/many")).expect("made");
        for number in 0..30 {
            fs::write(folders.at(&format!("out/many/{number}")), "").expect("written");
        }
        check_refused(&folders, "many", Danger::TooMany);
        fs::create_dir_all(folders.at(&format!("out/{}", "deep/".repeat(50)))).expect("made");
        check_refused(&folders, "deep", Danger::TooMany);
    }
}
