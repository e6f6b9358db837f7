//! A program in words: each instruction with its index, where it leads, and what its operand means there.

use super::instruction::{Instruction, code};
use super::table::Architecture;
use super::verdict::Verdict;
use super::word::Word;
use std::fmt::Write as _;

/// What is known before an instruction on every path that leads to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Known {
    /// The word in the accumulator.
    word: Option<Word>,
    /// The architecture.
    architecture: Option<Architecture>,
}

/// The text, one line an instruction. What is no filter instruction is shown as its numbers.
pub fn disassemble(program: &[Instruction]) -> String {
    let known = facts(program);
    let mut text = String::new();
    for (index, (instruction, known)) in program.iter().zip(known).enumerate() {
        let (words, comment) = line(index, *instruction, known.unwrap_or_default());
        let comment = if comment.is_empty() { comment } else { format!("; {comment}") };
        let line = format!("{index:4}: {words:42} {comment}");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn line(index: usize, instruction: Instruction, known: Known) -> (String, String) {
    let Instruction { code, jt, jf, k } = instruction;
    let target = |distance: u32| index + 1 + distance as usize;
    let branch = |name: &str| {
        (format!("{name} {k:#x}, {}, {}", target(jt.into()), target(jf.into())), operand(code, k, known))
    };
    match code {
        code::LOAD_WORD => {
            (format!("ld [{k}]"), Word::at_offset(k).map_or(String::new(), |word| word.to_string()))
        }
        code::LOAD_IMMEDIATE => (format!("ld {k:#x}"), String::new()),
        code::AND => (format!("and {k:#x}"), String::new()),
        code::JUMP => (format!("ja {}", target(k)), String::new()),
        code::RETURN => (format!("ret {k:#x}"), Verdict(k).to_string()),
        code::JUMP_EQUAL => branch("jeq"),
        code::JUMP_GREATER => branch("jgt"),
        code::JUMP_GREATER_OR_EQUAL => branch("jge"),
        code::JUMP_ANY_SET => branch("jset"),
        _ => (format!(".code {code:#x}, {jt}, {jf}, {k:#x}"), String::new()),
    }
}

fn operand(code: u16, k: u32, known: Known) -> String {
    let operator = match code {
        code::JUMP_EQUAL => "==",
        code::JUMP_GREATER => ">",
        code::JUMP_GREATER_OR_EQUAL => ">=",
        _ => "&",
    };
    let name = match known.word {
        Some(Word::ARCH) => architecture(k).map(Architecture::name),
        Some(Word::NR) => known.architecture.and_then(|architecture| architecture.syscall_name(k)),
        _ => None,
    };
    match (known.word, name) {
        (Some(word), Some(name)) => format!("{word} {operator} {name}"),
        (Some(word), None) => format!("{word} {operator} {k}"),
        (None, _) => String::new(),
    }
}

fn architecture(audit: u32) -> Option<Architecture> {
    Architecture::ALL.into_iter().find(|architecture| architecture.audit() == audit)
}

/// What is known before each instruction; `None` where no path leads.
fn facts(program: &[Instruction]) -> Vec<Option<Known>> {
    let mut facts: Vec<Option<Known>> = vec![None; program.len()];
    if let Some(first) = facts.first_mut() {
        *first = Some(Known::default());
    }
    for (index, instruction) in program.iter().enumerate() {
        let Some(known) = facts[index] else { continue };
        let mut reach = |distance: u32, known: Known| {
            if let Some(fact) = facts.get_mut(index + 1 + distance as usize) {
                *fact = Some(fact.map_or(known, |before| before.agreed(known)));
            }
        };
        let Instruction { code, jt, jf, k } = *instruction;
        match code {
            code::LOAD_WORD => reach(0, Known { word: Word::at_offset(k), ..known }),
            code::LOAD_IMMEDIATE => reach(0, Known { word: None, ..known }),
            code::JUMP => reach(k, known),
            code::RETURN => {}
            code::JUMP_EQUAL if known.word == Some(Word::ARCH) => {
                reach(jt.into(), Known { architecture: architecture(k), ..known });
                reach(jf.into(), known);
            }
            code::JUMP_EQUAL | code::JUMP_GREATER | code::JUMP_GREATER_OR_EQUAL | code::JUMP_ANY_SET => {
                reach(jt.into(), known);
                reach(jf.into(), known);
            }
            _ => reach(0, known),
        }
    }
    facts
}

impl Known {
    fn agreed(self, other: Self) -> Self {
        Self {
            word: self.word.filter(|_| self.word == other.word),
            architecture: self.architecture.filter(|_| self.architecture == other.architecture),
        }
    }
}
