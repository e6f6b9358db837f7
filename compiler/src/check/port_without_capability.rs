//! Ports below 1024 are bound by who has the capability over that network.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule = Rule::warning(
    "port-without-capability",
    "a port below 1024 is to be bound without the capability for it",
)
.why(
    "bind(2) of a port below `net.ipv4.ip_unprivileged_port_start`, which is 1024 in every new \
        network namespace, needs `CAP_NET_BIND_SERVICE` over the user namespace that owns the network \
        (ip(7), capabilities(7)). Without it the program fails with EACCES, whatever `network.bind_tcp` \
        lists. In a new user namespace no capability is one over the host's network.\n\n\
        Add the capability, use a port from 1024 up, or let a service manager open the socket: `keep_fds \
        = [\"listen\"]`. Where the sysctl was changed, accept the finding.",
);

/// linux/capability.h: `CAP_NET_BIND_SERVICE`.
const BIND_SERVICE: u64 = 1 << 10;

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(ports) = &policy.bind_tcp else { return Vec::new() };
    let Some(port) = ports.value.iter().find(|port| (1..1024).contains(*port)) else { return Vec::new() };
    let (capabilities, namespaces) = (&policy.process.capabilities, &policy.namespaces);
    let has = capabilities.value & BIND_SERVICE != 0;
    let over_network = namespaces.network.value == Namespace::New || namespaces.user.value != Namespace::New;
    if has && over_network {
        return Vec::new();
    }
    let finding = RULE
        .at(ports.span, format!("port {port} cannot be bound without `CAP_NET_BIND_SERVICE`"))
        .evidence([Evidence::number("port", *port), Evidence::flag("capability", has)]);
    vec![if has {
        finding
            .label("the capability is not one over this network")
            .and(namespaces.network.span, "the network is not the sandbox's")
            .help("use a port from 1024 up, let the service manager open the socket (`keep_fds = [\"listen\"]`), or, launched by root, write `namespaces.user = \"host\"`")
    } else {
        finding.help("add it to `process.capabilities`, or use a port from 1024 up")
    }]
}
