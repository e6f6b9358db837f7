//! With the host's tree comes the host's /proc, whatever pid namespace the program is in.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy, Root};

pub(super) const RULE: Rule = Rule::warning(
    "host-processes-visible",
    "the host's /proc shows the host's processes, and leads to their files",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let filesystem = &policy.filesystem;
    let own_pids = policy.namespaces.pid.value == Namespace::New;
    if filesystem.root.value != Root::Host || !own_pids || filesystem.mounts.contains_key("/proc") {
        return Vec::new();
    }
    let why = match policy.namespaces.user.value {
        Namespace::New => "command lines of all processes can be read",
        Namespace::Host => "`/proc/PID/root` of a process of the same user is a way around what is read-only",
    };
    vec![
        RULE.at(filesystem.root.span, "the host's `/proc` comes with `root = \"host\"`")
            .label(why)
            .help("write `proc = \"own\"`, or mask `/proc`"),
    ]
}
