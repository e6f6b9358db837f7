//! The document against the key table: unknown and missing keys, wrong types and values, what is not supported yet.

use super::rules::{CONFLICTING_KEYS, MISSING_KEY, NOT_SUPPORTED_YET, UNKNOWN_KEY, WRONG_TYPE, WRONG_VALUE};
use super::variables;
use super::{extract, foreign};
use crate::diagnostic::suggest::{self, Near};
use crate::diagnostic::{Diagnostic, Fix};
use crate::source::Span;
use crate::spec::keys::{Form, Key, Presence, ROOT, Type, Word, alternatives, expected};
use toml::de::{DeString, DeTable, DeValue};

type Value<'a> = toml::Spanned<DeValue<'a>>;
type Name<'a> = toml::Spanned<DeString<'a>>;

/// Everything about the document that the table does not admit; nothing is missed in one that lost some of its keys.
pub(super) fn conform(document: &DeTable<'_>, keys: &[Key], lossy: bool) -> Vec<Diagnostic> {
    let mut conform = Conform { path: Vec::new(), quiet: false, lossy, findings: Vec::new() };
    conform.table(document, Span::default(), keys);
    conform.findings
}

/// After so many findings the rest is not looked at: nobody reads them, and a hostile file could have 10^5.
const FINDINGS_MAX: usize = 10_000;

struct Conform {
    /// The keys that lead to the value at hand.
    path: Vec<String>,
    /// Inside something that is not supported yet; saying so once is enough.
    quiet: bool,
    /// Keys were lost to syntax errors.
    lossy: bool,
    findings: Vec<Diagnostic>,
}

impl Conform {
    fn table(&mut self, table: &DeTable<'_>, span: Span, keys: &[Key]) {
        let mut meant = Vec::new();
        for (name, value) in table.iter() {
            if self.findings.len() >= FINDINGS_MAX {
                return;
            }
            match keys.iter().find(|key| key.name == name.get_ref()) {
                Some(key) => {
                    let at = Span::from(name.span());
                    self.at(key.name, |this| this.value(value, at, &key.ty, &key.ty));
                }
                None => meant.extend(self.unknown(name, keys, table)),
            }
        }
        for key in keys.iter().filter(|key| key.presence == Presence::Required) {
            if !self.lossy && !table.contains_key(key.name) && !meant.contains(&key.name) {
                self.missing(key, span);
            }
        }
    }

    /// A value against a type. `key` is where the key stands whose value it is or belongs to; `whole` is what to say
    /// was expected, which is more than the type when that is one of several.
    fn value(&mut self, value: &Value<'_>, key: Span, ty: &Type, whole: &Type) {
        let span = Span::from(value.span());
        if self.findings.len() >= FINDINGS_MAX {
            return;
        }
        match (ty, value.get_ref()) {
            (Type::NotYet(ty, milestone), _) => self.not_yet(value, key, ty, milestone),
            (Type::Union(types), _) => self.union(value, key, types, ty),
            (Type::Table(keys), DeValue::Table(table)) => self.table(table, span, keys),
            (Type::Map(form, ty), DeValue::Table(table)) => self.map(table, *form, ty),
            (Type::Kinds(kinds), DeValue::Table(table)) => self.kinds(table, span, kinds),
            (Type::List(ty), DeValue::Array(items)) => {
                for item in items.iter() {
                    self.value(item, item.span().into(), ty, ty);
                }
            }
            (Type::Words(words), DeValue::String(word)) => self.word(word, span, words, whole),
            (_, DeValue::String(text)) if is_shape(ty, value.get_ref()) => {
                self.variables(text, span, ty);
            }
            _ if !is_shape(ty, value.get_ref()) => self.wrong_type(value, ty),
            _ => self.scalar(value, span, ty, whole),
        }
    }

    fn map(&mut self, table: &DeTable<'_>, form: Form, ty: &Type) {
        for (name, value) in table.iter() {
            self.variables(name.get_ref(), name.span().into(), &Type::String(form));
            self.at(&format!("\"{}\"", name.get_ref()), |this| this.value(value, name.span().into(), ty, ty));
        }
    }

