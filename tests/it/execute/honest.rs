//! Honest programs: what the sandbox must not break.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

use reproof::execute::{Ending, Mount, Network, Tier, Wanted, probe};

use super::bench::{Bench, greet, program, python};

#[track_caller]
fn succeeds(bench: &mut Bench, script: &str) -> String {
    let ran = bench.python(script, &[]);
    assert_eq!(
        ran.outcome.ending,
        Ending::Succeeded,
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    assert_eq!(ran.outcome.attempts, []);
    ran.stdout
}

const WORK: &str = r#"
import getpass, multiprocessing, os, pathlib, socket, sqlite3, subprocess, sys, tempfile, threading
from multiprocessing import shared_memory

def square(number):
    return number * number

def main():
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(square, range(10)) == [n * n for n in range(10)], method
    with multiprocessing.Manager() as manager:
        assert list(manager.list([1, 2])) == [1, 2]
    block = shared_memory.SharedMemory(create=True, size=1 << 20)
    block.buf[0] = 1
    block.close()
    block.unlink()
    database = sqlite3.connect("/w/out/data.sqlite")
    database.execute("pragma journal_mode = wal")
    database.execute("create table t (x)")
    database.execute("insert into t values (1)")
    database.commit()
    threads = [threading.Thread(target=square, args=(3,)) for _ in range(20)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
        assert file.name.startswith("/tmp/"), file.name
    with tempfile.TemporaryDirectory() as folder:
        os.rename(folder, folder + "2")
        os.mkdir(folder)
    assert getpass.getuser() == "reproof"
    home = pathlib.Path.home()
    assert str(home) == "/tmp/home"
    (home / ".cache").mkdir()
    os.makedirs("/w/code/runs/one")
    os.rename("/w/code/runs/one", "/w/code/moved")
    os.symlink("moved", "/w/code/link")
    os.link("/w/code/script.py", "/w/code/hard")
    assert subprocess.run(["sh", "-c", "echo $0 | cat", "x"], capture_output=True, text=True).stdout == "x\n"
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    peer, _ = server.accept()
    peer.sendall(b"x")
    assert client.recv(1) == b"x"
    assert socket.gethostbyname("localhost") == "127.0.0.1"
    assert os.cpu_count() >= 1 and len(os.sched_getaffinity(0)) >= 1
    assert open("/proc/meminfo").read() and open("/proc/cpuinfo").read()
    assert os.urandom(8) and open("/dev/null", "w").write("x")
    with open("/dev/stdout", "w") as out:
        out.write("to stdout by its name\n")
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("10")
    os.nice(1)
    assert sys.stdin.read() == ""
    print("all done")

if __name__ == "__main__":
    main()
"#;

#[test]
fn what_training_programs_do_works() {
    assert_eq!(
        succeeds(&mut Bench::new(), WORK),
        "to stdout by its name\nall done\n"
    );
}

#[test]
fn the_python_is_the_same_as_outside() {
    let inside = Bench::new()
        .run(&[python(), "-c", "import sys; print(sys.version, sys.prefix)"])
        .stdout;
    let outside = std::process::Command::new(python())
        .args(["-c", "import sys; print(sys.version, sys.prefix)"])
        .output();
    assert_eq!(inside.as_bytes(), outside.expect("it ran").stdout);
}

#[test]
fn an_interpreter_below_a_closed_home_is_reached() {
    let mut bench = Bench::new();
    let tools = bench.path("home/.tools/bin");
    fs::create_dir_all(&tools).expect("made");
    fs::copy("/bin/sh", tools.join("interpreter")).expect("copied");
    fs::set_permissions(bench.path("home"), fs::Permissions::from_mode(0o700)).expect("closed");
    bench.job.mounts.push(Mount {
        host: tools.clone(),
        inside: tools.clone(),
        writable: false,
    });
    bench.job.path.push(tools);
    let ran = bench.run(&["interpreter", "-c", "echo reached"]);
    assert_eq!(
        (ran.outcome.ending, &*ran.stdout),
        (Ending::Succeeded, "reached\n"),
        "{}",
        ran.stderr
    );
    let seen = bench
        .shell(&format!("ls -A {}", bench.path("home").display()))
        .stdout;
    assert_eq!(seen, ".tools\n", "only the way to it is there");
}

#[test]
fn what_only_its_owner_may_read_is_read_where_the_disk_can_do_that() {
    let mut bench = Bench::new();
    fs::set_permissions(bench.path("data/data.csv"), fs::Permissions::from_mode(0o600)).expect("closed");
    fs::set_permissions(bench.path("data"), fs::Permissions::from_mode(0o700)).expect("closed");
    let ran = bench.shell("cat /w/data/data.csv; echo x > /w/data/data.csv || echo refused");
    let disk = rustix::fs::statfs(bench.folder.path()).expect("a disk").f_type;
    let can = [0xef53, 0x5846_5342, 0x9123_683e].contains(&disk); // ext4, xfs, btrfs
    if can || !rustix::process::geteuid().is_root() {
        assert_eq!(ran.stdout, "1,2\nrefused\n", "{}", ran.stderr);
    }
}

#[test]
fn a_file_is_mounted_inside_a_mounted_folder() {
    let mut bench = Bench::new();
    fs::create_dir(bench.path("code/config")).expect("made");
    let data = bench.path("data/data.csv");
    bench.job.mounts.push(Mount {
        host: data,
        inside: "/w/code/config/data.csv".into(),
        writable: false,
    });
    assert_eq!(
        bench
            .shell("cat config/data.csv; echo x > config/data.csv || echo refused")
            .stdout,
        "1,2\nrefused\n"
    );
}

#[test]
fn two_jobs_at_once_do_not_disturb_each_other() {
    let run = || {
        let mut bench = Bench::new();
        bench.job.limits.processes = 20;
        bench
            .shell("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3 & done; wait; echo done")
            .stdout
    };
    std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        for job in jobs {
            assert_eq!(job.join().expect("no panic"), "done\n");
        }
    });
}

