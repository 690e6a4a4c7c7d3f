//! Servers that cut, stall, lie and vanish, through the real binary: whose turn it is, and all else still judged.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use reproof::digest::Digest;

use crate::common::{Bench, Ran};
use crate::common_faults::{Going, without_proxies};
use crate::common_git::certificates::Authority;
use crate::common_git::server::{Answer, Server as GitServer};
use crate::common_git::{Repo, noise};
use crate::fetch::server::{Asked, Server, Stream, say, say_part, say_range, serve};

/// A paper with one data set, one step and one claim a case, beside the step and the claim that are sound.
pub(crate) fn with_data(bench: &Bench, cases: &[(&str, String, Digest)]) {
    let path = bench.path("paper/paper.toml");
    let mut text = fs::read_to_string(&path).expect("a manifest");
    for (case, source, digest) in cases {
        text.push_str(&format!(
            r#"
[[data]]
id = "{case}"
source = "{source}"
sha256 = "{}"
license = "CC0-1.0"
role = "other"

[[steps]]
id = "{case}"
phase = "evaluate"
run = ["python", "sound.py"]
data = ["{case}"]

[[claims]]
id = "{case}"
statement = "it is 91.3 % accurate"
where = "Table 1"
metric = "accuracy"
value = "91.3 %"
step = "{case}"
measure = {{ stdout = 'accuracy=(?<value>[0-9.]+)' }}
"#,
            digest.hex()
        ));
    }
    fs::write(path, text).expect("written");
}

fn command(bench: &Bench, arguments: &[&str]) -> Command {
    let mut command = bench.command(arguments);
    without_proxies(&mut command);
    command
}

fn check(bench: &Bench) -> Ran {
    Going::start(command(bench, &["check", "--format", "json", "paper/paper.toml"])).end()
}

#[track_caller]
pub(crate) fn is_reproduced(ran: &Ran, claim: &str) {
    let claim = ran.claim(claim);
    assert_eq!(claim["outcome"], "reproduced", "{claim:#}\n{}", ran.stderr);
}

#[track_caller]
pub(crate) fn is_not_run(ran: &Ran, claim: &str, code: &str, fault: &str, says: &[&str]) {
    let claim = ran.claim(claim);
    assert_eq!(claim["outcome"], "not-run", "{claim:#}");
    assert_eq!(claim["reason"]["code"], code, "{claim:#}");
    assert_eq!(claim["reason"]["fault"], fault, "{claim:#}");
    let said = format!("{} {}", claim["reason"]["detail"], claim["reason"]["hint"]);
    for part in says {
        assert!(said.contains(part), "{said:?} does not say {part:?}");
    }
}

/// Sends a piece of more than 1 MiB, which counts as progress, and cuts the connection.
fn cut(asked: &Asked, stream: &mut dyn Stream, body: &[u8]) {
    const PIECE: usize = 1_200_000;
    match asked.start() {
        None => say_part(stream, "\"v1\"", body, PIECE),
        Some(start) => say_range(stream, "\"v1\"", body, start, PIECE),
    }
}

#[test]
fn a_bad_server_costs_the_claims_that_need_it_and_no_others() {
    let bench = Bench::on("sound");
    let large = noise(4_000_000, 5);
    let cut_whole = large.clone();
    let busy = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::new(move |asked, stream| match asked.path.as_str() {
        "/cut" => cut(asked, stream, &large),
        "/busy" if busy.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2 => {
            say(
                stream,
                "503 Busy",
                &[("Retry-After", "0"), ("Content-Length", "0")],
                b"",
            );
        }
        "/busy" => serve(stream, asked, b"busy"),
        // Announces less than it sends: what arrives is not what is pinned.
        "/lies" => say(stream, "200 OK", &[("Content-Length", "2")], b"lies"),
        "/wrong" => serve(stream, asked, b"id,label\na,0\n"),
        "/circle" => say(
            stream,
            "302 Found",
            &[("Location", "/circle"), ("Content-Length", "0")],
            b"",
        ),
        _ => say(stream, "404 Not Found", &[("Content-Length", "0")], b""),
    });
    let cases = ["cut", "busy", "lies", "wrong", "circle", "gone"];
    let data = cases.map(|case| {
        let body = if case == "cut" {
            &cut_whole[..]
        } else {
            case.as_bytes()
        };
        (case, server.url(&format!("/{case}")), Digest::of(body))
    });
    with_data(&bench, &data);
    let ran = check(&bench);

    for claim in ["sound", "cut", "busy"] {
        is_reproduced(&ran, claim);
    }
    let both = [&Digest::of("wrong").hex(), &Digest::of("id,label\na,0\n").hex()];
    let both = both.map(String::as_str);
    is_not_run(
        &ran,
        "wrong",
        "data-unavailable",
        "paper",
        &[both[0], both[1], "`wrong`", "pin the new digest"],
    );
    is_not_run(&ran, "lies", "data-unavailable", "paper", &["is not the file"]);
    is_not_run(
        &ran,
        "circle",
        "data-unavailable",
        "paper",
        &["redirect", "/circle"],
    );
    is_not_run(
        &ran,
        "gone",
        "data-unavailable",
        "paper",
        &["404", "another copy"],
    );
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for request in server.asked() {
        *asked.entry(request.path).or_default() += 1;
    }
    assert_eq!((asked["/cut"], asked["/busy"], asked["/gone"]), (4, 3, 1));

    // What was bad is asked for again, what was good is not.
    let before = server.asked().len();
    let again = check(&bench);
    is_reproduced(&again, "cut");
    is_not_run(&again, "wrong", "data-unavailable", "paper", &["is not the file"]);
    let later = server.asked().split_off(before);
    assert!(
        later
            .iter()
            .all(|request| !["/cut", "/busy"].contains(&request.path.as_str())),
        "{later:?}"
    );
}

