//! clone3 has its flags in memory, where no filter can look.

use super::calls;
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
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
        Take `clone3` out of `seccomp.allow`, or allow `clone` with it. The finding shows a call that \
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
        .label("its flags are in memory, where no filter looks")
        .help("take `clone3` out: it answers ENOSYS then, and libraries fall back on `clone`")
    };
    refused.map(finding).into_iter().collect()
}
