//! Every fixture of fixtures/manifests is read and says what it is named for.
//!
//! `fixtures/manifests/CODE/WORDS.toml` has one mistake of the kind CODE; what people
//! read stands beside it. `valid/` has none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use reproof::error::{Diagnose as _, Fault, chain};
use reproof::manifest::{LARGEST, Manifest, ManifestError, ProblemKind, Problems, json_schema, reference};

/// The folder of the package, whatever folder the test runs in.
fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All fixtures below `fixtures/manifests`, relative to it, in order.
fn fixtures() -> Vec<PathBuf> {
    let root = package().join("fixtures/manifests");
    let mut fixtures = Vec::new();
    for entry in fs::read_dir(&root).expect("fixtures") {
        let folder = entry.expect("an entry").path();
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).expect("a folder of fixtures") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                fixtures.push(path.strip_prefix(&root).expect("below").to_owned());
            }
        }
    }
    fixtures.sort();
    fixtures
}

/// All that is to be said about a fixture: errors, or else advice and missing pins.
fn problems(fixture: &Path) -> Problems {
    let path = package().join("fixtures/manifests").join(fixture);
    let text = fs::read_to_string(path).expect("a fixture");
    match Manifest::parse(&text, fixture) {
        Err(problems) => problems,
        Ok(manifest) => {
            let mut problems = manifest.unpinned();
            problems.problems.extend(manifest.warnings.problems);
            problems
        }
    }
}

