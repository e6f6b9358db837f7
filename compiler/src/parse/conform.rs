//! The document against the key table: unknown and missing keys, wrong types and values, what is not supported yet.

use super::rules::{CONFLICTING_KEYS, MISSING_KEY, NOT_SUPPORTED_YET, UNKNOWN_KEY, WRONG_TYPE, WRONG_VALUE};
use super::{extract, foreign};
use crate::diagnostic::{Diagnostic, suggest};
use crate::source::Span;
use crate::spec::keys::{Key, Presence, ROOT, Type, alternatives, expected};
use toml::de::{DeTable, DeValue};

type Value<'a> = toml::Spanned<DeValue<'a>>;

/// Everything about the document that the table does not admit.
pub(super) fn conform(document: &Value<'_>, keys: &[Key]) -> Vec<Diagnostic> {
    let mut conform = Conform { path: Vec::new(), quiet: false, findings: Vec::new() };
    if let Some(table) = document.get_ref().as_table() {
        conform.table(table, Span::default(), keys);
    }
    conform.findings
}

struct Conform {
    /// The keys that lead to the value at hand.
    path: Vec<String>,
    /// Inside something that is not supported yet; saying so once is enough.
    quiet: bool,
    findings: Vec<Diagnostic>,
}

impl Conform {
    fn table(&mut self, table: &DeTable<'_>, span: Span, keys: &[Key]) {
        for (name, value) in table.iter() {
            match keys.iter().find(|key| key.name == name.get_ref()) {
                Some(key) => self.at(key.name, |this| this.value(value, name.span().into(), &key.ty)),
                None => self.unknown(name.get_ref(), name.span().into(), keys),
            }
        }
        for key in keys.iter().filter(|key| key.presence == Presence::Required) {
            if !table.contains_key(key.name) {
                self.missing(key, span);
            }
        }
    }

    /// A value against a type; `key` is where the key stands whose value it is, or belongs to.
    fn value(&mut self, value: &Value<'_>, key: Span, ty: &Type) {
        let span = Span::from(value.span());
        match (ty, value.get_ref()) {
            (Type::NotYet(ty, milestone), _) => self.not_yet(value, key, ty, milestone),
            (Type::Union(types), _) => self.union(value, key, types),
            (Type::Table(keys), DeValue::Table(table)) => self.table(table, span, keys),
            (Type::Map(_, ty), DeValue::Table(table)) => self.map(table, ty),
            (Type::Kinds(kinds), DeValue::Table(table)) => self.kinds(table, span, kinds),
            (Type::List(ty), DeValue::Array(items)) => {
                for item in items.iter() {
                    self.value(item, item.span().into(), ty);
                }
            }
            (Type::Words(_), DeValue::String(word)) => self.word(word, span, ty),
            (_, DeValue::String(text)) if is_shape(ty, value.get_ref()) => self.variables(text, span),
            _ if !is_shape(ty, value.get_ref()) => self.wrong_type(value, ty),
            _ => self.scalar(value, span, ty),
        }
    }

    fn map(&mut self, table: &DeTable<'_>, ty: &Type) {
        for (name, value) in table.iter() {
            self.variables(name.get_ref(), name.span().into());
            self.at(&format!("\"{}\"", name.get_ref()), |this| this.value(value, name.span().into(), ty));
        }
    }

    /// Booleans and numbers, whose type is right.
    fn scalar(&mut self, value: &Value<'_>, span: Span, ty: &Type) {
        match (ty, value.get_ref()) {
            (Type::Constant(wanted), DeValue::Boolean(written)) if wanted != written => {
                self.wrong_value(&written.to_string(), span, ty);
            }
            (Type::Integer(min, max), DeValue::Integer(number)) => match extract::integer(number) {
                Some(number) if (*min..=*max).contains(&number) => {}
                _ => self.wrong_value(&number.to_string(), span, ty),
            },
            (Type::Bytes, DeValue::Integer(number))
                if extract::integer(number).is_none_or(|number| number < 0) =>
            {
                self.wrong_value(&number.to_string(), span, ty);
            }
            (Type::Mode(max), DeValue::Integer(number)) => self.mode(number, span, *max, ty),
            _ => {}
        }
    }

