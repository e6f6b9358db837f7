//! A filter that lists what is refused allows all that nobody thought of.

use super::{calls, evidence};
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::seccomp::word::Input;
use crate::seccomp::{Meaning, call_words, group};

pub(super) const RULE: Rule =
    Rule::warning("denylist-seccomp", "a filter that allows by default lets dangerous calls pass").why(
        "With `default_action = \"allow\"` a filter is as good as the memory of whoever wrote it. \
        flatpak's list did not know the mount calls of Linux 5.2, which were all it was there to refuse \
        (CVE-2021-41133). What the tables of this compiler do not know answers ENOSYS in such a filter \
        too, but all that they know passes unless it is named.\n\n\
        List what the program needs in `seccomp.allow` instead; `@system-service` is a start. Where a \
        list of what is refused is wanted all the same, deny the groups of which the finding shows a \
        call: nothing is found when none of `@mount`, `@module`, `@keyring`, `@debug`, `@raw-io`, \
        `@reboot`, `@swap`, `bpf`, `userfaultfd`, `open_by_handle_at`, `setns`, `unshare` and \
        `io_uring_setup` passes.",
    );

const GROUPS: [&str; 7] = ["@mount", "@module", "@keyring", "@debug", "@raw-io", "@reboot", "@swap"];
const CALLS: [&str; 6] = ["bpf", "userfaultfd", "open_by_handle_at", "setns", "unshare", "io_uring_setup"];

pub(super) fn check(policy: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let Some(seccomp) = &policy.seccomp else { return Vec::new() };
    if !seccomp.default_action.value.permits() {
        return Vec::new();
    }
    let grouped = GROUPS.iter().filter_map(|name| group(name)).flatten();
    let mut names: Vec<&str> = CALLS.into_iter().chain(grouped).collect();
    names.retain(|name| calls::place(policy, name) == seccomp.default_action.span);
    let passing: Vec<(&str, Input)> =
        names.iter().filter_map(|name| Some((*name, filter.passes(name, &[])?))).collect();
    let finding = |(_, first): &(&str, Input)| {
        RULE.at(
            seccomp.default_action.span,
            format!("`{}` passes, because nothing refuses it", call_words(first)),
        )
        .evidence(evidence::names("passes", passing.iter().map(|(name, _)| *name)))
        .label(format!("of dangerous system calls {} pass", passing.len()))
        .help("list what the program needs in `seccomp.allow`, or deny the groups that are dangerous too")
    };
    passing.first().map(finding).into_iter().collect()
}
