//! The page of the language as a manual page, boxwright-spec(5).

use super::entry::{Entry, Table, entries};
use crate::spec::keys::Presence;
use roff::{Inline, Roff, bold, italic, roman};

const DESCRIPTION: [&str; 2] = [
    "A spec is a file NAME.sandbox.toml, TOML 1.0 in UTF-8, that says what a program may see and do; everything else is denied. A key \
     that is not described here is an error, and so is a value of another kind: nothing is ignored.",
    "Sizes are integers or have KiB, MiB, GiB or TiB; lengths of time have d, h, m, s, ms or us, the largest first; modes are \
     octal literals.",
];

/// The day of this version: a clock would give pages that differ.
pub const DATE: &str = "2026-11-27";

/// What all pages are from.
pub const SOURCE: &str = concat!("boxwright ", env!("CARGO_PKG_VERSION"));

/// The page, in roff.
pub fn manual() -> String {
    let mut page = Roff::new();
    page.control("TH", ["BOXWRIGHT-SPEC", "5", DATE, SOURCE]);
    page.control("SH", ["NAME"]).text([roman("boxwright-spec - the language of sandbox specs")]);
    page.control("SH", ["DESCRIPTION"]);
    let [what, values] = DESCRIPTION;
    page.text([roman(what)]).control("PP", []).text([roman(values)]);
    let entries = entries();
    page.control("SH", ["TOP LEVEL"]);
    for entry in entries.iter().filter(|entry| !is_section(entry)) {
        key(&mut page, entry);
    }
    for entry in entries.iter().filter(|entry| is_section(entry)) {
        page.control("SH", [format!("[{}]", entry.name).as_str()]).text([roman(entry.doc)]);
        for inner in entry.tables.iter().flat_map(|table| &table.entries) {
            key(&mut page, inner);
        }
    }
    page.control("SH", ["SEE ALSO"]).text([bold("boxwright"), roman("(1)")]);
    page.render()
}

/// Is it one table, and so a section of the page?
fn is_section(entry: &Entry) -> bool {
    entry.value == "a table" && entry.tables.len() == 1
}

fn key(page: &mut Roff, entry: &Entry) {
    let mut values: Vec<Inline> = vec![roman(entry.value.clone())];
    match entry.presence {
        Presence::Required => values.push(roman("; required")),
        Presence::Default(toml) => values.extend([roman("; default "), bold(toml)]),
        Presence::Optional => {}
    }
    values.extend(entry.notes.iter().map(|note| roman(format!("; {note}"))));
    page.control("TP", []).text([bold(entry.name)]).text([roman(entry.doc)]);
    page.control("RS", []).control("PP", []).text(values);
    for (word, meaning) in &entry.words {
        page.control("TP", []).text([bold(format!("\"{word}\""))]).text([roman(meaning.clone())]);
    }
    for Table { what, entries } in &entry.tables {
        page.control("PP", []).text([italic(format!("{what} with"))]);
        page.control("RS", []);
        for inner in entries {
            key(page, inner);
        }
        page.control("RE", []);
    }
    page.control("RE", []);
}
