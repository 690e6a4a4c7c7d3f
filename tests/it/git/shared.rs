//! One cache, many processes and threads, some of which are killed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use reproof::acquire::git::{PinRequest, Settings, TransportError, pin};
use reproof::manifest::CommitId;
use reproof::observe::Silent;
use reproof::workspace::Cache;

use super::{Bench, files};
use crate::common_git::certificates::Authority;
use crate::common_git::noise;
use crate::common_git::server::{Answer, Server};

/// The part of [`a_process_that_is_killed_while_it_fetches_does_no_harm`] that is killed.
#[test]
#[ignore = "a part of another test, which starts it as a process of its own"]
#[expect(clippy::disallowed_methods, reason = "its arguments")]
fn child_that_is_killed() {
    let Ok(arguments) = std::env::var("REPROOF_TEST_PIN") else {
        return;
    };
    let [cache, authority, address, commit, into] = arguments.split('\n').collect::<Vec<_>>()[..] else {
        panic!("five arguments")
    };
    let mut settings = Settings::default();
    settings.network.authorities = Some(PathBuf::from(authority));
    let commit = CommitId::new(commit).expect("an id");
    let request = PinRequest {
        repository: address,
        base: Path::new("/"),
        commit: &commit,
        submodules: false,
        into: Path::new(into),
    };
    let _ = pin(&request, &settings, &Cache::new(cache), &Silent);
}

/// A flag that one thread waits for and another raises.
#[derive(Default)]
struct Flag(Mutex<bool>, Condvar);

impl Flag {
    fn raise(&self) {
        *self.0.lock().expect("a lock") = true;
        self.1.notify_all();
    }

    fn wait(&self) {
        let raised = self.0.lock().expect("a lock");
        let limit = Duration::from_secs(120);
        let (raised, _) = self
            .1
            .wait_timeout_while(raised, limit, |raised| !*raised)
            .expect("a lock");
        assert!(*raised, "it never came to that");
    }
}

#[test]
fn a_process_that_is_killed_while_it_fetches_does_no_harm() {
    let mut bench = Bench::new();
    let authority = Authority::new();
    let file = authority.file(bench.path());
    bench.settings.network.authorities = Some(file.clone());
    let (halfway, killed) = (Arc::new(Flag::default()), Arc::new(Flag::default()));
    let pause = {
        let (halfway, killed) = (halfway.clone(), killed.clone());
        let pause = move || {
            halfway.raise();
            killed.wait();
        };
        Arc::new(pause) as Arc<dyn Fn() + Send + Sync>
    };
    let server = Server::start(
        &bench.root(),
        Some(authority.good()),
        move |request| match request.wants_pack() {
            true => Answer::PauseAfter(1 << 20, pause.clone()),
            false => Answer::Git,
        },
    );
    let repo = bench.repo("code");
    for seed in 0..4 {
        repo.write(&format!("{seed}.bin"), noise(1 << 20, seed));
    }
    let commit = repo.commit("big");
    let address = server.address("code/.git");
    let into = bench.path().join("child");
    let words: [&Path; 5] = [
        bench.cache.root(),
        &file,
        Path::new(&address),
        Path::new(commit.as_str()),
        &into,
    ];
    let arguments: Vec<_> = words.iter().map(|word| word.display().to_string()).collect();

    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", "git::shared::child_that_is_killed"])
        .env("REPROOF_TEST_PIN", arguments.join("\n"))
        .stdout(Stdio::null())
        .spawn()
        .expect("a child");
    halfway.wait();
    child.kill().expect("killed");
    child.wait().expect("ended");
    killed.raise();

    assert!(!into.exists());
    let (_, checkout) = bench.pinned(&address, &commit);
    assert_eq!(files(&checkout).len(), 4);
}

#[test]
fn many_threads_pin_the_same_at_once() {
    let mut bench = Bench::new();
    let authority = Authority::new();
    bench.settings.network.authorities = Some(authority.file(bench.path()));
    let server = Server::start(&bench.root(), Some(authority.good()), |_| Answer::Git);
    let (_, commit) = bench.small("code");
    let address = server.address("code/.git");
    let bench = &bench;
    thread::scope(|scope| {
        let work = || bench.pinned(&address, &commit).0.fetched;
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(work)).collect();
        let fetched = threads.into_iter().map(|thread| thread.join().expect("pinned"));
        assert_eq!(
            fetched.filter(|fetched| *fetched).count(),
            1,
            "one of them fetches for all"
        );
    });
}

/// libgit2 has one list of transports for the whole process; settings must not leak through it.
#[test]
fn threads_with_different_settings_do_not_mix_them_up() {
    let authority = Authority::new();
    let benches: Vec<_> = (0..8)
        .map(|at| {
            let mut bench = Bench::new();
            if at % 2 == 0 {
                bench.settings.network.authorities = Some(authority.file(bench.path()));
            }
            let (_, commit) = bench.small("code");
            let server = Server::start(&bench.root(), Some(authority.good()), |_| Answer::Git);
            (bench, commit, server)
        })
        .collect();
    thread::scope(|scope| {
        for (at, (bench, commit, server)) in benches.iter().enumerate() {
            scope.spawn(move || {
                let address = server.address("code/.git");
                if at % 2 == 0 {
                    bench.pinned(&address, commit);
                } else {
                    let error = bench.transport_error(&address, commit);
                    assert!(matches!(error, TransportError::Certificate { .. }), "{error:?}");
                }
            });
        }
    });
}
