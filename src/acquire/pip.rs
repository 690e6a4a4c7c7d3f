//! The package client of this machine: `pip` of some Python, or else `uv`.
//!
//! It runs with a folder of its own as home, and sees of the caller's variables
//! only those that say how the index is reached ([`PASSED`]): what they select
//! is the user's business, and a variable such as `PIP_REQUIRE_VIRTUALENV` or
//! `PIP_TARGET`, which would change what is done here, is not passed. Only
//! wheels are accepted, so nothing of a package runs.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::error::printable;
use super::http::Network;
use super::package::Release;
use super::{AcquireError, Request};
use crate::observe::{Event, Observer};

/// What downloads packages on this machine.
#[derive(Clone, Debug, Default)]
pub struct PackageClient {
    /// Interpreters to try in this order; the first that has pip is used.
    pub pythons: Vec<PathBuf>,
    /// uv, where there is one; used when no interpreter has pip.
    pub uv: Option<PathBuf>,
    /// The caller's environment variables; of these only [`PASSED`] are seen by the client. A configuration file in
    /// the user's home is seen only if `PIP_CONFIG_FILE` or `UV_CONFIG_FILE` names it here, credentials only if
    /// `NETRC` does.
    pub variables: Vec<(String, String)>,
}

/// The variables that a package client sees.
pub static PASSED: &[&str] = &[
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_NO_INDEX",
    "PIP_FIND_LINKS",
    "PIP_TRUSTED_HOST",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_PROXY",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_TIMEOUT",
    "PIP_RETRIES",
    "PIP_CONFIG_FILE",
    "PIP_KEYRING_PROVIDER",
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INSECURE_HOST",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "UV_HTTP_TIMEOUT",
    "UV_CONFIG_FILE",
    "UV_KEYRING_PROVIDER",
    "NETRC",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSL_CLIENT_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// The most that a client may write to its log before it is ended.
const LOG_LIMIT: u64 = 16 << 20;

/// What the client brought.
#[derive(Debug)]
pub(super) enum Delivered {
    /// A wheel, still in the scratch folder.
    Wheel(PathBuf),
    /// The folder `tree` in the scratch folder holds the files of the package.
    Tree,
}

/// How a client ended.
enum Ending {
    Exited(ExitStatus),
    TimedOut,
    TalkedTooMuch,
    Cancelled,
}

/// Versions whose wheels are asked for where the client's own Python has none: what is wanted is a file in the
/// wheel, which is the same in all of them or is caught by its digest.
const OTHER_PYTHONS: [&str; 8] = ["3.13", "3.12", "3.11", "3.10", "3.9", "3.8", "3.7", "3.6"];

/// What pip says when there is no wheel for the Python that it runs in.
const NO_WHEEL: &str = "No matching distribution found";

/// Downloads the wheel of `release` into the empty folder `scratch`.
pub(super) fn download(
    release: &Release,
    request: &Request<'_>,
    scratch: &Path,
    observer: &dyn Observer,
) -> Result<Delivered, AcquireError> {
    let run = Run {
        release,
        request,
        scratch,
        observer,
    };
    for python in &request.context.packages.pythons {
        if let Some(delivered) = run.pip(python)? {
            return Ok(delivered);
        }
    }
    match &request.context.packages.uv {
        Some(uv) => run.uv(uv),
        None => Err(AcquireError::NoPackageClient {
            package: release.to_string(),
        }),
    }
}

struct Run<'a> {
    release: &'a Release,
    request: &'a Request<'a>,
    scratch: &'a Path,
    observer: &'a dyn Observer,
}

