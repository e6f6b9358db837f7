//! `${name}` in strings and in the keys of mounts, replaced by what the variable stands for.

use super::rules::{DUPLICATE_KEY, MISSING_VARIABLE, UNUSED_VARIABLE, WRONG_VALUE};
use super::values::{TEXT_MAX, Values};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::spec::keys::{Key, Type};
use crate::spec::variable::{Piece, RUN, pieces};
use std::collections::BTreeSet;
use toml::de::{DeTable, DeValue};

/// The keys whose strings are as they stand: they are read before variables have values.
const LITERAL: [&str; 2] = ["vars", "extends"];

/// What replaces variables, and what it meets on its way.
pub(super) struct Substitute<'a> {
    values: &'a Values,
    used: BTreeSet<&'a str>,
    /// Was a value left out because a variable has none?
    pub(super) lossy: bool,
    findings: Vec<Diagnostic>,
}

impl<'a> Substitute<'a> {
    /// With these values.
    pub(super) fn new(values: &'a Values) -> Self {
        let used = values.used.iter().map(String::as_str).collect();
        Self { values, used, lossy: false, findings: Vec::new() }
    }

    /// A layer with its variables replaced.
    pub(super) fn layer(&mut self, document: DeTable<'a>, keys: &'static [Key]) -> DeTable<'a> {
        let top = Type::Table(keys);
        let mut replaced = DeTable::new();
        for (name, value) in document {
            let member = top.member(name.get_ref());
            let literal = LITERAL.contains(&name.get_ref().as_ref());
            if let Some(value) = if literal { Some(value) } else { self.value(value, member) } {
                replaced.insert(name, value);
            }
        }
        replaced
    }

    /// What was found, with the variables that nobody uses.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let unused = self.values.variables.iter().filter(|(name, _)| !self.used.contains(name.as_str()));
        let unused = unused.map(|(name, variable)| {
            UNUSED_VARIABLE
                .at(variable.span, format!("nothing uses the variable `{name}`"))
                .help(format!("write `${{{name}}}` where its value belongs, or take it out"))
        });
        self.findings.into_iter().chain(unused).collect()
    }

    /// A value with its variables replaced; nothing when one of them has no value.
    fn value(
        &mut self,
        value: toml::Spanned<DeValue<'a>>,
        ty: Option<&Type>,
    ) -> Option<toml::Spanned<DeValue<'a>>> {
        let span = value.span();
        let replaced = match value.into_inner() {
            DeValue::Table(table) => DeValue::Table(self.table(table, ty)),
            DeValue::Array(items) => {
                let item = ty.and_then(Type::item);
                DeValue::Array(items.into_iter().filter_map(|value| self.value(value, item)).collect())
            }
            DeValue::String(text) if text.contains("${") => {
                let replaced = self.text(&text, span.clone().into())?;
                self.literal(&text, ty).unwrap_or(DeValue::String(replaced.into()))
            }
            other => other,
        };
        Some(toml::Spanned::new(span, replaced))
    }

    fn table(&mut self, table: DeTable<'a>, ty: Option<&Type>) -> DeTable<'a> {
        let mut replaced = DeTable::new();
        for (name, value) in table {
            let span = name.span();
            let member = ty.and_then(|ty| ty.member(name.get_ref()));
            let Some(value) = self.value(value, member) else { continue };
            if !matches!(ty, Some(Type::Map(..))) || !name.get_ref().contains("${") {
                replaced.insert(name, value);
            } else if let Some(text) = self.text(name.get_ref(), span.clone().into()) {
                let finding = DUPLICATE_KEY.at(span.clone().into(), format!("`{text}` is written twice"));
                if replaced.insert(toml::Spanned::new(span, text.into()), value).is_some() {
                    self.findings.push(finding.label("it becomes what another key is"));
                }
            }
        }
        replaced
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
    fn text(&mut self, text: &str, span: Span) -> Option<String> {
        let mut replaced = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => replaced += text,
                Piece::Variable(name) if name.starts_with(RUN) => replaced += &format!("${{{name}}}"),
                Piece::Variable(name) => replaced += self.variable(name, span)?,
                Piece::Unclosed(rest) => replaced += &format!("${{{rest}"),
            }
            if replaced.len() > TEXT_MAX {
                let finding =
                    WRONG_VALUE.at(span, format!("variables make this longer than {TEXT_MAX} bytes"));
                self.findings.push(finding.label("too long"));
                self.lossy = true;
                return None;
            }
        }
        Some(replaced)
    }

    fn variable(&mut self, name: &str, span: Span) -> Option<&'a str> {
        let Some((name, variable)) = self.values.variables.get_key_value(name) else {
            self.findings.push(self.values.unknown(name, span, "a string"));
            self.lossy = true;
            return None;
        };
        let again = !self.used.insert(name);
        if let Some(value) = &variable.value {
            return Some(value);
        }
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
