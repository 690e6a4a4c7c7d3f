//! From what is asked for to exact versions and hashes, as of a date.

use std::ffi::OsString;
use std::fs;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::error::EnvironmentError;
use super::explain::{self, Context};
use super::pins::{self, Pin};
use super::python::Interpreter;
use super::requirements::{Place, Requirement, Requirements};
use super::uv::{Installer, Trace, Trust, Uv};
use super::{ResolvedEnvironment, Wanted, Workshop};
use crate::digest::{Digest, Inputs};
use crate::error::Fault;
use crate::manifest::AsOf;

/// The instant before which a release must have been published; `None`: no limit.
///
/// A date counts to its end: it becomes the beginning of the next day, UTC.
pub(super) fn limit(as_of: &AsOf, committed: Option<Timestamp>) -> Option<Timestamp> {
    match as_of {
        AsOf::Today => None,
        AsOf::Commit => committed,
        AsOf::Date(date) => end_of(*date),
    }
}

fn end_of(date: Date) -> Option<Timestamp> {
    let next = date.tomorrow().unwrap_or(date);
    Some(next.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// What a resolution depends on: a lock that was made from other inputs is out of date.
pub(super) fn inputs(wanted: &Wanted<'_>, found: &Requirements, as_of: Option<Timestamp>) -> Inputs {
    let mut inputs = Inputs::default();
    inputs.add("python", wanted.spec.python.as_deref().unwrap_or("any"));
    inputs.add(
        "as-of",
        as_of.map_or_else(|| "today".to_owned(), |time| time.to_string()),
    );
    inputs.add("requirements", Digest::of(lines(&found.packages, true)));
    inputs.add("constraints", Digest::of(lines(&found.constraints, true)));
    inputs
}

/// One line for each requirement.
fn lines(requirements: &[Requirement], hashes: bool) -> String {
    let line = |one: &Requirement| {
        let pinned: String = one
            .hashes
            .iter()
            .filter(|_| hashes)
            .map(|hash| format!(" {hash}"))
            .collect();
        format!("{one}{pinned}\n")
    };
    requirements.iter().map(line).collect()
}

/// Resolves `found` for `interpreter`.
pub(super) fn resolve(
    wanted: &Wanted<'_>,
    found: Requirements,
    interpreter: &Interpreter,
    as_of: Option<Timestamp>,
    workshop: &Workshop<'_>,
) -> Result<(ResolvedEnvironment, Trace), EnvironmentError> {
    let inputs = inputs(wanted, &found, as_of);
    let mut notes = found.hints.clone();
    if as_of.is_none() && wanted.spec.as_of == AsOf::Commit {
        notes.push("the commit's date is unknown: the newest releases are taken".to_owned());
    }
    let packages = with_setuptools(&found, interpreter, &mut notes);
    let (pins, uv, trace) = if packages.is_empty() {
        (Vec::new(), Uv::find(workshop)?.version, Trace::default())
    } else {
        compile(wanted, &found, &packages, interpreter, as_of, workshop)?
    };
    let resolved = ResolvedEnvironment {
        python: interpreter.version.to_string(),
        as_of,
        requirements: pins::render(&pins),
        uv,
        packages: pins.into_iter().map(|pin| (pin.name, pin.version)).collect(),
        wishes: found.wishes,
        notes,
        inputs,
    };
    Ok((resolved, trace))
}

/// Before 3.12 every environment held setuptools, and much code of the time imports it unasked.
fn with_setuptools(
    found: &Requirements,
    interpreter: &Interpreter,
    notes: &mut Vec<String>,
) -> Vec<Requirement> {
    let mut packages = found.packages.clone();
    let named = packages.iter().any(|one| one.normalized() == "setuptools");
    if !packages.is_empty() && interpreter.version.minor < 12 && !named {
        notes.push("setuptools is added: every Python environment before 3.12 held it".to_owned());
        packages.push(Requirement {
            name: "setuptools".to_owned(),
            extras: Vec::new(),
            specifier: String::new(),
            marker: String::new(),
            hashes: Vec::new(),
            place: Place::Manifest,
        });
    }
    packages
}

fn compile(
    wanted: &Wanted<'_>,
    found: &Requirements,
    packages: &[Requirement],
    interpreter: &Interpreter,
    as_of: Option<Timestamp>,
    workshop: &Workshop<'_>,
) -> Result<(Vec<Pin>, String, Trace), EnvironmentError> {
    const ACTION: &str = "resolve the requirements";
    let names = packages.iter().map(Requirement::normalized).collect();
    let mut installer = Installer::new(workshop, interpreter, names)?;
    let write = |name: &str, text: String| {
        let path = installer.file(name);
        fs::write(&path, text).map_err(EnvironmentError::io("write", &path))
    };
    write("requirements.in", lines(packages, false))?;
    write("constraints.txt", lines(&found.constraints, false))?;
    let (answer, trust) = (installer.file("pinned.txt"), trust(wanted.allow_builds));
    let ran = installer.run(
        ACTION,
        arguments(&installer, interpreter, as_of, wanted.allow_builds),
        trust,
        &[],
        true,
    )?;
    if !ran.ok {
        let context = Context {
            action: ACTION,
            as_of,
            interpreter,
            hints: &found.hints,
            fault: asker(packages),
            builds: wanted.allow_builds,
        };
        return Err(explain::failure(&ran, &context));
    }
    let text = fs::read_to_string(&answer).map_err(EnvironmentError::io("read", &answer))?;
    let unknown = |line: String| EnvironmentError::Installer {
        action: ACTION,
        explanation: format!("its answer holds `{line}`"),
    };
    let mut pins = pins::parse(&text).map_err(unknown)?;
    let lost = pins::keep_authors_hashes(&mut pins, packages);
    if !lost.is_empty() {
        let explanation = format!(
            "the repository pins hashes of {}, and of the files that the registry had by then none has one of them",
            lost.join(", ")
        );
        return Err(EnvironmentError::HashMismatch { explanation });
    }
    Ok((pins, installer.version().to_owned(), installer.trace()))
}

/// A resolution that may build sources runs packages' code.
fn trust(builds: bool) -> Trust {
    if builds { Trust::Builds } else { Trust::WheelsOnly }
}

fn arguments(
    installer: &Installer<'_>,
    interpreter: &Interpreter,
    as_of: Option<Timestamp>,
    builds: bool,
) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec![
        "pip".into(),
        "compile".into(),
        installer.file("requirements.in").into(),
    ];
    arguments.extend([
        "--constraint".into(),
        installer.file("constraints.txt").into_os_string(),
    ]);
    arguments.extend([
        "--output-file".into(),
        installer.file("pinned.txt").into_os_string(),
    ]);
    arguments.extend([
        "--python".into(),
        interpreter.base_executable.clone().into_os_string(),
    ]);
    arguments.extend(["--quiet", "--generate-hashes", "--no-header", "--no-annotate"].map(OsString::from));
    arguments.extend(as_of.map(|time| format!("--exclude-newer={time}").into()));
    arguments.extend((!builds).then(|| "--no-build".into()));
    arguments
}

/// Whose requirements they are, when they contradict each other: the repository's if any are.
fn asker(packages: &[Requirement]) -> Fault {
    let of_paper = packages.iter().any(|one| one.place.fault() == Fault::Paper);
    if of_paper { Fault::Paper } else { Fault::Manifest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_counts_to_its_end_and_a_commit_to_the_second() {
        let committed: Timestamp = "2020-06-01T12:34:56Z".parse().expect("a time");
        let text = |as_of: AsOf| limit(&as_of, Some(committed)).map(|time| time.to_string());
        assert_eq!(
            text(AsOf::Date(jiff::civil::date(2023, 3, 1))).as_deref(),
            Some("2023-03-02T00:00:00Z")
        );
        assert_eq!(text(AsOf::Commit).as_deref(), Some("2020-06-01T12:34:56Z"));
        assert_eq!(text(AsOf::Today), None);
        assert_eq!(limit(&AsOf::Commit, None), None);
    }
}
