//! IPv6 is switched off on an interface whose packets are smaller than it needs.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Interface, InterfaceKind, Policy};

pub(super) const RULE: Rule =
    Rule::error("mtu-too-small", "an interface with an IPv6 address has packets of less than 1280 bytes")
        .why(
            "IPv6 needs packets of 1280 bytes (RFC 8200); the kernel switches it off on an interface with \
        smaller ones, and refuses the address.\n\n\
        Raise `mtu`, or take the address out.",
        );

/// The smallest that IPv6 permits (RFC 8200, `IPV6_MIN_MTU` in linux/ipv6.h).
const SMALLEST: u32 = 1280;

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    policy.interfaces.iter().filter_map(finding).collect()
}

fn finding(interface: &Interface) -> Option<Diagnostic> {
    let mtu = interface.mtu.as_ref().filter(|mtu| mtu.value < SMALLEST)?;
    let outside = match &interface.kind {
        InterfaceKind::Veth { peer_addresses, .. } => peer_addresses.as_slice(),
        _ => &[],
    };
    let address =
        interface.addresses.iter().chain(outside).find(|address| address.value.address.is_ipv6())?;
    Some(
        RULE.at(mtu.span, format!("`mtu` is {}, and IPv6 needs at least {SMALLEST}", mtu.value))
            .and(address.span, "an IPv6 address"),
    )
}
