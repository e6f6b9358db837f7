//! `exec`: executes the program with the argv and envp that `environment` built; the only way out.

use super::{Malformed, Record, Sink};

/// The program to execute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exec {
    /// Its path, in the strings.
    pub path: u32,
}

impl Exec {
    pub(super) const NUMBER: u8 = 9;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.plain_until(12)?;
        Ok(Self { path: record.word(8) })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.word(8, self.path);
    }
}
