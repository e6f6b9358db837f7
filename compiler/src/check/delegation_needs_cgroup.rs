//! What the program divides is its own cgroup, beneath limits of the spec.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::landlock::Feature;
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule = Rule::error(
    "delegation-needs-cgroup",
    "a program would divide a cgroup that is not certainly its own",
)
.why(
    "A program that may make cgroups divides the one that it is in. That has to be certainly its own, \
        or it would move and limit processes of others.\n\n\
        Give the sandbox a `[cgroup]` section that no machine may leave out, and a user namespace that \
        is not joined.",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some((path, mount)) = policy.delegates_cgroup() else { return Vec::new() };
    let finding = RULE.at(mount.span, format!("`{path}` would be writable"));
    let user = &policy.namespaces.user;
    let finding = if policy.cgroup.is_none() {
        finding.label("the sandbox has no cgroup of its own").help("write a `[cgroup]` section")
    } else if policy.is_optional(Feature::Cgroup) {
        finding.label("`requires.optional` lets the sandbox go without a cgroup of its own")
    } else if let Namespace::Join(_) = user.value {
        finding.label("whose it is is not known").and(user.span, "the user namespace is joined")
    } else {
        return Vec::new();
    };
    vec![finding]
}
