//! `[seccomp]`: names and groups into numbers.

use super::errnos;
use super::rules::{DUPLICATE_ENTRY, NO_SECCOMP, UNKNOWN_ERRNO, UNKNOWN_SYSCALL, WITHOUT_EFFECT};
use crate::diagnostic::{Diagnostic, suggest};
use crate::policy::{Action, Seccomp};
use crate::seccomp::{group, group_names, syscall_names, syscall_number};
use crate::source::{Span, Spanned};
use crate::spec::{self, Amount, Leaf, Spec};
use std::collections::BTreeMap;

/// What an ordinary program needs to start, read, write, compute and exit.
const DEFAULT_ALLOW: &str = "@minimal";

const EPERM: u16 = 1;

pub(super) fn resolve(seccomp: &spec::Seccomp, findings: &mut Vec<Diagnostic>) -> Option<Seccomp> {
    let default_action = default_action(seccomp, findings);
    if default_action.value == Action::Allow {
        if let Some(allow) = &seccomp.allow {
            findings.push(
                WITHOUT_EFFECT
                    .at(allow.span, "`seccomp.allow` changes nothing when everything is allowed")
                    .and(default_action.span, "everything is allowed here"),
            );
        }
        findings.push(
            NO_SECCOMP
                .at(default_action.span, "there is no filter: the program may make every system call")
                .label("everything is allowed here"),
        );
        return None;
    }
    let default = || vec![Spanned::new(DEFAULT_ALLOW.to_owned(), Spec::NOWHERE)];
    let names = seccomp.allow.as_ref().map_or_else(default, |allow| allow.value.clone());
    let (mut allow, mut seen) = (BTreeMap::new(), BTreeMap::new());
    for name in &names {
        match (numbers(&name.value), seen.insert(&name.value, name.span)) {
            (_, Some(first)) => findings.push(
                DUPLICATE_ENTRY
                    .at(name.span, format!("`{}` is allowed twice", name.value))
                    .label("the second")
                    .and(first, "the first"),
            ),
            (Some(numbers), None) => insert(&mut allow, &numbers, name.span),
            (None, None) => findings.push(unknown(name, findings.len())),
        }
    }
    Some(Seccomp { default_action, allow })
}

fn default_action(seccomp: &spec::Seccomp, findings: &mut Vec<Diagnostic>) -> Spanned<Action> {
    let errno = default_errno(&seccomp.default_errno, findings);
    let meanings = [
        ("allow", Action::Allow),
        ("errno", Action::Errno(errno)),
        ("kill_process", Action::KillProcess),
        ("kill_thread", Action::KillThread),
        ("trap", Action::Trap),
        ("log", Action::Log),
        ("trace", Action::Trace(0)),
    ];
    let action = super::word(&seccomp.default_action, &meanings, Action::Errno(errno));
    if let (Some(errno), false) = (&seccomp.default_errno, matches!(action.value, Action::Errno(_))) {
        findings.push(
            WITHOUT_EFFECT
                .at(
                    errno.span,
                    "`seccomp.default_errno` changes nothing unless `default_action` is \"errno\"",
                )
                .and(action.span, "the action that is taken instead"),
        );
    }
    action
}

fn default_errno(leaf: &Leaf<Amount>, findings: &mut Vec<Diagnostic>) -> u16 {
    let number = match leaf.as_ref().map(|leaf| &leaf.value) {
        None => Some(EPERM),
        Some(Amount::Integer(number)) => u16::try_from(*number).ok(),
        Some(Amount::Text(name)) => errnos::number(name),
    };
    if let (None, Some(Spanned { value: Amount::Text(name), span })) = (number, leaf) {
        let finding = UNKNOWN_ERRNO.at(*span, format!("unknown errno `{name}`"));
        findings.push(match suggest::nearest(name, errnos::names(), findings.len()) {
            Some(near) => finding.label(format!("did you mean `{near}`?")),
            None => finding.label("expected a name of errno(3) such as `EPERM`, or a number"),
        });
    }
    number.unwrap_or(EPERM)
}

/// The numbers of a system call or of a group; members that this architecture does not have are left out.
fn numbers(name: &str) -> Option<Vec<u32>> {
    if name.starts_with('@') {
        group(name).map(|members| members.iter().copied().filter_map(syscall_number).collect())
    } else {
        syscall_number(name).map(|number| vec![number])
    }
}

/// The first entry that allows a call is the one that is named; one that names it alone is a better reason than a group.
fn insert(allow: &mut BTreeMap<u32, Span>, numbers: &[u32], span: Span) {
    for number in numbers {
        if numbers.len() == 1 {
            allow.insert(*number, span);
        } else {
            allow.entry(*number).or_insert(span);
        }
    }
}

fn unknown(name: &Spanned<String>, found: usize) -> Diagnostic {
    let is_group = name.value.starts_with('@');
    let what = if is_group { "group of system calls" } else { "system call" };
    let near = if is_group {
        suggest::nearest(&name.value, group_names(), found)
    } else {
        suggest::nearest(&name.value, syscall_names(), found)
    };
    let finding = UNKNOWN_SYSCALL.at(name.span, format!("unknown {what} `{}`", name.value));
    match near {
        Some(near) => finding.label(format!("did you mean `{near}`?")),
        None if is_group => {
            finding.help(format!("the groups are {}", group_names().collect::<Vec<_>>().join(", ")))
        }
        None => finding.label("x86_64 has no system call of this name"),
    }
}
