//! Questions about system calls that several rules ask.

use crate::policy::Policy;
use crate::source::Span;

/// Where the spec lets calls of this name pass: the last place that says so, or the default.
pub(super) fn place(policy: &Policy, name: &str) -> Span {
    let Some(seccomp) = &policy.seccomp else { return Span::default() };
    let rule = seccomp.rules.iter().rfind(|rule| rule.name == name && rule.action.permits());
    rule.map_or(seccomp.default_action.span, |rule| rule.span)
}
