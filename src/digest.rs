//! SHA-256 of bytes, files and named inputs.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest. Displays as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest of `bytes`.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes.as_ref()).into())
    }

    /// The digest of all that `reader` has left, and how many bytes that was.
    ///
    /// # Errors
    ///
    /// Those of `reader`.
    pub fn of_reader(mut reader: impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = HashingWriter::new(io::sink());
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.write_all(&buffer[..read])?;
        }
        let (digest, bytes, _) = hasher.finish();
        Ok((digest, bytes))
    }

    /// The digest of the file at `path`, and its length.
    ///
    /// # Errors
    ///
    /// Those of opening and reading.
    pub fn of_file(path: &Path) -> io::Result<(Self, u64)> {
        Self::of_reader(File::open(path)?)
    }

    /// The 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// The first twelve hexadecimal digits, for people.
    pub fn short(&self) -> String {
        hex(&self.0[..6])
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a SHA-256 digest.
#[derive(Debug, thiserror::Error)]
#[error("not a SHA-256 digest: 64 hexadecimal digits are expected, with or without `sha256:` before them")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text).as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(NotADigest);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NotADigest)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotADigest)?;
        }
        Ok(Self(bytes))
    }
}

/// Passes bytes on and hashes them on the way.
pub struct HashingWriter<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W> fmt::Debug for HashingWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashingWriter")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl<W: Write> HashingWriter<W> {
    /// Writes to `inner`.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            bytes: 0,
        }
    }

    /// How many bytes went through.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The digest, the number of bytes, and the writer behind.
    pub fn finish(self) -> (Digest, u64, W) {
        (Digest(self.hasher.finalize().into()), self.bytes, self.inner)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The named inputs of a piece of work.
///
/// A stage is skipped when all its inputs are unchanged, and says which one is
/// not: so they are kept by name, not as one hash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs(pub BTreeMap<String, String>);

impl Inputs {
    /// Adds one; a later value of the same name replaces the earlier.
    pub fn add(&mut self, name: impl Into<String>, value: impl fmt::Display) {
        self.0.insert(name.into(), value.to_string());
    }

    /// One digest of all of them.
    pub fn digest(&self) -> Digest {
        let mut hasher = HashingWriter::new(io::sink());
        for (name, value) in &self.0 {
            // Lengths first, so that no two sets of names and values read the same.
            let _ = write!(hasher, "{} {} {name}{value}", name.len(), value.len());
        }
        hasher.finish().0
    }

    /// What differs from `before`, such as `data[train].sha256 changed a1b2…→c3d4…`; empty when nothing does.
    pub fn changes(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (name, value) in &self.0 {
            match before.0.get(name) {
                Some(old) if old == value => {}
                Some(old) => changes.push(format!("{name} changed {}→{}", brief(old), brief(value))),
                None => changes.push(format!("{name} is new")),
            }
        }
        let gone = before.0.keys().filter(|name| !self.0.contains_key(*name));
        changes.extend(gone.map(|name| format!("{name} is gone")));
        changes
    }
}

fn brief(value: &str) -> String {
    let value = value.strip_prefix("sha256:").unwrap_or(value);
    if value.chars().count() <= 12 {
        return value.to_owned();
    }
    value.chars().take(8).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_what_it_prints() {
        let digest = Digest::of("abc");
        assert_eq!(
            digest.hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(digest.to_string().parse::<Digest>().expect("a digest"), digest);
        assert_eq!(
            digest.hex().to_uppercase().parse::<Digest>().expect("a digest"),
            digest
        );
        assert!("sha256:12".parse::<Digest>().is_err());
        assert!("é".repeat(32).parse::<Digest>().is_err());
    }

    #[test]
    fn changed_inputs_are_named() {
        let mut before = Inputs::default();
        before.add("data[train].sha256", "a1b2a1b2a1b2a1b2a1b2");
        before.add("seed", 1);
        let mut after = before.clone();
        assert!(after.changes(&before).is_empty());
        after.add("data[train].sha256", "c3d4c3d4c3d4c3d4c3d4");
        after.add("memory", "8 GiB");
        after.0.remove("seed");
        assert_ne!(after.digest(), before.digest());
        assert_eq!(
            after.changes(&before),
            [
                "data[train].sha256 changed a1b2a1b2…→c3d4c3d4…",
                "memory is new",
                "seed is gone"
            ]
        );
    }

    #[test]
    fn inputs_cannot_be_shifted_into_each_other() {
        let mut one = Inputs::default();
        one.add("ab", "c");
        let mut other = Inputs::default();
        other.add("a", "bc");
        assert_ne!(one.digest(), other.digest());
    }
}
