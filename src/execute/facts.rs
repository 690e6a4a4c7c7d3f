//! Whether this machine can confine, tried for real, and what to do where it cannot.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::local::{Local, Wanted};
use super::{Ending, ExecuteError, Job, Limits, Network, Tier};
use crate::error::{Diagnose as _, chain};
use crate::observe::Silent;

/// What this machine's sandbox is worth.
#[derive(Clone, Debug)]
pub struct SandboxFacts {
    /// With namespaces: each measure by name with how it is enforced, or why not.
    pub full: Result<BTreeMap<String, String>, Refusal>,
    /// With Landlock and seccomp alone: the same.
    pub landlock: Result<BTreeMap<String, String>, Refusal>,
}

/// Why a sandbox cannot be built, and what would change that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why, as a fragment.
    pub cause: String,
    /// What to do.
    pub fix: String,
}

/// Runs a program that does nothing, once in each kind of sandbox.
///
/// `program` is our own program and `scratch` a folder to write to, as in [`Local`].
pub fn probe(program: &Path, scratch: &Path) -> SandboxFacts {
    SandboxFacts {
        full: probe_tier(program, scratch, Tier::Full),
        landlock: probe_tier(program, scratch, Tier::Landlock),
    }
}

fn probe_tier(program: &Path, scratch: &Path, tier: Tier) -> Result<BTreeMap<String, String>, Refusal> {
    let local = Local {
        program: program.to_owned(),
        scratch: scratch.to_owned(),
        wanted: Wanted::Full,
    };
    let logs = tempfile::tempdir_in(scratch).or_else(|_| tempfile::tempdir());
    let logs = logs.map_err(|error| Refusal {
        cause: format!("no folder to write to: {error}"),
        fix: DISK.to_owned(),
    })?;
    match local.run_in(&nothing(logs.path()), tier, &Silent) {
        Ok(outcome) if outcome.ending == Ending::Succeeded => Ok(outcome.enforced.measures),
        Ok(outcome) => Err(Refusal {
            cause: format!(
                "a program that does nothing did not succeed in it: {:?}",
                outcome.ending
            ),
            fix: "report this with the output of `reproof doctor`".to_owned(),
        }),
        Err(ExecuteError::CannotConfine { cause, fix }) => Err(Refusal { cause, fix }),
        Err(error) => Err(Refusal {
            cause: chain(&error),
            fix: error.hint().unwrap_or_else(|| DISK.to_owned()),
        }),
    }
}

const DISK: &str = "make sure that reproof's cache folder is on a disk with room and can be written to";

fn nothing(logs: &Path) -> Job {
    Job {
        name: "a program that does nothing".to_owned(),
        argv: vec!["/bin/sh".into(), "-c".into(), ":".into()],
        directory: PathBuf::from("/"),
        mounts: Vec::new(),
        env: BTreeMap::new(),
        path: Vec::new(),
        network: Network::None,
        limits: Limits {
            wall: Duration::from_secs(60),
            memory: 1 << 30,
            processes: 64,
            log: 1 << 20,
            disk: 1 << 20,
        },
        stdout: logs.join("out"),
        stderr: logs.join("err"),
        gpus: 0,
    }
}

/// Why `doing` failed with this error number on this machine, and what to do.
pub(super) fn explain(doing: &str, errno: i32) -> Refusal {
    let setting = |path: &str| {
        std::fs::read_to_string(path)
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    };
    let settings = Settings {
        clone: setting("/proc/sys/kernel/unprivileged_userns_clone"),
        apparmor: setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        most: setting("/proc/sys/user/max_user_namespaces"),
        root: rustix::process::geteuid().is_root(),
    };
    reason(doing, errno, &settings)
}

/// The kernel's settings that decide about namespaces, empty where there are none.
#[derive(Debug, Default)]
struct Settings {
    clone: String,
    apparmor: String,
    most: String,
    root: bool,
}

fn reason(doing: &str, errno: i32, settings: &Settings) -> Refusal {
    let (cause, fix) = known(doing, errno, settings).unwrap_or((
        "the kernel refused",
        "run `reproof doctor` and look at this step; `--sandbox=landlock` needs less of the machine",
    ));
    let error = io::Error::from_raw_os_error(errno);
    let detail = if errno == 0 {
        String::new()
    } else {
        format!(": {error}")
    };
    Refusal {
        cause: format!("{cause} (cannot {doing}{detail})"),
        fix: fix.to_owned(),
    }
}

