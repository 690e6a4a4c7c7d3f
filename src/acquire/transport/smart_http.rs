//! Git's smart protocol over our own https client.
//!
//! Two requests make a fetch: `GET …/info/refs` for what there is, and
//! `POST …/git-upload-pack` for what is wanted, whose answer is read as it
//! comes and is never in memory as a whole. A redirect of the first one moves
//! the second along, as in git; a redirect of the second is refused.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use bytesize::ByteSize;
use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream};
use ureq::http::Response;
use ureq::{Agent, Body, BodyReader};

use super::{Session, TransportError, credentials, failed, lock};
use crate::acquire::git::address::{Login, Web, redacted};
use crate::acquire::http::{Network, Scheme};

/// What follows the address of a repository in the first request.
const REFS: &str = "/info/refs?service=git-upload-pack";

/// Some servers hand out repositories only to what calls itself git.
const USER_AGENT: &str = concat!("git/2.0 (reproof ", env!("CARGO_PKG_VERSION"), ")");

/// How often a redirect is followed.
const HOPS: usize = 5;

/// The most that a server may tell about its branches and tags.
const ADVERTISEMENT: ByteSize = ByteSize::mib(512);

/// The most that is asked in one request: some million commits that we have.
const REQUEST: usize = 64 * 1024 * 1024;

/// One repository behind https or http.
pub(super) struct SmartHttp(Arc<Client>);

impl SmartHttp {
    pub(super) fn new(session: Arc<Session>, address: Web) -> Self {
        let place = Place {
            login: address.login.clone(),
            address: address.clone(),
            agent: None,
        };
        Self(Arc::new(Client {
            session,
            asked: address,
            place: Mutex::new(place),
        }))
    }
}

impl SmartSubtransport for SmartHttp {
    fn action(&self, _: &str, service: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        match service {
            Service::UploadPackLs => match self.0.advertisement() {
                Ok(reader) => Ok(Box::new(Exchange::reading(self.0.clone(), reader))),
                Err(failure) => {
                    self.0.session.fail(failure);
                    Err(failed())
                }
            },
            Service::UploadPack => Ok(Box::new(Exchange::asking(self.0.clone()))),
            Service::ReceivePackLs | Service::ReceivePack => Err(failed()),
        }
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

struct Client {
    session: Arc<Session>,
    /// Where it was first asked.
    asked: Web,
    place: Mutex<Place>,
}

/// Where redirects have led so far.
struct Place {
    address: Web,
    /// For this host only.
    login: Option<Login>,
    agent: Option<Agent>,
}

impl Client {
    /// What the server has, wherever it has moved to.
    fn advertisement(&self) -> Result<BodyReader<'static>, TransportError> {
        if self.session.network.offline {
            return Err(TransportError::Offline {
                address: self.session.address.clone(),
            });
        }
        for _ in 0..=HOPS {
            let place = &mut *lock(&self.place);
            let response = self.answered(place, |agent, place| {
                let request = agent.get(format!("{}{REFS}", place.address));
                self.with_headers(request, place).call()
            })?;
            if response.status().is_redirection() {
                place.go(self.redirect(place, &response)?);
                continue;
            }
            self.check(&response, "application/x-git-upload-pack-advertisement")?;
            return Ok(response.into_body().into_reader());
        }
        let to = lock(&self.place).address.to_string();
        Err(self.refused(to, "it goes round in circles"))
    }

    /// The answer to what is wanted.
    fn pack(&self, request: &[u8]) -> Result<BodyReader<'static>, TransportError> {
        let place = &mut *lock(&self.place);
        let response = self.answered(place, |agent, place| {
            let post = agent
                .post(format!("{}/git-upload-pack", place.address))
                .header("content-type", "application/x-git-upload-pack-request")
                .header("accept", "application/x-git-upload-pack-result");
            self.with_headers(post, place).send(request)
        })?;
        if response.status().is_redirection() {
            let to = location(&response).unwrap_or_default();
            return Err(self.refused(
                redacted(to),
                "only the first request of a fetch may be redirected",
            ));
        }
        self.check(&response, "application/x-git-upload-pack-result")?;
        Ok(response.into_body().into_reader())
    }

