//! Messages of rtnetlink(7) as the kernel reads them, but for the words that only the launch knows.

use super::linux::{EAGAIN, EEXIST, words};
use super::step::{Act, Call, Slot, Value};
use crate::policy::{Interface, MacvlanMode, Route, Subnet};
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Then;
use std::net::IpAddr;

/// `linux/netlink.h`: a request that is answered with an errno.
const REQUEST: u16 = 1 | 4;
/// It makes something that must not be there yet.
const MAKE: u16 = REQUEST | 0x200 | 0x400;
/// A question, which is answered with what it asks for.
const QUESTION: u16 = 1;

/// `linux/rtnetlink.h`: what messages are about.
const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_SETLINK: u16 = 19;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const RTM_NEWNSID: u16 = 88;

/// `linux/if_link.h`: attributes of interfaces.
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_NEW_IFINDEX: u16 = 49;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_MACVLAN_MODE: u16 = 1;
/// `linux/veth.h`.
const VETH_INFO_PEER: u16 = 1;
/// `linux/net_namespace.h`.
const NETNSA_NSID: u16 = 1;
const NETNSA_FD: u16 = 3;
/// `linux/if_addr.h`.
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_BROADCAST: u16 = 4;
const IFA_FLAGS: u16 = 8;
/// The address can be used at once: nobody is asked whether he has it.
const IFA_F_NODAD: u32 = 2;
/// `linux/rtnetlink.h`: attributes and words of routes.
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RT_TABLE_MAIN: u8 = 254;
const RTPROT_STATIC: u8 = 4;
const RTN_UNICAST: u8 = 1;
/// `linux/if.h`.
const IFF_UP: u32 = 1;
/// `linux/socket.h`.
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Where `struct ifinfomsg` and `struct ifaddrmsg` have the interface's index in a message.
const INDEX_AT: u16 = 20;

/// The number by which the sandbox's network namespace knows the host's.
const HOST_NAMESPACE: u32 = 0;

/// A message that is being written.
pub(super) struct Message {
    bytes: Vec<u8>,
    patches: Vec<(u16, Slot)>,
}

/// An interface in a message: one whose index is known, or that an earlier answer told.
#[derive(Clone, Copy)]
pub(super) enum Index {
    /// The index itself.
    Is(u32),
    /// The slot with it.
    In(Slot),
}

impl Message {
    fn new(kind: u16, flags: u16, header: &[u8]) -> Self {
        // The length comes last; sequence number and sender are nobody's business.
        let mut bytes = vec![0; 16];
        bytes[4..6].copy_from_slice(&kind.to_le_bytes());
        bytes[6..8].copy_from_slice(&flags.to_le_bytes());
        bytes.extend_from_slice(header);
        Self { bytes, patches: Vec::new() }
    }

    /// About an interface; flags that are set are all that changes of them.
    fn link(kind: u16, flags: u16, index: Index, set: u32) -> Self {
        Self::new(kind, flags, &link_header(set)).about(index)
    }

    /// The interface of its header.
    fn about(mut self, index: Index) -> Self {
        let at = usize::from(INDEX_AT);
        match index {
            Index::Is(index) => self.bytes[at..at + 4].copy_from_slice(&index.to_le_bytes()),
            Index::In(slot) => self.patches.push((INDEX_AT, slot)),
        }
        self
    }

    fn bytes(mut self, kind: u16, payload: &[u8]) -> Self {
        self.bytes.extend_from_slice(&length(4 + payload.len()).to_le_bytes());
        self.bytes.extend_from_slice(&kind.to_le_bytes());
        self.bytes.extend_from_slice(payload);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    fn word(self, kind: u16, word: u32) -> Self {
        self.bytes(kind, &word.to_le_bytes())
    }

    fn slot(mut self, kind: u16, slot: Slot) -> Self {
        self.patches.push((length(self.bytes.len() + 4), slot));
        self.word(kind, 0)
    }

    fn name(self, name: &str) -> Self {
        self.bytes(IFLA_IFNAME, &[name.as_bytes(), &[0]].concat())
    }

    fn address(self, kind: u16, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => self.bytes(kind, &address.octets()),
            IpAddr::V6(address) => self.bytes(kind, &address.octets()),
        }
    }

    fn maybe(self, kind: u16, word: Option<u32>) -> Self {
        match word {
            Some(word) => self.word(kind, word),
            None => self,
        }
    }

    /// An attribute made of a header and of other attributes.
    fn nest(mut self, kind: u16, header: &[u8], inner: impl FnOnce(Self) -> Self) -> Self {
        let start = self.bytes.len();
        self = inner(self.bytes(kind, header));
        let bytes = length(self.bytes.len() - start);
        self.bytes[start..start + 2].copy_from_slice(&bytes.to_le_bytes());
        self
    }

    /// Sends it, and again after a while as long as the kernel says that what it makes is there already: it removes the
    /// interfaces of an earlier launch a moment after its end. The last time that is a failure.
    pub(super) fn send_patiently(self, socket: Slot) -> Vec<Act> {
        let last = self.send(socket, None);
        let mut acts = vec![last.clone()];
        for milliseconds in [640_u64, 160, 40, 10] {
            let length = [0, milliseconds * 1_000_000];
            let wait = [words(&[0]).into(), Value::Zero, words(&length).into(), 8.into()];
            let wait = Call::new(number::rt_sigtimedwait, wait).any().on(EAGAIN, Then::Continue);
            let mut first = last.clone();
            if let Act::Netlink { otherwise, .. } = &mut first {
                *otherwise = Some((EEXIST, u8::try_from(acts.len() + 1).unwrap_or(u8::MAX)));
            }
            acts.splice(..0, [first, wait.into()]);
        }
        acts
    }

