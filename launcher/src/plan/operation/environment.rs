//! `environment`: builds the program's argv and envp out of the plan's strings and the launcher's own.

use super::{Malformed, Record, Sink};

/// What argv and envp are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Environment {
    /// argv.
    pub arguments: Strings,
    /// `NAME=value` strings.
    pub variables: Strings,
    /// `NAME=` strings: the launcher's own variable of that name is passed on when there is one.
    pub passed: Strings,
    /// Whether the launcher's own arguments are appended; arguments that are not are an error.
    pub append: bool,
}

/// A list of strings: word offsets into the strings, in the blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strings {
    /// Where in the blobs the offsets start.
    pub blob: u32,
    /// How many.
    pub count: u32,
}

impl Environment {
    pub(super) const NUMBER: u8 = 6;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(32)?;
        if record.byte(3) > 1 || record.half(6) != 0 {
            return Err(Malformed);
        }
        let strings = |at| Strings { blob: record.word(at), count: record.word(at + 4) };
        Ok(Self {
            arguments: strings(8),
            variables: strings(16),
            passed: strings(24),
            append: record.byte(3) == 1,
        })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.byte(3, self.append.into());
        for (at, strings) in [(8, self.arguments), (16, self.variables), (24, self.passed)] {
            record.word(at, strings.blob);
            record.word(at + 4, strings.count);
        }
    }
}
