//! `pypi:` through a real pip, and through programs that only say they are one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reproof::acquire::package::wheel;
use reproof::acquire::store::KeptKind;
use reproof::acquire::{AcquireError, PASSED};
use reproof::digest::Digest;
use reproof::error::{Diagnose as _, Fault};

use super::archives::zip;
use super::bench::{Bench, pinned, unpinned};

/// A shell script in the place of Python.
fn script(bench: &Bench, text: &str) -> PathBuf {
    let path = bench.beside("python", format!("#!/bin/sh\n{text}\n").as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

/// A pip that leaves `wheel` where it is told to, and notes how it was called.
fn fake_pip(bench: &mut Bench, wheel: &[u8]) -> PathBuf {
    let file = bench.beside("wheel", wheel);
    let log = bench.context.manifest_dir.join("log");
    let text = format!(
        "env >> '{log}'; for a; do printf '%s\\n' \"$a\" >> '{log}'; if [ \"$last\" = --dest ]; then \
         /bin/cp '{file}' \"$a/My_Data-1.0-py3-none-any.whl\"; fi; last=$a; done",
        log = log.display(),
        file = file.display(),
    );
    bench.context.packages.pythons = vec![script(bench, &text)];
    log
}

fn wheel_bytes() -> Vec<u8> {
    zip(&[
        ("my_data/iris.csv", b"a,b\n"),
        ("my_data/wine.csv", b"c,d\n"),
        ("my_data/", b""),
    ])
}

#[test]
fn a_file_inside_a_wheel_is_taken_and_the_wheel_is_kept() {
    let mut bench = Bench::new();
    let log = fake_pip(&mut bench, &wheel_bytes());
    let iris = bench
        .obtain(&pinned("pypi:My.Data==1.0/my_data/iris.csv", b"a,b\n"))
        .expect("taken");
    assert_eq!(fs::read(&iris.path).expect("a file"), b"a,b\n");
    assert!(
        iris.source.ends_with("(My_Data-1.0-py3-none-any.whl)"),
        "{}",
        iris.source
    );
    bench
        .obtain(&pinned("pypi:my-data==1.0/my_data/wine.csv", b"c,d\n"))
        .expect("taken");

    let calls = fs::read_to_string(log).expect("a log");
    assert_eq!(calls.matches("\ndownload\n").count(), 1, "{calls}"); // the second file came from the same wheel
    assert!(calls.ends_with("\n--\nmy-data==1.0\n"), "{calls}");
    assert_eq!(
        (bench.kept(KeptKind::Blob), bench.kept(KeptKind::Scratch)),
        (3, 0)
    );
}

#[test]
fn the_client_sees_only_what_it_needs() {
    let mut bench = Bench::new();
    let log = fake_pip(&mut bench, &wheel_bytes());
    let variables = [
        ("PIP_INDEX_URL", "https://index.example"),
        ("PIP_TARGET", "/evil"),
        ("AWS_SECRET", "x"),
    ];
    bench.context.packages.variables = variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    bench.context.network.https_proxy = Some("http://proxy.example:1".to_owned());
    bench
        .obtain(&pinned("pypi:my-data==1.0/my_data/iris.csv", b"a,b\n"))
        .expect("taken");
    let seen = fs::read_to_string(log).expect("a log");
    let value = |name: &str| {
        let start = format!("{name}=");
        seen.lines()
            .find_map(|line| line.strip_prefix(start.as_str()))
            .map(str::to_owned)
    };
    assert_eq!(value("PIP_INDEX_URL").as_deref(), Some("https://index.example"));
    assert_eq!(value("https_proxy").as_deref(), Some("http://proxy.example:1"));
    assert_eq!(
        (value("PIP_TARGET"), value("AWS_SECRET"), value("USER")),
        (None, None, None)
    );
    assert!(value("HOME").is_some_and(|home| Path::new(&home).starts_with(bench.folder())));
}

#[test]
fn a_file_that_is_not_in_the_wheel_has_neighbours() {
    let mut bench = Bench::new();
    fake_pip(&mut bench, &wheel_bytes());
    let error = bench
        .obtain(&pinned("pypi:my-data==1.0/my_data/data/iris.csv", b"x"))
        .expect_err("absent");
    assert_eq!(
        error.to_string(),
        "there is no `my_data/data/iris.csv` in the wheel of `my-data==1.0`"
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.starts_with("did you mean `my_data/iris.csv`"))
    );
    assert_eq!(error.fault(), Fault::Manifest);
}

#[test]
fn a_wrong_digest_of_the_file_or_the_wheel_is_refused() {
    let mut bench = Bench::new();
    fake_pip(&mut bench, &wheel_bytes());
    let error = bench
        .obtain(&pinned("pypi:my-data==1.0/my_data/iris.csv", b"x"))
        .expect_err("refused");
    assert!(matches!(error, AcquireError::WrongDigest { .. }), "{error:?}");

    let right = Digest::of(wheel_bytes());
    let path = wheel("my_data", "1.0", Some(right), &bench.context, &bench.witness).expect("a wheel");
    assert_eq!(fs::read(path).expect("a file"), wheel_bytes());
    let error = wheel(
        "my_data",
        "1.0",
        Some(Digest::of("x")),
        &bench.context,
        &bench.witness,
    );
    assert!(
        matches!(error, Err(AcquireError::WrongDigest { .. })),
        "{error:?}"
    );
}

#[test]
fn what_the_client_says_when_it_fails_is_passed_on_harmlessly() {
    let mut bench = Bench::new();
    let text = "echo 'ERROR: No matching distribution'; printf '\\033[2J' >&2; exit 3";
    bench.context.packages.pythons = vec![script(&bench, text)];
    let error = bench
        .obtain(&pinned("pypi:my-data==1.0/x", b"x"))
        .expect_err("failed")
        .to_string();
    assert!(
        error.contains("No matching distribution") && error.contains("exit status: 3"),
        "{error}"
    );
    assert!(!error.contains('\u{1b}'), "{error}");
    bench.holds_nothing();
}

#[test]
fn a_client_that_hangs_floods_or_lies_is_ended() {
    for (text, expected) in [
        ("sleep 1000 & sleep 1000", "took longer"),
        (
            "while true; do echo 0123456789012345678901234567890123456789; done",
            "wrote without end",
        ),
        ("exit 0", "left no wheel"),
    ] {
        let mut bench = Bench::new();
        bench.context.limits.package =
            Duration::from_millis(if expected == "took longer" { 100 } else { 60_000 });
        bench.context.packages.pythons = vec![script(&bench, text)];
        let error = bench
            .obtain(&pinned("pypi:my-data==1.0/x", b"x"))
            .expect_err("failed");
        assert!(error.to_string().contains(expected), "{error}");
        bench.holds_nothing();
    }
}

#[test]
fn without_a_client_it_is_said_what_to_install() {
    let mut bench = Bench::new();
    let without = script(&bench, "echo 'python: No module named pip' >&2; exit 1");
    bench.context.packages.pythons = vec![bench.folder().join("absent"), without];
    let error = bench
        .obtain(&pinned("pypi:my-data==1.0/x", b"x"))
        .expect_err("failed");
    assert!(matches!(error, AcquireError::NoPackageClient { .. }), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("pip")));
}

