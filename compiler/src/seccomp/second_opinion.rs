//! What seccompiler makes of the same rules: an independent translation, whose meaning has to be ours.

use super::diagram::{Comparison, Diagram, Node, OverBudget};
use super::evaluate::{Invalid, evaluate};
use super::instruction::Instruction;
use super::proof::{Proven, Unproven, prove};
use super::rule::{Condition, Filter, Operator, Rule, Table, Width};
use super::table::Architecture;
use super::verdict::Verdict;
use super::word::Word;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};
use std::collections::BTreeMap;

/// Why there is no second opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoOpinion {
    /// seccompiler cannot express this: its words.
    Inexpressible(String),
    /// It is too large to be proven.
    OverBudget,
}

/// Has seccompiler the same opinion of a filter? Where it cannot have one, the reason is the answer.
pub fn agrees(filter: &Filter, proven: &mut Proven) -> Result<Option<NoOpinion>, Unproven> {
    match second_opinion(filter, &mut proven.diagram) {
        Ok(opinion) => prove(&proven.program, opinion, &mut proven.diagram).map(|_| None),
        Err(reason) => Ok(Some(reason)),
    }
}

/// The filter's meaning by way of seccompiler's programs. seccompiler knows two verdicts for one program, no ranges of
/// numbers and no x32, so it gets a program for each verdict and says which calls the rules of that verdict match;
/// verdicts, precedence and fallbacks are put together here.
pub fn second_opinion(filter: &Filter, diagram: &mut Diagram) -> Result<Node, NoOpinion> {
    let mut meaning = diagram.terminal(filter.foreign)?;
    for (&audit, table) in &filter.tables {
        let here = diagram.compare(Word::ARCH, u32::MAX, Comparison::Equal, audit)?;
        let table = opinion_of_table(audit, table, diagram)?;
        meaning = diagram.choose(here, table, meaning)?;
    }
    Ok(meaning)
}

fn opinion_of_table(audit: u32, table: &Table, diagram: &mut Diagram) -> Result<Node, NoOpinion> {
    let mut meaning = diagram.terminal(Verdict::KILL_PROCESS)?;
    for (&start, &verdict) in &table.fallbacks {
        let from_here = diagram.compare(Word::NR, u32::MAX, Comparison::GreaterOrEqual, start)?;
        let verdict = diagram.terminal(verdict)?;
        meaning = diagram.choose(from_here, verdict, meaning)?;
    }
    let mut ranks: BTreeMap<_, Vec<&Rule>> = BTreeMap::new();
    for rule in &table.rules {
        ranks.entry(rule.rank()).or_default().push(rule);
    }
    let target = target(audit)?;
    for rules in ranks.values().rev() {
        let verdict = diagram.terminal(rules[0].verdict)?;
        for program in programs(rules, target)? {
            let matched = evaluate(&program, diagram)?;
            let matched = diagram.answers(matched, MATCHED)?;
            meaning = diagram.choose(matched, verdict, meaning)?;
        }
    }
    Ok(meaning)
}

/// What seccompiler's programs answer to the calls that a rule matches; any other action does for the rest.
const MATCHED: Verdict = Verdict::LOG;

/// seccompiler's instructions for one condition and for one rule, at most.
const CONDITION_INSTRUCTIONS: usize = 6;
const RULE_INSTRUCTIONS: usize = 8;
/// It refuses programs of 4096 instructions.
const PROGRAM_INSTRUCTIONS: usize = 4000;
/// Its jumps over the conditions of one rule have a byte for the distance.
const MAX_CONDITIONS: usize = 32;

/// seccompiler's programs for the calls that rules match; more than one when one would be too long for the kernel.
pub fn programs(rules: &[&Rule], target: TargetArch) -> Result<Vec<Vec<Instruction>>, NoOpinion> {
    let mut programs = vec![];
    let mut calls: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    let mut unconditional = BTreeMap::new();
    let mut length = 0;
    for rule in rules {
        if rule.conditions.is_empty() {
            unconditional.insert(i64::from(rule.number), vec![]);
        }
        for alternative in alternatives(&rule.conditions)? {
            let needed = RULE_INSTRUCTIONS + alternative.len() * CONDITION_INSTRUCTIONS;
            if length + needed > PROGRAM_INSTRUCTIONS {
                programs.push(program(std::mem::take(&mut calls), target)?);
                length = 0;
            }
            length += needed;
            let rule_of_theirs = SeccompRule::new(alternative).map_err(inexpressible)?;
            calls.entry(rule.number.into()).or_default().push(rule_of_theirs);
        }
    }
    programs.push(program(calls, target)?);
    programs.push(program(unconditional, target)?);
    Ok(programs)
}

