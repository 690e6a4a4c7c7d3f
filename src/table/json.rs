//! JSON Lines, and what Python calls JSON.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::document::Elements;
use super::input::{open, unreadable};
use super::lines::{Breaks, Lines};
use super::list::Cell;
use super::{Column, Place, Row, TableFile, Visit, shown};
use crate::reason::Unmeasured;

/// The longest line, in bytes.
const LONGEST_LINE: usize = 16 << 20;

/// The lines of a file, each an object; the first one's keys are the columns.
pub(super) struct Rows {
    lines: Lines<Box<dyn BufRead>>,
    columns: Vec<String>,
    place: Place,
}

impl Rows {
    /// Opens a file of one object a line, or of one `document`; returns its columns and its rows.
    pub(super) fn open(file: &TableFile, document: bool) -> Result<(Vec<String>, Self), Unmeasured> {
        let lines = || {
            let text = open(file)?;
            let text: Box<dyn BufRead> = match document {
                true => Box::new(BufReader::new(Elements::new(text))),
                false => text,
            };
            Ok(Lines::new(text, Breaks::LineFeeds, LONGEST_LINE))
        };
        let place = if document { Place::Row } else { Place::Line };
        let mut peek = lines()?;
        let columns = loop {
            let line = peek.next().map_err(|error| unreadable(file, &error))?;
            let line = line.ok_or_else(|| file.invalid("it is empty"))?;
            if !blank(line.bytes) {
                let keys =
                    parse(line.bytes, Keys).map_err(|error| not_json(file, place, line.number, &error))?;
                break keys;
            }
        };
        let rows = Self {
            lines: lines()?,
            columns: columns.clone(),
            place,
        };
        Ok((columns, rows))
    }

    /// What is counted to say where something stands.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn each(
        mut self,
        file: &TableFile,
        wanted: &[Column],
        visit: Visit<'_>,
    ) -> Result<(), Unmeasured> {
        let places: HashMap<&str, usize> = wanted
            .iter()
            .filter_map(|column| Some((self.columns.get(column.0)?.as_str(), column.0)))
            .collect();
        let place = self.place;
        let mut cells: Vec<Option<String>> = vec![None; self.columns.len()];
        while let Some(line) = self.lines.next().map_err(|error| unreadable(file, &error))? {
            if blank(line.bytes) {
                continue;
            }
            if line.cut {
                return Err(file.invalid(format_args!("{place} {} is longer than 16 MiB", line.number)));
            }
            cells.fill(None);
            let seed = Cells {
                places: &places,
                cells: &mut cells,
            };
            parse(line.bytes, seed).map_err(|error| not_json(file, place, line.number, &error))?;
            if !visit(line.number, &Row::Texts(&cells))? {
                break;
            }
        }
        Ok(())
    }
}

fn blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

fn not_json(file: &TableFile, place: Place, line: u64, error: &serde_json::Error) -> Unmeasured {
    let what = shown(&error.to_string()).into_owned();
    file.invalid(format_args!(
        "{place} {line} is not a JSON object with plain values: {what}"
    ))
}

fn parse<'de, S: DeserializeSeed<'de>>(line: &'de [u8], seed: S) -> serde_json::Result<S::Value> {
    let mut deserializer = serde_json::Deserializer::from_reader(PythonJson::new(line));
    // Reading from a reader, strings are owned: the lifetime is not used.
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The keys of an object, in order.
struct Keys;

impl<'de> DeserializeSeed<'de> for Keys {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Keys {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            keys.push(key);
        }
        Ok(keys)
    }
}

/// The values of some keys of an object, as text.
struct Cells<'a> {
    places: &'a HashMap<&'a str, usize>,
    cells: &'a mut [Option<String>],
}

impl<'de> DeserializeSeed<'de> for Cells<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Cells<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let Some(&place) = self.places.get(key.as_str()) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if self.cells[place].is_some() {
                return Err(de::Error::custom(format_args!(
                    "the key `{}` stands there twice",
                    shown(&key)
                )));
            }
            self.cells[place] = map.next_value::<Cell>()?.0;
        }
        Ok(())
    }
}

/// A plain JSON value as text: a number as Python and Rust print it, nothing for `null`.
pub(crate) struct Scalar(pub(crate) String);

impl<'de> de::Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar(format!("{value:?}")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(String::new()))
    }
}

/// Puts quotes around `NaN`, `Infinity` and `-Infinity`, which Python writes and JSON does not have.
///
/// Otherwise a NaN anywhere in a file would hide every other number in it. As
/// texts they are still not numbers.
pub(crate) struct PythonJson<R> {
    inner: R,
    state: State,
    /// A word outside of strings that may turn out to be one of the three.
    word: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Plain,
    Text,
    Escape,
}

impl<R: BufRead> PythonJson<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            state: State::Plain,
            word: Vec::new(),
            ready: Vec::new(),
            given: 0,
        }
    }

    fn take(&mut self, byte: u8) {
        match self.state {
            State::Escape => self.state = State::Text,
            State::Text if byte == b'\\' => self.state = State::Escape,
            State::Text if byte == b'"' => self.state = State::Plain,
            State::Text => {}
            State::Plain if byte.is_ascii_alphabetic() || byte == b'-' => {
                self.word.push(byte);
                // No word that matters is longer.
                if self.word.len() > b"-Infinity".len() {
                    self.ready.append(&mut self.word);
                }
                return;
            }
            State::Plain => {
                self.flush();
                if byte == b'"' {
                    self.state = State::Text;
                }
            }
        }
        self.ready.push(byte);
    }

    fn flush(&mut self) {
        let special = [b"NaN".as_slice(), b"Infinity", b"-Infinity"].contains(&self.word.as_slice());
        if special {
            self.ready.push(b'"');
        }
        self.ready.append(&mut self.word);
        if special {
            self.ready.push(b'"');
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.given = 0;
        while self.ready.is_empty() {
            let chunk = self.inner.fill_buf()?;
            if chunk.is_empty() {
                self.flush();
                return Ok(());
            }
            let chunk = chunk.to_vec();
            chunk.iter().for_each(|&byte| self.take(byte));
            self.inner.consume(chunk.len());
        }
        Ok(())
    }
}

impl<R: BufRead> Read for PythonJson<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() {
            self.refill()?;
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..][..count]);
        self.given += count;
        Ok(count)
    }
}
