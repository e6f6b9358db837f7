//! Random rules on a few numbers and arguments, with values that meet often; and what they mean, by the book.

use boxwright::seccomp::Architecture;
use boxwright::seccomp::rule::{Condition, Filter, Operator, Rule, Table, Width};
use boxwright::seccomp::verdict::Verdict;
use boxwright::seccomp::word::{Argument, Input, Word};
use std::collections::BTreeMap;

/// What chooses: a generator here, a fuzzer's bytes elsewhere.
pub trait Choose {
    fn next(&mut self) -> u64;

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Values that meet often, at the edges of words.
    fn value(&mut self) -> u64 {
        let base = [0, 1, 2, 7, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, u64::MAX][self.below(8) as usize];
        base.wrapping_add(self.below(3)).wrapping_sub(1)
    }
}

/// SplitMix64: every run is the same.
pub struct Random(pub u64);

impl Choose for Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }
}

pub fn random_filter(random: &mut impl Choose) -> Filter {
    let rules = (0..1 + random.below(12)).map(|origin| random_rule(random, origin as usize)).collect();
    let fallbacks = BTreeMap::from([
        (0, [Verdict::errno(1), Verdict::ALLOW, Verdict::KILL_PROCESS][random.below(3) as usize]),
        (5, Verdict::ENOSYS),
        (0x4000_0000, Verdict::KILL_PROCESS),
    ]);
    let tables = BTreeMap::from([(Architecture::X86_64.audit(), Table { fallbacks, rules })]);
    Filter { tables, foreign: Verdict::KILL_PROCESS }
}

pub fn random_rule(random: &mut impl Choose, origin: usize) -> Rule {
    let verdicts = [Verdict::ALLOW, Verdict::errno(1), Verdict::errno(13), Verdict::LOG, Verdict::TRAP];
    let which = random.below(verdicts.len() as u64) as usize;
    Rule {
        number: random.below(6) as u32,
        conditions: (0..random.below(4)).map(|_| random_condition(random)).collect(),
        verdict: verdicts[which],
        layer: which as u8,
        origin,
    }
}

pub fn random_condition(random: &mut impl Choose) -> Condition {
    // Of 16 bits seccompiler has mostly no opinion.
    let width = if random.below(30) == 0 {
        Width::Bits16
    } else {
        [Width::Bits32, Width::Bits64][random.below(2) as usize]
    };
    let mut value = || random.value() & width.mask();
    let (one, mask, list) = (value(), value(), vec![value(), value(), value()]);
    let operator = match random.below(8) {
        0 => Operator::Equal(one),
        1 => Operator::NotEqual(one),
        2 => Operator::Less(one),
        3 => Operator::LessOrEqual(one),
        4 => Operator::Greater(one),
        5 => Operator::GreaterOrEqual(one),
        6 => Operator::MaskedEqual { mask, value: one & mask },
        _ => Operator::OneOf(list),
    };
    let argument = Argument::new(random.below(3) as u8).unwrap();
    Condition { argument, width, operator }
}

/// The verdict by the book: every rule is tried.
pub fn expected(filter: &Filter, input: &Input) -> Verdict {
    let Some(table) = filter.tables.get(&input[Word::ARCH.index()]) else { return filter.foreign };
    let number = input[Word::NR.index()];
    let holds = |condition: &Condition| {
        let high = input[Word::argument_high(condition.argument).index()];
        let low = input[Word::argument_low(condition.argument).index()];
        let value = (u64::from(high) << 32 | u64::from(low)) & condition.width.mask();
        match condition.operator {
            Operator::Equal(other) => value == other,
            Operator::NotEqual(other) => value != other,
            Operator::Less(other) => value < other,
            Operator::LessOrEqual(other) => value <= other,
            Operator::Greater(other) => value > other,
            Operator::GreaterOrEqual(other) => value >= other,
            Operator::MaskedEqual { mask, value: other } => value & mask == other,
            Operator::OneOf(ref values) => values.contains(&value),
        }
    };
    let matching =
        table.rules.iter().filter(|rule| rule.number == number && rule.conditions.iter().all(holds));
    let strongest = matching.min_by_key(|rule| (rule.verdict.precedence(), rule.layer));
    strongest.map_or(*table.fallbacks.range(..=number).next_back().unwrap().1, |rule| rule.verdict)
}
