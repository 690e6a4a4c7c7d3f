//! Where packages come from: what this machine's user told pip and uv, and which hosts that means.
//!
//! uv runs without its configuration files, so what they say about indexes is
//! handed over in variables. A host may be reached by the installer if one of
//! these holds: the user's configuration names it; it is the host of uv's own
//! default index; an answer of such an index names it as a place of files.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::net::ToSocketAddrs as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use ureq::http::Uri;

use super::host::Host;
use super::proxy::{Policy, Reach, Target, decoded, is_public};
use crate::acquire::http::{Network, Scheme};

/// The largest configuration file that is read, and how much of an index's answer is looked at.
const ENOUGH: u64 = 512 * 1024;

/// The most redirects of an index that are followed.
const REDIRECTS: usize = 4;

/// Indexes and what belongs to them. Addresses may hold passwords: they are never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Indexes {
    /// Instead of uv's default.
    pub(super) default: Option<String>,
    /// Besides it; perhaps with a name and `=` before the address.
    pub(super) extra: Vec<String>,
    /// Folders or pages with files.
    pub(super) find_links: Vec<String>,
    /// Hosts whose certificates are not looked at.
    pub(super) trusted: Vec<String>,
    /// Certificate authorities.
    pub(super) certificate: Option<PathBuf>,
}

