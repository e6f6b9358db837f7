//! Without a filter the program can slow down the process that has to end the sandbox.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::warning("unprotected-init", "the program can delay the end of the sandbox").why(
        "The sandbox's init (pid 1) has the ids of the program, so the program may give it the idle \
        scheduling policy, the highest nice value, a single processor or limits. The kernel ends a pid \
        namespace in the context of its init: while that does not run, neither `lifecycle.timeout` nor \
        SIGKILL of the launcher ends anything (pid_namespaces(7), sched(7)). A filter denies those calls \
        when they name pid 1.\n\n\
        Remove `seccomp.default_action = \"allow\"`, or deny at least one call: either way there is a filter. \
        Without one the end rests on the launcher's helper process alone.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let pid = &policy.namespaces.pid;
    let written = policy.ending.timeout.as_ref().or(policy.ending.grace.as_ref());
    let Some(time) = written.filter(|_| policy.seccomp.is_none() && pid.value == Namespace::New) else {
        return Vec::new();
    };
    let key = if policy.ending.timeout.is_some() { "timeout" } else { "kill_timeout" };
    vec![
        RULE.at(time.span, format!("`lifecycle.{key}` can be delayed by the program"))
            .evidence([])
            .label("without a filter it can starve the sandbox's init")
            .help("list what the program needs in `seccomp.allow` instead of allowing every system call"),
    ]
}
