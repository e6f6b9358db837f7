//! pasta enters the sandbox's user and network namespaces, which therefore have to be new.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::error("pasta-needs-namespaces", "pasta is asked for without a new user and network namespace").why(
        "pasta enters the sandbox's user and network namespaces, which it must have rights over.\n\n\
        Let both be new.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(pasta) = policy.pasta else { return Vec::new() };
    let namespaces = &policy.namespaces;
    let needed = [("network", &namespaces.network), ("user", &namespaces.user)];
    let lacking = needed.iter().filter(|(_, namespace)| namespace.value != Namespace::New);
    let finding = |(key, namespace): &(&str, &crate::source::Spanned<Namespace>)| {
        RULE.at(pasta, format!("`network.user_mode` needs a new {key} namespace"))
            .and(namespace.span, "it is not new")
            .help("take one of them out")
    };
    lacking.map(finding).collect()
}
