//! Reads `[namespaces]` as it is written.

use super::extract::{Extract, field, list};
use crate::spec::{IdMap, IdMapping, Namespaces, TimeNamespace, UserNamespace};
use toml::de::DeValue;

impl Extract for Namespaces {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self {
            mount: field(table, "mount"),
            uts: field(table, "uts"),
            ipc: field(table, "ipc"),
            pid: field(table, "pid"),
            network: field(table, "network"),
            user: field(table, "user"),
            cgroup: field(table, "cgroup"),
            time: field(table, "time"),
        })
    }
}

impl Extract for UserNamespace {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        if let Some(table) = value.as_table() {
            return Some(Self::Mappings {
                uid: list(table, "uid_mappings"),
                gid: list(table, "gid_mappings"),
            });
        }
        String::extract(value).map(Self::Word)
    }
}

impl Extract for IdMap {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self { uid: list(table, "uid_mappings"), gid: list(table, "gid_mappings") })
    }
}

impl Extract for IdMapping {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self {
            container_id: field(table, "container_id")?,
            host_id: field(table, "host_id")?,
            size: field(table, "size")?,
        })
    }
}

impl Extract for TimeNamespace {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        if let Some(table) = value.as_table() {
            return Some(Self::Offsets {
                monotonic: field(table, "monotonic"),
                boottime: field(table, "boottime"),
            });
        }
        String::extract(value).map(Self::Word)
    }
}
