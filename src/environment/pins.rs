//! The pinned requirements text: names, exact versions and hashes, and nothing else.

use std::fmt::Write as _;

use super::requirements::{Requirement, normalize};

/// One pinned package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    /// As the resolver writes it.
    pub(super) name: String,
    /// Exact.
    pub(super) version: String,
    /// Hashes of its files, as `sha256:…`.
    pub(super) hashes: Vec<String>,
}

/// Reads a pinned requirements text. Anything but `name==version` with hashes is refused, so that
/// neither a resolver's surprise nor an edited lock can bring in an option or an address.
///
/// # Errors
///
/// The line that is none of these.
pub(super) fn parse(text: &str) -> Result<Vec<Pin>, String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| pin(line).ok_or_else(|| super::requirements::brief(line)))
        .collect()
}

fn pin(line: &str) -> Option<Pin> {
    let mut words = line.split_whitespace();
    let (name, version) = words.next()?.split_once("==")?;
    let plain = |text: &str, more: &[char]| {
        text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || more.contains(&letter))
    };
    let good = plain(name, &['-', '_', '.']) && plain(version, &['-', '_', '.', '+', '!']);
    let hashes: Option<Vec<_>> = words
        .map(|word| word.strip_prefix("--hash=").filter(|hash| is_hash(hash)))
        .collect();
    let hashes = hashes?.into_iter().map(str::to_owned).collect();
    good.then(|| Pin {
        name: name.to_owned(),
        version: version.to_owned(),
        hashes,
    })
}

fn is_hash(text: &str) -> bool {
    text.split_once(':').is_some_and(|(kind, digits)| {
        matches!(kind, "sha256" | "sha384" | "sha512")
            && digits.len() >= 64
            && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// The text of `pins`, in their order.
pub(super) fn render(pins: &[Pin]) -> String {
    let mut text = String::new();
    for pin in pins {
        let _ = write!(text, "{}=={}", pin.name, pin.version);
        for hash in &pin.hashes {
            let _ = write!(text, " \\\n    --hash={hash}");
        }
        text.push('\n');
    }
    text
}

/// Keeps of each pin only the hashes that the repository's author pinned, where he did.
///
/// Returns the names of packages of which none is left: the registry no longer
/// serves what the author used.
pub(super) fn keep_authors_hashes(pins: &mut [Pin], asked: &[Requirement]) -> Vec<String> {
    let mut lost = Vec::new();
    for pin in pins {
        let name = normalize(&pin.name);
        let authors: Vec<&String> = asked
            .iter()
            .filter(|one| one.normalized() == name)
            .flat_map(|one| &one.hashes)
            .filter(|hash| is_hash(hash))
            .collect();
        if authors.is_empty() {
            continue;
        }
        pin.hashes.retain(|hash| authors.contains(&hash));
        if pin.hashes.is_empty() {
            lost.push(format!("{}=={}", pin.name, pin.version));
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::requirements::Place;
    use super::*;

    fn hash(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    #[test]
    fn what_was_written_is_read_again() {
        let pins = vec![
            Pin {
                name: "six".to_owned(),
                version: "1.15.0".to_owned(),
                hashes: vec![hash('a'), hash('b')],
            },
            Pin {
                name: "ruamel.yaml".to_owned(),
                version: "1!2.0+local".to_owned(),
                hashes: Vec::new(),
            },
        ];
        assert_eq!(parse(&render(&pins)), Ok(pins));
    }

    #[test]
    fn an_edited_lock_brings_in_nothing_else() {
        for line in [
            "--index-url https://evil.example/simple",
            "six==1.15.0 --index-url=https://evil.example",
            "six @ https://evil.example/six.whl",
            "six>=1",
            "-e .",
            "six==1.15.0 --hash=sha256:12",
            "six==1.15.0 ; python_version > '3'",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn the_authors_hashes_decide_where_there_are_any() {
        let asked = |hashes: Vec<String>| Requirement {
            name: "Six".to_owned(),
            extras: Vec::new(),
            specifier: "==1.15.0".to_owned(),
            marker: String::new(),
            hashes,
            place: Place::Manifest,
        };
        let pin = Pin {
            name: "six".to_owned(),
            version: "1.15.0".to_owned(),
            hashes: vec![hash('a'), hash('b')],
        };
        let mut pins = vec![pin.clone()];
        assert!(keep_authors_hashes(&mut pins, &[asked(Vec::new())]).is_empty());
        assert_eq!(pins, vec![pin]);
        assert!(keep_authors_hashes(&mut pins, &[asked(vec![hash('b')])]).is_empty());
        assert_eq!(pins[0].hashes, [hash('b')]);
        assert_eq!(
            keep_authors_hashes(&mut pins, &[asked(vec![hash('c')])]),
            ["six==1.15.0"]
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "([a-z=. -]{0,12}(--hash=sha256:[0-9a-f]{0,66})?\\\\?\n){0,4}") {
            if let Ok(pins) = parse(&text) {
                prop_assert_eq!(parse(&render(&pins)), Ok(pins));
            }
        }
    }
}
