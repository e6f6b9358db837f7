//! An idmap gives files to ids inside, which must stand for somebody.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{IdMap, IdMapping, Inexpressible, Policy};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule::error(
    "invalid-idmap",
    "an idmap gives files to nobody, or needs more lines than there may be",
)
.why(
    "An idmap says which ids inside own files of the disk. An id that the user namespace does not map \
        owns nothing, and a map has at most 340 lines in a page (user_namespaces(7)).\n\n\
        Map the ids in `namespaces.user` too.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let user = &policy.namespaces.user;
    if user.value.is_joined() {
        let unknown = |idmap: &Spanned<IdMap>| {
            RULE.at(idmap.span, "what ids inside stand for is not known before the launch")
                .and(user.span, "the user namespace is joined")
                .help("take the idmap out, or let `namespaces.user` be new, with mappings")
        };
        return policy.filesystem.idmaps().map(unknown).collect();
    }
    let finding = |idmap: &Spanned<IdMap>| {
        let span = idmap.span;
        let maps = policy.mount_maps(&idmap.value);
        ["user", "group"].into_iter().zip(maps).filter_map(move |(what, map)| match map.err()? {
            Inexpressible::Unmapped(id) => Some(
                RULE.at(id.span, format!("{what} id {} is not mapped in the user namespace", id.value))
                    .help("a `container_id` is an id inside: map it in `namespaces.user`"),
            ),
            Inexpressible::TooLong => Some(
                RULE.at(span, format!("the {what} ids need a map that is too long"))
                    .label(format!(
                        "expected at most {} lines in {} bytes",
                        IdMapping::LINES_MAX,
                        IdMapping::TEXT_MAX
                    ))
                    .help("ranges are split where those of `namespaces.user` are"),
            ),
        })
    };
    policy.filesystem.idmaps().flat_map(finding).collect()
}
