//! Reads `[seccomp]` as it is written.

use super::extract::{Extract, entries, field, integer, list};
use crate::source::Spanned;
use crate::spec::{Condition, Number, Seccomp, SyscallRule};
use toml::de::DeValue;

impl Extract for Seccomp {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self {
            arches: field(table, "arches"),
            flags: field(table, "flags"),
            default_action: field(table, "default_action"),
            default_errno: field(table, "default_errno"),
            allow: field(table, "allow"),
            deny: field(table, "deny"),
            log: field(table, "log"),
            kill: field(table, "kill"),
            rules: entries(table, "rules", rule),
        })
    }
}

fn rule(value: &toml::Spanned<DeValue<'_>>) -> Option<SyscallRule> {
    let table = value.get_ref().as_table()?;
    Some(SyscallRule {
        names: field(table, "names")?,
        action: field(table, "action")?,
        errno: field(table, "errno"),
        args: list(table, "args"),
    })
}

impl Extract for Condition {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        let one = || {
            let one = field::<Number>(table, "value")?;
            Some(Spanned::new(vec![one.clone()], one.span))
        };
        let list = field::<Vec<Spanned<Number>>>(table, "value");
        Some(Self {
            name: field(table, "name"),
            index: field(table, "index"),
            op: field(table, "op")?,
            mask: field(table, "mask"),
            is_list: list.is_some(),
            value: list.or_else(one)?,
        })
    }
}

impl Extract for Number {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::Integer(number) => integer(number).map(Self::Integer),
            _ => String::extract(value).map(Self::Text),
        }
    }
}