fn known(doing: &str, errno: i32, settings: &Settings) -> Option<(&'static str, &'static str)> {
    let namespaces =
        doing.contains("namespace") || doing.contains("map the") || doing.contains("setting groups");
    let refused = errno == libc::EPERM || errno == libc::EACCES;
    if doing.contains("Landlock") && errno == libc::ENOSYS {
        return Some((
            "this kernel has no Landlock, or not the part of it that is needed",
            "use Linux 5.13 or newer with Landlock enabled (6.7 for steps with a proxy)",
        ));
    }
    if errno == libc::ENOSYS {
        return Some(("this kernel is too old", "use Linux 5.12 or newer"));
    }
    if namespaces && (errno == libc::ENOSPC || settings.most == "0") {
        return Some((
            "this machine allows no further user namespaces",
            "as root, `sysctl -w user.max_user_namespaces=10000`; on a cluster ask its administrator, or use `--sandbox=landlock`",
        ));
    }
    if namespaces && refused && settings.clone == "0" {
        return Some((
            "this machine forbids user namespaces to ordinary users",
            "as root, `sysctl -w kernel.unprivileged_userns_clone=1`, or use `--sandbox=landlock`",
        ));
    }
    if refused && settings.apparmor == "1" && !settings.root {
        return Some((
            "AppArmor keeps user namespaces from ordinary users",
            "as root, `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` or an AppArmor profile with `userns,` for reproof; or run reproof as root; or use `--sandbox=landlock`",
        ));
    }
    if namespaces && refused {
        return Some((
            "something around reproof, such as a container, forbids it to make namespaces",
            "start the container with `--security-opt seccomp=unconfined --cap-add SYS_ADMIN`, or use `--sandbox=landlock`",
        ));
    }
    if doing == "mount /proc" && refused {
        return Some((
            "parts of /proc are hidden here, as containers do, so that the kernel gives no other",
            "start the container with `--security-opt systempaths=unconfined`, or use `--sandbox=landlock`",
        ));
    }
    (doing == "change the root" && errno == libc::EINVAL).then_some((
        "the root of this machine is its initial memory disk, which cannot be left",
        "use `--sandbox=landlock`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(doing: &str, errno: i32, settings: &Settings, cause: &str, fix: &str) {
        let refusal = reason(doing, errno, settings);
        assert!(refusal.cause.starts_with(cause), "{}", refusal.cause);
        assert!(refusal.fix.contains(fix), "{}", refusal.fix);
    }

    #[test]
    fn each_known_cause_has_its_fix() {
        let plain = Settings::default();
        let with = |clone: &str, apparmor: &str, most: &str| Settings {
            clone: clone.to_owned(),
            apparmor: apparmor.to_owned(),
            most: most.to_owned(),
            root: false,
        };
        check(
            "create a user namespace",
            libc::EPERM,
            &with("0", "", "1"),
            "this machine forbids",
            "userns_clone=1",
        );
        check(
            "create a user namespace",
            libc::ENOSPC,
            &plain,
            "this machine allows no",
            "max_user_namespaces",
        );
        check(
            "map the user",
            libc::EPERM,
            &with("", "1", "9"),
            "AppArmor",
            "apparmor_restrict",
        );
        check(
            "create namespaces",
            libc::EPERM,
            &plain,
            "something around",
            "SYS_ADMIN",
        );
        check(
            "mount /proc",
            libc::EPERM,
            &plain,
            "parts of /proc",
            "systempaths",
        );
        check(
            "change the root",
            libc::EINVAL,
            &plain,
            "the root of this machine",
            "landlock",
        );
        check(
            "make /dev",
            libc::ENOSYS,
            &plain,
            "this kernel is too old",
            "5.12",
        );
        check(
            "put up Landlock",
            libc::ENOSYS,
            &plain,
            "this kernel has no Landlock",
            "5.13",
        );
        check(
            "make /dev",
            libc::EIO,
            &plain,
            "the kernel refused (cannot make /dev: ",
            "doctor",
        );
    }
}
