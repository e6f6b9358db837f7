//! `network.address_families`: names into numbers.

use super::conditions::unknown_constant;
use super::rules::{DUPLICATE_ENTRY, UNKNOWN_CONSTANT};
use crate::diagnostic::Diagnostic;
use crate::seccomp::constant;
use crate::source::Spanned;
use crate::spec::Leaf;
use std::collections::BTreeMap;

pub(super) fn resolve(
    leaf: &Leaf<Vec<Spanned<String>>>,
    findings: &mut Vec<Diagnostic>,
) -> Option<Spanned<Vec<u64>>> {
    let leaf = leaf.as_ref()?;
    let mut seen = BTreeMap::new();
    for name in &leaf.value {
        let Some(family) = family(&name.value) else {
            findings.push(unknown(name, findings.len()));
            continue;
        };
        if let Some(first) = seen.insert(family, name.span) {
            findings.push(
                DUPLICATE_ENTRY
                    .at(name.span, format!("`{}` is allowed twice", name.value))
                    .label("the second")
                    .and(first, "the first"),
            );
        }
    }
    Some(Spanned::new(seen.into_keys().collect(), leaf.span))
}

fn family(name: &str) -> Option<u64> {
    constant(name).filter(|_| name.starts_with("AF_"))
}

fn unknown(name: &Spanned<String>, found: usize) -> Diagnostic {
    match constant(&name.value) {
        Some(_) => UNKNOWN_CONSTANT
            .at(name.span, format!("`{}` is no address family", name.value))
            .label("expected a name such as `AF_INET`"),
        None => unknown_constant(&name.value, name.span, found),
    }
}
