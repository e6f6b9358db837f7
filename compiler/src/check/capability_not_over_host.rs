//! In a user namespace of its own a program's capabilities are over what belongs to that namespace.

use super::evidence;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{CAPABILITIES, Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::warning("capability-not-over-host", "a capability is asked for that gives nothing in the sandbox")
        .why(
            "The kernel asks for some capabilities in its first user namespace alone: the clock, modules, \
        ports of the machine, the log, devices, the audit trail and BPF are the host's, and who has the \
        capability in a new user namespace is refused all the same (user_namespaces(7); `capable()` in \
        the kernel's sources, instead of `ns_capable()`). What concerns a network is over the networks \
        of that user namespace.\n\n\
        Take it out; a program that really administers the host is launched by root with \
        `namespaces.user = \"host\"`, which `check` warns about.",
        );

/// Numbers of linux/capability.h that the kernel asks for in its first user namespace alone.
const OF_HOST: [usize; 15] = [9, 14, 16, 17, 20, 25, 26, 27, 29, 30, 32, 33, 34, 38, 39];
/// Those over a network: to bind low ports, to broadcast, to administer, to make raw sockets.
const OF_NETWORK: [usize; 4] = [10, 11, 12, 13];

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let (capabilities, namespaces) = (&policy.process.capabilities, &policy.namespaces);
    if namespaces.user.value != Namespace::New {
        return Vec::new();
    }
    let names = |numbers: &[usize]| {
        let has = numbers.iter().filter(|number| capabilities.value >> **number & 1 == 1);
        has.filter_map(|&number| CAPABILITIES.get(number)).map(|name| format!("`{name}`")).collect::<Vec<_>>()
    };
    let mut findings = Vec::new();
    let of_host = names(&OF_HOST);
    if !of_host.is_empty() {
        findings.push(
            RULE.at(capabilities.span, format!("the program gets nothing from {}", of_host.join(", ")))
                .evidence(evidence::names("capability", &of_host))
                .label("it is over the host, and the user namespace is new")
                .help("take it out"),
        );
    }
    let of_network = names(&OF_NETWORK);
    if !of_network.is_empty() && namespaces.network.value != Namespace::New {
        findings.push(
            RULE.at(capabilities.span, format!("the program gets nothing from {}", of_network.join(", ")))
                .evidence(evidence::names("capability", &of_network))
                .label("the user namespace is new")
                .and(namespaces.network.span, "the network belongs to another")
                .help("take it out, or let the network namespace be new"),
        );
    }
    findings
}
