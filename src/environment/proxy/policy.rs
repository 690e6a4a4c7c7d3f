//! Which hosts the installer may reach, and at which addresses.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A host and a port, as a client asks for them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// A name in lower case, or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Target {
    /// This host and port; the host's case and a dot at its end do not matter.
    pub fn new(host: &str, port: u16) -> Self {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Self {
            host: host.trim_end_matches('.').to_ascii_lowercase(),
            port,
        }
    }

    /// Reads `host:port` or `[address]:port`; `default` is the port where none is given.
    pub fn parse(text: &str, default: Option<u16>) -> Option<Self> {
        let bracketed = text.starts_with('[');
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !bracketed || host.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (text, None),
        };
        let good = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_');
        let name = !bracketed && host.chars().all(good);
        let address = bracketed && host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok();
        let whole = !host.is_empty() && host.len() <= 253 && (name || address);
        whole.then_some(())?;
        Some(Self::new(host, port.or(default)?))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// At which addresses a host may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Only at addresses of the public internet.
    Public,
    /// Anywhere: the user's own configuration names the host.
    Anywhere,
}

/// Which hosts may be reached. Everything else is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    allowed: BTreeMap<Target, Reach>,
}

impl Policy {
    /// Allows `target`; of two reaches the wider holds.
    pub fn allow(&mut self, target: Target, reach: Reach) {
        let held = self.allowed.entry(target).or_insert(reach);
        *held = reach.max(*held);
    }

    /// At which addresses `target` may be reached; `None`: not at all.
    pub fn reach(&self, target: &Target) -> Option<Reach> {
        self.allowed.get(target).copied()
    }

    /// Every host that may be reached, for the record.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.allowed.keys()
    }
}

/// The first of `addresses` at which a host of this `reach` may be.
pub(super) fn permitted(reach: Reach, addresses: &[SocketAddr]) -> Option<SocketAddr> {
    let good = |address: &&SocketAddr| reach == Reach::Anywhere || is_public(address.ip());
    // One private address among public ones is enough to distrust the answer.
    let all = addresses.iter().all(|address| good(&address));
    addresses.iter().find(|_| all).copied()
}

/// Whether `address` is neither this machine nor its neighbourhood.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let this_network = a == 0;
    let carrier = a == 100 && (64..128).contains(&b); // RFC 6598
    let protocols = (a, b, c) == (192, 0, 0); // RFC 6890
    let benchmark = a == 198 && (18..20).contains(&b); // RFC 2544
    let reserved = a >= 240;
    !(this_network
        || carrier
        || protocols
        || benchmark
        || reserved
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    let local = first & 0xfe00 == 0xfc00; // RFC 4193
    let link = first & 0xffc0 == 0xfe80;
    let site = first & 0xffc0 == 0xfec0; // RFC 3879
    !(local || link || site || address.is_loopback() || address.is_unspecified() || address.is_multicast())
}

/// The IPv4 address inside an IPv6 one: mapped, compatible, NAT64 (RFC 6052) or 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let of = |high: u16, low: u16| {
        let ([w, x], [y, z]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(w, x, y, z)
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0) if high == 0 => None,
        (0, 0, 0, 0, 0, 0 | 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(of(high, low)),
        (0x2002, ..) => Some(of(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_its_neighbourhood_are_not_public() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
        ] {
            assert!(!is_public(text.parse().expect("an address")), "{text}");
        }
        for text in [
            "8.8.8.8",
            "203.0.113.80",
            "2606:4700::1",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(text.parse().expect("an address")), "{text}");
        }
    }

    #[test]
    fn one_private_address_spoils_the_answer() {
        let public: SocketAddr = "8.8.8.8:443".parse().expect("an address");
        let private: SocketAddr = "10.0.0.1:443".parse().expect("an address");
        assert_eq!(permitted(Reach::Public, &[public]), Some(public));
        assert_eq!(permitted(Reach::Public, &[public, private]), None);
        assert_eq!(permitted(Reach::Anywhere, &[private]), Some(private));
        assert_eq!(permitted(Reach::Anywhere, &[]), None);
    }

    #[track_caller]
    fn parsed(text: &str, expected: Option<(&str, u16)>) {
        let expected = expected.map(|(host, port)| Target {
            host: host.to_owned(),
            port,
        });
        assert_eq!(Target::parse(text, Some(443)), expected, "{text}");
    }

    #[test]
    fn targets_are_read_strictly() {
        parsed("Files.Example.:443", Some(("files.example", 443)));
        parsed("files.example", Some(("files.example", 443)));
        parsed("[::1]:80", Some(("::1", 80)));
        parsed("[::1]", Some(("::1", 443)));
        for text in [
            "",
            ":443",
            "a b:443",
            "files.example:99999",
            "user@files.example:443",
            "::1:80",
            "[zz]:1",
            "a/b:443",
        ] {
            parsed(text, None);
        }
        assert_eq!(Target::new("::1", 80).to_string(), "[::1]:80");
    }

    #[test]
    fn of_two_reaches_the_wider_holds() {
        let target = Target::new("index.example", 443);
        let mut policy = Policy::default();
        policy.allow(target.clone(), Reach::Anywhere);
        policy.allow(target.clone(), Reach::Public);
        assert_eq!(policy.reach(&target), Some(Reach::Anywhere));
        assert_eq!(policy.reach(&Target::new("index.example", 80)), None);
    }
}
