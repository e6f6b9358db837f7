//! `${name}` in the strings of a spec, and `$${`, which is the text `${`.

use std::fmt;

/// What `${` is written as where it begins no name.
pub const ESCAPED: &str = "$${";

/// A part of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Verbatim.
    Text(&'a str),
    /// What is between `${` and `}`.
    Variable(&'a str),
    /// A `${` that nothing closes, and what follows it.
    Unclosed(&'a str),
    /// The text `${`.
    Escaped,
}

impl fmt::Display for Piece<'_> {
    /// As it is written.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => formatter.write_str(text),
            Self::Variable(name) => write!(formatter, "${{{name}}}"),
            Self::Unclosed(rest) => write!(formatter, "${{{rest}"),
            Self::Escaped => formatter.write_str(ESCAPED),
        }
    }
}

/// Where the values that only the launch knows begin.
pub const RUN: &str = "run.";

/// The parts of a string, none of them empty but for names.
pub fn pieces(mut rest: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            pieces.extend([Piece::Text(before), Piece::Escaped]);
            rest = after;
            continue;
        }
        pieces.push(Piece::Text(before));
        match after.split_once('}') {
            Some((name, behind)) => {
                pieces.push(Piece::Variable(name));
                rest = behind;
            }
            None => {
                pieces.push(Piece::Unclosed(after));
                rest = "";
            }
        }
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| *piece != Piece::Text(""));
    pieces
}

#[cfg(test)]
mod tests {
    use super::Piece::{Escaped, Text, Unclosed, Variable};
    use super::pieces;

    #[test]
    fn strings_fall_into_pieces() {
        assert_eq!(pieces("/a"), [Text("/a")]);
        assert_eq!(pieces(""), []);
        assert_eq!(pieces("${run.cwd}/a"), [Variable("run.cwd"), Text("/a")]);
        assert_eq!(pieces("/a/${}${b}"), [Text("/a/"), Variable(""), Variable("b")]);
        assert_eq!(pieces("$a}{$ ${b"), [Text("$a}{$ "), Unclosed("b")]);
        assert_eq!(pieces("$${a}$$${${b}"), [Escaped, Text("a}$"), Escaped, Variable("b")]);
    }
}
