//! One client of the proxy: its request, and the bytes that follow.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::Uri;

use super::policy::Target;
use super::upstream::ParentProxy;
use super::{Shared, Unreached};

/// The longest request head, in bytes.
const HEAD: usize = 32 * 1024;

/// How long a head may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long both sides may be silent.
const SILENCE: Duration = Duration::from_secs(300);

/// How often a silent connection looks whether it should end.
const LOOK: Duration = Duration::from_millis(200);

/// Serves `client` to its end.
pub(super) fn serve(mut client: UnixStream, shared: &Shared) {
    let answer = match request(&mut client, shared) {
        Ok((request, rest)) => match forward(&request, &rest, &client, shared) {
            Ok(()) => return,
            Err(unreached) => {
                shared.note_unreached(&request.target, &unreached);
                refusal(&unreached)
            }
        },
        Err(why) => respond("400 Bad Request", why),
    };
    let _ = client.write_all(answer.as_bytes());
}

fn refusal(unreached: &Unreached) -> String {
    match unreached {
        Unreached::Refused(why) => respond("403 Forbidden", why),
        Unreached::Failed(why) => respond("502 Bad Gateway", why),
    }
}

fn respond(status: &str, why: &str) -> String {
    let body = format!("reproof: {why}\n");
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    target: Target,
    /// For a plain request, the head to be sent on; a tunnel has none.
    head: Option<String>,
    /// The same head as the machine's own proxy wants it.
    proxied_head: Option<String>,
}

/// The request, and what the client has already sent behind it.
fn request(client: &mut UnixStream, shared: &Shared) -> Result<(Request, Vec<u8>), &'static str> {
    let (head, rest) = read_head(client, shared).ok_or("the request's head does not end")?;
    let text = String::from_utf8(head).map_err(|_| "the request's head is not text")?;
    let request = parse(&text).ok_or("the request is not understood")?;
    Ok((request, rest))
}

/// Everything up to the blank line, and what came behind it.
fn read_head(stream: &mut (impl Read + Timeout), shared: &Shared) -> Option<(Vec<u8>, Vec<u8>)> {
    stream.limit(LOOK).ok()?;
    let start = Instant::now();
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while bytes.len() <= HEAD && start.elapsed() < PATIENCE && !shared.stop.load(Ordering::Relaxed) {
        match stream.read(&mut buffer) {
            Ok(0) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error) if is_pause(&error) => continue,
            Err(_) => return None,
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Some((bytes, rest));
        }
    }
    None
}

/// Reads `CONNECT host:port` or a plain request for an `http:` address.
fn parse(head: &str) -> Option<Request> {
    let (first, headers) = head.split_once("\r\n")?;
    let mut words = first.split(' ');
    let (method, address, version) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || !version.starts_with("HTTP/1.") {
        return None;
    }
    if method == "CONNECT" {
        return Some(Request {
            target: Target::parse(address, None)?,
            head: None,
            proxied_head: None,
        });
    }
    plain(method, address, headers)
}

/// A request for an `http:` address. It is sent on as the last of its connection, so that no second
/// request for another host can follow on it.
fn plain(method: &str, address: &str, headers: &str) -> Option<Request> {
    let uri: Uri = address.parse().ok()?;
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http"))?;
    let target = Target::parse(authority.as_str(), Some(80))?;
    let kept: Vec<_> = headers
        .split("\r\n")
        .filter(|line| !line.is_empty() && !is_of_the_connection(line))
        .collect();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let head = |path: &str, more: &str| {
        let headers: String = kept.iter().map(|line| format!("{line}\r\n")).collect();
        format!("{method} {path} HTTP/1.1\r\nHost: {authority}\r\n{headers}{more}Connection: close\r\n\r\n")
    };
    Some(Request {
        head: Some(head(path, "")),
        proxied_head: Some(head(address, "")),
        target,
    })
}

/// Headers that are replaced: those between two neighbours, and the host, which is the checked one.
fn is_of_the_connection(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or(line).trim();
    [
        "connection",
        "proxy-connection",
        "keep-alive",
        "proxy-authorization",
        "host",
        "upgrade",
    ]
    .iter()
    .any(|hop| name.eq_ignore_ascii_case(hop))
}

/// Connects and passes bytes both ways until one side has ended.
fn forward(request: &Request, rest: &[u8], client: &UnixStream, shared: &Shared) -> Result<(), Unreached> {
    let fail = |error: io::Error| Unreached::Failed(error.to_string());
    let tunnel = request.head.is_none();
    let (mut server, parent) = shared.connect(&request.target, tunnel)?;
    let mut early = Vec::new();
    match (&request.head, parent) {
        (None, None) => {}
        (None, Some(parent)) => early = tunnel_through(&mut server, parent, &request.target, shared)?,
        (Some(head), None) => server.write_all(head.as_bytes()).map_err(fail)?,
        (Some(_), Some(parent)) => server
            .write_all(proxied(request, parent).as_bytes())
            .map_err(fail)?,
    }
    shared.note(&request.target, |contact| contact.connected += 1);
    server.write_all(rest).map_err(fail)?;
    let mut client = client.try_clone().map_err(fail)?;
    if tunnel {
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .map_err(fail)?;
    }
    client.write_all(&early).map_err(fail)?;
    let (sent, received) = both_ways(&client, &server, shared);
    shared.note(&request.target, |contact| {
        contact.sent += sent + rest.len() as u64;
        contact.received += received + early.len() as u64;
    });
    Ok(())
}

