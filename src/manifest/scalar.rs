//! The kinds of single values in a manifest: what each looks like, and what it is refused for.
//!
//! A value that stands alone is checked here, where it is read; what depends on
//! other values is checked in [`super::validate`].

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;
use toml::de::DeValue;

use super::problem::{Problem, ProblemKind, Problems, quoted};
use super::reader::{FromText, FromToml, Node, Unfit, from_text, listed, nearest, read_text, wrong_type};
use super::{
    AsOf, CheckpointFormat, CommitId, EnvironmentKind, Phase, Pick, Printed, Revision, Role, TRUST_CHECKS,
    TableFormat, Tolerance, Unit,
};
use crate::digest::Digest;
use crate::error::Diagnose as _;

/// The longest prose, in bytes.
const LONGEST_TEXT: usize = 10_000;

/// Declares types that hold one checked string.
macro_rules! strings {
    ($($(#[$meta:meta])* $name:ident,)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(super) struct $name(pub(super) String);

        from_text!($name);
    )*};
}

strings! {
    /// Prose: may have several lines.
    Text,
    /// Words on one line.
    Line,
    /// Whatever a process can be given.
    Argument,
    /// An id: becomes a file name.
    Id,
    /// A file below some folder.
    RelativePath,
    /// A folder at or below some folder.
    RelativeFolder,
    /// Where bytes come from.
    Source,
    /// Where a Git repository lies.
    Repository,
    /// A web page.
    WebAddress,
    /// A DOI.
    Doi,
    /// An arXiv id.
    Arxiv,
    /// A wanted Python.
    PythonVersion,
    /// A requirement of a Python package.
    Requirement,
    /// A regular expression with a group `value`.
    Pattern,
    /// A JSON pointer.
    Pointer,
    /// A device to compute on.
    Device,
    /// A currency.
    Currency,
    /// The name of a trust check.
    TrustCheck,
}

fn set(schema: &mut Schema, key: &str, value: serde_json::Value) {
    schema.insert(key.to_owned(), value);
}

fn bad(message: impl Into<String>) -> Unfit {
    Unfit::new(ProblemKind::BadText, message)
}

/// Refuses what could not be printed, or is no text at all.
fn printable(text: &str, what: &str, allowed: &[char]) -> Result<String, Unfit> {
    if text.trim().is_empty() {
        return Err(bad(format!("{what} is expected, not an empty string")));
    }
    if text.len() > LONGEST_TEXT {
        return Err(Unfit::new(
            ProblemKind::TooMany,
            format!("{} bytes are too many", text.len()),
        ));
    }
    match text.chars().find(|c| c.is_control() && !allowed.contains(c)) {
        Some(control) => Err(bad(format!(
            "{what} cannot have the control character `{}`",
            control.escape_debug()
        ))),
        None => Ok(text.to_owned()),
    }
}

impl FromText for Text {
    const WHAT: &'static str = "a string";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        printable(text, "a text", &['\n', '\t']).map(Self)
    }
}

impl FromText for Line {
    const WHAT: &'static str = "a string";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        printable(text, "a text on one line", &[]).map(Self)
    }
}

