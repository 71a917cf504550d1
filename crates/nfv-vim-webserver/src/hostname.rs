//! The names under which the dashboard may be asked for.
//!
//! A page of another site can have its own name lead to this server ("DNS rebinding"): to the browser both are then
//! one site, and only the name in the request tells. An address cannot be taken over so.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Names that requests may carry in `Host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostNames {
    /// Any, as in the original.
    Any,
    /// These, in lower case, and beside them addresses and `localhost`.
    Only(Vec<String>),
}

impl HostNames {
    /// The names of a configuration; a `*` among them, or no name at all, lets every name in.
    ///
    /// # Errors
    /// The first that is no host name: with a port, a scheme, a path.
    pub fn of(names: &[&str]) -> Result<Self, String> {
        if names.is_empty() || names.contains(&"*") {
            return Ok(Self::Any);
        }
        let known = |name: &&str| {
            let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            match bare(name).bytes().all(letter) && !bare(name).is_empty() {
                true => Ok(bare(name).to_ascii_lowercase()),
                false => Err((*name).to_owned()),
            }
        };
        names.iter().map(known).collect::<Result<_, _>>().map(Self::Only)
    }

    /// A request for this host, with or without a port, may be answered.
    pub fn allow(&self, authority: &[u8]) -> bool {
        let Self::Only(names) = self else { return true };
        let Some(host) = std::str::from_utf8(authority).ok().and_then(host) else { return false };
        if let Some(inside) = host.strip_prefix('[') {
            return inside.strip_suffix(']').is_some_and(|inside| inside.parse::<Ipv6Addr>().is_ok());
        }
        let name = bare(host).to_ascii_lowercase();
        name.parse::<Ipv4Addr>().is_ok() || name == "localhost" || names.contains(&name)
    }
}

/// A name at its root may end with a dot.
fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// The host of `host`, `host:port` or `[address]:port`.
fn host(authority: &str) -> Option<&str> {
    let ends_at = match authority.rfind(']') {
        Some(bracket) => bracket + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(ends_at);
    let port = rest.strip_prefix(':').unwrap_or(rest);
    (port.bytes().all(|byte| byte.is_ascii_digit()) && (rest.is_empty() || rest.starts_with(':')))
        .then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_lets_every_name_in() {
        for names in [&[][..], &["*"], &["a.example", "*"]] {
            let names = HostNames::of(names).unwrap();
            assert_eq!(names, HostNames::Any);
            assert!(names.allow(b"evil.example:32323") && names.allow(b"\xff"));
        }
    }

    #[test]
    fn only_known_names_and_addresses_are_let_in() {
        let names = HostNames::of(&["Cloud1.Example.ORG.", "controller"]).unwrap();
        for good in [
            "cloud1.example.org",
            "CLOUD1.example.org:32323",
            "cloud1.example.org.:80",
            "controller:32323",
            "controller:",
            "localhost:1",
            "10.10.10.2:32323",
            "[fd01::2]:32323",
            "[::1]",
        ] {
            assert!(names.allow(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "cloud1.example.org.evil.example",
            "evil.cloud1.example.org",
            "10.10.10.2.evil.example:32323",
            "[evil.example]",
            "[::1].evil.example",
            "[::1]x:1",
            "controller:32323@evil.example",
            "evil.example:controller",
            "fd01::2",
            "localhost.evil.example",
        ] {
            assert!(!names.allow(bad.as_bytes()), "{bad}");
        }
        assert!(!names.allow(b"\xff"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for bad in ["a:32323", "http://a", "a/b", "", ".", "*.example.org"] {
            assert_eq!(HostNames::of(&["controller", bad]), Err(bad.to_owned()));
        }
    }
}