/// Compares what people read with the snapshot beside the fixture.
fn assert_reads_as(fixture: &Path, text: &str) {
    let mut settings = insta::Settings::new();
    let folder = fixture.parent().expect("a folder");
    settings.set_snapshot_path(package().join("fixtures/manifests").join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let name = fixture.file_stem().expect("a name").to_str().expect("UTF-8");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn every_fixture_has_exactly_the_problem_that_it_is_named_for() {
    let mut wrong = String::new();
    for fixture in fixtures() {
        let problems = problems(&fixture);
        let code = fixture.parent().and_then(Path::to_str).expect("a folder");
        let found: Vec<_> = problems
            .problems
            .iter()
            .map(|problem| problem.kind.code())
            .collect();
        let expected: &[&str] = if code == "valid" { &[] } else { &[code] };
        if found != expected {
            wrong.push_str(&format!("{}: {found:?}\n{problems}\n\n", fixture.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_fixture_reads_as_the_text_beside_it() {
    for fixture in fixtures().iter().filter(|fixture| !fixture.starts_with("valid")) {
        assert_reads_as(fixture, &problems(fixture).render(false));
    }
}

#[test]
fn every_kind_of_problem_has_a_fixture() {
    let codes: BTreeSet<_> = ProblemKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), ProblemKind::ALL.len(), "a code names one kind");
    let mut shown = BTreeSet::new();
    for fixture in fixtures() {
        shown.insert(
            fixture
                .parent()
                .and_then(Path::to_str)
                .expect("a folder")
                .to_owned(),
        );
    }
    shown.remove("valid");
    assert_eq!(shown.iter().map(String::as_str).collect::<BTreeSet<_>>(), codes);
}

#[test]
fn ten_mistakes_are_reported_at_once() {
    let fixture = Path::new("ten-mistakes.toml");
    let problems = problems(fixture);
    assert_eq!(problems.problems.len(), 10, "{problems}");
    assert_eq!(problems.fault(), Fault::Manifest);
    assert_eq!(problems.summary(), "10 problems in `ten-mistakes.toml`");
    assert_reads_as(fixture, &problems.render(false));
}

/// Compares a generated file with what is checked in; `UPDATE=1 cargo test --test it manifest::` writes it anew.
fn assert_checked_in(path: &str, generated: &str) {
    let file = package().join(path);
    #[expect(clippy::disallowed_methods, reason = "a switch of this test, not of the tool")]
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, generated).expect("written");
    }
    let checked_in = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == generated,
        "{path} is out of date: run `UPDATE=1 cargo test --test it manifest::` and look at the difference"
    );
}

#[test]
fn the_schema_and_the_reference_are_up_to_date() {
    assert_checked_in("docs/schema/manifest.schema.json", &json_schema());
    assert_checked_in("docs/manifest.md", &reference());
}

/// The keys of all tables in a schema, each behind those that lead to it.
fn keys_of(schema: &serde_json::Value, path: &str, keys: &mut BTreeSet<String>) {
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        keys_of(inner, &path, keys);
        keys.insert(path);
    }
    for alternative in schema["anyOf"].as_array().into_iter().flatten() {
        keys_of(alternative, path, keys);
    }
    if schema["items"].is_object() {
        keys_of(&schema["items"], path, keys);
    }
}

/// The keys of all tables in a manifest, each behind those that lead to it.
fn keys_in(value: &toml::Value, path: &str, keys: &mut BTreeSet<String>) {
    if let Some(table) = value.as_table() {
        for (key, inner) in table {
            let path = format!("{path}.{key}");
            keys_in(inner, &path, keys);
            keys.insert(path);
        }
    }
    for item in value.as_array().into_iter().flatten() {
        keys_in(item, path, keys);
    }
}

#[test]
fn one_fixture_uses_every_key_of_the_schema() {
    let schema = serde_json::from_str(&json_schema()).expect("JSON");
    let mut known = BTreeSet::new();
    keys_of(&schema, "", &mut known);
    let path = package().join("fixtures/manifests/valid/everything.toml");
    let text = fs::read_to_string(path).expect("a fixture");
    let mut used = BTreeSet::new();
    keys_in(&toml::from_str(&text).expect("TOML"), "", &mut used);
    // `reported` takes the same tables as `measure`; two of its ways are enough.
    let unused: Vec<_> = known
        .difference(&used)
        .filter(|key| !key.contains(".reported."))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn the_manifest_of_the_reference_is_valid() {
    let reference = reference();
    let (_, behind) = reference
        .split_once("A small manifest, complete:\n\n```toml\n")
        .expect("an example");
    let (text, _) = behind.split_once("```").expect("its end");
    let manifest = Manifest::parse(text, Path::new("paper.toml")).expect("a valid manifest");
    assert!(manifest.warnings.is_empty() && manifest.unpinned().is_empty());
    let broken = text.replace("\"accuracy\"", "\"acuracy\"");
    let problems = Manifest::parse(&broken, Path::new("paper.toml")).expect_err("a mistake");
    let shown = problems.to_string();
    let shown = shown.lines().take(5).collect::<Vec<_>>().join("\n");
    assert!(
        reference.contains(&shown),
        "the reference shows another message than\n{shown}"
    );
}

#[test]
fn the_schema_names_no_null_and_refers_to_nothing() {
    let schema = json_schema();
    assert!(!schema.contains("null") && !schema.contains("$ref") && !schema.contains("x-order"));
}

/// Writes `bytes` into a manifest of their own and reads it.
fn read(bytes: &[u8]) -> Result<Manifest, ManifestError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("paper.toml");
    fs::write(&path, bytes).expect("written");
    Manifest::read(&path)
}

#[test]
fn what_is_not_a_readable_file_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = Manifest::read(&folder.path().join("paper.toml")).expect_err("nothing there");
    assert!(matches!(missing, ManifestError::Missing { .. }) && missing.hint().is_some());
    let folder = Manifest::read(folder.path()).expect_err("a folder");
    assert!(matches!(folder, ManifestError::NotAFile { .. }));
    let binary = read(b"schema = 1\n\xff\n").expect_err("not text");
    assert!(
        matches!(binary, ManifestError::NotUtf8 { line: 2, .. }),
        "{binary}"
    );
    let large = read(&vec![b'\n'; LARGEST as usize + 1]).expect_err("too large");
    assert!(matches!(large, ManifestError::TooLarge { .. }));
    for error in [missing, folder, binary, large] {
        assert_eq!(error.fault(), Fault::Manifest);
    }
}

