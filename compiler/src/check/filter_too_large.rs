//! The kernel takes 4096 instructions, and a proof takes memory: rules on arguments can be too many for either.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Operator, Policy};
use crate::seccomp::request::Asked;
use crate::seccomp::{Meaning, compile_filter};
use crate::source::Span;
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule::error(
    "filter-too-large",
    "the rules make a filter that the kernel does not take or that cannot be proven",
)
.why(
    "The kernel takes 4096 instructions of classic BPF (BPF_MAXINSNS), and boxwright builds no filter \
        that it could not prove to mean what the rules mean. Many values on several arguments need more \
        of either.\n\n\
        Join values to ranges or masks, or look at fewer arguments.",
);

/// With so few values the rules in their order are a program that fits, whatever they mean: a value takes at most six
/// instructions, and the numbers of an architecture less than a thousand.
const SURELY_FITS: usize = 300;

pub(super) fn check(_: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let request = &filter.merged.request;
    // Without conditions a filter is ranges of numbers, and always small.
    let Some((most, values, all)) = most_values(&request.rules) else { return Vec::new() };
    let reason = match filter.over_budget() {
        Some(reason) => reason.to_string(),
        None if filter.contradiction().is_some() => return Vec::new(),
        None if all * request.architectures.len() <= SURELY_FITS => return Vec::new(),
        None => match compile_filter(&request.filter()) {
            Ok(_) => return Vec::new(),
            Err(reason) => reason.to_string(),
        },
    };
    let place = filter.merged.origins.get(most.origin).map_or(Span::default(), |origin| origin.span);
    vec![
        RULE.at(place, reason)
            .label(format!("most of it is about `{}`, which is compared with {values} values", most.name))
            .help("join values to ranges or masks, or look at fewer arguments"),
    ]
}

/// A rule on the system call that is compared with the most values, how many they are, and those of all.
fn most_values(rules: &[Asked]) -> Option<(&Asked, usize, usize)> {
    let mut calls: BTreeMap<&str, (&Asked, usize)> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| !rule.conditions.is_empty()) {
        let values = rule.conditions.iter().map(|(_, operator)| match operator {
            Operator::OneOf(values) => values.len(),
            _ => 1,
        });
        calls.entry(rule.name).or_insert((rule, 0)).1 += values.sum::<usize>();
    }
    let all = calls.values().map(|&(_, values)| values).sum();
    let (most, values) = calls.into_values().max_by_key(|&(_, values)| values)?;
    Some((most, values, all))
}
