//! Processes that nobody limits are the whole machine's.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::note("no-pids-limit", "nothing limits how many processes the sandbox has").why(
        "A fork bomb fills the table of processes, and nobody can log in to end it. `cgroup.pids_max` \
        counts processes and threads of the sandbox alone; `rlimits.nproc` counts those of a user, and \
        does not hold for root (setrlimit(2), cgroup-v2.rst).\n\n\
        Set `cgroup.pids_max`: a few hundred are enough for most services.",
    );

/// `rlimits.nproc`.
const RLIMIT_NPROC: u32 = 6;

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let limit = policy.cgroup.as_ref().and_then(|cgroup| cgroup.setting("pids_max"));
    let of_user = policy.rlimits.iter().any(|limit| limit.resource == RLIMIT_NPROC && limit.soft != u64::MAX);
    if of_user || limit.is_some_and(|limit| limit.amount != Some(u64::MAX)) {
        return Vec::new();
    }
    let place = limit.map(|limit| limit.span).or(policy.cgroup.as_ref().map(|cgroup| cgroup.span));
    let finding = RULE
        .at(place.unwrap_or_default(), "the sandbox may have as many processes as the machine")
        .evidence([]);
    vec![finding.help("write `pids_max` in [cgroup], or `nproc` in [rlimits]")]
}
