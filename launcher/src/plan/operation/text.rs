//! `text`: builds a NUL-terminated string in the arena from literals and numbers that only the launch knows.

use super::{Malformed, Record, Sink};

/// A text to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// Where in the arena it goes.
    pub offset: u32,
    /// How many bytes it may take there, its NUL included; longer is an error.
    pub capacity: u32,
    /// Where in the blobs its pieces are: [`Piece::BYTES`] each.
    pub pieces: u32,
    /// How many pieces.
    pub count: u32,
    /// The slot for its length without the NUL.
    pub length: u32,
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A string of the plan, verbatim.
    Literal(u32),
    /// The word in this slot, in decimal.
    Decimal(u32),
    /// The NUL-terminated text at this offset of the arena.
    Text(u32),
}

impl Piece {
    /// The size of a piece in the blobs: a kind and a value, one word each.
    pub const BYTES: u32 = 8;

    /// Reads a piece from its two words.
    pub fn read(kind: u32, value: u32) -> Result<Self, Malformed> {
        match kind {
            0 => Ok(Self::Literal(value)),
            1 => Ok(Self::Decimal(value)),
            2 => Ok(Self::Text(value)),
            _ => Err(Malformed),
        }
    }

    /// The two words of a piece.
    pub fn write(self) -> [u32; 2] {
        match self {
            Self::Literal(string) => [0, string],
            Self::Decimal(slot) => [1, slot],
            Self::Text(offset) => [2, offset],
        }
    }
}

impl Text {
    pub(super) const NUMBER: u8 = 4;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.plain_until(28)?;
        Ok(Self {
            offset: record.word(8),
            capacity: record.word(12),
            pieces: record.word(16),
            count: record.word(20),
            length: record.word(24),
        })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.word(8, self.offset);
        record.word(12, self.capacity);
        record.word(16, self.pieces);
        record.word(20, self.count);
        record.word(24, self.length);
    }
}
