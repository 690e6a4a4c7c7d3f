//! What stands between braces in a command.

use thiserror::Error;

/// A part of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Itself.
    Text(&'a str),
    /// `{seed}`: the seed of this run.
    Seed,
    /// `{out}`: the output folder.
    Out,
    /// `{data:ID}`: where the data set lies.
    Data(&'a str),
    /// `{checkpoint:ID}`: where the checkpoint lies.
    Checkpoint(&'a str),
    /// `{file:PATH}`: where the checker's file lies.
    File(&'a str),
}

/// What stands between braces has no meaning.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BadPlaceholder {
    /// No such placeholder.
    #[error("unknown placeholder `{{{0}}}`")]
    Unknown(String),
    /// A brace that is not closed.
    #[error("the brace before `{0}` is not closed")]
    Open(String),
}

/// The parts of `argument`, in order. `{{` and `}}` are literal braces, and so is a `}` that closes nothing.
///
/// # Errors
///
/// When there is a `{` that begins no placeholder.
///
/// # Examples
///
/// ```
/// use reproof::manifest::{Piece, pieces};
///
/// assert_eq!(pieces("--seed={seed}"), Ok(vec![Piece::Text("--seed="), Piece::Seed]));
/// assert!(pieces("{sed}").is_err());
/// ```
pub fn pieces(argument: &str) -> Result<Vec<Piece<'_>>, BadPlaceholder> {
    let mut pieces = Vec::new();
    let mut rest = argument;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        rest = if brace.starts_with("{{") || brace.starts_with("}}") {
            pieces.push(Piece::Text(&brace[..1]));
            &brace[2..]
        } else if let Some(after) = brace.strip_prefix('}') {
            pieces.push(Piece::Text(&brace[..1]));
            after
        } else {
            let inside = &brace[1..];
            let (name, after) = inside
                .split_once('}')
                .ok_or_else(|| BadPlaceholder::Open(head(inside)))?;
            pieces.push(named(name).ok_or_else(|| BadPlaceholder::Unknown(head(name)))?);
            after
        };
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

fn named(name: &str) -> Option<Piece<'_>> {
    match name.split_once(':') {
        None if name == "seed" => Some(Piece::Seed),
        None if name == "out" => Some(Piece::Out),
        Some(("data", id)) => Some(Piece::Data(id)),
        Some(("checkpoint", id)) => Some(Piece::Checkpoint(id)),
        Some(("file", path)) => Some(Piece::File(path)),
        _ => None,
    }
}

/// As much of `text` as a message can bear.
fn head(text: &str) -> String {
    text.chars()
        .take(40)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_taken_apart() {
        use Piece::{Checkpoint, Data, File, Out, Seed, Text};
        let check = |argument, expected: &[Piece<'_>]| assert_eq!(pieces(argument).as_deref(), Ok(expected));
        check("", &[]);
        check("plain", &[Text("plain")]);
        check("{seed}", &[Seed]);
        check("--out={out}/x", &[Text("--out="), Out, Text("/x")]);
        check("{data:a}{checkpoint:b}", &[Data("a"), Checkpoint("b")]);
        check("{file:harness/evaluate.py}", &[File("harness/evaluate.py")]);
        check(
            "{{\"lr\": {{}}}}",
            &[Text("{"), Text("\"lr\": "), Text("{"), Text("}"), Text("}")],
        );
        check("a}b", &[Text("a"), Text("}"), Text("b")]);
    }

    #[test]
    fn a_brace_that_means_nothing_is_refused() {
        assert_eq!(pieces("{sed}"), Err(BadPlaceholder::Unknown("sed".to_owned())));
        assert_eq!(
            pieces("{\"a\": 1}"),
            Err(BadPlaceholder::Unknown("\"a\": 1".to_owned()))
        );
        assert_eq!(pieces("x {seed"), Err(BadPlaceholder::Open("seed".to_owned())));
    }
}
