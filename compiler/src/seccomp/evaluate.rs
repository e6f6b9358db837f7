//! Any classic BPF program of seccomp's into its canonical meaning.
//!
//! Jumps only go forward. One pass down finds what the accumulator can hold at each instruction: a constant, or a word
//! under a mask. One pass up gives each of these pairs its meaning as a total function of the input, which is exact.

use super::diagram::{Comparison, Diagram, Node, OverBudget};
use super::instruction::{Instruction, MAX_INSTRUCTIONS, code};
use super::verdict::Verdict;
use super::word::Word;
use std::fmt;

/// Why a program has no meaning here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    /// The kernel would refuse it, or it uses an instruction that no generator of filters needs.
    Instruction {
        /// Its index.
        index: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It is too large to be proven.
    OverBudget(OverBudget),
}

impl From<OverBudget> for Invalid {
    fn from(error: OverBudget) -> Self {
        Self::OverBudget(error)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instruction { index, reason } => write!(formatter, "instruction {index}: {reason}"),
            Self::OverBudget(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for Invalid {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accumulator {
    Constant(u32),
    Word(Word, u32),
}

/// An instruction with its operands looked up and its jumps as indices.
#[derive(Debug, Clone, Copy)]
enum Step {
    Load(Accumulator),
    Mask(u32),
    Jump(usize),
    Branch(Comparison, u32, usize, usize),
    Return(Verdict),
}

/// The meaning of a program.
pub fn evaluate(program: &[Instruction], diagram: &mut Diagram) -> Result<Node, Invalid> {
    let steps = decode(program)?;
    let states = reachable(&steps)?;
    let mut meanings: Vec<Vec<Node>> = vec![vec![]; steps.len()];
    for (index, step) in steps.iter().enumerate().rev() {
        let at = |target: usize, accumulator| {
            // The pass down has put every successor's state on its list.
            let position = states[target].iter().position(|&state| state == accumulator);
            meanings[target][position.unwrap_or_default()]
        };
        let mut here = Vec::with_capacity(states[index].len());
        for &accumulator in &states[index] {
            here.push(match *step {
                Step::Load(loaded) => at(index + 1, loaded),
                Step::Mask(mask) => at(index + 1, accumulator.masked(mask)),
                Step::Jump(target) => at(target, accumulator),
                Step::Return(verdict) => diagram.terminal(verdict)?,
                Step::Branch(comparison, constant, then, otherwise) => {
                    let (then, otherwise) = (at(then, accumulator), at(otherwise, accumulator));
                    let condition = accumulator.compare(comparison, constant, diagram)?;
                    diagram.choose(condition, then, otherwise)?
                }
            });
        }
        meanings[index] = here;
    }
    Ok(meanings[0][0])
}

impl Accumulator {
    fn masked(self, mask: u32) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(value & mask),
            Self::Word(word, before) => Self::Word(word, before & mask),
        }
    }

    fn compare(
        self,
        comparison: Comparison,
        constant: u32,
        diagram: &mut Diagram,
    ) -> Result<Node, OverBudget> {
        match self {
            Self::Word(word, mask) => diagram.compare(word, mask, comparison, constant),
            Self::Constant(value) => Ok(if comparison.holds(value, constant) {
                super::diagram::TRUE
            } else {
                super::diagram::FALSE
            }),
        }
    }
}

fn reachable(steps: &[Step]) -> Result<Vec<Vec<Accumulator>>, OverBudget> {
    let mut states: Vec<Vec<Accumulator>> = vec![vec![]; steps.len()];
    // The kernel clears the accumulator.
    states[0].push(Accumulator::Constant(0));
    for (index, step) in steps.iter().enumerate() {
        for state in states[index].clone() {
            let mut reach = |target: usize, state| {
                if !states[target].contains(&state) {
                    states[target].push(state);
                }
            };
            match *step {
                Step::Load(loaded) => reach(index + 1, loaded),
                Step::Mask(mask) => reach(index + 1, state.masked(mask)),
                Step::Jump(target) => reach(target, state),
                Step::Branch(_, _, then, otherwise) => {
                    reach(then, state);
                    reach(otherwise, state);
                }
                Step::Return(_) => {}
            }
        }
        // Masks over masks could double the states at every join.
        if states[index].len() > 256 {
            return Err(OverBudget);
        }
    }
    Ok(states)
}

fn decode(program: &[Instruction]) -> Result<Vec<Step>, Invalid> {
    let invalid = |index, reason| Invalid::Instruction { index, reason };
    if program.is_empty() || program.len() > MAX_INSTRUCTIONS {
        return Err(invalid(program.len(), "a program has 1 to 4096 instructions"));
    }
    program
        .iter()
        .enumerate()
        .map(|(index, &instruction)| {
            let jump = |distance: u32| {
                let target = index + 1 + distance as usize;
                if target < program.len() { Ok(target) } else { Err(invalid(index, "jumps past the end")) }
            };
            let Instruction { code, jt, jf, k } = instruction;
            let branch = |comparison| Ok(Step::Branch(comparison, k, jump(jt.into())?, jump(jf.into())?));
            match code {
                code::LOAD_WORD => match Word::at_offset(k) {
                    Some(word) => jump(0).map(|_| Step::Load(Accumulator::Word(word, u32::MAX))),
                    None => Err(invalid(index, "loads what is no word of seccomp_data")),
                },
                code::LOAD_IMMEDIATE => jump(0).map(|_| Step::Load(Accumulator::Constant(k))),
                code::AND => jump(0).map(|_| Step::Mask(k)),
                code::JUMP => jump(k).map(Step::Jump),
                code::JUMP_EQUAL => branch(Comparison::Equal),
                code::JUMP_GREATER => branch(Comparison::Greater),
                code::JUMP_GREATER_OR_EQUAL => branch(Comparison::GreaterOrEqual),
                code::JUMP_ANY_SET => branch(Comparison::AnySet),
                code::RETURN => Ok(Step::Return(Verdict(k))),
                _ => Err(invalid(index, "is none that filters are made of")),
            }
        })
        .collect()
}
