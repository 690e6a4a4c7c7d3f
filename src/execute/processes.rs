//! The processes below one: which, and what memory and files they hold.

use std::collections::BTreeSet;
use std::fs;
use std::os::linux::fs::MetadataExt as _;

use rustix::process::Pid;

/// Processes looked at at most, so that a fork bomb does not hold us up.
const MOST: usize = 100_000;

/// Every process below `root`, which is not among them; parents before their children.
pub(super) fn descendants(root: Pid) -> Vec<Pid> {
    let mut found = children(root);
    let mut next = 0;
    while next < found.len() && found.len() < MOST {
        let more = children(found[next]);
        found.extend(more);
        next += 1;
    }
    found
}

fn children(parent: Pid) -> Vec<Pid> {
    let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else {
        return Vec::new();
    };
    let lists = threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| Pid::from_raw(pid.parse().ok()?))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Memory that `processes` hold together, in bytes.
///
/// Pages that several of them share count once, where the kernel lets us see
/// that; it is asked for only when the simple sum is above `limit`, since it
/// costs more.
pub(super) fn memory(processes: &[Pid], limit: u64) -> u64 {
    let simple: u64 = processes.iter().map(|pid| resident(*pid).unwrap_or(0)).sum();
    let hidden = unmapped_memory(processes);
    if simple.saturating_add(hidden) <= limit {
        return simple.saturating_add(hidden);
    }
    let shared = |pid: &Pid| proportional(*pid).or_else(|| resident(*pid)).unwrap_or(0);
    processes.iter().map(shared).sum::<u64>().saturating_add(hidden)
}

fn resident(pid: Pid) -> Option<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

fn proportional(pid: Pid) -> Option<u64> {
    let smaps = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = smaps.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Memory in files that have no name (`memfd_create`) and hence appear nowhere else.
fn unmapped_memory(processes: &[Pid]) -> u64 {
    held(processes, |target| target.starts_with("/memfd:"))
}

/// Disk space in files that `processes` hold open though they were deleted, in bytes.
pub(super) fn deleted_files(processes: &[Pid]) -> u64 {
    let in_memory = |target: &str| target.starts_with("/memfd:") || target.starts_with("/dev/shm/");
    held(processes, |target| {
        target.ends_with(" (deleted)") && !in_memory(target)
    })
}

fn held(processes: &[Pid], wanted: impl Fn(&str) -> bool) -> u64 {
    let mut seen = BTreeSet::new();
    let mut bytes = 0_u64;
    for pid in processes {
        let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            continue;
        };
        for file in files.flatten() {
            let target = fs::read_link(file.path()).unwrap_or_default();
            if wanted(&target.to_string_lossy())
                && let Ok(data) = fs::metadata(file.path())
                && seen.insert((data.st_dev(), data.st_ino()))
            {
                bytes = bytes.saturating_add(data.st_blocks() * 512);
            }
        }
    }
    bytes
}
