//! The canonical meaning of a filter: a hash-consed decision diagram over the bits of seccomp_data, with verdicts at its ends.
//!
//! Bits are tested in one fixed order, each at most once, and equal nodes are one node. So two filters answer every
//! one of the 2^512 inputs alike exactly when their nodes are the same number.

mod build;
mod hash;
mod query;

use super::verdict::Verdict;
use super::word::Word;
pub use build::Comparison;
use hash::Mix;
use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasherDefault;

/// A meaning: equal numbers of one diagram are equal meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(u32);

/// What a meaning begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// It depends on this word, and on none before it.
    Word(Word),
    /// It depends on nothing.
    Verdict(Verdict),
}

/// The condition that never holds.
pub const FALSE: Node = Node(0);
/// The condition that always holds.
pub const TRUE: Node = Node(1);

/// The meaning takes more nodes than the diagram may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverBudget;

impl fmt::Display for OverBudget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "its meaning is too large to be proven: use fewer rules on several arguments, or masks that overlap less",
        )
    }
}

impl std::error::Error for OverBudget {}

/// As many nodes as a proof may take. Real profiles take some thousands; each costs about a hundred bytes.
pub const NODE_BUDGET: usize = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Inner {
    /// The bit tested, the first word's most significant first; `TERMINAL` when none is.
    bit: u16,
    /// Where a clear bit leads; a terminal's value.
    low: Node,
    /// Where a set bit leads.
    high: Node,
}

/// 32 bits for each of the words.
const TERMINAL: u16 = 512;

/// The nodes, and what has been computed of them.
pub struct Diagram {
    nodes: Vec<Inner>,
    unique: HashMap<Inner, Node, BuildHasherDefault<Mix>>,
    computed: HashMap<(Node, Node, Node), Node, BuildHasherDefault<Mix>>,
    budget: usize,
}

impl Default for Diagram {
    fn default() -> Self {
        Self::with_budget(NODE_BUDGET)
    }
}

impl Diagram {
    /// A diagram of at most `budget` nodes.
    pub fn with_budget(budget: usize) -> Self {
        let mut diagram =
            Self { nodes: vec![], unique: HashMap::default(), computed: HashMap::default(), budget };
        for constant in [FALSE, TRUE] {
            let inner = Inner { bit: TERMINAL, low: constant, high: constant };
            diagram.nodes.push(inner);
            diagram.unique.insert(inner, constant);
        }
        diagram
    }

    /// Forgets how its nodes came about: for a diagram that is only asked from now on.
    pub fn settle(&mut self) {
        self.unique = HashMap::default();
        self.computed = HashMap::default();
    }

    /// How many nodes have been made.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Is there nothing but the two constants?
    pub fn is_empty(&self) -> bool {
        self.len() == 2
    }

    /// The meaning that is this verdict whatever the input.
    pub fn terminal(&mut self, verdict: Verdict) -> Result<Node, OverBudget> {
        self.intern(Inner { bit: TERMINAL, low: Node(verdict.0), high: Node(verdict.0) })
    }

    /// What a meaning begins with.
    pub fn first(&self, node: Node) -> First {
        let Inner { bit, low, .. } = self.inner(node);
        match Word::of_bit(bit) {
            Some(word) => First::Word(word),
            None => First::Verdict(Verdict(low.0)),
        }
    }

    /// The verdict of a meaning that does not depend on the input.
    pub fn verdict(&self, node: Node) -> Option<Verdict> {
        match self.first(node) {
            First::Verdict(verdict) => Some(verdict),
            First::Word(_) => None,
        }
    }

    /// The first word that a meaning depends on.
    pub fn word(&self, node: Node) -> Option<Word> {
        match self.first(node) {
            First::Word(word) => Some(word),
            First::Verdict(_) => None,
        }
    }

    /// The meaning that is `then` where the condition holds and `otherwise` where it does not.
    pub fn choose(&mut self, condition: Node, then: Node, otherwise: Node) -> Result<Node, OverBudget> {
        match (condition, then, otherwise) {
            (TRUE, ..) => return Ok(then),
            (FALSE, ..) => return Ok(otherwise),
            _ if then == otherwise => return Ok(then),
            (_, TRUE, FALSE) => return Ok(condition),
            _ => {}
        }
        let key = (condition, then, otherwise);
        if let Some(&known) = self.computed.get(&key) {
            return Ok(known);
        }
        let bit = self.inner(condition).bit.min(self.inner(then).bit).min(self.inner(otherwise).bit);
        let [(c0, c1), (t0, t1), (o0, o1)] = [condition, then, otherwise].map(|node| self.halves(node, bit));
        let low = self.choose(c0, t0, o0)?;
        let high = self.choose(c1, t1, o1)?;
        let node = self.branch(bit, low, high)?;
        self.remember(key, node)
    }

