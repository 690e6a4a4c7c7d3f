//! Where things are inside the sandbox, and what placeholders stand for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::manifest::{Piece, pieces};

/// The working copy of the code.
pub(super) const CODE: &str = "/w/code";

/// The output folder.
pub(super) const OUT: &str = "/w/out";

/// Where the data set `id` is seen.
pub(super) fn data(id: &str) -> PathBuf {
    Path::new("/w/data").join(id)
}

/// Where the checkpoint `id` is seen.
pub(super) fn checkpoint(id: &str) -> PathBuf {
    Path::new("/w/checkpoints").join(id)
}

/// Where the checker's file at `path` is seen.
pub(super) fn file(path: &str) -> PathBuf {
    Path::new("/w/files").join(path)
}

/// `word` with its placeholders replaced. A word that makes no sense stays as it is: the manifest was validated.
pub(super) fn fill(word: &str, seed: Option<u64>) -> OsString {
    let Ok(pieces) = pieces(word) else {
        return word.into();
    };
    let mut filled = OsString::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => filled.push(text),
            Piece::Seed => filled.push(seed.map(|seed| seed.to_string()).unwrap_or_default()),
            Piece::Out => filled.push(OUT),
            Piece::Data(id) => filled.push(data(id)),
            Piece::Checkpoint(id) => filled.push(checkpoint(id)),
            Piece::File(path) => filled.push(file(path)),
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_stand_for_where_things_are_seen() {
        let check = |word, expected| assert_eq!(fill(word, Some(3)), expected);
        check("--seed={seed}", "--seed=3");
        check("{data:cora}/x", "/w/data/cora/x");
        check("{file:harness/evaluate.py}", "/w/files/harness/evaluate.py");
        check("{out}/p.csv", "/w/out/p.csv");
        check("{{seed}}", "{seed}");
    }
}
