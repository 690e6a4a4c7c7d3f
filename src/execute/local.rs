//! The executor `local`: one job on this machine, in the built-in sandbox.

use std::ffi::OsStr;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;
use rustix::process::Signal;
use tempfile::TempDir;

use super::cgroup::Cgroup;
use super::disk::{self, Handover};
use super::facts::{self, Refusal};
use super::follow::{Failure, Follower, Seen};
use super::inside::{environment, translate};
use super::relay::Relay;
use super::sandbox::{ARGUMENT, PROXY_PORT};
use super::wire::{self, Bind, Identity, Net, Rlimits, Spec};
use super::{Ending, Enforced, ExecuteError, Executor, Job, Mount, Network, Outcome, Tier, Usage, raw};
use crate::observe::Observer;

/// The users that jobs become when we are root: beyond those that systems give to anybody.
const FIRST_USER: u32 = 0x7000_0000;

/// How much the size of a single file may exceed the disk limit, so that the excess is seen.
const SLACK: u64 = 1 << 20;

/// The share of the memory limit that /dev/shm may hold, as it may on Linux by default: half.
const SHARED: u64 = 2;

/// How much confinement is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it, or nothing is run.
    Full,
    /// All of it, or where that is not to be had Landlock and seccomp, or nothing is run.
    AtLeastLandlock,
    /// Landlock and seccomp, even where more is to be had.
    Landlock,
    /// None: the user typed `--no-sandbox`.
    None,
}

impl Wanted {
    /// What is tried, in this order.
    fn tiers(self) -> &'static [Tier] {
        match self {
            Self::Full => &[Tier::Full],
            Self::AtLeastLandlock => &[Tier::Full, Tier::Landlock],
            Self::Landlock => &[Tier::Landlock],
            Self::None => &[Tier::None],
        }
    }
}

/// Runs jobs on this machine.
#[derive(Clone, Debug)]
pub struct Local {
    /// Our own program, which is started again as the sandbox; its `main` has to call [`super::sandbox::main`].
    pub program: PathBuf,
    /// A folder on a disk with room: each job's private /tmp lies here while it runs.
    pub scratch: PathBuf,
    /// How much confinement is wanted.
    pub wanted: Wanted,
}

impl Executor for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn confinement(&self) -> &'static str {
        match self.wanted {
            Wanted::Full => Tier::Full.name(),
            Wanted::AtLeastLandlock | Wanted::Landlock => Tier::Landlock.name(),
            Wanted::None => Tier::None.name(),
        }
    }

    fn shows_mounts(&self) -> bool {
        self.wanted == Wanted::Full
    }

    /// Runs `job` to its end, in the strongest sandbox that is wanted and that this machine can build.
    ///
    /// While it runs, its writable mounts may belong to a user of its own;
    /// afterwards they are the caller's again, without set-user-ID bits. They
    /// must not be written to by anybody else meanwhile, nor hold hard links to
    /// files outside. Without namespaces (below [`Tier::Full`]) paths inside
    /// the sandbox do not exist: where they stand in arguments and variables,
    /// the machine's own paths take their place.
    fn run(&self, job: &Job, observer: &dyn Observer) -> Result<Outcome, ExecuteError> {
        let mut refused = None;
        for tier in self.wanted.tiers() {
            match self.run_in(job, *tier, observer) {
                Err(ExecuteError::CannotConfine { cause, fix }) => {
                    // The first is the one worth mending.
                    refused.get_or_insert(ExecuteError::CannotConfine { cause, fix });
                }
                other => return other,
            }
        }
        Err(refused.unwrap_or_else(|| unreachable!("every wish names a tier")))
    }
}

