//! What a period may take over from others is at most its own time, or the kernel refuses it.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::error("burst-above-quota", "`cgroup.cpu_max_burst` is more than the time of a period").why(
        "A burst is time saved from earlier periods, at most the quota itself; the kernel refuses more \
        with EINVAL (cgroup-v2.rst, sched-bwc.rst), so no launch would succeed.\n\n\
        Lower `cpu_max_burst`, or raise `cpu_max`.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(cgroup) = &policy.cgroup else { return Vec::new() };
    let Some(burst) = cgroup.setting("cpu_max_burst") else { return Vec::new() };
    let finding = match cgroup.setting("cpu_max").filter(|quota| quota.amount != Some(u64::MAX)) {
        None => RULE.at(burst.span, "`cgroup.cpu_max_burst` without a limit that it could exceed"),
        Some(quota) if burst.amount > quota.amount => RULE
            .at(burst.span, "`cgroup.cpu_max_burst` is more than a period of `cgroup.cpu_max` has")
            .and(quota.span, format!("{} us in a period", quota.amount.unwrap_or(0))),
        Some(_) => return Vec::new(),
    };
    vec![finding]
}
