//! Inside a user namespace of its own a program has every capability, and with it parts of the kernel that are root's.

use super::{calls, evidence};
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;
use crate::seccomp::{Bits, Meaning, call_words};

pub(super) const RULE: Rule =
    Rule::note("userns-allowed", "the program may make user namespaces, and be root in them").why(
        "Whoever makes a user namespace has all capabilities in it. They give nothing outside, but they \
        open code of the kernel that was written for root: netfilter, file system parameters, traffic \
        control. Most local root exploits of the last years begin there (CVE-2022-0185 in fsconfig(2), \
        CVE-2022-0492 with release_agent, CVE-2023-32233 in nf_tables).\n\n\
        Few programs need it; browsers and container tools do. `@system-service` allows it, as systemd's \
        set does. To refuse it, allow `clone` without `CLONE_NEWUSER` by a rule, which lets `clone3` \
        answer ENOSYS, and deny `unshare` and `setns`.",
    );

/// linux/sched.h: `CLONE_NEWUSER`.
const NEW_USER: u64 = 0x1000_0000;

pub(super) fn check(policy: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let flags = [Bits::set(0, NEW_USER)];
    let ways: [(&str, &[Bits]); 3] = [("unshare", &flags), ("clone", &flags), ("clone3", &[])];
    let found = ways.iter().find_map(|(name, bits)| Some((*name, filter.passes(name, bits)?)));
    let finding = |(name, passes)| {
        RULE.at(calls::place(policy, name), format!("`{}` passes", call_words(&passes)))
            .evidence(evidence::calls(policy, &["unshare", "clone", "clone3", "setns"]))
            .label("inside a new user namespace the program has every capability")
            .help("allow `clone` by a rule without `CLONE_NEWUSER`, and deny `unshare` and `setns`")
    };
    found.map(finding).into_iter().collect()
}