fn program(
    calls: BTreeMap<i64, Vec<SeccompRule>>,
    target: TargetArch,
) -> Result<Vec<Instruction>, NoOpinion> {
    let filter =
        SeccompFilter::new(calls, SeccompAction::Allow, SeccompAction::Log, target).map_err(inexpressible)?;
    let program: BpfProgram = filter.try_into().map_err(inexpressible)?;
    Ok(program.iter().map(|one| Instruction { code: one.code, jt: one.jt, jf: one.jf, k: one.k }).collect())
}

/// The conditions with each list of values spread over as many rules; none when no call can match.
fn alternatives(conditions: &[Condition]) -> Result<Vec<Vec<SeccompCondition>>, NoOpinion> {
    if conditions.is_empty() {
        return Ok(vec![]);
    }
    if conditions.len() > MAX_CONDITIONS {
        return Err(inexpressible(format!("a rule has more than {MAX_CONDITIONS} conditions")));
    }
    let mut all = vec![vec![]];
    for condition in conditions {
        let choices = choices(condition)?;
        if all.len() * choices.len() > PROGRAM_INSTRUCTIONS {
            return Err(inexpressible("the values of a rule's lists have too many combinations"));
        }
        all = all
            .iter()
            .flat_map(|before: &Vec<_>| {
                choices.iter().map(|one| [before.as_slice(), std::slice::from_ref(one)].concat())
            })
            .collect();
    }
    Ok(all)
}

fn choices(condition: &Condition) -> Result<Vec<SeccompCondition>, NoOpinion> {
    let width = match condition.width {
        Width::Bits16 => return choices_of_16_bits(condition),
        Width::Bits32 => SeccompCmpArgLen::Dword,
        Width::Bits64 => SeccompCmpArgLen::Qword,
    };
    let theirs = |op: SeccompCmpOp, value: u64| {
        SeccompCondition::new(condition.argument.index(), width.clone(), op, value).map_err(inexpressible)
    };
    let one = match condition.operator {
        Operator::Equal(value) => theirs(SeccompCmpOp::Eq, value),
        Operator::NotEqual(value) => theirs(SeccompCmpOp::Ne, value),
        Operator::Less(value) => theirs(SeccompCmpOp::Lt, value),
        Operator::LessOrEqual(value) => theirs(SeccompCmpOp::Le, value),
        Operator::Greater(value) => theirs(SeccompCmpOp::Gt, value),
        Operator::GreaterOrEqual(value) => theirs(SeccompCmpOp::Ge, value),
        // seccompiler masks the value; here such a rule matches nothing.
        Operator::MaskedEqual { mask, value } if value & !mask != 0 => return Ok(vec![]),
        Operator::MaskedEqual { mask, value } => theirs(SeccompCmpOp::MaskedEq(mask), value),
        Operator::OneOf(ref values) => {
            return values.iter().map(|&value| theirs(SeccompCmpOp::Eq, value)).collect();
        }
    };
    Ok(vec![one?])
}

/// seccompiler compares 32 bits or 64, and fewer only for equality.
fn choices_of_16_bits(condition: &Condition) -> Result<Vec<SeccompCondition>, NoOpinion> {
    let all = Width::Bits16.mask();
    let masked = |mask, value| Operator::MaskedEqual { mask, value };
    let operators = match condition.operator {
        Operator::Equal(value) => vec![masked(all, value)],
        Operator::MaskedEqual { mask, value } => vec![masked(mask & all, value)],
        Operator::OneOf(ref values) => values.iter().map(|&value| masked(all, value)).collect(),
        _ => return Err(inexpressible("it cannot order 16-bit parameters")),
    };
    let each =
        operators.into_iter().map(|operator| Condition { width: Width::Bits32, operator, ..*condition });
    Ok(each.map(|condition| choices(&condition)).collect::<Result<Vec<_>, _>>()?.concat())
}

fn target(audit: u32) -> Result<TargetArch, NoOpinion> {
    match Architecture::ALL.into_iter().find(|architecture| architecture.audit() == audit) {
        Some(Architecture::X86_64) => Ok(TargetArch::x86_64),
        Some(Architecture::Aarch64) => Ok(TargetArch::aarch64),
        Some(Architecture::Riscv64) => Ok(TargetArch::riscv64),
        _ => Err(inexpressible(format!("it does not know the architecture {audit:#x}"))),
    }
}

fn inexpressible(reason: impl ToString) -> NoOpinion {
    NoOpinion::Inexpressible(reason.to_string())
}

impl From<OverBudget> for NoOpinion {
    fn from(_: OverBudget) -> Self {
        Self::OverBudget
    }
}

impl From<Invalid> for NoOpinion {
    fn from(error: Invalid) -> Self {
        match error {
            Invalid::Instruction { .. } => inexpressible(error),
            Invalid::OverBudget(_) => Self::OverBudget,
        }
    }
}
