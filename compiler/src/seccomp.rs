//! The filter compiler: facts about system calls, and classic BPF for what a policy says. It knows no kernel and does no I/O.

pub mod assembler;
pub mod constant;
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
pub mod parameter;
pub mod proof;
pub mod request;
pub mod rule;
pub mod second_opinion;
pub mod table;
pub mod verdict;

pub use constant::{constant, constants};
pub use disassemble::disassemble;
pub use errno::{errno, errno_name, errno_names};
pub use explain::explain;
pub use group::{group, group_names};
pub use implied::implied;
pub use instruction::{Instruction, to_bytes};
pub use parameter::{Parameter, parameters};
pub use proof::{Error, Proof, Proven, compile_filter, prove};
pub use request::Request;
pub use second_opinion::{Opinion, confirm, second_opinion};
pub use table::Architecture;

use crate::policy::{Policy, RuleSource, SyscallRule};
use diagram::{Argument, Diagram, FALSE, Input, Word};
use request::{Asked, Listed, NO_ORIGIN, Source};
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

/// A number as specs and questions write it: decimal, hexadecimal after `0x` or octal after `0o`.
pub fn number(text: &str) -> Option<u64> {
    match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => u64::from_str_radix(digits, 16).ok(),
        (_, Some(digits)) => u64::from_str_radix(digits, 8).ok(),
        _ if text.starts_with('+') => None,
        _ => text.parse().ok(),
    }
}

/// A filter that is proven twice: against the rules, and against what seccompiler makes of them.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The program.
    pub program: Vec<Instruction>,
    /// The figures of the first proof.
    pub proof: Proof,
    /// Whether there was a second one.
    pub opinion: Opinion,
}

/// The proven filter for what is asked.
pub fn compile(request: &Request) -> Result<Compiled, Error> {
    let filter = request.filter();
    let mut proven = compile_filter(&filter)?;
    let opinion = confirm(&filter, &mut proven)?;
    Ok(Compiled { program: proven.program, proof: proven.proof, opinion })
}

/// What is asked of the one filter of a policy.
pub struct Merged {
    /// All of it.
    pub request: Request,
    /// The rules that origins are the indices of.
    pub rules: Vec<SyscallRule>,
}

/// Joins what the policy's section says and what the rest of it implies; `None` when it asks for no filter.
pub fn merge(policy: &Policy) -> Option<Merged> {
    let seccomp = policy.seccomp.as_ref()?;
    let rules: Vec<SyscallRule> = seccomp.rules.iter().cloned().chain(implied(policy)).collect();
    let (mut listed, mut asked) = (vec![], vec![]);
    for (origin, rule) in rules.iter().enumerate() {
        let SyscallRule { name, conditions, .. } = rule;
        let verdict = rule.action.into();
        let source = match rule.source {
            RuleSource::List(_) => {
                listed.push(Listed { name, verdict, origin });
                continue;
            }
            RuleSource::Named(_) => Source::Stated,
            RuleSource::Implied(_) => Source::Implied,
        };
        asked.push(Asked { name, conditions: conditions.clone(), verdict, source, origin });
    }
    let architectures = seccomp.architectures.iter().filter_map(|one| Architecture::from_name(one.value));
    let default = seccomp.default_action.value.into();
    let request = Request { architectures: architectures.collect(), default, listed, rules: asked };
    Some(Merged { request, rules })
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
    }
}

/// Does the filter of a policy let every call of a system call through, whatever its arguments?
pub fn always_permits(policy: &Policy, architecture: Architecture, name: &str) -> bool {
    let Some(merged) = merge(policy) else { return true };
    let Some(number) = architecture.syscall_number(name) else { return false };
    let mut filter = merged.request.filter();
    filter.tables.values_mut().for_each(|table| table.rules.retain(|rule| rule.number == number));
    let mut diagram = Diagram::default();
    // Rules without a meaning are found as such; they are no reason to doubt this call.
    let Ok(meaning) = filter.meaning(&mut diagram) else { return true };
    diagram.decided(meaning, &[architecture.audit(), number]).is_some_and(Verdict::permits)
}

/// Is there a call that a rule matches?
pub fn can_match(rule: &SyscallRule) -> bool {
    let asked = Asked {
        name: rule.name,
        conditions: rule.conditions.clone(),
        verdict: rule.action.into(),
        source: Source::Stated,
        origin: NO_ORIGIN,
    };
    let mut diagram = Diagram::default();
    let rules = Architecture::ALL.into_iter().filter_map(|architecture| asked.rule(architecture));
    let mut conditions = rules.map(|rule| rule.condition(&mut diagram));
    conditions.any(|condition| condition != Ok(FALSE))
}

/// A call as people write it: `socket(16, 0, 0)`, with as many arguments as it has parameters.
pub fn call_words(input: &Input) -> String {
    let [audit, number, ..] = *input;
    let architecture = Architecture::ALL.into_iter().find(|architecture| architecture.audit() == audit);
    let name = architecture.and_then(|architecture| architecture.syscall_name(number));
    let count = name.and_then(parameters).map_or(6, <[Parameter]>::len);
    let arguments = (0..6).filter_map(Argument::new).take(count).map(|argument| {
        let [high, low] = [Word::argument_high(argument), Word::argument_low(argument)]
            .map(|word| u64::from(input[word.index()]));
        let value = high << 32 | low;
        if value < 10 { value.to_string() } else { format!("{value:#x}") }
    });
    let arguments: Vec<String> = arguments.collect();
    match name {
        Some(name) => format!("{name}({})", arguments.join(", ")),
        None => format!("syscall {number} of architecture {audit:#x}"),
    }
}
