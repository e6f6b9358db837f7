//! The filter is in force when the launcher executes the program, so it must allow that.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Execution, Policy, SyscallRule};
use crate::seccomp::{Architecture, Meaning};

pub(super) const RULE: Rule = Rule::error("execve-denied", "the filter would stop the launcher's own execve")
    .why(
        "The filter is in force when the launcher executes the program, because only then nothing of the \
        program runs without it. A filter that refuses this call refuses the program.\n\n\
        Allow `execve`; `exec = \"once\"` lets the launcher's own pass and no other.",
    );

pub(super) fn check(policy: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let Some(seccomp) = &policy.seccomp else { return Vec::new() };
    // Then the launcher's own execve, and no other, passes whatever else is said of it.
    let once = policy.process.exec.value == Execution::Once;
    let launcher = Architecture::X86_64.name();
    let known = seccomp.architectures.iter().any(|architecture| architecture.value == launcher);
    if known && (once || filter.refuses("execve", &[]).is_none()) {
        return Vec::new();
    }
    if let (Some(other), false) = (seccomp.architectures.first(), known) {
        return vec![
            RULE.at(other.span, format!("`seccomp.arches` lacks {launcher}, so no program could be started"))
                .help(format!("the launcher is of {launcher}: add it")),
        ];
    }
    let about = || seccomp.rules.iter().filter(|rule| rule.name == "execve");
    let refuses = |rule: &&SyscallRule| !rule.action.permits();
    let about = about().find(refuses).or(about().next_back());
    let finding = match about {
        Some(rule) => RULE.at(rule.span, format!("`{}` keeps the launcher from `execve`", rule.source)),
        None => {
            let place = seccomp.rules.first().map_or(seccomp.default_action.span, |rule| rule.span);
            RULE.at(place, "`seccomp.allow` does not allow `execve`, so no program could be started")
        }
    };
    vec![match about {
        Some(_) => {
            finding.help("the launcher executes the program under this filter: allow all calls of `execve`")
        }
        None => finding.help("add `execve`, or a group that has it such as `@minimal`"),
    }]
}
