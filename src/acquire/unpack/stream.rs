//! What a file is by its first bytes, and what is under its compression.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::tree::Tree;
use super::{UnpackError, tarball, zipped};

/// What a decoder may use of memory: the largest windows in use (`xz -9e`, `zstd --ultra --long=27`) need far less.
const MEMORY: u64 = 512 << 20;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Zip,
    /// Under the compression, if any.
    Tar(Compression),
    /// One file under a compression.
    Single(Compression),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

impl Format {
    /// Looks at the beginning of the file, and of what is under its compression.
    pub(super) fn of(path: &Path) -> Result<Self, UnpackError> {
        let start = beginning(File::open(path).map_err(UnpackError::Disk)?).map_err(UnpackError::Disk)?;
        if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
            return Ok(Self::Zip);
        }
        if is_tar(&start) {
            return Ok(Self::Tar(Compression::None));
        }
        let Some(compression) = Compression::of(&start) else {
            return Err(UnpackError::NotAnArchive { what: guess(&start) });
        };
        let damaged = |error: io::Error| compression.damaged(&error);
        let inner = super::without_panic(compression.name(), || {
            beginning(compression.open(path)?).map_err(damaged)
        })?;
        Ok(if is_tar(&inner) {
            Self::Tar(compression)
        } else {
            Self::Single(compression)
        })
    }

    pub(super) fn is_single(self) -> bool {
        matches!(self, Self::Single(_))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip archive",
            Self::Tar(_) => "tar archive",
            Self::Single(compression) => compression.name(),
        }
    }

    /// Puts the content of the archive at `path` into `tree`; `name` is for a single file.
    pub(super) fn fill(
        self,
        path: &Path,
        name: &[u8],
        mut tree: Tree<'_>,
    ) -> Result<Vec<String>, UnpackError> {
        match self {
            Self::Zip => zipped::fill(File::open(path).map_err(UnpackError::Disk)?, &mut tree)?,
            Self::Tar(compression) => tarball::fill(compression.open(path)?, &mut tree)?,
            Self::Single(compression) => {
                tree.file(name, false, &mut compression.open(path)?, |error| {
                    compression.damaged(&error)
                })?;
            }
        }
        tree.finish()
    }
}

impl Compression {
    fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::None => "file",
            Self::Gzip => "gzip file",
            Self::Zstd => "zstd file",
            Self::Xz => "xz file",
            Self::Bzip2 => "bzip2 file",
        }
    }

    fn open(self, path: &Path) -> Result<Box<dyn Read>, UnpackError> {
        let file = BufReader::with_capacity(128 * 1024, File::open(path).map_err(UnpackError::Disk)?);
        let memory_kib = u32::try_from(MEMORY >> 10).unwrap_or(u32::MAX);
        Ok(match self {
            Self::None => Box::new(file),
            Self::Gzip => Box::new(MultiGzDecoder::new(file)),
            Self::Zstd => Box::new(ZstdFrames::new(file)),
            Self::Xz => Box::new(XzReader::new_mem_limit(file, true, memory_kib)),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(file)),
        })
    }

    fn damaged(self, error: &io::Error) -> UnpackError {
        UnpackError::Damaged {
            format: self.name(),
            why: super::shown(error.to_string().as_bytes()),
        }
    }
}

/// Up to the first 512 bytes, the length of a block of tar.
fn beginning(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    reader.take(512).read_to_end(&mut start)?;
    Ok(start)
}

/// Whether a block is the header of a tar entry: its checksum fits (POSIX.1-1988, section 10.1.1).
fn is_tar(block: &[u8]) -> bool {
    let Ok(block) = <&[u8; 512]>::try_from(block) else {
        return false;
    };
    let Ok(expected) = tar::Header::from_byte_slice(block).cksum() else {
        return false;
    };
    let blanked = block.iter().enumerate().map(|(at, byte)| match at {
        148..156 => u32::from(b' '),
        _ => u32::from(*byte),
    });
    // A block of zeros, the end of an archive, never fits: its blanks alone are 256.
    blanked.sum::<u32>() == expected
}

fn guess(start: &[u8]) -> &'static str {
    match start {
        [] => "an empty file",
        [b'7', b'z', 0xbc, 0xaf, ..] => "a 7z archive",
        [b'R', b'a', b'r', b'!', ..] => "a RAR archive",
        [0x1f, 0x9d, ..] => "a file of the old `compress`",
        [b'<', ..] => "a web page",
        _ => "something else",
    }
}

/// All frames of a zstd file, one after the other; frames for others to skip are skipped (RFC 8878, section 3.1.2).
struct ZstdFrames<R> {
    source: R,
    decoder: FrameDecoder,
    inside: bool,
}

impl<R: BufRead> ZstdFrames<R> {
    fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MEMORY);
        Self {
            source,
            decoder,
            inside: false,
        }
    }

    /// Comes to the next frame that holds something; `false` at the end of the file.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let skipped = io::copy(&mut (&mut self.source).take(u64::from(length)), &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.inside && self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.inside && !self.decoder.is_finished() {
                let step = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder
                    .decode_blocks(&mut self.source, step)
                    .map_err(io::Error::other)?;
                continue;
            }
            self.inside = self.next_frame()?;
            if !self.inside {
                return Ok(0);
            }
        }
    }
}
