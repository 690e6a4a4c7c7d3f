//! Asking a program of the machine itself one question, such as an interpreter for its version.
//!
//! Only for programs that the machine's user chose; what a paper brings runs
//! through an executor.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::observe::Silent;
use crate::process::{self, Command};

/// The most that an answer may hold, in bytes.
const LONGEST: usize = 512 * 1024;

/// What `program` prints when it is called with `arguments`; `None` if it does not end well within `patience`.
pub(super) fn ask(program: &Path, arguments: &[&str], patience: Duration) -> Option<String> {
    let path = (OsString::from("PATH"), OsString::from("/usr/bin:/bin"));
    let command = Command {
        program: program.to_owned(),
        args: arguments.iter().map(OsString::from).collect(),
        env: BTreeMap::from([path]),
        dir: PathBuf::from("/"),
        timeout: patience,
        max_output: LONGEST,
    };
    let output = process::run(&command, &Silent).ok()?;
    let good = output.status.success() && !output.truncated;
    good.then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, patience: Duration) -> Option<String> {
        ask(Path::new("/bin/sh"), &["-c", script], patience)
    }

    #[test]
    fn an_answer_comes_back_and_a_failure_is_none() {
        let minute = Duration::from_secs(60);
        assert_eq!(shell("echo yes", minute).as_deref(), Some("yes\n"));
        assert_eq!(shell("echo no; exit 1", minute), None);
        assert_eq!(shell("sleep 600", Duration::from_millis(20)), None);
        assert_eq!(ask(Path::new("/no/such/program"), &[], minute), None);
    }
}
