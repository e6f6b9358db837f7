//! A path or a descriptor is one namespace, of one kind.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};
use std::collections::BTreeMap;

pub(super) const RULE: Rule =
    Rule::error("joined-twice", "two kinds of namespaces are joined by the same thing").why(
        "A namespace has one kind. A file of nsfs that is to be joined as two of them is a slip of the \
        pen that the launch would refuse.\n\n\
        Each kind has its own file in `/proc/PID/ns`.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut seen = BTreeMap::new();
    let mut all = policy.namespaces.all();
    all.sort_by_key(|(_, namespace)| namespace.span);
    for (kind, namespace) in all {
        let Namespace::Join(handle) = &namespace.value else { continue };
        if let Some((first, span)) = seen.insert(handle, (kind, namespace.span)) {
            findings.push(
                RULE.at(
                    namespace.span,
                    format!("the {kind} namespace is joined by {handle}, as the {first} namespace is"),
                )
                .label("the second")
                .and(span, "the first")
                .help("each kind has its own file in `/proc/PID/ns`"),
            );
        }
    }
    findings
}
