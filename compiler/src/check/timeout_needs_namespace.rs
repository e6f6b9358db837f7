//! What a program has started outlives it, unless a namespace or a cgroup ends with it.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::error("timeout-needs-namespace", "processes could outlive the time that the sandbox has").why(
        "When its time is up a program is ended. What it has started goes on, unless a pid namespace ends \
        with the program or everything is in a cgroup that can be killed.\n\n\
        Let `namespaces.pid` be new, or write a `[cgroup]` section that no machine may leave out.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let written = policy.ending.timeout.as_ref().or(policy.ending.grace.as_ref());
    let Some(time) = written.filter(|_| !policy.is_killed_whole()) else { return Vec::new() };
    let key = if policy.ending.timeout.is_some() { "timeout" } else { "kill_timeout" };
    vec![
        RULE.at(time.span, format!("`lifecycle.{key}` would end the program, and not what it has started"))
            .and(policy.namespaces.pid.span, "no pid namespace of its own ends with the sandbox")
            .help("let namespaces.pid be \"new\", or write a [cgroup] section that `requires.optional` does not leave out"),
    ]
}
