//! What this machine has for building environments and running models, for `reproof doctor`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::host::Host;
use super::index::Indexes;
use super::machine::Machine;
use super::python::{self, Interpreter};
use super::{bootstrap, tool, uv};
use crate::acquire::http;
use crate::workspace::Cache;

/// How well something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is there and works.
    Ok,
    /// It is there and does not do everything, or will be fetched when it is needed.
    Limited,
    /// It is not there.
    Missing,
}

impl Status {
    /// The word that `reproof doctor` uses.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Limited => "limited",
            Self::Missing => "missing",
        }
    }
}

/// One fact about this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about, such as `uv`; unique and stable.
    pub name: &'static str,
    /// How well it is there.
    pub status: Status,
    /// What was found, as a fragment.
    pub detail: String,
    /// The exact command or setting that mends it, where something is to be mended.
    pub fix: Option<String>,
}

impl Finding {
    fn new(name: &'static str, status: Status, detail: impl Into<String>) -> Self {
        Self {
            name,
            status,
            detail: detail.into(),
            fix: None,
        }
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Looks at this machine. Fetches nothing and changes nothing.
pub fn facts(host: &Host, cache: &Cache, network: &http::Network) -> Vec<Finding> {
    let machine = Machine::look();
    let pythons = python::find(host, None);
    vec![
        uv(host, cache, network),
        python(&pythons),
        pip(&pythons),
        index(host),
        git(host),
        gpu(&machine, host),
        slurm(host),
        onnx_runtime(host, cache),
        libtorch(host, cache),
        disk(cache),
    ]
}

fn uv(host: &Host, cache: &Cache, network: &http::Network) -> Finding {
    const NAME: &str = "uv";
    let own = bootstrap::place(&cache.tools());
    for path in host.program("uv").into_iter().chain([own]) {
        let Some(found) = uv::Uv::at(&path) else { continue };
        let detail = format!("uv {} at {}", found.version, found.path.display());
        if found.is_accepted() {
            return Finding::new(NAME, Status::Ok, detail);
        }
    }
    if network.offline {
        return Finding::new(NAME, Status::Missing, "not on PATH, and may not be fetched")
            .fix("pip install uv");
    }
    let detail = format!(
        "not on PATH; uv {} is fetched when it is needed",
        bootstrap::VERSION
    );
    Finding::new(NAME, Status::Limited, detail).fix("pip install uv")
}

fn python(found: &[Interpreter]) -> Finding {
    const NAME: &str = "python";
    let mut usable: Vec<_> = found.iter().filter(|one| !one.is_virtual()).collect();
    usable.sort_by_key(|one| (one.version, one.origin));
    usable.dedup_by_key(|one| one.version);
    let listed: Vec<_> = usable
        .iter()
        .map(|one| format!("{} ({})", one.full_version, one.origin.name()))
        .collect();
    let modern = usable
        .iter()
        .any(|one| one.version.major == 3 && one.version.minor >= 6);
    if modern {
        return Finding::new(NAME, Status::Ok, listed.join(", "));
    }
    let detail = if listed.is_empty() {
        "no interpreter found".to_owned()
    } else {
        format!("too old: {}", listed.join(", "))
    };
    Finding::new(NAME, Status::Missing, detail).fix("apt-get install python3, or uv python install 3.11")
}

fn pip(found: &[Interpreter]) -> Finding {
    const NAME: &str = "pip";
    let with = |has: fn(&Interpreter) -> bool| found.iter().find(|one| one.version.major == 3 && has(one));
    if let Some(one) = with(|one| one.has_pip) {
        return Finding::new(
            NAME,
            Status::Ok,
            format!("of Python {} at {}", one.full_version, one.executable.display()),
        );
    }
    if with(|one| one.has_venv).is_some() {
        return Finding::new(
            NAME,
            Status::Limited,
            "in no interpreter; a throw-away virtual environment is used",
        );
    }
    Finding::new(
        NAME,
        Status::Missing,
        "no Python here has pip: data and tools inside packages cannot be fetched",
    )
    .fix("apt-get install python3-pip python3-venv")
}

fn index(host: &Host) -> Finding {
    const NAME: &str = "package-index";
    let indexes = Indexes::of(host);
    let detail = match indexes.default.is_some() || !indexes.extra.is_empty() {
        true => "configured by pip's or uv's own settings",
        false => "the default of uv",
    };
    Finding::new(NAME, Status::Ok, detail)
}

fn git(host: &Host) -> Finding {
    const NAME: &str = "git-configuration";
    let home = host.home.as_deref();
    let at_home = |below: &str| home.map(|home| home.join(below));
    let places = [
        Some(PathBuf::from("/etc/gitconfig")),
        at_home(".gitconfig"),
        at_home(".config/git/config"),
    ];
    let found: Vec<_> = places
        .into_iter()
        .flatten()
        .filter(|path| path.is_file())
        .collect();
    if found.is_empty() {
        return Finding::new(
            NAME,
            Status::Ok,
            "none: repositories are cloned from their own addresses",
        );
    }
    let texts: Vec<_> = found
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    let count = |word: &str| {
        texts
            .iter()
            .flat_map(|text| text.lines())
            .filter(|line| line.to_ascii_lowercase().trim().starts_with(word))
            .count()
    };
    let paths: Vec<_> = found.iter().map(|path| path.display().to_string()).collect();
    let detail = format!(
        "{}; {} addresses rewritten, {} proxies",
        paths.join(", "),
        count("insteadof"),
        count("proxy")
    );
    Finding::new(NAME, Status::Ok, detail)
}

fn gpu(machine: &Machine, host: &Host) -> Finding {
    const NAME: &str = "gpu";
    if let Some(first) = machine.gpus.first() {
        let driver = first.driver.as_deref().unwrap_or("unknown");
        let models: Vec<_> = machine.gpus.iter().map(|gpu| gpu.model.as_str()).collect();
        return Finding::new(
            NAME,
            Status::Ok,
            format!("{}; driver {driver}", models.join(", ")),
        );
    }
    if let Some(list) = host.program("nvidia-smi").and_then(|path| said(&path, &["-L"])) {
        return Finding::new(
            NAME,
            Status::Ok,
            list.lines().map(str::trim).collect::<Vec<_>>().join(", "),
        );
    }
    Finding::new(NAME, Status::Missing, "none found: steps with `gpus` are not run")
}

fn slurm(host: &Host) -> Finding {
    const NAME: &str = "slurm";
    let missing: Vec<_> = ["sbatch", "squeue", "scancel"]
        .into_iter()
        .filter(|name| host.program(name).is_none())
        .collect();
    match host
        .program("sbatch")
        .and_then(|path| said(&path, &["--version"]))
    {
        Some(version) if missing.is_empty() => Finding::new(NAME, Status::Ok, version.trim().to_owned()),
        Some(version) => Finding::new(
            NAME,
            Status::Limited,
            format!("{}, without {}", version.trim(), missing.join(", ")),
        ),
        None => Finding::new(NAME, Status::Missing, "not here: steps run on this machine"),
    }
}

fn onnx_runtime(host: &Host, cache: &Cache) -> Finding {
    const NAME: &str = "onnx-runtime";
    let named = host.variables.get("ORT_DYLIB_PATH").map(PathBuf::from);
    let mut folders = vec![cache.tools().join("onnxruntime"), cache.root().join("lib")];
    folders.extend(
        site_packages(host)
            .into_iter()
            .map(|folder| folder.join("onnxruntime/capi")),
    );
    folders.extend(SYSTEM_LIBRARIES.map(PathBuf::from));
    let found = named.filter(|path| path.is_file()).or_else(|| {
        folders
            .iter()
            .find_map(|folder| library(folder, "libonnxruntime.so"))
    });
    match found {
        Some(path) => Finding::new(NAME, Status::Ok, path.display().to_string()),
        None => Finding::new(
            NAME,
            Status::Missing,
            "not here: ONNX checkpoints run in the embedded runtime alone",
        )
        .fix("pip install onnxruntime, or set ORT_DYLIB_PATH to the path of libonnxruntime.so"),
    }
}

fn libtorch(host: &Host, cache: &Cache) -> Finding {
    const NAME: &str = "libtorch";
    let named = ["REPROOF_LIBTORCH", "LIBTORCH"]
        .iter()
        .filter_map(|name| host.variables.get(*name))
        .map(PathBuf::from);
    let mut folders: Vec<PathBuf> = named.flat_map(|folder| [folder.join("lib"), folder]).collect();
    folders.push(cache.tools().join("libtorch/lib"));
    folders.extend(
        site_packages(host)
            .into_iter()
            .map(|folder| folder.join("torch/lib")),
    );
    match folders
        .iter()
        .find_map(|folder| library(folder, "libtorch_cpu.so"))
    {
        Some(path) => Finding::new(NAME, Status::Ok, path.display().to_string()),
        None => Finding::new(
            NAME,
            Status::Missing,
            "not here: TorchScript checkpoints are not run",
        )
        .fix("pip install torch, or set LIBTORCH to the folder of libtorch"),
    }
}

/// Where Debian and others put libraries.
const SYSTEM_LIBRARIES: [&str; 5] = [
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
];

/// Package folders of the active virtual environment.
fn site_packages(host: &Host) -> Vec<PathBuf> {
    let Some(root) = host.variables.get("VIRTUAL_ENV").map(PathBuf::from) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(root.join("lib")) else {
        return Vec::new();
    };
    let versions = entries.filter_map(Result::ok).map(|entry| entry.path());
    versions
        .map(|folder| folder.join("site-packages"))
        .filter(|folder| folder.is_dir())
        .collect()
}

/// The first file of `folder` whose name begins with `name`.
fn library(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let mut found: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(name))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found.into_iter().next()
}

fn disk(cache: &Cache) -> Finding {
    const NAME: &str = "disk";
    const LITTLE: u64 = 5 << 30;
    let there = cache
        .root()
        .ancestors()
        .find(|folder| folder.is_dir())
        .unwrap_or(Path::new("/"));
    let Ok(space) = rustix::fs::statvfs(there) else {
        return Finding::new(
            NAME,
            Status::Limited,
            format!("the free space of {} is unknown", there.display()),
        );
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let detail = format!(
        "{} free for the cache in {}",
        bytesize::ByteSize(free).display().iec(),
        cache.root().display()
    );
    if free < LITTLE {
        return Finding::new(NAME, Status::Limited, detail)
            .fix("free some space, or prune the cache: reproof cache prune");
    }
    Finding::new(NAME, Status::Ok, detail)
}

/// What a program of the machine prints, if it ends well.
fn said(path: &Path, arguments: &[&str]) -> Option<String> {
    tool::ask(path, arguments, Duration::from_secs(10)).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_has_its_own_name_and_what_is_missing_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path().join("cache"));
        let network = http::Network {
            offline: true,
            ..http::Network::default()
        };
        let found = facts(&Host::default(), &cache, &network);
        let mut names: Vec<_> = found.iter().map(|finding| finding.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), found.len());
        let uv = found.iter().find(|finding| finding.name == "uv").expect("uv");
        assert_eq!(
            (uv.status, uv.fix.as_deref()),
            (Status::Missing, Some("pip install uv"))
        );
        assert!(!cache.root().exists());
    }

    #[test]
    fn libraries_are_found_where_they_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let library = folder.path().join("torch/lib/libtorch_cpu.so");
        crate::workspace::write_whole(&library, b"").expect("written");
        let mut host = Host::default();
        host.variables
            .insert("LIBTORCH".to_owned(), folder.path().join("torch").into());
        let found = libtorch(&host, &Cache::new(folder.path()));
        assert_eq!(
            (found.status, found.detail),
            (Status::Ok, library.display().to_string())
        );
    }
}
