//! The host's network is every service that listens on it, and every abstract socket.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule = Rule::warning("host-network", "the network namespace is the host's").why(
    "In the host's network namespace the program reaches what listens on 127.0.0.1, which is often \
        without a password, and every abstract UNIX socket: containerd's shim was taken over through one \
        (CVE-2020-15257). It can also bind ports in the host's stead.\n\n\
        Let the namespace be new, with `network.loopback`, interfaces, or `user_mode = \"pasta\"` for \
        connections outwards. Where the host's network is meant, `network.bind_tcp` and `connect_tcp` \
        name ports, `address_families` the sockets, and `landlock.scoped = [\"abstract_unix_socket\"]` \
        closes the abstract ones.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let network = &policy.namespaces.network;
    let finding = || {
        RULE.at(network.span, "the network namespace is the host's")
            .evidence([])
            .label("the program reaches the network and every abstract socket of the host")
            .help("let it be new, and name in [network] what the program needs")
    };
    (network.value == Namespace::Host).then(finding).into_iter().collect()
}
