//! Addresses of repositories: what people write, and what it means.
//!
//! Four kinds, as git reads them: `https://` and `http://`, `ssh://` and
//! `git@host:path`, `file://`, and a path. Everything else that git knows
//! (`git://`, remote helpers such as `ext::`) is refused by name: the one is
//! not protected, the others run programs.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::digest::Digest;

/// The longest address that is looked at, in bytes.
const LONGEST: usize = 4096;

/// The text is no address of a repository that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{address}` is not a usable address of a repository: {why}")]
pub struct AddressError {
    /// As written, without a login.
    pub address: String,
    /// Why.
    pub why: &'static str,
}

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// `https:` or `http:`
    Web(Web),
    /// `ssh:`
    Ssh(Ssh),
    /// On this machine.
    Local(PathBuf),
}

/// An address of the web, without query and fragment.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Web {
    /// Whether it is `https:`.
    pub(crate) secure: bool,
    /// The user and password inside the address.
    pub(crate) login: Option<Login>,
    /// In lower case; an IPv6 address keeps its brackets.
    pub(crate) host: String,
    /// Where it is not the usual one.
    pub(crate) port: Option<u16>,
    /// Empty, or begins with `/`; does not end with one.
    pub(crate) path: String,
}

/// A user and, if known, a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without the login.
impl fmt::Display for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

/// A repository behind ssh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ssh {
    pub(crate) user: Option<String>,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// What the other side is asked for.
    pub(crate) path: String,
}

impl Web {
    /// Reads `https://…` or `http://…`.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("it has no scheme")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err("it is neither https nor http"),
        };
        if rest.contains(['?', '#']) {
            return Err("it has a query or a fragment");
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(Login::parse(login)?), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place)?;
        let port = port.filter(|port| *port != default_port(secure));
        let path = path.trim_end_matches('/').to_owned();
        Ok(Self {
            secure,
            login,
            host: host.to_ascii_lowercase(),
            port,
            path,
        })
    }

    /// `https://host:port`.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        match self.port {
            Some(port) => format!("{scheme}://{}:{port}", self.host),
            None => format!("{scheme}://{}", self.host),
        }
    }

    /// `host`, or `host:port` where the port is not the usual one.
    pub(crate) fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The address that a `Location` header in an answer to a request of `self` plus `tail` leads to, still with `tail`.
    ///
    /// Any login in it is dropped.
    pub(crate) fn redirected(&self, location: &str) -> String {
        if location.contains("://") {
            return location.to_owned();
        }
        if let Some(rest) = location.strip_prefix("//") {
            return format!("{}://{rest}", if self.secure { "https" } else { "http" });
        }
        if location.starts_with('/') {
            return format!("{}{location}", self.origin());
        }
        // Relative to the folder of `…/info/refs`.
        format!("{}{}/info/{location}", self.origin(), self.path)
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

impl Login {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (user, password) = match text.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (text, None),
        };
        let decoded = |part: &str| percent_decoded(part).ok_or("its login is not encoded well");
        Ok(Self {
            user: decoded(user)?,
            password: password.map(decoded).transpose()?,
        })
    }
}

fn host_and_port(place: &str) -> Result<(&str, Option<u16>), &'static str> {
    let end = match place.strip_prefix('[') {
        Some(inner) => inner.find(']').ok_or("its host has a bracket too few")? + 2,
        None => place.find(':').unwrap_or(place.len()),
    };
    let (host, port) = place.split_at(end);
    if host.is_empty() {
        return Err("it has no host");
    }
    if host.starts_with('-') {
        return Err("its host begins with `-`");
    }
    let usual = |character: char| character.is_alphanumeric() || "-._~[]:".contains(character);
    if !host.chars().all(usual) {
        return Err("its host has impossible characters");
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, None)),
        Some("") => Ok((host, None)),
        Some(digits) => Ok((
            host,
            Some(digits.parse().map_err(|_| "its port is not a number")?),
        )),
        None => Err("its host has a bracket too many"),
    }
}

/// `None` unless every `%` has two digits and the whole is UTF-8 without NUL and line breaks.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(first);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains(['\0', '\n', '\r'])).then_some(text)
}

impl Location {
    /// Reads `text` as git does; a path is relative to `base`.
    ///
    /// # Errors
    ///
    /// When it is an address of a kind that is not used, or makes no sense.
    pub(crate) fn parse(text: &str, base: &Path) -> Result<Self, AddressError> {
        Self::read(text, base).map_err(|why| AddressError {
            address: redacted(text),
            why,
        })
    }

