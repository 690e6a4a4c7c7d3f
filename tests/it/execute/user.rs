//! The whole suite once more, as an ordinary user.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// A user whom nobody else is.
const USER: u32 = 0x6fff_1234;

/// Started by root it starts this test program again as somebody who may nothing; others have run the suite as that already.
#[test]
fn everything_holds_for_an_ordinary_user_too() {
    // A Python below root's home is nothing that others could start.
    if !rustix::process::geteuid().is_root() || !super::bench::python().starts_with("/usr/") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let copy = |from: &std::path::Path, name: &str| {
        let to = folder.path().join(name);
        fs::copy(from, &to).expect("copied");
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).expect("opened");
        to
    };
    let tests = copy(&std::env::current_exe().expect("this test"), "tests");
    let program = copy(&super::bench::program(), "program");
    let home = folder.path().join("home");
    fs::create_dir(&home).expect("made");
    std::os::unix::fs::chown(&home, Some(USER), Some(USER)).expect("given");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("opened");
    let output = Command::new(tests)
        .args(["execute::", "--skip", "an_ordinary_user", "--test-threads", "2"])
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("TMPDIR", &home)
        .env("HOME", &home)
        .env("REPROOF_TEST_PROGRAM", program)
        .current_dir(&home)
        .stdin(Stdio::null())
        .uid(USER)
        .gid(USER)
        .output()
        .expect("it ran");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("what_training_programs_do_works ... ok"), "{text}");
}
