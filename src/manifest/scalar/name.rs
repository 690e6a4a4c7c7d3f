//! Names and expressions that other bodies define: DOIs, versions, patterns, pointers, currencies.

use schemars::Schema;
use serde_json::json;

use super::super::problem::{ProblemKind, quoted};
use super::super::reader::{FromText, Unfit};
use super::{
    Arxiv, Currency, Device, Doi, LONGEST_TEXT, Pattern, Pointer, PythonVersion, Requirement, bad, printable,
    set,
};

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
    const WHAT: &'static str = "an arXiv id";

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
    const WHAT: &'static str = "a Python version";

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
