//! A paper whose every part waits for a test's permission, and programs that are killed while they wait.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use reproof::digest::Digest;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Value, json};

use crate::common::{Bench, Ran};
use crate::common_git::server::{Answer, Server as GitServer};
use crate::common_git::{Repo, noise};
use crate::fetch::server::{Server, say_part, say_range};

/// Nothing takes so long unless something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until `what` is true; what is waited for is always something that happens, never time.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < deadline, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Where requests wait until they may pass.
#[derive(Default)]
pub(crate) struct Gates {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    closed: HashSet<String>,
    waiting: Vec<String>,
}

impl Gates {
    pub(crate) fn close(&self, name: &str) {
        let mut state = self.state.lock().expect("no panic");
        state.closed.insert(name.to_owned());
        state.waiting.retain(|waiting| waiting != name);
    }

    /// Lets all pass who wait here.
    pub(crate) fn open(&self, name: &str) {
        self.state.lock().expect("no panic").closed.remove(name);
        self.changed.notify_all();
    }

    /// Whether somebody waits here since it was closed.
    pub(crate) fn reached(&self, name: &str) -> bool {
        let state = self.state.lock().expect("no panic");
        state.waiting.iter().any(|waiting| waiting == name)
    }

    fn pass(&self, name: &str) {
        let mut state = self.state.lock().expect("no panic");
        if state.closed.contains(name) {
            state.waiting.push(name.to_owned());
        }
        while state.closed.contains(name) {
            state = self.changed.wait(state).expect("no panic");
        }
    }
}

/// The fixture paper `waits`, whose code, data and steps wait at gates.
pub(crate) struct Paper {
    pub(crate) bench: Bench,
    pub(crate) gates: Arc<Gates>,
    pub(crate) web: Server,
    git: GitServer,
}

impl Paper {
    /// All gates open.
    pub(crate) fn new() -> Self {
        let bench = Bench::on("waits");
        let gates = Arc::new(Gates::default());
        let large = noise(400_000, 7);
        let digest = Digest::of(&large).hex();
        let web = web(
            &gates,
            fs::read(bench.path("paper/labels.csv")).expect("labels"),
            large,
        );
        let at_git = Arc::clone(&gates);
        let git = GitServer::start(&bench.path("paper"), None, move |request| {
            let gates = Arc::clone(&at_git);
            match request.wants_pack() {
                true => Answer::PauseAfter(1, Arc::new(move || gates.pass("clone"))),
                false => Answer::Git,
            }
        });
        let repo = Repo::new(bench.path("paper/repository"));
        let before = repo.id("HEAD").to_string();
        // So that the pack comes in more than one piece.
        repo.write("weights.bin", noise(200_000, 3));
        let commit = repo.commit("Add weights").to_string();
        let text = fs::read_to_string(bench.path("paper/paper.toml")).expect("a manifest");
        let text = text
            .replace("{{repository}}", &git.address("repository/.git"))
            .replace("{{server}}", &web.url(""))
            .replace("{{large}}", &digest)
            .replace(&before, &commit);
        bench.write("paper/paper.toml", &text);
        Self {
            bench,
            gates,
            web,
            git,
        }
    }

    /// The manifest's text.
    pub(crate) fn manifest(&self) -> String {
        fs::read_to_string(self.bench.path("paper/paper.toml")).expect("a manifest")
    }

    /// How often the repository was asked for its content.
    pub(crate) fn clones(&self) -> usize {
        self.git
            .log()
            .iter()
            .filter(|request| request.wants_pack())
            .count()
    }

    /// Starts `reproof check --format json paper/paper.toml` in a process group of its own.
    pub(crate) fn start(&self) -> Going {
        Going::start(self.command(&["check", "--format", "json", "paper/paper.toml"]))
    }

    /// The program without the machine's proxies.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bench.command(arguments);
        without_proxies(&mut command);
        command
    }

    /// Runs a check to its end.
    pub(crate) fn check(&self) -> Ran {
        self.start().end()
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.bench.path("paper/.reproof/runs")
    }

    /// All folders of runs, oldest first.
    pub(crate) fn run_folders(&self) -> Vec<PathBuf> {
        let mut folders = entries(&self.runs());
        folders.sort();
        folders
    }

    /// Whether a run holds something at this path: `steps/sound/step.json`.
    pub(crate) fn any_run_has(&self, inside: &str) -> bool {
        self.run_folders().iter().any(|run| run.join(inside).exists())
    }

    /// Whether the cache holds the first bytes of a download.
    pub(crate) fn has_part_of_a_download(&self) -> bool {
        let parts = entries(&self.bench.path("cache/reproof/partial"));
        let length = |part: &PathBuf| fs::metadata(part.join("data")).map_or(0, |data| data.len());
        parts.iter().any(|part| length(part) > 0)
    }

    /// Nothing half-finished is there, and what is there is whole.
    #[track_caller]
    pub(crate) fn is_tidy(&self) {
        tidy(&self.runs());
        let cache = reproof::workspace::Cache::new(self.bench.path("cache/reproof"));
        let store = reproof::acquire::store::Store::new(&cache);
        for (kept, sound) in store.verify().expect("verified") {
            assert!(sound, "{kept:?}");
        }
        assert_eq!(entries(&cache.root().join("tmp")), Vec::<PathBuf>::new());
        assert_eq!(entries(&cache.root().join("partial")), Vec::<PathBuf>::new());
    }
}

