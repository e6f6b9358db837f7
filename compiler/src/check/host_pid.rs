//! Among the host's processes are those of the program's own user.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule = Rule::warning("host-pid", "the pid namespace is the host's").why(
    "In the host's pid namespace the program can signal every process of its user, learn from `/proc` \
        what runs with which arguments, and through `/proc/PID/root` and `ptrace` reach the files and \
        memory of processes outside (pid_namespaces(7), ptrace(2)). What it has started may also outlive \
        the sandbox: only a pid namespace ends with its first process.\n\n\
        Let the namespace be new. A program that has to signal another can be given a socket or a pidfd \
        instead; `landlock.scoped = [\"signal\"]` keeps signals inside where the namespace is shared.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let pid = &policy.namespaces.pid;
    let finding = || {
        RULE.at(pid.span, "the pid namespace is the host's")
            .evidence([])
            .label("the program sees the processes of the host and can signal those of its user")
    };
    (pid.value == Namespace::Host).then(finding).into_iter().collect()
}
