//! Git LFS pointers: small files that stand for large ones that are elsewhere.
//!
//! Reference: <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>.

/// A pointer is smaller than this, in bytes.
pub(super) const LONGEST: u64 = 1024;

const VERSIONS: [&str; 2] = [
    "https://git-lfs.github.com/spec/v1",
    "https://hawser.github.com/spec/v1",
];

/// The size of the content that `bytes` points to, if they are a pointer.
pub(super) fn pointed_size(bytes: &[u8]) -> Option<u64> {
    if bytes.len() as u64 >= LONGEST {
        return None;
    }
    let mut lines = std::str::from_utf8(bytes).ok()?.lines();
    let version = lines.next()?.strip_prefix("version ")?;
    if !VERSIONS.contains(&version) {
        return None;
    }
    let mut fields = lines.filter_map(|line| line.split_once(' '));
    let (_, oid) = fields.clone().find(|(key, _)| *key == "oid")?;
    let digits = oid.strip_prefix("sha256:")?;
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let (_, size) = fields.find(|(key, _)| *key == "size")?;
    size.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_told_from_a_file_that_speaks_of_one() {
        let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n");
        assert_eq!(pointed_size(pointer.as_bytes()), Some(12345));
        let extended = pointer.replace("oid", "ext-0-foo sha256:00\noid");
        assert_eq!(pointed_size(extended.as_bytes()), Some(12345));
        assert_eq!(pointed_size(pointer.replace("size 12345", "").as_bytes()), None);
        assert_eq!(pointed_size(format!("# {pointer}").as_bytes()), None);
        assert_eq!(pointed_size(pointer.repeat(9).as_bytes()), None);
        assert_eq!(pointed_size(b"\xff\xfe"), None);
        assert_eq!(pointed_size(b""), None);
    }
}
