//! The map of the system calls of x86_64: what the filter answers to each, beside what Docker's default filter does.

use crate::policy::Policy;
use crate::seccomp::diagram::Diagram;
use crate::seccomp::rule::RuleError;
use crate::seccomp::verdict::Verdict;
use crate::seccomp::{Architecture, group, group_names, merge};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Names under `allowed` and `by arguments`; `#` starts a comment.
const DOCKER: &str = include_str!("docker.txt");

static DOCKERS: LazyLock<BTreeMap<&'static str, Answer>> = LazyLock::new(|| {
    let mut answers = BTreeMap::new();
    let mut current = Answer::Denied;
    for line in DOCKER.lines().filter(|line| !line.starts_with('#')) {
        match line {
            "allowed" => current = Answer::Allowed,
            "by arguments" => current = Answer::ByArguments,
            names => answers.extend(names.split_whitespace().map(|name| (name, current))),
        }
    }
    answers
});

/// What a filter says to a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// No to every call of it.
    Denied,
    /// It depends on the arguments.
    ByArguments,
    /// Yes to every call of it.
    Allowed,
}

/// One system call.
#[derive(Debug, Clone, Serialize)]
pub struct SystemCall {
    /// Its name.
    pub name: &'static str,
    /// What this filter says.
    pub answer: Answer,
    /// What Docker's says.
    pub docker: Answer,
    /// Whether this filter allows more than Docker's.
    pub beyond_docker: bool,
}

/// A named set of system calls.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// Its name, with the `@`.
    pub name: &'static str,
    /// Its calls that x86_64 has, by name.
    pub calls: Vec<SystemCall>,
    /// How many of them are allowed whatever their arguments.
    pub allowed: usize,
    /// How many are allowed with some arguments.
    pub by_arguments: usize,
    /// How many are denied.
    pub denied: usize,
}

/// The whole map.
#[derive(Debug, Clone, Serialize)]
pub struct Calls {
    /// Whether there is a filter at all.
    pub filtered: bool,
    /// Every call of x86_64.
    pub all: Group,
    /// The same in systemd's groups, which share calls; what is in none comes last.
    pub groups: Vec<Group>,
}

impl Group {
    fn new(name: &'static str, calls: Vec<SystemCall>) -> Self {
        let count = |answer| calls.iter().filter(|call| call.answer == answer).count();
        let [allowed, by_arguments, denied] =
            [Answer::Allowed, Answer::ByArguments, Answer::Denied].map(count);
        Self { name, calls, allowed, by_arguments, denied }
    }

    /// The names of those of which Docker's filter allows less.
    pub fn beyond_docker(&self) -> Vec<&'static str> {
        self.calls.iter().filter(|call| call.beyond_docker).map(|call| call.name).collect()
    }
}

/// Groups that repeat others: the largest, and the one that the filter allows by itself.
const LEFT_OUT: [&str; 3] = ["@default", "@system-service", "@minimal"];

pub(super) fn calls(policy: &Policy) -> Result<Calls, RuleError> {
    let answers = answers(policy)?;
    let call = |name: &'static str| {
        let answer = answers.get(name).copied().unwrap_or(Answer::Allowed);
        let docker = DOCKERS.get(name).copied().unwrap_or(Answer::Denied);
        SystemCall { name, answer, docker, beyond_docker: answer > docker }
    };
    let names: BTreeSet<&'static str> =
        Architecture::X86_64.syscalls().iter().map(|&(name, _)| name).collect();
    let of = |members: BTreeSet<&'static str>| -> Vec<SystemCall> {
        members.into_iter().filter(|name| names.contains(name)).map(call).collect()
    };
    let shown = group_names().filter(|name| !LEFT_OUT.contains(name));
    let mut groups: Vec<Group> =
        shown.map(|name| Group::new(name, of(group(name).unwrap_or_default()))).collect();
    let grouped: BTreeSet<_> = groups.iter().flat_map(|group| &group.calls).map(|call| call.name).collect();
    groups.push(Group::new("others", of(&names - &grouped)));
    Ok(Calls { filtered: policy.seccomp.is_some(), all: Group::new("all", of(names.clone())), groups })
}

/// What the policy's filter answers, from the meaning that is enforced; empty when it asks for no filter.
fn answers(policy: &Policy) -> Result<BTreeMap<&'static str, Answer>, RuleError> {
    let Some(merged) = merge(policy) else { return Ok(BTreeMap::new()) };
    let mut diagram = Diagram::default();
    let meaning = merged.request.filter().meaning(&mut diagram)?;
    let audit = Architecture::X86_64.audit();
    let answer = |number| match diagram.decided(meaning, &[audit, number]).map(Verdict::permits) {
        Some(true) => Answer::Allowed,
        Some(false) => Answer::Denied,
        None => Answer::ByArguments,
    };
    Ok(Architecture::X86_64.syscalls().iter().map(|&(name, number)| (name, answer(number))).collect())
}
