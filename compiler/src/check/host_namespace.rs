//! Sharing a namespace with the host gives the program what the others of that namespace have.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule = Rule::warning("host-namespace", "the ipc or user namespace is the host's").why(
    "In the host's IPC namespace the program reaches shared memory and queues of every service that \
        made them for its user (ipc_namespaces(7)). In the host's user namespace its ids are the host's, \
        so files and processes of that user are open to it wherever a mount shows them, and a capability \
        is one over the host (user_namespaces(7)).\n\n\
        Let them be new. The host's user namespace is needed for idmaps and real-time policies, and \
        where a container refuses new ones; accept the finding there.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let namespaces = &policy.namespaces;
    [
        (&namespaces.ipc, "ipc", "the program reaches the System V objects and message queues of the host"),
        (&namespaces.user, "user", "the program's ids and capabilities are those of the host"),
    ]
    .into_iter()
    .filter(|(namespace, ..)| namespace.value == Namespace::Host)
    .map(|(namespace, name, consequence)| {
        RULE.at(namespace.span, format!("the {name} namespace is the host's")).evidence([]).label(consequence)
    })
    .collect()
}
