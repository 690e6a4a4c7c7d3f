//! The job's view of the file system: an empty root into which only what it needs is put.
//!
//! Every mount point is reached without following a link, since the folders
//! that are shown inside may be full of hostile ones.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2, symlinkat};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags,
    UnmountFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen, mount_change, move_mount, open_tree,
    unmount,
};

use super::super::raw::{map_owner, restrict_mount};
use super::super::wire::{Identity, Net, Spec};
use super::{Built, Doing as _, Failure};

const READ_ONLY: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_RDONLY;
const NO_EXEC: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOEXEC;
/// What every mount has: no set-user-ID, no device files.
const PLAIN: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID.union(MountAttrFlags::MOUNT_ATTR_NODEV);

/// Folders of the system that hold programs and libraries; links on most machines.
const SYSTEM: &[&str] = &[
    "bin",
    "sbin",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "nix/store",
    "gnu/store",
];

/// Files and folders of the system that programs look at and that say nothing about the user.
const SETTINGS: &[&str] = &[
    "etc/ld.so.cache",
    "etc/alternatives",
    "etc/localtime",
    "etc/fonts",
    "etc/mime.types",
];

/// What the network needs besides: certificates.
const CERTIFICATES: &[&str] = &["etc/ssl", "etc/pki", "etc/ca-certificates"];

/// What the machine's own network needs besides.
const NAMES: &[&str] = &["etc/resolv.conf", "etc/hosts", "etc/nsswitch.conf"];

/// What says how many processors there are.
const HARDWARE: &[&str] = &["sys/devices/system/cpu", "sys/devices/system/node"];

/// Parts of /proc that are the machine's, not the job's.
const PROC_READ_ONLY: &[&str] = &[
    "proc/sys",
    "proc/sysrq-trigger",
    "proc/irq",
    "proc/bus",
    "proc/fs",
    "proc/mtrr",
    "proc/pressure",
];

/// Parts of /proc that say too much about the machine.
const PROC_HIDDEN: &[&str] = &[
    "proc/kcore",
    "proc/keys",
    "proc/key-users",
    "proc/timer_list",
    "proc/kallsyms",
];

/// An empty file that lies over them.
const EMPTY: &str = "run/empty";

/// Numbers of the new namespaces that could be set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    /// No user namespace may be made below ours.
    pub(super) no_namespaces: bool,
    /// System V segments, which belong to no process, are bounded in their sum.
    pub(super) segments: bool,
}

/// Replaces this process's root by that of the job.
pub(super) fn build(spec: &Spec, owner: Option<&OwnedFd>) -> Built<Numbers> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .doing("make mounts private")?;
    let root = Root::new(&Path::new(&spec.scratch).join("root"))?;
    root.system(spec)?;
    root.made_files(spec).doing("write the sandbox's own files")?;
    root.devices(spec)?;
    let numbers = root.processes(spec)?;
    root.show(&Path::new(&spec.scratch).join("tmp"), Path::new("tmp"), PLAIN)?;
    root.place(spec, owner).map_err(|failure| Failure {
        of_job: true,
        ..failure
    })?;
    restrict_mount(root.0.as_fd(), READ_ONLY, false).doing("make the root read-only")?;
    enter(&root.0)?;
    Ok(numbers)
}

/// Makes `root` this process's root and forgets the old one.
fn enter(root: &OwnedFd) -> Built<()> {
    rustix::process::fchdir(root).doing("enter the new root")?;
    rustix::process::pivot_root(".", ".").doing("change the root")?;
    unmount(".", UnmountFlags::DETACH).doing("let go of the old root")?;
    rustix::process::chdir("/").doing("enter the new root")
}

/// The new root, while it is built.
#[derive(Debug)]
struct Root(OwnedFd);

impl Root {
    fn new(at: &Path) -> Built<Self> {
        let root = memory("4m", "0755", PLAIN).doing("make an empty root")?;
        let target = openat(
            CWD,
            at,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        );
        attach(&root, &target.doing("find the place of the new root")?).doing("mount the new root")?;
        Ok(Self(root))
    }

    /// Programs, libraries, settings.
    fn system(&self, spec: &Spec) -> Built<()> {
        self.show(Path::new("/usr"), Path::new("usr"), PLAIN | READ_ONLY)?;
        for name in SYSTEM {
            let host = Path::new("/").join(name);
            match std::fs::read_link(&host) {
                Ok(link) if !name.contains('/') => {
                    symlinkat(&link, &self.0, *name).doing(format!("link /{name}"))?;
                }
                _ => self.show_if_there(name)?,
            }
        }
        let networked: &[&[&str]] = match spec.net {
            Net::None | Net::Port(_) => &[],
            Net::Proxy(_) => &[CERTIFICATES],
            Net::Host => &[CERTIFICATES, NAMES],
        };
        for name in [SETTINGS, HARDWARE].iter().chain(networked).copied().flatten() {
            self.show_if_there(name)?;
        }
        Ok(())
    }

