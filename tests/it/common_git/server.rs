//! A real smart-HTTP git server behind TLS: our few lines of HTTP before git's own `http-backend`.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::git_command;

/// What was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Whether it is the one that brings the pack.
    pub(crate) fn wants_pack(&self) -> bool {
        self.method == "POST"
    }
}

/// What to do with a request.
pub(crate) enum Answer {
    /// Let git answer.
    Git,
    /// Let git answer as if another path had been asked for.
    GitAt(String),
    /// Answer with this status, these headers and this body.
    Plain(u16, Vec<(&'static str, String)>, &'static str),
    /// Let git answer, and cut the connection after so many bytes.
    CutAfter(usize),
    /// Let git answer, and say nothing more after so many bytes.
    HangAfter(usize),
    /// Let git answer, and call this after so many bytes, once.
    PauseAfter(usize, Arc<dyn Fn() + Send + Sync>),
}

type Decide = dyn Fn(&Request) -> Answer + Send + Sync;

/// A running server; dropping it ends it and everything that hangs in it.
pub(crate) struct Server {
    pub(crate) port: u16,
    secure: bool,
    shared: Arc<Shared>,
}

struct Shared {
    root: PathBuf,
    tls: Option<Arc<ServerConfig>>,
    decide: Box<Decide>,
    log: Mutex<Vec<Request>>,
    ended: AtomicBool,
    end: (Mutex<()>, Condvar),
}

impl Server {
    /// Serves the repositories in `root`, over TLS if there is a certificate.
    pub(crate) fn start(
        root: &Path,
        tls: Option<Arc<ServerConfig>>,
        decide: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let secure = tls.is_some();
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            tls,
            decide: Box::new(decide),
            log: Mutex::default(),
            ended: AtomicBool::new(false),
            end: (Mutex::new(()), Condvar::new()),
        });
        let serving = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.ended.load(Ordering::SeqCst) {
                    return;
                }
                let serving = serving.clone();
                thread::spawn(move || serving.connection(stream));
            }
        });
        Self { port, secure, shared }
    }

    /// The address of a repository.
    pub(crate) fn address(&self, name: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}/{name}", self.port)
    }

    /// What was asked so far.
    pub(crate) fn log(&self) -> Vec<Request> {
        self.shared.log.lock().expect("a log").clone()
    }

    /// Method and path of what was asked so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.log()
            .iter()
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.shared.end.1.notify_all();
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    fn connection(&self, stream: TcpStream) {
        let _ = match &self.tls {
            None => self.serve(stream),
            Some(config) => {
                let connection = ServerConnection::new(config.clone()).expect("a connection");
                let mut stream = StreamOwned::new(connection, stream);
                let served = self.serve(&mut stream);
                if served.is_ok() {
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
                served
            }
        };
    }

    /// One request a connection. An error is a connection that is cut.
    fn serve(&self, stream: impl Read + Write) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        let request = read_request(&mut stream)?;
        self.log.lock().expect("a log").push(request.clone());
        let answer = (self.decide)(&request);
        let stream = stream.get_mut();
        match answer {
            Answer::Git => self.git(stream, &request, &mut |_| Ok(())),
            Answer::GitAt(path) => self.git(stream, &Request { path, ..request }, &mut |_| Ok(())),
            Answer::Plain(status, headers, body) => plain(stream, status, &headers, body),
            Answer::CutAfter(limit) => self.git(stream, &request, &mut |sent| match sent < limit {
                true => Ok(()),
                false => Err(io::ErrorKind::BrokenPipe.into()),
            }),
            Answer::HangAfter(limit) => self.git(stream, &request, &mut |sent| match sent < limit {
                true => Ok(()),
                false => self.hang(),
            }),
            Answer::PauseAfter(limit, wait) => {
                let mut waited = false;
                self.git(stream, &request, &mut |sent| {
                    if sent >= limit && !waited {
                        waited = true;
                        wait();
                    }
                    Ok(())
                })
            }
        }
    }

    /// Waits until the server ends.
    fn hang(&self) -> io::Result<()> {
        let (lock, end) = &self.end;
        let mut held = lock.lock().expect("a lock");
        while !self.ended.load(Ordering::SeqCst) {
            held = end
                .wait_timeout(held, Duration::from_millis(100))
                .expect("a lock")
                .0;
        }
        Err(io::ErrorKind::BrokenPipe.into())
    }

    /// Passes on what `git http-backend` says, in chunks; `sent` is told after each how many bytes went out.
    fn git(
        &self,
        stream: &mut (impl Read + Write),
        request: &Request,
        sent: &mut dyn FnMut(usize) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut child = git_command(&self.root)
            .arg("http-backend")
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", &request.method)
            .env("PATH_INFO", &request.path)
            .env("QUERY_STRING", &request.query)
            .env("CONTENT_TYPE", request.header("content-type").unwrap_or_default())
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("REMOTE_ADDR", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        child.stdin.take().expect("a pipe").write_all(&request.body)?;
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (status, headers) = read_headers(&mut output)?;
        write!(
            stream,
            "HTTP/1.1 {status}\r\n{headers}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        )?;
        let mut total = 0;
        let mut buffer = vec![0; 16 * 1024];
        let passed = loop {
            if let Err(cut) = sent(total) {
                break Err(cut);
            }
            let read = output.read(&mut buffer)?;
            write!(stream, "{read:x}\r\n")?;
            stream.write_all(&buffer[..read])?;
            stream.write_all(b"\r\n")?;
            stream.flush()?;
            if read == 0 {
                break Ok(());
            }
            total += read;
        };
        let _ = child.kill();
        let _ = child.wait();
        passed
    }
}

fn read_request(stream: &mut impl BufRead) -> io::Result<Request> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        ..Request::default()
    };
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        request
            .headers
            .insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = request
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    assert!(
        request.header("transfer-encoding").is_none(),
        "bodies come with a length"
    );
    request.body = vec![0; length];
    stream.read_exact(&mut request.body)?;
    Ok(request)
}

/// The status and the other headers of a CGI answer.
fn read_headers(output: &mut impl BufRead) -> io::Result<(String, String)> {
    let (mut status, mut headers) = ("200 OK".to_owned(), String::new());
    loop {
        let mut line = String::new();
        output.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some(("Status", value)) => value.clone_into(&mut status),
            Some((name, value)) => headers.push_str(&format!("{name}: {value}\r\n")),
            None => return Ok((status, headers)),
        }
    }
}

fn plain(
    stream: &mut impl Write,
    status: u16,
    headers: &[(&'static str, String)],
    body: &str,
) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    )?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n{body}")?;
    stream.flush()
}
