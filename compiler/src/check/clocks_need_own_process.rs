//! Clock offsets are written to the launcher's own /proc, which is closed to it while it hides from those whom it joins.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::error("clocks-need-own-process", "clock offsets are asked for beside a namespace that is joined")
        .why(
            "Clock offsets are written to /proc of the process that made the time namespace. Before it joins \
        a pid or user namespace that others are in, the launcher hides from them, and can no longer \
        write there.\n\n\
        Join a time namespace that has the offsets, or leave them out.",
        );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let namespaces = &policy.namespaces;
    let Some(offset) = namespaces.clock_offsets.first() else { return Vec::new() };
    [("pid", &namespaces.pid), ("user", &namespaces.user)]
        .into_iter()
        .filter(|(_, namespace)| namespace.value.is_joined())
        .map(|(kind, namespace)| {
            RULE.at(offset.span, format!("clocks cannot be set where the {kind} namespace is joined"))
                .label("the launcher hides from the processes there, and so cannot write this")
                .and(namespace.span, format!("the {kind} namespace is joined"))
                .help("write `time = \"new\"`, or join a time namespace that has the offsets")
        })
        .collect()
}
