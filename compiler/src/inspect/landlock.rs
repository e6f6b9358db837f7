//! Rulesets of Landlock in words: what each ABI restricts, and every rule's rights with the ABI that brought them.

use crate::policy::landlock::{Access, BIND_TCP, CONNECT_TCP, LogFlag, Scope};
use boxwright_launcher::plan::Plan;
use boxwright_launcher::plan::operation::{Action, Kind, Landlock, Row};

const PORTS: [(u64, &str); 2] = [(BIND_TCP, "bind_tcp"), (CONNECT_TCP, "connect_tcp")];
const SCOPES: [(u64, &str); 2] =
    [(Scope::AbstractUnixSocket as u64, "abstract_unix_socket"), (Scope::Signal as u64, "signal")];
const FLAGS: [(u64, &str); 3] = [
    (LogFlag::SameExecOff as u64, "same_exec_off"),
    (LogFlag::NewExecOn as u64, "new_exec_on"),
    (LogFlag::SubdomainsOff as u64, "subdomains_off"),
];

/// What is restricted from which ABI on, each name where it comes first.
pub fn of_the_program(plan: &Plan) -> String {
    let kinds = (0..plan.operations()).filter_map(|index| Some(plan.operation(index)?.kind));
    let mut rulesets = kinds.filter_map(|kind| match kind {
        Kind::Landlock(landlock) if landlock.action == Action::Create => Some(landlock),
        _ => None,
    });
    let Some(landlock) = rulesets.next() else { return "none".into() };
    let rows = (1..=u32::from(landlock.count)).map(|abi| (abi, words(&landlock.row(plan, abi))));
    let mut known: Vec<String> = Vec::new();
    let mut parts = Vec::new();
    for (abi, words) in rows {
        let new: Vec<String> = words.into_iter().filter(|word| !known.contains(word)).collect();
        if !new.is_empty() {
            parts.push(format!("from ABI {abi}: {}", new.join(", ")));
        }
        known.extend(new);
    }
    parts.join("; ")
}

/// What an operation does, as strace would print it.
pub fn operation(plan: &Plan, landlock: &Landlock) -> String {
    let Landlock { abi, ruleset, action, .. } = *landlock;
    let rule = |object: String, rights| format!("landlock_add_rule(${ruleset}, {{{object}, {rights}}}, 0)");
    let rights = |bits| {
        let each = Access::from_bits(bits).each();
        let dated = each.map(|(name, since)| match since {
            1 => name.to_owned(),
            since => format!("{name} since ABI {since}"),
        });
        format!("allowed_access={}", dated.collect::<Vec<_>>().join("|"))
    };
    match action {
        Action::Create => {
            format!("landlock_create_ruleset(by the ABI in ${abi}: {}) = ${ruleset}", of_the_program(plan))
        }
        Action::Slot(slot, bits) => rule(format!("parent_fd=${slot}"), rights(bits)),
        Action::Descriptor(number, bits) => rule(format!("parent_fd={number}"), rights(bits)),
        Action::Port(port, bits) => rule(format!("port={port}"), named(&PORTS, bits).join("|")),
        Action::Restrict => format!("landlock_restrict_self(${ruleset}, by the ABI in ${abi})"),
    }
}

fn words(row: &Row) -> Vec<String> {
    let [files, ports, scopes] = row.handled;
    let mut words: Vec<String> = Access::from_bits(files).each().map(|(name, _)| name.to_owned()).collect();
    words.extend(named(&PORTS, ports));
    words.extend(named(&SCOPES, scopes).iter().map(|scope| format!("scope {scope}")));
    words.extend(named(&FLAGS, row.flags).iter().map(|flag| format!("log {flag}")));
    words
}

fn named(names: &[(u64, &str)], bits: u64) -> Vec<String> {
    names.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| (*name).to_owned()).collect()
}
