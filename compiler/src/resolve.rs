//! `Spec` to `Policy`: defaults filled in, names looked up, units converted, short forms expanded.

mod addresses;
mod capabilities;
mod cgroup;
mod conditions;
mod etc;
mod families;
mod filesystem;
mod interfaces;
mod landlock;
mod lifecycle;
mod mounts;
mod namespaces;
mod paths;
mod process;
mod requires;
mod rlimits;
mod rules;
mod scheduling;
mod seccomp;
mod syscall_rules;
mod top;
mod units;

pub use rules::RULES;

use crate::diagnostic::{Diagnostic, Fix};
use crate::policy::Policy;
use crate::source::{Source, Span, Spanned};
use crate::spec::{Leaf, Spec};
use std::collections::BTreeMap;

/// What the spec means. Where a finding says that something has no meaning, its default stands in the `Policy`, so
/// that the rest can be checked too; there is none without a program.
pub fn resolve(spec: &Spec, source: &Source) -> (Option<Policy>, Vec<Diagnostic>) {
    let mut findings = Vec::new();
    let policy = top::resolve(spec, source, &mut findings);
    (policy, findings)
}

/// The value as written, or its default.
fn or_default<T: Clone>(leaf: &Leaf<T>, default: T) -> Spanned<T> {
    leaf.clone().unwrap_or(Spanned::new(default, Spec::NOWHERE))
}

/// The meaning of a word, or of the default when the parser has refused it.
fn word<T: Copy>(leaf: &Leaf<String>, meanings: &[(&str, T)], default: T) -> Spanned<T> {
    let meaning = |word: &str| meanings.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning);
    leaf.as_ref().map_or(Spanned::new(default, Spec::NOWHERE), |leaf| {
        Spanned::new(meaning(&leaf.value).unwrap_or(default), leaf.span)
    })
}

/// The items of a list, sorted, without those that stand there twice.
/// The first of a list, of which a launch can make no more; where it is longer, that is said.
fn at_most<'a, T>(
    most: usize,
    list: &'a [Spanned<T>],
    key: &str,
    findings: &mut Vec<Diagnostic>,
) -> &'a [Spanned<T>] {
    if let Some(excess) = list.get(most) {
        let finding = rules::INVALID_AMOUNT.at(excess.span, format!("{key} has {} entries", list.len()));
        findings.push(finding.label(format!("expected at most {most}")));
    }
    list.get(..most).unwrap_or(list)
}

fn each_once<T: Clone + Ord + std::fmt::Display>(
    list: &[Spanned<T>],
    key: &str,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Spanned<T>> {
    let mut seen = BTreeMap::new();
    for (at, item) in list.iter().enumerate() {
        if let Some(first) = seen.insert(item.value.clone(), item.span) {
            findings.push(
                rules::DUPLICATE_ENTRY
                    .at(item.span, format!("`{}` stands twice in {key}", item.value))
                    .label("the second")
                    .and(first, "the first")
                    .fix(without(list, at)),
            );
        }
    }
    seen.into_iter().map(|(value, span)| Spanned::new(value, span)).collect()
}

/// Leaves an item out of a list, with the comma before it.
fn without<T>(list: &[Spanned<T>], at: usize) -> Option<Fix> {
    let (before, item) = (list.get(at.checked_sub(1)?)?.span, list.get(at)?.span);
    (before.end <= item.start).then(|| Fix::remove(Span::new(before.end, item.end)))
}

/// The place of a `true`.
fn asked(leaf: &Leaf<bool>) -> Option<Span> {
    leaf.as_ref().filter(|leaf| leaf.value).map(|leaf| leaf.span)
}

/// The value, or nothing and a finding.
fn keep<T>(result: Result<T, Diagnostic>, findings: &mut Vec<Diagnostic>) -> Option<T> {
    result.map_err(|finding| findings.push(finding)).ok()
}
