//! A control group for a job, where this machine lets us make one.
//!
//! It is the only exact limit on the memory of several processes together.
//! Where none can be made, the watch in [`super::follow`] takes its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Pid;

/// Processes of the sandbox itself that a limit on processes has to leave room for.
const OUR_OWN: u64 = 24;

/// How long the kernel may take to let go of an ended job's group.
const PATIENCE: Duration = Duration::from_secs(5);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The groups of one job; removed when dropped.
#[derive(Debug, Default)]
pub(super) struct Cgroup {
    memory: Option<(PathBuf, Version)>,
    pids: Option<(PathBuf, Version)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

impl Version {
    fn name(self) -> &'static str {
        match self {
            Self::V1 => "cgroup v1",
            Self::V2 => "cgroup v2",
        }
    }
}

impl Cgroup {
    /// Makes what groups it can, with these limits in bytes and in processes.
    pub(super) fn make(memory: u64, processes: u64) -> Self {
        let hierarchy = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let name = format!(
            "reproof-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let processes = processes.saturating_add(OUR_OWN);
        Self {
            memory: make(&hierarchy, "memory", &name, |group, version| {
                limit_memory(group, version, memory)
            }),
            pids: make(&hierarchy, "pids", &name, |group, _| {
                write(group, "pids.max", processes)
            }),
        }
    }

    /// Puts a process, and what it will start, into them.
    pub(super) fn add(&self, pid: u32) -> io::Result<()> {
        for (group, _) in self.groups() {
            write(group, "cgroup.procs", u64::from(pid))?;
        }
        Ok(())
    }

    fn groups(&self) -> impl Iterator<Item = &(PathBuf, Version)> {
        let second = self
            .pids
            .as_ref()
            .filter(|pids| self.memory.as_ref().is_none_or(|memory| memory.0 != pids.0));
        self.memory.iter().chain(second)
    }

    /// How memory is limited, if it is.
    pub(super) fn memory_measure(&self) -> Option<&'static str> {
        self.memory.as_ref().map(|(_, version)| version.name())
    }

    /// How processes are limited, if they are.
    pub(super) fn processes_measure(&self) -> Option<&'static str> {
        self.pids.as_ref().map(|(_, version)| version.name())
    }

    /// How many processes the kernel has ended for want of memory in the group.
    pub(super) fn killed_for_memory(&self) -> u64 {
        let Some((group, version)) = &self.memory else {
            return 0;
        };
        let file = match version {
            Version::V1 => "memory.oom_control",
            Version::V2 => "memory.events",
        };
        field(group, file, "oom_kill").unwrap_or(0)
    }

    /// Memory in use, without what was merely read from disk and can be dropped, in bytes.
    pub(super) fn memory_now(&self) -> Option<u64> {
        let (group, version) = self.memory.as_ref()?;
        let of = |name| field(group, "memory.stat", name);
        match version {
            Version::V1 => Some(of("total_rss")?.saturating_add(of("total_shmem").unwrap_or(0))),
            Version::V2 => Some(of("anon")?.saturating_add(of("shmem").unwrap_or(0))),
        }
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        for (group, _) in self.groups() {
            while fs::remove_dir(group).is_err() && group.exists() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }
}

/// Makes the group `name` under the nearest place of ours that has `controller`, if that and `set` work.
fn make(
    hierarchy: &str,
    controller: &str,
    name: &str,
    set: impl Fn(&Path, Version) -> io::Result<()>,
) -> Option<(PathBuf, Version)> {
    for (place, version) in places(hierarchy, controller) {
        remove_leftovers(&place);
        let group = place.join(name);
        match fs::create_dir(&group) {
            Ok(()) => {}
            // The one that was made for the other controller.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && version == Version::V2 => {}
            Err(_) => continue,
        }
        if set(&group, version).is_ok()
            && fs::File::options()
                .write(true)
                .open(group.join("cgroup.procs"))
                .is_ok()
        {
            return Some((group, version));
        }
        drop(fs::remove_dir(&group));
    }
    None
}

/// Folders in which a group with `controller` may be made, the nearest first.
fn places(hierarchy: &str, controller: &str) -> Vec<(PathBuf, Version)> {
    let mut places = Vec::new();
    for line in hierarchy.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let path = Path::new(path.trim_start_matches('/'));
        if controllers.split(',').any(|known| known == controller) {
            places.push((
                Path::new("/sys/fs/cgroup").join(controllers).join(path),
                Version::V1,
            ));
            places.push((
                Path::new("/sys/fs/cgroup").join(controller).join(path),
                Version::V1,
            ));
        } else if controllers.is_empty() {
            let passes_on = |place: &PathBuf| {
                let list = fs::read_to_string(place.join("cgroup.subtree_control")).unwrap_or_default();
                list.split_whitespace().any(|known| known == controller)
            };
            let all = path
                .ancestors()
                .map(|path| Path::new("/sys/fs/cgroup").join(path));
            places.extend(all.filter(passes_on).map(|place| (place, Version::V2)));
        }
    }
    places.retain(|(place, _)| place.is_dir());
    places
}

fn limit_memory(group: &Path, version: Version, bytes: u64) -> io::Result<()> {
    match version {
        Version::V1 => {
            write(group, "memory.limit_in_bytes", bytes)?;
            // Only there where swap is counted.
            drop(write(group, "memory.memsw.limit_in_bytes", bytes));
        }
        Version::V2 => {
            write(group, "memory.max", bytes)?;
            drop(write(group, "memory.swap.max", 0));
        }
    }
    Ok(())
}

/// Removes the empty groups of runs that were killed.
fn remove_leftovers(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix("reproof-")?.split('-').next()?.parse().ok());
        if let Some(owner) = owner.and_then(Pid::from_raw)
            && rustix::process::test_kill_process(owner) == Err(rustix::io::Errno::SRCH)
        {
            drop(fs::remove_dir(entry.path()));
        }
    }
}

fn write(group: &Path, file: &str, value: u64) -> io::Result<()> {
    fs::write(group.join(file), value.to_string())
}

fn field(group: &Path, file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(group.join(file)).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_groups_has_no_places() {
        assert_eq!(places("", "memory"), []);
        assert_eq!(
            places(
                "0::/nowhere/that/is\n3:memory:/nowhere/at/all\nnonsense",
                "memory"
            ),
            []
        );
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(
            folder.path().join("memory.events"),
            "oom 3\noom_kill 2\noom_group_kill 1\n",
        )
        .expect("written");
        assert_eq!(field(folder.path(), "memory.events", "oom_kill"), Some(2));
        assert_eq!(field(folder.path(), "memory.events", "max"), None);
    }
}