impl FromText for Argument {
    const WHAT: &'static str = "a string";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        if text.contains('\0') {
            return Err(bad("no program can be given the character `\\0`"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromText for Id {
    const WHAT: &'static str = "an id";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        let first = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric());
        if first && text.len() <= 64 && text.as_bytes().iter().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        let unfit = Unfit::new(ProblemKind::BadId, format!("{} cannot be an id", quoted(text)));
        Err(unfit.hint(
            "an id begins with a letter or digit and has at most 64 of: letters, digits, `.`, `_`, `-`",
        ))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "pattern", json!("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"));
    }
}

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
const SCHEMES: [&str; 6] = ["repo", "https", "http", "file", "pypi", "hf"];

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
            "file" | "hf" => !rest.is_empty(),
            _ => {
                let unfit = bad(format!("unknown source {}", quoted(&format!("{scheme}:"))));
                return Err(match nearest(scheme, &SCHEMES) {
                    Some(near) => unfit.label(format!("did you mean `{near}:`?")),
                    None => unfit.hint("sources are `repo:`, `https:`, `file:`, `pypi:` and `hf:`"),
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
        set(schema, "pattern", json!("^(repo|https?|file|pypi|hf):"));
        set(
            schema,
            "examples",
            json!([
                "repo:data/train.csv",
                "https://example.org/train.csv",
                "pypi:NAME==1.2.3/NAME/data.csv"
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

impl FromText for Doi {
    const WHAT: &'static str = "a DOI";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let text = printable(text, Self::WHAT, &[])?;
        let registered = |text: &str| {
            let parts = text.strip_prefix("10.").and_then(|rest| rest.split_once('/'));
            parts.is_some_and(|(registrant, suffix)| !registrant.is_empty() && !suffix.is_empty())
        };
        if registered(&text) {
            return Ok(Self(text));
        }
        let unfit = bad(format!("{} is not a DOI", quoted(&text)));
        Err(
            match text
                .find("10.")
                .map(|at| &text[at..])
                .filter(|text| registered(text))
            {
                Some(bare) => unfit.hint(format!("write `{bare}`")),
                None => unfit.hint("a DOI looks like `10.1609/aaai.v37i9.26317`"),
            },
        )
    }

    fn describe(schema: &mut Schema) {
        set(schema, "pattern", json!("^10\\.[^/]+/.+$"));
    }
}

impl FromText for Arxiv {
    const WHAT: &'static str = "an arXiv id, as a string";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let text = printable(text, "an arXiv id", &[])?;
        if is_arxiv(&text) {
            return Ok(Self(text));
        }
        let unfit = bad(format!("{} is not an arXiv id", quoted(&text)));
        let last = text
            .rsplit(['/', ':'])
            .next()
            .map(|id| id.trim_end_matches(".pdf"));
        Err(match last.filter(|id| is_arxiv(id)) {
            Some(bare) => unfit.hint(format!("write `{bare}`")),
            None => unfit.hint("an arXiv id looks like `1710.10903`, `1710.10903v3` or `cs/0112017`"),
        })
    }

    fn describe(schema: &mut Schema) {
        set(
            schema,
            "pattern",
            json!("^([0-9]{4}\\.[0-9]{4,5}|[a-z-]+(\\.[A-Z]{2})?/[0-9]{7})(v[0-9]+)?$"),
        );
    }
}

/// `YYMM.NNNNN` or `archive/YYMMNNN`, with an optional version.
fn is_arxiv(text: &str) -> bool {
    let digits = |text: &str, lengths: &[usize]| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (id, version) = match text.rsplit_once('v') {
        Some((id, version)) if id.ends_with(|c: char| c.is_ascii_digit()) => (id, Some(version)),
        _ => (text, None),
    };
    let archive = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphabetic() || b"-.".contains(&b))
    };
    let modern = id
        .split_once('.')
        .is_some_and(|(month, number)| digits(month, &[4]) && digits(number, &[4, 5]));
    let old = id
        .split_once('/')
        .is_some_and(|(name, number)| archive(name) && digits(number, &[7]));
    (modern || old) && version.is_none_or(|version| digits(version, &[1, 2, 3]))
}

impl FromText for PythonVersion {
    const WHAT: &'static str = "a Python version, as a string";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let parts: Vec<_> = text.split('.').collect();
        let number =
            |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if parts.len() <= 3 && parts.iter().all(number) {
            return Ok(Self(text.to_owned()));
        }
        let unfit = bad(format!("{} is not a Python version", quoted(text)));
        Err(unfit.hint("write `3`, `3.11` or `3.11.9`"))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "pattern", json!("^[0-9]{1,3}(\\.[0-9]{1,3}){0,2}$"));
    }
}

impl FromText for Requirement {
    const WHAT: &'static str = "a requirement";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let text = printable(text, Self::WHAT, &[])?;
        if text.trim_start().starts_with('-') {
            let unfit = bad(format!("{} is an option, not a requirement", quoted(&text)));
            return Err(unfit.hint("which package registry is used is a setting of the machine"));
        }
        Ok(Self(text))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "examples", json!(["torch==2.2.2"]));
    }
}

impl FromText for Pattern {
    const WHAT: &'static str = "a regular expression";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let unfit = |message: String| Unfit::new(ProblemKind::BadPattern, message);
        if text.len() > LONGEST_TEXT {
            return Err(unfit("the pattern is too long".to_owned()));
        }
        let pattern = regex::Regex::new(text).map_err(|error| unfit(describe_regex(&error)))?;
        if pattern.capture_names().flatten().any(|name| name == "value") {
            return Ok(Self(text.to_owned()));
        }
        let unfit = unfit("the pattern has no group named `value`".to_owned());
        Err(unfit.hint("write `(?<value>…)` around the number, as in `'accuracy= (?<value>[0-9.]+)'`"))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "format", json!("regex"));
        set(schema, "pattern", json!("\\(\\?P?<value>"));
        set(schema, "examples", json!(["accuracy= (?<value>[0-9.]+)"]));
    }
}

