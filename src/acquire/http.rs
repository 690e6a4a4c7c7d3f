//! The one HTTP client: only home of `ureq`'s configuration.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::config::ConfigBuilder;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::typestate::AgentScope;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};
use ureq::{Agent, ProxyProtocol};

/// How long nothing may move on a connection.
pub const SILENCE: Duration = Duration::from_secs(60);

/// How this machine reaches the network, as its user configured it.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// A file with the certificate authorities to trust instead of the platform's.
    pub authorities: Option<PathBuf>,
    /// The proxy for `https:` addresses, such as `http://user:secret@proxy.example:3128`.
    pub https_proxy: Option<String>,
    /// The proxy for `http:` addresses.
    pub http_proxy: Option<String>,
    /// Hosts that are reached without the proxy, separated by commas.
    pub no_proxy: Option<String>,
    /// Nothing may be fetched.
    pub offline: bool,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The authorities cannot be read.
    #[error("cannot read the certificate authorities in `{}`: {why}", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The proxy's address makes no sense. The address itself may hold a password and is not shown.
    #[error("the proxy's address is not usable: {why}")]
    Proxy {
        /// Why.
        why: String,
    },
}

/// Which kind of address a client is for: proxies differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http:`
    Http,
    /// `https:`
    Https,
}

impl Network {
    /// A client for addresses of `scheme`.
    ///
    /// It follows no redirects and turns no status into an error: both are decided
    /// by who asks. A connection must stand within 20 s, and headers must arrive
    /// within 60 s; there is no limit on a body, only on silence: when nothing
    /// moves for 60 s, reading it fails with [`ureq::Error::Timeout`].
    ///
    /// # Errors
    ///
    /// When the authorities cannot be read or the proxy's address makes no sense.
    pub fn agent(&self, scheme: Scheme) -> Result<Agent, ClientError> {
        self.patient_agent(scheme, SILENCE)
    }

    /// As [`Network::agent`], bearing silence for as long as `silence`, which is not zero.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn patient_agent(&self, scheme: Scheme, silence: Duration) -> Result<Agent, ClientError> {
        Ok(Agent::new_with_config(self.config(scheme, silence)?.build()))
    }

    /// Like [`Network::patient_agent`], for downloads: connections are not kept, and `surplus` becomes true when
    /// one ends with bytes that belong to no answer.
    ///
    /// # Errors
    ///
    /// Those of [`Network::agent`].
    pub(super) fn downloader(
        &self,
        scheme: Scheme,
        silence: Duration,
        surplus: &Arc<AtomicBool>,
    ) -> Result<Agent, ClientError> {
        let config = self.config(scheme, silence)?.max_idle_connections(0).build();
        let connector = DefaultConnector::default().chain(Surplus(Arc::clone(surplus)));
        Ok(Agent::with_parts(config, connector, DefaultResolver::default()))
    }

    fn config(&self, scheme: Scheme, silence: Duration) -> Result<ConfigBuilder<AgentScope>, ClientError> {
        let tls = TlsConfig::builder().root_certs(self.roots()?).build();
        Ok(Agent::config_builder()
            .tls_config(tls)
            .proxy(self.proxy(scheme)?)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("reproof/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(Duration::from_secs(20)))
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(silence.max(SILENCE)))
            .timeout_per_read(Some(silence))
            .timeout_per_write(Some(silence)))
    }

    fn roots(&self) -> Result<RootCerts, ClientError> {
        let Some(path) = &self.authorities else {
            return Ok(RootCerts::PlatformVerifier);
        };
        let fail = |why: &dyn fmt::Display| ClientError::Authorities {
            path: path.clone(),
            why: why.to_string(),
        };
        let pem = fs::read(path).map_err(|error| fail(&error))?;
        let items: Result<Vec<_>, _> = parse_pem(&pem).collect();
        let mut certificates = Vec::new();
        for item in items.map_err(|error| fail(&error))? {
            if let PemItem::Certificate(certificate) = item {
                certificates.push(certificate);
            }
        }
        if certificates.is_empty() {
            return Err(fail(&"it holds no certificate in PEM form"));
        }
        Ok(RootCerts::Specific(Arc::new(certificates)))
    }

    fn proxy(&self, scheme: Scheme) -> Result<Option<ureq::Proxy>, ClientError> {
        let address = match scheme {
            Scheme::Http => &self.http_proxy,
            Scheme::Https => &self.https_proxy,
        };
        let Some(address) = address else { return Ok(None) };
        let fail = |error: ureq::Error| ClientError::Proxy {
            why: error.to_string(),
        };
        let parsed = ureq::Proxy::new(address).map_err(fail)?;
        if !matches!(parsed.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) {
            // ureq would panic: SOCKS is not built in.
            let why = "only `http:` and `https:` proxies are supported".to_owned();
            return Err(ClientError::Proxy { why });
        }
        let Some(exceptions) = &self.no_proxy else {
            return Ok(Some(parsed));
        };
        let mut builder = ureq::Proxy::builder(parsed.protocol())
            .host(parsed.host())
            .port(parsed.port());
        if let Some(username) = parsed.username() {
            builder = builder.username(username);
        }
        if let Some(password) = parsed.password() {
            builder = builder.password(password);
        }
        for exception in exceptions
            .split(',')
            .map(str::trim)
            .filter(|exception| !exception.is_empty())
        {
            builder = builder.no_proxy(exception);
        }
        builder.build().map(Some).map_err(fail)
    }
}

/// Looks at what is left of a connection when it is closed.
#[derive(Debug)]
struct Surplus(Arc<AtomicBool>);

impl<In: Transport> Connector<In> for Surplus {
    type Out = Watched<In>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let surplus = &self.0;
        Ok(chained.map(|inner| Watched {
            inner,
            surplus: Arc::clone(surplus),
        }))
    }
}

/// Passes everything on.
#[derive(Debug)]
struct Watched<T: Transport> {
    inner: T,
    surplus: Arc<AtomicBool>,
}

impl<T: Transport> Transport for Watched<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl<T: Transport> Drop for Watched<T> {
    fn drop(&mut self) {
        if !self.inner.buffers().input().is_empty() {
            self.surplus.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_and_no_panic() {
        for address in ["socks5://localhost:1", "http://", "a b"] {
            let network = Network {
                https_proxy: Some(address.to_owned()),
                ..Network::default()
            };
            let refused = network.agent(Scheme::Https);
            assert!(matches!(refused, Err(ClientError::Proxy { .. })), "{address}");
        }
    }
}
