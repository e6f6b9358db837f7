//! Who tells a service manager something sends a datagram to a UNIX socket, so the filter must allow that.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::seccomp::{Bits, Meaning};

pub(super) const RULE: Rule =
    Rule::error("notify-denied", "the filter would stop what the program tells the service manager").why(
        "A program with `notify = true` tells its service manager by a datagram to a UNIX socket that it \
        is ready (sd_notify(3)). A filter that refuses that socket or the message leaves the manager \
        waiting until it kills the service.\n\n\
        Allow `@network-io`, and AF_UNIX where `network.address_families` is written.",
    );

/// What sd_notify(3) calls: socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), and sendmsg(fd, message, MSG_NOSIGNAL).
const CALLS: [(&str, [u32; 3]); 2] = [("socket", [1, 2 | 0o2_000_000, 0]), ("sendmsg", [3, 0, 0x4000])];

pub(super) fn check(policy: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let Some(notify) = policy.process.notify else { return Vec::new() };
    let denied = |(name, [one, two, three]): &&(&str, [u32; 3])| {
        let arguments = [Bits::value(0, *one), Bits::value(1, *two), Bits::value(2, *three)];
        filter.refuses(name, &arguments).is_some()
    };
    let Some((name, _)) = CALLS.iter().find(denied) else { return Vec::new() };
    let finding = RULE.at(notify, format!("the filter keeps the program from `{name}` for UNIX sockets"));
    let help = "allow `@network-io` in [seccomp], and AF_UNIX where network.address_families is written";
    vec![match policy.address_families.as_ref().filter(|families| !families.value.contains(&1)) {
        Some(families) => finding.and(families.span, "AF_UNIX is not among these").help(help),
        None => finding.help(help),
    }]
}
