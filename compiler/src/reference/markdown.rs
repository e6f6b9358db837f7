//! The page of the language, as Markdown.

use super::entry::{Entry, Table, entries};
use crate::spec::keys::Presence;
use std::fmt::Write;

const HEAD: &str = "\
# The spec language, version 1

What every key of a `NAME.sandbox.toml` means: `boxwright man DIR` writes the same as boxwright-spec(5), `boxwright
schema` tells it to editors. This page is written by the tests, from the table that the parser reads.

A spec is TOML 1.0 in UTF-8. A key that is not here is an error, and so is a value of another kind: nothing is ignored. Sizes are
integers or have KiB, MiB, GiB or TiB; lengths of time have d, h, m, s, ms or us, the largest first; modes are octal
literals.
";

/// The page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    // A string takes all that it is given.
    for entry in &entries() {
        let _ = write!(page, "\n## `{}`\n\n{}", entry.name, paragraphs(entry));
        match entry.tables.as_slice() {
            // A section.
            [table] if entry.value == "a table" => {
                for inner in &table.entries {
                    let _ = write!(page, "\n### `{}.{}`\n\n{}", entry.name, inner.name, paragraphs(inner));
                    page += &inside(inner, 0);
                }
            }
            _ => page += &inside(entry, 0),
        }
    }
    page
}

/// What a key is for, and what may be written.
fn paragraphs(entry: &Entry) -> String {
    let mut text = sentence(entry.doc);
    text += "\n\n";
    text += &sentence(&format!("value: {}", entry.value));
    match entry.presence {
        Presence::Required => text += " It must be written.",
        Presence::Default(toml) => text += &format!(" Default: `{toml}`."),
        Presence::Optional => {}
    }
    for note in &entry.notes {
        text += " ";
        text += &sentence(note);
    }
    text + "\n"
}

/// The words and tables of a key, as a list.
fn inside(entry: &Entry, depth: usize) -> String {
    let margin = "  ".repeat(depth);
    let mut list = String::new();
    if depth == 0 && !(entry.words.is_empty() && entry.tables.is_empty()) {
        list.push('\n');
    }
    for (word, meaning) in &entry.words {
        let _ = writeln!(list, "{margin}- `\"{word}\"`: {meaning}");
    }
    for Table { what, entries } in &entry.tables {
        let _ = writeln!(list, "{margin}- {what} with");
        for entry in entries {
            let _ = writeln!(list, "{margin}  - `{}`: {} ({})", entry.name, entry.doc, remarks(entry));
            list += &inside(entry, depth + 2);
        }
    }
    list
}

/// What may be written for a key of a table, what holds otherwise, and what has to be known.
fn remarks(entry: &Entry) -> String {
    let mut remarks = vec![entry.value.clone()];
    match entry.presence {
        Presence::Required => remarks.push("required".into()),
        Presence::Default(toml) => remarks.push(format!("default `{toml}`")),
        Presence::Optional => {}
    }
    remarks.extend(entry.notes.iter().cloned());
    remarks.join("; ")
}

/// With a capital and a full stop.
fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if words.ends_with(['?', '.']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}
