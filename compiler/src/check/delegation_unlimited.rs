//! A cgroup that the program divides without end.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::warning("delegation-unlimited", "a program may make cgroups without limit").why(
        "The launcher removes every cgroup that the program has made, one by one, before it ends, and each \
        takes memory of the kernel until then. The kernel's own limit is 2147483647 (cgroup.max.descendants \
        in cgroup-v2.rst).\n\n\
        Set `cgroup.max_descendants` to as many as the program needs.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let (Some((path, mount)), Some(cgroup)) = (policy.delegates_cgroup(), &policy.cgroup) else {
        return Vec::new();
    };
    let limit = cgroup.setting("max_descendants");
    if limit.is_some_and(|limit| limit.amount != Some(u64::MAX)) {
        return Vec::new();
    }
    let finding = RULE
        .at(mount.span, format!("`{path}` is writable"))
        .label("the program may make cgroups here")
        .evidence([]);
    vec![match limit {
        Some(limit) => finding.and(limit.span, "as many as the kernel has room for"),
        None => finding.help("add `max_descendants` to `[cgroup]`"),
    }]
}
