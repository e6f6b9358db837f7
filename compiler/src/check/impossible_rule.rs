//! A rule whose conditions exclude each other speaks of no call.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Policy, SyscallRule};
use crate::seccomp::can_match;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule::error("impossible-rule", "no call can meet all conditions of a rule")
    .why(
        "A rule whose conditions on one argument exclude each other speaks of no call, and whoever wrote \
        it believes that something is refused or allowed by it.\n\n\
        Write two rules, or list the values in one condition.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let rules = policy.seccomp.iter().flat_map(|seccomp| &seccomp.rules);
    let impossible = rules.filter(|rule| looks_twice(rule) && !can_match(rule));
    // A rule on many system calls is wrong once.
    let found: BTreeSet<_> = impossible.map(|rule| (rule.span, &rule.source, rule.name)).collect();
    let mut findings: Vec<Diagnostic> = Vec::new();
    for (span, source, name) in found {
        if findings.last().is_none_or(|last| last.span != span) {
            findings.push(
                RULE.at(span, format!("no call of `{name}` meets all conditions of `{source}`"))
                    .help("its conditions on one argument exclude each other"),
            );
        }
    }
    findings
}

/// One condition alone that never holds is found with its values.
fn looks_twice(rule: &SyscallRule) -> bool {
    let arguments: BTreeSet<u8> = rule.conditions.iter().map(|(argument, _)| *argument).collect();
    arguments.len() < rule.conditions.len()
}
