//! TOML that may be broken.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::super::problem::{Problem, ProblemKind, Problems, line_of};
use super::super::reader::Node;

/// Above this, a broken text is not searched for more than its first error, in bytes.
const SEARCHED: usize = 1 << 20;

/// With more errors than this, a text is something else than TOML.
const MOST: usize = 100;

/// Parses `text`, and reports what is not TOML. `None` when what could be read is not worth looking at.
pub(super) fn parse<'i>(text: &'i str, problems: &mut Problems) -> Option<Node<'i>> {
    let error = match DeTable::parse(text) {
        Ok(table) => return Some(node(table)),
        Err(error) => error,
    };
    if text.len() > SEARCHED {
        problems.push(problem(text, &error));
        return None;
    }
    let (table, mut errors) = DeTable::parse_recoverable(text);
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    errors.dedup_by_key(|error| error.span());
    if errors.len() > MOST || errors.iter().any(|error| spreads(text, error)) {
        // What follows is read as something else than was meant.
        problems.push(problem(text, errors.first().unwrap_or(&error)));
        return None;
    }
    let mut repeated = 0..0;
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        // The keys of a table that is there twice are there twice too.
        if is_duplicate(error) && repeated.contains(&span.start) {
            continue;
        }
        if is_duplicate(error) && is_header(text, &span) {
            let body = line_of(text, &span).end;
            repeated = body..text[body..].find("\n[").map_or(text.len(), |next| body + next);
        }
        problems.push(problem(text, error));
    }
    Some(node(table))
}

fn node(table: Spanned<DeTable<'_>>) -> Node<'_> {
    let span = table.span();
    Spanned::new(span, DeValue::Table(table.into_inner()))
}

/// Whether an error reaches beyond its line: an open bracket, an open multi-line string, a broken header.
fn spreads(text: &str, error: &Error) -> bool {
    let message = error.message();
    let in_header = error.span().is_some_and(|span| is_header(text, &span));
    message.contains("unclosed") || message.contains("multi-line") || in_header && !is_duplicate(error)
}

fn is_duplicate(error: &Error) -> bool {
    error.message() == "duplicate key"
}

fn is_header(text: &str, span: &Range<usize>) -> bool {
    text[line_of(text, span)].trim_start().starts_with('[')
}

fn problem(text: &str, error: &Error) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let message = error.message();
    if is_duplicate(error) {
        let key = text.get(span.clone()).unwrap_or("this");
        let message = format!("the key {} is there twice", super::quoted(key));
        let problem = Problem::new(ProblemKind::Duplicate, &span, message);
        return problem.maybe_hint(
            is_header(text, &span).then(|| format!("write `[[{key}]]` where there may be several")),
        );
    }
    let problem = Problem::new(ProblemKind::Syntax, &span, "this is not TOML");
    let hint = message
        .starts_with("string values must be quoted")
        .then(|| "put strings in quotes".to_owned());
    problem.label(message).maybe_hint(hint)
}

/// Drops the problems from index `first` on that stand in a line with one of those before: they follow from it.
pub(super) fn forget_consequences(problems: &mut Problems, first: usize) {
    let source = problems.source.clone();
    let broken: Vec<_> = problems.problems[..first]
        .iter()
        .map(|problem| line_of(&source, &problem.span))
        .collect();
    let mut index = 0;
    problems.problems.retain(|problem| {
        index += 1;
        let hit = |line: &Range<usize>| line.start <= problem.span.start && problem.span.start <= line.end;
        index <= first || !broken.iter().any(hit)
    });
}
