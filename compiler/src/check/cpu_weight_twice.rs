//! The kernel's files for the weight of a cgroup's processors are views of one value, and an idle one has none.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::error("cpu-weight-twice", "two keys give the cgroup a share of the processors").why(
        "`cpu.weight`, `cpu.weight.nice` and `cpu.idle` are views of one value (cgroup-v2.rst): what is \
        written last holds.\n\n\
        Keep one.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(cgroup) = &policy.cgroup else { return Vec::new() };
    let idle = cgroup.setting("cpu_idle").filter(|setting| setting.amount == Some(1));
    let given = [idle, cgroup.setting("cpu_weight"), cgroup.setting("cpu_weight_nice")];
    let given: Vec<_> = given.into_iter().flatten().collect();
    given
        .iter()
        .zip(given.iter().skip(1))
        .map(|(first, second)| {
            RULE.at(second.span, format!("`cgroup.{}` and `cgroup.{}` are one value", first.key, second.key))
                .and(first.span, "the first")
                .help("keep one of them")
        })
        .collect()
}