    /// Sends it, and takes the index of the interface that the answer describes.
    pub(super) fn send(mut self, socket: Slot, keep: Option<Slot>) -> Act {
        let bytes = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes[..4].copy_from_slice(&bytes.to_le_bytes());
        Act::Netlink { socket, message: self.bytes, patches: self.patches, keep, otherwise: None }
    }
}

/// Asks for the index of the interface with this name.
pub(super) fn find(name: &str) -> Message {
    Message::link(RTM_GETLINK, QUESTION, Index::Is(0), 0).name(name)
}

/// Makes one end of a pair, down, and the other in the namespace of this descriptor.
pub(super) fn make_pair(interface: &Interface, index: Index, peer: &str, outside: Slot) -> Message {
    let mtu = interface.mtu.as_ref().map(|mtu| mtu.value);
    made(interface, index, "veth", |data| {
        data.nest(VETH_INFO_PEER, &link_header(0), |end| {
            end.name(peer).maybe(IFLA_MTU, mtu).slot(IFLA_NET_NS_FD, outside)
        })
    })
}

/// Gives the namespace of this descriptor the number by which [`make_macvlan`] calls it.
pub(super) fn number_host(outside: Slot) -> Message {
    Message::new(RTM_NEWNSID, REQUEST, &[0; 4]).slot(NETNSA_FD, outside).word(NETNSA_NSID, HOST_NAMESPACE)
}

/// Makes an interface, down, on top of one of the host.
pub(super) fn make_macvlan(interface: &Interface, index: Index, link: Slot, mode: MacvlanMode) -> Message {
    made(interface, index, "macvlan", |data| data.word(IFLA_MACVLAN_MODE, mode as u32))
        .slot(IFLA_LINK, link)
        .word(IFLA_LINK_NETNSID, HOST_NAMESPACE)
}

fn made(interface: &Interface, index: Index, kind: &str, data: impl FnOnce(Message) -> Message) -> Message {
    let message = Message::link(RTM_NEWLINK, MAKE, index, 0)
        .name(&interface.name.value)
        .maybe(IFLA_MTU, interface.mtu.as_ref().map(|mtu| mtu.value));
    let message = match interface.mac {
        Some(mac) => message.bytes(IFLA_ADDRESS, &mac),
        None => message,
    };
    message.nest(IFLA_LINKINFO, &[], |information| {
        information.bytes(IFLA_INFO_KIND, kind.as_bytes()).nest(IFLA_INFO_DATA, &[], data)
    })
}

/// Moves an interface to the namespace of this descriptor, under another name and index.
pub(super) fn take(link: Slot, name: &str, index: u32, inside: Slot) -> Message {
    let message = Message::link(RTM_SETLINK, REQUEST, Index::In(link), 0).name(name);
    message.slot(IFLA_NET_NS_FD, inside).word(IFLA_NEW_IFINDEX, index)
}

/// Brings an interface up, and makes it a port of a bridge.
pub(super) fn bring_up(index: Index, bridge: Option<Slot>) -> Message {
    let message = Message::link(RTM_SETLINK, REQUEST, index, IFF_UP);
    match bridge {
        Some(bridge) => message.slot(IFLA_MASTER, bridge),
        None => message,
    }
}

/// Gives an interface an address.
pub(super) fn give(index: Index, subnet: Subnet) -> Message {
    let header = [family(subnet.address), subnet.prefix, 0, 0, 0, 0, 0, 0];
    let message = Message::new(RTM_NEWADDR, MAKE, &header).about(index).address(IFA_ADDRESS, subnet.address);
    match subnet.broadcast() {
        _ if subnet.address.is_ipv6() => message.word(IFA_FLAGS, IFA_F_NODAD),
        None => message.address(IFA_LOCAL, subnet.address),
        Some(broadcast) => message.address(IFA_LOCAL, subnet.address).address(IFA_BROADCAST, broadcast),
    }
}

/// Adds a route.
pub(super) fn add_route(index: u32, route: Route) -> Message {
    let Route { destination, gateway } = route;
    // `struct rtmsg`: the scope is everywhere.
    let header =
        [family(gateway), destination.prefix, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, 0, RTN_UNICAST, 0, 0, 0, 0];
    let message = Message::new(RTM_NEWROUTE, MAKE, &header);
    let message = match destination.prefix {
        0 => message,
        _ => message.address(RTA_DST, destination.address),
    };
    message.address(RTA_GATEWAY, gateway).word(RTA_OIF, index)
}

/// `struct ifinfomsg` without an index; flags that are set are all that changes of them.
fn link_header(set: u32) -> [u8; 16] {
    let mut header = [0; 16];
    header[8..12].copy_from_slice(&set.to_le_bytes());
    header[12..].copy_from_slice(&set.to_le_bytes());
    header
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { AF_INET } else { AF_INET6 }
}

/// A length or an offset: no message is longer than its names and addresses.
fn length(bytes: usize) -> u16 {
    u16::try_from(bytes).unwrap_or(u16::MAX)
}
