//! A busy real-time program takes its processor from everybody else, whoever wants to end it included.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Policy, SchedulingPolicy};

pub(super) const RULE: Rule =
    Rule::warning("real-time-without-limit", "a busy real-time program may keep a processor for itself").why(
        "A real-time program that never blocks takes its processor from everybody, the shell that wants \
        to end it included; the kernel leaves others a twentieth of the time (sched(7), \
        `sched_rt_runtime_us`).\n\n\
        Limit it with `rlimits.rttime`, after which the kernel sends SIGXCPU.",
    );

/// `rlimits.rttime`.
const RLIMIT_RTTIME: u32 = 15;

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let limited =
        policy.rlimits.iter().any(|limit| limit.resource == RLIMIT_RTTIME && limit.soft != u64::MAX);
    let scheduler = policy.process.scheduling.scheduler.as_ref().filter(|scheduler| {
        matches!(scheduler.value.policy, SchedulingPolicy::Fifo(_) | SchedulingPolicy::RoundRobin(_))
    });
    let finding = |scheduler: &crate::source::Spanned<_>| {
        RULE.at(scheduler.span, "the program is real-time, and nothing ends it when it never blocks")
            .evidence([])
            .label("the kernel's throttling leaves others a twentieth of the time")
            .help("limit it: rlimits.rttime = \"200ms\"")
    };
    scheduler.filter(|_| !limited).map(finding).into_iter().collect()
}
