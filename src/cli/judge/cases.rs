//! Many claims at once: JSON Lines in, JSON Lines out, in the same order, on all cores.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::row::Row;
use super::{Case, Wrong};
use crate::cli::DirectionChoice;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;

/// Cases that are judged together: enough for all cores, and little memory.
const AT_ONCE: usize = 4096;

/// The longest line, in bytes.
const LONGEST_LINE: u64 = 16 << 20;

/// One case, as written. Texts that stand for printed numbers may also be bare numbers, whose digits count.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    metric: String,
    #[serde(borrow)]
    claimed: &'a RawValue,
    #[serde(default, alias = "claimed-runs")]
    claimed_runs: Option<u32>,
    measured: Vec<f64>,
    #[serde(default)]
    floor: Option<f64>,
    #[serde(borrow, default)]
    tolerance: Option<&'a RawValue>,
    #[serde(default)]
    direction: Option<DirectionChoice>,
    #[serde(default)]
    anytime: bool,
}

/// The result of one case, with its `id` if it has one.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    #[serde(flatten)]
    row: Row<'a>,
}

/// Why a case could not be judged.
#[derive(Serialize)]
struct Refused<'a> {
    line: u64,
    error: &'a str,
}

/// Judges every line of `file`; a line that cannot be judged gets an `error` in its place.
pub(super) fn judge(file: &Path, terminal: &Terminal) -> Exit {
    match judge_all(file, terminal) {
        Ok(0) => Exit::Success,
        Ok(refused) => {
            let noun = if refused == 1 { "case" } else { "cases" };
            let text = format!("{refused} {noun} could not be judged; their lines say why");
            terminal.message("error", "31", &text);
            Exit::Usage
        }
        Err(error) => {
            let text = format!("cannot read `{}`: {error}", file.display());
            terminal.message("error", "31", &text);
            Exit::Usage
        }
    }
}

/// How many cases were refused.
fn judge_all(file: &Path, terminal: &Terminal) -> io::Result<u64> {
    let mut reader: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file)?))
    };
    let (mut refused, mut number, mut done) = (0, 0, false);
    while !done && !terminal.is_cancelled() {
        let mut lines = Vec::new();
        while lines.len() < AT_ONCE && !done {
            let mut line = next_line(&mut reader)?;
            // Editors of some systems put a mark of the encoding before the first line.
            if number == 0
                && let Some(line) = &mut line
                && line.starts_with(b"\xef\xbb\xbf")
            {
                line.drain(..3);
            }
            done = line.is_none();
            number += 1;
            lines.extend(
                line.filter(|line| !line.trim_ascii().is_empty())
                    .map(|line| (number, line)),
            );
        }
        let answers: Vec<Result<String, String>> = lines
            .par_iter()
            .map(|(number, line)| answer(line).map_err(|wrong| refusal(*number, &wrong.message)))
            .collect();
        refused += answers.iter().filter(|answer| answer.is_err()).count() as u64;
        let texts = answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(|refusal| refusal));
        let text: String = texts.map(|text| text + "\n").collect();
        if !text.is_empty() {
            terminal.result(&text);
        }
    }
    Ok(refused)
}

/// The next line, without its end; `None` after the last.
fn next_line(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let length = reader.take(LONGEST_LINE).read_until(b'\n', &mut line)? as u64;
    if length == LONGEST_LINE && line.last() != Some(&b'\n') {
        let text = format!("a line has more than {LONGEST_LINE} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok((length > 0).then_some(line))
}

fn answer(line: &[u8]) -> Result<String, Wrong> {
    let written: Written<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let claimed = printed(written.claimed, "claimed")?;
    let tolerance = written.tolerance.map(|raw| printed(raw, "tolerance"));
    let tolerance = tolerance.transpose()?;
    let case = Case {
        metric: &written.metric,
        claimed: &claimed,
        claimed_runs: written.claimed_runs,
        measured: written.measured,
        floor: written.floor,
        tolerance: tolerance.as_deref(),
        direction: written.direction,
        anytime: written.anytime,
    };
    let judged = case.judged()?;
    let answer = Answer {
        id: written.id,
        row: Row::of(&judged),
    };
    serde_json::to_string(&answer).map_err(|error| error.to_string().into())
}

/// A printed number: a string, or a bare number as it is written.
fn printed(raw: &RawValue, key: &str) -> Result<String, Wrong> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str(text).map_err(|error| error.to_string().into()),
        Some(b'-' | b'0'..=b'9') => Ok(text.to_owned()),
        _ => Err(format!("`{key}` is a printed number, such as \"83.0 ± 0.7 %\" or 0.83").into()),
    }
}

fn refusal(line: u64, error: &str) -> String {
    serde_json::to_string(&Refused { line, error }).unwrap_or_default()
}
