//! What the rest of a spec implies for its filter.

use super::constant::constant;
use crate::policy::{Action, Execution, Operator, Policy, RuleSource, SyscallRule, Terminal};
use crate::source::Spanned;

const EPERM: u16 = 1;
const ENOSYS: u16 = 38;
const EAFNOSUPPORT: u16 = 97;

/// Every rule that follows from a key outside of `[seccomp]`; all of them refuse something.
pub fn implied(policy: &Policy) -> Vec<SyscallRule> {
    let families = policy.address_families.iter().flat_map(address_families);
    families.chain(terminal(&policy.process.terminal)).collect()
}

/// A terminal that is shared must not be made to type: neither by TIOCSTI (CVE-2017-5226) nor by what a virtual console pastes
/// on TIOCLINUX (CVE-2023-28100).
fn terminal(terminal: &Spanned<Terminal>) -> Vec<SyscallRule> {
    let refuse = |name| {
        let request = constant(name).filter(|_| terminal.value == Terminal::Inherit)?;
        Some(SyscallRule {
            name: "ioctl",
            conditions: vec![(1, Operator::Equal(request))],
            action: Action::Errno(EPERM),
            source: RuleSource::Implied("process.terminal"),
            span: terminal.span,
        })
    };
    ["TIOCSTI", "TIOCLINUX"].into_iter().filter_map(refuse).collect()
}

/// The place that answers name for an exec that is refused because there is only one; the rule itself is the request's.
pub fn exec_once(policy: &Policy) -> Option<SyscallRule> {
    let exec = &policy.process.exec;
    (exec.value == Execution::Once).then(|| SyscallRule {
        name: "execve",
        conditions: Vec::new(),
        action: Action::Errno(EPERM),
        source: RuleSource::Implied("process.exec"),
        span: exec.span,
    })
}

/// Sockets of other families cannot be made; nor in ways that hide the family from a filter, in memory.
fn address_families(families: &Spanned<Vec<u32>>) -> Vec<SyscallRule> {
    let others: Vec<_> =
        families.value.iter().map(|&family| (0, Operator::NotEqual(family.into()))).collect();
    let rule = |name, conditions: &[(u8, Operator)], errno| SyscallRule {
        name,
        conditions: conditions.to_vec(),
        action: Action::Errno(errno),
        source: RuleSource::Implied("network.address_families"),
        span: families.span,
    };
    vec![
        rule("socket", &others, EAFNOSUPPORT),
        rule("socketpair", &others, EAFNOSUPPORT),
        // i386's way of old.
        rule("socketcall", &[], ENOSYS),
        // IORING_OP_SOCKET.
        rule("io_uring_setup", &[], ENOSYS),
    ]
}
