//! Meanings of single comparisons and of switches on a word, built from the least significant bit up.

use super::{Diagram, FALSE, Node, OverBudget, TRUE};
use crate::seccomp::word::{Argument, Word};

/// A comparison of a masked value with a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// It is the constant.
    Equal,
    /// It is greater than the constant, unsigned.
    Greater,
    /// It is the constant or greater, unsigned.
    GreaterOrEqual,
    /// It has a bit of the constant set.
    AnySet,
}

impl Comparison {
    /// Does it hold for these numbers?
    pub const fn holds(self, value: u32, constant: u32) -> bool {
        match self {
            Self::Equal => value == constant,
            Self::Greater => value > constant,
            Self::GreaterOrEqual => value >= constant,
            Self::AnySet => value & constant != 0,
        }
    }
}

impl Diagram {
    /// The condition `(word & mask) comparison constant`.
    pub fn compare(
        &mut self,
        word: Word,
        mask: u32,
        comparison: Comparison,
        constant: u32,
    ) -> Result<Node, OverBudget> {
        self.compare_bits(word.first_bit(), 32, mask.into(), comparison, constant.into())
    }

    /// The condition `(argument & mask) comparison constant` over all 64 bits.
    pub fn compare_long(
        &mut self,
        argument: Argument,
        mask: u64,
        comparison: Comparison,
        constant: u64,
    ) -> Result<Node, OverBudget> {
        let first = Word::argument_high(argument).first_bit();
        self.compare_bits(first, 64, mask, comparison, constant)
    }

    fn compare_bits(
        &mut self,
        first: u16,
        width: u16,
        mask: u64,
        comparison: Comparison,
        constant: u64,
    ) -> Result<Node, OverBudget> {
        // The answer when all bits so far are equal to the constant's, from the least significant bit up.
        let mut node = match comparison {
            Comparison::Equal | Comparison::GreaterOrEqual => TRUE,
            Comparison::Greater | Comparison::AnySet => FALSE,
        };
        for shift in 0..width {
            let wanted = constant >> shift & 1 == 1;
            let (low, high) = match (comparison, wanted) {
                (Comparison::Equal | Comparison::Greater | Comparison::GreaterOrEqual, true) => (FALSE, node),
                (Comparison::Equal, false) => (node, FALSE),
                (Comparison::Greater | Comparison::GreaterOrEqual, false) | (Comparison::AnySet, true) => {
                    (node, TRUE)
                }
                (Comparison::AnySet, false) => (node, node),
            };
            let masked = mask >> shift & 1 == 0;
            node = if masked { low } else { self.branch(first + width - 1 - shift, low, high)? };
        }
        Ok(node)
    }

    /// The meaning that switches on a word: each part runs from its start to the next one's; the first starts at 0.
    pub fn switch(&mut self, word: Word, parts: &[(u32, Node)]) -> Result<Node, OverBudget> {
        self.switch_bits(word.first_bit(), 32, 0, parts)
    }

    fn switch_bits(
        &mut self,
        bit: u16,
        width: u32,
        start: u32,
        parts: &[(u32, Node)],
    ) -> Result<Node, OverBudget> {
        if let [(_, node)] = *parts {
            return Ok(node);
        }
        let middle = start | 1 << (width - 1);
        let split = parts.partition_point(|&(start, _)| start < middle);
        let low = self.switch_bits(bit + 1, width - 1, start, &parts[..split])?;
        // The upper half begins in the middle of a part unless one starts right there.
        let upper =
            if parts.get(split).is_some_and(|&(start, _)| start == middle) { split } else { split - 1 };
        let high = self.switch_bits(bit + 1, width - 1, middle, &parts[upper..])?;
        self.branch(bit, low, high)
    }
}
