//! Which addresses may be reached. User-given addresses must not open the inner network: names are checked by what they
//! resolve to, at the moment of connecting, so that a name cannot change in between; literals are checked as parsed.

use hyper_util::client::legacy::connect::dns::Name;
use model::TaskError;
use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};
use url::{Host, Url};

/// Marks the resolver's refusal within a chain of errors.
pub(super) const PRIVATE: &str = "address within a private network";

/// How far a client reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses only: for addresses that users give.
    Public,
    /// Any address, loopback too: for addresses that an administrator has set.
    Any,
}

impl Reach {
    /// Refuses schemes other than HTTP(S), and literal addresses out of reach.
    pub(super) fn check(self, url: &Url) -> Result<(), TaskError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(TaskError::new("invalid_url", "only http and https addresses can be asked"));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(TaskError::new("invalid_url", "the address names no host")),
        };
        match literal {
            Some(address) if self == Self::Public && is_private(address) => {
                Err(private(&super::host_of(url)))
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn private(host: &str) -> TaskError {
    TaskError::new("private_address", format!("{host} lies within a private network and is not asked"))
        .with_help("let an administrator set this destination, if it is meant")
}

/// Whether an address is other than a public unicast one. Addresses that carry an IPv4 address are judged by that.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_private_v4(inner),
            None => is_private_v6(address),
        },
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    match a {
        // "This" network, private use, loopback, multicast, reserved, broadcast.
        0 | 10 | 127 | 224.. => true,
        100 => (64..128).contains(&b),
        169 => b == 254,
        172 => (16..32).contains(&b),
        // 192.0.0/24 and the documentation's 192.0.2/24; the old 6to4 relays; private use.
        192 => (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99) || b == 168,
        // Benchmarks; documentation.
        198 => b == 18 || b == 19 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        _ => false,
    }
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Public unicast is 2000::/3; of that, 2001:db8::/32 and 3fff::/20 are documentation and 2001::/23 protocols' own.
    first & 0xe000 != 0x2000
        || (first == 0x2001 && (second == 0x0db8 || second < 0x0200))
        || (first == 0x3fff && second < 0x1000)
}

/// The IPv4 address within a mapped (`::ffff:`), compatible, translated (`64:ff9b::`) or 6to4 (`2002::`) one.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(of(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

/// Looks names up, and drops answers out of reach.
#[derive(Clone)]
pub(super) struct Resolver {
    reach: Reach,
}

impl Resolver {
    pub(super) fn new(reach: Reach) -> Self {
        Self { reach }
    }
}

impl tower::Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.reach;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let any = !found.is_empty();
            let allowed: Vec<SocketAddr> = match reach {
                Reach::Any => found,
                Reach::Public => found.into_iter().filter(|address| !is_private(address.ip())).collect(),
            };
            if any && allowed.is_empty() {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, PRIVATE));
            }
            Ok(allowed.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Reach, is_private};
    use url::Url;

    #[test]
    fn inner_addresses_are_private_in_any_dress() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::127.0.0.1",
            "2001:db8::1",
            "198.18.0.1",
            "192.0.2.1",
            "::ffff:0:127.0.0.1",
            "fec0::1",
        ] {
            assert!(is_private(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "172.32.0.1",
            "192.169.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "11.0.0.1",
        ] {
            assert!(!is_private(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn odd_literals_are_seen_through() {
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "https://127.1/",
            "http://①②⑦.0.0.1/",
            "ftp://example.com/",
            "file:///etc/passwd",
        ] {
            let error = Reach::Public.check(&Url::parse(text).unwrap()).expect_err(text);
            assert!(error.code == "private_address" || error.code == "invalid_url", "{text}: {error:?}");
        }
        assert!(Reach::Public.check(&Url::parse("https://example.com/").unwrap()).is_ok());
        assert!(Reach::Any.check(&Url::parse("http://127.0.0.1/").unwrap()).is_ok());
    }
}
