//! Archives into folders of the cache, whoever made them.
//!
//! What an archive is, its first bytes say, never its name. It is unpacked into
//! a scratch folder and appears under [`Cache::unpacked`] by one rename. A
//! *seal* beside the store remembers how the finished tree looked (paths,
//! kinds, lengths, times); a tree that looks different is unpacked again.
//!
//! Whatever the archive says, nothing is written outside the folder, nothing
//! is written through a link, no device and no pipe is made, no more is written
//! than [`Limits`] allow, and memory stays small: entries are streamed.
//! Anything suspicious refuses the archive as a whole and names the entry.

mod stream;
mod tarball;
mod tree;
mod zipped;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use thiserror::Error;
use walkdir::WalkDir;

use super::error::printable;
use super::store::{Blob, remove_all};
use crate::digest::{Digest, HashingWriter};
use crate::error::{Diagnose, Fault};
use crate::observe::Observer;
use crate::workspace::{Cache, write_whole};
use stream::Format;
use tree::Tree;

/// What an archive may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes in all, unpacked.
    pub bytes: u64,
    /// Files, folders and links in all.
    pub entries: u64,
    /// How many times larger than the archive its content may be, once it is larger than `ratio_from`.
    pub ratio: u64,
    /// Up to so many bytes the ratio does not matter.
    pub ratio_from: u64,
    /// The length of a path inside the archive, in bytes.
    pub path: usize,
    /// How many folders deep a path may lead.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 200 << 30,
            entries: 2_000_000,
            ratio: 250,
            ratio_from: 1 << 30,
            path: 1024,
            depth: 64,
        }
    }
}

/// An archive's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The folder; its files are read-only.
    pub folder: PathBuf,
    /// Whether it was there already.
    pub reused: bool,
    /// Symbolic links that lead to nothing in the archive and were left out; empty when `reused`.
    pub skipped: Vec<String>,
}

/// Why an archive was not unpacked. Entries are named as they are shown, not as they are written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// Nothing that is known.
    #[error("it is {what}, not a zip, tar, gzip, zstd, xz or bzip2 file")]
    NotAnArchive {
        /// What it looks like.
        what: &'static str,
    },
    /// The archive ends early, contradicts itself or needs something that is not supported.
    #[error("the {format} is damaged or not supported: {why}")]
    Damaged {
        /// Of which kind it is.
        format: &'static str,
        /// What the decoder says.
        why: String,
    },
    /// More bytes than allowed.
    #[error("with `{entry}` its content is larger than the limit of {}", ByteSize(*limit).display().iec())]
    TooLarge {
        /// Where the limit was passed.
        entry: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// More entries than allowed.
    #[error("it holds more than {limit} files and folders")]
    TooMany {
        /// The limit.
        limit: u64,
    },
    /// Far larger than its archive: most likely made to fill disks.
    #[error("with `{entry}` its content is more than {limit} times as large as the archive")]
    Bomb {
        /// Where the limit was passed.
        entry: String,
        /// The limit.
        limit: u64,
    },
    /// A path that leads outside, or that no file can have.
    #[error("the path of `{entry}` {why}")]
    BadPath {
        /// The entry.
        entry: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A link that leads outside, or to what is not there.
    #[error("the link `{entry}` leads to `{target}`, which {why}")]
    BadLink {
        /// The entry.
        entry: String,
        /// Where it leads.
        target: String,
        /// What is wrong with that.
        why: &'static str,
    },
    /// Neither file, folder nor link.
    #[error("`{entry}` is {what}")]
    BadKind {
        /// The entry.
        entry: String,
        /// What it is.
        what: &'static str,
    },
    /// Two entries claim the same place.
    #[error("`{entry}` is there twice")]
    Duplicate {
        /// The entry.
        entry: String,
    },
    /// The disk.
    #[error("cannot write to the cache")]
    Disk(#[source] io::Error),
    /// The user asked to stop.
    #[error("unpacking was cancelled")]
    Cancelled,
}

impl Diagnose for UnpackError {
    fn fault(&self) -> Fault {
        match self {
            Self::NotAnArchive { .. } => Fault::Manifest,
            Self::Damaged { .. }
            | Self::TooLarge { .. }
            | Self::TooMany { .. }
            | Self::Bomb { .. }
            | Self::BadPath { .. }
            | Self::BadLink { .. }
            | Self::BadKind { .. }
            | Self::Duplicate { .. } => Fault::Paper,
            Self::Disk(_) | Self::Cancelled => Fault::Host,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotAnArchive { .. } => Some("leave `unpack` out if the file is used as it is".to_owned()),
            Self::TooLarge { .. } | Self::TooMany { .. } | Self::Bomb { .. } => Some(
                "if the archive is trusted, unpack it by hand and name its files with `file:`".to_owned(),
            ),
            Self::Damaged { .. }
            | Self::BadPath { .. }
            | Self::BadLink { .. }
            | Self::BadKind { .. }
            | Self::Duplicate { .. } => {
                Some("unpack it by hand in a safe place and look at what it holds".to_owned())
            }
            Self::Disk(_) | Self::Cancelled => None,
        }
    }
}

/// Unpacks the archive `blob`, or finds it unpacked.
///
/// A single compressed file becomes a folder with that one file, called like
/// the last part of `source` without the ending for the compression, or `data`.
/// The caller holds a lock: two must not unpack the same archive at once.
///
/// # Errors
///
/// See [`UnpackError`]; nothing of the archive is left then.
pub fn unpack(
    blob: &Blob,
    source: &str,
    cache: &Cache,
    limits: &Limits,
    observer: &dyn Observer,
) -> Result<Unpacked, UnpackError> {
    let format = Format::of(&blob.path)?;
    let name = if format.is_single() {
        single_name(source)
    } else {
        String::new()
    };
    let key = match name.as_str() {
        "" => blob.digest,
        name => Digest::of(format!("{} as {name}", blob.digest)),
    };
    let (folder, seal) = (
        cache.unpacked(&key),
        cache.root().join("stamps").join(format!("{}.tree", key.hex())),
    );
    if is_sealed(&folder, &seal) {
        return Ok(Unpacked {
            folder,
            reused: true,
            skipped: Vec::new(),
        });
    }
    remove_all(&folder).map_err(UnpackError::Disk)?;
    let scratch = cache
        .scratch()
        .and_then(tempfile::tempdir_in)
        .map_err(UnpackError::Disk)?;
    // A name that no link in the archive can know.
    let content = scratch
        .path()
        .join(scratch.path().file_name().unwrap_or_default());
    let tree = Tree::new(content.clone(), limits, blob.bytes, observer)?;
    let skipped = without_panic(format.name(), || format.fill(&blob.path, name.as_bytes(), tree))?;
    settle(&content, &folder, &seal).map_err(UnpackError::Disk)?;
    Ok(Unpacked {
        folder,
        reused: false,
        skipped,
    })
}

/// The decoders are not ours, and a hostile archive must not end the whole check.
fn without_panic<T>(
    format: &'static str,
    work: impl FnOnce() -> Result<T, UnpackError>,
) -> Result<T, UnpackError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(UnpackError::Damaged {
            format,
            why: "its decoder stopped".to_owned(),
        })
    })
}

