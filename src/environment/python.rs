//! Interpreters that are already on this machine: finding them, and asking them what they are.
//!
//! Nothing is installed here, and no pyenv shim is run: a shim is a script that
//! picks an interpreter by rules of its own.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde::Deserialize;

use super::error::EnvironmentError;
use super::host::Host;
use super::tool;

/// The most interpreters that are looked at.
const CANDIDATES: usize = 256;

/// How long an interpreter may take to say what it is.
const PROBE: Duration = Duration::from_secs(30);

/// The version of a final release or, without saying so, of one that leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PythonVersion {
    /// The 3 of 3.8.18.
    pub major: u32,
    /// The 8 of 3.8.18.
    pub minor: u32,
    /// The 18 of 3.8.18.
    pub patch: u32,
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A wanted version: one, two or three numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonWanted(Vec<u32>);

impl PythonWanted {
    /// Whether `version` is one of those that are wanted.
    pub fn matches(&self, version: PythonVersion) -> bool {
        let numbers = [version.major, version.minor, version.patch];
        self.0.iter().zip(numbers).all(|(wanted, found)| *wanted == found)
    }

    /// Whether at least a minor version is named.
    pub(super) fn names_minor(&self) -> bool {
        self.0.len() > 1
    }

    /// Whether a version that begins with these two numbers could be one of those that are wanted.
    fn could_match(&self, (major, minor): (u32, u32)) -> bool {
        self.0
            .iter()
            .zip([major, minor])
            .all(|(wanted, found)| *wanted == found)
    }
}

impl FromStr for PythonWanted {
    type Err = EnvironmentError;

    fn from_str(text: &str) -> Result<Self, EnvironmentError> {
        let numbers: Result<Vec<u32>, _> = text.trim().split('.').map(str::parse).collect();
        match numbers {
            Ok(numbers) if (1..=3).contains(&numbers.len()) => Ok(Self(numbers)),
            _ => Err(EnvironmentError::PythonVersion {
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for PythonWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

/// Where an interpreter was found, best first where two have the same version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Named by the user.
    Explicit,
    /// A folder of uv's own interpreters.
    Uv,
    /// A version folder of pyenv.
    Pyenv,
    /// The operating system's.
    System,
    /// The search path.
    Path,
    /// A conda environment.
    Conda,
}

impl Origin {
    /// The word that `reproof doctor` uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Explicit => "named by you",
            Self::Uv => "uv",
            Self::Pyenv => "pyenv",
            Self::System => "system",
            Self::Path => "PATH",
            Self::Conda => "conda",
        }
    }
}

/// An interpreter and what it said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// Where it was found; inside a virtual environment if that is what was found.
    pub executable: PathBuf,
    /// Its version.
    pub version: PythonVersion,
    /// The version with what comes before a final release, such as `3.13.0rc1`.
    pub full_version: String,
    /// `CPython`, `PyPy` …
    pub implementation: String,
    /// `sys.prefix`.
    pub prefix: PathBuf,
    /// `sys.base_prefix`: another than `prefix` inside a virtual environment.
    pub base_prefix: PathBuf,
    /// The executable that a virtual environment was made from; else `executable` with links resolved.
    pub base_executable: PathBuf,
    /// Folders of shared libraries that it loads and that are neither the system's nor below its prefix.
    pub libraries: Vec<PathBuf>,
    /// Its `sys.path`, folders that exist, the user's own packages left out.
    pub search: Vec<PathBuf>,
    /// Whether `python -m pip` works.
    pub has_pip: bool,
    /// Whether `python -m venv` works.
    pub has_venv: bool,
    /// Where it was found.
    pub origin: Origin,
}

impl Interpreter {
    /// Whether it is the Python of a virtual environment.
    pub fn is_virtual(&self) -> bool {
        self.prefix != self.base_prefix
    }

    /// Folders that a sandbox must show at their own place for it to run, besides the system's.
    pub fn folders(&self) -> Vec<PathBuf> {
        let home = self.base_executable.parent().map(Path::to_owned);
        let mut folders: Vec<PathBuf> = [self.prefix.clone(), self.base_prefix.clone()]
            .into_iter()
            .chain(home)
            .chain(self.libraries.iter().cloned())
            .filter(|folder| !is_system(folder))
            .collect();
        folders.sort();
        // A folder below another is shown with it.
        folders.dedup_by(|later, kept| later.starts_with(&*kept));
        folders
    }
}

/// Whether a sandbox shows `path` anyway: the operating system's programs and libraries.
pub(super) fn is_system(path: &Path) -> bool {
    const SYSTEM: [&str; 5] = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];
    SYSTEM.iter().any(|folder| path.starts_with(folder))
}

