//! A place in a JSON document.

use std::fmt;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::pick::Candidate;
use super::text_file;
use crate::error::Fault;
use crate::reason::{Reason, Unmeasured, invalid};
use crate::table::{PythonJson, TableFile, nearest, shown};

/// More values than this are not runs.
const MOST_VALUES: usize = 100_000;

/// How many keys are remembered for a message.
const MOST_KEYS: usize = 200;

/// The number at `pointer`, or the numbers of the array there.
///
/// The document is read as a stream: only what lies on the way is kept.
/// `NaN` and `Infinity`, as Python writes them, do not spoil the rest.
///
/// # Errors
///
/// When the document is not JSON, has a key twice on the way, or holds no number there.
pub(super) fn find(file: &TableFile, pointer: &str) -> Result<Vec<Candidate>, Unmeasured> {
    let path = parts(pointer)?;
    let reader = text_file(file)?;
    let mut deserializer = serde_json::Deserializer::from_reader(PythonJson::new(reader));
    let found = Follow { path: &path }.deserialize(&mut deserializer);
    let found = found
        .and_then(|found| deserializer.end().map(|()| found))
        .map_err(|error| not_json(file, &error))?;
    match found {
        Found::Values { values, .. } if values.is_empty() => {
            Err(file.invalid(format_args!("the array at `{}` is empty", shown(pointer))))
        }
        Found::Values { values, array } => Ok(candidates(file, pointer, values, array)),
        Found::Wrong(what) => {
            let detail = format!(
                "`{}`: at `{}` stands {what} and not a number",
                shown(&file.name),
                shown(pointer)
            );
            Err(invalid(Fault::Manifest, detail)
                .hint("point at a number, or at an array of numbers, each a run"))
        }
        Found::Nothing { left, keys } => Err(nothing(
            file,
            pointer,
            &path[..path.len() - left],
            &path[path.len() - left],
            &keys,
        )),
    }
}

fn candidates(file: &TableFile, pointer: &str, values: Vec<String>, array: bool) -> Vec<Candidate> {
    let place = |at: usize| {
        let place = format!("{} {}", shown(&file.name), shown(pointer));
        if array { format!("{place}/{at}") } else { place }
    };
    let candidate = |(at, number): (usize, String)| Candidate {
        shown: shown(&number).into_owned(),
        number: number.chars().take(Candidate::LONGEST).collect(),
        percent: false,
        place: place(at),
    };
    values.into_iter().enumerate().map(candidate).collect()
}

fn not_json(file: &TableFile, error: &serde_json::Error) -> Unmeasured {
    if let Some(kind) = error.io_error_kind() {
        return crate::table::unreadable(file, &std::io::Error::new(kind, error.to_string()));
    }
    file.invalid(format_args!(
        "it is not JSON that can be used: {}",
        shown(&error.to_string())
    ))
}

fn nothing(file: &TableFile, pointer: &str, reached: &[String], wanted: &str, keys: &[String]) -> Unmeasured {
    let reached = reached
        .iter()
        .fold(String::new(), |path, part| format!("{path}/{part}"));
    let reached = if reached.is_empty() {
        "the top".to_owned()
    } else {
        format!("`{}`", shown(&reached))
    };
    let detail = format!(
        "`{}`: there is nothing at `{}`: {reached} has no `{}`",
        shown(&file.name),
        shown(pointer),
        shown(wanted)
    );
    let hint = match nearest(wanted, keys) {
        Some(near) => format!("did you mean `{near}`?"),
        None if keys.is_empty() => {
            "either the pointer is wrong, or the code did not get as far as writing it".to_owned()
        }
        None => {
            let few: Vec<_> = keys
                .iter()
                .take(8)
                .map(|key| format!("`{}`", shown(key)))
                .collect();
            format!(
                "either the pointer is wrong, or the code did not write it: there are {}",
                few.join(", ")
            )
        }
    };
    Unmeasured::new(Reason::MeasurementMissing, Fault::Manifest, detail).hint(hint)
}

