//! `assist`: runs a program of the host beside the child, and waits until it ended well or says that it is ready.

use super::environment::Strings;
use super::{Malformed, NONE, Record, Sink};

/// A program that does for the child what only it may do: newuidmap(1), for instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assist {
    /// argv: the first is the absolute path of the program, and [`super::NONE`] stands for the text.
    pub arguments: Strings,
    /// Where in the arena that text is.
    pub text: u32,
    /// The slot with the descriptor that becomes its standard input, a pipe: it is ready when it writes to that, and stays until
    /// the launcher ends. [`super::NONE`] when it has to end with 0 instead.
    pub ready: u32,
}

impl Assist {
    pub(super) const NUMBER: u8 = 11;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(24)?;
        if record.byte(3) != 0 || record.half(6) != 0 {
            return Err(Malformed);
        }
        let arguments = Strings { blob: record.word(8), count: record.word(12) };
        Ok(Self { arguments, text: record.word(16), ready: record.word(20) })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.word(8, self.arguments.blob);
        record.word(12, self.arguments.count);
        record.word(16, self.text);
        record.word(20, self.ready);
    }

    /// The slot with its standard input, when it stays.
    pub fn stays(&self) -> Option<u32> {
        (self.ready != NONE).then_some(self.ready)
    }
}