/// Puts the finished tree in its place, its seal first: a seal without a tree does no harm.
fn settle(content: &Path, folder: &Path, seal: &Path) -> io::Result<()> {
    write_whole(seal, looks(content)?.hex().as_bytes())?;
    let parent = folder.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    fs::rename(content, folder)?;
    File::open(parent)?.sync_all()
}

fn is_sealed(folder: &Path, seal: &Path) -> bool {
    let (Ok(sealed), Ok(looks)) = (fs::read_to_string(seal), looks(folder)) else {
        return false;
    };
    sealed == looks.hex()
}

/// How a tree looks from outside: whoever writes to one of its files changes a time or a length.
fn looks(folder: &Path) -> io::Result<Digest> {
    let mut writer = HashingWriter::new(io::sink());
    for entry in WalkDir::new(folder).sort_by_file_name().follow_root_links(false) {
        let entry = entry?;
        let inner = entry
            .path()
            .strip_prefix(folder)
            .unwrap_or(entry.path())
            .as_os_str();
        let it = entry.metadata()?;
        // The times of folders and links are not set: they say nothing about content.
        let (bytes, time) = if it.is_file() {
            (it.len(), (it.mtime(), it.mtime_nsec()))
        } else {
            (0, (0, 0))
        };
        let target = if it.is_symlink() {
            fs::read_link(entry.path())?.into_os_string()
        } else {
            Default::default()
        };
        field(&mut writer, inner)?;
        field(&mut writer, &target)?;
        writeln!(writer, "{:o} {bytes} {time:?}", it.mode())?;
    }
    Ok(writer.finish().0)
}

fn field(writer: &mut impl io::Write, text: &OsStr) -> io::Result<()> {
    let bytes = text.as_encoded_bytes();
    write!(writer, "{} ", bytes.len())?;
    writer.write_all(bytes)
}

/// What a single compressed file is called: plain letters only, as the source is anyone's text.
fn single_name(source: &str) -> String {
    let path = source.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit(['/', ':']).next().unwrap_or_default();
    let endings = [".gz", ".zst", ".xz", ".bz2"];
    let stem = endings
        .iter()
        .find_map(|ending| last.strip_suffix(ending))
        .unwrap_or(last);
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = stem.chars().take(128).map(plain).collect();
    match name.trim_start_matches('.') {
        "" => "data".to_owned(),
        name => name.to_owned(),
    }
}

/// How an entry's name is shown.
fn shown(name: &[u8]) -> String {
    printable(&String::from_utf8_lossy(name).replace(['\n', '\t'], "?"), 200)
}

#[cfg(test)]
mod tests {
    use super::single_name;

    #[test]
    fn a_single_file_is_called_like_its_source() {
        assert_eq!(
            single_name("https://example.org/a/train.csv.gz?download=1"),
            "train.csv"
        );
        assert_eq!(single_name("repo:data/labels.zst"), "labels");
        assert_eq!(single_name("file:x.gz"), "x");
        assert_eq!(single_name("https://example.org/..gz"), "data");
        assert_eq!(single_name("https://example.org/a b\u{202e}.csv.xz"), "a_b_.csv");
    }
}
