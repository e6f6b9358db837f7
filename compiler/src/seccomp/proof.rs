//! A filter's program, and the proof that it means what the rules mean: both are evaluated into one diagram, and have to
//! be the same node.

use super::diagram::{Diagram, Node};
use super::emit::{Strategies, emit};
use super::emit_rules::emit_rules;
use super::evaluate::{Invalid, evaluate};
use super::instruction::{Instruction, MAX_INSTRUCTIONS, code};
use super::rule::{Contradiction, Filter, RuleError};
use super::table::Architecture;
use super::verdict::Verdict;
use super::word::{Input, Word};
use std::fmt;

/// A program that answers every input as its rules say.
pub struct Proven {
    /// The program.
    pub program: Vec<Instruction>,
    /// Its meaning, and the rules': for questions.
    pub meaning: Node,
    /// Where the meaning lives.
    pub diagram: Diagram,
    /// The figures.
    pub proof: Proof,
}

/// What a proof found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Instructions of the program.
    pub instructions: usize,
    /// Instructions of the longest path through it.
    pub longest_path: usize,
    /// Nodes of its meaning.
    pub nodes: usize,
    /// System calls whose verdict is to allow whatever the arguments, for which the kernel does not run the filter.
    pub cacheable: usize,
}

/// Why there is no proven program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Two rules contradict each other.
    Contradiction(Box<Contradiction>),
    /// The rules are too many or too entangled.
    OverBudget,
    /// The program would be longer than the kernel takes.
    TooLong(usize),
    /// The compiler has written a program that is not what the rules say, which is a fault of the compiler.
    Unproven(Box<Unproven>),
}

/// How a program is not what its rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// It has no meaning.
    Invalid(Invalid),
    /// It answers this input otherwise than the rules.
    Differs {
        /// The input.
        witness: Input,
        /// What the rules answer.
        expected: Verdict,
        /// What the program answers.
        found: Verdict,
    },
    /// The words of the cookie are not where the launcher can replace them, or the program would not be the filter of
    /// other words.
    Cookie,
    /// A system call that is always allowed has to be decided by arch and nr alone, and is not.
    NotCacheable {
        /// The architecture's audit number.
        audit: u32,
        /// The system call.
        number: u32,
    },
}

/// The best proven program for a filter.
pub fn compile_filter(filter: &Filter) -> Result<Proven, Error> {
    let mut diagram = Diagram::default();
    let meaning = filter.meaning(&mut diagram)?;
    let mut failure = Error::OverBudget;
    for program in candidates(filter, meaning, &mut diagram) {
        if program.len() > MAX_INSTRUCTIONS {
            failure = Error::TooLong(program.len());
            continue;
        }
        match prove(&program, meaning, &mut diagram) {
            Ok(proof) => return Ok(Proven { program, meaning, diagram, proof }),
            // Right, but not good enough: the rules in their order may look at arguments before the number decides.
            Err(fault @ (Unproven::NotCacheable { .. } | Unproven::Invalid(Invalid::OverBudget(_)))) => {
                failure = Error::Unproven(Box::new(fault));
            }
            Err(fault) => return Err(Error::Unproven(Box::new(fault))),
        }
    }
    Err(failure)
}

/// Numbers of exceptions that a run may have.
const EXCEPTIONS: [usize; 7] = [1, 2, 3, 4, 6, 8, 12];

/// Programs, the best one first: installing costs by the length, running by the longest path.
fn candidates(filter: &Filter, meaning: Node, diagram: &mut Diagram) -> Vec<Vec<Instruction>> {
    let mut candidates = vec![emit_rules(filter, EXCEPTIONS[EXCEPTIONS.len() - 1])];
    let mut strategies = Strategies::new();
    for exceptions in EXCEPTIONS {
        // Where the meaning is too entangled to be written, the rules may not be.
        candidates.extend(emit(meaning, exceptions, diagram, &mut strategies).ok());
    }
    candidates.sort_by_cached_key(|program| {
        (program.len() > MAX_INSTRUCTIONS, program.len() * longest_path(program))
    });
    candidates
}

