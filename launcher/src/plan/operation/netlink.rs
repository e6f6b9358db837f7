//! `netlink`: sends a message to the kernel's rtnetlink(7) and takes the answer's error for its own.

use super::{Malformed, NONE, Record, Rule, Sink};

/// A message and what becomes of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Netlink {
    /// The slot with the socket.
    pub socket: u32,
    /// Where in the blobs the message is.
    pub blob: u32,
    /// Its bytes.
    pub length: u16,
    /// Where in the arena it is completed, and where the answer's head goes.
    pub offset: u32,
    /// Words of it that only the launch knows.
    pub patches: [Patch; 2],
    /// The slot for the index of the interface that the answer describes, or [`NONE`].
    pub index: u32,
    /// What a named errno means instead of failure.
    pub rule: Rule,
    /// How many operations to skip after a success.
    pub skip: u8,
}

/// A word of a message that an earlier operation stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patch {
    /// How many bytes into the message it goes; 0 is no patch.
    pub at: u16,
    /// The slot that it comes from.
    pub slot: u32,
}

impl Patch {
    /// No patch.
    pub const NONE: Self = Self { at: 0, slot: 0 };
}

impl Netlink {
    pub(super) const NUMBER: u8 = 14;

    /// The bytes of an answer that count: `struct nlmsghdr`, then an error, or a `struct ifinfomsg` up to its index
    /// (linux/netlink.h, linux/rtnetlink.h). The kernel cuts off the rest of a datagram.
    pub const ANSWER_BYTES: u32 = 24;

    pub(super) fn read(record: &Record) -> Result<Self, Malformed> {
        record.unused_from(39)?;
        let patch = |half, word| match (record.half(half), record.word(word)) {
            (0, 1..) => Err(Malformed),
            (at, slot) => Ok(Patch { at, slot }),
        };
        if record.byte(3) != 0 {
            return Err(Malformed);
        }
        Ok(Self {
            socket: record.word(8),
            blob: record.word(12),
            length: record.half(6),
            offset: record.word(16),
            patches: [patch(32, 24)?, patch(34, 28)?],
            index: record.word(20),
            rule: Rule::read(record.byte(36), record.byte(37))?,
            skip: record.byte(38),
        })
    }

    pub(super) fn write(&self, record: &mut Sink) {
        record.half(6, self.length);
        record.word(8, self.socket);
        record.word(12, self.blob);
        record.word(16, self.offset);
        record.word(20, self.index);
        let (errno, then) = self.rule.write();
        record.byte(36, errno);
        record.byte(37, then);
        record.byte(38, self.skip);
        for (index, patch) in self.patches.iter().enumerate() {
            record.word(24 + 4 * index, patch.slot);
            record.half(32 + 2 * index, patch.at);
        }
    }

    /// The slot for the index, if the answer is to describe an interface.
    pub fn keeps(&self) -> Option<u32> {
        (self.index != NONE).then_some(self.index)
    }
}
