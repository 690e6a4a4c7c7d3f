//! What the environment stage may know of its surroundings.
//!
//! The library reads no environment variable and no home folder: the command
//! line hands them over, and [`Host::new`] keeps the few that matter.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Where this machine keeps interpreters and tools, and how its user configured the package client.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Folders in which programs are looked up, in order; absolute.
    pub search: Vec<PathBuf>,
    /// An interpreter that the user names: it comes before all others.
    pub python: Option<PathBuf>,
    /// Folders of pyenv, each with a folder `versions`.
    pub pyenv: Vec<PathBuf>,
    /// Folders in which uv keeps interpreters.
    pub uv_pythons: Vec<PathBuf>,
    /// Folders of conda installations, each perhaps with a folder `envs`.
    pub conda: Vec<PathBuf>,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// Environment variables that configure pip, uv, proxies, certificates, and where run-time libraries lie.
    pub variables: BTreeMap<String, OsString>,
    /// Configuration files of pip, later ones win; they need not exist.
    pub pip_files: Vec<PathBuf>,
    /// Configuration files of uv, later ones win; they need not exist.
    pub uv_files: Vec<PathBuf>,
    /// Hosts that packages may be fetched from besides those of the index, as `name` or `name:port`.
    pub package_hosts: Vec<String>,
}

/// Variables that are kept by name.
const NAMES: [&str; 18] = [
    "ALL_PROXY",
    "CONDA_PREFIX",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LIBTORCH",
    "NO_PROXY",
    "ORT_DYLIB_PATH",
    "REPROOF_LIBTORCH",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SSL_CLIENT_CERT",
    "VIRTUAL_ENV",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "CURL_CA_BUNDLE",
];

/// Variables that are kept by how they begin.
const PREFIXES: [&str; 2] = ["PIP_", "UV_"];

impl Host {
    /// The host that these environment variables and this home describe.
    ///
    /// Of the variables only those that configure package clients, proxies and
    /// certificates are kept.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>, home: Option<PathBuf>) -> Self {
        let all: BTreeMap<String, OsString> = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let path = |name: &str| all.get(name).map(PathBuf::from);
        let at_home = |below: &str| home.as_ref().map(|home| home.join(below));
        let data = path("XDG_DATA_HOME").or_else(|| at_home(".local/share"));
        let config = path("XDG_CONFIG_HOME").or_else(|| at_home(".config"));
        Self {
            search: all.get("PATH").map(|text| search_path(text)).unwrap_or_default(),
            python: None,
            pyenv: present([path("PYENV_ROOT"), at_home(".pyenv")]),
            uv_pythons: present([
                path("UV_PYTHON_INSTALL_DIR"),
                data.map(|data| data.join("uv/python")),
            ]),
            conda: conda(&path, &at_home),
            pip_files: present([
                Some(PathBuf::from("/etc/xdg/pip/pip.conf")),
                Some(PathBuf::from("/etc/pip.conf")),
                at_home(".pip/pip.conf"),
                config.as_ref().map(|config| config.join("pip/pip.conf")),
                path("VIRTUAL_ENV").map(|folder| folder.join("pip.conf")),
                path("PIP_CONFIG_FILE"),
            ]),
            uv_files: present([
                Some(PathBuf::from("/etc/uv/uv.toml")),
                config.map(|config| config.join("uv/uv.toml")),
                path("UV_CONFIG_FILE"),
            ]),
            package_hosts: Vec::new(),
            variables: all.into_iter().filter(|(name, _)| is_kept(name)).collect(),
            home,
        }
    }

    /// The value of a variable that was kept, if it is text.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .and_then(|value| value.to_str())
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    /// The first file called `name` in the search path that can be run and is no pyenv shim.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let shims: Vec<_> = self.pyenv.iter().map(|root| root.join("shims")).collect();
        let folders = self.search.iter().filter(|folder| !shims.contains(folder));
        folders
            .map(|folder| folder.join(name))
            .find(|path| is_executable(path))
    }
}

fn is_kept(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Absolute folders only: a relative one means another place in every folder.
fn search_path(text: &OsStr) -> Vec<PathBuf> {
    std::env::split_paths(text)
        .filter(|folder| folder.is_absolute())
        .collect()
}

fn present<const N: usize>(paths: [Option<PathBuf>; N]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for path in paths.into_iter().flatten() {
        if path.is_absolute() && !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

/// Where conda is usually put, and the one that is active.
fn conda(path: &dyn Fn(&str) -> Option<PathBuf>, at_home: &dyn Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    present([
        path("CONDA_PREFIX"),
        path("MAMBA_ROOT_PREFIX"),
        at_home("miniconda3"),
        at_home("anaconda3"),
        at_home("miniforge3"),
        at_home("mambaforge"),
        at_home("micromamba"),
        Some(PathBuf::from("/opt/conda")),
    ])
}

/// Whether `path` is a file that somebody may run.
pub(super) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_variables_only_those_of_package_clients_and_the_network_are_kept() {
        let variables = [
            ("PATH", "/usr/bin:relative:/bin"),
            ("PIP_INDEX_URL", "https://index.example/simple"),
            ("UV_INDEX", ""),
            ("HTTPS_PROXY", "http://proxy.example:3128"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("HOME", "/elsewhere"),
        ];
        let variables = variables.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let host = Host::new(variables, Some(PathBuf::from("/home/anna")));
        assert_eq!(host.search, [PathBuf::from("/usr/bin"), PathBuf::from("/bin")]);
        assert_eq!(
            host.variables.keys().collect::<Vec<_>>(),
            ["HTTPS_PROXY", "PIP_INDEX_URL"]
        );
        assert_eq!(host.pyenv, [PathBuf::from("/home/anna/.pyenv")]);
        assert_eq!(
            host.uv_pythons,
            [PathBuf::from("/home/anna/.local/share/uv/python")]
        );
        assert!(
            host.pip_files
                .contains(&PathBuf::from("/home/anna/.config/pip/pip.conf"))
        );
    }

    #[test]
    fn pyenv_shims_are_not_programs() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let shims = folder.path().join("shims");
        let bin = folder.path().join("bin");
        for folder in [&shims, &bin] {
            std::fs::create_dir(folder).expect("made");
            std::fs::write(folder.join("uv"), "#!/bin/sh\n").expect("written");
            std::fs::set_permissions(folder.join("uv"), std::fs::Permissions::from_mode(0o755)).expect("set");
        }
        let host = Host {
            search: vec![shims, bin.clone()],
            pyenv: vec![folder.path().to_owned()],
            ..Host::default()
        };
        assert_eq!(host.program("uv"), Some(bin.join("uv")));
        assert_eq!(host.program("uvx"), None);
    }
}
