//! TOML itself: the document with everything that could be saved of it, and the errors of its syntax.

use super::rules::{DUPLICATE_KEY, MISSING_KEY, SYNTAX, TOO_DEEP};
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use toml::de::DeTable;
use toml_parser::lexer::TokenKind;

/// The most parts of a dotted key. The parser bounds the depth of arrays and inline tables itself, but every part of
/// a dotted key is a table too, and freeing a table nested 10^5 deep overflows the stack.
const KEY_PARTS_MAX: usize = 32;

/// The most syntax errors that are told; in a file that is no TOML at all the rest would only repeat them.
const ERRORS_MAX: usize = 100;

/// A syntax error, and the lines that it makes doubtful.
pub(super) struct Broken(Diagnostic);

/// The document and its syntax errors; only a document that is too deep to be held gives none.
pub(super) fn read(source: &Source) -> Result<(toml::Spanned<DeTable<'_>>, Vec<Broken>), Diagnostic> {
    if let Some(span) = deep_key(&source.text) {
        return Err(TOO_DEEP
            .at(span, format!("a dotted key has more than {KEY_PARTS_MAX} parts"))
            .label("the parts end here for us"));
    }
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    let mut broken: Vec<Broken> =
        errors.iter().take(ERRORS_MAX).map(|error| finding(error, source, document.get_ref())).collect();
    broken.sort_by_key(|Broken(finding)| finding.span);
    broken.dedup_by(|b, a| a.0.span == b.0.span);
    Ok((document, broken))
}

impl Broken {
    /// Is the finding about something that recovery may have made up?
    pub(super) fn spoils(&self, finding: &Diagnostic, source: &Source) -> bool {
        let Self(syntax) = self;
        if syntax.rule == DUPLICATE_KEY.name {
            return syntax.span == finding.span;
        }
        let lines = source.line(finding.span.start)..=source.line(finding.span.end);
        lines.contains(&source.line(syntax.span.start)) || finding.rule == MISSING_KEY.name
    }

    /// The syntax error itself.
    pub(super) fn into_finding(self) -> Diagnostic {
        self.0
    }
}

fn finding(error: &toml::de::Error, source: &Source, document: &DeTable<'_>) -> Broken {
    let span = error.span().map_or(Span::default(), Span::from);
    let message = error.message();
    let text = source.text.get(span.start..span.end).unwrap_or_default();
    Broken(match message {
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
            let expected = if expected == "nothing" { "" } else { expected };
            let finding = SYNTAX.at(span, what);
            if expected.is_empty() { finding } else { finding.label(format!("expected {expected}")) }
        }
    })
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
