//! Ids of one kind that are mapped while those of the other are not.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{IdMapping, Policy};
use crate::source::{Span, Spanned};

pub(super) const RULE: Rule =
    Rule::error("half-mapped", "user ids are mapped without group ids, or the other way round").why(
        "A process and a file have a user and a group. With only one kind of ids mapped everything \
        belongs to nobody in the other, and the launch fails at the first file that it makes.\n\n\
        Name both mappings.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let namespaces = &policy.namespaces;
    let own = missing(namespaces.user.span, &namespaces.uid_mappings, &namespaces.gid_mappings);
    let of_mounts = policy.filesystem.idmaps().filter_map(|idmap| {
        missing(idmap.span, &idmap.value.uid, &idmap.value.gid)
            .or_else(|| idmap.value.uid.is_empty().then(|| RULE.at(idmap.span, "the idmap maps no id")))
    });
    own.into_iter().chain(of_mounts).collect()
}

fn missing(span: Span, uid: &[Spanned<IdMapping>], gid: &[Spanned<IdMapping>]) -> Option<Diagnostic> {
    let (there, absent) = match (uid.first(), gid.first()) {
        (Some(_), None) => ("user", "gid_mappings"),
        (None, Some(_)) => ("group", "uid_mappings"),
        _ => return None,
    };
    Some(
        RULE.at(span, format!("{there} ids are mapped, and there are no `{absent}`"))
            .help("name both: a process and a file have a user and a group"),
    )
}
