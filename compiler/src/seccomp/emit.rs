//! A meaning into a program: each word is loaded once on a path, by the cheapest of a tree of its ranges, a tree of its
//! masked ranges and tests of bits.

use super::assembler::{Assembler, Label};
use super::decision;
use super::diagram::{Comparison, Diagram, First, Node, OverBudget};
use super::instruction::{Instruction, MAX_INSTRUCTIONS};
use super::word::Word;
use std::collections::HashMap;

/// More ranges of one word than this are no way to write it.
const MAX_RANGES: usize = 2048;

/// A program of so many decisions, most of which become instructions, would be too long anyway.
const MAX_STRATEGIES: usize = 4 * MAX_INSTRUCTIONS;

/// There is no program of a length that the kernel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl From<OverBudget> for TooLong {
    fn from(_: OverBudget) -> Self {
        Self
    }
}

/// How a node's first word is decided.
#[derive(Debug, Clone, Copy)]
pub enum Strategy {
    /// Ranges of the bits in a mask.
    Ranges(u32),
    /// One of the bits in a mask is set, or none is.
    Bits(u32, Node, Node),
}

/// The cheapest way found for each node that has a first word, and what it costs in instructions.
pub type Strategies = HashMap<Node, (usize, Strategy)>;

/// Writes meanings into a program, each at most once.
pub struct Emitter<'d> {
    /// The meanings.
    pub diagram: &'d mut Diagram,
    /// How words are decided.
    pub strategies: &'d mut Strategies,
    /// The program.
    pub assembler: Assembler,
    /// Exceptions that a run of ranges may have before it is split.
    pub exceptions: usize,
    /// Where each meaning starts with nothing loaded.
    blocks: HashMap<Node, Label>,
    /// Where each meaning starts with its first word in the accumulator.
    bodies: HashMap<Node, Label>,
}

/// A program for a meaning. More `exceptions` make it shorter, fewer make its paths shorter. The strategies depend on
/// the diagram alone, so that several programs can share them.
pub fn emit(
    node: Node,
    exceptions: usize,
    diagram: &mut Diagram,
    strategies: &mut Strategies,
) -> Result<Vec<Instruction>, TooLong> {
    let mut emitter = Emitter::new(exceptions, diagram, strategies);
    let start = emitter.block(node)?;
    Ok(emitter.assembler.finish(start))
}

impl<'d> Emitter<'d> {
    /// An empty program. `exceptions` is as for [`emit`].
    pub fn new(exceptions: usize, diagram: &'d mut Diagram, strategies: &'d mut Strategies) -> Self {
        let (blocks, bodies) = (HashMap::new(), HashMap::new());
        Self { diagram, strategies, assembler: Assembler::default(), exceptions, blocks, bodies }
    }

    /// Writes a meaning that starts with nothing loaded.
    pub fn block(&mut self, node: Node) -> Result<Label, TooLong> {
        if let Some(&label) = self.blocks.get(&node) {
            return Ok(label);
        }
        if self.assembler.length() > 2 * MAX_INSTRUCTIONS {
            return Err(TooLong);
        }
        let label = match self.diagram.first(node) {
            First::Verdict(verdict) => self.assembler.verdict(verdict),
            First::Word(word) => {
                let body = self.body(node, word)?;
                self.assembler.load(word, body)
            }
        };
        self.blocks.insert(node, label);
        Ok(label)
    }

    fn body(&mut self, node: Node, word: Word) -> Result<Label, TooLong> {
        if self.diagram.word(node) != Some(word) {
            return self.block(node);
        }
        if let Some(&label) = self.bodies.get(&node) {
            return Ok(label);
        }
        let label = match self.strategy(node)?.1 {
            Strategy::Ranges(mask) => self.ranges(node, mask)?,
            Strategy::Bits(mask, set, clear) => {
                let set = self.body(set, word)?;
                let clear = self.body(clear, word)?;
                self.assembler.branch(Comparison::AnySet, mask, set, clear)
            }
        };
        self.bodies.insert(node, label);
        Ok(label)
    }

