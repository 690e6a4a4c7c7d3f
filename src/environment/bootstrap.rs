//! Getting uv by itself where the machine has none: one pinned wheel, through the machine's own package client.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Workshop;
use super::error::EnvironmentError;
use super::index::Indexes;
use super::python::{self, Interpreter};
use crate::acquire::{self, AcquireError, PackageClient};
use crate::digest::Digest;
use crate::error::chain;
use crate::observe::Event;
use crate::workspace;

/// The version that is fetched.
pub(super) const VERSION: &str = "0.13.9";

/// The digest of its wheel for each kind of machine (`uname -m`): the one that pip takes where the C library is glibc
/// 2.28 or newer.
const WHEELS: [(&str, &str); 2] = [
    (
        "x86_64",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    (
        "aarch64",
        "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
    ),
];

/// Where the fetched uv lies, or would lie, in the folder of tools.
pub(super) fn place(tools: &Path) -> PathBuf {
    tools.join(format!("uv-{VERSION}")).join("uv")
}

/// Fetches uv into the tools folder; another process that does the same is waited for.
pub(super) fn fetch(workshop: &Workshop<'_>) -> Result<PathBuf, EnvironmentError> {
    let place = place(&workshop.cache.tools());
    let _lock = workshop.lock("uv")?;
    if super::host::is_executable(&place) {
        return Ok(place);
    }
    let fail = |why: &str| EnvironmentError::NoUv { why: why.to_owned() };
    let sha256 = pinned_digest().ok_or_else(|| fail("none is pinned for this kind of machine"))?;
    let note = format!(
        "uv is not on PATH: uv {VERSION} is fetched into {}",
        place.display()
    );
    workshop.observer.event(Event::Note(&note));
    let wheel = wheel(sha256, workshop)?;
    unpack(&wheel, &place).map_err(EnvironmentError::io("unpack uv to", &place))?;
    Ok(place)
}

fn pinned_digest() -> Option<Digest> {
    let machine = rustix::system::uname().machine().to_string_lossy().into_owned();
    let pinned = WHEELS.iter().find(|(name, _)| *name == machine);
    pinned?.1.parse().ok()
}

/// The wheel, by pip as this machine is configured.
fn wheel(sha256: Digest, workshop: &Workshop<'_>) -> Result<PathBuf, EnvironmentError> {
    let scratch = workshop.scratch()?;
    let packages = PackageClient {
        pythons: pythons(scratch.path(), workshop),
        uv: None,
        variables: variables(workshop),
    };
    let (cache, network) = (workshop.cache.clone(), workshop.network.clone());
    let context = acquire::Context::new(cache, network, PathBuf::from("/"), packages);
    let wheel = acquire::package::wheel("uv", VERSION, Some(sha256), &context, workshop.observer);
    wheel.map_err(|error| {
        let cancelled = matches!(error, AcquireError::Cancelled { .. });
        if cancelled {
            EnvironmentError::Cancelled
        } else {
            EnvironmentError::NoUv { why: chain(&error) }
        }
    })
}

/// Interpreters with pip, newest first; where none has it, that of a virtual environment made for this.
fn pythons(scratch: &Path, workshop: &Workshop<'_>) -> Vec<PathBuf> {
    let mut found = python::find(workshop.host, None);
    found.retain(|one| one.version.major == 3);
    found.sort_by_key(|one| std::cmp::Reverse(one.version));
    let with_pip: Vec<_> = found
        .iter()
        .filter(|one| one.has_pip)
        .map(|one| one.executable.clone())
        .collect();
    if !with_pip.is_empty() || workshop.network.offline {
        return with_pip;
    }
    found
        .iter()
        .find(|one| one.has_venv)
        .and_then(|one| virtual_python(one, scratch))
        .into_iter()
        .collect()
}

/// The interpreter of a new virtual environment, which brings its own pip along.
fn virtual_python(base: &Interpreter, scratch: &Path) -> Option<PathBuf> {
    let folder = scratch.join("venv");
    let mut command = Command::new(&base.executable);
    command
        .args(["-I", "-m", "venv"])
        .arg(&folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    let made = command.output().is_ok_and(|output| output.status.success());
    made.then(|| folder.join("bin/python"))
}

/// The user's variables, and what the user's configuration files say, which the client does not read by itself.
fn variables(workshop: &Workshop<'_>) -> Vec<(String, String)> {
    let host = workshop.host;
    let text =
        |(name, value): (&String, &std::ffi::OsString)| Some((name.clone(), value.to_str()?.to_owned()));
    let mut variables: Vec<_> = host.variables.iter().filter_map(text).collect();
    let indexes = Indexes::of(host);
    let from_files = [
        ("PIP_INDEX_URL", indexes.default),
        (
            "PIP_CERT",
            indexes
                .certificate
                .and_then(|path| path.to_str().map(str::to_owned)),
        ),
        (
            "PIP_TRUSTED_HOST",
            Some(indexes.trusted.join(" ")).filter(|hosts| !hosts.is_empty()),
        ),
    ];
    for (name, value) in from_files {
        if host.variable(name).is_none() {
            variables.extend(value.map(|value| (name.to_owned(), value)));
        }
    }
    variables
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
