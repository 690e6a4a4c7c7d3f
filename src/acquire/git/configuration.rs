//! What the user told git: the settings of the user's own configuration files that concern fetching.
//!
//! Only files that belong to the user or the machine are read; never the
//! configuration inside a repository, which is its author's.

use std::path::{Path, PathBuf};

use super::address::Web;

/// A configuration file of git cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read git's configuration in `{}`: {why}", path.display())]
pub struct ConfigurationError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

/// The user's git configuration, as names and values in the order of the files.
#[derive(Clone, Default)]
pub struct Configuration {
    entries: Vec<(String, String)>,
}

/// Values may be secrets.
impl std::fmt::Debug for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Configuration({} entries)", self.entries.len())
    }
}

impl Configuration {
    /// The configuration files that git reads for this user, in rising precedence: the system's, `~/.config/git/config`, `~/.gitconfig`.
    ///
    /// libgit2 looks for them, and it looks at `HOME` and `XDG_CONFIG_HOME`; so this is for a program's
    /// front, which may know better (`GIT_CONFIG_GLOBAL`).
    pub fn user_files() -> Vec<PathBuf> {
        let found = [
            git2::Config::find_system(),
            git2::Config::find_xdg(),
            git2::Config::find_global(),
        ];
        found.into_iter().flatten().collect()
    }

    /// Reads `files`, a later one winning over an earlier, with what they include.
    ///
    /// # Errors
    ///
    /// When one cannot be read or makes no sense.
    pub fn read(files: &[PathBuf]) -> Result<Self, ConfigurationError> {
        let mut configuration = Self::default();
        for path in files {
            configuration
                .read_file(path)
                .map_err(|error| ConfigurationError {
                    path: path.clone(),
                    why: error.message().to_owned(),
                })?;
        }
        Ok(configuration)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), git2::Error> {
        let config = git2::Config::open(path)?;
        let mut entries = config.entries(None)?;
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let Ok(name) = entry.name() else { continue };
            let Ok(value) = entry.value() else { continue };
            let expanded = if name.ends_with(".sslcainfo") && value.starts_with('~') {
                let path = config.get_path(name)?;
                path.to_string_lossy().into_owned()
            } else {
                value.to_owned()
            };
            self.entries.push((name.to_owned(), expanded));
        }
        Ok(())
    }

    /// Adds one setting, as `git -c name=value` does; it wins over what was there before.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.entries.push((canonical(name), value.into()));
    }

    /// The value of a setting that has one value.
    pub(crate) fn last(&self, name: &str) -> Option<&str> {
        let found = self.entries.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// `address` as `url.<base>.insteadOf` rewrites it: the longest match wins, and of equal ones the first.
    pub(crate) fn rewritten(&self, address: &str) -> Option<String> {
        let mut best: Option<(&str, &str)> = None;
        for (name, prefix) in &self.entries {
            let Some(("url", Some(base), "insteadof")) = split(name) else {
                continue;
            };
            if !prefix.is_empty() && address.starts_with(prefix.as_str()) {
                best = best
                    .filter(|(_, other)| other.len() >= prefix.len())
                    .or(Some((base, prefix)));
            }
        }
        best.map(|(base, prefix)| format!("{base}{}", &address[prefix.len()..]))
    }

    /// The one value of `section.key` for `web`: that of the most exact `section.<url>.key`, of equal ones the last.
    pub(crate) fn one_for<'a>(&'a self, section: &str, key: &str, web: &Web) -> Option<&'a str> {
        let matching = self.matching(section, key, web);
        matching
            .into_iter()
            .max_by_key(|(exactness, _)| *exactness)
            .map(|(_, value)| value)
    }

    /// All values of `section.key` for `web`, in order; an empty one forgets those before it.
    ///
    /// `only_addressed` leaves out those that name no address.
    pub(crate) fn all_for<'a>(
        &'a self,
        section: &str,
        key: &str,
        web: &Web,
        only_addressed: bool,
    ) -> Vec<&'a str> {
        let mut values = Vec::new();
        for (exactness, value) in self.matching(section, key, web) {
            if value.is_empty() {
                values.clear();
            } else if exactness > Exactness::default() || !only_addressed {
                values.push(value);
            }
        }
        values
    }

    /// In the order of the files.
    fn matching<'a>(&'a self, section: &str, key: &str, web: &Web) -> Vec<(Exactness, &'a str)> {
        let exactness = |name: &str| {
            let (of, address, named) = split(name)?;
            if of != section || named != key {
                return None;
            }
            address.map_or(Some(Exactness::default()), |pattern| {
                self::exactness(pattern, web)
            })
        };
        let entries = self.entries.iter();
        entries
            .filter_map(|entry| Some((exactness(&entry.0)?, entry.1.as_str())))
            .collect()
    }
}

/// Section, subsection and key of a setting's name.
fn split(name: &str) -> Option<(&str, Option<&str>, &str)> {
    let (section, rest) = name.split_once('.')?;
    Some(match rest.rsplit_once('.') {
        Some((subsection, key)) => (section, Some(subsection), key),
        None => (section, None, rest),
    })
}