    fn mode(&mut self, number: &toml::de::DeInteger<'_>, span: Span, max: u32, ty: &Type) {
        if number.radix() != 8 {
            let written = number.to_string();
            let octal = u32::from_str_radix(&written, 8).is_ok_and(|mode| mode <= max);
            let example = if octal { format!("0o{written}") } else { "0o755".into() };
            let finding =
                WRONG_VALUE.at(span, format!("{} is `{written}`, a mode that is not octal", self.here()));
            self.findings.push(finding.label("expected an octal literal").help(format!("write `{example}`")));
        } else if extract::integer(number).is_none_or(|mode| mode > i64::from(max)) {
            self.wrong_value(&number.to_string(), span, ty);
        }
    }

    fn word(&mut self, word: &str, span: Span, ty: &Type) {
        let Type::Words(words) = ty else { return };
        match words.iter().find(|candidate| candidate.name == word) {
            Some(found) => {
                if let Some(milestone) = found.not_yet {
                    let value = format!("{} = \"{word}\"", self.dotted());
                    self.say_not_yet(&format!("`{value}`"), span, milestone);
                }
            }
            None => {
                let near = suggest::nearest(word, words.iter().map(|word| word.name));
                let finding = self.wrong_value_finding(&format!("\"{word}\""), span, ty);
                self.findings.push(match near {
                    Some(near) => finding.help(format!("did you mean \"{near}\"?")),
                    None => finding,
                });
            }
        }
    }

    /// The alternative that has the value's shape; among several strings the one that knows the word.
    fn union(&mut self, value: &Value<'_>, key: Span, types: &'static [Type]) {
        let mut shapes = types.iter().filter(|ty| is_shape(ty, value.get_ref()));
        let knows = |ty: &&Type| match (ty, value.get_ref()) {
            (Type::Words(words), DeValue::String(word)) => words.iter().any(|known| known.name == word),
            _ => true,
        };
        let first = shapes.clone().next();
        match shapes.find(knows).or(first) {
            Some(ty) => self.value(value, key, ty),
            None => self.wrong_type(value, &Type::Union(types)),
        }
    }

    fn kinds(&mut self, table: &DeTable<'_>, span: Span, kinds: &[&[Key]]) {
        let first = |kind: &&&[Key]| kind.first().and_then(|key| table.get_key_value(key.name));
        let told: Vec<&&[Key]> = kinds.iter().filter(|kind| first(kind).is_some()).collect();
        match told.as_slice() {
            [kind] => self.table(table, span, kind),
            [] => self.kind_without_name(table, span, kinds),
            [a, b, ..] => {
                if let (Some((a, _)), Some((b, _))) = (first(a), first(b)) {
                    let (a, b) = if a.span().start < b.span().start { (a, b) } else { (b, a) };
                    self.findings.push(
                        CONFLICTING_KEYS
                            .at(
                                b.span().into(),
                                format!("{} is both `{}` and `{}`", self.here(), a.get_ref(), b.get_ref()),
                            )
                            .label("the second")
                            .and(a.span().into(), "the first")
                            .help("keep one of them: an entry is of one kind"),
                    );
                }
            }
        }
    }

    fn kind_without_name(&mut self, table: &DeTable<'_>, span: Span, kinds: &[&[Key]]) {
        let implied = kinds.iter().find(|kind| {
            kind.first().is_some_and(|key| key.presence != Presence::Required)
                && kind.iter().any(|key| table.contains_key(key.name))
        });
        if let Some(kind) = implied {
            return self.table(table, span, kind);
        }
        let names = || kinds.iter().filter_map(|kind| kind.first());
        let near = table
            .keys()
            .find_map(|key| Some((key, suggest::nearest(key.get_ref(), names().map(|key| key.name))?)));
        let finding = match near {
            Some((key, near)) => UNKNOWN_KEY
                .at(key.span().into(), format!("unknown key `{}` in {}", key.get_ref(), self.here()))
                .label(format!("did you mean `{near}`?")),
            None => MISSING_KEY.at(span, format!("{} does not say of which kind it is", self.here())),
        };
        let known =
            alternatives(names().filter(|key| key.is_supported()).map(|key| format!("`{}`", key.name)));
        self.findings.push(finding.help(format!("expected one of {known}")));
    }

    fn unknown(&mut self, name: &str, span: Span, keys: &[Key]) {
        let place =
            if self.path.is_empty() { "at the top level".into() } else { format!("in {}", self.here()) };
        let finding = UNKNOWN_KEY.at(span, format!("unknown key `{name}` {place}"));
        let supported = keys.iter().filter(|key| key.is_supported());
        let known = alternatives(supported.map(|key| format!("`{}`", key.name)));
        let near = suggest::nearest(name, keys.iter().map(|key| key.name));
        self.findings.push(match (near, foreign::ours(name), elsewhere(name, ROOT, "")) {
            (Some(near), _, _) => {
                finding.label(format!("did you mean `{near}`?")).help(format!("expected one of {known}"))
            }
            (None, Some(ours), _) => finding.help(ours),
            (None, None, Some(place)) => finding.help(format!("`{name}` belongs {place}")),
            _ => finding.help(format!("expected one of {known}")),
        });
    }

