//! What a policy asks of its one filter: its section's own rules, and what the rest of it implies.

use super::diagram::{Diagram, FALSE};
use super::implied::{exec_once, implied};
use super::request::{Asked, Listed, NO_ORIGIN, Request, Source};
use super::table::Architecture;
use super::verdict::Verdict;
use crate::policy::{Policy, RuleSource, SyscallRule};

/// What is asked of the one filter of a policy.
pub struct Merged {
    /// All of it.
    pub request: Request,
    /// The rules that origins are the indices of.
    pub rules: Vec<SyscallRule>,
}

/// Joins what the policy's section says and what the rest of it implies; `None` when it asks for no filter.
pub fn merge(policy: &Policy) -> Option<Merged> {
    let seccomp = policy.seccomp.as_ref()?;
    let mut rules: Vec<SyscallRule> = seccomp.rules.iter().cloned().chain(implied(policy)).collect();
    let (mut listed, mut asked) = (vec![], vec![]);
    for (origin, rule) in rules.iter().enumerate() {
        let SyscallRule { name, conditions, .. } = rule;
        let verdict = rule.action.into();
        let source = match rule.source {
            RuleSource::List(_) => {
                listed.push(Listed { name, verdict, origin });
                continue;
            }
            RuleSource::Named(_) => Source::Stated,
            RuleSource::Implied(_) => Source::Implied,
        };
        asked.push(Asked { name, conditions: conditions.clone(), verdict, source, origin });
    }
    let architectures = seccomp.architectures.iter().filter_map(|one| Architecture::from_name(one.value));
    let default = seccomp.default_action.value.into();
    let once = exec_once(policy);
    let exec_once = once.as_ref().map(|_| rules.len());
    rules.extend(once);
    let request =
        Request { architectures: architectures.collect(), default, listed, rules: asked, exec_once };
    Some(Merged { request, rules })
}

/// Does the filter of a policy let every call of a system call through, whatever its arguments?
pub fn always_permits(policy: &Policy, architecture: Architecture, name: &str) -> bool {
    let Some(merged) = merge(policy) else { return true };
    let Some(number) = architecture.syscall_number(name) else { return false };
    let mut filter = merged.request.filter();
    filter.tables.values_mut().for_each(|table| table.rules.retain(|rule| rule.number == number));
    let mut diagram = Diagram::default();
    // Rules without a meaning are found as such; they are no reason to doubt this call.
    let Ok(meaning) = filter.meaning(&mut diagram) else { return true };
    diagram.decided(meaning, &[architecture.audit(), number]).is_some_and(Verdict::permits)
}

/// Is there a call that a rule matches?
pub fn can_match(rule: &SyscallRule) -> bool {
    let asked = Asked {
        name: rule.name,
        conditions: rule.conditions.clone(),
        verdict: rule.action.into(),
        source: Source::Stated,
        origin: NO_ORIGIN,
    };
    let mut diagram = Diagram::default();
    let rules = Architecture::ALL.into_iter().filter_map(|architecture| asked.rule(architecture));
    let mut conditions = rules.map(|rule| rule.condition(&mut diagram));
    conditions.any(|condition| condition != Ok(FALSE))
}
