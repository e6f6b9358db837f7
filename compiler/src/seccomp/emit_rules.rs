//! The second way to a program: rule after rule, each a chain of comparisons, for the system calls where that is smaller
//! than their meaning, which it is where rules on several arguments or with several masks overlap.

use super::assembler::{Assembler, Label};
use super::decision;
use super::diagram::{Comparison, Diagram, Node};
use super::emit::{Emitter, Strategies, TooLong, emit};
use super::instruction::Instruction;
use super::rule::{Condition, Filter, Operator, Rule, Table, Width};
use super::verdict::Verdict;
use super::word::Word;
use std::collections::BTreeMap;

/// A program for a filter and its meaning. `exceptions` is as for [`emit`].
pub fn emit_rules(
    filter: &Filter,
    meaning: Node,
    exceptions: usize,
    diagram: &mut Diagram,
    strategies: &mut Strategies,
) -> Result<Vec<Instruction>, TooLong> {
    let emitter = &mut Emitter::new(exceptions, diagram, strategies);
    let foreign = emitter.assembler.verdict(filter.foreign);
    let mut parts = BTreeMap::from([(0, foreign)]);
    for (&audit, table) in &filter.tables {
        let meaning = emitter.diagram.given(meaning, Word::ARCH, audit);
        let start = write_table(table, meaning, emitter)?;
        place(&mut parts, audit, start, foreign);
    }
    let tree = write_parts(parts, emitter);
    let start = emitter.assembler.load(Word::ARCH, tree);
    Ok(std::mem::take(&mut emitter.assembler).finish(start))
}

fn write_table(table: &Table, meaning: Node, emitter: &mut Emitter) -> Result<Label, TooLong> {
    let fallbacks =
        table.fallbacks.iter().map(|(&start, &verdict)| (start, emitter.assembler.verdict(verdict)));
    let mut parts: BTreeMap<_, _> = fallbacks.collect();
    for (number, rules) in table.rules_by_number() {
        let around = emitter.assembler.verdict(table.fallback(number));
        let meaning = emitter.diagram.given(meaning, Word::NR, number);
        let call = write_call(&rules, table.fallback(number), meaning, emitter)?;
        place(&mut parts, number, call, around);
    }
    let tree = write_parts(parts, emitter);
    Ok(emitter.assembler.load(Word::NR, tree))
}

/// The smaller one of the rules and the meaning of one system call; of a verdict that depends on nothing the kernel keeps
/// a note, so the rules must not look at arguments for it.
fn write_call(
    rules: &[&Rule],
    fallback: Verdict,
    meaning: Node,
    emitter: &mut Emitter,
) -> Result<Label, TooLong> {
    let mut alone = Assembler::default();
    let start = write_rules(rules, fallback, &mut alone);
    let by_rules = alone.finish(start).len();
    let by_meaning = emit(meaning, emitter.exceptions, emitter.diagram, emitter.strategies);
    if emitter.diagram.verdict(meaning).is_some() || by_meaning.is_ok_and(|program| program.len() <= by_rules)
    {
        emitter.block(meaning)
    } else {
        Ok(write_rules(rules, fallback, &mut emitter.assembler))
    }
}

fn write_rules(rules: &[&Rule], fallback: Verdict, assembler: &mut Assembler) -> Label {
    let fallback = assembler.verdict(fallback);
    rules.iter().rev().fold(fallback, |next, rule| write_rule(rule, next, assembler))
}

fn place(parts: &mut BTreeMap<u32, Label>, value: u32, label: Label, around: Label) {
    parts.insert(value, label);
    if let Some(next) = value.checked_add(1) {
        parts.entry(next).or_insert(around);
    }
}

fn write_parts(parts: BTreeMap<u32, Label>, emitter: &mut Emitter) -> Label {
    let mut starts = Vec::from_iter(parts);
    starts.dedup_by_key(|&mut (_, label)| label);
    let runs = decision::runs(&decision::ranges(&starts, u32::MAX), emitter.exceptions);
    decision::write(&runs, &mut emitter.assembler)
}

fn write_rule(rule: &Rule, next: Label, assembler: &mut Assembler) -> Label {
    let verdict = assembler.verdict(rule.verdict);
    rule.conditions
        .iter()
        .rev()
        .fold(verdict, |then, condition| write_condition(condition, then, next, assembler))
}

fn write_condition(condition: &Condition, then: Label, otherwise: Label, assembler: &mut Assembler) -> Label {
    if then == otherwise {
        return then;
    }
    let mut written = |comparison, value, then, otherwise| {
        write_long(condition, comparison, value, then, otherwise, assembler)
    };
    match condition.operator {
        Operator::Equal(value) => written(Comparison::Equal, value, then, otherwise),
        Operator::NotEqual(value) => written(Comparison::Equal, value, otherwise, then),
        Operator::Less(value) => written(Comparison::GreaterOrEqual, value, otherwise, then),
        Operator::LessOrEqual(value) => written(Comparison::Greater, value, otherwise, then),
        Operator::Greater(value) => written(Comparison::Greater, value, then, otherwise),
        Operator::GreaterOrEqual(value) => written(Comparison::GreaterOrEqual, value, then, otherwise),
        Operator::OneOf(ref values) => {
            values.iter().rev().fold(otherwise, |next, &value| written(Comparison::Equal, value, then, next))
        }
        Operator::MaskedEqual { mask, value } => {
            write_masked(condition, mask, value, then, otherwise, assembler)
        }
    }
}

/// The upper half decides unless it is the constant's, and of 32-bit parameters never.
fn write_long(
    condition: &Condition,
    comparison: Comparison,
    value: u64,
    then: Label,
    otherwise: Label,
    assembler: &mut Assembler,
) -> Label {
    let (high, low) = halves(value);
    let low = assembler.branch(comparison, low, then, otherwise);
    let low = match condition.width {
        Width::Bits16 => assembler.mask(u16::MAX.into(), low),
        Width::Bits32 | Width::Bits64 => low,
    };
    let low = assembler.load(Word::argument_low(condition.argument), low);
    if condition.width != Width::Bits64 {
        return low;
    }
    let greater = match comparison {
        Comparison::Equal | Comparison::AnySet => otherwise,
        Comparison::Greater | Comparison::GreaterOrEqual => {
            assembler.branch(Comparison::Greater, high, then, otherwise)
        }
    };
    let high = assembler.branch(Comparison::Equal, high, low, greater);
    assembler.load(Word::argument_high(condition.argument), high)
}

fn write_masked(
    condition: &Condition,
    mask: u64,
    value: u64,
    then: Label,
    otherwise: Label,
    assembler: &mut Assembler,
) -> Label {
    let (mask_high, mask_low) = halves(mask & condition.width.mask());
    let (high, low) = halves(value);
    let mut next = then;
    for (word, mask, value) in [
        (Word::argument_low(condition.argument), mask_low, low),
        (Word::argument_high(condition.argument), mask_high, high),
    ] {
        next = match (mask, value) {
            (0, 0) => next,
            (0, _) => return otherwise,
            _ => {
                let equal = assembler.branch(Comparison::Equal, value, next, otherwise);
                let masked = if mask == u32::MAX { equal } else { assembler.mask(mask, equal) };
                assembler.load(word, masked)
            }
        };
    }
    next
}

/// The upper and the lower half.
fn halves(value: u64) -> (u32, u32) {
    let [b0, b1, b2, b3, b4, b5, b6, b7] = value.to_le_bytes();
    (u32::from_le_bytes([b4, b5, b6, b7]), u32::from_le_bytes([b0, b1, b2, b3]))
}
