//! Trees that no honest git writes.

use std::fs;

use reproof::acquire::git::GitError;
use reproof::error::{Diagnose as _, Fault};

use super::Bench;
use crate::common_git::Repo;

#[track_caller]
fn unsafe_tree(entries: impl FnOnce(&Repo) -> Vec<(&'static str, &'static [u8], String)>) -> GitError {
    let bench = Bench::new();
    let repo = bench.repo("code");
    let entries = entries(&repo);
    let entries: Vec<_> = entries
        .iter()
        .map(|(mode, name, id)| (*mode, *name, id.as_str()))
        .collect();
    let commit = repo.commit_raw_tree(&entries);
    let error = bench.refused("code", &commit);
    let outside = fs::read_dir(bench.path()).expect("a folder").flatten();
    let names: Vec<_> = outside
        .map(|entry| entry.file_name())
        .filter(|name| name == "evil")
        .collect();
    assert!(names.is_empty(), "something was written outside");
    error
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let names: [&'static [u8]; 7] = [b"..", b".", b".git", b".GIT", b"git~1", b"../evil", b"/tmp/evil"];
    for name in names {
        let error = unsafe_tree(|repo| vec![("100644", name, repo.blob(b"evil"))]);
        // libgit2 refuses some of them itself, as a damaged tree.
        assert!(
            matches!(error, GitError::UnsafeEntry { .. } | GitError::Damaged { .. }),
            "{name:?}: {error:?}"
        );
    }
}

#[test]
fn a_folder_of_that_name_is_refused_too() {
    let error = unsafe_tree(|repo| {
        let hook = repo.blob(b"#!/bin/sh\n");
        let tree = repo.git_with(
            &["mktree"],
            format!("100755 blob {hook}\tpost-checkout\n").as_bytes(),
        );
        let git = repo.git_with(&["mktree"], format!("040000 tree {tree}\thooks\n").as_bytes());
        vec![("40000", b".Git", git)]
    });
    assert!(matches!(error, GitError::UnsafeEntry { .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Paper);
}

#[test]
fn a_link_and_a_folder_of_one_name_are_refused() {
    let error = unsafe_tree(|repo| {
        let outside = repo.blob(b"../..");
        let file = repo.blob(b"evil");
        let folder = repo.git_with(&["mktree"], format!("100644 blob {file}\tevil\n").as_bytes());
        vec![("120000", b"a", outside), ("40000", b"a", folder)]
    });
    assert!(matches!(error, GitError::UnsafeEntry { .. }), "{error:?}");
}

#[test]
fn impossible_modes_and_links_are_refused() {
    let device = unsafe_tree(|repo| vec![("60644", b"a", repo.blob(b"x"))]);
    assert!(
        matches!(device, GitError::UnsafeEntry { .. } | GitError::Damaged { .. }),
        "{device:?}"
    );
    let link = unsafe_tree(|repo| vec![("120000", b"a", repo.blob(b"a\0b"))]);
    assert!(matches!(link, GitError::UnsafeEntry { .. }), "{link:?}");
}

#[test]
fn a_few_objects_that_describe_a_billion_files_are_refused() {
    let bench = Bench::new();
    let repo = bench.repo("code");
    let blob = repo.blob(b"x");
    let lines = |mode: &str, kind: &str, id: &str| -> String {
        (0..32).map(|at| format!("{mode} {kind} {id}\t{at}\n")).collect()
    };
    let mut tree = repo.git_with(&["mktree"], lines("100644", "blob", &blob).as_bytes());
    for _ in 0..6 {
        tree = repo.git_with(&["mktree"], lines("040000", "tree", &tree).as_bytes());
    }
    let commit = repo.commit_raw_tree(&[("40000", b"a", &tree)]);
    let mut bench = bench;
    bench.settings.limits.entries = 10_000;
    assert!(matches!(
        bench.refused("code", &commit),
        GitError::TooLarge { .. }
    ));
}

#[test]
fn large_files_and_deep_folders_are_refused() {
    let mut bench = Bench::new();
    let repo = bench.repo("code");
    repo.write("large", vec![0; 100_000]);
    let commit = repo.commit("large");
    bench.settings.limits.file = 10_000;
    assert!(matches!(
        bench.refused("code", &commit),
        GitError::TooLarge { .. }
    ));
    bench.settings.limits.file = 1_000_000;
    bench.settings.limits.checkout = 10_000;
    assert!(matches!(
        bench.refused("code", &commit),
        GitError::TooLarge { .. }
    ));

    let mut tree = repo.git_with(&["mktree"], b"");
    for _ in 0..140 {
        tree = repo.git_with(&["mktree"], format!("040000 tree {tree}\td\n").as_bytes());
    }
    let commit = repo.commit_raw_tree(&[("40000", b"a", &tree)]);
    assert!(matches!(
        bench.refused("code", &commit),
        GitError::TooLarge { .. }
    ));
}

#[test]
fn a_tree_with_old_modes_is_checked_out_and_proven() {
    let bench = Bench::new();
    let repo = bench.repo("code");
    let file = repo.blob(b"x");
    let folder = repo.git_with(&["mktree"], format!("100755 blob {file}\trun\n").as_bytes());
    let commit = repo.commit_raw_tree(&[("100664", b"a", &file), ("40000", b"b", &folder)]);
    let (pinned, into) = bench.pinned("code", &commit);
    assert!(
        pinned
            .findings
            .contains(&reproof::acquire::git::Finding::OddModes),
        "{:?}",
        pinned.findings
    );
    assert_eq!(pinned.directory.hex(), repo.git(&["rev-parse", "HEAD^{tree}"]));
    assert_eq!(fs::read(into.join("b/run")).expect("read"), b"x");
}

#[test]
fn a_gitmodules_that_is_a_link_is_not_read() {
    let mut bench = Bench::new();
    bench.submodules = true;
    let (repo, commit) = bench.small("code");
    let secret = bench.path().join("secret");
    fs::write(&secret, "[submodule \"s\"]\n\tpath = s\n\turl = ../code\n").expect("written");
    let link = repo.blob(secret.to_str().expect("text").as_bytes());
    let commit = repo.commit_raw_tree(&[
        ("120000", b".gitmodules", &link),
        ("160000", b"s", commit.as_str()),
    ]);
    let (pinned, _) = bench.pinned("code", &commit);
    assert_eq!(pinned.submodules, []);
    assert!(
        pinned
            .findings
            .iter()
            .any(|finding| finding.to_string().contains("no address")),
        "{:?}",
        pinned.findings
    );
}

#[test]
fn submodules_that_contain_each_other_come_to_an_end() {
    let mut bench = Bench::new();
    bench.submodules = true;
    // Every level names the level below; there are more than is accepted.
    let (first, mut below) = bench.small("level-0");
    drop(first);
    for level in 1..12 {
        let repo = bench.repo(&format!("level-{level}"));
        repo.write(
            ".gitmodules",
            format!("[submodule \"s\"]\n\tpath = s\n\turl = ../level-{}\n", level - 1),
        );
        repo.git(&["add", "-A"]);
        repo.git(&[
            "update-index",
            "--add",
            "--cacheinfo",
            &format!("160000,{below},s"),
        ]);
        repo.git(&["commit", "-q", "-m", "level"]);
        below = repo.id("HEAD");
    }
    let (pinned, _) = bench.pinned("level-11", &below);
    assert_eq!(pinned.submodules.len(), 8);
    assert!(
        pinned
            .findings
            .iter()
            .any(|finding| finding.to_string().contains("more than 8 deep")),
        "{:?}",
        pinned.findings
    );
}
