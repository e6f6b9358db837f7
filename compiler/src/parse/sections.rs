//! Reads the top level and the small sections as they are written: `[rlimits]`, `[lifecycle]`, `[requires]`.

use super::accept;
use super::extract::{Extract, entries, field, list, section};
use crate::source::Places;
use crate::spec::{Amount, Lifecycle, Requires, Rlimit, Spec};
use toml::de::{DeTable, DeValue};

impl Spec {
    /// What a document says.
    pub(super) fn of(table: &DeTable<'_>) -> Self {
        Self {
            places: Places::default(),
            name: field(table, "name"),
            hostname: field(table, "hostname"),
            domainname: field(table, "domainname"),
            process: section(table, "process"),
            filesystem: section(table, "filesystem"),
            namespaces: section(table, "namespaces"),
            network: section(table, "network"),
            landlock: section(table, "landlock"),
            cgroup: field(table, "cgroup"),
            rlimits: entries(table, "rlimits", rlimit),
            seccomp: section(table, "seccomp"),
            lifecycle: section(table, "lifecycle"),
            requires: section(table, "requires"),
            accept: accept::entries(table),
        }
    }
}

fn rlimit(value: &toml::Spanned<DeValue<'_>>) -> Option<Rlimit> {
    match value.get_ref().as_table() {
        Some(table) => Some(Rlimit::Pair { soft: field(table, "soft")?, hard: field(table, "hard")? }),
        None => Amount::extract_spanned(value).map(Rlimit::Both),
    }
}

impl Extract for Lifecycle {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self {
            timeout: field(table, "timeout"),
            kill_signal: field(table, "kill_signal"),
            kill_timeout: field(table, "kill_timeout"),
            die_with_parent: field(table, "die_with_parent"),
            status_fd: field(table, "status_fd"),
        })
    }
}

impl Extract for Requires {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self {
            kernel: field(table, "kernel"),
            landlock_abi: field(table, "landlock_abi"),
            optional: list(table, "optional"),
        })
    }
}
