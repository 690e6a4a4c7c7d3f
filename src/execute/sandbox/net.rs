//! The job's own loopback, what listens on it, and what it hears.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

use super::super::relay;
use super::super::wire::{Net, Spec};
use super::supervise::Attempts;
use super::{Built, Doing as _, Link};

/// The port inside at which the proxy is found.
pub(crate) const PROXY_PORT: u16 = 3128;

/// What listens inside; opened while that is still allowed, served once nothing else is.
#[derive(Debug)]
pub(super) struct Doors {
    names: Option<UdpSocket>,
    proxy: Option<(TcpListener, PathBuf)>,
}

/// Brings the loopback of a fresh network namespace up and opens what listens on it.
pub(super) fn open(spec: &Spec) -> Built<Doors> {
    if spec.net == Net::Host {
        return Ok(Doors {
            names: None,
            proxy: None,
        });
    }
    loopback_up().doing("bring the loopback up")?;
    let names = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).doing("listen for names")?;
    let proxy = match &spec.net {
        Net::Proxy(_) => {
            let listener =
                TcpListener::bind((Ipv4Addr::LOCALHOST, PROXY_PORT)).doing("listen for the proxy")?;
            Some((listener, PathBuf::from("/run/proxy.sock")))
        }
        Net::None | Net::Host | Net::Port(_) => None,
    };
    Ok(Doors {
        names: Some(names),
        proxy,
    })
}

impl Doors {
    /// Serves what listens, on threads that end with the process.
    pub(super) fn watch(self, link: &Link) -> io::Result<()> {
        if let Some(socket) = self.names {
            let link = link.clone();
            std::thread::Builder::new().spawn(move || refuse_names(&socket, &link))?;
        }
        if let Some((listener, socket)) = self.proxy {
            std::thread::Builder::new()
                .spawn(move || relay::serve(&listener, &socket, &AtomicBool::new(false)))?;
        }
        Ok(())
    }
}

/// Sets the flag "up" of interface 1, which is the loopback of every network namespace, by one netlink message.
fn loopback_up() -> io::Result<()> {
    const RTM_NEWLINK: u16 = 16;
    const NLM_F_REQUEST_ACK: u16 = 0x1 | 0x4;
    // Protocol 0 of netlink is the one about interfaces.
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None,
    )?;
    let up = libc::IFF_UP.unsigned_abs();
    let mut message = Vec::with_capacity(32);
    message.extend(32_u32.to_ne_bytes());
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend(NLM_F_REQUEST_ACK.to_ne_bytes());
    message.extend([0; 8]); // sequence, port
    message.extend([0; 4]); // family, padding, type
    message.extend(1_i32.to_ne_bytes());
    message.extend(up.to_ne_bytes());
    message.extend(up.to_ne_bytes());
    send(&socket, &message, SendFlags::empty())?;
    let mut answer = [0; 64];
    let (_, length) = recv(&socket, &mut answer, RecvFlags::empty())?;
    // An error message: a header of 16 bytes, then the negated error number.
    let code = answer
        .get(16..20)
        .filter(|_| length >= 20)
        .and_then(|code| code.try_into().ok());
    match code.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(-code)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Answers every question for a name with "no such name", and tells who was looked for.
fn refuse_names(socket: &UdpSocket, link: &Link) {
    let mut attempts = Attempts {
        link,
        seen: BTreeSet::new(),
    };
    let mut packet = [0; 1500];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut packet) else {
            continue;
        };
        let Some((name, end)) = question(&packet[..length]) else {
            continue;
        };
        attempts.tell(true, name);
        let mut answer = packet[..end].to_vec();
        answer[2] = 0x81 | (answer[2] & 0x79); // an answer; recursion was asked for
        answer[3] = 0x83; // no such name
        answer[6..12].fill(0);
        drop(socket.send_to(&answer, from));
    }
}

/// The name in a question of the domain name system (RFC 1035, section 4.1), and where the question ends.
fn question(packet: &[u8]) -> Option<(String, usize)> {
    if packet.len() <= 12 || packet[2] & 0x80 != 0 || packet[4..6] != [0, 1] {
        return None;
    }
    let mut at = 12;
    let mut name = String::new();
    loop {
        let length = usize::from(*packet.get(at)?);
        let label = packet.get(at + 1..at + 1 + length).filter(|_| length < 64)?;
        at += 1 + length;
        if length == 0 {
            return (packet.len() >= at + 4).then_some((name, at + 4));
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.extend(label.iter().map(|&byte| {
            if byte.is_ascii_graphic() {
                char::from(byte)
            } else {
                '?'
            }
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(name: &[u8]) -> Vec<u8> {
        [&[7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], name, &[0, 1, 0, 1]].concat()
    }

    #[test]
    fn the_name_of_a_question_is_read() {
        let packet = packet(b"\x03www\x07example\x03org\x00");
        assert_eq!(
            question(&packet),
            Some(("www.example.org".to_owned(), packet.len()))
        );
    }

    #[test]
    fn what_is_no_question_is_not_one() {
        let good = packet(b"\x03www\x00");
        for length in 0..good.len() {
            assert_eq!(question(&good[..length]), None, "cut at {length}");
        }
        assert_eq!(question(&packet(b"\xc0\x0c\x00")), None); // a pointer to itself
        let mut answer = good;
        answer[2] |= 0x80;
        assert_eq!(question(&answer), None);
    }

    #[test]
    fn bytes_that_do_not_print_do_not_reach_a_terminal() {
        assert_eq!(
            question(&packet(b"\x03\x1b[m\x00"))
                .map(|(name, _)| name)
                .as_deref(),
            Some("?[m")
        );
    }
}
