//! What is wrong with a manifest, and how that looks to the person who wrote it.
//!
//! A [`Problem`] is a place and a few words; [`Problems`] are all those of one
//! manifest, with its text, so that each can be shown under the line that it is
//! about. Nothing here decides whether something is a problem.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use crate::error::{Diagnose, Fault};

/// How many problems of one manifest are kept; the rest is only counted.
const MOST: usize = 200;

/// The longest line that is shown, in bytes.
const LONGEST_LINE: usize = 4096;

/// What sort of problem it is. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProblemKind {
    /// Not TOML.
    Syntax,
    /// A key that does not exist here.
    UnknownKey,
    /// A key that must be there and is not.
    MissingKey,
    /// A string where a number is expected, and the like.
    WrongType,
    /// A word that is not among the possible ones.
    UnknownChoice,
    /// A metric that is not in the registry and says no direction.
    UnknownMetric,
    /// The same id, seed or place twice.
    Duplicate,
    /// Something is named that does not exist.
    DanglingReference,
    /// An id that could not become a file name.
    BadId,
    /// A printed number that cannot be read.
    BadNumber,
    /// A number that cannot be.
    ImpossibleValue,
    /// A regular expression that does not compile or has no group `value`.
    BadPattern,
    /// An absolute path, one with `..`, or one into `.git`.
    BadPath,
    /// A text that does not have the form it must have.
    BadText,
    /// `{…}` in a command that stands for nothing.
    BadPlaceholder,
    /// Keys that exclude or contradict each other.
    Conflict,
    /// More entries than any real manifest has.
    TooMany,
    /// A pin is missing: `reproof lock` finds it.
    Unpinned,
    /// Advice: no claim is primary, so all are.
    NoPrimary,
    /// Advice: the code's own word is taken for what could be recomputed.
    OwnWord,
    /// Advice: the tolerance is as large as the claim.
    WideTolerance,
    /// Advice: declared and used by nothing.
    Unused,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [Self; 22] = [
        Self::Syntax,
        Self::UnknownKey,
        Self::MissingKey,
        Self::WrongType,
        Self::UnknownChoice,
        Self::UnknownMetric,
        Self::Duplicate,
        Self::DanglingReference,
        Self::BadId,
        Self::BadNumber,
        Self::ImpossibleValue,
        Self::BadPattern,
        Self::BadPath,
        Self::BadText,
        Self::BadPlaceholder,
        Self::Conflict,
        Self::TooMany,
        Self::Unpinned,
        Self::NoPrimary,
        Self::OwnWord,
        Self::WideTolerance,
        Self::Unused,
    ];

    /// The code that people and programs see, in kebab case.
    pub fn code(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownKey => "unknown-key",
            Self::MissingKey => "missing-key",
            Self::WrongType => "wrong-type",
            Self::UnknownChoice => "unknown-choice",
            Self::UnknownMetric => "unknown-metric",
            Self::Duplicate => "duplicate",
            Self::DanglingReference => "dangling-reference",
            Self::BadId => "bad-id",
            Self::BadNumber => "bad-number",
            Self::ImpossibleValue => "impossible-value",
            Self::BadPattern => "bad-pattern",
            Self::BadPath => "bad-path",
            Self::BadText => "bad-text",
            Self::BadPlaceholder => "bad-placeholder",
            Self::Conflict => "conflict",
            Self::TooMany => "too-many",
            Self::Unpinned => "unpinned",
            Self::NoPrimary => "no-primary",
            Self::OwnWord => "own-word",
            Self::WideTolerance => "wide-tolerance",
            Self::Unused => "unused",
        }
    }

    /// Whether a manifest with it is valid all the same.
    pub fn is_advice(self) -> bool {
        match self {
            Self::NoPrimary | Self::OwnWord | Self::WideTolerance | Self::Unused => true,
            Self::Syntax
            | Self::UnknownKey
            | Self::MissingKey
            | Self::WrongType
            | Self::UnknownChoice
            | Self::UnknownMetric
            | Self::Duplicate
            | Self::DanglingReference
            | Self::BadId
            | Self::BadNumber
            | Self::ImpossibleValue
            | Self::BadPattern
            | Self::BadPath
            | Self::BadText
            | Self::BadPlaceholder
            | Self::Conflict
            | Self::TooMany
            | Self::Unpinned => false,
        }
    }
}

