//! What a repository asks for, and what we make of it.
//!
//! A requirement file is the repository author's text, not ours. Names, versions,
//! markers and hashes are taken. Where packages come from, and what is run to
//! get them, is decided by whoever runs this machine: every line that tries to
//! say so becomes a [`Wish`] that is shown and not obeyed.

mod address;
mod conda;
mod line;
mod lines;
mod pyproject;
mod text;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use super::error::EnvironmentError;
use crate::error::Fault;
use text::Reader;

/// Where a requirement stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a file of the repository.
    File {
        /// Relative to the top of the repository.
        file: String,
        /// The line, the first being 1.
        line: usize,
    },
    /// In the manifest's `packages`.
    Manifest,
}

impl Place {
    /// Who wrote it.
    pub fn fault(&self) -> Fault {
        match self {
            Self::File { .. } => Fault::Paper,
            Self::Manifest => Fault::Manifest,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Manifest => f.write_str("`packages` of the manifest"),
        }
    }
}

/// One package that is asked for. Displays as one line of a requirement file, without hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// As written.
    pub name: String,
    /// Its extras.
    pub extras: Vec<String>,
    /// Such as `>=1.0,<2`; may be empty.
    pub specifier: String,
    /// The environment marker, without the semicolon; may be empty.
    pub marker: String,
    /// Hashes that its author pinned, as `sha256:…`.
    pub hashes: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

impl Requirement {
    /// The name as the registry compares it (PEP 503).
    pub fn normalized(&self) -> String {
        normalize(&self.name)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.extras.is_empty() {
            write!(f, "[{}]", self.extras.join(","))?;
        }
        f.write_str(&self.specifier)?;
        if !self.marker.is_empty() {
            write!(f, " ; {}", self.marker)?;
        }
        Ok(())
    }
}

/// Lower case, with every run of `-`, `_` and `.` as one `-` (PEP 503).
pub(super) fn normalize(name: &str) -> String {
    let mut normalized = String::new();
    for letter in name.chars() {
        let letter = if matches!(letter, '_' | '.') {
            '-'
        } else {
            letter.to_ascii_lowercase()
        };
        if letter != '-' || !normalized.ends_with('-') {
            normalized.push(letter);
        }
    }
    normalized
}

/// A line of the repository that asks for more than a package of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The file, relative to the top of the repository.
    pub file: String,
    /// The line, the first being 1.
    pub line: usize,
    /// What it says, cut where it is long, passwords in addresses left out.
    pub text: String,
    /// What was done instead.
    pub done: String,
    /// Whether something that it asks for is not installed; else it only said where or how to get packages.
    pub missing: bool,
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: `{}` {}", self.file, self.line, self.text, self.done)
    }
}

/// Everything that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Packages to be installed.
    pub packages: Vec<Requirement>,
    /// Limits on packages that something else asks for.
    pub constraints: Vec<Requirement>,
    /// Lines that were not obeyed.
    pub wishes: Vec<Wish>,
    /// Things that a reader should know, such as a package's other name.
    pub hints: Vec<String>,
    /// The Python that a file asks for, such as `3.7`, and where it does.
    pub python: Option<(String, Place)>,
}

/// Reads the requirement `files` of the repository at `tree`, and adds `packages`.
///
/// Files are chosen by name: `*.yml` and `*.yaml` are conda's, `pyproject.toml`
/// is read for `[project] dependencies`, everything else is in pip's format.
/// Nothing is run and nothing outside `tree` is read.
///
/// # Errors
///
/// When a file is missing, too large, or not to be had without running code,
/// and when a line is not a requirement.
pub fn read(tree: &Path, files: &[String], packages: &[String]) -> Result<Requirements, EnvironmentError> {
    let mut reader = Reader::new(tree)?;
    for file in files {
        match kind(file) {
            Kind::Pip => reader.pip(file)?,
            Kind::Conda => conda::read(&mut reader, file)?,
            Kind::Pyproject => pyproject::read(&mut reader, file)?,
            Kind::Program(why) => return Err(refused(file, why)),
        }
    }
    let mut found = reader.finish();
    for package in packages {
        found.packages.push(own(package)?);
    }
    found.hints.extend(hints(&found.packages));
    Ok(found)
}

