//! Two rules must not answer the same call differently: which one was meant?

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::seccomp::diagram::Diagram;
use crate::seccomp::rule::RuleError;
use crate::seccomp::{call_words, merge};

pub(super) const RULE: Rule =
    Rule::error("ambiguous-rules", "two rules answer the same system call differently");

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(merged) = merge(policy) else { return Vec::new() };
    // Rules of one verdict agree wherever they meet.
    if merged.request.rules.windows(2).all(|pair| pair[0].verdict == pair[1].verdict) {
        return Vec::new();
    }
    let Err(RuleError::Contradiction(found)) = merged.request.filter().meaning(&mut Diagram::default())
    else {
        return Vec::new();
    };
    let (Some(first), Some(second)) =
        (merged.origins.get(found.origins.0), merged.origins.get(found.origins.1))
    else {
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
