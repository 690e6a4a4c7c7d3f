//! What an earlier run left and this one can use, or why it cannot.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::execution::{Ran, StepRun};
use super::prepared::remove;
use super::saved;
use super::steps::Ground;
use crate::digest::{Digest, Inputs};
use crate::execute::tree;

/// The newest earlier run of the same step with the same inputs, taken into this run; or why there is none.
pub(super) fn find_reusable(
    ground: Ground<'_>,
    run: &StepRun,
    inputs: &Inputs,
) -> Result<(String, Ran), String> {
    if ground.fresh {
        return Err("`--fresh` was given".to_owned());
    }
    let mut why = "never run before".to_owned();
    for earlier in runs_newest_first(ground.runs) {
        let folder = earlier.join("steps").join(run.execution.folder_name());
        let Some(saved) = saved::read(&folder) else {
            continue;
        };
        let changes = inputs.changes(&saved.inputs);
        let name = earlier
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match saved.ran {
            Some(ran) if changes.is_empty() => match adopt(&folder, &run.folder, &ran, inputs) {
                Ok(()) => return Ok((name, ran)),
                Err(error) => return Err(format!("what run {name} left cannot be used: {error}")),
            },
            Some(_) => return Err(changes.join("; ")),
            None if why == "never run before" => why = format!("ended before: {}", saved.ending),
            None => {}
        }
    }
    Err(why)
}

pub(super) fn runs_newest_first(runs: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(runs).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    folders.reverse();
    folders
}

/// Copies what an earlier run left into this run, proving every byte on the way.
fn adopt(from: &Path, to: &Path, ran: &Ran, inputs: &Inputs) -> io::Result<()> {
    if from == to {
        return verify(from, ran);
    }
    remove(to)?;
    fs::create_dir_all(to.join("outputs"))?;
    for log in ["stdout.log", "stderr.log"] {
        fs::copy(from.join(log), to.join(log))?;
    }
    for output in ran.files() {
        tree::place(
            &from.join("outputs").join(&output.path),
            &to.join("outputs"),
            Path::new(&output.path),
        )?;
    }
    verify(to, ran)?;
    saved::write(to, inputs, "succeeded", Some(ran))
}

fn verify(folder: &Path, ran: &Ran) -> io::Result<()> {
    let outputs = ran
        .files()
        .map(|output| (folder.join("outputs").join(&output.path), output.digest));
    let logs = [
        (folder.join("stdout.log"), ran.stdout),
        (folder.join("stderr.log"), ran.stderr),
    ];
    for (path, expected) in outputs.chain(logs) {
        if Digest::of_file(&path)?.0 != expected {
            return Err(io::Error::other(format!(
                "`{}` was changed since",
                path.display()
            )));
        }
    }
    Ok(())
}
