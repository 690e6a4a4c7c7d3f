//! A typed reader over parsed TOML that does not stop at the first problem.
//!
//! What serde does for a program's own files is not enough for a person's: it
//! stops at the first mistake and forgets where things stood. Here each type
//! reads itself from a [`Node`], reports what is wrong to the [`Problems`], and
//! the reading goes on. [`section!`] writes the reader of a table from the same
//! list of fields that the JSON Schema is made from, so there is one list of keys.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "TOML has seven types of values and gets no more"
)]

use std::borrow::Cow;
use std::ops::{Deref, Range};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, ProblemKind, Problems, quoted};

/// A value of a parsed manifest.
pub(super) type Node<'i> = Spanned<DeValue<'i>>;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A key that may be left out. `None` also when its value was unusable, which is then reported.
pub(super) type Maybe<T> = Option<At<T>>;

/// A list; entries that were unusable are missing, and reported.
pub(super) type List<T> = Vec<At<T>>;

/// A key that must be there. `None` when it is not or its value was unusable, which is then reported.
#[derive(Clone, Debug)]
pub(super) struct Needed<T>(pub(super) Maybe<T>);

impl<T> Deref for Needed<T> {
    type Target = Maybe<T>;

    fn deref(&self) -> &Maybe<T> {
        &self.0
    }
}

/// A key that must be there unless [`COMPARE`] is. `None` when it is not or its value was unusable, which is then reported.
#[derive(Clone, Debug)]
pub(super) struct Unless<T>(pub(super) Maybe<T>);

impl<T> Deref for Unless<T> {
    type Target = Maybe<T>;

    fn deref(&self) -> &Maybe<T> {
        &self.0
    }
}

/// The key that stands in for those of an [`Unless`].
const COMPARE: &str = "compare";

/// A type that reads itself.
pub(super) trait FromToml: Sized {
    /// Reads `node`, or reports why not.
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self>;
}

/// A type that is read from one string.
pub(super) trait FromText: Sized {
    /// What it is, with its article: "a commit id".
    const WHAT: &'static str;

    /// Reads `text`, or says why not.
    fn from_text(text: &str) -> Result<Self, Unfit>;

    /// What a schema knows of it beyond being a string.
    fn describe(_schema: &mut Schema) {}
}

/// Why a text does not fit: a problem that does not know its place yet.
#[derive(Debug)]
pub(super) struct Unfit {
    kind: ProblemKind,
    pub(super) message: String,
    label: String,
    hint: Option<String>,
}

impl Unfit {
    pub(super) fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            label: String::new(),
            hint: None,
        }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn at(self, span: &Range<usize>) -> Problem {
        Problem::new(self.kind, span, self.message)
            .label(self.label)
            .maybe_hint(self.hint)
    }
}

/// Implements reading and the schema for types that are read from one string.
macro_rules! from_text {
    ($($name:ty),* $(,)?) => {$(
        impl $crate::manifest::reader::FromToml for $name {
            fn from_toml(
                node: &$crate::manifest::reader::Node<'_>,
                problems: &mut $crate::manifest::problem::Problems,
            ) -> Option<Self> {
                $crate::manifest::reader::read_text(node, problems)
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut schema = schemars::json_schema!({ "type": "string" });
                <$name as $crate::manifest::reader::FromText>::describe(&mut schema);
                schema
            }
        }
    )*};
}
pub(super) use from_text;

