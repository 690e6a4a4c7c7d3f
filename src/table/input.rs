//! Opening files that others wrote.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

use super::{Side, TableFile};
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};

/// The most bytes that are read of one file, after decompression.
const MOST_BYTES: u64 = 16 << 30;

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, pipe, device or socket.
    Special,
    /// Nothing.
    Nothing,
}

impl Kind {
    /// What lies at `path`. What a step wrote is not followed through links, which could lead anywhere.
    ///
    /// # Errors
    ///
    /// When the machine does not say.
    pub(crate) fn of(path: &Path, side: Side) -> io::Result<Self> {
        let metadata = match side {
            Side::Written => fs::symlink_metadata(path),
            Side::Pinned => fs::metadata(path),
        };
        match metadata {
            Ok(metadata) if metadata.is_file() => Ok(Self::File),
            Ok(metadata) if metadata.is_dir() => Ok(Self::Folder),
            Ok(_) => Ok(Self::Special),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Nothing),
            Err(error) => Err(error),
        }
    }
}

/// Refuses whatever is not a regular file: opening a pipe would wait for ever.
pub(crate) fn checked(file: &TableFile) -> Result<(), Unmeasured> {
    match Kind::of(&file.path, file.side) {
        Ok(Kind::File) => Ok(()),
        Ok(Kind::Folder) => {
            let error = file.invalid("it is a folder and not a file");
            Err(error.hint("name a file inside it"))
        }
        Ok(Kind::Special) => Err(file.invalid("it is not a regular file")),
        Ok(Kind::Nothing) => Err(Unmeasured {
            reason: crate::reason::Reason::MeasurementMissing,
            ..file.invalid("it is not there")
        }),
        Err(error) => Err(unreadable(file, &error)),
    }
}

/// Opens a regular file, unpacking gzip, and hands out what it holds as text without a byte-order mark.
///
/// # Errors
///
/// When it cannot be opened, or is text in UTF-16.
pub(crate) fn open(file: &TableFile) -> Result<Box<dyn BufRead>, Unmeasured> {
    let opened = File::open(&file.path).map_err(|error| unreadable(file, &error))?;
    let mut plain = BufReader::with_capacity(1 << 16, opened);
    let start = plain.fill_buf().map_err(|error| unreadable(file, &error))?;
    let reader: Box<dyn Read> = match start {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(plain)),
        _ => Box::new(plain),
    };
    let limited = Limited {
        inner: reader,
        left: MOST_BYTES,
    };
    let mut reader = BufReader::with_capacity(1 << 16, limited);
    match reader.fill_buf().map_err(|error| unreadable(file, &error))? {
        [0xef, 0xbb, 0xbf, ..] => reader.consume(3),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Err(file.invalid("it is in UTF-16").hint("write it in UTF-8"));
        }
        _ => {}
    }
    Ok(Box::new(reader))
}

/// A failure of reading: what the file holds, or what the machine does.
pub(crate) fn unreadable(file: &TableFile, error: &io::Error) -> Unmeasured {
    let data = [
        io::ErrorKind::InvalidData,
        io::ErrorKind::InvalidInput,
        io::ErrorKind::UnexpectedEof,
    ];
    if data.contains(&error.kind()) {
        return file.invalid(error);
    }
    invalid(
        Fault::Host,
        format!("cannot read `{}`: {error}", super::shown(&file.name)),
    )
}

/// A reader that ends in an error where a limit is passed.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| too_much("it is larger than 16 GiB"))?;
        Ok(read)
    }
}

fn too_much(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A reader that ends in an error when too much is read without [`Allowance::renew`].
///
/// A quote that never closes would otherwise draw the whole file into one cell.
pub(super) struct Rationed<R> {
    inner: R,
    used: Allowance,
}

/// How much was read since it was last renewed.
#[derive(Clone, Default)]
pub(super) struct Allowance(Rc<Cell<u64>>);

impl Allowance {
    /// The most bytes of one row, and the reader's buffer.
    const MOST: u64 = 16 << 20;

    pub(super) fn renew(&self) {
        self.0.set(0);
    }
}

impl<R> Rationed<R> {
    pub(super) fn new(inner: R) -> (Self, Allowance) {
        let used = Allowance::default();
        let reader = Self {
            inner,
            used: used.clone(),
        };
        (reader, used)
    }
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.used.0.set(self.used.0.get() + read as u64);
        if self.used.0.get() > Allowance::MOST {
            return Err(too_much("a row is longer than 16 MiB; a quote may never close"));
        }
        Ok(read)
    }
}
