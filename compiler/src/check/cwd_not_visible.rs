//! The working directory must be somewhere in the tree.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Namespace, Policy, Root};

pub(super) const RULE: Rule = Rule::error("cwd-not-visible", "the working directory is not in the tree").why(
    "The program starts in its working directory, which has to be a directory of its tree. A launch \
        whose directory is missing fails.\n\n\
        Grant the directory, or choose another.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let (filesystem, cwd) = (&policy.filesystem, &policy.process.cwd);
    let path = tree::follow(filesystem, &cwd.value);
    let visible = match tree::covering(filesystem, &path) {
        Some((at, mount)) => match mount.kind {
            MountKind::Bind { .. }
            | MountKind::Overlay { .. }
            | MountKind::Proc { .. }
            | MountKind::Seal { .. }
            | MountKind::View(_) => true,
            MountKind::Directory { .. } | MountKind::Tmpfs { .. } | MountKind::Mask { .. } => {
                at == path || tree::has_beneath(filesystem, &path)
            }
            _ => false,
        },
        None => {
            filesystem.root.value != Root::Empty
                || policy.namespaces.mount.value != Namespace::New
                || tree::has_beneath(filesystem, &path)
                || path == "/"
        }
    };
    if visible {
        return Vec::new();
    }
    vec![
        RULE.at(cwd.span, format!("the working directory `{}` is not in the tree", cwd.value))
            .label("no directory will be there")
            .help("grant it in `filesystem.read_only`, `filesystem.read_write` or `filesystem.mounts`"),
    ]
}