impl Indexes {
    /// What `host` is configured for: uv's variables before uv's files before pip's variables before pip's files.
    pub(super) fn of(host: &Host) -> Self {
        let pip = pip_settings(&host.pip_files);
        let uv = uv_settings(&host.uv_files);
        let pip_says = |key: &str| {
            let variable = format!("PIP_{}", key.replace('-', "_").to_ascii_uppercase());
            host.variable(&variable)
                .map(str::to_owned)
                .or_else(|| pip.get(key).cloned())
        };
        let words = |text: Option<String>| -> Vec<String> {
            text.map(|text| text.split_whitespace().map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let variable = |name: &str| host.variable(name).map(str::to_owned);
        let mut extra = words(variable("UV_INDEX"));
        extra.extend(words(variable("UV_EXTRA_INDEX_URL")));
        extra.extend(uv.extra);
        extra.extend(words(pip_says("extra-index-url")));
        let mut find_links = words(variable("UV_FIND_LINKS").map(|text| text.replace(',', " ")));
        find_links.extend(words(pip_says("find-links")));
        let mut trusted = words(variable("UV_INSECURE_HOST"));
        trusted.extend(words(pip_says("trusted-host")));
        let certificate = ["SSL_CERT_FILE"]
            .iter()
            .find_map(|name| variable(name))
            .or_else(|| pip_says("cert"));
        Self {
            default: variable("UV_DEFAULT_INDEX")
                .or_else(|| variable("UV_INDEX_URL"))
                .or(uv.default)
                .or_else(|| pip_says("index-url")),
            extra,
            find_links,
            trusted,
            certificate: certificate.map(PathBuf::from).filter(|path| path.is_file()),
        }
    }

    /// The same as uv's variables.
    pub(super) fn variables(&self, host: &Host) -> BTreeMap<String, OsString> {
        let mut variables: BTreeMap<String, OsString> = host
            .variables
            .iter()
            .filter(|(name, _)| passes(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut set = |name: &str, value: String| {
            if !value.is_empty() {
                variables.insert(name.to_owned(), value.into());
            }
        };
        set("UV_DEFAULT_INDEX", self.default.clone().unwrap_or_default());
        set("UV_INDEX", self.extra.join(" "));
        set("UV_FIND_LINKS", self.links().join(","));
        set("UV_INSECURE_HOST", self.trusted.join(" "));
        if let Some(certificate) = &self.certificate {
            variables.insert("SSL_CERT_FILE".to_owned(), certificate.clone().into_os_string());
        }
        variables
    }

    /// Pages, and folders that exist.
    fn links(&self) -> Vec<String> {
        let usable = |link: &&String| link.contains("://") || Path::new(link.as_str()).is_dir();
        self.find_links.iter().filter(usable).cloned().collect()
    }

    /// Folders with files, which the installer must see.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        self.find_links
            .iter()
            .map(PathBuf::from)
            .filter(|path| path.is_absolute() && path.is_dir())
            .collect()
    }

    /// The hosts that the installer may reach.
    ///
    /// `builtin` is the index that uv uses when nothing is configured; `packages`
    /// are names to ask the indexes about, to learn where their files lie. An
    /// index that does not answer is still allowed: the installer will say more.
    pub(super) fn policy(
        &self,
        builtin: Option<&str>,
        packages: &[String],
        host: &Host,
        network: &Network,
    ) -> Policy {
        let default = self.default.as_deref().or(builtin);
        let mut policy = Policy::default();
        let configured = self.extra.iter().chain(&self.find_links).map(String::as_str);
        for address in default.into_iter().chain(configured) {
            if let Some(target) = target(without_name(address)) {
                policy.allow(target, Reach::Anywhere);
            }
        }
        for name in &host.package_hosts {
            if let Some(target) = Target::parse(name, Some(443)) {
                policy.allow(target, Reach::Anywhere);
            }
        }
        if network.offline {
            return policy;
        }
        for index in default.into_iter().chain(self.extra.iter().map(String::as_str)) {
            learn(without_name(index), packages, network, &mut policy);
        }
        policy
    }
}

/// Variables that change how uv fetches and not what it installs.
fn passes(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "UV_CONCURRENT_BUILDS",
        "UV_CONCURRENT_DOWNLOADS",
        "UV_CONCURRENT_INSTALLS",
        "UV_HTTP_RETRIES",
        "UV_HTTP_TIMEOUT",
        "UV_NATIVE_TLS",
        "UV_SYSTEM_CERTS",
    ];
    let credentials =
        name.starts_with("UV_INDEX_") && (name.ends_with("_USERNAME") || name.ends_with("_PASSWORD"));
    NAMES.contains(&name) || credentials
}

/// uv lets an index have a name: `corporate=https://…`.
fn without_name(index: &str) -> &str {
    match index.split_once('=') {
        Some((name, address)) if !name.contains([':', '/']) => address,
        _ => index,
    }
}

fn target(address: &str) -> Option<Target> {
    let uri: Uri = address.parse().ok()?;
    let port = match uri.scheme_str()? {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    Some(Target::new(uri.host()?, uri.port_u16().unwrap_or(port)))
}

/// Allows the hosts that `index` names when asked about one of `packages`.
fn learn(index: &str, packages: &[String], network: &Network, policy: &mut Policy) {
    let near = target(index).is_some_and(|target| !network_resolves(network) && is_near(&target));
    // An index of the neighbourhood may keep its files there too.
    let reach = if near { Reach::Anywhere } else { Reach::Public };
    for package in packages.iter().take(3) {
        let address = format!("{}/{package}/", index.trim_end_matches('/'));
        if let Some(targets) = ask(&address, network) {
            for target in targets {
                policy.allow(target, reach);
            }
            return;
        }
    }
}

/// Whether names are resolved by a proxy rather than here.
fn network_resolves(network: &Network) -> bool {
    network.https_proxy.is_some()
}

fn is_near(target: &Target) -> bool {
    let found = (target.host.as_str(), target.port).to_socket_addrs();
    found.is_ok_and(|mut addresses| addresses.any(|address| !is_public(address.ip())))
}

/// The hosts of the files on an index's page; `None` when there is no such page.
fn ask(address: &str, network: &Network) -> Option<BTreeSet<Target>> {
    let mut found = BTreeSet::new();
    let mut address = address.to_owned();
    for _ in 0..REDIRECTS {
        let uri: Uri = address.parse().ok()?;
        let here = target(&address)?;
        let tls = uri.scheme_str() == Some("https");
        let agent = network
            .agent(if tls { Scheme::Https } else { Scheme::Http })
            .ok()?;
        let (user, plain) = credentials(&uri)?;
        let mut request = agent
            .get(&plain)
            .header("Accept", "application/vnd.pypi.simple.v1+json, text/html;q=0.5");
        if let Some(user) = user {
            request = request.header(
                "Authorization",
                format!("Basic {}", STANDARD.encode(decoded(&user))),
            );
        }
        let response = request.call().ok()?;
        found.insert(here);
        match response.status().as_u16() {
            200 => {
                let mut page = Vec::new();
                // A page that breaks off is still an answer.
                let _ = response
                    .into_body()
                    .into_reader()
                    .take(ENOUGH)
                    .read_to_end(&mut page);
                found.extend(hosts_of(&String::from_utf8_lossy(&page)));
                return Some(found);
            }
            301 | 302 | 303 | 307 | 308 => {
                let location = response.headers().get("Location")?.to_str().ok()?;
                address = absolute(&uri, location)?;
            }
            _ => return None,
        }
    }
    None
}

/// The user part of an address, and the address without it.
fn credentials(uri: &Uri) -> Option<(Option<String>, String)> {
    let authority = uri.authority()?.as_str();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let (user, host) = authority
        .rsplit_once('@')
        .map_or((None, authority), |(user, host)| (Some(user.to_owned()), host));
    Some((user, format!("{}://{host}{path}", uri.scheme_str()?)))
}

/// `location` as seen from `uri`. A user's name is not carried along to another place.
fn absolute(uri: &Uri, location: &str) -> Option<String> {
    if location.contains("://") {
        return Some(location.to_owned());
    }
    let path = location.strip_prefix('/')?;
    Some(format!("{}://{}/{path}", uri.scheme_str()?, uri.authority()?))
}

#[expect(clippy::expect_used, reason = "the pattern is a constant and a test uses it")]
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:"url"\s*:\s*"|href\s*=\s*["'])(https?://[^"'#?\s]{1,2000})"#)
        .expect("a pattern that compiles")
});

/// The hosts of all files that a page of the simple repository interface names (PEP 503, PEP 691).
fn hosts_of(page: &str) -> BTreeSet<Target> {
    LINK.captures_iter(page)
        .filter_map(|found| target(&found[1]))
        .collect()
}

/// The settings of pip's configuration files that concern us, by pip's long option names.
fn pip_settings(files: &[PathBuf]) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for text in files.iter().filter_map(|file| small(file)) {
        let mut section = String::new();
        let mut last: Option<String> = None;
        for line in text.lines() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                (section, last) = (name.trim().to_ascii_lowercase(), None);
                continue;
            }
            let counts = matches!(section.as_str(), "global" | "install" | "download");
            let goes_on = line.starts_with(char::is_whitespace);
            if let Some(key) = last.as_ref().filter(|_| goes_on) {
                let value: &mut String = settings.entry(key.clone()).or_default();
                value.push(' ');
                value.push_str(trimmed);
                continue;
            }
            let Some((key, value)) = trimmed.split_once(['=', ':']).filter(|_| counts) else {
                continue;
            };
            let key = key.trim().to_ascii_lowercase().replace('_', "-");
            settings.insert(key.clone(), value.trim().to_owned());
            last = Some(key);
        }
    }
    settings
}

