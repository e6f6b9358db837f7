//! What a policy asks of its one filter: its section's own rules, and what the rest of it implies.

use super::diagram::{Diagram, FALSE};
use super::implied::{exec_once, implied};
use super::request::{Asked, Listed, NO_ORIGIN, Request, Source};
use super::table::Architecture;
use crate::policy::{Policy, RuleSource, SyscallRule};
use crate::source::Span;

/// What is asked of the one filter of a policy.
pub struct Merged {
    /// All of it.
    pub request: Request,
    /// Who asks for each rule, and where; its rules' origins are the indices.
    pub origins: Vec<Origin>,
}

/// Who asks for a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who.
    pub source: RuleSource,
    /// Where.
    pub span: Span,
}

/// Joins what the policy's section says and what the rest of it implies; `None` when it asks for no filter.
pub fn merge(policy: &Policy) -> Option<Merged> {
    let seccomp = policy.seccomp.as_ref()?;
    let (mut listed, mut rules, mut origins) = (vec![], vec![], vec![]);
    for (origin, rule) in seccomp.rules.iter().enumerate() {
        let (name, verdict) = (rule.name, rule.action.into());
        match rule.source {
            RuleSource::List(_) => listed.push(Listed { name, verdict, origin }),
            RuleSource::Named(_) | RuleSource::Implied(_) => rules.push(asked(rule, origin)),
        }
        origins.push(Origin { source: rule.source.clone(), span: rule.span });
    }
    // What nothing lets pass needs no reason of its own.
    let passes = |name: &str| {
        let own = seccomp.rules.iter().filter(|rule| rule.name == name).map(|rule| rule.action);
        own.chain([seccomp.default_action.value]).any(|action| !action.refuses())
    };
    rules.extend(implied(policy, &mut origins).into_iter().filter(|rule| passes(rule.name)));
    let architectures = seccomp.architectures.iter().filter_map(|one| Architecture::from_name(one.value));
    let default = seccomp.default_action.value.into();
    let exec_once = exec_once(policy, &mut origins);
    let request = Request { architectures: architectures.collect(), default, listed, rules, exec_once };
    Some(Merged { request, origins })
}

fn asked(rule: &SyscallRule, origin: usize) -> Asked {
    Asked {
        name: rule.name,
        conditions: rule.conditions.clone(),
        verdict: rule.action.into(),
        source: Source::Stated,
        origin,
    }
}

/// Is there a call that a rule matches?
pub fn can_match(rule: &SyscallRule) -> bool {
    let asked = asked(rule, NO_ORIGIN);
    let mut diagram = Diagram::default();
    let rules = Architecture::ALL.into_iter().filter_map(|architecture| asked.rule(architecture));
    let mut conditions = rules.map(|rule| rule.condition(&mut diagram));
    conditions.any(|condition| condition != Ok(FALSE))
}
