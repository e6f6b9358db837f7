//! A mount is made, and Landlock then takes away what it was made for.

use super::evidence;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::policy::landlock::{Access, PathBeneath};

pub(super) const RULE: Rule =
    Rule::warning("landlock-hides-mount", "a mount is granted, and Landlock leaves none of it").why(
        "`[[landlock.path_beneath]]` narrows what a mount gives. Where it leaves nothing at all the mount \
        could as well be left out, and where a writable mount keeps no right to write it could as well \
        be read-only: one of the two lines is a mistake, and on a kernel without Landlock, where \
        `requires.optional` permits one, the wider one holds (Documentation/userspace-api/landlock.rst).\n\n\
        Take the mount out, make it read-only, or list the rights that were meant in `allowed_access`.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let hidden = |PathBeneath { path, allowed }: &PathBeneath| {
        let mount = policy.filesystem.mounts.get(&path.value)?;
        let change = Access::WRITE & !Access::RESOLVE_UNIX;
        let (message, label) = if allowed.is_none() {
            ("Landlock leaves nothing of it", "it could be left out")
        } else if mount.kind.is_writable() && (*allowed & change).is_none() {
            ("Landlock leaves no right to write to it", "it could be read-only")
        } else {
            return None;
        };
        Some(
            RULE.at(path.span, format!("`{}` is granted, and {message}", path.value))
                .evidence(evidence::mount(mount))
                .and(mount.span, format!("by `{}`: {label}", mount.key))
                .help("list the rights that are meant in `allowed_access`, or change the mount"),
        )
    };
    policy.landlock.path_beneath.iter().filter_map(hidden).collect()
}
