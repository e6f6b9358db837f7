//! `[seccomp]`: names and groups into system calls, words into actions.

use super::rules::{
    ALLOW_AND_DENY, DUPLICATE_ENTRY, NO_SECCOMP, UNKNOWN_ERRNO, UNKNOWN_SYSCALL, WITHOUT_EFFECT,
};
use super::{syscall_rules, without};
use crate::diagnostic::{Diagnostic, Evidence, suggest};
use crate::policy::{Action, FilterFlag, RuleSource, Seccomp, SyscallRule};
use crate::seccomp::{Architecture, errno as number_of, errno_names, group, group_names};
use crate::source::{Span, Spanned};
use crate::spec::{self, Amount, Leaf, Spec};
use std::collections::BTreeMap;

/// What an ordinary program needs to start, read, write, compute and exit.
const DEFAULT_ALLOW: &str = "@minimal";

/// What no group allows, @aio and @system-service among them, but their names do: a ring makes calls that no filter sees
/// (io_uring(7)).
const RINGS: [&str; 3] = ["io_uring_enter", "io_uring_register", "io_uring_setup"];

const EPERM: u16 = 1;
const ENOSYS: u16 = 38;

/// What other sections ask of the filter: with any of it there is always one.
pub(super) struct Implied<'a> {
    /// Keys that say which sockets may be made or used, where they stand, and how many they list.
    pub sockets: &'a [(&'static str, Span, usize)],
    /// A key that cannot be kept without a filter.
    pub needed: bool,
}

/// The section's meaning.
pub(super) fn resolve(
    seccomp: &spec::Seccomp,
    implied: &Implied,
    findings: &mut Vec<Diagnostic>,
) -> Option<Seccomp> {
    let errno = errno(&seccomp.default_errno, EPERM, findings);
    let default = |leaf: &Spanned<String>| leaf.clone().map(|word| action(&word, errno));
    let default_action =
        seccomp.default_action.as_ref().map_or(Spanned::new(Action::Errno(errno), Spec::NOWHERE), default);
    let architectures = architectures(&seccomp.arches, findings);
    let architecture = |one: &Spanned<Architecture>| one.value;
    let names = Names {
        architectures: architectures.iter().map(architecture).collect(),
        default: default_action.value,
    };
    let lists = lists(seccomp, default_action.value, errno, &names, findings);
    let named = syscall_rules::resolve(&seccomp.rules, &names, errno, findings);
    unused_errno(seccomp, &default_action, findings);
    findings.extend(overridden(&lists, &named));
    let mut rules: Vec<SyscallRule> = lists.iter().flat_map(List::rules).collect();
    rules.extend(named);
    if default_action.value == Action::Allow {
        findings.extend(never_needed(seccomp, &default_action));
        rules.retain(|rule| rule.action != Action::Allow);
        if rules.is_empty() && implied.sockets.is_empty() && !implied.needed {
            findings.push(
                NO_SECCOMP
                    .at(default_action.span, "there is no filter: the program may make every system call")
                    .evidence([])
                    .label("everything is allowed here"),
            );
            return None;
        }
    }
    findings.extend(no_sockets(implied.sockets, &default_action, &rules));
    let architectures = architectures.into_iter().map(|one| one.map(Architecture::name)).collect();
    let flags = flags(&seccomp.flags, findings);
    Some(Seccomp { default_action, architectures, flags, rules })
}

/// The meaning of a word; the default's when the parser has refused it.
pub(super) fn action(word: &str, errno: u16) -> Action {
    match word {
        "allow" => Action::Allow,
        "kill_process" => Action::KillProcess,
        "kill_thread" => Action::KillThread,
        "trap" => Action::Trap,
        "log" => Action::Log,
        "trace" => Action::Trace(0),
        _ => Action::Errno(errno),
    }
}

