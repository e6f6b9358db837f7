//! A pid namespace of others has a reaper of others: nothing ends what the program has started.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule = Rule::warning(
    "leftover-processes",
    "what the program starts can outlive the launch",
)
.why(
    "Only a new pid namespace ends with its first process. In one that is joined, a process that the program \
        has put into the background goes on when the launcher has returned (pid_namespaces(7)).\n\n\
        Write a `[cgroup]` section: at the end the launcher kills all that is in it.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let pid = &policy.namespaces.pid;
    let finding = || {
        RULE.at(pid.span, "the pid namespace is joined, and nothing ends what the program leaves in it")
            .evidence([])
            .label("a process in the background goes on after the launch")
            .help("write a `[cgroup]` section, which is killed at the end")
    };
    (pid.value.is_joined() && policy.cgroup.is_none()).then(finding).into_iter().collect()
}
