//! Two interfaces on overlapping networks: which of them a packet leaves by would depend on their order.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{InterfaceKind, Policy, Subnet};
use crate::source::Spanned;

pub(super) const RULE: Rule =
    Rule::error("address-overlap", "two interfaces share a network, or two ends an address").why(
        "With two interfaces on overlapping networks the one that a packet leaves by depends on the order \
        in which they were made, and an answer may leave by the other one.\n\n\
        Give each interface a network of its own.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    // Each address with the number of its interface; an end outside is of the same network as the one inside.
    let mut seen: Vec<(usize, bool, &Spanned<Subnet>)> = Vec::new();
    let mut findings = Vec::new();
    for (number, interface) in policy.interfaces.iter().enumerate() {
        let outside = match &interface.kind {
            InterfaceKind::Veth { peer_addresses, .. } => peer_addresses.as_slice(),
            _ => &[],
        };
        let ends = [(false, interface.addresses.as_slice()), (true, outside)];
        for (outside, address) in
            ends.into_iter().flat_map(|(end, list)| list.iter().map(move |one| (end, one)))
        {
            let clash = seen.iter().find(|(other, end, known)| {
                let same = known.value.address == address.value.address;
                same || *other != number && *end == outside && overlaps(known.value, address.value)
            });
            findings.extend(clash.map(|(.., first)| {
                RULE.at(address.span, format!("`{}` overlaps `{}`", address.value, first.value))
                    .and(first.span, "the other address")
                    .help("give each interface a network of its own")
            }));
            seen.push((number, outside, address));
        }
    }
    findings
}

fn overlaps(a: Subnet, b: Subnet) -> bool {
    a.holds(b.address) || b.holds(a.address)
}
