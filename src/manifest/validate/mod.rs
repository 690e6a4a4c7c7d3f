//! From text to a [`Manifest`], or to everything that is wrong with it.
//!
//! Reading goes on after a problem, so that a person sees all of them at once;
//! a problem is reported once, and what only follows from it is not reported:
//! a reference to a step whose id could not be read is not dangling.

mod claims;
mod comparisons;
mod names;
mod parts;
mod steps;
mod syntax;
mod test_set;

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use self::names::Names;
use super::problem::{Problem, ProblemKind, Problems, quoted};
use super::reader::{At, FromToml as _, List, Maybe, Section as _};
use super::scalar::Line;
use super::{Manifest, raw};
use crate::digest::Digest;
use crate::error::{Diagnose, Fault};

/// The largest manifest that is read, in bytes.
pub const LARGEST: u64 = 4 << 20;

/// Why there is no manifest.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// There is nothing at this path.
    #[error("there is no manifest `{}`", file.display())]
    Missing {
        /// The path.
        file: PathBuf,
    },
    /// It is a folder, a device or the like.
    #[error("`{}` is not a file", file.display())]
    NotAFile {
        /// The path.
        file: PathBuf,
    },
    /// The file cannot be read.
    #[error("the manifest `{}` cannot be read", file.display())]
    Unreadable {
        /// The path.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is larger than [`LARGEST`].
    #[error("the manifest `{}` is larger than {} MiB", file.display(), LARGEST >> 20)]
    TooLarge {
        /// The path.
        file: PathBuf,
    },
    /// It is not UTF-8.
    #[error("the manifest `{}` is not UTF-8 in line {line}", file.display())]
    NotUtf8 {
        /// The path.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// It was read, and is not valid.
    #[error("{}", .0.summary())]
    Invalid(Problems),
}

impl Diagnose for ManifestError {
    fn fault(&self) -> Fault {
        match self {
            Self::Missing { .. }
            | Self::NotAFile { .. }
            | Self::TooLarge { .. }
            | Self::NotUtf8 { .. }
            | Self::Invalid(_) => Fault::Manifest,
            Self::Unreadable { .. } => Fault::Host,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some("`reproof demo` writes an example".to_owned()),
            Self::NotAFile { .. } => Some("name the manifest itself, such as `paper.toml`".to_owned()),
            Self::TooLarge { .. } => Some("data belongs into files that the manifest names".to_owned()),
            Self::NotUtf8 { .. } => Some("save it as UTF-8".to_owned()),
            Self::Unreadable { .. } | Self::Invalid(_) => None,
        }
    }
}

impl Manifest {
    /// Reads and validates the manifest at `path`, which should be absolute, and sees whether the checker's own files are there.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is too large or no text; or with every problem of the manifest at once.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let text = read_text(path)?;
        let mut problems = Problems::none(path, &Arc::from(text));
        let manifest = validate(&mut problems, true);
        finish(manifest, problems).map_err(ManifestError::Invalid)
    }

    /// Validates `text` as the manifest that `file` holds; reads nothing from disk.
    ///
    /// # Errors
    ///
    /// With every problem of the manifest at once.
    pub fn parse(text: &str, file: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::none(file, &Arc::from(text));
        let manifest = validate(&mut problems, false);
        finish(manifest, problems)
    }
}

fn read_text(path: &Path) -> Result<String, ManifestError> {
    let file = || path.to_owned();
    let unreadable = |source: io::Error| {
        if source.kind() == io::ErrorKind::NotFound {
            return ManifestError::Missing { file: file() };
        }
        ManifestError::Unreadable { file: file(), source }
    };
    // Asked before opening: opening a pipe would wait for its other end.
    let metadata = path.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(ManifestError::NotAFile { file: file() });
    }
    let mut bytes = Vec::new();
    let reader = File::open(path).map_err(unreadable)?;
    reader
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(ManifestError::TooLarge { file: file() });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        ManifestError::NotUtf8 {
            file: file(),
            line: valid.iter().filter(|byte| **byte == b'\n').count() + 1,
        }
    })
}

/// Parses and validates the text of `problems`, and reports to it. With `on_disk`, own files must exist.
fn validate(problems: &mut Problems, on_disk: bool) -> Option<Manifest> {
    let source = Arc::clone(&problems.source);
    let document = syntax::parse(&source, problems)?;
    let syntax = problems.problems.len();
    let raw = raw::Manifest::from_toml(&document, problems)?;
    let file = problems.file.clone();
    let manifest = Checker::new(&raw, problems, &file, on_disk).manifest(Digest::of(source.as_bytes()));
    syntax::forget_consequences(problems, syntax);
    manifest
}