enum Kind {
    Pip,
    Conda,
    Pyproject,
    Program(&'static str),
}

fn kind(file: &str) -> Kind {
    let name = file.rsplit('/').next().unwrap_or(file).to_ascii_lowercase();
    match name.as_str() {
        "pyproject.toml" => Kind::Pyproject,
        "setup.py" => Kind::Program("`setup.py` would have to be run to say what it needs"),
        "pipfile" | "pipfile.lock" | "poetry.lock" | "setup.cfg" | "uv.lock" | "pdm.lock" => {
            Kind::Program("this kind of file is not read")
        }
        name if name.ends_with(".yml") || name.ends_with(".yaml") => Kind::Conda,
        name if name.ends_with(".py") => Kind::Program("a program would have to be run to say what it needs"),
        _ => Kind::Pip,
    }
}

fn refused(file: &str, why: &str) -> EnvironmentError {
    EnvironmentError::RequirementFile {
        file: file.to_owned(),
        why: why.to_owned(),
        fault: Fault::Manifest,
        hint: Some(
            "leave it out of `requirements` and name what it asks for under `packages`, \
             such as `packages = [\"numpy==1.19.5\"]`"
                .to_owned(),
        ),
    }
}

/// A requirement of the manifest: its author is ours to be strict with.
fn own(text: &str) -> Result<Requirement, EnvironmentError> {
    let fail = |why: &str, hint: Option<String>| EnvironmentError::RequirementLine {
        place: Place::Manifest,
        text: brief(text),
        why: why.to_owned(),
        hint,
    };
    match line::parse(text.trim(), &Place::Manifest) {
        Ok(line::Line::Requirement(requirement)) => Ok(requirement),
        Ok(line::Line::Address { .. }) => Err(fail(
            "packages come from the registry, not from an address",
            Some("name a release of the registry".to_owned()),
        )),
        Ok(line::Line::Nothing | line::Line::Option { .. }) => {
            Err(fail("a package's name is expected", None))
        }
        Err(line::Mistake { why, hint }) => Err(fail(&why, hint)),
    }
}

/// Names under which people look for packages that are called otherwise.
const RENAMED: [(&str, &str); 12] = [
    ("bs4", "beautifulsoup4"),
    ("cv2", "opencv-python"),
    ("dateutil", "python-dateutil"),
    ("faiss", "faiss-cpu"),
    ("opencv", "opencv-python"),
    ("pil", "pillow"),
    ("pytorch", "torch"),
    ("skimage", "scikit-image"),
    ("sklearn", "scikit-learn"),
    ("tensorflow-gpu", "tensorflow"),
    ("torch-scater", "torch-scatter"),
    ("yaml", "pyyaml"),
];

/// The name that is probably meant where somebody asks for `name`.
pub(super) fn renamed(name: &str) -> Option<&'static str> {
    let name = normalize(name);
    RENAMED
        .iter()
        .find(|(wrong, _)| *wrong == name)
        .map(|(_, right)| *right)
}

fn hints(packages: &[Requirement]) -> Vec<String> {
    let mut hints = BTreeSet::new();
    for package in packages {
        if let Some(right) = renamed(&package.name) {
            hints.insert(format!(
                "{}: `{}` is probably meant to be `{right}`",
                package.place, package.name
            ));
        }
        if let Some((public, local)) = package.specifier.split_once('+') {
            hints.insert(format!(
                "{}: builds `+{local}` of `{}` are not in the registry; `{}{public}` is",
                package.place, package.name, package.name
            ));
        }
    }
    hints.into_iter().collect()
}

/// `text` without control characters and passwords, cut where it is long.
pub(super) fn brief(text: &str) -> String {
    const LONGEST: usize = 160;
    let shown: String = redact(text)
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if shown.chars().count() <= LONGEST {
        return shown;
    }
    shown.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// `text` with the user part of every address replaced by `***`.
pub(super) fn redact(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after.find(|letter: char| {
            matches!(letter, '/' | '?' | '#' | '"' | '`' | '\'') || letter.is_whitespace()
        });
        let (authority, tail) = after.split_at(end.unwrap_or(after.len()));
        match authority.rsplit_once('@') {
            Some((_, host)) => shown.push_str(&format!("***@{host}")),
            None => shown.push_str(authority),
        }
        rest = tail;
    }
    shown.push_str(rest);
    shown
}
