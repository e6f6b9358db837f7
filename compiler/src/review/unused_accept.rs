//! Acceptances of what is not found.

use super::accept::entry;
use crate::diagnostic::{Diagnostic, Rule};
use crate::spec::Accept;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule::warning("unused-accept", "something is accepted that is not found").why(
    "An acceptance covers a finding of its rule at its key, and only with its evidence: what the rule has seen, such as the \
     source of a mount and whether it is writable. An acceptance that covers nothing is left over, or what it was about has \
     changed. Remove it, or look at the finding again and write what `check --show-accept` prints.",
);

/// The finding, with what would accept what the rule does find.
pub(super) fn finding(accept: &Accept, found: &[&Diagnostic]) -> Diagnostic {
    let rule = &accept.rule.value;
    let key = accept.at.as_ref().map_or("", |at| &at.value);
    let place = accept.at.as_ref().map_or(accept.rule.span, |at| at.span);
    let written = |finding: &&&Diagnostic| {
        let entry = entry(finding)?;
        Some(entry.lines().skip(2).collect::<Vec<_>>().join(", "))
    };
    let changed = found.iter().filter(|finding| finding.place == key);
    let changed: BTreeSet<String> = changed.filter_map(|finding| written(&finding)).collect();
    if !changed.is_empty() {
        let finding = RULE
            .at(place, format!("`{rule}` is found here with other evidence than what is accepted"))
            .evidence([]);
        let changed: Vec<String> = changed.into_iter().map(|line| evidence(&line)).collect();
        return finding.help(format!("look at it again; what is found now has {}", changed.join(" or ")));
    }
    let places: BTreeSet<&str> =
        found.iter().map(|finding| finding.place.as_str()).filter(|place| !place.is_empty()).collect();
    if accept.at.is_some() && !places.is_empty() {
        let places: Vec<String> = places.iter().map(|place| format!("`{place}`")).collect();
        return RULE
            .at(place, format!("`{rule}` is not found at `{key}`"))
            .evidence([])
            .help(format!("it is found at {}", places.join(", ")));
    }
    let finding = RULE.at(accept.rule.span, format!("`{rule}` is accepted and not found")).evidence([]);
    match places.first() {
        Some(place) => finding.help(format!("add the key that it is about: at = '{place}'")),
        None => finding.help("remove this entry"),
    }
}

fn evidence(line: &str) -> String {
    if line.is_empty() { "no evidence: omit `evidence`".into() } else { format!("`{line}`") }
}
