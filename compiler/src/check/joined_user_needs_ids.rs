//! Who the caller is says nothing about who the program should be in somebody else's user namespace.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Policy, User};
use crate::spec::Spec;

pub(super) const RULE: Rule =
    Rule::error("joined-user-needs-ids", "a user namespace is joined without saying as whom").why(
        "Who the caller is says nothing about who the program should be in somebody else's user \
        namespace: the caller's id may be another's there, or nobody's.\n\n\
        Name ids that are mapped there.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let (namespace, user) = (&policy.namespaces.user, &policy.process.user);
    if !namespace.value.is_joined() || user.value != User::Caller {
        return Vec::new();
    }
    let finding = RULE
        .at(namespace.span, "the user namespace is joined, and the program's ids are left to the caller")
        .help("name ids that are mapped there: `user = { uid = 65534, gid = 65534 }` in [process]");
    vec![if user.span == Spec::NOWHERE { finding } else { finding.and(user.span, "the caller's ids") }]
}
