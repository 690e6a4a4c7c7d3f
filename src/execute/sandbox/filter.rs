//! System calls that a job may not make.
//!
//! A deny-list: an allow-list breaks honest programs with every new kernel or
//! C library. What is denied is what no computation needs and what breakouts
//! are made of. Some calls are answered as if the kernel did not have them, so
//! that programs fall back to what they did before those existed.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    sock_filter,
};

use super::super::raw;
use super::super::wire::{Net, Spec, Walls};
use super::root::Numbers;
use super::{Built, Doing as _};

/// Calls that no honest program makes: refused and reported.
const ESCAPES: &[(c_long, &str)] = &[
    (libc::SYS_mount, "mount"),
    (libc::SYS_umount2, "umount2"),
    (libc::SYS_pivot_root, "pivot_root"),
    (libc::SYS_move_mount, "move_mount"),
    (libc::SYS_open_tree, "open_tree"),
    (libc::SYS_fsopen, "fsopen"),
    (libc::SYS_fsconfig, "fsconfig"),
    (libc::SYS_fsmount, "fsmount"),
    (libc::SYS_fspick, "fspick"),
    (libc::SYS_mount_setattr, "mount_setattr"),
    (libc::SYS_kexec_load, "kexec_load"),
    (libc::SYS_init_module, "init_module"),
    (libc::SYS_finit_module, "finit_module"),
    (libc::SYS_delete_module, "delete_module"),
    (libc::SYS_bpf, "bpf"),
    (libc::SYS_setns, "setns"),
    (libc::SYS_open_by_handle_at, "open_by_handle_at"),
    (libc::SYS_reboot, "reboot"),
    (libc::SYS_swapon, "swapon"),
    (libc::SYS_swapoff, "swapoff"),
    (libc::SYS_acct, "acct"),
    (libc::SYS_settimeofday, "settimeofday"),
    (libc::SYS_clock_settime, "clock_settime"),
];

/// Calls that honest programs may try and can do without: refused.
const REFUSED: &[c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_chroot,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_process_vm_writev,
    libc::SYS_vhangup,
    libc::SYS_lookup_dcookie,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
];

/// Calls that the kernel seems not to have. `clone3` hides its flags from a filter; the others are a long list of holes.
const UNKNOWN: &[c_long] = &[
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// The flags of `clone` and `unshare` that make namespaces.
const NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;

/// CLONE_NEWTIME, which means something else to `clone`.
const NEW_TIME: u64 = 0x80;

/// Requests that type into a terminal or paste into it.
const TYPING: &[u64] = &[0x5412, 0x541c];

/// Carried by the traced calls, to be replaced by a question to the listener.
const PLACEHOLDER: u32 = 0x7e57;

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Puts the filters on this process; returns where reports of refused escapes arrive.
pub(super) fn install(
    spec: &Spec,
    numbers: Numbers,
    measures: &mut BTreeMap<String, String>,
) -> Built<Option<OwnedFd>> {
    rustix::thread::set_no_new_privs(true).doing("give up new privileges")?;
    let families = match (spec.walls, &spec.net) {
        (Walls::Landlock, Net::None | Net::Proxy(_)) => &[libc::AF_UNIX, libc::AF_NETLINK][..],
        _ => &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK][..],
    };
    if spec.walls == Walls::Landlock && spec.net == Net::None {
        measures.insert("network".to_owned(), "seccomp: Unix sockets only".to_owned());
    }
    let put = |rules, action: SeccompAction| -> io::Result<()> {
        raw::install_filter(&compile(rules, action)?, false).map(drop)
    };
    let mut unknown = plain(UNKNOWN);
    if !numbers.segments {
        // Memory that belongs to no process, that nothing bounds and, without namespaces, that stays behind.
        unknown.insert(libc::SYS_shmget, Vec::new());
    }
    put(unknown, errno(libc::ENOSYS)).doing("filter system calls (unknown)")?;
    put(
        sockets(spec, families).doing("write a filter")?,
        errno(libc::EAFNOSUPPORT),
    )
    .doing("filter sockets")?;
    put(refused().doing("write a filter")?, errno(libc::EPERM)).doing("filter system calls (refused)")?;
    let listener = escapes().doing("filter system calls (escapes)")?;
    let how = if listener.is_some() {
        "seccomp; attempts are reported"
    } else {
        "seccomp"
    };
    measures.insert("system-calls".to_owned(), how.to_owned());
    Ok(listener)
}

/// The name of a call in [`ESCAPES`].
pub(super) fn name(call: i32) -> String {
    let known = ESCAPES.iter().find(|(number, _)| *number == c_long::from(call));
    let name = known.map(|(_, name)| *name);
    name.or((c_long::from(call) == libc::SYS_ioctl).then_some("ioctl TIOCSTI"))
        .unwrap_or("a system call")
        .to_owned()
}

fn errno(number: i32) -> SeccompAction {
    SeccompAction::Errno(number.unsigned_abs())
}

fn plain(calls: &[c_long]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

/// One condition, on the lower half of an argument: the kernel ignores the upper half of these.
fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> io::Result<SeccompCondition> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value).map_err(io::Error::other)
}

fn rule(conditions: Vec<SeccompCondition>) -> io::Result<SeccompRule> {
    SeccompRule::new(conditions).map_err(io::Error::other)
}

