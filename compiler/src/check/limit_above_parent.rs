//! A limit that stands inside another one, and is never reached.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{Cgroup, MountKind, Policy};
use crate::source::Span;

pub(super) const RULE: Rule =
    Rule::warning("limit-above-parent", "a limit is above one that contains it, and is never reached").why(
        "What a tmpfs holds is memory of the cgroup: with `memory_max` below its size a program that \
        fills it is killed before it is told that there is no space left. Locked memory is memory too, \
        and processes beyond `pids_max` are refused whatever `rlimits.nproc` says. The kernel has at \
        most 4194304 processes (`PID_MAX_LIMIT` in linux/threads.h), so more is no limit \
        (cgroup-v2.rst).\n\n\
        Make the inner limit the smaller one.",
    );

/// `rlimits.nproc` and `rlimits.memlock`.
const RLIMIT_NPROC: u32 = 6;
const RLIMIT_MEMLOCK: u32 = 8;

/// linux/threads.h.
const PID_MAX_LIMIT: u64 = 4 << 20;

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(cgroup) = &policy.cgroup else { return Vec::new() };
    let mut findings = Vec::new();
    for (path, mount) in &policy.filesystem.mounts {
        if let MountKind::Tmpfs { size: Some(size), .. } = mount.kind {
            findings.extend(above(cgroup, "memory_max", size, mount.span, &format!("the size of `{path}`")));
        }
    }
    for (resource, key) in [(RLIMIT_NPROC, "pids_max"), (RLIMIT_MEMLOCK, "memory_max")] {
        for limit in
            policy.rlimits.iter().filter(|limit| limit.resource == resource && limit.soft != u64::MAX)
        {
            findings.extend(above(cgroup, key, limit.soft, limit.span, &format!("`rlimits.{}`", limit.name)));
        }
    }
    let pids = cgroup.setting("pids_max");
    if let Some(pids) =
        pids.filter(|pids| pids.amount.is_some_and(|most| most > PID_MAX_LIMIT && most != u64::MAX))
    {
        findings.push(
            RULE.at(pids.span, "`cgroup.pids_max` is more than the kernel has")
                .evidence([])
                .label(format!("it has at most {PID_MAX_LIMIT} processes")),
        );
    }
    findings
}

fn above(cgroup: &Cgroup, key: &str, amount: u64, span: Span, what: &str) -> Option<Diagnostic> {
    let outer = cgroup.setting(key).filter(|outer| outer.amount.is_some_and(|most| amount > most))?;
    Some(
        RULE.at(span, format!("{what} is above `cgroup.{key}`"))
            .evidence([Evidence::number("amount", amount)])
            .label("never reached")
            .and(outer.span, "this is reached first"),
    )
}