/// An errno by number or name.
pub(super) fn errno(leaf: &Leaf<Amount>, default: u16, findings: &mut Vec<Diagnostic>) -> u16 {
    let number = match leaf.as_ref().map(|leaf| &leaf.value) {
        None => Some(default),
        Some(Amount::Integer(number)) => u16::try_from(*number).ok(),
        Some(Amount::Text(name)) => number_of(name),
    };
    if let (None, Some(Spanned { value: Amount::Text(name), span })) = (number, leaf) {
        let finding = UNKNOWN_ERRNO.at(*span, format!("unknown errno `{name}`"));
        findings.push(match suggest::nearest(name, errno_names(), findings.len()) {
            Some(near) => finding.meant(near),
            None => finding.label("expected a name of errno(3) such as `EPERM`, or a number"),
        });
    }
    number.unwrap_or(default)
}

fn architectures(
    leaf: &Leaf<Vec<Spanned<String>>>,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Spanned<Architecture>> {
    let Some(leaf) = leaf else { return vec![Spanned::new(Architecture::X86_64, Spec::NOWHERE)] };
    let mut found: BTreeMap<Architecture, Span> = BTreeMap::new();
    for (at, name) in leaf.value.iter().enumerate() {
        let Some(architecture) = Architecture::from_name(&name.value) else { continue };
        if let Some(first) = found.insert(architecture, name.span) {
            findings.push(twice(&leaf.value, at, "seccomp.arches", first));
        }
    }
    found.into_iter().map(|(architecture, span)| Spanned::new(architecture, span)).collect()
}

fn flags(leaf: &Leaf<Vec<Spanned<String>>>, findings: &mut Vec<Diagnostic>) -> Vec<FilterFlag> {
    let mut found: BTreeMap<FilterFlag, Span> = BTreeMap::new();
    let list = leaf.as_ref().map_or(&[][..], |leaf| &leaf.value);
    for (at, name) in list.iter().enumerate() {
        let flag = if name.value == "log" { FilterFlag::Log } else { FilterFlag::SpecAllow };
        if let Some(first) = found.insert(flag, name.span) {
            findings.push(twice(list, at, "seccomp.flags", first));
        }
    }
    found.into_keys().collect()
}

/// A list of names: what it says, and of which calls.
struct List {
    key: &'static str,
    action: Action,
    members: BTreeMap<&'static str, Entry>,
}

/// Why a list has a call.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    span: Span,
    /// It stands there by its own name, not by a group's.
    alone: bool,
}

/// The lists, the strongest first.
fn lists(
    seccomp: &spec::Seccomp,
    default: Action,
    errno: u16,
    names: &Names,
    findings: &mut Vec<Diagnostic>,
) -> Vec<List> {
    let minimal = Spanned::new(vec![Spanned::new(DEFAULT_ALLOW.to_owned(), Spec::NOWHERE)], Spec::NOWHERE);
    let allow = seccomp.allow.clone().unwrap_or(minimal);
    let allow = Some(allow).filter(|_| default != Action::Allow);
    [
        ("seccomp.kill", &seccomp.kill, Action::KillProcess),
        ("seccomp.deny", &seccomp.deny, Action::Errno(errno)),
        ("seccomp.log", &seccomp.log, Action::Log),
        ("seccomp.allow", &allow, Action::Allow),
    ]
    .into_iter()
    .map(|(key, leaf, action)| {
        let entries = leaf.as_ref().map_or(&[][..], |leaf| &leaf.value);
        List { key, action, members: names.members(entries, key, action, findings) }
    })
    .collect()
}

impl List {
    fn rules(&self) -> impl Iterator<Item = SyscallRule> {
        self.members.iter().map(|(&name, entry)| SyscallRule {
            name,
            conditions: Vec::new(),
            action: match self.action {
                // Libraries fall back on clone at this errno and at no other.
                Action::Errno(_) if name == "clone3" => Action::Errno(ENOSYS),
                action => action,
            },
            source: RuleSource::List(self.key),
            span: entry.span,
        })
    }
}

