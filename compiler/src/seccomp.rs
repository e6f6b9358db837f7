//! The filter compiler: facts about system calls, and classic BPF for what a policy says. It knows no kernel and does no I/O.

pub mod assembler;
pub mod call;
pub mod constant;
pub mod cookie;
pub mod decision;
pub mod diagram;
pub mod disassemble;
pub mod emit;
pub mod emit_rules;
pub mod errno;
pub mod evaluate;
pub mod explain;
pub mod group;
pub mod implied;
pub mod instruction;
mod lines;
pub mod meaning;
pub mod merge;
pub mod parameter;
pub mod proof;
pub mod request;
pub mod rule;
pub mod second_opinion;
pub mod table;
pub mod verdict;
pub mod word;

pub use call::{call_words, number};
pub use constant::{constant, constants};
pub use disassemble::disassemble;
pub use errno::{errno, errno_name, errno_names};
pub use explain::explain;
pub use group::{group, group_names};
pub use instruction::{Instruction, to_bytes};
pub use meaning::{Bits, Meaning};
pub use merge::{Merged, Origin, can_match, merge};
pub use parameter::{Parameter, parameters};
pub use proof::{Error, Proof, Proven, compile_filter, measure, prove};
pub use request::{Request, X32_SYSCALL_BIT};
pub use second_opinion::{NoOpinion, agrees, second_opinion};
pub use table::Architecture;

use cookie::Marks;
use request::{Listed, NO_ORIGIN};
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

/// A filter that is proven twice: against its rules, and against what seccompiler makes of them.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The program.
    pub program: Vec<Instruction>,
    /// The figures of the first proof.
    pub proof: Proof,
    /// Why there is no second one.
    pub no_opinion: Option<NoOpinion>,
    /// Where the launcher's cookie goes, when one is asked for.
    pub marks: Option<Marks>,
}

/// The proven filter for what is asked.
pub fn compile(request: &Request) -> Result<Compiled, Error> {
    let (mut proven, marks) = compile_request(request)?;
    let no_opinion =
        agrees(&request.filter(), &mut proven).map_err(|fault| Error::Unproven(Box::new(fault)))?;
    Ok(Compiled { program: proven.program, proof: proven.proof, no_opinion, marks })
}

/// The filter with its meaning, and where the cookie goes when one is asked for.
pub fn compile_request(request: &Request) -> Result<(Proven, Option<Marks>), Error> {
    let mut proven = compile_filter(&request.filter())?;
    let marks = request.exec_once.map(|_| cookie::marks(request, &proven.program, &mut proven.diagram));
    let marks = marks.transpose().map_err(|fault| Error::Unproven(Box::new(fault)))?;
    Ok((proven, marks))
}

/// Only these system calls of x86_64, and death for any other.
pub fn only(calls: &[u16]) -> Request {
    let listed = calls.iter().filter_map(|&number| {
        let name = Architecture::X86_64.syscall_name(number.into())?;
        Some(Listed { name, verdict: Verdict::ALLOW, origin: NO_ORIGIN })
    });
    Request {
        architectures: BTreeSet::from([Architecture::X86_64]),
        default: Verdict::KILL_PROCESS,
        listed: listed.collect(),
        rules: vec![],
        exec_once: None,
    }
}
