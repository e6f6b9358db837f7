//! The policy deadline is the host's to give, to a process that will not fork: the program's own, with the host's rights.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy, SchedulingPolicy};

pub(super) const RULE: Rule =
    Rule::error("deadline-needs-host-user", "the policy deadline is asked for in another user namespace")
        .why(
            "SCHED_DEADLINE is given by `CAP_SYS_NICE` over the host, to the process itself: it cannot be \
        inherited over a fork (sched(7)). In a new user namespace the program's own process does not \
        have that.\n\n\
        Let `namespaces.user` be \"host\" and launch as root, or use `fifo` or `rr`.",
        );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let user = &policy.namespaces.user;
    match &policy.process.scheduling.scheduler {
        Some(scheduler)
            if user.value != Namespace::Host
                && matches!(scheduler.value.policy, SchedulingPolicy::Deadline { .. }) =>
        {
            vec![
                RULE.at(
                    scheduler.span,
                    "`deadline` needs the host's CAP_SYS_NICE in the program's own process",
                )
                .and(user.span, "another user namespace takes it away")
                .help("let namespaces.user be \"host\" and launch as root, or use `fifo` or `rr`"),
            ]
        }
        _ => Vec::new(),
    }
}
