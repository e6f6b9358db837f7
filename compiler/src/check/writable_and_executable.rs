//! What can be written and executed lets the program bring its own code.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy};

pub(super) const RULE: Rule =
    Rule::warning("writable-and-executable", "files can be written and executed at the same place");

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let both = policy.filesystem.mounts.iter().filter(|(_, mount)| {
        matches!(
            mount.kind,
            MountKind::Bind { writable: true, executable: true, .. }
                | MountKind::Overlay { writable: true, executable: true, .. }
                | MountKind::Tmpfs { executable: true, .. }
        )
    });
    both.map(|(path, mount)| {
        RULE.at(mount.span, format!("`{path}` is both writable and executable"))
            .label("the program can execute what it has written")
    })
    .collect()
}
