//! From pins to a folder with the installed packages, kept by content.
//!
//! A virtual environment holds its own absolute path, so it is made where it will
//! stay, under a lock; a record is written last, and a folder without a fitting
//! record is what a stopped process left behind: it is removed and made again.
//! The record holds a digest of the folder's listing (paths, kinds, sizes, times,
//! link targets): enough to see a change, at the price of one walk instead of
//! reading gigabytes.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use super::error::EnvironmentError;
use super::explain::{self, Context};
use super::pins::{self, Pin};
use super::python::Interpreter;
use super::uv::{Installer, Ran, Trace, Trust};
use super::{ResolvedEnvironment, Wanted, Workshop};
use crate::digest::{Digest, Inputs};
use crate::error::Fault;
use crate::observe::Event;
use crate::workspace;

/// Raised when the layout of the folder or of the record changes.
const LAYOUT: u32 = 1;

/// The record of a finished folder.
const RECORD: &str = "record.json";

/// An installed environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installed {
    /// The virtual environment.
    pub(super) folder: PathBuf,
    /// What it was made from.
    pub(super) key: Digest,
    /// Whether it was there already.
    pub(super) reused: bool,
    /// Packages that had no usable wheel.
    pub(super) built_from_source: Vec<String>,
    /// What the installer reached.
    pub(super) trace: Trace,
}

/// What is written when a folder is finished.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    layout: u32,
    inputs: std::collections::BTreeMap<String, String>,
    listing: String,
    built_from_source: Vec<String>,
    uv: String,
}

/// Installs what `resolved` pins for `interpreter`, or finds it installed.
pub(super) fn install(
    wanted: &Wanted<'_>,
    resolved: &ResolvedEnvironment,
    interpreter: &Interpreter,
    workshop: &Workshop<'_>,
) -> Result<Installed, EnvironmentError> {
    let pins = pins::parse(&resolved.requirements).map_err(|line| EnvironmentError::Installer {
        action: "read the pinned requirements",
        explanation: format!("the lock holds `{line}`, which is not a version with its hashes"),
    })?;
    let inputs = inputs(resolved, interpreter);
    let key = inputs.digest();
    let home = workshop.cache.environments().join(key.hex());
    let _lock = workshop.lock(&format!("environment-{}", key.hex()))?;
    let record = home.join(RECORD);
    if let Some(found) = finished(&record, &home, &inputs) {
        return Ok(Installed {
            folder: home.join("venv"),
            key,
            reused: true,
            built_from_source: found.built_from_source,
            trace: Trace::default(),
        });
    }
    remove(&home, workshop)?;
    fs::create_dir_all(&home).map_err(EnvironmentError::io("make", &home))?;
    let mut job = Installation {
        wanted,
        resolved,
        interpreter,
        installer: installer(&pins, interpreter, workshop)?,
        home: &home,
    };
    job.make()?;
    let built_from_source = job.fill(&pins)?;
    if !pins.is_empty() {
        job.installer.compile(&home.join("venv/lib"))?;
    }
    let uv = job.installer.version().to_owned();
    let listing = listing(&home)
        .map_err(EnvironmentError::io("read", &home))?
        .to_string();
    let finished = Record {
        layout: LAYOUT,
        inputs: inputs.0,
        listing,
        built_from_source,
        uv,
    };
    let bytes =
        serde_json::to_vec_pretty(&finished).map_err(|error| io::Error::other(error).into_error(&record))?;
    workspace::write_whole(&record, &bytes).map_err(EnvironmentError::io("write", &record))?;
    Ok(Installed {
        folder: home.join("venv"),
        key,
        reused: false,
        built_from_source: finished.built_from_source,
        trace: job.installer.trace(),
    })
}

/// An `io::Error` about a path.
trait About {
    fn into_error(self, path: &Path) -> EnvironmentError;
}