/// Declares the struct of a table, its reader and its schema from one list of keys.
macro_rules! section {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(Debug, schemars::JsonSchema)]
        $(#[$meta])*
        #[schemars(rename_all = "kebab-case", deny_unknown_fields)]
        // JSON objects are sorted; people want the order in which one writes a manifest.
        #[schemars(extend("x-order" = [$($crate::manifest::reader::key(stringify!($field))),*]))]
        pub(super) struct $name {
            $($(#[$field_meta])* pub(super) $field: $type,)*
            #[schemars(skip)]
            broken: Vec<String>,
        }

        impl $crate::manifest::reader::Section for $name {
            fn broken(&self) -> &[String] {
                &self.broken
            }
        }

        impl $crate::manifest::reader::FromToml for $name {
            fn from_toml(
                node: &$crate::manifest::reader::Node<'_>,
                problems: &mut $crate::manifest::problem::Problems,
            ) -> Option<Self> {
                let mut table = $crate::manifest::reader::Table::open(node, problems)?;
                $(let $field = $crate::manifest::reader::Field::read(&mut table, stringify!($field));)*
                let broken = table.close();
                Some(Self { $($field,)* broken })
            }
        }
    };
}
pub(super) use section;

/// A table with a fixed list of keys.
pub(super) trait Section {
    /// The keys that were there and whose values were unusable, which is reported.
    fn broken(&self) -> &[String];

    /// Whether `key` is among them: then nothing that follows from its absence is to be reported.
    fn is_broken(&self, key: &str) -> bool {
        self.broken().iter().any(|broken| broken == key)
    }
}

/// What a key of a table is read into.
pub(super) trait Field {
    /// Reads the key that the Rust name `field` stands for.
    fn read(table: &mut Table<'_, '_, '_>, field: &str) -> Self;
}

impl<T: FromToml> Field for Maybe<T> {
    fn read(table: &mut Table<'_, '_, '_>, field: &str) -> Self {
        table.get(field).ok().flatten()
    }
}

impl<T: FromToml> Field for Needed<T> {
    fn read(table: &mut Table<'_, '_, '_>, field: &str) -> Self {
        let value = table.get(field).unwrap_or_else(|Absent(key)| {
            table.missing.push(key);
            None
        });
        Self(value)
    }
}

impl<T: FromToml> Field for Unless<T> {
    fn read(table: &mut Table<'_, '_, '_>, field: &str) -> Self {
        if table.entries.get(COMPARE).is_some() {
            return Self(Field::read(table, field));
        }
        let Needed(value) = Field::read(table, field);
        Self(value)
    }
}

/// There is no such key.
pub(super) struct Absent(String);

/// A table being read: knows which keys were asked for, and reports the others.
pub(super) struct Table<'t, 'i, 'p> {
    entries: &'t DeTable<'i>,
    span: Range<usize>,
    problems: &'p mut Problems,
    asked: Vec<String>,
    missing: Vec<String>,
    broken: Vec<String>,
}

impl<'t, 'i, 'p> Table<'t, 'i, 'p> {
    /// Starts to read `node`, or reports that it is no table.
    pub(super) fn open(node: &'t Node<'i>, problems: &'p mut Problems) -> Option<Self> {
        match node.get_ref() {
            DeValue::Table(entries) => Some(Self {
                entries,
                span: node.span(),
                problems,
                asked: Vec::new(),
                missing: Vec::new(),
                broken: Vec::new(),
            }),
            _ => wrong_type(node, "a table", problems),
        }
    }

    fn get<T: FromToml>(&mut self, field: &str) -> Result<Maybe<T>, Absent> {
        let key = key(field);
        let node = self.entries.get(key.as_str());
        self.asked.push(key.clone());
        let Some(node) = node else {
            return Err(Absent(key));
        };
        let value = read_at(node, self.problems);
        if value.is_none() {
            self.broken.push(key);
        }
        Ok(value)
    }

    /// Reports the keys that nothing asked for, and the needed ones that are not there. Returns those of unusable value.
    pub(super) fn close(self) -> Vec<String> {
        let mut meant = Vec::new();
        for key in self.entries.keys() {
            if self.problems.is_full() {
                return self.broken;
            }
            if self.asked.iter().any(|asked| asked == key.get_ref()) {
                continue;
            }
            let near = nearest(key.get_ref(), &self.asked).filter(|near| self.entries.get(*near).is_none());
            let problem = unknown_key(key, near, &self.asked);
            // A needed key that is only misspelt is one mistake, not two.
            meant.extend(near.map(str::to_owned));
            self.problems.push(problem);
        }
        for key in self.missing.iter().filter(|key| !meant.contains(key)) {
            let problem = Problem::new(ProblemKind::MissingKey, &self.span, format!("`{key}` is missing"));
            self.problems.push(problem.label(format!("needs a key `{key}`")));
        }
        self.broken
    }
}

fn unknown_key(key: &Spanned<Cow<'_, str>>, near: Option<&str>, known: &[String]) -> Problem {
    let message = format!("unknown key {}", quoted(key.get_ref()));
    let problem = Problem::new(ProblemKind::UnknownKey, &key.span(), message);
    match near {
        Some(near) => problem.label(format!("did you mean `{near}`?")),
        None => problem
            .label("not known here")
            .hint(format!("known keys: {}", listed(known))),
    }
}

/// The key that the Rust name `field` stands for.
pub(super) fn key(field: &str) -> String {
    field.trim_start_matches("r#").replace('_', "-")
}

/// Reads a value and remembers its place.
pub(super) fn read_at<T: FromToml>(node: &Node<'_>, problems: &mut Problems) -> Maybe<T> {
    let value = T::from_toml(node, problems)?;
    Some(At {
        value,
        span: node.span(),
    })
}

/// Reads a string as a `T`.
pub(super) fn read_text<T: FromText>(node: &Node<'_>, problems: &mut Problems) -> Option<T> {
    let DeValue::String(text) = node.get_ref() else {
        return wrong_type(node, T::WHAT, problems);
    };
    let read = T::from_text(text);
    read.map_err(|unfit| problems.push(unfit.at(&node.span()))).ok()
}

/// Reports that `node` is of another type than `what`, with its article.
pub(super) fn wrong_type<T>(node: &Node<'_>, what: &str, problems: &mut Problems) -> Option<T> {
    let found = match node.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    };
    let problem = Problem::new(
        ProblemKind::WrongType,
        &node.span(),
        format!("{what} is expected, not {found}"),
    );
    let hint = correction(node, what, &problems.source);
    problems.push(problem.label(format!("expected {what}")).maybe_hint(hint));
    None
}

