//! Branches and tags, and whether they are where they were.

use reproof::acquire::git::{Finding, GitError, ReferenceKind, check_reference, resolve};
use reproof::error::{Diagnose as _, Fault};
use reproof::observe::Silent;

use super::Bench;
use crate::common_git::certificates::Authority;
use crate::common_git::server::{Answer, Server};

/// The same through a path and through https.
fn both_ways(check: impl Fn(&Bench, &str)) {
    let mut bench = Bench::new();
    let authority = Authority::new();
    bench.settings.network.authorities = Some(authority.file(bench.path()));
    let (repo, _) = bench.small("code");
    repo.git(&["tag", "light"]);
    repo.git(&["tag", "-a", "-m", "one", "v1"]);
    repo.git(&["branch", "twice"]);
    repo.git(&["tag", "twice"]);
    check(&bench, "code");
    let (repo, _) = bench.small("served");
    repo.git(&["tag", "light"]);
    repo.git(&["tag", "-a", "-m", "one", "v1"]);
    repo.git(&["branch", "twice"]);
    repo.git(&["tag", "twice"]);
    let server = Server::start(&bench.root(), Some(authority.good()), |_| Answer::Git);
    check(&bench, &server.address("served/.git"));
}

#[test]
fn names_are_resolved_to_commits() {
    both_ways(|bench, address| {
        let resolve = |name: &str| resolve(address, &bench.root(), name, &bench.settings, &Silent);
        let found = |name: &str| resolve(name).expect(name);
        let commit = found("main").commit;
        for (name, reference, kind) in [
            ("main", "refs/heads/main", ReferenceKind::Branch),
            ("refs/heads/main", "refs/heads/main", ReferenceKind::Branch),
            ("HEAD", "HEAD", ReferenceKind::Branch),
            ("light", "refs/tags/light", ReferenceKind::Tag),
            ("v1", "refs/tags/v1", ReferenceKind::AnnotatedTag),
            ("refs/tags/twice", "refs/tags/twice", ReferenceKind::Tag),
        ] {
            let found = found(name);
            assert_eq!(
                (found.reference.as_str(), found.kind),
                (reference, kind),
                "{name}"
            );
            assert_eq!(found.commit, commit, "{name}");
        }
        assert!(matches!(
            resolve("twice"),
            Err(GitError::ReferenceAmbiguous { .. })
        ));
        let missing = resolve("nothing").expect_err("there is none");
        assert!(matches!(missing, GitError::ReferenceMissing { .. }));
        assert_eq!(missing.fault(), Fault::Manifest);
        bench.pinned(address, &commit);
    });
}

#[test]
fn a_tag_that_moved_or_is_gone_is_found() {
    both_ways(|bench, address| {
        let resolved = resolve(address, &bench.root(), "v1", &bench.settings, &Silent).expect("v1");
        let check = || {
            let locked = &resolved.commit;
            check_reference(address, &bench.root(), "v1", locked, &bench.settings, &Silent).expect("asked")
        };
        assert_eq!(check(), None);

        let name = if address == "code" { "code" } else { "served" };
        let repo = bench.repo(name);
        repo.write("new", "new");
        let now = repo.commit("second");
        repo.git(&["tag", "-f", "v1"]);
        let locked = resolved.commit.clone();
        let name = "v1".to_owned();
        let moved = Finding::ReferenceMoved {
            name: name.clone(),
            tag: true,
            locked: locked.clone(),
            now,
        };
        assert_eq!(check(), Some(moved));
        repo.git(&["tag", "-d", "v1"]);
        assert_eq!(check(), Some(Finding::ReferenceGone { name, locked }));
        // What was locked is still there, and can be pinned.
        bench.pinned(address, &resolved.commit);
    });
}
