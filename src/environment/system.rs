//! `kind = "system"`: the machine's own interpreter and what is installed in it.
//!
//! Nothing is run to list the packages: every installed package leaves a folder
//! with its name and version behind.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::error::EnvironmentError;
use super::python::{Interpreter, PythonWanted};
use super::requirements::normalize;
use super::{Host, Workshop, uv};
use crate::digest::{Digest, Inputs};
use crate::execute::Mount;

/// The most packages that are listed.
const MOST: usize = 10_000;

/// How much of a package's description is read: its name and version come first.
const HEAD: u64 = 16 * 1024;

/// The interpreter of `kind = "system"`: of those `found` the one that fits `wanted` and that a shell would find
/// first, else any that fits.
pub fn first_on_path(
    found: &[Interpreter],
    wanted: Option<&PythonWanted>,
    host: &Host,
) -> Option<Interpreter> {
    let fits = |one: &&Interpreter| {
        wanted.is_none_or(|wanted| wanted.matches(one.version))
            && (wanted.is_some() || one.version.major == 3)
    };
    let place = |one: &Interpreter| {
        let folder = one.executable.parent();
        let explicit = host.python.as_ref() == Some(&one.executable);
        let position = host
            .search
            .iter()
            .position(|search| Some(search.as_path()) == folder);
        (
            !explicit,
            position.unwrap_or(usize::MAX),
            std::cmp::Reverse(one.version),
            one.origin,
        )
    };
    found.iter().filter(fits).min_by_key(|one| place(one)).cloned()
}

/// Folders that come first in `PATH` so that `python` is this interpreter, whatever its own file is called.
pub(super) fn path(
    one: &Interpreter,
    workshop: &Workshop<'_>,
) -> Result<(Vec<PathBuf>, Vec<Mount>), EnvironmentError> {
    let bin = one
        .executable
        .parent()
        .unwrap_or(Path::new("/usr/bin"))
        .to_owned();
    let same = |name: &str| {
        let there = fs::canonicalize(bin.join(name)).ok();
        there.is_some() && there == fs::canonicalize(&one.executable).ok()
    };
    if same("python") || one.is_virtual() {
        return Ok((vec![bin], Vec::new()));
    }
    let names = alias(one, workshop)?;
    Ok((vec![names.clone(), bin], vec![uv::mount(&names, false)]))
}

/// A folder with links called `python` and `python3`.
fn alias(one: &Interpreter, workshop: &Workshop<'_>) -> Result<PathBuf, EnvironmentError> {
    let name = Digest::of(one.executable.as_os_str().as_encoded_bytes()).short();
    let folder = workshop.cache.environments().join(format!("system-{name}"));
    fs::create_dir_all(&folder).map_err(EnvironmentError::io("make", &folder))?;
    for name in ["python", "python3"] {
        let link = folder.join(name);
        if fs::read_link(&link).is_ok_and(|target| target == one.executable) {
            continue;
        }
        let _lock = workshop.lock("system-python")?;
        let fail = EnvironmentError::io("make", &link);
        let temporary = folder.join(format!(".{name}"));
        let _ = fs::remove_file(&temporary);
        let made = std::os::unix::fs::symlink(&one.executable, &temporary)
            .and_then(|()| fs::rename(&temporary, &link));
        made.map_err(fail)?;
    }
    Ok(folder)
}

/// What the interpreter's content depends on, as far as it is looked at.
pub(super) fn key(one: &Interpreter, packages: &[(String, String)]) -> Digest {
    let mut inputs = Inputs::default();
    inputs.add("kind", "system");
    inputs.add("python", &one.full_version);
    inputs.add("interpreter", one.executable.display());
    for (name, version) in packages {
        inputs.add(format!("package {name}"), version);
    }
    inputs.digest()
}

/// Names and versions of the packages installed in `folders`, sorted; of two with one name the first found is imported.
pub(super) fn packages(folders: &[PathBuf]) -> Vec<(String, String)> {
    let mut found: BTreeMap<String, (String, String)> = BTreeMap::new();
    for folder in folders {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        for entry in entries.filter_map(Result::ok).take(MOST) {
            if let Some((name, version)) = description(&entry.path()).as_deref().and_then(name_and_version) {
                found.entry(normalize(&name)).or_insert((name, version));
            }
        }
    }
    found.into_values().take(MOST).collect()
}

/// The head of the description that belongs to a `*.dist-info` or `*.egg-info`.
fn description(path: &Path) -> Option<String> {
    let file = match path.extension()?.to_str()? {
        "dist-info" => path.join("METADATA"),
        "egg-info" if path.is_dir() => path.join("PKG-INFO"),
        "egg-info" => path.to_owned(),
        _ => return None,
    };
    let mut bytes = Vec::new();
    File::open(file).ok()?.take(HEAD).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn name_and_version(text: &str) -> Option<(String, String)> {
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.trim().to_owned())
    };
    Some((field("Name:")?, field("Version:")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::write_whole;

    #[test]
    fn installed_packages_are_read_from_what_they_leave_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, second) = (folder.path().join("a"), folder.path().join("b"));
        write_whole(
            &first.join("Six-1.16.0.dist-info/METADATA"),
            b"Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\n\nName: other\n",
        )
        .expect("written");
        write_whole(&first.join("old.egg-info"), b"Name: old\nVersion: 0.1\n").expect("written");
        write_whole(
            &second.join("six-1.9.dist-info/METADATA"),
            b"Name: SIX\nVersion: 1.9\n",
        )
        .expect("written");
        write_whole(&second.join("broken.dist-info/METADATA"), b"\xff\xfe").expect("written");
        let found = packages(&[first, second, folder.path().join("gone")]);
        assert_eq!(
            found,
            [
                ("old".to_owned(), "0.1".to_owned()),
                ("six".to_owned(), "1.16.0".to_owned())
            ]
        );
    }
}
