//! What a spec asks of one filter, in names and parameters, and the rules that it comes to on each architecture.

use super::cookie::{self, PLACEHOLDER, Words};
use super::parameter::{parameters_on, width_on};
use super::rule::{Condition, Filter, Operator, Rule, Table, Width};
use super::table::Architecture;
use super::verdict::Verdict;
use super::word::Argument;
use std::collections::{BTreeMap, BTreeSet};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// The architectures that may make calls; every other one, and x32, is killed.
    pub architectures: BTreeSet<Architecture>,
    /// What a known system call is answered that nothing below decides.
    pub default: Verdict,
    /// Verdicts on all calls of a system call, from lists of names; of several the highest precedence holds.
    pub listed: Vec<Listed>,
    /// Verdicts on some calls of a system call.
    pub rules: Vec<Asked>,
    /// The origin of the wish that nothing is executed after the launcher's own execve, which takes away whatever else
    /// is said of execve and execveat. The launcher is a program of the first architecture.
    pub exec_once: Option<usize>,
}

/// A system call in a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its name; it need not exist on every architecture.
    pub name: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// Whatever the caller wants to find again in an answer.
    pub origin: usize,
}

/// A rule on some calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The system call; it need not exist on every architecture.
    pub name: &'static str,
    /// What the arguments with these indices have to be, all of it.
    pub conditions: Vec<(u8, Operator)>,
    /// The verdict.
    pub verdict: Verdict,
    /// Who asks.
    pub source: Source,
    /// Whatever the caller wants to find again in an answer.
    pub origin: usize,
}

/// Who asks for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The spec's own rules: two that contradict each other are a mistake.
    Stated,
    /// Another part of the spec that this rule follows from: the kernel's precedence decides.
    Implied,
}

/// The layers of [`Rule::layer`]: where two errnos meet, the spec's own rule has the better reason.
const STATED: u8 = 0;
const IMPLIED: u8 = 1;
const LISTED: u8 = 2;

/// The origin of what follows from the language itself and from no place of the spec.
pub const NO_ORIGIN: usize = usize::MAX;

/// The errno of what is refused when the default is to allow.
const EPERM: u16 = 1;

/// The first number of x32, which shares x86_64's `arch` (asm/unistd.h: __X32_SYSCALL_BIT).
pub const X32_SYSCALL_BIT: u32 = 0x4000_0000;

impl Request {
    /// The rules of each architecture.
    ///
    /// - What no table knows answers ENOSYS, as the kernel does, so that programs fall back on what is older.
    /// - A rule that allows some calls takes the place of a list that allows them all.
    /// - clone3 has its flags in memory, where no filter can look: while clone is allowed only in part, or clone3 is not
    ///   allowed at all, it answers ENOSYS, and libraries fall back on clone.
    ///
    /// The words that the last execve has to carry are the [placeholder's](PLACEHOLDER).
    pub fn filter(&self) -> Filter {
        self.filter_with(&PLACEHOLDER)
    }

    pub(super) fn filter_with(&self, cookie: &Words) -> Filter {
        let table = |&architecture: &Architecture| (architecture.audit(), self.table(architecture, cookie));
        Filter { tables: self.architectures.iter().map(table).collect(), foreign: Verdict::KILL_PROCESS }
    }

    fn table(&self, architecture: Architecture, cookie: &Words) -> Table {
        let mut rules: Vec<Rule> = self.rules.iter().filter_map(|asked| asked.rule(architecture)).collect();
        let narrowed: BTreeSet<&str> =
            self.rules.iter().filter(|asked| asked.narrows()).map(|asked| asked.name).collect();
        let listed = self
            .listed
            .iter()
            .filter(|listed| !(listed.verdict == Verdict::ALLOW && narrowed.contains(listed.name)));
        rules.extend(listed.filter_map(|listed| listed.rule(architecture)));
        rules.extend(self.clone3(&narrowed).filter_map(|listed| listed.rule(architecture)));
        let mut table = Table { fallbacks: self.fallbacks(architecture), rules };
        if let Some(origin) = self.exec_once {
            self.execute_once(architecture, cookie, origin, &mut table);
        }
        table
    }

    fn execute_once(&self, architecture: Architecture, cookie: &Words, origin: usize, table: &mut Table) {
        let refusal = if self.default.permits() { Verdict::errno(EPERM) } else { self.default };
        for name in ["execve", "execveat"] {
            let Some(number) = architecture.syscall_number(name) else { continue };
            table.rules.retain(|rule| rule.number != number);
            let after = table.fallback(number + 1);
            table.fallbacks.extend([(number, refusal), (number + 1, after)]);
            if name == "execve" && self.architectures.first() == Some(&architecture) {
                table.rules.push(cookie::rule(number, cookie, LISTED, origin));
            }
        }
    }

    fn fallbacks(&self, architecture: Architecture) -> BTreeMap<u32, Verdict> {
        let mut fallbacks = BTreeMap::from([(0, Verdict::ENOSYS)]);
        if architecture == Architecture::X86_64 {
            fallbacks.insert(X32_SYSCALL_BIT, Verdict::KILL_PROCESS);
        }
        for &(_, number) in architecture.syscalls() {
            fallbacks.insert(number, self.default);
            fallbacks.entry(number + 1).or_insert(Verdict::ENOSYS);
        }
        let mut before = None;
        fallbacks.retain(|_, verdict| before.replace(*verdict) != Some(*verdict));
        fallbacks
    }

