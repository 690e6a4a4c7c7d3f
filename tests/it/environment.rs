//! Environments, built for real through the package registry.

#[expect(
    clippy::disallowed_methods,
    reason = "tests stand for the command line, which hands the environment over"
)]
mod bench;

use std::fs;

use bench::Bench;
use reproof::environment::doctor::{self, Status};
use reproof::environment::{EnvironmentError, Machine};
use reproof::error::{Diagnose, Fault};
use reproof::execute::{ExecuteError, Tier};
use reproof::manifest::{AsOf, EnvironmentKind};
use reproof::reason::Reason;

fn version<'a>(packages: &'a [(String, String)], name: &str) -> Option<&'a str> {
    packages
        .iter()
        .find(|(found, _)| found == name)
        .map(|(_, version)| version.as_str())
}

#[test]
fn requirements_are_resolved_as_of_the_commits_date_installed_and_found_again() {
    let bench = Bench::new();
    bench.file(
        "requirements.txt",
        "--index-url https://evil.example/simple\nsix\n",
    );
    let mut spec = bench.spec(&[]);
    spec.requirements = vec!["requirements.txt".to_owned()];
    spec.as_of = AsOf::Commit;

    let first = bench.prepare(&spec, None, false).expect("an environment");
    assert_eq!(version(&first.packages, "six"), Some("1.15.0")); // 1.16.0 came a year later
    assert!(first.pinned_by_hash && !first.reused);
    assert_eq!(
        first.as_of.map(|time| time.to_string()).as_deref(),
        Some("2020-06-01T12:00:00Z")
    );
    assert_eq!(
        bench.python(
            &first,
            "import six, sys; print(six.__version__, sys.version_info[1])"
        ),
        "1.15.0 11"
    );
    assert_eq!(first.wishes.len(), 1);
    assert!(
        bench
            .notes
            .take()
            .iter()
            .any(|note| note.contains("evil.example") && note.contains("is ignored"))
    );
    assert!(first.trace.contacts.values().any(|contact| contact.connected > 0));
    assert!(
        first
            .trace
            .contacts
            .keys()
            .all(|target| target.host != "evil.example")
    );

    let resolved = first.resolved.clone().expect("uv's");
    let second = bench
        .prepare(&spec, Some(&resolved), false)
        .expect("the same environment");
    assert!(second.reused);
    assert_eq!((second.key, &second.path), (first.key, &first.path));
    assert!(second.trace.contacts.is_empty());
}

#[test]
fn a_changed_or_unfinished_environment_is_made_again() {
    let bench = Bench::new();
    let spec = bench.spec(&["six==1.16.0"]);
    let first = bench.prepare(&spec, None, false).expect("an environment");
    let resolved = first.resolved.clone().expect("uv's");
    let again = || {
        bench
            .prepare(&spec, Some(&resolved), false)
            .expect("an environment")
            .reused
    };
    assert!(again());

    let home = first.path[0]
        .parent()
        .and_then(|venv| venv.parent())
        .expect("a folder");
    fs::write(
        home.join("venv/lib/python3.11/site-packages/six.py"),
        "changed = True",
    )
    .expect("written");
    assert!(!again());
    assert_eq!(
        bench.python(&first, "import six; print(six.__version__)"),
        "1.16.0"
    );
    fs::remove_file(home.join("record.json")).expect("removed");
    assert!(!again());
    assert!(again());
}

#[test]
fn a_lock_made_from_other_requirements_is_out_of_date() {
    let bench = Bench::new();
    let old = bench.resolve(&bench.spec(&["six==1.15.0"])).expect("resolved");
    let new = bench
        .prepare(&bench.spec(&["six==1.16.0"]), Some(&old), false)
        .expect("an environment");
    assert_eq!(version(&new.packages, "six"), Some("1.16.0"));
    assert!(
        bench
            .notes
            .take()
            .iter()
            .any(|note| note.contains("out of date") && note.contains("requirements changed"))
    );
}

#[test]
fn other_bytes_than_the_lock_pins_are_refused() {
    let bench = Bench::new();
    let spec = bench.spec(&["six==1.16.0"]);
    let mut locked = bench.resolve(&spec).expect("resolved");
    let six = format!("six==1.16.0 \\\n    --hash=sha256:{}\n", "0".repeat(64));
    locked.requirements = six;
    let error = bench.prepare(&spec, Some(&locked), false).expect_err("refused");
    assert!(matches!(error, EnvironmentError::HashMismatch { .. }), "{error}");
    assert_eq!(error.unmeasured().reason, Reason::Environment);
}

