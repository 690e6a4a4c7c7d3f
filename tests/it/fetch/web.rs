//! `http:` against servers that do what servers do.

use std::fs;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use reproof::acquire::error::TransferError;
use reproof::acquire::store::KeptKind;
use reproof::acquire::{AcquireError, obtain};
use reproof::digest::Digest;
use reproof::error::{Diagnose as _, Fault};
use reproof::observe::Silent;
use reproof::reason::Reason;

use super::bench::{Bench, noise, pinned, unpinned};
use super::server::{Asked, Server, Stream, say, say_part, say_range, serve};

#[test]
fn a_file_is_fetched_once_then_reused() {
    let body = noise(300_000);
    let (server, bench) = (plain(&body), Bench::new());
    let input = pinned(&server.url("/a.csv"), &body);

    let first = bench.obtain(&input).expect("fetched");
    assert_eq!(fs::read(&first.path).expect("a file"), body);
    assert_eq!(
        (first.digest, first.bytes, first.reused),
        (Digest::of(&body), 300_000, false)
    );
    assert_eq!(first.source, input.source);
    assert_eq!(bench.witness.progress().last(), Some(&(300_000, Some(300_000))));

    let second = bench.obtain(&input).expect("reused");
    assert!(second.reused);
    assert_eq!(second.path, first.path);
    assert_eq!(server.asked().len(), 1);
    assert_eq!(server.asked()[0].headers["accept-encoding"], "identity");
    assert_eq!(bench.kept(KeptKind::Partial), 0);
}

fn plain(body: &[u8]) -> Server {
    let body = body.to_vec();
    Server::new(move |asked, stream| serve(stream, asked, &body))
}

#[test]
fn a_connection_cut_three_times_is_continued_by_range() {
    let (body, bench) = (noise(200_000), Bench::new());
    let served = body.clone();
    let server = Server::new(move |asked, stream| match asked.start() {
        None => say_part(stream, "\"v1\"", &served, 50_000),
        Some(start) if asked.number < 3 => say_range(stream, "\"v1\"", &served, start, 50_000),
        Some(start) => say_range(stream, "\"v1\"", &served, start, usize::MAX),
    });
    let obtained = bench.obtain(&pinned(&server.url("/a"), &body)).expect("fetched");
    assert_eq!(fs::read(obtained.path).expect("a file"), body);
    let starts: Vec<_> = server.asked().iter().map(Asked::start).collect();
    assert_eq!(starts, [None, Some(50_000), Some(100_000), Some(150_000)]);
    assert_eq!(server.asked()[1].headers["if-range"], "\"v1\"");
}

#[test]
fn a_server_that_ignores_ranges_is_heard_from_the_beginning() {
    let (body, bench) = (noise(1000), Bench::new());
    let served = body.clone();
    let server = Server::new(move |asked, stream| {
        say_part(
            stream,
            "\"v1\"",
            &served,
            if asked.number == 0 { 400 } else { 1000 },
        );
    });
    let obtained = bench.obtain(&pinned(&server.url("/a"), &body)).expect("fetched");
    assert_eq!(fs::read(obtained.path).expect("a file"), body);
}

