//! `guard`: prepares the end of the sandbox, beside the child and before the program starts.

use super::{Malformed, Record, Sink};

/// Starts two processes outside of the sandbox: one that ends it, and one that only keeps a place in the limits of processes,
/// which it gives up when the first has to start another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// The slot with the guard's end of a pair of sockets.
    pub inside: u32,
    /// The slot with the launcher's end: when no process has it any more, the guard ends the sandbox.
    pub outside: u32,
    /// The slot for the pidfd of the guard.
    pub process: u32,
    /// The slot for the pidfd of the process that keeps a place.
    pub reserve: u32,
    /// The guard may lack the right to enter the child's pid namespace.
    pub may_stay_out: bool,
}

impl Guard {
    pub(super) const NUMBER: u8 = 17;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(24)?;
        if record.byte(3) > 1 || record.half(6) != 0 {
            return Err(Malformed);
        }
        Ok(Self {
            inside: record.word(8),
            outside: record.word(12),
            process: record.word(16),
            reserve: record.word(20),
            may_stay_out: record.byte(3) == 1,
        })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.byte(3, self.may_stay_out.into());
        record.word(8, self.inside);
        record.word(12, self.outside);
        record.word(16, self.process);
        record.word(20, self.reserve);
    }
}