/// The system calls that names can mean.
pub(super) struct Names {
    /// Where they are looked for.
    pub(super) architectures: Vec<Architecture>,
    /// What happens to those that nothing names.
    default: Action,
}

impl Names {
    /// What a list of names and groups stands for. The first entry that has a call is the one that is cited; one that
    /// names it alone is a better reason than a group.
    pub(super) fn members(
        &self,
        entries: &[Spanned<String>],
        key: &str,
        action: Action,
        findings: &mut Vec<Diagnostic>,
    ) -> BTreeMap<&'static str, Entry> {
        let grants = action.permits() && !self.default.permits();
        let (mut members, mut seen) = (BTreeMap::new(), BTreeMap::new());
        for (at, name) in entries.iter().enumerate() {
            match (self.meant(&name.value), seen.insert(&name.value, name.span)) {
                (_, Some(first)) => findings.push(twice(entries, at, key, first)),
                (Some(meant), None) => {
                    let alone = !name.value.starts_with('@');
                    let entry = Entry { span: name.span, alone };
                    let left_out = |call: &&str| grants && !alone && RINGS.contains(call);
                    for call in meant.into_iter().filter(|call| !left_out(call)) {
                        let known = members.entry(call).or_insert(entry);
                        if alone {
                            *known = entry;
                        }
                    }
                }
                (None, None) => findings.push(self.unknown(name, findings.len())),
            }
        }
        members
    }

    /// A system call or the members of a group; those that no architecture has are left out.
    fn meant(&self, name: &str) -> Option<Vec<&'static str>> {
        if name.starts_with('@') {
            group(name).map(|members| members.into_iter().filter_map(|name| self.known(name)).collect())
        } else {
            self.known(name).map(|name| vec![name])
        }
    }

    fn known(&self, name: &str) -> Option<&'static str> {
        self.architectures.iter().find_map(|architecture| {
            let table = architecture.syscalls();
            let index = table.binary_search_by_key(&name, |(known, _)| known).ok()?;
            table.get(index).map(|(known, _)| *known)
        })
    }

    fn unknown(&self, name: &Spanned<String>, found: usize) -> Diagnostic {
        let is_group = name.value.starts_with('@');
        let what = if is_group { "group of system calls" } else { "system call" };
        let calls = || {
            self.architectures.iter().flat_map(|architecture| architecture.syscalls()).map(|(name, _)| *name)
        };
        let near = if is_group {
            suggest::nearest(&name.value, group_names(), found)
        } else {
            suggest::nearest(&name.value, calls(), found)
        };
        let finding = UNKNOWN_SYSCALL.at(name.span, format!("unknown {what} `{}`", name.value));
        let machines: Vec<&str> = self.architectures.iter().map(|one| one.name()).collect();
        match near {
            Some(near) => finding.meant(near),
            None if is_group => {
                finding.help(format!("the groups are {}", group_names().collect::<Vec<_>>().join(", ")))
            }
            None => finding.label(format!("no system call of {} has this name", machines.join(" or "))),
        }
    }
}

fn twice(list: &[Spanned<String>], at: usize, key: &str, first: Span) -> Diagnostic {
    let (name, span) = list.get(at).map_or(("", first), |item| (&item.value, item.span));
    DUPLICATE_ENTRY
        .at(span, format!("`{name}` stands twice in `{key}`"))
        .label("the second")
        .and(first, "the first")
        .fix(without(list, at))
}

