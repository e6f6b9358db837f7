//! With explicit mappings, the program's own ids must be among them.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Policy, User};

pub(super) const RULE: Rule =
    Rule::error("user-not-mapped", "the program's id is not in the mappings of its user namespace").why(
        "With mappings in words the program's own ids have to be among them: without one, it would be \
        nobody in its own namespace, and setresuid(2) fails.\n\n\
        Add a mapping that covers them.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let (namespaces, user) = (&policy.namespaces, &policy.process.user);
    let User::Ids { uid, gid, groups } = &user.value else { return Vec::new() };
    let ids = std::iter::once((*uid, "user", &namespaces.uid_mappings))
        .chain(std::iter::once((*gid, "group", &namespaces.gid_mappings)))
        .chain(groups.iter().flatten().map(|group| (*group, "group", &namespaces.gid_mappings)));
    ids.filter_map(|(id, what, mappings)| {
        let first = mappings.first()?;
        mappings.iter().all(|mapping| mapping.value.outside(id).is_none()).then(|| {
            RULE.at(user.span, format!("{what} id {id} is not mapped"))
                .and(first.span, format!("no `container_id` covers {id}"))
        })
    })
    .collect()
}
