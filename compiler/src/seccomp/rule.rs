//! What a filter is asked to do: rules on numbers and arguments, and what they mean.

use super::diagram::{Comparison, Diagram, FALSE, Node, OverBudget, TRUE};
use super::verdict::Verdict;
use super::word::{Argument, Input, Word};
pub use crate::policy::Operator;
use std::collections::BTreeMap;
use std::fmt;

/// A whole filter: one table for each architecture that it admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The tables, by the architecture's audit number.
    pub tables: BTreeMap<u32, Table>,
    /// What every other architecture is answered.
    pub foreign: Verdict,
}

/// The rules of one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What numbers are answered that no rule matches: from each start to the next; one of them is 0.
    pub fallbacks: BTreeMap<u32, Verdict>,
    /// The rules. Of several that match one input, the verdict of the highest precedence holds.
    pub rules: Vec<Rule>,
}

/// A verdict on some calls of one system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The system call.
    pub number: u32,
    /// What its arguments have to be, all of it; nothing matches every call.
    pub conditions: Vec<Condition>,
    /// The verdict.
    pub verdict: Verdict,
    /// Rules of layer 0 must not contradict each other. For all others the kernel's precedence decides, and the lower
    /// layer where that is equal.
    pub layer: u8,
    /// Whatever the caller wants to find again in an answer.
    pub origin: usize,
}

/// A condition on one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Which argument.
    pub argument: Argument,
    /// How much of it the kernel reads.
    pub width: Width,
    /// What it has to be. No value has bits outside of the width.
    pub operator: Operator,
}

/// How much of an argument the kernel reads: what a caller puts into the rest must not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// The lower 16 bits: `umode_t` and the user ids of old.
    Bits16,
    /// The lower 32 bits: `int`, `unsigned int` and flags of these types.
    Bits32,
    /// All of it: pointers, sizes and `long`.
    Bits64,
}

/// Two rules of layer 0 that answer the same call differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The origins of the two, in the order of the rules.
    pub origins: (usize, usize),
    /// Their verdicts.
    pub verdicts: (Verdict, Verdict),
    /// A call that both match.
    pub witness: Input,
}

/// Why rules have no meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleError {
    /// They contradict each other.
    Contradiction(Box<Contradiction>),
    /// They are too many or too entangled.
    OverBudget(OverBudget),
}

impl fmt::Display for RuleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contradiction(found) => write!(
                formatter,
                "two rules answer the same call with {} and with {}",
                found.verdicts.0, found.verdicts.1
            ),
            Self::OverBudget(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for RuleError {}

impl From<OverBudget> for RuleError {
    fn from(error: OverBudget) -> Self {
        Self::OverBudget(error)
    }
}

impl Filter {
    /// The filter's meaning, computed from the rules alone.
    pub fn meaning(&self, diagram: &mut Diagram) -> Result<Node, RuleError> {
        let foreign = diagram.terminal(self.foreign)?;
        let mut parts = BTreeMap::from([(0, foreign)]);
        for (&audit, table) in &self.tables {
            let meaning = table.meaning(audit, diagram)?;
            place(&mut parts, audit, meaning, foreign);
        }
        Ok(diagram.switch(Word::ARCH, &Vec::from_iter(parts))?)
    }
}

impl Table {
    fn meaning(&self, audit: u32, diagram: &mut Diagram) -> Result<Node, RuleError> {
        let mut parts = BTreeMap::new();
        for (&start, &verdict) in &self.fallbacks {
            parts.insert(start, diagram.terminal(verdict)?);
        }
        for (number, rules) in self.rules_by_number() {
            let fallback = diagram.terminal(self.fallback(number))?;
            let meaning = meaning_of_call(&rules, fallback, diagram).map_err(|error| match error {
                RuleError::Contradiction(mut found) => {
                    found.witness[Word::ARCH.index()] = audit;
                    found.witness[Word::NR.index()] = number;
                    RuleError::Contradiction(found)
                }
                RuleError::OverBudget(_) => error,
            })?;
            place(&mut parts, number, meaning, fallback);
        }
        Ok(diagram.switch(Word::NR, &Vec::from_iter(parts))?)
    }

    /// The rules of each system call, the verdict of the highest precedence first.
    pub(super) fn rules_by_number(&self) -> BTreeMap<u32, Vec<&Rule>> {
        let mut calls: BTreeMap<u32, Vec<&Rule>> = BTreeMap::new();
        for rule in &self.rules {
            calls.entry(rule.number).or_default().push(rule);
        }
        for rules in calls.values_mut() {
            rules.sort_by_key(|rule| rule.rank());
        }
        calls
    }

    /// What a number is answered that no rule matches.
    pub(super) fn fallback(&self, number: u32) -> Verdict {
        self.fallbacks.range(..=number).next_back().map_or(Verdict::KILL_PROCESS, |(_, &verdict)| verdict)
    }
}

/// Gives one value of a word its own part; `around` is what the values beside it get unless they have theirs.
fn place(parts: &mut BTreeMap<u32, Node>, value: u32, node: Node, around: Node) {
    parts.insert(value, node);
    if let Some(next) = value.checked_add(1) {
        parts.entry(next).or_insert(around);
    }
}

/// `rules` are all on one system call, sorted by rank.
fn meaning_of_call(rules: &[&Rule], fallback: Node, diagram: &mut Diagram) -> Result<Node, RuleError> {
    let mut meaning = fallback;
    let mut stated: Vec<(Verdict, Node)> = vec![];
    let groups: Vec<_> =
        rules.chunk_by(|one, other| (one.rank(), one.verdict) == (other.rank(), other.verdict)).collect();
    for group in groups.into_iter().rev() {
        let conditions = group.iter().map(|rule| rule.condition(diagram)).collect::<Result<_, _>>()?;
        let any = diagram.any(conditions)?;
        let Rule { layer, verdict, .. } = *group[0];
        if layer == 0 {
            for &(other_verdict, other) in &stated {
                let both = diagram.both(any, other)?;
                if both != FALSE {
                    return Err(contradiction(rules, group, other_verdict, both, diagram)?);
                }
            }
            stated.push((verdict, any));
        }
        let answer = diagram.terminal(verdict)?;
        meaning = diagram.choose(any, answer, meaning)?;
    }
    Ok(meaning)
}

/// The first two rules, one of `group` and one with the other verdict, that match a call that `both` holds for.
fn contradiction(
    rules: &[&Rule],
    group: &[&Rule],
    verdict: Verdict,
    both: Node,
    diagram: &mut Diagram,
) -> Result<RuleError, OverBudget> {
    // Their unions have a call in common, so there is one, and one of each has it.
    let witness = diagram.difference(both, FALSE).ok_or(OverBudget)?;
    let others: Vec<&Rule> =
        rules.iter().copied().filter(|rule| rule.layer == 0 && rule.verdict == verdict).collect();
    let one = matching(group, &witness, diagram)?;
    let other = matching(&others, &witness, diagram)?;
    let (first, second) = if one.origin <= other.origin { (one, other) } else { (other, one) };
    Ok(RuleError::Contradiction(Box::new(Contradiction {
        origins: (first.origin, second.origin),
        verdicts: (first.verdict, second.verdict),
        witness,
    })))
}

fn matching<'r>(rules: &[&'r Rule], input: &Input, diagram: &mut Diagram) -> Result<&'r Rule, OverBudget> {
    for rule in rules {
        let condition = rule.condition(diagram)?;
        if diagram.holds(condition, input) {
            return Ok(rule);
        }
    }
    Err(OverBudget)
}

