//! Under which licence code comes, as far as its files say.
//!
//! A licence is recognised by phrases of its text that no other has. What
//! packaging files say of a licence is kept apart: it is weaker evidence, as
//! nobody wrote a grant there.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::Finding;

/// How much of a file is looked at, in bytes.
const MOST: u64 = 256 * 1024;

/// Licence files that are looked at, at most.
const FILES: usize = 64;

/// What is known about the licence of some code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Licences {
    /// Licence files, in the order of their names.
    pub files: Vec<LicenceFile>,
    /// What packaging files say.
    pub declared: Vec<Declared>,
}

/// A file with the text of a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceFile {
    /// Relative to the top.
    pub path: PathBuf,
    /// Its SPDX identifier, if the text is recognised.
    pub spdx: Option<&'static str>,
}

/// A licence that is only named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The file that names it, relative to the top.
    pub path: PathBuf,
    /// Its words.
    pub text: String,
}

impl Licences {
    /// The SPDX identifiers of the recognised files, each once.
    pub fn recognised(&self) -> Vec<&'static str> {
        let mut found: Vec<_> = self.files.iter().filter_map(|file| file.spdx).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// One line for a report: `MIT`, `MIT (declared in setup.py)`, or what is wrong.
    pub fn summary(&self) -> String {
        let recognised = self.recognised();
        if !recognised.is_empty() {
            return recognised.join(", ");
        }
        if let Some(declared) = self.declared.first() {
            return format!("{} (declared in {})", declared.text, declared.path.display());
        }
        match self.files.first() {
            Some(file) => format!("not recognised ({})", file.path.display()),
            None => "none".to_owned(),
        }
    }

    /// What a reader should know, if something is wrong.
    pub(super) fn finding(&self) -> Option<Finding> {
        if self.files.is_empty() {
            return self.declared.is_empty().then_some(Finding::NoLicence);
        }
        let unknown = self.files.first().filter(|_| self.recognised().is_empty())?;
        Some(Finding::LicenceNotRecognised {
            path: unknown.path.clone(),
        })
    }
}

/// Looks for licences at the top of `folder` and in its `LICENSES` folder.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn find(folder: &Path) -> io::Result<Licences> {
    let mut files = Vec::new();
    for place in ["", "LICENSES", "LICENCES", "licenses"] {
        let Ok(names) = names(&folder.join(place)) else {
            continue;
        };
        for name in names {
            let path = Path::new(place).join(&name);
            if (place.is_empty() && !is_licence_name(&name)) || files.len() >= FILES {
                continue;
            }
            if let Some(text) = read(&folder.join(&path)) {
                files.push(LicenceFile {
                    path,
                    spdx: identify(&text),
                });
            }
        }
    }
    let declared = DECLARING.iter().filter_map(|(name, find)| {
        let text = find(&read(&folder.join(name))?)?;
        Some(Declared {
            path: PathBuf::from(name),
            text,
        })
    });
    Ok(Licences {
        declared: declared.collect(),
        files,
    })
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// The beginning of a plain file; links are not followed.
fn read(path: &Path) -> Option<String> {
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MOST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// `LICENSE`, `licence.md`, `LICENSE-MIT`, `COPYING.LESSER`, `UNLICENSE` …, but not `license_check.py`.
fn is_licence_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let source = [
        ".py", ".sh", ".c", ".h", ".js", ".json", ".yml", ".yaml", ".toml", ".cfg", ".ipynb",
    ];
    let begins = [
        "license",
        "licence",
        "unlicense",
        "unlicence",
        "copying",
        "mit-license",
    ];
    begins.iter().any(|begin| name.starts_with(begin)) && !source.iter().any(|end| name.ends_with(end))
}

/// Phrases that all must be there, and phrases that must not, in the words of [`normalised`].
struct Licence {
    spdx: &'static str,
    with: &'static [&'static str],
    without: &'static [&'static str],
}

