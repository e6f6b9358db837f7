//! What the rest of a spec implies for its filter.

use crate::policy::{Action, Operator, Policy, RuleSource, SyscallRule};
use crate::source::Spanned;

const ENOSYS: u16 = 38;
const EAFNOSUPPORT: u16 = 97;

/// Every rule that follows from a key outside of `[seccomp]`; all of them refuse something.
pub fn implied(policy: &Policy) -> Vec<SyscallRule> {
    policy.address_families.iter().flat_map(address_families).collect()
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
