//! The interfaces of the new network namespace, made by whoever may change the host's network as well.

use super::Launch;
use super::identity::{open_proc, write_proc};
use super::linux::*;
use super::netlink::{self, Index};
use super::refusals::*;
use super::step::{Act, Call, Part, Phase, Slot, Step};
use crate::policy::{Interface, InterfaceKind};
use crate::source::Span;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::{Promise, Rule, Then};

/// `linux/sched.h`: as setns(2) takes it.
const CLONE_NEWNET: u32 = 0x4000_0000;

/// The index of the first interface: the namespace is new, and has given only low ones.
const FIRST_INDEX: u32 = 1000;

impl Launch<'_> {
    /// Whether something is made outside of the new network namespace for it.
    pub(super) fn reaches_out(self) -> bool {
        !self.policy.interfaces.is_empty()
    }

    /// Before the network namespace is another, in a process that stays the caller's own.
    pub(super) fn keep_host_network(self) -> Option<Step> {
        (self.reaches_out() && !self.forks()).then(|| self.open_host_network(Phase::Start))
    }

    /// In the new network namespace of such a process.
    pub(super) fn own_interfaces(self) -> Vec<Step> {
        if !self.reaches_out() || self.forks() {
            return Vec::new();
        }
        let own = open_network(Part::Literal("self".into()), Slot::Network);
        let mut steps = vec![self.network_step(Phase::Inside, "reach the new network").acts(own)];
        steps.extend(self.prepare_network(Phase::Inside));
        steps.extend(self.interfaces(Phase::Inside));
        steps
    }

    /// Beside the child, which waits at the gate: nothing but the launcher is in its network namespace, so the outside
    /// enters it for a moment, for a socket there.
    pub(super) fn interfaces_of_child(self) -> Vec<Step> {
        if !self.reaches_out() {
            return Vec::new();
        }
        let child = Part::Decimal(Slot::Child);
        let enter = |words, slot: Slot| {
            self.network_step(Phase::Host, words)
                .act(Call::new(number::setns, [slot.into(), CLONE_NEWNET.into()]))
                .note(EPERM.into(), NETWORK_REFUSED)
        };
        let reach =
            self.network_step(Phase::Host, "reach the new network").acts(open_network(child, Slot::Network));
        let mut steps = vec![self.open_host_network(Phase::Host), reach];
        steps.push(enter("enter the new network", Slot::Network));
        steps.extend(self.prepare_network(Phase::Host));
        steps.push(enter("go back to the host's network", Slot::HostNetwork));
        steps.extend(self.interfaces(Phase::Host));
        steps
    }

    fn open_host_network(self, phase: Phase) -> Step {
        self.network_step(phase, "reach the host's network")
            .acts(open_network(Part::Literal("self".into()), Slot::HostNetwork))
            .act(open_socket(Slot::HostSocket))
    }

    /// In the new network namespace: a socket there, and no IPv6 but what the spec says. Without addresses there is none at
    /// all, and with some no neighbour can add addresses and routes (`ip-sysctl.rst`).
    fn prepare_network(self, phase: Phase) -> [Step; 2] {
        let has_ipv6 =
            |interface: &Interface| interface.addresses.iter().any(|own| own.value.address.is_ipv6());
        let (file, value) = if self.policy.interfaces.iter().any(has_ipv6) {
            ("accept_ra", "0")
        } else {
            ("disable_ipv6", "1")
        };
        let mut acts = open_proc(Part::Literal("sys/net/ipv6/conf/default".into())).to_vec();
        acts.extend(write_proc(file, vec![Part::Literal(value.into())]));
        acts.push(Call::new(number::close, [Slot::ProcDirectory.into()]).into());
        let rest = u8::try_from(acts.len() - 2).unwrap_or(u8::MAX);
        if let Some(Act::Call(open)) = acts.get_mut(1) {
            // A kernel without IPv6.
            open.rules.push(Rule { errno: ENOENT, then: Then::Skip(rest) });
        }
        let socket = self.network_step(phase, "open a socket to the new network");
        let quiet = self.network_step(phase, "let nobody else configure IPv6");
        [
            socket.act(open_socket(Slot::NetworkSocket)),
            quiet.acts(acts).note(EROFS.into(), SYSCTL_READ_ONLY).note(EXDEV.into(), SYSCTL_READ_ONLY),
        ]
    }

    fn network_step(self, phase: Phase, words: &str) -> Step {
        let span = self.policy.interfaces.first().map_or(Span::default(), |first| first.name.span);
        Step::new(phase, words, span)
    }

    /// Those that move come last: the kernel takes back what was made when a launch fails, and a virtual interface that
    /// moved would be gone.
    fn interfaces(self, phase: Phase) -> Vec<Step> {
        let mut numbered: Vec<(u16, &Interface)> = (0..).zip(&self.policy.interfaces).collect();
        numbered.sort_by_key(|(_, interface)| matches!(interface.kind, InterfaceKind::Physical { .. }));
        let is_macvlan = |interface: &&Interface| matches!(interface.kind, InterfaceKind::Macvlan { .. });
        let mut steps = Vec::new();
        // First, because making a pair has the kernel choose a number.
        if let Some(interface) = self.policy.interfaces.iter().find(is_macvlan) {
            let message = netlink::number_host(Slot::HostNetwork);
            steps.push(
                Step::new(phase, "number the host's network", interface.name.span)
                    .act(message.send(Slot::NetworkSocket, None)),
            );
        }
        for (number, interface) in numbered {
            if let InterfaceKind::Physical { link } = &interface.kind
                && self.rehearsal
            {
                steps.push(find_link(phase, number, link));
                continue;
            }
            steps.extend(make(phase, number, interface));
            steps.extend(set_up(phase, FIRST_INDEX + u32::from(number), interface));
        }
        let close = [Slot::HostNetwork, Slot::Network, Slot::HostSocket, Slot::NetworkSocket];
        let close = close.map(|slot| Call::new(number::close, [slot.into()]).into());
        steps.push(self.network_step(phase, "leave both networks").acts(close));
        steps
    }
}

