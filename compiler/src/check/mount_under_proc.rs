//! Nothing can be made in /proc and its like; what is there can be masked, sealed or covered by a file of the host.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy};

pub(super) const RULE: Rule =
    Rule::error("mount-under-proc", "something is to be made in a file system of the kernel").why(
        "In /proc, /sys and /dev/pts nothing can be made, so no mount point either. What is there can be \
        masked, sealed, or covered by a file.\n\n\
        Bind a file over one that is there, or take the entry out.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let filesystem = &policy.filesystem;
    let made = |(path, mount): (&String, &crate::policy::Mount)| {
        let (parent, above) = tree::above(filesystem, path)?;
        let covers = matches!(
            mount.kind,
            MountKind::Bind { .. } | MountKind::Mask { .. } | MountKind::Seal { .. } | MountKind::View(_)
        );
        (matches!(above.kind, MountKind::Proc { .. } | MountKind::View(_) | MountKind::Terminals) && !covers)
            .then(|| {
                RULE.at(mount.span, format!("`{path}` cannot be made in {parent}"))
                    .label(format!("by `{}`", mount.key))
                    .and(above.span, format!("by `{}`", above.key))
            })
    };
    filesystem.mounts.iter().filter_map(made).collect()
}
