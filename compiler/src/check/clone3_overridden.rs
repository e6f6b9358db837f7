//! Finds `clone3` allowed by its name where clone's flags are checked, so that it answers ENOSYS anyway.

use super::evidence;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Policy, RuleSource, SyscallRule};
use crate::seccomp::verdict::Verdict;
use crate::seccomp::{Architecture, Meaning};

pub(super) const RULE: Rule =
    Rule::warning("clone3-overridden", "`clone3` is allowed by name, and answers ENOSYS").why(
        "clone3(2) takes its flags in memory, where no filter can look, so where `clone` is allowed only in \
        part `clone3` answers ENOSYS, whatever allows it. A spec that names it seems to count on it: a \
        program that calls it without falling back on `clone` does not work.\n\n\
        Remove `clone3`, or allow `clone` without conditions.",
    );

pub(super) fn check(policy: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let Some(seccomp) = &policy.seccomp else { return Vec::new() };
    let rules = &seccomp.rules;
    let narrowed = rules.iter().find(|rule| rule.name == "clone" && !rule.conditions.is_empty());
    let other =
        filter.find(Architecture::X86_64, "clone3", &[], |verdict| verdict != Verdict::ENOSYS).is_some();
    let Some(narrowed) = narrowed.filter(|_| !other) else { return Vec::new() };
    // What a group has in it was not asked for by name.
    let named = |rule: &&SyscallRule| match rule.source {
        RuleSource::Named(_) => true,
        _ => rules.iter().filter(|other| other.span == rule.span).count() == 1,
    };
    let allowed = rules.iter().filter(|rule| rule.name == "clone3" && rule.action.permits());
    allowed
        .filter(named)
        .map(|rule| {
            RULE.at(rule.span, "`clone3` is allowed here, and answers ENOSYS")
                .evidence(evidence::calls(policy, &["clone", "clone3"]))
                .label("its flags are in memory, where no filter can look")
                .and(narrowed.span, "`clone` is allowed only in part")
                .help("remove `clone3`: libraries fall back on `clone`; or allow `clone` without conditions")
        })
        .collect()
}
