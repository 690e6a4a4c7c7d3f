//! What the user's environment says: the only place that reads variables and the home folder.
#![expect(
    clippy::disallowed_methods,
    reason = "the command line reads the environment so that the library need not"
)]

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use reproof::acquire::http::Network;
use reproof::acquire::{PackageClient, git};
use reproof::environment::{self, Host, PythonWanted};
use reproof::execute::{Local, Wanted};
use reproof::pipeline;
use reproof::workspace::Cache;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::terminal::Terminal;
use super::{Confinement, Global, Sandbox, commands};

/// Where everything lies on this machine, and how it reaches the network.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The cache.
    pub(crate) cache: Cache,
    /// The network.
    pub(crate) network: Network,
    /// Interpreters, tools, and how the package client is configured.
    pub(crate) host: Host,
    /// Our own program, which is started again as the inside of a sandbox.
    pub(crate) program: PathBuf,
    git: git::Settings,
    packages: PackageClient,
    here: PathBuf,
}

impl Settings {
    /// Reads the environment; what is not set has the usual default.
    pub(crate) fn from_environment(global: &Global, terminal: &Terminal) -> Self {
        let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let cache = global.cache_dir.clone().unwrap_or_else(default_cache);
        let network = network(global.offline);
        let mut host = Host::new(env::vars_os(), absolute_variable("HOME"));
        host.python = global.python.as_ref().map(|path| here.join(path));
        host.package_hosts.clone_from(&global.package_host);
        Self {
            cache: Cache::new(here.join(cache)),
            git: git_settings(&network, terminal),
            packages: packages(&host),
            program: env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe")),
            network,
            host,
            here,
        }
    }

    /// What runs steps.
    pub(crate) fn executor(&self, confinement: Confinement) -> Local {
        let wanted = match (confinement.no_sandbox, confinement.sandbox) {
            (true, _) => Wanted::None,
            (false, Sandbox::Landlock) => Wanted::AtLeastLandlock,
            (false, Sandbox::Full) => Wanted::Full,
        };
        Local {
            program: self.program.clone(),
            scratch: self.cache.root().join("tmp"),
            wanted,
        }
    }

    /// What a check stands on.
    pub(crate) fn ground<'a>(&'a self, executor: &'a Local, fresh: bool) -> pipeline::Settings<'a> {
        pipeline::Settings {
            cache: &self.cache,
            network: &self.network,
            git: &self.git,
            host: &self.host,
            packages: &self.packages,
            executor,
            fresh,
            now: commands::now(),
        }
    }

    /// `path`, absolute.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        self.here.join(path)
    }
}

/// Whether the user set `NO_COLOR` to anything.
pub(crate) fn no_color() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Makes the first interrupt a request to stop and the second one final.
pub(crate) fn watch_signals(terminal: &Terminal) -> io::Result<()> {
    let flag = terminal.cancel_flag();
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, terminal.cancel_flag())?;
        signal_hook::flag::register(signal, terminal.cancel_flag())?;
    }
    flag.store(false, Ordering::Relaxed);
    Ok(())
}

fn default_cache() -> PathBuf {
    let base = absolute_variable("XDG_CACHE_HOME")
        .or_else(|| absolute_variable("HOME").map(|home| home.join(".cache")));
    base.unwrap_or_else(env::temp_dir).join("reproof")
}

fn absolute_variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

/// The user's git configuration; one that makes no sense is said and passed over.
fn git_settings(network: &Network, terminal: &Terminal) -> git::Settings {
    let global = env::var_os("GIT_CONFIG_GLOBAL").map(PathBuf::from);
    let files = match global {
        Some(file) => vec![file],
        None => git::Configuration::user_files(),
    };
    let files: Vec<PathBuf> = files.into_iter().filter(|file| file.is_file()).collect();
    let configuration = git::Configuration::read(&files).unwrap_or_else(|error| {
        terminal.message(
            "warning",
            "33",
            &format!("the git configuration is passed over: {error}"),
        );
        git::Configuration::default()
    });
    git::Settings {
        network: network.clone(),
        configuration,
        ssh: variable(&["GIT_SSH_COMMAND"]),
        limits: git::Limits::default(),
    }
}

/// Interpreters that may have pip, newest first, and uv if there is one.
fn packages(host: &Host) -> PackageClient {
    let any: Option<PythonWanted> = "3".parse().ok();
    let mut found = environment::find(host, any.as_ref());
    found.sort_by_key(|python| std::cmp::Reverse(python.version));
    PackageClient {
        pythons: found.into_iter().map(|python| python.executable).collect(),
        uv: host.program("uv"),
        variables: env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
    }
}

fn network(offline: bool) -> Network {
    Network {
        authorities: variable(&["SSL_CERT_FILE"]).map(PathBuf::from),
        https_proxy: variable(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        http_proxy: variable(&["http_proxy", "all_proxy", "ALL_PROXY"]),
        no_proxy: variable(&["no_proxy", "NO_PROXY"]),
        offline,
    }
}

fn variable(names: &[&str]) -> Option<String> {
    let set = names
        .iter()
        .filter_map(env::var_os)
        .filter_map(|value: OsString| value.into_string().ok());
    set.into_iter().find(|value| !value.is_empty())
}
