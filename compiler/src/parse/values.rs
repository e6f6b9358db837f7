//! `[vars]`: what each variable of a spec stands for.

use super::rules::{CYCLIC_VARIABLE, UNKNOWN_VARIABLE, WRONG_VALUE};
use super::variables::{ESCAPE, SHOWN_MAX};
use crate::diagnostic::{Diagnostic, suggest};
use crate::policy::PathPart;
use crate::source::Span;
use crate::spec::variable::{Piece, RUN, pieces};
use std::collections::{BTreeMap, BTreeSet};
use toml::de::{DeTable, DeValue};

/// The longest text that variables may make: a few of them in each other could fill any memory.
pub(super) const TEXT_MAX: usize = 64 << 10;

/// The most text that variables may make in all: of their values, and once more where they are used.
pub(super) const TOTAL_MAX: usize = 4 << 20;

/// The most variables in each other's values; a stack has to hold as many calls.
const DEPTH_MAX: usize = 64;

/// One variable.
#[derive(Debug, Default)]
pub(super) struct Variable {
    /// Where it is declared, in the layer that overrides the others.
    pub(super) span: Span,
    /// What it stands for, when it has a value.
    pub(super) value: Option<String>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// By their names.
    pub(super) variables: BTreeMap<String, Variable>,
    /// Those that others use.
    pub(super) used: BTreeSet<String>,
    /// What is wrong with them.
    pub(super) findings: Vec<Diagnostic>,
    /// The bytes of all values.
    total: usize,
}

impl Values {
    /// Of these layers, the first of which overrides the others, with values from outside that override all.
    pub(super) fn new(documents: &[DeTable<'_>], given: &[(String, String)]) -> Self {
        let mut values = Self::default();
        for document in documents.iter().rev() {
            let table = document.get("vars").and_then(|value| value.get_ref().as_table());
            for (name, value) in table.into_iter().flatten() {
                values.declare(name.get_ref(), name.span().into(), written(value.get_ref()));
            }
        }
        for (name, value) in given {
            match values.variables.get_mut(name) {
                Some(variable) => variable.value = Some(value.clone()),
                None => values.findings.push(values.unknown(name, Span::default(), "`--var`", false, 0)),
            }
        }
        values.expand();
        values
    }

    /// That a place uses a variable which nobody declares; where any text may stand, none may be meant.
    ///
    /// `found` is how many findings there are besides those of the values.
    pub(super) fn unknown(
        &self,
        name: &str,
        span: Span,
        place: &str,
        any_text: bool,
        found: usize,
    ) -> Diagnostic {
        let shown: String = name.chars().take(SHOWN_MAX).collect();
        let finding = UNKNOWN_VARIABLE.at(span, format!("unknown variable `{shown}` in {place}"));
        let at_launch = PathPart::VALUES.iter().map(|(known, _)| *known);
        let known = self.variables.keys().map(String::as_str).chain(at_launch);
        if let Some(near) = suggest::nearest(name, known, self.findings.len() + found) {
            return finding.label(format!("did you mean `{near}`?"));
        }
        if !is_name(name) {
            let finding = finding.label("expected a name of letters, digits, `-` and `_`");
            return if any_text { finding.help(ESCAPE) } else { finding };
        }
        let declare = format!("declare it in [vars]: `{shown} = \"...\"`");
        finding.help(if any_text { format!("{declare}; {ESCAPE}") } else { declare })
    }

    fn declare(&mut self, name: &str, span: Span, value: Option<String>) {
        if !is_name(name) {
            let finding = WRONG_VALUE.at(span, format!("a variable cannot be called \"{name}\""));
            self.findings.push(finding.label("expected letters, digits, `-` and `_`"));
            return;
        }
        let variable = self.variables.entry(name.to_owned()).or_default();
        variable.span = span;
        variable.value = value.or(variable.value.take());
    }

    /// Puts values into values, until none has a variable in it.
    fn expand(&mut self) {
        let names: Vec<String> = self.variables.keys().cloned().collect();
        let mut done = BTreeMap::new();
        for name in &names {
            self.expanded(name, &mut Vec::new(), &mut done);
        }
        for (name, value) in done {
            if let Some(variable) = self.variables.get_mut(&name) {
                variable.value = value;
            }
        }
    }

    /// The value of a variable; `inside` are those whose values are being found, and `done` those that have one.
    fn expanded(
        &mut self,
        name: &str,
        inside: &mut Vec<String>,
        done: &mut BTreeMap<String, Option<String>>,
    ) -> Option<String> {
        if let Some(value) = done.get(name) {
            return value.clone();
        }
        let variable = self.variables.get(name)?;
        let (span, written) = (variable.span, variable.value.clone());
        if inside.iter().any(|outer| outer == name) {
            let path: Vec<String> = inside.iter().map(|outer| format!("`{outer}`")).collect();
            let finding = CYCLIC_VARIABLE.at(span, format!("the value of `{name}` depends on itself"));
            self.findings.push(finding.label(format!("by way of {}", path.join(" and "))));
            return done.entry(name.to_owned()).or_insert(None).clone();
        }
        if inside.len() >= DEPTH_MAX {
            let finding = CYCLIC_VARIABLE.at(
                span,
                format!("`{name}` is in more than {DEPTH_MAX} values of variables, each in the next"),
            );
            self.findings.push(finding.label("one too many"));
            return done.entry(name.to_owned()).or_insert(None).clone();
        }
        inside.push(name.to_owned());
        let value = written.and_then(|written| {
            let (mut text, mut whole) = (String::new(), true);
            for piece in pieces(&written) {
                match piece {
                    Piece::Variable(inner) if inner.starts_with(RUN) => text += &piece.to_string(),
                    Piece::Variable(inner) if self.variables.contains_key(inner) => {
                        self.used.insert(inner.to_owned());
                        let value = self.expanded(inner, inside, done);
                        whole &= value.is_some();
                        text += &value.unwrap_or_default();
                    }
                    Piece::Variable(_) if !whole => {}
                    Piece::Variable(inner) => {
                        let finding = self.unknown(inner, span, &format!("the value of `{name}`"), true, 0);
                        self.findings.push(finding);
                        whole = false;
                    }
                    _ => text += &piece.to_string(),
                }
                if text.len() > TEXT_MAX {
                    let message = format!("the value of `{name}` is longer than {TEXT_MAX} bytes");
                    self.findings.push(WRONG_VALUE.at(span, message).label("with the variables in it"));
                    return None;
                }
            }
            let fits = self.total + text.len() <= TOTAL_MAX;
            // What is beyond is not kept, and said once.
            if !fits && self.total <= TOTAL_MAX {
                let message = format!("the values of all variables are longer than {TOTAL_MAX} bytes");
                self.findings.push(WRONG_VALUE.at(span, message).label("too long with this one"));
            }
            self.total = if fits { self.total + text.len() } else { usize::MAX / 2 };
            (whole && fits).then_some(text)
        });
        inside.pop();
        done.entry(name.to_owned()).or_insert(value).clone()
    }
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty() && name.chars().all(fits)
}

/// The value that a declaration gives.
fn written(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Table(table) => written(table.get("default")?.get_ref()),
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}
