//! `filter`: installs a seccomp filter (seccomp(2), SECCOMP_SET_MODE_FILTER).

use super::{Malformed, Record, Sink};

/// A filter to install.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// Where in the blobs its classic BPF instructions start.
    pub blob: u32,
    /// How many instructions of [`Filter::INSTRUCTION_BYTES`]: 1 to [`Filter::INSTRUCTIONS`].
    pub count: u16,
}

impl Filter {
    pub(super) const NUMBER: u8 = 8;

    /// `linux/filter.h`: the size of a `struct sock_filter`.
    pub const INSTRUCTION_BYTES: u32 = 8;
    /// `linux/bpf_common.h`: `BPF_MAXINSNS`, the kernel's limit.
    pub const INSTRUCTIONS: u16 = 4096;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(12)?;
        let count = record.half(6);
        if record.byte(3) != 0 || count == 0 || count > Self::INSTRUCTIONS {
            return Err(Malformed);
        }
        Ok(Self { blob: record.word(8), count })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.half(6, self.count);
        record.word(8, self.blob);
    }
}
