//! What has to be there before a daemon goes on with its start. Contract: guest 1.4.

use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;

use crate::place::Place;

/// What the platform says of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Name of the management interface.
    pub management_interface: String,
    /// What the node is for, for example `controller,worker`.
    pub subfunction: String,
}

impl Platform {
    /// Reads `platform.conf`; none while a key is missing.
    pub fn read(place: &Place) -> Option<Self> {
        let text = std::fs::read_to_string(place.at("/etc/platform/platform.conf")).ok()?;
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
            let value = line.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        Some(Self {
            management_interface: value("management_interface")?,
            subfunction: value("subfunction")?,
        })
    }

    /// The address of the management interface: IPv4 before a global IPv6.
    pub fn management_address(&self) -> Option<IpAddr> {
        let addresses = getifaddrs().ok()?.filter(|found| found.interface_name == self.management_interface);
        let mut addresses: Vec<IpAddr> = addresses
            .filter_map(|found| {
                let address = found.address?;
                let v4 = address.as_sockaddr_in().map(|address| IpAddr::from(address.ip()));
                v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::from(address.ip())))
            })
            .filter(|address| match address {
                IpAddr::V4(_) => true,
                IpAddr::V6(address) => !address.is_unicast_link_local(),
            })
            .collect();
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses.first().copied()
    }
}

/// Whether a file that others lay down is there.
pub fn flag(place: &Place, path: &str) -> bool {
    place.at(path).exists()
}

/// Name of this host.
pub fn hostname() -> String {
    nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_is_read_when_both_keys_are_there() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::new("guestTest", Some(root.path()));
        assert_eq!(Platform::read(&place), None);
        let file = place.at("/etc/platform/platform.conf");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "nodetype=worker\nmanagement_interface=lo\n").unwrap();
        assert_eq!(Platform::read(&place), None);
        std::fs::write(&file, "nodetype=worker\nmanagement_interface=lo\nsubfunction=worker\n").unwrap();
        let platform = Platform::read(&place).unwrap();
        assert_eq!((platform.management_interface.as_str(), platform.subfunction.as_str()), ("lo", "worker"));
        assert!(platform.management_address().unwrap().is_loopback());
    }
}