/// What uv's configuration files say about indexes.
fn uv_settings(files: &[PathBuf]) -> Indexes {
    let mut found = Indexes::default();
    let tables = files
        .iter()
        .filter_map(|file| small(file)?.parse::<toml::Table>().ok());
    for table in tables {
        let text = |value: Option<&toml::Value>| value.and_then(toml::Value::as_str).map(str::to_owned);
        let pip = table.get("pip").and_then(toml::Value::as_table);
        let address = text(table.get("index-url")).or_else(|| text(pip.and_then(|pip| pip.get("index-url"))));
        found.default = address.or(found.default);
        let list = table.get("extra-index-url").and_then(toml::Value::as_array);
        found
            .extra
            .extend(list.into_iter().flatten().filter_map(|value| text(Some(value))));
        for index in table
            .get("index")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
        {
            let Some(address) = text(index.get("url")) else {
                continue;
            };
            if index.get("default").and_then(toml::Value::as_bool) == Some(true) {
                found.default = Some(address);
            } else {
                let name = text(index.get("name"))
                    .map(|name| format!("{name}="))
                    .unwrap_or_default();
                found.extra.push(format!("{name}{address}"));
            }
        }
    }
    found
}

fn small(file: &Path) -> Option<String> {
    let mut text = String::new();
    fs::File::open(file)
        .ok()?
        .take(ENOUGH)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(variables: &[(&str, &str)]) -> Host {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
        Host {
            variables: variables.collect(),
            ..Host::default()
        }
    }

    #[test]
    fn the_users_own_settings_are_found_in_variables_and_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let (pip, uv) = (folder.path().join("pip.conf"), folder.path().join("uv.toml"));
        fs::write(&pip, "[global]\nindex-url = https://a.example/simple\n[install]\nextra_index_url =\n  https://b.example/x\n  https://c.example/y\n[other]\nindex-url = https://no.example\n").expect("written");
        fs::write(
            &uv,
            "[[index]]\nname = \"corp\"\nurl = \"https://d.example/simple\"\n",
        )
        .expect("written");
        let mut host = host(&[("PIP_TRUSTED_HOST", "e.example"), ("SECRET", "x")]);
        host.pip_files = vec![pip];
        host.uv_files = vec![uv];
        let indexes = Indexes::of(&host);
        assert_eq!(indexes.default.as_deref(), Some("https://a.example/simple"));
        assert_eq!(
            indexes.extra,
            [
                "corp=https://d.example/simple",
                "https://b.example/x",
                "https://c.example/y"
            ]
        );
        let variables = indexes.variables(&host);
        assert_eq!(
            variables.keys().collect::<Vec<_>>(),
            ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_INSECURE_HOST"]
        );
        host.variables
            .insert("UV_DEFAULT_INDEX".to_owned(), "https://f.example".into());
        assert_eq!(Indexes::of(&host).default.as_deref(), Some("https://f.example"));
    }

    #[test]
    fn the_policy_holds_configured_hosts_and_no_others() {
        let mut host = host(&[(
            "UV_INDEX",
            "corp=http://u:p@d.example:8080/simple https://e.example/s",
        )]);
        host.package_hosts = vec!["files.example".to_owned()];
        let network = Network {
            offline: true,
            ..Network::default()
        };
        let policy = Indexes::of(&host).policy(
            Some("https://builtin.example/simple"),
            &["six".to_owned()],
            &host,
            &network,
        );
        let hosts: Vec<_> = policy.targets().map(ToString::to_string).collect();
        assert_eq!(
            hosts,
            [
                "builtin.example:443",
                "d.example:8080",
                "e.example:443",
                "files.example:443"
            ]
        );
    }

    #[test]
    fn an_answer_names_the_hosts_of_its_files() {
        let json = r#"{"files":[{"url":"https://files.example/a.whl"},{"url" : "http://files.example:81/b.whl"},{"url":"../c.whl"}]}"#;
        let html = r#"<a href="https://other.example/a.whl#sha256=1">a</a><a href='/b.whl'>b</a>"#;
        let hosts = |page: &str| hosts_of(page).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(hosts(json), ["files.example:81", "files.example:443"]);
        assert_eq!(hosts(html), ["other.example:443"]);
    }

    #[test]
    fn credentials_are_taken_out_of_an_address() {
        let uri: Uri = "https://anna:secret@index.example/simple/six/"
            .parse()
            .expect("an address");
        assert_eq!(
            credentials(&uri),
            Some((
                Some("anna:secret".to_owned()),
                "https://index.example/simple/six/".to_owned()
            ))
        );
        assert_eq!(
            absolute(&uri, "/x").as_deref(),
            Some("https://anna:secret@index.example/x")
        );
        assert_eq!(
            absolute(&uri, "https://other.example/x").as_deref(),
            Some("https://other.example/x")
        );
    }
}
