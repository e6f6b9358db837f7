//! Rules that follow from other parts of a spec, which would be false promises without them.

use super::merge::Origin;
use super::request::{Asked, Source};
use super::rule::Operator;
use super::verdict::Verdict;
use crate::policy::{Execution, Policy, RuleSource, Terminal};

/// Every rule that follows from a key outside of `[seccomp]`, whose origin is added to the others; all of them refuse
/// something.
pub fn implied(policy: &Policy, origins: &mut Vec<Origin>) -> Vec<Asked> {
    let mut origin = |key, span| {
        origins.push(Origin { source: RuleSource::Implied(key), span });
        origins.len() - 1
    };
    let mut rules = vec![];
    if let Some(families) = &policy.address_families {
        rules.extend(address_families(&families.value, origin("network.address_families", families.span)));
    }
    let terminal = &policy.process.terminal;
    if terminal.value == Terminal::Inherit {
        rules.extend(shared_terminal(origin("process.terminal", terminal.span)));
    }
    let scheduling = &policy.process.scheduling;
    if let Some(cpus) = &scheduling.cpu_affinity {
        rules.push(refused("sched_setaffinity", origin("process.cpu_affinity", cpus.span)));
    }
    if let Some(priority) = &scheduling.io_priority {
        rules.push(refused("ioprio_set", origin("process.io_priority", priority.span)));
    }
    rules
}

/// A call with which every process takes a limit off itself.
fn refused(name: &'static str, origin: usize) -> Asked {
    asked(name, vec![], Verdict::errno(EPERM), origin)
}

/// The origin of the wish that nothing is executed after the launcher's own execve; its rules are the request's.
pub fn exec_once(policy: &Policy, origins: &mut Vec<Origin>) -> Option<usize> {
    let exec = &policy.process.exec;
    (exec.value == Execution::Once).then(|| {
        origins.push(Origin { source: RuleSource::Implied("process.exec"), span: exec.span });
        origins.len() - 1
    })
}

/// ioctl(2) requests that put characters into the terminal's input, where the shell outside reads them as typed
/// (asm-generic/ioctls.h: TIOCSTI; TIOCLINUX pastes on virtual consoles).
const TERMINAL_INPUT: [u64; 2] = [0x5412, 0x541C];

const EPERM: u16 = 1;
const EAFNOSUPPORT: u16 = 97;

/// What a program must not do with a terminal that it shares with its caller.
pub fn shared_terminal(origin: usize) -> Vec<Asked> {
    let conditions = vec![(1, Operator::OneOf(TERMINAL_INPUT.to_vec()))];
    vec![asked("ioctl", conditions, Verdict::errno(EPERM), origin)]
}

/// Sockets of other address families than these. socketcall has its arguments in memory, and io_uring makes sockets
/// without a system call of theirs: neither can be looked at, so neither is there.
pub fn address_families(families: &[u64], origin: usize) -> Vec<Asked> {
    let others = || families.iter().map(|&family| (0, Operator::NotEqual(family))).collect();
    let family = Verdict::errno(EAFNOSUPPORT);
    vec![
        asked("socket", others(), family, origin),
        asked("socketpair", others(), family, origin),
        asked("socketcall", vec![], Verdict::ENOSYS, origin),
        asked("io_uring_setup", vec![], Verdict::ENOSYS, origin),
    ]
}

fn asked(name: &'static str, conditions: Vec<(u8, Operator)>, verdict: Verdict, origin: usize) -> Asked {
    Asked { name, conditions, verdict, source: Source::Implied, origin }
}