impl About for io::Error {
    fn into_error(self, path: &Path) -> EnvironmentError {
        EnvironmentError::io("write", path)(self)
    }
}

/// What an environment's content depends on.
fn inputs(resolved: &ResolvedEnvironment, interpreter: &Interpreter) -> Inputs {
    let machine = rustix::system::uname();
    let mut inputs = Inputs::default();
    inputs.add("layout", LAYOUT);
    inputs.add("python", &interpreter.full_version);
    inputs.add("interpreter", interpreter.base_executable.display());
    inputs.add("requirements", Digest::of(&resolved.requirements));
    inputs.add(
        "as-of",
        resolved
            .as_of
            .map_or_else(|| "today".to_owned(), |time| time.to_string()),
    );
    inputs.add("uv", &resolved.uv);
    inputs.add("machine", machine.machine().to_string_lossy());
    inputs
}

fn installer<'a>(
    pins: &[Pin],
    interpreter: &'a Interpreter,
    workshop: &'a Workshop<'a>,
) -> Result<Installer<'a>, EnvironmentError> {
    let names = pins
        .iter()
        .map(|pin| super::requirements::normalize(&pin.name))
        .collect();
    Installer::new(workshop, interpreter, names)
}

/// The record, if it is there and true.
fn finished(record: &Path, home: &Path, inputs: &Inputs) -> Option<Record> {
    let found: Record = serde_json::from_slice(&fs::read(record).ok()?).ok()?;
    let fits = found.layout == LAYOUT && found.inputs == inputs.0;
    (fits && listing(home).ok()?.to_string() == found.listing).then_some(found)
}

/// Removes what a stopped process, or somebody's hand, left behind.
fn remove(home: &Path, workshop: &Workshop<'_>) -> Result<(), EnvironmentError> {
    match fs::remove_dir_all(home) {
        Ok(()) => {
            workshop.observer.event(Event::Note(
                "an unfinished or changed environment was removed and is made again",
            ));
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(EnvironmentError::io("remove", home)(error)),
    }
}

/// The digest of everything below `home` but the record: paths, kinds, sizes, times, link targets.
fn listing(home: &Path) -> io::Result<Digest> {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::MetadataExt as _;
    let mut text = Vec::new();
    for entry in WalkDir::new(home).min_depth(1).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path();
        if path == home.join(RECORD) {
            continue;
        }
        let found = entry.metadata()?;
        let target = if found.is_symlink() {
            fs::read_link(path)?
        } else {
            PathBuf::new()
        };
        let (size, time) = if found.is_dir() {
            (0, (0, 0))
        } else {
            (found.size(), (found.mtime(), found.mtime_nsec()))
        };
        text.extend_from_slice(path.strip_prefix(home).unwrap_or(path).as_os_str().as_bytes());
        text.extend_from_slice(format!("\0{:o} {size} {time:?}\0", found.mode()).as_bytes());
        text.extend_from_slice(target.as_os_str().as_bytes());
        text.push(b'\n');
    }
    Ok(Digest::of(text))
}

/// One folder in the making.
struct Installation<'a> {
    wanted: &'a Wanted<'a>,
    resolved: &'a ResolvedEnvironment,
    interpreter: &'a Interpreter,
    installer: Installer<'a>,
    home: &'a Path,
}

