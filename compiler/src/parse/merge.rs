//! The layers of a spec as one document: key by key, each from the layer that overrides the others.

use super::rules::SHADOWED_VALUE;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use crate::spec::keys::{Key, Type};
use std::collections::BTreeMap;
use toml::de::{DeArray, DeString, DeTable, DeValue};

/// What every file says of itself, and no other inherits.
const OWN: [&str; 4] = ["version", "name", "description", "extends"];

/// The lists of `[filesystem]` whose items are destinations, as the keys of its mounts are.
const GRANTS: [&str; 2] = ["read_only", "read_write"];

type Name<'a> = toml::Spanned<DeString<'a>>;
type Value<'a> = toml::Spanned<DeValue<'a>>;

/// What came of the layers.
pub(super) struct Merged<'a> {
    /// The document.
    pub(super) document: DeTable<'a>,
    /// Entries that are `false` because they take away what a layer beneath asks for.
    pub(super) taken: Vec<Span>,
    /// Layers that disagree, of which neither extends the other.
    pub(super) findings: Vec<Diagnostic>,
}

/// Merges the documents of the layers, the first of which overrides the others.
pub(super) fn merge<'a>(documents: Vec<DeTable<'a>>, keys: &[Key], source: &Source) -> Merged<'a> {
    let mut merge = Merge { source, taken: Vec::new(), findings: Vec::new() };
    let mut merged: Option<DeTable<'a>> = None;
    for (layer, mut document) in documents.into_iter().enumerate().rev() {
        if layer > 0 {
            OWN.iter().for_each(|name| drop(document.remove(*name)));
        }
        merged = Some(match merged {
            None => document,
            Some(mut below) => {
                merge.destinations(&mut below, &mut document);
                merge.table(below, document, keys)
            }
        });
    }
    Merged { document: merged.unwrap_or_default(), taken: merge.taken, findings: merge.findings }
}

struct Merge<'a> {
    source: &'a Source,
    taken: Vec<Span>,
    findings: Vec<Diagnostic>,
}