    fn show_if_there(&self, name: &str) -> Built<()> {
        let host = Path::new("/").join(name);
        if host.exists() {
            self.show(&host, Path::new(name), PLAIN | READ_ONLY)
        } else {
            Ok(())
        }
    }

    /// The files that say who and where one is.
    fn made_files(&self, spec: &Spec) -> io::Result<()> {
        let id = match spec.identity {
            Identity::Drop(id) => id,
            Identity::Map | Identity::Keep => 1000,
        };
        let passwd = format!(
            "root:x:0:0:root:/nowhere:/usr/sbin/nologin\nreproof:x:{id}:{id}:reproof:/tmp/home:/bin/sh\n\
             nobody:x:65534:65534:nobody:/nowhere:/usr/sbin/nologin\n"
        );
        self.file("etc/passwd", &passwd)?;
        self.file(
            "etc/group",
            &format!("root:x:0:\nreproof:x:{id}:\nnogroup:x:65534:\n"),
        )?;
        if spec.net != Net::Host {
            self.file("etc/hosts", "127.0.0.1 localhost reproof\n::1 localhost\n")?;
            self.file(
                "etc/nsswitch.conf",
                "passwd: files\ngroup: files\nhosts: files dns\n",
            )?;
            self.file(
                "etc/resolv.conf",
                "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
            )?;
        }
        self.file(EMPTY, "")?;
        self.folder(Path::new("var"))?;
        symlinkat("/tmp", &self.0, "var/tmp")?;
        Ok(())
    }

    fn file(&self, path: &str, text: &str) -> io::Result<()> {
        drop(self.target(Path::new(path), false)?);
        let flags = OFlags::WRONLY | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = std::fs::File::from(openat(&self.0, path, flags, Mode::empty())?);
        file.write_all(text.as_bytes())
    }

    /// A small /dev of memory, read-only once it is made.
    fn devices(&self, spec: &Spec) -> Built<()> {
        let doing = "make /dev";
        let dev = memory("1m", "0755", MountAttrFlags::MOUNT_ATTR_NOSUID | NO_EXEC).doing(doing)?;
        attach(&dev, &self.folder(Path::new("dev")).doing(doing)?).doing(doing)?;
        for name in ["null", "zero", "full", "random", "urandom"]
            .map(str::to_owned)
            .into_iter()
            .chain(gpus(spec.gpus))
        {
            let host = Path::new("/dev").join(&name);
            self.show(
                &host,
                &Path::new("dev").join(&name),
                MountAttrFlags::MOUNT_ATTR_NOSUID | NO_EXEC,
            )?;
        }
        for (name, link) in [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")] {
            symlinkat(format!("/proc/self/fd{link}"), &dev, name).doing(doing)?;
        }
        let shared = memory(&spec.limits.shared_memory.to_string(), "1777", PLAIN).doing("make /dev/shm")?;
        attach(&shared, &self.folder(Path::new("dev/shm")).doing(doing)?).doing("mount /dev/shm")?;
        restrict_mount(dev.as_fd(), READ_ONLY, false).doing("make /dev read-only")?;
        if spec.gpus > 0 {
            for name in ["sys/devices", "sys/bus/pci", "sys/module/nvidia"] {
                self.show_if_there(name)?;
            }
        }
        Ok(())
    }

