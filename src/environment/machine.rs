//! What this machine is, for the record of a run.

use std::fs;
use std::path::Path;

/// Facts about the machine that a result may depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Name and version of the operating system, such as `Debian GNU/Linux 12 (bookworm)`.
    pub os: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Such as `x86_64`.
    pub architecture: String,
    /// The processor's name as the kernel tells it.
    pub cpu: String,
    /// Logical processors that this process may use.
    pub cores: usize,
    /// Memory in bytes.
    pub memory: u64,
    /// GPUs, in the order of the driver.
    pub gpus: Vec<Gpu>,
}

/// A GPU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gpu {
    /// Its model.
    pub model: String,
    /// Its unique id, where the driver tells it.
    pub uuid: Option<String>,
    /// The driver's version, where it is known.
    pub driver: Option<String>,
}

impl Machine {
    /// Looks at this machine; what cannot be read is empty or zero.
    pub fn look() -> Self {
        Self::below(Path::new("/"))
    }

    /// The machine whose `/proc` and `/etc` lie below `root`.
    fn below(root: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let (os, cpu) = (read("etc/os-release"), read("proc/cpuinfo"));
        let system = rustix::system::uname();
        Self {
            os: field(&os, "PRETTY_NAME", '=').unwrap_or_else(|| "Linux".to_owned()),
            kernel: system.release().to_string_lossy().into_owned(),
            architecture: system.machine().to_string_lossy().into_owned(),
            cpu: cpu_model(&cpu).unwrap_or_default(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory: memory(&read("proc/meminfo")).unwrap_or(0),
            gpus: gpus(root),
        }
    }
}

/// The processor's name; ARM machines tell an implementer and a part number instead.
fn cpu_model(cpuinfo: &str) -> Option<String> {
    let arm = || {
        Some(format!(
            "{} {}",
            field(cpuinfo, "CPU implementer", ':')?,
            field(cpuinfo, "CPU part", ':')?
        ))
    };
    field(cpuinfo, "model name", ':')
        .or_else(|| field(cpuinfo, "Model", ':'))
        .or_else(arm)
}

/// The value of the first line `name = value`, without quotes.
fn field(text: &str, name: &str, separator: char) -> Option<String> {
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once(separator)?;
        (key.trim() == name).then_some(value)
    })?;
    Some(value.trim().trim_matches('"').to_owned())
}

fn memory(meminfo: &str) -> Option<u64> {
    let kibibytes = field(meminfo, "MemTotal", ':')?;
    let number: u64 = kibibytes.split_whitespace().next()?.parse().ok()?;
    number.checked_mul(1024)
}

/// NVIDIA's driver describes each of its GPUs in a file; no program is started.
fn gpus(root: &Path) -> Vec<Gpu> {
    let driver = fs::read_to_string(root.join("proc/driver/nvidia/version")).ok();
    let driver = driver.as_deref().and_then(driver_version);
    let Ok(folders) = fs::read_dir(root.join("proc/driver/nvidia/gpus")) else {
        return Vec::new();
    };
    let mut folders: Vec<_> = folders.filter_map(Result::ok).map(|entry| entry.path()).collect();
    folders.sort();
    let texts = folders
        .iter()
        .filter_map(|folder| fs::read_to_string(folder.join("information")).ok());
    let gpus = texts.map(|text| Gpu {
        model: field(&text, "Model", ':').unwrap_or_else(|| "unknown NVIDIA GPU".to_owned()),
        uuid: field(&text, "GPU UUID", ':'),
        driver: driver.clone(),
    });
    gpus.collect()
}

/// The first word of the first line that looks like `550.54.14`.
fn driver_version(text: &str) -> Option<String> {
    let is_version = |word: &&str| {
        word.contains('.')
            && word
                .chars()
                .all(|letter| letter.is_ascii_digit() || letter == '.')
    };
    text.lines()
        .next()?
        .split_whitespace()
        .find(is_version)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_read_from_its_files() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            crate::workspace::write_whole(&root.path().join(path), text.as_bytes()).expect("written");
        };
        write(
            "etc/os-release",
            "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
        );
        write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast CPU @ 3 GHz\n");
        write("proc/meminfo", "MemTotal:       16384 kB\nMemFree: 1 kB\n");
        write(
            "proc/driver/nvidia/version",
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22\n",
        );
        write(
            "proc/driver/nvidia/gpus/0000:01:00.0/information",
            "Model: \t\t NVIDIA H100\nGPU UUID: \t GPU-1234\n",
        );
        let machine = Machine::below(root.path());
        assert_eq!(machine.os, "Debian GNU/Linux 12 (bookworm)");
        assert_eq!(machine.cpu, "Fast CPU @ 3 GHz");
        assert_eq!(machine.memory, 16 << 20);
        let gpu = Gpu {
            model: "NVIDIA H100".to_owned(),
            uuid: Some("GPU-1234".to_owned()),
            driver: Some("550.54.14".to_owned()),
        };
        assert_eq!(machine.gpus, [gpu]);
    }

    #[test]
    fn a_machine_without_such_files_is_still_a_machine() {
        let root = tempfile::tempdir().expect("a folder");
        let machine = Machine::below(root.path());
        assert_eq!((machine.os.as_str(), machine.memory), ("Linux", 0));
        assert!(machine.cores > 0);
    }
}
