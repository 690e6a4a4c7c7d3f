//! The inside of the sandbox: what our own program does when it is started as the cage of a job.
//!
//! A fresh process with a single thread reads what to build, leaves the
//! machine's namespaces, and forks the first process of the new ones. That
//! process builds the job's view of the file system, gives up every privilege,
//! puts up the second walls, starts the job, and stays: it ends the job's whole
//! tree when the job or its parent ends.
//!
//! Every step either works or is reported by name; none is skipped silently.

mod filter;
mod net;
mod privileges;
mod root;
mod supervise;

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::exit;
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, WaitOptions};
use rustix::thread::UnshareFlags;

pub(super) use net::PROXY_PORT;

use super::raw;
use super::wire::{self, Identity, Net, Spec, Walls, Word};

/// The first argument that makes our program a cage.
pub const ARGUMENT: &str = "__sandbox";

/// What went wrong while the walls were built.
#[derive(Debug)]
struct Failure {
    doing: String,
    cause: io::Error,
    /// Whether it is about what this job brings, so that another job might fare better.
    of_job: bool,
}

type Built<T> = Result<T, Failure>;

/// Names what was being done when something failed.
trait Doing<T> {
    fn doing(self, what: impl Into<String>) -> Built<T>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl Into<String>) -> Built<T> {
        self.map_err(|cause| Failure {
            doing: what.into(),
            cause: cause.into(),
            of_job: false,
        })
    }
}

/// Where the sandbox speaks to its parent; lines of several threads do not mix.
#[derive(Clone, Debug)]
struct Link(Arc<Mutex<UnixStream>>);

impl Link {
    fn say(&self, word: &Word) {
        if let Ok(stream) = self.0.lock()
            && wire::say(&*stream, word).is_err()
        {
            // The parent is gone, and with it whoever this was for.
            exit(1);
        }
    }

    fn refuse(&self, failure: &Failure) -> ! {
        let errno = failure.cause.raw_os_error().unwrap_or(0);
        self.say(&Word::Refused {
            doing: failure.doing.clone(),
            errno,
            of_job: failure.of_job,
        });
        exit(1)
    }
}

/// Is the cage of the job that is described on standard input, a socket; never returns.
///
/// The program's own `main` calls it when its first argument is [`ARGUMENT`],
/// before anything else: no thread may have been started.
pub fn main() -> ! {
    let Ok(stream) = enter() else { exit(1) };
    let Ok(writer) = stream.try_clone() else { exit(1) };
    let link = Link(Arc::new(Mutex::new(writer)));
    let mut orders = BufReader::new(stream);
    let spec: Spec = match wire::hear(&mut orders) {
        Ok(Some(spec)) => spec,
        Ok(None) => exit(1),
        Err(cause) => link.refuse(&Failure {
            doing: "read the description of the job".to_owned(),
            cause,
            of_job: true,
        }),
    };
    let orders = orders.into_inner();
    match spec.walls {
        Walls::Full => outside(&spec, &link, &orders),
        Walls::Landlock | Walls::None => beside(&spec, &link, &orders),
    }
}

