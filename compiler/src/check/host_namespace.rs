//! Sharing a namespace with the host gives the program what the others of that namespace have.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::warning("host-namespace", "a namespace that protects the host is shared with it");

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let namespaces = &policy.namespaces;
    [
        (&namespaces.ipc, "ipc", "the program reaches the System V objects and message queues of the host"),
        (
            &namespaces.network,
            "network",
            "the program reaches the network and every abstract socket of the host",
        ),
        (
            &namespaces.pid,
            "pid",
            "the program sees the processes of the host and can signal those of its user",
        ),
        (&namespaces.user, "user", "the program's ids and capabilities are those of the host"),
    ]
    .into_iter()
    .filter(|(namespace, ..)| namespace.value == Namespace::Host)
    .map(|(namespace, name, consequence)| {
        RULE.at(namespace.span, format!("the {name} namespace is the host's")).label(consequence)
    })
    .collect()
}