#[test]
fn own_files_must_be_there_when_a_manifest_is_read_from_disk() {
    let text =
        fs::read_to_string(package().join("fixtures/manifests/valid/everything.toml")).expect("a fixture");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("paper.toml");
    fs::write(&path, text).expect("written");
    let Err(ManifestError::Invalid(problems)) = Manifest::read(&path) else {
        panic!("the file is missing");
    };
    assert_eq!(problems.problems.len(), 1);
    assert_eq!(problems.problems[0].kind, ProblemKind::DanglingReference);
    fs::create_dir(folder.path().join("harness")).expect("a folder");
    fs::write(folder.path().join("harness/evaluate.py"), "").expect("written");
    let manifest = Manifest::read(&path).unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(
        manifest.files[0].absolute,
        folder.path().join("harness/evaluate.py")
    );
}

#[test]
fn very_many_problems_are_counted_and_not_all_shown() {
    let text: String = (0..100_000).map(|n| format!("key{n} = 1\n")).collect();
    let problems = Manifest::parse(&text, Path::new("many.toml")).expect_err("nothing is known");
    assert_eq!(problems.problems.len(), 200);
    assert!(problems.render(false).lines().count() < 2000);
}

#[test]
fn a_message_keeps_control_characters_to_itself() {
    let text = "schema = 1\n\"\\u001b[31m\" = 1\n\"\u{9b}31m\" = 2\n";
    let problems = Manifest::parse(text, Path::new("a\u{1b}[31mb.toml")).expect_err("unknown keys");
    let plain = problems.render(false);
    assert!(
        !plain.contains(|c: char| c.is_control() && c != '\n'),
        "{plain:?}"
    );
    assert!(
        problems.render(true).contains("\u{1b}["),
        "colour where it is wanted"
    );
}

mod hostile {
    use proptest::prelude::*;

    use super::*;

    fn valid() -> String {
        fs::read_to_string(package().join("fixtures/manifests/valid/everything.toml")).expect("a fixture")
    }

    /// Parses `text`; whatever comes out can be shown.
    fn survives(text: &str) {
        match Manifest::parse(text, Path::new("paper.toml")) {
            Err(problems) => assert!(!problems.render(false).is_empty()),
            Ok(manifest) => {
                let _ = manifest.warnings.render(true);
                for step in &manifest.steps {
                    let _ = manifest.seeds_of(step);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            survives(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn no_text_that_looks_like_toml_makes_it_panic(text in "([a-z]{1,6}|[\\[\\]{}=\"',.#\n ]|[0-9]{1,3}|\\PC){0,60}") {
            survives(&text);
        }

        #[test]
        fn no_damage_to_a_valid_manifest_makes_it_panic(
            at in 0_usize..4000, gone in 0_usize..60, put in "[\\[\\]{}=\"'\n,0-9.a-z\\PC-]{0,6}",
        ) {
            let mut text = valid();
            let from = text.floor_char_boundary(at.min(text.len()));
            let to = text.ceil_char_boundary((from + gone).min(text.len()));
            text.replace_range(from..to, &put);
            survives(&text);
        }

        #[test]
        fn no_exchanged_values_make_it_panic(from in 0_usize..120, to in 0_usize..120) {
            let text = valid();
            let lines: Vec<_> = text.lines().collect();
            let value = |line: &str| line.split_once(" = ").map(|(_, value)| value.to_owned());
            let (Some(Some(put)), Some(line)) = (lines.get(from).map(|line| value(line)), lines.get(to)) else {
                return Ok(());
            };
            let key = line.split(" = ").next().unwrap_or(line);
            survives(&text.replace(line, &format!("{key} = {put}")));
        }
    }
}

#[test]
fn the_first_manifest_of_the_readme_is_valid() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("a README");
    let (_, from) = readme.split_once("```toml\n").expect("a manifest");
    let (manifest, _) = from.split_once("```").expect("its end");
    let parsed =
        Manifest::parse(manifest, Path::new("paper.toml")).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(parsed.warnings.is_empty(), "{}", parsed.warnings.render(false));
    assert_eq!(
        parsed.unpinned().problems.len(),
        2,
        "the commit and the data, which `reproof lock` pins"
    );
}
