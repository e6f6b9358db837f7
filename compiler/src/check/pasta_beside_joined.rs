//! pasta is a program of the mount namespace that the launcher is in by then, with the launcher's rights, and whoever is in its
//! pid namespace sees it.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule = Rule::error(
    "pasta-beside-joined",
    "pasta is asked for together with a mount or pid namespace that is joined",
)
.why(
    "pasta is a program of the host, started by the launcher with the launcher's rights. In a mount \
        namespace of others it would be their file that runs, and in their pid namespace they would see \
        and signal it.\n\n\
        Join a network that has a way out already.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(pasta) = policy.pasta else { return Vec::new() };
    let namespaces = &policy.namespaces;
    let joined = [("mount", &namespaces.mount), ("pid", &namespaces.pid)];
    let joined = joined.iter().filter(|(_, namespace)| namespace.value.is_joined());
    let finding = |(kind, namespace): &(&str, &crate::source::Spanned<_>)| {
        RULE.at(pasta, format!("`network.user_mode` would run pasta in a {kind} namespace of others"))
            .and(namespace.span, "it is joined")
            .help("take one of them out, or join a network that has a way out already")
    };
    joined.map(finding).collect()
}