/// The last line of the message: the others draw the pattern, which is underlined already.
fn describe_regex(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or("it is not understood");
    let reason = last.trim().trim_start_matches("error: ");
    format!("the pattern does not compile: {reason}")
}

impl FromText for Pointer {
    const WHAT: &'static str = "a JSON pointer";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let escapes = text
            .split('~')
            .skip(1)
            .all(|behind| behind.starts_with(['0', '1']));
        if (text.is_empty() || text.starts_with('/')) && escapes {
            return Ok(Self(text.to_owned()));
        }
        let unfit = bad(format!("{} is not a JSON pointer", quoted(text)));
        let parts: Vec<_> = text.split(['.', '/']).filter(|part| !part.is_empty()).collect();
        Err(if escapes && !parts.is_empty() {
            unfit.hint(format!("write `/{}`", parts.join("/")))
        } else {
            unfit.hint("a pointer looks like `/test/acc`; `~0` stands for `~` and `~1` for `/`")
        })
    }

    fn describe(schema: &mut Schema) {
        set(schema, "pattern", json!("^(/([^~]|~[01])*)?$"));
        set(schema, "examples", json!(["/test/acc"]));
    }
}

impl FromText for Device {
    const WHAT: &'static str = "a device";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let number = text.strip_prefix("cuda:");
        let numbered =
            number.is_some_and(|n| (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()));
        if numbered || ["auto", "cpu", "cuda"].contains(&text) {
            return Ok(Self(text.to_owned()));
        }
        let unfit = Unfit::new(
            ProblemKind::UnknownChoice,
            format!("unknown device {}", quoted(text)),
        );
        Err(unfit.hint("devices are `auto`, `cpu`, `cuda` and `cuda:0`, `cuda:1` …"))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "pattern", json!("^(auto|cpu|cuda(:[0-9]{1,3})?)$"));
        set(schema, "examples", json!(["auto", "cpu", "cuda:0"]));
    }
}

impl FromText for Currency {
    const WHAT: &'static str = "a currency";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Ok(Self(text.to_owned()));
        }
        Err(bad(format!("{} is not a currency", quoted(text)))
            .hint("write the three letters of ISO 4217, such as `USD`"))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "pattern", json!("^[A-Z]{3}$"));
    }
}

impl FromText for TrustCheck {
    const WHAT: &'static str = "the name of a trust check";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        choose(text, "trust check", &TRUST_CHECKS).map(|_| Self(text.to_owned()))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "enum", json!(TRUST_CHECKS));
    }
}

/// The position of `text` among `words`, or an error that names the nearest.
fn choose(text: &str, what: &str, words: &[&str]) -> Result<usize, Unfit> {
    if let Some(position) = words.iter().position(|word| *word == text) {
        return Ok(position);
    }
    let unfit = Unfit::new(
        ProblemKind::UnknownChoice,
        format!("unknown {what} {}", quoted(text)),
    );
    let unfit = match nearest(text, words) {
        Some(near) => unfit.label(format!("did you mean `{near}`?")),
        None => unfit,
    };
    Err(unfit.hint(format!("possible are {}", listed(words))))
}

/// Implements reading for enums of words.
macro_rules! choices {
    ($($name:ident, $what:literal, $article:literal: { $($word:literal => $value:expr,)* })*) => {$(
        from_text!($name);

        impl FromText for $name {
            const WHAT: &'static str = concat!($article, " ", $what, ", as a string");

            fn from_text(text: &str) -> Result<Self, Unfit> {
                let words = [$($word),*];
                let values = [$($value),*];
                choose(text, $what, &words).map(|position| values[position])
            }

            fn describe(schema: &mut Schema) {
                set(schema, "enum", json!([$($word),*]));
            }
        }
    )*};
}

/// Which library runs a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    Onnx,
    Torch,
}

/// Which way a metric improves, in the words of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Better {
    Higher,
    Lower,
}

