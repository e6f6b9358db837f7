//! What was written about processors and disks in `[process]`.

use super::Leaf;
use crate::source::Spanned;

/// The keys of `[process]` about scheduling.
#[derive(Debug, Clone, Default)]
pub struct Scheduling {
    /// `scheduler`
    pub scheduler: Scheduler,
    /// `io_priority`
    pub io_priority: Leaf<IoPriority>,
    /// `cpu_affinity`
    pub cpu_affinity: Leaf<Cpus>,
    /// `oom_score_adj`
    pub oom_score_adj: Leaf<i32>,
    /// `timer_slack`
    pub timer_slack: Leaf<String>,
    /// `core_scheduling`
    pub core_scheduling: Leaf<bool>,
}

/// `[process.scheduler]`
#[derive(Debug, Clone, Default)]
pub struct Scheduler {
    /// `policy`
    pub policy: Leaf<String>,
    /// `nice`
    pub nice: Leaf<i32>,
    /// `priority`
    pub priority: Leaf<u32>,
    /// `runtime`
    pub runtime: Leaf<String>,
    /// `deadline`
    pub deadline: Leaf<String>,
    /// `period`
    pub period: Leaf<String>,
    /// `reset_on_fork`
    pub reset_on_fork: Leaf<bool>,
}

/// `process.io_priority`
#[derive(Debug, Clone)]
pub struct IoPriority {
    /// `class`
    pub class: Spanned<String>,
    /// `priority`
    pub priority: Leaf<u32>,
}

/// `process.cpu_affinity`
#[derive(Debug, Clone)]
pub enum Cpus {
    /// `[0, 1]`
    Numbers(Vec<Spanned<u32>>),
    /// `"0-3,5"`
    Text(String),
}
