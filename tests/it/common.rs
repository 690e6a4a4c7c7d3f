//! One `Bench` owns the folders and the environment of a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a paper, its own home and its own cache.
pub(crate) struct Bench {
    folder: TempDir,
    extra: Vec<String>,
}

/// What one call of the program did.
pub(crate) struct Ran {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Ran {
    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {:?}\n{}", self.stdout, self.stderr))
    }

    /// The record of a check: the claim called `id`.
    #[track_caller]
    pub(crate) fn claim(&self, id: &str) -> Value {
        let record = self.json();
        let claims = record["claims"].as_array().expect("claims");
        let found = claims.iter().find(|claim| claim["id"] == id);
        found
            .cloned()
            .unwrap_or_else(|| panic!("no claim `{id}` in {record:#}"))
    }
}

impl Bench {
    /// An empty bench.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("home")).expect("a home");
        Self {
            folder,
            extra: Vec::new(),
        }
    }

    /// The fixture paper in `fixtures/papers/NAME`: its folder `repository` becomes a Git repository with
    /// fixed dates; in `paper.toml`, `{{commit}}` and `{{sha256:FILE}}` are filled in.
    pub(crate) fn on(name: &str) -> Self {
        let bench = Self::new();
        let source = fixture(name);
        copy(&source, &bench.path("paper"));
        let commit = commit_all(&bench.path("paper/repository"));
        let template = fs::read_to_string(source.join("paper.toml")).expect("paper.toml");
        bench.write("paper/paper.toml", &bench.filled(&template, &commit));
        bench
    }

    /// A path in the bench.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// Writes a file of the bench.
    pub(crate) fn write(&self, inside: &str, text: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    /// Reads a file of the bench.
    #[track_caller]
    pub(crate) fn read(&self, inside: &str) -> String {
        fs::read_to_string(self.path(inside)).unwrap_or_else(|error| panic!("{inside}: {error}"))
    }

    /// Adds an argument to every later call of [`Self::check`].
    pub(crate) fn with(mut self, argument: &str) -> Self {
        self.extra.push(argument.to_owned());
        self
    }

    /// The program, with nothing of the real home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reproof"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.path("home"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env_remove("REPROOF_CACHE");
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(&self.command(arguments).output().expect("the program starts"))
    }

    /// `reproof check --format json paper/paper.toml`
    pub(crate) fn check(&self) -> Ran {
        let mut arguments = vec!["check", "--format", "json", "paper/paper.toml"];
        arguments.extend(self.extra.iter().map(String::as_str));
        self.run(&arguments)
    }

    fn filled(&self, template: &str, commit: &str) -> String {
        let mut text = template.replace("{{commit}}", commit);
        while let Some(start) = text.find("{{sha256:") {
            let length = text[start..].find("}}").expect("an end") + 2;
            let file = text[start + 9..start + length - 2].to_owned();
            let (digest, _) =
                reproof::digest::Digest::of_file(&self.path("paper").join(&file)).expect("a file");
            text.replace_range(start..start + length, &digest.hex());
        }
        text
    }
}

fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The folder of a fixture paper.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/papers")
        .join(name)
}

/// Makes `folder` a Git repository with one commit of all its files, by a fixed author on a fixed day.
pub(crate) fn commit_all(folder: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false"])
            .args(arguments)
            .current_dir(folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs([
                ("GIT_AUTHOR_NAME", "A. Author"),
                ("GIT_AUTHOR_EMAIL", "author@example.org"),
            ])
            .envs([
                ("GIT_COMMITTER_NAME", "A. Author"),
                ("GIT_COMMITTER_EMAIL", "author@example.org"),
            ])
            .envs([
                ("GIT_AUTHOR_DATE", "2023-03-01T12:00:00Z"),
                ("GIT_COMMITTER_DATE", "2023-03-01T12:00:00Z"),
            ])
            .output()
            .expect("git starts");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "Release the code"]);
    git(&["rev-parse", "HEAD"])
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Compares a generated file with what is checked in; with `UPDATE=1` it is written anew.
#[track_caller]
pub(crate) fn up_to_date(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not of the tool")]
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, text).expect("written");
    }
    let checked_in = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == text,
        "{path} is out of date: run `UPDATE=1 cargo test --test it` and look at the difference"
    );
}

/// A file of the package.
#[track_caller]
pub(crate) fn read(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{path}: {error}"))
}
