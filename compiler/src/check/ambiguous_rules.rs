//! Two rules must not answer the same call differently: which one was meant?

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::seccomp::{Meaning, call_words};

pub(super) const RULE: Rule =
    Rule::error("ambiguous-rules", "two rules answer the same system call differently").why(
        "Named rules must not contradict each other: libseccomp resolves such pairs in ways that surprise \
        its own authors (its test 43), and a reviewer cannot tell. The finding shows a call that both \
        rules match.\n\n\
        Change the arguments of one so that no call matches both.",
    );

pub(super) fn check(_: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let Some(found) = filter.contradiction() else { return Vec::new() };
    let origins = &filter.merged.origins;
    let (Some(first), Some(second)) = (origins.get(found.origins.0), origins.get(found.origins.1)) else {
        return Vec::new();
    };
    let call = call_words(&found.witness);
    vec![
        RULE.at(
            second.span,
            format!("`{}` and `{}` answer `{call}` differently", first.source, second.source),
        )
        .label(format!("this one with {}", found.verdicts.1))
        .and(first.span, format!("this one with {}", found.verdicts.0))
        .help("change the arguments of one so that no call matches both"),
    ]
}
