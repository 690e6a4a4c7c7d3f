//! Hostile programs: each has to fail in the sandbox, without a trace, and to work without one.

use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reproof::execute::{AttemptKind, Ending, Network, Wanted};

use super::bench::{Bench, Ran, greet, mark, python};

const ATTACK: &str = include_str!("../../../fixtures/hostile/attack.py");
const FILL: &str = include_str!("../../../fixtures/hostile/fill.py");

const STOPPED: Ending = Ending::Failed { code: 42 };

fn root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The attack in the full sandbox, which has to stop it.
#[track_caller]
fn stopped(bench: &mut Bench, attack: &[&str]) -> Ran {
    bench.local.wanted = Wanted::Full;
    let ran = bench.python(ATTACK, attack);
    assert_eq!(
        ran.outcome.ending, STOPPED,
        "{attack:?}: {} {}",
        ran.stdout, ran.stderr
    );
    assert!(
        ran.stdout.contains("stopped:"),
        "{attack:?}: {} {}",
        ran.stdout,
        ran.stderr
    );
    ran
}

/// The attack with nothing in its way, which has to work: otherwise the test above says nothing.
#[track_caller]
fn works_unconfined(bench: &mut Bench, attack: &[&str]) {
    bench.local.wanted = Wanted::None;
    let ran = bench.python(ATTACK, attack);
    assert_eq!(
        ran.outcome.ending,
        Ending::Succeeded,
        "{attack:?}: {} {}",
        ran.stdout,
        ran.stderr
    );
}

/// A process of the machine that is nobody's business.
struct Victim(Child);

impl Victim {
    fn new(word: &str) -> Self {
        let mut command = Command::new("/bin/sleep");
        Self(
            command
                .arg("1000")
                .env("SECRET", word)
                .stdin(Stdio::null())
                .spawn()
                .expect("started"),
        )
    }

    fn id(&self) -> String {
        self.0.id().to_string()
    }

    fn lives(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn files_of_the_machine_are_neither_read_nor_written() {
    let mut bench = Bench::new();
    let home = bench.path("home");
    fs::create_dir_all(home.join(".ssh")).expect("made");
    let key = home.join(".ssh/id_ed25519");
    fs::write(&key, "a fake key\n").expect("written");
    let key = key.to_str().expect("text").to_owned();
    for attack in ["read_file", "write_file"] {
        stopped(&mut bench, &[attack, &key]);
        assert_eq!(
            fs::read_to_string(&key).expect("read"),
            "a fake key\n",
            "{attack}"
        );
        works_unconfined(&mut bench, &[attack, &key]);
        fs::write(&key, "a fake key\n").expect("written");
    }
    stopped(&mut bench, &["list_folder", home.to_str().expect("text")]);
    for path in [
        "/etc/shadow",
        concat!("/root", "/.bashrc"),
        "/var/log",
        "/home",
        "/sys/kernel",
        "/proc/kcore",
    ] {
        let ran = bench.python(
            ATTACK,
            &[
                if path.ends_with('g') {
                    "list_folder"
                } else {
                    "read_file"
                },
                path,
            ],
        );
        assert_ne!(ran.outcome.ending, Ending::Succeeded, "{path}: {}", ran.stdout);
    }
}

#[test]
fn what_is_shown_read_only_stays_as_it_is() {
    let mut bench = Bench::new();
    for path in [
        "/w/data/data.csv",
        "/w/data/new",
        "/usr/new",
        "/etc/passwd",
        "/etc/new",
        "/new",
        "/dev/new",
        "/run/new",
        "/w/new",
    ] {
        stopped(&mut bench, &["write_file", path]);
    }
    assert_eq!(
        fs::read_to_string(bench.path("data/data.csv")).expect("read"),
        "1,2\n"
    );
    assert_eq!(fs::read_dir(bench.path("data")).expect("a folder").count(), 1);
    assert!(!Path::new("/usr/new").exists() && !Path::new("/new").exists());
}

#[test]
fn links_in_the_papers_tree_lead_nowhere() {
    let mut bench = Bench::new();
    let secret = bench.path("secret");
    fs::write(&secret, "secret").expect("written");
    std::os::unix::fs::symlink(&secret, bench.path("code/link")).expect("linked");
    stopped(&mut bench, &["read_file", "/w/code/link"]);
    stopped(&mut bench, &["write_file", "/w/code/link"]);
    works_unconfined(&mut bench, &["read_file", "/w/code/link"]);
    assert_eq!(fs::read_to_string(&secret).expect("read"), "secret");
}

#[test]
fn a_mount_is_not_put_where_a_link_of_the_paper_leads() {
    let mut bench = Bench::new();
    let elsewhere = bench.path("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    std::os::unix::fs::symlink(&elsewhere, bench.path("code/sub")).expect("linked");
    let data = bench.path("data");
    bench.job.mounts.push(reproof::execute::Mount {
        host: data,
        inside: "/w/code/sub/data".into(),
        writable: false,
    });
    // Nor does that bring a weaker sandbox about.
    bench.local.wanted = Wanted::AtLeastLandlock;
    let error = bench.try_run(&["/bin/sh", "-c", ":"]).expect_err("refused");
    assert!(error.to_string().starts_with("cannot show "), "{error}");
    assert_eq!(fs::read_dir(&elsewhere).expect("a folder").count(), 0);
}

#[test]
fn services_of_the_machine_are_out_of_reach() {
    let mut bench = Bench::new();
    let tcp = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = tcp.local_addr().expect("an address").port().to_string();
    let path = bench.path("service.sock");
    let unix = UnixListener::bind(&path).expect("bound");
    let name = mark();
    let abstracted =
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).expect("a name")).expect("bound");
    std::thread::spawn(move || greet(tcp.incoming()));
    for listener in [unix, abstracted] {
        std::thread::spawn(move || greet(listener.incoming()));
    }
    let path = path.to_str().expect("text").to_owned();
    for attack in [
        ["connect_tcp", &port],
        ["connect_unix", &path],
        ["connect_abstract", &name],
    ] {
        stopped(&mut bench, &attack);
        works_unconfined(&mut bench, &attack);
    }
    stopped(&mut bench, &["send_datagram", "8.8.8.8"]);
    stopped(&mut bench, &["other_sockets"]);
}

#[test]
fn with_the_machines_network_abstract_sockets_stay_out_of_reach() {
    let mut bench = Bench::new();
    bench.job.network = Network::Host;
    let name = mark();
    let listener =
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).expect("a name")).expect("bound");
    std::thread::spawn(move || greet(listener.incoming()));
    let ran = bench.python(ATTACK, &["connect_abstract", &name]);
    let scoped = ran.outcome.enforced.measures["files"]
        .split_whitespace()
        .last()
        .and_then(|abi| abi.parse().ok());
    if scoped.is_some_and(|abi: u32| abi >= 6) {
        assert_eq!(ran.outcome.ending, STOPPED, "{}", ran.stdout);
    }
}