impl Installation<'_> {
    /// Makes the empty environment.
    fn make(&mut self) -> Result<(), EnvironmentError> {
        let mut arguments: Vec<OsString> = ["venv", "--quiet", "--no-project", "--python"]
            .map(OsString::from)
            .to_vec();
        arguments.push(self.interpreter.base_executable.clone().into());
        arguments.push(self.home.join("venv").into());
        let ran = self.installer.run(
            "make the environment",
            arguments,
            Trust::WheelsOnly,
            &[self.home],
            false,
        )?;
        self.checked(ran, "make the environment").map(|_| ())
    }

    /// Installs everything from wheels, and then what has none. Returns the names of the latter.
    fn fill(&mut self, pins: &[Pin]) -> Result<Vec<String>, EnvironmentError> {
        const ACTION: &str = "install the packages";
        let mut sources: Vec<String> = Vec::new();
        loop {
            let (built, wheels): (Vec<Pin>, Vec<Pin>) = pins
                .iter()
                .cloned()
                .partition(|pin| sources.contains(&normalized(pin)));
            let ran = self.packages(ACTION, &wheels, Trust::WheelsOnly)?;
            let Some(ran) = ran.filter(|ran| !ran.ok) else {
                self.build(&built)?;
                return Ok(sources);
            };
            let missing: Vec<String> = explain::without_wheels(&ran.said)
                .iter()
                .map(|name| super::requirements::normalize(name))
                .filter(|name| !sources.contains(name) && wheels.iter().any(|pin| normalized(pin) == *name))
                .collect();
            if missing.is_empty() || !self.wanted.allow_builds {
                return Err(self.failure(&ran, ACTION));
            }
            sources.extend(missing);
        }
    }

    /// Builds what has no wheel: the only run in which a package's own code runs, with a cache of its own.
    fn build(&mut self, pins: &[Pin]) -> Result<(), EnvironmentError> {
        const ACTION: &str = "build packages from source";
        let Some(ran) = self.packages(ACTION, pins, Trust::Builds)? else {
            return Ok(());
        };
        self.checked(ran, ACTION).map(|_| ())
    }

    fn packages(
        &mut self,
        action: &'static str,
        pins: &[Pin],
        trust: Trust,
    ) -> Result<Option<Ran>, EnvironmentError> {
        if pins.is_empty() {
            return Ok(None);
        }
        let list = self.installer.file("pinned.txt");
        fs::write(&list, pins::render(pins)).map_err(EnvironmentError::io("write", &list))?;
        let mut arguments: Vec<OsString> = ["pip", "install", "--quiet", "--no-deps", "--require-hashes"]
            .map(OsString::from)
            .to_vec();
        if trust == Trust::WheelsOnly {
            arguments.extend(["--only-binary", ":all:"].map(OsString::from));
        }
        arguments.extend(
            self.resolved
                .as_of
                .map(|time| format!("--exclude-newer={time}").into()),
        );
        arguments.extend([
            "--python".into(),
            self.home.join("venv/bin/python").into_os_string(),
        ]);
        arguments.extend(["--requirement".into(), list.into_os_string()]);
        self.installer
            .run(action, arguments, trust, &[self.home], true)
            .map(Some)
    }

    fn checked(&self, ran: Ran, action: &'static str) -> Result<Ran, EnvironmentError> {
        if ran.ok {
            Ok(ran)
        } else {
            Err(self.failure(&ran, action))
        }
    }

    fn failure(&self, ran: &Ran, action: &'static str) -> EnvironmentError {
        let context = Context {
            action,
            as_of: self.resolved.as_of,
            interpreter: self.interpreter,
            hints: &self.resolved.notes,
            fault: Fault::Paper,
            builds: self.wanted.allow_builds,
        };
        explain::failure(ran, &context)
    }
}

fn normalized(pin: &Pin) -> String {
    super::requirements::normalize(&pin.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_sees_what_was_changed() {
        let home = tempfile::tempdir().expect("a folder");
        let file = home.path().join("venv/lib/a.py");
        workspace::write_whole(&file, b"one").expect("written");
        let before = listing(home.path()).expect("a listing");
        fs::write(home.path().join(RECORD), "{}").expect("written");
        assert_eq!(listing(home.path()).expect("a listing"), before);
        fs::write(&file, "four").expect("written");
        let changed = listing(home.path()).expect("a listing");
        assert_ne!(changed, before);
        fs::remove_file(&file).expect("removed");
        assert_ne!(listing(home.path()).expect("a listing"), changed);
    }
}
