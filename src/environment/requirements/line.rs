//! One line of a requirement file (PEP 508 and pip's options).
//!
//! What comes out is put together again from parts that were checked, so that no
//! text of the repository reaches the installer as it stands.

use std::sync::LazyLock;

use regex::Regex;

use super::{Place, Requirement, renamed};

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Blank or a comment.
    Nothing,
    /// A package of the registry.
    Requirement(Requirement),
    /// An option of pip, such as `--index-url`, with its value.
    Option {
        /// The long name.
        name: String,
        /// What follows.
        value: String,
    },
    /// A package that comes from an address or a path.
    Address {
        /// The package, where the line names it.
        package: Option<Requirement>,
        /// Where it lies.
        address: String,
    },
}

/// A line is none of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Why.
    pub(super) why: String,
    /// What to try.
    pub(super) hint: Option<String>,
}

impl Mistake {
    fn new(why: &str) -> Self {
        Self {
            why: why.to_owned(),
            hint: None,
        }
    }
}

/// The longest line that is looked at.
const LONGEST: usize = 16 * 1024;

static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"));
static EXTRAS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\[\s*([A-Za-z0-9._-]+(?:\s*,\s*[A-Za-z0-9._-]+)*)?\s*\]"));
static CLAUSE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(===|==|~=|!=|<=|>=|<|>)\s*([0-9A-Za-z.*+!_-]+)$"));
static MARKER: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^[A-Za-z0-9_.,*+!<>=~ ()'"-]+$"#));
static HASH: LazyLock<Regex> = LazyLock::new(|| pattern(r"\s--hash[=\s]\s*([a-z0-9]+):([0-9a-fA-F]+)"));

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants and a test compiles each"
)]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern that compiles")
}

/// Options with one letter, and their long names.
const SHORT: [(&str, &str); 5] = [
    ("-r", "--requirement"),
    ("-c", "--constraint"),
    ("-e", "--editable"),
    ("-i", "--index-url"),
    ("-f", "--find-links"),
];

/// Reads one logical line: comments are gone, continuations joined.
pub(super) fn parse(text: &str, place: &Place) -> Result<Line, Mistake> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Line::Nothing);
    }
    if text.len() > LONGEST {
        return Err(Mistake::new("it is too long"));
    }
    if text.contains("${") {
        return Err(Mistake::new("it asks for an environment variable"));
    }
    if text.starts_with('-') {
        return Ok(option(text));
    }
    if !is_named_address(text) && is_address(text) {
        return Ok(Line::Address {
            package: None,
            address: text.to_owned(),
        });
    }
    requirement(text, place)
}

fn option(text: &str) -> Line {
    let (name, value) = match SHORT
        .iter()
        .find(|(short, _)| text.starts_with(short) && !text.starts_with("--"))
    {
        Some((short, long)) => (*long, &text[short.len()..]),
        None => match text.find(|letter: char| letter == '=' || letter.is_whitespace()) {
            Some(end) => text.split_at(end),
            None => (text, ""),
        },
    };
    let value = value.trim_start_matches(|letter: char| letter == '=' || letter.is_whitespace());
    let value = value
        .trim()
        .trim_matches(|letter| letter == '"' || letter == '\'');
    Line::Option {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

/// Whether the line is `name @ address`, perhaps with extras.
fn is_named_address(text: &str) -> bool {
    let Some(name) = NAME.find(text) else { return false };
    let rest = text[name.end()..].trim_start();
    let extras = EXTRAS.find(rest).map_or(0, |found| found.end());
    rest[extras..].trim_start().starts_with('@')
}

/// Whether the line is a place rather than a name: an address, a path, a file of a package.
fn is_address(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or(text);
    let scheme = first.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.'))
    });
    let path = first.starts_with(['.', '/', '~']) || first.contains('/') || first.contains('\\');
    let file = [".whl", ".tar.gz", ".zip", ".tar.bz2"]
        .iter()
        .any(|ending| first.ends_with(ending));
    (scheme && !first.contains("==")) || path || file
}