choices! {
    EnvironmentKind, "kind of environment", "a": {
        "uv" => EnvironmentKind::Uv,
        "system" => EnvironmentKind::System,
        "none" => EnvironmentKind::None,
    }
    Role, "role", "a": {
        "train" => Role::Train,
        "validation" => Role::Validation,
        "test" => Role::Test,
        "labels" => Role::Labels,
        "other" => Role::Other,
    }
    TableFormat, "format of tables", "a": {
        "csv" => TableFormat::Csv,
        "tsv" => TableFormat::Tsv,
        "parquet" => TableFormat::Parquet,
        "jsonl" => TableFormat::Jsonl,
        "npy" => TableFormat::Npy,
    }
    CheckpointFormat, "format of checkpoints", "a": {
        "onnx" => CheckpointFormat::Onnx,
        "torchscript" => CheckpointFormat::Torchscript,
        "safetensors" => CheckpointFormat::Safetensors,
        "pickle" => CheckpointFormat::Pickle,
    }
    Phase, "phase", "a": {
        "prepare" => Phase::Prepare,
        "train" => Phase::Train,
        "evaluate" => Phase::Evaluate,
    }
    Pick, "choice of a match", "a": {
        "only" => Pick::Only,
        "last" => Pick::Last,
        "first" => Pick::First,
        "best" => Pick::Best,
        "all" => Pick::All,
    }
    Unit, "unit", "a": {
        "native" => Unit::Native,
        "percent" => Unit::Percent,
    }
    Runner, "runner", "a": {
        "onnx" => Runner::Onnx,
        "torch" => Runner::Torch,
    }
    Better, "direction", "a": {
        "higher" => Better::Higher,
        "lower" => Better::Lower,
    }
}

from_text!(Digest, Revision, Lasting, Size, Margin);

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
    const WHAT: &'static str = "a commit id, as a string";

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

/// A duration, such as `30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lasting(pub(super) Duration);

impl FromText for Lasting {
    const WHAT: &'static str = "a duration such as `\"30m\"`, as a string";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
        let hint = "write `30s`, `45m`, `1h 30m` or `2d`";
        let Ok(duration) = humantime::parse_duration(text.trim()) else {
            return Err(bad(format!("{} is not a duration", quoted(text))).hint(hint));
        };
        let impossible = |message: String| Err(Unfit::new(ProblemKind::ImpossibleValue, message).hint(hint));
        if duration.is_zero() {
            return impossible("a duration of zero leaves no time".to_owned());
        }
        if duration > LONGEST {
            return impossible(format!("{} is more than a year", quoted(text)));
        }
        Ok(Self(duration))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "examples", json!(["30s", "45m", "1h 30m"]));
    }
}

/// A number of bytes, such as `8 GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

impl FromText for Size {
    const WHAT: &'static str = "a size such as `\"8 GiB\"`, as a string";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let hint = "write `512 MiB` or `8 GiB`";
        let Ok(size) = text.trim().parse::<bytesize::ByteSize>() else {
            return Err(bad(format!("{} is not a size", quoted(text))).hint(hint));
        };
        let impossible = |message: String| Err(Unfit::new(ProblemKind::ImpossibleValue, message).hint(hint));
        if size < bytesize::ByteSize::mib(1) {
            return impossible(format!("{} is less than any program needs", quoted(text)));
        }
        if size > bytesize::ByteSize::pib(1) {
            return impossible(format!("{} is more than any machine has", quoted(text)));
        }
        Ok(Self(size.as_u64()))
    }

    fn describe(schema: &mut Schema) {
        set(schema, "examples", json!(["512 MiB", "8 GiB"]));
    }
}

/// One side of a tolerance, as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Side {
    /// `0.005`
    Native(f64),
    /// `0.5 points`, as the fraction 0.005.
    Points(f64),
    /// `1 %`, as the fraction 0.01.
    Relative(f64),
}

/// A tolerance as written: `1 %`, `0.005`, `0.5 points`, or two of them joined by `or`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Margin(pub(super) Vec<Side>);

impl Margin {
    /// What a bare number says.
    fn bare(value: f64) -> Self {
        Self(vec![Side::Native(value)])
    }
}

impl FromText for Margin {
    const WHAT: &'static str = "a tolerance";

    fn from_text(text: &str) -> Result<Self, Unfit> {
        let sides = text.split(" or ").map(side).collect::<Result<Vec<_>, _>>()?;
        let relative = sides
            .iter()
            .filter(|side| matches!(side, Side::Relative(_)))
            .count();
        if relative > 1 || sides.len() - relative > 1 {
            let unfit = bad(format!("{} says the same thing twice", quoted(text)));
            return Err(
                unfit.hint("a tolerance has at most one relative and one absolute side: `1 % or 0.005`")
            );
        }
        Ok(Self(sides))
    }

