//! NPZ: arrays in a ZIP archive.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::sync::Arc;

use zip::{CompressionMethod, ZipArchive};

use super::Array;
use super::header::Header;
use crate::table::guarded::guarded;

/// The most bytes of an array after decompression.
const MOST_BYTES: u64 = 4 << 30;

/// More members than this are refused.
const MOST_MEMBERS: usize = 1 << 16;

/// The arrays of an archive, without their items.
///
/// # Errors
///
/// When it is no archive.
pub(super) fn arrays(file: &File) -> Result<Vec<Array>, String> {
    let mut archive = opened(file)?;
    if archive.len() > MOST_MEMBERS {
        return Err(format!(
            "it has {} members, more than {MOST_MEMBERS}",
            archive.len()
        ));
    }
    let mut arrays = Vec::new();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).map_err(|error| error.to_string())?;
        let name = member.name().map_err(|error| error.to_string())?;
        let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let size = member.size();
        let header = guarded(|| Header::read(&mut member)).and_then(|header| header);
        let fits = |header: Header| {
            super::fits(&header, size.saturating_sub(header.length))?;
            Ok(header)
        };
        arrays.push(Array {
            name,
            header: header.and_then(fits),
            member: Some(at),
        });
    }
    Ok(arrays)
}

fn opened(file: &File) -> Result<ZipArchive<File>, String> {
    let copy = file.try_clone().map_err(|error| error.to_string())?;
    let archive = guarded(|| ZipArchive::new(copy))?;
    archive.map_err(|error| format!("it is no archive of arrays: {error}"))
}

/// A file with the items of an array, and where they begin: the archive itself if they are stored as they are.
///
/// # Errors
///
/// When they are not there, or too many.
pub(super) fn items(file: &Arc<File>, member: usize, header: &Header) -> Result<(Arc<File>, u64), String> {
    let mut archive = opened(file)?;
    let mut member = archive.by_index(member).map_err(|error| error.to_string())?;
    if member.compression() == CompressionMethod::Stored
        && let Some(start) = member.data_start()
    {
        return Ok((Arc::clone(file), start + header.length));
    }
    let bytes = header.bytes().unwrap_or(u64::MAX);
    if bytes > MOST_BYTES {
        return Err("it is larger than 4 GiB after decompression".to_owned());
    }
    let unpacked = guarded(|| unpack(&mut member, header.length, bytes))?;
    let unpacked = unpacked.map_err(|error| format!("it cannot be unpacked: {error}"))?;
    Ok((Arc::new(unpacked), 0))
}

/// Copies so many bytes behind the first `start` ones into a file without a name.
fn unpack(member: &mut impl Read, start: u64, bytes: u64) -> io::Result<File> {
    io::copy(&mut member.by_ref().take(start), &mut io::sink())?;
    let mut file = tempfile::tempfile()?;
    let copied = io::copy(&mut member.take(bytes), &mut file)?;
    if copied < bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    file.rewind()?;
    Ok(file)
}
