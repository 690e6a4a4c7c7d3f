use super::*;

const MANIFEST: &str = r#"
schema = 1
paper = { title = "P" }
code = { repository = "https://example.org/code", commit = "main" }
data = [{ id = "cora", source = "repo:cora.csv" }, { id = "iris", source = "https://example.org/iris.csv" }]
checkpoints = [{ id = "gat", source = "https://example.org/gat.onnx", format = "onnx" }]
steps = [{ id = "s", phase = "train", run = ["true"], data = ["cora", "iris"], checkpoints = ["gat"] }]
claims = [{ id = "c", statement = "s", metric = "m", direction = "higher", value = 1, step = "s", measure = { stdout = '(?<value>.)' } }]
"#;

fn manifest(text: &str) -> Manifest {
    Manifest::parse(text, Path::new("paper.toml")).unwrap_or_else(|problems| panic!("{problems}"))
}

fn commit(digit: &str) -> CommitId {
    CommitId::new(&digit.repeat(40)).expect("a commit id")
}

fn lock() -> Lock {
    let input = |source: &str, text: &str| LockedInput {
        source: source.to_owned(),
        sha256: Digest::of(text),
        bytes: text.len() as u64,
    };
    Lock {
        manifest: Digest::of(MANIFEST),
        code: LockedCode {
            repository: "https://example.org/code".to_owned(),
            reference: "main".to_owned(),
            commit: commit("a"),
        },
        data: [
            ("iris".to_owned(), input("https://example.org/iris.csv", "iris")),
            ("cora".to_owned(), input("repo:cora.csv", "cora")),
        ]
        .into(),
        checkpoints: [("gat".to_owned(), input("https://example.org/gat.onnx", "gat"))].into(),
        files: [(
            "harness/evaluate.py".to_owned(),
            LockedFile {
                sha256: Digest::of("print()"),
                bytes: 7,
            },
        )]
        .into(),
        environment: Some(LockedEnvironment {
            python: "3.11.9".to_owned(),
            as_of: Some("2023-03-01T12:00:00Z".parse().expect("an instant")),
            uv: "0.9.1".to_owned(),
            packages: [("numpy".to_owned(), "1.24.2".to_owned())].into(),
            notes: vec!["one package was built".to_owned()],
            inputs: [("requirements.txt".to_owned(), "sha256:ab".to_owned())].into(),
            requirements: "numpy==1.24.2 \\\n    --hash=sha256:003a\n".to_owned(),
        }),
    }
}

