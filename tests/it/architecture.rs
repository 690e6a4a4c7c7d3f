//! What docs/architecture.md promises of the source.

use std::fs;
use std::path::{Path, PathBuf};

use reproof::report::RENDERERS;

use crate::common::read;

/// Libraries, and the only places that use them.
const HOMES: &[(&str, &[&str])] = &[
    ("annotate-snippets", &["manifest/problem"]),
    ("base64", &["acquire/transport", "environment"]),
    ("bzip2", &["acquire/unpack"]),
    ("chacha20", &["stats/bootstrap.rs"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("comfy-table", &["report/table.rs"]),
    ("csv", &["table"]),
    ("flate2", &["acquire/unpack", "profile/overlap", "table"]),
    ("git2", &["acquire", "demo.rs"]),
    ("image", &["profile/overlap/images"]),
    ("indicatif", &["cli/terminal.rs"]),
    ("landlock", &["execute/sandbox"]),
    ("lzma-rust2", &["acquire/unpack"]),
    ("polars", &["table"]),
    ("polars-io", &["table"]),
    (
        "rayon",
        &[
            "cli/judge",
            "environment",
            "profile/overlap",
            "stats/bootstrap.rs",
        ],
    ),
    ("rustls", &["acquire/transport"]),
    ("ruzstd", &["acquire/unpack"]),
    ("schemars", &["manifest", "report/json"]),
    ("seccompiler", &["execute"]),
    ("sha1", &["acquire/swhid.rs"]),
    ("sha2", &["digest.rs"]),
    ("signal-hook", &["cli/settings.rs"]),
    ("siphasher", &["profile/overlap"]),
    ("statrs", &["stats"]),
    ("strsim", &["acquire", "manifest", "table"]),
    ("tar", &["acquire/unpack", "profile/overlap/images"]),
    ("toml", &["manifest", "acquire/git", "environment"]),
    ("unicode-width", &["report/words.rs"]),
    ("ureq", &["acquire", "environment"]),
    ("zip", &["acquire", "environment", "profile/overlap/images"]),
];

/// Libraries for everyone: times, sizes, errors, files, system calls, JSON.
const COMMON: &[&str] = &[
    "bytesize",
    "humantime",
    "jiff",
    "libc",
    "regex",
    "rustix",
    "serde",
    "serde_json",
    "tempfile",
    "thiserror",
    "walkdir",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every file of Rust below `src`, by its path there, without its comments.
fn files() -> Vec<(String, String)> {
    let (root, mut found) = (source(), Vec::new());
    let mut waiting = vec![root.clone()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let name = path.strip_prefix(&root).expect("below").display().to_string();
                found.push((name, code.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    found
}

/// The names in `[dependencies]`.
fn dependencies() -> Vec<String> {
    let manifest = read("Cargo.toml");
    let section = manifest
        .split("[dependencies]\n")
        .nth(1)
        .and_then(|rest| rest.split("\n[").next());
    let lines = section
        .expect("dependencies")
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| Some(line.split_once(" = ")?.0.to_owned()))
        .collect()
}

/// Whether `code` names the crate `name`: `name::` that no longer path or word leads up to, or `use name;`.
fn uses(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    let begins = |at: usize| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    };
    code.match_indices(&path).any(|(at, _)| begins(at)) || code.contains(&format!("use {name};"))
}

#[test]
fn every_library_has_its_home() {
    let files = files();
    for (library, homes) in HOMES {
        let name = library.replace('-', "_");
        let users: Vec<&str> = files
            .iter()
            .filter(|(_, code)| uses(code, &name))
            .map(|(path, _)| path.as_str())
            .collect();
        let strangers: Vec<_> = users
            .iter()
            .filter(|path| !homes.iter().any(|home| path.starts_with(home)))
            .collect();
        assert!(
            strangers.is_empty(),
            "`{library}` belongs to {homes:?} and is used in {strangers:?}"
        );
        for home in *homes {
            assert!(
                users.iter().any(|path| path.starts_with(home)),
                "`{library}` is not used in {home}"
            );
        }
    }
}

#[test]
fn every_library_is_in_one_of_the_two_lists() {
    for library in dependencies() {
        let homed = HOMES.iter().any(|(name, _)| *name == library);
        let common = COMMON.contains(&library.as_str());
        assert!(
            homed != common,
            "say where `{library}` belongs, in tests/it/architecture.rs"
        );
    }
}

#[test]
fn the_library_neither_prints_nor_reads_the_environment() {
    let says = regex::Regex::new(
        r"\be?print(ln)?!|\benv::(var|vars|var_os|vars_os|home_dir|current_dir|temp_dir|args|args_os)\b",
    )
    .expect("a pattern");
    for (path, code) in files() {
        let test = path.ends_with("tests.rs") || path == "audit/peer.rs";
        if path.starts_with("cli/") || path == "main.rs" || test {
            continue;
        }
        let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let found: Vec<_> = says.find_iter(code).map(|found| found.as_str()).collect();
        assert!(found.is_empty(), "src/{path} has {found:?}");
    }
}

#[test]
fn every_folder_and_file_at_the_top_of_the_source_is_explained() {
    let page = read("docs/architecture.md");
    for entry in fs::read_dir(source()).expect("src") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("UTF-8");
        let name = if entry.path().is_dir() {
            format!("{name}/")
        } else {
            name
        };
        // The crate's root only lists what is explained.
        assert!(
            name == "lib.rs" || page.contains(&format!("`{name}`")),
            "docs/architecture.md does not name `{name}`"
        );
    }
}

#[test]
fn every_format_and_source_is_documented() {
    let page = read("docs/report.md");
    for renderer in RENDERERS {
        let row = format!("| `{}` |", renderer.name());
        assert!(
            page.contains(&row),
            "docs/report.md has no row `{}`",
            renderer.name()
        );
    }
    let page = read("docs/manifest.md");
    for source in reproof::acquire::SOURCES {
        let scheme = source.scheme();
        assert!(
            page.contains(&format!("`{scheme}:")) || scheme == "http",
            "docs/manifest.md does not name `{scheme}:`"
        );
    }
}
