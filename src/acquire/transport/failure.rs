//! Why the other side could not be asked, or did not answer well.

use crate::acquire::http::ClientError;
use crate::error::{Diagnose, Fault};

/// Why a transfer failed. Addresses in it hold no login.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Nothing may be fetched.
    #[error("`{address}` is needed, and nothing may be fetched: reproof is offline")]
    Offline {
        /// The repository.
        address: String,
    },
    /// There is no connection.
    #[error("`{host}` cannot be reached: {why}")]
    Unreachable {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// The proxy does not let us through.
    #[error("the proxy on the way to `{host}` refuses: {why}")]
    Proxy {
        /// The host behind it.
        host: String,
        /// Why.
        why: String,
    },
    /// The host does not prove who it is.
    #[error("the certificate of `{host}` is not trusted: {problem}")]
    Certificate {
        /// The host.
        host: String,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The connection could not be encrypted.
    #[error("no TLS connection to `{host}`: {why}")]
    Tls {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// There is no such repository, says the host.
    #[error("there is no repository at `{address}`: {answer}")]
    Gone {
        /// The repository.
        address: String,
        /// What the host answered.
        answer: String,
    },
    /// The host wants to know who asks. Hosts answer so for repositories that are gone, too.
    #[error("`{address}` is gone, or needs a login: {answer}")]
    Authentication {
        /// The repository.
        address: String,
        /// What the host answered.
        answer: String,
    },
    /// The host is not well.
    #[error("`{address}` is not served now: {answer}")]
    Busy {
        /// The repository.
        address: String,
        /// What the host answered.
        answer: String,
    },
    /// The host leads elsewhere, and it is not followed there.
    #[error("the redirect from `{from}` to `{to}` is not followed: {why}")]
    Redirect {
        /// The repository.
        from: String,
        /// Where it leads.
        to: String,
        /// Why not.
        why: &'static str,
    },
    /// What answers does not speak git's protocol.
    #[error("`{address}` is not a git repository: {why}")]
    NotGit {
        /// The repository.
        address: String,
        /// What came instead.
        why: String,
    },
    /// Nothing came for too long.
    #[error("`{host}` went silent: nothing came for {seconds} s")]
    Silent {
        /// The host.
        host: String,
        /// How long it was waited.
        seconds: u64,
    },
    /// The connection broke in the middle.
    #[error("the connection to `{host}` broke: {why}")]
    Broken {
        /// The host.
        host: String,
        /// How.
        why: String,
    },
    /// The answer is larger than is accepted.
    #[error("`{address}` is larger than the limit of {limit}")]
    TooLarge {
        /// The repository.
        address: String,
        /// The limit.
        limit: bytesize::ByteSize,
    },
    /// ssh does not get through.
    #[error("ssh cannot reach `{host}`: {why}")]
    Ssh {
        /// The host.
        host: String,
        /// What ssh said.
        why: String,
    },
    /// There is no ssh.
    #[error("cannot start `{program}`")]
    NoSsh {
        /// The program.
        program: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// There is no client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The user asked to stop.
    #[error("stopped while `{address}` was fetched")]
    Cancelled {
        /// The repository.
        address: String,
    },
}

impl Diagnose for TransportError {
    fn fault(&self) -> Fault {
        match self {
            Self::Gone { .. } | Self::Authentication { .. } | Self::NotGit { .. } => Fault::Paper,
            Self::Offline { .. }
            | Self::Unreachable { .. }
            | Self::Proxy { .. }
            | Self::Certificate { .. }
            | Self::Tls { .. }
            | Self::Busy { .. }
            | Self::Redirect { .. }
            | Self::Silent { .. }
            | Self::Broken { .. }
            | Self::TooLarge { .. }
            | Self::Ssh { .. }
            | Self::NoSsh { .. }
            | Self::Client(_)
            | Self::Cancelled { .. } => Fault::Host,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Offline { .. } => "fetch once without `--offline`; what is in the cache is used after that",
            Self::Unreachable { .. } => {
                "try again; where the web is behind a proxy, `git config --global http.proxy ADDRESS` names it"
            }
            Self::Proxy { .. } => "check `http.proxy` in git's configuration and the variable `https_proxy`",
            Self::Certificate { remedy, .. } => remedy,
            Self::Gone { .. } => {
                "look for the repository under another owner, a fork, or in the archive at https://archive.softwareheritage.org"
            }
            Self::Authentication { .. } => {
                "if the repository is private, let git know a login (`git config --global credential.helper …`) or use an ssh address; if it was public once, look for a fork or in the archive at https://archive.softwareheritage.org"
            }
            Self::Busy { .. } | Self::Silent { .. } | Self::Broken { .. } => "try again later",
            Self::Redirect { .. } => "write the address that the repository has now into the manifest",
            Self::NotGit { .. } => "the manifest needs the address that `git clone` takes",
            Self::Ssh { .. } => {
                "connect once by hand: `ssh` must know the host's key and find a key of yours without asking"
            }
            Self::NoSsh { .. } => "install an ssh client, or use the https address of the repository",
            Self::Tls { .. } | Self::TooLarge { .. } | Self::Client(_) | Self::Cancelled { .. } => {
                return None;
            }
        };
        Some(hint.to_owned())
    }
}