    fn read(text: &str, base: &Path) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("it is empty");
        }
        if text.len() > LONGEST {
            return Err("it is too long");
        }
        if text.chars().any(char::is_control) {
            return Err("it has control characters");
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return match scheme.to_ascii_lowercase().as_str() {
                "https" | "http" => Web::parse(text).map(Self::Web),
                "ssh" | "git+ssh" | "ssh+git" => Ssh::parse(rest).map(Self::Ssh),
                "file" => local(rest).map(Self::Local),
                "git" => Err("`git:` is not protected on its way; https may work"),
                _ => Err("its scheme is not known; https, http, ssh and file are"),
            };
        }
        match text.split_once(':') {
            Some((before, after)) if !before.contains('/') => {
                if after.starts_with(':') {
                    return Err("remote helpers are not used, as they run programs");
                }
                Ssh::parse_short(before, after).map(Self::Ssh)
            }
            _ => Ok(Self::Local(base.join(text))),
        }
    }

    /// The name of its folder among the mirrors: sixteen digits and a readable end.
    pub(crate) fn mirror_name(&self) -> String {
        let key = self.to_string();
        let digest = Digest::of(&key).hex();
        let tail = key
            .trim_end_matches('/')
            .rsplit(['/', ':'])
            .next()
            .unwrap_or_default();
        let tail = tail.strip_suffix(".git").unwrap_or(tail);
        let usual = |character: &char| character.is_ascii_alphanumeric() || "._-".contains(*character);
        let tail: String = tail.chars().filter(usual).take(40).collect();
        format!("{}-{tail}", &digest[..16])
    }
}

/// Without a login; this is also what is hashed to name a mirror.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web(web) => web.fmt(f),
            Self::Ssh(ssh) => ssh.fmt(f),
            Self::Local(path) => path.display().fmt(f),
        }
    }
}

/// The path of `file://` and what follows.
fn local(rest: &str) -> Result<PathBuf, &'static str> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err("a `file:` address needs an absolute path, as in `file:///srv/code`");
    }
    percent_decoded(path)
        .map(PathBuf::from)
        .ok_or("its path is not encoded well")
}

impl Ssh {
    /// Reads what follows `ssh://`.
    fn parse(rest: &str) -> Result<Self, &'static str> {
        let (authority, path) = rest.split_at(rest.find('/').ok_or("it has no path")?);
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place)?;
        // `ssh://host/~user/code` means the home of that user.
        let path = path
            .strip_prefix('/')
            .filter(|path| path.starts_with('~'))
            .unwrap_or(path);
        let path = percent_decoded(path).ok_or("its path is not encoded well")?;
        Self::checked(user, host, port, &path)
    }

    /// Reads `user@host` and `path` of `user@host:path`.
    fn parse_short(place: &str, path: &str) -> Result<Self, &'static str> {
        let (user, host) = match place.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, place),
        };
        let (host, port) = host_and_port(host)?;
        Self::checked(user, host, port, path)
    }

    /// Refuses what `ssh` or the program on the other side would take for an option.
    fn checked(user: Option<&str>, host: &str, port: Option<u16>, path: &str) -> Result<Self, &'static str> {
        if user.is_some_and(|user| {
            user.is_empty() || user.starts_with('-') || user.contains(char::is_whitespace)
        }) {
            return Err("its user is not a name");
        }
        if path.is_empty() {
            return Err("it has no path");
        }
        if path.starts_with('-') {
            return Err("its path begins with `-`");
        }
        Ok(Self {
            user: user.map(str::to_owned),
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            path: path.to_owned(),
        })
    }

    /// What `ssh` is told to connect to.
    pub(crate) fn target(&self) -> String {
        match &self.user {
            Some(user) => format!("{user}@{}", self.host),
            None => self.host.clone(),
        }
    }
}

impl fmt::Display for Ssh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ssh://{}", self.target())?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        let slash = if self.path.starts_with('/') { "" } else { "/" };
        write!(f, "{slash}{}", self.path)
    }
}

/// `address` without a login in it: tokens are passed as users as well as passwords.
pub(crate) fn redacted(address: &str) -> String {
    let plain: String = address
        .chars()
        .filter(|character| !character.is_control())
        .take(LONGEST)
        .collect();
    let Some((scheme, rest)) = plain.split_once("://") else {
        return plain;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((login, _)) if scheme.eq_ignore_ascii_case("ssh") && !login.contains(':') => plain,
        Some((login, _)) => format!("{scheme}://{}", &rest[login.len() + 1..]),
        None => plain,
    }
}