/// Section and key in lower case, as libgit2 gives them.
fn canonical(name: &str) -> String {
    match split(name) {
        Some((section, Some(subsection), key)) => {
            format!(
                "{}.{subsection}.{}",
                section.to_ascii_lowercase(),
                key.to_ascii_lowercase()
            )
        }
        Some((_, None, _)) | None => name.to_ascii_lowercase(),
    }
}

/// How exactly a pattern names an address; what compares greater wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Exactness {
    host: usize,
    path: usize,
    user: bool,
}

/// How exactly `pattern` names `web`, by the rules of `git help config` under `http.<url>.*`.
fn exactness(pattern: &str, web: &Web) -> Option<Exactness> {
    let pattern = Web::parse(&pattern.replace('*', "~")).ok()?;
    let same_host = {
        let (asked, given) = (pattern.host.split('.'), web.host.split('.'));
        asked.clone().count() == given.clone().count()
            && asked
                .zip(given)
                .all(|(asked, given)| asked == "~" || asked == given)
    };
    if pattern.secure != web.secure || pattern.port != web.port || !same_host {
        return None;
    }
    let under = web.path.strip_prefix(pattern.path.as_str())?;
    if !(under.is_empty() || under.starts_with('/')) {
        return None;
    }
    let user = match (&pattern.login, &web.login) {
        (None, _) => false,
        (Some(asked), Some(given)) if asked.user == given.user => true,
        (Some(_), _) => return None,
    };
    // One more than the lengths: naming a host alone is more exact than naming nothing.
    let host = 1 + pattern.host.chars().filter(|character| *character != '~').count();
    Some(Exactness {
        host,
        path: pattern.path.len(),
        user,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(entries: &[(&str, &str)]) -> Configuration {
        let mut configuration = Configuration::default();
        for (name, value) in entries {
            configuration.set(name, *value);
        }
        configuration
    }

    fn web(text: &str) -> Web {
        Web::parse(text).expect("an address")
    }

    #[test]
    fn the_longest_instead_of_wins_and_is_applied_once() {
        let configuration = configuration(&[
            ("url.file:///mirror/.insteadOf", "https://example.org/"),
            (
                "url.https://example.org/fork/.insteadOf",
                "https://example.org/a/",
            ),
        ]);
        let rewritten = |address| configuration.rewritten(address);
        assert_eq!(
            rewritten("https://example.org/b/c").as_deref(),
            Some("file:///mirror/b/c")
        );
        assert_eq!(
            rewritten("https://example.org/a/c").as_deref(),
            Some("https://example.org/fork/c")
        );
        assert_eq!(rewritten("https://else.org/a"), None);
    }

    #[test]
    fn settings_of_an_address_win_over_general_ones() {
        let configuration = configuration(&[
            ("http.https://example.org.proxy", "exact:1"),
            ("http.proxy", "general:1"),
            ("http.https://*.example.net.proxy", "star:1"),
            ("http.https://example.org/deep.proxy", "deep:1"),
            ("http.http://example.org.proxy", "other:1"),
        ]);
        let proxy = |address| configuration.one_for("http", "proxy", &web(address));
        assert_eq!(proxy("https://example.org/x"), Some("exact:1"));
        assert_eq!(proxy("https://example.org/deep/x"), Some("deep:1"));
        assert_eq!(proxy("https://example.org/deeper"), Some("exact:1"));
        assert_eq!(proxy("https://a.example.net/x"), Some("star:1"));
        assert_eq!(proxy("https://a.b.example.net/x"), Some("general:1"));
        assert_eq!(proxy("https://example.org:444/x"), Some("general:1"));
    }

    #[test]
    fn an_empty_value_forgets_those_before() {
        let configuration = configuration(&[
            ("credential.helper", "one"),
            ("credential.https://example.org.helper", ""),
            ("credential.https://example.org.helper", "two"),
        ]);
        let helpers = |address| configuration.all_for("credential", "helper", &web(address), false);
        assert_eq!(helpers("https://example.org/x"), ["two"]);
        assert_eq!(helpers("https://else.org/x"), ["one"]);
        assert!(
            configuration
                .all_for("credential", "helper", &web("https://else.org/x"), true)
                .is_empty()
        );
    }

    #[test]
    fn files_are_read_in_order_with_what_they_include() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        std::fs::write(folder.path().join("more"), "[http]\n\tproxy = included:1\n").expect("written");
        std::fs::write(
            &first,
            "[include]\n\tpath = more\n[core]\n\tsshCommand = ssh -4\n",
        )
        .expect("written");
        std::fs::write(&second, "[core]\n\tsshCommand = ssh -6\n").expect("written");
        let configuration = Configuration::read(&[first.clone(), second]).expect("read");
        assert_eq!(configuration.last("core.sshcommand"), Some("ssh -6"));
        assert_eq!(configuration.last("http.proxy"), Some("included:1"));

        std::fs::write(&first, "[core\n").expect("written");
        assert!(Configuration::read(&[first]).is_err());
    }
}
