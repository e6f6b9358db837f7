//! What a cgroup is given has to suffice for the launch itself, whose first process is born in it.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::error("cgroup-too-small", "a limit of the cgroup is below what every program needs to start").why(
        "Everything of the sandbox is born in its cgroup, the launcher's own processes too. Below what \
        these need, no launch succeeds.\n\n\
        Raise the limit to what the finding names, and further to what the program needs.",
    );

/// No program starts in less: the launcher's processes, their stacks and page tables have taken some of it by then.
const LEAST_MEMORY: u64 = 1 << 20;

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(cgroup) = &policy.cgroup else { return Vec::new() };
    let reaper = policy.namespaces.pid.value == Namespace::New;
    let processes = if reaper { "2: pid 1 of the sandbox, and the program" } else { "1: the program" };
    let needs = [
        ("memory_max", LEAST_MEMORY, "1MiB"),
        ("memory_high", LEAST_MEMORY, "1MiB"),
        ("pids_max", 1 + u64::from(reaper), processes),
    ];
    let small = |(key, least, words): (&str, u64, &str)| {
        let setting =
            cgroup.setting(key).filter(|setting| setting.amount.is_some_and(|amount| amount < least))?;
        Some(
            RULE.at(setting.span, format!("with `cgroup.{key}` of {} nothing can start", setting.value))
                .label(format!("expected at least {words}")),
        )
    };
    needs.into_iter().filter_map(small).collect()
}
