//! A regular expression over what a program printed.

use std::borrow::Cow;

use regex::{Captures, Regex, RegexBuilder};

use super::pick::{Candidate, Matches, Picker};
use super::text_file;
use crate::error::Fault;
use crate::manifest::Pick;
use crate::reason::{Reason, Unmeasured, invalid};
use crate::table::{Breaks, Lines, TableFile, shown, unreadable};

/// The most of a line that is searched, in bytes.
const LONGEST_LINE: usize = 64 << 10;

/// The most memory of a compiled pattern, in bytes.
const PATTERN_SIZE: usize = 4 << 20;

/// The matches of `pattern` in `file` that count.
///
/// The pattern is applied to each line by itself, without the escape sequences
/// that colour a terminal. A carriage return ends a line too, so that each
/// state of a progress bar is one. Bytes that are not UTF-8 become `�`.
///
/// # Errors
///
/// When nothing matches, several do where one is meant, or the file cannot be read.
pub(super) fn find(file: &TableFile, pattern: &str, pick: Pick) -> Result<Matches, Unmeasured> {
    let regex = compile(pattern)?;
    let mut lines = Lines::new(text_file(file)?, Breaks::CarriageReturns, LONGEST_LINE);
    let mut picker = Picker::new(pick);
    let (mut last, mut cut) = (0, None);
    while let Some(line) = lines.next().map_err(|error| unreadable(file, &error))? {
        last = line.number;
        cut = cut.or(line.cut.then_some(line.number));
        let text = plain(line.bytes);
        let place = || format!("{} line {}", shown(&file.name), line.number);
        let mut found = regex
            .captures_iter(&text)
            .filter(|captures| captures.name("value").is_some());
        if !found.all(|captures| picker.offer(|| candidate(&text, &captures, place()))) {
            break;
        }
    }
    let what = format!("matches of `{}` in {}", shown(pattern), shown(&file.name));
    let mut matches = picker
        .finish(&what)?
        .ok_or_else(|| nothing(file, pattern, last))?;
    matches.notes.extend(cut.map(|line| too_long(file, line)));
    Ok(matches)
}

fn compile(pattern: &str) -> Result<Regex, Unmeasured> {
    let built = RegexBuilder::new(pattern)
        .size_limit(PATTERN_SIZE)
        .dfa_size_limit(PATTERN_SIZE)
        .build();
    let regex = built.map_err(|error| {
        let error = error.to_string().replace('\n', " ");
        invalid(
            Fault::Manifest,
            format!("the pattern `{}` is not usable: {error}", shown(pattern)),
        )
    })?;
    if regex.capture_names().flatten().any(|name| name == "value") {
        return Ok(regex);
    }
    let detail = format!("the pattern `{}` has no group `value`", shown(pattern));
    Err(invalid(Fault::Manifest, detail).hint("put the number into `(?<value>…)`"))
}

fn nothing(file: &TableFile, pattern: &str, lines: u64) -> Unmeasured {
    let name = shown(&file.name);
    let detail = format!(
        "nothing in {name} matches `{}` ({lines} lines searched)",
        shown(pattern)
    );
    let hint = format!(
        "either the pattern is not what the code prints, or the code did not get as far as printing it: look into {name}"
    );
    Unmeasured::new(Reason::MeasurementMissing, Fault::Manifest, detail).hint(hint)
}

fn too_long(file: &TableFile, line: u64) -> String {
    format!(
        "{} line {line} is longer than 64 KiB: only its start was searched",
        shown(&file.name)
    )
}

fn candidate(line: &str, captures: &Captures<'_>, place: String) -> Candidate {
    let value = captures.name("value");
    let behind = value.map_or("", |value| &line[value.end()..]);
    let value = value.map_or("", |value| value.as_str());
    Candidate {
        number: value.chars().take(Candidate::LONGEST).collect(),
        percent: behind.trim_start_matches([' ', '\t']).starts_with('%'),
        place,
        shown: shown(captures.get_match().as_str()).into_owned(),
    }
}

/// A line as a terminal shows it: without escape sequences and other control characters.
pub(super) fn plain(bytes: &[u8]) -> Cow<'_, str> {
    if !bytes.iter().any(|&byte| hidden(byte)) {
        return String::from_utf8_lossy(bytes);
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [byte, after @ ..] = rest {
        rest = if *byte == ESCAPE {
            behind_escape(after)
        } else {
            after
        };
        if !hidden(*byte) {
            kept.push(*byte);
        }
    }
    Cow::Owned(String::from_utf8_lossy(&kept).into_owned())
}

const ESCAPE: u8 = 0x1b;

fn hidden(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

/// What follows an escape sequence whose escape has been read (ECMA-48).
fn behind_escape(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b'[', rest @ ..] => behind(rest, |byte| (0x40..=0x7e).contains(&byte)),
        // A title or a link: up to a bell, or to the escape that begins its end.
        [b']' | b'P' | b'_' | b'^', rest @ ..] => {
            let end = rest
                .iter()
                .position(|&byte| byte == 0x07 || byte == ESCAPE)
                .unwrap_or(rest.len());
            match &rest[end..] {
                [ESCAPE, b'\\', rest @ ..] | [0x07, rest @ ..] | rest => rest,
            }
        }
        [0x20..=0x2f, rest @ ..] => behind(rest, |byte| (0x30..=0x7e).contains(&byte)),
        [0x30..=0x7e, rest @ ..] | rest => rest,
    }
}

fn behind(bytes: &[u8], last: impl Fn(u8) -> bool) -> &[u8] {
    bytes
        .iter()
        .position(|&byte| last(byte))
        .map_or(&[], |end| &bytes[end + 1..])
}
