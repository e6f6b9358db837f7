//! A mask hides everything beneath it, so nothing can be asked for there.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy};

pub(super) const RULE: Rule = Rule::error("hidden-mount", "an entry is beneath a mask that hides it").why(
    "A mask hides all that is beneath it, so an entry there would be made and never seen. Two people \
        wanted different things of one place.\n\n\
        Take one of them out, or mask less.",
);

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