#[test]
fn a_name_that_is_looked_up_is_reported() {
    let mut bench = Bench::new();
    let ran = stopped(&mut bench, &["look_up", "data.example.org"]);
    let attempts = ran.outcome.attempts;
    assert!(
        attempts
            .iter()
            .any(|a| a.kind == AttemptKind::Network && a.what == "data.example.org"),
        "{attempts:?}"
    );
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.kind == AttemptKind::Network),
        "{attempts:?}"
    );
}

#[test]
fn other_processes_are_neither_seen_nor_touched() {
    let (mut bench, word) = (Bench::new(), mark());
    let mut victim = Victim::new(&word);
    let id = victim.id();
    for attack in ["kill", "trace", "read_memory", "read_environment"] {
        stopped(&mut bench, &[attack, &id]);
        assert!(victim.lives(), "{attack}");
    }
    stopped(&mut bench, &["environments", &word]);
    stopped(&mut bench, &["other_processes"]);
    works_unconfined(&mut bench, &["read_environment", &id]);
    works_unconfined(&mut bench, &["read_memory", &id]);
    works_unconfined(&mut bench, &["environments", &word]);
    works_unconfined(&mut bench, &["kill", &id]);
    assert!(!victim.lives());
}

#[test]
fn the_sandboxs_own_process_is_closed() {
    let mut bench = Bench::new();
    stopped(&mut bench, &["first_process"]);
    stopped(&mut bench, &["trace", "1"]);
    let folder = bench.folder.path().to_str().expect("text").to_owned();
    stopped(&mut bench, &["command_lines", &folder]);
    let ran = bench.shell("kill -9 1; kill -STOP 1; kill -TERM 1; echo still here");
    assert_eq!(
        (ran.outcome.ending, &*ran.stdout),
        (Ending::Succeeded, "still here\n")
    );
}

#[test]
fn killing_everyone_reaches_only_the_job_itself() {
    let (mut bench, word) = (Bench::new(), mark());
    let mut victim = Victim::new(&word);
    let ran = bench.run(&[
        python(),
        "-c",
        "import os, signal\nif os.fork() == 0:\n    os.kill(-1, signal.SIGKILL)\nelse:\n    signal.pause()",
    ]);
    assert_eq!(ran.outcome.ending, Ending::Killed { signal: 9 });
    assert!(victim.lives());
}

