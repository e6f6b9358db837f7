//! Nothing can be mounted beneath what is no directory.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy};

pub(super) const RULE: Rule =
    Rule::error("mount-under-file", "an entry is beneath a file, a device, a socket or a symbolic link").why(
        "Nothing can be mounted beneath what is no directory, and no destination passes through a \
        symbolic link: following one is how CVE-2019-19921, CVE-2021-30465 and their kin left the root.\n\n\
        Write the path that the link leads to, or move the entry.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let filesystem = &policy.filesystem;
    let beneath = |(path, mount): (&String, &crate::policy::Mount)| {
        let (parent, above) = tree::above(filesystem, path)?;
        let what = match above.kind {
            MountKind::Text { .. } => "a file",
            MountKind::Device { .. } => "a device",
            MountKind::Socket { .. } => "a socket",
            MountKind::Symlink { .. } => "a symbolic link, which no destination passes through",
            _ => return None,
        };
        Some(
            RULE.at(mount.span, format!("`{path}` is beneath `{parent}`, which is {what}"))
                .label(format!("by `{}`", mount.key))
                .and(above.span, format!("by `{}`", above.key)),
        )
    };
    filesystem.mounts.iter().filter_map(beneath).collect()
}
