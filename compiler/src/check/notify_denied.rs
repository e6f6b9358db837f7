//! Who tells a service manager something sends a datagram to a UNIX socket, so the filter must allow that.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::seccomp::{Architecture, permits};

pub(super) const RULE: Rule =
    Rule::error("notify-denied", "the filter would stop what the program tells the service manager");

/// What sd_notify(3) calls: socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), and sendmsg(fd, message, MSG_NOSIGNAL).
const CALLS: [(&str, [u32; 3]); 2] = [("socket", [1, 2 | 0o2_000_000, 0]), ("sendmsg", [3, 0, 0x4000])];

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(notify) = policy.process.notify else { return Vec::new() };
    let denied =
        |(name, arguments): &&(&str, [u32; 3])| !permits(policy, Architecture::X86_64, name, arguments);
    let Some((name, _)) = CALLS.iter().find(denied) else { return Vec::new() };
    let finding = RULE.at(notify, format!("the filter keeps the program from `{name}` for UNIX sockets"));
    let help = "allow `@network-io` in [seccomp], and AF_UNIX where network.address_families is written";
    vec![match policy.address_families.as_ref().filter(|families| !families.value.contains(&1)) {
        Some(families) => finding.and(families.span, "AF_UNIX is not among these").help(help),
        None => finding.help(help),
    }]
}
