//! Obtaining what the paper needs, and proving that it is what was meant.
//!
//! A [`Source`] only moves bytes into a [`Part`]. The digest is checked here,
//! after the source has returned, so that no source can forget to; only then do
//! the bytes get their name in the [`store::Store`].
//!
//! To add a source: implement [`Source`] in a new file of this folder and add
//! one line to [`SOURCES`].

pub mod error;
mod exchange;
pub mod git;
pub mod http;
mod inventory;
mod later;
mod local;
pub mod package;
mod partial;
mod pip;
pub mod retry;
pub mod store;
pub mod swhid;
mod transport;
pub mod unpack;
pub mod url;

use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use error::AcquireError;
pub use partial::{Origin, Part};
pub use pip::{PASSED, PackageClient};
pub use retry::{Clock, Policy, SystemClock};

use crate::digest::Digest;
use crate::manifest::{Checkpoint, Data};
use crate::observe::{Event, Observer};
use crate::workspace::Cache;
use http::Network;
use store::{Blob, Lookup, Store};

/// A file that is needed.
#[derive(Clone, Debug)]
pub struct Input {
    /// What messages call it: the id of the data set or checkpoint.
    pub name: String,
    /// Where it comes from, with its scheme.
    pub source: String,
    /// What it must hash to.
    pub sha256: Option<Digest>,
    /// Whether it is an archive to be unpacked.
    pub unpack: bool,
}

impl From<&Data> for Input {
    fn from(data: &Data) -> Self {
        Self {
            name: data.id.clone(),
            source: data.source.clone(),
            sha256: data.sha256,
            unpack: data.unpack,
        }
    }
}

impl From<&Checkpoint> for Input {
    fn from(checkpoint: &Checkpoint) -> Self {
        let Checkpoint {
            id, source, sha256, ..
        } = checkpoint;
        Self {
            name: id.clone(),
            source: source.clone(),
            sha256: *sha256,
            unpack: false,
        }
    }
}

/// What obtaining takes besides the input.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where it is kept.
    pub cache: Cache,
    /// How the network is reached.
    pub network: Network,
    /// What `file:` is relative to; absolute.
    pub manifest_dir: PathBuf,
    /// The checkout of the pinned commit, which `repo:` is relative to.
    pub repository: Option<PathBuf>,
    /// What downloads packages on this machine.
    pub packages: PackageClient,
    /// How much is too much.
    pub limits: Limits,
    /// Whether an input may lack its digest: only `reproof lock` says yes.
    pub allow_unpinned: bool,
    /// When a transfer is tried again.
    pub policy: Policy,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
}

impl Context {
    /// The usual limits and clock, no repository, nothing unpinned.
    pub fn new(cache: Cache, network: Network, manifest_dir: PathBuf, packages: PackageClient) -> Self {
        Self {
            cache,
            network,
            manifest_dir,
            repository: None,
            packages,
            limits: Limits::default(),
            allow_unpinned: false,
            policy: Policy::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// How much is too much.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest file that is fetched, in bytes.
    pub download: u64,
    /// How long a server may say nothing in the middle of a transfer.
    pub silence: Duration,
    /// How long the package client may take.
    pub package: Duration,
    /// What an archive may hold.
    pub unpack: unpack::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            download: 50 << 30,
            silence: Duration::from_secs(30),
            package: Duration::from_secs(30 * 60),
            unpack: unpack::Limits::default(),
        }
    }
}

/// A file that is there and is what was meant.
#[derive(Clone, Debug)]
pub struct Obtained {
    /// Where it lies, read-only, without the ending that its name had at the source.
    pub path: PathBuf,
    /// What it hashes to; with `allow_unpinned` this is the news.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// Whether it was in the cache already.
    pub reused: bool,
    /// Where it came from: after redirects if it was fetched now, else as written.
    pub source: String,
    /// Where its content lies, if it was to be unpacked.
    pub unpacked: Option<PathBuf>,
}

/// Where files come from.
pub trait Source: Sync {
    /// What stands before the colon.
    fn scheme(&self) -> &'static str;

    /// Whether it needs the network.
    fn remote(&self) -> bool {
        false
    }

    /// Brings the whole file into `sink`.
    ///
    /// # Errors
    ///
    /// Whatever kept the file from arriving. What is in `sink` by then is kept,
    /// if `sink` knows which version of the file it is the beginning of.
    fn fetch(
        &self,
        request: &Request<'_>,
        sink: &mut Part,
        observer: &dyn Observer,
    ) -> Result<Arrived, AcquireError>;
}

/// Every source, in the order in which help lists them.
pub static SOURCES: &[&dyn Source] = &[
    &url::Web { scheme: "https" },
    &url::Web { scheme: "http" },
    &local::Beside,
    &local::Repository,
    &package::Wheels,
    &later::Later { scheme: "hf" },
];

