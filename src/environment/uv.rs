//! uv: finding it, and running it confined.
//!
//! It never reads a configuration file, never downloads an interpreter, keeps its
//! cache in ours, and copies out of it: a link would let code that can write its
//! environment change the cache of every other paper.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::error::EnvironmentError;
use super::index::Indexes;
use super::proxy::{Contact, Policy, Proxy, Target};
use super::python::{Interpreter, is_program};
use super::{Workshop, bootstrap, tool};
use crate::execute::{Ending, Enforced, Job, Limits, Mount, Network, Outcome};
use crate::observe::Event;

/// The oldest version whose options and messages are known, and the first that is too new.
const ACCEPTED: (Version, Version) = ((0, 5, 0), (1, 0, 0));

type Version = (u32, u32, u32);

/// What a run of uv may use. Builds of large packages are what needs so much.
const LIMITS: Limits = Limits {
    wall: Duration::from_secs(3600),
    memory: 16 << 30,
    processes: 2048,
    log: 64 << 20,
    disk: 64 << 30,
};

/// A usable uv.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Uv {
    /// Where it lies; links resolved.
    pub(super) path: PathBuf,
    /// Its version.
    pub(super) version: String,
}

impl Uv {
    /// uv from the search path, else from the tools folder, else fetched.
    pub(super) fn find(workshop: &Workshop<'_>) -> Result<Self, EnvironmentError> {
        if let Some(found) = Self::present(workshop) {
            return Ok(found);
        }
        let path = bootstrap::fetch(workshop)?;
        Self::just_written(&path).ok_or_else(|| EnvironmentError::NoUv {
            why: format!("`{}` does not run", path.display()),
        })
    }

    /// The uv at `path`, which was written a moment ago: a child that another thread was starting meanwhile may
    /// hold it open for writing until it runs its own program, and so long it cannot be run ("text file busy").
    fn just_written(path: &Path) -> Option<Self> {
        const TRIES: u32 = 40;
        (0..TRIES).find_map(|attempt| {
            if attempt > 0 {
                std::thread::sleep(Duration::from_millis(50));
            }
            Self::at(path)
        })
    }

    /// uv where it is already there.
    pub(super) fn present(workshop: &Workshop<'_>) -> Option<Self> {
        let candidates = workshop
            .host
            .program("uv")
            .into_iter()
            .chain([bootstrap::place(&workshop.cache.tools())]);
        candidates
            .filter_map(|path| Self::at(&path))
            .find(Self::is_accepted)
    }

    /// The uv at `path`, whatever its version.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let path = fs::canonicalize(path).ok().filter(|path| is_program(path))?;
        let output = ask(&path, &["--version"])?;
        let version = output.split_whitespace().nth(1)?.to_owned();
        Some(Self { path, version })
    }

    /// Whether its options and messages are known.
    pub(super) fn is_accepted(&self) -> bool {
        numbers(&self.version).is_some_and(|version| (ACCEPTED.0..ACCEPTED.1).contains(&version))
    }

    /// The index that it uses when nothing is configured, as its own help says.
    fn builtin_index(&self) -> Option<String> {
        let help = ask(&self.path, &["pip", "compile", "--help", "--color", "never"])?;
        let from = &help[help.find("--default-index")?..];
        let from = &from[from.find("https://")?..];
        let end = from.find(|letter: char| matches!(letter, '>' | ']' | ')') || letter.is_whitespace())?;
        Some(from[..end].to_owned())
    }
}

fn numbers(version: &str) -> Option<Version> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

fn ask(path: &Path, arguments: &[&str]) -> Option<String> {
    let arguments = [&["--no-config"], arguments].concat();
    tool::ask(path, &arguments, Duration::from_secs(30))
}

/// What a run of uv said.
#[derive(Debug)]
pub(super) struct Ran {
    /// Whether it ended with code 0.
    pub(super) ok: bool,
    /// The beginning and the end of what it wrote to standard error.
    pub(super) said: String,
    /// Hosts that it asked for.
    pub(super) contacts: BTreeMap<Target, Contact>,
}