    fn missing(&mut self, key: &Key, span: Span) {
        if self.quiet {
            return;
        }
        let (what, place) = match (&key.ty, self.path.is_empty()) {
            (Type::Table(_), true) => (format!("section `[{}]`", key.name), String::new()),
            (_, true) => (format!("key `{}`", key.name), " at the top level".into()),
            _ => (format!("key `{}`", key.name), format!(" in {}", self.here())),
        };
        self.findings.push(
            MISSING_KEY.at(span, format!("missing {what}{place}")).help(format!("it says {}", key.doc)),
        );
    }

    fn not_yet(&mut self, value: &Value<'_>, key: Span, ty: &Type, milestone: &str) {
        let name = format!("`{}`", self.dotted());
        self.say_not_yet(&name, key, milestone);
        let outer = std::mem::replace(&mut self.quiet, true);
        self.value(value, key, ty);
        self.quiet = outer;
    }

    fn say_not_yet(&mut self, what: &str, span: Span, milestone: &str) {
        if !self.quiet {
            self.findings.push(
                NOT_SUPPORTED_YET
                    .at(span, format!("{what} is not supported yet"))
                    .label("this version does not apply it")
                    .help(milestone),
            );
        }
    }

    /// `${name}` means something in this language, so it cannot be passed on as it stands.
    fn variables(&mut self, text: &str, span: Span) {
        if text.contains("${") {
            let what = format!("a variable in {}", self.here());
            self.say_not_yet(&what, span, "a later version brings `${name}`; write the value out");
        }
    }

    fn wrong_type(&mut self, value: &Value<'_>, ty: &Type) {
        let article = |name: &'static str| if name.starts_with(['i', 'a']) { "an" } else { "a" };
        let found = value.get_ref().type_str();
        let message = format!("{} is {} {found}", self.here(), article(found));
        let finding = WRONG_TYPE.at(value.span().into(), message).label(format!("expected {}", expected(ty)));
        self.findings.push(finding);
    }

    fn wrong_value(&mut self, written: &str, span: Span, ty: &Type) {
        let finding = self.wrong_value_finding(written, span, ty);
        self.findings.push(finding);
    }

    fn wrong_value_finding(&self, written: &str, span: Span, ty: &Type) -> Diagnostic {
        WRONG_VALUE
            .at(span, format!("{} is `{written}`", self.here()))
            .label(format!("expected {}", expected(ty)))
    }

    fn at(&mut self, name: &str, then: impl FnOnce(&mut Self)) {
        self.path.push(name.to_owned());
        then(self);
        self.path.pop();
    }

    fn dotted(&self) -> String {
        self.path.join(".")
    }

    fn here(&self) -> String {
        format!("`{}`", self.dotted())
    }
}

/// Is the value of the TOML type that this type is written in?
fn is_shape(ty: &Type, value: &DeValue<'_>) -> bool {
    match ty {
        Type::Boolean => value.is_bool(),
        Type::Constant(_) => value.is_bool(),
        Type::Integer(..) | Type::Mode(_) => value.is_integer(),
        Type::Bytes => value.is_integer() || value.is_str(),
        Type::Cpus => value.is_integer() || value.is_float() || value.is_str(),
        Type::Duration(_) | Type::String(_) | Type::Words(_) => value.is_str(),
        Type::List(_) => value.is_array(),
        Type::Table(_) | Type::Map(..) | Type::Kinds(_) => value.is_table(),
        Type::Union(types) => types.iter().any(|ty| is_shape(ty, value)),
        Type::NotYet(ty, _) => is_shape(ty, value),
    }
}

/// Where else in the sections of the language a key of this name is.
fn elsewhere(name: &str, keys: &[Key], section: &str) -> Option<String> {
    if keys.iter().any(|key| key.name == name) {
        let top = "at the top level, above the first section".to_owned();
        return Some(if section.is_empty() { top } else { format!("in `[{section}]`") });
    }
    keys.iter().find_map(|key| match &key.ty {
        Type::Table(inner) | Type::NotYet(Type::Table(inner), _) if section.is_empty() => {
            elsewhere(name, inner, key.name)
        }
        _ => None,
    })
}
