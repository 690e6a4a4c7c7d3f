//! Pictures in a folder, a zip file or a tar file.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use walkdir::WalkDir;

use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};
use crate::table::shown;

/// The longest file that is decoded.
const MOST_BYTES: u64 = 64 << 20;

/// More files are refused.
const MOST_FILES: usize = 1_000_000;

/// Bytes that are read of an archive in all.
const MOST_UNPACKED: u64 = 200 << 30;

/// Bytes of an archive among which a first picture is looked for.
const MOST_SEARCHED: u64 = 1 << 30;

/// Endings of the formats that can be decoded.
const ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "gif", "bmp"];

/// A file: its name, and its bytes or why there are none.
pub(super) type Picture = (String, Result<Vec<u8>, String>);

/// A folder, a zip, a tar or a tar.gz file with pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureFiles {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is called in messages.
    pub name: String,
}

impl PictureFiles {
    /// Whether a file in it has a name that ends like that of a picture.
    ///
    /// Of an archive the first GiB is searched.
    pub fn has_pictures(&self) -> bool {
        let mut found = false;
        // Any error ends the search.
        let _ended = self.visit(MOST_SEARCHED, &mut |(name, _)| {
            found = is_picture(&name);
            if found { Err(self.about("found")) } else { Ok(()) }
        });
        found
    }

    /// Calls `visit` with each picture, until it fails.
    ///
    /// Links are not followed. What does not end like a picture is passed over.
    ///
    /// # Errors
    ///
    /// Those of `visit`; when it is neither a folder nor an archive, or cannot be read.
    pub(super) fn each(
        &self,
        mut visit: impl FnMut(Picture) -> Result<(), Unmeasured>,
    ) -> Result<(), Unmeasured> {
        let mut count = 0;
        self.visit(MOST_UNPACKED, &mut |picture| {
            count += 1;
            if count > MOST_FILES {
                return Err(self.about(format_args!("more than {MOST_FILES} pictures")));
            }
            visit(picture)
        })
    }

    fn visit(&self, most: u64, visit: Visit<'_>) -> Result<(), Unmeasured> {
        let broken = |error: io::Error| self.about(error);
        let metadata = fs::metadata(&self.path).map_err(broken)?;
        if metadata.is_dir() {
            return self.folder(visit);
        }
        if !metadata.is_file() {
            return Err(self.about("it is neither a folder nor a file"));
        }
        let mut file = File::open(&self.path).map_err(broken)?;
        let mut start = Vec::new();
        let read = (&mut file).take(512).read_to_end(&mut start);
        read.and_then(|_| file.seek(SeekFrom::Start(0))).map_err(broken)?;
        let file = BufReader::new(file);
        match start.as_slice() {
            [b'P', b'K', 3 | 5, ..] => self.zipped(file, visit),
            [0x1f, 0x8b, ..] => self.tarball(MultiGzDecoder::new(file).take(most), visit),
            start if start.get(257..262) == Some(b"ustar") => self.tarball(file.take(most), visit),
            _ => Err(self.about("it is neither a folder nor a zip, tar or tar.gz file")),
        }
    }

    fn about(&self, what: impl std::fmt::Display) -> Unmeasured {
        invalid(Fault::Manifest, format!("`{}`: {what}", shown(&self.name)))
    }

    fn folder(&self, visit: Visit<'_>) -> Result<(), Unmeasured> {
        for entry in WalkDir::new(&self.path).max_depth(64).sort_by_file_name() {
            let entry = entry.map_err(|error| self.about(error))?;
            let name = entry
                .path()
                .strip_prefix(&self.path)
                .unwrap_or(entry.path())
                .to_string_lossy();
            if entry.file_type().is_file() && is_picture(&name) {
                let bytes = File::open(entry.path())
                    .map_err(|error| error.to_string())
                    .and_then(whole);
                visit((name.into_owned(), bytes))?;
            }
        }
        Ok(())
    }

    fn zipped(&self, file: BufReader<File>, visit: Visit<'_>) -> Result<(), Unmeasured> {
        let mut archive = zip::ZipArchive::new(file).map_err(|error| self.about(error))?;
        for at in 0..archive.len() {
            let entry = match archive.by_index(at) {
                Ok(entry) => entry,
                Err(error) => {
                    visit((format!("entry {at}"), Err(error.to_string())))?;
                    continue;
                }
            };
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            if entry.is_file() && is_picture(&name) {
                visit((name, whole(entry)))?;
            }
        }
        Ok(())
    }

    fn tarball(&self, reader: impl Read, visit: Visit<'_>) -> Result<(), Unmeasured> {
        let broken = |error: io::Error| self.about(error);
        let mut archive = tar::Archive::new(reader);
        for entry in archive.entries().map_err(broken)? {
            let entry = entry.map_err(broken)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if entry.header().entry_type().is_file() && is_picture(&name) {
                visit((name, whole(entry)))?;
            }
        }
        Ok(())
    }
}

type Visit<'a> = &'a mut dyn FnMut(Picture) -> Result<(), Unmeasured>;

fn is_picture(name: &str) -> bool {
    let ending = Path::new(name)
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// What `reader` holds, unless it is too much.
fn whole(reader: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = reader.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error: io::Error| error.to_string())?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err("it is larger than 64 MiB".to_owned());
    }
    Ok(bytes)
}
