//! The example that `reproof demo` writes.

use std::fs;
use std::path::Path;

use git2::Repository;
use reproof::demo::{self, DemoError};
use reproof::error::Diagnose as _;

fn written() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = demo::write(folder.path()).expect("written");
    (folder, manifest)
}

fn repository(folder: &Path) -> Repository {
    Repository::open(folder.join("1992-wine/repository")).expect("a repository")
}

#[test]
fn the_commit_is_the_one_that_the_manifest_pins() {
    let (folder, manifest) = written();
    let head = repository(folder.path()).head().expect("a head").target();
    assert_eq!(head.expect("an id").to_string(), demo::COMMIT);
    let text = fs::read_to_string(manifest).expect("a manifest");
    assert!(text.contains(&format!("commit = \"{}\"", demo::COMMIT)));
}

#[test]
fn the_working_copy_is_what_was_committed() {
    let (folder, _) = written();
    let repository = repository(folder.path());
    let statuses = repository.statuses(None).expect("statuses");
    let dirty: Vec<_> = statuses
        .iter()
        .filter_map(|s| s.path().map(str::to_owned).ok())
        .collect();
    assert_eq!(dirty, Vec::<String>::new());
}

#[test]
fn every_source_of_the_fixture_is_in_the_commit() {
    let (folder, _) = written();
    let repository = repository(folder.path());
    let tree = repository.head().expect("a head").peel_to_tree().expect("a tree");
    let mut committed: Vec<_> = tree
        .iter()
        .map(|entry| entry.name().expect("a name").to_owned())
        .collect();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/papers/wine/repository");
    let mut kept: Vec<_> = fs::read_dir(sources)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .filter(|name| name != "__pycache__")
        .collect();
    committed.sort();
    kept.sort();
    assert_eq!(committed, kept);
}

#[test]
fn the_data_are_the_ones_that_the_manifest_pins() {
    let (folder, manifest) = written();
    let bytes = fs::read(folder.path().join("1992-wine/wine.csv")).expect("data");
    let digest = reproof::digest::Digest::of(&bytes).hex();
    let text = fs::read_to_string(manifest).expect("a manifest");
    assert!(text.contains(&format!("sha256 = \"{digest}\"")), "{digest}");
}

#[test]
fn writing_again_changes_nothing_and_adds_what_is_missing() {
    let (folder, manifest) = written();
    let before = fs::metadata(&manifest)
        .and_then(|m| m.modified())
        .expect("a time");
    fs::remove_file(folder.path().join("1992-wine/wine.csv")).expect("removed");
    fs::remove_dir_all(folder.path().join("1992-wine/repository")).expect("removed");

    demo::write(folder.path()).expect("written again");

    let after = fs::metadata(&manifest)
        .and_then(|m| m.modified())
        .expect("a time");
    assert_eq!(before, after);
    assert!(folder.path().join("1992-wine/wine.csv").is_file());
    assert!(repository(folder.path()).revparse_single(demo::COMMIT).is_ok());
}

#[test]
fn a_folder_with_something_else_in_it_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("thesis.tex"), "precious").expect("written");
    let error = demo::write(folder.path()).expect_err("refused");
    assert!(matches!(error, DemoError::NotEmpty(_)), "{error}");
    assert!(error.hint().is_some());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_changed_part_is_not_overwritten() {
    let (folder, manifest) = written();
    fs::write(&manifest, "schema = 1\n").expect("changed");
    let error = demo::write(folder.path()).expect_err("refused");
    assert!(matches!(error, DemoError::Changed(path) if path == manifest));
    assert_eq!(fs::read(&manifest).expect("kept"), b"schema = 1\n");
}