/// Every usable interpreter of the machine, each once, in no particular order of versions.
///
/// Only those whose file name does not already rule `wanted` out are asked.
pub fn find(host: &Host, wanted: Option<&PythonWanted>) -> Vec<Interpreter> {
    let candidates = candidates(host);
    let asked: Vec<_> = candidates
        .iter()
        .filter(|(path, _)| {
            wanted.is_none_or(|wanted| named(path).is_none_or(|name| wanted.could_match(name)))
        })
        .collect();
    let found = asked.par_iter().filter_map(|(path, origin)| probe(path, *origin));
    found.collect()
}

/// Paths that look like interpreters, those with the same target only once.
fn candidates(host: &Host) -> Vec<(PathBuf, Origin)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (path, origin) in places(host) {
        let Ok(real) = fs::canonicalize(&path) else {
            continue;
        };
        // A virtual environment's python is a link to another one and yet not the same.
        let virtual_folder = path
            .parent()
            .and_then(Path::parent)
            .filter(|folder| folder.join("pyvenv.cfg").is_file());
        let identity = (real.clone(), virtual_folder.map(Path::to_owned));
        if found.len() < CANDIDATES && is_program(&real) && seen.insert(identity) {
            found.push((path, origin));
        }
    }
    found
}

/// Everywhere an interpreter may be.
fn places(host: &Host) -> Vec<(PathBuf, Origin)> {
    let mut places: Vec<(PathBuf, Origin)> = Vec::new();
    places.extend(host.python.iter().map(|path| (path.clone(), Origin::Explicit)));
    for folder in &host.search {
        let origin = if is_system(folder) {
            Origin::System
        } else {
            Origin::Path
        };
        places.extend(programs(folder).into_iter().map(|path| (path, origin)));
    }
    for folder in ["/usr/bin", "/usr/local/bin"] {
        places.extend(
            programs(Path::new(folder))
                .into_iter()
                .map(|path| (path, Origin::System)),
        );
    }
    for (folders, below, origin) in [
        (&host.uv_pythons, "", Origin::Uv),
        (&host.pyenv, "versions", Origin::Pyenv),
        (&host.conda, "envs", Origin::Conda),
    ] {
        for folder in folders {
            for version in entries(&folder.join(below)) {
                places.extend(first_program(&version.join("bin")).map(|path| (path, origin)));
            }
        }
    }
    let conda = host
        .conda
        .iter()
        .filter_map(|folder| first_program(&folder.join("bin")));
    places.extend(conda.map(|path| (path, Origin::Conda)));
    places
}

/// The entries of `folder`, sorted, so that the choice does not depend on the file system.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(read) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut entries: Vec<_> = read.filter_map(Result::ok).map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn programs(folder: &Path) -> Vec<PathBuf> {
    let is_python = |path: &PathBuf| {
        path.file_name()
            .and_then(OsStr::to_str)
            .is_some_and(is_python_name)
    };
    entries(folder).into_iter().filter(is_python).collect()
}

fn first_program(folder: &Path) -> Option<PathBuf> {
    ["python3", "python"]
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.exists())
}

/// `python`, `python3`, `python3.8`; not `python3-config` and not `python3.8m`.
fn is_python_name(name: &str) -> bool {
    let Some(version) = name.strip_prefix("python") else {
        return false;
    };
    version
        .chars()
        .all(|letter| letter.is_ascii_digit() || letter == '.')
}

