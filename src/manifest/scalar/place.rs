//! Where things lie: paths, sources, repositories, and the pins that go with them.

use schemars::Schema;
use serde_json::json;

use super::super::problem::{ProblemKind, quoted};
use super::super::reader::{FromText, Unfit, from_text, nearest};
use super::super::{CommitId, Revision};
use super::{RelativeFolder, RelativePath, Repository, Source, WebAddress, bad, printable, set};
use crate::digest::Digest;

/// The parts of a path that stays below its folder, joined anew; the reason, when it does not.
fn below(text: &str) -> Result<String, &'static str> {
    if text.contains(['\0', '\n', '\\']) || text.chars().any(char::is_control) {
        return Err("it has a backslash or a control character");
    }
    if text.starts_with('/') {
        return Err("it is absolute");
    }
    if text.starts_with('~') {
        return Err("`~` is not replaced here");
    }
    let parts: Vec<_> = text
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if parts.contains(&"..") {
        return Err("it leads out of its folder");
    }
    if parts.iter().any(|part| part.eq_ignore_ascii_case(".git")) {
        return Err("it leads into `.git`");
    }
    Ok(parts.join("/"))
}

fn bad_path(text: &str, reason: &str) -> Unfit {
    let unfit = Unfit::new(
        ProblemKind::BadPath,
        format!("{} cannot be used: {reason}", quoted(text)),
    );
    unfit.hint("paths are relative, with `/` between the parts and without `..`")
}

impl FromText for RelativePath {
    const WHAT: &'static str = "a relative path";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        match below(text) {
            Ok(path) if path.is_empty() => Err(bad_path(text, "it names no file")),
            Ok(path) => Ok(Self(path)),
            Err(reason) => Err(bad_path(text, reason)),
        }
    }
}

impl FromText for RelativeFolder {
    const WHAT: &'static str = "a relative path";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        match below(text) {
            Ok(path) if path.is_empty() => Ok(Self(".".to_owned())),
            Ok(path) => Ok(Self(path)),
            Err(reason) => Err(bad_path(text, reason)),
        }
    }
}

/// The places that data and checkpoints can come from.
const SCHEMES: [&str; 7] = ["repo", "https", "http", "file", "pypi", "hf", "step"];

impl FromText for Source {
    const WHAT: &'static str = "an address";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let text = printable(text, "an address", &[])?;
        let Some((scheme, rest)) = text.split_once(':') else {
            let unfit = bad(format!("{} does not say where it is to be found", quoted(&text)));
            return Err(unfit.hint(format!(
                "write `repo:{text}` for a file of the repository, `file:{text}` for one of this machine"
            )));
        };
        let fits = match scheme {
            "repo" => {
                return below(rest)
                    .map(|path| Self(format!("repo:{path}")))
                    .map_err(|why| bad_path(rest, why));
            }
            "https" | "http" => rest
                .strip_prefix("//")
                .is_some_and(|rest| !rest.starts_with('/') && !rest.is_empty()),
            "pypi" => is_package_path(rest),
            "step" => rest.split_once('/').is_some_and(|(step, path)| {
                !step.is_empty() && below(path).is_ok_and(|path| !path.is_empty())
            }),
            "file" | "hf" => !rest.is_empty(),
            _ => {
                let unfit = bad(format!("unknown source {}", quoted(&format!("{scheme}:"))));
                return Err(match nearest(scheme, &SCHEMES) {
                    Some(near) => unfit.label(format!("did you mean `{near}:`?")),
                    None => unfit.hint("sources are `repo:`, `https:`, `file:`, `pypi:`, `hf:` and `step:`"),
                });
            }
        };
        if fits {
            return Ok(Self(text));
        }
        Err(bad(format!("{} is not complete", quoted(&text))).hint(
            "complete are `repo:data/train.csv`, `https://example.org/train.csv`, `file:train.csv`, \
             `pypi:NAME==1.2.3/path/in/the/wheel`",
        ))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "pattern", json!("^(repo|https?|file|pypi|hf|step):"));
        set(
            schema,
            "examples",
            json!([
                "repo:data/train.csv",
                "https://example.org/train.csv",
                "pypi:NAME==1.2.3/NAME/data.csv",
                "step:labels/test.csv"
            ]),
        );
    }
}

/// Whether `text` is `NAME==VERSION/path`.
fn is_package_path(text: &str) -> bool {
    let Some((name, rest)) = text.split_once("==") else {
        return false;
    };
    let word = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-+!".contains(&b))
    };
    rest.split_once('/').is_some_and(|(version, path)| {
        word(name) && word(version) && below(path).is_ok_and(|path| !path.is_empty())
    })
}

impl FromText for Repository {
    const WHAT: &'static str = "the address of a repository";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let text = printable(text, Self::WHAT, &[])?;
        if text.starts_with('-') {
            return Err(bad(format!("{} cannot be a repository", quoted(&text))));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let known = ["https", "http", "ssh", "file"].contains(&scheme);
            if known && !rest.is_empty() {
                return Ok(Self(text));
            }
            let unfit = bad(format!("{} is not the address of a repository", quoted(&text)));
            return Err(unfit.hint("write `https://…`, `ssh://…`, `git@host:path`, `file://…` or a path"));
        }
        Ok(Self(text))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "examples", json!(["https://github.com/OWNER/NAME"]));
    }
}

impl FromText for WebAddress {
    const WHAT: &'static str = "a web address";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let text = printable(text, Self::WHAT, &[])?;
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        if rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace)) {
            return Ok(Self(text));
        }
        Err(bad(format!("{} is not a web address", quoted(&text))).hint("write `https://…`"))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "pattern", json!("^https?://\\S+$"));
    }
}

from_text!(Digest, Revision);

impl FromText for Digest {
    const WHAT: &'static str = "a SHA-256 digest";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        text.parse().map_err(|_| {
            let unfit = bad(format!("{} is not a SHA-256 digest", quoted(text)));
            unfit
                .label(format!(
                    "expected 64 hexadecimal digits, found {} characters",
                    text.chars().count()
                ))
                .hint("leave it out, and `reproof lock` finds it")
        })
    }

    fn describe(schema: &mut Schema) {
        set(schema, "pattern", json!("^(sha256:)?[0-9A-Fa-f]{64}$"));
    }
}

impl FromText for Revision {
    const WHAT: &'static str = "a commit id";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        if let Some(commit) = CommitId::new(text) {
            return Ok(Self::Commit(commit));
        }
        let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digits && text.len() > 40 {
            let unfit = bad(format!("a commit id has 40 digits, not {}", text.len()));
            return Err(unfit.label("expected a full SHA-1 commit id"));
        }
        if is_reference(text) {
            return Ok(Self::Name(text.to_owned()));
        }
        Err(bad(format!("{} cannot be a commit, branch or tag", quoted(text))))
    }

    fn describe(schema: &mut Schema) {
        set(
            schema,
            "examples",
            json!(["5af87e7fce2b90ae1cbd621cd58059036a3c7436"]),
        );
    }
}

/// Whether Git allows `text` as the name of a branch or tag (git-check-ref-format).
fn is_reference(text: &str) -> bool {
    let forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    text.len() <= 255
        && text != "@"
        && !text.starts_with('-')
        && !text.ends_with('.')
        && !text.contains(forbidden)
        && !text.contains("..")
        && !text.contains("@{")
        && text.split('/').all(part)
}