    fn describe(schema: &mut Schema) {
        set(
            schema,
            "examples",
            json!(["1 %", "0.005", "0.5 points", "1 % or 0.005"]),
        );
    }
}

impl Margin {
    /// The tolerance around `value`; `None` where points are meant and the value is not printed in per cent.
    pub(super) fn around(&self, value: &Printed) -> Option<Tolerance> {
        let mut tolerance = Tolerance {
            absolute: None,
            relative: None,
        };
        for side in &self.0 {
            match *side {
                Side::Native(absolute) => tolerance.absolute = Some(absolute),
                Side::Relative(relative) => tolerance.relative = Some(relative),
                Side::Points(points) if value.percent => tolerance.absolute = Some(points),
                Side::Points(_) => return None,
            }
        }
        Some(tolerance)
    }
}

impl Tolerance {
    /// Reads a tolerance around `value`: `1 %` of it, `0.005`, `0.5 points`, `1 % or 0.005`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn parse(text: &str, value: &Printed) -> Result<Self, String> {
        let margin = Margin::from_text(text).map_err(|unfit| unfit.message)?;
        margin.around(value).ok_or_else(|| POINTS_OF_NOTHING.to_owned())
    }
}

/// Why a tolerance in points is refused.
pub(super) const POINTS_OF_NOTHING: &str =
    "points are of a value that is printed in per cent, and this one is not";

fn side(text: &str) -> Result<Side, Unfit> {
    let text = text.trim();
    let points = ["points", "point"]
        .iter()
        .find_map(|unit| text.strip_suffix(unit));
    let unreadable = |error: super::ValueError| {
        let unfit = Unfit::new(ProblemKind::BadNumber, error.to_string());
        unfit.hint("a tolerance looks like `1 %` (of the claim), `0.005`, `0.5 points` or `1 % or 0.005`")
    };
    let number = match points {
        Some(points) => Printed::parse(&format!("{points} %")),
        None => Printed::parse(text),
    };
    let number = number.map_err(unreadable)?;
    if number.value < 0.0 || number.spread.is_some() {
        let message = format!("{} cannot be a tolerance", quoted(text));
        return Err(Unfit::new(ProblemKind::ImpossibleValue, message).label("expected zero or more"));
    }
    Ok(match (points, number.percent) {
        (Some(_), _) => Side::Points(number.value),
        (None, true) => Side::Relative(number.value),
        (None, false) => Side::Native(number.value),
    })
}

/// A tolerance in quotes, or a bare number.
#[derive(Clone, Debug)]
pub(super) struct Slack(pub(super) Margin);

impl FromToml for Slack {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        if let DeValue::String(_) = node.get_ref() {
            return read_text(node, problems).map(Self);
        }
        let number = Number::from_toml(node, problems)?.0;
        if number.value < 0.0 {
            let message = format!("{} cannot be a tolerance", quoted(&number.text));
            let problem = Problem::new(ProblemKind::ImpossibleValue, &node.span(), message);
            problems.push(problem.label("expected zero or more"));
            return None;
        }
        Some(Self(Margin::bare(number.value)))
    }
}

/// A printed number in quotes, or a bare one whose decimals are those of its text.
#[derive(Clone, Debug)]
pub(super) struct Number(pub(super) Printed);

impl FromToml for Number {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let text: &str = match node.get_ref() {
            DeValue::String(text) => text,
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            _ => return wrong_type(node, "a printed number such as `\"83.0 %\"` or `0.83`", problems),
        };
        match Printed::parse(text) {
            Ok(printed) => Some(Self(printed)),
            Err(error) => {
                let problem = Problem::new(ProblemKind::BadNumber, &node.span(), error.to_string());
                problems.push(
                    problem
                        .label("expected a printed number")
                        .maybe_hint(error.hint()),
                );
                None
            }
        }
    }
}

/// A finite amount, zero or more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount(pub(super) f64);

impl FromToml for Amount {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let text = match node.get_ref() {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            _ => return wrong_type(node, "a number", problems),
        };
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() && value >= 0.0 => Some(Self(value)),
            _ => {
                let message = format!("{} cannot be an amount", quoted(text));
                let problem = Problem::new(ProblemKind::ImpossibleValue, &node.span(), message);
                problems.push(problem.label("expected a finite number, zero or more"));
                None
            }
        }
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole<const MIN: u64, const MAX: u64>(pub(super) u64);

