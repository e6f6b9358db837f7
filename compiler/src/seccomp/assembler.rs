//! Writes a program from its end to its start, so that every jump's target and longest path are known, and equal tails are one.

use super::diagram::Comparison;
use super::instruction::{Instruction, code};
use super::verdict::Verdict;
use super::word::Word;
use std::collections::{BTreeMap, HashMap};

/// A place in the program, counted from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(usize);

/// What is written at a label, with the labels it was asked to lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Return(Verdict),
    Load(Word, Label),
    Mask(u32, Label),
    Branch(Comparison, u32, Label, Label),
}

/// A program under construction.
#[derive(Default)]
pub struct Assembler {
    /// The instructions, the last one first.
    reversed: Vec<Instruction>,
    /// How many instructions the longest path from each takes.
    heights: Vec<u32>,
    written: HashMap<Operation, Label>,
    operations: BTreeMap<Label, Operation>,
    /// The copy of a verdict, or the jump to a label, that was written last because the label itself was out of reach.
    relays: HashMap<Label, Label>,
}

/// A comparison skips at most this many instructions.
const REACH: usize = u8::MAX as usize;

impl Assembler {
    /// Answers with a verdict.
    pub fn verdict(&mut self, verdict: Verdict) -> Label {
        self.write(Operation::Return(verdict))
    }

    /// Loads a word and goes on at `next`.
    pub fn load(&mut self, word: Word, next: Label) -> Label {
        self.write(Operation::Load(word, next))
    }

    /// Masks the accumulator and goes on at `next`.
    pub fn mask(&mut self, mask: u32, next: Label) -> Label {
        self.write(Operation::Mask(mask, next))
    }

    /// Compares the accumulator.
    pub fn branch(&mut self, comparison: Comparison, constant: u32, then: Label, otherwise: Label) -> Label {
        if then == otherwise {
            return then;
        }
        self.write(Operation::Branch(comparison, constant, then, otherwise))
    }

    /// How many instructions the longest path from a label takes.
    pub fn height(&self, label: Label) -> u32 {
        self.heights[label.0]
    }

    /// How many instructions there are.
    pub fn length(&self) -> usize {
        self.reversed.len()
    }

    /// The finished program, which starts at `start`.
    pub fn finish(mut self, start: Label) -> Vec<Instruction> {
        self.fall_through_to(start);
        self.reversed.reverse();
        self.reversed
    }

    fn write(&mut self, operation: Operation) -> Label {
        if let Some(&label) = self.written.get(&operation) {
            return label;
        }
        let label = match operation {
            Operation::Return(verdict) => self.push(Instruction::new(code::RETURN, verdict.0), 1),
            Operation::Load(word, next) => {
                self.fall_through_to(next);
                self.push(Instruction::new(code::LOAD_WORD, word.offset()), 1 + self.top_height())
            }
            Operation::Mask(mask, next) => {
                self.fall_through_to(next);
                self.push(Instruction::new(code::AND, mask), 1 + self.top_height())
            }
            Operation::Branch(comparison, constant, then, otherwise) => {
                self.push_branch(comparison, constant, then, otherwise)
            }
        };
        self.written.insert(operation, label);
        self.operations.insert(label, operation);
        label
    }

    fn push(&mut self, instruction: Instruction, height: u32) -> Label {
        self.reversed.push(instruction);
        self.heights.push(height);
        Label(self.reversed.len() - 1)
    }

    fn top_height(&self) -> u32 {
        self.heights.last().copied().unwrap_or_default()
    }

    /// Makes the next instruction written fall through to what is at `label`.
    fn fall_through_to(&mut self, label: Label) {
        if label.0 + 1 == self.reversed.len() {
            return;
        }
        match self.operations.get(&label) {
            // A copy is as long as a jump to it, and one step shorter to run.
            Some(&Operation::Branch(comparison, constant, then, otherwise)) => {
                self.push_branch(comparison, constant, then, otherwise);
            }
            Some(&Operation::Return(verdict)) => {
                self.push(Instruction::new(code::RETURN, verdict.0), 1);
            }
            _ => {
                self.push_jump(label);
            }
        }
    }

    fn push_jump(&mut self, label: Label) -> Label {
        // Labels are below MAX_INSTRUCTIONS times a small factor; a longer program is refused anyway.
        let distance = u32::try_from(self.reversed.len() - 1 - label.0).unwrap_or(u32::MAX);
        self.push(Instruction::new(code::JUMP, distance), 1 + self.height(label))
    }

    fn push_branch(&mut self, comparison: Comparison, k: u32, then: Label, otherwise: Label) -> Label {
        // A relay for one side moves the other side farther away.
        let (jt, jf) = loop {
            match (self.distance(then), self.distance(otherwise)) {
                (Some(jt), Some(jf)) => break (jt, jf),
                (None, _) => self.push_relay(then),
                (_, None) => self.push_relay(otherwise),
            }
        };
        let height = 1 + self.height(self.nearest(then)).max(self.height(self.nearest(otherwise)));
        let code = match comparison {
            Comparison::Equal => code::JUMP_EQUAL,
            Comparison::Greater => code::JUMP_GREATER,
            Comparison::GreaterOrEqual => code::JUMP_GREATER_OR_EQUAL,
            Comparison::AnySet => code::JUMP_ANY_SET,
        };
        self.push(Instruction::branch(code, k, jt, jf), height)
    }

    fn nearest(&self, label: Label) -> Label {
        self.relays.get(&label).copied().unwrap_or(label)
    }

    fn distance(&self, label: Label) -> Option<u8> {
        let distance = self.reversed.len() - 1 - self.nearest(label).0;
        u8::try_from(distance).ok().filter(|&distance| usize::from(distance) <= REACH)
    }

    fn push_relay(&mut self, label: Label) {
        let relay = match self.operations.get(&label) {
            Some(&Operation::Return(verdict)) => self.push(Instruction::new(code::RETURN, verdict.0), 1),
            _ => self.push_jump(label),
        };
        self.relays.insert(label, relay);
    }
}
