//! tar archives.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use tar::{Archive, Entry, EntryType};

use super::tree::Tree;
use super::{UnpackError, shown};

/// What may be read from one entry's content to the next: headers, long names, extended attributes.
///
/// The `tar` crate reads long names whole into memory, however long they say they are.
const HEADERS: u64 = 1 << 20;

/// Puts all entries into `tree`.
pub(super) fn fill(reader: impl Read, tree: &mut Tree<'_>) -> Result<(), UnpackError> {
    let allowance = Rc::new(Cell::new(None));
    let mut archive = Archive::new(Metered {
        reader,
        allowance: Rc::clone(&allowance),
    });
    let mut entries = archive.entries().map_err(|error| damaged(&error))?;
    loop {
        allowance.set(Some(HEADERS));
        let Some(entry) = entries.next() else {
            return Ok(());
        };
        let entry = entry.map_err(|error| damaged(&error))?;
        allowance.set(None);
        put(entry, tree)?;
    }
}

fn put<R: Read>(mut entry: Entry<'_, R>, tree: &mut Tree<'_>) -> Result<(), UnpackError> {
    let name = entry.path_bytes().into_owned();
    let kind = entry.header().entry_type();
    let target = || {
        entry
            .link_name_bytes()
            .map(std::borrow::Cow::into_owned)
            .unwrap_or_default()
    };
    match kind {
        // Archives from before 1988 mark a folder by a slash alone.
        EntryType::Regular if name.ends_with(b"/") => tree.folder(&name),
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let executable = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
            whole(&mut entry, &name, executable, tree)
        }
        EntryType::Directory => tree.folder(&name),
        EntryType::Symlink => tree.link(&name, &target()),
        EntryType::Link => tree.hard_link(&name, &target()),
        // A comment on the archive, such as `git archive` writes.
        EntryType::XGlobalHeader => Ok(()),
        EntryType::Fifo => bad_kind(&name, "a pipe"),
        EntryType::Char | EntryType::Block => bad_kind(&name, "a device"),
        EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader => {
            bad_kind(&name, "a header that belongs to no entry")
        }
        _ => bad_kind(&name, "neither file, folder nor link"),
    }
}

fn bad_kind(name: &[u8], what: &'static str) -> Result<(), UnpackError> {
    Err(UnpackError::BadKind {
        entry: shown(name),
        what,
    })
}

/// The `tar` crate ends a file that is cut off as if it were whole; its header knows better.
fn whole<R: Read>(
    entry: &mut Entry<'_, R>,
    name: &[u8],
    executable: bool,
    tree: &mut Tree<'_>,
) -> Result<(), UnpackError> {
    let expected = entry.size();
    let mut counted = Counted {
        reader: entry,
        bytes: 0,
    };
    tree.file(name, executable, &mut counted, |error| damaged(&error))?;
    if counted.bytes == expected {
        return Ok(());
    }
    Err(damaged(&io::Error::new(
        io::ErrorKind::UnexpectedEof,
        format!("it ends in the middle of `{}`", shown(name)),
    )))
}

fn damaged(error: &io::Error) -> UnpackError {
    UnpackError::Damaged {
        format: "tar archive",
        why: shown(error.to_string().as_bytes()),
    }
}

struct Counted<R> {
    reader: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Refuses to be read further once the allowance, if there is one, is used up.
struct Metered<R> {
    reader: R,
    allowance: Rc<Cell<Option<u64>>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        if let Some(left) = self.allowance.get() {
            let left = left.checked_sub(read as u64);
            let left = left.ok_or_else(|| io::Error::other("the header of an entry is larger than 1 MiB"))?;
            self.allowance.set(Some(left));
        }
        Ok(read)
    }
}
