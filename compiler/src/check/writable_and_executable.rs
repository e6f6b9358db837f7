//! What can be written and executed lets the program bring its own code.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy, Root};

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
    let both = both.map(|(path, mount)| (path.as_str(), mount.span));
    let root = &policy.filesystem.root;
    let root = matches!(root.value, Root::Overlay(_)).then_some(("/", root.span));
    both.chain(root)
        .map(|(path, span)| {
            RULE.at(span, format!("`{path}` is both writable and executable"))
                .label("the program can execute what it has written")
        })
        .collect()
}
