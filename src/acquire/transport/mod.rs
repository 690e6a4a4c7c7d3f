//! How libgit2 talks to other machines: over our own https client, and through the user's `ssh`.
//!
//! libgit2 keeps one list of transports for the whole process. One entry is
//! added to it, for a scheme that only this module uses, so that libgit2 stays
//! as it is for whoever else uses it. Which repository is meant, and with which
//! settings, is not in that address: it is the [`Session`] that [`within`] sets
//! up for the current thread, and libgit2 makes its transport on the thread
//! that asks for it. So any number of threads can fetch at once, each with
//! settings of its own.
//!
//! libgit2 passes errors on as text only. A failure with its fields is left in
//! the session, and [`within`] takes it from there.

mod credentials;
mod failure;
mod smart_http;
mod ssh;

use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use git2::transport::Transport;

pub use failure::TransportError;

use super::git::address::Location;
use super::git::configuration::Configuration;
use super::http::Network;
use crate::observe::Observer;

/// The scheme that only this module uses.
const SCHEME: &str = "reproof";

/// The address that libgit2 is given in place of the real one.
pub(crate) const ADDRESS: &str = "reproof://session/";

thread_local! {
    static CURRENT: RefCell<Option<Arc<Session>>> = const { RefCell::new(None) };
}

/// Everything that one connection needs to know.
pub(crate) struct Session {
    /// What is asked.
    pub(crate) location: Location,
    /// Its address for people.
    pub(crate) address: String,
    pub(crate) network: Network,
    pub(crate) configuration: Configuration,
    /// The user's ssh command line, if it is not plain `ssh`.
    pub(crate) ssh: Option<String>,
    /// How long nothing may come.
    pub(crate) silence: Duration,
    failure: Mutex<Option<TransportError>>,
    cancelled: AtomicBool,
    stops: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(
        location: Location,
        network: Network,
        configuration: Configuration,
        ssh: Option<String>,
        silence: Duration,
    ) -> Self {
        let address = location.to_string();
        Self {
            location,
            address,
            network,
            configuration,
            ssh,
            silence,
            failure: Mutex::default(),
            cancelled: AtomicBool::new(false),
            stops: Mutex::default(),
        }
    }

    /// Keeps the first failure: what follows from it says less.
    pub(crate) fn fail(&self, failure: TransportError) {
        lock(&self.failure).get_or_insert(failure);
    }

    /// Has `stop` called when the user asks to stop; at once if that was before.
    fn on_stop(&self, stop: impl FnOnce() + Send + 'static) {
        let mut stops = lock(&self.stops);
        if self.cancelled.load(Ordering::SeqCst) {
            stop();
        } else {
            stops.push(Box::new(stop));
        }
    }

    fn stop(&self) {
        let stops = {
            let mut stops = lock(&self.stops);
            self.cancelled.store(true, Ordering::SeqCst);
            std::mem::take(&mut *stops)
        };
        for stop in stops {
            stop();
        }
    }

    /// How it failed, if it is known better than libgit2 knows it.
    fn take_failure(&self) -> Option<TransportError> {
        if self.cancelled.load(Ordering::SeqCst) {
            return Some(TransportError::Cancelled {
                address: self.address.clone(),
            });
        }
        lock(&self.failure).take()
    }
}

/// The value behind a mutex whose holder may have panicked: it is whole all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why work with libgit2 failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The transfer.
    Transport(TransportError),
    /// Anything else, in libgit2's words.
    Git(git2::Error),
}

impl From<git2::Error> for Failed {
    fn from(error: git2::Error) -> Self {
        Self::Git(error)
    }
}

/// Does `work` on this thread, in which remotes at [`ADDRESS`] are what `session` says.
pub(crate) fn within<T>(
    session: &Arc<Session>,
    observer: &dyn Observer,
    work: impl FnOnce() -> Result<T, git2::Error>,
) -> Result<T, Failed> {
    register()?;
    let restore = Restore(CURRENT.replace(Some(session.clone())));
    let done = AtomicBool::new(false);
    let result = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                if observer.cancelled() {
                    session.stop();
                    return;
                }
                thread::park_timeout(Duration::from_millis(100));
            }
        });
        let _end = End {
            done: &done,
            watch: watch.thread(),
        };
        work()
    });
    drop(restore);
    result.map_err(|error| {
        session
            .take_failure()
            .map_or(Failed::Git(error), Failed::Transport)
    })
}

/// Ends the watch when dropped, also when the work panics.
struct End<'a> {
    done: &'a AtomicBool,
    watch: &'a thread::Thread,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::SeqCst);
        self.watch.unpark();
    }
}

/// Puts the session from before back, also when the work panics.
struct Restore(Option<Arc<Session>>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// Adds our scheme to libgit2's list, once a process.
fn register() -> Result<(), git2::Error> {
    static REGISTERED: OnceLock<Result<(), String>> = OnceLock::new();
    let registered = REGISTERED.get_or_init(|| {
        #[expect(
            unsafe_code,
            reason = "libgit2's list of transports has no lock of its own; every connection of this \
                      library is made in `within`, which comes here first and waits here"
        )]
        let registered = unsafe { git2::transport::register(SCHEME, connect) };
        registered.map_err(|error| error.message().to_owned())
    });
    registered.clone().map_err(|why| git2::Error::from_str(&why))
}

/// Makes the transport of the current thread's session.
fn connect(remote: &git2::Remote<'_>) -> Result<Transport, git2::Error> {
    let session = CURRENT.with_borrow(Clone::clone);
    let session = session.ok_or_else(|| git2::Error::from_str("no session is set up on this thread"))?;
    match &session.location {
        Location::Web(web) => {
            let transport = smart_http::SmartHttp::new(session.clone(), web.clone());
            Transport::smart(remote, true, transport)
        }
        Location::Ssh(ssh) => {
            let transport = ssh::SmartSsh::new(session.clone(), ssh.clone());
            Transport::smart(remote, false, transport)
        }
        Location::Local(_) => Err(git2::Error::from_str("a local repository needs no transport")),
    }
}

/// What libgit2 is told: the failure itself stays in the session.
fn failed() -> git2::Error {
    git2::Error::new(
        git2::ErrorCode::GenericError,
        git2::ErrorClass::Net,
        "the transfer failed",
    )
}