/// What runs of the installer reached, and what held them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Every host that was asked for.
    pub contacts: BTreeMap<Target, Contact>,
    /// What was enforced in the last run; `None` where nothing had to be run.
    pub enforced: Option<Enforced>,
}

impl Trace {
    fn add(&mut self, contacts: &BTreeMap<Target, Contact>) {
        for (target, contact) in contacts {
            self.contacts.entry(target.clone()).or_default().add(contact);
        }
    }

    /// Adds what a later one saw.
    pub(super) fn join(&mut self, later: Self) {
        self.add(&later.contacts);
        self.enforced = later.enforced.or_else(|| self.enforced.take());
    }
}

/// Whose packages a run may touch, and so which cache it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// No code of a package runs: the cache that all papers share.
    WheelsOnly,
    /// Packages may be built: a cache that is thrown away.
    Builds,
}

/// Runs uv for one environment, each time confined to what it needs.
pub(super) struct Installer<'a> {
    workshop: &'a Workshop<'a>,
    uv: Uv,
    interpreter: &'a Interpreter,
    indexes: Indexes,
    policy: Option<Policy>,
    packages: Vec<String>,
    work: TempDir,
    private_cache: PathBuf,
    trace: Trace,
}

impl<'a> Installer<'a> {
    /// An installer for `interpreter`; `packages` are names that an index can be asked about.
    pub(super) fn new(
        workshop: &'a Workshop<'a>,
        interpreter: &'a Interpreter,
        packages: Vec<String>,
    ) -> Result<Self, EnvironmentError> {
        let uv = Uv::find(workshop)?;
        let work = workshop.scratch()?;
        for folder in ["in", "logs", "cache"] {
            let path = work.path().join(folder);
            fs::create_dir(&path).map_err(EnvironmentError::io("make", &path))?;
        }
        let private_cache = work.path().join("cache");
        let indexes = Indexes::of(workshop.host);
        Ok(Self {
            workshop,
            uv,
            interpreter,
            indexes,
            policy: None,
            packages,
            work,
            private_cache,
            trace: Trace::default(),
        })
    }

    /// uv's version.
    pub(super) fn version(&self) -> &str {
        &self.uv.version
    }

    /// What the runs so far reached, and what held them.
    pub(super) fn trace(&self) -> Trace {
        self.trace.clone()
    }