/// Answers every connection with a line that says what was asked.
fn echo_proxy(listener: UnixListener) {
    std::thread::spawn(move || {
        for mut peer in listener.incoming().flatten() {
            let mut request = [0; 1000];
            let read = peer.read(&mut request).unwrap_or(0);
            let first = String::from_utf8_lossy(&request[..read])
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{first}",
                first.len()
            );
            drop(peer.write_all(answer.as_bytes()));
        }
    });
}

#[test]
fn a_proxy_is_the_only_way_out() {
    for wanted in [Wanted::Full, Wanted::Landlock] {
        let mut bench = Bench::new();
        let socket = bench.path("proxy.sock");
        echo_proxy(UnixListener::bind(&socket).expect("bound"));
        let other = TcpListener::bind("127.0.0.1:0").expect("bound");
        let port = other.local_addr().expect("an address").port();
        bench.job.network = Network::Proxy(socket);
        bench.local.wanted = wanted;
        let script = format!(
            "import urllib.request, socket\nprint(urllib.request.urlopen('http://packages.example/simple/').read().decode())\n\
             for try_it in (lambda: socket.create_connection(('127.0.0.1', {port})), lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('8.8.8.8', 53))):\n    \
             try:\n        try_it()\n        print('got out')\n    except OSError:\n        print('refused')"
        );
        let ran = match bench.python_or_refused(&script) {
            Some(ran) => ran,
            // Landlock of before Linux 6.7 knows no network: refused rather than left open.
            None if wanted == Wanted::Landlock => continue,
            None => panic!("the full sandbox is refused"),
        };
        assert_eq!(
            ran.stdout, "GET http://packages.example/simple/ HTTP/1.1\nrefused\nrefused\n",
            "{wanted:?} {}",
            ran.stderr
        );
    }
}

#[test]
fn the_machines_network_is_there_when_a_step_says_so() {
    let mut bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || greet(listener.incoming()));
    bench.job.network = Network::Host;
    let text = succeeds(
        &mut bench,
        &format!("import socket\nprint(socket.create_connection(('127.0.0.1', {port})).recv(2))"),
    );
    assert_eq!(text, "b'hi'\n");
}