/// Makes an interface, and what belongs to it outside.
fn make(phase: Phase, number: u16, interface: &Interface) -> Vec<Step> {
    let name = &interface.name.value;
    let index = FIRST_INDEX + u32::from(number);
    let step = |words: String, span| step(phase, words, span);
    let host = |message: netlink::Message, keep| message.send(Slot::HostSocket, keep);
    match &interface.kind {
        InterfaceKind::Veth { peer, peer_addresses, bridge } => {
            let pair = netlink::make_pair(interface, Index::Is(index), &peer.value, Slot::HostNetwork);
            let other = Index::In(Slot::Link(number));
            let mut steps = vec![
                step(format!("make the pair {name} and {}", peer.value), interface.name.span)
                    .acts(pair.send_patiently(Slot::NetworkSocket))
                    .note(EEXIST.into(), PEER_TAKEN)
                    .note(EOPNOTSUPP.into(), INTERFACE_MISSING),
                step(format!("find {}", peer.value), peer.span)
                    .act(host(netlink::find(&peer.value), Some(Slot::Link(number)))),
            ];
            let mut up = step(format!("bring {} up", peer.value), peer.span);
            if let Some(bridge) = bridge {
                up.words += &format!(" in {}", bridge.value);
                up.span = bridge.span;
                let find = host(netlink::find(&bridge.value), Some(Slot::Bridge(number)));
                up = up.act(find).note(ENODEV.into(), NO_INTERFACE).note(EOPNOTSUPP.into(), NO_BRIDGE);
            }
            let bridge = bridge.as_ref().map(|_| Slot::Bridge(number));
            steps.push(up.act(host(netlink::bring_up(other, bridge), None)));
            steps.extend(peer_addresses.iter().map(|subnet| {
                step(format!("give {} {}", peer.value, subnet.value), subnet.span)
                    .act(host(netlink::give(other, subnet.value), None))
            }));
            steps
        }
        InterfaceKind::Macvlan { link, mode } => {
            let message = netlink::make_macvlan(interface, Index::Is(index), Slot::Link(number), *mode);
            vec![
                find_link(phase, number, link),
                step(format!("make {name} on {}", link.value), interface.name.span)
                    .act(message.send(Slot::NetworkSocket, None))
                    .note(EINVAL.into(), NO_MACVLAN)
                    .note(EBUSY.into(), LINK_BUSY)
                    .note(EOPNOTSUPP.into(), INTERFACE_MISSING),
            ]
        }
        InterfaceKind::Physical { link } => {
            let message = netlink::take(Slot::Link(number), name, index, Slot::Network);
            vec![
                find_link(phase, number, link),
                step(format!("move {} here as {name}", link.value), interface.name.span)
                    .act(host(message, None))
                    .note(EINVAL.into(), NOT_MOVABLE),
            ]
        }
    }
}

fn find_link(phase: Phase, number: u16, link: &crate::source::Spanned<String>) -> Step {
    step(phase, format!("find {}", link.value), link.span)
        .act(netlink::find(&link.value).send(Slot::HostSocket, Some(Slot::Link(number))))
        .note(ENODEV.into(), NO_INTERFACE)
}

/// Addresses, up, and routes, which want it up.
fn set_up(phase: Phase, index: u32, interface: &Interface) -> Vec<Step> {
    let name = &interface.name.value;
    let inside = |message: netlink::Message| message.send(Slot::NetworkSocket, None);
    let mut steps: Vec<Step> = Vec::new();
    steps.extend(interface.addresses.iter().map(|subnet| {
        step(phase, format!("give {name} {}", subnet.value), subnet.span)
            .act(inside(netlink::give(Index::Is(index), subnet.value)))
            .note(EACCES.into(), NO_IPV6)
            .note(EOPNOTSUPP.into(), NO_IPV6)
    }));
    steps.push(
        step(phase, format!("bring {name} up"), interface.name.span)
            .act(inside(netlink::bring_up(Index::Is(index), None))),
    );
    steps.extend(interface.routes.iter().map(|route| {
        let crate::policy::Route { destination, gateway } = route.value;
        step(phase, format!("route {destination} by {gateway}"), route.span)
            .act(inside(netlink::add_route(index, route.value)))
    }));
    steps
}

/// A step that changes the network, here or outside.
fn step(phase: Phase, words: String, span: Span) -> Step {
    Step::new(phase, words, span).promise(Promise::Namespaces).note(EPERM.into(), NETWORK_REFUSED)
}

/// Opens the network namespace of the process whose directory in /proc this is.
fn open_network(process: Part, slot: Slot) -> Vec<Act> {
    let open = [Slot::ProcDirectory.into(), "ns/net".into(), O_CLOEXEC.into()];
    let mut acts = open_proc(process).to_vec();
    acts.push(Call::new(number::openat, open).keep(slot).into());
    acts.push(Call::new(number::close, [Slot::ProcDirectory.into()]).into());
    acts
}

/// Opens a socket to the kernel, of the network namespace that this process is in now.
fn open_socket(slot: Slot) -> Call {
    let arguments = [AF_NETLINK.into(), (SOCK_RAW | SOCK_CLOEXEC).into(), NETLINK_ROUTE.into()];
    Call::new(number::socket, arguments).keep(slot)
}
