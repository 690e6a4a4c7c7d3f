//! Giving up every privilege, and Landlock as the second wall.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus, NetPort,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetStatus,
    Scope,
};
use rustix::process::DumpableBehavior;
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::super::wire::{Identity, Net, Spec, Walls};
use super::root::Numbers;
use super::{Built, Doing as _};

/// The newest Landlock whose meaning was tried here; a kernel with an older one gives what it has.
const NEWEST: ABI = ABI::V6;

/// Becomes the job's user, without any capability, now or later.
pub(super) fn give_up(spec: &Spec, numbers: Numbers) -> Built<BTreeMap<String, String>> {
    drop_bounding_set(spec)?;
    let identity = match spec.identity {
        Identity::Drop(id) => {
            become_user(id).doing("become an unprivileged user")?;
            "an unprivileged user of the machine that is nobody else's".to_owned()
        }
        Identity::Map => "the caller, in a user namespace".to_owned(),
        Identity::Keep => "the caller".to_owned(),
    };
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, none).doing("give up capabilities")?;
    rustix::thread::set_no_new_privs(true).doing("give up new privileges")?;
    // The job may not look into this process, which is of the same user.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .doing("close the sandbox to the job")?;
    let nested = if numbers.no_namespaces {
        "refused by sysctl and seccomp"
    } else {
        "refused by seccomp"
    };
    Ok(BTreeMap::from([
        ("identity".to_owned(), identity),
        (
            "privileges".to_owned(),
            "no capabilities, no new privileges".to_owned(),
        ),
        ("namespaces".to_owned(), nested.to_owned()),
    ]))
}

/// Takes every capability out of the bounding set, where we may; without it, no new privileges says the same.
fn drop_bounding_set(spec: &Spec) -> Built<()> {
    for capability in CapabilitySet::all().iter() {
        let present = rustix::thread::capability_is_in_bounding_set(capability).unwrap_or(false);
        if present
            && let Err(error) = rustix::thread::remove_capability_from_bounding_set(capability)
            && spec.identity != Identity::Keep
        {
            return Err(error).doing("empty the bounding set");
        }
    }
    Ok(())
}

fn become_user(id: u32) -> io::Result<()> {
    use rustix::process::{Gid, Uid};
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    let (user, group) = (Uid::from_raw(id), Gid::from_raw(id));
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)?;
    // Said by the kernel rather than believed.
    let is = rustix::process::getuid() == user && rustix::process::geteuid() == user;
    if is && rustix::process::getgid() == group && rustix::process::getgroups()?.is_empty() {
        Ok(())
    } else {
        Err(io::Error::other("still somebody else"))
    }
}

/// Puts the Landlock rules on this process.
///
/// Behind namespaces they are a second wall and may be missing; without, they are the wall.
pub(super) fn landlock(spec: &Spec) -> Built<BTreeMap<String, String>> {
    let status = rules(spec)
        .and_then(|rules| rules.restrict_self().map_err(io::Error::other))
        .doing("put up Landlock")?;
    let version = match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => format!("Landlock ABI {effective_abi}"),
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => "no Landlock".to_owned(),
    };
    if spec.walls == Walls::Landlock && status.ruleset == RulesetStatus::NotEnforced {
        return Err(io::Error::from_raw_os_error(libc::ENOSYS)).doing("put up Landlock");
    }
    let mut measures = BTreeMap::from([("files".to_owned(), version)]);
    if let Net::Port(port) = spec.net {
        measures.insert(
            "network".to_owned(),
            format!("Landlock and seccomp: TCP to the proxy's port {port} only"),
        );
    }
    Ok(measures)
}

fn rules(spec: &Spec) -> io::Result<RulesetCreated> {
    let other = io::Error::other;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))
        .map_err(other)?
        .scope(Scope::from_all(NEWEST))
        .map_err(other)?;
    if let Net::Port(_) = spec.net {
        // Without this the network would be open: better no sandbox.
        rules = rules
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessNet::from_all(NEWEST))
            .map_err(|_| io::Error::from_raw_os_error(libc::ENOSYS))?
            .set_compatibility(CompatLevel::BestEffort);
    }
    let mut rules = rules.create().map_err(other)?;
    if let Net::Port(port) = spec.net {
        rules = rules
            .add_rule(NetPort::new(port, AccessNet::ConnectTcp))
            .map_err(other)?;
    }
    let (read, all) = (AccessFs::from_read(NEWEST), AccessFs::from_all(NEWEST));
    let write = AccessFs::WriteFile | AccessFs::Truncate;
    let devices = read
        | write
        | if spec.gpus > 0 {
            AccessFs::IoctlDev.into()
        } else {
            BitFlags::EMPTY
        };
    match spec.walls {
        Walls::Full => full(rules, spec, read, all, devices),
        Walls::Landlock | Walls::None => alone(rules, spec, read, all, devices),
    }
}

/// Behind namespaces: all that is left in the sandbox may be read.
fn full(
    mut rules: RulesetCreated,
    spec: &Spec,
    read: BitFlags<AccessFs>,
    all: BitFlags<AccessFs>,
    devices: BitFlags<AccessFs>,
) -> io::Result<RulesetCreated> {
    rules = allow(rules, "/", read)?;
    rules = allow(rules, "/dev", devices)?;
    rules = allow(rules, "/proc", read | AccessFs::WriteFile | AccessFs::Truncate)?;
    rules = allow(rules, "/dev/shm", all)?;
    rules = allow(rules, "/tmp", all)?;
    for mount in spec.mounts.iter().filter(|mount| mount.writable) {
        rules = allow(rules, &mount.inside, all)?;
    }
    Ok(rules)
}

/// Without namespaces: paths of the machine, each that may be read by name.
fn alone(
    mut rules: RulesetCreated,
    spec: &Spec,
    read: BitFlags<AccessFs>,
    all: BitFlags<AccessFs>,
    devices: BitFlags<AccessFs>,
) -> io::Result<RulesetCreated> {
    const READABLE: &[&str] = &[
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/proc",
        "/sys/devices/system",
    ];
    const FILES: &[&str] = &[
        "/etc/ld.so.cache",
        "/etc/alternatives",
        "/etc/localtime",
        "/etc/passwd",
        "/etc/group",
        "/etc/hosts",
        "/etc/nsswitch.conf",
        "/etc/resolv.conf",
        "/etc/ssl",
        "/etc/pki",
        "/etc/ca-certificates",
        "/etc/fonts",
    ];
    const DEVICES: &[&str] = &[
        "/dev/null",
        "/dev/zero",
        "/dev/full",
        "/dev/random",
        "/dev/urandom",
    ];
    for path in READABLE
        .iter()
        .chain(FILES)
        .filter(|path| Path::new(path).exists())
    {
        rules = allow(rules, path, read)?;
    }
    for path in DEVICES.iter().filter(|path| Path::new(path).exists()) {
        rules = allow(rules, path, devices)?;
    }
    rules = allow(rules, "/dev/shm", all)?;
    rules = allow(rules, Path::new(&spec.scratch).join("tmp"), all)?;
    for mount in &spec.mounts {
        rules = allow(rules, &mount.host, if mount.writable { all } else { read })?;
    }
    Ok(rules)
}

fn allow(
    rules: RulesetCreated,
    path: impl AsRef<Path>,
    access: BitFlags<AccessFs>,
) -> io::Result<RulesetCreated> {
    let path = path.as_ref();
    // A rule on a file may hold only what can be done to a file.
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(NEWEST)
    };
    let file = PathFd::new(path).map_err(io::Error::other)?;
    rules
        .add_rule(PathBeneath::new(file, access))
        .map_err(io::Error::other)
}
