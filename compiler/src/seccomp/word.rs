//! The words of struct seccomp_data, in the order in which meanings test them.

use std::fmt;

/// How many 32-bit words struct seccomp_data has.
pub const WORDS: usize = 16;

/// One word of struct seccomp_data, in the order in which a diagram tests them: arch, nr, the six arguments with the
/// upper half first, the instruction pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(u8);

/// Values for all words, in their order.
pub type Input = [u32; WORDS];

/// Words of which only some are known.
pub type Known = [Option<u32>; WORDS];

impl Word {
    /// The architecture.
    pub const ARCH: Self = Self(0);
    /// The system call's number.
    pub const NR: Self = Self(1);

    /// The upper half of an argument, counted from 0.
    pub const fn argument_high(argument: Argument) -> Self {
        Self(2 + 2 * argument.0)
    }

    /// The lower half of an argument, counted from 0.
    pub const fn argument_low(argument: Argument) -> Self {
        Self(3 + 2 * argument.0)
    }

    /// The word at a byte offset of struct seccomp_data on a little-endian machine.
    pub fn at_offset(offset: u32) -> Option<Self> {
        (0..16).map(Self).find(|word| word.offset() == offset)
    }

    /// Its byte offset in struct seccomp_data on a little-endian machine.
    pub const fn offset(self) -> u32 {
        match self.0 {
            0 => 4,
            1 => 0,
            14 => 12,
            15 => 8,
            // The arguments begin at 16 and have their lower half first.
            index => 8 + 4 * (index as u32 ^ 1),
        }
    }

    /// Its index in an [`Input`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The word of a bit, counted from the first word's most significant one.
    pub(super) fn of_bit(bit: u16) -> Option<Self> {
        u8::try_from(bit / 32).ok().filter(|&word| usize::from(word) < WORDS).map(Self)
    }

    /// Its most significant bit.
    pub(super) const fn first_bit(self) -> u16 {
        self.0 as u16 * 32
    }
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half = if self.0.is_multiple_of(2) { "high" } else { "low" };
        match self.0 {
            0 => formatter.write_str("arch"),
            1 => formatter.write_str("nr"),
            14 | 15 => write!(formatter, "ip.{half}"),
            index => write!(formatter, "arg{}.{half}", index / 2 - 1),
        }
    }
}

/// The index of one of the six arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Argument(u8);

impl Argument {
    /// The argument with this index; `None` past the sixth.
    pub const fn new(index: u8) -> Option<Self> {
        if index < 6 { Some(Self(index)) } else { None }
    }

    /// Its index, from 0.
    pub const fn index(self) -> u8 {
        self.0
    }
}
