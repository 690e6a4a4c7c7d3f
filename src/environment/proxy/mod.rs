//! The only way out of the installer's sandbox: an HTTP proxy behind a Unix socket, with a list of hosts.
//!
//! What is enforced: a connection goes to a host and port of the [`Policy`] or is
//! refused with 403; the host's name is resolved here and the connection goes to
//! the very address that was checked, so that a name cannot change its address in
//! between; a host that only the index's answers name must be at a public address
//! (unless the machine's own proxy resolves names, which then decides). Every host
//! asked for is counted, refused ones too.
//!
//! What is not: `CONNECT` tunnels are not looked into, so a package host could
//! carry anything that it chooses to carry; there is no limit on bytes here, the
//! job's disk limit is one.

mod policy;
mod tunnel;
mod upstream;

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tempfile::TempDir;

pub use policy::{Policy, Reach, Target, is_public};
use upstream::Upstream;
pub(super) use upstream::decoded;

use crate::acquire::http::Network;

/// The most connections at once; more wait to be accepted.
const AT_ONCE: usize = 256;

/// The most different hosts that are remembered by name.
const REMEMBERED: usize = 256;

/// How long a connection to a host may take to stand.
const CONNECT: Duration = Duration::from_secs(20);

/// What became of the requests for one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Connections that stood.
    pub connected: u64,
    /// Requests that the policy refused.
    pub refused: u64,
    /// Connections that failed although they were allowed.
    pub failed: u64,
    /// Why the last one was refused or failed.
    pub why: Option<String>,
    /// Bytes from the host.
    pub received: u64,
    /// Bytes to the host.
    pub sent: u64,
}

impl Contact {
    /// Adds what became of later requests.
    pub(super) fn add(&mut self, later: &Self) {
        self.connected += later.connected;
        self.refused += later.refused;
        self.failed += later.failed;
        self.received += later.received;
        self.sent += later.sent;
        self.why = later.why.clone().or_else(|| self.why.take());
    }
}

/// A running proxy. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    socket: PathBuf,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
    /// Holds the socket; removed with it.
    _folder: TempDir,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    policy: Policy,
    upstream: Upstream,
    contacts: Mutex<BTreeMap<Target, Contact>>,
    open: AtomicUsize,
    stop: AtomicBool,
}

impl Proxy {
    /// Starts a proxy whose socket lies in a new folder below `folder`.
    ///
    /// # Errors
    ///
    /// When the socket cannot be made, and when the machine's own proxy is of a kind that is not spoken to.
    pub fn start(policy: Policy, network: &Network, folder: &Path) -> io::Result<Self> {
        let upstream = Upstream::new(network)?;
        let folder = tempfile::Builder::new().prefix("proxy-").tempdir_in(folder)?;
        let (socket, listener) = listen(folder.path())?;
        let shared = Arc::new(Shared {
            policy,
            upstream,
            contacts: Mutex::default(),
            open: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let for_thread = Arc::clone(&shared);
        let accepting = thread::Builder::new()
            .name("package-proxy".to_owned())
            .spawn(move || accept(&listener, &for_thread))?;
        Ok(Self {
            socket,
            shared,
            accepting: Some(accepting),
            _folder: folder,
        })
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// What was asked for so far, by host.
    pub fn contacts(&self) -> BTreeMap<Target, Contact> {
        self.shared
            .contacts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// A listening socket in `folder`, which the sandbox's other user may use too.
fn listen(folder: &Path) -> io::Result<(PathBuf, UnixListener)> {
    let socket = folder.join("s");
    // A socket's address holds some hundred bytes; a path through the folder's descriptor is always short enough.
    let opened = std::fs::File::open(folder)?;
    let short = {
        use std::os::fd::AsRawFd as _;
        PathBuf::from(format!("/proc/self/fd/{}/s", opened.as_raw_fd()))
    };
    let listener = UnixListener::bind(&socket).or_else(|_| UnixListener::bind(&short))?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666))?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711))?;
    listener.set_nonblocking(true)?;
    Ok((socket, listener))
}

fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    let pause = Timespec {
        tv_sec: 0,
        tv_nsec: 50_000_000,
    };
    while !shared.stop.load(Ordering::Relaxed) {
        let full = shared.open.load(Ordering::Relaxed) >= AT_ONCE;
        let mut waiting = [PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN)];
        let interest = if full { &mut waiting[..0] } else { &mut waiting[..] };
        if !matches!(poll(interest, Some(&pause)), Ok(1..)) {
            continue;
        }
        let Ok((client, _)) = listener.accept() else {
            continue;
        };
        serve(client, shared);
    }
}

/// Serves one client in a thread of its own.
fn serve(client: UnixStream, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    shared.open.fetch_add(1, Ordering::Relaxed);
    let counted = Counted(Arc::clone(&shared));
    // Where there is no thread to be had, the client sees its connection closed.
    let _ = thread::Builder::new()
        .name("package-tunnel".to_owned())
        .spawn(move || {
            let _counted = counted;
            tunnel::serve(client, &shared);
        });
}

/// One open connection.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a host is not reached.
#[derive(Debug)]
enum Unreached {
    /// The policy says no.
    Refused(String),
    /// It may be reached and could not be.
    Failed(String),
}

impl Shared {
    /// A connection to `target`, or to the proxy that leads there, and whether the latter.
    fn connect(
        &self,
        target: &Target,
        tls: bool,
    ) -> Result<(TcpStream, Option<&upstream::ParentProxy>), Unreached> {
        let reach = self.policy.reach(target);
        let reach =
            reach.ok_or_else(|| Unreached::Refused("it is not a host of the package index".to_owned()))?;
        let parent = self.upstream.for_target(target, tls);
        let address = match parent {
            Some(parent) => first_address(&parent.target, Reach::Anywhere)?,
            None => first_address(target, reach)?,
        };
        let stream = TcpStream::connect_timeout(&address, CONNECT)
            .map_err(|error| Unreached::Failed(error.to_string()))?;
        Ok((stream, parent))
    }

    /// Changes what is remembered of `target`.
    fn note(&self, target: &Target, change: impl FnOnce(&mut Contact)) {
        let mut contacts = self.contacts.lock().unwrap_or_else(PoisonError::into_inner);
        if contacts.len() < REMEMBERED || contacts.contains_key(target) {
            change(contacts.entry(target.clone()).or_default());
        }
    }

    fn note_unreached(&self, target: &Target, unreached: &Unreached) {
        self.note(target, |contact| match unreached {
            Unreached::Refused(why) => {
                contact.refused += 1;
                contact.why = Some(why.clone());
            }
            Unreached::Failed(why) => {
                contact.failed += 1;
                contact.why = Some(why.clone());
            }
        });
    }
}

/// Resolves a name once; what comes back is connected to as it is.
fn first_address(target: &Target, reach: Reach) -> Result<SocketAddr, Unreached> {
    let found = (target.host.as_str(), target.port).to_socket_addrs();
    let addresses: Vec<_> = found
        .map_err(|error| Unreached::Failed(error.to_string()))?
        .collect();
    if addresses.is_empty() {
        return Err(Unreached::Failed("its name has no address".to_owned()));
    }
    policy::permitted(reach, &addresses).ok_or_else(|| {
        Unreached::Refused("it is at an address of this machine or its neighbourhood".to_owned())
    })
}

#[cfg(test)]
mod tests;
