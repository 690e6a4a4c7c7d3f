//! What is written out of a commit, and what is found on the way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use reproof::acquire::git::{Finding, GitError};
use reproof::error::{Diagnose as _, Fault};

use super::{Bench, absent, configuration_file, files};

#[test]
fn paths_are_relative_to_the_manifest_and_files_are_addresses() {
    let bench = Bench::new();
    let (_, commit) = bench.small("code");
    let absolute = bench.root().join("code");
    for address in [
        "code",
        "./code",
        "code/.git",
        absolute.to_str().expect("text"),
        &format!("file://{}", absolute.display()),
    ] {
        let (pinned, into) = bench.pinned(address, &commit);
        assert_eq!(pinned.address.written, address);
        assert_eq!(
            files(&into).into_iter().collect::<Vec<_>>(),
            ["LICENSE", "src", "src/train.py"]
        );
    }
}

#[test]
fn a_bare_repository_is_found_without_its_ending() {
    let bench = Bench::new();
    let (repo, commit) = bench.small("code");
    repo.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    bench.pinned("bare", &commit);
}

#[test]
fn an_address_of_the_web_can_be_served_from_this_machine() {
    let mut bench = Bench::new();
    let (_, commit) = bench.small("owner/code");
    let text = format!(
        "[url \"file://{}/\"]\n\tinsteadOf = https://github.example/\n",
        bench.root().display()
    );
    bench.settings.configuration = configuration_file(bench.path(), &text);
    let (pinned, _) = bench.pinned("https://github.example/owner/code", &commit);
    assert_eq!(
        pinned.address.used,
        Some(format!("file://{}/owner/code", bench.root().display()))
    );
}

