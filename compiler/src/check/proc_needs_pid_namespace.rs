//! A proc file system shows the pid namespace that it is mounted in.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{MountKind, Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::error("proc-needs-pid-namespace", "an own /proc is asked for in the host's pid namespace");

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let pid = &policy.namespaces.pid;
    if pid.value == Namespace::New {
        return Vec::new();
    }
    let procs =
        policy.filesystem.mounts.values().filter(|mount| matches!(mount.kind, MountKind::Proc { .. }));
    procs
        .map(|proc| {
            RULE.at(proc.span, "an own /proc would show the processes of the host")
                .and(pid.span, "the pid namespace is the host's")
                .help("write `proc = \"none\"`, or let the pid namespace be new")
        })
        .collect()
}
