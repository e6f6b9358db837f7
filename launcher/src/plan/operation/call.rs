//! `call`: one system call with its arguments, what counts as success and what becomes of its result.

use super::{Malformed, Record, Sink};

/// A system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The system call's number on the plan's architecture.
    pub number: u16,
    /// Its arguments, in the kernel's order.
    pub arguments: [Argument; 6],
    /// Which return values are a success.
    pub success: Success,
    /// Where the result goes.
    pub result: Store,
    /// What a named errno means instead of failure.
    pub rules: [Rule; 3],
    /// How many operations to skip after a success.
    pub skip: u8,
}

/// One argument of a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Zero.
    Zero,
    /// A number below 2^32, which is never an address of the launcher.
    Immediate(u32),
    /// The address of a NUL-terminated string of the plan.
    String(u32),
    /// The address of a blob of the plan.
    Blob(u32),
    /// The address of an offset in the arena.
    Arena(u32),
    /// The word that an earlier operation stored at this offset of the arena.
    Slot(u32),
    /// The number that the `each` before this call is at.
    Each,
}

/// Which return values are a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Success {
    /// Only zero.
    Zero,
    /// Everything that is not an errno.
    NonNegative,
    /// Exactly the value of this argument: a complete write.
    Equals(u8),
}

/// What becomes of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// Nothing.
    Nothing,
    /// The return value is stored as a word at this offset of the arena.
    Word(u32),
    /// The kernel itself wrote two words at this offset of the arena: socketpair(2).
    Pair(u32),
}

/// What an errno means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The errno; 0 is no rule.
    pub errno: u8,
    /// What to do about it.
    pub then: Then,
}

/// What to do about an errno.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The launch fails: the meaning of an errno without a rule.
    Fail,
    /// The launch goes on with the next operation.
    Continue,
    /// The launch goes on after skipping this many operations.
    Skip(u8),
}

impl Rule {
    /// No rule.
    pub const NONE: Self = Self { errno: 0, then: Then::Fail };
}

impl Call {
    pub(super) const NUMBER: u8 = 1;

    /// A call of `number` without arguments that must return zero.
    pub const fn new(number: u16) -> Self {
        Self {
            number,
            arguments: [Argument::Zero; 6],
            success: Success::Zero,
            result: Store::Nothing,
            rules: [Rule::NONE; 3],
            skip: 0,
        }
    }

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        let kinds = record.word(8);
        if kinds >> 28 != 0 {
            return Err(Malformed);
        }
        let mut arguments = [Argument::Zero; 6];
        let mut index = 0;
        while index < 6 {
            arguments[index] = Argument::read((kinds >> (4 * index)) & 15, record.word(16 + 4 * index))?;
            index += 1;
        }
        let mut rules = [Rule::NONE; 3];
        let mut index = 0;
        while index < 3 {
            rules[index] = Rule::read(record.byte(40 + 2 * index), record.byte(41 + 2 * index))?;
            index += 1;
        }
        let offset = record.word(12);
        let result = match kinds >> 24 {
            0 if offset == 0 => Store::Nothing,
            1 => Store::Word(offset),
            2 => Store::Pair(offset),
            _ => return Err(Malformed),
        };
        let success = match record.byte(3) {
            0 => Success::Zero,
            1 => Success::NonNegative,
            equals @ 2..=7 => Success::Equals(equals - 2),
            _ => return Err(Malformed),
        };
        if record.byte(47) != 0 {
            return Err(Malformed);
        }
        Ok(Self { number: record.half(6), arguments, success, result, rules, skip: record.byte(46) })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        let (result, offset) = match self.result {
            Store::Nothing => (0, 0),
            Store::Word(offset) => (1, offset),
            Store::Pair(offset) => (2, offset),
        };
        let mut kinds = result << 24;
        for (index, argument) in self.arguments.iter().enumerate() {
            let (kind, value) = argument.write();
            kinds |= kind << (4 * index);
            record.word(16 + 4 * index, value);
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let (errno, then) = rule.write();
            record.byte(40 + 2 * index, errno);
            record.byte(41 + 2 * index, then);
        }
        record.byte(
            3,
            match self.success {
                Success::Zero => 0,
                Success::NonNegative => 1,
                Success::Equals(argument) => argument + 2,
            },
        );
        record.half(6, self.number);
        record.word(8, kinds);
        record.word(12, offset);
        record.byte(46, self.skip);
    }
}

impl Argument {
    fn read(kind: u32, value: u32) -> Result<Self, Malformed> {
        Ok(match kind {
            0 if value == 0 => Self::Zero,
            1 => Self::Immediate(value),
            2 => Self::String(value),
            3 => Self::Blob(value),
            4 => Self::Arena(value),
            5 => Self::Slot(value),
            6 if value == 0 => Self::Each,
            _ => return Err(Malformed),
        })
    }

    fn write(self) -> (u32, u32) {
        match self {
            Self::Zero => (0, 0),
            Self::Immediate(value) => (1, value),
            Self::String(offset) => (2, offset),
            Self::Blob(offset) => (3, offset),
            Self::Arena(offset) => (4, offset),
            Self::Slot(offset) => (5, offset),
            Self::Each => (6, 0),
        }
    }
}

impl Rule {
    pub(super) fn read(errno: u8, then: u8) -> Result<Self, Malformed> {
        let then = match then {
            0 if errno == 0 => Then::Fail,
            1 if errno != 0 => Then::Continue,
            skip if skip > 1 && errno != 0 => Then::Skip(skip - 1),
            _ => return Err(Malformed),
        };
        Ok(Self { errno, then })
    }

    pub(super) fn write(self) -> (u8, u8) {
        match self.then {
            Then::Fail => (0, 0),
            Then::Continue => (self.errno, 1),
            Then::Skip(operations) => (self.errno, operations + 1),
        }
    }
}