/// Every run below `runs` has only what a finished run keeps.
#[track_caller]
pub(crate) fn tidy(runs: &Path) {
    for entry in walkdir::WalkDir::new(runs) {
        let path = entry.expect("an entry").into_path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let half = ["code", "code.part", "tree", "out", "unfinished"].contains(&name.as_str());
        assert!(!half && !name.starts_with(".tmp"), "{} is left", path.display());
        if name.ends_with(".json") && !path.to_string_lossy().contains("/outputs/") {
            let text = fs::read_to_string(&path).expect("read");
            serde_json::from_str::<Value>(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

/// What must be the same however often a check was killed on the way.
pub(crate) fn results(record: &Value) -> Value {
    let keys = [
        "id", "outcome", "exact", "score", "measured", "interval", "margin", "reason",
    ];
    let claims = record["claims"].as_array().expect("claims").iter();
    let claims = claims.map(|claim| keys.map(|key| claim[key].clone()));
    json!([claims.collect::<Vec<_>>(), record["verdict"], record["score"]])
}

fn web(gates: &Arc<Gates>, labels: Vec<u8>, large: Vec<u8>) -> Server {
    let gates = Arc::clone(gates);
    Server::new(move |asked, stream| match asked.path.as_str() {
        "/large.bin" => match asked.start() {
            Some(start) => say_range(stream, "\"v1\"", &large, start, usize::MAX),
            None => {
                say_part(stream, "\"v1\"", &large, 150_000);
                gates.pass("fetch");
                let _ = stream.write_all(&large[150_000..]);
            }
        },
        "/labels.csv" => say_part(stream, "\"v1\"", &labels, labels.len()),
        other => {
            gates.pass(other.trim_start_matches('/'));
            say_part(stream, "\"v1\"", b"go on", 5);
        }
    })
}

pub(crate) fn without_proxies(command: &mut Command) {
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
        .env_remove("SSL_CERT_FILE")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
}

pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// A program that runs, in a process group of its own.
pub(crate) struct Going {
    child: Child,
}

impl Going {
    pub(crate) fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        Self {
            child: command.spawn().expect("the program starts"),
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }

    /// Waits for its end.
    pub(crate) fn end(self) -> Ran {
        let output = self.child.wait_with_output().expect("the program ends");
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Sends a signal to it alone.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("sent");
    }

    /// Sends a signal to its whole process group, as a terminal does.
    pub(crate) fn signal_all(&self, signal: Signal) {
        kill_process_group(self.pid(), signal).expect("sent");
    }

    /// It and everything that it started.
    pub(crate) fn family(&self) -> BTreeSet<Process> {
        family(self.child.id())
    }

    /// Kills it, alone or with its group, and waits until nobody of its family is left.
    #[track_caller]
    pub(crate) fn kill(self, group: bool) {
        let family = self.family();
        if group {
            self.signal_all(Signal::KILL);
        } else {
            self.signal(Signal::KILL);
        }
        self.end();
        wait_for("the end of everything that was started", || {
            family.iter().all(|process| !process.lives())
        });
    }
}

/// A process, told from a later one with the same number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Process {
    pid: u32,
    started: String,
}

impl Process {
    fn of(pid: u32) -> Option<(Self, u32, bool)> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        let process = Self {
            pid,
            started: (*fields.get(19)?).to_owned(),
        };
        Some((process, fields.get(1)?.parse().ok()?, fields[0] == "Z"))
    }

    /// Whether it does anything still.
    pub(crate) fn lives(&self) -> bool {
        Self::of(self.pid).is_some_and(|(now, _, zombie)| now == *self && !zombie)
    }
}

fn family(root: u32) -> BTreeSet<Process> {
    let pids = entries(Path::new("/proc"));
    let pids = pids
        .iter()
        .filter_map(|path| path.file_name()?.to_str()?.parse().ok());
    let all: Vec<(Process, u32, bool)> = pids.filter_map(Process::of).collect();
    let mut inside = HashSet::from([root]);
    loop {
        let before = inside.len();
        inside.extend(
            all.iter()
                .filter(|(_, parent, _)| inside.contains(parent))
                .map(|(process, ..)| process.pid)
                .collect::<Vec<_>>(),
        );
        if inside.len() == before {
            break;
        }
    }
    all.into_iter()
        .map(|(process, ..)| process)
        .filter(|process| inside.contains(&process.pid))
        .collect()
}