#[test]
fn a_lock_looks_like_this_and_reads_back() {
    let text = lock().render();
    insta::assert_snapshot!(text, @r#"
    # Written by `reproof lock`: what the names in the manifest beside it mean, down to the last byte.
    # It belongs into version control. Do not edit it; run `reproof lock` again.

    version = 1
    manifest = "sha256:ef684a48e12b5540a62ee42c635de441323950e8151f4e20ec1dc3bf7b51e044"

    [code]
    repository = "https://example.org/code"
    reference = "main"
    commit = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

    [[data]]
    id = "cora"
    source = "repo:cora.csv"
    sha256 = "b8d8a9b672985b1df0c1c580e2981200646f9120945b31f5407722bda0e1e62a"
    bytes = 4

    [[data]]
    id = "iris"
    source = "https://example.org/iris.csv"
    sha256 = "47612b3175fece07f6c3e91992412c5b16ca88a9068cb72fecbcf653eb5ffcd7"
    bytes = 4

    [[checkpoints]]
    id = "gat"
    source = "https://example.org/gat.onnx"
    sha256 = "d137d43ec26cc59943b30ee4088aae3b4cf420744a60f4a2e04cfc64c9f3a2c0"
    bytes = 3

    [[files]]
    path = "harness/evaluate.py"
    sha256 = "525d513313416cf187f44fa87e1753ee6d11552c22097537ddc32b4ed34fa68f"
    bytes = 7

    [environment]
    python = "3.11.9"
    as-of = "2023-03-01T12:00:00Z"
    uv = "0.9.1"
    notes = ["one package was built"]
    requirements = '''
    numpy==1.24.2 \
        --hash=sha256:003a
    '''

    [environment.packages]
    numpy = "1.24.2"

    [environment.inputs]
    "requirements.txt" = "sha256:ab"
    "#);
    assert_eq!(Lock::parse(&text).expect("a lock"), lock());
}

#[test]
fn a_lock_lies_beside_its_manifest() {
    assert_eq!(
        Lock::path_for(Path::new("/m/paper.toml")),
        Path::new("/m/paper.lock")
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = Lock::path_for(&folder.path().join("paper.toml"));
    assert_eq!(Lock::read(&path).expect("no lock yet"), None);
    lock().write(&path).expect("written");
    assert_eq!(Lock::read(&path).expect("a lock"), Some(lock()));
}

#[test]
fn a_lock_fills_in_what_the_manifest_leaves_out() {
    let unlocked = manifest(MANIFEST);
    assert_eq!(unlocked.unpinned().problems.len(), 4);
    let locked = unlocked.with_lock(&lock()).expect("they agree");
    assert_eq!(locked.code.revision, Revision::Commit(commit("a")));
    assert_eq!(locked.data[0].sha256, Some(Digest::of("cora")));
    assert_eq!(locked.checkpoints[0].sha256, Some(Digest::of("gat")));
    assert!(locked.unpinned().is_empty());
}

#[test]
fn what_the_lock_does_not_have_stays_unpinned() {
    let mut lock = lock();
    lock.data.remove("iris");
    lock.data.insert("gone".to_owned(), lock.data["cora"].clone());
    let locked = manifest(MANIFEST).with_lock(&lock).expect("they agree");
    assert_eq!(locked.data[1].sha256, None);
    insta::assert_snapshot!(locked.unpinned(), @r#"
    error[unpinned]: `iris` is not pinned
     --> paper.toml:5:76
      |
    5 | data = [{ id = "cora", source = "repo:cora.csv" }, { id = "iris", source = "https://example.org/iris.csv" }]
      |                                                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ needs a key `sha256`
      |
      = help: run `reproof lock`, which writes the pins into a file beside the manifest
    "#);
}

#[test]
fn a_lock_never_overrules_the_manifest() {
    let other = Digest::of("other").to_string();
    let text = MANIFEST
        .replace("\"main\"", &format!("{:?}", "b".repeat(40)))
        .replace(
            "source = \"repo:cora.csv\"",
            &format!("source = \"repo:cora.csv\", sha256 = {other:?}"),
        )
        .replace("iris.csv", "iris-2.csv");
    let error = manifest(&text).with_lock(&lock()).expect_err("they differ");
    assert_eq!(error.fault(), Fault::Manifest);
    insta::assert_snapshot!(error, @r"
    the manifest and its lock differ in the commit
      manifest bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
          lock aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    the manifest and its lock differ in the digest of `cora`
      manifest sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa
          lock sha256:b8d8a9b672985b1df0c1c580e2981200646f9120945b31f5407722bda0e1e62a
    the manifest and its lock differ in the source of `iris`
      manifest https://example.org/iris-2.csv
          lock https://example.org/iris.csv
    ");
    insta::assert_snapshot!(error.hint().expect("a hint"), @"if the manifest was changed on purpose, run `reproof lock` to write the lock anew; if not, the lock holds what was checked before");
}

#[test]
fn a_lock_of_another_branch_or_repository_is_not_used() {
    for (old, new) in [("\"main\"", "\"dev\""), ("example.org/code", "example.org/fork")] {
        let error = manifest(&MANIFEST.replace(old, new)).with_lock(&lock());
        assert!(
            matches!(error, Err(LockError::Contradicts(ref all)) if all.len() == 1),
            "{error:?}"
        );
    }
}

#[test]
fn a_manifest_with_all_its_pins_agrees_with_its_lock() {
    let text = MANIFEST
        .replace("\"main\"", &format!("{:?}", "A".repeat(40)))
        .replace(
            "\"repo:cora.csv\"",
            &format!("\"repo:moved.csv\", sha256 = {:?}", Digest::of("cora").hex()),
        );
    assert!(manifest(&text).with_lock(&lock()).is_ok());
}

#[test]
fn a_lock_that_is_none_says_why() {
    let check = |text: &str, expected: &str| assert_eq!(Lock::parse(text).expect_err("no lock"), expected);
    let text = lock().render();
    check("", "missing field `version`");
    check(
        "version = 2\nnew = 1",
        "it has version 2, and this reproof reads version 1",
    );
    check(
        &text.replace("reference", "referent"),
        "unknown field `referent`, expected one of `repository`, `reference`, `commit`",
    );
    check(
        &text.replace(&"a".repeat(40), "main"),
        "its commit is not a full commit id",
    );
    check(
        &text.replace("id = \"iris\"", "id = \"cora\""),
        "`cora` is there twice",
    );
    check(
        &text.replace("2023-03-01T", "2023-03-01 at "),
        "its `as-of` is not an instant",
    );
    let folder = tempfile::tempdir().expect("a folder");
    let error = Lock::read(folder.path()).expect_err("a folder is no lock");
    assert!(matches!(error, LockError::Invalid { .. }));
}

#[test]
fn a_lock_names_no_package_registry() {
    let mut lock = lock();
    let environment = lock.environment.as_mut().expect("an environment");
    environment.requirements = "numpy==1.24.2\n--index-url https://example.org/simple\n".to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("paper.lock");
    let error = lock.write(&path).expect_err("it names one");
    assert_eq!(error.fault(), Fault::Reproof);
    assert!(!path.exists());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_reading_panic(at in 0_usize..1500, what in "\\PC{0,4}") {
        let mut text = lock().render();
        let at = text.floor_char_boundary(at);
        let to = text.ceil_char_boundary(at + 3).min(text.len());
        text.replace_range(at.min(to)..to, &what);
        let _ = Lock::parse(&text);
    }
}
