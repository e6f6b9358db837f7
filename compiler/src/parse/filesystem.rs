//! Reads `[filesystem]` and `[filesystem.mounts]` as they are written.

use super::extract::{Extract, entries, field, list};
use crate::spec::{Filesystem, Mount, Owner, Root};
use toml::de::{DeTable, DeValue};

impl Extract for Filesystem {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self {
            root: field(table, "root"),
            base: field(table, "base"),
            etc: list(table, "etc"),
            read_only: list(table, "read_only"),
            read_write: list(table, "read_write"),
            proc: field(table, "proc"),
            dev: field(table, "dev"),
            sys: field(table, "sys"),
            mounts: entries(table, "mounts", |value| mount(value.get_ref())),
            taken: Vec::new(),
        })
    }
}

impl Extract for Root {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        match value.as_table() {
            Some(table) => Some(Self::Rootfs {
                path: field(table, "path")?,
                overlay: field(table, "overlay"),
                idmap: field(table, "idmap"),
            }),
            None => String::extract(value).map(Self::Word),
        }
    }
}

fn mount(value: &DeValue<'_>) -> Option<Mount> {
    match value {
        DeValue::Boolean(false) => Some(Mount::Removed),
        DeValue::Table(table) => kind(table),
        _ => None,
    }
}

fn kind(table: &DeTable<'_>) -> Option<Mount> {
    let has = |name: &str| table.contains_key(name);
    let optional = || field(table, "optional");
    let owner = || Owner { uid: field(table, "uid"), gid: field(table, "gid") };
    if has("bind") {
        Some(Mount::Bind {
            source: field(table, "bind")?,
            writable: field(table, "writable"),
            executable: field(table, "executable"),
            optional: optional(),
            propagation: field(table, "propagation"),
            idmap: field(table, "idmap"),
        })
    } else if has("tmpfs") {
        Some(Mount::Tmpfs {
            size: field(table, "tmpfs"),
            mode: field(table, "mode"),
            owner: owner(),
            executable: field(table, "executable"),
        })
    } else if has("symlink") {
        Some(Mount::Symlink { target: field(table, "symlink")? })
    } else if has("text") {
        Some(Mount::Text { content: field(table, "text")?, mode: field(table, "mode") })
    } else if has("mask") {
        Some(Mount::Mask { optional: optional() })
    } else if has("seal") {
        Some(Mount::Seal { optional: optional() })
    } else if has("directory") {
        Some(Mount::Directory { mode: field(table, "mode"), owner: owner() })
    } else if has("socket") {
        Some(Mount::Socket { source: field(table, "socket")?, optional: optional() })
    } else if has("device") {
        Some(Mount::Device { source: field(table, "device")?, optional: optional() })
    } else if has("overlay") {
        Some(Mount::Overlay {
            lower: field(table, "overlay")?,
            writable: field(table, "writable"),
            executable: field(table, "executable"),
        })
    } else if has("mqueue") {
        Some(Mount::Mqueue)
    } else if has("cgroup2") {
        Some(Mount::Cgroup2 { writable: field(table, "writable") })
    } else {
        None
    }
}
