//! `https:` with authorities of our own making.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reproof::acquire::AcquireError;
use reproof::acquire::http::ClientError;
use reproof::error::{Diagnose as _, Fault};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::bench::{Bench, pinned};
use super::server::{Server, say, serve};

/// Signs certificates.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(super) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// The file that names it to clients.
    pub(super) fn file(&self, folder: &Path) -> PathBuf {
        let path = folder.join("authority.pem");
        fs::write(&path, &self.pem).expect("written");
        path
    }

    /// A server's side of TLS for `host`.
    pub(super) fn server(&self, host: &str) -> Arc<rustls::ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a configuration");
        Arc::new(config)
    }
}

fn secure(authority: &Authority, host: &str) -> (Server, String) {
    let server = Server::with(Some(authority.server(host)), |asked, stream| {
        serve(stream, asked, b"bytes");
    });
    let url = format!("https://localhost:{}/a", server.port());
    (server, url)
}

#[test]
fn a_known_authority_is_trusted() {
    let (authority, mut bench) = (Authority::new(), Bench::new());
    let (_server, url) = secure(&authority, "localhost");
    bench.context.network.authorities = Some(authority.file(&bench.folder()));
    assert_eq!(bench.obtain(&pinned(&url, b"bytes")).expect("fetched").bytes, 5);
}

#[test]
fn an_unknown_authority_is_named_as_the_cause_and_not_tried_again() {
    let (authority, mut bench) = (Authority::new(), Bench::new());
    let (server, url) = secure(&authority, "localhost");
    bench.context.network.authorities = Some(Authority::new().file(&bench.folder()));
    let error = bench.obtain(&pinned(&url, b"bytes")).expect_err("refused");
    assert!(matches!(error, AcquireError::Certificate { .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Host);
    assert!(error.hint().is_some_and(|hint| hint.contains("SSL_CERT_FILE")));
    assert!(bench.witness.notes().is_empty(), "{}", bench.witness.notes());
    assert!(server.asked().is_empty());
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let (authority, mut bench) = (Authority::new(), Bench::new());
    let (_server, url) = secure(&authority, "example.org");
    bench.context.network.authorities = Some(authority.file(&bench.folder()));
    let error = bench.obtain(&pinned(&url, b"bytes")).expect_err("refused");
    let AcquireError::Certificate { why, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(why.contains("not valid for name"), "{why}");
}

#[test]
fn https_is_never_left_for_http() {
    let (authority, mut bench) = (Authority::new(), Bench::new());
    let open = Server::new(|asked, stream| serve(stream, asked, b"bytes"));
    let to = open.url("/a?token=1");
    let server = Server::with(Some(authority.server("localhost")), move |_, stream| {
        say(
            stream,
            "302 Found",
            &[("Location", &to), ("Content-Length", "0")],
            b"",
        );
    });
    bench.context.network.authorities = Some(authority.file(&bench.folder()));
    let url = format!("https://localhost:{}/a", server.port());
    let error = bench.obtain(&pinned(&url, b"bytes")).expect_err("refused");
    let AcquireError::Redirect { why, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(why.contains("not protected") && !why.contains("token"), "{why}");
    assert!(open.asked().is_empty());
}

#[test]
fn http_may_be_left_for_https() {
    let (authority, mut bench) = (Authority::new(), Bench::new());
    let (_secure, to) = secure(&authority, "localhost");
    let server = Server::new(move |_, stream| {
        say(
            stream,
            "308 Moved",
            &[("Location", &to), ("Content-Length", "0")],
            b"",
        );
    });
    bench.context.network.authorities = Some(authority.file(&bench.folder()));
    assert_eq!(
        bench
            .obtain(&pinned(&server.url("/a"), b"bytes"))
            .expect("fetched")
            .bytes,
        5
    );
}

/// A proxy that connects whoever asks, and counts them.
fn proxy(count: &Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let count = Arc::clone(count);
    std::thread::spawn(move || {
        let Ok((client, _)) = listener.accept() else {
            return;
        };
        let mut lines = BufReader::new(client.try_clone().expect("a socket"))
            .lines()
            .map_while(Result::ok);
        let first = lines.next().expect("a request");
        let target = first
            .strip_prefix("CONNECT ")
            .and_then(|rest| rest.split(' ').next())
            .expect("a target");
        lines.find(String::is_empty);
        count.fetch_add(1, Ordering::SeqCst);
        let server = TcpStream::connect(target).expect("the server");
        (&client).write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("answered");
        let (mut from, mut to) = (
            client.try_clone().expect("a socket"),
            server.try_clone().expect("a socket"),
        );
        std::thread::spawn(move || io::copy(&mut from, &mut to));
        let _ = io::copy(&mut &server, &mut &client);
    });
    format!("http://{address}")
}

#[test]
fn a_proxy_is_used_where_there_is_one() {
    let (authority, mut bench, count) = (Authority::new(), Bench::new(), Arc::default());
    let (_server, url) = secure(&authority, "localhost");
    bench.context.network.authorities = Some(authority.file(&bench.folder()));
    bench.context.network.https_proxy = Some(proxy(&count));
    assert_eq!(bench.obtain(&pinned(&url, b"bytes")).expect("fetched").bytes, 5);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn authorities_that_are_none_are_the_machines_fault() {
    let mut bench = Bench::new();
    bench.context.network.authorities = Some(bench.beside("authority.pem", b"nothing"));
    let error = bench
        .obtain(&pinned("https://localhost:1/a", b"x"))
        .expect_err("refused");
    assert!(
        matches!(error, AcquireError::Client(ClientError::Authorities { .. })),
        "{error:?}"
    );
    assert_eq!(error.fault(), Fault::Host);
}