/// Evaluates a program and compares it with what it has to mean.
pub fn prove(program: &[Instruction], meaning: Node, diagram: &mut Diagram) -> Result<Proof, Unproven> {
    let found = evaluate(program, diagram).map_err(Unproven::Invalid)?;
    if let Some(witness) = diagram.difference(meaning, found) {
        let [expected, found] = [meaning, found].map(|node| diagram.evaluate(node, &witness));
        return Err(Unproven::Differs { witness, expected, found });
    }
    Ok(Proof {
        instructions: program.len(),
        longest_path: longest_path(program),
        nodes: diagram.size(meaning),
        cacheable: count_cacheable(program, meaning, diagram)?,
    })
}

/// Instructions of the longest path through a valid program.
pub fn longest_path(program: &[Instruction]) -> usize {
    let mut paths = vec![0; program.len()];
    for (index, instruction) in program.iter().enumerate().rev() {
        let at = |distance: u32| paths.get(index + 1 + distance as usize).copied().unwrap_or_default();
        let Instruction { code, jt, jf, k } = *instruction;
        paths[index] = 1 + match code {
            code::RETURN => 0,
            code::JUMP => at(k),
            code::LOAD_WORD | code::LOAD_IMMEDIATE | code::AND => at(0),
            _ => at(jt.into()).max(at(jf.into())),
        };
    }
    paths.first().copied().unwrap_or_default()
}

fn count_cacheable(program: &[Instruction], meaning: Node, diagram: &mut Diagram) -> Result<usize, Unproven> {
    let mut count = 0;
    for architecture in Architecture::ALL {
        let audit = architecture.audit();
        for &(_, number) in architecture.syscalls() {
            if diagram.decided(meaning, &[audit, number]) != Some(Verdict::ALLOW) {
                continue;
            }
            if runs_on_arch_and_nr_alone(program, audit, number) != Some(Verdict::ALLOW) {
                return Err(Unproven::NotCacheable { audit, number });
            }
            count += 1;
        }
    }
    Ok(count)
}

/// What the kernel does to fill its bitmap (seccomp_is_const_allow): it gives up at the first other word.
fn runs_on_arch_and_nr_alone(program: &[Instruction], audit: u32, number: u32) -> Option<Verdict> {
    let (mut index, mut accumulator) = (0, 0);
    loop {
        let Instruction { code, jt, jf, k } = *program.get(index)?;
        index += 1;
        let holds = match code {
            code::LOAD_WORD if k == Word::ARCH.offset() => {
                accumulator = audit;
                continue;
            }
            code::LOAD_WORD if k == Word::NR.offset() => {
                accumulator = number;
                continue;
            }
            code::AND => {
                accumulator &= k;
                continue;
            }
            code::JUMP => {
                index += k as usize;
                continue;
            }
            code::RETURN => return Some(Verdict(k)),
            code::JUMP_EQUAL => accumulator == k,
            code::JUMP_GREATER => accumulator > k,
            code::JUMP_GREATER_OR_EQUAL => accumulator >= k,
            code::JUMP_ANY_SET => accumulator & k != 0,
            _ => return None,
        };
        index += usize::from(if holds { jt } else { jf });
    }
}

impl From<RuleError> for Error {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::Contradiction(contradiction) => Self::Contradiction(contradiction),
            RuleError::OverBudget(_) => Self::OverBudget,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contradiction(found) => write!(
                formatter,
                "two rules answer the same call with {} and with {}",
                found.verdicts.0, found.verdicts.1
            ),
            Self::OverBudget => super::diagram::OverBudget.fmt(formatter),
            Self::TooLong(length) => write!(
                formatter,
                "the filter takes {length} instructions and the kernel at most {MAX_INSTRUCTIONS}: use fewer values and rules on arguments"
            ),
            Self::Unproven(fault) => write!(formatter, "the compiler wrote a wrong filter: {fault}"),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Unproven {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalid) => invalid.fmt(formatter),
            Self::Differs { witness, expected, found } => {
                write!(
                    formatter,
                    "it answers {found} where the rules say {expected}: seccomp_data {witness:#x?}"
                )
            }
            Self::Cookie => formatter.write_str("the words that the last execve carries cannot be replaced"),
            Self::NotCacheable { audit, number } => write!(
                formatter,
                "system call {number} of architecture {audit:#x} is always allowed, but its arguments are looked at"
            ),
        }
    }
}
