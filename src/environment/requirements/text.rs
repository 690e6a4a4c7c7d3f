//! Files in pip's format: what they include, and what becomes of each line.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::address::release_in;
use super::line::{self, Line};
use super::lines::{logical_lines, read_text};
use super::{Place, Requirements, Wish, brief};
use crate::environment::error::EnvironmentError;
use crate::error::Fault;

/// The most lines that are looked at in all files together.
const LINES: usize = 20_000;

/// The most files that one requirement file can pull in.
const FILES: usize = 64;

/// What a file's packages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Packages,
    Constraints,
}

/// Reads files of one repository and collects what they ask for.
#[derive(Debug)]
pub(super) struct Reader {
    tree: PathBuf,
    found: Requirements,
    /// Files that were read, with what they were read for: each once, so that circles end.
    read: Vec<(PathBuf, Role)>,
    lines: usize,
}

impl Reader {
    /// A reader for the repository at `tree`.
    pub(super) fn new(tree: &Path) -> Result<Self, EnvironmentError> {
        let tree = fs::canonicalize(tree).map_err(EnvironmentError::io("open", tree))?;
        Ok(Self {
            tree,
            found: Requirements::default(),
            read: Vec::new(),
            lines: 0,
        })
    }

    /// All that was found.
    pub(super) fn finish(self) -> Requirements {
        self.found
    }

    /// Reads a file in pip's format and those that it includes.
    pub(super) fn pip(&mut self, file: &str) -> Result<(), EnvironmentError> {
        self.include(file, Role::Packages, Fault::Manifest)
    }

    fn include(&mut self, file: &str, role: Role, fault: Fault) -> Result<(), EnvironmentError> {
        let (real, text) = self.open(file, fault)?;
        if self.read.contains(&(real.clone(), role)) {
            return Ok(());
        }
        self.read.push((real, role));
        if self.read.len() > FILES {
            return Err(failed(file, "too many files are included", Fault::Paper));
        }
        for (number, text) in logical_lines(&text) {
            self.line(file, number, &text, role)?;
        }
        Ok(())
    }

    /// The whole text of a file of the repository, and where it really lies.
    pub(super) fn open(&mut self, file: &str, fault: Fault) -> Result<(PathBuf, String), EnvironmentError> {
        let inside = Path::new(file)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let real = inside.then(|| fs::canonicalize(self.tree.join(file)));
        let Some(real) = real else {
            return Err(failed(file, "it does not lie inside the repository", fault));
        };
        let real = real.map_err(|_| failed(file, "the repository has no such file", fault))?;
        if !real.starts_with(&self.tree) {
            return Err(failed(
                file,
                "it is a link that leads out of the repository",
                Fault::Paper,
            ));
        }
        let text = read_text(&real).map_err(|why| failed(file, &why, Fault::Paper))?;
        self.lines += text.lines().count();
        if self.lines > LINES {
            return Err(failed(file, "there are too many lines", Fault::Paper));
        }
        Ok((real, text))
    }

    fn line(&mut self, file: &str, number: usize, text: &str, role: Role) -> Result<(), EnvironmentError> {
        let place = Place::File {
            file: file.to_owned(),
            line: number,
        };
        let line = line::parse(text, &place).map_err(|mistake| EnvironmentError::RequirementLine {
            place,
            text: brief(text),
            why: mistake.why,
            hint: mistake.hint,
        })?;
        match line {
            Line::Nothing => Ok(()),
            Line::Requirement(requirement) if is_debian_remnant(&requirement.normalized()) => {
                self.wish(
                    file,
                    number,
                    text,
                    "is left by a fault of Debian's pip and is no package; ignored",
                );
                Ok(())
            }
            Line::Requirement(requirement) => {
                self.take(requirement, role);
                Ok(())
            }
            Line::Address { package, address } => {
                self.address(file, number, text, role, package, &address);
                Ok(())
            }
            Line::Option { name, value } => self.option(file, number, text, role, &name, &value),
        }
    }

    fn take(&mut self, requirement: super::Requirement, role: Role) {
        match role {
            Role::Packages => self.found.packages.push(requirement),
            Role::Constraints => self.found.constraints.push(requirement),
        }
    }

