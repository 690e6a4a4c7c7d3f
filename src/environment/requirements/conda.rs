//! conda's `environment.yml`: what can be taken from it without conda.
//!
//! Taken are the packages below `pip:` and the version of `python`. Everything
//! else names conda's own builds, whose names and contents are not those of the
//! package registry: each is shown and left to the author of the manifest.
//!
//! Only the plain shape that `conda env export` writes is understood. It needs no
//! YAML library, and anything cleverer is refused rather than half understood.

use super::lines::without_comment;
use super::text::{Reader, failed};
use super::{normalize, renamed};
use crate::environment::error::EnvironmentError;
use crate::error::Fault;

/// Reads the file called `file`.
pub(super) fn read(reader: &mut Reader, file: &str) -> Result<(), EnvironmentError> {
    let (_, text) = reader.open(file, Fault::Manifest)?;
    let entries = entries(&text).map_err(|why| failed(file, &why, Fault::Paper))?;
    let mut left: Vec<String> = Vec::new();
    let mut taken = 0;
    for entry in &entries {
        match &entry.kind {
            Kind::Pip => {
                reader.embedded(file, entry.line, &entry.text)?;
                taken += 1;
            }
            Kind::Conda => left.extend(conda_package(reader, file, entry)),
        }
    }
    if taken == 0 && !left.is_empty() {
        return Err(only_conda(file, &left));
    }
    Ok(())
}

/// Notes a package of conda's, and says what it would be called in the registry.
fn conda_package(reader: &mut Reader, file: &str, entry: &Entry) -> Option<String> {
    let text = entry.text.rsplit("::").next().unwrap_or(&entry.text);
    let end = text
        .find(|letter: char| "=<>!~ [".contains(letter))
        .unwrap_or(text.len());
    let name = normalize(&text[..end]);
    let version = exact_version(&text[end..]);
    if name == "python" {
        if let Some(version) = version {
            reader.python(&version, file, entry.line);
        }
        return None;
    }
    if matches!(name.as_str(), "pip" | "setuptools" | "wheel") || name.starts_with('-') {
        return None;
    }
    let registry = renamed(&name).unwrap_or(&name);
    let wanted = match version {
        Some(version) => format!("{registry}=={version}"),
        None => registry.to_owned(),
    };
    let done = format!("is conda's and is not installed; if the code needs it, add `{wanted}` to `packages`");
    reader.lack(file, entry.line, &entry.text, &done);
    Some(wanted)
}

/// The version behind `=` or `==`, without conda's build.
fn exact_version(text: &str) -> Option<String> {
    let text = text.trim_start();
    let rest = text.strip_prefix('=').or_else(|| {
        text.strip_prefix(|first: char| first.is_ascii_digit())
            .map(|_| text)
    })?;
    let version = rest.trim_start_matches('=').split(['=', ',', ' ', '|']).next()?;
    let version = version.trim_end_matches(".*");
    let good = version.starts_with(|first: char| first.is_ascii_digit())
        && version
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '.');
    good.then(|| version.to_owned())
}

fn only_conda(file: &str, left: &[String]) -> EnvironmentError {
    const SHOWN: usize = 12;
    let mut named: Vec<_> = left
        .iter()
        .take(SHOWN)
        .map(|package| format!("\"{package}\""))
        .collect();
    if left.len() > SHOWN {
        named.push("…".to_owned());
    }
    EnvironmentError::RequirementFile {
        file: file.to_owned(),
        why: "it names packages of conda alone, and conda is not used".to_owned(),
        fault: Fault::Manifest,
        hint: Some(format!(
            "leave it out of `requirements` and name what the code needs under `packages`, of: packages = [{}]",
            named.join(", ")
        )),
    }
}

/// Whose package an entry is.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Conda,
    Pip,
}

/// One package.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    kind: Kind,
    line: usize,
    text: String,
}

/// The entries of `dependencies:`.
fn entries(text: &str) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let mut inside = false;
    let mut pip: Option<usize> = None; // the indentation of `- pip:`
    for (index, raw) in text.lines().enumerate() {
        let line = without_comment(raw);
        let indent = line.len() - line.trim_start().len();
        let content = line.trim();
        if content.is_empty() {
            continue;
        }
        if !content.starts_with('-') {
            let (key, value) = content.split_once(':').ok_or_else(|| unknown(index, content))?;
            if inside && indent > 0 {
                return Err(unknown(index, content));
            }
            (inside, pip) = (key.trim() == "dependencies", None);
            if inside && !value.trim().is_empty() {
                return Err(unknown(index, content));
            }
            continue;
        }
        if !inside {
            continue;
        }
        let item = unquoted(content[1..].trim());
        if item.starts_with(['{', '[', '&', '*', '!', '|', '>']) {
            return Err(unknown(index, content));
        }
        pip = pip.filter(|pip| indent > *pip);
        if item == "pip:" {
            pip = Some(indent);
            continue;
        }
        let kind = if pip.is_some() { Kind::Pip } else { Kind::Conda };
        entries.push(Entry {
            kind,
            line: index + 1,
            text: item.to_owned(),
        });
    }
    Ok(entries)
}

fn unknown(index: usize, content: &str) -> String {
    format!(
        "line {} is not of the kind that is understood: `{}`",
        index + 1,
        super::brief(content)
    )
}

fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Requirements, read};
    use super::*;

    fn read_one(text: &str) -> Result<Requirements, EnvironmentError> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("environment.yml"), text).expect("written");
        read(folder.path(), &["environment.yml".to_owned()], &[])
    }

    #[test]
    fn the_pip_section_and_the_python_version_are_taken() {
        let found = read_one(
            "name: paper\nchannels:\n  - pytorch\n  - defaults\ndependencies:\n  - python=3.7.9=h7579374_0\n  \
             - pytorch::pytorch=1.7.1=py3.7_cuda11\n  - pip=20.3\n  - pip:\n    - \"six==1.15.0\"\n    - -e .\n  - numpy>=1.19\nprefix: /home/anna/env\n",
        )
        .expect("readable");
        assert_eq!(
            found.packages.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["six==1.15.0"]
        );
        assert_eq!(found.python.expect("a version").0, "3.7.9");
        insta::assert_snapshot!(found.wishes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r"
        environment.yml:7: `pytorch::pytorch=1.7.1=py3.7_cuda11` is conda's and is not installed; if the code needs it, add `torch==1.7.1` to `packages`
        environment.yml:11: `-e .` is not installed: the repository's own code is found in the working folder; what it depends on is not known, it has no `pyproject.toml`
        environment.yml:12: `numpy>=1.19` is conda's and is not installed; if the code needs it, add `numpy` to `packages`
        ");
    }

    #[test]
    fn a_file_of_conda_packages_alone_is_refused_with_what_to_write_instead() {
        let error = read_one("dependencies:\n- python 3.8\n- numpy=1.19\n- pytorch\n").expect_err("refused");
        let hint = crate::error::Diagnose::hint(&error).expect("a hint");
        assert!(
            hint.ends_with("packages = [\"numpy==1.19\", \"torch\"]"),
            "{hint}"
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "dependencies: [numpy, scipy]\n",
            "dependencies:\n  - {a: b}\n",
            "dependencies:\n  - &x numpy\n",
            "nonsense\n",
        ] {
            assert!(read_one(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(dependencies:\n)?([ ]{0,4}-? ?[a-zé=:#'\"\\[{]{0,8}\n){0,6}") {
            let _ = read_one(&text);
        }
    }
}
