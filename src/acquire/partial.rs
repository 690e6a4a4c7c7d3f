//! Downloads that are not finished: kept, so that a broken connection or a killed process costs only what was missing.
//!
//! One folder a source and digest, used by one process at a time (the caller
//! holds the lock). `data` holds the bytes; `origin` says which version of the
//! file they are the beginning of, in the server's words. Bytes that another
//! process left are hashed again before they are continued, and count for
//! nothing until the digest of the whole has been checked.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::digest::{Digest, HashingWriter};
use crate::workspace::write_whole;

/// What a source writes to: a file that grows, is hashed on the way, and has a limit.
#[derive(Debug)]
pub struct Part {
    folder: PathBuf,
    file: File,
    hasher: HashingWriter<io::Sink>,
    limit: u64,
    origin: Origin,
    stitched: bool,
}

/// Which version of the file the bytes are the beginning of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// What `If-Range` takes: a strong entity tag, or a date that is safe to use so.
    pub validator: Option<String>,
    /// The whole length, if announced.
    pub total: Option<u64>,
}

impl Part {
    /// Opens the part in `folder`, which may take up to `limit` bytes, with what is there if `resume`.
    pub(super) fn open(folder: PathBuf, limit: u64, resume: bool) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let path = folder.join("data");
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)?;
        let origin = Origin::read(&folder);
        let hasher = HashingWriter::new(io::sink());
        let mut part = Self {
            folder,
            file,
            hasher,
            limit,
            origin: Origin::default(),
            stitched: false,
        };
        match origin {
            Some(origin) if resume && part.file.metadata()?.len() <= limit => part.rehash(origin)?,
            _ => part.restart()?,
        }
        Ok(part)
    }

    fn rehash(&mut self, origin: Origin) -> io::Result<()> {
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = self.file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            self.hasher.write_all(&buffer[..read])?;
        }
        self.origin = origin;
        self.stitched = !self.is_empty();
        Ok(())
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.hasher.bytes()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most bytes that it takes.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Which version of the file the bytes are the beginning of.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the bytes came in more than one piece, so that a wrong digest may be the fault of putting them together.
    pub fn stitched(&self) -> bool {
        self.stitched
    }

    /// Says that what is written next continues what is there.
    pub fn resume(&mut self) {
        self.stitched = true;
    }

    /// Begins anew with a version of the file that the server describes so.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn begin(&mut self, origin: Origin) -> io::Result<()> {
        self.restart()?;
        origin.write(&self.folder)?;
        self.origin = origin;
        Ok(())
    }

    /// Throws all bytes away.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn restart(&mut self) -> io::Result<()> {
        // The description first: bytes without one are never continued.
        match fs::remove_file(self.folder.join("origin")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.hasher = HashingWriter::new(io::sink());
        self.origin = Origin::default();
        self.stitched = false;
        Ok(())
    }

    /// Leaves what is there for a later attempt, or nothing if nothing is there; passes `error` on.
    pub(super) fn keep_if_worth<E>(self, error: E) -> E {
        if self.is_empty() {
            self.finish().1.discard();
        }
        error
    }

    /// Ends: the digest, the file and its path. Its folder is still there.
    pub(super) fn finish(self) -> (Digest, Finished) {
        let (digest, _, _) = self.hasher.finish();
        (
            digest,
            Finished {
                folder: self.folder,
                file: self.file,
            },
        )
    }
}

/// A part whose digest is known.
#[derive(Debug)]
pub(super) struct Finished {
    folder: PathBuf,
    pub(super) file: File,
}

impl Finished {
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Removes what is left of it.
    pub(super) fn discard(self) {
        // What cannot be removed is begun anew next time.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The part is full.
#[derive(Debug, thiserror::Error)]
#[error("more than {0} bytes")]
pub(super) struct Full(pub(super) u64);

impl Write for Part {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.len().saturating_add(buffer.len() as u64) > self.limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, Full(self.limit)));
        }
        let written = self.file.write(buffer)?;
        self.hasher.write_all(&buffer[..written])?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Origin {
    fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join("origin")).ok()?;
        let mut lines = text.lines();
        let (validator, total) = (lines.next()?, lines.next()?);
        Some(Self {
            validator: (!validator.is_empty()).then(|| validator.to_owned()),
            total: total.parse().ok(),
        })
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        let validator = self.validator.as_deref().unwrap_or_default();
        let total = self.total.map(|total| total.to_string()).unwrap_or_default();
        write_whole(
            &folder.join("origin"),
            format!("{validator}\n{total}\n").as_bytes(),
        )
    }
}
