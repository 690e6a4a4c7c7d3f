//! Text line by line, in bounded memory.

use std::io::{self, BufRead};

/// Where a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breaks {
    /// At line feeds.
    LineFeeds,
    /// At carriage returns too: what a terminal shows of a progress bar is its last state.
    CarriageReturns,
}

/// Reads text line by line, keeping no more than the start of a long line.
pub(crate) struct Lines<R> {
    reader: R,
    breaks: Breaks,
    most: usize,
    /// The number of the line that is read next, counting line feeds alone, as editors do.
    number: u64,
    buffer: Vec<u8>,
}

/// One line without its end.
pub(crate) struct Line<'a> {
    /// Its number from 1, counting line feeds alone.
    pub(crate) number: u64,
    /// Its bytes, at most as many as are kept.
    pub(crate) bytes: &'a [u8],
    /// Whether it was longer than that.
    pub(crate) cut: bool,
}

impl<R: BufRead> Lines<R> {
    /// Keeps at most `most` bytes of a line.
    pub(crate) fn new(reader: R, breaks: Breaks, most: usize) -> Self {
        Self {
            reader,
            breaks,
            most,
            number: 1,
            buffer: Vec::new(),
        }
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of the reader.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        let number = self.number;
        let (mut any, mut cut) = (false, false);
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let returns = self.breaks == Breaks::CarriageReturns;
            let end = chunk
                .iter()
                .position(|&byte| byte == b'\n' || (returns && byte == b'\r'));
            let text = &chunk[..end.unwrap_or(chunk.len())];
            let kept = text.len().min(self.most - self.buffer.len());
            cut |= kept < text.len();
            self.buffer.extend_from_slice(&text[..kept]);
            let feed = end.is_some_and(|end| chunk[end] == b'\n');
            let used = text.len() + usize::from(end.is_some());
            self.reader.consume(used);
            self.number += u64::from(feed);
            if end.is_some() {
                break;
            }
        }
        let line = Line {
            number,
            bytes: &self.buffer,
            cut,
        };
        Ok(any.then_some(line))
    }
}
