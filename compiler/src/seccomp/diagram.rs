//! The canonical meaning of a filter: a hash-consed decision diagram over the bits of seccomp_data, with verdicts at its ends.
//!
//! Bits are tested in one fixed order, each at most once, and equal nodes are one node. So two filters answer every
//! one of the 2^512 inputs alike exactly when their nodes are the same number.

use super::verdict::Verdict;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

/// How many 32-bit words struct seccomp_data has.
pub const WORDS: usize = 16;

/// One word of struct seccomp_data, in the order in which a diagram tests them: arch, nr, the six arguments with the
/// upper half first, the instruction pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(u8);

/// Values for all words, in their order.
pub type Input = [u32; WORDS];

impl Word {
    /// The architecture.
    pub const ARCH: Self = Self(0);
    /// The system call's number.
    pub const NR: Self = Self(1);

    /// The upper half of an argument, counted from 0.
    pub const fn argument_high(argument: Argument) -> Self {
        Self(2 + 2 * argument.0)
    }

    /// The lower half of an argument, counted from 0.
    pub const fn argument_low(argument: Argument) -> Self {
        Self(3 + 2 * argument.0)
    }

    /// The word at a byte offset of struct seccomp_data on a little-endian machine.
    pub fn at_offset(offset: u32) -> Option<Self> {
        (0..16).map(Self).find(|word| word.offset() == offset)
    }

    /// Its byte offset in struct seccomp_data on a little-endian machine.
    pub const fn offset(self) -> u32 {
        match self.0 {
            0 => 4,
            1 => 0,
            14 => 12,
            15 => 8,
            // The arguments begin at 16 and have their lower half first.
            index => 8 + 4 * (index as u32 ^ 1),
        }
    }

    /// Its index in an [`Input`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Its most significant bit.
    const fn first_bit(self) -> u16 {
        self.0 as u16 * 32
    }
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half = if self.0.is_multiple_of(2) { "high" } else { "low" };
        match self.0 {
            0 => formatter.write_str("arch"),
            1 => formatter.write_str("nr"),
            14 | 15 => write!(formatter, "ip.{half}"),
            index => write!(formatter, "arg{}.{half}", index / 2 - 1),
        }
    }
}

/// The index of one of the six arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Argument(u8);

impl Argument {
    /// The argument with this index; `None` past the sixth.
    pub const fn new(index: u8) -> Option<Self> {
        if index < 6 { Some(Self(index)) } else { None }
    }

    /// Its index, from 0.
    pub const fn index(self) -> u8 {
        self.0
    }
}

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
        match u8::try_from(bit / 32) {
            Ok(word) if bit < TERMINAL => First::Word(Word(word)),
            _ => First::Verdict(Verdict(low.0)),
        }
    }

    /// The bit that a node tests, as its word and weight, and where it leads when clear and when set. Both are the node
    /// itself where it tests none.
    pub(super) fn test(&self, node: Node) -> (Word, u32, Node, Node) {
        let Inner { bit, low, high } = self.inner(node);
        match self.first(node) {
            First::Word(word) => (word, 1 << (31 - bit % 32), low, high),
            First::Verdict(_) => (Word::ARCH, 0, node, node),
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
        if self.computed.len() >= 4 * self.budget {
            return Err(OverBudget);
        }
        self.computed.insert(key, node);
        Ok(node)
    }
}

/// A hash for small integers: the default one's resistance to chosen keys is not worth its time here, since keys are
/// node numbers.
#[derive(Default)]
struct Mix(u64);

impl Mix {
    fn mix(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(26) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.mix(byte.into()));
    }

    fn write_u16(&mut self, value: u16) {
        self.mix(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(value.into());
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
