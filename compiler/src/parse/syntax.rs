//! TOML itself: the document with everything that could be saved of it, and the errors of its syntax.

use super::rules::{DUPLICATE_KEY, SYNTAX, TOO_DEEP};
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use std::collections::BTreeSet;
use toml::de::{DeString, DeTable, DeValue};
use toml_parser::lexer::TokenKind;

/// The most parts of a dotted key. The parser bounds the depth of arrays and inline tables itself, but every part of
/// a dotted key is a table too, and what is nested too deep overflows the stack. The language's deepest key has five.
const KEY_PARTS_MAX: usize = 8;

/// The most syntax errors that are told; in a file that is no TOML at all the rest would only repeat them.
const ERRORS_MAX: usize = 100;

/// What could be saved of a file.
pub(super) struct Read<'a> {
    /// The document without the values that recovery made up.
    pub(super) document: DeTable<'a>,
    /// The errors of its syntax.
    pub(super) errors: Vec<Diagnostic>,
    /// Is something lost, so that what is missing may have been there?
    pub(super) lossy: bool,
}

/// The document of one layer and its syntax errors; only one that is too deep to be held is refused as a whole.
pub(super) fn read(source: &Source, layer: usize) -> Result<Read<'_>, Diagnostic> {
    let file = source.layers().get(layer).map_or(Span::default(), |layer| layer.span);
    let text = source.text.get(file.start..file.end).unwrap_or_default();
    if let Some(span) = deep_key(text) {
        let span = Span::new(file.start + span.start, file.start + span.end);
        return Err(TOO_DEEP
            .at(span, format!("a dotted key has more than {KEY_PARTS_MAX} parts"))
            .label("one part too many"));
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    let table = document.into_inner();
    let mut table = table;
    if file.start > 0 {
        moved(&mut table, file.start);
    }
    let mut errors: Vec<Diagnostic> = errors
        .iter()
        .take(ERRORS_MAX)
        .map(|error| {
            let span = error.span().map_or(file.start..file.start, |span| by(span, file.start));
            finding(error.message(), span.into(), source, &table)
        })
        .collect();
    errors.sort_by_key(|finding| finding.span);
    errors.dedup_by_key(|finding| finding.span);
    let broken: BTreeSet<usize> = errors
        .iter()
        .filter(|finding| finding.rule != DUPLICATE_KEY.name)
        .map(|finding| source.line(finding.span.start))
        .collect();
    prune(&mut table, &broken, source);
    join_unclosed_array(&mut errors);
    Ok(Read { document: table, errors, lossy: !broken.is_empty() })
}

/// Makes places in one file places in all of the source's text.
fn moved(table: &mut DeTable<'_>, start: usize) {
    for (name, mut value) in std::mem::replace(table, DeTable::new()) {
        moved_value(&mut value, start);
        table.insert(toml::Spanned::new(by(name.span(), start), name.into_inner()), value);
    }
}

fn moved_value(value: &mut toml::Spanned<DeValue<'_>>, start: usize) {
    match value.get_mut() {
        DeValue::Table(table) => moved(table, start),
        DeValue::Array(items) => items.iter_mut().for_each(|item| moved_value(item, start)),
        _ => {}
    }
    let inner = std::mem::replace(value.get_mut(), DeValue::Boolean(false));
    *value = toml::Spanned::new(by(value.span(), start), inner);
}

fn by(span: std::ops::Range<usize>, start: usize) -> std::ops::Range<usize> {
    span.start + start..span.end + start
}

/// Takes out the values on broken lines: what recovery made of them is not what anybody wrote.
fn prune(table: &mut DeTable<'_>, broken: &BTreeSet<usize>, source: &Source) {
    let spoiled = |(key, value): (&toml::Spanned<DeString<'_>>, &toml::Spanned<DeValue<'_>>)| {
        // A value that recovery made up can have a place before its key.
        let (start, end) = (key.span().start, value.span().end.max(key.span().end));
        let lines = source.line(start)..=source.line(end);
        (broken.range(lines).next().is_some()).then(|| key.get_ref().to_string())
    };
    // A section has only its header for a place, and its keys are looked at one by one.
    for name in table.iter().filter_map(spoiled).collect::<Vec<_>>() {
        table.remove(name.as_str());
    }
    for (_, value) in table.iter_mut() {
        if let DeValue::Table(inner) = value.get_mut() {
            prune(inner, broken, source);
        }
    }
}

/// An array that is not closed swallows the lines after it, and each of them is an error; the first one tells it.
fn join_unclosed_array(errors: &mut Vec<Diagnostic>) {
    let Some(end) = errors.iter().position(|error| error.message == "unclosed array") else { return };
    let swallowed = errors
        .iter()
        .take(end)
        .position(|error| error.rule == SYNTAX.name && error.message.contains("array"));
    let Some(first) = swallowed else { return };
    errors.drain(first + 1..=end);
    if let Some(error) = errors.get_mut(first) {
        error.message = "an array above is not closed".into();
        error.label = "expected `,` or `]` before this".into();
    }
}

fn finding(message: &str, span: Span, source: &Source, document: &DeTable<'_>) -> Diagnostic {
    let text = source.text.get(span.start..span.end).unwrap_or_default();
    match message {
        "duplicate key" => {
            let finding = DUPLICATE_KEY
                .at(span, format!("`{text}` is written twice"))
                .label("the second time")
                .help("keep one of them; a section is written once, with all of its keys");
            match first_time(document, text, span.start) {
                Some(first) => finding.and(first, "the first time"),
                None => finding,
            }
        }
        _ if message.contains("recursion") => {
            TOO_DEEP.at(span, "arrays and tables are nested too deeply").label("one level too many")
        }
        _ => {
            let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
            let bare = text.starts_with(|c: char| c.is_alphabetic()) && what.starts_with("invalid ");
            let (what, expected) = match (what, expected) {
                ("string values must be quoted", _) if text.is_empty() => ("missing value", "a value"),
                ("string values must be quoted", _) => (what, "a string in quotes"),
                _ if bare => ("string values must be quoted", "a string in quotes"),
                (_, "nothing") => (what, ""),
                _ => (what, expected),
            };
            let finding = SYNTAX.at(span, what);
            if expected.is_empty() { finding } else { finding.label(format!("expected {expected}")) }
        }
    }
}

/// Where a duplicate was written first: recovery keeps that one, and so it is the nearest of its name before.
fn first_time(table: &DeTable<'_>, written: &str, second: usize) -> Option<Span> {
    let name = written.trim_matches(['"', '\'']);
    let here = table.iter().filter(|(key, _)| key.get_ref() == name && key.span().start < second);
    let here = here.map(|(key, _)| Span::from(key.span()));
    let deeper = table.values().filter_map(|value| first_time(value.get_ref().as_table()?, written, second));
    here.chain(deeper).max()
}

/// The place where a dotted key gets too many parts. Counts on the parser's own tokens, so that no quoting hides one.
fn deep_key(text: &str) -> Option<Span> {
    let mut dots = 0;
    for token in toml_parser::Source::new(text).lex() {
        match token.kind() {
            TokenKind::Dot => dots += 1,
            TokenKind::Equals
            | TokenKind::Comma
            | TokenKind::Newline
            | TokenKind::LeftCurlyBracket
            | TokenKind::LeftSquareBracket => dots = 0,
            _ => {}
        }
        if dots == KEY_PARTS_MAX {
            return Some(Span::new(token.span().start(), token.span().end()));
        }
    }
    None
}
