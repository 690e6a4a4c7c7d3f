//! Small files as lines: encodings, comments, continued lines, limits.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// A whole small file as text: UTF-8, or UTF-16 with its mark as Windows shells write it.
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    // Asked before it is opened: opening a pipe waits for somebody to write to it.
    if !path.is_file() {
        return Err("it is not a file".to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err("it is larger than 1 MiB".to_owned());
    }
    decode(&bytes).ok_or_else(|| "it is not text in UTF-8 or UTF-16".to_owned())
}

fn decode(bytes: &[u8]) -> Option<String> {
    let wide = |bytes: &[u8], join: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| join([pair[0], pair[1]]))
            .collect();
        String::from_utf16(&units).ok()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

/// Lines with their numbers: continued ones joined, comments gone, blank ones left out.
pub(super) fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, raw) in text.lines().enumerate() {
        let (number, mut joined) = open.take().unwrap_or((index + 1, String::new()));
        let raw = without_comment(raw);
        match raw.strip_suffix('\\') {
            Some(part) => {
                joined.push_str(part);
                joined.push(' ');
                open = Some((number, joined));
            }
            None => {
                joined.push_str(raw);
                lines.push((number, joined));
            }
        }
    }
    lines.extend(open);
    lines.retain(|(_, text)| !text.trim().is_empty());
    lines
}

/// A comment begins with `#` at the start of a line or behind a blank: addresses hold `#egg=`.
pub(super) fn without_comment(line: &str) -> &str {
    let start = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|at| *at == 0 || line[..*at].ends_with(char::is_whitespace));
    line[..start.unwrap_or(line.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode(&bytes).map(|text| logical_lines(&text));
        }
    }
}