/// Calls that stand by name in two lists, or in a rule that allows them and in a list that refuses them.
fn overridden(lists: &[List], named: &[SyscallRule]) -> Vec<Diagnostic> {
    let decides = |stronger: &[List], name: &str, alone: bool| {
        let mut entries = stronger.iter().filter_map(|list| Some((list.key, *list.members.get(name)?)));
        entries.find(|(_, entry)| entry.alone || !alone)
    };
    let refusing = lists.iter().take_while(|list| !list.action.permits()).count();
    let mut findings = Vec::new();
    for (rank, weaker) in lists.iter().enumerate() {
        for (name, entry) in weaker.members.iter().filter(|(_, entry)| entry.alone) {
            if let Some((key, stronger)) = decides(&lists[..rank], name, true) {
                let refused = lists.iter().take(refusing).any(|list| list.key == key);
                findings.push(if rank < refusing || !refused {
                    WITHOUT_EFFECT
                        .at(entry.span, format!("`{name}` in `{}` changes nothing", weaker.key))
                        .evidence([Evidence::text("call", name)])
                        .and(stronger.span, format!("`{key}` decides it"))
                } else {
                    ALLOW_AND_DENY
                        .at(entry.span, format!("`{name}` stands in `{}` and in `{key}`", weaker.key))
                        .evidence([Evidence::text("call", name), Evidence::text("decided", key)])
                        .and(stronger.span, format!("`{key}` decides it"))
                        .help("take one of them out")
                });
            }
        }
    }
    for rule in named.iter().filter(|rule| rule.action.permits()) {
        if let Some((key, stronger)) = decides(&lists[..refusing], rule.name, false) {
            let message = format!("what `{}` allows of `{}` is refused all the same", rule.source, rule.name);
            findings.push(
                ALLOW_AND_DENY
                    .at(rule.span, message)
                    .evidence([Evidence::text("call", rule.name), Evidence::text("decided", key)])
                    .and(stronger.span, format!("`{key}` refuses all its calls")),
            );
        }
    }
    findings.dedup();
    findings
}

/// What is allowed in words when everything is.
fn never_needed(seccomp: &spec::Seccomp, default: &Spanned<Action>) -> Vec<Diagnostic> {
    let allow = seccomp.allow.iter().map(|allow| (allow.span, "`seccomp.allow`".to_owned()));
    let rules = seccomp.rules.iter().filter(|(_, rule)| rule.action.value == "allow");
    let rules = rules.map(|(name, rule)| (rule.action.span, format!("`seccomp.rules.{}`", name.value)));
    allow
        .chain(rules)
        .map(|(span, what)| {
            WITHOUT_EFFECT
                .at(span, format!("{what} changes nothing when everything is allowed"))
                .evidence([])
                .and(default.span, "everything is allowed here")
        })
        .collect()
}

fn unused_errno(seccomp: &spec::Seccomp, default: &Spanned<Action>, findings: &mut Vec<Diagnostic>) {
    let denies = seccomp.deny.as_ref().is_some_and(|deny| !deny.value.is_empty());
    let rules = seccomp.rules.iter().any(|(_, rule)| rule.action.value == "errno" && rule.errno.is_none());
    if let (Some(errno), false) =
        (&seccomp.default_errno, denies || rules || matches!(default.value, Action::Errno(_)))
    {
        findings.push(
            WITHOUT_EFFECT
                .at(errno.span, "`seccomp.default_errno` changes nothing where nothing fails with an errno")
                .evidence([])
                .and(default.span, "the action that is taken instead"),
        );
    }
}

fn no_sockets(
    sockets: &[(&'static str, Span, usize)],
    default: &Spanned<Action>,
    rules: &[SyscallRule],
) -> Vec<Diagnostic> {
    let makes = |rule: &SyscallRule| ["socket", "socketpair"].contains(&rule.name) && rule.action.permits();
    if default.value.permits() || rules.iter().any(makes) {
        return Vec::new();
    }
    let finding = |(key, span, _): &(&str, Span, usize)| {
        WITHOUT_EFFECT
            .at(*span, format!("`{key}` changes nothing: the filter allows no sockets"))
            .evidence([])
            .help("add `socket`, or a group that has it such as `@network-io`, to `seccomp.allow`")
    };
    sockets.iter().filter(|(_, _, listed)| *listed > 0).map(finding).collect()
}