#[test]
fn only_what_the_commit_needs_has_to_be_there() {
    let bench = Bench::new();
    let repo = bench.repo("code");
    repo.write("large", "large");
    repo.commit("with");
    let large = repo.git(&["rev-parse", "HEAD:large"]);
    fs::remove_file(repo.path.join("large")).expect("removed");
    let commit = repo.commit("without");
    fs::remove_file(repo.path.join(".git/objects").join(&large[..2]).join(&large[2..])).expect("removed");
    bench.pinned("code", &commit);

    let before = repo.id("HEAD^");
    let error = bench.refused("code", &before);
    assert!(matches!(error, GitError::Damaged { .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Host);
}

#[test]
fn what_is_not_there_is_told_apart() {
    let bench = Bench::new();
    let (repo, _) = bench.small("code");
    let missing = bench.refused("code", &absent());
    assert!(matches!(missing, GitError::CommitMissing { .. }), "{missing:?}");
    let nothing = bench.refused("nothing", &absent());
    assert!(matches!(nothing, GitError::NoRepository { .. }), "{nothing:?}");
    assert_eq!(nothing.fault(), Fault::Manifest);
    assert!(matches!(
        bench.refused("ext::sh -c id", &absent()),
        GitError::Address(_)
    ));
    let lost = repo.commit("lost");
    repo.git(&["reset", "-q", "--hard", "HEAD^"]);
    let (pinned, _) = bench.pinned("code", &lost);
    assert_eq!(pinned.findings, [Finding::CommitNotReachable { commit: lost }]);
}

#[test]
fn a_repository_of_another_user_is_not_opened() {
    let bench = Bench::new();
    let (repo, commit) = bench.small("code");
    let walk = walkdir::WalkDir::new(&repo.path).into_iter().flatten();
    let given_away = walk.map(|entry| std::os::unix::fs::lchown(entry.path(), Some(12_345), None));
    if given_away.collect::<Result<Vec<_>, _>>().is_err() {
        // Only root can give a repository away.
        return;
    }
    let error = bench.refused("code", &commit);
    assert!(matches!(error, GitError::NotOwned { .. }), "{error:?}");
    assert!(error.hint().expect("a hint").contains("safe.directory"));
}

#[test]
fn nothing_of_the_repository_runs_and_no_byte_is_converted() {
    let bench = Bench::new();
    let repo = bench.repo("code");
    let witness = bench.path().join("it-ran");
    let run = format!("touch {}", witness.display());
    repo.write("text.txt", "one\ntwo\n");
    repo.write("dos.txt", "one\r\ntwo\r\n");
    repo.write("ident.txt", "$Id$\n");
    repo.write("run.sh", "#!/bin/sh\n");
    fs::set_permissions(repo.path.join("run.sh"), fs::Permissions::from_mode(0o755)).expect("set");
    let commit = repo.commit("plain");
    let attributes =
        "* text=auto eol=crlf\nident.txt ident\n*.txt filter=evil working-tree-encoding=UTF-16\n";
    repo.write(".gitattributes", attributes);
    let blob = repo.blob(attributes.as_bytes());
    repo.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("100644,{blob},.gitattributes"),
    ]);
    let tree = repo.git(&["write-tree"]);
    let commit = repo.git(&["commit-tree", "-m", "attributes", "-p", commit.as_str(), &tree]);
    repo.git(&["update-ref", "refs/heads/main", &commit]);
    for name in [
        "filter.evil.smudge",
        "filter.evil.clean",
        "filter.evil.process",
        "core.fsmonitor",
        "core.sshCommand",
    ] {
        repo.git(&["config", name, &run]);
    }
    repo.git(&["config", "core.autocrlf", "true"]);
    for hook in [
        "post-checkout",
        "post-merge",
        "reference-transaction",
        "pre-upload",
        "post-update",
    ] {
        let path = repo.path.join(".git/hooks").join(hook);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, format!("#!/bin/sh\n{run}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
    }

    let commit = repo.id("main");
    let _ = fs::remove_file(&witness);
    let (_, into) = bench.pinned("code", &commit);
    let read = |name: &str| fs::read_to_string(into.join(name)).expect("read");
    assert_eq!(read("text.txt"), "one\ntwo\n");
    assert_eq!(read("dos.txt"), "one\r\ntwo\r\n");
    assert_eq!(read("ident.txt"), "$Id$\n");
    let mode = |name: &str| into.join(name).metadata().expect("metadata").permissions().mode() & 0o777;
    assert_eq!((mode("run.sh"), mode("text.txt")), (0o755, 0o644));
    assert!(!witness.exists(), "something ran");
}

#[test]
fn links_are_kept_and_those_that_lead_out_are_found() {
    let bench = Bench::new();
    let repo = bench.repo("code");
    repo.write("LICENSE", include_str!("../../../LICENSE-MIT"));
    repo.write("data/real", "real");
    let link = |name: &str, to: &str| std::os::unix::fs::symlink(to, repo.path.join(name)).expect("made");
    link("inside", "data/real");
    link("data/up", "../data/real");
    link("data/out", "../../elsewhere");
    link("absolute", "/etc/hostname");
    let commit = repo.commit("links");
    let (pinned, into) = bench.pinned("code", &commit);
    assert_eq!(
        fs::read_link(into.join("data/up")).expect("a link"),
        Path::new("../data/real")
    );
    let out = |path: &str, target: &str| Finding::LinkLeadsOut {
        path: path.into(),
        target: target.into(),
    };
    assert_eq!(
        pinned.findings,
        [
            out("absolute", "/etc/hostname"),
            out("data/out", "../../elsewhere")
        ]
    );
}

#[test]
fn a_pointer_into_lfs_is_found_with_its_size() {
    let bench = Bench::new();
    let (repo, _) = bench.small("code");
    let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 123456789\n");
    repo.write("models/best.pt", pointer);
    let commit = repo.commit("pointer");
    let (pinned, _) = bench.pinned("code", &commit);
    let expected = Finding::LfsPointer {
        path: PathBuf::from("models/best.pt"),
        size: 123_456_789,
    };
    assert!(expected.incomplete());
    assert_eq!(pinned.findings, [expected]);
}

#[test]
fn a_repository_without_a_licence_is_found() {
    let bench = Bench::new();
    let repo = bench.repo("code");
    repo.write("train.py", "");
    let commit = repo.commit("first");
    assert_eq!(bench.pinned("code", &commit).0.findings, [Finding::NoLicence]);
    repo.write("LICENSE.md", "ask me");
    let commit = repo.commit("second");
    let path = PathBuf::from("LICENSE.md");
    assert_eq!(
        bench.pinned("code", &commit).0.findings,
        [Finding::LicenceNotRecognised { path }]
    );
}

#[test]
fn a_change_after_the_checkout_is_noticed() {
    let bench = Bench::new();
    let (_, commit) = bench.small("code");
    let (pinned, into) = bench.pinned("code", &commit);
    let modified = |why: &str| {
        let verified = pinned.proof.verify(&into);
        assert!(
            matches!(verified, Err(GitError::Modified { .. })),
            "{why}: {verified:?}"
        );
    };
    let program = into.join("src/train.py");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("set");
    modified("a mode");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o444)).expect("set");
    pinned
        .proof
        .verify(&into)
        .expect("read-only files are still the same files");
    fs::write(into.join("new"), "").expect("written");
    modified("a new file");
    fs::remove_file(into.join("new")).expect("removed");
    pinned.proof.verify(&into).expect("as before");
    fs::remove_file(&program).expect("removed");
    modified("a file that is gone");
}

#[test]
fn what_lies_at_the_place_is_never_overwritten_and_halves_are_removed() {
    let bench = Bench::new();
    let (_, commit) = bench.small("code");
    let into = bench.path().join("checkout-0");
    fs::create_dir(&into).expect("made");
    let request = reproof::acquire::git::PinRequest {
        repository: "code",
        base: &bench.root(),
        commit: &commit,
        submodules: false,
        into: &into,
    };
    let pin = || {
        let silent = reproof::observe::Silent;
        reproof::acquire::git::pin(&request, &bench.settings, &bench.cache, &silent)
    };
    assert!(matches!(pin(), Err(GitError::Exists { .. })));
    fs::remove_dir(&into).expect("removed");
    // As a process that was killed leaves it.
    fs::create_dir_all(bench.path().join("checkout-0.part/old")).expect("made");
    pin().expect("pinned");
    assert!(!into.join("old").exists() && !bench.path().join("checkout-0.part").exists());
}