impl<const MIN: u64, const MAX: u64> FromToml for Whole<MIN, MAX> {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let DeValue::Integer(integer) = node.get_ref() else {
            return wrong_type(node, "a whole number", problems);
        };
        let value = u64::from_str_radix(integer.as_str(), integer.radix());
        if let Some(value) = value.ok().filter(|value| (MIN..=MAX).contains(value)) {
            return Some(Self(value));
        }
        let message = format!("{} is not possible here", quoted(integer.as_str()));
        let problem = Problem::new(ProblemKind::ImpossibleValue, &node.span(), message);
        problems.push(problem.label(if MIN == MAX {
            format!("expected {MIN}")
        } else if MAX >= u64::from(u32::MAX) {
            format!("expected {MIN} or more")
        } else {
            format!("expected {MIN} to {MAX}")
        }));
        None
    }
}

impl<const MIN: u64, const MAX: u64> Whole<MIN, MAX> {
    /// As a `u32`; the type's bounds see to it that nothing is lost.
    pub(super) fn small(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

/// A value that stands for its text: a string, a whole number, a float or a boolean.
#[derive(Clone, Debug)]
pub(super) struct Word(pub(super) String);

impl FromToml for Word {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        match node.get_ref() {
            DeValue::String(_) => read_text::<Line>(node, problems).map(|line| Self(line.0)),
            DeValue::Integer(integer) if integer.radix() == 10 => Some(Self(integer.as_str().to_owned())),
            DeValue::Float(float) => Some(Self(float.as_str().to_owned())),
            DeValue::Boolean(value) => Some(Self(value.to_string())),
            _ => wrong_type(node, "a string or number", problems),
        }
    }
}

/// A day, as a TOML date or as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day(pub(super) jiff::civil::Date);

impl FromToml for Day {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let text = match node.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(datetime) => datetime.to_string(),
            _ => return wrong_type(node, "a day such as `\"2023-03-01\"`", problems),
        };
        let day = day(&text);
        if day.is_none() {
            problems.push(not_a_day(&text).at(&node.span()));
        }
        day.map(Self)
    }
}

fn day(text: &str) -> Option<jiff::civil::Date> {
    // The parser takes times as well; a day is ten characters.
    text.parse().ok().filter(|_| text.len() == 10)
}

fn not_a_day(text: &str) -> Unfit {
    bad(format!("{} is not a day", quoted(text))).hint("write year, month and day: `2023-03-01`")
}

impl FromToml for AsOf {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        match node.get_ref() {
            DeValue::String(text) if text == "commit" => Some(Self::Commit),
            DeValue::String(text) if text == "today" => Some(Self::Today),
            DeValue::String(text) if day(text).is_none() => {
                let message = format!("{} is neither `commit`, `today` nor a day", quoted(text));
                let problem = Problem::new(ProblemKind::BadText, &node.span(), message);
                problems.push(problem.hint("write `commit`, `today` or a day such as `2023-03-01`"));
                None
            }
            _ => Day::from_toml(node, problems).map(|day| Self::Date(day.0)),
        }
    }
}

/// Writes the schema of a type that is not read from a string alone.
macro_rules! schemas {
    ($($name:ty => $schema:tt;)*) => {$(
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

schemas! {
    Slack => { "type": ["string", "number"], "minimum": 0, "examples": ["1 %", "0.005", "0.5 points", "1 % or 0.005"] };
    Number => { "type": ["string", "number"], "examples": ["83.0 ± 0.7 %", "0.94", "1.23e-4"] };
    Amount => { "type": "number", "minimum": 0 };
    Word => { "type": ["string", "number", "boolean"] };
    Day => { "type": "string", "format": "date", "examples": ["2023-03-01"] };
    AsOf => { "type": "string", "pattern": "^(commit|today|[0-9]{4}-[0-9]{2}-[0-9]{2})$", "examples": ["commit", "today", "2023-03-01"] };
}

impl<const MIN: u64, const MAX: u64> JsonSchema for Whole<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Whole{MIN}to{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({ "type": "integer", "minimum": MIN });
        if MAX < u64::from(u32::MAX) {
            set(&mut schema, "maximum", json!(MAX));
        }
        schema
    }
}
