//! Reads what `[process]` says about processors and disks as it is written.

use super::extract::{Extract, field, section};
use crate::spec::{Cpus, IoPriority, Scheduler, Scheduling};
use toml::de::{DeTable, DeValue};

/// The keys stand in `[process]` itself.
pub(super) fn scheduling(process: &DeTable<'_>) -> Scheduling {
    Scheduling {
        scheduler: section(process, "scheduler"),
        io_priority: field(process, "io_priority"),
        cpu_affinity: field(process, "cpu_affinity"),
        oom_score_adj: field(process, "oom_score_adj"),
        timer_slack: field(process, "timer_slack"),
        core_scheduling: field(process, "core_scheduling"),
    }
}

impl Extract for Scheduler {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self {
            policy: field(table, "policy"),
            nice: field(table, "nice"),
            priority: field(table, "priority"),
            runtime: field(table, "runtime"),
            deadline: field(table, "deadline"),
            period: field(table, "period"),
            reset_on_fork: field(table, "reset_on_fork"),
        })
    }
}

impl Extract for IoPriority {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self { class: field(table, "class")?, priority: field(table, "priority") })
    }
}

impl Extract for Cpus {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str() {
            Some(text) => Some(Self::Text(text.to_owned())),
            None => Vec::extract(value).map(Self::Numbers),
        }
    }
}