    fn ranges(&mut self, node: Node, mask: u32) -> Result<Label, TooLong> {
        let starts = self.diagram.ranges(node, mask, MAX_RANGES).unwrap_or_default();
        let starts = starts
            .into_iter()
            .map(|(start, next)| Ok((start, self.block(next)?)))
            .collect::<Result<Vec<_>, TooLong>>()?;
        let runs = decision::runs(&decision::ranges(&starts, mask), self.exceptions);
        let tree = decision::write(&runs, &mut self.assembler);
        Ok(if mask == u32::MAX { tree } else { self.assembler.mask(mask, tree) })
    }

    fn strategy(&mut self, node: Node) -> Result<(usize, Strategy), TooLong> {
        if let Some(&known) = self.strategies.get(&node) {
            return Ok(known);
        }
        if self.strategies.len() > MAX_STRATEGIES {
            return Err(TooLong);
        }
        let support = self.diagram.support(node);
        let mut best =
            self.cost_of_ranges(node, support, MAX_RANGES).map(|cost| (cost, Strategy::Ranges(support)));
        if support != u32::MAX {
            // A comparison takes care of two ranges at most, so with more the mask is the better way.
            let limit = best.map_or(MAX_RANGES, |(cost, _)| 2 * cost + 3);
            let masked = best.map_or(usize::MAX, |(cost, _)| cost + 1);
            best = match self.cost_of_ranges(node, u32::MAX, limit) {
                Some(cost) if cost <= masked => Some((cost, Strategy::Ranges(u32::MAX))),
                _ => best.map(|(_, strategy)| (masked, strategy)),
            };
        }
        // One comparison cannot be beaten.
        if best.is_none_or(|(cost, _)| cost > 1) {
            for (mask, set, clear) in self.bit_tests(node, support, best.is_none())? {
                let cost = 1 + self.cost_within(node, set)? + self.cost_within(node, clear)?;
                if best.is_none_or(|(known, _)| cost < known) {
                    best = Some((cost, Strategy::Bits(mask, set, clear)));
                }
            }
        }
        let best = best.unwrap_or((0, Strategy::Ranges(support)));
        self.strategies.insert(node, best);
        Ok(best)
    }

    /// What a tree of the ranges of the bits in `mask` costs, the mask apart; `None` when there are too many.
    fn cost_of_ranges(&self, node: Node, mask: u32, limit: usize) -> Option<usize> {
        let starts = self.diagram.ranges(node, mask, limit)?;
        Some(decision::cost(&decision::runs(&decision::ranges(&starts, mask), usize::MAX)))
    }

    fn cost_within(&mut self, parent: Node, node: Node) -> Result<usize, TooLong> {
        if self.diagram.word(node) == self.diagram.word(parent) { Ok(self.strategy(node)?.0) } else { Ok(0) }
    }

    /// Tests that take one side of a node out of its word: of all bits that do when set, which then all lead to the
    /// same, since they can be set together; and of the first one that does when clear. Where ranges are no way, also
    /// the plain test of its first bit.
    fn bit_tests(
        &mut self,
        node: Node,
        support: u32,
        plain: bool,
    ) -> Result<Vec<(u32, Node, Node)>, TooLong> {
        let (mut tests, mut decisive, mut decided) = (vec![], 0, None);
        for bit in (0..32).rev().map(|shift| 1 << shift).filter(|bit| support & bit != 0) {
            if let Some(set) = self.diagram.decided_by(node, bit, bit) {
                (decisive, decided) = (decisive | bit, Some(set));
            }
            if tests.is_empty() && (plain || self.diagram.decided_by(node, bit, 0).is_some()) {
                let [set, clear] = [bit, 0].map(|bits| self.diagram.restrict(node, bit, bits));
                tests.push((bit, set?, clear?));
            }
        }
        if let Some(set) = decided {
            tests.push((decisive, set, self.diagram.restrict(node, decisive, 0)?));
        }
        Ok(tests)
    }
}