/// The first that fits counts, so that a licence which quotes another comes before it.
const LICENCES: &[Licence] = &[
    Licence {
        spdx: "AGPL-3.0",
        with: &["gnu affero general public license", "version 3 19 november 2007"],
        without: &[],
    },
    Licence {
        spdx: "LGPL-3.0",
        with: &["gnu lesser general public license", "version 3 29 june 2007"],
        without: &[],
    },
    Licence {
        spdx: "LGPL-2.1",
        with: &["gnu lesser general public license", "version 2 1 february 1999"],
        without: &[],
    },
    Licence {
        spdx: "GPL-3.0",
        with: &["gnu general public license", "version 3 29 june 2007"],
        without: &[],
    },
    Licence {
        spdx: "GPL-2.0",
        with: &["gnu general public license", "version 2 june 1991"],
        without: &[],
    },
    Licence {
        spdx: "Apache-2.0",
        with: &["apache license", "version 2 0 january 2004"],
        without: &[],
    },
    Licence {
        spdx: "Apache-2.0",
        with: &["licensed under the apache license version 2 0"],
        without: &[],
    },
    Licence {
        spdx: "MPL-2.0",
        with: &["mozilla public license version 2 0"],
        without: &[],
    },
    Licence {
        spdx: "CC-BY-NC-SA-4.0",
        with: &["attribution noncommercial sharealike 4 0 international"],
        without: &[],
    },
    Licence {
        spdx: "CC-BY-NC-ND-4.0",
        with: &["attribution noncommercial noderivatives 4 0 international"],
        without: &[],
    },
    Licence {
        spdx: "CC-BY-NC-4.0",
        with: &["attribution noncommercial 4 0 international"],
        without: &[],
    },
    Licence {
        spdx: "CC-BY-SA-4.0",
        with: &["attribution sharealike 4 0 international"],
        without: &[],
    },
    Licence {
        spdx: "CC-BY-ND-4.0",
        with: &["attribution noderivatives 4 0 international"],
        without: &[],
    },
    Licence {
        spdx: "CC-BY-4.0",
        with: &["attribution 4 0 international"],
        without: &[],
    },
    Licence {
        spdx: "CC0-1.0",
        with: &["cc0 1 0 universal"],
        without: &[],
    },
    Licence {
        spdx: "Unlicense",
        with: &["this is free and unencumbered software released into the public domain"],
        without: &[],
    },
    Licence {
        spdx: "BSL-1.0",
        with: &["boost software license version 1 0"],
        without: &[],
    },
    Licence {
        spdx: "BSD-3-Clause",
        with: &[
            "redistribution and use in source and binary forms",
            "endorse or promote products derived",
        ],
        without: &["all advertising materials mentioning"],
    },
    Licence {
        spdx: "BSD-2-Clause",
        with: &[
            "redistributions of source code must retain",
            "redistributions in binary form must reproduce",
        ],
        without: &[
            "endorse or promote products derived",
            "all advertising materials mentioning",
        ],
    },
    Licence {
        spdx: "ISC",
        with: &[
            "permission to use copy modify and or distribute this software for any purpose with or without fee",
        ],
        without: &[],
    },
    Licence {
        spdx: "MIT",
        with: &[
            "permission is hereby granted free of charge to any person obtaining a copy",
            "the above copyright notice and this permission notice shall be included",
        ],
        without: &["advertising or otherwise to promote the sale"],
    },
];

/// The SPDX identifier of the licence whose text this is.
pub fn identify(text: &str) -> Option<&'static str> {
    let text = normalised(text);
    let fits = |licence: &&Licence| {
        licence.with.iter().all(|phrase| text.contains(phrase))
            && !licence.without.iter().any(|phrase| text.contains(phrase))
    };
    LICENCES.iter().find(fits).map(|licence| licence.spdx)
}

