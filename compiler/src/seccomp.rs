//! The filter compiler: facts about system calls, and classic BPF for what a policy says. It knows no kernel and does no I/O.

pub mod group;
pub mod instruction;
pub mod table;

pub use group::{group, group_names};
pub use instruction::{Instruction, to_bytes};
pub use table::Architecture;

use crate::policy::{Action, Seccomp};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use std::fmt;

/// The number of an x86_64 system call.
pub fn syscall_number(name: &str) -> Option<u32> {
    Architecture::X86_64.syscall_number(name)
}

/// The names of all x86_64 system calls, sorted.
pub fn syscall_names() -> impl Iterator<Item = &'static str> {
    Architecture::X86_64.syscalls().iter().map(|&(name, _)| name)
}

/// Why there is no filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// It would be longer than the kernel takes.
    TooLong(String),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(reason) => write!(formatter, "the filter cannot be built: {reason}"),
        }
    }
}

impl std::error::Error for Error {}

/// The first number of x32, which shares x86_64's `arch` (asm/unistd.h: __X32_SYSCALL_BIT).
const X32_SYSCALL_BIT: u32 = 0x4000_0000;
/// Offset of `nr` in struct seccomp_data.
const NR: u32 = 0;
const LOAD_WORD: u16 = 0x20;
const JUMP_GREATER_OR_EQUAL: u16 = 0x35;
const RETURN: u16 = 0x06;
const RET_KILL_PROCESS: u32 = 0x8000_0000;
const RET_ERRNO_ENOSYS: u32 = 0x0005_0000 | 38;

/// The program for a policy: x32 and foreign architectures are killed, numbers above the table answer ENOSYS.
pub fn compile(seccomp: &Seccomp) -> Result<Vec<Instruction>, Error> {
    let too_long = |error: seccompiler::BackendError| Error::TooLong(error.to_string());
    let rules = seccomp.allow.keys().map(|&number| (i64::from(number), vec![])).collect();
    let default_action = match seccomp.default_action.value {
        // seccompiler wants two different actions; without rules the second is never used.
        Action::Allow => SeccompAction::Allow,
        Action::Errno(errno) => SeccompAction::Errno(errno.into()),
        Action::KillProcess => SeccompAction::KillProcess,
        Action::KillThread => SeccompAction::KillThread,
        Action::Trap => SeccompAction::Trap,
        Action::Log => SeccompAction::Log,
        Action::Trace(message) => SeccompAction::Trace(message.into()),
    };
    let match_action = match default_action {
        SeccompAction::Allow => SeccompAction::Log,
        _ => SeccompAction::Allow,
    };
    let rules = if default_action == SeccompAction::Allow { Default::default() } else { rules };
    let filter =
        SeccompFilter::new(rules, default_action, match_action, TargetArch::x86_64).map_err(too_long)?;
    let body: BpfProgram = filter.try_into().map_err(too_long)?;
    let newest = Architecture::X86_64.syscalls().iter().map(|&(_, number)| number).max().unwrap_or_default();
    // On a foreign architecture these return before its check does; both refuse.
    let head = [
        Instruction::new(LOAD_WORD, NR),
        Instruction::branch(JUMP_GREATER_OR_EQUAL, X32_SYSCALL_BIT, 0, 1),
        Instruction::new(RETURN, RET_KILL_PROCESS),
        Instruction::branch(JUMP_GREATER_OR_EQUAL, newest + 1, 0, 1),
        Instruction::new(RETURN, RET_ERRNO_ENOSYS),
    ];
    let body = body.iter().map(|filter| Instruction::branch(filter.code, filter.k, filter.jt, filter.jf));
    Ok(head.into_iter().chain(body).collect())
}
