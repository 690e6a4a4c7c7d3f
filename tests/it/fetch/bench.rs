//! A cache of its own, a clock that nobody waits for, and what was said.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reproof::acquire::http::Network;
use reproof::acquire::store::{KeptKind, Store};
use reproof::acquire::{AcquireError, Clock, Context, Input, Obtained, PackageClient, obtain};
use reproof::digest::Digest;
use reproof::observe::{Event, Observer};
use reproof::workspace::Cache;
use tempfile::TempDir;

/// Sleeps without waiting.
#[derive(Debug)]
pub(super) struct Sleepless {
    start: Instant,
    slept: Mutex<Duration>,
}

impl Sleepless {
    pub(super) fn slept(&self) -> Duration {
        *self.slept.lock().expect("no panic")
    }
}

impl Clock for Sleepless {
    fn now(&self) -> Instant {
        self.start + self.slept()
    }

    fn wall(&self) -> Timestamp {
        "2024-01-01T00:00:00Z".parse().expect("a time")
    }

    fn sleep(&self, duration: Duration) {
        *self.slept.lock().expect("no panic") += duration;
    }
}

/// Keeps what was said, and may ask to stop.
#[derive(Debug, Default)]
pub(super) struct Witness {
    notes: Mutex<Vec<String>>,
    progress: Mutex<Vec<(u64, Option<u64>)>>,
    pub(super) stop: AtomicBool,
}

impl Witness {
    pub(super) fn notes(&self) -> String {
        self.notes.lock().expect("no panic").join("\n")
    }

    pub(super) fn progress(&self) -> Vec<(u64, Option<u64>)> {
        self.progress.lock().expect("no panic").clone()
    }
}

impl Observer for Witness {
    fn event(&self, event: Event<'_>) {
        if let Event::Note(note) = event {
            self.notes.lock().expect("no panic").push(note.to_owned());
        }
        if let Event::Progress { done, total, .. } = event {
            self.progress.lock().expect("no panic").push((done, total));
        }
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

pub(super) struct Bench {
    folder: TempDir,
    pub(super) clock: Arc<Sleepless>,
    pub(super) witness: Witness,
    pub(super) context: Context,
}

impl Bench {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(Sleepless {
            start: Instant::now(),
            slept: Mutex::default(),
        });
        let cache = Cache::new(folder.path().join("cache"));
        let here = folder.path().join("here");
        fs::create_dir_all(&here).expect("a folder");
        let mut context = Context::new(cache, Network::default(), here, PackageClient::default());
        context.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        Self {
            folder,
            clock,
            witness: Witness::default(),
            context,
        }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// A file beside the manifest.
    pub(super) fn beside(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.context.manifest_dir.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, bytes).expect("written");
        path
    }

    pub(super) fn obtain(&self, input: &Input) -> Result<Obtained, AcquireError> {
        obtain(input, &self.context, &self.witness)
    }

    /// How many of them the cache keeps.
    pub(super) fn kept(&self, kind: KeptKind) -> usize {
        let kept = Store::new(&self.context.cache).list().expect("a list");
        kept.iter().filter(|kept| kept.kind == kind).count()
    }

    /// Neither files nor anything half-finished.
    #[track_caller]
    pub(super) fn holds_nothing(&self) {
        for kind in [
            KeptKind::Blob,
            KeptKind::Unpacked,
            KeptKind::Partial,
            KeptKind::Scratch,
        ] {
            assert_eq!(self.kept(kind), 0, "{kind:?}");
        }
    }
}

/// An input that is pinned to `bytes`.
pub(super) fn pinned(source: &str, bytes: &[u8]) -> Input {
    Input {
        sha256: Some(Digest::of(bytes)),
        ..unpinned(source)
    }
}

pub(super) fn unpinned(source: &str) -> Input {
    Input {
        name: "train".to_owned(),
        source: source.to_owned(),
        sha256: None,
        unpack: false,
    }
}

/// `length` bytes that do not repeat soon.
pub(super) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..length).map(|_| next()).collect()
}