/// Closes what was inherited and takes the socket.
fn enter() -> io::Result<UnixStream> {
    raw::close_from(3)?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    Ok(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Leaves the machine's namespaces, starts the first process of the new ones and waits for its end.
fn outside(spec: &Spec, link: &Link, orders: &UnixStream) -> ! {
    let owner = match spec.identity {
        Identity::Drop(user) => owned_by(user).ok(),
        Identity::Map | Identity::Keep => None,
    };
    if let Err(failure) = leave(spec) {
        link.refuse(&failure);
    }
    let life = io::pipe();
    let first = match life.and_then(|(reader, writer)| Ok((raw::fork()?, reader, writer))) {
        Ok((None, reader, writer)) => {
            drop(writer);
            let failure = match inside(spec, link, orders, &reader, owner.as_ref()) {
                Ok(never) => match never {},
                Err(failure) => failure,
            };
            link.refuse(&failure)
        }
        Ok((Some(first), reader, writer)) => {
            drop(reader);
            link.say(&Word::First(first.as_raw_pid()));
            wait_for(first);
            drop(writer);
            exit(0)
        }
        Err(cause) => Failure {
            doing: "fork into the new namespaces".to_owned(),
            cause,
            of_job: false,
        },
    };
    link.refuse(&first)
}

/// A user namespace in which root is `user` to the rest of the machine; nobody lives in it.
fn owned_by(user: u32) -> io::Result<OwnedFd> {
    let (reader, writer) = io::pipe()?;
    let (mut made, tell) = io::pipe()?;
    let Some(child) = raw::fork()? else {
        drop((writer, made));
        let done = raw::unshare(UnshareFlags::NEWUSER);
        drop(tell);
        if done.is_ok() {
            // Until the parent is done with us, or gone.
            drop(io::copy(&mut &reader, &mut io::sink()));
        }
        exit(0)
    };
    drop(tell);
    // Ends when the child has its namespace, or could not have one.
    io::copy(&mut made, &mut io::sink())?;
    let map = format!("0 {user} 1\n");
    let mapped = std::fs::write(format!("/proc/{child}/uid_map"), &map)
        .and_then(|()| std::fs::write(format!("/proc/{child}/gid_map"), &map))
        .and_then(|()| std::fs::File::open(format!("/proc/{child}/ns/user")));
    drop(writer);
    drop(reader);
    wait_for(child);
    Ok(OwnedFd::from(mapped?))
}

fn wait_for(first: Pid) {
    while let Err(rustix::io::Errno::INTR) = rustix::process::waitpid(Some(first), WaitOptions::empty()) {}
}

/// Leaves every namespace but the mounts', which the first process leaves by itself.
fn leave(spec: &Spec) -> Built<()> {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    let mut flags =
        UnshareFlags::NEWPID | UnshareFlags::NEWIPC | UnshareFlags::NEWUTS | UnshareFlags::NEWCGROUP;
    if spec.net != Net::Host {
        flags |= UnshareFlags::NEWNET;
    }
    if spec.identity == Identity::Map {
        raw::unshare(UnshareFlags::NEWUSER).doing("create a user namespace")?;
        let write = |file: &str, text: String| std::fs::write(format!("/proc/self/{file}"), text);
        write("setgroups", "deny".to_owned()).doing("give up setting groups")?;
        write("uid_map", format!("1000 {} 1\n", user.as_raw())).doing("map the user")?;
        write("gid_map", format!("1000 {} 1\n", group.as_raw())).doing("map the group")?;
    }
    raw::unshare(flags).doing("create namespaces")
}

/// A value that is never made.
enum Never {}

/// The first process of the new namespaces; returns only when it fails.
fn inside(
    spec: &Spec,
    link: &Link,
    orders: &UnixStream,
    life: &io::PipeReader,
    owner: Option<&OwnedFd>,
) -> Built<Never> {
    end_with_parent(life)?;
    raw::unshare(UnshareFlags::NEWNS).doing("create a mount namespace")?;
    rustix::system::sethostname(b"reproof").doing("name the host")?;
    let doors = net::open(spec)?;
    let numbers = root::build(spec, owner)?;
    let mut measures = privileges::give_up(spec, numbers)?;
    end_with_parent(life)?;
    measures.append(&mut privileges::landlock(spec)?);
    let listener = filter::install(spec, numbers, &mut measures)?;
    doors.watch(link).doing("start the sandbox's own threads")?;
    describe(spec, &mut measures);
    supervise::run(
        spec,
        link,
        orders,
        listener.as_ref(),
        measures,
        supervise::Tree::Namespace,
    )
}

/// Dies when the process that forked us does, even if that was a moment ago.
fn end_with_parent(life: &io::PipeReader) -> Built<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .doing("tie the sandbox to its parent")?;
    let mut life = [PollFd::new(life, PollFlags::IN)];
    match poll(
        &mut life,
        Some(&Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        }),
    ) {
        Ok(0) => Ok(()),
        _ => exit(1),
    }
}

fn describe(spec: &Spec, measures: &mut BTreeMap<String, String>) {
    let network = match spec.net {
        Net::Host => "open: that of the machine",
        Net::Proxy(_) => "namespace; a proxy is the only way out",
        Net::None | Net::Port(_) => "namespace",
    };
    let pairs = [
        ("network", network),
        ("files", "mount namespace"),
        ("tree", "pid namespace"),
        ("inter-process", "ipc namespace"),
        ("terminal", "own session, no terminal"),
    ];
    for (name, how) in pairs {
        let text = measures.entry(name.to_owned()).or_default();
        *text = if text.is_empty() {
            how.to_owned()
        } else {
            format!("{how}, {text}")
        };
    }
}

/// A cage without namespaces: the weaker tiers.
fn beside(spec: &Spec, link: &Link, orders: &UnixStream) -> ! {
    let failure = match behind_landlock(spec, link, orders) {
        Ok(never) => match never {},
        Err(failure) => failure,
    };
    link.refuse(&failure)
}

fn behind_landlock(spec: &Spec, link: &Link, orders: &UnixStream) -> Built<Never> {
    // Not killed with the parent: it has to end the job's tree first, when the socket closes.
    rustix::process::set_parent_process_death_signal(None).doing("outlive the parent")?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).doing("adopt orphans")?;
    let mut measures = BTreeMap::from([
        ("tree".to_owned(), "subreaper".to_owned()),
        ("terminal".to_owned(), "own session, no terminal".to_owned()),
        ("network".to_owned(), "open".to_owned()),
        ("files".to_owned(), "open".to_owned()),
    ]);
    let mut listener = None;
    if spec.walls == Walls::Landlock {
        let numbers = root::Numbers::default();
        measures.append(&mut privileges::give_up(spec, numbers)?);
        measures.append(&mut privileges::landlock(spec)?);
        listener = filter::install(spec, numbers, &mut measures)?;
    }
    supervise::run(
        spec,
        link,
        orders,
        listener.as_ref(),
        measures,
        supervise::Tree::Descendants,
    )
}
