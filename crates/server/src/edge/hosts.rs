//! By which names the server may be called: what stands between a page of another site and a server on this machine
//! (DNS rebinding).

use std::net::IpAddr;

/// Names that the server answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// Any: there is no ambient right to misuse.
    Any,
    /// These, with any port, and addresses: a page of another site can only come by a name. Commands on the same
    /// machine, probes of a cluster and whoever reads the metrics call the server by its address.
    Only(Vec<String>),
    /// Names of this machine, and these, with any port.
    Local(Vec<String>),
}

impl Hosts {
    /// Whether a request that calls the server `host` is answered.
    pub(crate) fn allows(&self, host: Option<&str>) -> bool {
        let listed = |names: &[String], host: &str| names.iter().any(|name| name.eq_ignore_ascii_case(host));
        match (self, host.map(without_port)) {
            (Self::Any, _) => true,
            (_, None) => false,
            (Self::Only(names), Some(host)) => listed(names, host) || is_address(host),
            (Self::Local(names), Some(host)) => is_local(host) || listed(names, host),
        }
    }
}

/// Whether `origin` (`http://host:port`) is the server that the request calls `host`.
pub(crate) fn is_origin_of(origin: &str, host: Option<&str>) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    match (authority, host) {
        (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

fn is_local(host: &str) -> bool {
    let name = host.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        let hosts = Hosts::Local(vec!["dash.test".to_owned()]);
        for host in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:8080",
            "[::1]:3",
            "a.localhost",
            "dash.test:1",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(hosts.allows(Some(host)), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "127.0.0.1.evil.example",
            "",
            "evil:127.0.0.1",
        ] {
            assert!(!hosts.allows(Some(host)), "{host}");
        }
        assert!(!hosts.allows(None));
    }

    #[test]
    fn chosen_names_and_addresses_are_answered() {
        let hosts = Hosts::Only(vec!["dash.test".to_owned()]);
        for host in
            ["DASH.test:443", "127.0.0.1:8080", "0.0.0.0:8080", "10.1.2.3:8080", "[::1]:8080", "[fd00::7]"]
        {
            assert!(hosts.allows(Some(host)), "{host}");
        }
        for host in ["localhost", "evil.example", "127.0.0.1.evil.example", "0x7f.1", ""] {
            assert!(!hosts.allows(Some(host)), "{host}");
        }
        assert!(!hosts.allows(None));
    }

    #[test]
    fn an_origin_is_compared_with_its_port() {
        assert!(is_origin_of("http://localhost:8080", Some("localhost:8080")));
        for origin in ["http://localhost:8081", "null", "http://evil.example", "localhost:8080", ""] {
            assert!(!is_origin_of(origin, Some("localhost:8080")), "{origin}");
        }
    }
}