fn requirement(text: &str, place: &Place) -> Result<Line, Mistake> {
    let name = NAME
        .find(text)
        .ok_or_else(|| Mistake::new("a package's name is expected"))?
        .as_str();
    let mut rest = text[name.len()..].trim_start();
    let extras = extras(&mut rest)?;
    let mut requirement = Requirement {
        name: name.to_owned(),
        extras,
        specifier: String::new(),
        marker: String::new(),
        hashes: Vec::new(),
        place: place.clone(),
    };
    if let Some(address) = rest.strip_prefix('@') {
        let address = address.trim().to_owned();
        return Ok(Line::Address {
            package: Some(requirement),
            address,
        });
    }
    let (rest, options) = split_options(rest);
    requirement.hashes = hashes(options)?;
    let (specifier, marker) = rest.split_once(';').unwrap_or((rest, ""));
    requirement.specifier = self::specifier(name, specifier)?;
    requirement.marker = self::marker(marker)?;
    Ok(Line::Requirement(requirement))
}

fn extras(rest: &mut &str) -> Result<Vec<String>, Mistake> {
    if !rest.starts_with('[') {
        return Ok(Vec::new());
    }
    let found = EXTRAS
        .captures(rest)
        .ok_or_else(|| Mistake::new("the extras in brackets are not names"))?;
    *rest = rest[found[0].len()..].trim_start();
    let names = found.get(1).map_or("", |names| names.as_str());
    Ok(names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}

/// What stands before the first ` --option`, and the rest.
fn split_options(text: &str) -> (&str, &str) {
    let start = text
        .match_indices("--")
        .map(|(at, _)| at)
        .find(|at| *at == 0 || text[..*at].ends_with(char::is_whitespace));
    text.split_at(start.unwrap_or(text.len()))
}

/// Hashes are kept; other options of a line, such as `--global-option`, would steer a build.
fn hashes(options: &str) -> Result<Vec<String>, Mistake> {
    if options.is_empty() {
        return Ok(Vec::new());
    }
    let padded = format!(" {options}");
    if !HASH.replace_all(&padded, "").trim().is_empty() {
        return Err(Mistake::new("options other than `--hash` are not taken"));
    }
    let hashes = HASH
        .captures_iter(&padded)
        .map(|found| format!("{}:{}", &found[1], found[2].to_ascii_lowercase()));
    Ok(hashes.collect())
}

fn specifier(name: &str, text: &str) -> Result<String, Mistake> {
    let text = text.trim();
    let text = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
        .unwrap_or(text);
    let clauses: Vec<_> = text
        .split(',')
        .map(str::trim)
        .filter(|clause| !clause.is_empty())
        .collect();
    let mut checked = Vec::new();
    for clause in clauses {
        let found = CLAUSE
            .captures(clause)
            .ok_or_else(|| mistaken_version(name, clause))?;
        checked.push(format!("{}{}", &found[1], &found[2]));
    }
    Ok(checked.join(","))
}

fn mistaken_version(name: &str, clause: &str) -> Mistake {
    let conda = clause.strip_prefix('=').filter(|rest| !rest.starts_with('='));
    let version = conda.map(|rest| rest.split('=').next().unwrap_or(rest));
    let name = renamed(name).unwrap_or(name);
    Mistake {
        why: format!("`{clause}` is not a version of pip's kind"),
        hint: version.map(|version| {
            format!(
                "this is how conda writes it (`conda list --export`): leave the file out of `requirements` \
                 and name what is needed under `packages`, such as `{name}=={version}`"
            )
        }),
    }
}

fn marker(text: &str) -> Result<String, Mistake> {
    let text = text.trim();
    if !text.is_empty() && !MARKER.is_match(text) {
        return Err(Mistake::new("the condition behind the semicolon is not one"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place() -> Place {
        Place::File {
            file: "requirements.txt".to_owned(),
            line: 1,
        }
    }

    #[track_caller]
    fn taken(text: &str, expected: &str) {
        match parse(text, &place()) {
            Ok(Line::Requirement(requirement)) => assert_eq!(requirement.to_string(), expected),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn packages_of_the_registry_are_taken_in_one_form() {
        taken("numpy", "numpy");
        taken("numpy == 1.19.5", "numpy==1.19.5");
        taken("numpy (>=1.16, <2)", "numpy>=1.16,<2");
        taken(
            "requests [ security , socks ] >= 2.8.1 , == 2.8.* ; python_version < '2.7'",
            "requests[security,socks]>=2.8.1,==2.8.* ; python_version < '2.7'",
        );
        taken("zope.interface~=5.0", "zope.interface~=5.0");
        taken("torch==1.7.1+cu110", "torch==1.7.1+cu110");
        taken("typing;python_version<\"3.5\"", "typing ; python_version<\"3.5\"");
        taken("package>=1.0,", "package>=1.0");
        taken("old===2012b", "old===2012b");
    }

    #[test]
    fn hashes_are_kept_and_other_options_of_a_line_are_not() {
        let line = parse("six==1.15.0 --hash=sha256:AB12 --hash sha256:cd34", &place());
        let Ok(Line::Requirement(requirement)) = line else {
            panic!("{line:?}")
        };
        assert_eq!(requirement.hashes, ["sha256:ab12", "sha256:cd34"]);
        assert!(parse("six --global-option=\"--evil\"", &place()).is_err());
        assert!(parse("six==1 --hash=sha256:ab --config-settings x=y", &place()).is_err());
    }

    #[track_caller]
    fn option_is(text: &str, name: &str, value: &str) {
        let expected = Line::Option {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        assert_eq!(parse(text, &place()), Ok(expected));
    }

    #[test]
    fn options_have_one_name_each() {
        option_is("-r base.txt", "--requirement", "base.txt");
        option_is("-rbase.txt", "--requirement", "base.txt");
        option_is("--requirement=base.txt", "--requirement", "base.txt");
        option_is("-e .", "--editable", ".");
        option_is(
            "-e git+https://code.example/a.git#egg=a",
            "--editable",
            "git+https://code.example/a.git#egg=a",
        );
        option_is(
            "--extra-index-url https://evil.example/simple",
            "--extra-index-url",
            "https://evil.example/simple",
        );
        option_is("-f ./wheels", "--find-links", "./wheels");
        option_is("--pre", "--pre", "");
    }

    #[track_caller]
    fn address_is(text: &str, package: Option<&str>, address: &str) {
        match parse(text, &place()) {
            Ok(Line::Address {
                package: found,
                address: place,
            }) => {
                assert_eq!(found.map(|found| found.name).as_deref(), package);
                assert_eq!(place, address);
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn addresses_and_paths_are_told_from_names() {
        address_is(
            "git+https://code.example/a.git",
            None,
            "git+https://code.example/a.git",
        );
        address_is(
            "https://files.example/a-1.0.tar.gz",
            None,
            "https://files.example/a-1.0.tar.gz",
        );
        address_is("./vendored/a", None, "./vendored/a");
        address_is("a-1.0-py3-none-any.whl", None, "a-1.0-py3-none-any.whl");
        address_is(
            "numpy @ file:///tmp/build/numpy_1620831194891/work",
            Some("numpy"),
            "file:///tmp/build/numpy_1620831194891/work",
        );
        address_is(
            "a[b]@git+ssh://git@code.example/a.git",
            Some("a"),
            "git+ssh://git@code.example/a.git",
        );
    }

    #[track_caller]
    fn refused(text: &str, why: &str) {
        let mistake = parse(text, &place()).expect_err("a mistake");
        assert!(mistake.why.contains(why), "{}", mistake.why);
    }

    #[test]
    fn what_is_no_requirement_is_refused_with_a_reason() {
        refused("==1.0", "name");
        refused("numpy 1.19", "not a version");
        refused("numpy=1.19", "not a version");
        refused("numpy==1.0; import os;", "condition");
        refused("numpy[a b]", "extras");
        refused("${INDEX}/a", "environment variable");
        refused(&"a".repeat(LONGEST + 1), "too long");
    }

    #[test]
    fn a_line_of_condas_kind_gets_the_right_hint() {
        let mistake = parse("pytorch=1.7.1=py3.8_cuda11.0_0", &place()).expect_err("a mistake");
        assert!(mistake.hint.expect("a hint").contains("`torch==1.7.1`"));
    }

    proptest! {
        #[test]
        fn no_line_panics_or_smuggles_an_option(text in r#"[ -~é\t]{0,60}"#) {
            if let Ok(Line::Requirement(requirement)) = parse(&text, &place()) {
                let again = requirement.to_string();
                prop_assert!(!again.starts_with('-') && !again.contains('\n') && !again.contains(" --") && !again.contains('#'), "{again}");
                let Ok(Line::Requirement(second)) = parse(&again, &place()) else { panic!("{again}") };
                prop_assert_eq!(second.to_string(), again);
            }
        }

        #[test]
        fn a_made_up_requirement_comes_back(name in "[a-z][a-z0-9]{0,8}", version in "[0-9]{1,3}(\\.[0-9]{1,3}){0,2}") {
            let text = format!("{name}=={version}");
            let Ok(Line::Requirement(found)) = parse(&text, &place()) else { panic!("{text}") };
            prop_assert_eq!(found.to_string(), text);
        }
    }
}
