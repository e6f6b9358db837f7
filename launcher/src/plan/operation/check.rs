//! `check`: a masked word of the arena that the kernel wrote, compared with a value.

use super::{Malformed, NONE, Record, Sink};

/// A comparison of eight bytes of the arena, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Where the eight bytes start.
    pub offset: u32,
    /// Which of their bits count.
    pub mask: u64,
    /// How they must compare with the value.
    pub comparison: Comparison,
    /// The value.
    pub value: u64,
    /// What happens when they do not.
    pub otherwise: Otherwise,
}

/// How the masked bits must compare with the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// They are the value.
    Equal,
    /// They are not the value.
    NotEqual,
    /// They are less than the value, unsigned.
    Less,
}

/// What happens when a check does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    /// The launch fails; the string says why.
    Fail(u32),
    /// The launch goes on after skipping this many operations.
    Skip(u16),
    /// As `Skip`, and what is skipped counts as done: the spec declared it optional.
    SkipOptional(u16),
}

impl Check {
    pub(super) const NUMBER: u8 = 2;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(32)?;
        let comparison = match record.byte(3) {
            0 => Comparison::Equal,
            1 => Comparison::NotEqual,
            2 => Comparison::Less,
            _ => return Err(Malformed),
        };
        let otherwise = match (record.half(6), record.word(12)) {
            (0, reason) => Otherwise::Fail(reason),
            (skip, 0) => Otherwise::Skip(skip),
            (skip, NONE) => Otherwise::SkipOptional(skip),
            _ => return Err(Malformed),
        };
        Ok(Self {
            offset: record.word(8),
            mask: record.long(16),
            comparison,
            value: record.long(24),
            otherwise,
        })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.byte(3, self.comparison as u8);
        let (skip, word) = match self.otherwise {
            Otherwise::Fail(reason) => (0, reason),
            Otherwise::Skip(skip) => (skip, 0),
            Otherwise::SkipOptional(skip) => (skip, NONE),
        };
        record.half(6, skip);
        record.word(8, self.offset);
        record.word(12, word);
        record.long(16, self.mask);
        record.long(24, self.value);
    }

    /// Whether these eight bytes of the arena pass.
    pub fn holds(&self, bytes: u64) -> bool {
        let bits = bytes & self.mask;
        match self.comparison {
            Comparison::Equal => bits == self.value,
            Comparison::NotEqual => bits != self.value,
            Comparison::Less => bits < self.value,
        }
    }
}
