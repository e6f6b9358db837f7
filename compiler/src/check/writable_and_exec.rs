//! What can be written and executed lets the program bring its own code.

use super::evidence;
use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{MountKind, Policy, Root};

pub(super) const RULE: Rule =
    Rule::warning("writable-and-exec", "files can be written and executed at the same place").why(
        "What can be written and then executed is how a hole in a program becomes a program of the \
        attacker's: the second stage is downloaded and run. Writable mounts are noexec by default for \
        that.\n\n\
        Leave `executable` out. Builds and agents need it; accept the finding there. Memory is another \
        matter: `memory_deny_write_execute`.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let both = policy.filesystem.mounts.iter().filter(|(_, mount)| {
        matches!(
            mount.kind,
            MountKind::Bind { writable: true, executable: true, .. }
                | MountKind::Overlay { writable: true, executable: true, .. }
                | MountKind::Tmpfs { executable: true, .. }
        )
    });
    let both = both.map(|(path, mount)| (path.as_str(), mount.span, evidence::mount(mount)));
    let root = &policy.filesystem.root;
    let root = match &root.value {
        Root::Overlay(path) => Some(("/", root.span, vec![Evidence::text("rootfs", path)])),
        _ => None,
    };
    both.chain(root)
        .map(|(path, span, evidence)| {
            RULE.at(span, format!("`{path}` is both writable and executable"))
                .evidence(evidence)
                .label("the program can execute what it has written")
        })
        .collect()
}
