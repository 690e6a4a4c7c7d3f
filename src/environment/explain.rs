//! What uv's words mean: the one place that reads them.
//!
//! uv says why in prose only. What is recognised here decides whose turn it is
//! and what to try; the words themselves are always shown.

use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;

use super::choose::current_minor;
use super::error::EnvironmentError;
use super::python::Interpreter;
use super::requirements::renamed;
use super::uv::Ran;
use crate::error::Fault;

/// The longest explanation that is passed on, in characters.
const LONGEST: usize = 6000;

/// What is known of the run that failed.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// What was being done.
    pub(super) action: &'static str,
    /// Until when releases count.
    pub(super) as_of: Option<Timestamp>,
    /// For which Python.
    pub(super) interpreter: &'a Interpreter,
    /// Hints from reading the requirements.
    pub(super) hints: &'a [String],
    /// Who asked for packages, where only one side did.
    pub(super) fault: Fault,
    /// Whether building from source was allowed.
    pub(super) builds: bool,
}

#[expect(clippy::expect_used, reason = "the patterns are constants and tests use each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern that compiles")
}

static NEEDS_WHEEL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)Wheels are required for `([A-Za-z0-9._-]+)`"));
static ABI_TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"`cp3(\d{1,2})m?`"));
static TOO_LATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"was published at (\d{4}-\d{2}-\d{2})T"));
static UNKNOWN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:Because |and )([A-Za-z0-9._-]+) was not found in"));
static AT_LEAST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"does not satisfy\s+Python[^A-Za-z]*>=3\.(\d{1,2})"));
static BELOW: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"does not satisfy\s+Python[^A-Za-z]*<3\.(\d{1,2})"));
static NETWORK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?im)^\s*(?:error|cause|×|├─▶|╰─▶|caused by):?\s*(?:Request failed after|Failed to fetch|error sending request|Could not connect|tunnel error|Network connectivity is disabled)",
    )
});
static MISMATCH: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?im)^\s*(?:error|cause|×|├─▶|╰─▶|caused by)?:?\s*Hash mismatch for"));

