//! Small repositories with fixed dates, and servers that hand them out.

pub(crate) mod certificates;
pub(crate) mod proxy;
pub(crate) mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reproof::manifest::CommitId;

/// A `git` that knows nothing of the user, at a fixed time.
pub(crate) fn git_command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "A. Author")
        .env("GIT_AUTHOR_EMAIL", "author@example.org")
        .env("GIT_AUTHOR_DATE", "2020-01-02T03:04:05Z")
        .env("GIT_COMMITTER_NAME", "C. Committer")
        .env("GIT_COMMITTER_EMAIL", "committer@example.org")
        .env("GIT_COMMITTER_DATE", "2020-02-03T04:05:06Z");
    command
}

/// A repository with a working folder.
pub(crate) struct Repo {
    pub(crate) path: PathBuf,
}

impl Repo {
    /// One at `path`, empty unless there is one already.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        fs::create_dir_all(&path).expect("a folder");
        let repo = Self { path };
        if !repo.path.join(".git").exists() {
            repo.git(&["init", "-q", "-b", "main"]);
        }
        repo
    }

    /// One with a licence and a program, committed.
    pub(crate) fn small(path: impl Into<PathBuf>) -> (Self, CommitId) {
        let repo = Self::new(path);
        repo.write("LICENSE", include_str!("../../../LICENSE-MIT"));
        repo.write("src/train.py", "print('accuracy=0.9')\n");
        let commit = repo.commit("first");
        (repo, commit)
    }

    /// Runs `git` and returns what it prints.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_with(arguments, b"")
    }

    /// The same with something to read.
    #[track_caller]
    pub(crate) fn git_with(&self, arguments: &[&str], input: &[u8]) -> String {
        use std::io::Write as _;
        let mut command = git_command(&self.path);
        let pipes = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = pipes.spawn().expect("git runs");
        child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(input)
            .expect("written");
        let output = child.wait_with_output().expect("git ends");
        assert!(output.status.success(), "git {arguments:?} fails");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, content).expect("written");
    }

    /// Commits everything.
    #[track_caller]
    pub(crate) fn commit(&self, message: &str) -> CommitId {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.id("HEAD")
    }

    #[track_caller]
    pub(crate) fn id(&self, name: &str) -> CommitId {
        CommitId::new(&self.git(&["rev-parse", name])).expect("an id")
    }

    /// Makes a commit of the tree with these raw bytes, however malformed.
    #[track_caller]
    pub(crate) fn commit_raw_tree(&self, entries: &[(&str, &[u8], &str)]) -> CommitId {
        let mut tree = Vec::new();
        for (mode, name, id) in entries {
            tree.extend_from_slice(mode.as_bytes());
            tree.push(b' ');
            tree.extend_from_slice(name);
            tree.push(0);
            let byte = |at| u8::from_str_radix(&id[at..at + 2], 16).expect("digits");
            tree.extend((0..40).step_by(2).map(byte));
        }
        let tree = self.git_with(
            &["hash-object", "-t", "tree", "--literally", "-w", "--stdin"],
            &tree,
        );
        let commit = self.git(&["commit-tree", "-m", "raw", &tree]);
        self.git(&["update-ref", "refs/heads/main", &commit]);
        CommitId::new(&commit).expect("an id")
    }

    /// The id of a blob with this content.
    pub(crate) fn blob(&self, content: &[u8]) -> String {
        self.git_with(&["hash-object", "-w", "--stdin"], content)
    }
}

/// Bytes that do not compress, the same every time.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