fn finish(manifest: Option<Manifest>, mut problems: Problems) -> Result<Manifest, Problems> {
    problems.sort();
    let (mut errors, advice) = problems.split_advice();
    match manifest {
        Some(mut manifest) if errors.is_empty() => {
            manifest.warnings = advice;
            Ok(manifest)
        }
        _ => {
            if errors.is_empty() {
                // Nothing is left out without a report; if it is, it must not pass.
                errors.push(Problem::new(
                    ProblemKind::Syntax,
                    &(0..0),
                    "the manifest is not complete",
                ));
            }
            Err(errors)
        }
    }
}

/// Lowers the parts of a raw manifest, and reports what is wrong with them together.
struct Checker<'r, 'p> {
    raw: &'r raw::Manifest,
    problems: &'p mut Problems,
    file: &'r Path,
    on_disk: bool,
    data: Names<'r>,
    checkpoints: Names<'r>,
    files: Names<'r>,
    steps: Names<'r>,
    claims: Names<'r>,
}

impl<'r, 'p> Checker<'r, 'p> {
    fn new(raw: &'r raw::Manifest, problems: &'p mut Problems, file: &'r Path, on_disk: bool) -> Self {
        let ids = |id: &'r Maybe<super::scalar::Id>| id.as_ref().map(|id| (id.value.0.as_str(), &id.span));
        let data = entries(&raw.data).map(|data| ids(&data.id));
        let checkpoints = entries(&raw.checkpoints).map(|checkpoint| ids(&checkpoint.id));
        let files = entries(&raw.files)
            .map(|file| file.path.as_ref().map(|path| (path.value.0.as_str(), &path.span)));
        let steps = entries(&raw.steps).map(|step| ids(&step.id));
        let claims = entries(&raw.claims).map(|claim| ids(&claim.id));
        Self {
            raw,
            data: Names::new("data set", "data", data, problems).unless(raw.is_broken("data")),
            checkpoints: Names::new("checkpoint", "checkpoints", checkpoints, problems)
                .unless(raw.is_broken("checkpoints")),
            files: Names::new("file", "files", files, problems).unless(raw.is_broken("files")),
            steps: Names::new("step", "steps", steps, problems)
                .unless(raw.steps.as_ref().is_none_or(|steps| steps.is_empty())),
            claims: Names::new("claim", "claims", claims, problems)
                .unless(raw.claims.as_ref().is_none_or(|claims| claims.is_empty())),
            problems,
            file,
            on_disk,
        }
    }

    fn manifest(mut self, digest: Digest) -> Option<Manifest> {
        // Every part is looked at before any is missed.
        let paper = self.paper();
        let code = self.code();
        let environment = self.environment();
        let data = self.data_sets();
        let files = self.own_files();
        let checkpoints = self.checkpoints();
        let steps = self.all_steps();
        let claims = self.all_claims();
        let waivers = self.waivers();
        let cost = self.prices();
        let adoption = self.adoption();
        let budget = self.budget();
        self.warn_of_unused();
        Some(Manifest {
            file: self.file.to_owned(),
            digest,
            paper: paper?,
            code: code?,
            environment: environment?,
            data: data?,
            files: files?,
            checkpoints: checkpoints?,
            steps: steps?,
            claims: claims?,
            waivers: waivers?,
            cost: cost?,
            adoption: adoption?,
            budget: budget?,
            warnings: Problems::none(&self.problems.file, &self.problems.source),
            pins: self.pins(),
        })
    }

    fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn impossible(&mut self, span: &Range<usize>, message: impl Into<String>) -> Problem {
        Problem::new(ProblemKind::ImpossibleValue, span, message)
    }
}

/// The entries of a list that may not be there.
fn entries<T>(list: &Maybe<List<T>>) -> impl Iterator<Item = &At<T>> {
    list.iter().flat_map(|list| list.iter())
}

/// The texts of a list of lines.
fn lines(list: &Maybe<List<Line>>) -> Vec<String> {
    entries(list).map(|line| line.value.0.clone()).collect()
}

/// Reports entries of a list that are there twice.
fn report_repeats<'a>(
    what: &str,
    entries: impl Iterator<Item = (&'a str, &'a Range<usize>)>,
    problems: &mut Problems,
) {
    let mut seen = std::collections::BTreeSet::new();
    for (name, span) in entries {
        if !seen.insert(name) {
            let message = format!("{what} {} is there twice", quoted(name));
            problems.push(Problem::new(ProblemKind::Duplicate, span, message));
        }
    }
}
