//! Interfaces that reach the host's network are made with rights over it, which a user namespace that is joined takes away.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule = Rule::error(
    "interfaces-need-host-user",
    "interfaces are asked for together with a user namespace that is joined",
)
.why(
    "Interfaces that lead to the host's network are made with `CAP_NET_ADMIN` over it. Whoever joins \
        a user namespace gives that up.\n\n\
        Join the network namespace of a sandbox that has interfaces, or do not join the user namespace.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let user = &policy.namespaces.user;
    let first = policy.interfaces.first().filter(|_| user.value.is_joined());
    let finding = |interface: &crate::policy::Interface| {
        RULE.at(
            interface.name.span,
            format!("`{}` needs rights over the host's network", interface.name.value),
        )
        .and(user.span, "whoever joins a user namespace has none outside of it")
        .help("take one of them out, or join the network namespace of a sandbox that has interfaces")
    };
    first.map(finding).into_iter().collect()
}