impl Merge<'_> {
    fn table<'a>(&mut self, mut below: DeTable<'a>, above: DeTable<'a>, keys: &[Key]) -> DeTable<'a> {
        for (name, value) in above {
            let key = keys.iter().find(|key| key.name == name.get_ref());
            let old = below.remove_entry(name.get_ref().as_ref());
            let merged = match (old, key) {
                (Some((old_name, old)), Some(key)) => self.value((&old_name, old), (&name, value), key),
                _ => Some(value),
            };
            if let Some(merged) = merged {
                below.insert(name, merged);
            }
        }
        below
    }

    /// One value over another; nothing when it takes that away.
    fn value<'a>(
        &mut self,
        (old_name, old): (&Name<'a>, Value<'a>),
        (name, new): (&Name<'a>, Value<'a>),
        key: &Key,
    ) -> Option<Value<'a>> {
        let span = new.span();
        let merged = match (old.into_inner(), new.into_inner(), &key.ty) {
            (DeValue::Table(old), DeValue::Table(new), Type::Table(keys)) => {
                DeValue::Table(self.table(old, new, keys))
            }
            (DeValue::Table(old), DeValue::Table(new), Type::Map(_, ty)) => {
                DeValue::Table(self.entries(old, new, ty))
            }
            (DeValue::Array(mut items), DeValue::Array(new), Type::List(_)) if !key.in_order => {
                for item in new {
                    if !items.iter().any(|old| same(old.get_ref(), item.get_ref())) {
                        items.push(item);
                    }
                }
                DeValue::Array(items)
            }
            (old, new, ty) => {
                self.overridden((old_name.span().into(), &old), (name.span().into(), &new), name.get_ref());
                if is_false(&new) && !ty.takes_boolean() {
                    return None;
                }
                new
            }
        };
        Some(toml::Spanned::new(span, merged))
    }

    /// An entry is replaced whole: half of one kind and half of another would be neither.
    /// One that is taken away stays as `false` where that has a meaning: another key may ask for the same.
    fn entries<'a>(&mut self, mut below: DeTable<'a>, above: DeTable<'a>, ty: &Type) -> DeTable<'a> {
        for (name, value) in above {
            let old = below.remove_entry(name.get_ref().as_ref());
            if let Some((old_name, old)) = &old {
                let (old_span, span) = (old_name.span().into(), name.span().into());
                self.overridden((old_span, old.get_ref()), (span, value.get_ref()), name.get_ref());
            }
            let taken = old.is_some() && is_false(value.get_ref());
            self.taken.extend(taken.then(|| Span::from(name.span())));
            if !taken || ty.takes_boolean() {
                below.insert(name, value);
            }
        }
        below
    }

    /// One destination has one entry, whichever of the keys it is under.
    fn destinations<'a>(&mut self, below: &mut DeTable<'a>, above: &mut DeTable<'a>) {
        let (Some(below), Some(above)) = (section(below), section(above)) else { return };
        let mut asked: BTreeMap<String, (Span, DeValue<'a>)> = BTreeMap::new();
        for key in GRANTS {
            for item in list(above, key).into_iter().flat_map(|items| items.iter()) {
                if let Some(path) = item.get_ref().as_str() {
                    // The key is what tells one grant from the other.
                    asked.insert(path.to_owned(), (item.span().into(), DeValue::String(key.into())));
                }
            }
        }
        let mounts = above.get("mounts").and_then(|mounts| mounts.get_ref().as_table());
        for (name, value) in mounts.into_iter().flatten() {
            asked.insert(name.get_ref().to_string(), (name.span().into(), value.get_ref().clone()));
        }
        for key in GRANTS {
            let Some(items) = list(below, key) else { continue };
            let kept = std::mem::replace(items, DeArray::new()).into_iter().filter(|item| {
                let path = item.get_ref().as_str().unwrap_or_default();
                let Some((span, new)) = asked.get(path) else { return true };
                let again = new.as_str() == Some(key);
                if !again {
                    let old = DeValue::String(key.into());
                    self.overridden((item.span().into(), &old), (*span, new), path);
                    self.taken.extend(is_false(new).then_some(*span));
                }
                again
            });
            *items = kept.collect();
        }
        if let Some(DeValue::Table(mounts)) = below.get_mut("mounts").map(toml::Spanned::get_mut) {
            for (path, (span, new)) in asked.iter().filter(|(_, (_, new))| new.is_str()) {
                if let Some((name, old)) = mounts.remove_entry(path.as_str()) {
                    self.overridden((name.span().into(), old.get_ref()), (*span, new), path);
                }
            }
        }
    }

    /// What one of two layers says is lost. That is meant when it extends the other, and an accident otherwise, unless
    /// a layer that extends both says which of them it means.
    fn overridden(
        &mut self,
        (old_span, old): (Span, &DeValue<'_>),
        (span, new): (Span, &DeValue<'_>),
        name: &str,
    ) {
        let (above, below) = (self.source.layer(span.start), self.source.layer(old_span.start));
        if self.source.is_above(above, below) {
            self.findings.retain(|finding| finding.secondary.iter().all(|(other, _)| *other != old_span));
        } else if !same(old, new) {
            let finding = SHADOWED_VALUE
                .at(old_span, format!("another layer has a `{name}` too"))
                .evidence([])
                .label("this one has no effect")
                .and(span, "this one holds");
            self.findings.push(finding.help("write in the spec itself which of them is meant"));
        }
    }
}

fn section<'a, 'b>(document: &'b mut DeTable<'a>) -> Option<&'b mut DeTable<'a>> {
    match document.get_mut("filesystem")?.get_mut() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn list<'a, 'b>(table: &'b mut DeTable<'a>, key: &str) -> Option<&'b mut DeArray<'a>> {
    match table.get_mut(key)?.get_mut() {
        DeValue::Array(items) => Some(items),
        _ => None,
    }
}

fn is_false(value: &DeValue<'_>) -> bool {
    value.as_bool() == Some(false)
}

/// Do they mean the same, wherever they stand?
pub(super) fn same(a: &DeValue<'_>, b: &DeValue<'_>) -> bool {
    match (a, b) {
        (DeValue::Array(a), DeValue::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a.get_ref(), b.get_ref()))
        }
        (DeValue::Table(a), DeValue::Table(b)) => {
            let in_b = |name: &Name<'_>| b.get(name.get_ref().as_ref());
            a.len() == b.len()
                && a.iter().all(|(name, a)| in_b(name).is_some_and(|b| same(a.get_ref(), b.get_ref())))
        }
        (DeValue::String(a), DeValue::String(b)) => a == b,
        (DeValue::Boolean(a), DeValue::Boolean(b)) => a == b,
        (DeValue::Integer(a), DeValue::Integer(b)) => a.to_string() == b.to_string(),
        (DeValue::Float(a), DeValue::Float(b)) => a.to_string() == b.to_string(),
        (DeValue::Datetime(a), DeValue::Datetime(b)) => a == b,
        _ => false,
    }
}
