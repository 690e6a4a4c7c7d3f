//! One JSON document that is an array of objects, as JSON Lines.

use std::io::{self, BufRead, Read};

/// Hands out the elements of an array, each on a line of its own, and keeps nothing of them.
pub(super) struct Elements<R> {
    inner: R,
    state: State,
    /// How many brackets are open.
    depth: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Inside,
    Text,
    Escape,
    After,
}

impl<R: BufRead> Elements<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            state: State::Before,
            depth: 0,
        }
    }

    /// What stands in the place of a byte; `None` for nothing.
    fn turned(&mut self, byte: u8) -> io::Result<Option<u8>> {
        let space = byte.is_ascii_whitespace();
        match (self.state, byte) {
            (State::Escape, _) | (State::Inside, b'"') => self.state = State::Text,
            (State::Text, b'\\') => self.state = State::Escape,
            (State::Text, b'"') => self.state = State::Inside,
            (State::Before, b'[') => {
                self.state = State::Inside;
                return Ok(None);
            }
            (State::Before | State::After, _) if space => return Ok(None),
            (State::Before, _) => return Err(wrong("it is one JSON document, and not an array of objects")),
            (State::After, _) => return Err(wrong("something follows the end of its array")),
            (State::Inside, b'[' | b'{') => self.depth += 1,
            (State::Inside, b']') if self.depth == 0 => {
                self.state = State::After;
                return Ok(Some(b'\n'));
            }
            (State::Inside, b']' | b'}') => self.depth = self.depth.saturating_sub(1),
            (State::Inside, b',') if self.depth == 0 => return Ok(Some(b'\n')),
            (State::Inside, _) if space => return Ok(Some(b' ')),
            (State::Text | State::Inside, _) => {}
        }
        Ok(Some(byte))
    }
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<R: BufRead> Read for Elements<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let chunk = self.inner.fill_buf()?;
            let used = chunk.len().min(buffer.len());
            if used == 0 {
                return match self.state {
                    State::After => Ok(0),
                    State::Before => Err(wrong("it is empty")),
                    State::Inside | State::Text | State::Escape => Err(wrong("its array does not end")),
                };
            }
            buffer[..used].copy_from_slice(&chunk[..used]);
            self.inner.consume(used);
            let mut kept = 0;
            for at in 0..used {
                if let Some(byte) = self.turned(buffer[at])? {
                    buffer[kept] = byte;
                    kept += 1;
                }
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}