#[test]
fn variables_of_the_machine_are_not_passed_on() {
    let ran = Bench::new().shell("env");
    let mut names: Vec<_> = ran
        .stdout
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "GREETING", "HOME", "LANG", "LOGNAME", "PATH", "PWD", "TMPDIR", "USER"
        ]
    );
}

#[test]
fn no_further_namespace_is_made() {
    let mut bench = Bench::new();
    for attack in [
        "new_user_namespace",
        "clone_user_namespace",
        "clone3_user_namespace",
    ] {
        stopped(&mut bench, &[attack]);
        works_unconfined(&mut bench, &[attack]);
    }
}

#[test]
fn forbidden_calls_are_refused_and_those_that_only_an_escape_needs_are_reported() {
    let mut bench = Bench::new();
    for call in [
        "keyctl",
        "add_key",
        "perf_event_open",
        "io_uring_setup",
        "userfaultfd",
        "ptrace",
        "process_vm_writev",
        "chroot",
    ] {
        let ran = stopped(&mut bench, &["system_call", call]);
        assert_eq!(ran.outcome.attempts, [], "{call} is tried by honest programs");
    }
    for call in [
        "mount",
        "umount2",
        "bpf",
        "setns",
        "kexec_load",
        "init_module",
        "pivot_root",
        "fsopen",
        "swapon",
        "open_by_handle_at",
    ] {
        let ran = stopped(&mut bench, &["system_call", call]);
        let told: Vec<_> = ran
            .outcome
            .attempts
            .iter()
            .map(|attempt| (attempt.kind, attempt.what.as_str()))
            .collect();
        assert_eq!(told, [(AttemptKind::Escape, call)]);
        assert!(
            ran.stdout.contains("Operation not permitted"),
            "{call}: {}",
            ran.stdout
        );
    }
    if std::env::consts::ARCH == "x86_64" {
        stopped(&mut bench, &["second_numbering"]);
    }
    works_unconfined(&mut bench, &["system_call", "keyctl"]);
}

#[test]
fn nothing_is_typed_into_a_terminal() {
    let mut bench = Bench::new();
    let ran = stopped(&mut bench, &["type_into_terminal"]);
    assert!(ran.stdout.contains("Operation not permitted"), "{}", ran.stdout);
    assert!(
        ran.outcome
            .attempts
            .iter()
            .any(|attempt| attempt.what == "ioctl TIOCSTI"),
        "{:?}",
        ran.outcome.attempts
    );
    let ran = bench.run(&[python(), "-c", "import os; print(os.getsid(0) == os.getpid())"]);
    assert_eq!(ran.stdout, "True\n");
}

#[test]
fn open_files_are_not_inherited() {
    let mut bench = Bench::new();
    fs::write(bench.path("secret"), "secret").expect("written");
    let file = fs::File::open(bench.path("secret")).expect("opened");
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).expect("kept open over exec");
    let ran = stopped(&mut bench, &["descriptors"]);
    assert!(!ran.stdout.contains("secret"), "{}", ran.stdout);
}

/// The first hole that was found when a sandbox is started by root: mounts that can be changed from inside.
#[test]
fn mounts_are_not_changed_from_inside() {
    let mut bench = Bench::new();
    for path in ["/w/data", "/usr", "/"] {
        stopped(&mut bench, &["remount", path]);
        stopped(&mut bench, &["unmount", path]);
    }
    assert!(!bench.path("data/hole").exists());
    let ran = bench.shell("grep -i cap /proc/self/status; grep NoNewPrivs /proc/self/status");
    let sets: Vec<_> = ran
        .stdout
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    assert!(ran.stdout.contains("CapBnd"), "{}", ran.stdout);
    let (capabilities, privileges) = sets.split_at(5);
    assert!(
        capabilities
            .iter()
            .all(|set| set.chars().all(|digit| digit == '0')),
        "{}",
        ran.stdout
    );
    assert_eq!(privileges, ["1"]);
}

/// The second hole: a program that is root to the kernel can write the machine's settings, whatever else it gave up.
#[test]
fn settings_of_the_machine_are_not_written() {
    let mut bench = Bench::new();
    for path in [
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/domainname",
        "/proc/sys/vm/overcommit_memory",
    ] {
        stopped(&mut bench, &["write_setting", path]);
    }
    stopped(&mut bench, &["writable_settings"]);
    if root() {
        works_unconfined(&mut bench, &["write_setting", "/proc/sys/kernel/domainname"]);
    }
    bench.local.wanted = Wanted::Full;
    let ran = bench.shell("cat /proc/self/uid_map /proc/self/setgroups; id -u");
    assert!(!ran.stdout.ends_with("\n0\n"), "{}", ran.stdout);
    stopped(&mut bench, &["become_root"]);
    stopped(&mut bench, &["make_device", "/w/out/null"]);
}

