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
use reproof::workspace::Cache;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Global;
use super::terminal::Terminal;

/// Where everything lies on this machine, and how it reaches the network.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The cache.
    pub(crate) cache: Cache,
    /// The network.
    pub(crate) network: Network,
    /// The folder in which the user stands.
    pub(crate) here: PathBuf,
}

impl Settings {
    /// Reads the environment; what is not set has the usual default.
    pub(crate) fn from_environment(global: &Global) -> Self {
        let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let cache = global.cache_dir.clone().unwrap_or_else(default_cache);
        Self {
            cache: Cache::new(here.join(cache)),
            network: network(global.offline),
            here,
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