    /// Sends a request, and sends it again with a login where one is wanted and known.
    fn answered(
        &self,
        place: &mut Place,
        send: impl Fn(&Agent, &Place) -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, TransportError> {
        let agent = self.agent(place)?;
        let failure = |error| self.failure(error, &place.address.host);
        let response = send(&agent, place).map_err(failure)?;
        if response.status() != 401 {
            return Ok(response);
        }
        let known = place.login.as_ref().is_some_and(|login| login.password.is_some());
        if !known {
            place.login =
                credentials::ask(&place.asking(), &self.session.configuration).or(place.login.take());
        }
        if known || place.login.is_none() {
            return Ok(response);
        }
        send(&agent, place).map_err(|error| self.failure(error, &place.address.host))
    }

    fn with_headers<B>(&self, request: ureq::RequestBuilder<B>, place: &Place) -> ureq::RequestBuilder<B> {
        let mut request = request.header("user-agent", USER_AGENT);
        if let Some(login) = &place.login {
            request = request.header("authorization", basic(login));
        }
        // A header may be a secret: one that names no address stays with the host that was asked.
        let elsewhere = !same_server(&self.asked, &place.address);
        let extra = self
            .session
            .configuration
            .all_for("http", "extraheader", &place.address, elsewhere);
        for line in extra {
            if let Some((name, value)) = line.split_once(':') {
                request = request.header(name.trim(), value.trim());
            }
        }
        request
    }

    /// The client for the host that `place` is at, as the user's configuration wants it.
    fn agent(&self, place: &mut Place) -> Result<Agent, TransportError> {
        if let Some(agent) = &place.agent {
            return Ok(agent.clone());
        }
        let scheme = if place.address.secure {
            Scheme::Https
        } else {
            Scheme::Http
        };
        let agent = self
            .network(&place.address)
            .patient_agent(scheme, self.session.silence)?;
        let stopped = agent.clone();
        self.session.on_stop(move || stopped.shutdown());
        place.agent = Some(agent.clone());
        Ok(agent)
    }

    fn network(&self, address: &Web) -> Network {
        let configuration = &self.session.configuration;
        let mut network = self.session.network.clone();
        if let Some(file) = configuration.one_for("http", "sslcainfo", address) {
            network.authorities = Some(file.into());
        }
        if let Some(proxy) = configuration.one_for("http", "proxy", address) {
            let proxy = (!proxy.is_empty()).then(|| proxy.to_owned());
            network.http_proxy.clone_from(&proxy);
            network.https_proxy = proxy;
        }
        network
    }

    /// Where an answer redirects to.
    fn redirect(&self, place: &Place, response: &Response<Body>) -> Result<Web, TransportError> {
        let location = location(response).unwrap_or_default();
        let target = place.address.redirected(location);
        let refused = |why| self.refused(redacted(&target), why);
        let allowed = self
            .session
            .configuration
            .one_for("http", "followredirects", &place.address);
        if allowed.is_some_and(|value| matches!(value, "false" | "no" | "off" | "0")) {
            return Err(refused(
                "`http.followRedirects` in git's configuration forbids it",
            ));
        }
        let base = target
            .strip_suffix(REFS)
            .ok_or_else(|| refused("it does not lead to a git repository"))?;
        let mut to = Web::parse(base).map_err(refused)?;
        if place.address.secure && !to.secure {
            return Err(refused("it leads from https to http"));
        }
        to.login = None;
        Ok(to)
    }

    fn refused(&self, to: String, why: &'static str) -> TransportError {
        TransportError::Redirect {
            from: self.session.address.clone(),
            to,
            why,
        }
    }

    /// Refuses every answer but a good one of the right kind.
    fn check(&self, response: &Response<Body>, kind: &str) -> Result<(), TransportError> {
        let address = self.session.address.clone();
        let status = response.status();
        let answer = format!("the server answers {status}");
        match status.as_u16() {
            200 => {}
            401 | 403 => return Err(TransportError::Authentication { address, answer }),
            404 | 410 => return Err(TransportError::Gone { address, answer }),
            407 => {
                let host = self.asked.host.clone();
                return Err(TransportError::Proxy { host, why: answer });
            }
            408 | 429 | 500..=599 => return Err(TransportError::Busy { address, answer }),
            _ => return Err(TransportError::NotGit { address, why: answer }),
        }
        match response.body().mime_type() {
            Some(found) if found == kind => Ok(()),
            found => {
                let why = format!("the server sends `{}`", found.unwrap_or("nothing in particular"));
                Err(TransportError::NotGit {
                    address,
                    why: why.escape_debug().to_string(),
                })
            }
        }
    }

    /// What an error of the client means.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the list belongs to another crate, and may grow"
    )]
    fn failure(&self, error: ureq::Error, host: &str) -> TransportError {
        let host = host.to_owned();
        match error {
            ureq::Error::HostNotFound => TransportError::Unreachable {
                host,
                why: "its name is not known".to_owned(),
            },
            ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
                TransportError::Unreachable {
                    host,
                    why: "no connection within 20 s".to_owned(),
                }
            }
            ureq::Error::Timeout(_) => TransportError::Silent {
                host,
                seconds: self.session.silence.as_secs(),
            },
            ureq::Error::ConnectProxyFailed(why) => TransportError::Proxy { host, why },
            ureq::Error::Rustls(error) => tls_failure(&error, host),
            ureq::Error::Io(error) => io_failure(&error, host),
            // Texts of other errors can hold the whole address; there is no login in those that we send.
            error => TransportError::Broken {
                host,
                why: error.to_string(),
            },
        }
    }

    /// Notes what an error while reading means.
    fn broke(&self, error: io::Error) -> io::Error {
        let host = lock(&self.place).address.host.clone();
        self.session.fail(self.failure(ureq::Error::from(error), &host));
        io::Error::other("the transfer failed")
    }
}