#[test]
fn this_machine_says_what_it_can_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let facts = probe(&program(), folder.path());
    let full = facts.full.expect("the full sandbox works here");
    assert!(full["files"].starts_with("mount namespace"), "{full:?}");
    if !rustix::process::geteuid().is_root() {
        assert_eq!(full["namespaces"], "refused by sysctl and seccomp");
    }
    for name in [
        "memory",
        "network",
        "system-calls",
        "identity",
        "tree",
        "disk",
        "time",
        "output",
        "processes",
    ] {
        assert!(!full[name].is_empty());
    }
    if let Ok(measures) = facts.landlock {
        assert!(measures["files"].starts_with("Landlock"), "{measures:?}");
    }
}

/// Not a test by itself: what the next one runs inside a sandbox.
#[test]
fn helper_that_probes() {
    let Some(program) = nested_program() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let refusal = probe(&program, folder.path())
        .full
        .expect_err("a sandbox in a sandbox");
    println!("cause: {}\nfix: {}", refusal.cause, refusal.fix);
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test tells a copy of itself what to do"
)]
fn nested_program() -> Option<std::path::PathBuf> {
    std::env::var_os("REPROOF_TEST_NESTED").map(Into::into)
}

#[test]
fn where_it_cannot_be_built_the_cause_and_a_way_on_are_named() {
    let mut bench = Bench::new();
    let tests = std::env::current_exe().expect("this test");
    for (host, inside) in [(tests, "/w/tests"), (program(), "/w/program")] {
        bench.job.mounts.push(Mount {
            host,
            inside: inside.into(),
            writable: false,
        });
    }
    bench
        .job
        .env
        .insert("REPROOF_TEST_NESTED".to_owned(), "/w/program".into());
    let ran = bench.run(&[
        "/w/tests",
        "execute::honest::helper_that_probes",
        "--exact",
        "--nocapture",
    ]);
    assert_eq!(
        ran.outcome.ending,
        Ending::Succeeded,
        "{} {}",
        ran.stdout,
        ran.stderr
    );
    let named = ["something around reproof", "this machine allows no further"];
    assert!(
        named
            .iter()
            .any(|cause| ran.stdout.contains(&format!("cause: {cause}"))),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("--sandbox=landlock"), "{}", ran.stdout);
}

#[test]
fn landlock_alone_confines_files_and_network() {
    let mut bench = Bench::new();
    bench.local.wanted = Wanted::Landlock;
    let secret = bench.path("secret");
    fs::write(&secret, "secret").expect("written");
    let script = format!(
        "cat {}; echo x > {} || echo refused; echo x > /w/data/data.csv || echo refused; echo kept > /w/out/result; pwd; echo x > $TMPDIR/x; ls $HOME",
        secret.display(),
        secret.display()
    );
    let Some(ran) = bench.run_or_refused(&["/bin/sh", "-c", &script]) else {
        return;
    };
    assert_eq!(ran.outcome.enforced.tier, Tier::Landlock);
    let code = fs::canonicalize(bench.path("code")).expect("there");
    assert_eq!(
        ran.stdout,
        format!("refused\nrefused\n{}\n", code.display()),
        "{}",
        ran.stderr
    );
    assert_eq!(
        fs::read_to_string(bench.path("out/result")).expect("written"),
        "kept\n"
    );
    assert_eq!(fs::read_to_string(&secret).expect("read"), "secret");
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let ran = bench.python(
        &format!("import socket\nsocket.create_connection(('127.0.0.1', {port}))"),
        &[],
    );
    assert_eq!(ran.outcome.ending, Ending::Failed { code: 1 }, "{}", ran.stdout);
    let ran = bench.python(
        "import multiprocessing as m\nif __name__ == '__main__':\n    print(m.Pool(2).map(abs, [-1]))",
        &[],
    );
    assert_eq!(ran.stdout, "[1]\n", "{}", ran.stderr);
}