#[test]
fn a_server_that_is_not_there_is_this_machines_affair() {
    let bench = Bench::on("sound");
    let port = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address")
        .port();
    let source = format!("http://127.0.0.1:{port}/a.csv");
    with_data(&bench, &[("refused", source, Digest::of("x"))]);
    let ran = check(&bench);
    is_reproduced(&ran, "sound");
    is_not_run(
        &ran,
        "refused",
        "data-unavailable",
        "host",
        &["in 6 attempts", "again later"],
    );
}

#[test]
fn data_over_https_is_trusted_by_an_authority_and_not_without() {
    let bench = Bench::on("sound");
    let authority = Authority::new();
    let server = Server::with(Some(authority.good()), |asked, stream| {
        serve(stream, asked, b"bytes");
    });
    let source = format!("https://127.0.0.1:{}/a.csv", server.port());
    with_data(&bench, &[("data", source, Digest::of("bytes"))]);
    fs::create_dir(bench.path("other")).expect("made");
    let stranger = Authority::new().file(&bench.path("other"));
    let with = |authority: PathBuf| {
        let mut command = command(&bench, &["check", "--format", "json", "paper/paper.toml"]);
        command.env("SSL_CERT_FILE", authority);
        Going::start(command).end()
    };
    let refused = with(stranger);
    is_reproduced(&refused, "sound");
    is_not_run(
        &refused,
        "data",
        "data-unavailable",
        "host",
        &["certificate", "SSL_CERT_FILE"],
    );
    is_reproduced(&with(authority.file(&bench.path(""))), "data");
}

/// The fixture paper `sound`, its repository behind https.
struct Served {
    bench: Bench,
    repo: Repo,
    server: GitServer,
    authority: PathBuf,
}

impl Served {
    /// The manifest names `revision`.
    fn new(revision: &str) -> Self {
        let bench = Bench::on("sound");
        let authority = Authority::new();
        let server = GitServer::start(&bench.path("paper"), Some(authority.good()), |_| Answer::Git);
        let repo = Repo::new(bench.path("paper/repository"));
        let served = Self {
            authority: authority.file(&bench.path("")),
            bench,
            repo,
            server,
        };
        let commit = served.repo.id("HEAD").to_string();
        let address = served.server.address("repository/.git");
        served.edit(
            "repository = \"repository\"",
            &format!("repository = \"{address}\""),
        );
        served.edit(&commit, revision);
        served
    }

    fn edit(&self, from: &str, to: &str) {
        let path = self.bench.path("paper/paper.toml");
        let text = fs::read_to_string(&path).expect("a manifest");
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).expect("written");
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = command(&self.bench, arguments);
        command.env("SSL_CERT_FILE", &self.authority);
        Going::start(command).end()
    }

    fn check(&self) -> Ran {
        self.run(&["check", "--format", "json", "paper/paper.toml"])
    }

    #[track_caller]
    fn lock(&self) {
        let locked = self.run(&["lock", "paper/paper.toml"]);
        assert_eq!(locked.code, 0, "{}", locked.stderr);
    }

    /// Whether one of the findings on the code says this.
    #[track_caller]
    fn finds(&self, ran: &Ran, says: &str) -> bool {
        let record = ran.json();
        let findings = record["pins"]["code"]["findings"].as_array().expect("findings");
        findings
            .iter()
            .any(|finding| finding.as_str().is_some_and(|text| text.contains(says)))
    }
}

