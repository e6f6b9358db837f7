//! `each`: repeats the next call once for every bit of a set, with the bit's number as an argument.

use super::{Malformed, Record, Sink};

/// The numbers to repeat the next call for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Each {
    /// Bit n set: the call is made with n.
    pub set: u64,
}

impl Each {
    pub(super) const NUMBER: u8 = 3;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.plain_until(16)?;
        Ok(Self { set: record.long(8) })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.long(8, self.set);
    }
}
