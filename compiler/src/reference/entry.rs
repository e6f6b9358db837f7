//! One key in words: what may be written, what holds otherwise, and what each word and each key inside means.

use crate::policy::FEATURES;
use crate::spec::keys::{Key, Presence, ROOT, Type, Word, alternatives, expected};

/// One key of the language.
#[derive(Debug)]
pub struct Entry {
    /// As it is written.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// What may be written.
    pub value: String,
    /// What holds when it is not written.
    pub presence: Presence,
    /// What has to be known besides: the kernel that it needs, or that this version does not apply it.
    pub notes: Vec<String>,
    /// The words that may be written, and what they mean.
    pub words: Vec<(&'static str, String)>,
    /// The tables that may be written.
    pub tables: Vec<Table>,
}

/// One table that a key may hold.
#[derive(Debug)]
pub struct Table {
    /// What tells it from the others: `a table with`, `each a table with`.
    pub what: String,
    /// Its keys.
    pub entries: Vec<Entry>,
}

/// The keys of the top level, and in them all others.
pub fn entries() -> Vec<Entry> {
    ROOT.iter().map(|key| entry("", key)).collect()
}

fn entry(table: &str, key: &'static Key) -> Entry {
    let place = place(table, key);
    let mut entry = Entry {
        name: key.name,
        doc: key.doc,
        value: value(&key.ty),
        presence: key.presence,
        notes: notes(&place, key),
        words: Vec::new(),
        tables: Vec::new(),
    };
    inside(&place, &key.ty, "", &mut entry);
    entry
}

/// `process.user` for the key `user` of the table `process`.
pub(super) fn place(table: &str, key: &Key) -> String {
    if table.is_empty() { key.name.to_owned() } else { format!("{table}.{}", key.name) }
}

/// What has to be known of a key besides its values.
pub(super) fn notes(place: &str, key: &Key) -> Vec<String> {
    let since = FEATURES.iter().filter(|feature| feature.place == place).map(|feature| match feature.form {
        "" => format!("needs Linux {}", feature.since),
        form => format!("{form} it needs Linux {}", feature.since),
    });
    let not_yet = match key.ty {
        Type::NotYet(_, milestone) => Some(format!("not in this version: {milestone}")),
        _ => None,
    };
    since.chain(not_yet).collect()
}

/// What a word means, and whether this version applies it.
pub(super) fn meaning(word: &Word) -> String {
    match word.not_yet {
        None => word.doc.to_owned(),
        Some(milestone) => format!("{}; not in this version: {milestone}", word.doc),
    }
}

/// The words and tables of a type; `each` says how many of them there are.
fn inside(place: &str, ty: &'static Type, each: &str, entry: &mut Entry) {
    let table = |keys: &'static [Key]| Table {
        what: format!("{each}a table"),
        entries: keys.iter().map(|key| self::entry(place, key)).collect(),
    };
    match ty {
        Type::Words(words) => entry.words.extend(words.iter().map(|word| (word.name, meaning(word)))),
        Type::Table(keys) => entry.tables.push(table(keys)),
        Type::Kinds(kinds) => entry.tables.extend(kinds.iter().map(|keys| table(keys))),
        Type::List(ty) | Type::Map(_, ty) => inside(place, ty, "each ", entry),
        Type::Union(types) => types.iter().for_each(|ty| inside(place, ty, each, entry)),
        Type::NotYet(ty, _) => inside(place, ty, each, entry),
        _ => {}
    }
}

/// What may be written, with the tables left to their own lists.
fn value(ty: &Type) -> String {
    match ty {
        Type::Table(_) => "a table".into(),
        Type::Kinds(_) => "a table of one kind".into(),
        Type::List(ty) => format!("a list, each {}", value(ty)),
        Type::Map(_, inner) => format!("{}, and whose values are each {}", expected(ty), value(inner)),
        Type::Union(types) => alternatives(types.iter().flat_map(choices)),
        Type::NotYet(ty, _) => value(ty),
        _ => expected(ty),
    }
}

/// The alternatives that a type is of a union.
fn choices(ty: &Type) -> Vec<String> {
    match ty {
        Type::Words(words) => words.iter().map(|word| format!("\"{}\"", word.name)).collect(),
        _ => vec![value(ty)],
    }
}
