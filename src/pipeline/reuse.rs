//! What an earlier run left and this one can use, or why it cannot.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::execution::{Ran, StepRun};
use super::saved;
use super::steps::Ground;
use crate::digest::{Digest, Inputs};
use crate::execute::tree;
use crate::workspace::remove_tree;

/// The newest earlier run of the same step with the same inputs, taken into this run; or why there is none.
pub(super) fn find_reusable(
    ground: Ground<'_>,
    run: &StepRun,
    inputs: &Inputs,
) -> Result<(String, Ran), String> {
    if ground.fresh {
        return Err("`--fresh` was given".to_owned());
    }
    let mut why = None;
    for earlier in runs_newest_first(ground.runs) {
        let folder = earlier.join("steps").join(run.execution.folder_name());
        let Some(saved) = saved::read(&folder) else {
            continue;
        };
        let changes = inputs.changes(&saved.inputs);
        let not = match saved.ran {
            Some(ran) if changes.is_empty() => match adopt(&folder, &run.folder, &ran, inputs) {
                Ok(()) => return Ok((name_of(&earlier), ran)),
                Err(error) => {
                    // What it got so far must not be taken for the output of the step.
                    let _ = remove_tree(&run.folder);
                    format!("what run {} left cannot be used: {error}", name_of(&earlier))
                }
            },
            Some(_) => changes.join("; "),
            None => format!("ended before: {}", saved.ending),
        };
        // Other manifests of the folder may have a step of the same name; they explain nothing.
        if manifest_of(&earlier) == manifest_of(ground.run) {
            why.get_or_insert(not);
        }
    }
    Err(why.unwrap_or_else(|| "never run before".to_owned()))
}

fn name_of(run: &Path) -> String {
    run.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What comes after the time in a run's name: the manifest's.
fn manifest_of(run: &Path) -> Option<String> {
    let name = name_of(run);
    Some(name.split_once('-')?.1.to_owned())
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
    remove_tree(to)?;
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