#[test]
fn a_hash_of_the_repository_that_the_registry_does_not_have_is_refused() {
    let bench = Bench::new();
    bench.file(
        "requirements.txt",
        &format!("six==1.16.0 --hash=sha256:{}\n", "0".repeat(64)),
    );
    let mut spec = bench.spec(&[]);
    spec.requirements = vec!["requirements.txt".to_owned()];
    let error = bench.resolve(&spec).expect_err("refused");
    assert!(matches!(error, EnvironmentError::HashMismatch { .. }), "{error}");
}

#[test]
fn a_lock_that_was_edited_brings_in_no_option() {
    let bench = Bench::new();
    let spec = bench.spec(&["six==1.16.0"]);
    let mut locked = bench.resolve(&spec).expect("resolved");
    locked
        .requirements
        .push_str("--extra-index-url https://evil.example/simple\n");
    let error = bench.prepare(&spec, Some(&locked), false).expect_err("refused");
    assert!(error.to_string().contains("evil.example"), "{error}");
}

#[test]
fn a_python_that_is_not_here_is_named_with_those_that_are() {
    let bench = Bench::new();
    let mut spec = bench.spec(&[]);
    spec.python = Some("3.99".to_owned());
    let error = bench.prepare(&spec, None, false).expect_err("no such Python");
    let EnvironmentError::PythonMissing { wanted, found, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(wanted, "3.99");
    assert!(
        found.iter().any(|version| version.starts_with("3.11.")),
        "{found:?}"
    );
    assert_eq!(error.fault(), Fault::Host);
    assert!(error.hint().expect("a hint").contains("uv python install 3.99"));
}

#[test]
fn contradictory_pins_are_explained_by_the_resolver() {
    let bench = Bench::new();
    bench.file("requirements.txt", "six==1.15.0\nsix==1.16.0\n");
    let mut spec = bench.spec(&[]);
    spec.requirements = vec!["requirements.txt".to_owned()];
    let error = bench.resolve(&spec).expect_err("no solution");
    let EnvironmentError::Unresolvable { explanation, .. } = &error else {
        panic!("{error}")
    };
    assert!(
        explanation.contains("six==1.15.0") && explanation.contains("six==1.16.0"),
        "{explanation}"
    );
    assert_eq!(error.fault(), Fault::Paper);
    assert_eq!(
        bench
            .resolve(&bench.spec(&["six==1.15.0", "six==1.16.0"]))
            .expect_err("no solution")
            .fault(),
        Fault::Manifest
    );
}

#[test]
fn a_version_that_came_later_leads_to_the_date_on_which_it_came() {
    let bench = Bench::new();
    let mut spec = bench.spec(&["six==1.16.0"]);
    spec.as_of = AsOf::Commit;
    let error = bench.resolve(&spec).expect_err("too early");
    assert_eq!(error.fault(), Fault::Manifest);
    assert!(
        error.hint().expect("a hint").contains("as-of = \"2021-05-05\""),
        "{error}"
    );
}

#[test]
fn wheels_for_other_pythons_lead_to_one_of_them() {
    let bench = Bench::new();
    let mut spec = bench.spec(&["torch==1.7.1"]);
    spec.as_of = AsOf::Date(jiff::civil::date(2021, 4, 1));
    let error = bench.resolve(&spec).expect_err("no wheel");
    assert!(
        error.hint().expect("a hint").contains("python = \"3.9\""),
        "{error}"
    );
}

#[test]
fn sources_are_built_only_where_that_is_allowed_and_are_listed() {
    let bench = Bench::new();
    let spec = bench.spec(&["docopt==0.6.2", "six==1.16.0"]); // docopt never had a wheel
    let error = bench.prepare(&spec, None, false).expect_err("refused");
    let EnvironmentError::NeedsBuild { packages, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(packages, &["docopt"]);
    assert_eq!(error.fault(), Fault::Host);

    let environment = bench.prepare(&spec, None, true).expect("an environment");
    assert_eq!(environment.built_from_source, ["docopt"]);
    assert_eq!(
        bench.python(&environment, "import docopt, six; print(docopt.__version__)"),
        "0.6.2"
    );
    let shared = bench.cache.root().join("uv");
    let built = walkdir::WalkDir::new(shared).into_iter().filter_map(Result::ok);
    let of_docopt = built
        .filter(|entry| entry.path().to_string_lossy().contains("docopt"))
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "py"));
    assert_eq!(of_docopt.count(), 0, "what a package's code wrote is not shared");
}

