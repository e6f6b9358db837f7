//! An id 0 of the host inside the sandbox is the host's root whatever else is taken away.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy, User};

pub(super) const RULE: Rule = Rule::warning("host-root-mapped", "the program can be the host's root");

const WHY: &str = "files and settings that belong to the host's root belong to the program";

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let namespaces = &policy.namespaces;
    let maps = [("user", &namespaces.uid_mappings), ("group", &namespaces.gid_mappings)];
    let mut findings: Vec<Diagnostic> = maps
        .into_iter()
        .flat_map(|(what, mappings)| mappings.iter().map(move |mapping| (what, mapping)))
        .filter(|(_, mapping)| mapping.value.host_id == 0)
        .map(|(what, mapping)| {
            RULE.at(mapping.span, format!("the host's {what} 0 is mapped into the sandbox")).label(WHY)
        })
        .collect();
    if let (Namespace::Host, User::Ids { uid: 0, .. }) = (namespaces.user.value, &policy.process.user.value) {
        let user = &policy.process.user;
        findings.push(RULE.at(user.span, "the program runs as the host's user 0").label(WHY));
    }
    findings
}
