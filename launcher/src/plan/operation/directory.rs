//! `directory`: finds a directory that only the launch knows, and keeps its path.

use super::{Malformed, Record, Sink};

/// A directory to find; the process is in it afterwards, so the working directory has to be found first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Directory {
    /// `NAME=` of the environment variable that says where it is; the empty string is the working directory.
    pub variable: u32,
    /// Where in the arena its path goes, without symlinks, with a NUL.
    pub offset: u32,
    /// How many bytes it may take there, its NUL included.
    pub capacity: u32,
    /// Where in the arena the path is of a directory that must be neither this one nor above it, or [`super::NONE`].
    pub beyond: u32,
    /// Why the launch fails when there is no absolute path.
    pub absent: u32,
    /// Why it fails when the directory is one that it must not be.
    pub refused: u32,
    /// It is looked for only for the sake of `beyond`: one that cannot be entered is compared as the variable says.
    pub optional: bool,
    /// It must not be `/`.
    pub not_root: bool,
}

impl Directory {
    pub(super) const NUMBER: u8 = 12;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(32)?;
        if record.byte(3) > 3 || record.half(6) != 0 {
            return Err(Malformed);
        }
        Ok(Self {
            variable: record.word(8),
            offset: record.word(12),
            capacity: record.word(16),
            beyond: record.word(20),
            absent: record.word(24),
            refused: record.word(28),
            optional: record.byte(3) & 1 != 0,
            not_root: record.byte(3) & 2 != 0,
        })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.byte(3, u8::from(self.optional) | u8::from(self.not_root) << 1);
        record.word(8, self.variable);
        record.word(12, self.offset);
        record.word(16, self.capacity);
        record.word(20, self.beyond);
        record.word(24, self.absent);
        record.word(28, self.refused);
    }
}