    /// A /proc of the new pid namespace, its view of the machine read-only.
    fn processes(&self, spec: &Spec) -> Built<Numbers> {
        let doing = "mount /proc";
        let proc = fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC).doing(doing)?;
        fsconfig_create(&proc).doing(doing)?;
        let proc = fsmount(&proc, FsMountFlags::FSMOUNT_CLOEXEC, PLAIN | NO_EXEC).doing(doing)?;
        attach(&proc, &self.folder(Path::new("proc")).doing(doing)?).doing(doing)?;
        let numbers = set_numbers(spec);
        for name in PROC_READ_ONLY {
            self.cover(&self.0, name, name)?;
        }
        for name in PROC_HIDDEN {
            self.cover(&self.0, EMPTY, name)?;
        }
        Ok(numbers)
    }

    /// Mounts what lies at `source` of the new root read-only over `name`, where that exists.
    fn cover(&self, from: &OwnedFd, source: &str, name: &str) -> Built<()> {
        let doing = || format!("cover /{name}");
        let target = match openat(
            &self.0,
            name,
            OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::empty(),
        ) {
            Err(Errno::NOENT) => return Ok(()),
            target => target.doing(doing())?,
        };
        let flags =
            OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
        let tree = open_tree(from, source, flags).doing(doing())?;
        restrict_mount(tree.as_fd(), READ_ONLY | MountAttrFlags::MOUNT_ATTR_NOSUID, true).doing(doing())?;
        attach(&tree, &target).doing(doing())
    }

    /// The job's own mounts, outer ones before those inside them.
    ///
    /// Where the job runs as another user than root, `owner` makes what is root's look like that user's.
    fn place(&self, spec: &Spec, owner: Option<&OwnedFd>) -> Built<()> {
        let mut mounts: Vec<_> = spec.mounts.iter().collect();
        mounts.sort_by_key(|mount| Path::new(&mount.inside).components().count());
        for mount in mounts {
            let inside =
                relative(&mount.inside).doing(format!("find a place for {}", mount.inside.display()))?;
            let attributes = if mount.writable { PLAIN } else { PLAIN | READ_ONLY };
            self.show_with(Path::new(&mount.host), &inside, attributes, owner)?;
        }
        if let Net::Proxy(socket) = &spec.net {
            self.show(Path::new(socket), Path::new("run/proxy.sock"), PLAIN)?;
        }
        Ok(())
    }

    /// Mounts `host`, and what is mounted below it, at `inside`.
    fn show(&self, host: &Path, inside: &Path, attributes: MountAttrFlags) -> Built<()> {
        self.show_with(host, inside, attributes, None)
    }

    fn show_with(
        &self,
        host: &Path,
        inside: &Path,
        attributes: MountAttrFlags,
        owner: Option<&OwnedFd>,
    ) -> Built<()> {
        let doing = || format!("show {} at /{}", host.display(), inside.display());
        let mut flags =
            OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
        if !attributes.contains(READ_ONLY) {
            // A link where something writable should be was not put there by us.
            flags |= OpenTreeFlags::AT_SYMLINK_NOFOLLOW;
        }
        let tree = open_tree(CWD, host, flags).doing(doing())?;
        restrict_mount(tree.as_fd(), attributes, true).doing(doing())?;
        if let (Some(owner), true) = (owner, attributes.contains(READ_ONLY)) {
            // Not every file system can: then what only root may read stays unread. Never for what is writable: a
            // program with a set-user-ID bit that the job made there would be root's to the rest of the machine.
            drop(map_owner(tree.as_fd(), owner.as_fd()));
        }
        let folder = rustix::fs::fstat(&tree).doing(doing())?.st_mode & libc::S_IFMT == libc::S_IFDIR;
        attach(&tree, &self.target(inside, folder).doing(doing())?).doing(doing())
    }

    fn folder(&self, path: &Path) -> io::Result<OwnedFd> {
        self.target(path, true)
    }

    /// The mount point `path`, made if need be, without following any link.
    fn target(&self, path: &Path, folder: bool) -> io::Result<OwnedFd> {
        let mut here = self.0.try_clone()?;
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            let Component::Normal(name) = part else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            here = step(&here, name, folder || parts.peek().is_some())?;
        }
        Ok(here)
    }
}

/// Sets what belongs to our namespaces alone, while /proc can still be written to. Not every kernel lets us.
fn set_numbers(spec: &Spec) -> Numbers {
    let settings = Path::new(&spec.scratch).join("root/proc/sys");
    let set = |name: &str, value: u64| std::fs::write(settings.join(name), value.to_string()).is_ok();
    let pages = spec.limits.shared_memory / rustix::param::page_size() as u64;
    Numbers {
        // Without a user namespace of our own, this number would be the machine's.
        no_namespaces: spec.identity == Identity::Map && set("user/max_user_namespaces", 0),
        segments: set("kernel/shmall", pages),
    }
}

/// Opens `name` in `here`, making it first if it is not there.
fn step(here: &OwnedFd, name: &OsStr, folder: bool) -> io::Result<OwnedFd> {
    let open = || {
        let kind = if folder {
            OFlags::DIRECTORY
        } else {
            OFlags::empty()
        };
        let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::BENEATH;
        openat2(
            here,
            name,
            OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC | kind,
            Mode::empty(),
            resolve,
        )
    };
    match open() {
        Err(Errno::NOENT) if folder => mkdirat(here, name, Mode::from_raw_mode(0o755))?,
        Err(Errno::NOENT) => {
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
            drop(openat(here, name, flags, Mode::from_raw_mode(0o644))?);
        }
        other => return Ok(other?),
    }
    Ok(open()?)
}

/// A file system in memory.
fn memory(size: &str, mode: &str, attributes: MountAttrFlags) -> io::Result<OwnedFd> {
    let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&context, "size", size)?;
    fsconfig_set_string(&context, "mode", mode)?;
    fsconfig_create(&context)?;
    Ok(fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)?)
}

fn attach(mount: &OwnedFd, at: &OwnedFd) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(move_mount(mount, "", at, "", flags)?)
}

/// `path` without its first slash; only plain names may follow.
fn relative(path: &OsStr) -> io::Result<PathBuf> {
    let inside = Path::new(path).strip_prefix("/").map_err(io::Error::other)?;
    let plain = inside
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if plain && inside != Path::new("") {
        Ok(inside.to_owned())
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

/// Device files of the first `count` GPUs that are there.
fn gpus(count: u32) -> Vec<String> {
    if count == 0 {
        return Vec::new();
    }
    let shared = [
        "nvidiactl",
        "nvidia-uvm",
        "nvidia-uvm-tools",
        "nvidia-modeset",
        "nvidia-caps",
        "kfd",
        "dri",
        "dxg",
    ];
    let own = (0..count).map(|number| format!("nvidia{number}"));
    shared
        .map(str::to_owned)
        .into_iter()
        .chain(own)
        .filter(|name| Path::new("/dev").join(name).exists())
        .collect()
}