/// Lower-case words with one space between them.
fn normalised(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

type Finder = fn(&str) -> Option<String>;

/// Files that name a licence, and how.
const DECLARING: &[(&str, Finder)] = &[
    ("pyproject.toml", in_pyproject),
    ("setup.cfg", |text| after(text, "license", '=')),
    ("setup.py", in_setup_py),
    ("CITATION.cff", |text| after(text, "license", ':')),
];

fn in_pyproject(text: &str) -> Option<String> {
    let document: toml::Table = text.parse().ok()?;
    let project = document
        .get("project")
        .or_else(|| document.get("tool")?.get("poetry"))?;
    let licence = project.get("license")?;
    let named = licence.as_str().or_else(|| licence.get("text")?.as_str())?;
    brief(named)
}

/// The value of the first line whose key is `key`.
fn after(text: &str, key: &str, separator: char) -> Option<String> {
    let lines = text.lines().filter_map(|line| line.split_once(separator));
    let (_, value) = lines.into_iter().find(|(found, _)| found.trim() == key)?;
    brief(value)
}

/// The string behind `license=`.
fn in_setup_py(text: &str) -> Option<String> {
    let (_, rest) = text
        .split_once("license=")
        .or_else(|| text.split_once("license ="))?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    brief(rest[1..].split(quote).next()?)
}

/// One line of a bearable length.
fn brief(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let plain = line
        .trim_matches(['"', '\''])
        .chars()
        .filter(|character| !character.is_control());
    let plain: String = plain.take(80).collect();
    (!plain.is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIT: &str = "Permission is hereby granted, free of charge, to any person obtaining a copy\nof this \
        software … The above copyright notice and this permission notice shall be included in all copies";

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(identify(text), expected);
    }

    #[test]
    fn our_own_licences_are_recognised() {
        check(include_str!("../../../LICENSE-MIT"), Some("MIT"));
        check(include_str!("../../../LICENSE-APACHE"), Some("Apache-2.0"));
    }

    #[test]
    fn licences_that_quote_each_other_are_told_apart() {
        check(MIT, Some("MIT"));
        check(
            "GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007",
            Some("GPL-3.0"),
        );
        check(
            "GNU LESSER GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007 … the GNU General Public License",
            Some("LGPL-3.0"),
        );
        check(
            "GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3, 19 November 2007",
            Some("AGPL-3.0"),
        );
        check(
            "GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991 … the GNU Lesser General Public License",
            Some("GPL-2.0"),
        );
        check(
            "Attribution-NonCommercial 4.0 International",
            Some("CC-BY-NC-4.0"),
        );
        check("Attribution 4.0 International", Some("CC-BY-4.0"));
        check(
            "Creative Commons Legal Code\n\nCC0 1.0 Universal",
            Some("CC0-1.0"),
        );
        let two = "Redistribution and use in source and binary forms … 1. Redistributions of source code must retain … \
            2. Redistributions in binary form must reproduce …";
        check(two, Some("BSD-2-Clause"));
        check(
            &format!("{two} may be used to endorse or promote products derived from"),
            Some("BSD-3-Clause"),
        );
        check(
            "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted",
            Some("ISC"),
        );
        check("for research only, all rights reserved", None);
        check("", None);
    }

    #[test]
    fn a_file_beats_a_declaration_and_nothing_is_said_plainly() {
        let folder = tempfile::tempdir().expect("a folder");
        let found = || find(folder.path()).expect("read");
        assert_eq!(found().finding(), Some(Finding::NoLicence));
        assert_eq!(found().summary(), "none");

        fs::write(folder.path().join("license_check.py"), MIT).expect("written");
        fs::write(folder.path().join("setup.py"), "setup(\n  license = 'BSD', x=1)").expect("written");
        assert_eq!(found().summary(), "BSD (declared in setup.py)");
        assert_eq!(found().finding(), None);

        fs::write(folder.path().join("LICENCE.txt"), "all mine").expect("written");
        let path = PathBuf::from("LICENCE.txt");
        assert_eq!(found().finding(), Some(Finding::LicenceNotRecognised { path }));

        fs::write(folder.path().join("COPYING"), MIT).expect("written");
        assert_eq!(found().summary(), "MIT");
        assert_eq!(found().finding(), None);
    }

    #[test]
    fn declarations_are_found_in_the_usual_files() {
        assert_eq!(
            in_pyproject("[project]\nlicense = { text = \"MIT\" }").as_deref(),
            Some("MIT")
        );
        assert_eq!(
            in_pyproject("[project]\nlicense = \"MIT\"").as_deref(),
            Some("MIT")
        );
        assert_eq!(
            in_pyproject("[tool.poetry]\nlicense = \"MIT\"").as_deref(),
            Some("MIT")
        );
        assert_eq!(in_pyproject("]"), None);
        assert_eq!(
            after("[metadata]\nlicense = MIT\n", "license", '=').as_deref(),
            Some("MIT")
        );
        assert_eq!(
            after("cff-version: 1\nlicense: \"MIT\"\n", "license", ':').as_deref(),
            Some("MIT")
        );
        assert_eq!(in_setup_py("license=\"é"), Some("é".to_owned()));
        assert_eq!(in_setup_py("license=x"), None);
    }

    #[test]
    fn a_link_is_not_a_licence() {
        let folder = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("LICENSE")).expect("made");
        assert!(find(folder.path()).expect("read").files.is_empty());
    }
}
