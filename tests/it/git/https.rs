//! Over https, against a real smart-HTTP server behind TLS with a made certificate authority.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use reproof::acquire::git::{Finding, GitError, TransportError};
use reproof::error::{Diagnose as _, Fault};
use reproof::manifest::CommitId;

use super::{Bench, Watch, absent, configuration_file};
use crate::common_git::certificates::{Authority, self_signed};
use crate::common_git::noise;
use crate::common_git::proxy::Proxy;
use crate::common_git::server::{Answer, Request, Server};

/// A bench that trusts an authority, and a server with its certificate.
fn served(decide: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> (Bench, Server) {
    let mut bench = Bench::new();
    let authority = Authority::new();
    bench.settings.network.authorities = Some(authority.file(bench.path()));
    let server = Server::start(&bench.root(), Some(authority.good()), decide);
    (bench, server)
}

fn served_by_git() -> (Bench, Server) {
    served(|_| Answer::Git)
}

#[test]
fn a_repository_is_pinned_over_https() {
    let (bench, server) = served_by_git();
    let (repo, commit) = bench.small("code");
    let (pinned, into) = bench.pinned(&server.address("code/.git"), &commit);

    assert_eq!(pinned.directory.hex(), repo.git(&["rev-parse", "HEAD^{tree}"]));
    assert_eq!(pinned.revision.to_string(), format!("swh:1:rev:{commit}"));
    assert_eq!(pinned.committed.to_string(), "2020-02-03T04:05:06Z");
    assert_eq!(pinned.authored.to_string(), "2020-01-02T03:04:05Z");
    assert_eq!(pinned.licences.recognised(), ["MIT"]);
    assert_eq!((pinned.files, pinned.findings), (2, vec![]));
    assert_eq!(
        std::fs::read_to_string(into.join("src/train.py")).expect("read"),
        "print('accuracy=0.9')\n"
    );
    assert!(!into.join(".git").exists());
}

#[test]
fn the_authority_can_come_from_gits_configuration() {
    let (mut bench, server) = served_by_git();
    let (_, commit) = bench.small("code");
    let address = server.address("code/.git");
    let authority = bench.settings.network.authorities.take().expect("an authority");
    let text = format!(
        "[http \"{}\"]\n\tsslCAInfo = {}\n",
        server.address(""),
        authority.display()
    );
    bench.settings.configuration = configuration_file(bench.path(), &text);
    bench.pinned(&address, &commit);
}

#[test]
fn the_cache_is_asked_first_and_only_news_are_fetched() {
    let (mut bench, server) = served_by_git();
    let (repo, first) = bench.small("code");
    let address = server.address("code/.git");
    assert!(bench.pinned(&address, &first).0.fetched);
    let asked = server.asked().len();
    bench.settings.network.offline = true;
    assert!(!bench.pinned(&address, &first).0.fetched);
    assert_eq!(server.asked().len(), asked, "the cache has it");

    repo.write("more", "more");
    repo.git(&["tag", "v1"]);
    let second = repo.commit("second");
    assert!(matches!(
        bench.transport_error(&address, &second),
        TransportError::Offline { .. }
    ));
    bench.settings.network.offline = false;
    let (pinned, into) = bench.pinned(&address, &second);
    assert!(pinned.fetched && into.join("more").exists());
}

#[test]
fn branches_that_make_room_for_each_other_are_followed() {
    let (bench, server) = served_by_git();
    let (repo, first) = bench.small("code");
    let address = server.address("code/.git");
    repo.git(&["branch", "a"]);
    bench.pinned(&address, &first);
    repo.git(&["branch", "-D", "a"]);
    repo.git(&["branch", "a/b"]);
    let second = repo.commit("second");
    bench.pinned(&address, &second);
}

/// The second half of the pack is sent only when objects of the first half have been taken in: what
/// was kept in memory until the end would never get it.
#[test]
fn a_big_pack_is_taken_in_while_it_comes() {
    let watch = Arc::new(Watch::default());
    let watched = watch.clone();
    let wait = move || {
        let limit = Instant::now() + Duration::from_secs(120);
        while watched.arrived.load(Ordering::SeqCst) < 8 {
            assert!(Instant::now() < limit, "nothing is taken in before the end");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let wait: Arc<dyn Fn() + Send + Sync> = Arc::new(wait);
    let (bench, server) = served(move |request| match request.wants_pack() {
        true => Answer::PauseAfter(16 << 20, wait.clone()),
        false => Answer::Git,
    });
    let repo = bench.repo("code");
    for seed in 0..32 {
        repo.write(&format!("data/{seed}.bin"), noise(1 << 20, seed));
    }
    let commit = repo.commit("big");
    let (pinned, into) = bench
        .pin_watched(&server.address("code/.git"), &commit, &*watch)
        .expect("pinned");
    pinned.proof.verify(&into).expect("proven");
    assert_eq!(pinned.bytes, 32 << 20);
}

#[test]
fn a_proxy_is_gone_through() {
    let (mut bench, server) = served_by_git();
    let (_, commit) = bench.small("code");
    let proxy = Proxy::start(server.port);
    // This name is known to nobody but the proxy.
    let address = "https://git.example/code/.git";
    bench.settings.network.https_proxy = Some(proxy.address());
    bench.pinned(address, &commit);
    let asked = proxy.asked();
    assert!(
        !asked.is_empty()
            && asked
                .iter()
                .all(|line| line.starts_with("CONNECT git.example:443 ")),
        "{asked:?}"
    );
}

#[test]
fn a_proxy_can_come_from_gits_configuration() {
    let (mut bench, server) = served_by_git();
    let (_, commit) = bench.small("code");
    let proxy = Proxy::start(server.port);
    bench.settings.network.https_proxy = Some("http://127.0.0.1:1".to_owned());
    bench.configure("http.proxy", "http://127.0.0.1:1");
    bench.configure("http.https://git.example.proxy", &proxy.address());
    bench.pinned("https://git.example/code/.git", &commit);
    assert!(!proxy.asked().is_empty());
}

#[test]
fn a_proxy_that_is_not_there_is_not_the_papers_fault() {
    let mut bench = Bench::new();
    bench.settings.network.https_proxy = Some("http://127.0.0.1:1".to_owned());
    let error = bench.refused("https://git.example/code", &absent());
    assert_eq!(error.fault(), Fault::Host, "{error}");
}

fn redirect(request: &Request, to: &str) -> Answer {
    let query = if request.query.is_empty() {
        String::new()
    } else {
        format!("?{}", request.query)
    };
    Answer::Plain(301, vec![("Location", format!("{to}{query}"))], "")
}

#[test]
fn a_redirect_of_the_first_request_moves_the_second_along() {
    let (bench, server) = served(|request| match request.path.strip_prefix("/old") {
        Some(rest) => redirect(request, &format!("/code/.git{rest}")),
        None => Answer::Git,
    });
    let (_, commit) = bench.small("code");
    bench.pinned(&server.address("old"), &commit);
    let expected = [
        "GET /old/info/refs",
        "GET /code/.git/info/refs",
        "POST /code/.git/git-upload-pack",
    ];
    assert_eq!(server.asked(), expected);
}

#[test]
fn http_may_be_upgraded_to_https_and_not_the_other_way_round() {
    let (bench, secure) = served(|request| match request.path.starts_with("/down") {
        true => redirect(request, "http://127.0.0.1:1/code/info/refs"),
        false => Answer::Git,
    });
    let (_, commit) = bench.small("code");
    let up = secure.address("code/.git/info/refs");
    let plain = Server::start(&bench.root(), None, move |request| redirect(request, &up));
    bench.pinned(&plain.address("code"), &commit);

    let refused = bench.transport_error(&secure.address("down"), &commit);
    assert!(matches!(refused, TransportError::Redirect { .. }));
    assert!(refused.to_string().contains("from https to http"), "{refused}");
}

#[test]
fn a_redirect_in_circles_to_nowhere_or_of_the_pack_is_refused() {
    let (bench, server) = served(|request| match request.path.as_str() {
        "/round/info/refs" => redirect(request, "/round/info/refs"),
        "/login/info/refs" => Answer::Plain(302, vec![("Location", "/sign_in".to_owned())], ""),
        path if path.starts_with("/late") && !request.wants_pack() => {
            Answer::GitAt("/code/.git/info/refs".to_owned())
        }
        path if path.starts_with("/late") => redirect(request, "/code/.git/git-upload-pack"),
        _ => Answer::Git,
    });
    let (_, commit) = bench.small("code");
    for name in ["round", "login", "late"] {
        let refused = bench.transport_error(&server.address(name), &commit);
        assert!(
            matches!(refused, TransportError::Redirect { .. }),
            "{name}: {refused}"
        );
    }
}

#[test]
fn a_login_stays_with_the_server_that_it_is_for() {
    let (mut bench, other) = served_by_git();
    let (_, commit) = bench.small("code");
    let to = other.address("code/.git/info/refs");
    let asked = Server::start(&bench.root(), None, move |request| redirect(request, &to));
    bench.configure("http.extraHeader", "X-Secret: one");
    let address = asked.address("code").replace("http://", "http://me:secret@");
    bench.pinned(&address, &commit);
    let first = &asked.log()[0];
    assert!(first.header("authorization").is_some() && first.header("x-secret").is_some());
    for request in other.log() {
        assert_eq!(
            (request.header("authorization"), request.header("x-secret")),
            (None, None)
        );
    }
}

#[test]
fn a_wrong_certificate_is_named_with_its_host_and_what_to_do() {
    let mut bench = Bench::new();
    let authority = Authority::new();
    let file = authority.file(bench.path());
    let cases = [
        (Some(&file), self_signed(), "it is signed by nobody", "sslCAInfo"),
        (None, authority.good(), "it is signed by nobody", "sslCAInfo"),
        (
            Some(&file),
            authority.for_another_host(),
            "it is for another host",
            "address",
        ),
        (Some(&file), authority.expired(), "it has expired", "date"),
    ];
    for (authorities, certificate, problem, remedy) in cases {
        let server = Server::start(&bench.root(), Some(certificate), |_| Answer::Git);
        bench.settings.network.authorities = authorities.cloned();
        let error = bench.transport_error(&server.address("code"), &absent());
        assert!(matches!(error, TransportError::Certificate { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("`127.0.0.1`") && text.contains(problem), "{text}");
        assert!(error.hint().expect("a hint").contains(remedy));
        assert_eq!(error.fault(), Fault::Host);
        assert_eq!(server.asked(), Vec::<String>::new(), "nothing was asked");
    }
}

#[test]
fn a_host_without_tls_is_no_certificate_problem() {
    let bench = Bench::new();
    let server = Server::start(&bench.root(), None, |_| Answer::Git);
    let address = server.address("code").replace("http:", "https:");
    let error = bench.transport_error(&address, &absent());
    assert!(
        matches!(error, TransportError::Tls { .. } | TransportError::Broken { .. }),
        "{error:?}"
    );
}

fn behind_login(request: &Request) -> Answer {
    // me:secret
    match request.header("authorization") {
        Some("Basic bWU6c2VjcmV0") => Answer::Git,
        _ => Answer::Plain(
            401,
            vec![("WWW-Authenticate", "Basic realm=\"code\"".to_owned())],
            "",
        ),
    }
}

#[test]
fn a_login_comes_from_the_credential_helper() {
    let (mut bench, server) = served(behind_login);
    let (_, commit) = bench.small("code");
    let address = server.address("code/.git");
    let without = bench.transport_error(&address, &commit);
    assert!(
        matches!(without, TransportError::Authentication { .. }),
        "{without:?}"
    );
    assert_eq!(without.fault(), Fault::Paper);

    bench.configure(
        "credential.helper",
        "!f() { echo username=me; echo password=wrong; }; f",
    );
    let wrong = bench.transport_error(&address, &commit);
    assert!(
        matches!(wrong, TransportError::Authentication { .. }),
        "{wrong:?}"
    );

    let name = format!("credential.https://127.0.0.1:{}.helper", server.port);
    bench.configure(&name, "");
    bench.configure(&name, "!f() { echo username=me; echo password=secret; }; f");
    bench.pinned(&address, &commit);
}

#[test]
fn a_login_in_the_address_is_used_and_never_shown() {
    let (bench, server) = served(behind_login);
    let (_, commit) = bench.small("code");
    let address = server
        .address("code/.git")
        .replace("https://", "https://me:secret@");
    let (pinned, _) = bench.pinned(&address, &commit);
    assert!(!format!("{pinned:?}").contains("secret"));
    let error = bench.refused(&address, &absent());
    assert!(
        !format!("{error} {error:?} {:?}", error.hint()).contains("secret"),
        "{error}"
    );
}

#[test]
fn a_silent_server_is_left_and_nothing_half_made_stays() {
    let (mut bench, server) = served(|request| match request.wants_pack() {
        true => Answer::HangAfter(1),
        false => Answer::Git,
    });
    let (_, commit) = bench.small("code");
    bench.settings.limits.silence = Duration::from_millis(400);
    let error = bench.transport_error(&server.address("code/.git"), &commit);
    assert!(matches!(error, TransportError::Silent { .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Host);
    assert!(!bench.cache.mirrors().exists());
}

#[test]
fn a_connection_that_is_cut_is_named_and_does_no_harm() {
    let cut = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let cutting = cut.clone();
    let (bench, server) =
        served(
            move |request| match request.wants_pack() && cutting.load(Ordering::SeqCst) {
                true => Answer::CutAfter(200_000),
                false => Answer::Git,
            },
        );
    let repo = bench.repo("code");
    repo.write("data.bin", noise(1 << 20, 1));
    let commit = repo.commit("big");
    let address = server.address("code/.git");
    let error = bench.transport_error(&address, &commit);
    assert!(matches!(error, TransportError::Broken { .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Host);

    cut.store(false, Ordering::SeqCst);
    bench.pinned(&address, &commit);

    // Again, with a mirror that is there already.
    repo.write("data.bin", noise(1 << 20, 2));
    let next = repo.commit("next");
    cut.store(true, Ordering::SeqCst);
    assert!(matches!(
        bench.transport_error(&address, &next),
        TransportError::Broken { .. }
    ));
    bench.pinned(&address, &commit);
    cut.store(false, Ordering::SeqCst);
    bench.pinned(&address, &next);
}

#[test]
fn a_user_who_stops_is_obeyed_while_a_server_is_silent() {
    let watch = Arc::new(Watch::default());
    let watched = watch.clone();
    let (bench, server) = served(move |_| {
        watched.stop.store(true, Ordering::SeqCst);
        Answer::HangAfter(0)
    });
    bench.small("code");
    let stopped = bench.pin_watched(&server.address("code/.git"), &absent(), &*watch);
    assert!(matches!(stopped, Err(GitError::Cancelled)), "{stopped:?}");
}

#[test]
fn what_servers_answer_is_told_apart() {
    let (bench, server) = served(|request| match request.path.split('/').nth(1) {
        Some("gone") => Answer::Plain(404, vec![], "no"),
        Some("private") => Answer::Plain(403, vec![], "no"),
        Some("busy") => Answer::Plain(503, vec![], "later"),
        Some("page") => Answer::Plain(200, vec![("Content-Type", "text/html".to_owned())], "<html>"),
        Some("lies") => {
            let kind = "application/x-git-upload-pack-advertisement".to_owned();
            Answer::Plain(200, vec![("Content-Type", kind)], "zzzz")
        }
        _ => Answer::Git,
    });
    let (_, commit) = bench.small("code");
    let error = |name: &str| bench.refused(&server.address(name), &commit);
    let gone = error("gone");
    assert!(
        matches!(gone, GitError::Transport(TransportError::Gone { .. })),
        "{gone:?}"
    );
    assert_eq!(gone.fault(), Fault::Paper);
    let private = error("private");
    assert!(
        matches!(
            private,
            GitError::Transport(TransportError::Authentication { .. })
        ),
        "{private:?}"
    );
    let busy = error("busy");
    assert!(
        matches!(busy, GitError::Transport(TransportError::Busy { .. })),
        "{busy:?}"
    );
    assert_eq!(busy.fault(), Fault::Host);
    let page = error("page");
    assert!(
        matches!(page, GitError::Transport(TransportError::NotGit { .. })),
        "{page:?}"
    );
    assert_eq!(error("lies").fault(), Fault::Host);

    let nobody = bench.transport_error("https://127.0.0.1:1/code", &commit);
    assert!(matches!(nobody, TransportError::Unreachable { .. }), "{nobody:?}");
    assert_eq!(nobody.fault(), Fault::Host);
}

#[test]
fn a_commit_that_is_gone_is_the_papers_fault_and_says_where_to_look() {
    let (bench, server) = served_by_git();
    bench.small("code");
    let error = bench.refused(&server.address("code/.git"), &absent());
    assert!(matches!(error, GitError::CommitMissing { .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Paper);
    assert!(
        error
            .hint()
            .expect("a hint")
            .contains("archive.softwareheritage.org")
    );
    let empty = bench.repo("empty");
    drop(empty);
    let error = bench.refused(&server.address("empty/.git"), &absent());
    assert!(matches!(error, GitError::CommitMissing { .. }), "{error:?}");
}

#[test]
fn a_commit_without_a_name_is_found_where_the_server_lets_one_ask() {
    let (bench, server) = served_by_git();
    let (repo, _) = bench.small("code");
    repo.write("lost", "lost");
    let lost = repo.commit("lost");
    repo.git(&["reset", "-q", "--hard", "HEAD^"]);
    let address = server.address("code/.git");
    assert!(matches!(
        bench.refused(&address, &lost),
        GitError::CommitMissing { .. }
    ));

    repo.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let (pinned, _) = bench.pinned(&address, &lost);
    assert_eq!(
        pinned.findings.last(),
        Some(&Finding::CommitNotReachable { commit: lost }),
        "{:?}",
        pinned.findings
    );
}

#[test]
fn a_commit_of_a_pull_request_is_found() {
    let (bench, server) = served_by_git();
    let (repo, _) = bench.small("code");
    let pulled = repo.commit("pulled");
    repo.git(&["update-ref", "refs/pull/1/head", "HEAD"]);
    repo.git(&["reset", "-q", "--hard", "HEAD^"]);
    let (pinned, _) = bench.pinned(&server.address("code/.git"), &pulled);
    assert_eq!(pinned.findings, [Finding::CommitNotReachable { commit: pulled }]);
}

#[test]
fn an_id_of_something_else_than_a_commit_is_named() {
    let (bench, server) = served_by_git();
    let (repo, _) = bench.small("code");
    repo.git(&["tag", "-a", "-m", "one", "v1"]);
    let tag = CommitId::new(&repo.git(&["rev-parse", "v1"])).expect("an id");
    let error = bench.refused(&server.address("code/.git"), &tag);
    assert!(
        matches!(&error, GitError::NotACommit { kind, .. } if kind == "tag"),
        "{error:?}"
    );
}

#[test]
fn an_address_is_rewritten_as_the_users_configuration_says() {
    let (mut bench, server) = served_by_git();
    let (_, commit) = bench.small("code");
    let text = format!(
        "[url \"{}\"]\n\tinsteadOf = https://github.example/\n",
        server.address("")
    );
    bench.settings.configuration = configuration_file(bench.path(), &text);
    let (pinned, _) = bench.pinned("https://github.example/code/.git", &commit);
    assert_eq!(pinned.address.written, "https://github.example/code/.git");
    assert_eq!(pinned.address.used, Some(server.address("code/.git")));
}

#[test]
fn a_transfer_over_the_limit_is_refused() {
    let (mut bench, server) = served_by_git();
    let repo = bench.repo("code");
    for seed in 0..4 {
        repo.write(&format!("{seed}.bin"), noise(1 << 20, seed));
    }
    let commit = repo.commit("big");
    bench.settings.limits.transfer = 1 << 20;
    let error = bench.transport_error(&server.address("code/.git"), &commit);
    assert!(matches!(error, TransportError::TooLarge { .. }), "{error:?}");
}
