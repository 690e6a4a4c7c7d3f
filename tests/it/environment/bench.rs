//! What the tests of environments share: a host, a cache, an executor that confines nothing.

use std::fs::{self, File};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::Instant;

use reproof::acquire::http;
use reproof::environment::{
    self, Environment, EnvironmentError, Host, ResolvedEnvironment, Wanted, Workshop,
};
use reproof::execute::{
    Ending, Enforced, ExecuteError, Executor, Job, Local, Network, Outcome, Tier, Usage, Wanted as Confined,
};
use reproof::manifest::{AsOf, EnvironmentKind, EnvironmentSpec};
use reproof::observe::{Event, Observer};
use reproof::workspace::Cache;
use tempfile::TempDir;

/// Runs a job as it is, with the job's variables and its way to the network.
#[derive(Debug, Default)]
pub(super) struct Plain;

impl Executor for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn confinement(&self) -> &'static str {
        "none"
    }

    fn shows_mounts(&self) -> bool {
        false
    }

    fn run(&self, job: &Job, _: &dyn Observer) -> Result<Outcome, ExecuteError> {
        let start = Instant::now();
        let home = tempfile::tempdir().expect("a folder");
        let proxy = match &job.network {
            Network::Proxy(socket) => bridge(socket),
            Network::None | Network::Host => "http://127.0.0.1:9".to_owned(), // nobody answers there
        };
        let path: Vec<_> = job
            .path
            .iter()
            .cloned()
            .chain(["/usr/bin".into(), "/bin".into()])
            .collect();
        let program = Path::new(&job.argv[0]);
        let found = path
            .iter()
            .map(|folder| folder.join(program))
            .find(|path| path.exists());
        let status = Command::new(found.unwrap_or(program.to_owned()))
            .args(&job.argv[1..])
            .current_dir(&job.directory)
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", std::env::join_paths(path).expect("a path"))
            .envs(
                [
                    "ALL_PROXY",
                    "HTTPS_PROXY",
                    "HTTP_PROXY",
                    "all_proxy",
                    "https_proxy",
                    "http_proxy",
                ]
                .map(|name| (name, &proxy)),
            )
            .envs(&job.env)
            .stdin(Stdio::null())
            .stdout(File::create(&job.stdout).expect("a log"))
            .stderr(File::create(&job.stderr).expect("a log"))
            .status()
            .map_err(|cause| ExecuteError::Io {
                action: "start".to_owned(),
                cause,
            })?;
        Ok(Outcome {
            ending: if status.success() {
                Ending::Succeeded
            } else {
                Ending::Failed {
                    code: status.code().unwrap_or(-1),
                }
            },
            usage: Usage {
                wall: start.elapsed(),
                ..Usage::default()
            },
            enforced: Enforced {
                tier: Tier::None,
                measures: Default::default(),
            },
            attempts: Vec::new(),
        })
    }
}

/// A port of loopback that leads to `socket`, as a sandbox's init would make one. It stays until the tests end.
fn bridge(socket: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let socket = socket.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().filter_map(Result::ok) {
            let Ok(server) = UnixStream::connect(&socket) else {
                return;
            };
            let (from_client, to_server) = (
                client.try_clone().expect("a copy"),
                server.try_clone().expect("a copy"),
            );
            thread::spawn(move || pass(from_client, to_server));
            thread::spawn(move || pass_back(server, client));
        }
    });
    format!("http://{address}")
}

fn pass(mut from: TcpStream, mut to: UnixStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
}

fn pass_back(mut from: UnixStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// Remembers notes.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<Vec<String>>);

impl Notes {
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("a lock"))
    }
}

impl Observer for Notes {
    fn event(&self, event: Event<'_>) {
        if let Event::Note(text) = event {
            self.0.lock().expect("a lock").push(text.to_owned());
        }
    }
}

/// The host that runs the tests, without any uv of its own.
pub(super) fn bare_host() -> Host {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let mut host = Host::new(std::env::vars_os(), home);
    host.search.retain(|folder| !folder.join("uv").exists());
    host
}

/// How the network is reached from here.
pub(super) fn network() -> http::Network {
    let text = |names: [&str; 2]| {
        names
            .iter()
            .find_map(|name| std::env::var(name).ok())
            .filter(|value| !value.is_empty())
    };
    http::Network {
        authorities: std::env::var_os("SSL_CERT_FILE").map(PathBuf::from),
        https_proxy: text(["HTTPS_PROXY", "https_proxy"]),
        http_proxy: text(["HTTP_PROXY", "http_proxy"]),
        no_proxy: text(["NO_PROXY", "no_proxy"]),
        offline: false,
    }
}

