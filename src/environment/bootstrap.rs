//! Getting uv by itself where the machine has none: one pinned wheel, through the machine's own package client.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Workshop;
use super::error::EnvironmentError;
use super::python::{self, Interpreter};
use super::tool;
use crate::digest::Digest;
use crate::observe::Event;
use crate::workspace;

/// The version that is fetched.
pub(super) const VERSION: &str = "0.13.9";

/// The digest of its wheel for each kind of machine (`uname -m`).
const WHEELS: [(&str, &str); 2] = [
    (
        "x86_64",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    (
        "aarch64",
        "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    ),
];

/// How long the download may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Where the fetched uv lies, or would lie.
pub(super) fn place(workshop: &Workshop<'_>) -> PathBuf {
    workshop.cache.tools().join(format!("uv-{VERSION}")).join("uv")
}

/// Fetches uv into the tools folder; another process that does the same is waited for.
pub(super) fn fetch(workshop: &Workshop<'_>) -> Result<PathBuf, EnvironmentError> {
    let place = place(workshop);
    let _lock = workshop.lock("uv")?;
    if super::host::is_executable(&place) {
        return Ok(place);
    }
    if workshop.network.offline {
        return Err(EnvironmentError::NoUv {
            why: "the network is not to be used".to_owned(),
        });
    }
    let sha256 = pinned_digest().ok_or_else(|| EnvironmentError::NoUv {
        why: "no uv is pinned for this kind of machine".to_owned(),
    })?;
    let note = format!(
        "uv is not on PATH: uv {VERSION} is fetched into {}",
        place.display()
    );
    workshop.observer.event(Event::Note(&note));
    let scratch = workshop.scratch()?;
    let wheel = wheel(workshop, "uv", VERSION, &sha256, scratch.path())?;
    unpack(&wheel, &place).map_err(EnvironmentError::io("unpack uv to", &place))?;
    Ok(place)
}

fn pinned_digest() -> Option<Digest> {
    let machine = rustix::system::uname().machine().to_string_lossy().into_owned();
    WHEELS.iter().find(|(name, _)| *name == machine)?.1.parse().ok()
}

/// Downloads the wheel of `name` with this digest into `folder`, by pip as this machine is configured.
fn wheel(
    workshop: &Workshop<'_>,
    name: &str,
    version: &str,
    sha256: &Digest,
    folder: &Path,
) -> Result<PathBuf, EnvironmentError> {
    let fail = |why: String| EnvironmentError::NoUv { why };
    let list = folder.join("wanted.txt");
    let line = format!("{name}=={version} --hash={sha256}\n");
    fs::write(&list, line).map_err(EnvironmentError::io("write", &list))?;
    let into = folder.join("wheel");
    let pip = pip(workshop, folder)?;
    let mut command = client(workshop, &pip);
    command.args([
        "-I",
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
    ]);
    command.arg("--dest").arg(&into).arg("--requirement").arg(&list);
    let ran = tool::run(&mut command, PATIENCE, &|| workshop.observer.cancelled());
    let ran = ran.map_err(|error| {
        let cancelled = error.kind() == io::ErrorKind::Interrupted;
        if cancelled {
            EnvironmentError::Cancelled
        } else {
            fail(format!("pip could not be run: {error}"))
        }
    })?;
    if !ran.ok {
        return Err(fail(format!(
            "pip says `{}`",
            super::requirements::brief(&ran.last_words())
        )));
    }
    let found = fs::read_dir(&into).and_then(|mut entries| entries.next().transpose());
    let found = found.map_err(EnvironmentError::io("read", &into))?;
    let path = found
        .ok_or_else(|| fail("pip brought nothing".to_owned()))?
        .path();
    // pip has checked the digest; that it did is checked here.
    let (digest, _) = Digest::of_file(&path).map_err(EnvironmentError::io("read", &path))?;
    if digest != *sha256 {
        return Err(fail(format!(
            "the wheel is not the pinned one: expected {sha256}, found {digest}"
        )));
    }
    Ok(path)
}

/// An interpreter that has pip: one of the machine, or one of a throw-away virtual environment.
fn pip(workshop: &Workshop<'_>, folder: &Path) -> Result<PathBuf, EnvironmentError> {
    let found = python::find(workshop.host, None);
    let newest = |usable: fn(&Interpreter) -> bool| {
        let usable = found.iter().filter(|one| one.version.major == 3 && usable(one));
        usable
            .max_by_key(|one| one.version)
            .map(|one| one.executable.clone())
    };
    if let Some(python) = newest(|one| one.has_pip) {
        return Ok(python);
    }
    let fail = |why: &str| EnvironmentError::NoUv { why: why.to_owned() };
    let python = newest(|one| one.has_venv).ok_or_else(|| fail("no Python of this machine has pip"))?;
    let venv = folder.join("venv");
    let mut command = client(workshop, &python);
    command.args(["-I", "-m", "venv"]).arg(&venv);
    let made = tool::run(&mut command, PATIENCE, &|| workshop.observer.cancelled());
    if !made.is_ok_and(|ran| ran.ok) {
        return Err(fail(
            "no Python of this machine has pip, and a virtual environment with one could not be made",
        ));
    }
    Ok(venv.join("bin/python"))
}

/// `program` with the settings of the user's package client and nothing else.
fn client(workshop: &Workshop<'_>, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir("/").env("PATH", "/usr/bin:/bin");
    command.envs(
        workshop
            .host
            .variables
            .iter()
            .filter(|(name, _)| !name.starts_with("UV_") && *name != "VIRTUAL_ENV"),
    );
    command.envs(workshop.host.home.iter().map(|home| ("HOME", home)));
    command.envs([
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
        ("PIP_NO_INPUT", "1"),
        ("PIP_NO_PYTHON_VERSION_WARNING", "1"),
    ]);
    command
}

/// Takes the one program out of the wheel.
fn unpack(wheel: &Path, place: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    const LARGEST: u64 = 512 << 20;
    let mut archive = zip::ZipArchive::new(fs::File::open(wheel)?)?;
    let mut program = archive.by_name(&format!("uv-{VERSION}.data/scripts/uv"))?;
    let folder = place.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let copied = io::copy(&mut io::Read::take(&mut program, LARGEST), &mut file)?;
    if copied == LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "uv is larger than it can be",
        ));
    }
    workspace::persist(file, place)?;
    fs::set_permissions(place, fs::Permissions::from_mode(0o755))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pinned_digest_is_one() {
        for (machine, digest) in WHEELS {
            assert!(digest.parse::<Digest>().is_ok(), "{machine}");
        }
    }
}
