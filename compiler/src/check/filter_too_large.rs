//! The kernel takes 4096 instructions, and a proof takes memory: rules on arguments can be too many for either.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Operator, Policy};
use crate::seccomp::request::Asked;
use crate::seccomp::{Error, compile_filter, merge};
use crate::source::Span;
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule::error(
    "filter-too-large",
    "the rules make a filter that the kernel does not take or that cannot be proven",
);

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(merged) = merge(policy) else { return Vec::new() };
    // Without conditions a filter is ranges of numbers, and always small.
    let Some((most, values)) = most_values(&merged.request.rules) else { return Vec::new() };
    let reason = match compile_filter(&merged.request.filter()) {
        Ok(_) | Err(Error::Contradiction(_)) => return Vec::new(),
        Err(reason) => reason,
    };
    let place = merged.origins.get(most.origin).map_or(Span::default(), |origin| origin.span);
    vec![
        RULE.at(place, reason.to_string())
            .label(format!("most of it is about `{}`, which is compared with {values} values", most.name))
            .help("join values to ranges or masks, or look at fewer arguments"),
    ]
}

/// A rule on the system call that is compared with the most values, and how many they are.
fn most_values(rules: &[Asked]) -> Option<(&Asked, usize)> {
    let mut calls: BTreeMap<&str, (&Asked, usize)> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| !rule.conditions.is_empty()) {
        let values = rule.conditions.iter().map(|(_, operator)| match operator {
            Operator::OneOf(values) => values.len(),
            _ => 1,
        });
        calls.entry(rule.name).or_insert((rule, 0)).1 += values.sum::<usize>();
    }
    calls.into_values().max_by_key(|&(_, values)| values)
}