#[test]
fn a_branch_over_https_is_locked_checked_and_watched() {
    let paper = Served::new("main");
    let refused = paper.check();
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("reproof lock"), "{}", refused.stderr);
    assert!(refused.stdout.is_empty(), "no document where there is no record");

    paper.lock();
    let first = paper.repo.id("HEAD").to_string();
    let ran = paper.check();
    is_reproduced(&ran, "sound");
    assert_eq!(ran.json()["pins"]["code"]["commit"], first.as_str());
    assert!(!paper.finds(&ran, "`main`"), "nothing moved");

    paper.repo.write("sound.py", "print('accuracy=0.5')\n");
    let second = paper.repo.commit("Change the result").to_string();
    let moved = paper.check();
    is_reproduced(&moved, "sound");
    assert!(
        paper.finds(&moved, &format!("branch `main` moved from {first} to {second}")),
        "{}",
        moved.stdout
    );
    let folder = moved.json()["folder"].as_str().expect("a folder").to_owned();
    let report = fs::read_to_string(format!("{folder}/report.md")).expect("a report");
    assert!(report.contains("moved from"), "{report}");

    // Offline nobody is asked, and a server that has gone is no reason not to judge.
    let asked = paper.server.asked().len();
    let offline = paper.run(&["check", "--offline", "--format", "json", "paper/paper.toml"]);
    is_reproduced(&offline, "sound");
    assert_eq!(paper.server.asked().len(), asked);
    fs::write(&paper.authority, "nothing").expect("written");
    let unreachable = paper.check();
    is_reproduced(&unreachable, "sound");
    assert!(
        unreachable
            .stderr
            .contains("`main` moved since it was locked is not known"),
        "{}",
        unreachable.stderr
    );
}

#[test]
fn a_tag_that_moved_or_went_is_found() {
    let paper = Served::new("v1.0");
    paper.repo.git(&["tag", "v1.0"]);
    let first = paper.repo.id("HEAD").to_string();
    paper.lock();
    paper.repo.commit("More");
    paper.repo.git(&["tag", "-f", "v1.0"]);
    let moved = paper.check();
    is_reproduced(&moved, "sound");
    assert!(
        paper.finds(&moved, &format!("tag `v1.0` moved from {first}")),
        "{}",
        moved.stdout
    );
    paper.repo.git(&["tag", "-d", "v1.0"]);
    assert!(paper.finds(&paper.check(), "no longer there"));
}

#[test]
fn submodules_come_over_https_too() {
    let paper = Served::new("main");
    let inner = Repo::new(paper.bench.path("paper/inner"));
    inner.write("value.py", "VALUE = 0.913\n");
    let commit = inner.commit("Value");
    paper.repo.write(
        ".gitmodules",
        "[submodule \"inner\"]\n\tpath = inner\n\turl = ../../inner/.git\n",
    );
    paper.repo.write(
        "sound.py",
        "from inner.value import VALUE\nprint(f'accuracy={VALUE}')\n",
    );
    paper.repo.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{commit},inner"),
    ]);
    paper.repo.git(&["add", ".gitmodules", "sound.py"]);
    paper.repo.git(&["commit", "-q", "-m", "Use a submodule"]);
    paper.edit("commit = \"main\"", "commit = \"main\"\nsubmodules = true");
    paper.lock();
    let ran = paper.check();
    is_reproduced(&ran, "sound");
    let asked = paper.server.asked();
    assert!(asked.iter().any(|line| line.contains("/inner/.git")), "{asked:?}");
}

#[test]
fn a_commit_that_is_gone_from_a_server_is_the_papers_affair() {
    let paper = Served::new("5af87e7fce2b90ae1cbd621cd58059036a3c7436");
    let ran = paper.check();
    is_not_run(
        &ran,
        "sound",
        "code-unavailable",
        "paper",
        &["5af87e7fce2b", "softwareheritage"],
    );
    assert_eq!(ran.json()["verdict"], "unverified");
    paper.bench.run(&["cache", "verify"]);
}

#[test]
fn code_behind_a_certificate_that_nobody_vouches_for_is_not_taken() {
    let paper = Served::new("5af87e7fce2b90ae1cbd621cd58059036a3c7436");
    let commit = paper.repo.id("HEAD").to_string();
    paper.edit("5af87e7fce2b90ae1cbd621cd58059036a3c7436", &commit);
    fs::create_dir(paper.bench.path("other")).expect("made");
    let stranger = Authority::new().file(&paper.bench.path("other"));
    let mut refused = command(&paper.bench, &["check", "--format", "json", "paper/paper.toml"]);
    refused.env("SSL_CERT_FILE", stranger);
    let refused = Going::start(refused).end();
    is_not_run(
        &refused,
        "sound",
        "code-unavailable",
        "host",
        &["certificate", "http.sslCAInfo"],
    );
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    is_reproduced(&paper.check(), "sound");
}
