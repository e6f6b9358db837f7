//! Reads `[[accept]]` as it is written.

use super::extract::{Extract, field, list};
use crate::source::Span;
use crate::spec::Accept;
use toml::de::{DeTable, DeValue};

/// Every entry that says what is accepted, and why.
pub(super) fn entries(document: &DeTable<'_>) -> Vec<Accept> {
    let list = document.get("accept").and_then(|value| value.get_ref().as_array());
    list.into_iter().flat_map(|list| list.iter()).filter_map(entry).collect()
}

fn entry(value: &toml::Spanned<DeValue<'_>>) -> Option<Accept> {
    let table = value.get_ref().as_table()?;
    Some(Accept {
        rule: field(table, "rule")?,
        at: field(table, "at"),
        evidence: list(table, "evidence"),
        reason: String::extract_spanned(table.get("reason")?)?,
        until: field(table, "until"),
        span: Span::from(value.span()),
    })
}
