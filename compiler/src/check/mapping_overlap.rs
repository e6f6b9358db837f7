//! The kernel refuses a map in which an id, inside or outside, has two meanings.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{IdMapping, Policy};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule::error("mapping-overlap", "two id mappings share an id").why(
    "The kernel refuses a map in which an id has two meanings, inside or outside (user_namespaces(7), \
        EINVAL).\n\n\
        Make the ranges disjoint.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let namespaces = &policy.namespaces;
    let mut findings = Vec::new();
    let own = [&namespaces.uid_mappings, &namespaces.gid_mappings].map(|mappings| (mappings, "outside"));
    let of_mounts = policy.filesystem.idmaps().flat_map(|idmap| [&idmap.value.uid, &idmap.value.gid]);
    for (mappings, side) in own.into_iter().chain(of_mounts.map(|mappings| (mappings, "on the disk"))) {
        findings.extend(overlap(mappings, "inside", |mapping| mapping.container_id));
        findings.extend(overlap(mappings, side, |mapping| mapping.host_id));
    }
    findings
}

fn overlap(
    mappings: &[Spanned<IdMapping>],
    side: &str,
    first: impl Fn(&IdMapping) -> u32,
) -> Vec<Diagnostic> {
    let mut sorted: Vec<_> = mappings.iter().collect();
    sorted.sort_by_key(|mapping| (first(&mapping.value), mapping.span));
    let shares = |pair: &[&Spanned<IdMapping>]| {
        let [a, b] = pair else { return None };
        let end = u64::from(first(&a.value)) + u64::from(a.value.size);
        let shared = first(&b.value);
        (u64::from(shared) < end).then(|| {
            let (early, late) = if a.span < b.span { (a, b) } else { (b, a) };
            RULE.at(late.span, format!("id {shared} {side} is mapped twice"))
                .label("the second mapping")
                .and(early.span, "the first mapping")
        })
    };
    sorted.windows(2).filter_map(shares).collect()
}
