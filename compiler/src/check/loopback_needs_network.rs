//! The loopback interface is brought up only in a network namespace of the sandbox's own.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::error("loopback-needs-network", "loopback is asked for in a network namespace of others").why(
        "`network.loopback` brings `lo` up in the sandbox's own network. In the host's, or in one that is \
        joined, it would change the network of others.\n\n\
        Take it out, or let `namespaces.network` be new.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let network = &policy.namespaces.network;
    let (changed, whose, help) = match network.value {
        Namespace::New => return Vec::new(),
        Namespace::Host => (
            "the host's network",
            "the network namespace is the host's",
            "remove it, or write `network.loopback = false` over a layer that has it",
        ),
        Namespace::Join(_) => (
            "the network of others",
            "the network namespace is joined",
            "take it out: whoever made that network namespace brings its interfaces up",
        ),
    };
    let finding = |loopback| {
        RULE.at(loopback, format!("`network.loopback` would change {changed}"))
            .and(network.span, whose)
            .help(help)
    };
    policy.loopback.map(finding).into_iter().collect()
}