#[test]
fn a_mirror_that_is_damaged_is_made_anew() {
    let bench = Bench::new();
    let (_, commit) = bench.small("code");
    bench.pinned("code", &commit);
    let mirror = fs::read_dir(bench.cache.mirrors())
        .expect("mirrors")
        .next()
        .expect("one")
        .expect("one")
        .path();
    fs::remove_file(mirror.join("HEAD")).expect("removed");
    bench.pinned("code", &commit);
    for pack in fs::read_dir(mirror.join("objects/pack"))
        .expect("packs")
        .flatten()
    {
        if pack
            .path()
            .extension()
            .is_some_and(|extension| extension == "pack")
        {
            let mut bytes = fs::read(pack.path()).expect("read");
            let middle = bytes.len() / 2;
            bytes[middle..middle + 16].fill(0);
            let mode = fs::Permissions::from_mode(0o644);
            fs::set_permissions(pack.path(), mode).expect("set");
            fs::write(pack.path(), bytes).expect("written");
        }
    }
    bench.pinned("code", &commit);
}

/// A parent with one submodule at `libs/sub`, whose address is as given.
fn with_submodule(bench: &Bench, address: &str) -> reproof::manifest::CommitId {
    let (_, inner) = bench.small("sub");
    let (repo, _) = bench.small("code");
    repo.write(
        ".gitmodules",
        format!("[submodule \"s\"]\n\tpath = libs/sub\n\turl = {address}\n"),
    );
    repo.git(&["add", "-A"]);
    repo.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{inner},libs/sub"),
    ]);
    repo.git(&["commit", "-q", "-m", "with a submodule"]);
    repo.id("HEAD")
}

#[test]
fn a_submodule_that_is_not_asked_for_is_found() {
    let bench = Bench::new();
    let commit = with_submodule(&bench, "../sub");
    let (pinned, into) = bench.pinned("code", &commit);
    let expected = Finding::SubmoduleNotFetched {
        path: "libs/sub".into(),
        address: "../sub".to_owned(),
    };
    assert_eq!(pinned.findings, [expected]);
    assert!(
        into.join("libs/sub")
            .read_dir()
            .expect("a folder")
            .next()
            .is_none()
    );
    fs::write(into.join("libs/sub/x"), "").expect("written");
    assert!(pinned.proof.verify(&into).is_err(), "nothing may lie there");
}

#[test]
fn submodules_are_pinned_and_proven_with_their_parent() {
    let mut bench = Bench::new();
    bench.submodules = true;
    let commit = with_submodule(&bench, "../sub");
    let (pinned, into) = bench.pinned("code", &commit);
    assert_eq!(pinned.findings, []);
    assert_eq!(pinned.submodules.len(), 1);
    assert_eq!(pinned.files, 5);
    let program = into.join("libs/sub/src/train.py");
    assert!(program.exists());
    fs::write(program, "changed").expect("written");
    assert!(pinned.proof.verify(&into).is_err());
}

#[test]
fn a_submodule_that_cannot_be_had_is_found_with_the_reason() {
    let mut bench = Bench::new();
    bench.submodules = true;
    for (address, expected) in [
        ("../nothing", "there is no git repository"),
        ("../../../../../../../../x", "leads above"),
        ("ext::sh -c id", "remote helpers"),
        ("", "no address"),
    ] {
        let commit = with_submodule(&bench, address);
        let (pinned, _) = bench.pinned("code", &commit);
        match pinned.findings.as_slice() {
            [Finding::SubmoduleMissing { path, why, .. }] => {
                assert_eq!(path, Path::new("libs/sub"));
                assert!(why.contains(expected), "{address}: {why}");
            }
            other => panic!("{address}: {other:?}"),
        }
    }
}

#[test]
fn a_submodule_of_a_repository_elsewhere_cannot_reach_into_this_machine() {
    let mut bench = Bench::new();
    bench.submodules = true;
    let own = bench.root().join("sub");
    let commit = with_submodule(&bench, own.to_str().expect("text"));
    let text = format!(
        "[url \"{}/\"]\n\tinsteadOf = https://github.example/\n",
        bench.root().display()
    );
    bench.settings.configuration = configuration_file(bench.path(), &text);
    let (pinned, _) = bench.pinned("https://github.example/code", &commit);
    assert!(
        matches!(pinned.findings.as_slice(), [Finding::SubmoduleMissing { why, .. }] if why.contains("this machine")),
        "{:?}",
        pinned.findings
    );
}
