//! The kinds of single values in a manifest: what each looks like, and what it is refused for.
//!
//! A value that stands alone is checked here, where it is read; what depends on
//! other values is checked in [`super::validate`].

mod choice;
mod name;
mod place;
mod quantity;

use schemars::Schema;
use serde_json::json;

pub(super) use choice::{Better, Runner};
pub(super) use quantity::{Amount, Day, Lasting, Number, POINTS_OF_NOTHING, Size, Slack, Whole, Word};
#[cfg(test)]
use quantity::{Margin, Side};

use super::problem::{ProblemKind, quoted};
use super::reader::{FromText, Unfit, from_text};

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
        let unfit = Unfit::new(ProblemKind::TooMany, format!("{} bytes are too many", text.len()));
        return Err(unfit.label(format!("at most {LONGEST_TEXT}")));
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

#[cfg(test)]
mod tests;
