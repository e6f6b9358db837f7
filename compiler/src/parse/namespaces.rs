//! Reads `[namespaces]` as it is written.

use super::extract::{Extract, field, list};
use crate::spec::{IdMap, IdMapping, Namespace, Namespaces, TimeNamespace, UserNamespace};
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

impl Extract for Namespace {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let Some(table) = value.as_table() else { return String::extract(value).map(Self::Word) };
        let descriptor = || field::<u32>(table, "fd").map(|fd| Self::Descriptor(fd.value));
        field(table, "path").map(Self::Path).or_else(descriptor)
    }
}

impl Extract for UserNamespace {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let mappings = || {
            let table = value.as_table()?;
            Some(Self::Mappings { uid: list(table, "uid_mappings"), gid: list(table, "gid_mappings") })
        };
        Namespace::extract(value).map(Self::Plain).or_else(mappings)
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
        let offsets = || {
            let table = value.as_table()?;
            Some(Self::Offsets { monotonic: field(table, "monotonic"), boottime: field(table, "boottime") })
        };
        Namespace::extract(value).map(Self::Plain).or_else(offsets)
    }
}
