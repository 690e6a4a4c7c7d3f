use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

/// A server on loopback that answers every connection with what it was sent, in brackets.
fn echo() -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).expect("bytes");
        stream.write_all(b"[").expect("sent");
        stream.write_all(&buffer[..read]).expect("sent");
        stream.write_all(b"]").expect("sent");
    });
    (port, thread)
}

fn start(allowed: &[(&str, u16, Reach)], network: &Network) -> (Proxy, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut policy = Policy::default();
    for (host, port, reach) in allowed {
        policy.allow(Target::new(host, *port), *reach);
    }
    (
        Proxy::start(policy, network, folder.path()).expect("a proxy"),
        folder,
    )
}

/// Sends `bytes` and returns all that comes back.
fn ask(proxy: &Proxy, head: &str, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(proxy.socket()).expect("connected");
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    if !bytes.is_empty() {
        let mut buffer = [0; 39];
        stream.read_exact(&mut buffer).expect("an answer");
        answer.extend_from_slice(&buffer);
        stream.write_all(bytes).expect("sent");
    }
    stream.read_to_end(&mut answer).expect("an end");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The proxy counts a tunnel's bytes when its thread ends, which the client does not wait for.
fn contact(proxy: &Proxy, target: &Target, done: impl Fn(&Contact) -> bool) -> Contact {
    for _ in 0..2000 {
        if let Some(contact) = proxy.contacts().get(target).filter(|contact| done(contact)) {
            return contact.clone();
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("{:?}", proxy.contacts());
}

#[test]
fn a_tunnel_to_an_allowed_host_carries_bytes_both_ways_and_is_counted() {
    let (port, server) = echo();
    let (proxy, _folder) = start(&[("localhost", port, Reach::Anywhere)], &Network::default());
    let answer = ask(
        &proxy,
        &format!("CONNECT localhost:{port} HTTP/1.1\r\n\r\n"),
        b"hello",
    );
    server.join().expect("ended");
    assert_eq!(answer, "HTTP/1.1 200 Connection established\r\n\r\n[hello]");
    let contact = contact(&proxy, &Target::new("localhost", port), |contact| {
        contact.received == 7
    });
    assert_eq!((contact.connected, contact.sent, contact.refused), (1, 5, 0));
}

#[test]
fn a_host_that_is_not_listed_is_refused_and_remembered() {
    let (port, _server) = echo();
    let (proxy, _folder) = start(&[("localhost", port, Reach::Anywhere)], &Network::default());
    for target in [
        format!("127.0.0.1:{port}"),
        "localhost:1".to_owned(),
        "evil.example:443".to_owned(),
    ] {
        let answer = ask(&proxy, &format!("CONNECT {target} HTTP/1.1\r\n\r\n"), b"");
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    }
    let refused: Vec<_> = proxy
        .contacts()
        .into_iter()
        .filter(|(_, contact)| contact.refused == 1)
        .collect();
    assert_eq!(refused.len(), 3);
}

#[test]
fn a_listed_name_at_a_private_address_is_refused() {
    let (port, _server) = echo();
    let (proxy, _folder) = start(&[("localhost", port, Reach::Public)], &Network::default());
    let answer = ask(&proxy, &format!("CONNECT localhost:{port} HTTP/1.1\r\n\r\n"), b"");
    assert!(
        answer.starts_with("HTTP/1.1 403 ") && answer.contains("neighbourhood"),
        "{answer}"
    );
}

#[test]
fn a_plain_request_is_passed_on() {
    let (port, server) = echo();
    let (proxy, _folder) = start(&[("127.0.0.1", port, Reach::Anywhere)], &Network::default());
    let answer = ask(
        &proxy,
        &format!("GET http://127.0.0.1:{port}/simple/ HTTP/1.1\r\nHost: x\r\n\r\n"),
        b"",
    );
    server.join().expect("ended");
    assert_eq!(
        answer,
        format!("[GET /simple/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n]")
    );
}

#[test]
fn nonsense_gets_an_answer_and_a_closed_port_another() {
    let (proxy, _folder) = start(&[("127.0.0.1", 1, Reach::Anywhere)], &Network::default());
    assert!(ask(&proxy, "nonsense\r\n\r\n", b"").starts_with("HTTP/1.1 400 "));
    assert!(ask(&proxy, "CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", b"").starts_with("HTTP/1.1 502 "));
}

#[test]
fn the_machines_own_proxy_is_asked_where_there_is_one() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let parent = listener.local_addr().expect("an address");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).expect("a head");
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nearly").expect("sent");
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    });
    let network = Network {
        https_proxy: Some(format!("http://anna:secret@{parent}")),
        ..Network::default()
    };
    let (proxy, _folder) = start(&[("index.example", 443, Reach::Public)], &network);
    let answer = ask(&proxy, "CONNECT index.example:443 HTTP/1.1\r\n\r\n", b"");
    let asked = server.join().expect("ended");
    assert!(
        asked.starts_with("CONNECT index.example:443 HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(
        asked.contains("Proxy-Authorization: Basic YW5uYTpzZWNyZXQ="),
        "{asked}"
    );
    assert!(answer.ends_with("\r\n\r\nearly"), "{answer}");
}

#[test]
fn a_long_path_does_not_keep_the_proxy_from_listening() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("d".repeat(120));
    std::fs::create_dir(&deep).expect("made");
    let proxy = Proxy::start(Policy::default(), &Network::default(), &deep).expect("a proxy");
    assert!(proxy.socket().exists());
}