/// A plain request as the machine's own proxy wants it.
fn proxied(request: &Request, parent: &ParentProxy) -> String {
    let head = request.proxied_head.clone().unwrap_or_default();
    let Some(authorization) = &parent.authorization else {
        return head;
    };
    head.replacen(
        "\r\n",
        &format!("\r\nProxy-Authorization: {authorization}\r\n"),
        1,
    )
}

/// Asks the machine's own proxy for a tunnel; returns what came behind its answer.
fn tunnel_through(
    server: &mut TcpStream,
    parent: &ParentProxy,
    target: &Target,
    shared: &Shared,
) -> Result<Vec<u8>, Unreached> {
    let authorization = parent
        .authorization
        .as_ref()
        .map(|value| format!("Proxy-Authorization: {value}\r\n"));
    let asked = format!(
        "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{}\r\n",
        authorization.unwrap_or_default()
    );
    server
        .write_all(asked.as_bytes())
        .map_err(|error| Unreached::Failed(error.to_string()))?;
    let silent = || Unreached::Failed("the machine's own proxy does not answer".to_owned());
    let (head, rest) = read_head(server, shared).ok_or_else(silent)?;
    let head = String::from_utf8_lossy(&head).into_owned();
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        let line = head.lines().next().unwrap_or_default();
        return Err(Unreached::Failed(format!(
            "the machine's own proxy says `{}`",
            crate::environment::requirements::brief(line)
        )));
    }
    Ok(rest)
}

/// Copies until either side has ended or both are silent for long; returns bytes sent and received.
fn both_ways(client: &UnixStream, server: &TcpStream, shared: &Shared) -> (u64, u64) {
    let moved = AtomicU64::new(0);
    let up = || copy(client, server, shared, &moved).unwrap_or_default();
    thread::scope(|scope| {
        let up = scope.spawn(|| {
            let sent = up();
            let _ = server.shutdown(Shutdown::Write);
            sent
        });
        let received = copy(server, client, shared, &moved).unwrap_or_default();
        // Nothing more will come: whatever the client still says has no reader.
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
        (up.join().unwrap_or_default(), received)
    })
}

/// Copies one way. `moved` counts both ways: a download is silent in one of them.
fn copy<From, To>(mut from: &From, mut to: &To, shared: &Shared, moved: &AtomicU64) -> io::Result<u64>
where
    From: Timeout,
    To: Timeout,
    for<'a> &'a From: Read,
    for<'a> &'a To: Write,
{
    from.limit(LOOK)?;
    let mut buffer = vec![0; 64 * 1024];
    let (mut copied, mut seen, mut since) = (0, moved.load(Ordering::Relaxed), Instant::now());
    while !shared.stop.load(Ordering::Relaxed) {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                to.write_all(&buffer[..read])?;
                copied += read as u64;
                moved.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) if is_pause(&error) => {}
            Err(_) => break,
        }
        let now = moved.load(Ordering::Relaxed);
        if now != seen {
            (seen, since) = (now, Instant::now());
        } else if since.elapsed() > SILENCE {
            break;
        }
    }
    Ok(copied)
}

fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// A stream whose reads and writes can be limited in time.
trait Timeout {
    /// Reads end after `read`; writes end after a long silence.
    fn limit(&self, read: Duration) -> io::Result<()>;
}

impl Timeout for UnixStream {
    fn limit(&self, read: Duration) -> io::Result<()> {
        self.set_nonblocking(false)?;
        self.set_write_timeout(Some(SILENCE))?;
        self.set_read_timeout(Some(read))
    }
}

impl Timeout for TcpStream {
    fn limit(&self, read: Duration) -> io::Result<()> {
        self.set_write_timeout(Some(SILENCE))?;
        self.set_read_timeout(Some(read))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_request_is_sent_on_to_the_checked_host_and_closes_its_connection() {
        let request = parse("GET http://index.example:8080/simple/?a=b HTTP/1.1\r\nHost: other.example\r\nAccept: x\r\nConnection: keep-alive\r\nProxy-Authorization: y\r\n\r\n").expect("a request");
        assert_eq!(request.target.to_string(), "index.example:8080");
        assert_eq!(
            request.head.expect("a head"),
            "GET /simple/?a=b HTTP/1.1\r\nHost: index.example:8080\r\nAccept: x\r\nConnection: close\r\n\r\n"
        );
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for head in [
            "GET /simple HTTP/1.1\r\n\r\n",
            "GET https://index.example/ HTTP/1.1\r\n\r\n",
            "GET http://anna@index.example/ HTTP/1.1\r\n\r\n",
            "CONNECT index.example HTTP/1.1\r\n\r\n",
            "CONNECT index.example:443 HTTP/2\r\n\r\n",
            "CONNECT  index.example:443 HTTP/1.1\r\n\r\n",
            "\r\n\r\n",
        ] {
            assert_eq!(parse(head), None, "{head}");
        }
    }

    proptest! {
        #[test]
        fn no_head_panics(head in "(CONNECT|GET)? ?(http://)?[ -~]{0,30}( HTTP/1.1)?\r\n[ -~\r\n]{0,30}") {
            let _ = parse(&head);
        }
    }
}
