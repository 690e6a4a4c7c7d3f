//! Why something could not be obtained.

use std::io;
use std::path::PathBuf;

use bytesize::ByteSize;
use thiserror::Error;

use super::SOURCES;
use super::http::ClientError;
use super::unpack::UnpackError;
use crate::digest::Digest;
use crate::error::{Diagnose, Fault};
use crate::reason::Reason;

/// Why an input could not be obtained.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// The bytes arrived and are not the bytes that the manifest names.
    #[error(
        "input `{input}` is not the file that the manifest pins\n  \
         expected {expected}\n     found {found}"
    )]
    WrongDigest {
        /// The input.
        input: String,
        /// What the manifest names.
        expected: Digest,
        /// What arrived.
        found: Digest,
    },
    /// The manifest names no digest, and nobody said that it may be missing.
    #[error("input `{input}` has no `sha256`")]
    Unpinned {
        /// The input.
        input: String,
    },
    /// No source goes by this scheme.
    #[error("input `{input}` comes from `{location}`, whose scheme is not known")]
    UnknownScheme {
        /// The input.
        input: String,
        /// Its source as written.
        location: String,
    },
    /// The scheme is known and cannot be fetched from yet.
    #[error("input `{input}` comes from `{scheme}:`, which is not supported yet")]
    NotSupported {
        /// The input.
        input: String,
        /// The scheme.
        scheme: &'static str,
    },
    /// The source as written makes no sense, or is not allowed.
    #[error("input `{input}` cannot come from `{location}`: {why}")]
    BadSource {
        /// The input.
        input: String,
        /// Its source as written.
        location: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server says that there is no such file.
    #[error("input `{input}` is not at `{location}` any more: the server answers {status}")]
    NotFound {
        /// The input.
        input: String,
        /// Where it was asked for.
        location: String,
        /// 404 or 410.
        status: u16,
    },
    /// The server answers something that trying again does not change.
    #[error("input `{input}` is refused: `{location}` answers {status}")]
    Refused {
        /// The input.
        input: String,
        /// Where it was asked for.
        location: String,
        /// The HTTP status.
        status: u16,
    },
    /// The transfer failed, however often it was tried.
    #[error("input `{input}` could not be fetched from `{location}` in {attempts} attempts")]
    Transfer {
        /// The input.
        input: String,
        /// Where it was asked for.
        location: String,
        /// How often it was tried.
        attempts: u32,
        /// What went wrong last.
        #[source]
        cause: TransferError,
    },
    /// The server's certificate is not trusted here.
    #[error("the certificate of `{location}` is not trusted: {why}")]
    Certificate {
        /// Where the input was asked for.
        location: String,
        /// What is wrong with it.
        why: String,
    },
    /// A redirect that is not followed.
    #[error("input `{input}` is redirected from `{location}`: {why}")]
    Redirect {
        /// The input.
        input: String,
        /// Where the last redirect came from.
        location: String,
        /// Why it is not followed.
        why: String,
    },
    /// More bytes than allowed.
    #[error("input `{input}` is larger than the limit of {}", ByteSize(*limit).display().iec())]
    TooLarge {
        /// The input.
        input: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The server sent more than it announced, and there is no digest that says which of it is meant.
    #[error("`{location}` sends more than the {declared} bytes that it announces")]
    Surplus {
        /// Where the input was asked for.
        location: String,
        /// The announced length.
        declared: u64,
    },
    /// It is not in the cache, and nothing may be fetched.
    #[error("input `{input}` is not in the cache, and fetching is switched off")]
    Offline {
        /// The input.
        input: String,
    },
    /// There is no way to the network.
    #[error("the network is not usable as it is configured")]
    Client(#[from] ClientError),
    /// There is nothing at a local path, or it cannot be read.
    #[error("input `{input}` cannot be read from `{}`", path.display())]
    Unreadable {
        /// The input.
        input: String,
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A local path is something else than a file.
    #[error("input `{input}` is {what}, not a file: `{}`", path.display())]
    NotAFile {
        /// The input.
        input: String,
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The repository holds a pointer where the content should be.
    #[error(
        "input `{input}` is only a Git LFS pointer in the repository: `{path}` stands for {bytes} bytes elsewhere"
    )]
    LfsPointer {
        /// The input.
        input: String,
        /// Its path in the repository.
        path: String,
        /// The length of the content.
        bytes: u64,
    },
    /// The wheel has no such file.
    #[error("there is no `{path}` in the wheel of `{package}`")]
    NotInWheel {
        /// `NAME==VERSION`.
        package: String,
        /// The path asked for.
        path: String,
        /// Files of the wheel whose names are close, the closest first.
        nearest: Vec<String>,
    },
    /// The wheel is no archive that can be read.
    #[error("the wheel of `{package}` cannot be read: {why}")]
    BadWheel {
        /// `NAME==VERSION`.
        package: String,
        /// Why.
        why: String,
    },
    /// Nothing on this machine downloads packages.
    #[error("no Python with pip and no uv was found to download `{package}` with")]
    NoPackageClient {
        /// `NAME==VERSION`.
        package: String,
    },
    /// The package client did not deliver.
    #[error("`{client}` did not deliver the wheel of `{package}`: {why}")]
    PackageClient {
        /// What ran.
        client: String,
        /// `NAME==VERSION`.
        package: String,
        /// How it ended, and what it said last.
        why: String,
    },
    /// The archive was not unpacked.
    #[error("input `{input}` cannot be unpacked")]
    Unpack {
        /// The input.
        input: String,
        /// Why.
        #[source]
        cause: UnpackError,
    },
    /// The cache cannot be read or written.
    #[error("cannot {doing} in the cache")]
    Cache {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        #[source]
        cause: io::Error,
    },
    /// The user asked to stop.
    #[error("fetching `{input}` was cancelled")]
    Cancelled {
        /// The input.
        input: String,
    },
}

/// What went wrong in one attempt that is worth another.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The host's name leads nowhere.
    #[error("the host's name cannot be resolved")]
    NoHost,
    /// No connection, or one that broke before the headers were through.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// The server asks for patience, or has a fault of its own.
    #[error("the server answers {0}")]
    Status(u16),
    /// The connection ended in the middle.
    #[error("the connection broke after {got} bytes{}: {why}", of(*total))]
    Broken {
        /// What had arrived, over all attempts.
        got: u64,
        /// What was announced.
        total: Option<u64>,
        /// How it broke.
        why: String,
    },
    /// The server went silent, or next to it.
    #[error("the server fell silent after {got} bytes{}", of(*total))]
    Silent {
        /// What had arrived, over all attempts.
        got: u64,
        /// What was announced.
        total: Option<u64>,
    },
    /// The server's partial answer does not continue what was there.
    #[error("the server's partial answer is not the part that was asked for")]
    WrongPart,
}

fn of(total: Option<u64>) -> String {
    total.map(|total| format!(" of {total}")).unwrap_or_default()
}

impl AcquireError {
    /// The reason code of a claim that lacks this input.
    pub fn reason(&self) -> Reason {
        if matches!(self, Self::Cancelled { .. }) {
            Reason::Cancelled
        } else {
            Reason::DataUnavailable
        }
    }

    /// Whether there is no room for it on the disk.
    pub(super) fn is_full(&self) -> bool {
        let Self::Cache { cause, .. } = self else {
            return false;
        };
        matches!(
            cause.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    }

    pub(super) fn cache(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |cause| Self::Cache { doing, cause }
    }
}

impl Diagnose for AcquireError {
    fn fault(&self) -> Fault {
        match self {
            Self::WrongDigest { .. }
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::Redirect { .. }
            | Self::Surplus { .. }
            | Self::LfsPointer { .. }
            | Self::BadWheel { .. } => Fault::Paper,
            Self::Unpinned { .. }
            | Self::UnknownScheme { .. }
            | Self::BadSource { .. }
            | Self::Unreadable { .. }
            | Self::NotAFile { .. }
            | Self::NotInWheel { .. } => Fault::Manifest,
            Self::Transfer { .. }
            | Self::Certificate { .. }
            | Self::TooLarge { .. }
            | Self::Offline { .. }
            | Self::Client(_)
            | Self::NoPackageClient { .. }
            | Self::PackageClient { .. }
            | Self::Cache { .. }
            | Self::Cancelled { .. } => Fault::Host,
            Self::NotSupported { .. } => Fault::Reproof,
            Self::Unpack { cause, .. } => cause.fault(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::WrongDigest { input, .. } => Some(format!(
                "if the authors replaced the file, pin the new digest of `{input}` and note the change in the manifest; \
                 numbers from other bytes say nothing about the paper"
            )),
            Self::Unpinned { .. } => Some("`reproof lock` fetches it once and fills the digest in".to_owned()),
            Self::UnknownScheme { .. } => {
                let known: Vec<_> = SOURCES.iter().map(|source| format!("{}:", source.scheme())).collect();
                Some(format!("known schemes: {}", known.join(", ")))
            }
            Self::NotSupported { .. } => {
                Some("give the `https:` address of the file itself, with its `sha256`".to_owned())
            }
            Self::NotFound { .. } => {
                Some("look for another copy of the very same file; its `sha256` stays".to_owned())
            }
            Self::Refused { status: 401 | 403 | 407, .. } => {
                Some("the file is not open to everyone; fetch it by hand and name it with `file:`".to_owned())
            }
            Self::Transfer { .. } => {
                Some("run it again later: what has arrived is kept and continued".to_owned())
            }
            Self::Certificate { .. } => Some(
                "if a proxy or a local authority signs connections here, name its certificate file in SSL_CERT_FILE".to_owned(),
            ),
            Self::TooLarge { .. } => Some("raise the limit if the file is meant to be so large".to_owned()),
            Self::Surplus { .. } => Some("pin the `sha256` that the authors publish".to_owned()),
            Self::Offline { .. } => Some("run it once with the network".to_owned()),
            Self::LfsPointer { .. } => {
                Some("give the `https:` address of the content instead, with its `sha256`".to_owned())
            }
            Self::NotInWheel { nearest, .. } if !nearest.is_empty() => {
                Some(format!("did you mean {}?", quoted(nearest)))
            }
            Self::NoPackageClient { .. } => {
                Some("install Python 3 with pip, or uv, and put it on PATH".to_owned())
            }
            Self::PackageClient { .. } => Some(
                "check the name and version, and that the package index configured on this machine can be reached".to_owned(),
            ),
            Self::Unpack { cause, .. } => cause.hint(),
            Self::BadSource { .. }
            | Self::Refused { .. }
            | Self::Redirect { .. }
            | Self::Client(_)
            | Self::Unreadable { .. }
            | Self::NotAFile { .. }
            | Self::NotInWheel { .. }
            | Self::BadWheel { .. }
            | Self::Cache { .. }
            | Self::Cancelled { .. } => None,
        }
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

/// The last `limit` characters of what somebody else wrote, made harmless to a terminal.
pub(crate) fn printable(text: &str, limit: usize) -> String {
    let skip = text.chars().count().saturating_sub(limit);
    let mut out = String::new();
    if skip > 0 {
        out.push('…');
    }
    for character in text.chars().skip(skip) {
        match character {
            '\n' | '\t' => out.push(character),
            '\r' => {}
            other if other.is_control() || is_bidi(other) => out.extend(other.escape_default()),
            other => out.push(other),
        }
    }
    out
}

/// Characters that reorder the text around them.
fn is_bidi(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_digest_names_the_input_both_digests_and_what_to_do() {
        let error = AcquireError::WrongDigest {
            input: "test-images".to_owned(),
            expected: Digest::new([0x1d; 32]),
            found: Digest::new([0x9f; 32]),
        };
        assert_eq!(error.fault(), Fault::Paper);
        insta::assert_snapshot!(error, @r"
        input `test-images` is not the file that the manifest pins
          expected sha256:1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d
             found sha256:9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f
        ");
        insta::assert_snapshot!(error.hint().expect("a hint"), @"if the authors replaced the file, pin the new digest of `test-images` and note the change in the manifest; numbers from other bytes say nothing about the paper");
    }

    #[test]
    fn an_unknown_scheme_lists_the_known_ones() {
        let error = AcquireError::UnknownScheme {
            input: "train".to_owned(),
            location: "ftp://example.org/a".to_owned(),
        };
        insta::assert_snapshot!(error.hint().expect("a hint"), @"known schemes: https:, http:, file:, repo:, pypi:, hf:");
    }

    #[test]
    fn a_failed_transfer_reads_as_one_sentence_with_its_cause() {
        let error = AcquireError::Transfer {
            input: "train".to_owned(),
            location: "https://example.org/a".to_owned(),
            attempts: 6,
            cause: TransferError::Broken {
                got: 10,
                total: Some(20),
                why: "end of file".to_owned(),
            },
        };
        insta::assert_snapshot!(crate::error::chain(&error), @"input `train` could not be fetched from `https://example.org/a` in 6 attempts: the connection broke after 10 bytes of 20: end of file");
    }

    #[test]
    fn foreign_text_cannot_move_the_cursor() {
        assert_eq!(
            printable("a\u{1b}[2Jb\r\n\u{202e}c", 80),
            "a\\u{1b}[2Jb\n\\u{202e}c"
        );
        assert_eq!(printable("abcdef", 3), "…def");
    }
}