    fn clone3(&self, narrowed: &BTreeSet<&str>) -> impl Iterator<Item = Listed> {
        let allows = |name: &str| {
            let listed = self.listed.iter().any(|listed| listed.name == name && listed.verdict.permits());
            listed || self.rules.iter().any(|asked| asked.name == name && asked.verdict.permits())
        };
        let in_part = narrowed.contains("clone")
            || self.rules.iter().any(|asked| asked.name == "clone" && !asked.conditions.is_empty());
        let default = self.default.permits();
        let needed = (default || allows("clone")) && (in_part || !default && !allows("clone3"));
        needed.then_some(Listed { name: "clone3", verdict: Verdict::ENOSYS, origin: NO_ORIGIN }).into_iter()
    }
}

impl Listed {
    fn rule(&self, architecture: Architecture) -> Option<Rule> {
        let number = architecture.syscall_number(self.name)?;
        Some(Rule { number, conditions: vec![], verdict: self.verdict, layer: LISTED, origin: self.origin })
    }
}

impl Asked {
    fn narrows(&self) -> bool {
        self.verdict == Verdict::ALLOW && self.source == Source::Stated && !self.conditions.is_empty()
    }

    /// The rule on an architecture that has the system call and its parameters.
    pub fn rule(&self, architecture: Architecture) -> Option<Rule> {
        let number = architecture.syscall_number(self.name)?;
        let conditions = self.conditions.iter().filter_map(|(index, operator)| {
            let width = parameters_on(architecture, self.name)?.get(usize::from(*index))?.width;
            let width = width_on(architecture, width);
            Some(Condition { argument: Argument::new(*index)?, width, operator: operator.within(width) })
        });
        let conditions: Vec<_> = conditions.collect();
        // problems() names a condition that cannot be looked at. Until then nothing is allowed on the strength of what is
        // left of the rule, and everything that is left is refused.
        if conditions.len() < self.conditions.len() && self.verdict.permits() {
            return None;
        }
        let layer = if self.source == Source::Stated { STATED } else { IMPLIED };
        Some(Rule { number, conditions, verdict: self.verdict, layer, origin: self.origin })
    }

    /// What is wrong with the rule on an architecture that has the system call, condition by condition.
    pub fn problems(&self, architecture: Architecture) -> Vec<(usize, Problem)> {
        let found = self.conditions.iter().enumerate();
        found
            .filter_map(|(at, (index, operator))| Some((at, self.problem(architecture, *index, operator)?)))
            .collect()
    }

    fn problem(&self, architecture: Architecture, index: u8, operator: &Operator) -> Option<Problem> {
        let Some(parameters) = parameters_on(architecture, self.name) else {
            return Some(Problem::UnknownParameters);
        };
        let Some(parameter) = parameters.get(usize::from(index)) else {
            return Some(Problem::NoSuchParameter { count: parameters.len() });
        };
        problem_of_values(operator, width_on(architecture, parameter.width))
    }
}

/// What is wrong with a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Nobody has written down the parameters of this system call.
    UnknownParameters,
    /// The system call has only so many parameters that are arguments of their own.
    NoSuchParameter {
        /// How many.
        count: usize,
    },
    /// The value has bits that the kernel does not read.
    TooWide {
        /// The value.
        value: u64,
        /// How much it reads.
        width: Width,
    },
    /// The value has bits that the mask takes away, so the condition never holds.
    OutsideOfMask {
        /// The mask.
        mask: u64,
        /// The value.
        value: u64,
    },
    /// No bit is looked at, so the condition always holds.
    EmptyMask,
    /// There is no value in the list, so the condition never holds.
    EmptyList,
    /// No value is like this: smaller than the smallest, or greater than the greatest.
    NeverHolds,
    /// Every value is like this.
    AlwaysHolds,
}

/// What is wrong with the values of an operator on a parameter of this width.
pub fn problem_of_values(operator: &Operator, width: Width) -> Option<Problem> {
    let all = width.mask();
    let wide = |value: u64| (value & !all != 0).then_some(Problem::TooWide { value, width });
    let holds = |always: bool, never: bool| match (always, never) {
        (true, _) => Some(Problem::AlwaysHolds),
        (_, true) => Some(Problem::NeverHolds),
        _ => None,
    };
    match *operator {
        Operator::Equal(value) | Operator::NotEqual(value) => wide(value),
        Operator::Less(value) => wide(value).or(holds(false, value == 0)),
        Operator::LessOrEqual(value) => wide(value).or(holds(value == all, false)),
        Operator::Greater(value) => wide(value).or(holds(false, value == all)),
        Operator::GreaterOrEqual(value) => wide(value).or(holds(value == 0, false)),
        Operator::MaskedEqual { mask, value } => match () {
            () if mask == 0 => Some(Problem::EmptyMask),
            () if value & !mask != 0 => Some(Problem::OutsideOfMask { mask, value }),
            () => wide(mask),
        },
        Operator::OneOf(ref values) if values.is_empty() => Some(Problem::EmptyList),
        Operator::OneOf(ref values) => values.iter().find_map(|&value| wide(value)),
    }
}
