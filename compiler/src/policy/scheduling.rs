//! How the kernel shares processors, disks and memory with the program, as meant; nothing is the launcher's own.

use crate::source::{Span, Spanned};
use std::collections::BTreeSet;

/// What `[process]` says about processors and disks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scheduling {
    /// The scheduling policy.
    pub scheduler: Option<Spanned<Scheduler>>,
    /// The nice value, -20 to 19; there is none with a policy that knows none.
    pub nice: Option<Spanned<i32>>,
    /// The priority of its input and output.
    pub io_priority: Option<Spanned<IoPriority>>,
    /// The processors that it may run on; never empty.
    pub cpu_affinity: Option<Spanned<BTreeSet<u32>>>,
    /// How readily the kernel kills it for memory, -1000 to 1000.
    pub oom_score_adj: Option<Spanned<i32>>,
    /// How much later a sleep may end, in nanoseconds; never zero.
    pub timer_slack: Option<Spanned<u32>>,
    /// It shares processor cores only with its own processes.
    pub core_scheduling: Option<Span>,
}

/// A scheduling policy and how it is inherited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheduler {
    /// The policy with its parameters.
    pub policy: SchedulingPolicy,
    /// Do children of the program lose real-time and a negative nice value?
    pub reset_on_fork: bool,
}

/// A policy of sched(7), with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchedulingPolicy {
    /// The default.
    Other,
    /// Work that nobody waits for.
    Batch,
    /// What nobody else wants.
    Idle,
    /// Real-time with this priority, until it blocks.
    Fifo(u32),
    /// Real-time with this priority, in turns with its equals.
    RoundRobin(u32),
    /// So much time in every period; all in nanoseconds, each at most the next.
    Deadline {
        /// How much.
        runtime: u64,
        /// By when.
        deadline: u64,
        /// How often.
        period: u64,
    },
}

/// A priority of ioprio_set(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IoPriority {
    /// The class.
    pub class: IoClass,
    /// The priority in it, 0 the highest, at most 7; 0 where a class has none.
    pub priority: u32,
}

/// A class of ioprio_set(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IoClass {
    /// Before all others.
    Realtime,
    /// By priority.
    BestEffort,
    /// When no one else uses the disk.
    Idle,
}

/// An execution domain (personality(2)); its flags are clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personality {
    /// PER_LINUX.
    Linux,
    /// PER_LINUX32: uname(2) names a 32-bit machine.
    Linux32,
}

/// Whether memory may come in transparent huge pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HugePages {
    /// As the launcher was started.
    Inherit,
    /// It does not.
    Never,
}

impl Scheduling {
    /// Whether a part of it is a limit that every process may undo by itself, unless a filter refuses the call.
    pub fn needs_filter(&self) -> bool {
        self.cpu_affinity.is_some() || self.io_priority.is_some()
    }
}

impl SchedulingPolicy {
    /// Does it come before everything that is not real-time?
    pub fn is_real_time(self) -> bool {
        matches!(self, Self::Fifo(_) | Self::RoundRobin(_) | Self::Deadline { .. })
    }
}