#[test]
fn packages_are_built_and_installed_inside_the_sandbox() {
    let bench = Bench::confined();
    let spec = bench.spec(&["docopt==0.6.2", "six==1.16.0"]);
    let made = bench.prepare(&spec, None, true);
    if let Err(EnvironmentError::Execute {
        cause: ExecuteError::CannotConfine { cause, .. },
        ..
    }) = &made
    {
        println!("not tested: this machine cannot confine: {cause}");
        return;
    }
    let environment = made.expect("an environment");
    assert_eq!(
        environment.trace.enforced.as_ref().map(|enforced| enforced.tier),
        Some(Tier::Full)
    );
    assert_eq!(environment.built_from_source, ["docopt"]);
    assert_eq!(
        bench.python(&environment, "import docopt, six; print(six.__version__)"),
        "1.16.0"
    );
    let again = bench
        .prepare(&spec, environment.resolved.as_ref(), true)
        .expect("the same");
    assert!(again.reused);
}

#[test]
fn the_python_that_a_conda_file_asks_for_is_taken() {
    let bench = Bench::new();
    bench.file(
        "environment.yml",
        "dependencies:\n  - python=3.11.0=h1_0\n  - numpy=1.24\n  - pip:\n    - six==1.16.0\n",
    );
    let mut spec = bench.spec(&[]);
    spec.python = None;
    spec.requirements = vec!["environment.yml".to_owned()];
    let resolved = bench.resolve(&spec).expect("resolved");
    assert!(resolved.python.starts_with("3.11."), "{}", resolved.python);
    assert!(
        resolved
            .notes
            .iter()
            .any(|note| note.contains("asked for by environment.yml:2")),
        "{:?}",
        resolved.notes
    );
    assert_eq!(resolved.wishes.len(), 1);
}

#[test]
fn an_environment_without_packages_needs_no_network() {
    let mut bench = Bench::new();
    bench.network.offline = true;
    let environment = bench
        .prepare(&bench.spec(&[]), None, false)
        .expect("an environment");
    assert!(environment.packages.is_empty() && environment.trace.contacts.is_empty());
    assert_eq!(
        bench.python(&environment, "import sys; print(sys.prefix != sys.base_prefix)"),
        "True"
    );
}

#[test]
fn an_index_that_does_not_answer_is_the_hosts_affair() {
    let mut bench = Bench::new();
    bench
        .host
        .variables
        .insert("UV_DEFAULT_INDEX".to_owned(), "http://127.0.0.1:9/simple".into());
    bench
        .host
        .variables
        .insert("UV_HTTP_RETRIES".to_owned(), "0".into());
    let error = bench.resolve(&bench.spec(&["six"])).expect_err("nobody answers");
    assert!(matches!(error, EnvironmentError::Network { .. }), "{error}");
    assert_eq!(error.fault(), Fault::Host);
}

#[test]
fn uv_is_fetched_where_there_is_none_and_that_is_said() {
    let bench = Bench::without_uv();
    let environment = bench
        .prepare(&bench.spec(&[]), None, false)
        .expect("an environment");
    assert!(environment.path[0].join("python").exists());
    assert!(
        bench
            .notes
            .take()
            .iter()
            .any(|note| note.starts_with("uv is not on PATH: uv "))
    );
}

#[test]
fn without_uv_and_without_a_network_there_is_a_clear_error() {
    let mut bench = Bench::without_uv();
    bench.network.offline = true;
    let error = bench.prepare(&bench.spec(&[]), None, false).expect_err("no uv");
    assert!(matches!(error, EnvironmentError::NoUv { .. }), "{error}");
    assert_eq!(error.fault(), Fault::Host);
}

#[test]
fn the_machines_own_python_is_used_as_it_is() {
    let bench = Bench::without_uv();
    let mut spec = bench.spec(&[]);
    spec.kind = EnvironmentKind::System;
    let environment = bench.prepare(&spec, None, false).expect("an environment");
    let python = environment.python.clone().expect("a Python");
    assert_eq!(
        bench.python(&environment, "import platform; print(platform.python_version())"),
        python.full_version
    );
    assert!(!environment.pinned_by_hash && environment.resolved.is_none());
    let again = bench.prepare(&spec, None, false).expect("an environment");
    assert_eq!(again.key, environment.key);
}

#[test]
fn nothing_is_nothing() {
    let bench = Bench::without_uv();
    let mut spec = bench.spec(&[]);
    spec.kind = EnvironmentKind::None;
    let environment = bench.prepare(&spec, None, false).expect("an environment");
    assert!(environment.python.is_none() && environment.path.is_empty() && environment.mounts.is_empty());
}

#[test]
fn the_doctor_finds_what_the_tests_run_with() {
    let bench = Bench::new();
    let found = doctor::facts(&bench.host, &bench.cache, &bench.network);
    let status = |name: &str| {
        found
            .iter()
            .find(|finding| finding.name == name)
            .map(|finding| finding.status)
    };
    assert_eq!(status("uv"), Some(Status::Ok));
    assert_eq!(status("python"), Some(Status::Ok));
    assert!(status("disk").is_some());
    let machine = Machine::look();
    assert!(machine.cores > 0 && machine.memory > 0 && !machine.kernel.is_empty());
}
