//! A spec as it is understood: all layers in one, and where each value comes from.

use super::values;
use crate::diagnostic::{is_active, visible};
use crate::source::{Source, Span};
use crate::spec::keys::{Key, Presence, ROOT, Type};
use toml::de::{DeTable, DeValue};

/// What is shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Show {
    /// Also what holds because nobody says otherwise.
    pub resolved: bool,
    /// Where each value comes from.
    pub origin: bool,
}

/// The keys that concern the layers themselves, which are one here.
const OF_LAYERS: [&str; 2] = ["extends", "vars"];

/// The widest value that shares its line with where it comes from.
const COLUMN: usize = 48;

/// The spec as one TOML document in the order of the language.
pub fn show(source: &Source, given: &[(String, String)], show: Show) -> String {
    let layers: Vec<_> = super::layers(source).into_iter().flatten().map(|layer| layer.document).collect();
    let values = values::Values::new(&layers, given);
    let (merged, _) = super::one_document(layers, &values, source);
    let mut writer = Writer { source, show, taken: &merged.taken, text: String::new() };
    writer.table("", &merged.document, ROOT);
    writer.text
}

struct Writer<'a> {
    source: &'a Source,
    show: Show,
    /// Entries that have done what they are for.
    taken: &'a [Span],
    text: String,
}

impl Writer<'_> {
    /// The keys of a table with plain values, and then the tables in it.
    fn table(&mut self, place: &str, table: &DeTable<'_>, keys: &[Key]) {
        let shown = |key: &&Key| !OF_LAYERS.contains(&key.name);
        for key in keys.iter().filter(shown).filter(|key| !is_section(&key.ty)) {
            match (table.get_key_value(key.name), key.presence) {
                (Some((name, value)), _) => self.value(key.name, value, name.span().into()),
                (None, Presence::Default(default)) if self.show.resolved && key.is_supported() => {
                    self.line(&format!("{} = {default}", key.name), None);
                }
                _ => {}
            }
        }
        for key in keys.iter().filter(shown).filter(|key| is_section(&key.ty)) {
            let inner = table.get(key.name).and_then(|value| value.get_ref().as_table());
            let place = if place.is_empty() { key.name.to_owned() } else { format!("{place}.{}", key.name) };
            let empty = DeTable::new();
            let from = self.text.len();
            match &key.ty {
                Type::Table(keys) if inner.is_some() || self.show.resolved => {
                    self.table(&place, inner.unwrap_or(&empty), keys);
                }
                Type::Map(..) => {
                    let mut entries: Vec<_> = inner.into_iter().flatten().collect();
                    entries.sort_by_key(|(name, _)| name.span().start);
                    entries.retain(|(name, _)| !self.taken.contains(&name.span().into()));
                    for (name, value) in entries {
                        self.value(&quoted_key(name.get_ref()), value, name.span().into());
                    }
                }
                _ => {}
            }
            if self.text.len() > from && !self.text.get(from..).is_some_and(|text| text.starts_with("\n[")) {
                self.text.insert_str(from, &format!("\n[{place}]\n"));
            }
        }
    }

    /// A key and its value; a list whose items come from different places has each on its own line.
    fn value(&mut self, name: &str, value: &toml::Spanned<DeValue<'_>>, key: Span) {
        let file = |span: Span| self.source.layer(span.start);
        match value.get_ref() {
            DeValue::Array(items)
                if self.show.origin && items.iter().any(|item| file(item.span().into()) != file(key)) =>
            {
                self.text += &format!("{name} = [\n");
                for item in items.iter() {
                    self.line(&format!("    {},", inline(item.get_ref())), Some(item.span().into()));
                }
                self.text += "]\n";
            }
            value => self.line(&format!("{name} = {}", inline(value)), Some(key)),
        }
    }

    /// A line, and where it comes from: nowhere for a default.
    fn line(&mut self, text: &str, span: Option<Span>) {
        self.text += text;
        if self.show.origin {
            let origin = span.map_or_else(|| "by default".to_owned(), |span| self.origin(span));
            let width = text.chars().count();
            self.text += &format!("{}  # {origin}", " ".repeat(COLUMN.saturating_sub(width)));
        }
        self.text.push('\n');
    }

    fn origin(&self, span: Span) -> String {
        let path = self.source.path_at(span.start).to_string_lossy();
        format!("{}:{}", visible(&path), self.source.line_column(span.start).line)
    }
}

/// Is it written as a section of its own?
fn is_section(ty: &Type) -> bool {
    matches!(ty, Type::Table(_) | Type::Map(..))
}

/// A value on one line.
fn inline(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        DeValue::Datetime(datetime) => datetime.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) if table.is_empty() => "{}".into(),
        DeValue::Table(table) => {
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by_key(|(name, _)| name.span().start);
            let entry =
                |(name, value): &(&toml::Spanned<toml::de::DeString<'_>>, &toml::Spanned<DeValue<'_>>)| {
                    format!("{} = {}", quoted_key(name.get_ref()), inline(value.get_ref()))
                };
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

fn quoted_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

/// A text as TOML, with an escape for every character that a terminal acts on or a reader cannot see.
fn quoted(text: &str) -> String {
    if !text.chars().any(is_active) {
        return toml::Value::String(text.to_owned()).to_string();
    }
    let escaped = text.chars().map(|c| match c {
        '\n' => "\\n".into(),
        '\t' => "\\t".into(),
        '"' | '\\' => format!("\\{c}"),
        c if is_active(c) => format!("\\U{:08X}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}