/// What to write instead of a value of the wrong type, in the common cases.
fn correction(node: &Node<'_>, what: &str, source: &str) -> Option<String> {
    let text = source.get(node.span()).filter(|text| text.len() <= 60)?;
    match node.get_ref() {
        DeValue::Table(_) if what.starts_with("an array") && text.starts_with('[') => {
            Some(format!("write `[{text}]`: there may be several"))
        }
        DeValue::Array(_) if what == "a table" && text.starts_with("[[") => {
            let single = text.trim_start_matches('[').trim_end_matches(']');
            Some(format!("write `[{single}]`: there is only one"))
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Table(_)
            if what.starts_with("an array") =>
        {
            Some(format!("write `[{text}]`"))
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_)
            if !["number", "true", "table", "array", "such as"]
                .iter()
                .any(|word| what.contains(word)) =>
        {
            Some(format!("write `\"{text}\"`, in quotes"))
        }
        DeValue::String(inner) if what.contains("number") => inner
            .parse::<f64>()
            .is_ok()
            .then(|| format!("write `{inner}`, without quotes")),
        DeValue::String(inner) if what.contains("true") => match inner.to_lowercase().as_str() {
            "true" | "yes" | "on" => Some("write `true`, without quotes".to_owned()),
            "false" | "no" | "off" => Some("write `false`, without quotes".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

impl<T: FromToml> FromToml for List<T> {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        /// More than any real manifest has, and few enough that all pairs can be looked at.
        const MOST: usize = 1000;
        let DeValue::Array(nodes) = node.get_ref() else {
            let header = problems
                .source
                .get(node.span())
                .is_some_and(|text| text.starts_with('['));
            let reported = wrong_type(node, "an array", problems);
            // `[data]` for `[[data]]` is one mistake: what is in it is read all the same.
            return if header {
                Some(read_at(node, problems).into_iter().collect())
            } else {
                reported
            };
        };
        if nodes.len() > MOST {
            let message = format!("{} entries are too many", nodes.len());
            let problem = Problem::new(ProblemKind::TooMany, &node.span(), message);
            problems.push(problem.label(format!("at most {MOST}")));
            return None;
        }
        Some(nodes.iter().filter_map(|node| read_at(node, problems)).collect())
    }
}

impl FromToml for bool {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        match node.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => wrong_type(node, "`true` or `false`", problems),
        }
    }
}

/// The schema of something in a place is that of the thing.
macro_rules! schema_of_inner {
    ($($outer:ident),*) => {$(
        impl<T: JsonSchema> JsonSchema for $outer<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    )*};
}
schema_of_inner!(At, Needed);

/// The one of `known` that `word` was probably meant to be.
pub fn nearest<'a, S: AsRef<str>>(word: &str, known: &'a [S]) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['_', ' '], "-");
    let word = plain(word);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&word, &plain(candidate));
    let candidates = known
        .iter()
        .map(AsRef::as_ref)
        .filter(|known| known.len() <= LONGEST);
    candidates
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().max(word.chars().count()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Names in backticks, joined by commas; the rest of very many is left out.
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    const SHOWN: usize = 20;
    let mut shown: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| quoted(name.as_ref()))
        .collect();
    if names.len() > SHOWN {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let check = |word, expected: Option<&str>| {
            assert_eq!(nearest(word, &["timeout", "id-column", "gpus"]), expected);
        };
        check("time-out", Some("timeout"));
        check("Timeout", Some("timeout"));
        check("id_column", Some("id-column"));
        check("gpu", Some("gpus"));
        check("memory", None);
        check("", None);
        check(&"timeout".repeat(100), None);
    }
}
