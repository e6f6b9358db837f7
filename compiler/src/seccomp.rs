//! The filter compiler: facts about system calls, and classic BPF for what a policy says. It knows no kernel and does no I/O.

pub mod assembler;
pub mod constant;
pub mod cookie;
pub mod decision;
pub mod diagram;
pub mod disassemble;
pub mod emit;
pub mod emit_rules;
pub mod evaluate;
pub mod explain;
pub mod group;
pub mod instruction;
pub mod parameter;
pub mod proof;
pub mod request;
pub mod rule;
pub mod second_opinion;
pub mod table;
pub mod verdict;
pub mod word;

pub use constant::{constant, constants};
pub use disassemble::disassemble;
pub use explain::explain;
pub use group::{group, group_names};
pub use instruction::{Instruction, to_bytes};
pub use parameter::{Parameter, parameters};
pub use proof::{Error, Proof, Proven, compile_filter, prove};
pub use request::Request;
pub use second_opinion::second_opinion;
pub use table::Architecture;

use crate::policy::Seccomp;
use cookie::Marks;
use request::Listed;
use std::collections::BTreeSet;
use verdict::Verdict;

/// The number of an x86_64 system call.
pub fn syscall_number(name: &str) -> Option<u32> {
    Architecture::X86_64.syscall_number(name)
}

/// The names of all x86_64 system calls, sorted.
pub fn syscall_names() -> impl Iterator<Item = &'static str> {
    Architecture::X86_64.syscalls().iter().map(|&(name, _)| name)
}

/// The proven filter for a request, and where the cookie goes when one is asked for.
pub fn compile_request(request: &Request) -> Result<(Proven, Option<Marks>), Error> {
    let mut proven = compile_filter(&request.filter())?;
    let marks = request.exec_once.map(|_| cookie::marks(request, &proven.program, &mut proven.diagram));
    let marks = marks.transpose().map_err(|fault| Error::Unproven(Box::new(fault)))?;
    Ok((proven, marks))
}

/// The proven filter for a policy of x86_64 programs.
pub fn compile(seccomp: &Seccomp) -> Result<Vec<Instruction>, Error> {
    compile_request(&request(seccomp)).map(|(proven, _)| proven.program)
}

/// What a policy asks; an origin is the index of the entry in `allow`.
pub fn request(seccomp: &Seccomp) -> Request {
    let architecture = Architecture::X86_64;
    let listed = |(origin, number)| {
        Some(Listed { name: architecture.syscall_name(number)?, verdict: Verdict::ALLOW, origin })
    };
    Request {
        architectures: BTreeSet::from([architecture]),
        default: seccomp.default_action.value.into(),
        listed: seccomp.allow.keys().copied().enumerate().filter_map(listed).collect(),
        rules: vec![],
        exec_once: None,
    }
}
