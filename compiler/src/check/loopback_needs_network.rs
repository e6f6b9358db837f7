//! The loopback interface is brought up only in a network namespace of the sandbox's own.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::error("loopback-needs-network", "loopback is asked for in the host's network namespace");

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let network = &policy.namespaces.network;
    match (policy.loopback, network.value) {
        (Some(loopback), Namespace::Host) => vec![
            RULE.at(loopback, "`network.loopback` would change the host's network")
                .and(network.span, "the network namespace is the host's")
                .help("take one of them out"),
        ],
        _ => Vec::new(),
    }
}