/// What a source is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// The input.
    pub input: &'a Input,
    /// What stands after the colon.
    pub rest: &'a str,
    /// Everything around it.
    pub context: &'a Context,
}

/// How a file arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Where it came from in the end.
    pub location: String,
    /// The announced length, if more than that arrived.
    pub surplus: Option<u64>,
}

impl Request<'_> {
    /// What progress calls it.
    fn what(&self) -> String {
        format!("fetch {}", self.input.name)
    }

    fn bad_source(&self, why: &str) -> AcquireError {
        AcquireError::BadSource {
            input: self.input.name.clone(),
            location: error::printable(&self.input.source, 300),
            why: why.to_owned(),
        }
    }

    fn cancelled(&self) -> AcquireError {
        AcquireError::Cancelled {
            input: self.input.name.clone(),
        }
    }

    fn too_large(&self, limit: u64) -> AcquireError {
        AcquireError::TooLarge {
            input: self.input.name.clone(),
            limit,
        }
    }

    fn unreadable(&self, path: PathBuf) -> impl FnOnce(io::Error) -> AcquireError {
        let input = self.input.name.clone();
        move |cause| AcquireError::Unreadable { input, path, cause }
    }

    /// The error behind a write to a [`Part`] that failed.
    fn while_writing(&self, cause: io::Error) -> AcquireError {
        match url::is_full(&cause) {
            Some(limit) => self.too_large(limit),
            None => AcquireError::Cache {
                doing: "write a download",
                cause,
            },
        }
    }
}

/// Obtains `input`: from the cache if it is there, else from its source, checked against its digest.
///
/// Any number of processes may ask for the same input at once; one fetches it,
/// the others wait. Killed at any moment, it leaves nothing that a later call
/// would take for the file.
///
/// # Errors
///
/// See [`AcquireError`]. A file with a wrong digest never gets into the cache.
pub fn obtain(input: &Input, context: &Context, observer: &dyn Observer) -> Result<Obtained, AcquireError> {
    let (source, rest) = source_of(input)?;
    if input.sha256.is_none() && !context.allow_unpinned {
        return Err(AcquireError::Unpinned {
            input: input.name.clone(),
        });
    }
    let request = Request { input, rest, context };
    let store = Store::new(&context.cache);
    let _held = store.hold().map_err(AcquireError::cache("hold the lock"))?;
    let what = request.what();
    observer.event(Event::Began(&what));
    let result = arrive(source, &request, store, observer).and_then(|(blob, arrived)| {
        let unpacked = input
            .unpack
            .then(|| unpacked(&request, &blob, observer))
            .transpose()?;
        Ok(obtained(input, blob, arrived, unpacked))
    });
    let how = match &result {
        Ok(Obtained { reused: true, .. }) => "reused".to_owned(),
        Ok(obtained) => bytesize::ByteSize(obtained.bytes).display().iec().to_string(),
        Err(_) => "failed".to_owned(),
    };
    observer.event(Event::Ended {
        what: &what,
        how: &how,
    });
    result
}

fn obtained(input: &Input, blob: Blob, arrived: Option<Arrived>, unpacked: Option<PathBuf>) -> Obtained {
    Obtained {
        path: blob.path,
        digest: blob.digest,
        bytes: blob.bytes,
        reused: arrived.is_none(),
        source: arrived.map_or_else(|| input.source.clone(), |arrived| arrived.location),
        unpacked,
    }
}

fn source_of(input: &Input) -> Result<(&'static dyn Source, &str), AcquireError> {
    let unknown = || AcquireError::UnknownScheme {
        input: input.name.clone(),
        location: error::printable(&input.source, 300),
    };
    let (scheme, rest) = input.source.split_once(':').ok_or_else(unknown)?;
    let source = SOURCES.iter().find(|source| source.scheme() == scheme);
    Ok((*source.ok_or_else(unknown)?, rest))
}

/// The file in the store, and how it arrived if it was not there.
fn arrive(
    source: &dyn Source,
    request: &Request<'_>,
    store: Store<'_>,
    observer: &dyn Observer,
) -> Result<(Blob, Option<Arrived>), AcquireError> {
    if let Some(blob) = known(request, store, observer)? {
        return Ok((blob, None));
    }
    let key = key(request.input);
    let _lock = lock(store, &format!("fetch-{key}"), request, observer)?;
    // Another process may have fetched it while this one waited.
    if let Some(blob) = known(request, store, observer)? {
        return Ok((blob, None));
    }
    if source.remote() && request.context.network.offline {
        return Err(AcquireError::Offline {
            input: request.input.name.clone(),
        });
    }
    let (blob, arrived) = fetch(source, request, store, &key, observer)?;
    Ok((blob, Some(arrived)))
}

