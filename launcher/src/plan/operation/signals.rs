//! `signals`: resets the dispositions of a set of signals, for a caller that left some ignored.

use super::{Malformed, Record, Sink};

/// The signals to reset. A system call of its own, because a disposition can hold an address of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signals {
    /// Bit n - 1 set: signal n gets its default disposition.
    pub set: u64,
}

impl Signals {
    pub(super) const NUMBER: u8 = 5;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.plain_until(16)?;
        Ok(Self { set: record.long(8) })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.long(8, self.set);
    }
}
