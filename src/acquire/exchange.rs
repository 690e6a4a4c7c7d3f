//! One question to a web server and its answer, redirects followed.
//!
//! At most ten redirects, none in a circle, none from `https:` to `http:`, none to anything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::http::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, IF_RANGE, LOCATION, RANGE};
use ureq::http::{Response, Uri, uri};
use ureq::{Agent, Body};

use super::error::{TransferError, printable};
use super::http::{ClientError, Network, Scheme};

/// How many redirects are followed.
const REDIRECTS: usize = 10;

/// The clients of one download.
#[derive(Debug)]
pub(super) struct Line {
    http: Agent,
    https: Agent,
    surplus: Arc<AtomicBool>,
}

/// Where to continue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resume<'a> {
    /// How many bytes are there already.
    pub(super) offset: u64,
    /// The version that they belong to.
    pub(super) validator: Option<&'a str>,
}

/// An answer that is not a redirect.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    /// Where it came from in the end.
    pub(super) location: Uri,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Miss {
    /// Another attempt may help.
    Again(TransferError),
    /// The certificate is not trusted.
    Certificate { location: String, why: String },
    /// A redirect that is not followed.
    Redirect { location: String, why: String },
}

impl Line {
    pub(super) fn new(network: &Network, silence: Duration) -> Result<Self, ClientError> {
        let surplus = Arc::default();
        Ok(Self {
            http: network.downloader(Scheme::Http, silence, &surplus)?,
            https: network.downloader(Scheme::Https, silence, &surplus)?,
            surplus,
        })
    }

    /// Ends whatever is going on; every later question fails.
    pub(super) fn hang_up(&self) {
        self.http.clone().shutdown();
        self.https.clone().shutdown();
    }

    /// Whether more arrived than the last answer announced, as far as was seen.
    pub(super) fn surplus(&self) -> bool {
        self.surplus.load(Ordering::Relaxed)
    }

    /// Asks for `address`, from an offset on if one is given.
    pub(super) fn get(&self, address: &Uri, from: Option<Resume<'_>>) -> Result<Reply, Miss> {
        let mut seen = vec![address.clone()];
        loop {
            let location = seen.last().unwrap_or(address);
            let response = self.ask(location, from)?;
            let Some(next) = redirect(location, &response)? else {
                self.surplus.store(false, Ordering::Relaxed);
                return Ok(reply(response, location.clone()));
            };
            let refuse = |why: &str| Miss::Redirect {
                location: shown(location),
                why: why.to_owned(),
            };
            if seen.contains(&next) {
                return Err(refuse("it leads in a circle"));
            }
            if seen.len() > REDIRECTS {
                return Err(refuse("more than 10 redirects"));
            }
            seen.push(next);
        }
    }

    fn ask(&self, location: &Uri, from: Option<Resume<'_>>) -> Result<Response<Body>, Miss> {
        let agent = if location.scheme() == Some(&uri::Scheme::HTTP) {
            &self.http
        } else {
            &self.https
        };
        // Ranges and digests are of the file itself, never of a compressed form of it.
        let mut request = agent.get(location).header(ACCEPT_ENCODING, "identity");
        if let Some(from) = from {
            request = request.header(RANGE, format!("bytes={}-", from.offset));
            if let Some(validator) = from.validator {
                request = request.header(IF_RANGE, validator);
            }
        }
        request.call().map_err(|error| miss(location, &error))
    }
}

fn reply(response: Response<Body>, location: Uri) -> Reply {
    let (parts, body) = response.into_parts();
    Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
        location,
    }
}

/// The text of a header, if there is exactly one and it is text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Where `response` sends us, if it does.
fn redirect(from: &Uri, response: &Response<Body>) -> Result<Option<Uri>, Miss> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let refuse = |why: String| Miss::Redirect {
        location: shown(from),
        why,
    };
    let target = response
        .headers()
        .get(LOCATION)
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let Some(target) = target else {
        return Err(refuse("it does not say where to".to_owned()));
    };
    let unusable = || {
        refuse(format!(
            "it leads to `{}`, which is no web address",
            printable(&target, 200)
        ))
    };
    let next = resolve(from, &target).ok_or_else(unusable)?;
    if from.scheme() == Some(&uri::Scheme::HTTPS) && next.scheme() != Some(&uri::Scheme::HTTPS) {
        return Err(refuse(format!(
            "it leads from https to `{}`, which is not protected",
            shown(&next)
        )));
    }
    Ok(Some(next))
}