/// The version in the name of the file that `path` leads to, such as `python3.8`.
fn named(path: &Path) -> Option<(u32, u32)> {
    let real = fs::canonicalize(path).ok()?;
    let version = real.file_name()?.to_str()?.strip_prefix("python")?.to_owned();
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Whether the file is a program for the machine: shims and wrappers are scripts.
pub(super) fn is_program(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"\x7fELF"
}

/// What the interpreter prints; old ones must understand it too.
const QUESTION: &str = r#"
import json, os, platform, sys
for name in ("bz2", "ctypes", "hashlib", "lzma", "sqlite3", "ssl", "zlib"):
    try:
        __import__(name)
    except Exception:
        pass
def have(name):
    try:
        import importlib.util
        return importlib.util.find_spec(name) is not None
    except Exception:
        import pkgutil
        return pkgutil.find_loader(name) is not None
libraries = set()
try:
    with open("/proc/self/maps") as maps:
        for line in maps:
            path = line.split(None, 5)[5:]
            if path and path[0].startswith("/") and ".so" in path[0]:
                libraries.add(os.path.dirname(path[0].strip()))
except Exception:
    pass
base = getattr(sys, "base_prefix", getattr(sys, "real_prefix", sys.prefix))
print(json.dumps({
    "version": list(sys.version_info[:3]),
    "full_version": platform.python_version(),
    "implementation": platform.python_implementation(),
    "prefix": sys.prefix,
    "base_prefix": base,
    "base_executable": getattr(sys, "_base_executable", None) or sys.executable,
    "libraries": sorted(libraries),
    "search": [path for path in sys.path if path and os.path.isdir(path)],
    "has_pip": have("pip"),
    "has_venv": have("venv") and have("ensurepip"),
}))
"#;

/// The answer to [`QUESTION`].
#[derive(Deserialize)]
struct Answer {
    version: (u32, u32, u32),
    full_version: String,
    implementation: String,
    prefix: PathBuf,
    base_prefix: PathBuf,
    base_executable: PathBuf,
    libraries: Vec<PathBuf>,
    search: Vec<PathBuf>,
    has_pip: bool,
    has_venv: bool,
}

/// Asks the interpreter at `path` what it is; `None` if it does not answer as one.
pub fn probe(path: &Path, origin: Origin) -> Option<Interpreter> {
    // `-E -s`, not `-I`: Python 2 has no `-I`.
    let said = tool::ask(path, &["-E", "-s", "-c", QUESTION], PROBE)?;
    let answer: Answer = serde_json::from_str(said.lines().last()?).ok()?;
    let (major, minor, patch) = answer.version;
    let base_executable = fs::canonicalize(&answer.base_executable).unwrap_or(answer.base_executable);
    let mut libraries = answer.libraries;
    libraries.retain(|folder| !is_system(folder) && !folder.starts_with(&answer.base_prefix));
    Some(Interpreter {
        executable: path.to_owned(),
        version: PythonVersion { major, minor, patch },
        full_version: answer.full_version,
        implementation: answer.implementation,
        prefix: answer.prefix,
        base_prefix: answer.base_prefix,
        base_executable,
        libraries,
        search: answer.search,
        has_pip: answer.has_pip,
        has_venv: answer.has_venv,
        origin,
    })
}

#[cfg(test)]
mod tests {
    use super::super::choose::tests::interpreter;
    use super::*;

    #[test]
    fn wanted_versions_are_read_and_refused() {
        assert_eq!(
            "3.8".parse::<PythonWanted>().expect("a version").to_string(),
            "3.8"
        );
        for text in ["", "3.", "3.8.18.1", "three", "3.8rc1", "-3"] {
            assert!(text.parse::<PythonWanted>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_names_of_interpreters_count() {
        for name in ["python", "python3", "python3.11"] {
            assert!(is_python_name(name), "{name}");
        }
        for name in ["python3-config", "python3.8m", "pythonw", "ipython"] {
            assert!(!is_python_name(name), "{name}");
        }
    }

    #[test]
    fn a_script_that_poses_as_python_is_not_run() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let shim = folder.path().join("python3");
        let proof = folder.path().join("was-run");
        fs::write(&shim, format!("#!/bin/sh\ntouch {}\n", proof.display())).expect("written");
        fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).expect("set");
        let host = Host {
            search: vec![folder.path().to_owned()],
            ..Host::default()
        };
        find(&host, None);
        assert!(!proof.exists());
    }

    #[test]
    fn folders_to_show_are_not_the_systems_and_not_nested() {
        let mut one = interpreter((3, 8, 18), Origin::Pyenv);
        one.libraries = vec![
            PathBuf::from("/opt/3.8.18/lib"),
            PathBuf::from("/srv/openssl/lib"),
        ];
        assert_eq!(
            one.folders(),
            [PathBuf::from("/opt/3.8.18"), PathBuf::from("/srv/openssl/lib")]
        );
        one.prefix = PathBuf::from("/usr");
        one.base_prefix = PathBuf::from("/usr");
        one.base_executable = PathBuf::from("/usr/bin/python3.8");
        one.libraries.clear();
        assert_eq!(one.folders(), Vec::<PathBuf>::new());
    }
}