#[test]
fn uv_stands_in_for_pip() {
    let mut bench = Bench::new();
    let text = "for a; do if [ \"$last\" = --target ]; then /bin/mkdir -p \"$a/my_data\"; \
                echo 'a,b' > \"$a/my_data/iris.csv\"; /bin/ln -s /etc/passwd \"$a/my_data/evil\"; fi; last=$a; done";
    bench.context.packages.uv = Some(script(&bench, text));
    bench
        .obtain(&pinned("pypi:my-data==1.0/my_data/iris.csv", b"a,b\n"))
        .expect("taken");
    let error = bench
        .obtain(&pinned("pypi:my-data==1.0/my_data/evil", b"x"))
        .expect_err("refused");
    assert!(matches!(error, AcquireError::NotInWheel { .. }), "{error:?}");
}

#[test]
fn sources_that_are_no_release_are_refused() {
    let mut bench = Bench::new();
    let log = fake_pip(&mut bench, &wheel_bytes());
    for source in [
        "-r==1/x",
        "--index-url=https://evil==1/x",
        "a==1",
        "a/x",
        "a>=1/x",
        "a==/x",
        "a==1;x/y",
        "a @ https://evil==1/x",
        "a==1/../x",
        "a==1//x",
        "a==1/",
        "a[b]==1/x",
        "a==*/x",
    ] {
        let error = bench
            .obtain(&pinned(&format!("pypi:{source}"), b"x"))
            .expect_err("refused");
        assert!(
            matches!(error, AcquireError::BadSource { .. }),
            "{source}: {error:?}"
        );
    }
    assert!(!log.exists());
}

/// The interpreter that is called `python3` here, without the wrappers of version managers.
fn real_python() -> Option<PathBuf> {
    let output = Command::new("python3")
        .args(["-c", "import pip, sys; print(sys.executable)"])
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().into())
}

/// What the machine that runs the tests says about its package index.
#[expect(
    clippy::disallowed_methods,
    reason = "tests may read the environment, as cli/ does"
)]
fn configured() -> Vec<(String, String)> {
    let named = PASSED.iter().map(|name| (*name).to_owned());
    named
        .filter_map(|name| std::env::var(&name).ok().map(|value| (name, value)))
        .collect()
}

#[test]
fn a_real_wheel_comes_through_the_real_pip() {
    let Some(python) = real_python() else {
        println!("skipped: there is no python3 with pip on PATH");
        return;
    };
    let mut bench = Bench::new();
    bench.context.allow_unpinned = true;
    bench.context.packages.pythons = vec![python];
    bench.context.packages.variables = configured();
    let obtained = bench.obtain(&unpinned("pypi:six==1.16.0/six.py")).expect("taken");
    assert_eq!(
        obtained.digest.hex(),
        "4ce39f422ee71467ccac8bed76beb05f8c321c7f0ceda9279ae2dfa3670106b3"
    );
    let wheel = wheel("six", "1.16.0", None, &bench.context, &bench.witness).expect("a wheel");
    assert_eq!(
        Digest::of_file(&wheel).expect("a file").0.hex(),
        "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
    );
}