impl Rule {
    /// Rules of a smaller rank decide first.
    pub(super) fn rank(&self) -> (i32, u8, Verdict) {
        (self.verdict.precedence(), self.layer, self.verdict)
    }

    /// The calls that it matches, its number apart.
    pub fn condition(&self, diagram: &mut Diagram) -> Result<Node, OverBudget> {
        // Later arguments first, so that each step only adds above what is there.
        let mut conditions: Vec<_> = self.conditions.iter().collect();
        conditions.sort_by_key(|condition| std::cmp::Reverse(condition.argument));
        conditions.into_iter().try_fold(TRUE, |all, condition| {
            let one = condition.meaning(diagram)?;
            diagram.both(one, all)
        })
    }
}

impl Condition {
    /// The calls that it holds for.
    pub fn meaning(&self, diagram: &mut Diagram) -> Result<Node, OverBudget> {
        let all = self.width.mask();
        let (mask, comparison, constant, negated) = match self.operator {
            Operator::Equal(value) => (all, Comparison::Equal, value, false),
            Operator::NotEqual(value) => (all, Comparison::Equal, value, true),
            Operator::Less(value) => (all, Comparison::GreaterOrEqual, value, true),
            Operator::LessOrEqual(value) => (all, Comparison::Greater, value, true),
            Operator::Greater(value) => (all, Comparison::Greater, value, false),
            Operator::GreaterOrEqual(value) => (all, Comparison::GreaterOrEqual, value, false),
            Operator::MaskedEqual { mask, value } => (mask & all, Comparison::Equal, value, false),
            Operator::OneOf(ref values) => {
                let mut values = values.clone();
                values.sort_unstable();
                let each = values
                    .into_iter()
                    .map(|value| diagram.compare_long(self.argument, all, Comparison::Equal, value))
                    .collect::<Result<_, _>>()?;
                return diagram.any(each);
            }
        };
        let node = diagram.compare_long(self.argument, mask, comparison, constant)?;
        if negated { diagram.choose(node, FALSE, TRUE) } else { Ok(node) }
    }
}

impl Operator {
    /// The same condition for a parameter of this width, whose other bits are zero: no value of it has any.
    pub fn within(&self, width: Width) -> Self {
        let wide = |value: u64| value & !width.mask() != 0;
        let (never, always) = (Self::OneOf(vec![]), Self::GreaterOrEqual(0));
        match *self {
            Self::Equal(value) | Self::Greater(value) | Self::GreaterOrEqual(value) if wide(value) => never,
            Self::NotEqual(value) | Self::Less(value) | Self::LessOrEqual(value) if wide(value) => always,
            Self::MaskedEqual { value, .. } if wide(value) => never,
            Self::MaskedEqual { mask, value } => Self::MaskedEqual { mask: mask & width.mask(), value },
            Self::OneOf(ref values) => {
                Self::OneOf(values.iter().copied().filter(|&value| !wide(value)).collect())
            }
            _ => self.clone(),
        }
    }
}

impl Width {
    /// The bits that the kernel reads.
    pub const fn mask(self) -> u64 {
        match self {
            Self::Bits16 => u16::MAX as u64,
            Self::Bits32 => u32::MAX as u64,
            Self::Bits64 => u64::MAX,
        }
    }
}
