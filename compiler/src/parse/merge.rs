//! The layers of a spec as one document: key by key, each from the layer that overrides the others.

use super::rules::SHADOWED_VALUE;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use crate::spec::keys::{Key, Type};
use toml::de::{DeString, DeTable, DeValue};

/// What every file says of itself, and no other inherits.
const OWN: [&str; 4] = ["version", "name", "description", "extends"];

/// What came of the layers.
pub(super) struct Merged<'a> {
    /// The document.
    pub(super) document: DeTable<'a>,
    /// Where a `false` took away what was inherited.
    pub(super) taken: Vec<Span>,
    /// Layers that disagree, of which neither extends the other.
    pub(super) findings: Vec<Diagnostic>,
}

/// Merges the documents of the layers, the first of which overrides the others.
pub(super) fn merge<'a>(documents: Vec<DeTable<'a>>, keys: &[Key], source: &Source) -> Merged<'a> {
    let last = documents.len().saturating_sub(1);
    let mut merged = Merged { document: DeTable::new(), taken: Vec::new(), findings: Vec::new() };
    for (layer, mut document) in documents.into_iter().enumerate().rev() {
        if layer > 0 {
            OWN.iter().for_each(|name| drop(document.remove(*name)));
        }
        if layer == last {
            merged.document = document;
        } else {
            let below = std::mem::take(&mut merged.document);
            merged.document = merged.table(below, document, keys, source);
        }
    }
    merged
}

impl Merged<'_> {
    fn table<'a>(
        &mut self,
        mut below: DeTable<'a>,
        above: DeTable<'a>,
        keys: &[Key],
        source: &Source,
    ) -> DeTable<'a> {
        for (name, value) in above {
            let key = keys.iter().find(|key| key.name == name.get_ref());
            let old = below.remove_entry(name.get_ref().as_ref());
            let merged = match (old, key) {
                (Some((old_name, old)), Some(key)) => {
                    self.value((&old_name, old), (&name, value), key, source)
                }
                (_, _) => Some(value),
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
        (old_name, old): (&toml::Spanned<DeString<'a>>, toml::Spanned<DeValue<'a>>),
        (name, new): (&toml::Spanned<DeString<'a>>, toml::Spanned<DeValue<'a>>),
        key: &Key,
        source: &Source,
    ) -> Option<toml::Spanned<DeValue<'a>>> {
        let span = new.span();
        match (old.into_inner(), new.into_inner(), &key.ty) {
            (DeValue::Table(old), DeValue::Table(new), Type::Table(keys)) => {
                Some(toml::Spanned::new(span, DeValue::Table(self.table(old, new, keys, source))))
            }
            (DeValue::Table(old), DeValue::Table(new), Type::Map(_, ty)) => {
                Some(toml::Spanned::new(span, DeValue::Table(self.entries(old, new, ty, source))))
            }
            (DeValue::Array(mut items), DeValue::Array(new), Type::List(_)) if !key.in_order => {
                for item in new {
                    if !items.iter().any(|old| same(old.get_ref(), item.get_ref())) {
                        items.push(item);
                    }
                }
                Some(toml::Spanned::new(span, DeValue::Array(items)))
            }
            (old, new, ty) => {
                self.overridden((old_name, &old), (name, &new), source);
                let taken = matches!(new, DeValue::Boolean(false)) && !ty.takes_boolean();
                self.taken.extend(taken.then(|| Span::from(span.clone())));
                (!taken).then(|| toml::Spanned::new(span, new))
            }
        }
    }

    /// An entry is replaced whole: half of one kind and half of another would be neither.
    fn entries<'a>(
        &mut self,
        mut below: DeTable<'a>,
        above: DeTable<'a>,
        ty: &Type,
        source: &Source,
    ) -> DeTable<'a> {
        for (name, value) in above {
            let old = below.remove_entry(name.get_ref().as_ref());
            let taken = old.is_some() && matches!(value.get_ref(), DeValue::Boolean(false));
            if let Some((old_name, old)) = old {
                self.overridden((&old_name, old.get_ref()), (&name, value.get_ref()), source);
            }
            self.taken.extend(taken.then(|| Span::from(name.span())));
            if !taken || ty.takes_boolean() {
                below.insert(name, value);
            }
        }
        below
    }

    /// What one of two layers says is lost. That is meant when it extends the other, and an accident otherwise, unless
    /// a layer that extends both says which of them it means.
    fn overridden(
        &mut self,
        (old_name, old): (&toml::Spanned<DeString<'_>>, &DeValue<'_>),
        (name, new): (&toml::Spanned<DeString<'_>>, &DeValue<'_>),
        source: &Source,
    ) {
        let layers = source.layers();
        let (above, below) = (source.layer(name.span().start), source.layer(old_name.span().start));
        let mut chain = std::iter::successors(Some(below), |layer| layers.get(*layer)?.extended_by);
        if chain.any(|layer| layer == above) {
            let old = Span::from(old_name.span());
            self.findings.retain(|finding| finding.secondary.iter().all(|(span, _)| *span != old));
        } else if !same(old, new) {
            let finding = SHADOWED_VALUE
                .at(old_name.span().into(), format!("another layer has a `{}` too", name.get_ref()))
                .label("this one has no effect")
                .and(name.span().into(), "this one holds");
            self.findings.push(finding.help("write in the spec itself which of them is meant"));
        }
    }
}

/// Do they mean the same, wherever they stand?
fn same(a: &DeValue<'_>, b: &DeValue<'_>) -> bool {
    match (a, b) {
        (DeValue::Array(a), DeValue::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a.get_ref(), b.get_ref()))
        }
        (DeValue::Table(a), DeValue::Table(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, a)| {
                    b.get(name.get_ref().as_ref()).is_some_and(|b| same(a.get_ref(), b.get_ref()))
                })
        }
        (DeValue::String(a), DeValue::String(b)) => a == b,
        (DeValue::Boolean(a), DeValue::Boolean(b)) => a == b,
        (DeValue::Integer(a), DeValue::Integer(b)) => a.to_string() == b.to_string(),
        (DeValue::Float(a), DeValue::Float(b)) => a.to_string() == b.to_string(),
        _ => false,
    }
}
