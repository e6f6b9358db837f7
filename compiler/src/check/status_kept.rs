//! Who reads the status trusts the launcher, so the program must not be able to write it.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::error("status-kept", "the program keeps the descriptor that the status is written to").why(
        "Who reads the status trusts the launcher. A program that keeps the descriptor can write \
        `{\"exit\":0}` itself.\n\n\
        Use another descriptor for the status.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(status) = &policy.status_fd else { return Vec::new() };
    let kept = policy.process.keep_fds.iter().find(|kept| kept.value == status.value);
    let finding = |kept: &crate::source::Spanned<u32>| {
        RULE.at(status.span, format!("the program could write to descriptor {} too", status.value))
            .and(kept.span, "it is kept for the program")
            .help("use another descriptor for the status")
    };
    kept.map(finding).into_iter().collect()
}
