//! Reads `[cgroup]` as it is written.

use super::extract::{Extract, field, integer};
use crate::source::{Span, Spanned};
use crate::spec::{Cgroup, CgroupValue};
use toml::de::{DeTable, DeValue};

impl Extract for Cgroup {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        let mut settings = entries(table);
        settings.retain(|(key, _)| key.value != "parent");
        Some(Self { parent: field(table, "parent"), settings })
    }
}

impl Extract for CgroupValue {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        Some(match value {
            DeValue::Boolean(boolean) => Self::Boolean(*boolean),
            DeValue::Integer(number) => Self::Integer(integer(number)?),
            DeValue::Float(number) => Self::Fraction(number.as_str().to_owned()),
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Table(table) => Self::Table(entries(table)),
            DeValue::Array(_) | DeValue::Datetime(_) => return None,
        })
    }
}

fn entries(table: &DeTable<'_>) -> Vec<(Spanned<String>, Spanned<CgroupValue>)> {
    let entry = |(key, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| {
        let key = Spanned::new(key.get_ref().to_string(), Span::from(key.span()));
        Some((key, CgroupValue::extract_spanned(value)?))
    };
    let mut entries: Vec<_> = table.iter().filter_map(entry).collect();
    entries.sort_by_key(|(key, _)| key.span);
    entries
}
