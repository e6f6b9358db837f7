//! `filter`: installs a seccomp filter (seccomp(2), SECCOMP_SET_MODE_FILTER).

use super::{Malformed, Record, Sink};

/// A filter to install.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// Where in the blobs its classic BPF instructions start.
    pub blob: u32,
    /// How many instructions of [`Filter::INSTRUCTION_BYTES`]: 1 to [`Filter::INSTRUCTIONS`].
    pub count: u16,
    /// Whether a cookie goes into it.
    pub cookie: Cookie,
    /// Only [`Filter::FLAGS`].
    pub flags: u32,
}

/// A secret that the filter asks the launcher's own execve for, in arguments that the kernel ignores, so that nobody else's
/// passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// None: the filter is installed as it is.
    None,
    /// Drawn at launch; its words replace the constants of these instructions, whose indices are words in the blobs.
    Drawn(u32),
}

impl Cookie {
    /// How many words: three arguments of 64 bits.
    pub const WORDS: u32 = 6;
}

impl Filter {
    pub(super) const NUMBER: u8 = 8;

    /// `linux/seccomp.h`: what it refuses is logged (`SECCOMP_FILTER_FLAG_LOG`).
    pub const LOG: u32 = 1 << 1;
    /// `linux/seccomp.h`: no mitigation of speculation for its sake (`SECCOMP_FILTER_FLAG_SPEC_ALLOW`).
    pub const SPEC_ALLOW: u32 = 1 << 2;
    /// The flags of seccomp(2) that a plan may ask for.
    pub const FLAGS: u32 = Self::LOG | Self::SPEC_ALLOW;

    /// `linux/filter.h`: the size of a `struct sock_filter`.
    pub const INSTRUCTION_BYTES: u32 = 8;
    /// `linux/bpf_common.h`: `BPF_MAXINSNS`, the kernel's limit.
    pub const INSTRUCTIONS: u16 = 4096;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(20)?;
        let (count, flags) = (record.half(6), record.word(16));
        if count == 0 || count > Self::INSTRUCTIONS || flags & !Self::FLAGS != 0 {
            return Err(Malformed);
        }
        let cookie = match (record.byte(3), record.word(12)) {
            (0, 0) => Cookie::None,
            (1, indices) => Cookie::Drawn(indices),
            _ => return Err(Malformed),
        };
        Ok(Self { blob: record.word(8), count, cookie, flags })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.half(6, self.count);
        record.word(8, self.blob);
        record.word(16, self.flags);
        if let Cookie::Drawn(indices) = self.cookie {
            record.byte(3, 1);
            record.word(12, indices);
        }
    }
}
