//! A mask hides everything beneath it, so nothing can be asked for there.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy};

pub(super) const RULE: Rule = Rule::error("mount-under-mask", "an entry is beneath a mask that hides it");

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let filesystem = &policy.filesystem;
    let hidden = |(path, mount): (&String, &crate::policy::Mount)| {
        let (mask, above) = tree::above(filesystem, path)?;
        matches!(above.kind, MountKind::Mask { .. }).then(|| {
            RULE.at(mount.span, format!("`{path}` would be hidden by the mask on `{mask}`"))
                .label(format!("by `{}`", mount.key))
                .and(above.span, "the mask")
        })
    };
    filesystem.mounts.iter().filter_map(hidden).collect()
}