/// One download a digest, or a source where there is none.
fn key(input: &Input) -> String {
    match input.sha256 {
        Some(digest) => digest.hex(),
        None => Digest::of(format!("unpinned {}", input.source)).hex(),
    }
}

fn known(
    request: &Request<'_>,
    store: Store<'_>,
    observer: &dyn Observer,
) -> Result<Option<Blob>, AcquireError> {
    let Some(digest) = &request.input.sha256 else {
        return Ok(None);
    };
    match store.get(digest).map_err(AcquireError::cache("read a file"))? {
        Lookup::Found(blob) => Ok(Some(blob)),
        Lookup::Absent => Ok(None),
        Lookup::Removed { .. } => {
            let note = format!(
                "input `{}` was damaged in the cache and is fetched again",
                request.input.name
            );
            observer.event(Event::Note(&note));
            Ok(None)
        }
    }
}

/// Waits for the lock `name`, as long as the user has patience.
fn lock(
    store: Store<'_>,
    name: &str,
    request: &Request<'_>,
    observer: &dyn Observer,
) -> Result<File, AcquireError> {
    let fail = AcquireError::cache("hold the lock");
    let file = store.lock_file(name).map_err(&fail)?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(fail(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        if !told {
            let note = format!(
                "waiting for another process that fetches `{}`",
                request.input.name
            );
            observer.event(Event::Note(&note));
            told = true;
        }
        // The other process is in real time, whatever clock was given.
        if !retry::wait(&SystemClock, observer, Duration::from_millis(50)) {
            return Err(request.cancelled());
        }
    }
}

/// Lets `source` bring the file, checks what it brought, and only then names it.
fn fetch(
    source: &dyn Source,
    request: &Request<'_>,
    store: Store<'_>,
    key: &str,
    observer: &dyn Observer,
) -> Result<(Blob, Arrived), AcquireError> {
    let input = request.input;
    let folder = request.context.cache.root().join("partial").join(key);
    let open = |resume| Part::open(folder.clone(), request.context.limits.download, resume);
    let disk = AcquireError::cache("write a download");
    // Without a digest nothing would tell a half that somebody else damaged from a good one.
    let mut part = open(input.sha256.is_some()).map_err(&disk)?;
    let mut arrived = match source.fetch(request, &mut part, observer) {
        Ok(arrived) => arrived,
        Err(error) if error.is_full() => {
            // What is kept would take the room that everything else needs.
            part.finish().1.discard();
            return Err(error);
        }
        Err(error) => return Err(part.keep_if_worth(error)),
    };
    let stitched = part.stitched();
    let (mut found, mut finished) = part.finish();
    if stitched && input.sha256.is_some_and(|expected| expected != found) {
        let note = format!(
            "input `{}` came in pieces that do not fit together, and is fetched once more in one",
            input.name
        );
        observer.event(Event::Note(&note));
        let mut part = open(false).map_err(&disk)?;
        arrived = source.fetch(request, &mut part, observer)?;
        (found, finished) = part.finish();
    }
    if let Err(error) = check(input, found, &arrived) {
        finished.discard();
        return Err(error);
    }
    let blob = store
        .adopt(&finished.file, &finished.path(), &found)
        .map_err(&disk)?;
    finished.discard();
    Ok((blob, arrived))
}

/// The one place where bytes are compared with what was meant.
fn check(input: &Input, found: Digest, arrived: &Arrived) -> Result<(), AcquireError> {
    match (input.sha256, arrived.surplus) {
        (Some(expected), _) if expected != found => Err(AcquireError::WrongDigest {
            input: input.name.clone(),
            expected,
            found,
        }),
        (None, Some(declared)) => Err(AcquireError::Surplus {
            location: arrived.location.clone(),
            declared,
        }),
        (Some(_), _) | (None, None) => Ok(()),
    }
}

fn unpacked(request: &Request<'_>, blob: &Blob, observer: &dyn Observer) -> Result<PathBuf, AcquireError> {
    let name = format!("unpack-{}", blob.digest.hex());
    let _lock = lock(Store::new(&request.context.cache), &name, request, observer)?;
    let fail = |cause| {
        if let unpack::UnpackError::Cancelled = cause {
            return request.cancelled();
        }
        let input = request.input.name.clone();
        AcquireError::Unpack { input, cause }
    };
    let source = &request.input.source;
    let unpacked = unpack::unpack(
        blob,
        source,
        &request.context.cache,
        &request.context.limits.unpack,
        observer,
    )
    .map_err(fail)?;
    for skipped in &unpacked.skipped {
        let note = format!(
            "input `{}`: `{skipped}` leads nowhere and was left out",
            request.input.name
        );
        observer.event(Event::Note(&note));
    }
    Ok(unpacked.folder)
}