    /// A package from an address. `pip freeze` in a conda environment leaves `name @ file:///…`
    /// behind, which names a folder of its author's machine: then the name alone is meant.
    fn address(
        &mut self,
        file: &str,
        number: usize,
        text: &str,
        role: Role,
        package: Option<super::Requirement>,
        address: &str,
    ) {
        let local = address.starts_with("file:");
        match package {
            Some(package) if local => {
                let done = format!(
                    "names a folder of its author's machine; `{}` is taken from the registry, without a version",
                    package.name
                );
                self.wish(file, number, text, &done);
                self.take(package, role);
            }
            package => {
                let done = match package
                    .map(|package| package.name)
                    .or_else(|| release_in(address))
                {
                    Some(release) => format!(
                        "does not come from the registry and is not installed; if the code needs it, add `{release}` to `packages`"
                    ),
                    None => "does not come from the registry and is not installed".to_owned(),
                };
                self.lack(file, number, text, &done);
            }
        }
    }

    fn option(
        &mut self,
        file: &str,
        number: usize,
        text: &str,
        role: Role,
        name: &str,
        value: &str,
    ) -> Result<(), EnvironmentError> {
        let done = match name {
            "--requirement" | "--constraint" if value.contains("://") => {
                "is not read: only files of the repository are"
            }
            "--requirement" => return self.include(&beside(file, value), role, Fault::Paper),
            "--constraint" => return self.include(&beside(file, value), Role::Constraints, Fault::Paper),
            "--require-hashes" => return Ok(()), // always so
            "--editable" if value.starts_with('.') => return self.own_project(file, number, text, value),
            "--editable" => "is not installed: other code than the repository's is not fetched",
            "--index-url" | "--extra-index-url" | "--find-links" | "--trusted-host" | "--no-index" => {
                "is ignored: this machine's own settings say where packages come from"
            }
            "--pre" => "is ignored: a pre-release is taken only where a version names it",
            "--no-binary" | "--only-binary" | "--prefer-binary" => {
                "is ignored: wheels are taken wherever there are any"
            }
            _ => "is ignored",
        };
        let other_code = name == "--editable";
        let other_list = matches!(name, "--requirement" | "--constraint");
        self.push(file, number, text, done, other_code || other_list);
        Ok(())
    }

    /// Takes what the repository's own project depends on, as far as that can be read without running it.
    fn own_project(
        &mut self,
        file: &str,
        number: usize,
        text: &str,
        value: &str,
    ) -> Result<(), EnvironmentError> {
        const OWN: &str = "is not installed: the repository's own code is found in the working folder";
        let folder = value.split('[').next().unwrap_or(value);
        let project = beside(file, &format!("{folder}/pyproject.toml"));
        let Ok((real, _)) = self.open(&project, Fault::Paper) else {
            self.wish(
                file,
                number,
                text,
                &format!("{OWN}; what it depends on is not known, it has no `pyproject.toml`"),
            );
            return Ok(());
        };
        let this = (real, Role::Packages);
        if self.read.contains(&this) {
            self.wish(file, number, text, OWN);
            return Ok(());
        }
        self.read.push(this);
        let done = match super::pyproject::read(self, &project) {
            Ok(()) => format!("{OWN}; what its `{project}` depends on is"),
            Err(error) => format!("{OWN}; what it depends on is not known: {error}"),
        };
        self.wish(file, number, text, &done);
        Ok(())
    }

    /// Notes a line that is not obeyed, and takes no package away.
    fn wish(&mut self, file: &str, line: usize, text: &str, done: &str) {
        self.push(file, line, text, done, false);
    }

    /// Notes a line whose package is not installed.
    pub(super) fn lack(&mut self, file: &str, line: usize, text: &str, done: &str) {
        self.push(file, line, text, done, true);
    }

    fn push(&mut self, file: &str, line: usize, text: &str, done: &str, missing: bool) {
        self.found.wishes.push(Wish {
            file: file.to_owned(),
            line,
            text: brief(text),
            done: done.to_owned(),
            missing,
        });
    }

    /// Takes one line that stands in a file of another format.
    pub(super) fn embedded(&mut self, file: &str, number: usize, text: &str) -> Result<(), EnvironmentError> {
        self.line(file, number, text, Role::Packages)
    }

    /// Notes that `file` asks for this Python; the first to ask is heard.
    pub(super) fn python(&mut self, version: &str, file: &str, line: usize) {
        let place = Place::File {
            file: file.to_owned(),
            line,
        };
        self.found.python.get_or_insert((version.to_owned(), place));
    }
}

/// An error about a whole file.
pub(super) fn failed(file: &str, why: &str, fault: Fault) -> EnvironmentError {
    EnvironmentError::RequirementFile {
        file: file.to_owned(),
        why: why.to_owned(),
        fault,
        hint: None,
    }
}

/// Debian's pip once listed a package that does not exist.
fn is_debian_remnant(name: &str) -> bool {
    name == "pkg-resources"
}