#[test]
fn the_kernel_knows_the_job_as_nobody_important() {
    let mut bench = Bench::new();
    let ran = bench.shell("touch /w/out/mine; sleep 0.2");
    assert_eq!(ran.outcome.ending, Ending::Succeeded, "{}", ran.stderr);
    use std::os::unix::fs::MetadataExt as _;
    let owner = fs::metadata(bench.path("out/mine")).expect("there").uid();
    assert_eq!(owner, rustix::process::geteuid().as_raw(), "it is ours again");
}

#[test]
fn memory_that_no_process_shows_is_bounded_too() {
    let mut bench = Bench::new();
    bench.job.limits.memory = 128 << 20;
    let ran = bench.python(FILL, &["/dev/shm", "300", "1"]);
    assert_ne!(ran.outcome.ending, Ending::Succeeded, "{}", ran.stdout);
    stopped(&mut bench, &["segment", "300"]);
    works_unconfined(&mut bench, &["segment", "300"]);
    bench.local.wanted = Wanted::Full;
    let hidden = "import os\nfiles = []\nfor n in range(400):\n    f = os.memfd_create('x'); os.write(f, os.urandom(1 << 20)); files.append(f)\nprint('all')\nimport time; time.sleep(2)";
    let ran = bench.python(hidden, &[]);
    assert_eq!(
        ran.outcome.ending,
        Ending::OutOfMemory,
        "{} {}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn a_file_with_a_dangerous_bit_does_not_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut bench = Bench::new();
    let ran = bench.shell("cp /bin/sh /w/out/sh && chmod 6755 /w/out/sh && chmod 4777 /w/code; ls -l /w/out");
    assert_eq!(ran.outcome.ending, Ending::Succeeded, "{}", ran.stderr);
    assert!(ran.stdout.contains("rws"), "{}", ran.stdout);
    for name in ["out/sh", "code"] {
        let mode = fs::metadata(bench.path(name))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o6000, 0, "{name}");
    }
}

#[test]
fn what_is_left_can_be_removed() {
    let mut bench = Bench::new();
    let ran = bench.shell("mkdir -p /w/out/a/b /tmp/x && touch /w/out/a/b/c /tmp/x/y && chmod 0 /w/out/a/b/c /w/out/a/b /w/out/a /tmp/x");
    assert_eq!(ran.outcome.ending, Ending::Succeeded, "{}", ran.stderr);
    fs::remove_dir_all(bench.path("out")).expect("removed");
    assert_eq!(
        fs::read_dir(bench.path("scratch")).expect("a folder").count(),
        0,
        "the private tmp is gone"
    );
}

#[test]
fn landlock_alone_stops_what_it_promises_to() {
    let (mut bench, word) = (Bench::new(), mark());
    let mut victim = Victim::new(&word);
    let id = victim.id();
    bench.local.wanted = Wanted::Landlock;
    let Some(ran) = bench.run_or_refused(&["/bin/sh", "-c", ":"]) else {
        return;
    };
    let measures = ran.outcome.enforced.measures;
    let abi: u32 = measures["files"]
        .split_whitespace()
        .last()
        .and_then(|abi| abi.parse().ok())
        .expect("an ABI");
    let home = bench.path("key");
    fs::write(&home, "a fake key").expect("written");
    let home = home.to_str().expect("text").to_owned();
    let tcp = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = tcp.local_addr().expect("an address").port().to_string();
    let mut attacks = vec![
        ["read_file", &home],
        ["write_file", &home],
        ["read_memory", &id],
        ["read_environment", &id],
        ["trace", &id],
        ["environments", &word],
        ["connect_tcp", &port],
        ["send_datagram", "127.0.0.1"],
        ["new_user_namespace", ""],
        ["write_setting", "/proc/sys/kernel/domainname"],
        ["system_call", "mount"],
        ["descriptors", ""],
    ];
    if abi >= 6 {
        attacks.push(["kill", &id]);
    }
    for attack in attacks {
        let ran = bench.python(ATTACK, &attack);
        assert_eq!(
            ran.outcome.ending, STOPPED,
            "{attack:?}: {} {}",
            ran.stdout, ran.stderr
        );
        assert!(victim.lives());
    }
    assert_eq!(fs::read_to_string(&home).expect("read"), "a fake key");
}

#[test]
fn opening_by_handle_is_refused() {
    let mut bench = Bench::new();
    let ran = stopped(&mut bench, &["escape_by_handle", "/w/data/data.csv"]);
    assert!(ran.stdout.contains("Operation not permitted"), "{}", ran.stdout);
    if root() {
        let path = bench.path("data/data.csv");
        works_unconfined(&mut bench, &["escape_by_handle", path.to_str().expect("text")]);
    }
}
