//! A sandbox that has to work on an old kernel asks for nothing that only newer ones have.

use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Kernel, Policy};
use crate::spec::Spec;

pub(super) const RULE: Rule =
    Rule::error("needs-kernel", "the oldest kernel that a sandbox is for lacks what it asks for").why(
        "`requires.kernel`, or `check --kernel`, says how old a kernel may be. A launch looks at no \
        version: it tries, and fails where a kernel lacks what is asked for. This finding says so \
        before.\n\n\
        Take out what is too new, or require a newer kernel. The README has the table.",
    );

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let Some(oldest) = &policy.oldest_kernel else { return Vec::new() };
    if oldest.value < Kernel::OLDEST {
        let message = format!("no launcher works on Linux {}", oldest.value);
        return vec![RULE.at(oldest.span, message).label(format!("{} is the first", Kernel::OLDEST))];
    }
    let newer = policy.newer_features().into_iter().filter(|feature| feature.value.since > oldest.value);
    let finding = |feature: crate::source::Spanned<&crate::policy::Feature>| {
        let message = format!("{} needs Linux {}", feature.value.words(), feature.value.since);
        let finding = RULE.at(feature.span, message).label(format!("{} does not have it", oldest.value));
        match oldest.span {
            Spec::NOWHERE => finding,
            span => finding.and(span, "the oldest kernel that the sandbox is for"),
        }
    };
    newer.map(finding).collect()
}
