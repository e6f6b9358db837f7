//! The filter compiler: facts about system calls, and classic BPF for what a policy says. It knows no kernel and does no I/O.

pub mod assembler;
pub mod decision;
pub mod diagram;
pub mod emit;
pub mod emit_rules;
pub mod evaluate;
pub mod group;
pub mod instruction;
pub mod proof;
pub mod rule;
pub mod second_opinion;
pub mod table;
pub mod verdict;

pub use group::{group, group_names};
pub use instruction::{Instruction, to_bytes};
pub use proof::{Error, Proof, Proven, compile_filter, prove};
pub use second_opinion::second_opinion;
pub use table::Architecture;

use crate::policy::{Action, Seccomp};
use rule::{Filter, Rule, Table};
use std::collections::BTreeMap;
use verdict::Verdict;

/// The number of an x86_64 system call.
pub fn syscall_number(name: &str) -> Option<u32> {
    Architecture::X86_64.syscall_number(name)
}

/// The names of all x86_64 system calls, sorted.
pub fn syscall_names() -> impl Iterator<Item = &'static str> {
    Architecture::X86_64.syscalls().iter().map(|&(name, _)| name)
}

/// The first number of x32, which shares x86_64's `arch` (asm/unistd.h: __X32_SYSCALL_BIT).
const X32_SYSCALL_BIT: u32 = 0x4000_0000;

/// The program for a policy: x32 and foreign architectures are killed, system calls that the table lacks answer ENOSYS.
pub fn compile(seccomp: &Seccomp) -> Result<Vec<Instruction>, Error> {
    compile_filter(&filter(seccomp)).map(|proven| proven.program)
}

fn filter(seccomp: &Seccomp) -> Filter {
    let architecture = Architecture::X86_64;
    let default = seccomp.default_action.value;
    let mut fallbacks = BTreeMap::from([(X32_SYSCALL_BIT, Verdict::KILL_PROCESS)]);
    for &(_, number) in architecture.syscalls() {
        fallbacks.insert(number, default.into());
        fallbacks.entry(number + 1).or_insert(Verdict::ENOSYS);
    }
    let allow = |(origin, &number)| Rule {
        number,
        conditions: vec![],
        verdict: Action::Allow.into(),
        layer: 0,
        origin,
    };
    let rules = seccomp.allow.keys().enumerate().map(allow).collect();
    Filter {
        tables: BTreeMap::from([(architecture.audit(), Table { fallbacks, rules })]),
        foreign: Verdict::KILL_PROCESS,
    }
}
