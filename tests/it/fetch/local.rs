//! `file:` and `repo:`.

use std::fs;
use std::os::unix::fs::symlink;

use reproof::acquire::AcquireError;
use reproof::digest::Digest;
use reproof::error::{Diagnose as _, Fault};

use super::bench::{Bench, pinned, unpinned};

#[test]
fn a_file_beside_the_manifest_is_taken_over() {
    let bench = Bench::new();
    let path = bench.beside("data/a b.csv", b"x,y\n");
    let absolute = format!("file://{}", path.display());
    for source in ["file:data/a b.csv", absolute.as_str()] {
        let obtained = bench.obtain(&pinned(source, b"x,y\n")).expect("taken over");
        assert_eq!(fs::read(obtained.path).expect("a file"), b"x,y\n");
    }
    fs::remove_file(path).expect("removed");
    assert!(
        bench
            .obtain(&pinned("file:data/a b.csv", b"x,y\n"))
            .expect("in the cache")
            .reused
    );
}

#[test]
fn a_lock_learns_the_digest() {
    let mut bench = Bench::new();
    bench.context.allow_unpinned = true;
    bench.beside("a", b"one");
    assert_eq!(
        bench.obtain(&unpinned("file:a")).expect("taken over").digest,
        Digest::of("one")
    );
    bench.beside("a", b"two");
    assert_eq!(
        bench.obtain(&unpinned("file:a")).expect("taken over").digest,
        Digest::of("two")
    );
}

#[test]
fn only_plain_files_are_files() {
    let bench = Bench::new();
    bench.beside("folder/a", b"x");
    let pipe = bench.context.manifest_dir.join("pipe");
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, 0o600.into(), 0).expect("a pipe");
    for source in ["file:folder", "file:pipe", "file:/dev/zero"] {
        let error = bench.obtain(&pinned(source, b"x")).expect_err("refused");
        assert!(
            matches!(error, AcquireError::NotAFile { .. }),
            "{source}: {error:?}"
        );
    }
    for source in ["file:", "file://host/a", "file:a\0b"] {
        let error = bench.obtain(&pinned(source, b"x")).expect_err("refused");
        assert!(
            matches!(error, AcquireError::BadSource { .. }),
            "{source}: {error:?}"
        );
    }
    let error = bench.obtain(&pinned("file:absent", b"x")).expect_err("refused");
    assert!(matches!(error, AcquireError::Unreadable { .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Manifest);
}

#[test]
fn a_file_over_the_limit_is_refused() {
    let mut bench = Bench::new();
    bench.context.limits.download = 3;
    bench.beside("a", b"four");
    let error = bench.obtain(&pinned("file:a", b"four")).expect_err("refused");
    assert!(
        matches!(error, AcquireError::TooLarge { limit: 3, .. }),
        "{error:?}"
    );
}

fn with_repository() -> Bench {
    let mut bench = Bench::new();
    bench.beside("repository/data/a.csv", b"x");
    bench.beside("repository/.git/config", b"x");
    bench.beside("outside", b"x");
    bench.context.repository = Some(bench.context.manifest_dir.join("repository"));
    bench
}

#[test]
fn a_file_of_the_repository_is_taken_over() {
    let bench = with_repository();
    let repository = bench.context.repository.clone().expect("a repository");
    symlink("data/a.csv", repository.join("link")).expect("a link");
    for source in ["repo:data/a.csv", "repo:link"] {
        assert_eq!(bench.obtain(&pinned(source, b"x")).expect("taken over").bytes, 1);
    }
}

#[test]
fn nothing_leads_out_of_the_repository() {
    let bench = with_repository();
    let repository = bench.context.repository.clone().expect("a repository");
    symlink("../outside", repository.join("out")).expect("a link");
    symlink("/etc", repository.join("etc")).expect("a link");
    symlink(".git", repository.join("git")).expect("a link");
    let sources = [
        "../outside",
        "data/../../outside",
        "/etc/passwd",
        "out",
        "etc/passwd",
        ".git/config",
        "git/config",
        "",
    ];
    for source in sources {
        let error = bench
            .obtain(&pinned(&format!("repo:{source}"), b"x"))
            .expect_err("refused");
        assert!(
            matches!(error, AcquireError::BadSource { .. }),
            "{source}: {error:?}"
        );
    }
    bench.holds_nothing();
}

#[test]
fn without_a_repository_there_is_no_file_of_it() {
    let error = Bench::new().obtain(&pinned("repo:a", b"x")).expect_err("refused");
    assert!(
        error.to_string().ends_with("the manifest names no repository"),
        "{error}"
    );
}

#[test]
fn a_pointer_is_not_its_content() {
    let bench = with_repository();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    bench.beside("repository/model.bin", pointer);
    let error = bench
        .obtain(&pinned("repo:model.bin", b"x"))
        .expect_err("refused");
    assert!(
        matches!(error, AcquireError::LfsPointer { bytes: 12345, .. }),
        "{error:?}"
    );
    assert_eq!(error.fault(), Fault::Paper);
}
