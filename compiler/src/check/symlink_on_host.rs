//! A symbolic link has to be made, and nothing is ever made on the host.

use super::tree;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Policy, Root};

pub(super) const RULE: Rule =
    Rule::error("symlink-on-host", "a symbolic link would have to be made in files of the host").why(
        "A symbolic link has to be made, and nothing is ever made in a tree that is the host's.\n\n\
        Make it beneath a tmpfs, or in an empty root.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let filesystem = &policy.filesystem;
    let links = filesystem.mounts.iter().filter(|(_, mount)| matches!(mount.kind, MountKind::Symlink { .. }));
    let of_host = |(path, link): (&String, &crate::policy::Mount)| {
        let (parent, span) = match tree::above(filesystem, path) {
            Some((parent, above)) => (
                matches!(above.kind, MountKind::Bind { .. } | MountKind::Overlay { .. }).then_some(parent)?,
                above.span,
            ),
            None => (
                matches!(filesystem.root.value, Root::Host | Root::Rootfs(_)).then_some("/")?,
                filesystem.root.span,
            ),
        };
        let finding = RULE
            .at(link.span, format!("the symbolic link `{path}` would have to be made on the host"))
            .label(format!("by `{}`", link.key))
            .and(span, format!("`{parent}` is the host's"));
        Some(finding.help("make it beneath a tmpfs, or in an empty root"))
    };
    links.filter_map(of_host).collect()
}