/// `value` relative to the folder of `file`, with `..` taken out by name.
fn beside(file: &str, value: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in value.split('/') {
        match part {
            "." | "" => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if value.starts_with('/') {
        format!("/{joined}")
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::read;
    use super::*;

    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, bytes) in files {
            crate::workspace::write_whole(&folder.path().join(path), bytes).expect("written");
        }
        folder
    }

    fn names(found: &[super::super::Requirement]) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn read_one(text: &str) -> Requirements {
        let folder = tree(&[("requirements.txt", text.as_bytes())]);
        read(folder.path(), &["requirements.txt".to_owned()], &[]).expect("readable")
    }

    #[test]
    fn comments_and_continued_lines_are_understood() {
        let found =
            read_one("# top\nsix==1.15.0 \\\n    --hash=sha256:ab12 # why\n\nnumpy>=1 # x\nvcs # y\\\n");
        assert_eq!(names(&found.packages), ["six==1.15.0", "numpy>=1", "vcs"]);
        assert_eq!(found.packages[0].hashes, ["sha256:ab12"]);
        assert_eq!(found.packages[1].place.to_string(), "requirements.txt:5");
    }

    #[test]
    fn includes_are_followed_once_and_inside_the_repository() {
        let folder = tree(&[
            ("a/main.txt", b"-r ../base.txt\n-c limits.txt\nsix\n"),
            ("base.txt", b"-r a/main.txt\nnumpy\n"),
            ("a/limits.txt", b"numpy<2\n-r more.txt\n"),
            ("a/more.txt", b"scipy<1.6\n"),
        ]);
        let found = read(folder.path(), &["a/main.txt".to_owned()], &[]).expect("readable");
        assert_eq!(names(&found.packages), ["numpy", "six"]);
        assert_eq!(names(&found.constraints), ["numpy<2", "scipy<1.6"]);
    }

    #[test]
    fn a_file_outside_the_repository_is_not_read() {
        let outside = tree(&[("secret.txt", b"six\n")]);
        let folder = tree(&[
            ("up.txt", b"-r ../../../etc/passwd\n"),
            ("root.txt", b"-r /etc/passwd\n"),
        ]);
        std::os::unix::fs::symlink(outside.path().join("secret.txt"), folder.path().join("link.txt"))
            .expect("linked");
        for file in [
            "up.txt",
            "root.txt",
            "link.txt",
            "../x.txt",
            "/etc/passwd",
            "gone.txt",
        ] {
            let error = read(folder.path(), &[file.to_owned()], &[]).expect_err("refused");
            assert!(
                matches!(error, EnvironmentError::RequirementFile { .. }),
                "{file}: {error}"
            );
        }
    }

    #[test]
    fn the_authors_wishes_are_shown_and_not_obeyed() {
        let found = read_one(
            "--index-url https://anna:secret@evil.example/simple\n\
             --extra-index-url=https://evil.example/simple\n\
             -f https://evil.example/wheels\n\
             --trusted-host evil.example\n\
             -e .\n\
             -e git+https://code.example/b.git#egg=b\n\
             git+https://code.example/c.git@main\n\
             https://files.example/torch-1.7.0%2Bcpu-cp38-cp38-linux_x86_64.whl\n\
             numpy @ file:///tmp/build/numpy_1/work\n\
             pkg-resources==0.0.0\n\
             --pre\n\
             six\n",
        );
        assert_eq!(names(&found.packages), ["numpy", "six"]);
        let missing: Vec<_> = found.wishes.iter().filter(|wish| wish.missing).collect();
        let missing: Vec<_> = missing.iter().map(|wish| wish.line).collect();
        assert_eq!(missing, [6, 7, 8]);
        let wishes: Vec<_> = found.wishes.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(wishes.join("\n"), @r"
        requirements.txt:1: `--index-url https://***@evil.example/simple` is ignored: this machine's own settings say where packages come from
        requirements.txt:2: `--extra-index-url=https://evil.example/simple` is ignored: this machine's own settings say where packages come from
        requirements.txt:3: `-f https://evil.example/wheels` is ignored: this machine's own settings say where packages come from
        requirements.txt:4: `--trusted-host evil.example` is ignored: this machine's own settings say where packages come from
        requirements.txt:5: `-e .` is not installed: the repository's own code is found in the working folder; what it depends on is not known, it has no `pyproject.toml`
        requirements.txt:6: `-e git+https://code.example/b.git#egg=b` is not installed: other code than the repository's is not fetched
        requirements.txt:7: `git+https://code.example/c.git@main` does not come from the registry and is not installed; if the code needs it, add `c` to `packages`
        requirements.txt:8: `https://files.example/torch-1.7.0%2Bcpu-cp38-cp38-linux_x86_64.whl` does not come from the registry and is not installed; if the code needs it, add `torch==1.7.0` to `packages`
        requirements.txt:9: `numpy @ file:///tmp/build/numpy_1/work` names a folder of its author's machine; `numpy` is taken from the registry, without a version
        requirements.txt:10: `pkg-resources==0.0.0` is left by a fault of Debian's pip and is no package; ignored
        requirements.txt:11: `--pre` is ignored: a pre-release is taken only where a version names it
        ");
    }

    #[test]
    fn what_the_repositorys_own_project_depends_on_is_taken() {
        let project = b"[project]\nname = \"own\"\ndependencies = [\"numpy>=1.20\", \"-e .\", \"six\"]\n";
        let folder = tree(&[
            ("requirements.txt", b"-e .[test]\n-e ./\nscipy\n"),
            ("pyproject.toml", project),
        ]);
        let found = read(folder.path(), &["requirements.txt".to_owned()], &[]).expect("readable");
        assert_eq!(names(&found.packages), ["numpy>=1.20", "six", "scipy"]);
        assert!(found.wishes.iter().all(|wish| !wish.missing));
        let said = found.wishes.iter().map(ToString::to_string);
        assert!(
            said.clone()
                .any(|wish| wish.ends_with("what its `pyproject.toml` depends on is")),
            "{:?}",
            said.collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_project_whose_dependencies_would_have_to_be_computed_is_said_to_be_unknown() {
        let project = b"[project]\nname = \"own\"\ndynamic = [\"dependencies\"]\n";
        let folder = tree(&[("requirements.txt", b"-e .\nsix\n"), ("pyproject.toml", project)]);
        let found = read(folder.path(), &["requirements.txt".to_owned()], &[]).expect("readable");
        assert_eq!(names(&found.packages), ["six"]);
        assert!(found.wishes[0].done.contains("`dynamic`"), "{}", found.wishes[0]);
    }

    #[test]
    fn texts_of_windows_shells_are_read() {
        let wide: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain("six==1.15.0\r\n".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        let folder = tree(&[
            ("wide.txt", &wide),
            ("mark.txt", b"\xef\xbb\xbfnumpy\r\n"),
            ("bad.txt", b"\xff\xfe\x00\xd8\n\n"),
        ]);
        let files = ["wide.txt".to_owned(), "mark.txt".to_owned()];
        let found = read(folder.path(), &files, &[]).expect("readable");
        assert_eq!(names(&found.packages), ["six==1.15.0", "numpy"]);
        assert!(read(folder.path(), &["bad.txt".to_owned()], &[]).is_err());
    }

    #[test]
    fn sizes_are_limited() {
        let large = "# padding\n".repeat(120_000);
        let folder = tree(&[
            ("large.txt", large.as_bytes()),
            ("many.txt", "a\n".repeat(LINES + 1).as_bytes()),
        ]);
        for file in ["large.txt", "many.txt"] {
            assert!(read(folder.path(), &[file.to_owned()], &[]).is_err(), "{file}");
        }
    }

    #[test]
    fn packages_of_the_manifest_are_names_only() {
        let folder = tree(&[]);
        let own = |text: &str| read(folder.path(), &[], &[text.to_owned()]);
        assert_eq!(
            names(&own("torch==2.2.2").expect("a package").packages),
            ["torch==2.2.2"]
        );
        for text in [
            "git+https://code.example/a.git",
            "--pre",
            "",
            "a @ https://files.example/a.whl",
            "six\n--pre",
        ] {
            let error = own(text).expect_err("refused");
            assert_eq!(crate::error::Diagnose::fault(&error), Fault::Manifest, "{text}");
        }
    }

    #[test]
    fn other_names_are_hinted_at() {
        let found = read_one("sklearn\ntorch==1.7.1+cu110\nnumpy\n");
        insta::assert_snapshot!(found.hints.join("\n"), @r"
        requirements.txt:1: `sklearn` is probably meant to be `scikit-learn`
        requirements.txt:2: builds `+cu110` of `torch` are not in the registry; `torch==1.7.1` is
        ");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}(\n[-a-z=.# \\\\@:/]{0,20}){0,6}") {
            let folder = tree(&[("requirements.txt", text.as_bytes())]);
            let _ = read(folder.path(), &["requirements.txt".to_owned()], &[]);
        }
    }
}
