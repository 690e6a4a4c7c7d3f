//! The calls that the compiler cannot check, each with the reason why it is sound.
//!
//! Nothing else in the crate uses `unsafe` for processes. What is here is small
//! enough to be read in one sitting.
#![expect(
    unsafe_code,
    reason = "fork, prctl and a few system calls have no safe form; every block says why it is sound"
)]

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use rustix::mount::MountAttrFlags;
use rustix::process::{Pid, Resource, Rlimit, Signal, setrlimit};
use rustix::thread::UnshareFlags;
use seccompiler::sock_filter;

/// Makes the program that `command` starts end with the *thread* that starts it, and gives it its own process group.
///
/// The thread has to stay until the program has ended.
pub(crate) fn end_with_this_thread(command: &mut Command) {
    let parent = rustix::process::getpid();
    command.process_group(0);
    // SAFETY: between fork and exec only async-signal-safe calls are made: two system calls, no allocation.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            // The parent may have died before the line above.
            if rustix::process::getppid() == Some(parent) {
                Ok(())
            } else {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        });
    }
}

/// Gives the program that `command` starts a session of its own, hence no terminal, and these limits, soft and hard.
pub(super) fn session_and_limits(command: &mut Command, limits: Vec<(Resource, u64)>) {
    // SAFETY: between fork and exec only async-signal-safe calls are made: system calls on memory made before.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            for (resource, limit) in &limits {
                setrlimit(
                    *resource,
                    Rlimit {
                        current: Some(*limit),
                        maximum: Some(*limit),
                    },
                )?;
            }
            Ok(())
        });
    }
}

/// Forks a process that has a single thread; the child gets `None`.
pub(super) fn fork() -> io::Result<Option<Pid>> {
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    if threads != 1 {
        return Err(io::Error::other("more than one thread"));
    }
    // SAFETY: with one thread, no lock can be held and no other thread's state be lost in the child.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        child => Ok(Pid::from_raw(child)),
    }
}

/// Closes every file descriptor from `first` on.
pub(super) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: called first thing in a fresh process, when nothing in it owns a descriptor beyond the standard three.
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Leaves the namespaces named by `flags` for fresh ones.
pub(super) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    assert!(!flags.contains(UnshareFlags::FILES), "descriptors stay shared");
    // SAFETY: only `FILES` is unsafe.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(io::Error::from)
}

/// Adds `attributes` to the mount `mount`, and if `deep` to all below it.
pub(super) fn restrict_mount(
    mount: BorrowedFd<'_>,
    attributes: MountAttrFlags,
    deep: bool,
) -> io::Result<()> {
    set_mount(mount, u64::from(attributes.bits()), 0, deep)
}

/// Shows the files of the detached mount `mount`, and of all below it, with the owners that the user namespace `owners` gives them.
pub(super) fn map_owner(mount: BorrowedFd<'_>, owners: BorrowedFd<'_>) -> io::Result<()> {
    const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;
    set_mount(
        mount,
        MOUNT_ATTR_IDMAP,
        u64::from(owners.as_raw_fd().unsigned_abs()),
        true,
    )
}

fn set_mount(mount: BorrowedFd<'_>, set: u64, namespace: u64, deep: bool) -> io::Result<()> {
    #[repr(C)]
    struct MountAttr {
        set: u64,
        clear: u64,
        propagation: u64,
        namespace: u64,
    }
    let attr = MountAttr {
        set,
        clear: 0,
        propagation: 0,
        namespace,
    };
    let flags = libc::AT_EMPTY_PATH | if deep { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a C string, the struct is the kernel's `mount_attr` of version 0 and its size is passed.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attr,
            size_of::<MountAttr>(),
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Sends `signal` to every process of this pid namespace but its first, which has to be the caller.
pub(super) fn signal_everyone(signal: Signal) -> io::Result<()> {
    if rustix::process::getpid().as_raw_pid() != 1 {
        return Err(io::Error::other("not the first process of a namespace"));
    }
    // SAFETY: plain values; what it hits is the namespace of which the caller is the first process.
    match unsafe { libc::kill(-1, signal.as_raw()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Processor time of all children that were waited for, and the most memory of any one of them, in bytes.
pub(super) fn usage_of_children() -> (Duration, u64) {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the kernel fills the struct; zeroes are a valid `rusage` where it does not.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        usage.assume_init()
    };
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_micros(time.tv_usec.unsigned_abs())
    };
    (
        time(usage.ru_utime) + time(usage.ru_stime),
        usage.ru_maxrss.unsigned_abs() * 1024,
    )
}

/// Puts `filter` on this thread and whatever it starts; if `listen`, returns where its questions arrive.
pub(super) fn install_filter(filter: &[sock_filter], listen: bool) -> io::Result<Option<OwnedFd>> {
    #[repr(C)]
    struct Program {
        length: libc::c_ushort,
        filter: *const sock_filter,
    }
    let length = libc::c_ushort::try_from(filter.len()).map_err(io::Error::other)?;
    let program = Program {
        length,
        filter: filter.as_ptr(),
    };
    let flags = if listen {
        libc::SECCOMP_FILTER_FLAG_NEW_LISTENER
    } else {
        0
    };
    // SAFETY: the struct is the kernel's `sock_fprog`, its pointer and length are those of a live slice.
    let done = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const program,
        )
    };
    match i32::try_from(done).unwrap_or(-1) {
        // SAFETY: with this flag, what comes back is a fresh descriptor that nobody else owns.
        fd if fd >= 0 && listen => Ok(Some(unsafe { OwnedFd::from_raw_fd(fd) })),
        0 => Ok(None),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Takes the next question of a filter, answers it with "not permitted", and returns the system call's number.
///
/// `None` when whoever asked is gone.
pub(super) fn refuse_next(listener: BorrowedFd<'_>) -> Option<i32> {
    // SAFETY: both structs are the kernel's and all zeroes is a valid value, even the one it asks for.
    let (mut question, mut answer) = unsafe {
        (
            std::mem::zeroed::<libc::seccomp_notif>(),
            std::mem::zeroed::<libc::seccomp_notif_resp>(),
        )
    };
    // SAFETY: the request takes a pointer to this struct.
    if unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_RECV,
            &raw mut question,
        )
    } != 0
    {
        return None;
    }
    (answer.id, answer.error) = (question.id, -libc::EPERM);
    // SAFETY: as above.
    unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_SEND,
            &raw mut answer,
        )
    };
    Some(question.data.nr)
}
