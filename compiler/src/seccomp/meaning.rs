//! What the one filter of a policy means, computed once: for everybody who has questions to it.

use super::diagram::{Diagram, Node};
use super::merge::{Merged, merge};
use super::request::Request;
use super::rule::{Contradiction, RuleError};
use super::table::Architecture;
use super::verdict::Verdict;
use super::word::{Argument, Input, WORDS, Word};
use crate::policy::Policy;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// What is asked of a filter, and what that means.
pub struct Meaning {
    /// What is asked, and by whom.
    pub merged: Merged,
    understood: Arc<Understood>,
}

/// A request understood: it says nothing of who asks, so that specs with the same rules share it.
struct Understood {
    diagram: Diagram,
    node: Result<Node, RuleError>,
}

/// As many requests are remembered: a repository has few sets of rules, and a diagram may be large.
const REMEMBERED_MAX: usize = 16;

/// A diagram of so many nodes is not kept: it is a hundred times what real profiles take.
const REMEMBERED_NODES_MAX: usize = 1 << 16;

static REMEMBERED: LazyLock<Mutex<BTreeMap<Request, Arc<Understood>>>> = LazyLock::new(Mutex::default);

impl Meaning {
    /// Of the policy's filter; `None` when it asks for none.
    pub fn of(policy: &Policy) -> Option<Self> {
        let merged = merge(policy)?;
        let understood = understood(&merged.request);
        Some(Self { merged, understood })
    }

    /// Two rules that answer one call differently.
    pub fn contradiction(&self) -> Option<&Contradiction> {
        match &self.understood.node {
            Err(RuleError::Contradiction(found)) => Some(found),
            _ => None,
        }
    }

    /// Why it is too large to be understood.
    pub fn over_budget(&self) -> Option<&RuleError> {
        self.understood.node.as_ref().err().filter(|error| matches!(error, RuleError::OverBudget(_)))
    }

    /// A call of x86_64 that passes: one of this name, whose arguments have these bits under these masks. None is known of rules
    /// without a meaning.
    pub fn passes(&self, name: &str, arguments: &[Bits]) -> Option<Input> {
        self.find(Architecture::X86_64, name, arguments, Verdict::permits)
    }

    /// The same for one that does not pass.
    pub fn refuses(&self, name: &str, arguments: &[Bits]) -> Option<Input> {
        self.find(Architecture::X86_64, name, arguments, |verdict| !verdict.permits())
    }

    /// A call with these bits whose verdict is like this.
    pub fn find(
        &self,
        architecture: Architecture,
        name: &str,
        arguments: &[Bits],
        wanted: fn(Verdict) -> bool,
    ) -> Option<Input> {
        let Understood { diagram, node } = &*self.understood;
        let number = architecture.syscall_number(name)?;
        let mut fixed = [(0, 0); WORDS];
        fixed[Word::ARCH.index()] = (u32::MAX, architecture.audit());
        fixed[Word::NR.index()] = (u32::MAX, number);
        for Bits { argument, mask, bits } in arguments {
            let argument = Argument::new(*argument)?;
            fixed[Word::argument_low(argument).index()] = (low(*mask), low(*bits));
            fixed[Word::argument_high(argument).index()] = (low(mask >> 32), low(bits >> 32));
        }
        diagram.find(*node.as_ref().ok()?, &fixed, wanted)
    }
}

/// Bits that an argument has to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits {
    /// The argument's index.
    pub argument: u8,
    /// The bits that count.
    pub mask: u64,
    /// What they are.
    pub bits: u64,
}

impl Bits {
    /// All of a 32-bit argument.
    pub const fn value(argument: u8, value: u32) -> Self {
        Self { argument, mask: u32::MAX as u64, bits: value as u64 }
    }

    /// These bits set, whatever the others are.
    pub const fn set(argument: u8, bits: u64) -> Self {
        Self { argument, mask: bits, bits }
    }
}

fn low(value: u64) -> u32 {
    let [b0, b1, b2, b3, ..] = value.to_le_bytes();
    u32::from_le_bytes([b0, b1, b2, b3])
}

fn understood(request: &Request) -> Arc<Understood> {
    let remembered = || REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = remembered().get(request) {
        return Arc::clone(known);
    }
    let mut diagram = Diagram::default();
    let node = request.filter().meaning(&mut diagram);
    if node.is_err() {
        diagram = Diagram::default();
    }
    diagram.settle();
    let small = diagram.len() <= REMEMBERED_NODES_MAX;
    let understood = Arc::new(Understood { diagram, node });
    if small {
        let mut remembered = remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(request.clone(), Arc::clone(&understood));
    }
    understood
}
