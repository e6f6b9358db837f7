//! Memory that nobody limits is the whole machine's.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule = Rule::note("no-memory-limit", "nothing limits the memory of the sandbox").why(
    "A program that leaks or is made to allocate takes the memory of its neighbours, and the kernel \
        then kills whatever it finds best. `rlimits.as` is about one process and about addresses, not \
        memory; only a cgroup counts all of it, page cache and tmpfs included (cgroup-v2.rst).\n\n\
        Set `cgroup.memory_max`, and `memory_swap_max = 0` to have it end there.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let limit = policy.cgroup.as_ref().and_then(|cgroup| cgroup.setting("memory_max"));
    if limit.is_some_and(|limit| limit.amount != Some(u64::MAX)) {
        return Vec::new();
    }
    let place = limit.map(|limit| limit.span).or(policy.cgroup.as_ref().map(|cgroup| cgroup.span));
    let finding =
        RULE.at(place.unwrap_or_default(), "the sandbox may use all memory of the machine").evidence([]);
    vec![finding.help("write `memory_max` in [cgroup]")]
}
