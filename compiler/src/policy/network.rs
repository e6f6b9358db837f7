//! Interfaces of the new network namespace, as meant.

use crate::source::Spanned;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An interface of the new network namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name inside: one that the kernel takes as it is.
    pub name: Spanned<String>,
    /// What it is.
    pub kind: InterfaceKind,
    /// Its addresses inside, none of them a network's own or its broadcast address.
    pub addresses: Vec<Spanned<Subnet>>,
    /// Where packets for other networks go; a gateway is of the family of its destination.
    pub routes: Vec<Spanned<Route>>,
    /// The size of the largest packet.
    pub mtu: Option<Spanned<u32>>,
    /// Its hardware address, that of one host.
    pub mac: Option<[u8; 6]>,
}

/// What an interface is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InterfaceKind {
    /// One end of a pair.
    Veth {
        /// The name of the end outside.
        peer: Spanned<String>,
        /// The addresses of the end outside.
        peer_addresses: Vec<Spanned<Subnet>>,
        /// The bridge outside that the end outside joins.
        bridge: Option<Spanned<String>>,
    },
    /// Another address on an interface of the host.
    Macvlan {
        /// That interface.
        link: Spanned<String>,
        /// Whom it can talk to.
        mode: MacvlanMode,
    },
    /// An interface of the host, which moves into the sandbox.
    Physical {
        /// Its name on the host.
        link: Spanned<String>,
    },
}

/// Whom a macvlan interface can talk to (`linux/if_link.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum MacvlanMode {
    /// Nobody on the same link.
    Private = 1,
    /// Whom the switch outside sends it back to.
    Vepa = 2,
    /// All on the same link.
    Bridge = 4,
    /// It has the link for itself.
    Passthru = 8,
}

/// An address and how many of its bits name the network: never more than it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    /// The address.
    pub address: IpAddr,
    /// The bits of the network.
    pub prefix: u8,
}

/// A route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Where it leads: no bit beyond the prefix is set.
    pub destination: Subnet,
    /// The next host on the way.
    pub gateway: IpAddr,
}

impl Subnet {
    /// The first address of the network: no bit of a host is set.
    pub fn network(self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => Ipv4Addr::from(address.to_bits() & !self.host_bits_of_ipv4()).into(),
            IpAddr::V6(address) => Ipv6Addr::from(address.to_bits() & !self.host_bits()).into(),
        }
    }

    /// The address of all hosts, where a network has one.
    pub fn broadcast(self) -> Option<IpAddr> {
        match self.address {
            IpAddr::V4(address) if self.prefix < 31 => {
                Some(Ipv4Addr::from(address.to_bits() | self.host_bits_of_ipv4()).into())
            }
            _ => None,
        }
    }

    /// Whether the address is in this network.
    pub fn holds(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && Self { address, ..self }.network() == self.network()
    }

    /// How many bits an address of its family has.
    pub fn bits(self) -> u8 {
        if self.address.is_ipv4() { 32 } else { 128 }
    }

    /// The bits that are not the network's.
    fn host_bits(self) -> u128 {
        u128::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0)
    }

    fn host_bits_of_ipv4(self) -> u32 {
        u32::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0)
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(address: &str, prefix: u8) -> Option<Subnet> {
        Some(Subnet { address: address.parse().ok()?, prefix })
    }

    #[test]
    fn networks_end_where_their_prefix_does() {
        let networks = [
            ("10.1.2.3", 0, "0.0.0.0", Some("255.255.255.255")),
            ("10.1.2.3", 9, "10.0.0.0", Some("10.127.255.255")),
            ("10.1.2.3", 24, "10.1.2.0", Some("10.1.2.255")),
            ("10.1.2.3", 31, "10.1.2.2", None),
            ("10.1.2.3", 32, "10.1.2.3", None),
            ("fd00:1:2:3::4", 0, "::", None),
            ("fd00:1:2:3::4", 48, "fd00:1:2::", None),
            ("fd00:1:2:3::4", 128, "fd00:1:2:3::4", None),
        ];
        for (address, prefix, network, broadcast) in networks {
            let subnet = subnet(address, prefix);
            assert_eq!(subnet.map(Subnet::network), network.parse().ok(), "{address}/{prefix}");
            let expected = broadcast.and_then(|text| text.parse().ok());
            assert_eq!(subnet.and_then(Subnet::broadcast), expected, "{address}/{prefix}");
        }
        assert!(subnet("10.1.2.3", 24).is_some_and(|subnet| {
            let holds = |text: &str| text.parse().is_ok_and(|address| subnet.holds(address));
            holds("10.1.2.255") && !holds("10.1.3.0") && !holds("::a01:203")
        }));
    }
}
