//! Interfaces are made only in a network namespace of the sandbox's own.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::error("interfaces-need-network", "interfaces are asked for in a network namespace that is not new")
        .why(
            "An interface is made in a network namespace of the sandbox's own. In the host's, or in one that \
        is joined, it would change the network of others.\n\n\
        Let `namespaces.network` be new, or take the interfaces out.",
        );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let network = &policy.namespaces.network;
    if network.value == Namespace::New {
        return Vec::new();
    }
    let finding = |interface: &crate::policy::Interface| {
        RULE.at(
            interface.name.span,
            format!(
                "`{}` would be an interface of a network that is not the sandbox's",
                interface.name.value
            ),
        )
        .and(network.span, "the network namespace is not new")
        .help("take one of them out")
    };
    policy.interfaces.iter().map(finding).collect()
}