    /// What two filters together answer: the kernel takes the verdict of higher precedence, the first one's when equal.
    pub fn strongest(&mut self, one: Node, other: Node) -> Result<Node, OverBudget> {
        if one == other {
            return Ok(one);
        }
        if let Some((first, second)) = self.verdict(one).zip(self.verdict(other)) {
            return Ok(if second.precedence() < first.precedence() { other } else { one });
        }
        // No node has this number, so the key is none of `choose`.
        let key = (one, other, Node(u32::MAX));
        if let Some(&known) = self.computed.get(&key) {
            return Ok(known);
        }
        let bit = self.inner(one).bit.min(self.inner(other).bit);
        let [(one0, one1), (other0, other1)] = [one, other].map(|node| self.halves(node, bit));
        let low = self.strongest(one0, other0)?;
        let high = self.strongest(one1, other1)?;
        let node = self.branch(bit, low, high)?;
        self.remember(key, node)
    }

    /// The condition that a meaning answers with this verdict.
    pub fn answers(&mut self, node: Node, verdict: Verdict) -> Result<Node, OverBudget> {
        self.answers_known(node, verdict, &mut HashMap::new())
    }

    fn answers_known(
        &mut self,
        node: Node,
        verdict: Verdict,
        known: &mut HashMap<Node, Node>,
    ) -> Result<Node, OverBudget> {
        let Inner { bit, low, high } = self.inner(node);
        if bit == TERMINAL {
            return Ok(if low.0 == verdict.0 { TRUE } else { FALSE });
        }
        if let Some(&answer) = known.get(&node) {
            return Ok(answer);
        }
        let low = self.answers_known(low, verdict, known)?;
        let high = self.answers_known(high, verdict, known)?;
        let answer = self.branch(bit, low, high)?;
        known.insert(node, answer);
        Ok(answer)
    }

    /// The condition that one of these holds.
    pub fn any(&mut self, mut conditions: Vec<Node>) -> Result<Node, OverBudget> {
        // Neighbours are joined first: in a sorted list they share most of their bits.
        while conditions.len() > 1 {
            conditions = conditions
                .chunks(2)
                .map(|pair| match *pair {
                    [one, other] => self.choose(one, TRUE, other),
                    _ => Ok(pair[0]),
                })
                .collect::<Result<_, _>>()?;
        }
        Ok(conditions.pop().unwrap_or(FALSE))
    }

    /// The condition that both hold.
    pub fn both(&mut self, one: Node, other: Node) -> Result<Node, OverBudget> {
        self.choose(one, other, FALSE)
    }

    /// The meaning left when the bits of `mask` in its first word are known to be `bits`.
    pub fn restrict(&mut self, node: Node, mask: u32, bits: u32) -> Result<Node, OverBudget> {
        let mut known = HashMap::new();
        self.restrict_bits(node, self.word(node), mask, bits, &mut known)
    }

    fn restrict_bits(
        &mut self,
        node: Node,
        word: Option<Word>,
        mask: u32,
        bits: u32,
        known: &mut HashMap<Node, Node>,
    ) -> Result<Node, OverBudget> {
        if self.word(node) != word || word.is_none() {
            return Ok(node);
        }
        if let Some(&result) = known.get(&node) {
            return Ok(result);
        }
        let Inner { bit, low, high } = self.inner(node);
        let weight = 1 << (31 - bit % 32);
        let result = match (mask & weight != 0, bits & weight != 0) {
            (true, false) => self.restrict_bits(low, word, mask, bits, known)?,
            (true, true) => self.restrict_bits(high, word, mask, bits, known)?,
            (false, _) => {
                let low = self.restrict_bits(low, word, mask, bits, known)?;
                let high = self.restrict_bits(high, word, mask, bits, known)?;
                self.branch(bit, low, high)?
            }
        };
        known.insert(node, result);
        Ok(result)
    }

    fn inner(&self, node: Node) -> Inner {
        self.nodes[node.0 as usize]
    }

    /// What is left of a node when `bit`, which is not after its own, is clear and when it is set.
    fn halves(&self, node: Node, bit: u16) -> (Node, Node) {
        let inner = self.inner(node);
        if inner.bit == bit { (inner.low, inner.high) } else { (node, node) }
    }

    fn branch(&mut self, bit: u16, low: Node, high: Node) -> Result<Node, OverBudget> {
        if low == high { Ok(low) } else { self.intern(Inner { bit, low, high }) }
    }

    fn intern(&mut self, inner: Inner) -> Result<Node, OverBudget> {
        if let Some(&node) = self.unique.get(&inner) {
            return Ok(node);
        }
        if self.nodes.len() >= self.budget {
            return Err(OverBudget);
        }
        let node = Node(u32::try_from(self.nodes.len()).map_err(|_| OverBudget)?);
        self.nodes.push(inner);
        self.unique.insert(inner, node);
        Ok(node)
    }

    fn remember(&mut self, key: (Node, Node, Node), node: Node) -> Result<Node, OverBudget> {
        // Work that makes no new nodes is bounded too.
        if self.computed.len() >= 2 * self.budget {
            return Err(OverBudget);
        }
        self.computed.insert(key, node);
        Ok(node)
    }
}
