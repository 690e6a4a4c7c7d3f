//! Through `ssh`, played by a script that runs what it is told on this machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use reproof::acquire::git::{GitError, TransportError};
use reproof::error::{Diagnose as _, Fault};

use super::{Bench, absent};

/// A program that writes its arguments down and then does as `then` says.
fn fake_ssh(bench: &Bench, then: &str) -> PathBuf {
    let path = bench.path().join("fake ssh");
    let log = bench.path().join("arguments");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" > '{}'\nfor last; do :; done\n{then}\n",
        log.display()
    );
    fs::write(&path, script).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
    path
}

fn quoted(path: &std::path::Path) -> String {
    format!("'{}'", path.display())
}

const RUN: &str = "exec sh -c \"$last\"";

fn arguments(bench: &Bench) -> Vec<String> {
    let text = fs::read_to_string(bench.path().join("arguments")).expect("arguments");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_repository_is_pinned_over_ssh() {
    let mut bench = Bench::new();
    let (_, commit) = bench.small("it's code");
    let ssh = fake_ssh(&bench, RUN);
    bench.settings.ssh = Some(quoted(&ssh));
    let path = bench.root().join("it's code");
    bench.pinned(&format!("git@host.example:{}", path.display()), &commit);
    let command = format!(
        "git-upload-pack '{}'",
        path.display().to_string().replace('\'', r"'\''")
    );
    let expected = [
        "-o",
        "BatchMode=yes",
        "-o",
        "ConnectTimeout=20",
        "git@host.example",
        &command,
    ];
    assert_eq!(arguments(&bench), expected);

    let encoded = path.display().to_string().replace(' ', "%20");
    bench.pinned(&format!("ssh://me@host.example:2222{encoded}"), &commit);
    assert_eq!(arguments(&bench)[4..7], ["-p", "2222", "me@host.example"]);
}

#[test]
fn the_command_can_come_from_gits_configuration_with_arguments_of_its_own() {
    let mut bench = Bench::new();
    let (_, commit) = bench.small("code");
    let ssh = fake_ssh(&bench, RUN);
    bench.configure("core.sshCommand", &format!("{} -i key", quoted(&ssh)));
    bench.pinned(
        &format!("host.example:{}", bench.root().join("code").display()),
        &commit,
    );
    assert_eq!(arguments(&bench)[..2], ["-i", "key"]);
}

#[test]
fn nothing_in_an_address_reaches_a_shell_here() {
    let mut bench = Bench::new();
    bench.small("code");
    let ssh = fake_ssh(&bench, "exit 1");
    bench.settings.ssh = Some(quoted(&ssh));
    let witness = bench.path().join("it-ran");
    let touch = format!("$(touch {})", witness.display());
    for hostile in [
        format!("ssh://host/{touch}';{touch};'"),
        format!("ssh://-oProxyCommand={touch}/x"),
        format!("{touch}@host:x"),
        format!("host:{touch}"),
        "-oProxyCommand=id@host:x".to_owned(),
    ] {
        let _ = bench.refused(&hostile, &absent());
        assert!(!witness.exists(), "{hostile}");
    }
}

#[test]
fn what_ssh_says_is_told_apart() {
    let mut bench = Bench::new();
    let (_, commit) = bench.small("code");
    let cases = [
        (
            "echo 'git@host: Permission denied (publickey).' >&2; exit 255",
            Fault::Paper,
        ),
        ("echo 'ERROR: Repository not found.' >&2; exit 1", Fault::Paper),
        ("echo 'Host key verification failed.' >&2; exit 255", Fault::Host),
        ("exit 255", Fault::Host),
        ("kill -9 $$", Fault::Host),
    ];
    for (then, fault) in cases {
        let ssh = fake_ssh(&bench, then);
        bench.settings.ssh = Some(quoted(&ssh));
        let error = bench.transport_error("host.example:code", &commit);
        assert_eq!(error.fault(), fault, "{then}: {error:?}");
        assert!(error.hint().is_some());
        if let Some(said) = then.split('\'').nth(1) {
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}

#[test]
fn a_silent_ssh_is_ended() {
    let mut bench = Bench::new();
    bench.small("code");
    // It ends when its input does.
    let ssh = fake_ssh(&bench, "cat > /dev/null");
    bench.settings.ssh = Some(quoted(&ssh));
    bench.settings.limits.silence = Duration::from_millis(300);
    let error = bench.transport_error("host.example:code", &absent());
    assert!(matches!(error, TransportError::Silent { .. }), "{error:?}");
}

#[test]
fn a_missing_program_and_no_network_are_named() {
    let mut bench = Bench::new();
    bench.settings.ssh = Some("no-such-program-anywhere".to_owned());
    let error = bench.transport_error("host.example:code", &absent());
    assert!(matches!(error, TransportError::Ssh { .. }), "{error:?}");
    bench.settings.network.offline = true;
    let error = bench.refused("host.example:code", &absent());
    assert!(
        matches!(error, GitError::Transport(TransportError::Offline { .. })),
        "{error:?}"
    );
}
