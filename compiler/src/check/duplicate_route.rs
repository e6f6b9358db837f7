//! Of two routes to one network the kernel takes the first and refuses the other.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Policy, Subnet};
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule::error("duplicate-route", "two routes lead to one network").why(
    "The kernel takes one route to a network and refuses the second with EEXIST, so the launch would \
        fail; the address of an interface already brings the route to its network.\n\n\
        Take one out.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let addresses = policy.interfaces.iter().flat_map(|interface| &interface.addresses);
    // The route to an address's own network comes with it.
    let mut known: BTreeMap<Subnet, _> = addresses
        .map(|own| {
            (Subnet { address: own.value.network(), ..own.value }, (own.span, "the address of that network"))
        })
        .collect();
    let mut findings = Vec::new();
    for route in policy.interfaces.iter().flat_map(|interface| &interface.routes) {
        let destination = route.value.destination;
        if let Some((first, words)) = known.insert(destination, (route.span, "the first")) {
            findings
                .push(RULE.at(route.span, format!("a second route to `{destination}`")).and(first, words));
        }
    }
    findings
}
