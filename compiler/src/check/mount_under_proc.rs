//! Nothing can be made in /proc; what is there can be masked, sealed or covered by a file of the host.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy};

pub(super) const RULE: Rule = Rule::error("mount-under-proc", "something is to be made in /proc");

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let filesystem = &policy.filesystem;
    let made = |(path, mount): (&String, &crate::policy::Mount)| {
        let (_, above) = tree::above(filesystem, path)?;
        let covers =
            matches!(mount.kind, MountKind::Bind { .. } | MountKind::Mask { .. } | MountKind::Seal { .. });
        (matches!(above.kind, MountKind::Proc { .. }) && !covers).then(|| {
            RULE.at(mount.span, format!("`{path}` cannot be made in /proc"))
                .label(format!("by `{}`", mount.key))
                .and(above.span, format!("by `{}`", above.key))
        })
    };
    filesystem.mounts.iter().filter_map(made).collect()
}