    /// Booleans and numbers, whose type is right.
    fn scalar(&mut self, value: &Value<'_>, span: Span, ty: &Type, whole: &Type) {
        let written = match value.get_ref() {
            DeValue::Boolean(boolean) => boolean.to_string(),
            DeValue::Integer(number) => number.to_string(),
            _ => return,
        };
        let number = value.get_ref().as_integer().and_then(extract::integer);
        let fits = match ty {
            Type::Constant(wanted) => value.get_ref().as_bool() == Some(*wanted),
            Type::Integer(min, max) => number.is_some_and(|number| (*min..=*max).contains(&number)),
            Type::Port => number.is_some_and(|number| (1..=65535).contains(&number)),
            Type::Bytes => number.is_some_and(|number| number >= 0),
            Type::Mode(max) => return self.mode(&written, number, span, *max, ty),
            _ => true,
        };
        if !fits {
            let finding = self.wrong_value(&written, span, whole);
            let any_port = matches!(ty, Type::Port) && number == Some(0);
            self.findings.push(match any_port {
                true => finding.help("bound, port 0 is any port that is free, and nothing listens on it"),
                false => finding,
            });
        }
    }

    fn mode(&mut self, written: &str, number: Option<i64>, span: Span, max: u32, ty: &Type) {
        let mode = number.filter(|mode| (0..=i64::from(max)).contains(mode));
        if written.starts_with("0o") {
            if mode.is_none() {
                let finding = self.wrong_value(written, span, ty);
                self.findings.push(finding);
            }
            return;
        }
        // Decimal digits are meant as octal ones; any other radix is meant as it is.
        let decimal = u32::from_str_radix(written, 8).ok().filter(|mode| *mode <= max).map(i64::from);
        let meant = decimal.or(mode.filter(|_| written.starts_with("0x") || written.starts_with("0b")));
        let finding = WRONG_VALUE
            .at(span, format!("{} is `{written}`, a mode that is not octal", self.here()))
            .label("expected an octal literal");
        self.findings.push(match meant {
            Some(meant) => {
                finding.help(format!("write `{meant:#o}`")).fix(Fix::replace(span, format!("{meant:#o}")))
            }
            None => finding.help("an octal literal is such as `0o755`"),
        });
    }

    fn word(&mut self, word: &str, span: Span, words: &[Word], whole: &Type) {
        match words.iter().find(|candidate| candidate.name == word) {
            Some(Word { not_yet: Some(milestone), .. }) => {
                let value = format!("`{} = \"{word}\"`", self.dotted());
                self.say_not_yet(&value, span, milestone);
            }
            Some(_) => {}
            None => {
                let near = suggest::nearest(word, words.iter().map(|word| word.name), self.findings.len());
                let finding = self.wrong_value(&format!("\"{word}\""), span, whole);
                let why = self.path.last().and_then(|key| foreign::refused(key, word));
                self.findings.push(match (why, near) {
                    (Some(why), _) => finding.help(why),
                    (None, Some(near)) => {
                        let fix = near.certain.then(|| Fix::replace(span, format!("\"{near}\"")));
                        finding.help(format!("did you mean \"{near}\"?")).fix(fix)
                    }
                    (None, None) => finding,
                });
            }
        }
    }