impl Local {
    /// Runs `job` in exactly this kind of sandbox.
    pub(super) fn run_in(
        &self,
        job: &Job,
        tier: Tier,
        observer: &dyn Observer,
    ) -> Result<Outcome, ExecuteError> {
        check_mounts(job)?;
        let scratch = self
            .private_folder()
            .map_err(io("make a private folder for the job"))?;
        let relay = relay(job, tier).map_err(io("listen for the job's proxy"))?;
        let mut writable: Vec<PathBuf> = job
            .mounts
            .iter()
            .filter(|mount| mount.writable)
            .map(|mount| mount.host.clone())
            .collect();
        writable.push(scratch.path().join("tmp"));
        let identity = identity(tier);
        let spec = spec(job, tier, identity, scratch.path(), relay.as_ref());
        let handover = hand_over(job, identity, &writable).map_err(io("give the job its folders"))?;
        let cgroup = match tier {
            Tier::Full | Tier::Landlock => Cgroup::make(job.limits.memory, job.limits.processes),
            Tier::None => Cgroup::default(),
        };
        let (child, link) = self
            .start(&spec, &cgroup, identity)
            .map_err(io("start the sandbox"))?;
        let follower = Follower {
            job,
            observer,
            cgroup: &cgroup,
            writable: &writable,
            child,
            link,
        };
        let mut seen = follower.follow().map_err(io("follow the job"))?;
        drop(handover);
        look_at_disk(job, &writable, &mut seen);
        judge(job, tier, &cgroup, seen)
    }

    /// A folder with `tmp`, `tmp/home` and an empty `root`.
    fn private_folder(&self) -> io::Result<TempDir> {
        std::fs::create_dir_all(&self.scratch)?;
        let folder = tempfile::Builder::new()
            .prefix("job-")
            .tempdir_in(std::fs::canonicalize(&self.scratch)?)?;
        std::fs::create_dir_all(folder.path().join("tmp/home"))?;
        std::fs::create_dir(folder.path().join("root"))?;
        Ok(folder)
    }

    /// Starts our own program as the cage and tells it what to build.
    fn start(&self, spec: &Spec, cgroup: &Cgroup, identity: Identity) -> io::Result<(Caged, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let (read_out, write_out) = io::pipe()?;
        let (read_err, write_err) = io::pipe()?;
        if let Identity::Drop(user) = identity {
            // So that the job can open /dev/stdout, which asks who owns the pipe.
            for pipe in [&write_out, &write_err] {
                let user = rustix::fs::Uid::from_raw(user);
                rustix::fs::fchown(pipe, Some(user), None)?;
            }
        }
        let mut command = Command::new(&self.program);
        command.arg(ARGUMENT).env_clear().current_dir("/");
        command
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(write_out)
            .stderr(write_err);
        raw::end_with_this_thread(&mut command);
        let child = command.spawn()?;
        drop(command);
        let caged = Caged {
            child,
            stop: ours.try_clone()?,
            out: Some(read_out),
            err: Some(read_err),
        };
        cgroup.add(caged.child.id())?;
        wire::say(&ours, spec)?;
        Ok((caged, ours))
    }
}

fn io(action: &str) -> impl Fn(io::Error) -> ExecuteError + '_ {
    move |cause| ExecuteError::Io {
        action: action.to_owned(),
        cause,
    }
}

/// The running sandbox, whose end this waits for; dropped early, it ends it.
#[derive(Debug)]
pub(super) struct Caged {
    pub(super) child: std::process::Child,
    pub(super) out: Option<io::PipeReader>,
    pub(super) err: Option<io::PipeReader>,
    stop: UnixStream,
}

impl Drop for Caged {
    fn drop(&mut self) {
        // Whoever holds the other end takes a closed socket for our death, and ends everything.
        drop(self.stop.shutdown(std::net::Shutdown::Both));
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while matches!(self.child.try_wait(), Ok(None)) && std::time::Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What is to be shown has to be there: found out here, since it says nothing about the machine's sandbox.
fn check_mounts(job: &Job) -> Result<(), ExecuteError> {
    for mount in &job.mounts {
        let action = format!("show `{}` to the job", mount.host.display());
        let data = std::fs::metadata(&mount.host).map_err(io(&action))?;
        let linked = mount.writable && mount.host.is_symlink();
        if linked || !(data.is_dir() || data.is_file()) {
            let cause = io::Error::other("neither a folder nor a file");
            return Err(ExecuteError::Io { action, cause });
        }
    }
    Ok(())
}

/// As whom a job runs.
fn identity(tier: Tier) -> Identity {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    match tier {
        Tier::Full if is_real_root() => {
            // One for each job: no two may send each other signals, and each has its own count of processes.
            let number = std::process::id()
                .wrapping_mul(8)
                .wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed) % 8);
            Identity::Drop(FIRST_USER + number % 0x0fff_ffff)
        }
        Tier::Full => Identity::Map,
        Tier::Landlock | Tier::None => Identity::Keep,
    }
}