#[test]
fn a_busy_server_is_given_the_time_that_it_asks_for() {
    let (body, bench) = (noise(10), Bench::new());
    let served = body.clone();
    let server = Server::new(move |asked, stream| match asked.number {
        0 => say(
            stream,
            "503 Busy",
            &[("Retry-After", "7"), ("Content-Length", "0")],
            b"",
        ),
        1 => {
            let at = "Mon, 01 Jan 2024 00:00:30 GMT"; // 30 s after the bench's time of day
            say(
                stream,
                "503 Busy",
                &[("Retry-After", at), ("Content-Length", "4")],
                b"busy",
            );
        }
        _ => serve(stream, asked, &served),
    });
    bench.obtain(&pinned(&server.url("/a"), &body)).expect("fetched");
    assert_eq!(bench.clock.slept(), Duration::from_secs(37));
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn a_server_that_never_recovers_is_given_up() {
    let bench = Bench::new();
    let server = Server::new(|_, stream| say(stream, "500 Oops", &[("Content-Length", "0")], b""));
    let error = bench
        .obtain(&pinned(&server.url("/a"), b"x"))
        .expect_err("given up");
    assert!(matches!(
        error,
        AcquireError::Transfer {
            attempts: 6,
            cause: TransferError::Status(500),
            ..
        }
    ));
    assert_eq!(
        (error.fault(), error.reason()),
        (Fault::Host, Reason::DataUnavailable)
    );
    assert_eq!(server.asked().len(), 6);
}

#[test]
fn what_trying_again_cannot_change_is_not_tried_again() {
    for (status, fault) in [
        ("404 Gone", Fault::Paper),
        ("403 No", Fault::Paper),
        ("400 What", Fault::Paper),
    ] {
        let bench = Bench::new();
        let server = Server::new(move |_, stream| say(stream, status, &[("Content-Length", "0")], b""));
        let error = bench
            .obtain(&pinned(&server.url("/a"), b"x"))
            .expect_err("refused");
        assert_eq!((error.fault(), server.asked().len()), (fault, 1), "{error}");
    }
}

#[test]
fn a_body_shorter_than_announced_is_never_taken_for_the_file() {
    let (body, bench) = (noise(1000), Bench::new());
    let served = body.clone();
    let server = Server::new(move |_, stream| say_part(stream, "\"v1\"", &served, 999));
    let error = bench
        .obtain(&pinned(&server.url("/a"), &body))
        .expect_err("broken");
    let AcquireError::Transfer {
        cause: TransferError::Broken { got, total, .. },
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((got, total), (999, Some(1000)));
    assert_eq!(bench.kept(KeptKind::Blob), 0);
}

#[test]
fn a_body_longer_than_announced_is_noticed_where_no_digest_would() {
    let mut bench = Bench::new();
    bench.context.allow_unpinned = true;
    let tls = super::tls::Authority::new();
    let server = Server::with(Some(tls.server("localhost")), |_, stream| {
        say(stream, "200 OK", &[("Content-Length", "5")], b"first, and more");
    });
    bench.context.network.authorities = Some(tls.file(&bench.folder()));
    let url = format!("https://localhost:{}/a", server.port());
    let error = bench.obtain(&unpinned(&url)).expect_err("refused");
    assert!(
        matches!(error, AcquireError::Surplus { declared: 5, .. }),
        "{error:?}"
    );
    bench.holds_nothing();
    // With a digest it is clear which of it is meant.
    assert_eq!(bench.obtain(&pinned(&url, b"first")).expect("fetched").bytes, 5);
}

#[test]
fn redirects_in_a_circle_end() {
    let bench = Bench::new();
    let server = Server::new(|asked, stream| {
        let to = if asked.path == "/a" { "/b" } else { "/a" };
        say(
            stream,
            "302 Found",
            &[("Location", to), ("Content-Length", "0")],
            b"",
        );
    });
    let error = bench
        .obtain(&pinned(&server.url("/a"), b"x"))
        .expect_err("refused");
    let AcquireError::Redirect { why, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (why.as_str(), error.fault()),
        ("it leads in a circle", Fault::Paper)
    );
}

#[test]
fn redirects_are_followed_ten_times() {
    let (bench, hops) = (Bench::new(), |limit: usize| {
        Server::new(move |asked, stream| {
            if asked.number < limit {
                let to = format!("{}?x=secret", asked.number);
                say(
                    stream,
                    "301 Moved",
                    &[("Location", &to), ("Content-Length", "3")],
                    b"...",
                );
            } else {
                serve(stream, asked, b"x");
            }
        })
    });
    let server = hops(10);
    let obtained = bench.obtain(&pinned(&server.url("/a/b"), b"x")).expect("fetched");
    assert_eq!(obtained.source, server.url("/a/9?…")); // a query may hold a signature
    let error = Bench::new()
        .obtain(&pinned(&hops(11).url("/a/b"), b"x"))
        .expect_err("refused");
    assert!(error.to_string().contains("more than 10 redirects"), "{error}");
}

#[test]
fn a_wrong_digest_shows_both_and_leaves_nothing() {
    let bench = Bench::new();
    let server = plain(b"other bytes");
    let error = bench
        .obtain(&pinned(&server.url("/a"), b"the bytes"))
        .expect_err("refused");
    let text = error.to_string();
    assert!(text.contains(&Digest::of("the bytes").to_string()), "{text}");
    assert!(text.contains(&Digest::of("other bytes").to_string()), "{text}");
    assert_eq!(error.fault(), Fault::Paper);
    bench.holds_nothing();
}

#[test]
fn a_file_replaced_between_attempts_is_fetched_from_its_beginning() {
    let (old, new, bench) = (noise(1000), vec![7; 1200], Bench::new());
    let served = new.clone();
    let server = Server::new(move |asked, stream| match asked.number {
        0 => say_part(stream, "\"v1\"", &old, 500),
        // Another version by now: a good server ignores the range.
        _ => say_part(stream, "\"v2\"", &served, served.len()),
    });
    let obtained = bench.obtain(&pinned(&server.url("/a"), &new)).expect("fetched");
    assert_eq!(fs::read(obtained.path).expect("a file"), new);
}

#[test]
fn a_replaced_file_is_noticed_even_where_the_server_ignores_if_range() {
    let (old, new) = (noise(1000), vec![7; 1000]);
    for honest_tag in [true, false] {
        let bench = Bench::new();
        let (old, served) = (old.clone(), new.clone());
        let server = Server::new(move |asked, stream| match (asked.number, asked.start()) {
            (0, _) => say_part(stream, "\"v1\"", &old, 500),
            (_, Some(start)) => {
                let tag = if honest_tag { "\"v2\"" } else { "\"v1\"" };
                say_range(stream, tag, &served, start, usize::MAX);
            }
            (_, None) => say_part(stream, "\"v2\"", &served, served.len()),
        });
        let obtained = bench.obtain(&pinned(&server.url("/a"), &new)).expect("fetched");
        assert_eq!(fs::read(obtained.path).expect("a file"), new);
    }
}

#[test]
fn pieces_without_a_version_are_not_put_together_where_no_digest_proves_it() {
    let mut bench = Bench::new();
    bench.context.allow_unpinned = true;
    let authority = super::tls::Authority::new();
    bench.context.network.authorities = Some(authority.file(&bench.folder()));
    let body = noise(1000);
    let served = body.clone();
    let server = Server::with(Some(authority.server("localhost")), move |asked, stream| {
        let sent = if asked.number == 0 { 500 } else { 1000 };
        say(stream, "200 OK", &[("Content-Length", "1000")], &served[..sent]);
    });
    let url = format!("https://localhost:{}/a", server.port());
    let obtained = bench.obtain(&unpinned(&url)).expect("fetched");
    assert_eq!(obtained.digest, Digest::of(&body));
    assert_eq!(server.asked()[1].start(), None);
}

#[test]
fn silence_in_the_middle_is_not_waited_out() {
    let (body, mut bench) = (noise(1000), Bench::new());
    bench.context.limits.silence = Duration::from_millis(150);
    let served = body.clone();
    let server = Server::new(move |asked, stream| {
        if asked.number == 0 {
            say_part(stream, "\"v1\"", &served, 10);
            hang(stream);
        } else {
            serve(stream, asked, &served);
        }
    });
    bench.obtain(&pinned(&server.url("/a"), &body)).expect("fetched");
    assert!(
        bench
            .witness
            .notes()
            .contains("fell silent after 10 bytes of 1000"),
        "{}",
        bench.witness.notes()
    );
    assert_eq!(server.asked()[1].start(), Some(10));
}

/// Until the client goes away.
fn hang(stream: &mut dyn Stream) {
    let _ = stream.read(&mut [0; 1]);
}

#[test]
fn too_much_is_too_much_announced_or_not() {
    let announced: fn(&mut dyn Stream) =
        |stream| say(stream, "200 OK", &[("Content-Length", "1000000000000")], b"x");
    let endless: fn(&mut dyn Stream) = |stream| {
        say(stream, "200 OK", &[("Connection", "close")], b"");
        while stream.write_all(&[0; 4096]).is_ok() {}
    };
    for answer in [announced, endless] {
        let mut bench = Bench::new();
        bench.context.limits.download = 100_000;
        let server = Server::new(move |_, stream| answer(stream));
        let error = bench
            .obtain(&pinned(&server.url("/a"), b"x"))
            .expect_err("refused");
        assert!(
            matches!(error, AcquireError::TooLarge { limit: 100_000, .. }),
            "{error:?}"
        );
        assert_eq!((bench.kept(KeptKind::Blob), server.asked().len()), (0, 1));
    }
}

#[test]
fn many_at_once_make_one_download() {
    let (body, bench) = (noise(500_000), Bench::new());
    let server = plain(&body);
    let input = pinned(&server.url("/a"), &body);
    let start = Arc::new(Barrier::new(8));
    let fetched: Vec<bool> = std::thread::scope(|scope| {
        let ask = || {
            start.wait();
            let obtained = obtain(&input, &bench.context, &Silent).expect("fetched");
            assert_eq!(fs::read(&obtained.path).expect("a file"), body);
            !obtained.reused
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    assert_eq!(fetched.iter().filter(|&&fetched| fetched).count(), 1);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn what_a_killed_process_left_is_continued() {
    let (body, mut bench) = (noise(1000), Bench::new());
    // The first process gets a half and then gives up, as one that is killed leaves it.
    let served = body.clone();
    let server = Server::new(move |asked, stream| match asked.start() {
        None => say_part(stream, "\"v1\"", &served, 600),
        Some(start) => say_range(stream, "\"v1\"", &served, start, usize::MAX),
    });
    let input = pinned(&server.url("/a"), &body);
    bench.context.policy.attempts = 1;
    bench.obtain(&input).expect_err("cut off");
    assert_eq!(
        (bench.kept(KeptKind::Blob), bench.kept(KeptKind::Partial)),
        (0, 1)
    );
    // Its lock file is still there, as those of the dead are.
    assert!(
        fs::read_dir(bench.context.cache.root().join("locks"))
            .expect("a folder")
            .count()
            > 0
    );

    let obtained = bench.obtain(&input).expect("fetched");
    assert_eq!(fs::read(obtained.path).expect("a file"), body);
    assert_eq!(server.asked()[1].start(), Some(600));
    assert_eq!(bench.kept(KeptKind::Partial), 0);
}

#[test]
fn what_a_killed_process_left_damaged_is_not_believed() {
    let (body, mut bench) = (noise(1000), Bench::new());
    let served = body.clone();
    let server = Server::new(move |asked, stream| match asked.start() {
        None if asked.number == 0 => say_part(stream, "\"v1\"", &served, 600),
        None => say_part(stream, "\"v1\"", &served, 1000),
        Some(start) => say_range(stream, "\"v1\"", &served, start, usize::MAX),
    });
    let input = pinned(&server.url("/a"), &body);
    bench.context.policy.attempts = 1;
    bench.obtain(&input).expect_err("cut off");
    let part = bench
        .context
        .cache
        .root()
        .join("partial")
        .join(Digest::of(&body).hex())
        .join("data");
    assert_eq!(fs::read(&part).expect("a part").len(), 600);
    fs::write(&part, vec![0; 600]).expect("damaged");

    let obtained = bench.obtain(&input).expect("fetched");
    assert_eq!(fs::read(obtained.path).expect("a file"), body);
    assert!(bench.witness.notes().contains("do not fit together"));
}

#[test]
fn a_download_that_was_complete_when_its_process_was_killed_is_only_asked_about() {
    let (body, bench) = (noise(1000), Bench::new());
    let folder = bench
        .context
        .cache
        .root()
        .join("partial")
        .join(Digest::of(&body).hex());
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("data"), &body).expect("written");
    fs::write(folder.join("origin"), "\"v1\"\n1000\n").expect("written");
    let server = Server::new(|_, stream| {
        let headers = [("Content-Range", "bytes */1000"), ("Content-Length", "0")];
        say(stream, "416 Range Not Satisfiable", &headers, b"");
    });
    let obtained = bench.obtain(&pinned(&server.url("/a"), &body)).expect("fetched");
    assert_eq!(fs::read(obtained.path).expect("a file"), body);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_range_beyond_the_end_of_another_file_begins_anew() {
    let (body, bench) = (noise(100), Bench::new());
    let folder = bench
        .context
        .cache
        .root()
        .join("partial")
        .join(Digest::of(&body).hex());
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("data"), noise(1000)).expect("written");
    fs::write(folder.join("origin"), "\n\n").expect("written");
    let served = body.clone();
    let server = Server::new(move |asked, stream| match asked.start() {
        Some(_) => say(
            stream,
            "416 No",
            &[("Content-Range", "bytes */100"), ("Content-Length", "0")],
            b"",
        ),
        None => serve(stream, asked, &served),
    });
    let obtained = bench.obtain(&pinned(&server.url("/a"), &body)).expect("fetched");
    assert_eq!(fs::read(obtained.path).expect("a file"), body);
}

#[test]
fn a_damaged_blob_is_fetched_again() {
    let body = noise(1000);
    let (server, bench) = (plain(&body), Bench::new());
    let input = pinned(&server.url("/a"), &body);
    let path = bench.obtain(&input).expect("fetched").path;
    fs::remove_file(&path).expect("removed");
    fs::write(&path, noise(999)).expect("damaged");
    let again = bench.obtain(&input).expect("fetched");
    assert!(!again.reused);
    assert_eq!(fs::read(again.path).expect("a file"), body);
    assert!(bench.witness.notes().contains("was damaged in the cache"));
}

#[test]
fn stopping_ends_a_transfer_that_hangs() {
    let (body, bench) = (noise(1000), Bench::new());
    let served = body.clone();
    let server = Server::new(move |_, stream| {
        say_part(stream, "\"v1\"", &served, 10);
        hang(stream);
    });
    let input = pinned(&server.url("/a"), &body);
    let error = std::thread::scope(|scope| {
        let fetching = scope.spawn(|| bench.obtain(&input));
        while server.asked().is_empty() {
            std::thread::yield_now();
        }
        bench.witness.stop.store(true, Ordering::SeqCst);
        fetching.join().expect("no panic").expect_err("cancelled")
    });
    assert!(matches!(error, AcquireError::Cancelled { .. }), "{error:?}");
    assert_eq!(error.reason(), Reason::Cancelled);
}

#[test]
fn nothing_is_asked_for_where_nothing_may_be_fetched() {
    let mut bench = Bench::new();
    let server = plain(b"x");
    let input = pinned(&server.url("/a"), b"x");
    bench.context.network.offline = true;
    assert!(matches!(bench.obtain(&input), Err(AcquireError::Offline { .. })));
    bench.context.network.offline = false;
    bench.obtain(&input).expect("fetched");
    bench.context.network.offline = true;
    assert!(bench.obtain(&input).expect("in the cache").reused);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn addresses_that_prove_nothing_or_give_secrets_away_are_refused() {
    let mut bench = Bench::new();
    let error = bench
        .obtain(&unpinned("https://example.org/a"))
        .expect_err("refused");
    assert!(matches!(error, AcquireError::Unpinned { .. }));
    assert_eq!(error.fault(), Fault::Manifest);
    bench.context.allow_unpinned = true;
    for source in [
        "http://example.org/a",
        "https://me:secret@example.org/a",
        "https:///a",
        "https://",
    ] {
        let error = bench.obtain(&unpinned(source)).expect_err("refused");
        assert!(
            matches!(error, AcquireError::BadSource { .. }),
            "{source}: {error:?}"
        );
    }
}

#[test]
fn unknown_schemes_and_those_of_later_are_told_apart() {
    let bench = Bench::new();
    for source in ["ftp://example.org/a", "a.csv", "", "C:\\a.csv"] {
        let error = bench.obtain(&pinned(source, b"x")).expect_err("refused");
        assert!(matches!(error, AcquireError::UnknownScheme { .. }), "{error:?}");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("https:")),
            "{error:?}"
        );
    }
    let error = bench
        .obtain(&pinned("hf:org/name/file", b"x"))
        .expect_err("refused");
    assert_eq!(
        error.to_string(),
        "input `train` comes from `hf:`, which is not supported yet"
    );
}

#[test]
fn what_a_server_compresses_unasked_is_kept_as_sent() {
    let (sent, bench) = (super::archives::gz(b"text"), Bench::new());
    let served = sent.clone();
    let server = Server::new(move |_, stream| {
        let length = served.len().to_string();
        say(
            stream,
            "200 OK",
            &[("Content-Length", &length), ("Content-Encoding", "gzip")],
            &served,
        );
    });
    let obtained = bench.obtain(&pinned(&server.url("/a"), &sent)).expect("fetched");
    assert_eq!(fs::read(obtained.path).expect("a file"), sent);
    assert!(
        bench.witness.notes().contains("encoded as `gzip`"),
        "{}",
        bench.witness.notes()
    );
}

#[test]
fn a_host_that_is_not_there_is_asked_for_again_then_given_up() {
    let bench = Bench::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address")
        .port();
    let error = bench
        .obtain(&pinned(&format!("http://127.0.0.1:{port}/a"), b"x"))
        .expect_err("nobody");
    assert!(
        matches!(
            error,
            AcquireError::Transfer {
                attempts: 6,
                cause: TransferError::NoAnswer(_),
                ..
            }
        ),
        "{error:?}"
    );
    assert!(bench.clock.slept() >= Duration::from_secs(15)); // half of 1 + 2 + 4 + 8 + 16
    bench.holds_nothing();
}
