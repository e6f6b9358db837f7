//! A mask or seal is about what is there already.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy, Root};

pub(super) const RULE: Rule = Rule::error("nothing-to-protect", "a mask or seal stands where nothing can be")
    .why(
        "A mask or a seal is about what a grant shows. Where no grant shows anything the path is \
        misspelt, and what was to be hidden may be visible elsewhere.\n\n\
        Correct the path, or take the line out.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let filesystem = &policy.filesystem;
    let bare = filesystem.mounts.iter().filter(|(path, mount)| {
        let protects = matches!(mount.kind, MountKind::Mask { .. } | MountKind::Seal { .. });
        protects
            && match tree::above(filesystem, path) {
                Some((_, above)) => {
                    matches!(above.kind, MountKind::Directory { .. } | MountKind::Tmpfs { .. })
                }
                None => filesystem.root.value == Root::Empty,
            }
    });
    bare.map(|(path, mount)| {
        RULE.at(mount.span, format!("nothing is at `{path}` that could be masked or sealed"))
            .label("no grant contains it")
            .help("take it out, or grant the directory that it is in")
    })
    .collect()
}