/// Whether we are the machine's root, rather than somebody who is called so in a user namespace.
fn is_real_root() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let root_is_root = map
        .lines()
        .any(|line| line.split_whitespace().take(2).eq(["0", "0"]));
    rustix::process::geteuid().is_root() && root_is_root
}

/// Without a network of its own, a job reaches its proxy through a port of ours.
fn relay(job: &Job, tier: Tier) -> io::Result<Option<Relay>> {
    match &job.network {
        Network::Proxy(socket) if tier != Tier::Full => Relay::start(socket).map(Some),
        Network::Proxy(_) | Network::None | Network::Host => Ok(None),
    }
}

fn hand_over(job: &Job, identity: Identity, writable: &[PathBuf]) -> io::Result<Handover> {
    let Identity::Drop(user) = identity else {
        return Handover::give(writable, None);
    };
    if let Network::Proxy(socket) = &job.network {
        let user = rustix::fs::Uid::from_raw(user);
        rustix::fs::chown(socket, Some(user), None)?;
    }
    Handover::give(writable, Some(user))
}

/// Counts a last time what was written, now that nothing changes any more and nothing is closed to us.
fn look_at_disk(job: &Job, writable: &[PathBuf], seen: &mut Seen) {
    if seen.stopped.is_some() {
        return;
    }
    let allowed = job.limits.disk.saturating_add(seen.used_before);
    let used = disk::used(writable, allowed);
    if used.bytes > allowed || used.hidden {
        seen.stopped = Some(Ending::TooMuchDisk);
    } else if seen.disk_full && seen.ended != Some((Some(0), None)) {
        seen.stopped = Some(Ending::HostDiskFull);
    }
}

fn spec(job: &Job, tier: Tier, identity: Identity, scratch: &Path, relay: Option<&Relay>) -> Spec {
    let tmp = if tier == Tier::Full {
        PathBuf::from("/tmp")
    } else {
        scratch.join("tmp")
    };
    let see = |text: &OsStr| {
        if tier == Tier::Full {
            text.to_owned()
        } else {
            translate(text, &job.mounts)
        }
    };
    let port = relay.map_or(PROXY_PORT, Relay::port);
    let bind = |mount: &Mount| Bind {
        host: mount.host.clone().into(),
        inside: mount.inside.clone().into(),
        writable: mount.writable,
    };
    Spec {
        walls: tier.into(),
        identity,
        argv: job.argv.iter().map(|argument| see(argument)).collect(),
        directory: see(job.directory.as_os_str()),
        env: environment(job, &tmp, port)
            .into_iter()
            .map(|(name, value)| (name, see(&value)))
            .collect(),
        mounts: job.mounts.iter().map(bind).collect(),
        net: match &job.network {
            Network::None => Net::None,
            Network::Host => Net::Host,
            Network::Proxy(socket) => {
                relay.map_or(Net::Proxy(socket.into()), |relay| Net::Port(relay.port()))
            }
        },
        limits: Rlimits {
            processes: job.limits.processes,
            file_size: job.limits.disk.saturating_add(SLACK),
            shared_memory: job.limits.memory / SHARED,
        },
        scratch: scratch.into(),
        gpus: job.gpus,
    }
}

