//! System calls come in families, and a member of one does what the others do.

use super::{calls, evidence};
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::{Policy, SyscallRule};
use crate::seccomp::verdict::Verdict;
use crate::seccomp::{Meaning, call_words};
use std::collections::BTreeSet;

pub(super) const RULE: Rule =
    Rule::warning("synonym-allowed", "a system call is refused, and one that does the same passes").why(
        "The kernel never takes a system call away, it adds a better one beside it: `open`, `openat` and \
        `openat2` open files, `chmod`, `fchmodat` and `fchmodat2` change modes, `mount` and `move_mount` \
        mount. Who refuses one and forgets another refuses nothing (CVE-2021-41133: a list that had \
        `mount` and not its successors).\n\n\
        Refuse the whole family, or none of it; ENOSYS for the newer ones alone is fine, since programs \
        then use the older. Only calls that are refused by name and altogether are looked at, not what \
        is merely not allowed.",
    );

/// Calls that do the same for whoever wants it done, the oldest first.
const FAMILIES: [&[&str]; 16] = [
    &["creat", "open", "openat", "openat2"],
    &["chmod", "fchmodat", "fchmodat2"],
    &["chown", "lchown", "fchownat"],
    &["mkdir", "mkdirat"],
    &["mknod", "mknodat"],
    &["rename", "renameat", "renameat2"],
    &["link", "linkat"],
    &["symlink", "symlinkat"],
    &["unlink", "unlinkat"],
    &["rmdir", "unlinkat"],
    &["setxattr", "setxattrat"],
    &["mount", "move_mount"],
    &["accept", "accept4"],
    &["kill", "tkill", "tgkill", "pidfd_send_signal"],
    &["settimeofday", "clock_settime"],
    &["fork", "vfork", "clone", "clone3"],
];

pub(super) fn check(policy: &Policy, filter: &Meaning) -> Vec<Diagnostic> {
    let Some(seccomp) = &policy.seccomp else { return Vec::new() };
    let stated = |rule: &&SyscallRule| rule.conditions.is_empty() && rule.action.refuses();
    let (mut findings, mut told) = (Vec::new(), BTreeSet::new());
    for rule in seccomp.rules.iter().filter(stated) {
        let families = FAMILIES.iter().filter(|family| family.contains(&rule.name));
        for family in families.filter(|_| filter.passes(rule.name, &[]).is_none()) {
            // ENOSYS sends programs to an older one, which is no oversight.
            let falls_back = Verdict::from(rule.action) == Verdict::ENOSYS;
            let meant = |name: &&&str| falls_back && **name != rule.name;
            let mut newer = family.iter().skip_while(meant);
            let passing = newer.find_map(|name| Some((name, filter.passes(name, &[])?)));
            let (Some((name, passes)), true) = (passing, told.insert(family)) else { continue };
            findings.push(
                RULE.at(
                    rule.span,
                    format!("`{}` is refused, and `{}` passes", rule.name, call_words(&passes)),
                )
                .evidence(evidence::calls(policy, family))
                .and(calls::place(policy, name), format!("`{name}` is allowed here"))
                .help(format!("refuse {} together", family.join(", "))),
            );
        }
    }
    findings
}
