//! Reads `[process]` as it is written.

use super::extract::{Extract, entries, field, list};
use super::scheduling::scheduling;
use crate::source::Spanned;
use crate::spec::{Exec, Kept, Process, Stream, User};
use toml::de::{DeTable, DeValue};

impl Extract for Process {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self {
            args: args(table),
            append_args: field(table, "append_args"),
            user: field(table, "user"),
            cwd: field(table, "cwd"),
            umask: field(table, "umask"),
            env: entries(table, "env", String::extract_spanned),
            env_pass: list(table, "env_pass"),
            capabilities: field(table, "capabilities"),
            keep_fds: list(table, "keep_fds"),
            notify: field(table, "notify"),
            terminal: field(table, "terminal"),
            streams: ["stdin", "stdout", "stderr"].map(|name| field(table, name)),
            exec: field(table, "exec"),
            keyring: field(table, "keyring"),
            scheduling: scheduling(table),
            personality: field(table, "personality"),
            memory_deny_write_execute: field(table, "memory_deny_write_execute"),
            transparent_huge_pages: field(table, "transparent_huge_pages"),
        })
    }
}

fn args(table: &DeTable<'_>) -> Option<Spanned<Vec<Spanned<String>>>> {
    let written = table.get("args")?.get_ref().as_array()?.len();
    field::<Vec<Spanned<String>>>(table, "args").filter(|args| args.value.len() == written)
}

impl Extract for Exec {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::Array(_) => Vec::extract(value).map(Self::List),
            _ => String::extract(value).map(Self::Word),
        }
    }
}

impl Extract for Kept {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str() {
            Some(word) => (word == "listen").then_some(Self::Listen),
            None => u32::extract(value).map(Self::Number),
        }
    }
}

impl Extract for Stream {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        match value.as_table() {
            Some(table) => field(table, "file").map(Self::File),
            None => String::extract(value).map(Self::Word),
        }
    }
}

impl Extract for User {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::String(word) => (word == "caller").then_some(Self::Caller),
            _ => {
                let table = value.as_table()?;
                Some(Self::Ids {
                    uid: field(table, "uid")?,
                    gid: field(table, "gid")?,
                    groups: field(table, "groups"),
                })
            }
        }
    }
}
