//! zip archives.

use std::fs::File;
use std::io::{BufReader, Read as _};

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::tree::Tree;
use super::{UnpackError, shown};

/// Puts all entries into `tree`.
pub(super) fn fill(file: File, tree: &mut Tree<'_>) -> Result<(), UnpackError> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(&error))?;
    if archive.has_duplicate_names() {
        return Err(UnpackError::Damaged {
            format: "zip archive",
            why: "two of its entries have the same name".to_owned(),
        });
    }
    let limit = tree.limits().entries;
    if archive.len() as u64 > limit {
        return Err(UnpackError::TooMany { limit });
    }
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        put(entry, tree)?;
    }
    Ok(())
}

fn put(mut entry: ZipFile<'_, BufReader<File>>, tree: &mut Tree<'_>) -> Result<(), UnpackError> {
    // Names that are not UTF-8 are taken byte by byte, as other tools on this system do.
    let name = entry.name_raw().to_vec();
    let mode = entry.unix_mode().unwrap_or(0);
    const KIND: u32 = 0o170_000;
    match mode & KIND {
        0o010_000 => return bad_kind(&name, "a pipe"),
        0o020_000 | 0o060_000 => return bad_kind(&name, "a device"),
        0o140_000 => return bad_kind(&name, "a socket"),
        _ => {}
    }
    let broken = |error: std::io::Error| UnpackError::Damaged {
        format: "zip archive",
        why: shown(error.to_string().as_bytes()),
    };
    if entry.is_dir() {
        tree.folder(&name)
    } else if entry.is_symlink() {
        let mut target = Vec::new();
        let most = tree.limits().path as u64 + 1;
        entry
            .by_ref()
            .take(most)
            .read_to_end(&mut target)
            .map_err(broken)?;
        tree.link(&name, &target)
    } else {
        tree.file(&name, mode & 0o111 != 0, &mut entry, broken)
    }
}

fn bad_kind(name: &[u8], what: &'static str) -> Result<(), UnpackError> {
    Err(UnpackError::BadKind {
        entry: shown(name),
        what,
    })
}

fn damaged(error: &ZipError) -> UnpackError {
    UnpackError::Damaged {
        format: "zip archive",
        why: shown(error.to_string().as_bytes()),
    }
}
