//! A gateway is a host of a network that the interface is on, and not the interface itself.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Interface, Policy, Route};
use crate::source::Spanned;
use std::net::IpAddr;

pub(super) const RULE: Rule =
    Rule::error("gateway-outside-network", "an interface cannot reach the gateway of a route").why(
        "A gateway is reached directly, so it has to be in a network of the interface; the kernel answers \
        ENETUNREACH to others.\n\n\
        Correct the address of one of them.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let routes = |interface: &Interface| {
        let finding = |route| finding(interface, route);
        interface.routes.iter().filter_map(finding).collect::<Vec<_>>()
    };
    policy.interfaces.iter().flat_map(routes).collect()
}

fn finding(interface: &Interface, route: &Spanned<Route>) -> Option<Diagnostic> {
    let (name, gateway) = (&interface.name.value, route.value.gateway);
    let own = interface.addresses.iter().find(|own| own.value.address == gateway);
    if let Some(own) = own {
        let message = format!("the gateway `{gateway}` is `{name}` itself");
        return Some(RULE.at(route.span, message).and(own.span, "its address"));
    }
    // Every interface with IPv6 is on the network of link-local addresses.
    let link_local = matches!(gateway, IpAddr::V6(address) if address.is_unicast_link_local());
    if link_local || interface.addresses.iter().any(|own| own.value.holds(gateway)) {
        return None;
    }
    let finding = RULE.at(route.span, format!("the gateway `{gateway}` is in no network of `{name}`"));
    Some(match interface.addresses.iter().find(|own| own.value.address.is_ipv4() == gateway.is_ipv4()) {
        Some(own) => finding.and(own.span, "its address and network"),
        None => finding.help("give the interface an address of the gateway's network"),
    })
}
