//! Questions to a diagram that add nothing to it.

use super::{Diagram, Inner, Node, TERMINAL, TRUE};
use crate::seccomp::verdict::Verdict;
use crate::seccomp::word::{Input, Known, WORDS, Word};
use std::collections::{BTreeMap, BTreeSet};

impl Diagram {
    /// What follows the first word when the bits of `mask` in it are `bits`, if that decides it.
    pub fn decided_by(&self, node: Node, mask: u32, bits: u32) -> Option<Node> {
        let word = self.word(node)?;
        let (mut pending, mut seen, mut decided) = (vec![node], BTreeSet::new(), None);
        while let Some(node) = pending.pop() {
            let Inner { bit, low, high } = self.inner(node);
            if self.word(node) != Some(word) {
                if *decided.get_or_insert(node) != node {
                    return None;
                }
            } else if seen.insert(node) {
                let weight = 1 << (31 - bit % 32);
                if mask & weight == 0 || bits & weight == 0 {
                    pending.push(low);
                }
                if mask & weight == 0 || bits & weight != 0 {
                    pending.push(high);
                }
            }
        }
        decided
    }

    /// The bits of its first word that a meaning depends on.
    pub fn support(&self, node: Node) -> u32 {
        let word = self.word(node);
        let (mut mask, mut pending, mut seen) = (0, vec![node], BTreeSet::new());
        while let Some(node) = pending.pop() {
            if self.word(node) == word && word.is_some() && seen.insert(node) {
                let Inner { bit, low, high } = self.inner(node);
                mask |= 1 << (31 - bit % 32);
                pending.extend([low, high]);
            }
        }
        mask
    }

    /// The maximal ranges of equal meaning that the first word's bits of `mask` fall into: where each starts, and what
    /// follows. `None` when there are more than `limit`. All bits that the meaning depends on have to be in the mask.
    pub fn ranges(&self, node: Node, mask: u32, limit: usize) -> Option<Vec<(u32, Node)>> {
        let mut ranges = vec![];
        let word = self.word(node)?;
        self.collect_ranges(node, word, mask, 0, limit, &mut ranges).then_some(ranges)
    }

    fn collect_ranges(
        &self,
        node: Node,
        word: Word,
        mask: u32,
        start: u32,
        limit: usize,
        ranges: &mut Vec<(u32, Node)>,
    ) -> bool {
        if self.word(node) != Some(word) {
            if ranges.last().is_none_or(|&(_, last)| last != node) {
                ranges.push((start, node));
            }
            return ranges.len() <= limit;
        }
        if mask == 0 {
            return false;
        }
        let weight = 1 << mask.ilog2();
        let bit = word.first_bit() + 31 - u16::try_from(mask.ilog2()).unwrap_or_default();
        let (low, high) = self.halves(node, bit);
        self.collect_ranges(low, word, mask ^ weight, start, limit, ranges)
            && self.collect_ranges(high, word, mask ^ weight, start | weight, limit, ranges)
    }

    /// Does a condition hold for an input?
    pub fn holds(&self, condition: Node, input: &Input) -> bool {
        self.evaluate(condition, input) == self.evaluate(TRUE, input)
    }

    /// What a meaning answers to one input.
    pub fn evaluate(&self, mut node: Node, input: &Input) -> Verdict {
        loop {
            let Inner { bit, low, high } = self.inner(node);
            if bit == TERMINAL {
                return Verdict(low.0);
            }
            let set = input[usize::from(bit / 32)] >> (31 - bit % 32) & 1 == 1;
            node = if set { high } else { low };
        }
    }

    /// What is left of a meaning when this word, before which it depends on none, is known.
    pub fn given(&self, mut node: Node, word: Word, value: u32) -> Node {
        while self.word(node) == Some(word) {
            let Inner { bit, low, high } = self.inner(node);
            node = if value >> (31 - bit % 32) & 1 == 1 { high } else { low };
        }
        node
    }

    /// What a meaning answers when its first words are known, if the others do not matter.
    pub fn decided(&self, mut node: Node, known: &[u32]) -> Option<Verdict> {
        loop {
            let Inner { bit, low, high } = self.inner(node);
            if bit == TERMINAL {
                return Some(Verdict(low.0));
            }
            let set = known.get(usize::from(bit / 32))? >> (31 - bit % 32) & 1 == 1;
            node = if set { high } else { low };
        }
    }

    /// An input that two meanings answer differently, the smallest one; `None` when they are the same.
    pub fn difference(&self, mut one: Node, mut other: Node) -> Option<Input> {
        let mut input = [0; WORDS];
        while one != other {
            let bit = self.inner(one).bit.min(self.inner(other).bit);
            if bit == TERMINAL {
                return Some(input);
            }
            let [(one0, one1), (other0, other1)] = [one, other].map(|node| self.halves(node, bit));
            if one0 != other0 {
                (one, other) = (one0, other0);
            } else {
                (one, other) = (one1, other1);
                input[usize::from(bit / 32)] |= 1 << (31 - bit % 32);
            }
        }
        None
    }

    /// How many nodes a meaning consists of.
    pub fn size(&self, node: Node) -> usize {
        let (mut pending, mut seen) = (vec![node], BTreeSet::new());
        while let Some(node) = pending.pop() {
            let Inner { bit, low, high } = self.inner(node);
            if seen.insert(node) && bit != TERMINAL {
                pending.extend([low, high]);
            }
        }
        seen.len()
    }

    /// An input whose words have these bits under these masks, and whose verdict is wanted.
    pub fn find(
        &self,
        meaning: Node,
        fixed: &[(u32, u32); WORDS],
        wanted: fn(Verdict) -> bool,
    ) -> Option<Input> {
        let start = fixed.map(|(mask, bits)| mask & bits);
        let (mut pending, mut seen) = (vec![(meaning, start)], BTreeSet::new());
        while let Some((node, input)) = pending.pop() {
            let Inner { bit, low, high } = self.inner(node);
            if bit == TERMINAL {
                if wanted(Verdict(low.0)) {
                    return Some(input);
                }
                continue;
            }
            if !seen.insert(node) {
                continue;
            }
            let (word, weight) = (usize::from(bit / 32), 1 << (31 - bit % 32));
            let (mask, bits) = fixed[word];
            let mut set = input;
            set[word] |= weight;
            if mask & weight == 0 || bits & weight != 0 {
                pending.push((high, set));
            }
            if mask & weight == 0 || bits & weight == 0 {
                pending.push((low, input));
            }
        }
        None
    }

    /// Every verdict of a meaning that inputs with these words can get, each with the first such input.
    pub fn verdicts(&self, meaning: Node, known: &Known) -> BTreeMap<Verdict, Input> {
        let start = known.map(Option::unwrap_or_default);
        let (mut pending, mut seen, mut found) = (vec![(meaning, start)], BTreeSet::new(), BTreeMap::new());
        while let Some((node, input)) = pending.pop() {
            if !seen.insert(node) {
                continue;
            }
            let Inner { bit, low, high } = self.inner(node);
            if bit == TERMINAL {
                found.entry(Verdict(low.0)).or_insert(input);
                continue;
            }
            let (word, weight) = (usize::from(bit / 32), 1 << (31 - bit % 32));
            let mut set = input;
            set[word] |= weight;
            match known[word] {
                Some(value) if value & weight == 0 => pending.push((low, input)),
                Some(_) => pending.push((high, input)),
                None => pending.extend([(high, set), (low, input)]),
            }
        }
        found
    }
}
