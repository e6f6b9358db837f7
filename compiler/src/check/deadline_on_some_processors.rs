//! A process with a deadline runs on every processor, or the kernel refuses the policy.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Policy, SchedulingPolicy};

pub(super) const RULE: Rule = Rule::error(
    "deadline-on-some-processors",
    "the policy deadline and a set of processors exclude each other",
)
.why(
    "The kernel guarantees deadlines over all processors of a root domain, and refuses the policy to \
        a process that may run on some of them alone (sched_setattr(2), EPERM).\n\n\
        Take the affinity out, or make a cpuset on the host.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let scheduling = &policy.process.scheduling;
    match (&scheduling.scheduler, &scheduling.cpu_affinity) {
        (Some(scheduler), Some(cpus))
            if matches!(scheduler.value.policy, SchedulingPolicy::Deadline { .. }) =>
        {
            vec![
                RULE.at(cpus.span, "`process.cpu_affinity` cannot be kept with the policy `deadline`")
                    .and(scheduler.span, "the policy")
                    .help("take one of them out; a cpuset of the host can do both (sched_setattr(2))"),
            ]
        }
        _ => Vec::new(),
    }
}
