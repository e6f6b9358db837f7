//! What the spec puts into the tree and the program cannot get to.

use super::tree;
use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{Mount, MountKind, Namespace, Ownership, Policy, Root};

pub(super) const RULE: Rule =
    Rule::warning("unreachable-path", "an entry of the tree cannot be reached by the program").why(
        "A symbolic link whose target no entry of the tree can contain leads nowhere, and beneath a \
        directory that the program may not search (path_resolution(7)) nothing can be opened, whatever \
        is granted there. Both are found at launch by a program that fails for a reason that its spec \
        does not show.\n\n\
        Grant what the link leads to, or give the directory a mode with search permission for the \
        program, such as `0o755`.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    if policy.namespaces.mount.value != Namespace::New {
        return Vec::new();
    }
    let mounts = policy.filesystem.mounts.iter();
    mounts
        .filter(|(_, mount)| mount.key == "filesystem.mounts")
        .filter_map(|(path, mount)| dangling(policy, path, mount).or_else(|| closed(policy, path, mount)))
        .collect()
}

fn dangling(policy: &Policy, path: &str, link: &Mount) -> Option<Diagnostic> {
    let MountKind::Symlink { target } = &link.kind else { return None };
    let filesystem = &policy.filesystem;
    let end = tree::follow(filesystem, path);
    let there = match tree::covering(filesystem, &end) {
        Some((at, mount)) => match mount.kind {
            MountKind::Directory { .. } | MountKind::Mask { .. } => {
                at == end || tree::has_beneath(filesystem, &end)
            }
            MountKind::Symlink { .. } => false,
            _ => true,
        },
        None => filesystem.root.value != Root::Empty || tree::has_beneath(filesystem, &end) || end == "/",
    };
    (!there).then(|| {
        RULE.at(link.span, format!("`{path}` leads to `{target}`, and nothing can be there"))
            .evidence([Evidence::text("target", target)])
            .label("no entry of the tree contains it")
            .help("grant what it leads to, or take the link out")
    })
}

fn closed(policy: &Policy, path: &str, mount: &Mount) -> Option<Diagnostic> {
    let (parent, above) = tree::above(&policy.filesystem, path)?;
    let (MountKind::Directory { mode, owner } | MountKind::Tmpfs { mode, owner, .. }) = &above.kind else {
        return None;
    };
    // Who the program is to an owner with another id is not known here: its group may be the same.
    let search = match owner {
        Ownership::Program { uid: None, .. } => 0o100,
        Ownership::Program { .. } | Ownership::Builder => 0o011,
    };
    (mode & search == 0).then(|| {
        RULE.at(mount.span, format!("`{path}` cannot be reached by the program"))
            .evidence([Evidence::text("within", parent), Evidence::text("mode", format!("{mode:#o}"))])
            .and(above.span, format!("`{parent}` has the mode {mode:#05o}, and may not be searched"))
            .help("give that directory a mode such as `0o755`")
    })
}
