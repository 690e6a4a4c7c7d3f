//! A proxy that understands `CONNECT`, and leads everybody to one server.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A running proxy. It ends with the process.
pub(crate) struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Whatever host is asked for, the connection goes to `port` of this machine.
    pub(crate) fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = log.clone();
                thread::spawn(move || serve(&stream, port, &log));
            }
        });
        Self { port: own, asked }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was asked for, one line a connection.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("a list").clone()
    }
}

fn serve(client: &TcpStream, port: u16, log: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    log.lock().expect("a list").push(first.trim().to_owned());
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    let mut answer = client.try_clone().ok()?;
    if !first.starts_with("CONNECT ") {
        answer
            .write_all(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
            .ok()?;
        return None;
    }
    let server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    answer
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .ok()?;
    let mut upstream = server.try_clone().ok()?;
    let up = thread::spawn(move || {
        let _ = io::copy(&mut reader, &mut upstream);
        let _ = upstream.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut &server, &mut answer);
    let _ = answer.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
    up.join().ok()
}
