//! The folder of a run: one's own while the run goes on, and what runs that were killed left behind.
//!
//! A run that goes on holds a lock on the file `unfinished` in its folder, and
//! removes it at its end. So a file `unfinished` whose lock is free is what is
//! left of a run that was killed. The next check beside it keeps the steps that
//! had ended, which can be used again, and removes the rest: the checkout, the
//! working copies, what steps had written so far.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::saved;
use crate::manifest::Manifest;
use crate::workspace::{Workspace, remove_tree};

/// The file that a run holds while it goes on.
const MARK: &str = "unfinished";

/// Before the name of a file that [`crate::workspace::write_whole`] has not finished.
const TORN: &str = ".tmp";

/// A run's own folder.
#[derive(Debug)]
pub(super) struct RunFolder {
    /// The run's name; names sort by time.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Locked until this is dropped.
    _mark: File,
}

impl RunFolder {
    /// Makes one, after removing what runs that were killed left.
    pub(super) fn make(workspace: &Workspace, manifest: &Manifest, now: Timestamp) -> io::Result<Self> {
        let runs = workspace.runs();
        fs::create_dir_all(&runs)?;
        // Nobody may take a folder that is being made for one that was left.
        let _alone = {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(workspace.root().join("lock"))?;
            file.lock()?;
            file
        };
        tidy(&runs);
        let (name, path) = new_folder(&runs, manifest, now)?;
        let mark = File::create_new(path.join(MARK))?;
        mark.lock()?;
        Ok(Self {
            name,
            path,
            _mark: mark,
        })
    }

    /// Where the code is checked out.
    pub(super) fn code(&self) -> PathBuf {
        self.path.join("code")
    }

    /// Removes the checkout, of which the cache has a mirror. On a full disk this makes room for the report.
    pub(super) fn remove_code(&self) {
        let _ = remove_tree(&self.code());
    }

    /// Says that nothing more will be written.
    pub(super) fn finish(self) {
        let _ = fs::remove_file(self.path.join(MARK));
    }
}

fn new_folder(runs: &Path, manifest: &Manifest, now: Timestamp) -> io::Result<(String, PathBuf)> {
    let stamp = now.strftime("%Y%m%dT%H%M%S%3fZ");
    let stem = manifest.file.file_stem().unwrap_or_default().to_string_lossy();
    for attempt in 0..1000 {
        let suffix = if attempt == 0 {
            String::new()
        } else {
            format!("-{attempt}")
        };
        let name = format!("{stamp}-{stem}{suffix}");
        match fs::create_dir(runs.join(&name)) {
            Ok(()) => return Ok((name.clone(), runs.join(name))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("a thousand runs began in the same millisecond"))
}

/// Removes what runs that were killed left and that nobody can use.
///
/// What cannot be removed, another user's say, stays: it is no reason not to check.
fn tidy(runs: &Path) {
    for run in entries(runs) {
        let Ok(mark) = File::options().write(true).open(run.join(MARK)) else {
            continue;
        };
        if mark.try_lock().is_ok() {
            let _ = tidy_run(&run);
        }
    }
}

fn tidy_run(run: &Path) -> io::Result<()> {
    for name in ["code", "code.part"] {
        remove_tree(&run.join(name))?;
    }
    remove_torn(run)?;
    let mut ended = 0;
    for step in entries(&run.join("steps")) {
        if saved::read(&step).is_none() {
            remove_tree(&step)?;
            continue;
        }
        ended += 1;
        for name in ["tree", "out"] {
            remove_tree(&step.join(name))?;
        }
        remove_torn(&step)?;
    }
    if ended == 0 && !run.join("record.json").exists() {
        return remove_tree(run);
    }
    fs::remove_file(run.join(MARK))
}

fn remove_torn(folder: &Path) -> io::Result<()> {
    for path in entries(folder) {
        let name = path.file_name().unwrap_or_default();
        if name.as_encoded_bytes().starts_with(TORN.as_bytes()) {
            remove_tree(&path)?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Inputs;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn left(run: &Path) -> Vec<String> {
        let walk = walkdir::WalkDir::new(run).min_depth(1).sort_by_file_name();
        let inside = walk
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_type().is_file());
        inside
            .map(|entry| {
                let path = entry.path().strip_prefix(run).expect("inside");
                path.display().to_string()
            })
            .collect()
    }

    #[test]
    fn a_run_that_was_killed_keeps_the_steps_that_had_ended() {
        let runs = tempfile::tempdir().expect("a folder");
        let run = runs.path().join("20230301-paper");
        for file in [
            MARK,
            "code/train.py",
            "code.part/train.py",
            ".tmpAbCdEf",
            "files/evaluate.py",
            "steps/done/stdout.log",
            "steps/done/tree/train.py",
            "steps/done/out/half",
            "steps/half/stdout.log",
            "steps/half/outputs/model",
        ] {
            write(&run.join(file), "");
        }
        saved::write(&run.join("steps/done"), &Inputs::default(), "failed", None).expect("saved");
        tidy(runs.path());
        assert_eq!(
            left(&run),
            [
                "files/evaluate.py",
                "steps/done/stdout.log",
                "steps/done/step.json"
            ]
        );
    }

    #[test]
    fn a_run_that_was_killed_before_anything_ended_vanishes() {
        let runs = tempfile::tempdir().expect("a folder");
        let run = runs.path().join("20230301-paper");
        write(&run.join(MARK), "");
        write(&run.join("steps/half/tree/model"), "");
        tidy(runs.path());
        assert!(!run.exists());
    }

    #[test]
    fn a_run_that_goes_on_or_has_ended_is_left_alone() {
        let runs = tempfile::tempdir().expect("a folder");
        let (going, ended) = (runs.path().join("going"), runs.path().join("ended"));
        for run in [&going, &ended] {
            write(&run.join("steps/half/tree/model"), "");
        }
        write(&going.join(MARK), "");
        let held = File::open(going.join(MARK)).expect("open");
        held.lock().expect("locked");
        tidy(runs.path());
        assert!(going.join("steps/half/tree/model").exists());
        assert!(ended.join("steps/half/tree/model").exists());
    }
}
