//! What TOML 1.1 permits and TOML 1.0 does not, which this parser reads and other tools refuse.

use super::rules::TOML_1_1_SYNTAX;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use toml_parser::lexer::{Token, TokenKind};

/// Looks at the tokens of a file without errors.
pub(super) fn newer(text: &str) -> Vec<Diagnostic> {
    let (mut findings, mut open, mut comma) = (Vec::new(), Vec::new(), None);
    for token in toml_parser::Source::new(text).lex() {
        let span = Span::new(token.span().start(), token.span().end());
        match token.kind() {
            TokenKind::LeftCurlyBracket => open.push((true, false)),
            TokenKind::LeftSquareBracket => open.push((false, false)),
            TokenKind::RightCurlyBracket => {
                if let (Some((true, false)), Some(comma)) = (open.pop(), comma) {
                    findings.push(table(comma, "a comma after the last value of an inline table"));
                }
            }
            TokenKind::RightSquareBracket => drop(open.pop()),
            TokenKind::Newline => {
                // One finding for each table.
                if let Some((true, told @ false)) = open.last_mut() {
                    *told = true;
                    findings.push(table(span, "a line break in an inline table"));
                }
            }
            TokenKind::BasicString | TokenKind::MlBasicString => findings.extend(escape(text, &token)),
            _ => {}
        }
        match token.kind() {
            TokenKind::Whitespace | TokenKind::Newline | TokenKind::Comment => {}
            TokenKind::Comma => comma = Some(span),
            _ => comma = None,
        }
    }
    findings
}

fn table(span: Span, what: &str) -> Diagnostic {
    let help = "write the table on one line, or as a `[section]` of its own";
    TOML_1_1_SYNTAX.at(span, what).evidence([]).label("not in TOML 1.0").help(help)
}

/// The escapes `\e` and `\x41`, of which the first is told.
fn escape(text: &str, token: &Token) -> Option<Diagnostic> {
    let start = token.span().start();
    let string = text.get(start..token.span().end())?;
    let mut characters = string.char_indices();
    while let Some((at, character)) = characters.next() {
        if character != '\\' {
            continue;
        }
        let (_, escaped) = characters.next()?;
        if matches!(escaped, 'e' | 'x') {
            let span = Span::new(start + at, start + at + 2);
            let finding = TOML_1_1_SYNTAX.at(span, format!("the escape `\\{escaped}`")).evidence([]);
            return Some(finding.label("not in TOML 1.0").help("write it as `\\u00XX`"));
        }
    }
    None
}