/// The parts of a JSON pointer (RFC 6901).
fn parts(pointer: &str) -> Result<Vec<String>, Unmeasured> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = pointer.strip_prefix('/') else {
        let detail = format!("the JSON pointer `{}` does not begin with `/`", shown(pointer));
        return Err(
            invalid(Fault::Manifest, detail).hint(format!("write `/{}`", shown(&pointer.replace('.', "/"))))
        );
    };
    Ok(rest
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect())
}

/// What stands at a pointer.
enum Found {
    /// Numbers and texts, as text.
    Values { values: Vec<String>, array: bool },
    /// Something else.
    Wrong(&'static str),
    /// Nothing: so many parts of the pointer were left, and these keys were there instead.
    Nothing { left: usize, keys: Vec<String> },
}

/// Follows a path through a document.
#[derive(Clone, Copy)]
struct Follow<'p> {
    path: &'p [String],
}

impl Follow<'_> {
    fn nothing(self, keys: Vec<String>) -> Found {
        Found::Nothing {
            left: self.path.len(),
            keys,
        }
    }

    fn deeper(self) -> Self {
        Self {
            path: &self.path[1..],
        }
    }
}

impl<'de> DeserializeSeed<'de> for Follow<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        if self.path.is_empty() {
            deserializer.deserialize_any(Goal)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de> Visitor<'de> for Follow<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let (mut found, mut keys) = (None, Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            if key != self.path[0] {
                map.next_value::<IgnoredAny>()?;
                if keys.len() < MOST_KEYS {
                    keys.push(shown(&key).into_owned());
                }
            } else if found.is_some() {
                return Err(de::Error::custom(format_args!(
                    "the key `{}` stands there twice",
                    shown(&key)
                )));
            } else {
                found = Some(map.next_value_seed(self.deeper())?);
            }
        }
        Ok(found.unwrap_or_else(|| self.nothing(keys)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        let wanted = index(&self.path[0]);
        let mut found = None;
        let mut at = 0;
        loop {
            let more = if Some(at) == wanted {
                found = seq.next_element_seed(self.deeper())?;
                found.is_some()
            } else {
                seq.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok(found.unwrap_or_else(|| self.nothing(Vec::new())));
            }
            at += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found, E> {
        Ok(self.nothing(Vec::new()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found, E> {
        Ok(self.nothing(Vec::new()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found, E> {
        Ok(self.nothing(Vec::new()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found, E> {
        Ok(self.nothing(Vec::new()))
    }

    fn visit_str<E>(self, _: &str) -> Result<Found, E> {
        Ok(self.nothing(Vec::new()))
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(self.nothing(Vec::new()))
    }
}

/// The index that a part of a pointer names: digits without a leading zero.
fn index(part: &str) -> Option<usize> {
    let plain = part == "0" || (part.bytes().all(|byte| byte.is_ascii_digit()) && !part.starts_with('0'));
    if plain { part.parse().ok() } else { None }
}

/// The value that a pointer points at.
struct Goal;

impl Goal {
    fn one<E>(value: impl fmt::Display) -> Result<Found, E> {
        Ok(Found::Values {
            values: vec![value.to_string()],
            array: false,
        })
    }
}

impl<'de> Visitor<'de> for Goal {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found, E> {
        Ok(Found::Wrong("true or false"))
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Wrong("null"))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Found, E> {
        Self::one(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Found, E> {
        Self::one(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Found, E> {
        Self::one(format_args!("{value:?}"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Found, E> {
        Self::one(value)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Found::Wrong("an object"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        let mut values = Vec::new();
        let mut wrong = None;
        while let Some(Element(element)) = seq.next_element()? {
            match element {
                Found::Values {
                    values: value,
                    array: false,
                } if values.len() < MOST_VALUES => values.extend(value),
                Found::Values { array: false, .. } => wrong = Some("an array of more than 100000 values"),
                Found::Values { .. } | Found::Wrong(_) | Found::Nothing { .. } => {
                    wrong = Some("an array that holds more than numbers");
                }
            }
        }
        Ok(wrong.map_or(Found::Values { values, array: true }, Found::Wrong))
    }
}

/// An element of an array.
struct Element(Found);

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Goal).map(Element)
    }
}
