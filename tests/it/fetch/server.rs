//! A web server that does what a test tells it to, well or badly.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// How many came before it.
    pub(crate) number: usize,
    /// Path and query.
    pub(crate) path: String,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Asked {
    /// Where the wanted range begins.
    pub(crate) fn start(&self) -> Option<usize> {
        self.headers
            .get("range")?
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    }
}

/// What a connection is, with or without TLS.
pub(crate) trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

type Handler = dyn Fn(&Asked, &mut dyn Stream) + Send + Sync;

/// Listens until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    ended: Arc<AtomicBool>,
}

impl Server {
    /// Answers each request by `handler`, then closes the connection.
    pub(crate) fn new(handler: impl Fn(&Asked, &mut dyn Stream) + Send + Sync + 'static) -> Self {
        Self::with(None, handler)
    }

    pub(crate) fn with(
        tls: Option<Arc<rustls::ServerConfig>>,
        handler: impl Fn(&Asked, &mut dyn Stream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (asked, ended) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let server = Self {
            address,
            asked: Arc::clone(&asked),
            ended: Arc::clone(&ended),
        };
        let handler: Arc<Handler> = Arc::new(handler);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                let (asked, handler, tls) = (Arc::clone(&asked), Arc::clone(&handler), tls.clone());
                std::thread::spawn(move || attend(connection, tls, &asked, &*handler));
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address); // wakes the listener
    }
}

fn attend(
    connection: TcpStream,
    tls: Option<Arc<rustls::ServerConfig>>,
    asked: &Mutex<Vec<Asked>>,
    handler: &Handler,
) {
    let mut stream: Box<dyn Stream> = match tls {
        None => Box::new(connection),
        Some(config) => {
            let session = rustls::ServerConnection::new(config).expect("a session");
            Box::new(rustls::StreamOwned::new(session, connection))
        }
    };
    let Some(mut request) = read(&mut stream) else {
        return;
    };
    {
        let mut asked = asked.lock().expect("no panic");
        request.number = asked.len();
        asked.push(request.clone());
    }
    handler(&request, &mut *stream);
    let _ = stream.flush();
}

fn read(stream: &mut dyn Stream) -> Option<Asked> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    Some(Asked {
        number: 0,
        path,
        headers,
    })
}

/// Writes an answer; a client that has gone does not matter.
pub(crate) fn say(stream: &mut dyn Stream, status: &str, headers: &[(&str, &str)], body: &[u8]) {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
    let _ = stream.flush();
}

/// Answers 200 with the whole length, and `sent` of `body`.
pub(crate) fn say_part(stream: &mut dyn Stream, tag: &str, body: &[u8], sent: usize) {
    let length = body.len().to_string();
    say(
        stream,
        "200 OK",
        &[("Content-Length", &length), ("ETag", tag)],
        &body[..sent],
    );
}

/// Answers 206 from `start` on, sending up to `sent` bytes.
pub(crate) fn say_range(stream: &mut dyn Stream, tag: &str, body: &[u8], start: usize, sent: usize) {
    let rest = &body[start..];
    let range = format!("bytes {start}-{}/{}", body.len() - 1, body.len());
    let length = rest.len().to_string();
    let headers = [
        ("Content-Length", length.as_str()),
        ("Content-Range", &range),
        ("ETag", tag),
    ];
    say(
        stream,
        "206 Partial Content",
        &headers,
        &rest[..sent.min(rest.len())],
    );
}

/// A server as it should be.
pub(crate) fn serve(stream: &mut dyn Stream, asked: &Asked, body: &[u8]) {
    match asked.start() {
        Some(start) if asked.headers.get("if-range").is_none_or(|tag| tag == "\"v1\"") => {
            say_range(stream, "\"v1\"", body, start, usize::MAX);
        }
        _ => say_part(stream, "\"v1\"", body, body.len()),
    }
}
