//! One job: its folders, its program, and what became of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use reproof::execute::{ExecuteError, Executor as _, Job, Limits, Local, Mount, Network, Outcome, Wanted};
use reproof::observe::{Event, Observer};
use tempfile::TempDir;

/// Our program; another copy of it where that one cannot be reached.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by it where a copy of the program lies"
)]
pub(crate) fn program() -> PathBuf {
    std::env::var_os("REPROOF_TEST_PROGRAM").map_or(env!("CARGO_BIN_EXE_reproof").into(), PathBuf::from)
}

/// A Python: the system's, or else the first in the path, which then has to be shown to the sandbox.
pub(crate) fn python() -> &'static str {
    static FOUND: OnceLock<String> = OnceLock::new();
    FOUND.get_or_init(|| {
        let system = ["/usr/bin/python3", "/usr/local/bin/python3"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        system.map_or_else(|| ask_python("sys.executable"), str::to_owned)
    })
}

/// Where a Python outside of /usr has its libraries.
fn python_prefix() -> Option<PathBuf> {
    (!python().starts_with("/usr/")).then(|| PathBuf::from(ask_python("sys.base_prefix")))
}

fn ask_python(what: &str) -> String {
    let script = format!("import os, sys; print(os.path.realpath({what}))");
    let output = Command::new("python3")
        .args(["-c", &script])
        .output()
        .expect("a Python");
    String::from_utf8(output.stdout)
        .expect("a path")
        .trim()
        .to_owned()
}

/// A job in the making. Dropping it removes its folders.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) local: Local,
    pub(crate) job: Job,
    pub(crate) observer: Watcher,
}

/// What became of a job.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    /// A job with an empty program, `/w/code` and `/w/out` writable, `/w/data` not, and generous limits.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["code", "out", "data", "scratch"] {
            fs::create_dir(at(name)).expect("a folder");
        }
        fs::write(at("data/data.csv"), "1,2\n").expect("written");
        let mount = |name: &str, writable| Mount {
            host: at(name),
            inside: Path::new("/w").join(name),
            writable,
        };
        let prefix = python_prefix().map(|prefix| Mount {
            host: prefix.clone(),
            inside: prefix,
            writable: false,
        });
        let job = Job {
            name: "test".to_owned(),
            argv: Vec::new(),
            directory: "/w/code".into(),
            mounts: [mount("code", true), mount("out", true), mount("data", false)]
                .into_iter()
                .chain(prefix)
                .collect(),
            env: BTreeMap::from([("GREETING".to_owned(), OsString::from("hello"))]),
            path: Vec::new(),
            network: Network::None,
            limits: Limits {
                wall: Duration::from_secs(120),
                memory: 1 << 30,
                processes: 100,
                log: 1 << 20,
                disk: 256 << 20,
            },
            stdout: at("stdout"),
            stderr: at("stderr"),
            gpus: 0,
        };
        let local = Local {
            program: program(),
            scratch: at("scratch"),
            wanted: Wanted::Full,
        };
        Self {
            folder,
            local,
            job,
            observer: Watcher::default(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a shell script.
    #[track_caller]
    pub(crate) fn shell(&mut self, script: &str) -> Ran {
        self.run(&["/bin/sh", "-c", script])
    }

    /// Runs a Python script with arguments.
    #[track_caller]
    pub(crate) fn python(&mut self, script: &str, arguments: &[&str]) -> Ran {
        fs::write(self.path("code/script.py"), script).expect("written");
        self.run(&[&[python(), "script.py"], arguments].concat())
    }

    #[track_caller]
    pub(crate) fn run(&mut self, argv: &[&str]) -> Ran {
        self.try_run(argv)
            .unwrap_or_else(|error| panic!("{}", reproof::error::chain(&error)))
    }

    pub(crate) fn try_run(&mut self, argv: &[&str]) -> Result<Ran, ExecuteError> {
        self.job.argv = argv.iter().map(OsString::from).collect();
        let outcome = self.local.run(&self.job, &self.observer)?;
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).expect("a log")).into_owned();
        Ok(Ran {
            outcome,
            stdout: read(&self.job.stdout),
            stderr: read(&self.job.stderr),
        })
    }
}

/// Collects output; can be told to ask for an end.
#[derive(Default)]
pub(crate) struct Watcher {
    pub(crate) output: Mutex<Vec<u8>>,
    pub(crate) stop: AtomicBool,
    /// Asks for an end once this has been put out.
    pub(crate) stop_after: Mutex<Option<Vec<u8>>>,
}

impl Observer for Watcher {
    fn event(&self, event: Event<'_>) {
        let Event::Output { bytes, .. } = event else {
            return;
        };
        let mut output = self.output.lock().expect("no panic before");
        output.extend_from_slice(bytes);
        let stop = self.stop_after.lock().expect("no panic before");
        if let Some(word) = &*stop
            && output.windows(word.len()).any(|part| part == &word[..])
        {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Whether any process of this machine has `mark` in its command line.
pub(crate) fn alive(mark: &str) -> bool {
    let entries = fs::read_dir("/proc").expect("processes").flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .into_iter()
        .any(|line| String::from_utf8_lossy(&line).contains(mark))
}

/// Waits until `done`, for a long time but not for ever.
pub(crate) fn eventually(done: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// Says "hi" to everybody who connects.
pub(crate) fn greet<W: Write>(peers: impl Iterator<Item = io::Result<W>>) {
    for mut peer in peers.flatten() {
        drop(peer.write_all(b"hi"));
    }
}

/// A word that nothing else on this machine contains.
pub(crate) fn mark() -> String {
    use std::sync::atomic::AtomicU32;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(
        "mark{}x{}x",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

impl Bench {
    /// Like [`Bench::run`], but `None` where this machine cannot confine as asked.
    #[track_caller]
    pub(crate) fn run_or_refused(&mut self, argv: &[&str]) -> Option<Ran> {
        match self.try_run(argv) {
            Ok(ran) => Some(ran),
            Err(ExecuteError::CannotConfine { .. }) => None,
            Err(error) => panic!("{}", reproof::error::chain(&error)),
        }
    }

    /// Like [`Bench::python`], but `None` where this machine cannot confine as asked.
    #[track_caller]
    pub(crate) fn python_or_refused(&mut self, script: &str) -> Option<Ran> {
        fs::write(self.path("code/script.py"), script).expect("written");
        self.run_or_refused(&[python(), "script.py"])
    }
}