impl Run<'_> {
    /// `None` if this Python has no pip, or is none.
    fn pip(&self, python: &Path) -> Result<Option<Delivered>, AcquireError> {
        let client = format!("{} -m pip", python.display());
        let Some((ending, log)) = self.ask_pip(python, None, &client)? else {
            return Ok(None);
        };
        if log.contains("No module named pip") {
            return Ok(None);
        }
        let mut last = (ending, log);
        for other in OTHER_PYTHONS {
            if !last.1.contains(NO_WHEEL) {
                break;
            }
            let Some((ending, log)) = self.ask_pip(python, Some(other), &client)? else {
                break;
            };
            // The first answer is the one that names what there is.
            if !log.contains(NO_WHEEL) {
                last = (ending, log);
            }
        }
        self.judge(&client, &last.0, &last.1)?;
        let found = self
            .wheel_in(&self.folder("wheels")?)
            .map_err(AcquireError::cache("read a folder"))?;
        let missing = || self.failed(&client, "it ended well, but left no wheel of that name");
        found.map(|path| Some(Delivered::Wheel(path))).ok_or_else(missing)
    }

    /// Asks for the wheel for this Python, or for another version of it.
    fn ask_pip(
        &self,
        python: &Path,
        version: Option<&str>,
        client: &str,
    ) -> Result<Option<(Ending, String)>, AcquireError> {
        let wheels = self.folder("wheels")?;
        let mut command = Command::new(python);
        command.args([
            "-I",
            "-m",
            "pip",
            "--no-input",
            "--disable-pip-version-check",
            "download",
        ]);
        command.args([
            "--no-deps",
            "--only-binary=:all:",
            "--no-cache-dir",
            "--progress-bar=off",
            "--dest",
        ]);
        command.arg(&wheels);
        if let Some(version) = version {
            command.args(["--python-version", version]);
        }
        command.arg("--").arg(self.release.to_string());
        self.run(command, client)
    }

    fn uv(&self, uv: &Path) -> Result<Delivered, AcquireError> {
        let mut command = Command::new(uv);
        command.args([
            "--no-progress",
            "--no-python-downloads",
            "pip",
            "install",
            "--no-deps",
            "--only-binary=:all:",
        ]);
        command
            .arg("--cache-dir")
            .arg(self.request.context.cache.root().join("uv"));
        command.arg("--target").arg(self.scratch.join("tree"));
        if let Some(python) = self.request.context.packages.pythons.first() {
            command.arg("--python").arg(python);
        }
        command.arg("--").arg(self.release.to_string());
        let client = format!("{} pip install", uv.display());
        let Some((ending, log)) = self.run(command, &client)? else {
            return Err(AcquireError::NoPackageClient {
                package: self.release.to_string(),
            });
        };
        self.judge(&client, &ending, &log)?;
        Ok(Delivered::Tree)
    }

    fn folder(&self, name: &str) -> Result<PathBuf, AcquireError> {
        let folder = self.scratch.join(name);
        fs::create_dir_all(&folder).map_err(AcquireError::cache("make a folder"))?;
        Ok(folder)
    }

    /// Runs a client to its end; `None` if the program does not start at all.
    fn run(&self, mut command: Command, client: &str) -> Result<Option<(Ending, String)>, AcquireError> {
        let disk = AcquireError::cache("make a log");
        let log = tempfile::tempfile_in(self.scratch).map_err(&disk)?;
        let (out, err) = (log.try_clone().map_err(&disk)?, log.try_clone().map_err(&disk)?);
        self.surround(&mut command)?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let note = format!("downloading the wheel of {} with `{client}`", self.release);
        self.observer.event(Event::Note(&note));
        let Ok(child) = command.spawn() else {
            return Ok(None);
        };
        let ending = self
            .attend(Guard(child), &log)
            .map_err(AcquireError::cache("wait for a program"))?;
        if matches!(ending, Ending::Cancelled) {
            return Err(self.request.cancelled());
        }
        Ok(Some((ending, tail(log).map_err(&disk)?)))
    }

    /// Everything that the client sees besides its arguments.
    fn surround(&self, command: &mut Command) -> Result<(), AcquireError> {
        let (home, tmp) = (self.folder("home")?, self.folder("tmp")?);
        command.env_clear().current_dir(self.scratch).process_group(0);
        command.envs(from_network(&self.request.context.network));
        let variables = &self.request.context.packages.variables;
        let passed = variables
            .iter()
            .filter(|(name, _)| PASSED.contains(&name.as_str()));
        command.envs(passed.map(|(name, value)| (name, value)));
        command
            .env("HOME", home)
            .env("TMPDIR", tmp)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command
            .env("LANG", "C.UTF-8")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NO_COLOR", "1");
        Ok(())
    }

    fn attend(&self, mut child: Guard, log: &File) -> io::Result<Ending> {
        let started = Instant::now();
        loop {
            if let Some(status) = child.0.try_wait()? {
                return Ok(Ending::Exited(status));
            }
            if self.observer.cancelled() {
                return Ok(Ending::Cancelled);
            }
            if started.elapsed() >= self.request.context.limits.package {
                return Ok(Ending::TimedOut);
            }
            if log.metadata()?.len() > LOG_LIMIT {
                return Ok(Ending::TalkedTooMuch);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn judge(&self, client: &str, ending: &Ending, log: &str) -> Result<(), AcquireError> {
        let how = match ending {
            Ending::Exited(status) if status.success() => return Ok(()),
            Ending::Exited(status) => status.to_string(),
            Ending::TimedOut => format!("it took longer than {:?}", self.request.context.limits.package),
            Ending::TalkedTooMuch => "it wrote without end".to_owned(),
            Ending::Cancelled => "it was cancelled".to_owned(),
        };
        Err(self.failed(client, &format!("{how}\n{}", printable(log.trim(), 2000))))
    }

    fn failed(&self, client: &str, why: &str) -> AcquireError {
        let (client, package) = (client.to_owned(), self.release.to_string());
        AcquireError::PackageClient {
            client,
            package,
            why: why.to_owned(),
        }
    }

    fn wheel_in(&self, folder: &Path) -> io::Result<Option<PathBuf>> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && entry
                    .file_name()
                    .to_str()
                    .is_some_and(|name| self.release.owns(name))
            {
                return Ok(Some(entry.path()));
            }
        }
        Ok(None)
    }
}

/// What we know of the network ourselves, for a client that was not told otherwise.
fn from_network(network: &Network) -> Vec<(&'static str, String)> {
    let authorities = network
        .authorities
        .as_ref()
        .map(|path| path.display().to_string());
    let known = [
        ("https_proxy", network.https_proxy.clone()),
        ("http_proxy", network.http_proxy.clone()),
        ("no_proxy", network.no_proxy.clone()),
        ("PIP_CERT", authorities.clone()),
        ("SSL_CERT_FILE", authorities),
    ];
    known
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// The last 64 KiB of a log.
fn tail(mut log: File) -> io::Result<String> {
    let length = log.metadata()?.len();
    log.seek(SeekFrom::Start(length.saturating_sub(64 * 1024)))?;
    let mut bytes = Vec::new();
    log.take(64 * 1024).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Ends the whole process group when it goes out of scope before its leader has ended.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // Once the leader has been waited for, its number may be another's.
        if !matches!(self.0.try_wait(), Ok(None)) {
            return;
        }
        if let Some(group) = i32::try_from(self.0.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.0.wait();
    }
}