impl Place {
    /// A login goes along to the same server only.
    fn go(&mut self, to: Web) {
        if !same_server(&self.address, &to) {
            self.login = None;
        }
        self.agent = None;
        self.address = to;
    }

    /// The address that a login is asked for, with the user that is known.
    fn asking(&self) -> Web {
        Web {
            login: self.login.clone(),
            ..self.address.clone()
        }
    }
}

/// Whether `to` is the server of `from`, perhaps upgraded to https. Another port is another server.
fn same_server(from: &Web, to: &Web) -> bool {
    let upgraded = !from.secure && to.secure && from.port.is_none();
    from.authority() == to.authority() && (from.secure == to.secure || upgraded)
}

fn location(response: &Response<Body>) -> Option<&str> {
    response.headers().get("location")?.to_str().ok()
}

fn basic(login: &Login) -> String {
    use base64::Engine as _;
    let plain = format!("{}:{}", login.user, login.password.as_deref().unwrap_or_default());
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(plain)
    )
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list belongs to another crate, and may grow"
)]
fn io_failure(error: &io::Error, host: String) -> TransportError {
    if let Some(error) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        return tls_failure(error, host);
    }
    let why = error.to_string();
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::PermissionDenied => TransportError::Unreachable { host, why },
        _ => TransportError::Broken { host, why },
    }
}

fn tls_failure(error: &rustls::Error, host: String) -> TransportError {
    let rustls::Error::InvalidCertificate(problem) = error else {
        return TransportError::Tls {
            host,
            why: error.to_string(),
        };
    };
    let (problem, remedy) = certificate_problem(problem);
    TransportError::Certificate {
        host,
        problem,
        remedy,
    }
}

/// What is wrong with a certificate, and what to do.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list belongs to another crate, and may grow"
)]
fn certificate_problem(problem: &rustls::CertificateError) -> (String, &'static str) {
    use rustls::CertificateError as Problem;
    const CLOCK: &str = "check the date of this machine; if it is right, only the host's owner can help";
    const NAME: &str = "check the address for a typing error; if it is right, only the host's owner can help";
    const AUTHORITY: &str = "if your network or host has an authority of its own, name its file: \
        `git config --global http.sslCAInfo FILE`; `http.sslVerify = false` is not honoured";
    match problem {
        Problem::Expired | Problem::ExpiredContext { .. } => ("it has expired".to_owned(), CLOCK),
        Problem::NotValidYet | Problem::NotValidYetContext { .. } => {
            ("it is not valid yet".to_owned(), CLOCK)
        }
        Problem::NotValidForName | Problem::NotValidForNameContext { .. } => {
            ("it is for another host".to_owned(), NAME)
        }
        Problem::UnknownIssuer => (
            "it is signed by nobody that this machine trusts".to_owned(),
            AUTHORITY,
        ),
        Problem::BadSignature => ("its signature is wrong".to_owned(), AUTHORITY),
        // A certificate that signs itself is not made for hosts.
        other => (other.to_string(), AUTHORITY),
    }
}

/// One request and its answer, as libgit2 writes and reads them.
struct Exchange {
    client: Arc<Client>,
    request: Vec<u8>,
    answer: Option<BodyReader<'static>>,
    /// How many bytes may still come.
    left: u64,
}

impl Exchange {
    fn asking(client: Arc<Client>) -> Self {
        Self {
            client,
            request: Vec::new(),
            answer: None,
            left: u64::MAX,
        }
    }

    fn reading(client: Arc<Client>, answer: BodyReader<'static>) -> Self {
        Self {
            client,
            request: Vec::new(),
            answer: Some(answer),
            left: ADVERTISEMENT.as_u64(),
        }
    }

    fn fail(&self, failure: TransportError) -> io::Error {
        self.client.session.fail(failure);
        io::Error::other("the transfer failed")
    }
}

impl Write for Exchange {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.request.len() + buffer.len() > REQUEST {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.request.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Exchange {
    /// Sends what was written, if that was not done yet.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let answer = match &mut self.answer {
            Some(answer) => answer,
            None => {
                let answer = self
                    .client
                    .pack(&self.request)
                    .map_err(|failure| self.fail(failure))?;
                self.answer.insert(answer)
            }
        };
        let read = answer.read(buffer).map_err(|error| self.client.broke(error))?;
        self.left = self.left.saturating_sub(read as u64);
        if self.left == 0 {
            let address = self.client.session.address.clone();
            return Err(self.fail(TransportError::TooLarge {
                address,
                limit: ADVERTISEMENT,
            }));
        }
        Ok(read)
    }
}
