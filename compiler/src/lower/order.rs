//! The proof that a launch is in order: every step's needs are met when it comes, on every way to the program.

use super::step::{Act, Call, Fact, Landlock, Part, Phase, Program, Slot, Step, Value};
use boxwright_launcher::abi::{CLONE_NEWNS, CLONE_NEWUSER};
use boxwright_launcher::arch::number;
use std::collections::BTreeSet;
use std::fmt;

/// A step that cannot stand where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misplaced {
    /// Something that it needs does not hold.
    Need {
        /// The step.
        step: String,
        /// What is missing.
        fact: Fact,
    },
    /// It belongs before the step that comes before it.
    Late {
        /// The step.
        step: String,
    },
    /// It uses what nothing stored.
    Unset {
        /// The step.
        step: String,
        /// What it uses.
        slot: Slot,
    },
    /// The way does not end in the program.
    NoProgram,
}

impl fmt::Display for Misplaced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Need { step, fact } => write!(formatter, "`{step}` comes where {fact:?} does not hold"),
            Self::Late { step } => write!(formatter, "`{step}` comes too late"),
            Self::Unset { step, slot } => write!(formatter, "`{step}` uses {slot:?}, which nothing has set"),
            Self::NoProgram => write!(formatter, "no program is executed"),
        }
    }
}

/// What holds, and what is stored, at one point.
#[derive(Clone)]
struct State {
    facts: BTreeSet<Fact>,
    slots: BTreeSet<Slot>,
    phase: Phase,
}

/// Follows both ways of a program from the caller to exec.
pub fn prove(program: &Program) -> Result<(), Misplaced> {
    for steps in [&program.privileged, &program.unprivileged] {
        let facts = BTreeSet::from([
            Fact::HostPaths,
            Fact::OwnProc,
            Fact::Descriptors,
            Fact::Unfiltered,
            Fact::Capabilities,
            Fact::LaunchUser,
        ]);
        let mut state = State { facts, slots: BTreeSet::new(), phase: Phase::Start };
        if !follow(steps, &mut state)? {
            return Err(Misplaced::NoProgram);
        }
    }
    Ok(())
}

/// Whether the program is executed at the end of these steps or of a child's.
fn follow(steps: &[Step], state: &mut State) -> Result<bool, Misplaced> {
    let mut executes = false;
    for step in steps {
        let words = || step.words.clone();
        if step.phase < state.phase {
            return Err(Misplaced::Late { step: words() });
        }
        state.phase = step.phase;
        if let Some(&fact) = step.needs.iter().find(|fact| !state.facts.contains(fact)) {
            return Err(Misplaced::Need { step: words(), fact });
        }
        for act in &step.acts {
            if let Some(slot) = used(act).into_iter().find(|slot| !state.slots.contains(slot)) {
                return Err(Misplaced::Unset { step: words(), slot });
            }
            state.slots.extend(stored(act));
            if makes_mounts(act) && !state.facts.contains(&Fact::LaunchUser) {
                return Err(Misplaced::Need { step: words(), fact: Fact::LaunchUser });
            }
            if enters_user(act) {
                state.facts.remove(&Fact::LaunchUser);
            }
            match act {
                Act::Fork { child, .. } => executes |= follow(child, &mut state.clone())?,
                Act::Exec(_) => executes = true,
                _ => {}
            }
        }
        for fact in step.takes {
            state.facts.remove(fact);
        }
        state.facts.extend(step.gives);
    }
    Ok(executes)
}

/// Whether a mount namespace is made, which starts with every mount that its maker sees: in a user namespace that others are
/// in they would have power over those.
fn makes_mounts(act: &Act) -> bool {
    match act {
        Act::Fork { flags, .. } => flags & CLONE_NEWNS != 0,
        Act::Call(Call { number: number::unshare, arguments, .. }) => {
            has_flag(arguments.first(), CLONE_NEWNS)
        }
        _ => false,
    }
}

/// Whether a user namespace is entered that exists already.
fn enters_user(act: &Act) -> bool {
    matches!(act, Act::Call(Call { number: number::setns, arguments, .. }) if has_flag(arguments.get(1), CLONE_NEWUSER))
}

fn has_flag(value: Option<&Value>, flag: u64) -> bool {
    matches!(value, Some(Value::Number(flags)) if u64::from(*flags) & flag != 0)
}

fn used(act: &Act) -> Vec<Slot> {
    let slot = |value: &Value| match value {
        Value::Slot(slot) | Value::Struct(slot) => Some(*slot),
        _ => None,
    };
    match act {
        // A pair of slots is written by the call that names the first.
        Act::Call(Call { keep: super::Keep::Pair(..), .. }) => Vec::new(),
        Act::Call(call) => call.arguments.iter().filter_map(slot).collect(),
        Act::Text(parts) | Act::NameWatched(parts) => parts
            .iter()
            .filter_map(|part| match part {
                Part::Decimal(slot) | Part::Text(slot) => Some(*slot),
                Part::Literal(_) => None,
            })
            .collect(),
        Act::Landlock { action, .. } => match action {
            Landlock::Create => vec![Slot::LandlockAbi],
            Landlock::Slot(slot, _) => vec![Slot::LandlockAbi, Slot::Ruleset, *slot],
            _ => vec![Slot::LandlockAbi, Slot::Ruleset],
        },
        Act::Directory { beyond, .. } => beyond.map(Slot::Directory).into_iter().collect(),
        Act::Supervise { pid, channel, .. } => [*pid].into_iter().chain(*channel).collect(),
        Act::Fork { cgroup, .. } => cgroup.iter().copied().collect(),
        Act::FindCgroup => vec![Slot::Length],
        Act::MakeCgroup { parent, .. } => vec![*parent],
        Act::Guard { .. } => vec![Slot::GuardInside, Slot::GuardOutside],
        Act::Assist { ready, .. } => ready.iter().copied().collect(),
        Act::Netlink { socket, patches, .. } => {
            patches.iter().map(|(_, slot)| *slot).chain([*socket]).collect()
        }
        _ => Vec::new(),
    }
}

fn stored(act: &Act) -> Vec<Slot> {
    match act {
        Act::Call(Call { keep: super::Keep::In(slot), .. }) => vec![*slot],
        Act::Call(Call { keep: super::Keep::Pair(first, second), .. }) => vec![*first, *second],
        Act::Text(_) | Act::NameWatched(_) => vec![Slot::Length],
        Act::Landlock { action: Landlock::Create, .. } => vec![Slot::Ruleset],
        Act::Fork { pid, .. } => vec![*pid],
        Act::Guard { .. } => vec![Slot::GuardProcess, Slot::GuardReserve],
        Act::MakeCgroup { directory, .. } => vec![*directory],
        Act::Environment { listen: Some(_), .. } => vec![Slot::Unlistened],
        Act::Directory { to, .. } => vec![Slot::Directory(*to)],
        Act::LeaveSession => vec![Slot::Child, Slot::Parent],
        Act::Netlink { keep, .. } => keep.iter().copied().collect(),
        _ => Vec::new(),
    }
}