/// Packages of which uv wants a wheel and finds none.
pub(super) fn without_wheels(said: &str) -> Vec<String> {
    let mut names: Vec<_> = NEEDS_WHEEL
        .captures_iter(said)
        .map(|found| found[1].to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The error that a failed run of uv stands for.
pub(super) fn failure(ran: &Ran, context: &Context<'_>) -> EnvironmentError {
    let said = ran.said.as_str();
    let explanation = shortened(from_error(said));
    let refused: Vec<String> = ran
        .contacts
        .iter()
        .filter(|(_, contact)| contact.refused > 0)
        .map(|(target, _)| target.to_string())
        .collect();
    if MISMATCH.is_match(said) {
        return EnvironmentError::HashMismatch { explanation };
    }
    if said.contains("Failed to build") || said.contains("build backend returned an error") {
        return EnvironmentError::BuildFailed {
            explanation: last_part(said),
            hint: build_hint(context),
        };
    }
    if NETWORK.is_match(said) {
        return EnvironmentError::Network { explanation, refused };
    }
    if said.contains("No solution found") {
        return unresolvable(said, explanation, context);
    }
    EnvironmentError::Installer {
        action: context.action,
        explanation,
    }
}

fn unresolvable(said: &str, explanation: String, context: &Context<'_>) -> EnvironmentError {
    let packages = without_wheels(said);
    let other_python = wheels_hint(said);
    if !packages.is_empty() && !context.builds && other_python.is_none() {
        return EnvironmentError::NeedsBuild {
            packages,
            hint: needs_build_hint(context),
        };
    }
    // Which Python and which date is the manifest's to say; what is asked for, the asker's.
    let settings = other_python
        .or_else(|| date_hint(said))
        .or_else(|| range_hint(said));
    let fault = if settings.is_some() {
        Fault::Manifest
    } else {
        context.fault
    };
    let hint = settings
        .or_else(|| name_hint(said))
        .or_else(|| other_hint(said, context));
    let hint = with_hints(hint, said, context.hints);
    let as_of = context
        .as_of
        .map_or_else(|| "today".to_owned(), |time| time.to_string());
    EnvironmentError::Unresolvable {
        as_of,
        explanation,
        fault,
        hint,
    }
}

/// Wheels are there for other versions of Python: the newest of them.
fn wheels_hint(said: &str) -> Option<String> {
    let tags = &said[said.find("only found wheels")?..];
    let minor = ABI_TAG
        .captures_iter(tags)
        .filter_map(|found| found[1].parse::<u32>().ok())
        .max()?;
    Some(format!(
        "there are wheels for older or other Pythons only: set `python = \"3.{minor}\"`"
    ))
}

/// What is asked for was published later.
fn date_hint(said: &str) -> Option<String> {
    let dates: Vec<_> = TOO_LATE
        .captures_iter(said)
        .map(|found| found[1].to_owned())
        .collect();
    let latest = dates.iter().max()?;
    Some(format!(
        "a version that is asked for was published after that date: set `as-of = \"{latest}\"`, \
         and note that the code was then not run with the packages of its own date"
    ))
}

/// What is asked for wants another Python.
fn range_hint(said: &str) -> Option<String> {
    let number = |pattern: &Regex| {
        pattern
            .captures(said)
            .and_then(|found| found[1].parse::<u32>().ok())
    };
    let minor = number(&BELOW)
        .and_then(|minor| minor.checked_sub(1))
        .or_else(|| number(&AT_LEAST))?;
    Some(format!(
        "a package wants another Python: set `python = \"3.{minor}\"`"
    ))
}

fn name_hint(said: &str) -> Option<String> {
    let name = UNKNOWN.captures(said)?[1].to_owned();
    Some(match renamed(&name) {
        Some(right) => format!("the registry's package is called `{right}`"),
        None => format!("look whether `{name}` is spelt right, and beware of packages with a similar name"),
    })
}

fn other_hint(said: &str, context: &Context<'_>) -> Option<String> {
    if said.contains("missing an upload date") {
        return Some(
            "the index does not say when its files were published: use another index, or `as-of = \"today\"`"
                .to_owned(),
        );
    }
    if !without_wheels(said).is_empty() || said.contains("has no usable wheels") {
        return python_of_the_time(context);
    }
    Some(
        "the requirements contradict each other: leave the file out of `requirements` and name \
         the versions that the code was run with under `packages`"
            .to_owned(),
    )
}

/// A Python that is younger than the packages is the usual reason for missing wheels.
fn python_of_the_time(context: &Context<'_>) -> Option<String> {
    let (usual, used) = (current_minor(context.as_of?), context.interpreter.version);
    (used.minor > usual).then(|| {
        format!(
            "packages of that date seldom have wheels for Python 3.{}: try `python = \"3.{usual}\"`",
            used.minor
        )
    })
}

fn needs_build_hint(context: &Context<'_>) -> String {
    let build = "allow it with `--allow-build`: it is built inside the sandbox and listed in the report";
    match python_of_the_time(context) {
        Some(python) => format!("{python}; or {build}"),
        None => build.to_owned(),
    }
}

fn build_hint(context: &Context<'_>) -> Option<String> {
    python_of_the_time(context).or_else(|| {
        Some(
            "name a release that has a wheel for this Python under `packages`, or choose another `python`"
                .to_owned(),
        )
    })
}

/// Adds those of `hints` that concern a package that uv names.
fn with_hints(hint: Option<String>, said: &str, hints: &[String]) -> Option<String> {
    let concerned = |text: &&String| {
        let name = text.split('`').nth(1).unwrap_or_default();
        let quoted = text
            .split('`')
            .find(|part| !part.starts_with('+') && said.contains(*part) && part.len() > 1);
        !name.is_empty() && quoted.is_some()
    };
    let mut parts: Vec<String> = hint.into_iter().collect();
    parts.extend(hints.iter().filter(concerned).cloned());
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// uv's words from its error on: before it are warnings and progress.
fn from_error(said: &str) -> &str {
    let starts = ["error:", "  × ", "× "]
        .iter()
        .filter_map(|start| match said.starts_with(start) {
            true => Some(0),
            false => said.find(&format!("\n{start}")).map(|at| at + 1),
        });
    starts.min().map_or(said, |start| &said[start..]).trim()
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let tail: String = last_characters(text, LONGEST / 2);
    let head: String = text.chars().take(LONGEST / 2).collect();
    format!("{head}\n…\n{tail}")
}

/// Of a build the end says what went wrong.
fn last_part(said: &str) -> String {
    let text = from_error(said);
    if text.chars().count() <= LONGEST / 2 {
        return text.to_owned();
    }
    let first = text.lines().next().unwrap_or_default();
    format!("{first}\n…\n{}", last_characters(text, LONGEST / 2))
}

fn last_characters(text: &str, count: usize) -> String {
    let skip = text.chars().count().saturating_sub(count);
    text.chars().skip(skip).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::proxy::{Contact, Target};
    use super::super::python::Origin;
    use super::*;
    use crate::error::Diagnose as _;

    fn interpreter() -> Interpreter {
        super::super::choose::tests::interpreter((3, 11, 7), Origin::System)
    }

    fn explain(said: &str, builds: bool) -> EnvironmentError {
        let ran = Ran {
            ok: false,
            said: said.to_owned(),
            contacts: BTreeMap::new(),
        };
        let interpreter = interpreter();
        let hints = [
            "requirements.txt:2: builds `+cu110` of `torch` are not in the registry; `torch==1.7.1` is"
                .to_owned(),
        ];
        let context = Context {
            action: "resolve the requirements",
            as_of: Some("2021-04-01T00:00:00Z".parse().expect("a time")),
            interpreter: &interpreter,
            hints: &hints,
            fault: Fault::Paper,
            builds,
        };
        failure(&ran, &context)
    }

    #[test]
    fn a_wheel_for_another_python_names_that_python() {
        let error = explain(
            "error: No solution found when resolving dependencies\n  cause: Because torch==1.7.1 has no wheels with a matching Python ABI tag (e.g., `cp311`) and you require torch==1.7.1, we can conclude that your requirements are unsatisfiable.\n\nhint: You require CPython 3.11 (`cp311`), but we only found wheels for `torch` (v1.7.1) with the following Python ABI tags: `cp36m`, `cp37m`, `cp38`, `cp39`\n",
            false,
        );
        assert_eq!(error.fault(), Fault::Manifest);
        insta::assert_snapshot!(error, @r"
        the requirements do not resolve as of 2021-04-01T00:00:00Z:
        error: No solution found when resolving dependencies
          cause: Because torch==1.7.1 has no wheels with a matching Python ABI tag (e.g., `cp311`) and you require torch==1.7.1, we can conclude that your requirements are unsatisfiable.

        hint: You require CPython 3.11 (`cp311`), but we only found wheels for `torch` (v1.7.1) with the following Python ABI tags: `cp36m`, `cp37m`, `cp38`, `cp39`
        ");
        assert!(
            error
                .hint()
                .expect("a hint")
                .starts_with("there are wheels for older or other Pythons only: set `python = \"3.9\"`")
        );
    }

    #[track_caller]
    fn hint(said: &str, builds: bool, expected: &str) {
        let error = explain(said, builds);
        let hint = error.hint().unwrap_or_default();
        assert!(hint.contains(expected), "{error:?}: {hint}");
    }

    #[test]
    fn each_known_text_leads_to_its_own_advice() {
        let none = "error: No solution found when resolving dependencies\n  cause: ";
        hint(
            &format!(
                "{none}Because there is no version of numpy==1.24.2 …\n\nhint: `numpy` was filtered by `exclude-newer` … The requested version, v1.24.2, was published at 2023-02-05T19:45:29.32Z. Consider"
            ),
            false,
            "as-of = \"2023-02-05\"",
        );
        hint(
            &format!("{none}Because sklearn was not found in the package registry and you require sklearn"),
            false,
            "`scikit-learn`",
        );
        hint(
            &format!("{none}Because torch-x was not found in the package registry and"),
            false,
            "spelt right",
        );
        hint(
            &format!("{none}Because you require numpy==1.20.0 and numpy==1.21.0, we can"),
            false,
            "contradict each other",
        );
        hint(
            &format!(
                "{none}Because the current Python version (3.11.7) does not satisfy Python>=3.7,<3.10 and a==1"
            ),
            false,
            "python = \"3.9\"",
        );
        hint(
            &format!(
                "{none}Because the current Python version (3.11.7) does not satisfy Python>=3.12 and a==1"
            ),
            false,
            "python = \"3.12\"",
        );
        hint(
            &format!("{none}Because there is no version of torch==1.7.1+cu110 and you require"),
            false,
            "`torch==1.7.1` is",
        );
        hint(
            &format!(
                "{none}Because pandas==1.1.0 has no usable wheels and you require pandas==1.1.0\n\nhint: Wheels are required for `pandas` because building from source is disabled"
            ),
            false,
            "try `python = \"3.8\"`; or allow it with `--allow-build`",
        );
    }

    #[test]
    fn whose_turn_it_is_follows_from_the_words() {
        let fault = |said: &str| explain(said, true).fault();
        assert_eq!(
            fault(
                "error: Failed to build `gym==0.21.0`\n  cause: The build backend returned an error\n  [stderr]\n  Failed to fetch: x"
            ),
            Fault::Paper
        );
        assert_eq!(
            fault("error: Request failed after 3 retries in 7.1s\n  cause: Failed to fetch: https://x\n"),
            Fault::Host
        );
        assert_eq!(
            fault("error: Failed to download `six==1.15.0`\n  cause: Hash mismatch for `six==1.15.0`\n"),
            Fault::Paper
        );
        assert_eq!(
            fault("error: No solution found\n  cause: Because you require a==1 and a==2"),
            Fault::Paper
        );
        assert_eq!(fault("error: something new"), Fault::Host);
    }

    #[test]
    fn a_host_that_our_proxy_refused_is_named() {
        let refused = Contact {
            refused: 1,
            ..Contact::default()
        };
        let ran = Ran {
            ok: false,
            said: "error: Failed to fetch: `https://files.example/a.whl`\n  cause: tunnel error".to_owned(),
            contacts: BTreeMap::from([(Target::new("files.example", 443), refused)]),
        };
        let interpreter = interpreter();
        let context = Context {
            action: "install",
            as_of: None,
            interpreter: &interpreter,
            hints: &[],
            fault: Fault::Paper,
            builds: false,
        };
        assert!(
            failure(&ran, &context)
                .hint()
                .expect("a hint")
                .contains("files.example:443")
        );
    }

    #[test]
    fn packages_without_wheels_are_listed_once() {
        let said = "hint: Wheels are required for `b` because\nhint: Wheels are required for `a` because\nhint: Wheels are required for `b` because";
        assert_eq!(without_wheels(said), ["a", "b"]);
    }

    #[test]
    fn explanations_are_bounded() {
        let long = format!(
            "warning: x\nerror: Failed to build `a`\n{}the end",
            "line\n".repeat(10_000)
        );
        let text = explain(&long, true).to_string();
        assert!(
            text.chars().count() < LONGEST && text.ends_with("the end"),
            "{}",
            text.len()
        );
    }
}
