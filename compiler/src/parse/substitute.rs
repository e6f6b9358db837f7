//! `${name}` in strings and in the keys of mounts, replaced by what the variable stands for.

use super::rules::{DUPLICATE_KEY, MISSING_VARIABLE, UNUSED_VARIABLE, WRONG_VALUE};
use super::values::{TEXT_MAX, TOTAL_MAX, Values};
use crate::diagnostic::{Diagnostic, Evidence};
use crate::source::Span;
use crate::spec::keys::{Form, Key, Type};
use crate::spec::variable::{Piece, RUN, pieces};
use std::collections::BTreeSet;
use toml::de::{DeArray, DeTable, DeValue};

/// The keys whose strings are as they stand: they are read before variables have values, and what is accepted does not
/// follow a variable that changes.
const LITERAL: [&str; 3] = ["vars", "extends", "accept"];

/// What replaces variables, and what it meets on its way.
pub(super) struct Substitute<'a> {
    values: &'a Values,
    used: BTreeSet<&'a str>,
    /// Was a value left out because a variable has none?
    pub(super) lossy: bool,
    findings: Vec<Diagnostic>,
    /// The bytes of the strings that variables are in.
    total: usize,
}

impl<'a> Substitute<'a> {
    /// With these values.
    pub(super) fn new(values: &'a Values) -> Self {
        let used = values.used.iter().map(String::as_str).collect();
        Self { values, used, lossy: false, findings: Vec::new(), total: 0 }
    }

    /// Replaces the variables of a layer.
    pub(super) fn layer(&mut self, document: &mut DeTable<'a>, keys: &'static [Key]) {
        let top = Type::Table(keys);
        self.members(document, Some(&top), |name| LITERAL.contains(&name));
    }

    /// What was found, with the variables that nobody uses.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let unused = self.values.variables.iter().filter(|(name, _)| !self.used.contains(name.as_str()));
        let unused = unused.map(|(name, variable)| {
            UNUSED_VARIABLE
                .at(variable.span, format!("nothing uses the variable `{name}`"))
                .evidence([Evidence::text("variable", name)])
                .help(format!("write `${{{name}}}` where its value belongs, or take it out"))
        });
        self.findings.into_iter().chain(unused).collect()
    }

    /// Replaces the variables in a value; false when one of them has no value.
    fn value(&mut self, value: &mut toml::Spanned<DeValue<'a>>, ty: Option<&Type>) -> bool {
        let span = Span::from(value.span());
        match value.get_mut() {
            DeValue::Table(table) => self.table(table, ty),
            DeValue::Array(items) => {
                let item = ty.and_then(Type::item);
                let kept = std::mem::replace(items, DeArray::new()).into_iter().filter_map(|mut value| {
                    let keep = self.value(&mut value, item);
                    keep.then_some(value)
                });
                *items = kept.collect();
            }
            DeValue::String(text) if text.contains("${") => {
                let Some(replaced) = self.text(text, span, ty) else { return false };
                let literal = self.literal(text, ty);
                *value.get_mut() = literal.unwrap_or(DeValue::String(replaced.into()));
            }
            _ => {}
        }
        true
    }

    fn table(&mut self, table: &mut DeTable<'a>, ty: Option<&Type>) {
        self.members(table, ty, |_| false);
        if matches!(ty, Some(Type::Map(..))) && table.keys().any(|name| name.get_ref().contains("${")) {
            self.names(table);
        }
    }

    /// Replaces the variables in the values of a table.
    fn members(&mut self, table: &mut DeTable<'a>, ty: Option<&Type>, literal: fn(&str) -> bool) {
        let mut lost = Vec::new();
        for (name, value) in table.iter_mut() {
            let member = ty.and_then(|ty| ty.member(name.get_ref()));
            if !literal(name.get_ref()) && !self.value(value, member) {
                lost.push(name.get_ref().to_string());
            }
        }
        lost.iter().for_each(|name| drop(table.remove(name.as_str())));
    }

    /// Replaces the variables in the keys of a table.
    fn names(&mut self, table: &mut DeTable<'a>) {
        for (name, value) in std::mem::replace(table, DeTable::new()) {
            let span = name.span();
            let Some(text) = self.text(name.get_ref(), span.clone().into(), None) else { continue };
            let finding = DUPLICATE_KEY.at(span.clone().into(), format!("`{text}` is written twice"));
            if table.insert(toml::Spanned::new(span, text.into()), value).is_some() {
                self.findings.push(finding.label("it becomes what another key is"));
            }
        }
    }

    /// What a number is written as where the whole string is a variable and no string may stand.
    fn literal(&self, text: &str, ty: Option<&Type>) -> Option<DeValue<'a>> {
        let [Piece::Variable(name)] = pieces(text)[..] else { return None };
        let text = self.values.variables.get(name)?.value.as_deref()?;
        if ty?.takes_text(text) {
            return None;
        }
        let value = DeValue::parse(text).ok()?.into_inner();
        (value.is_integer() || value.is_float() || value.is_bool()).then_some(value)
    }

    /// A text with its variables replaced.
    fn text(&mut self, text: &str, span: Span, ty: Option<&Type>) -> Option<String> {
        let (mut replaced, mut whole) = (String::new(), true);
        for piece in pieces(text) {
            match piece {
                Piece::Variable(name) if !name.starts_with(RUN) => {
                    // What follows the first mistake is used all the same.
                    let value = if whole { self.variable(name, span, ty) } else { self.uses(name) };
                    whole &= value.is_some();
                    replaced += value.unwrap_or_default();
                }
                _ => replaced += &piece.to_string(),
            }
            if replaced.len() > TEXT_MAX {
                let finding =
                    WRONG_VALUE.at(span, format!("variables make this longer than {TEXT_MAX} bytes"));
                self.findings.push(finding.label("too long"));
                self.lossy = true;
                return None;
            }
        }
        let fits = self.total <= TOTAL_MAX;
        self.total = self.total.saturating_add(replaced.len());
        if self.total > TOTAL_MAX {
            // What is beyond is not kept, and said once.
            if fits {
                let message = format!("variables make this spec longer than {TOTAL_MAX} bytes");
                self.findings.push(WRONG_VALUE.at(span, message).label("too long with this one"));
            }
            self.lossy = true;
            return None;
        }
        whole.then_some(replaced)
    }

    /// The value of a variable, if it has one.
    fn uses(&mut self, name: &str) -> Option<&'a str> {
        let (name, variable) = self.values.variables.get_key_value(name)?;
        self.used.insert(name);
        variable.value.as_deref()
    }

    fn variable(&mut self, name: &str, span: Span, ty: Option<&Type>) -> Option<&'a str> {
        let again = self.used.contains(name);
        if let Some(value) = self.uses(name) {
            return Some(value);
        }
        let Some(variable) = self.values.variables.get(name) else {
            let any_text = matches!(ty, Some(Type::String(Form::Text)));
            self.findings.push(self.values.unknown(name, span, "a string", any_text, self.findings.len()));
            self.lossy = true;
            return None;
        };
        self.lossy = true;
        // Of one whose value is wrong, that is said already.
        let told = self.values.findings.iter().any(|finding| finding.span == variable.span);
        if !told && !again {
            let finding = MISSING_VARIABLE.at(variable.span, format!("the variable `{name}` has no value"));
            self.findings.push(
                finding
                    .label("whoever uses this has to give it one")
                    .help(format!("write `vars.{name} = \"...\"` in the spec, or pass `--var {name}=...`")),
            );
        }
        None
    }
}
