//! With the host's tree comes the host's /proc, whatever pid namespace the program is in.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{Namespace, Policy, Root};

pub(super) const RULE: Rule = Rule::warning(
    "host-processes-visible",
    "the host's /proc shows the host's processes, and leads to their files",
)
.why(
    "The host's `/proc` comes with `root = \"host\"`. It shows all processes of the host with their \
        command lines, and `/proc/PID/root` of a process of the same user leads around what is mounted \
        read-only (proc(5)).\n\n\
        Write `proc = \"own\"`, or mask `/proc`.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let filesystem = &policy.filesystem;
    let namespaces = &policy.namespaces;
    let of_host = filesystem.root.value == Root::Host && !namespaces.mount.value.is_joined();
    let own_pids = namespaces.pid.value != Namespace::Host;
    if !of_host || !own_pids || filesystem.mounts.contains_key("/proc") {
        return Vec::new();
    }
    let why = match namespaces.user.value {
        Namespace::New | Namespace::Join(_) => "command lines of all processes can be read",
        Namespace::Host => "`/proc/PID/root` of a process of the same user is a way around what is read-only",
    };
    vec![
        RULE.at(filesystem.root.span, "the host's `/proc` comes with `root = \"host\"`")
            .evidence([Evidence::flag("host_user", namespaces.user.value == Namespace::Host)])
            .label(why)
            .help("write `proc = \"own\"`, or mask `/proc`"),
    ]
}