/// What came of it, from what was seen.
fn judge(job: &Job, tier: Tier, cgroup: &Cgroup, seen: Seen) -> Result<Outcome, ExecuteError> {
    let program = || {
        job.argv
            .first()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    match seen.failure {
        Some(Failure::Refused {
            doing,
            errno,
            of_job: true,
        }) => {
            return Err(ExecuteError::Io {
                action: doing,
                cause: io::Error::from_raw_os_error(errno),
            });
        }
        Some(Failure::Refused {
            doing,
            errno,
            of_job: false,
        }) => {
            let Refusal { cause, fix } = facts::explain(&doing, errno);
            return Err(ExecuteError::CannotConfine { cause, fix });
        }
        Some(Failure::NoProgram) => return Err(ExecuteError::NoSuchProgram { program: program() }),
        Some(Failure::NotStarted { errno }) => {
            return Err(not_started(program(), errno));
        }
        None => {}
    }
    let Some(mut measures) = seen.measures else {
        let cause = io::Error::other("it ended without a word");
        return Err(ExecuteError::Io {
            action: "start the sandbox".to_owned(),
            cause,
        });
    };
    let ours = our_measures(job, cgroup);
    measures.extend(ours.map(|(name, how)| (name.to_owned(), how)));
    let usage = Usage {
        wall: seen.wall,
        cpu: seen.cpu,
        peak_memory: seen.peak_memory,
        gpu_seconds: None,
    };
    Ok(Outcome {
        ending: seen.stopped.unwrap_or_else(|| ending(seen.ended)),
        usage,
        enforced: Enforced { tier, measures },
        attempts: seen.attempts,
    })
}

/// The program was found and did not start. Whether a file can be run says nothing about the machine.
fn not_started(program: String, errno: i32) -> ExecuteError {
    let cause = io::Error::from_raw_os_error(errno);
    let of_file = [Errno::ACCESS, Errno::NOEXEC, Errno::ISDIR, Errno::NOTDIR];
    if of_file.iter().any(|known| known.raw_os_error() == errno) {
        return ExecuteError::NotRunnable { program, cause };
    }
    ExecuteError::Io {
        action: format!("start `{program}`"),
        cause,
    }
}

/// How it ended by itself. A sandbox that was killed from outside took the job with it.
fn ending(ended: Option<(Option<i32>, Option<i32>)>) -> Ending {
    match ended {
        Some((Some(0), _)) => Ending::Succeeded,
        Some((Some(code), _)) => Ending::Failed { code },
        Some((None, Some(signal))) if signal == Signal::XFSZ.as_raw() => Ending::TooMuchDisk,
        Some((None, Some(signal))) => Ending::Killed { signal },
        Some((None, None)) | None => Ending::Killed {
            signal: Signal::KILL.as_raw(),
        },
    }
}

fn our_measures(job: &Job, cgroup: &Cgroup) -> [(&'static str, String); 7] {
    let memory = cgroup
        .memory_measure()
        .map_or("watched 20 times a second".to_owned(), str::to_owned);
    let processes = cgroup
        .processes_measure()
        .map_or("rlimit".to_owned(), |group| format!("{group}, rlimit"));
    let used = if cgroup.memory_measure().is_some() {
        "cgroup, sampled; wait4"
    } else {
        "sampled; wait4"
    };
    let gpus = if job.gpus == 0 { "hidden" } else { "shown" };
    [
        ("memory", memory),
        ("processes", processes),
        ("disk", "watched, each file by rlimit".to_owned()),
        ("output", "counted".to_owned()),
        ("time", "clock".to_owned()),
        ("accounting", used.to_owned()),
        ("gpus", gpus.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_is_told_from_code_and_signal() {
        assert_eq!(ending(Some((Some(0), None))), Ending::Succeeded);
        assert_eq!(ending(Some((Some(3), None))), Ending::Failed { code: 3 });
        assert_eq!(ending(Some((None, Some(11)))), Ending::Killed { signal: 11 });
        assert_eq!(ending(Some((None, Some(25)))), Ending::TooMuchDisk);
        assert_eq!(ending(None), Ending::Killed { signal: 9 });
    }
}
