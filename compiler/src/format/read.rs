//! The tokens of a spec as lines: what stands where, without the space between.

use super::WIDTH;
use super::value::Value;
use std::iter::Peekable;
use std::vec::IntoIter;
use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

/// One line, or an empty one.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// One or more of them.
    Blank,
    /// A comment alone.
    Comment(&'a str),
    /// `[section]` with the comment behind it.
    Header(String),
    /// A key and its value.
    Pair(Pair<'a>),
}

/// A key and its value, with the comment behind them.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    key: String,
    value: Value<'a>,
    /// With the space before it, which people line up.
    behind: String,
}

impl Pair<'_> {
    /// Both, as they are written.
    pub(super) fn text(&self) -> String {
        let key = format!("{} = ", self.key);
        let room = WIDTH.saturating_sub(super::columns(&key));
        key + &self.value.text(0, room) + &self.behind
    }
}

/// The lines of a text.
pub(super) fn read(text: &str) -> Vec<Item<'_>> {
    let tokens: Vec<Token> =
        Source::new(text).lex().filter(|token| token.kind() != TokenKind::Whitespace).collect();
    let mut reader = Reader { text, tokens: tokens.into_iter().peekable() };
    let mut items = Vec::new();
    while let Some(token) = reader.tokens.peek().copied() {
        match token.kind() {
            TokenKind::Eof => break,
            TokenKind::Newline => {
                reader.tokens.next();
                items.push(Item::Blank);
                continue;
            }
            TokenKind::Comment => {
                reader.tokens.next();
                items.push(Item::Comment(reader.of(token)));
            }
            TokenKind::LeftSquareBracket => {
                let header = reader.joined(TokenKind::Newline);
                items.push(Item::Header(header + &reader.behind()));
            }
            _ => {
                let key = reader.joined(TokenKind::Equals);
                reader.take(TokenKind::Equals);
                let value = reader.value();
                items.push(Item::Pair(Pair { key, value, behind: reader.behind() }));
            }
        }
        reader.take(TokenKind::Newline);
    }
    items
}

/// Reads on from a token.
pub(super) struct Reader<'a> {
    text: &'a str,
    tokens: Peekable<IntoIter<Token>>,
}

impl<'a> Reader<'a> {
    /// A token's text; that of a comment without the space at its end.
    fn of(&self, token: Token) -> &'a str {
        self.text
            .get(token.span().start()..token.span().end())
            .unwrap_or_default()
            .trim_end_matches([' ', '\t', '\r'])
    }

    fn kind(&mut self) -> TokenKind {
        self.tokens.peek().map_or(TokenKind::Eof, Token::kind)
    }

    /// The next token, if it is of this kind.
    fn take(&mut self, kind: TokenKind) -> Option<Token> {
        self.tokens.next_if(|token| token.kind() == kind)
    }

    /// The comment behind what was read last, with the space before it.
    fn behind(&mut self) -> String {
        let Some(token) = self.take(TokenKind::Comment) else { return String::new() };
        let before = self.text.get(..token.span().start()).unwrap_or_default();
        let space = before.len() - before.trim_end_matches([' ', '\t']).len();
        " ".repeat(space.max(1)) + self.of(token)
    }

    /// The tokens before one of this kind, before a comment and before the end, without space.
    fn joined(&mut self, end: TokenKind) -> String {
        let mut joined = String::new();
        while !self.ends(end) {
            let Some(token) = self.tokens.next() else { break };
            joined += self.of(token);
        }
        joined
    }

    fn ends(&mut self, end: TokenKind) -> bool {
        let kind = self.kind();
        kind == end || matches!(kind, TokenKind::Comment | TokenKind::Newline | TokenKind::Eof)
    }

    /// A value, up to what comes behind it.
    fn value(&mut self) -> Value<'a> {
        match self.kind() {
            TokenKind::LeftSquareBracket => self.list(),
            TokenKind::LeftCurlyBracket => self.table(),
            _ => self.scalar(),
        }
    }

    /// Numbers and dates have several tokens, with space between them in some dates.
    fn scalar(&mut self) -> Value<'a> {
        let start = self.tokens.peek().map_or(0, |token| token.span().start());
        let mut end = start;
        let closes = |kind| {
            matches!(kind, TokenKind::Comma | TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket)
        };
        while !self.ends(TokenKind::Comma) && !closes(self.kind()) {
            let Some(token) = self.tokens.next() else { break };
            end = token.span().end();
        }
        Value::Scalar(self.text.get(start..end).unwrap_or_default())
    }

    fn list(&mut self) -> Value<'a> {
        self.take(TokenKind::LeftSquareBracket);
        let mut list = super::value::List::default();
        while let Some(token) = self.tokens.peek().copied() {
            match token.kind() {
                TokenKind::Eof => break,
                TokenKind::RightSquareBracket => {
                    self.tokens.next();
                    break;
                }
                TokenKind::Newline => {
                    self.tokens.next();
                    list.newline();
                }
                TokenKind::Comma => {
                    self.tokens.next();
                    list.comma();
                }
                TokenKind::Comment => {
                    self.tokens.next();
                    list.comment(self.of(token));
                }
                _ => {
                    let value = self.value();
                    list.value(value);
                }
            }
        }
        Value::List(list)
    }

    /// What a comment or a newer TOML is in stays as it is: an inline table has one line.
    fn table(&mut self) -> Value<'a> {
        let start = self.tokens.peek().map_or(0, |token| token.span().start());
        self.take(TokenKind::LeftCurlyBracket);
        let (mut pairs, mut end) = (Vec::new(), start);
        let mut plain = true;
        while let Some(token) = self.tokens.peek().copied() {
            match token.kind() {
                TokenKind::Eof => break,
                TokenKind::RightCurlyBracket => {
                    self.tokens.next();
                    end = token.span().end();
                    break;
                }
                TokenKind::Comma => drop(self.tokens.next()),
                TokenKind::Newline | TokenKind::Comment => {
                    self.tokens.next();
                    plain = false;
                }
                _ => {
                    let key = self.joined(TokenKind::Equals);
                    self.take(TokenKind::Equals);
                    pairs.push((key, self.value()));
                }
            }
        }
        match plain && !pairs.iter().any(|(_, value)| value.is_tall()) {
            true => Value::Table(pairs),
            false => Value::Scalar(self.text.get(start..end).unwrap_or_default()),
        }
    }
}
