//! A mount that the host makes after the start has its own flags, not those of the bind that it appears beneath.

use super::evidence;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy, Propagation};

pub(super) const RULE: Rule = Rule::warning(
    "later-mounts-unprotected",
    "what the host mounts later appears inside without the protection of the bind",
)
.why(
    "A mount that the host makes beneath a bind with `propagation = \"slave\"` appears inside with \
        its own flags: read-only, nosuid and noexec of the bind are not its (mount_namespaces(7)).\n\n\
        Let the host mount it with the flags that are wanted, or leave `propagation` out.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let slaves =
        policy.filesystem.mounts.iter().filter(|(_, mount)| {
            matches!(mount.kind, MountKind::Bind { propagation: Propagation::Slave, .. })
        });
    slaves
        .map(|(path, mount)| {
            RULE.at(
                mount.span,
                format!("a mount that the host makes beneath `{path}` later keeps its own flags"),
            )
            .evidence(evidence::mount(mount))
            .label("it may be writable, and lets programs and devices in it be used, whatever is said here")
            .help("let the host mount it read-only, nosuid and nodev, or leave `propagation` out")
        })
        .collect()
}
