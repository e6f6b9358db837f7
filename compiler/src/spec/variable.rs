//! `${name}` in the strings of a spec.

/// A part of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Verbatim.
    Text(&'a str),
    /// What is between `${` and `}`.
    Variable(&'a str),
    /// A `${` that nothing closes, and what follows it.
    Unclosed(&'a str),
}

/// Where the values that only the launch knows begin.
pub const RUN: &str = "run.";

/// The parts of a string, none of them empty but for names.
pub fn pieces(mut rest: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let Some((before, after)) = rest.split_once("${") {
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
    use super::Piece::{Text, Unclosed, Variable};
    use super::pieces;

    #[test]
    fn strings_fall_into_pieces() {
        assert_eq!(pieces("/a"), [Text("/a")]);
        assert_eq!(pieces(""), []);
        assert_eq!(pieces("${run.cwd}/a"), [Variable("run.cwd"), Text("/a")]);
        assert_eq!(pieces("/a/${}${b}"), [Text("/a/"), Variable(""), Variable("b")]);
        assert_eq!(pieces("$a}{$${b"), [Text("$a}{$"), Unclosed("b")]);
    }
}