/// The folder of the uv that reproof fetched, once for all runs of the tests.
static UV: LazyLock<PathBuf> = LazyLock::new(|| {
    let cache = Cache::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("environment-tools"));
    let bench = Bench {
        cache,
        host: bare_host(),
        ..Bench::empty()
    };
    let spec = bench.spec(&[]);
    bench.prepare(&spec, None, false).expect("an empty environment");
    let tools = fs::read_dir(bench.cache.tools()).expect("tools");
    tools
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.join("uv").exists())
        .expect("uv")
});

/// One test: a repository, a cache of its own, a host.
pub(super) struct Bench {
    pub(super) tree: TempDir,
    pub(super) cache: Cache,
    pub(super) host: Host,
    pub(super) network: http::Network,
    pub(super) notes: Notes,
    executor: Box<dyn Executor>,
    _folder: TempDir,
}

impl Bench {
    fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            tree: tempfile::tempdir().expect("a folder"),
            cache: Cache::new(folder.path().join("cache")),
            host: Host::default(),
            network: network(),
            notes: Notes::default(),
            executor: Box::new(Plain),
            _folder: folder,
        }
    }

    /// On a host that has uv.
    pub(super) fn new() -> Self {
        let mut host = bare_host();
        host.search.push(UV.clone());
        Self {
            host,
            ..Self::empty()
        }
    }

    /// On a host without uv.
    pub(super) fn without_uv() -> Self {
        Self {
            host: bare_host(),
            ..Self::empty()
        }
    }

    /// On a host that has uv, in the sandbox that users get.
    pub(super) fn confined() -> Self {
        let bench = Self::new();
        let scratch = bench.cache.scratch().expect("a folder");
        let program = PathBuf::from(env!("CARGO_BIN_EXE_reproof"));
        Self {
            executor: Box::new(Local {
                program,
                scratch,
                wanted: Confined::Full,
            }),
            ..bench
        }
    }

    /// Puts a file into the repository.
    pub(super) fn file(&self, name: &str, text: &str) {
        fs::write(self.tree.path().join(name), text).expect("written");
    }

    /// An isolated environment of Python 3.11 with these packages, as of the middle of 2023.
    pub(super) fn spec(&self, packages: &[&str]) -> EnvironmentSpec {
        EnvironmentSpec {
            kind: EnvironmentKind::Uv,
            python: Some("3.11".to_owned()),
            requirements: Vec::new(),
            packages: packages.iter().map(|text| (*text).to_owned()).collect(),
            as_of: AsOf::Date(jiff::civil::date(2023, 6, 1)),
        }
    }

    pub(super) fn workshop(&self) -> Workshop<'_> {
        Workshop {
            host: &self.host,
            cache: &self.cache,
            network: &self.network,
            executor: &*self.executor,
            observer: &self.notes,
        }
    }

    fn wanted<'a>(
        &'a self,
        spec: &'a EnvironmentSpec,
        locked: Option<&'a ResolvedEnvironment>,
        allow_builds: bool,
    ) -> Wanted<'a> {
        let committed = Some("2020-06-01T12:00:00Z".parse().expect("a time"));
        Wanted {
            spec,
            tree: self.tree.path(),
            committed,
            locked,
            allow_builds,
        }
    }

    pub(super) fn prepare(
        &self,
        spec: &EnvironmentSpec,
        locked: Option<&ResolvedEnvironment>,
        allow_builds: bool,
    ) -> Result<Environment, EnvironmentError> {
        environment::prepare(&self.wanted(spec, locked, allow_builds), &self.workshop())
    }

    pub(super) fn resolve(&self, spec: &EnvironmentSpec) -> Result<ResolvedEnvironment, EnvironmentError> {
        environment::resolve(&self.wanted(spec, None, false), &self.workshop())
            .map(|resolved| resolved.expect("uv's"))
    }

    /// What `python -c CODE` prints in `environment`.
    pub(super) fn python(&self, environment: &Environment, code: &str) -> String {
        let logs = tempfile::tempdir().expect("a folder");
        let job = Job {
            name: "python".to_owned(),
            argv: ["python", "-c", code].map(Into::into).to_vec(),
            directory: PathBuf::from("/"),
            mounts: environment.mounts.clone(),
            env: environment.env.clone(),
            path: environment.path.clone(),
            network: Network::None,
            limits: reproof::execute::Limits {
                wall: std::time::Duration::from_secs(60),
                memory: 1 << 30,
                processes: 64,
                log: 1 << 20,
                disk: 1 << 20,
            },
            stdout: logs.path().join("stdout"),
            stderr: logs.path().join("stderr"),
            gpus: 0,
        };
        let outcome = self.executor.run(&job, &self.notes).expect("started");
        let said = fs::read_to_string(&job.stderr).expect("a log");
        assert_eq!(outcome.ending, Ending::Succeeded, "{said}");
        fs::read_to_string(&job.stdout).expect("a log").trim().to_owned()
    }
}