    /// The alternative that has the value's shape; among several strings the one that knows the word.
    fn union(&mut self, value: &Value<'_>, key: Span, types: &[Type], whole: &Type) {
        let mut shapes = types.iter().filter(|ty| is_shape(ty, value.get_ref()));
        let knows = |ty: &&Type| match (ty, value.get_ref()) {
            (Type::Words(words), DeValue::String(word)) => words.iter().any(|known| known.name == word),
            _ => true,
        };
        let first = shapes.clone().next();
        match shapes.find(knows).or(first) {
            Some(ty) => self.value(value, key, ty, whole),
            None => self.wrong_type(value, whole),
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
        // The key that says it may be what is lost.
        if self.lossy {
            return;
        }
        let names = || kinds.iter().filter_map(|kind| kind.first());
        let near = table.keys().find_map(|key| {
            Some((key, suggest::nearest(key.get_ref(), names().map(|key| key.name), self.findings.len())?))
        });
        let finding = match near {
            Some((key, near)) => UNKNOWN_KEY
                .at(key.span().into(), format!("unknown key `{}` in {}", key.get_ref(), self.here()))
                .label(format!("did you mean `{near}`?"))
                .fix(renamed(key, near, table)),
            None => MISSING_KEY.at(span, format!("{} does not say of which kind it is", self.here())),
        };
        let known =
            alternatives(names().filter(|key| key.is_supported()).map(|key| format!("`{}`", key.name)));
        self.findings.push(finding.help(format!("expected one of {known}")));
    }

    /// Says so, and which key was meant.
    fn unknown(&mut self, key: &Name<'_>, keys: &[Key], table: &DeTable<'_>) -> Option<&'static str> {
        let (name, span) = (key.get_ref().as_ref(), Span::from(key.span()));
        let place =
            if self.path.is_empty() { "at the top level".into() } else { format!("in {}", self.here()) };
        let finding = UNKNOWN_KEY.at(span, format!("unknown key `{name}` {place}"));
        let supported = keys.iter().filter(|key| key.is_supported());
        let known = alternatives(supported.map(|key| format!("`{}`", key.name)));
        let near = suggest::nearest(name, keys.iter().map(|key| key.name), self.findings.len());
        if let Some(other) = foreign::in_section(&self.dotted(), name) {
            let same =
                keys.iter().find(|key| key.name == other).map(|key| Near { name: key.name, certain: true });
            self.findings.push(match same {
                Some(near) => {
                    finding.label(format!("did you mean `{}`?", near.name)).fix(renamed(key, near, table))
                }
                None => finding.help(other),
            });
            return same.map(|near| near.name);
        }
        self.findings.push(match (near, foreign::ours(name), elsewhere(name, ROOT, "")) {
            (Some(near), _, _) => finding
                .label(format!("did you mean `{near}`?"))
                .help(format!("expected one of {known}"))
                .fix(renamed(key, near, table)),
            (None, Some(ours), _) => {
                let same = foreign::key(name, &self.dotted()).map(|name| Near { name, certain: true });
                finding.help(ours).fix(same.and_then(|same| renamed(key, same, table)))
            }
            (None, None, Some(place)) => finding.help(format!("`{name}` belongs {place}")),
            _ => finding.help(format!("expected one of {known}")),
        });
        near.map(|near| near.name)
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
        self.value(value, key, ty, ty);
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
    fn variables(&mut self, text: &str, span: Span, ty: &Type) {
        if let Some(fault) = variables::fault(text, ty)
            && !self.quiet
        {
            let finding = fault.finding(span, &self.here(), self.findings.len());
            self.findings.push(finding);
        }
    }

    fn wrong_type(&mut self, value: &Value<'_>, ty: &Type) {
        let article = |name: &'static str| if name.starts_with(['i', 'a']) { "an" } else { "a" };
        let found = value.get_ref().type_str();
        let message = format!("{} is {} {found}", self.here(), article(found));
        let finding = WRONG_TYPE.at(value.span().into(), message).label(format!("expected {}", expected(ty)));
        let finding = finding.fix(other_type(value, ty));
        let text = value.get_ref().as_str().unwrap_or_default();
        self.findings.push(match foreign::of_section(&self.dotted(), text) {
            Some(meant) => finding.help(format!("write `{meant}`")),
            None => finding,
        });
    }

    fn wrong_value(&self, written: &str, span: Span, ty: &Type) -> Diagnostic {
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

/// Another name for a key, if that is certain and it is not there yet.
fn renamed(key: &Name<'_>, near: Near<'_>, table: &DeTable<'_>) -> Option<Fix> {
    (near.certain && !table.contains_key(near.name)).then(|| Fix::replace(key.span().into(), near.name))
}

/// The same value with quotes or without, if the type takes that.
fn other_type(value: &Value<'_>, ty: &Type) -> Option<Fix> {
    let written = match value.get_ref() {
        DeValue::String(text)
            if matches!(&**text, "true" | "false") && is_shape(ty, &DeValue::Boolean(true)) =>
        {
            text.to_string()
        }
        DeValue::String(text) if takes_integer(ty) => text.parse::<i64>().ok()?.to_string(),
        DeValue::Integer(number) if takes_text(ty) => format!("\"{number}\""),
        DeValue::Datetime(date) if takes_text(ty) => format!("\"{date}\""),
        _ => return None,
    };
    Some(Fix::replace(value.span().into(), written))
}

fn takes_integer(ty: &Type) -> bool {
    match ty {
        Type::Integer(..) | Type::Port => true,
        Type::Union(types) => types.iter().any(takes_integer),
        _ => false,
    }
}

/// Of other forms a number has none.
fn takes_text(ty: &Type) -> bool {
    match ty {
        Type::String(form) => matches!(form, Form::Text | Form::Name | Form::HostName | Form::Date),
        Type::Union(types) => types.iter().any(takes_text),
        _ => false,
    }
}

/// Is the value of the TOML type that this type is written in?
fn is_shape(ty: &Type, value: &DeValue<'_>) -> bool {
    match ty {
        Type::Boolean => value.is_bool(),
        Type::Constant(_) => value.is_bool(),
        Type::Integer(..) | Type::Port | Type::Mode(_) => value.is_integer(),
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