/// One thing that is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What sort.
    pub kind: ProblemKind,
    /// What is wrong: lower case, no full stop, names in backticks.
    pub message: String,
    /// A few words under the place, such as what was expected; may be empty.
    pub label: String,
    /// What to write instead, where that is known.
    pub hint: Option<String>,
    /// Where: bytes of the manifest.
    pub span: Range<usize>,
}

impl Problem {
    /// Without label and hint.
    pub(super) fn new(kind: ProblemKind, span: &Range<usize>, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            label: String::new(),
            hint: None,
            span: span.clone(),
        }
    }

    /// With these words under the place.
    #[must_use]
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With a hint.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a hint, if there is one.
    #[must_use]
    pub(super) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

/// All problems, or all advice, of one manifest, in the order of its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Problems {
    /// The manifest, as it is named in messages.
    pub file: PathBuf,
    /// Its text.
    pub source: Arc<str>,
    /// At most 200.
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub omitted: usize,
}

impl Problems {
    /// None yet.
    pub(super) fn none(file: &Path, source: &Arc<str>) -> Self {
        Self {
            file: file.to_owned(),
            source: Arc::clone(source),
            problems: Vec::new(),
            omitted: 0,
        }
    }

    /// Adds one, or only counts it when there are very many.
    pub(super) fn push(&mut self, problem: Problem) {
        if self.is_full() {
            self.omitted += 1;
        } else {
            self.problems.push(problem);
        }
    }

