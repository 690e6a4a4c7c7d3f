//! The proxy that this machine itself needs, where it needs one.

use std::io;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::Uri;

use super::policy::Target;
use crate::acquire::http::Network;

/// How hosts are reached from here.
#[derive(Clone, Debug, Default)]
pub(super) struct Upstream {
    https: Option<ParentProxy>,
    http: Option<ParentProxy>,
    exceptions: Vec<String>,
}

/// An HTTP proxy. Its secret is never shown.
#[derive(Clone)]
pub(super) struct ParentProxy {
    /// Where it listens.
    pub(super) target: Target,
    /// The value of `Proxy-Authorization`.
    pub(super) authorization: Option<String>,
}

impl std::fmt::Debug for ParentProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ParentProxy({})", self.target)
    }
}

impl Upstream {
    /// As `network` says.
    pub(super) fn new(network: &Network) -> io::Result<Self> {
        let parent = |address: &Option<String>| address.as_deref().map(parent).transpose();
        let exceptions = network.no_proxy.as_deref().unwrap_or_default().split(',');
        Ok(Self {
            https: parent(&network.https_proxy)?,
            http: parent(&network.http_proxy)?,
            exceptions: exceptions
                .map(|host| host.trim().to_ascii_lowercase())
                .filter(|host| !host.is_empty())
                .collect(),
        })
    }

    /// The proxy for `target`; `None`: it is reached directly.
    pub(super) fn for_target(&self, target: &Target, tls: bool) -> Option<&ParentProxy> {
        let proxy = if tls { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !self.is_exception(target))
    }

    fn is_exception(&self, target: &Target) -> bool {
        let host = target.host.as_str();
        let loopback = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        loopback
            || self.exceptions.iter().any(|exception| {
                let exception = exception
                    .strip_suffix(&format!(":{}", target.port))
                    .unwrap_or(exception);
                let name = exception.trim_start_matches('*').trim_start_matches('.');
                exception == "*"
                    || (!name.is_empty()
                        && (host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))))
            })
    }
}

fn parent(address: &str) -> io::Result<ParentProxy> {
    // The address may hold a password: it is not shown.
    let fail = |why: &str| {
        io::Error::new(
            io::ErrorKind::Unsupported,
            format!("the machine's own proxy cannot be used: {why}"),
        )
    };
    let full = if address.contains("://") {
        address.to_owned()
    } else {
        format!("http://{address}")
    };
    let uri: Uri = full.parse().map_err(|_| fail("its address makes no sense"))?;
    if uri.scheme_str() != Some("http") {
        return Err(fail("only proxies with an `http:` address are spoken to"));
    }
    let authority = uri
        .authority()
        .ok_or_else(|| fail("its address names no host"))?
        .as_str();
    let (user, host) = authority
        .rsplit_once('@')
        .map_or((None, authority), |(user, host)| (Some(user), host));
    let target = Target::parse(host, Some(80)).ok_or_else(|| fail("its address names no host"))?;
    let authorization = user.map(|user| format!("Basic {}", STANDARD.encode(decoded(user))));
    Ok(ParentProxy {
        target,
        authorization,
    })
}

/// `text` with `%41` as `A`; what is not of that form stays.
pub(in crate::environment) fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let value = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(value.unwrap_or(bytes[at]));
        at += if value.is_some() { 3 } else { 1 };
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_proxy_and_its_exceptions_are_followed() {
        let network = Network {
            https_proxy: Some("http://anna:pass%40word@proxy.example:3128".to_owned()),
            no_proxy: Some("internal.example, .local,10.0.0.1".to_owned()),
            ..Network::default()
        };
        let upstream = Upstream::new(&network).expect("usable");
        let through = |host: &str, tls| {
            upstream
                .for_target(&Target::new(host, 443), tls)
                .map(|proxy| proxy.target.to_string())
        };
        assert_eq!(
            through("index.example", true).as_deref(),
            Some("proxy.example:3128")
        );
        assert_eq!(through("index.example", false), None);
        for host in [
            "internal.example",
            "a.internal.example",
            "a.local",
            "10.0.0.1",
            "localhost",
            "127.0.0.1",
        ] {
            assert_eq!(through(host, true), None, "{host}");
        }
        assert!(through("notinternal.example", true).is_some());
        let proxy = upstream
            .for_target(&Target::new("index.example", 443), true)
            .expect("a proxy");
        assert_eq!(proxy.authorization.as_deref(), Some("Basic YW5uYTpwYXNzQHdvcmQ="));
        assert!(!format!("{upstream:?}").contains("YW5uYT"));
    }

    #[test]
    fn proxies_that_we_cannot_speak_to_are_said_without_their_password() {
        for address in [
            "socks5://anna:secret@proxy.example",
            "https://proxy.example",
            "http://",
        ] {
            let network = Network {
                https_proxy: Some(address.to_owned()),
                ..Network::default()
            };
            let error = Upstream::new(&network).expect_err("refused").to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