    /// A path in the folder that uv reads its lists from and writes its answers to.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.work.path().join("in").join(name)
    }

    /// Runs uv with `arguments`; `writable` are folders that it changes, `online` whether it may fetch.
    pub(super) fn run(
        &mut self,
        action: &'static str,
        arguments: Vec<OsString>,
        trust: Trust,
        writable: &[&Path],
        online: bool,
    ) -> Result<Ran, EnvironmentError> {
        // An executor may give a job its writable folders as its own: one job at a time in what all share.
        let shared = trust == Trust::WheelsOnly;
        let _lock = shared.then(|| self.workshop.lock("uv-cache")).transpose()?;
        let cache = self.cache(trust)?;
        let proxy = self.proxy(online)?;
        let argv = self.argv(arguments, &cache);
        let job = self.job(action, argv, &[writable, &[&cache]].concat(), proxy.as_ref());
        let outcome = self.execute(action, &job)?;
        self.trace.enforced = Some(outcome.enforced);
        let ok = outcome.ending == Ending::Succeeded;
        let said = self.clean(&said(&job.stderr));
        let contacts = proxy.map(|proxy| proxy.contacts()).unwrap_or_default();
        self.trace.add(&contacts);
        Ok(Ran { ok, said, contacts })
    }

    /// The folder with the cache for this much trust; made if need be.
    fn cache(&self, trust: Trust) -> Result<PathBuf, EnvironmentError> {
        let cache = match trust {
            Trust::WheelsOnly => self.workshop.cache.root().join("uv"),
            Trust::Builds => self.private_cache.clone(),
        };
        fs::create_dir_all(&cache).map_err(EnvironmentError::io("make", &cache))?;
        Ok(cache)
    }

    /// A proxy to the package hosts, which are found out once.
    fn proxy(&mut self, online: bool) -> Result<Option<Proxy>, EnvironmentError> {
        if !online || self.workshop.network.offline {
            return Ok(None);
        }
        if self.policy.is_none() {
            let builtin = self.uv.builtin_index();
            self.policy = Some(self.indexes.policy(
                builtin.as_deref(),
                &self.packages,
                self.workshop.host,
                self.workshop.network,
            ));
        }
        let policy = self.policy.clone().unwrap_or_default();
        let folder = self.work.path();
        let proxy = Proxy::start(policy, self.workshop.network, folder)
            .map_err(EnvironmentError::io("start a proxy in", folder))?;
        Ok(Some(proxy))
    }

    /// uv's own options, those of the run behind them.
    fn argv(&self, arguments: Vec<OsString>, cache: &Path) -> Vec<OsString> {
        let mut argv: Vec<OsString> = vec![self.uv.path.clone().into()];
        argv.extend(["--no-config", "--no-progress", "--color", "never", "--cache-dir"].map(OsString::from));
        argv.push(cache.into());
        argv.extend(self.workshop.network.offline.then(|| "--offline".into()));
        argv.extend(arguments);
        argv
    }

    /// Compiles all modules below `folder`, so that steps, which cannot write there, need not each time.
    ///
    /// By the interpreter itself and without the packages' own start-up files: none of their code runs.
    /// A module that does not compile is left as it is.
    pub(super) fn compile(&mut self, folder: &Path) -> Result<(), EnvironmentError> {
        const ACTION: &str = "compile the packages";
        // Packages' own tests are a good part of them, and no step runs them.
        const TESTS: &str = "site-packages/.*/tests?/";
        let mut argv = vec![OsString::from(&self.interpreter.base_executable)];
        argv.extend(["-E", "-s", "-S", "-m", "compileall", "-q", "-j", "0", "-x", TESTS].map(OsString::from));
        argv.push(folder.into());
        let job = self.job(ACTION, argv, &[folder], None);
        self.execute(ACTION, &job).map(|_| ())
    }

    /// Runs a job of ours to its own end, and says so.
    fn execute(&self, action: &'static str, job: &Job) -> Result<Outcome, EnvironmentError> {
        let observer = self.workshop.observer;
        observer.event(Event::Began(action));
        let outcome = self.workshop.executor.run(job, observer);
        let outcome = outcome.map_err(|cause| EnvironmentError::Execute { action, cause })?;
        let took = outcome.usage.wall.as_secs_f64();
        let done = if outcome.ending == Ending::Succeeded {
            "done"
        } else {
            "ended without success"
        };
        let how = format!("{done} after {took:.1} s");
        observer.event(Event::Ended {
            what: action,
            how: &how,
        });
        stopped(action, &outcome.ending).map_or(Ok(outcome), Err)
    }

    fn job(
        &self,
        action: &'static str,
        argv: Vec<OsString>,
        writable: &[&Path],
        proxy: Option<&Proxy>,
    ) -> Job {
        let input = self.work.path().join("in");
        let mut env = self.indexes.variables(self.workshop.host);
        env.insert("UV_PYTHON_DOWNLOADS".to_owned(), "never".into());
        env.insert("UV_LINK_MODE".to_owned(), "copy".into());
        let logs = self.work.path().join("logs");
        Job {
            name: action.to_owned(),
            argv,
            mounts: self.mounts(&[writable, &[&input]].concat()),
            directory: input,
            env,
            path: Vec::new(),
            network: proxy.map_or(Network::None, |proxy| Network::Proxy(proxy.socket().to_owned())),
            limits: LIMITS,
            stdout: logs.join("stdout"),
            stderr: logs.join("stderr"),
            gpus: 0,
        }
    }

    fn mounts(&self, writable: &[&Path]) -> Vec<Mount> {
        let mut mounts: Vec<Mount> = writable.iter().map(|path| mount(path, true)).collect();
        let mut seen = vec![self.uv.path.clone()];
        seen.extend(self.interpreter.folders());
        seen.extend(self.indexes.folders());
        seen.extend(authorities(&self.indexes, self.workshop));
        mounts.extend(seen.iter().map(|path| mount(path, false)));
        mounts.sort_by(|one, other| one.inside.cmp(&other.inside));
        mounts.dedup_by(|later, kept| later.inside == kept.inside);
        mounts
    }

    /// uv's words without the paths of our own scratch folder.
    fn clean(&self, text: &str) -> String {
        let input = format!("{}/", self.work.path().join("in").display());
        let work = format!("{}/", self.work.path().display());
        super::requirements::redact(&text.replace(&input, "").replace(&work, ""))
    }
}