    /// Whether further problems are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.problems.len() >= MOST
    }

    /// Takes those out for which `advice` holds of their kind.
    pub(super) fn split_advice(mut self) -> (Self, Self) {
        let mut advice = Self::none(&self.file, &self.source);
        let (mine, errors) = std::mem::take(&mut self.problems)
            .into_iter()
            .partition(|problem| problem.kind.is_advice());
        advice.problems = mine;
        self.problems = errors;
        (self, advice)
    }

    /// Puts them in the order of the text.
    pub(super) fn sort(&mut self) {
        self.problems
            .sort_by_key(|problem| (problem.span.start, problem.span.end));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// One line: how many, and in which file.
    pub fn summary(&self) -> String {
        let count = self.problems.len() + self.omitted;
        let noun = if count == 1 { "problem" } else { "problems" };
        let file = normalize_untrusted_str(&self.file.display().to_string());
        format!("{count} {noun} in `{file}`")
    }

    /// Each problem with its file, line, column, the line underlined, and what to do; ends without a newline.
    ///
    /// With `color`, uses ANSI escapes; without, the words and marks carry everything.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut shown: Vec<_> = self
            .problems
            .iter()
            .map(|problem| self.render_one(problem, &renderer))
            .collect();
        if self.omitted > 0 {
            shown.push(format!("… and {} more", self.omitted));
        }
        shown.join("\n\n")
    }

    fn render_one(&self, problem: &Problem, renderer: &Renderer) -> String {
        let level = if problem.kind.is_advice() {
            Level::WARNING
        } else {
            Level::ERROR
        };
        let title = level
            .primary_title(normalize_untrusted_str(&problem.message))
            .id(problem.kind.code());
        let path = normalize_untrusted_str(&self.file.display().to_string());
        let place = Place::of(&self.source, &problem.span);
        let mut group = match place.line {
            Some(line) => {
                let mut mark = AnnotationKind::Primary.span(place.span);
                if !problem.label.is_empty() {
                    mark = mark.label(normalize_untrusted_str(&problem.label));
                }
                let snippet = Snippet::source(line).path(path).line_start(place.number);
                Group::with_title(title).element(snippet.annotation(mark))
            }
            None => {
                let origin = Origin::path(path)
                    .line(place.number)
                    .char_column(place.span.start + 1);
                let group = Group::with_title(title).element(origin);
                if problem.label.is_empty() {
                    group
                } else {
                    group.element(Level::NOTE.message(normalize_untrusted_str(&problem.label)))
                }
            }
        };
        if let Some(hint) = &problem.hint {
            group = group.element(Level::HELP.message(normalize_untrusted_str(hint)));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text of the manifest is left out: whoever debugs wants to see the problems.
        f.debug_struct("Problems")
            .field("file", &self.file)
            .field("problems", &self.problems)
            .field("omitted", &self.omitted)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Problems {}

impl Diagnose for Problems {
    fn fault(&self) -> Fault {
        Fault::Manifest
    }
}

/// The line on which a span begins.
struct Place {
    /// Counted from 1.
    number: usize,
    /// The line without its end, made safe to print; `None` when it is too long to be shown.
    line: Option<String>,
    /// What is underlined, within the line.
    span: Range<usize>,
}

impl Place {
    /// The place of `span`, which may be anything: it is brought within `source`.
    fn of(source: &str, span: &Range<usize>) -> Self {
        let whole = line_of(source, span);
        let line = source[whole.clone()].trim_end_matches('\r');
        let from = boundary(line, span.start.saturating_sub(whole.start));
        let to = boundary(line, span.end.saturating_sub(whole.start)).max(from);
        Self {
            number: source[..whole.start].matches('\n').count() + 1,
            span: from..to,
            line: (line.len() <= LONGEST_LINE).then(|| line.chars().map(tame).collect()),
        }
    }
}

/// The line in which `span` begins, without its end.
pub(super) fn line_of(text: &str, span: &Range<usize>) -> Range<usize> {
    let (before, behind) = text.as_bytes().split_at(span.start.min(text.len()));
    let newline = |byte: &u8| *byte == b'\n';
    let begin = before.iter().rposition(newline).map_or(0, |newline| newline + 1);
    let end = behind
        .iter()
        .position(newline)
        .map_or(text.len(), |newline| before.len() + newline);
    begin..end
}

/// The last place at or before `at`, and within `text`, where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Replaces the control characters that the renderer lets through, by one of the same length in UTF-8.
fn tame(c: char) -> char {
    if ('\u{80}'..='\u{9f}').contains(&c) {
        '¿'
    } else {
        c
    }
}

/// `text` as it may stand in a message: in backticks, short, and without control characters.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 80;
    let mut shown = String::new();
    for c in text.chars().take(SHOWN) {
        match c {
            '\'' | '"' | '\\' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(source: &str, span: Range<usize>) -> String {
        let mut problems = Problems::none(Path::new("paper.toml"), &Arc::from(source));
        problems.push(Problem::new(ProblemKind::Syntax, &span, "wrong").label("here"));
        problems.render(false)
    }

    #[test]
    fn any_span_is_brought_within_the_text() {
        for source in ["", "\n", "ü", "a = 1\r\nb = 'ü'\n", "a"] {
            for start in 0..20 {
                for end in 0..20 {
                    assert!(rendered(source, start..end).contains("paper.toml:"));
                }
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_only_named() {
        let source = format!("a = 1\nb = \"{}\"", "x".repeat(10_000));
        insta::assert_snapshot!(rendered(&source, 10..20), @r"
        error[syntax]: wrong
        --> paper.toml:2:5
         = note: here
        ");
    }

    #[test]
    fn only_the_first_line_of_several_is_shown() {
        insta::assert_snapshot!(rendered("a = [\n  1,\n]\n", 4..12), @r"
        error[syntax]: wrong
         --> paper.toml:1:5
          |
        1 | a = [
          |     ^ here
        ");
    }

    #[test]
    fn quoted_text_is_short_and_tame() {
        assert_eq!(quoted("a\u{1b}b\"c'"), "`a\\u{1b}b\"c'`");
        assert_eq!(quoted(&"x".repeat(200)).chars().count(), 83);
    }
}
