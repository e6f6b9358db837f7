//! A file system of the kernel shows the namespace that it is mounted in.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Mount, MountKind, Namespace, Policy, View};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule::error(
    "view-needs-namespace",
    "a file system would show a namespace that is not the sandbox's to show",
)
.why(
    "/proc, /sys, message queues and cgroups show the namespace that they are mounted in. Mounted \
        where it is the host's they show the host; where it is joined the kernel asks for rights over \
        its owner.\n\n\
        Let that namespace be new, or take the entry out.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let user = &policy.namespaces.user;
    let refused = |(path, mount): (&String, &Mount)| {
        let (shows, kind, namespace) = shown(policy, mount)?;
        match (&namespace.value, &user.value) {
            (Namespace::Host, _) => Some(
                RULE.at(mount.span, format!("`{path}` would show {shows} of the host"))
                    .and(namespace.span, format!("the {kind} namespace is the host's"))
                    .help(format!("take it out, or let the {kind} namespace be new")),
            ),
            // Only who has power over the owner of a namespace can mount what shows it.
            (Namespace::Join(_), Namespace::New) => Some(
                RULE.at(mount.span, format!("`{path}` cannot show {shows} of a namespace that is joined"))
                    .label("a new user namespace has no power over it")
                    .and(namespace.span, format!("the {kind} namespace is joined"))
                    .help("take it out, join the user namespace that owns it, or let `namespaces.user` be \"host\""),
            ),
            _ => None,
        }
    };
    policy.filesystem.mounts.iter().filter_map(refused).collect()
}

/// What an entry shows, and of which namespace.
fn shown<'a>(policy: &'a Policy, mount: &Mount) -> Option<(&'a str, &'a str, &'a Spanned<Namespace>)> {
    let namespaces = &policy.namespaces;
    Some(match mount.kind {
        MountKind::Proc { .. } => ("the processes", "pid", &namespaces.pid),
        MountKind::View(View::MessageQueues) => ("the message queues", "ipc", &namespaces.ipc),
        MountKind::View(View::Devices) => ("the network interfaces", "network", &namespaces.network),
        MountKind::View(View::Cgroups { .. }) => ("the cgroups", "cgroup", &namespaces.cgroup),
        _ => return None,
    })
}
