//! Why there is no environment.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::requirements::Place;
use crate::error::{Diagnose, Fault, chain};
use crate::execute::ExecuteError;
use crate::reason::{Reason, Unmeasured};

/// Why the environment of a paper could not be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// The manifest's `python` is not a version.
    #[error("`{text}` is not a Python version")]
    PythonVersion {
        /// As written.
        text: String,
    },
    /// No interpreter of this machine fits.
    #[error("no CPython {wanted} on this machine ({evidence}); found {}", list(.found, "none"))]
    PythonMissing {
        /// Such as `3.8`.
        wanted: String,
        /// Who wants it.
        evidence: String,
        /// Versions that are there.
        found: Vec<String>,
    },
    /// uv cannot make environments for so old an interpreter.
    #[error("CPython {version} is too old for an isolated environment: uv needs 3.6 or newer")]
    PythonTooOld {
        /// Its version.
        version: String,
    },
    /// A requirement file is not in the repository, or cannot be read as one.
    #[error("cannot read the requirements in `{file}`: {why}")]
    RequirementFile {
        /// Relative to the top of the repository.
        file: String,
        /// Why.
        why: String,
        /// Who has to act.
        fault: Fault,
        /// What to try.
        hint: Option<String>,
    },
    /// A line is not a requirement.
    #[error("{place}: `{text}` is not a requirement: {why}")]
    RequirementLine {
        /// Where.
        place: Place,
        /// The line, cut where it is long.
        text: String,
        /// Why.
        why: String,
        /// What to try.
        hint: Option<String>,
    },
    /// The requirements have no solution.
    #[error("the requirements do not resolve as of {as_of}:\n{explanation}")]
    Unresolvable {
        /// The exact limit, or `today`.
        as_of: String,
        /// The resolver's own words.
        explanation: String,
        /// Who has to act.
        fault: Fault,
        /// What to try.
        hint: Option<String>,
    },
    /// Only sources are to be had, and nobody allowed to build them.
    #[error("no usable wheel of {}: building from source would run the packages' own code", list(.packages, "a package"))]
    NeedsBuild {
        /// Names.
        packages: Vec<String>,
        /// What to try.
        hint: String,
    },
    /// A package's own build failed.
    #[error("a package does not build:\n{explanation}")]
    BuildFailed {
        /// The last lines.
        explanation: String,
        /// What to try.
        hint: Option<String>,
    },
    /// The registry served other bytes than the lock pins.
    #[error("a package is not the file that the lock pins:\n{explanation}")]
    HashMismatch {
        /// The installer's own words.
        explanation: String,
    },
    /// The package registry cannot be reached.
    #[error("the package registry cannot be reached:\n{explanation}")]
    Network {
        /// The installer's own words.
        explanation: String,
        /// Hosts that the installer asked for and our proxy refused.
        refused: Vec<String>,
    },
    /// uv is not here and could not be fetched.
    #[error("there is no usable uv, and it could not be fetched: {why}")]
    NoUv {
        /// Why.
        why: String,
    },
    /// The installer failed in a way that we do not know.
    #[error("cannot {action}:\n{explanation}")]
    Installer {
        /// Such as "install the packages".
        action: &'static str,
        /// Its own words.
        explanation: String,
    },
    /// The installer was stopped.
    #[error("cannot {action}: the installer {ending}")]
    Stopped {
        /// Such as "install the packages".
        action: &'static str,
        /// Such as "ran past 30 minutes".
        ending: String,
    },
    /// The environment runs another Python than it was built for.
    #[error("the environment should run {wanted} and runs {found}")]
    WrongPython {
        /// Version and prefix.
        wanted: String,
        /// What it said.
        found: String,
    },
    /// The installer could not be started.
    #[error("cannot {action}")]
    Execute {
        /// Such as "install the packages".
        action: &'static str,
        /// Why.
        #[source]
        cause: ExecuteError,
    },
    /// Something of the machine failed.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was being done, such as "write".
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The user asked to stop.
    #[error("stopped while the environment was being built")]
    Cancelled,
}

fn list(items: &[String], nothing: &str) -> String {
    if items.is_empty() {
        return nothing.to_owned();
    }
    items.join(", ")
}

impl EnvironmentError {
    /// What was being done to which path, for `map_err`.
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io { action, path, cause }
    }

    /// The same for everything that depends on the environment.
    pub fn unmeasured(&self) -> Unmeasured {
        let stopped = matches!(self, Self::Cancelled);
        let reason = if stopped {
            Reason::Cancelled
        } else {
            Reason::Environment
        };
        let unmeasured = Unmeasured::new(reason, self.fault(), chain(self));
        match self.hint() {
            Some(hint) => unmeasured.hint(hint),
            None => unmeasured,
        }
    }
}

impl Diagnose for EnvironmentError {
    fn fault(&self) -> Fault {
        match self {
            Self::RequirementFile { fault, .. } | Self::Unresolvable { fault, .. } => *fault,
            Self::PythonVersion { .. } | Self::PythonTooOld { .. } => Fault::Manifest,
            Self::RequirementLine { place, .. } => place.fault(),
            Self::BuildFailed { .. } | Self::HashMismatch { .. } => Fault::Paper,
            Self::WrongPython { .. } => Fault::Reproof,
            Self::Execute { cause, .. } => cause.fault(),
            Self::PythonMissing { .. }
            | Self::NeedsBuild { .. }
            | Self::Network { .. }
            | Self::NoUv { .. }
            | Self::Installer { .. }
            | Self::Stopped { .. }
            | Self::Io { .. }
            | Self::Cancelled => Fault::Host,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::PythonVersion { .. } => Some("write it as `3`, `3.8` or `3.8.18`".to_owned()),
            Self::PythonMissing { wanted, .. } => Some(format!(
                "run `uv python install {wanted}`, or pass `--python` with the path of such an interpreter; \
                 `reproof doctor` lists those that it finds"
            )),
            Self::PythonTooOld { .. } => Some(
                "use `kind = \"system\"` with that interpreter and packages that are already installed".to_owned(),
            ),
            Self::RequirementFile { hint, .. }
            | Self::RequirementLine { hint, .. }
            | Self::Unresolvable { hint, .. }
            | Self::BuildFailed { hint, .. } => hint.clone(),
            Self::NeedsBuild { hint, .. } => Some(hint.clone()),
            Self::HashMismatch { .. } => {
                Some("if the index is a mirror, look whether it rebuilds packages; else run `reproof lock` again and note the change".to_owned())
            }
            Self::Network { refused, .. } if !refused.is_empty() => Some(format!(
                "the installer asked for {}, which is not a host of the configured package index; \
                 if you trust it, allow it with `--package-host`",
                refused.join(", ")
            )),
            Self::Network { .. } => Some(
                "look at the network, the proxy and the index settings of pip or uv; trying again may help".to_owned(),
            ),
            Self::NoUv { .. } => Some("install uv (`pip install uv`) so that it is on PATH, and run again".to_owned()),
            Self::Execute { cause, .. } => cause.hint(),
            Self::Installer { .. }
            | Self::Stopped { .. }
            | Self::WrongPython { .. }
            | Self::Io { .. }
            | Self::Cancelled => None,
        }
    }
}
