//! `[seccomp.rules]`: each rule into what it says of each of its system calls.

use super::conditions::{Applied, Wanted};
use super::rules::{EMPTY_RULE, INVALID_CONDITION, INVALID_NAME, TOO_MANY_RULES, WITHOUT_EFFECT};
use super::seccomp::{Names, errno};
use super::top::checked_name;
use crate::diagnostic::Diagnostic;
use crate::policy::{Action, Operator, RuleSource, SyscallRule};
use crate::source::Spanned;
use crate::spec;

/// A filter has at most 4096 instructions, so a spec with more has lost its way.
const RULES_MAX: usize = 1 << 14;

/// As many ways of meeting one rule are written out.
const ALTERNATIVES_MAX: usize = 1 << 10;

/// What all rules say; the errno of those that name none is `default_errno`.
pub(super) fn resolve(
    rules: &[(Spanned<String>, spec::SyscallRule)],
    names: &Names,
    default_errno: u16,
    findings: &mut Vec<Diagnostic>,
) -> Vec<SyscallRule> {
    let mut resolved = Vec::new();
    for (name, rule) in rules {
        if let Err(reason) = checked_name(&name.value) {
            findings.push(INVALID_NAME.at(name.span, format!("the rule's name {reason}")));
        }
        resolved.extend(one(name, rule, names, default_errno, findings));
        if resolved.len() > RULES_MAX {
            findings.push(
                TOO_MANY_RULES
                    .at(name.span, format!("the rules up to here speak of more than {RULES_MAX} calls"))
                    .help("no filter is so large: name fewer system calls in rules with arguments"),
            );
            break;
        }
    }
    resolved
}

fn one(
    name: &Spanned<String>,
    rule: &spec::SyscallRule,
    names: &Names,
    default_errno: u16,
    findings: &mut Vec<Diagnostic>,
) -> Vec<SyscallRule> {
    let errno = errno(&rule.errno, default_errno, findings);
    let action = action(rule, errno, findings);
    if rule.names.value.is_empty() {
        findings.push(EMPTY_RULE.at(rule.names.span, format!("`{}` names no system call", name.value)));
    }
    let key = format!("seccomp.rules.{}", name.value);
    let wanted: Vec<_> = rule.args.iter().filter_map(|arg| Wanted::new(arg, findings)).collect();
    let mut resolved = Vec::new();
    for syscall in names.members(&rule.names.value, &key, action, findings).into_keys() {
        let applied: Result<Vec<_>, _> =
            wanted.iter().map(|wanted| wanted.on(syscall, &names.architectures)).collect();
        let alternatives = match applied {
            Ok(applied) => alternatives(&applied),
            Err(finding) => {
                findings.push(finding);
                break;
            }
        };
        let Some(alternatives) = alternatives else {
            findings.push(
                INVALID_CONDITION
                    .at(name.span, format!("the lists of `{}` have too many combinations", name.value))
                    .help("split the rule"),
            );
            break;
        };
        resolved.extend(alternatives.into_iter().map(|conditions| SyscallRule {
            name: syscall,
            conditions,
            action,
            source: RuleSource::Named(name.value.clone()),
            span: name.span,
        }));
    }
    resolved
}

fn action(rule: &spec::SyscallRule, errno: u16, findings: &mut Vec<Diagnostic>) -> Action {
    let action = super::seccomp::action(&rule.action.value, errno);
    if let (Some(errno), false) = (&rule.errno, matches!(action, Action::Errno(_))) {
        findings.push(
            WITHOUT_EFFECT
                .at(errno.span, "`errno` changes nothing unless `action` is \"errno\"")
                .evidence([])
                .and(rule.action.span, "the action that is taken instead"),
        );
    }
    action
}

/// Every way of meeting all conditions; `None` when there are too many.
fn alternatives(applied: &[Applied]) -> Option<Vec<Vec<(u8, Operator)>>> {
    let mut all = vec![Vec::new()];
    for one in applied {
        match one {
            Applied::All(index, operators) => {
                for conditions in &mut all {
                    conditions.extend(operators.iter().map(|operator| (*index, operator.clone())));
                }
            }
            Applied::Any(index, operators) => {
                let with = |conditions: &Vec<_>, operator: &Operator| {
                    [conditions.as_slice(), &[(*index, operator.clone())]].concat()
                };
                if all.len() * operators.len() > ALTERNATIVES_MAX {
                    return None;
                }
                all = all
                    .iter()
                    .flat_map(|conditions| operators.iter().map(move |operator| with(conditions, operator)))
                    .collect();
            }
        }
    }
    Some(all)
}