/// An address as written; spaces and what is not ASCII are percent-encoded. `None` unless it is `http:` or `https:` with a host.
pub(super) fn parse(text: &str) -> Option<Uri> {
    let without_fragment = text.split('#').next().unwrap_or_default();
    let mut encoded = String::new();
    for byte in without_fragment.bytes() {
        if byte.is_ascii_graphic() {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let uri: Uri = encoded.parse().ok()?;
    let web = [uri::Scheme::HTTP, uri::Scheme::HTTPS];
    let usable = uri.scheme().is_some_and(|scheme| web.contains(scheme))
        && uri.host().is_some_and(|host| !host.is_empty());
    usable.then_some(uri)
}

/// What `reference` means on the page `base` (RFC 3986, section 5.2).
fn resolve(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.trim();
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    let has_scheme = reference
        .split(['/', '?', '#'])
        .next()
        .is_some_and(|start| start.contains(':'));
    if has_scheme {
        return parse(reference);
    }
    if reference.starts_with("//") {
        return parse(&format!("{scheme}:{reference}"));
    }
    let (path, query) = match reference.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (reference, None),
    };
    let path = if path.starts_with('/') {
        path.to_owned()
    } else if path.is_empty() {
        base.path().to_owned()
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{folder}/{path}")
    };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    parse(&format!("{scheme}://{authority}{}{query}", without_dots(&path)))
}

fn without_dots(path: &str) -> String {
    let mut kept = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        kept.push("");
    }
    format!("/{}", kept.join("/"))
}

/// An address as it may be shown and kept: a query may hold a signature, and a user's name a password.
pub(super) fn shown(address: &Uri) -> String {
    let scheme = address.scheme_str().unwrap_or_default();
    let host = address.host().unwrap_or_default();
    let port = address.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = if address.query().is_some() { "?…" } else { "" };
    format!("{scheme}://{host}{port}{}{query}", address.path())
}

fn miss(location: &Uri, error: &ureq::Error) -> Miss {
    if let ureq::Error::HostNotFound = error {
        return Miss::Again(TransferError::NoHost);
    }
    let why = printable(&error.to_string(), 400);
    // rustls reports through several wrappings; its words are the only mark that all of them keep.
    if why.contains("invalid peer certificate") {
        return Miss::Certificate {
            location: shown(location),
            why,
        };
    }
    Miss::Again(TransferError::NoAnswer(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reference: &str, expected: Option<&str>) {
        let base = parse("https://example.org:8443/a/b/c?q").expect("an address");
        let resolved = resolve(&base, reference).map(|uri| uri.to_string());
        assert_eq!(resolved.as_deref(), expected, "{reference}");
    }

    #[test]
    fn references_are_resolved() {
        check("https://other.org/x", Some("https://other.org/x"));
        check("//other.org/x", Some("https://other.org/x"));
        check("/x?y#z", Some("https://example.org:8443/x?y"));
        check("x", Some("https://example.org:8443/a/b/x"));
        check("../x", Some("https://example.org:8443/a/x"));
        check("../../../../x", Some("https://example.org:8443/x"));
        check("?y", Some("https://example.org:8443/a/b/c?y"));
        check("x/..", Some("https://example.org:8443/a/b/"));
        check("a b/é", Some("https://example.org:8443/a/b/a%20b/%C3%A9"));
        check(
            "x?to=http://other.org",
            Some("https://example.org:8443/a/b/x?to=http://other.org"),
        );
        check("file:///etc/passwd", None);
        check("ftp://other.org/x", None);
        check("https:///x", None);
    }

    #[test]
    fn secrets_in_an_address_are_not_shown() {
        let address = parse("https://me:secret@example.org/f?signature=1234").expect("an address");
        assert_eq!(shown(&address), "https://example.org/f?…");
    }
}