/// `path`, shown at its own place; what it leads to if it is a link.
pub(super) fn mount(path: &Path, writable: bool) -> Mount {
    Mount {
        host: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        inside: path.to_owned(),
        writable,
    }
}

/// Files and folders with the certificate authorities of this machine.
fn authorities(indexes: &Indexes, workshop: &Workshop<'_>) -> Vec<PathBuf> {
    const USUAL: [&str; 3] = ["/etc/ssl", "/etc/pki", "/etc/ca-certificates"];
    let folders = workshop
        .host
        .variables
        .get("SSL_CERT_DIR")
        .map(|text| std::env::split_paths(text).collect::<Vec<_>>());
    let usual: Vec<PathBuf> = USUAL
        .iter()
        .map(PathBuf::from)
        .filter(|path| path.is_dir())
        .collect();
    let own = indexes
        .certificate
        .clone()
        .into_iter()
        .chain(folders.into_iter().flatten());
    let own = own.filter(|path| {
        path.is_absolute() && path.exists() && !usual.iter().any(|folder| path.starts_with(folder))
    });
    own.chain(usual.iter().cloned()).collect()
}

/// The error of a run that did not end by itself.
fn stopped(action: &'static str, ending: &Ending) -> Option<EnvironmentError> {
    let how = match ending {
        Ending::Succeeded | Ending::Failed { .. } => return None,
        Ending::Cancelled => return Some(EnvironmentError::Cancelled),
        Ending::TimedOut => format!("ran past {} minutes", LIMITS.wall.as_secs() / 60),
        Ending::OutOfMemory => "ran out of memory".to_owned(),
        Ending::TooMuchOutput => "wrote too much".to_owned(),
        Ending::TooMuchDisk => "needed too much disk space".to_owned(),
        Ending::HostDiskFull => "found the disk full".to_owned(),
        Ending::Killed { signal } => format!("was killed by signal {signal}"),
    };
    Some(EnvironmentError::Stopped { action, ending: how })
}

/// The beginning and the end of a log, as text.
fn said(log: &Path) -> String {
    use std::io::{Read as _, Seek as _, SeekFrom};
    const PART: u64 = 32 * 1024;
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = fs::File::open(log)?;
        let mut bytes = Vec::new();
        let length = file.metadata()?.len();
        (&mut file).take(PART).read_to_end(&mut bytes)?;
        if length > 2 * PART {
            bytes.extend_from_slice("\n…\n".as_bytes());
            file.seek(SeekFrom::End(-i64::try_from(PART).unwrap_or(0)))?;
        }
        file.take(PART).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_out_of_range_are_not_used() {
        let uv = |version: &str| Uv {
            path: PathBuf::new(),
            version: version.to_owned(),
        };
        for good in ["0.5.0", "0.13.9", "0.99.0"] {
            assert!(uv(good).is_accepted(), "{good}");
        }
        for bad in ["0.4.30", "1.0.0", "nightly", ""] {
            assert!(!uv(bad).is_accepted(), "{bad}");
        }
    }

    #[test]
    fn of_a_long_log_both_ends_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        fs::write(&log, format!("first{}last", "x".repeat(200_000))).expect("written");
        let text = said(&log);
        assert!(text.starts_with("first") && text.ends_with("last") && text.contains('…'));
        fs::write(&log, "short").expect("written");
        assert_eq!(said(&log), "short");
        assert_eq!(said(Path::new("/gone")), "");
    }
}
