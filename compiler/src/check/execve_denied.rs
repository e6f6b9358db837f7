//! The filter is in force when the launcher executes the program, so it must allow that.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Action, Policy};
use crate::seccomp::syscall_number;

pub(super) const RULE: Rule = Rule::error("execve-denied", "the filter would stop the launcher's own execve");

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(seccomp) = &policy.seccomp else { return Vec::new() };
    let passes = matches!(seccomp.default_action.value, Action::Allow | Action::Log);
    let allowed = syscall_number("execve").is_some_and(|execve| seccomp.allow.contains_key(&execve));
    if passes || allowed {
        return Vec::new();
    }
    let place = seccomp.allow.values().next().map_or(seccomp.default_action.span, |span| *span);
    vec![
        RULE.at(place, "`seccomp.allow` does not allow `execve`, so no program could be started")
            .help("add `execve`, or a group that has it such as `@minimal`"),
    ]
}
