//! clone3 has its flags in memory, where no filter can look.

use super::{calls, evidence};
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::seccomp::verdict::Verdict;
use crate::seccomp::{Bits, Meaning, call_words};

pub(super) const RULE: Rule = Rule::warning(
    "clone3-unfiltered",
    "clone3 passes, and makes the namespaces and processes that clone is refused",
)
.why(
    "clone3(2) takes its flags in a struct in memory, and a filter sees registers alone: whatever is \
        refused of `clone` is had by `clone3` (flatpak and Docker both had to answer ENOSYS to it for \
        that: moby/moby#42680). Where `clone` is allowed in part boxwright answers `clone3` with ENOSYS \
        by itself, and libraries fall back on `clone`; this finding is about a spec that allows `clone3` \
        and `clone` not at all.\n\n\
        Remove `clone3` from `seccomp.allow`, and it gets the default action; or allow `clone` too, by a \
        rule without new namespaces. The finding shows a call that \
        passes beside one that does not.",
);

/// The namespaces of clone(2) (linux/sched.h).
const NEW_NAMESPACES: [u64; 7] =
    [0x1000_0000, 0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x2000_0000, 0x4000_0000];

pub(super) fn check(policy: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let Some(passes) = filter.passes("clone3", &[]) else { return Vec::new() };
    let refused = NEW_NAMESPACES.iter().find_map(|&flag| filter.refuses("clone", &[Bits::set(0, flag)]));
    let finding = |refused| {
        RULE.at(
            calls::place(policy, "clone3"),
            format!("`{}` is refused, and `{}` passes", call_words(&refused), call_words(&passes)),
        )
        .evidence(evidence::calls(policy, &["clone", "clone3"]))
        .label("its flags are in memory, where no filter looks")
        .help(match &policy.seccomp {
            Some(seccomp) if !seccomp.default_action.value.permits() => format!(
                "remove `clone3`: it gets the default action then, {}; or allow `clone` too, without new \
                namespaces: `clone3` answers ENOSYS then, and libraries fall back on `clone`",
                Verdict::from(seccomp.default_action.value)
            ),
            _ => "refuse `clone3` too, in `seccomp.deny`".to_owned(),
        })
    };
    refused.map(finding).into_iter().collect()
}
