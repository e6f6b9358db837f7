//! A host name can be set only in a UTS namespace of the sandbox's own.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Namespace, Policy};

pub(super) const RULE: Rule =
    Rule::error("hostname-needs-uts", "a host name is asked for in a UTS namespace of others").why(
        "Setting a name in a UTS namespace that is not the sandbox's renames the host, or whoever else is \
        in it.\n\n\
        Let `namespaces.uts` be new, or take the name out.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let uts = &policy.namespaces.uts;
    let (renamed, whose) = match uts.value {
        Namespace::New => return Vec::new(),
        Namespace::Host => ("the host", "the UTS namespace is the host's"),
        Namespace::Join(_) => ("others", "the UTS namespace is joined"),
    };
    [("hostname", &policy.hostname), ("domainname", &policy.domainname)]
        .into_iter()
        .filter_map(|(key, name)| {
            let finding =
                RULE.at(name.as_ref()?.span, format!("`{key}` would rename {renamed}")).and(uts.span, whose);
            Some(finding.help("take one of them out"))
        })
        .collect()
}
