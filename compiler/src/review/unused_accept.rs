//! Acceptances of what is not found.

use crate::diagnostic::{Diagnostic, Rule};
use crate::spec::Accept;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule::warning("unused-accept", "something is accepted that is not found").why(
    "An acceptance that nothing needs any more would silently accept the next finding of its kind. Take it out, or correct the \
     key in `at`.",
);

/// The finding, with the keys at which the rule does find something.
pub(super) fn finding(accept: &Accept, places: &BTreeSet<&str>) -> Diagnostic {
    let rule = &accept.rule.value;
    match &accept.at {
        Some(at) if !places.is_empty() => {
            let places: Vec<String> = places.iter().map(|place| format!("`{place}`")).collect();
            RULE.at(at.span, format!("`{rule}` is not found at `{}`", at.value))
                .help(format!("it is found at {}", places.join(", ")))
        }
        _ => RULE
            .at(accept.rule.span, format!("`{rule}` is accepted and not found"))
            .help("take this entry out"),
    }
}
