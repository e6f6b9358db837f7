//! `${name}` in a string: what there is of that name, and whether it may stand there.

use super::rules::{MISPLACED_VALUE, UNKNOWN_VARIABLE, WRONG_VALUE};
use crate::diagnostic::{Diagnostic, suggest};
use crate::policy::PathPart;
use crate::source::Span;
use crate::spec::keys::{Form, Type, alternatives, expected};
use crate::spec::variable::{Piece, RUN, pieces};

/// How many characters of a name a message repeats.
pub(super) const SHOWN_MAX: usize = 64;

/// How to write what looks like a variable and is none.
pub(super) const ESCAPE: &str = "the text `${` is written `$${`";

/// What is wrong with a string.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault<'a> {
    /// A `${` is not closed.
    Unclosed,
    /// The launch has no such value.
    Unknown(&'a str),
    /// The key is one that the compiler has to know.
    Fixed(&'a str),
    /// A directory is not at the start of the path, or more than a directory.
    Inside(&'a str),
    /// The text `${` is in a path, of which kind.
    Text(String),
}

/// The first thing that is wrong with a string of this type.
pub(super) fn fault<'a>(text: &'a str, ty: &Type) -> Option<Fault<'a>> {
    let pieces = pieces(text);
    let of_host = matches!(ty, Type::String(Form::HostPath));
    let fault = |(at, piece): (usize, &Piece<'a>)| match *piece {
        Piece::Text(_) => None,
        // In the host's it could be taken for what the launch knows.
        Piece::Escaped => match ty {
            Type::String(Form::Path | Form::HostPath) => Some(Fault::Text(expected(ty))),
            _ => None,
        },
        Piece::Unclosed(_) => Some(Fault::Unclosed),
        // A variable of the spec that has no value: that is said already.
        Piece::Variable(name) if !name.starts_with(RUN) => None,
        Piece::Variable(name) => match PathPart::VALUES.iter().find(|(known, _)| *known == name) {
            None => Some(Fault::Unknown(name)),
            Some((known, _)) if !of_host => Some(Fault::Fixed(known)),
            Some((known, PathPart::Directory(_))) => {
                let whole = match pieces.get(at + 1) {
                    None => true,
                    Some(Piece::Text(text)) => text.starts_with('/'),
                    Some(_) => false,
                };
                (at > 0 || !whole).then_some(Fault::Inside(known))
            }
            Some(_) => None,
        },
    };
    pieces.iter().enumerate().find_map(fault)
}

impl Fault<'_> {
    /// What is said about it; `found` is how many findings there are already.
    pub(super) fn finding(&self, span: Span, here: &str, found: usize) -> Diagnostic {
        match self {
            Self::Unclosed => UNKNOWN_VARIABLE
                .at(span, format!("a `${{` in {here} is not closed"))
                .label("expected `}` after the name")
                .help(ESCAPE),
            Self::Unknown(name) => {
                let known = PathPart::VALUES.iter().map(|(known, _)| *known);
                let near = suggest::nearest(name, known.clone(), found);
                let shown: String = name.chars().take(SHOWN_MAX).collect();
                let finding = UNKNOWN_VARIABLE.at(span, format!("unknown value `${{{shown}}}` in {here}"));
                let finding = match near {
                    Some(near) => finding.label(format!("did you mean `${{{near}}}`?")),
                    None => finding,
                };
                finding.help(format!(
                    "expected one of {}",
                    alternatives(known.map(|known| format!("`${{{known}}}`")))
                ))
            }
            Self::Fixed(name) => MISPLACED_VALUE
                .at(span, format!("{here} cannot depend on `${{{name}}}`"))
                .label("only the launch knows that")
                .help(
                    "the source of a mount can: write `\"/work\" = { bind = \"${run.cwd}\", writable = true }` in \
                     [filesystem.mounts]",
                ),
            Self::Text(expected) => WRONG_VALUE
                .at(span, format!("{here} has the text `${{` in it"))
                .label(format!("expected {expected} without it")),
            Self::Inside(name) => MISPLACED_VALUE
                .at(span, format!("`${{{name}}}` in {here} is a whole directory"))
                .label("expected it at the start of the path, before `/` or the end"),
        }
    }
}