/// Sockets of other families: some of them, such as those between a virtual machine and its host, know no namespace.
fn sockets(spec: &Spec, families: &[i32]) -> io::Result<Rules> {
    let other = |family: &i32| condition(0, SeccompCmpOp::Ne, u64::from(family.unsigned_abs()));
    let mut rules = vec![rule(families.iter().map(other).collect::<io::Result<_>>()?)?];
    if matches!(spec.net, Net::Port(_)) {
        // Landlock knows only TCP: datagrams of the internet are refused here, whatever else is in the type's upper bits.
        for family in [libc::AF_INET, libc::AF_INET6] {
            let internet = condition(0, SeccompCmpOp::Eq, u64::from(family.unsigned_abs()))?;
            let stream = SeccompCmpOp::MaskedEq(0xf);
            for kind in [libc::SOCK_DGRAM, libc::SOCK_RAW] {
                let kind = condition(1, stream.clone(), u64::from(kind.unsigned_abs()))?;
                rules.push(rule(vec![internet.clone(), kind])?);
            }
        }
    }
    Ok(BTreeMap::from([(libc::SYS_socket, rules)]))
}

fn refused() -> io::Result<Rules> {
    let mut rules = plain(REFUSED);
    let any = |flags: u64| -> io::Result<Vec<SeccompRule>> {
        let bits = (0..32).map(|bit| 1_u64 << bit).filter(|bit| flags & bit != 0);
        bits.map(|bit| rule(vec![condition(0, SeccompCmpOp::MaskedEq(bit), bit)?]))
            .collect()
    };
    rules.insert(libc::SYS_clone, any(NAMESPACES)?);
    rules.insert(libc::SYS_unshare, any(NAMESPACES | NEW_TIME)?);
    Ok(rules)
}

/// Refuses the escapes through a listener, or plainly where a filter of another has one already.
fn escapes() -> io::Result<Option<OwnedFd>> {
    let calls: Vec<c_long> = ESCAPES.iter().map(|(call, _)| *call).collect();
    let mut rules = plain(&calls);
    rules.insert(libc::SYS_kexec_file_load, Vec::new());
    let typing = TYPING
        .iter()
        .map(|request| rule(vec![condition(1, SeccompCmpOp::Eq, *request)?]));
    rules.insert(libc::SYS_ioctl, typing.collect::<io::Result<_>>()?);
    let traced = compile(rules, SeccompAction::Trace(PLACEHOLDER))?;
    match raw::install_filter(&replace(&traced, libc::SECCOMP_RET_USER_NOTIF), true) {
        Ok(listener) => Ok(listener),
        Err(_) => {
            let refuse = libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs();
            raw::install_filter(&replace(&traced, refuse), false)
        }
    }
}

/// The same program with another answer in the place of [`PLACEHOLDER`].
fn replace(program: &[sock_filter], answer: u32) -> BpfProgram {
    let placeholder = libc::SECCOMP_RET_TRACE | PLACEHOLDER;
    let mut program = program.to_vec();
    for line in &mut program {
        if line.code == RETURN && line.k == placeholder {
            line.k = answer;
        }
    }
    program
}

/// `BPF_RET | BPF_K`: end with a constant answer.
const RETURN: u16 = 0x06;

fn compile(rules: Rules, action: SeccompAction) -> io::Result<BpfProgram> {
    let arch = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch).map_err(io::Error::other)?;
    let program: BpfProgram = filter.try_into().map_err(io::Error::other)?;
    Ok([no_second_numbering(), program].concat())
}

/// On x86-64 every call has a second number, with bit 30 set, which the rules do not know: refused as unknown.
fn no_second_numbering() -> BpfProgram {
    if !cfg!(target_arch = "x86_64") {
        return Vec::new();
    }
    let line = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let unknown = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    // Load the number; unless it is at least 1 << 30, skip the answer.
    vec![
        line(0x20, 0, 0, 0),
        line(0x35, 0, 1, 0x4000_0000),
        line(RETURN, 0, 0, unknown),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_call_is_in_two_lists() {
        let escapes = ESCAPES.iter().map(|(call, _)| *call);
        let conditional = [
            libc::SYS_clone,
            libc::SYS_unshare,
            libc::SYS_socket,
            libc::SYS_ioctl,
        ];
        let all: Vec<_> = escapes
            .chain(REFUSED.iter().copied())
            .chain(UNKNOWN.iter().copied())
            .chain(conditional)
            .collect();
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), distinct.len());
    }

    #[test]
    fn the_placeholder_is_replaced_wherever_it_stands() {
        let program = compile(
            plain(&[libc::SYS_mount, libc::SYS_bpf]),
            SeccompAction::Trace(PLACEHOLDER),
        );
        let program = program.expect("a program");
        let count = |program: &[sock_filter], k| program.iter().filter(|line| line.k == k).count();
        let before = count(&program, libc::SECCOMP_RET_TRACE | PLACEHOLDER);
        let replaced = replace(&program, libc::SECCOMP_RET_USER_NOTIF);
        assert!(before > 0);
        assert_eq!(count(&replaced, libc::SECCOMP_RET_USER_NOTIF), before);
        assert_eq!(count(&replaced, libc::SECCOMP_RET_TRACE | PLACEHOLDER), 0);
    }
}
