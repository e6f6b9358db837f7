//! Who administers the mount namespace can make writable what the spec mounts read-only.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{Mount, MountKind, Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::warning("capability-undoes-mounts", "the program can undo what is read-only, masked or sealed")
        .why(
            "`CAP_SYS_ADMIN` over the mount namespace is the right to remount: a bind that the spec makes \
        read-only becomes writable, a mask is unmounted (mount_namespaces(7); mounts of a more \
        privileged namespace are locked, those that the launcher makes are not).\n\n\
        Leave it out. Where the program needs it, a filter that refuses the calls of `@mount` keeps the \
        mounts as they are.",
        );

/// `linux/capability.h`: `CAP_SYS_ADMIN`.
const ADMINISTRATION: u64 = 1 << 21;

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let capabilities = &policy.process.capabilities;
    let undoes = capabilities.value & ADMINISTRATION != 0 && policy.namespaces.mount.value == Namespace::New;
    let finding = || {
        RULE.at(capabilities.span, "`CAP_SYS_ADMIN` is the right to change the mounts of the sandbox").evidence(protected(policy))
            .label("a remount makes a read-only bind of the host writable")
            .help("leave it out; a filter that refuses mount(2), mount_setattr(2) and their kin keeps the mounts as they are")
    };
    undoes.then(finding).into_iter().collect()
}

/// What there is to undo: each place of the tree that is read-only, masked or sealed.
fn protected(policy: &Policy) -> Vec<Evidence> {
    let protects = |mount: &Mount| {
        matches!(mount.kind, MountKind::Mask { .. } | MountKind::Seal { .. })
            || (matches!(mount.kind, MountKind::Bind { .. }) && !mount.kind.is_writable())
    };
    let mounts = policy.filesystem.mounts.iter().filter(|(_, mount)| protects(mount));
    mounts
        .map(|(path, mount)| match &mount.kind {
            MountKind::Bind { source, .. } => Evidence::text("protected", source),
            _ => Evidence::text("protected", path),
        })
        .collect()
}
