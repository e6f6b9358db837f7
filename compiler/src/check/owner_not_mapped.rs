//! A file can only belong to an id that the sandbox's user namespace knows.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{IdMapping, Mount, MountKind, Namespace, Ownership, Policy, User};
use crate::source::Spanned;

pub(super) const RULE: Rule =
    Rule::error("owner-not-mapped", "an owner of files is not mapped in the sandbox's user namespace").why(
        "A file can only belong to an id that the user namespace maps; the kernel answers EINVAL or \
        EOVERFLOW to others.\n\n\
        Map the id in `namespaces.user`, or leave the owner out.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let namespaces = &policy.namespaces;
    // What the launcher's own maps, or one that is joined, shows at launch.
    if namespaces.user.value != Namespace::New {
        return Vec::new();
    }
    let (own_uid, own_gid) = match policy.process.user.value {
        User::Caller => (None, None),
        User::Ids { uid, gid, .. } => (Some(uid), Some(gid)),
    };
    let named = policy.filesystem.mounts.values().filter_map(owner);
    named
        .flat_map(|[uid, gid]| {
            let uid = uid.as_ref().and_then(|id| unmapped(id, "user", own_uid, &namespaces.uid_mappings));
            let gid = gid.as_ref().and_then(|id| unmapped(id, "group", own_gid, &namespaces.gid_mappings));
            uid.into_iter().chain(gid)
        })
        .collect()
}

/// The ids that an entry names.
fn owner(mount: &Mount) -> Option<[&Option<Spanned<u32>>; 2]> {
    match &mount.kind {
        MountKind::Tmpfs { owner: Ownership::Program { uid, gid }, .. }
        | MountKind::Directory { owner: Ownership::Program { uid, gid }, .. } => Some([uid, gid]),
        _ => None,
    }
}

/// Without mappings only the program's own id is mapped, which is the caller's when nobody says which.
fn unmapped(
    id: &Spanned<u32>,
    what: &str,
    own: Option<u32>,
    mappings: &[Spanned<IdMapping>],
) -> Option<Diagnostic> {
    let finding = RULE.at(id.span, format!("{what} id {} is not mapped", id.value));
    match mappings.first() {
        Some(first) => {
            let known = mappings.iter().any(|mapping| mapping.value.outside(id.value).is_some());
            (!known).then(|| finding.and(first.span, format!("no `container_id` covers {}", id.value)))
        }
        None => (own? != id.value).then(|| {
            finding
                .label("only the program's own ids are")
                .help("leave it out, or map it in `namespaces.user`")
        }),
    }
}