/// The address that a submodule's `./…` or `../…` means, seen from `parent`.
///
/// Other addresses come back as they are. As git does it: each `../` takes one
/// part off the parent's end. `None` when there is no part left.
pub(crate) fn relative_to(parent: &str, address: &str) -> Option<String> {
    if !(address.starts_with("./") || address.starts_with("../")) {
        return Some(address.to_owned());
    }
    let mut base = parent.trim_end_matches('/').to_owned();
    let mut rest = address;
    let mut joint = '/';
    loop {
        if let Some(after) = rest.strip_prefix("../") {
            rest = after;
            let floor = base.find("://").map_or(0, |at| at + 3);
            match base[floor..].rfind('/') {
                Some(at) => base.truncate(floor + at),
                None if floor == 0 && base.contains(':') && joint == '/' => {
                    base.truncate(base.find(':')?);
                    joint = ':';
                }
                None => return None,
            }
        } else if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else {
            return Some(format!("{base}{joint}{rest}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Location, &'static str> {
        Location::parse(text, Path::new("/paper")).map_err(|error| error.why)
    }

    fn ssh(user: Option<&str>, host: &str, port: Option<u16>, path: &str) -> Location {
        Location::Ssh(Ssh {
            user: user.map(str::to_owned),
            host: host.to_owned(),
            port,
            path: path.to_owned(),
        })
    }

    fn web(text: &str) -> Web {
        Web::parse(text).expect("an address")
    }

    #[test]
    fn addresses_mean_what_git_takes_them_for() {
        let plain = web("https://Example.org:443/a/b.git/");
        assert_eq!(plain.to_string(), "https://example.org/a/b.git");
        assert_eq!(web("http://[::1]:8080/x").origin(), "http://[::1]:8080");
        let login = web("https://me:p%40ss@example.org/x").login.expect("a login");
        assert_eq!(
            (login.user.as_str(), login.password.as_deref()),
            ("me", Some("p@ss"))
        );

        assert_eq!(
            parse("git@example.org:a/b.git"),
            Ok(ssh(Some("git"), "example.org", None, "a/b.git"))
        );
        assert_eq!(
            parse("ssh://example.org:22/a/b"),
            Ok(ssh(None, "example.org", Some(22), "/a/b"))
        );
        assert_eq!(
            parse("ssh://me@example.org/~you/b"),
            Ok(ssh(Some("me"), "example.org", None, "~you/b"))
        );

        assert_eq!(parse("file:///srv/a%20b"), Ok(Location::Local("/srv/a b".into())));
        assert_eq!(parse("../code"), Ok(Location::Local("/paper/../code".into())));
        assert_eq!(parse("./a:b"), Ok(Location::Local("/paper/./a:b".into())));
        assert_eq!(parse("/srv/code"), Ok(Location::Local("/srv/code".into())));
    }

    #[test]
    fn what_could_be_an_option_or_a_program_is_refused() {
        for hostile in [
            "ssh://-oProxyCommand=id/x",
            "-oProxyCommand=id:x",
            "ssh://-oProxyCommand=id@host/x",
            "host:-x",
            "ext::sh -c id",
            "git://example.org/x",
            "https://exa mple.org/x",
            "https://example.org/x\ny",
            "https://example.org/%",
            "https:///x",
            "ftp://example.org/x",
            "https://example.org/x?y",
            "file://host/x",
            "",
        ] {
            let parsed = parse(hostile);
            assert!(parsed.is_err() || hostile.ends_with('%'), "{hostile}: {parsed:?}");
        }
        assert!(parse(&"a".repeat(5000)).is_err());
    }

    #[test]
    fn a_login_is_never_shown() {
        assert_eq!(redacted("https://token@example.org/x"), "https://example.org/x");
        assert_eq!(
            redacted("https://me:secret@example.org/x@y"),
            "https://example.org/x@y"
        );
        assert_eq!(redacted("ssh://git@example.org/x"), "ssh://git@example.org/x");
        assert_eq!(redacted("git@example.org:x"), "git@example.org:x");
        assert_eq!(
            format!("{:?}", web("https://me:secret@example.org/x")),
            "https://example.org/x"
        );
    }

    #[test]
    fn submodules_are_found_beside_their_parent() {
        let parent = "https://example.org/group/code.git";
        let resolved = |address| relative_to(parent, address);
        assert_eq!(
            resolved("../lib.git").as_deref(),
            Some("https://example.org/group/lib.git")
        );
        assert_eq!(
            resolved("../../other/lib").as_deref(),
            Some("https://example.org/other/lib")
        );
        assert_eq!(
            resolved("./lib").as_deref(),
            Some("https://example.org/group/code.git/lib")
        );
        assert_eq!(resolved("../../../../x"), None);
        assert_eq!(
            resolved("https://else.org/x").as_deref(),
            Some("https://else.org/x")
        );
        assert_eq!(
            relative_to("git@example.org:code", "../lib").as_deref(),
            Some("git@example.org:lib")
        );
        assert_eq!(relative_to("/srv/code", "../lib").as_deref(), Some("/srv/lib"));
    }

    #[test]
    fn mirrors_have_readable_names_that_differ() {
        let name = |text| parse(text).expect("an address").mirror_name();
        assert!(name("https://example.org/a/code.git").ends_with("-code"));
        assert_ne!(
            name("https://example.org/a/code"),
            name("https://example.org/b/code")
        );
        assert_eq!(name("https://x:y@example.org/a"), name("https://example.org/a"));
        assert!(!name("/srv/../..").contains('/'));
    }

    #[test]
    fn a_redirect_is_read_as_browsers_do() {
        let from = web("https://example.org/a");
        assert_eq!(from.redirected("/b/info/refs"), "https://example.org/b/info/refs");
        assert_eq!(from.redirected("//else.org/b"), "https://else.org/b");
        assert_eq!(from.redirected("http://else.org/b"), "http://else.org/b");
        assert_eq!(from.redirected("refs"), "https://example.org/a/info/refs");
    }
}
