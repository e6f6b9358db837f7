//! pasta copies the host's addresses and routes, which would stand beside those of the spec.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::error("pasta-beside-interfaces", "pasta is asked for together with interfaces").why(
        "pasta copies the host's addresses and routes into the sandbox, where they would stand beside \
        those of the spec.\n\n\
        Interfaces are for launches by root, `user_mode` for everybody: take one.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let both = policy.pasta.zip(policy.interfaces.first());
    let finding = |(pasta, interface): (_, &crate::policy::Interface)| {
        RULE.at(pasta, "`network.user_mode` brings an interface and routes of its own")
            .and(interface.name.span, "an interface of the spec")
            .help("take one of them out: interfaces are for launches by root, user_mode for everybody")
    };
    both.map(finding).into_iter().collect()
}
