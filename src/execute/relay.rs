//! Bytes between a port of the loopback and a Unix socket, both ways.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Builder;
use std::time::Duration;

/// Connections at once; a package client opens some tens.
const MOST: usize = 200;

/// Takes connections from `listener` and joins each with one to `socket`, until a connection comes after `stop`.
pub(super) fn serve(listener: &TcpListener, socket: &Path, stop: &AtomicBool) {
    let open = Arc::new(AtomicUsize::new(0));
    while !stop.load(Ordering::Relaxed) {
        let Ok((inner, _)) = listener.accept() else {
            // Out of descriptors: not to be asked again at once.
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        if open.load(Ordering::Relaxed) >= MOST || stop.load(Ordering::Relaxed) {
            continue;
        }
        let (count, socket) = (Counted::new(&open), socket.to_owned());
        drop(Builder::new().spawn(move || {
            drop(join(&inner, &socket));
            drop(count);
        }));
    }
}

/// One of the connections, counted while it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A relay on the machine's own loopback, for jobs that have none of their own; ends when dropped.
#[derive(Debug)]
pub(super) struct Relay {
    port: u16,
    stop: Arc<AtomicBool>,
}

impl Relay {
    /// Joins a free port with `socket`.
    pub(super) fn start(socket: &Path) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (port, stop) = (listener.local_addr()?.port(), Arc::new(AtomicBool::new(false)));
        let (socket, stopped): (PathBuf, _) = (socket.to_owned(), Arc::clone(&stop));
        Builder::new().spawn(move || serve(&listener, &socket, &stopped))?;
        Ok(Self { port, stop })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

fn join(inner: &TcpStream, socket: &Path) -> io::Result<()> {
    let outer = UnixStream::connect(socket)?;
    let (inner_too, outer_too) = (inner.try_clone()?, outer.try_clone()?);
    let back = Builder::new().spawn(move || {
        drop(pump(&outer_too, &inner_too));
        drop(inner_too.shutdown(Shutdown::Write));
    })?;
    drop(pump(inner, &outer));
    drop(outer.shutdown(Shutdown::Write));
    drop(back.join());
    Ok(())
}

fn pump(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    io::copy(&mut from, &mut to).map(drop)
}
