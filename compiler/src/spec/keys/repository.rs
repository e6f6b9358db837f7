//! `boxwright.toml`, at the root of a repository.

use super::{Form, Key, Type, Word};

/// The keys of its top level.
pub static REPOSITORY: &[Key] = &[Key::new(
    "rules",
    Type::Map(Form::Name, &Type::Words(LEVELS)),
    "how bad the findings of a rule are here",
)];

const LEVELS: &[Word] = &[
    Word::new("error", "the check fails"),
    Word::new("warning", "somebody should look"),
    Word::new("note", "told with --pedantic"),
    Word::new("allow", "not told"),
];
